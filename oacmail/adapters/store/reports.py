"""The published months: frozen figures and their corrections, written once and read again. It computes nothing."""

import sqlite3
from dataclasses import dataclass
from datetime import datetime

from oacmail.adapters.store.connection import at, stamp
from oacmail.adapters.store.write_context import WriteContext
from oacmail.core.effects import CorrectFigure, FreezeMonth
from oacmail.core.report.figures import FigureCorrection, Month, MonthFigures
from oacmail.core.report.publication import from_text


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedMonth:
    """`corrections`: those shown so far, oldest first."""

    figures: MonthFigures
    published_at: datetime
    corrections: tuple[FigureCorrection, ...] = ()


def published(con: sqlite3.Connection, month: Month) -> PublishedMonth | None:
    """Return what was published of this month, None if nothing was."""
    row = con.execute("SELECT published_at, figures FROM reports WHERE month = ?", (str(month),)).fetchone()
    if row is None:
        return None
    return PublishedMonth(
        figures=from_text(str(month), row["figures"]),
        published_at=at(row["published_at"]),
        corrections=corrections(con, "month = ?", str(month)),
    )


def told_at(con: sqlite3.Connection, published_at: datetime) -> tuple[FigureCorrection, ...]:
    """Return the corrections of earlier months that the report of this moment brought."""
    return corrections(con, "at = ?", stamp(published_at))


def corrections(con: sqlite3.Connection, where: str, value: str) -> tuple[FigureCorrection, ...]:
    rows = con.execute(
        f"SELECT * FROM report_corrections WHERE {where} ORDER BY month, at, indicator, measure", (value,)
    )
    return tuple(
        FigureCorrection(
            month=row["month"],
            indicator=row["indicator"],
            measure=row["measure"],
            old=row["old"],
            new=row["new"],
            why=row["why"],
            at=at(row["at"]),
        )
        for row in rows
    )


def last_published(con: sqlite3.Connection) -> Month | None:
    row = con.execute("SELECT max(month) AS month FROM reports").fetchone()
    return Month.parse(row["month"]) if row["month"] else None


def freeze(con: sqlite3.Connection, effect: FreezeMonth, context: WriteContext) -> None:
    con.execute(
        "INSERT INTO reports(month, published_at, figures) VALUES(?,?,?) ON CONFLICT(month) DO NOTHING",
        (effect.month, stamp(context.now), effect.figures),
    )


def correct(con: sqlite3.Connection, effect: CorrectFigure, context: WriteContext) -> None:
    """Write it unless the latest correction of this figure says the same."""
    con.execute(
        """INSERT INTO report_corrections(month, indicator, measure, at, old, new, why) SELECT ?1,?2,?3,?4,?5,?6,?7
        WHERE ?6 IS NOT (SELECT c.new FROM report_corrections c WHERE c.month = ?1 AND c.indicator = ?2
        AND c.measure = ?3 ORDER BY c.at DESC LIMIT 1) OR NOT EXISTS(SELECT 1 FROM report_corrections c
        WHERE c.month = ?1 AND c.indicator = ?2 AND c.measure = ?3) ON CONFLICT DO NOTHING""",
        (
            effect.month,
            effect.indicator,
            effect.measure,
            stamp(context.now),
            effect.old,
            effect.new,
            effect.why,
        ),
    )
