"""The words and numbers of the monthly report, and what its published form leaves out."""

import csv
import io
import re
from pathlib import Path

import pytest
from msgspec.structs import replace

from oacmail.core.report.figures import (
    Count,
    FigureTable,
    Indicator,
    Measure,
    MonthFigures,
    MonthlyReport,
    MonthRows,
    RequestRow,
    Unit,
    grouped,
)
from oacmail.core.report.indicators import INDICATORS, month_figures
from oacmail.words import dates, labels
from oacmail.words.labels import label
from oacmail.words.report_forms import as_csv, as_row, measure_name, report_view
from tests.report.report_rows import MADRID, NOVEMBER, POLICY, case, event, local, request


@pytest.mark.parametrize(
    ("value", "unit", "written"),
    [
        (95.24, "percent", ("95,2\u00a0%", "95,2\u00a0%", "95.2%")),
        (100.0, "percent", ("100\u00a0%", "100\u00a0%", "100%")),
        (1234, "count", ("1.234", "1.234", "1,234")),
        (3.5, "hours", ("3,5\u00a0h", "3,5\u00a0h", "3.5\u00a0h")),
        (1.0, "days", ("1\u00a0dia hàbil", "1\u00a0día hábil", "1\u00a0working day")),
        (4.0, "points", ("4,00", "4,00", "4.00")),
        (None, "count", ("—", "—", "—")),
    ],
)
def test_numbers_are_written_as_each_language_does(value: float | None, unit: Unit, written: tuple[str, ...]) -> None:
    assert tuple(dates.number(value, unit, lang) for lang in ("ca", "es", "en")) == written


def test_a_figure_is_never_rounded_to_the_other_side_of_its_target() -> None:
    def shown(value: float, target: float, unit: Unit, *, at_least: bool = True) -> str:
        return dates.result(Measure(key="x", value=value, unit=unit, n=9, target=target, at_least=at_least), "en")

    assert shown(99.97, 100, "percent") == "99.9%"
    assert shown(3.996, 4, "points") == "3.99"
    assert shown(4.04, 4, "hours", at_least=False) == "4.1\u00a0h"
    assert shown(4.0, 4, "hours", at_least=False) == "4\u00a0h"
    assert shown(59.96, 60, "percent") == "59.9%"


def test_the_difference_is_that_of_the_figures_as_shown() -> None:
    def shown(value: float, target: float, unit: Unit) -> tuple[str, str]:
        one = Measure(key="x", value=value, unit=unit, n=9, target=target)
        return dates.result(one, "ca"), dates.difference(one, "ca")

    assert shown(99.97, 100, "percent") == ("99,9\u00a0%", "−0,1\u00a0punts")
    assert shown(3.996, 4, "points") == ("3,99", "−0,01")
    assert shown(85.1852, 80, "percent") == ("85,2\u00a0%", "+5,2\u00a0punts")
    assert shown(100, 100, "percent") == ("100\u00a0%", "0\u00a0punts")


@pytest.mark.parametrize("key", ["kinds.complaint", "requests.fr", "answers.ca", "topics.grant", "pointers.no_pointer"])
def test_a_corrected_cell_is_named_in_words(key: str) -> None:
    row = key.partition(".")[2]
    for lang in ("ca", "es", "en"):
        assert row not in measure_name(key, lang, "OAC").partition(": ")[2].split()


_NAMES = ("name", "formula", "commitment")


def test_every_figure_has_a_name_in_each_language() -> None:
    found = month_figures(POLICY, NOVEMBER, MonthRows(cases={"1": case()}, requests=(request(),)))
    for one in found.indicators.values():
        for lang in ("ca", "es", "en"):
            named = [label(one.id, key, lang, "OAC") for key in _NAMES]
            named += [label("measure", measure.key, lang, "OAC") for measure in (one.main, *one.measures)]
            named += [label("table", table.key, lang, "OAC") for table in one.tables]
            keys = {measure.key for measure in (one.main, *one.measures)} | {table.key for table in one.tables}
            assert not {*_NAMES, *keys} & set(named)


# --- the published form ------------------------------------------------------------------------------------


def test_small_rows_are_joined_until_nothing_can_be_subtracted() -> None:
    def joined(**counts: int) -> dict[str, int]:
        table = FigureTable(key="topics", rows=tuple(Count(key=key, count=count) for key, count in counts.items()))
        one = Indicator(id="I5", main=Measure(key="cases", value=table.total, unit="count"), tables=(table,))
        found = grouped(_report(one)).figures.indicators["I5"].tables
        return {row.key: row.count for row in found[0].rows} if found else {}

    assert joined(a=20, b=3, c=4) == {"a": 20, "grouped": 7}
    assert joined(a=20, b=9, c=3) == {"a": 20, "grouped": 12}  # one small row alone: 32 - 29 would tell it
    assert joined(a=20, b=9, c=1, d=2) == {"a": 20, "grouped": 12}  # 3 together is small too
    assert joined(a=20, b=9, c=0) == {"a": 20, "b": 9, "c": 0}
    assert joined(a=3, b=1) == {}


def test_a_share_that_would_tell_a_small_number_is_a_span() -> None:
    def public(value: float, n: int) -> Measure:
        one = Indicator(id="I1", main=Measure(key="in_time", value=value, unit="percent", n=n, target=100.0))
        return grouped(_report(one)).figures.indicators["I1"].main

    hidden = public(97.5, 40)  # one of forty
    assert (hidden.value, hidden.low, hidden.high, hidden.met) == (None, 90.0, 97.5, False)
    assert public(80.0, 40).value == 80.0
    assert public(100.0, 40).value == 100.0
    assert (public(50.0, 4).value, public(50.0, 4).n) == (None, None)


def test_a_response_rate_tells_neither_a_few_who_answered_nor_a_few_who_did_not() -> None:
    def rate(value: float) -> Measure:
        share = Measure(key="response_rate", value=value, unit="percent", n=50)
        main = Measure(key="satisfaction", value=4.5, unit="points", n=40, target=4.0)
        one = Indicator(id="I11", main=main, measures=(share,))
        return grouped(_report(one)).figures.indicators["I11"].measures[0]

    assert [(one.value, one.n) for one in map(rate, (94.0, 4.0, 50.0))] == [(None, None), (None, None), (50.0, None)]


def test_a_published_month_of_a_few_requests_says_few_and_not_none() -> None:
    def lead(*requests: RequestRow) -> tuple[str, str]:
        found = month_figures(POLICY, NOVEMBER, MonthRows(cases={"1": case()}, requests=requests))
        report = grouped(replace(_report(found.indicators["I1"]), figures=found))
        view = report_view(report, "ca", MADRID)
        return view["lead"][0], view["subject"].partition(": ")[2]

    few = lead(request(answered="2026-11-10 12:00"))
    assert few == ("Aquest mes vencien menys de 5 consultes; la proporció no es publica.", "menys de 5 consultes")
    assert lead() == ("Aquest mes no vencia cap consulta.", "cap consulta per respondre")


def test_published_causes_are_named_and_not_counted_as_none() -> None:
    found = month_figures(POLICY, NOVEMBER, MonthRows(cases={"1": case()}, requests=(request(),)))
    report = grouped(replace(_report(found.indicators["I1"]), figures=found))
    rows = csv.DictReader(io.StringIO(as_csv(report, "ca"), newline=""))
    (row,) = (row for row in rows if row["id"] == "I1" and row["key"].startswith("causes."))
    assert (row["key"], row["value"], row["Resultat"]) == ("causes.unanswered", "", "—")
    (table,) = as_row(report, "ca")["indicators"][0]["tables"]
    assert [(one["key"], one["count"]) for one in table["rows"]] == [("unanswered", None)]


def _report(one: Indicator) -> MonthlyReport:
    return MonthlyReport(
        month="2026-11",
        office="OAC",
        generated_at=local("2026-12-01 08:00"),
        final=True,
        figures=MonthFigures(month="2026-11", indicators={one.id: one}),
    )


def test_a_cell_that_a_spreadsheet_would_run_is_text() -> None:
    found = month_figures(
        POLICY,
        NOVEMBER,
        MonthRows(
            cases={"1": case(level="out_of_scope")},
            requests=(request(opens="1"),),
            events=(event("referred", "2026-11-10 12:00", body='=HYPERLINK("x")'),),
        ),
    )
    report = replace(_report(found.indicators["I9"]), figures=found)
    cells = {cell for row in csv.reader(io.StringIO(as_csv(report, "ca"), newline="")) for cell in row}
    assert not [cell for cell in cells if cell.startswith(("=", "+", "@"))]
    assert any("HYPERLINK" in cell for cell in cells)


def test_a_new_indicator_is_in_every_form_by_its_row_and_its_words(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = MonthRows(cases={"1": case()}, requests=(request(),))
    main = Measure(key="open_doors", value=7, unit="count")
    monkeypatch.setitem(INDICATORS, "I99", (lambda of: Indicator(id="I99", main=main), ()))
    section = "".join(f'{key} = {{ ca = "Portes", es = "Puertas", en = "Doors" }}\n' for key in _NAMES)
    monkeypatch.setitem(labels._sections(), "I99", section)
    monkeypatch.setitem(labels.group("measure"), "open_doors", {"ca": "Obertes", "es": "Abiertas", "en": "Open"})
    made = replace(_report(Indicator(id="I99", main=main)), figures=month_figures(POLICY, NOVEMBER, rows))
    assert "Portes" in as_csv(made, "ca")
    assert "Doors" in str(report_view(made, "en", MADRID))
    assert as_row(made, "es")["indicators"][-1]["name"] == "Puertas"


def test_the_recipe_of_an_indicator_names_each_file_that_names_one() -> None:
    root = Path(__file__).parents[2]
    recipe = re.search(
        r"^\| an indicator \|(.*?)What nothing reads yet", (root / "CONTRIBUTING.md").read_text("utf-8"), re.M
    )
    assert recipe
    naming = {
        str(path.relative_to(root)) for path in (root / "oacmail").rglob("*.py") if '"I14"' in path.read_text("utf-8")
    }
    assert set(re.findall(r"`(oacmail/\S+\.py)`", recipe[1])) == naming


def test_each_row_of_the_table_makes_the_indicator_of_its_name() -> None:
    found = month_figures(POLICY, NOVEMBER, MonthRows(cases={}))
    assert {name: one.id for name, one in found.indicators.items()} == {name: name for name in INDICATORS}


# The first sentence of a report says what to do; the result of I13 is the share of each language.


def report(*requests: RequestRow) -> MonthlyReport:
    found = month_figures(POLICY, NOVEMBER, MonthRows(cases={"1": case()}, requests=requests))
    return MonthlyReport(
        month="2026-11", office="OAC", generated_at=local("2026-12-01 08:00"), final=True, figures=found
    )


GOOD = tuple(
    request(f"2026-11-{day} 10:00", f"2026-11-{day + 1} 20:00", f"2026-11-{day} 11:00", opens="1")
    for day in (10, 11, 12)
)
LATE = request("2026-11-16 10:00", "2026-11-17 20:00", "2026-11-18 10:00")


@pytest.mark.parametrize(
    ("rows", "lang", "said"),
    [
        ((request(),), "ca", "respondre abans que res els casos que a final de mes esperaven resposta: 1 (1)."),
        ((request(),), "en", "first answer the cases that waited for an answer at the end of the month: 1 (1)."),
        ((*GOOD, LATE), "ca", "respondre dins de termini; es va fer en un 75 % (resposta fora de termini: 1)."),
        ((*GOOD, LATE), "es", "responder dentro de plazo; se hizo en un 75 % (respuesta fuera de plazo: 1)."),
        (GOOD, "ca", "res més que continuar igual; s'han assolit tots els objectius."),
        ((), "en", "nothing but carry on; all targets were met."),
    ],
)
def test_the_first_sentence_says_what_to_do(rows: tuple[RequestRow, ...], lang: str, said: str) -> None:
    sentence = report_view(report(*rows), lang, MADRID)["to_do"]
    assert sentence.partition(": ")[2].replace("\u00a0", " ") == said


def test_the_published_form_names_no_case_in_it() -> None:
    sentence = report_view(grouped(report(request())), "ca", MADRID)["to_do"]
    assert sentence.endswith("esperaven resposta: menys de 5.")


def test_every_target_that_can_be_missed_has_a_sentence() -> None:
    met = report(*GOOD)
    every = met.figures.indicators
    for name, one in every.items():
        for place, measure in enumerate((one.main, *one.measures)):
            if measure.target is None:
                continue
            value = measure.target + (-1 if measure.at_least else 1)
            each = [*(one.main, *one.measures)]
            each[place] = replace(measure, value=value, n=9, enough=True)
            missed = replace(one, main=each[0], measures=tuple(each[1:]))
            made = replace(met, figures=replace(met.figures, indicators={**every, name: missed}))
            said = {report_view(made, lang, MADRID)["to_do"] for lang in ("ca", "es", "en")}
            assert len(said) == 3
            assert not said & {report_view(met, lang, MADRID)["to_do"] for lang in ("ca", "es", "en")}, name


def test_languages_are_shown_as_shares() -> None:
    asked = [one._replace(lang=lang) for one, lang in zip((*GOOD, LATE), ("ca", "es", "ca", "ca"), strict=True)]
    rows = dict(row[:2] for row in report_view(report(*asked), "ca", MADRID)["summary"]["rows"])
    (shown,) = (value for name, value in rows.items() if name.startswith("I13 "))
    assert shown.replace("\u00a0", " ") == "en català 75 % · en castellà 25 %"
