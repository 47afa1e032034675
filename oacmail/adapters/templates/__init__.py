"""Mails out of templates: the shipped ones, or the town's own where they are sound."""

from oacmail.adapters.templates.renderer import JinjaRenderer
from oacmail.adapters.templates.voice import Voice

__all__ = ["JinjaRenderer", "Voice"]
