"""The evaluation of a year: its months' own figures, added; what was not measured says so."""

import csv
import io
import json
from collections.abc import Callable
from random import Random

import pytest
from click.testing import CliRunner
from msgspec.structs import replace

from oacmail import charts, reporting, wiring
from oacmail.cli import oacmail
from oacmail.core.report.figures import EventRow, Month, MonthFigures, MonthlyReport, MonthRows, RequestRow, VoteRow
from oacmail.core.report.indicators import INDICATORS, month_figures, year_figures
from oacmail.words.report_forms import as_csv, as_mail_text, as_row, as_text, report_page, report_view
from testbed.office import as_toml
from tests.report.report_rows import MADRID, POLICY, case, event, local, request
from tests.report.test_month import COUNCIL, sent
from tests.report.test_report_forms import LANGUAGES, PageRead, shows_an_accessible_page
from tests.world import ANNA, MARTA, PERE, World, text_of

TOWN = Callable[..., World]
UNMEASURED = ("gen", "feb", "mar", "abr", "mai", "jun", "jul", "ago", "set")


def year(world: World, number: int = 2026) -> MonthlyReport:
    return reporting.make_year(world.store.con, world.policy, number, world.clock.now())


def main(made: MonthlyReport, name: str) -> tuple[float | None, int | None, bool | None]:
    one = made.figures.indicators[name].main
    return one.value, one.n, one.met


@pytest.fixture
def two_months(town: TOWN) -> World:
    """Three answered in time in October, one not answered in November; the desk began on 20 October."""
    world = town(now="2026-10-20 10:00", report={"to": [COUNCIL]})
    for who in (ANNA, PERE, MARTA):
        world.agent_answers(world.citizen_asks(who))
    world.advance("2026-11-10 10:00")
    world.citizen_asks("joan@example.org")
    world.live("2027-01-04 08:00", minutes=600)
    return world


# --- what it counts ----------------------------------------------------------------------------------------


def test_the_share_of_a_year_is_that_of_the_sums_and_not_the_mean_of_the_shares(two_months: World) -> None:
    made = year(two_months)
    shares = {point.month: point.measures["I1"].value for point in made.trend if point.measures}
    assert shares == {"2026-10": 100, "2026-11": 0, "2026-12": None}
    assert main(made, "I1") == (75, 4, False)
    assert main(made, "I5") == (4, None, None)


def test_what_stands_at_the_end_of_a_month_is_not_added(two_months: World) -> None:
    made = year(two_months)
    assert [point.measures["I2"].value for point in made.trend if point.measures] == [0, 1, 1]
    assert main(made, "I2")[0] == 1


def test_a_year_has_no_median_of_medians(two_months: World) -> None:
    assert main(year(two_months), "I4") == (None, None, None)
    view = report_view(year(two_months), "en", MADRID)
    assert [row[1:4] for row in view["summary"]["rows"] if row[0].startswith("I4 ")] == [
        ("month by month", "≤\u00a04\u00a0h", "—")
    ]


def random_month(random: Random, number: int) -> tuple[MonthFigures, list[RequestRow], list[VoteRow]]:
    days = [random.randint(2, 20) for _ in range(random.randint(0, 9))]
    asked = [
        request(
            f"2026-{number:02d}-{day:02d} 10:00",
            f"2026-{number:02d}-{day + 1:02d} 20:00",
            f"2026-{number:02d}-{day + random.randint(0, 3):02d} 12:00" if random.random() < 0.9 else "",
            case=f"{number}.{place}",
            opens=f"{number}.{place}",
        )
        for place, day in enumerate(days)
    ]
    votes = [
        VoteRow(case=one.case, at=local(f"2026-{number:02d}-25 10:00"), score=random.randint(1, 5)) for one in asked
    ]
    events: tuple[EventRow, ...] = tuple(
        event("escalated", f"2026-{number:02d}-05 10:00", one.case, why="ordered") for one in asked[::4]
    )
    rows = MonthRows(
        cases={one.case: case(one.case, f"2026-{number:02d}-02 10:00") for one in asked},
        requests=tuple(asked),
        events=events,
        votes=tuple(votes),
        surveys=len(votes),
    )
    return month_figures(POLICY, Month(2026, number), rows), asked, votes


@pytest.mark.parametrize("seed", range(20))
def test_every_sum_of_a_year_is_that_of_its_rows(seed: int) -> None:
    random = Random(seed)
    months = [random_month(random, number) for number in range(1, 13)]
    found = year_figures("2026", [figures for figures, _, _ in months]).indicators
    asked = [one for _, rows, _ in months for one in rows]
    scores = [vote.score for _, _, votes in months for vote in votes]
    in_time = sum(one.answered_at is not None and one.answered_at <= one.due_at for one in asked)
    assert found["I1"].main.value == pytest.approx(100 * in_time / len(asked), abs=1e-9)
    assert found["I1"].main.n == len(asked)
    assert found["I1"].measure("in_time_count").value == in_time
    assert found["I5"].main.value == len(asked)
    assert found["I11"].main.value == sum(scores) / len(scores)
    assert [row.count for row in found["I11"].tables[0].rows] == [scores.count(mark) for mark in range(1, 6)]
    late = [one.count for one in found["I1"].tables[0].rows]
    assert sum(late) == len(asked) - in_time
    assert found["I2"].main == months[-1][0].indicators["I2"].main


def test_a_mean_of_exactly_four_is_met_however_many_months_it_comes_from() -> None:
    months = [
        month_figures(
            POLICY,
            Month(2026, number),
            MonthRows(
                cases={},
                votes=tuple(
                    VoteRow(case=f"{number}.{place}", at=local(f"2026-{number:02d}-09 10:00"), score=score)
                    for place, score in enumerate(scores)
                ),
            ),
        )
        for number, scores in ((1, (5, 5, 4)), (2, (3, 5, 3)), (3, (4,)), (4, (3, 4, 5, 3, 4)))
    ]
    one = year_figures("2026", months).indicators["I11"].main
    assert (one.value, one.n, one.enough, one.met) == (4.0, 12, True, True)
    assert [month.indicators["I11"].main.met for month in months] == [None, None, None, False]


def test_a_month_published_before_an_indicator_existed_adds_nothing_to_it() -> None:
    new = month_figures(POLICY, Month(2026, 2), MonthRows(cases={"1": case()}, requests=(request(opens="1"),)))
    old = replace(new, indicators={name: one for name, one in new.indicators.items() if name != "I14"})
    assert list(year_figures("2026", [old, new]).indicators) == list(INDICATORS)


def test_the_figures_of_a_year_are_those_that_were_published_and_corrections_stand_beside_them(
    two_months: World,
) -> None:
    number = two_months.rows("SELECT number FROM cases ORDER BY id DESC LIMIT 1")[0]["number"]
    two_months.order("log-call", str(number), at=local("2026-11-11 11:00").isoformat())
    made = year(two_months)
    assert main(made, "I1") == (75, 4, False)
    corrected: dict[tuple[str, ...], object] = {
        (one.month, one.indicator, one.measure): (one.old, one.new) for one in made.corrections
    }
    assert corrected["2026-11", "I1", "in_time"] == (0, 100)
    assert "Correccions" in as_text(report_view(made, "ca", MADRID))


# --- what it says ------------------------------------------------------------------------------------------


def test_a_partial_year_names_the_months_that_were_not_measured(two_months: World) -> None:
    view = report_view(year(two_months), "ca", MADRID)
    named = [row[0] for row in view["trend"]["rows"] if "no mesurat" in row[0]]
    assert named == [f"{name}\u00a026 (no mesurat)" for name in UNMEASURED]
    assert len(view["trend"]["rows"]) == 12
    assert "Mesos mesurats: 3 de 12." in view["lead"]
    sheet = next(one for one in view["indicators"] if one["id"] == "I1")
    assert [row[1:] for row in sheet["facts"]["rows"]][8:] == [
        ("—", "—", "—"), ("100\u00a0%", "3", "Assolit"), ("0\u00a0%", "1", "No assolit"), ("—", "0", "Sense dades"),
    ]  # fmt: skip


def test_the_promises_of_the_charter_come_first(two_months: World) -> None:
    view = report_view(year(two_months), "en", MADRID)
    assert view["to_do"] == "Promises of the service charter kept in 2026: 0 of 1."
    assert view["lead"][0] == (
        "Answer every enquiry on the same or the next working day: 75% (n = 4; target: 100%). "
        "Missed; months in which it was met: 1 of 2."
    )
    assert [line.partition(":")[0] for line in view["lead"][1:4]] == [
        "Tell the outcome of what was passed on within 5 working days",
        "Call in the agreed slot and in time",
        "Satisfaction of at least 4 of 5",
    ]
    assert "Insufficient sample" in view["lead"][3]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_year_in_which_nothing_was_measured_says_so_in_every_form(two_months: World, lang: str) -> None:
    made = year(two_months, 2025)
    said = {"ca": "Mesos mesurats: 0 de 12.", "es": "Meses medidos: 0 de 12.", "en": "Months measured: 0 of 12."}[lang]
    view = report_view(made, lang, MADRID)
    for text in (as_text(view), as_mail_text(view), report_page(view)):
        assert said in text
    assert as_row(made, lang)["indicators"] == []
    assert as_csv(made, lang).count("\r\n") == 1


def test_a_year_that_is_not_over_is_provisional_and_its_later_months_are_not_measured(two_months: World) -> None:
    two_months.clock.set(local("2027-01-20 09:00"))
    made = year(two_months, 2027)
    assert made.final is False
    assert [point.month for point in made.trend if point.measures] == ["2027-01"]
    assert "Xifres provisionals: l'any encara no s'ha acabat." in report_view(made, "ca", MADRID)["status"]
    assert year(two_months).final is True


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_page_of_a_year_is_accessible_and_no_word_of_it_speaks_of_one_month(two_months: World, lang: str) -> None:
    worded = reporting.worded(year(two_months), lang, two_months.policy)
    page = report_page(worded.view)
    shows_an_accessible_page(PageRead(page), lang, tables=16, images=3)
    this_month = {"ca": "aquest mes", "es": "este mes", "en": "this month"}[lang]
    assert this_month not in page.lower()
    assert this_month not in as_text(worded.view).lower()


def test_json_and_csv_have_the_year_and_each_month(two_months: World) -> None:
    made = year(two_months)
    row = as_row(made, "en")
    assert (row["year"], row["final"], "month" in row) == ("2026", True, False)
    first = row["indicators"][0]
    assert (first["id"], first["result"], first["n"], first["met"]) == ("I1", 75, 4, False)
    assert [point["month"] for point in row["trend"] if point["values"]] == ["2026-10", "2026-11", "2026-12"]
    lines = list(csv.DictReader(io.StringIO(as_csv(made, "en"), newline="")))
    shares = {line["month"]: line["value"] for line in lines if line["key"] == "in_time"}
    assert shares == {"2026": "75.0", "2026-10": "100.0", "2026-11": "0.0", "2026-12": ""}


# --- sent --------------------------------------------------------------------------------------------------


def test_a_year_that_is_over_is_sent_once_with_its_page_and_freezes_nothing(two_months: World) -> None:
    world = two_months
    months = world.rows("SELECT * FROM reports ORDER BY month")
    assert [wiring.send_year(world.config, world.engine, 2026, charts.draw) for _ in range(2)] == [True, False]
    assert not wiring.send_year(world.config, world.engine, 2027, charts.draw)
    world.live("2027-01-04 09:00")
    assert sent(world)[-1] == "OAC 360 · Avaluació, 2026: 75 % en termini"
    assert len(sent(world)) == 4  # three months, and the year
    mail = world.received(COUNCIL)[-1]
    assert "Compromisos de la carta de serveis complerts el 2026: 0 de 1." in text_of(mail)
    assert {part.get_filename() for part in mail.walk()} >= {"2026-ca.html", "2026-ca.csv"}
    assert world.rows("SELECT * FROM reports ORDER BY month") == months
    assert world.reviews() == []  # our own copy is known as ours, with its pictures and files
    world.live("2027-02-01 08:00", minutes=600)  # the next month is published as before
    assert sent(world)[-1].startswith("OAC 360 · Informe, gener de 2027")


@pytest.mark.parametrize(
    ("words", "exit_code", "said"),
    [
        (("2190", "--send"), 1, "2190 is not over yet, or was sent before"),
        (("2026", "--published"), 2, "--published is for a month"),
        (("2300",), 2, "is too far away"),
    ],
)
def test_what_a_year_cannot_do_is_said(two_months: World, words: tuple[str, ...], exit_code: int, said: str) -> None:
    config = two_months.root / "config.toml"
    config.write_text(as_toml(two_months.sections))
    done = CliRunner().invoke(oacmail, ["--config", str(config), "report", *words])
    assert (done.exit_code, said in done.stderr) == (exit_code, True), done.stderr


def test_the_verb_knows_a_year_by_its_form(two_months: World) -> None:
    config = two_months.root / "config.toml"
    config.write_text(as_toml(two_months.sections))
    done = CliRunner().invoke(oacmail, ["--config", str(config), "report", "2026", "--json"])
    assert json.loads(done.stdout)["year"] == "2026"
    printed = CliRunner().invoke(oacmail, ["--config", str(config), "report", "2026", "--lang", "es"]).stdout
    assert "Evaluación anual del servicio: 2026" in printed
