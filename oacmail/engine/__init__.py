"""The sequences: a letter's, a tick's, a mail's. No threads, no rules."""

from oacmail.engine.delivery import Delivery
from oacmail.engine.intake import Intake
from oacmail.engine.ticks import Ticks
from oacmail.engine.turns import TEMPLATES, Engine
from oacmail.engine.vigil import Vigil

__all__ = ["TEMPLATES", "Delivery", "Engine", "Intake", "Ticks", "Vigil"]
