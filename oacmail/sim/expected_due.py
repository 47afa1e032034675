"""Deadlines reckoned once more from the promise on the town's page, and how a breach is told.

On local dates and the dated list of holidays alone: no function of the core is asked, so that both can be compared.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from oacmail.core.policy import Workdays
from oacmail.sim.town import SimulatedTown


class Broken(Exception):
    """An invariant does not hold: its name, and what was seen."""

    def __init__(self, name: str, seen: str) -> None:
        super().__init__(f"{name}: {seen}")
        self.name, self.seen = name, seen


def demand(holds: object, name: str, seen: Callable[[], str]) -> None:
    if not holds:
        raise Broken(name, seen())


@dataclass(frozen=True, slots=True)
class ExpectedDue:
    """Deadlines from the promise as it stands on the town's page; `workdays`: the dated list, no more."""

    town: SimulatedTown

    @property
    def workdays(self) -> Workdays:
        return self.town.policy.workdays

    def due(self, received: datetime) -> datetime:
        """The end of the promised working day after the day on which the message came."""
        limits = self.town.policy.deadlines
        day = received.astimezone(self.town.zone).date()
        if limits.non_working_arrival == "deemed_next_open" and not self.open_at(received):
            day = self.opening(received).astimezone(self.town.zone).date()
        for _ in range(limits.business_days):
            day = self._worked_after(day)
        end = limits.day_end
        if end == time.max:
            return self._utc(day + timedelta(days=1), time.min)
        return self._utc(day, end)

    def opening(self, moment: datetime) -> datetime:
        """The first opening at or after it."""
        day = moment.astimezone(self.town.zone).date()
        while not (self.workdays.is_working_day(day) and self._utc(day, self.town.policy.office.opens) >= moment):
            day += timedelta(days=1)
        return self._utc(day, self.town.policy.office.opens)

    def open_at(self, moment: datetime) -> bool:
        office, local = self.town.policy.office, moment.astimezone(self.town.zone)
        return self.workdays.is_working_day(local.date()) and office.opens <= local.time() < office.closes

    def _worked_after(self, day: date) -> date:
        day += timedelta(days=1)
        while not self.workdays.is_working_day(day):
            day += timedelta(days=1)
        return day

    def _utc(self, day: date, at: time) -> datetime:
        return datetime.combine(day, at, self.town.zone).astimezone(UTC)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


def text(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
