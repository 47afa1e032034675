"""The sequences for a message, a tick and a mail. No threads, and no rules about cases."""

from oacmail.engine.delivery import Delivery
from oacmail.engine.engine import TEMPLATES, Engine, Ticks
from oacmail.engine.intake import Intake
from oacmail.engine.watch import CanaryWatch, GrantWatch, HostChecks

__all__ = ["TEMPLATES", "CanaryWatch", "Delivery", "Engine", "GrantWatch", "HostChecks", "Intake", "Ticks"]
