"""All indicators of one month from its rows: the one place from which every form of the report has its figures."""

from collections.abc import Callable
from dataclasses import replace

from oacmail.core.policy import Policy
from oacmail.core.report import compliance, people, quality, solving, volumes
from oacmail.core.report.cohorts import Cohorts
from oacmail.core.report.figures import FigureTable, Indicator, Measure, MonthFigures
from oacmail.core.report.months import Month
from oacmail.core.report.rows import MonthRows

_INDICATORS: tuple[Callable[[Cohorts], Indicator], ...] = (
    compliance.answered_in_time,
    compliance.unanswered,
    compliance.same_day,
    compliance.response_time,
    volumes.volumes,
    solving.solved_where,
    solving.derived,
    solving.time_to_solve,
    volumes.out_of_scope,
    people.calls,
    people.satisfaction,
    people.opinions,
    volumes.languages,
    quality.quality,
)


def month_figures(policy: Policy, month: Month, rows: MonthRows) -> MonthFigures:
    """The indicators in their order. The policy's calendar covers every year (wiring.deadline_calendar)."""
    cohorts = Cohorts(policy=policy, month=month, rows=rows)
    return MonthFigures(month=str(month), indicators={(one := make(cohorts)).id: one for make in _INDICATORS})


def with_variations(
    figures: MonthFigures, before: MonthFigures | None, year_before: MonthFigures | None
) -> MonthFigures:
    """I5 with the same counts of the month before and of the same month a year earlier, None = not known."""
    volume = figures.indicators["I5"]
    changes = (_change("before", volume, before), _change("year_before", volume, year_before))
    tables = tuple(_beside(table, before, year_before) for table in volume.tables)
    made = replace(volume, measures=(*volume.measures, *changes), tables=tables)
    return replace(figures, indicators={**figures.indicators, "I5": made})


def _change(key: str, volume: Indicator, other: MonthFigures | None) -> Measure:
    now, then = volume.main.value, other.indicators["I5"].main.value if other else None
    return Measure(key=key, value=None if now is None or then is None else now - then, unit="count")


def _beside(table: FigureTable, before: MonthFigures | None, year_before: MonthFigures | None) -> FigureTable:
    then, long_ago = _counts(table.key, before), _counts(table.key, year_before)
    rows = tuple(
        replace(
            row,
            before=then.get(row.key, 0) if then else None,
            year_before=long_ago.get(row.key, 0) if long_ago else None,
        )
        for row in table.rows
    )
    return replace(table, rows=rows)


def _counts(key: str, figures: MonthFigures | None) -> dict[str, int] | None:
    tables = figures.indicators["I5"].tables if figures else ()
    return next(({row.key: row.count for row in table.rows} for table in tables if table.key == key), None)
