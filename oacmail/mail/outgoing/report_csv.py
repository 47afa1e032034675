"""A report as CSV (RFC 4180): a row for each measure and each cell, with the columns of published service charters.

`value`, `target_value` and `difference_value` are plain numbers with a point, for programs; the other columns are as
people read them. The two last columns are for people to fill in.
"""

import csv
import io
from collections.abc import Iterator

from oacmail.core.report.figures import FigureTable, Indicator, Measure, MonthlyReport
from oacmail.mail.outgoing import figures_in_words as figures
from oacmail.mail.outgoing.labels import label
from oacmail.mail.outgoing.report_json import rounded, row_label
from oacmail.mail.outgoing.report_view import causes, result_of, verdict
from oacmail.mail.outgoing.report_words import said

_KEYS = ("month", "id", "key", "value", "unit", "n", "target_value", "difference_value", "met")
_WORDED = (
    "indicator", "commitment", "measure", "target", "result", "difference", "achieved", "causes", "complaints",
    "actions", "from_day",
)  # fmt: skip
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def as_csv(report: MonthlyReport, lang: str) -> str:
    """With a header line; lines end with CRLF. A cell that a spreadsheet would run as a formula begins with '."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow((*_KEYS, *(said(name, lang) for name in _WORDED)))
    for one in report.figures.indicators.values():
        writer.writerows(list(map(_plain, row)) for row in _rows(one, report, lang))
    return out.getvalue()


def _plain(cell: object) -> object:
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA) else cell


def _rows(one: Indicator, report: MonthlyReport, lang: str) -> Iterator[tuple[object, ...]]:
    office = report.office
    name = label("indicator", one.id, lang, office)
    promised = label("commitment", one.id, lang, office)
    why = causes(one, lang, office)
    opinions = figures.result(report.figures.indicators["I12"].measure("opinions"), lang)
    for measure in (one.main, *one.measures):
        first = measure is one.main
        yield (
            *_numbers(report.month, one.id, measure),
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
        yield from _cells(table, one, report, lang)


def _numbers(month: str, name: str, measure: Measure) -> tuple[object, ...]:
    met = {True: "yes", False: "no", None: ""}[measure.met]
    value, target, difference = (rounded(part) for part in (measure.value, measure.target, measure.difference))
    return (month, name, measure.key, value, measure.unit, measure.n, target, difference, met)


def _cells(table: FigureTable, one: Indicator, report: MonthlyReport, lang: str) -> Iterator[tuple[object, ...]]:
    caption = label("table", table.key, lang, report.office)
    for row in table.rows:
        named = row_label(row.key, table.words, lang, report.office)
        count = None if table.uncounted else row.count
        yield (
            report.month, one.id, f"{table.key}.{row.key}", count, "count", None, None, None, "",
            label("indicator", one.id, lang, report.office), "", f"{caption}: {named}", "",
            figures.number(count, "count", lang), "", "", "", "", "", "",
        )  # fmt: skip
