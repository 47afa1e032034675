"""The plan of a town, made from a seed before it starts: actions at moments.

Each action has its own random generator, so that one can be removed without changing the others. The shrinking of a
failing run relies on that. Nothing runs here, and no rule of the core is used.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from zoneinfo import ZoneInfo

from testbed.people import DISOWNED, REGULARS, ROBOTS

FIRST, LAST = date(2025, 2, 1), date(2027, 8, 31)  # years whose holidays are shipped
WEEKEND = 5


@dataclass(frozen=True, slots=True, order=True)
class SimulatedAction:
    """`number`: position of the action in its plan; it seeds the random generator of the action."""

    at: datetime
    number: int
    who: str
    what: str

    def rng(self, seed: int) -> Random:
        return Random(f"{seed}:{self.number}:{self.what}")


# action -> mean number on a working day, and on a weekend day
CITIZEN_RATES: Mapping[str, tuple[float, float]] = {
    "writes": (5.0, 1.5),
    "reports a fault": (0.8, 0.3),
    "insists on a fault": (0.3, 0.1),
    "adds to it": (0.7, 0.3),
    "asks anew": (0.9, 0.4),
    "thanks": (0.9, 0.3),
    "sends it again": (0.3, 0.2),
    "writes the same again": (0.2, 0.1),
    "names the number": (0.3, 0.1),
    "is away": (0.4, 0.3),
    "shows it to a neighbour": (0.25, 0.1),
}
OTHER_RATES: Mapping[str, tuple[float, float]] = {
    "advertises": (1.0, 0.5),
    "is disowned": (0.1, 0.1),
    "is returned": (0.15, 0.0),
    "is delayed": (0.15, 0.1),
}
STAFF_RATES: Mapping[str, tuple[float, float]] = {
    "answers": (5.0, 0.1),
    "answers from his own address": (0.5, 0.0),
    "telephones": (0.5, 0.0),
    "passes it on": (0.6, 0.0),
    "replies to an escalation": (0.2, 0.0),
    "tidies the mailbox": (0.5, 0.1),
}
MAIL_RATES: Mapping[str, tuple[float, float]] = {
    "orders by mail": (0.6, 0.1),
    "replies to a notice": (0.2, 0.0),
}
SERVICES_RATES: Mapping[str, tuple[float, float]] = {
    "the services reply": (0.7, 0.1),
    "tells of a solution": (0.6, 0.0),
}
BOARD_RATES: Mapping[str, tuple[float, float]] = {
    "drags messages": (3.0, 0.3),
    "the services press a button": (0.5, 0.1),
    "an agent presses": (0.4, 0.0),
    "answers through the office": (0.7, 0.0),
    "sends a draft": (0.5, 0.0),
    "goes on holiday": (0.12, 0.0),
}
MONTH_RATES: Mapping[str, tuple[float, float]] = {
    "answers a survey": (0.8, 0.4),
    "is forgotten": (0.03, 0.0),
}
SHORT_RATES: Mapping[str, tuple[float, float]] = {
    "complains shortly": (0.8, 0.3),
    "wishes a language": (0.25, 0.1),
    "names a term of today": (0.4, 0.2),
    "wants a call": (0.5, 0.2),
    "lands in the junk folder": (0.3, 0.1),
    "has answers go elsewhere": (0.15, 0.1),
    "praises instead of a number": (0.3, 0.1),
}
HASTE_RATES: Mapping[str, tuple[float, float]] = {
    "brings in from the junk folder": (0.25, 0.0),
    "sends an order to the citizen": (0.3, 0.0),
    "takes a derivation back": (0.2, 0.0),
    "assigns": (0.3, 0.0),
    "names a cause": (0.2, 0.0),
}
APART: Mapping[str, tuple[int, Mapping[str, tuple[float, float]]]] = {
    "mail": (1_000_000, MAIL_RATES),
    "services": (2_000_000, SERVICES_RATES),
    "board": (3_000_000, BOARD_RATES),
    "month": (4_000_000, MONTH_RATES),
    "short": (5_000_000, SHORT_RATES),
    "haste": (6_000_000, HASTE_RATES),
}
"""Planned apart, with numbers of their own: the plans of earlier seeds, which found defects, stay as they were."""
FAULT_RATES: Mapping[str, float] = {
    "the relay is down": 0.08,
    "the relay puts off": 0.10,
    "the relay refuses one mail": 0.10,
    "the line is lost after the data": 0.25,
    "the relay swallows a mail": 0.12,
    "copies come late": 0.08,
    "no copy is taken": 0.06,
    "the mailbox is away": 0.10,
    "the mailbox is away for days": 0.015,
    "a folder cannot be read": 0.06,
    "the mailbox is restored": 0.03,
    "a folder is renumbered": 0.03,
    "the database is restored": 0.03,
    "the clock jumps": 0.03,
    "the service is killed": 0.60,
    "the service is stopped for days": 0.012,
    "a message cannot be read": 0.02,
}


@dataclass(frozen=True, slots=True)
class Plan:
    """`begins`: midnight of the first day, local; actions in order of time."""

    seed: int
    begins: datetime
    days: int
    actions: tuple[SimulatedAction, ...]

    @property
    def ends(self) -> datetime:
        return self.begins + timedelta(days=self.days)


def make_plan(seed: int, days: int, zone: ZoneInfo) -> Plan:
    rng = Random(f"town:{seed}")
    latest = max((LAST - FIRST).days - days, 0)
    first = FIRST + timedelta(days=rng.randint(0, latest))
    every_day = [first + timedelta(days=day) for day in range(days)]
    found = [moment for day in every_day for moment in _day(rng, day, zone)]
    numbered = list(enumerate(sorted(found)))
    for name, (first_number, rates) in APART.items():
        apart = Random(f"{name}:{seed}")
        moments = sorted(moment for day in every_day for moment in _staff(apart, day, zone, rates, name == "short"))
        numbered += enumerate(moments, first_number)
    actions = sorted(SimulatedAction(at, number, who, what) for number, (at, who, what) in numbered)
    return Plan(seed, datetime.combine(first, time.min, zone), days, tuple(actions))


def _day(rng: Random, day: date, zone: ZoneInfo) -> Iterator[tuple[datetime, str, str]]:
    rest = day.weekday() >= WEEKEND
    addresses = [citizen.address for citizen in REGULARS]
    for what, often in CITIZEN_RATES.items():
        for _ in range(_times(rng, often[rest])):
            yield _at(rng, day, zone, 0, 24), rng.choice(addresses), what
    for what, often in OTHER_RATES.items():
        for _ in range(_times(rng, often[rest])):
            yield _at(rng, day, zone, 0, 24), _other(rng, what), what
    yield from _staff(rng, day, zone, STAFF_RATES)
    for what, how_often in FAULT_RATES.items():
        for _ in range(_times(rng, how_often)):
            yield _at(rng, day, zone, 0, 24), "fault", what


def _staff(
    rng: Random, day: date, zone: ZoneInfo, rates: Mapping[str, tuple[float, float]], citizens: bool = False
) -> Iterator[tuple[datetime, str, str]]:
    """`citizens`: they do it, at any hour."""
    for what, often in rates.items():
        for _ in range(_times(rng, often[day.weekday() >= WEEKEND])):
            if citizens:
                yield _at(rng, day, zone, 0, 24), rng.choice(REGULARS).address, what
            else:
                yield _at(rng, day, zone, 8, 21), "the desk", what


def _other(rng: Random, what: str) -> str:
    return {"advertises": rng.choice(ROBOTS[1:]), "is disowned": DISOWNED}.get(what, "a mail system")


def _times(rng: Random, often: float) -> int:
    whole = int(often)
    return rng.randint(max(whole - 2, 0), whole + 2) if whole > 1 else int(rng.random() < often)


def _at(rng: Random, day: date, zone: ZoneInfo, earliest: int, latest: int) -> datetime:
    """A random moment to the second, so that full hours have no special order."""
    seconds = rng.randrange(earliest * 3600, latest * 3600)
    if rng.random() < 0.6:  # most people write during the day
        seconds = rng.randrange(max(8, earliest) * 3600, min(21, latest) * 3600)
    midnight = datetime.combine(day, time.min, zone)
    return (midnight.astimezone(UTC) + timedelta(seconds=seconds)).astimezone(UTC)
