"""Compute deadlines independently, from the promise on the town's page, and define how a broken invariant is reported.

The computation uses local dates and the dated list of holidays. It calls no function of the core, so that the two can
be compared.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta

from oacmail.core.policy import Workdays
from testbed.sim.ground_truth import WrittenMessage
from testbed.sim.town import SimulatedTown


class InvariantBroken(Exception):
    """An invariant does not hold. `name`: the invariant; `seen`: what was found instead."""

    def __init__(self, name: str, seen: str) -> None:
        super().__init__(f"{name}: {seen}")
        self.name, self.seen = name, seen


def require(holds: object, name: str, seen: Callable[[], str]) -> None:
    if not holds:
        raise InvariantBroken(name, seen())


@dataclass(frozen=True, slots=True)
class ExpectedDue:
    """Deadlines from the promise on the town's page. `workdays`: the dated list of holidays."""

    town: SimulatedTown
    _due: dict[datetime, datetime] = field(default_factory=dict)  # every check asks for all messages again

    @property
    def workdays(self) -> Workdays:
        return self.town.policy.workdays

    def due(self, received: datetime) -> datetime:
        """The end of the last promised working day, counted from the day of arrival."""
        if received not in self._due:
            self._due[received] = self._computed(received)
        return self._due[received]

    def dues(self, written: WrittenMessage) -> set[datetime]:
        """The due times that its deliveries allow; a call in the morning may be due before the morning ends."""
        ends = {self.due(moment) for moment in written.at}
        if written.call_before is None:
            return ends
        days = {(due - timedelta.resolution).astimezone(self.town.zone).date() for due in ends}
        return ends | {self._utc(day, written.call_before) for day in days}

    def _computed(self, received: datetime) -> datetime:
        limits = self.town.policy.deadlines
        day = received.astimezone(self.town.zone).date()
        if limits.non_working_arrival == "deemed_next_open" and not self.open_at(received):
            day = self.opening(received).astimezone(self.town.zone).date()
        for _ in range(limits.business_days):
            day = self.worked_after(day)
        end = limits.day_end
        if end == time.max:
            return self._utc(day + timedelta(days=1), time.min)
        return self._utc(day, end)

    def opening(self, moment: datetime) -> datetime:
        """The first opening of the office at or after `moment`."""
        day = moment.astimezone(self.town.zone).date()
        while not (self.workdays.is_working_day(day) and self._utc(day, self.town.policy.office.opens) >= moment):
            day += timedelta(days=1)
        return self._utc(day, self.town.policy.office.opens)

    def open_at(self, moment: datetime) -> bool:
        office, local = self.town.policy.office, moment.astimezone(self.town.zone)
        return self.workdays.is_working_day(local.date()) and office.opens <= local.time() < office.closes

    def worked_after(self, day: date) -> date:
        day += timedelta(days=1)
        while not self.workdays.is_working_day(day):
            day += timedelta(days=1)
        return day

    def _utc(self, day: date, at: time) -> datetime:
        return datetime.combine(day, at, self.town.zone).astimezone(UTC)
