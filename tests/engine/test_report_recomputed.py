"""Every figure of a busy month, computed a second time from the raw rows, without the core: dates, SQL, and sums.

The two computations share the database and nothing else. Holidays of the weeks around November 2026: 8 December.
"""

import json
import sqlite3
import statistics
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.engine.busy_month import BusyMonth
from tests.engine.test_report import COUNCIL
from tests.engine.test_report import report as report_of
from tests.engine.world import World

MADRID = ZoneInfo("Europe/Madrid")
BEGIN, END = (datetime(2026, month, 1, tzinfo=MADRID) for month in (11, 12))
CLOSED = {date(2026, 12, 8)}


@pytest.fixture(scope="module")
def busy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """The month has been lived and published."""
    world = World(
        tmp_path_factory.mktemp("busy"),
        now="2026-11-02 07:00",
        report={"to": [COUNCIL]},
        survey={"enabled": True},
        people={"technical": ["tic@town.example"]},
    )
    BusyMonth(world).play()
    yield world
    world.stop()


@pytest.fixture(scope="module")
def row(busy: World) -> dict[str, Any]:
    """As `report --json` prints it."""
    return report_of(busy, "2026-11")


@pytest.fixture(scope="module")
def raw(busy: World) -> sqlite3.Connection:
    con = sqlite3.connect(f"file:{busy.config.office.state / 'oacmail.db'}?mode=ro", uri=True)
    con.row_factory = sqlite3.Row
    return con


def moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text).astimezone(MADRID) if text else None


def is_worked(day: date) -> bool:
    return day.weekday() < 5 and day not in CLOSED


def hours_open(start: datetime, end: datetime) -> float:
    """Minute by minute would be the same: the overlap of each working day's 8 to 20 with the span."""
    total, day = 0.0, start.date()
    while day <= end.date():
        if is_worked(day):
            opens, closes = (datetime.combine(day, time(hour), MADRID) for hour in (8, 20))
            seconds = (min(end, closes).astimezone(UTC) - max(start, opens).astimezone(UTC)).total_seconds()
            total += max(0.0, seconds) / 3600
        day += timedelta(days=1)
    return total


def deadlines(raw: sqlite3.Connection) -> list[dict[str, Any]]:
    """All response deadlines, with their moments; those that ended without an answer in the month are left out."""
    rows = raw.execute(
        """SELECT d.*, c.number, c.opened_by, c.intent, c.slot FROM deadlines d JOIN cases c ON c.id = d.case_id
        WHERE d.kind = 'answer' AND d.level = 0"""
    )
    found = []
    for one in map(dict, rows):
        for name in ("armed_at", "due_at", "met_at", "void_at"):
            one[name] = moment(one[name])
        one["met_at"] = one["met_at"] if one["met_at"] and one["met_at"] < END else None
        one["asked"] = ":" not in one["armed_by"] or one["armed_by"] == one["opened_by"]
        if not (one["void_at"] and one["void_at"] < END):
            found.append(one)
    return found


def of(row: dict[str, Any], name: str) -> dict[str, Any]:
    found: dict[str, Any] = next(one for one in row["indicators"] if one["id"] == name)
    return found


def measure(row: dict[str, Any], name: str, key: str) -> Any:
    return next(one["value"] for one in of(row, name)["measures"] if one["key"] == key)


def cells(row: dict[str, Any], name: str, key: str) -> dict[str, int]:
    table = next(one for one in of(row, name)["tables"] if one["key"] == key)
    return {one["key"]: one["count"] for one in table["rows"] if one["count"]}


def due(raw: sqlite3.Connection) -> list[dict[str, Any]]:
    promised = (one for one in deadlines(raw) if one["asked"] or one["armed_by"].startswith("undelivered:"))
    return [one for one in promised if BEGIN <= one["due_at"] < END]


def test_the_month_is_busy_enough_to_prove_something(row: dict[str, Any]) -> None:
    assert of(row, "I5")["result"] > 40
    assert {one["cause"] for one in of(row, "I1")["breaches"]} >= {"late", "late_same_day", "unanswered", "call_late"}
    assert all(of(row, name)["n"] for name in ("I1", "I3", "I4", "I6", "I10", "I12", "I14"))


def test_answered_in_time(row: dict[str, Any], raw: sqlite3.Connection) -> None:
    requests = due(raw)
    failed = [one for one in requests if one["met_at"] is None or one["met_at"] > one["due_at"]]
    assert of(row, "I1")["n"] == len(requests)
    assert of(row, "I1")["result"] == pytest.approx(100 * (1 - len(failed) / len(requests)), abs=1e-4)
    assert sorted(one["case"] for one in of(row, "I1")["breaches"]) == sorted(one["number"] for one in failed)
    evening = [
        one for one in failed
        if one["met_at"] and one["met_at"].date() == one["due_at"].date() and one["due_at"].hour == 20
    ]  # fmt: skip
    assert measure(row, "I1", "late_same_day") == len(evening)


def test_unanswered_at_the_end(row: dict[str, Any], raw: sqlite3.Connection) -> None:
    left = {one["number"] for one in deadlines(raw) if one["met_at"] is None and one["due_at"] < END}
    assert {one["case"] for one in of(row, "I2")["breaches"]} == left
    assert of(row, "I2")["result"] == len(left)


def test_answered_on_the_same_day(row: dict[str, Any], raw: sqlite3.Connection) -> None:
    asked = [
        one for one in deadlines(raw)
        if one["asked"] and BEGIN <= one["armed_at"] < END and is_worked(one["armed_at"].date())
        and one["armed_at"].hour < 20
    ]  # fmt: skip
    same = [one for one in asked if one["met_at"] and one["met_at"].date() == one["armed_at"].date()]
    assert of(row, "I3")["n"] == len(asked)
    assert of(row, "I3")["result"] == pytest.approx(100 * len(same) / len(asked), abs=1e-4)


def test_time_to_answer(row: dict[str, Any], raw: sqlite3.Connection) -> None:
    hours = sorted(
        hours_open(one["armed_at"], one["met_at"]) for one in due(raw) if one["asked"] and one["met_at"]
    )  # fmt: skip
    assert of(row, "I4")["n"] == len(hours)
    assert of(row, "I4")["result"] == pytest.approx(statistics.median(hours), abs=1e-4)
    assert measure(row, "I4", "mean") == pytest.approx(statistics.fmean(hours), abs=1e-4)
    assert measure(row, "I4", "p90") == pytest.approx(hours[-(-9 * len(hours) // 10) - 1], abs=1e-4)


def test_volumes(row: dict[str, Any], raw: sqlite3.Connection) -> None:
    cases = [
        dict(one)
        for one in raw.execute(
            """SELECT c.*, m.rule FROM cases c LEFT JOIN messages m ON m.fingerprint = c.opened_by
            WHERE coalesce(close_reason, '') NOT IN ('spam', 'duplicate')"""
        )
        if BEGIN <= datetime.fromisoformat(one["opened_at"]) < END
    ]
    channels = Counter(
        one["rule"] if one["rule"] in ("telephone", "visit") else "callback" if one["intent"] == "callback" else "mail"
        for one in cases
    )
    assert of(row, "I5")["result"] == len(cases)
    assert cells(row, "I5", "channels") == channels
    assert cells(row, "I5", "topics") == Counter(one["topic"] for one in cases)
    assert of(row, "I9")["result"] == sum(one["level"] == "out_of_scope" for one in cases)


def events(raw: sqlite3.Connection, *kinds: str) -> list[dict[str, Any]]:
    rows = raw.execute("SELECT e.*, c.number FROM events e LEFT JOIN cases c ON c.id = e.case_id ORDER BY e.id")
    found = [{**dict(one), "data": json.loads(one["data"])} for one in rows if one["kind"] in kinds]
    return [one for one in found if datetime.fromisoformat(one["at"]) < END]


def within(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [one for one in found if datetime.fromisoformat(one["at"]) >= BEGIN]


def test_where_cases_were_solved(row: dict[str, Any], raw: sqlite3.Connection) -> None:
    last = {one["number"]: one for one in events(raw, "closed")}
    closed = [
        number for number, one in last.items()
        if datetime.fromisoformat(one["at"]) >= BEGIN and one["data"].get("reason") not in ("spam", "duplicate")
    ]  # fmt: skip
    derived = {one["number"] for one in events(raw, "escalated") if one["data"]["why"] in ("second-level", "ordered")}
    levels = dict(raw.execute("SELECT number, level FROM cases").fetchall())
    first = [number for number in closed if levels[number] == "first" and number not in derived]
    assert (of(row, "I6")["n"], round(of(row, "I6")["result"] * len(closed) / 100)) == (len(closed), len(first))
    assert of(row, "I7")["result"] == len(derived)


def test_the_time_of_derived_cases(row: dict[str, Any], raw: sqlite3.Connection) -> None:
    """The outcome is told when the deadline is met that `solved` has started."""
    begun: dict[str, datetime] = {}
    for one in events(raw, "escalated"):
        if one["data"]["why"] in ("second-level", "ordered"):
            begun.setdefault(one["number"], datetime.fromisoformat(one["at"]).astimezone(MADRID))
    told = {
        one["number"]: one["met_at"]
        for one in deadlines(raw)
        if one["armed_by"].startswith("solved:") and one["met_at"]
    }

    def days(start: datetime, end: datetime) -> int:
        span = (end.date() - start.date()).days
        return sum(is_worked(start.date() + timedelta(days=n)) for n in range(1, span + 1))

    closed = {one["number"] for one in events(raw, "closed")}
    taken = [days(begun[number], at) for number, at in told.items()]
    assert of(row, "I8")["n"] == len(taken)
    if taken:
        assert of(row, "I8")["result"] == pytest.approx(statistics.fmean(taken), abs=1e-4)
    still = [one for one, at in begun.items() if one not in told and one not in closed and days(at, END) > 5]
    assert measure(row, "I8", "still_open") == len(still)


def test_agreed_calls(row: dict[str, Any], raw: sqlite3.Connection) -> None:
    slots = {"morning": (8, 14), "afternoon": (14, 20), "any": (8, 20)}
    hows = {
        (one["number"], datetime.fromisoformat(one["data"]["at"]).replace(microsecond=0)): one["data"]["by"]
        for one in events(raw, "answered")
    }
    made, not_located, calls = 0, 0, 0
    for one in due(raw):
        if one["intent"] != "callback" or not one["slot"] or not one["asked"]:
            continue
        calls += 1
        at, (first, last) = one["met_at"], slots[one["slot"]]
        how = hows.get((one["number"], at)) if at else ""
        if at and at <= one["due_at"]:
            made += how == "call" and first <= at.hour < last
            not_located += how == "not-located"
    assert of(row, "I10")["n"] == calls
    assert of(row, "I10")["result"] == pytest.approx(100 * (made + not_located) / calls, abs=1e-4)
    assert measure(row, "I10", "not_located") == not_located


def test_complaints(row: dict[str, Any], raw: sqlite3.Connection) -> None:
    complaints = {one["number"] for one in within(events(raw, "opinion"))}
    assert measure(row, "I12", "opinions") == len(complaints)
    assert cells(row, "I12", "kinds") == {"complaint": len(complaints)}

    def limit(asked: datetime) -> datetime:
        day, left = asked.date(), 10
        while left:
            day += timedelta(days=1)
            left -= is_worked(day)
        return datetime.combine(day, time(20), MADRID)

    judged = [
        one for one in deadlines(raw) if one["asked"] and one["number"] in complaints and limit(one["armed_at"]) < END
    ]
    good = [one for one in judged if one["met_at"] and one["met_at"] <= limit(one["armed_at"])]
    assert of(row, "I12")["n"] == len(judged)
    assert of(row, "I12")["result"] == pytest.approx(100 * len(good) / len(judged), abs=1e-4)


def test_languages_and_quality(row: dict[str, Any], raw: sqlite3.Connection) -> None:
    asked = [one for one in deadlines(raw) if one["asked"] and BEGIN <= one["armed_at"] < END]
    langs = dict(
        raw.execute("SELECT fingerprint, lang FROM messages WHERE rule NOT IN ('telephone', 'visit')").fetchall()
    )
    assert cells(row, "I13", "requests") == Counter(langs[one["armed_by"]] for one in asked if one["armed_by"] in langs)
    acks = raw.execute(
        """SELECT m.received_at, o.sent_at, o.state FROM outbox o JOIN messages m ON o.key = 'ack:' || m.fingerprint
        WHERE o.kind = 'ack'"""
    ).fetchall()
    arrived = [one for one in acks if BEGIN <= datetime.fromisoformat(one["received_at"]) < END]
    quick = [
        one for one in arrived
        if one["state"] == "sent"
        and datetime.fromisoformat(one["sent_at"]) - datetime.fromisoformat(one["received_at"]) <= timedelta(minutes=5)
    ]  # fmt: skip
    assert (of(row, "I14")["n"], of(row, "I14")["result"]) == (len(arrived), 100 * len(quick) / len(arrived))
    returned = {(one["number"], one["data"]["message"]) for one in within(events(raw, "answer-undelivered"))}
    assert measure(row, "I14", "returned_answers") == len(returned)
    assert measure(row, "I14", "corrected_cases") == len({one["number"] for one in within(events(raw, "corrected"))})


def test_what_was_published_is_what_is_shown(row: dict[str, Any], busy: World) -> None:
    assert row["published_at"] == "2026-12-01T07:00:00+00:00"
    assert row["corrections"] == []
    assert [mail["X-Oacmail-Kind"] for mail in busy.received(COUNCIL)] == ["report"]
