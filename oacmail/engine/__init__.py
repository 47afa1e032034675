"""The sequences for a message, a tick and a mail. No threads and no rules."""

from oacmail.engine.canary import CanaryWatch
from oacmail.engine.delivery import Delivery
from oacmail.engine.engine import TEMPLATES, Engine
from oacmail.engine.grant_watch import GrantWatch
from oacmail.engine.host_checks import HostChecks
from oacmail.engine.intake import Intake
from oacmail.engine.ticks import Ticks

__all__ = ["TEMPLATES", "CanaryWatch", "Delivery", "Engine", "GrantWatch", "HostChecks", "Intake", "Ticks"]
