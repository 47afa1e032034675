"""A citizen's message on the table: what arrived, what it was read as, who asks, and by when.

It joins facts and the classifier's verdict; what follows from them is decided elsewhere.
"""

from dataclasses import dataclass
from datetime import datetime

from oacmail.core import calendar
from oacmail.core.lookup import Lookup
from oacmail.core.model import Classification, Message
from oacmail.core.policy import Policy
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


def read(policy: Policy, view: View, lookup: Lookup, now: datetime) -> CitizenRequest:
    return CitizenRequest(
        policy=policy,
        view=view,
        message=lookup.written,
        received_at=lookup.received_at,
        now=now,
        reading=lookup.reading,
        author=lookup.author,
        forced=lookup.forced,
    )
