"""Which charts a report has, as data to draw and as words for who cannot see them. It draws nothing.

The data of each chart stand in a table of the same page too. A value that is not known, or hidden in the published
form, is None: a gap.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from oacmail.core.report.figures import Count, Month, MonthlyReport, TrendPoint, Unit, Value
from oacmail.mail.outgoing import dates_in_words
from oacmail.mail.outgoing import figures_in_words as figures
from oacmail.mail.outgoing.labels import label
from oacmail.mail.outgoing.report_json import row_label
from oacmail.mail.outgoing.report_words import said


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """`kind`: a line over time, bars over time, or horizontal bars. `written`: each value as people read it. `target`:
    a line of its own, None = none; `most`: the end of the axis, None = as the values need. `alt`: the same in words."""

    name: str
    kind: Literal["line", "bars", "rows"]
    title: str
    labels: tuple[str, ...]
    values: tuple[float | None, ...]
    written: tuple[str, ...]
    alt: str
    target: float | None = None
    target_name: str = ""
    most: float | None = None


def charts(report: MonthlyReport, lang: str) -> tuple[Chart, ...]:
    """Those for which there are data."""
    topics = next((table for table in report.figures.indicators["I5"].tables if table.key == "topics"), None)
    target = figures.target(report.figures.indicators["I1"].main, lang)
    made = (
        _over_time(report.trend, "in_time", "I1", "line", lang, most=100.0, target=100.0, target_name=target),
        _over_time(report.trend, "cases", "I5", "bars", lang),
        _rows([row for row in topics.rows if row.count] if topics else [], report.office, lang),
    )
    return tuple(chart for chart in made if any(value is not None for value in chart.values))


def _over_time(
    points: Sequence[TrendPoint],
    name: str,
    indicator: str,
    kind: Literal["line", "bars"],
    lang: str,
    *,
    most: float | None = None,
    target: float | None = None,
    target_name: str = "",
) -> Chart:
    labels = tuple(dates_in_words.short_month(Month.parse(point.month).first_day, lang) for point in points)
    measures = [point.measures[indicator] for point in points]
    values = tuple(_plain(one.value) for one in measures)
    written = tuple(figures.result(one, lang) for one in measures)
    title = said(f"chart_{name}", lang)
    return Chart(
        name=name,
        kind=kind,
        title=title,
        labels=labels,
        values=values,
        written=written,
        alt=_alt(title, labels, written, said("by_month", lang), lang),
        target=target,
        target_name=f"{said('target', lang)}: {target_name}" if target_name else "",
        most=most,
    )


def _rows(rows: Sequence[Count], office: str, lang: str) -> Chart:
    unit: Unit = "count"
    found = sorted(rows, key=lambda row: row.count)
    labels = tuple(row_label(row.key, "topic", lang, office) for row in found)
    written = tuple(figures.number(row.count, unit, lang) for row in found)
    title = said("chart_topics", lang)
    alt = _alt(title, labels[::-1], written[::-1], label("table", "topics", lang, office), lang)
    values = tuple(float(row.count) for row in found)
    return Chart(name="topics", kind="rows", title=title, labels=labels, values=values, written=written, alt=alt)


def _alt(title: str, labels: Sequence[str], written: Sequence[str], table: str, lang: str) -> str:
    values = "; ".join(f"{name} {value}" for name, value in zip(labels, written, strict=True))
    return said("chart_alt", lang, title=title, values=values, table=table)


def _plain(value: Value) -> float | None:
    return None if value is None else float(value)
