"""When a message must be answered, reminded of and escalated: business-day arithmetic on the office's local dates.

It decides moments only, never whether somebody has answered. Every sum is made on local dates and localised at
the end, so that summer time cannot move a promise (docs/subjects.md, "Time"); results are in UTC. A naive datetime is
read as office time. Which days are worked is asked of the Workdays port alone, so every function here raises
LookupError where the sum runs into a year that has no calendar: no date is ever promised out of a guess.
"""

from calendar import monthrange
from datetime import UTC, date, datetime, time, timedelta
from itertools import count
from typing import Protocol, runtime_checkable

from oacmail.core.model import Intent, Slot
from oacmail.core.policy import Policy, Workdays

DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
SLOTS: dict[Slot, tuple[time, time]] = {
    "morning": (time(8), time(14)),
    "afternoon": (time(14), time(20)),
    "any": (time(8), time(20)),
}
# A relay keeps trying for four to five days (RFC 5321, 4.5.4.1); an older Date is a wrong clock, not a slow road.
PLAUSIBLE_TRANSIT = timedelta(days=5)
DELAYED_FROM = timedelta(minutes=60)


@runtime_checkable
class ReasonedWorkdays(Workdays, Protocol):
    """A calendar that can say why a day is not worked."""

    def reason(self, day: date) -> str:
        """Why the office is closed on this day, in short English; '' for a working day. Raises LookupError."""
        ...


def next_working_day(day: date, workdays: Workdays) -> date:
    """The first working day strictly after `day`."""
    return add_working_days(day, 1, workdays)


def last_working_day_before(day: date, workdays: Workdays) -> date:
    """The last working day strictly before `day`; the day before it if there is none within a month."""
    days = (day - timedelta(days=n) for n in range(1, 32))
    return next((earlier for earlier in days if workdays.is_working_day(earlier)), day - timedelta(days=1))


def add_working_days(day: date, n: int, workdays: Workdays) -> date:
    """The `n`-th working day strictly after `day`; `day` itself for 0 (Llei 39/2015, art. 30.2 and 30.3)."""
    for _ in range(n):
        day += timedelta(days=1)
        while not workdays.is_working_day(day):
            day += timedelta(days=1)
    return day


def working_day_after(at: datetime, n: int, policy: Policy) -> date:
    """The `n`-th working day strictly after the local day of `at`."""
    return add_working_days(local_day(at, policy), n, policy.workdays)


def clock_start(received_at: datetime, sent_at: datetime | None, policy: Policy) -> datetime:
    """The moment that counts as the mail's arrival (R18): ours, or its Date if asked for and plausible."""
    return received_at if policy.deadlines.clock == "receipt" else _written_at(received_at, sent_at, policy)


def written_on(received_at: datetime, sent_at: datetime | None, policy: Policy) -> date:
    """The office's local day on which a mail was written: that of its Date if plausible, else of its arrival."""
    return local_day(_written_at(received_at, sent_at, policy), policy)


def _written_at(received_at: datetime, sent_at: datetime | None, policy: Policy) -> datetime:
    """A Date in the years 1 and 9999 has no moment in every zone, and is not plausible."""
    try:
        early = _utc(received_at, policy) - _utc(sent_at or received_at, policy)
    except OverflowError:
        return received_at
    return sent_at if sent_at and timedelta(0) <= early <= PLAUSIBLE_TRANSIT else received_at


def is_delayed(received_at: datetime, sent_at: datetime | None) -> bool:
    """Whether the mail was under way for more than an hour (R18). A Date that is absent, later than the receipt, or
    older than any relay would keep trying is a wrong clock and says nothing."""
    return sent_at is not None and DELAYED_FROM < received_at - sent_at <= PLAUSIBLE_TRANSIT


def is_late_same_day(due_at: datetime, answered_at: datetime, policy: Policy) -> bool:
    """Whether an answer came after `deadline.day_end` of the due day and before its midnight (R19): late, but shown
    apart. What is due earlier on that day, as a call in the morning, is late like any other."""
    zone = policy.office.timezone
    due, answered = due_at.astimezone(zone), answered_at.astimezone(zone)
    at_day_end = due_at == _moment(due.date(), policy.deadlines.day_end, policy)
    return at_day_end and answered > due and answered.date() == due.date()


def due_day(received_at: datetime, policy: Policy) -> date:
    """The local date by whose end a message received then must be answered (R17, R21)."""
    return add_working_days(_counted_from(received_at, policy), policy.deadlines.business_days, policy.workdays)


def answer_due(received_at: datetime, policy: Policy) -> datetime:
    """The moment by which a message must be answered: `deadline.day_end` of its due day (R17, R19)."""
    return _moment(due_day(received_at, policy), policy.deadlines.day_end, policy)


def callback_due(received_at: datetime, slot: Slot, policy: Policy) -> datetime:
    """The moment by which a person who wishes to be called must have been: the end of the slot on the due day (R27)."""
    return _moment(due_day(received_at, policy), SLOTS[slot][1], policy)


def call_due(asked_at: datetime, slot: Slot, policy: Policy) -> datetime:
    """The time by which a person is called: when an answer is due, or when the slot on that day ends (R27)."""
    return min(answer_due(asked_at, policy), callback_due(asked_at, slot, policy))


def callback_begins(received_at: datetime, slot: Slot, policy: Policy) -> datetime:
    """When the slot begins on the due day."""
    return _moment(due_day(received_at, policy), SLOTS[slot][0], policy)


def callback_offer(received_at: datetime, slot: Slot, policy: Policy) -> tuple[datetime, datetime]:
    """The first slot of the person's choice that has not begun when they write: its beginning and end (R27). Any hour
    is what is left of a day from the first half that has not begun."""
    halves: tuple[Slot, ...] = ("morning", "afternoon") if slot == "any" else (slot,)
    begins = min(_next_at(received_at, SLOTS[half][0], policy) for half in halves)
    return begins, _moment(_local(begins, policy).date(), SLOTS[slot][1], policy)


def _next_at(received_at: datetime, begins: time, policy: Policy) -> datetime:
    """This time of the first working day on which it has not passed."""
    today = _local(received_at, policy).date()
    begun = _moment(today, begins, policy) < _utc(received_at, policy)
    day = next_working_day(today if begun else today - timedelta(days=1), policy.workdays)
    return _moment(day, begins, policy)


def month_due(asked_at: datetime, policy: Policy) -> datetime:
    """A calendar month after the day of arrival, at the day's end: the same date of the next month, or its last day
    (GDPR art. 12.3; Llei 39/2015 art. 30.4). No closed day puts it off."""
    day = _local(asked_at, policy).date()
    year, month = (day.year + 1, 1) if day.month == 12 else (day.year, day.month + 1)
    last = monthrange(year, month)[1]
    return _moment(date(year, month, min(day.day, last)), policy.deadlines.day_end, policy)


def due_by_intent(asked_at: datetime, intent: str, policy: Policy) -> datetime:
    """The moment by which a request of this intent must be answered: one of rights has a month and nothing else."""
    return (month_due if intent == Intent.DATA_RIGHTS else answer_due)(asked_at, policy)


def local_day(moment: datetime, policy: Policy) -> date:
    """The office's local day of this moment."""
    return _local(moment, policy).date()


def in_hours(now: datetime, policy: Policy) -> bool:
    """Whether the office is open at `now`: a working day, from `opens` on and before `closes` (R5)."""
    day = _local(now, policy).date()
    opens, closes = _hours(day, policy)
    return policy.workdays.is_working_day(day) and opens <= _utc(now, policy) < closes


def next_opening(now: datetime, policy: Policy) -> datetime:
    """The first opening at or after `now`."""
    today = _local(now, policy).date()
    opened = _moment(today, policy.office.opens, policy) < _utc(now, policy)
    day = next_working_day(today if opened else today - timedelta(days=1), policy.workdays)
    return _moment(day, policy.office.opens, policy)


def next_opening_after(now: datetime, policy: Policy) -> datetime:
    """The first opening strictly after `now`."""
    return next_opening(_utc(now, policy) + timedelta.resolution, policy)


def service_hours_before(due: datetime, hours: int, policy: Policy) -> datetime:
    """The moment that leaves `hours` service hours until `due`, going back over nights and closed days (R31)."""
    left = timedelta(hours=hours)
    end = _utc(due, policy)
    for back in count():
        day = _local(due, policy).date() - timedelta(days=back)
        opens, closes = _hours(day, policy)
        worked = min(end, closes) - opens
        if worked <= timedelta(0) or not policy.workdays.is_working_day(day):
            continue
        if worked >= left:
            return min(end, closes) - left
        left -= worked
    raise AssertionError("days do not end")


def escalation_at(due: datetime, level: int, policy: Policy) -> datetime:
    """When staff hear that nobody has answered: level 1 at the first opening at or after `due`, each further
    level at the opening one working day later (R31)."""
    first = _local(next_opening(due, policy), policy).date()
    return _moment(add_working_days(first, level - 1, policy.workdays), policy.office.opens, policy)


def opening_days_after(at: datetime, days: int, policy: Policy) -> datetime:
    """The opening `days` working days after the local day of `at` (R31)."""
    return opening_of(working_day_after(at, days, policy), policy)


def start_of(day: date, policy: Policy) -> datetime:
    """The midnight with which this local day begins."""
    return _moment(day, time.min, policy)


def opening_of(day: date, policy: Policy) -> datetime:
    """When the office opens on this local day."""
    return _moment(day, policy.office.opens, policy)


def closing_of(day: date, policy: Policy) -> datetime:
    """When the office closes on this local day."""
    return _moment(day, policy.office.closes, policy)


def same_day(received_at: datetime, policy: Policy) -> datetime:
    """The target for a message that names a term about to end (R32): the end of the day on which the office
    could first read it. It never replaces the promise."""
    day = _local(received_at, policy).date()
    if not in_hours(received_at, policy):
        day = _local(next_opening(received_at, policy), policy).date()
    return min(_moment(day, policy.deadlines.day_end, policy), answer_due(received_at, policy))


def opening_before_end(ends_on: date, ahead: timedelta, policy: Policy) -> datetime:
    """The first opening in the days `ahead` of the day on which a person's own term ends, which does not count; if the
    office is closed on all of these, the last opening before them."""
    day = next_working_day(ends_on - ahead - timedelta(days=1), policy.workdays)
    return opening_of(day if day < ends_on else last_working_day_before(ends_on, policy.workdays), policy)


def explain(received_at: datetime, policy: Policy) -> tuple[str, ...]:
    """The why of `oacmail due`, a line a step: what counts as the day of arrival, each day after it, the end."""
    start, last, days = _counted_from(received_at, policy), due_day(received_at, policy), policy.workdays
    lines = [f"received {_clock(received_at, policy)}"]
    if start != _local(received_at, policy).date():
        lines.append(f"outside opening hours: counted as received on {_named(start)}")
    worked = 0
    for day in (start + timedelta(days=n + 1) for n in range((last - start).days)):
        if days.is_working_day(day):
            worked += 1
            why = f"working day {worked} of {policy.deadlines.business_days}"
        else:
            why = days.reason(day) if isinstance(days, ReasonedWorkdays) else "closed"
        lines.append(f"{_named(day)}: {why}")
    return (*lines, f"answer by {_clock(answer_due(received_at, policy), policy)}")


def _counted_from(received_at: datetime, policy: Policy) -> date:
    if policy.deadlines.non_working_arrival == "literal" or in_hours(received_at, policy):
        return _local(received_at, policy).date()
    return _local(next_opening(received_at, policy), policy).date()


def _hours(day: date, policy: Policy) -> tuple[datetime, datetime]:
    return _moment(day, policy.office.opens, policy), _moment(day, policy.office.closes, policy)


def _moment(day: date, at: time, policy: Policy) -> datetime:
    """UTC; time.max stands for 24:00. A local time that summer time skips is read an hour later, one that it
    repeats is the first of the two (PEP 495)."""
    if at == time.max:
        day, at = day + timedelta(days=1), time.min
    return datetime.combine(day, at, tzinfo=policy.office.timezone).astimezone(UTC)


def _local(moment: datetime, policy: Policy) -> datetime:
    zone = policy.office.timezone
    return moment.replace(tzinfo=zone) if moment.tzinfo is None else moment.astimezone(zone)


def _utc(moment: datetime, policy: Policy) -> datetime:
    """Moments are compared and subtracted in UTC: within one zone Python would do it by the clock on the wall."""
    return (moment if moment.tzinfo else _local(moment, policy)).astimezone(UTC)


def _named(day: date) -> str:
    return f"{DAYS[day.weekday()]} {day.isoformat()}"


def _clock(moment: datetime, policy: Policy) -> str:
    local = _local(moment, policy)
    return f"{_named(local.date())} {local:%H:%M} {policy.office.timezone.key}"
