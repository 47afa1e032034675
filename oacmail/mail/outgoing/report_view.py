"""A report in words of one language, ready to be laid out: the text, the page, the mail and the CSV all show this.

It words figures and computes none. A table is a mapping of `caption`, `head` and `rows`; the first cell of a row names
it. What it holds are strings, tuples and mappings alone, so that a template may show all of it.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from oacmail.core.report.figures import (
    Breach,
    FigureCorrection,
    FigureTable,
    Indicator,
    Measure,
    Month,
    MonthlyReport,
    TrendPoint,
    Value,
    share,
)
from oacmail.core.report.solving import ALARM
from oacmail.mail.outgoing import dates_in_words
from oacmail.mail.outgoing import figures_in_words as figures
from oacmail.mail.outgoing.labels import label
from oacmail.mail.outgoing.report_json import measure_name, row_label
from oacmail.mail.outgoing.report_words import said

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
    """`pictures`: name, title and alt of each (mail/outgoing/report_charts.py), in their order; their images are the
    page's own matter."""
    month, office = Month.parse(report.month), report.office
    named = dates_in_words.month_words(month.first_day, lang)
    every = report.figures.indicators.values()
    return {
        "lang": lang,
        "title": said("title", lang, month=named),
        "office": office,
        "subject": said("subject", lang, month=named, what=_what(report, lang)),
        "status": _status(report, month, lang, zone),
        "to_do": to_do(report, lang),
        "lead": _lead(report, lang),
        "summary": _summary(report, lang),
        "charts": said("trend", lang),
        "pictures": tuple(pictures),
        "no_pictures": said("no_pictures", lang),
        "trend": _trend(report.trend, IN_TREND, lang, office),
        "short_trend": _trend(report.trend, IN_SHORT_TREND, lang, office),
        "missed": tuple(
            _breaches(one, lang, office, IN_A_MAIL) for one in every if one.breaches and one.main.met is False
        ),
        "breaches_title": said("breaches", lang),
        "attached": said("attached", lang),
        "indicators": tuple(_indicator(one, report, lang) for one in every),
        "corrections_title": said("corrections", lang),
        "corrections_why": said("corrections_why", lang),
        "corrections": _corrections(report.corrections, lang, office) if report.corrections else None,
        "privacy": said("privacy", lang),
        "note": said("cohort_note", lang),
    }


def _what(report: MonthlyReport, lang: str) -> str:
    main = report.figures.indicators["I1"].main
    if main.n == 0:
        return said("subject_none", lang)
    if main.n is None:
        return said("subject_few", lang)
    return said("subject_share", lang, share=figures.result(main, lang))


def _status(report: MonthlyReport, month: Month, lang: str, zone: ZoneInfo) -> tuple[str, ...]:
    cutoff = dates_in_words.date_words(_last_day(month), lang)
    state = said("final", lang, cutoff=cutoff) if report.final else said("provisional", lang)
    known = report.published_at
    when = said("published", lang, at=_moment(known, lang, zone)) if known else ""
    made = said("made", lang, at=_moment(report.generated_at, lang, zone))
    return tuple(line for line in (state, said("grouped", lang) if report.grouped else "", when or made) if line)


def _last_day(month: Month) -> date:
    return date.fromordinal(month.plus(1).first_day.toordinal() - 1)


def _moment(moment: datetime, lang: str, zone: ZoneInfo) -> str:
    return dates_in_words.date_words(moment.astimezone(zone).date(), lang)


def _lead(report: MonthlyReport, lang: str) -> tuple[str, ...]:
    """What a reader must know who reads nothing else."""
    found = report.figures.indicators
    in_time, marks = found["I1"].main, found["I11"].main
    lines = [_in_time(in_time, lang)]
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
    words = {
        "n": figures.result(one.measure("still_open") if one.id == "I8" else one.main, lang),
        "cases": _named_cases(one),
        "cause": _main_cause(one, lang, report.office),
        "name": f"{one.id}, {label('measure', missed.key, lang, report.office).lower()}",
        "result": figures.result(missed, lang),
        "target": figures.target(missed, lang),
    }
    return said(f"to_do_{one.id}" if own else "to_do_other", lang, **words)


def _named_cases(one: Indicator) -> str:
    """` (OAC-2026-000118, …)`: of those that wait; '' in the published form, which names none."""
    waiting = [breach.case for breach in one.breaches if one.id != "I8" or breach.cause == "not_over"]
    shown = ", ".join(waiting[:MOST_TO_DO])
    return f" ({shown}{', …' if len(waiting) > MOST_TO_DO else ''})" if shown else ""


def _main_cause(one: Indicator, lang: str, office: str) -> str:
    counted = Counter(breach.cause for breach in one.breaches)
    if not counted:
        return ""
    (cause, n), *_ = sorted(counted.items(), key=lambda pair: (-pair[1], pair[0]))
    return f" ({label('cause_of_breach', cause, lang, office)}: {n})"


def _in_time(main: Measure, lang: str) -> str:
    if main.n == 0:
        return said("lead_none", lang)
    if main.n is None:
        return said("lead_few", lang)
    key = "lead_all" if main.value == main.target else "lead_some"
    words = {"share": figures.result(main, lang), "n": count_of(main, lang), "target": figures.target(main, lang)}
    return said(key, lang, **words)


def count_of(measure: Measure, lang: str) -> str:
    if measure.n is None and not measure.enough:
        return figures.FEW[lang]
    return figures.number(measure.n, "count", lang)


def _summary(report: MonthlyReport, lang: str) -> ReportView:
    head = ("indicator", "result", "target", "achieved")
    return {
        "caption": said("summary", lang),
        "sheets": tuple(report.figures.indicators),
        "head": tuple(said(name, lang) for name in head),
        "rows": tuple(
            (
                f"{one.id} · {label('indicator', one.id, lang, report.office)}",
                result_of(one, lang, report.office),
                figures.target(one.main, lang),
                verdict(one.main, lang),
            )
            for one in report.figures.indicators.values()
        ),
    }


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
    name = label("indicator", one.id, lang, office)
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
        "commitment": label("commitment", one.id, lang, report.office),
        "formula": label("formula", one.id, lang, report.office),
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
    return {
        "caption": f"{one.id}: {label('measure', one.main.key, lang, report.office)}",
        "head": (said("item", lang), said("content", lang)),
        "rows": tuple((said(key, lang), value) for key, value in values.items() if value),
    }


def causes(one: Indicator, lang: str, office: str) -> str:
    """The causes of the breaches by name, with how many each has; '' = no breach."""
    table = next((table for table in one.tables if table.key == "causes"), None)
    if table is not None and table.rows:
        named = ((label("cause_of_breach", row.key, lang, office), row.count) for row in table.rows)
        return "; ".join(name if count == 0 else f"{name} ({count})" for name, count in named)
    return "; ".join(dict.fromkeys(label("cause_of_breach", breach.cause, lang, office) for breach in one.breaches))


def _details(one: Indicator, lang: str, office: str) -> ReportView:
    head = ("measure", "target", "result", "achieved")
    return {
        "caption": f"{one.id}: {said('details', lang).lower()}",
        "head": tuple(said(name, lang) for name in head),
        "rows": tuple(
            (
                label("measure", measure.key, lang, office),
                figures.target(measure, lang),
                _signed(measure, lang),
                verdict(measure, lang) if measure.target is not None else figures.NOTHING,
            )
            for measure in one.measures
        ),
    }


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
    unit = "days" if one.id == "I8" else "hours"
    rows = tuple(_breach(breach, unit, lang, office) for breach in one.breaches[:most])
    more = len(one.breaches) - most
    return {
        "caption": f"{one.id}: {said('breaches', lang).lower()}",
        "head": (said("case", lang), said("cause", lang), said("late_by", lang)),
        "rows": (*rows, *(((f"+ {more}", "…", figures.NOTHING),) if more > 0 else ())),
    }


def _breach(one: Breach, unit: Any, lang: str, office: str) -> tuple[str, ...]:
    return (one.case, label("cause_of_breach", one.cause, lang, office), figures.number(one.late, unit, lang))


def _trend(points: Sequence[TrendPoint], names: Sequence[str], lang: str, office: str) -> ReportView:
    mains = [(name, _main(points, name)) for name in names]
    shown = [(name, label("measure", main.key, lang, office)) for name, main in mains if main is not None]
    return {
        "caption": said("by_month", lang),
        "head": (said("month", lang), *(f"{name} {words}" for name, words in shown)),
        "rows": tuple(
            (
                dates_in_words.short_month(Month.parse(point.month).first_day, lang),
                *(_of_point(point, name, lang) for name, _ in shown),
            )
            for point in points
        ),
    }


def _main(points: Iterable[TrendPoint], name: str) -> Measure | None:
    return next((point.measures[name] for point in points if name in point.measures), None)


def _of_point(point: TrendPoint, name: str, lang: str) -> str:
    measure = point.measures.get(name)
    return figures.result(measure, lang) if measure and measure.enough else figures.NOTHING


def _corrections(found: Sequence[FigureCorrection], lang: str, office: str) -> ReportView:
    head = ("month", "indicator", "old", "new", "why")
    return {
        "caption": said("corrections", lang),
        "head": tuple(said(name, lang) for name in head),
        "rows": tuple(
            (
                dates_in_words.short_month(Month.parse(one.month).first_day, lang),
                f"{one.indicator} {measure_name(one.measure, lang, office)}",
                _bare(one.old, lang),
                _bare(one.new, lang),
                said(one.why or "unknown", lang),
            )
            for one in found
        ),
    }


def _bare(value: Value, lang: str) -> str:
    places = value is not None and not float(value).is_integer()
    return figures.number(value, "points" if places else "count", lang)
