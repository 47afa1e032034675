"""What the figures of the report count, where a count by hand once came out otherwise (docs/indicators.md)."""

from collections.abc import Callable
from itertools import product

import pytest

from tests.board.test_board import CLOSED, MINE, OPEN, REVIEW
from tests.digest.test_digest import digest_of
from tests.report.test_month import breaches, indicator, report
from tests.world import AGENT, ANNA, MARTA, OFFICE, PERE, World, local, text_of

TOWN = Callable[..., World]
MORNING = "Bon dia, em podeu trucar al 612 345 678 al matí, si us plau? No puc signar la instància."
COMPLAINT = "Bon dia, vull presentar una queixa: l'atenció ha estat molt dolenta i ningú no em contesta."
AGAIN = "Vull presentar una altra queixa: avui la persona del taulell m'ha tractat molt malament."


def cell(of: dict[str, object], table: str, row: str) -> int:
    (rows,) = [one["rows"] for one in of["tables"] if one["key"] == table]  # type: ignore[attr-defined]
    found: int = next((one["count"] for one in rows if one["key"] == row), 0)
    return found


def measure(of: dict[str, object], key: str) -> object:
    return next(one["value"] for one in of["measures"] if one["key"] == key)  # type: ignore[attr-defined]


# --- I10 --------------------------------------------------------------------------------------------------


def test_a_telephone_call_that_an_agent_noted_is_no_agreed_call(town: TOWN) -> None:
    world = town(now="2026-11-24 10:00")
    world.citizen_asks(ANNA, "Truqueu-me", MORNING)
    for said in ("#trucat\n", ""):
        text = f"#trucada Pep Mas, 933 334 455: com renovo l'idCAT?\n{said}"
        world.staff_writes(AGENT, "trucada", text, to=OFFICE)
    world.turn()
    world.live("2026-12-01 09:00", minutes=600)
    calls = indicator(world, "2026-11", "I10")
    assert (calls["n"], breaches(world, "2026-11", "I10")) == (1, [("001", "call_not_made")])
    assert breaches(world, "2026-11", "I1") == [("001", "call_not_made"), ("003", "unanswered")]


@pytest.mark.parametrize(
    ("call", "outcome"),
    [("2026-11-25 11:00", []), ("2026-11-25 07:50", ["call_outside_slot"]), ("2026-11-25 15:00", ["call_late"])],
)
def test_a_call_counts_although_a_mail_came_before_it(town: TOWN, call: str, outcome: list[str]) -> None:
    world = town(now="2026-11-24 16:00")
    world.agent_replies(world.citizen_asks(ANNA, "Truqueu-me", MORNING), "Bon dia, us trucaré demà al matí.")
    world.advance("2026-11-26 09:00")
    world.order("log-call", world.case()["number"], at=local(call).isoformat())
    assert [cause for _, cause in breaches(world, "2026-11", "I10")] == outcome


def test_a_mail_without_a_call_is_no_call(town: TOWN) -> None:
    world = town(now="2026-11-24 16:00")
    world.agent_replies(world.citizen_asks(ANNA, "Truqueu-me", MORNING))
    assert breaches(world, "2026-11", "I10") == [("001", "answered_by_mail")]


@pytest.mark.parametrize("noted", ["2026-11-26 09:00", "2026-12-02 10:00"])
def test_a_call_that_is_noted_later_counts_at_the_time_when_it_was_made(town: TOWN, noted: str) -> None:
    """Whatever a mail that came between them has met."""
    world = town(now="2026-11-24 16:00")
    asked = world.citizen_asks(ANNA, "Truqueu-me", MORNING)
    world.advance("2026-11-25 17:00")
    world.agent_replies(asked, "Bon dia, us he trucat aquest matí.")
    assert breaches(world, "2026-11", "I10") == [("001", "answered_by_mail")]
    assert breaches(world, "2026-11", "I1") == [("001", "late")]
    world.advance(noted)
    world.order("log-call", world.case()["number"], at=local("2026-11-25 11:00").isoformat())
    assert breaches(world, "2026-11", "I10") == breaches(world, "2026-11", "I1") == []
    assert indicator(world, "2026-11", "I4")["result"] == 7


# --- spam after the month, and the board -------------------------------------------------------------------


def test_what_is_closed_as_spam_after_the_month_stays_in_every_figure_of_it(town: TOWN) -> None:
    world = town(now="2026-11-24 10:00", board={"enabled": True})
    for who in (ANNA, PERE, MARTA):
        world.citizen_asks(who)
    first, second, third = (case["number"] for case in world.cases())
    world.order("close", third, reason="spam")
    world.live("2026-12-01 09:00", minutes=600)
    before = report(world, "2026-11")
    world.order("set", first, kind="spam")
    world.order("close", first, reason="spam")
    world.order("close", second, reason="duplicate")
    after = report(world, "2026-11")
    assert [indicator(world, "2026-11", name)["result"] for name in ("I1", "I2", "I5")] == [0, 2, 2]
    assert indicator(world, "2026-11", "I1")["n"] == 2
    assert after["indicators"] == before["indicators"]
    assert after["corrections"] == []


def test_two_cases_that_are_merged_after_the_month_stay_two_in_it(town: TOWN) -> None:
    world = town(now="2026-11-24 10:00")
    world.citizen_writes(ANNA)
    world.citizen_asks(ANNA, "Padró", "Bon dia, com demano un volant de padró?")
    world.live("2026-12-01 09:00", minutes=600)
    first, second = (case["number"] for case in world.cases())
    before = report(world, "2026-11")
    world.order("merge", second, into=first)
    assert report(world, "2026-11")["indicators"] == before["indicators"]
    assert report(world, "2026-11")["corrections"] == []


def test_requests_are_the_cases_that_they_opened_and_the_further_ones(town: TOWN) -> None:
    """An answered request that is closed as a duplicate afterwards has been one."""
    world = town(now="2026-11-24 10:00")
    asked = world.citizen_asks(ANNA)
    world.agent_replies(asked)
    world.advance("2026-11-24 12:00")
    world.citizen_asks(ANNA, "", "I si no tinc idCAT, com ho faig per signar?", answers=asked)
    world.order("close", world.case()["number"], reason="duplicate")
    volumes = indicator(world, "2026-11", "I5")
    assert (volumes["result"], measure(volumes, "further")) == (1, 0)
    assert indicator(world, "2026-11", "I1")["n"] == 1


def drag(world: World, target: str) -> None:
    """A person moves all messages of the board there, and two passes see it."""
    for name, box in list(world.mailbox.folders.items()):
        if name not in (target, "Sent", "Junk"):
            for uid in list(box.messages):
                world.mailbox.move(name, uid, target)
    world.sync()
    world.sync()


DRAGS = (REVIEW, OPEN, MINE, CLOSED)


def test_a_request_that_was_dragged_to_9_and_back_is_still_due(town: TOWN) -> None:
    world = town(now="2026-11-24 10:00", board={"enabled": True})
    world.citizen_asks(ANNA)
    drag(world, REVIEW)
    world.advance("2026-11-27 10:00")
    assert breaches(world, "2026-11", "I1") == []
    drag(world, OPEN)
    world.live("2026-12-01 09:00", minutes=600)
    assert breaches(world, "2026-11", "I1") == breaches(world, "2026-11", "I2") == [("001", "unanswered")]
    assert indicator(world, "2026-11", "I5")["result"] == 1


@pytest.mark.parametrize(("first", "second"), list(product(DRAGS, repeat=2)))
def test_two_complaints_stay_two_whatever_was_dragged_between_and_after(town: TOWN, first: str, second: str) -> None:
    """Put to 9 and not taken back, they are none."""
    world = town(now="2026-11-10 10:00", board={"enabled": True})
    asked = world.citizen_asks(ANNA, "Queixa", COMPLAINT)
    world.advance("2026-11-10 11:00")
    drag(world, first)
    drag(world, OPEN)
    world.advance("2026-11-10 12:00")
    world.citizen_asks(ANNA, "", AGAIN, answers=asked)
    world.advance("2026-11-10 13:00")
    drag(world, second)
    world.advance("2026-11-10 14:00")
    drag(world, OPEN)
    opinions = indicator(world, "2026-11", "I12")
    assert (cell(opinions, "kinds", "complaint"), measure(opinions, "opinions")) == (2, 2)
    world.live("2026-12-01 09:00", minutes=600)
    assert [cause for _, cause in breaches(world, "2026-11", "I12")] == ["opinion_unanswered"] * 2


# --- I14, I13 and the summary ------------------------------------------------------------------------------


def test_what_an_agent_says_again_is_no_change(town: TOWN) -> None:
    world = town(now="2026-11-24 10:00", pointer=[{"body": "Trànsit", "address": "https://transit.example/"}])
    world.citizen_writes(ANNA, "Ordinador", "Bon dia, no se m'encén l'ordinador.")
    world.citizen_asks(PERE)
    first, second = world.cases()
    assert first["level"] == "out_of_scope"
    world.staff_says(AGENT, f"cas {first['number']}", "#foraabast trànsit", to=OFFICE)
    world.order("set", second["number"], topic=second["topic"], level=second["level"])
    quality = indicator(world, "2026-11", "I14")
    assert measure(quality, "corrected_cases") == 0
    world.order("set", second["number"], topic=second["topic"], level="out_of_scope")
    assert measure(indicator(world, "2026-11", "I14"), "corrected_cases") == 1


def test_a_message_that_was_split_off_is_a_request_in_its_language(town: TOWN) -> None:
    world = town(now="2026-11-24 10:00")
    asked = world.citizen_asks(ANNA)
    world.clock.forward(hours=1)
    world.citizen_asks(ANNA, "", "Una altra cosa: on puc pagar l'IBI d'aquest any, si us plau?", answers=asked)
    world.staff_says(AGENT, f"cas {world.case()['number']}", "#separa", to=OFFICE)
    assert [len(case["messages"]) for case in world.cases()] == [2, 1]  # one of them is the order
    assert indicator(world, "2026-11", "I5")["result"] == 2
    assert (
        indicator(world, "2026-11", "I13")["result"],
        cell(indicator(world, "2026-11", "I13"), "requests", "ca"),
    ) == (2, 2)


def test_the_summary_counts_requests_as_the_report_does(town: TOWN) -> None:
    """Neither spam, nor an answer that came back, nor a case that an agent took up again is a request."""
    world = town(now="2026-11-26 10:00", digest={"to": [AGENT]})
    asked = [world.citizen_writes(who) for who in (ANNA, PERE, MARTA)]
    world.turn()
    numbers = [case["number"] for case in world.cases()]
    answer = world.agent_replies(asked[0])
    world.advance("2026-11-26 10:30")
    world.bounce(answer)
    world.order("close", numbers[1], reason="spam")
    world.agent_replies(asked[2])
    world.advance("2026-11-26 11:00")
    world.order("reopen", numbers[2])
    world.live("2026-11-27 08:00")
    assert "Des de dj. 26/11: 2 peticions rebudes, 2 respostes, 2 dins de termini." in text_of(digest_of(world))
    assert indicator(world, "2026-11", "I5")["result"] == 2
