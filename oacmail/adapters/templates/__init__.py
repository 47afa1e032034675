"""Mails out of templates: the shipped ones, or the town's own where they are sound."""

from oacmail.adapters.templates.office_profile import Voice
from oacmail.adapters.templates.renderer import JinjaRenderer
from oacmail.adapters.templates.wording import wording

__all__ = ["JinjaRenderer", "Voice", "wording"]
