"""Who asks to be called: which slot is offered, and what a further message says of the call (R25-R27).

Decides moments, never whether a call is wanted (core/routing/classification.py). The slot binds inside the due day of
the message
(core/cases/request.py); a number or slot that comes later never postpones it.
"""

from collections.abc import Mapping
from datetime import datetime

from oacmail.core import calendar
from oacmail.core.cases.request import CitizenRequest
from oacmail.core.effects import Effect, UpdateCase
from oacmail.core.model import Callback, Intent, Slot
from oacmail.core.policy import Policy
from oacmail.core.routing.classification import call_named
from oacmail.core.view import CaseView

SHOWN = 3  # digits of the number that a mail repeats: it may be read by others


def offered(request: CitizenRequest, wish: Callback) -> Mapping[str, object]:
    """What the acknowledgement says of the call: "call_day", "slot" and "phone3", the number's last digits.

    The first slot of her choice that had not begun when she wrote; where it is over as we read, the next one.
    """
    policy = request.policy
    begins, ends = calendar.callback_offer(request.asked_at, wish.slot, policy)
    if ends <= request.now:
        begins, ends = calendar.callback_offer(request.now, wish.slot, policy)
    day = begins.astimezone(policy.office.timezone).date()
    return {"call_day": day, "slot": _said(wish.slot, begins, policy), "phone3": wish.phone[-SHOWN:]}


def _said(slot: Slot, begins: datetime, policy: Policy) -> Slot:
    """Who may be called at any hour is told the afternoon where only that is left of the day."""
    noon = calendar.SLOTS["afternoon"][0]
    return "afternoon" if slot == "any" and begins.astimezone(policy.office.timezone).time() == noon else slot


def wished(request: CitizenRequest, case: CaseView) -> tuple[Effect, ...]:
    """What a further message on the case says of the call: that one is wanted, or the number that was missing."""
    wish = request.reading.callback
    if wish is None and case.intent == Intent.CALLBACK and case.phone is None:
        wish = call_named(request.message.words)
    if wish is None:
        return ()
    columns = {"intent": Intent.CALLBACK, "phone": wish.phone, "slot": wish.slot}
    return (UpdateCase(case=case.number, columns=columns),)
