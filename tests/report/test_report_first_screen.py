"""The first sentence of a report says what to do; the result of I13 is the share of each language."""

from dataclasses import replace

import pytest

from oacmail.core.report.figures import MonthlyReport, MonthRows, RequestRow, grouped
from oacmail.core.report.indicators import month_figures
from oacmail.words.report_forms import report_view
from tests.report.report_rows import MADRID, NOVEMBER, POLICY, case, local, request


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
