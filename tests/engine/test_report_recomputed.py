"""Every figure of an eventful month, computed a second time without the product (recomputed_figures.py)."""

import sqlite3
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest

from oacmail import reporting
from oacmail.core.report.figures import Month, grouped
from oacmail.words.report_forms import as_row
from tests.engine.eventful_month import POINTERS, EventfulMonth
from tests.engine.recomputed_figures import RecomputedFigure, RecomputedMonth
from tests.engine.test_report import COUNCIL
from tests.engine.test_report import report as report_of
from tests.engine.world import AGENT, World

EACH = [f"I{n}" for n in range(1, 15)]
HOLIDAYS = frozenset({date(2026, 12, 8)})
COMPARED = ("before", "year_before")
CLOSE = 1e-4  # the report rounds to four places
Row = dict[str, Any]


@pytest.fixture(scope="module")
def busy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """The month has been lived and published."""
    world = World(
        tmp_path_factory.mktemp("busy"),
        now="2026-10-29 09:00",
        report={"to": [COUNCIL]},
        survey={"enabled": True},
        digest={"to": [AGENT]},
        people={"technical": ["tic@town.example"]},
        deadline={"close_days": 3},
        pointer=POINTERS,
    )
    EventfulMonth(world).play()
    yield world
    world.stop()


@pytest.fixture(scope="module")
def row(busy: World) -> Row:
    """As `report --json` prints it."""
    return report_of(busy, "2026-11")


@pytest.fixture(scope="module")
def again(busy: World) -> dict[str, RecomputedFigure]:
    con = sqlite3.connect(f"file:{busy.config.office.state / 'oacmail.db'}?mode=ro", uri=True)
    month = RecomputedMonth(con, 2026, 11, HOLIDAYS)
    found = {name: getattr(month, name.lower())() for name in EACH}
    found["October"] = RecomputedMonth(con, 2026, 10, HOLIDAYS).i5()
    con.close()
    return found


def of(row: Row, name: str) -> Row:
    found: Row = next(one for one in row["indicators"] if one["id"] == name)
    return found


def measures(one: Row) -> dict[str, tuple[Any, Any]]:
    return {each["key"]: (each["value"], each["n"]) for each in one["measures"][1:] if each["key"] not in COMPARED}


def tables(one: Row) -> dict[str, dict[str, int]]:
    return {
        each["key"]: {cell["key"]: cell["count"] for cell in each["rows"] if cell["count"]} for each in one["tables"]
    }


def breaches(one: Row) -> list[tuple[str, str, float]]:
    """Case, cause, and how late: -1 = not told."""
    return sorted(
        (each["case"], each["cause"], -1 if each["late"] is None else each["late"]) for each in one["breaches"]
    )


def close(values: dict[str, tuple[Any, Any]]) -> dict[str, Any]:
    return {key: (pytest.approx(value, abs=CLOSE), n) for key, (value, n) in values.items()}


@pytest.mark.parametrize("name", EACH)
def test_the_figure_is_that_of_the_formula(row: Row, again: dict[str, RecomputedFigure], name: str) -> None:
    shown, expected = of(row, name), again[name]
    assert (shown["result"], shown["n"]) == (pytest.approx(expected.value, abs=CLOSE), expected.n)
    assert measures(shown) == close(dict(expected.measures))
    assert tables(shown) == expected.tables


def test_volumes_stand_beside_those_of_the_month_before(row: Row, again: dict[str, RecomputedFigure]) -> None:
    volumes, october = of(row, "I5"), again["October"]
    beside = {one["key"]: one["value"] for one in volumes["measures"]}
    assert beside["before"] == volumes["result"] - (october.value or 0) != volumes["result"]
    assert beside["year_before"] is None
    for table in volumes["tables"]:
        before = {cell["key"]: cell["before"] for cell in table["rows"] if cell["before"]}
        assert before == october.tables[table["key"]]


@pytest.mark.parametrize("name", EACH)
def test_each_case_that_missed_is_named_with_its_cause(row: Row, again: dict[str, RecomputedFigure], name: str) -> None:
    wanted = sorted((case, cause, -1 if late is None else late) for case, cause, late in again[name].breaches)
    found = breaches(of(row, name))
    assert [one[:2] for one in found] == [one[:2] for one in wanted]
    assert [one[2] for one in found] == pytest.approx([one[2] for one in wanted], abs=CLOSE)


def test_the_month_has_every_thing_that_a_formula_tells_apart(again: dict[str, RecomputedFigure]) -> None:
    def causes(name: str) -> set[str]:
        return {cause for _, cause, _ in again[name].breaches}

    assert causes("I1") == {
        "late", "late_same_day", "unanswered", "call_late", "call_not_made", "derived_untold", "derived_late",
        "returned_late", "returned_unanswered",
    }  # fmt: skip
    assert causes("I2") >= {"unanswered", "derived_untold", "outcome_untold", "returned_unanswered"}
    assert causes("I8") == {"slow", "not_over"}
    assert causes("I10") >= {"call_outside_slot", "answered_by_mail", "call_late", "call_not_made"}
    assert causes("I11") == {"low_mean"}
    assert causes("I12") >= {"opinion_late", "opinion_unanswered"}
    assert set(again["I5"].tables["channels"]) == {"mail", "callback", "telephone", "visit"}
    assert set(again["I9"].tables["pointers"]) == {"Trànsit", "Renfe", "no_pointer"}
    assert set(again["I12"].tables["kinds"]) == {"complaint", "suggestion"}
    assert set(again["I13"].tables["requests"]) >= {"ca", "es", "en", "fr"}
    counts = [
        value
        for name in ("I1", "I4", "I5", "I8", "I10", "I11", "I14")
        for value, n in again[name].measures.values()
        if n is None
    ]
    assert all(counts), "nothing is 0"
    shares = [one.value for name, one in again.items() if name in ("I1", "I3", "I6", "I10", "I12", "I14")]
    assert all(value is not None and 0 < value < 100 for value in shares)


# --- the published form -----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def public(busy: World) -> Row:
    """As `report --json --published` prints it."""
    made = reporting.make(busy.store.con, busy.policy, Month.parse("2026-11"), busy.clock.now())
    return as_row(grouped(made), "ca")


def small(value: float | None) -> bool:
    return value is not None and 0 < value < 5


def hides(value: float | None, n: int | None, unit: str) -> bool:
    """Whether a figure would tell a number from 1 to 4: itself, or what it is computed from."""
    if unit == "count" or n is None:
        return small(value)
    part = round(value * n / 100) if value is not None and unit == "percent" else 0
    return small(n) or small(part) or (unit == "percent" and small(n - part))


@pytest.mark.parametrize("name", EACH)
def test_what_is_published_hides_small_numbers_and_no_others(
    row: Row, public: Row, again: dict[str, RecomputedFigure], name: str
) -> None:
    full = {one["key"]: one for one in of(row, name)["measures"]}
    values = {of(row, name)["measures"][0]["key"]: (again[name].value, again[name].n), **again[name].measures}
    for one in of(public, name)["measures"]:
        value, n = values[one["key"]]
        if hides(value, n, one["unit"]):
            assert one["value"] is None
            assert one["low"] is None or one["low"] - CLOSE <= value <= one["high"] + CLOSE
        else:
            assert one["value"] == full[one["key"]]["value"]
    assert of(public, name)["breaches"] == []


@pytest.mark.parametrize("name", EACH)
def test_published_cells_under_five_are_one_row(public: Row, again: dict[str, RecomputedFigure], name: str) -> None:
    for key, cells in tables(of(public, name)).items():
        if key == "causes":
            continue
        true = again[name].tables[key]
        joined = {row for row in true if row not in cells}
        assert {row: count for row, count in cells.items() if row != "grouped"} == {
            row: count for row, count in true.items() if row not in joined
        }
        assert cells.get("grouped", 0) == sum(true[row] for row in joined)
        assert {row for row, count in true.items() if small(count)} <= joined
        assert not joined or (len(joined) > 1 and cells["grouped"] >= 5)


def test_what_was_published_is_what_is_shown(row: Row, busy: World) -> None:
    assert row["published_at"] == "2026-12-01T07:00:00+00:00"
    assert row["corrections"] == []
    assert [mail["X-Oacmail-Kind"] for mail in busy.received(COUNCIL)] == ["report", "report"], "October and November"
