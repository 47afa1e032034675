"""The published form of a report: no number from 1 to 4, and none that somebody can find by subtracting (LOPDGDD DA 7).

- A count from 1 to 4 is replaced by its bounds, 1 and 4. A 0 stays.
- Rows of a table with such counts are one row. If it is still small, or only one row went into it, the next larger row
  joins it, so that the sum of the table tells none. A table whose sum is small is left out; so are platforms, which
  lie within their operator, and the marks, if one is rare: the mean tells the rest.
- A share whose part or rest is from 1 to 4 is replaced by its bounds; one of fewer than 5 is left out, and so is a
  mean. Of times and of the response rate the n is left out: less that of I1 it would be the number of unanswered ones.
  A response rate whose part or rest is from 1 to 4 is left out too: the n of the marks would tell it.
- Measures that are a part of a table, comparisons with other months, further questions, case numbers, corrections and
  how often a cause occurs are left out: each would tell a small number by subtraction.

It computes nothing else: what is not small is as in the full report.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from oacmail.core.report.figures import Count, FigureTable, Indicator, Measure, MonthFigures, MonthlyReport
from oacmail.core.report.statistics import HUNDRED

FEWEST = 5
GROUPED = "grouped"
_LEFT_OUT = ("platforms", "causes", "calls", "before", "year_before", "further", "not_answered")
_WITHOUT_N = ("median", "mean", "p90", "response_rate")
_ALL_OR_NONE = ("marks",)


def grouped(report: MonthlyReport) -> MonthlyReport:
    """The same report in its published form."""
    indicators = {name: _indicator(one) for name, one in report.figures.indicators.items()}
    trend = tuple(
        replace(point, measures={name: _measure(one) for name, one in point.measures.items()}) for point in report.trend
    )
    return replace(
        report,
        grouped=True,
        figures=MonthFigures(month=report.month, indicators=indicators),
        trend=trend,
        corrections=(),
    )


def is_small(value: float | None) -> bool:
    return value is not None and 0 < value < FEWEST


def _indicator(one: Indicator) -> Indicator:
    return replace(
        one,
        main=_measure(one.main),
        measures=tuple(
            _measure(measure) for measure in one.measures if measure.key not in _LEFT_OUT and not measure.part
        ),
        tables=tuple(_cause_names(one)) + tuple(_tables(one.tables)),
        breaches=(),
    )


def _cause_names(one: Indicator) -> Iterable[FigureTable]:
    """The causes of the breaches by name alone."""
    causes = list(dict.fromkeys(breach.cause for breach in one.breaches))
    if causes and one.id != "I11":
        rows = tuple(Count(key=cause, count=0) for cause in sorted(causes))
        yield FigureTable(key="causes", rows=rows, words="cause_of_breach", uncounted=True)


def _measure(one: Measure) -> Measure:
    if one.unit == "count":
        return replace(one, value=None, low=1, high=FEWEST - 1) if is_small(one.value) else one
    if one.n is None:
        return one
    if one.n < FEWEST:
        return replace(one, value=None, n=None if one.n else 0, enough=one.enough and not one.n)
    if one.key in _WITHOUT_N:
        return replace(one, n=None, value=None if any(map(is_small, _parts(one))) else one.value)
    if parts := _parts(one):
        part, rest = parts
        if is_small(part):
            return replace(one, value=None, low=HUNDRED / one.n, high=HUNDRED * (FEWEST - 1) / one.n)
        if is_small(rest):
            low = HUNDRED * (one.n - FEWEST + 1) / one.n
            return replace(one, value=None, low=low, high=HUNDRED * (one.n - 1) / one.n)
    return one


def _parts(one: Measure) -> tuple[int, ...]:
    """Of a share: how many it counts, and the rest."""
    if one.unit != "percent" or one.value is None or one.n is None:
        return ()
    part = round(one.value * one.n / HUNDRED)
    return part, one.n - part


def _tables(tables: Sequence[FigureTable]) -> Iterable[FigureTable]:
    for table in tables:
        if table.key in _LEFT_OUT or table.total < FEWEST:
            continue
        if table.key in _ALL_OR_NONE:
            if not any(is_small(row.count) for row in table.rows):
                yield table
            continue
        yield replace(table, rows=_joined(table.rows))


def _joined(rows: Sequence[Count]) -> tuple[Count, ...]:
    """Rows of 0 stay; the small ones are one row, with the next larger ones until it tells none of them."""
    joined = [row for row in rows if is_small(row.count)]
    if not joined:
        return tuple(_alone(row) for row in rows)
    for row in sorted((row for row in rows if row.count >= FEWEST), key=lambda row: row.count):
        if len(joined) > 1 and sum(one.count for one in joined) >= FEWEST:
            break
        joined.append(row)
    total = sum(row.count for row in joined)
    kept = tuple(_alone(row) for row in rows if row not in joined)
    return (*kept, Count(key=GROUPED, count=total))


def _alone(row: Count) -> Count:
    return replace(row, before=None, year_before=None)
