"""The figures of a published month as JSON text and back, and what a later computation gives otherwise (R29).

What a later version adds to an indicator is not in an old text: it is no difference.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

from oacmail.core.report.cohorts import moment
from oacmail.core.report.figures import (
    Breach,
    Count,
    FigureCorrection,
    FigureTable,
    Indicator,
    Measure,
    MonthFigures,
    Value,
)
from oacmail.core.report.rows import EventRow

_SAME = 1e-6
_BESIDE = ("before", "year_before")
"""Measures that compare with other months: these have corrections of their own."""


def to_text(figures: MonthFigures) -> str:
    """Every value as it is, unrounded."""
    return json.dumps([asdict(one) for one in figures.indicators.values()], ensure_ascii=False)


def from_text(month: str, text: str) -> MonthFigures:
    """Raises KeyError, TypeError or ValueError for what `to_text` has not written."""
    return MonthFigures(month=month, indicators={one["id"]: _indicator(one) for one in json.loads(text)})


def _indicator(given: Mapping[str, Any]) -> Indicator:
    return Indicator(
        id=given["id"],
        main=Measure(**given["main"]),
        measures=tuple(Measure(**one) for one in given["measures"]),
        tables=tuple(
            FigureTable(key=one["key"], words=one["words"], rows=tuple(Count(**row) for row in one["rows"]))
            for one in given["tables"]
        ),
        breaches=tuple(Breach(**one) for one in given["breaches"]),
    )


def differences(
    published: MonthFigures, known: Iterable[FigureCorrection], now: MonthFigures, why: Mapping[str, str]
) -> tuple[FigureCorrection, ...]:
    """What differs from the published figures as corrected so far (`known`, oldest first). `why`: reason by
    indicator id. A row that one of the two has not is a row of 0."""
    told = {(one.indicator, one.measure): one.new for one in known}
    first = {(name, key): value for name, key, value in _values(published)}
    new = {(name, key): value for name, key, value in _values(now)}
    cells = [*_cells(published, now), *_cells(now, published)]
    first, new = {**first, **_gaps(cells, first)}, {**new, **_gaps(cells, new)}
    return tuple(
        FigureCorrection(
            month=published.month, indicator=name, measure=key, old=old, new=new[name, key], why=why.get(name, "")
        )
        for name, key in first
        if (name, key) in new and not _same(old := told.get((name, key), first[name, key]), new[name, key])
    )


def _values(figures: MonthFigures) -> Iterator[tuple[str, str, Value]]:
    """(indicator, measure or table.row, value) of every figure."""
    for name, one in figures.indicators.items():
        for measure in (one.main, *one.measures):
            if measure.key not in _BESIDE:
                yield name, measure.key, measure.value
        for table in one.tables:
            yield from ((name, f"{table.key}.{row.key}", row.count) for row in table.rows)


def _cells(figures: MonthFigures, other: MonthFigures) -> Iterator[tuple[str, str]]:
    """(indicator, table.row) of the tables that both have."""
    for name, one in figures.indicators.items():
        both = {table.key for table in other.indicators[name].tables} if name in other.indicators else set()
        for table in one.tables:
            if table.key in both:
                yield from ((name, f"{table.key}.{row.key}") for row in table.rows)


def _gaps(cells: Iterable[tuple[str, str]], known: Mapping[tuple[str, str], Value]) -> dict[tuple[str, str], Value]:
    return {cell: 0 for cell in cells if cell not in known}


def _same(one: Value, other: Value) -> bool:
    if one is None or other is None:
        return one is other
    return abs(one - other) < _SAME


def reasons(events: Iterable[EventRow], published_at: datetime, ends: datetime) -> dict[str, str]:
    """Why figures may have changed since they were published, by indicator id, as far as the event log tells: an agent
    has corrected cases, or has logged or sent what counts for the month."""
    found: dict[str, str] = {}
    for event in events:
        if event.at <= published_at:
            continue
        if event.kind == "corrected":
            found |= dict.fromkeys(("I5", "I6", "I7", "I9", "I12"), "reclassified")
        elif event.kind == "answered" and moment(event) < ends:
            for name in ("I1", "I2", "I3", "I4", "I8", "I10", "I12"):
                found.setdefault(name, "noted_late")
    return found
