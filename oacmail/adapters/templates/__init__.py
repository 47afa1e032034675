"""Mails out of templates: the shipped ones, or the town's own where they are sound."""

from oacmail.adapters.templates.office_profile import OfficeProfile
from oacmail.adapters.templates.renderer import JinjaRenderer
from oacmail.adapters.templates.wording import wording

__all__ = ["JinjaRenderer", "OfficeProfile", "wording"]
