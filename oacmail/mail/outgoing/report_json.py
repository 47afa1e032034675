"""A report as the row of `report --json` (shape: docs/interfaces.md section 3). Values are rounded to four places."""

from datetime import datetime
from typing import Any

from oacmail.core.report.figures import (
    Breach,
    Count,
    FigureCorrection,
    FigureTable,
    Indicator,
    Measure,
    MonthlyReport,
    TrendPoint,
    Value,
)
from oacmail.mail.outgoing.labels import label

PLACES = 4


def as_row(report: MonthlyReport, lang: str) -> dict[str, Any]:
    """The row; names and formulas in this language."""
    return {
        "month": report.month,
        "office": report.office,
        "language": lang,
        "generated_at": _time(report.generated_at),
        "final": report.final,
        "published_at": _time(report.published_at),
        "grouped": report.grouped,
        "indicators": [_indicator(one, lang, report.office) for one in report.figures.indicators.values()],
        "volumes": _volumes(report.figures.indicators["I5"]),
        "trend": [_point(one) for one in report.trend],
        "corrections": [_correction(one, lang, report.office) for one in report.corrections],
    }


def _volumes(volume: Indicator) -> dict[str, Any]:
    """The cells of I5 by their keys, for programs."""
    tables = {table.key: {row.key: row.count for row in table.rows} for table in volume.tables}
    return {"cases": volume.main.value, **tables}


def _indicator(one: Indicator, lang: str, office: str) -> dict[str, Any]:
    main = _measure(one.main, lang, office)
    return {
        "id": one.id,
        "name": label("indicator", one.id, lang, office),
        "formula": label("formula", one.id, lang, office),
        "target": main["target"],
        "result": main["value"],
        "unit": main["unit"],
        "n": main["n"],
        "difference": main["difference"],
        "met": main["met"],
        "enough": main["enough"],
        "measures": [main, *(_measure(other, lang, office) for other in one.measures)],
        "tables": [_table(table, lang, office) for table in one.tables],
        "breaches": [_breach(breach, lang, office) for breach in one.breaches],
    }


def _measure(one: Measure, lang: str, office: str) -> dict[str, Any]:
    return {
        "key": one.key,
        "label": label("measure", one.key, lang, office),
        "value": rounded(one.value),
        "unit": one.unit,
        "n": one.n,
        "target": one.target,
        "difference": rounded(one.difference),
        "met": one.met,
        "enough": one.enough,
        "low": rounded(one.low),
        "high": rounded(one.high),
    }


def _table(table: FigureTable, lang: str, office: str) -> dict[str, Any]:
    return {
        "key": table.key,
        "label": label("table", table.key, lang, office),
        "rows": [_count(row, table, lang, office) for row in table.rows],
    }


def _count(row: Count, table: FigureTable, lang: str, office: str) -> dict[str, Any]:
    return {
        "key": row.key,
        "label": row_label(row.key, table.words, lang, office),
        "count": None if table.uncounted else row.count,
        "before": row.before,
        "year_before": row.year_before,
    }


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


def _breach(one: Breach, lang: str, office: str) -> dict[str, Any]:
    return {
        "case": one.case,
        "cause": one.cause,
        "label": label("cause_of_breach", one.cause, lang, office),
        "late": rounded(one.late),
    }


def _point(one: TrendPoint) -> dict[str, Any]:
    values = {
        name: {
            "value": rounded(main.value),
            "n": main.n,
            "met": main.met,
            "low": rounded(main.low),
            "high": rounded(main.high),
        }
        for name, main in one.measures.items()
    }
    return {"month": one.month, "published": one.published, "values": values}


def _correction(one: FigureCorrection, lang: str, office: str) -> dict[str, Any]:
    return {
        "month": one.month,
        "id": one.indicator,
        "key": one.measure,
        "label": measure_name(one.measure, lang, office),
        "old": rounded(one.old),
        "new": rounded(one.new),
        "why": one.why,
        "at": _time(one.at),
    }


def rounded(value: Value) -> Value:
    return round(value, PLACES) if isinstance(value, float) else value


def _time(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
