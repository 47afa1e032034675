"""Random months: every figure of the report is that of a count on paper, which shares nothing with the product.

`make months [MONTHS=50]` plays more of them.
"""

import os
import re
from collections.abc import Mapping, Sequence
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from oacmail import reporting
from oacmail.core.report.figures import Month
from oacmail.reporting import Months
from oacmail.words.report_forms import as_row
from tests.report.paper import MADRID
from tests.report.random_month import POINTERS, RandomMonth
from tests.world import AGENT, World, text_of

MONTHS, STORIES = int(os.environ.get("MONTHS", "2")), 40
CLOSE = 1e-4  # the report rounds to four places
Row = Mapping[str, Any]


@pytest.mark.parametrize("seed", range(MONTHS))
def test_every_figure_is_that_of_a_count_by_hand(tmp_path: Path, seed: int) -> None:
    year, number = 2026, 2 + seed * 7 % 10
    world = World(
        tmp_path,
        now=f"2026-{number - 1:02d}-10 09:00",
        survey={"enabled": True},
        digest={"to": [AGENT]},
        board={"enabled": True},
        deadline={"close_days": 0},
        people={"technical": ["tic@town.example"]},
        pointer=POINTERS,
    )
    lived = RandomMonth(world, year, number, seed, STORIES)
    lived.play()
    names = {case: name for name, case in lived.numbers.items()}
    before: Row = {}
    for month in (Month(year, number - 1), Month(year, number)):
        by_hand = lived.paper.counted(month.year, month.number)
        published = reporting.make(world.store.con, world.policy, month, world.clock.now())
        now = as_row(replace(published, figures=Months(world.store.con, world.policy).computed(month)), "ca")
        shown = {one["id"]: one for one in now["indicators"]}
        for name, wanted in by_hand.items():
            assert found(shown[name], wanted, names) == expected(wanted), f"{name} of {month}, seed {seed}"
        volumes = next(one for one in as_row(published, "ca")["indicators"] if one["id"] == "I5")
        if before:
            assert beside(volumes) == (volumes["result"] - before["result"], cells(before, "count"))
        before = volumes
        assert with_corrections(as_row(published, "ca")) == values(now), f"corrections of {month}, seed {seed}"
    for summary in world.received(AGENT):
        if summary["X-Oacmail-Kind"] == "digest":
            day = parsedate_to_datetime(str(summary["Date"])).astimezone(MADRID).date()
            assert figures_of(text_of(summary)) == lived.paper.summed(day), f"{day}, seed {seed}"
    world.stop()


def figures_of(summary: str) -> tuple[int, ...]:
    said = re.search(
        r"^Des de .*: (\d+) petici\w+ rebud\w+, (\d+) respost\w+, (\d+) dins de termini", summary, re.MULTILINE
    )
    return tuple(map(int, said.groups())) if said else (0, 0, 0)


def values(report: Row) -> dict[tuple[str, str], Any]:
    """Each measure, but those that compare months, which have corrections of their own."""
    return {
        (one["id"], measure["key"]): measure["value"]
        for one in report["indicators"]
        for measure in one["measures"]
        if measure["key"] not in ("before", "year_before")
    }


def with_corrections(published: Row) -> dict[tuple[str, str], Any]:
    known = values(published)
    own = [one for one in published["corrections"] if one["month"] == published["month"]]
    corrected = {(one["id"], one["key"]): one["new"] for one in own}
    return {**known, **{key: value for key, value in corrected.items() if key in known}}


def found(one: Row, wanted: Row, names: Mapping[str, str]) -> Row:
    """What the report shows of that which is counted by hand."""
    values = {each["key"]: each["value"] for each in one["measures"]}
    tables = cells(one, "count")
    missed = [(names[each["case"]], each["cause"], each["late"]) for each in one["breaches"]]
    return {
        "value": one["result"],
        "n": one["n"],
        "measures": {key: values[key] for key in wanted["measures"]},
        "tables": {key: tables[key] for key in wanted.get("tables", {})},
        "causes": causes(missed),
    }


def beside(volumes: Row) -> tuple[Any, Row]:
    """What stands of the month before: the difference, and the cells of the tables."""
    (difference,) = (one["value"] for one in volumes["measures"] if one["key"] == "before")
    return difference, cells(volumes, "before")


def cells(one: Row, column: str) -> Row:
    return {table["key"]: {row["key"]: row[column] for row in table["rows"] if row[column]} for table in one["tables"]}


def expected(wanted: Row) -> Row:
    return {
        "value": near(wanted["value"]),
        "n": wanted["n"],
        "measures": {key: near(value) for key, value in wanted["measures"].items()},
        "tables": {
            key: {row: count for row, count in rows.items() if count} for key, rows in wanted.get("tables", {}).items()
        },
        "causes": causes(wanted.get("causes", [])),
    }


def causes(missed: Sequence[tuple[str, str, float | None]]) -> list[tuple[str, str, Any]]:
    """In one order on both sides; what is nearly equal has none, so the sorting comes first."""
    by_value = sorted(missed, key=lambda one: (one[0], one[1], one[2] is None, one[2] or 0.0))
    return [(case, cause, near(late)) for case, cause, late in by_value]


def near(value: float | None) -> Any:
    return None if value is None else pytest.approx(value, abs=CLOSE)
