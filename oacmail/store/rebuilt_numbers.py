"""Which numbers a rebuild gives to cases: those that citizens were told stay, and no other case gets one of them.

`given:` marks a number that a case of the lost database had; afterwards the counter stands above all of them. `gap:` is
a row of numbers of which no mail tells, between two that were told: a case of which no mail tells gets one of these if
its message was read between those of the two, else one above all, which `beyond:` knows. A number that only the
acknowledgement of a later message tells is such a gap for the first message of the same person. No message is read
here.
"""

import json
import sqlite3
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from oacmail.core.stored_values import BEYOND, GAP, GIVEN, SERIAL, End
from oacmail.store import remembered
from oacmail.store.connection import stamp
from oacmail.store.writing import end_values, raise_serial, remember

SOON = timedelta(hours=1)  # in which a message is read after it has arrived, if the service runs


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenNumber:
    """When a mail of ours first named it, and to whom. `arrived_at`: when the message arrived that this mail
    acknowledged, None = it acknowledged none."""

    told_at: datetime
    told_to: str
    arrived_at: datetime | None


def give(con: sqlite3.Connection, told: Mapping[str, GivenNumber], now: datetime, *, from_the_first: bool) -> None:
    """`from_the_first`: the mailbox reaches back to the first case. Otherwise the numbers below the first one that a
    mail names may have been given to cases of which nothing is left, and stay free."""
    serials: dict[str, dict[int, GivenNumber]] = {}
    for number, given in told.items():
        remember(con, GIVEN + number, "", now)
        _, year, serial = number.rsplit("-", 2)
        serials.setdefault(year, {})[int(serial)] = given
    for year, of_year in serials.items():
        remember(con, BEYOND + year, str(max(of_year)), now)
        below = from_the_first or year != min(serials)
        for key, gap in _gaps(year, of_year, before=0 if below else min(of_year) - 1):
            remember(con, key, gap, now)


def _gaps(year: str, given: Mapping[int, GivenNumber], *, before: int) -> Iterator[tuple[str, str]]:
    """(key, [first number, last number, when the message arrived that got the one below, when that one was given at the
    latest]) of each gap above `before`, and of each given number whose first mail acknowledged a message that arrived
    after the case was opened. A number was given at the latest when a mail first named it or one above it."""
    latest: dict[int, datetime] = {}
    by = max(one.told_at for one in given.values())
    for serial in sorted(given, reverse=True):
        by = latest[serial] = min(by, given[serial].told_at)
    arrived = {serial: one.arrived_at for serial, one in sorted(given.items()) if one.arrived_at is not None}
    opened = _in_order({serial: arrival for serial, arrival in arrived.items() if arrival <= latest[serial]})
    after = "", ""
    for serial in sorted(given):
        given_at = stamp(latest[serial])
        if serial > before + 1:
            yield f"{_gap('', year)}{given_at}:{before + 1:06}", json.dumps([before + 1, serial - 1, *after])
        if serial in arrived and arrived[serial] > latest[serial]:
            yield f"{_gap(given[serial].told_to, year)}{given_at}:{serial:06}", json.dumps([serial, serial, *after])
        before, after = serial, (stamp(opened[serial]), given_at) if serial in opened else after


def _in_order(arrived: Mapping[int, datetime]) -> dict[int, datetime]:
    """The longest series of these numbers, which ascend, whose messages arrived in the same order. The others were
    probably acknowledged for a later message, or came late, as from the junk folder."""
    ends: list[datetime] = []  # the earliest arrival with which a series of each length ends
    numbers: list[int] = []
    below: dict[int, int | None] = {}
    for serial, arrival in arrived.items():
        length = bisect_right(ends, arrival)
        below[serial] = numbers[length - 1] if length else None
        ends[length : length + 1], numbers[length : length + 1] = [arrival], [serial]
    found: list[int] = []
    last = numbers[-1] if numbers else None
    while last is not None:
        found.append(last)
        last = below[last]
    return {serial: arrived[serial] for serial in reversed(found)}


def next_serial(
    con: sqlite3.Connection, year: int, number: Callable[[int], str], *, author: str, arrived: datetime, now: datetime
) -> int:
    """Return the serial of the next new case, whose message arrived at that moment. `author`: of the message, '' = its
    domain disowns it; `number` makes a number of a serial."""
    beyond, position = _serial(con, BEYOND + str(year)), _serial(con, SERIAL + str(year)) or 0
    if beyond is None:
        return position + 1
    found = (
        serial
        for told_to in ("", author)
        for serials in _gaps_at(con, _gap(told_to, str(year)), arrived, now)
        if (serial := _first_free(con, serials, number)) is not None
    )
    return next(found, max(beyond, position) + 1)


def _gaps_at(con: sqlite3.Connection, prefix: str, arrived: datetime, now: datetime) -> Iterator[range]:
    gaps = con.execute(
        "SELECT value FROM kv WHERE key BETWEEN ? AND ? ORDER BY key", (prefix + stamp(arrived), f"{prefix}~")
    )
    for row in gaps:
        first, last, since, given = json.loads(row["value"])
        # Numbers are given in order of reading, and by arrival to what is read together.
        if since > stamp((now if stamp(now) > given else arrived) + SOON):
            return
        yield range(first, last + 1)


def _first_free(con: sqlite3.Connection, serials: range, number: Callable[[int], str]) -> int | None:
    """They are given in ascending order."""
    index = bisect_left(serials, True, key=lambda serial: _is_free(con, number(serial)))
    return serials[index] if index < len(serials) else None


def _gap(told_to: str, year: str) -> str:
    """`told_to`: the person who was told of it, '' = no mail tells of it."""
    return f"{GAP}{told_to}:{year}:"


def _serial(con: sqlite3.Connection, key: str) -> int | None:
    known = remembered.value(con, key)
    return int(known) if known is not None else None


def raise_above_given(con: sqlite3.Connection, now: datetime) -> list[str]:
    """Set the counters above every number that was given or is in use; return those that no case has."""
    given = [row[0] for row in con.execute(f"SELECT substr(key, {len(GIVEN) + 1}) FROM kv WHERE key GLOB '{GIVEN}*'")]
    cases = {row[0] for row in con.execute("SELECT number FROM cases")}
    for number in (*given, *cases):
        raise_serial(con, number, now)
    end_values(con, End.REBUILT)
    return sorted(set(given) - cases)


def _is_free(con: sqlite3.Connection, number: str) -> bool:
    return con.execute("SELECT 1 FROM cases WHERE number = ?", (number,)).fetchone() is None
