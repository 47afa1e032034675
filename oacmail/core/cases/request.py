"""A citizen's message on the table: what arrived, what it was read as, who asks, and by when.

It joins facts and the classifier's verdict; what follows from them is decided elsewhere.
"""

from dataclasses import dataclass
from datetime import datetime

from oacmail.core import calendar
from oacmail.core.effects import Arrived
from oacmail.core.model import Classification, Message
from oacmail.core.policy import Policy
from oacmail.core.routing import forms
from oacmail.core.routing.classification import classify
from oacmail.core.view import View


@dataclass(frozen=True, slots=True, kw_only=True)
class CitizenRequest:
    """`author`: the address of who asks; `forced`: a person says that it is a request."""

    policy: Policy
    view: View
    message: Message
    received_at: datetime
    now: datetime
    reading: Classification
    author: str
    forced: bool

    @property
    def name(self) -> str:
        """The writer's; a form's From bears the form's own."""
        return self.message.name if self.author == self.message.sender else ""

    @property
    def asked_at(self) -> datetime:
        """The moment that counts as its arrival."""
        return calendar.clock_start(self.received_at, self.message.sent_at, self.policy)

    @property
    def due_at(self) -> datetime:
        """By when who asks is answered, or called: inside the due day the slot binds (R27)."""
        due_at, wish = calendar.answer_due(self.asked_at, self.policy), self.reading.callback
        return min(due_at, calendar.callback_due(self.asked_at, wish.slot, self.policy)) if wish else due_at


def read(policy: Policy, view: View, inp: Arrived, now: datetime) -> CitizenRequest:
    """The message as it lies before who decides on it."""
    return CitizenRequest(
        policy=policy,
        view=view,
        message=inp.message,
        received_at=inp.received_at,
        now=now,
        reading=classify(inp.message, policy.form_senders, policy.tax_operator),
        author=author_of(policy, inp.message),
        forced=inp.forced,
    )


def author_of(policy: Policy, message: Message) -> str:
    """The person who asks: the From address; for a form alone, the person in Reply-To or in its text (R25), '' where it
    names nobody. A no-reply address is nobody's.

    Who writes without a From is nobody we know: what Reply-To says proves nothing and may be a stranger's address.
    """
    if message.sender in policy.form_senders or forms.may_be(message):
        return forms.person(policy, message)
    return "" if forms.NO_REPLY in message.reasons else message.sender
