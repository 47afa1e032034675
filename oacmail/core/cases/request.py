"""A citizen's message as the handlers pass it on: the message, its classification, its author and its due time.

It never decides what follows from the message.
"""

from dataclasses import dataclass
from datetime import date, datetime, time

from oacmail.core import calendar
from oacmail.core.model import Classification, Intent, Message
from oacmail.core.policy import Policy
from oacmail.core.routing import derivation
from oacmail.core.view import CaseView, View


@dataclass(frozen=True, slots=True, kw_only=True)
class CitizenRequest:
    """`author`: the address of the person who asks; `forced`: an agent says that it is a request. `now` and
    `received_at` are aware."""

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
        """The author's display name; '' for a form, whose From carries the name of the form."""
        return self.message.name if self.author == self.message.sender else ""

    @property
    def asked_at(self) -> datetime:
        """The time that counts as its arrival (R18)."""
        return calendar.clock_start(self.received_at, self.message.sent_at, self.policy)

    @property
    def due_at(self) -> datetime:
        """The time by which the author is answered, or called: on the due day, at the end of the slot (R27); a request
        of data-protection rights, within the month (GDPR art. 12.3)."""
        wish = self.reading.callback
        if self.reading.intent == Intent.DATA_RIGHTS or wish is None:
            return calendar.due_by_intent(self.asked_at, str(self.reading.intent), self.policy)
        return calendar.call_due(self.asked_at, wish.slot, self.policy)

    def ends_on(self, known: date | None = None) -> date | None:
        """When the author's term ends (R32): the earlier of the day that the message names and the one that the case
        has `known`, of those that had not passed; None = there is none."""
        arrived_on = calendar.local_day(self.received_at, self.policy)
        return derivation.soonest(self.reading.ends_on, known, today=arrived_on)

    def ends_hour(self, ends_on: date | None, case: CaseView | None = None) -> time | None:
        """The hour at which a term ends on this day: as the message names it, else as the `case` has it."""
        if ends_on is None:
            return None
        written_on = calendar.written_on(self.received_at, self.message.sent_at, self.policy)
        named = derivation.ends_hour(self.message.features, written_on, ends_on)
        return named or (case.ends_hour if case is not None and case.ends_on == ends_on else None)

    def is_urgent(self, ends_on: date | None) -> bool:
        """Whether a term that ends on this day makes the case urgent now."""
        return derivation.is_near(ends_on, calendar.local_day(self.now, self.policy))
