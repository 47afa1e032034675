"""What is going to happen in a town, decided before it begins: from a seed, deeds at moments.

Each deed carries chance of its own, so that one can be left out of a story without changing the others; that is what
lets a failing run shrink. Nothing is played here, and no rule of the desk is known.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from zoneinfo import ZoneInfo

from oacmail.sim.cast import CITIZENS, DISOWNED, ROBOTS

FIRST, LAST = date(2025, 2, 1), date(2027, 8, 31)  # years whose holidays are shipped
WEEKEND = 5


@dataclass(frozen=True, slots=True, order=True)
class SimulatedAction:
    """`number`: of this deed in its town; it seeds whatever the deed leaves to chance."""

    at: datetime
    number: int
    who: str
    what: str

    def chance(self, seed: int) -> Random:
        return Random(f"{seed}:{self.number}:{self.what}")


# what -> how often on a working day, and on another
CITIZENS_DO: Mapping[str, tuple[float, float]] = {
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
OTHERS_DO: Mapping[str, tuple[float, float]] = {
    "advertises": (1.0, 0.5),
    "is disowned": (0.1, 0.1),
    "is returned": (0.15, 0.0),
    "is delayed": (0.15, 0.1),
}
STAFF_DO: Mapping[str, tuple[float, float]] = {
    "answers": (5.0, 0.1),
    "answers from his own address": (0.5, 0.0),
    "telephones": (0.5, 0.0),
    "passes it on": (0.6, 0.0),
    "replies to an escalation": (0.2, 0.0),
    "tidies the mailbox": (0.5, 0.1),
}
MISFORTUNES: Mapping[str, float] = {
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
    """`begins`: midnight of the first day, local; deeds in the order of time."""

    seed: int
    begins: datetime
    days: int
    deeds: tuple[SimulatedAction, ...]

    @property
    def ends(self) -> datetime:
        return self.begins + timedelta(days=self.days)


def planned(seed: int, days: int, zone: ZoneInfo) -> Plan:
    chance = Random(f"town:{seed}")
    latest = max((LAST - FIRST).days - days, 0)
    first = FIRST + timedelta(days=chance.randint(0, latest))
    found = [moment for day in range(days) for moment in _day(chance, first + timedelta(days=day), zone)]
    deeds = (SimulatedAction(at, number, who, what) for number, (at, who, what) in enumerate(sorted(found)))
    return Plan(seed, datetime.combine(first, time.min, zone), days, tuple(deeds))


def _day(chance: Random, day: date, zone: ZoneInfo) -> Iterator[tuple[datetime, str, str]]:
    rest = day.weekday() >= WEEKEND
    addresses = [citizen.address for citizen in CITIZENS]
    for what, often in CITIZENS_DO.items():
        for _ in range(_times(chance, often[rest])):
            yield _at(chance, day, zone, 0, 24), chance.choice(addresses), what
    for what, often in OTHERS_DO.items():
        for _ in range(_times(chance, often[rest])):
            yield _at(chance, day, zone, 0, 24), _other(chance, what), what
    for what, often in STAFF_DO.items():
        for _ in range(_times(chance, often[rest])):
            yield _at(chance, day, zone, 8, 21), "the desk", what
    for what, how_often in MISFORTUNES.items():
        for _ in range(_times(chance, how_often)):
            yield _at(chance, day, zone, 0, 24), "misfortune", what


def _other(chance: Random, what: str) -> str:
    return {"advertises": chance.choice(ROBOTS[1:]), "is disowned": DISOWNED}.get(what, "a mail system")


def _times(chance: Random, often: float) -> int:
    whole = int(often)
    return chance.randint(max(whole - 2, 0), whole + 2) if whole > 1 else int(chance.random() < often)


def _at(chance: Random, day: date, zone: ZoneInfo, earliest: int, latest: int) -> datetime:
    """Seconds too: what happens at a full hour is decided by chance as well."""
    seconds = chance.randrange(earliest * 3600, latest * 3600)
    if chance.random() < 0.6:  # most people write by day
        seconds = chance.randrange(max(8, earliest) * 3600, min(21, latest) * 3600)
    midnight = datetime.combine(day, time.min, zone)
    return (midnight.astimezone(UTC) + timedelta(seconds=seconds)).astimezone(UTC)
