"""The report of a month or a year laid out: one view in words, and from it the text, the page, the charts, the CSV and
the JSON.

It computes nothing: every figure is one of core/report.
"""

import csv
import io
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from functools import cache
from typing import Any, Literal
from zoneinfo import ZoneInfo

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from msgspec import Struct
from msgspec.structs import replace

from oacmail.core.effects import CorrectFigure
from oacmail.core.report.figures import (
    Count,
    FigureTable,
    Indicator,
    Measure,
    Month,
    MonthlyReport,
    TrendPoint,
    Unit,
    Value,
    percent,
    share,
)
from oacmail.core.report.indicators import ALARM
from oacmail.shipped import shipped
from oacmail.words import dates
from oacmail.words import dates as figures
from oacmail.words.labels import label, phrase

# --- Report view -----------------------------------------------------------------------------------------------------
# The text, the page, the mail and the CSV all show this view. A table is a mapping of `caption`, `head` and `rows`; the
# first cell of a row names it. What it holds are strings, tuples and mappings alone, so that a template may show all of
# it.

ReportView = Mapping[str, Any]
IN_TREND = ("I1", "I2", "I3", "I4", "I5", "I7", "I10", "I11")
IN_SHORT_TREND = ("I1", "I4", "I5", "I11")
_SHARES: Mapping[str, str] = {"I13": "requests"}
"""The indicators whose result is the shares of a table."""
LISTED, IN_A_MAIL = 200, 25
"""Most breaches that a page and a mail list of one indicator; the JSON has all."""
MOST_TO_DO = 5


def report_view(
    report: MonthlyReport, lang: str, zone: ZoneInfo, pictures: Sequence[Mapping[str, str]] = ()
) -> ReportView:
    """`pictures`: name, title and alt of each (`charts`), in their order; their images are the
    page's own matter."""
    month, office, of_year = report.last_month, report.office, "_year" if report.of_year else ""
    named = report.month if of_year else dates.month_words(month.first_day, lang)
    first, lead, summary, sheet = _OF_A_YEAR if of_year else _OF_A_MONTH
    every = report.figures.indicators.values()
    main = next((one.main for one in every if one.id == "I1"), percent("in_time", 0, 0))
    few = {0: "subject_none", None: "subject_few"}.get(main.n, "subject_share")
    what = said(few, lang, share=figures.result(main, lang))
    cutoff = dates.date_words(date.fromordinal(month.plus(1).first_day.toordinal() - 1), lang)
    key, moment = ("published", report.published_at) if report.published_at else ("made", report.generated_at)
    status = (
        said(("final" if report.final else "provisional") + of_year, lang, cutoff=cutoff),
        said("grouped", lang) if report.grouped else "",
        said(key, lang, at=dates.date_words(moment.astimezone(zone).date(), lang)),
    )
    return {
        "lang": lang,
        "title": said("title" + of_year, lang, month=named),
        "office": office,
        "subject": said("subject" + of_year, lang, month=named, what=what),
        "status": tuple(filter(None, status)),
        "to_do": first(report, lang),
        "lead": lead(report, lang),
        "summary": summary(report, lang),
        "charts": said("trend", lang),
        "pictures": tuple(pictures),
        "no_pictures": said("no_pictures", lang),
        "trend": _trend(report.trend, IN_TREND, lang, office),
        "short_trend": _trend(report.trend, IN_SHORT_TREND, lang, office),
        "missed": tuple(
            _breaches(one, lang, office, IN_A_MAIL) for one in every if one.breaches and one.main.met is False
        ),
        "breaches_title": said("breaches", lang),
        "attached": said("attached" + of_year, lang),
        "indicators": tuple(sheet(one, report, lang) for one in every),
        "corrections_title": said("corrections", lang),
        "corrections_why": said("corrections_why", lang),
        "corrections": _corrections(report.corrections, lang, office) if report.corrections else None,
        "privacy": said("privacy", lang),
        "note": said("cohort_note" + of_year, lang),
    }


def said(key: str, lang: str, **values: object) -> str:
    """A sentence or heading of the report. Raises KeyError for a key that the catalogue has not."""
    return phrase("report", key, lang, **values)


def _lead(report: MonthlyReport, lang: str) -> tuple[str, ...]:
    """What a reader must know who reads nothing else."""
    found = report.figures.indicators
    in_time, marks = found["I1"].main, found["I11"].main
    if in_time.n:
        key = "lead_all" if in_time.value == in_time.target else "lead_some"
    else:
        key = "lead_few" if in_time.n is None else "lead_none"
    shown = {"share": figures.result(in_time, lang), "n": count_of(in_time, lang)}
    lines = [said(key, lang, target=figures.target(in_time, lang), **shown)]
    if in_time.value is not None and in_time.value < ALARM:
        lines.append(said("lead_alarm", lang))
    late = next((one for one in found["I1"].measures if one.key == "late_same_day" and one.value), None)
    if late is not None:
        lines.append(said("lead_same_day", lang, n=figures.result(late, lang)))
    lines.append(said("lead_unanswered", lang, n=figures.result(found["I2"].main, lang)))
    cases, opinions = found["I5"].main, found["I12"].measure("opinions")
    lines.append(said("lead_volume", lang, n=figures.result(cases, lang), opinions=figures.result(opinions, lang)))
    words = {"n": count_of(marks, lang), "target": figures.target(marks, lang), "mark": figures.result(marks, lang)}
    lines.append(said("lead_mark" if marks.enough else "lead_no_mark", lang, **words))
    return tuple(lines)


_FIRST = ("I2", "I8", "I1", "I10", "I12", "I11")
"""What comes first, each with a sentence of its own: people who wait, what was late, what people said."""


def to_do(report: MonthlyReport, lang: str) -> str:
    """One sentence: what to do this month about the target that is missed and matters most."""
    every = report.figures.indicators
    for name in (*_FIRST, *(name for name in every if name not in _FIRST)):
        one = every[name]
        missed = [measure for measure in (one.main, *one.measures) if measure.met is False]
        if missed:
            return said("to_do", lang, what=_advice(one, missed[0], report, lang))
    return said("to_do_nothing" if any(one.main.met for one in every.values()) else "to_do_unknown", lang)


def _advice(one: Indicator, missed: Measure, report: MonthlyReport, lang: str) -> str:
    own = one.id in _FIRST and (one.id != "I8" or missed is not one.main)
    # The cases that wait, by number; the published form names none.
    waiting = [breach.case for breach in one.breaches if one.id != "I8" or breach.cause == "not_over"]
    cases = ", ".join(waiting[:MOST_TO_DO]) + (", …" if len(waiting) > MOST_TO_DO else "")
    counted = Counter(breach.cause for breach in one.breaches)
    cause, n = min(counted.items(), key=lambda pair: (-pair[1], pair[0]), default=("", 0))
    words = {
        "n": figures.result(one.measure("still_open") if one.id == "I8" else one.main, lang),
        "cases": f" ({cases})" if cases else "",
        "cause": f" ({label('cause_of_breach', cause, lang, report.office)}: {n})" if n else "",
        "name": f"{one.id}, {label('measure', missed.key, lang, report.office).lower()}",
        "result": figures.result(missed, lang),
        "target": figures.target(missed, lang),
    }
    return phrase(one.id, "to_do", lang, **words) if own else said("to_do_other", lang, **words)


def count_of(measure: Measure, lang: str) -> str:
    if measure.n is None and not measure.enough:
        return figures.few(lang)
    return figures.number(measure.n, "count", lang)


def _summary(report: MonthlyReport, lang: str) -> ReportView:
    rows = (
        (
            f"{one.id} · {label(one.id, 'name', lang, report.office)}",
            result_of(one, lang, report.office),
            figures.target(one.main, lang),
            verdict(one.main, lang),
        )
        for one in report.figures.indicators.values()
    )
    table = _laid_out(said("summary", lang), ("indicator", "result", "target", "achieved"), rows, lang)
    return {**table, "sheets": tuple(report.figures.indicators)}


# The year: its promises first, then each indicator month by month.

PROMISES = ("I1", "I8", "I10", "I11")
"""What the charter promises: an answer on the same or the next working day, what becomes of the second level, agreed
calls, and satisfaction."""


def _promises_kept(report: MonthlyReport, lang: str) -> str:
    judged = [
        met for name, one in report.figures.indicators.items() if name in PROMISES and (met := one.main.met) is not None
    ]
    return said("promises" if judged else "promises_unknown", lang, year=report.month, met=sum(judged), n=len(judged))


def _year_lead(report: MonthlyReport, lang: str) -> tuple[str, ...]:
    found = report.figures.indicators
    lines = [
        said(
            "promise",
            lang,
            commitment=label(name, "commitment", lang, report.office),
            result=result_of(one, lang, report.office),
            n=count_of(one.main, lang),
            target=figures.target(one.main, lang),
            verdict=verdict(one.main, lang),
            months=_months_met(name, report, lang),
        )
        for name in PROMISES
        if (one := found.get(name))
    ]
    if found:
        cases, opinions = found["I5"].main, found["I12"].measure("opinions")
        lines.append(said("lead_volume", lang, n=figures.result(cases, lang), opinions=figures.result(opinions, lang)))
    measured = sum(bool(point.measures) for point in report.trend)
    return (*lines, said("months_measured", lang, n=measured, all=len(report.trend)))


def _months_met(name: str, report: MonthlyReport, lang: str) -> str:
    """`7 of 9`: the months in which the target was reached, of those that can be judged, if there are any."""
    judged = [met for point in report.trend if name in point.measures and (met := point.measures[name].met) is not None]
    return said("met_of", lang, met=sum(judged), n=len(judged)) if judged else figures.NOTHING


def _year_summary(report: MonthlyReport, lang: str) -> ReportView:
    rows = (
        (
            f"{one.id} · {label(one.id, 'name', lang, report.office)}",
            result_of(one, lang, report.office) if one.main.key != "median" else said("each_month", lang),
            figures.target(one.main, lang),
            verdict(one.main, lang) if one.main.key != "median" else figures.NOTHING,
            _months_met(one.id, report, lang) if one.main.target is not None else figures.NOTHING,
        )
        for one in report.figures.indicators.values()
    )
    table = _laid_out(said("summary", lang), ("indicator", "result", "target", "achieved", "months_met"), rows, lang)
    return {**table, "sheets": tuple(report.figures.indicators)}


def _by_months(one: Indicator, report: MonthlyReport, lang: str) -> ReportView:
    """An indicator of a year: the months one below the other, and what its tables add up to."""
    main, office = one.main, report.office
    nothing = replace(main, value=None, n=None, target=None)
    found = ((point, point.measures.get(one.id, nothing)) for point in report.trend)
    rows = (
        (
            _month_named(point, lang),
            figures.result(of_month, lang),
            count_of(of_month, lang),
            verdict(of_month, lang) if of_month.target is not None else figures.NOTHING,
        )
        for point, of_month in found
    )
    sheet = _indicator(replace(one, measures=()), report, lang)
    caption = f"{one.id}: {label('measure', main.key, lang, office)}"
    return {**sheet, "facts": _laid_out(caption, ("month", "result", "n", "achieved"), rows, lang)}


def _month_named(point: TrendPoint, lang: str) -> str:
    name = dates.short_month(Month.parse(point.month).first_day, lang)
    return name if point.measures else said("not_measured", lang, month=name)


def _laid_out(caption: str, head: Iterable[str], rows: Iterable[tuple[str, ...]], lang: str) -> ReportView:
    return {"caption": caption, "head": tuple(said(name, lang) for name in head), "rows": tuple(rows)}


def result_of(one: Indicator, lang: str, office: str) -> str:
    """The result as people read it: a figure, or `català 70,4 % · castellà 29,6 %`."""
    table = next((table for table in one.tables if table.key == _SHARES.get(one.id)), None)
    if table is None or not table.total:
        return figures.result(one.main, lang)
    return " · ".join(
        f"{row_label(row.key, table.words, lang, office)} "
        f"{figures.number(share(row.count, table.total), 'percent', lang)}"
        for row in sorted(table.rows, key=lambda row: -row.count)
        if row.count
    )


def verdict(measure: Measure, lang: str) -> str:
    """Met, missed, or why neither can be said."""
    if measure.target is None:
        return said("no_target", lang)
    if measure.met is not None:
        return said("met" if measure.met else "missed", lang)
    return said("no_data" if measure.enough else "too_few", lang)


def _indicator(one: Indicator, report: MonthlyReport, lang: str) -> ReportView:
    office = report.office
    name = label(one.id, "name", lang, office)
    return {
        "id": one.id,
        "heading": f"{one.id} · {name}",
        "result": result_of(one, lang, office),
        "facts": _facts(one, report, lang),
        "details": _details(one, lang, office) if one.measures else None,
        "tables": tuple(_cells(table, lang, office) for table in one.tables if table.rows and table.total),
        "breaches": _breaches(one, lang, office) if one.breaches else None,
    }


def _facts(one: Indicator, report: MonthlyReport, lang: str) -> ReportView:
    """The columns of published service charters, one below the other, so that a telephone shows them."""
    values = {
        "commitment": label(one.id, "commitment", lang, report.office),
        "formula": label(one.id, "formula", lang, report.office),
        "target": figures.target(one.main, lang) if one.main.target is not None else "",
        "result": result_of(one, lang, report.office),
        "n": count_of(one.main, lang) if one.main.n is not None else "",
        "difference": figures.difference(one.main, lang) if one.main.target is not None else "",
        "achieved": verdict(one.main, lang),
        "causes": causes(one, lang, report.office),
        "complaints": figures.result(report.figures.indicators["I12"].measure("opinions"), lang)
        if one.id == "I1"
        else "",
    }
    rows = ((said(key, lang), value) for key, value in values.items() if value)
    return _laid_out(
        f"{one.id}: {label('measure', one.main.key, lang, report.office)}", ("item", "content"), rows, lang
    )


def causes(one: Indicator, lang: str, office: str) -> str:
    """The causes of the breaches by name, with how many each has; '' = no breach."""
    table = next((table for table in one.tables if table.key == "causes"), None)
    if table is not None and table.rows:
        named = ((label("cause_of_breach", row.key, lang, office), row.count) for row in table.rows)
        return "; ".join(name if count == 0 else f"{name} ({count})" for name, count in named)
    return "; ".join(dict.fromkeys(label("cause_of_breach", breach.cause, lang, office) for breach in one.breaches))


def _details(one: Indicator, lang: str, office: str) -> ReportView:
    rows = (
        (
            label("measure", measure.key, lang, office),
            figures.target(measure, lang),
            _signed(measure, lang),
            verdict(measure, lang) if measure.target is not None else figures.NOTHING,
        )
        for measure in one.measures
    )
    caption = f"{one.id}: {said('details', lang).lower()}"
    return _laid_out(caption, ("measure", "target", "result", "achieved"), rows, lang)


def _signed(measure: Measure, lang: str) -> str:
    if measure.key in ("before", "year_before"):
        return figures.number(measure.value, measure.unit, lang, signed=True)
    return figures.result(measure, lang)


def _cells(table: FigureTable, lang: str, office: str) -> ReportView:
    compares = [name for name in ("before", "year_before") if any(getattr(row, name) is not None for row in table.rows)]
    caption = label("table", table.key, lang, office)
    return {
        "caption": caption,
        "head": (caption, said("number", lang), said("share", lang), *(said(name, lang) for name in compares)),
        "rows": tuple(
            (
                row_label(row.key, table.words, lang, office),
                figures.number(row.count, "count", lang),
                figures.number(share(row.count, table.total), "percent", lang),
                *(figures.number(getattr(row, name), "count", lang) for name in compares),
            )
            for row in table.rows
        ),
    }


def _breaches(one: Indicator, lang: str, office: str, most: int = LISTED) -> ReportView:
    unit: Unit = "days" if one.id == "I8" else "hours"
    rows = [
        (breach.case, label("cause_of_breach", breach.cause, lang, office), figures.number(breach.late, unit, lang))
        for breach in one.breaches[:most]
    ]
    if len(one.breaches) > most:
        rows.append((f"+ {len(one.breaches) - most}", "…", figures.NOTHING))
    return _laid_out(f"{one.id}: {said('breaches', lang).lower()}", ("case", "cause", "late_by"), rows, lang)


def _trend(points: Sequence[TrendPoint], names: Sequence[str], lang: str, office: str) -> ReportView:
    known = {name: measure for point in reversed(points) for name, measure in point.measures.items()}
    shown = [(name, label("measure", known[name].key, lang, office)) for name in names if name in known]

    def cell(point: TrendPoint, name: str) -> str:
        measure = point.measures.get(name)
        return figures.result(measure, lang) if measure and measure.enough else figures.NOTHING

    return {
        "caption": said("by_month", lang),
        "head": (said("month", lang), *(f"{name} {words}" for name, words in shown)),
        "rows": tuple((_month_named(point, lang), *(cell(point, name) for name, _ in shown)) for point in points),
    }


def _corrections(found: Sequence[CorrectFigure], lang: str, office: str) -> ReportView:
    rows = (
        (
            dates.short_month(Month.parse(one.month).first_day, lang),
            f"{one.indicator} {measure_name(one.measure, lang, office)}",
            _bare(one.old, lang),
            _bare(one.new, lang),
            said(one.why or "unknown", lang),
        )
        for one in found
    )
    return _laid_out(said("corrections", lang), ("month", "indicator", "old", "new", "why"), rows, lang)


def _bare(value: Value, lang: str) -> str:
    places = value is not None and not float(value).is_integer()
    return figures.number(value, "points" if places else "count", lang)


_Parts = tuple[
    Callable[[MonthlyReport, str], str],
    Callable[[MonthlyReport, str], tuple[str, ...]],
    Callable[[MonthlyReport, str], ReportView],
    Callable[[Indicator, MonthlyReport, str], ReportView],
]
"""The first sentence, what follows it, the summary, and the sheet of an indicator."""
_OF_A_MONTH: _Parts = (to_do, _lead, _summary, _indicator)
_OF_A_YEAR: _Parts = (_promises_kept, _year_lead, _year_summary, _by_months)


# --- Report charts ---------------------------------------------------------------------------------------------------
# Data to draw, and words for who cannot see them. The data of each chart stand in a table of the same page too. A value
# that is not known, or hidden in the published form, is None: a gap.


class Chart(Struct, frozen=True, kw_only=True):
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
    found = report.figures.indicators
    topics = next((table for table in found["I5"].tables if table.key == "topics"), None) if found else None
    target = figures.target(found["I1"].main, lang) if found else ""
    made = (
        _over_time(report.trend, "in_time", "I1", "line", lang, most=100.0, target=100.0, target_name=target),
        _over_time(report.trend, "cases", "I5", "bars", lang),
        _chart_rows([row for row in topics.rows if row.count] if topics else [], report.office, lang),
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
    labels = tuple(dates.short_month(Month.parse(point.month).first_day, lang) for point in points)
    measures = [point.measures.get(indicator) for point in points]
    values = tuple(None if one is None or one.value is None else float(one.value) for one in measures)
    written = tuple(figures.result(one, lang) if one else figures.NOTHING for one in measures)
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


def _chart_rows(rows: Sequence[Count], office: str, lang: str) -> Chart:
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


# --- Report csv ------------------------------------------------------------------------------------------------------
# RFC 4180: a row for each measure and each cell, with the columns of published service charters. `value`,
# `target_value` and `difference_value` are plain numbers with a point, for programs; the other columns are as people
# read them. The two last columns are for people to fill in.

_KEYS = ("month", "id", "key", "value", "unit", "n", "target_value", "difference_value", "met")
_WORDED = (
    "indicator", "commitment", "measure", "target", "result", "difference", "achieved", "causes", "complaints",
    "actions", "from_day",
)  # fmt: skip
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def as_csv(report: MonthlyReport, lang: str) -> str:
    """With a header line; lines end with CRLF. A cell that a spreadsheet would run as a formula begins with '. Of a
    year also the result of each month."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow((*_KEYS, *(said(name, lang) for name in _WORDED)))
    for one in report.figures.indicators.values():
        for row in _csv_rows(one, report, lang):
            writer.writerow(f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA) else cell for cell in row)
    return out.getvalue()


def _csv_rows(one: Indicator, report: MonthlyReport, lang: str) -> Iterator[tuple[object, ...]]:
    office = report.office
    name = label(one.id, "name", lang, office)
    promised = label(one.id, "commitment", lang, office)
    why = causes(one, lang, office)
    opinions = figures.result(report.figures.indicators["I12"].measure("opinions"), lang)
    months = ((point.month, main) for point in report.trend if report.of_year and (main := point.measures.get(one.id)))
    for month, measure in (*((report.month, own) for own in (one.main, *one.measures)), *months):
        first = measure is one.main
        met = {True: "yes", False: "no", None: ""}[measure.met]
        value, target, difference = map(rounded, (measure.value, measure.target, measure.difference))
        yield (
            *(month, one.id, measure.key, value, measure.unit, measure.n, target, difference, met),
            name,
            promised if first else "",
            label("measure", measure.key, lang, office),
            figures.target(measure, lang),
            result_of(one, lang, office) if first else figures.result(measure, lang),
            figures.difference(measure, lang).removeprefix("+"),
            verdict(measure, lang),
            why if first else "",
            opinions if first and one.id == "I1" else "",
            "",
            "",
        )
    for table in one.tables:
        caption = label("table", table.key, lang, office)
        for row in table.rows:
            named = row_label(row.key, table.words, lang, office)
            count = None if table.uncounted else row.count
            yield (
                report.month, one.id, f"{table.key}.{row.key}", count, "count", None, None, None, "",
                name, "", f"{caption}: {named}", "", figures.number(count, "count", lang), "", "", "", "", "", "",
            )  # fmt: skip


# --- Report json -----------------------------------------------------------------------------------------------------
# A report as the row of `report --json` (shape: docs/interfaces.md section 3). Values are rounded to four places.

PLACES = 4


def as_row(report: MonthlyReport, lang: str) -> dict[str, Any]:
    """The row; names and formulas in this language."""
    office, volume = report.office, report.figures.indicators.get("I5")
    cells = {table.key: {row.key: row.count for row in table.rows} for table in volume.tables} if volume else {}
    return {
        "year" if report.of_year else "month": report.month,
        "office": office,
        "language": lang,
        "generated_at": _time(report.generated_at),
        "final": report.final,
        "published_at": _time(report.published_at),
        "grouped": report.grouped,
        "indicators": [_json_indicator(one, lang, office) for one in report.figures.indicators.values()],
        "volumes": {"cases": volume.main.value if volume else None, **cells},
        "trend": [
            {
                "month": point.month,
                "published": point.published,
                "values": {
                    name: _of(main, "value", "n", "met", "low", "high") for name, main in point.measures.items()
                },
            }
            for point in report.trend
        ],
        "corrections": [
            {
                "month": correction.month,
                "id": correction.indicator,
                "key": correction.measure,
                "label": measure_name(correction.measure, lang, office),
                "old": rounded(correction.old),
                "new": rounded(correction.new),
                "why": correction.why,
                "at": _time(correction.at),
            }
            for correction in report.corrections
        ],
    }


def _json_indicator(one: Indicator, lang: str, office: str) -> dict[str, Any]:
    main = _measure(one.main, lang, office)
    return {
        "id": one.id,
        "name": label(one.id, "name", lang, office),
        "formula": label(one.id, "formula", lang, office),
        "target": main["target"],
        "result": main["value"],
        **{name: main[name] for name in ("unit", "n", "difference", "met", "enough")},
        "measures": [main, *(_measure(other, lang, office) for other in one.measures)],
        "tables": [
            {
                "key": table.key,
                "label": label("table", table.key, lang, office),
                "rows": [
                    {
                        "key": row.key,
                        "label": row_label(row.key, table.words, lang, office),
                        "count": None if table.uncounted else row.count,
                        "before": row.before,
                        "year_before": row.year_before,
                    }
                    for row in table.rows
                ],
            }
            for table in one.tables
        ],
        "breaches": [
            {
                "case": breach.case,
                "cause": breach.cause,
                "label": label("cause_of_breach", breach.cause, lang, office),
                "late": rounded(breach.late),
            }
            for breach in one.breaches
        ],
    }


def _measure(one: Measure, lang: str, office: str) -> dict[str, Any]:
    shown = _of(one, "value", "unit", "n", "target", "difference", "met", "enough", "low", "high")
    return {"key": one.key, "label": label("measure", one.key, lang, office), **shown}


def _of(one: Measure, *names: str) -> dict[str, Any]:
    return {name: rounded(getattr(one, name)) for name in names}


def row_label(key: str, words: str, lang: str, office: str) -> str:
    """The name of a row of a table: of its own group, else of those that all tables share, else the key."""
    if words:
        found = label(words, key, lang, office)
        if found != key:
            return found
    return label("report_row", key, lang, office)


_WORDS = {
    "topics": "topic", "operators": "operator", "derived_causes": "cause", "causes": "cause_of_breach",
    "kinds": "intent", "requests": "in_language", "answers": "in_language",
}  # fmt: skip


def measure_name(key: str, lang: str, office: str) -> str:
    """The name of a measure, or of a cell by its table and row."""
    table, dot, row = key.partition(".")
    if not dot:
        return label("measure", key, lang, office)
    return f"{label('table', table, lang, office)}: {row_label(row, _WORDS.get(table, ''), lang, office)}"


def rounded(value: Value) -> Value:
    return round(value, PLACES) if isinstance(value, float) else value


def _time(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None


# --- Report text -----------------------------------------------------------------------------------------------------
# For a terminal or a mail: sentences first, then each table line by line.


def as_text(view: ReportView) -> str:
    lines = _opening(view, f"{view['office']}. {view['title']}")
    if view["corrections"]:
        lines += [*_table(view["corrections"]), view["corrections_why"]]
    for one in view["indicators"]:
        lines += ["", one["heading"], *_rows(one["facts"]["rows"])]
        for table in filter(None, (one["details"], *one["tables"], one["breaches"])):
            lines += _table(table)
    return "\n".join([*lines, *_table(view["trend"]), "", view["note"], view["privacy"]])


def as_mail_text(view: ReportView) -> str:
    """What the mail says: the page that is attached to it has the rest."""
    lines = _opening(view, view["title"])
    if view["corrections"]:
        lines += [*_table(view["corrections"]), "", view["corrections_why"]]
    for table in (*view["missed"], view["short_trend"]):
        lines += _table(table)
    return "\n".join([*lines, "", view["note"], "", view["attached"], "", view["privacy"]])


def _opening(view: ReportView, title: str) -> list[str]:
    lead = (f"- {line}" for line in view["lead"])
    return [title, "", view["to_do"], "", *lead, "", *view["status"], *_table(view["summary"])]


def _table(table: ReportView) -> Iterator[str]:
    yield from ("", f"{table['caption']} ({' · '.join(table['head'][1:])})", "")
    yield from _rows(table["rows"])


def _rows(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    for name, *values in rows:
        yield f"- {name}: {' · '.join(values)}"


# --- Report page -----------------------------------------------------------------------------------------------------


@cache
def _template() -> Template:
    environment = Environment(
        loader=FileSystemLoader(shipped("templates")),
        undefined=StrictUndefined,
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("report_page.html.j2")


def report_page(view: ReportView) -> str:
    """`view`: its pictures have an entry `png`, the image in base64."""
    return _template().render(page=view)
