"""Render mails from templates: the shipped ones, or the town's own if they work."""

from oacmail.adapters.templates.office_profile import OfficeProfile
from oacmail.adapters.templates.renderer import JinjaRenderer
from oacmail.adapters.templates.wording import wording

__all__ = ["JinjaRenderer", "OfficeProfile", "wording"]
