"""A derived case stays derived until the citizen knows the outcome (R13, R22)."""

import shutil
from collections.abc import Callable
from email.message import EmailMessage
from typing import Any

import pytest

from oacmail.core.errors import Refused
from testbed.relay import refused
from tests.world import AGENT, ANNA, MARTA, OFFICE, PASS, PERE, SUPERVISOR, TECHNICAL, World, text_of

TOWN = Callable[..., World]
FAULT = ("Error 500 a la seu", "Bon dia, des d'ahir la seu electrònica dona error 500 en enviar la instància.")


@pytest.fixture
def world(town: TOWN) -> World:
    return town(people={"technical": [TECHNICAL]})


def _derived(world: World) -> EmailMessage:
    """A case that was derived by itself; its citizen has not been told."""
    return world.citizen_asks(ANNA, *FAULT)


def _deadlines(world: World, kind: str) -> list[dict[str, Any]]:
    """Those that run."""
    return world.rows(
        """SELECT * FROM deadlines WHERE kind = ? AND met_at IS NULL AND withdrawn_at IS NULL
        AND (fired_at IS NULL OR kind = 'answer')""",
        kind,
    )


def _solved(world: World, number: str = "OAC-2026-000001") -> None:
    world.obey("solved", number)


def _agent_writes(world: World, text: str, notice: EmailMessage) -> None:
    world.staff_says(AGENT, "", text, answers=notice)


# --- before anybody says that it is solved --------------------------------------------------------------


def test_an_answer_on_a_derived_case_meets_the_deadline_and_ends_neither_nudges_nor_updates(world: World) -> None:
    message = _derived(world)
    world.advance("2026-11-25 10:00")
    world.agent_replies(message, "Bon dia, ho hem passat a l'Ajuntament.")
    case = world.case()
    assert case["status"] == "derived"
    assert case["answered_at"] == "2026-11-25T10:00:00+01:00"
    assert _deadlines(world, "answer") == []
    assert len(_deadlines(world, "nudge")) == 1
    (update,) = _deadlines(world, "update")
    assert update["due_at"] == "2026-12-02T15:00:00Z", "the promise of news starts with the answer"
    world.live("2026-12-14 12:00", minutes=240)
    assert world.case()["status"] == "derived", "it never closes in silence"
    assert world.kinds(TECHNICAL).count("nudge") >= 4
    assert world.kinds(ANNA) == ["ack", "progress", "progress"]


@pytest.mark.parametrize("how", ["call", "copy"])
def test_a_logged_call_and_a_proven_copy_count_as_an_answer_in_sent_does(world: World, how: str) -> None:
    message = _derived(world)
    if how == "call":
        world.order("log-call", world.case()["number"])
    else:
        copy = world.message(AGENT, "", "Ho hem passat.", to=f"{ANNA}, {OFFICE}", answers=message)
        world.deliver(copy, verdict=PASS)
    world.turn()
    assert world.case()["status"] == "derived"
    assert _deadlines(world, "answer") == []
    assert len(_deadlines(world, "nudge")) == len(_deadlines(world, "update")) == 1


def test_a_second_answer_moves_no_promise(world: World) -> None:
    message = _derived(world)
    world.obey("escalate", world.case()["number"])
    (before,) = _deadlines(world, "update")
    world.advance("2026-11-27 10:00")
    world.agent_replies(message, "Encara ho miren.")
    assert _deadlines(world, "update") == [before]


def test_an_answer_to_a_guest_alone_promises_the_citizen_nothing(world: World) -> None:
    _derived(world)
    ack = world.received(ANNA)[-1]
    world.agent_replies(world.citizen_asks(PERE, "", "Soc qui l'ajuda: quan estarà?", answers=ack), "Ho miren.")
    assert world.case()["status"] == "derived"
    assert len(_deadlines(world, "answer")) == 1, "the citizen's own deadline runs on"
    assert _deadlines(world, "update") == []


def test_a_question_on_a_derived_case_that_an_agent_answers_leaves_it_derived(world: World) -> None:
    _derived(world)
    world.obey("escalate", world.case()["number"])
    world.advance("2026-11-26 10:00")
    again = world.citizen_asks(ANNA, "", "Quan estarà arreglat?", answers=world.received(ANNA)[-1])
    world.advance("2026-11-26 11:00")
    world.agent_replies(again, "Encara no ho sabem.")
    assert world.case()["status"] == "derived"
    assert _deadlines(world, "answer") == []
    assert len(_deadlines(world, "nudge")) == 1


def test_an_answer_that_comes_back_leaves_the_case_with_the_services_and_is_owed_again(world: World) -> None:
    message = _derived(world)
    world.advance("2026-11-25 10:00")
    answer = world.agent_replies(message, "Ho hem passat a l'Ajuntament.")
    world.advance("2026-11-25 11:00")
    world.bounce(answer)
    assert world.case()["status"] == "derived"
    assert len(_deadlines(world, "answer")) == 1
    assert len(_deadlines(world, "nudge")) == 1
    assert _deadlines(world, "update") == [], "who was told nothing was promised nothing"


# --- solved --------------------------------------------------------------------------------------------


def test_when_it_is_said_to_be_solved_nudges_and_updates_stop_and_a_deadline_starts(world: World) -> None:
    message = _derived(world)
    world.obey("escalate", world.case()["number"])
    world.advance("2026-11-26 10:00")
    _solved(world)
    assert _deadlines(world, "nudge") == _deadlines(world, "update") == []
    (deadline,) = _deadlines(world, "answer")
    assert deadline["due_at"] == "2026-11-27T19:00:00Z"
    assert world.case()["status"] == "derived", "the citizen does not know yet"
    world.live("2026-11-30 08:00", minutes=120)
    assert "overdue" in world.kinds(SUPERVISOR), "nobody forgets to tell the citizen"
    world.advance("2026-11-30 09:00")
    world.agent_replies(message, "Bon dia, ja està arreglat.")
    assert world.case()["status"] == "answered"
    world.live("2026-12-21 12:00", minutes=240)
    assert world.case()["status"] == "closed"
    assert world.kinds(ANNA) == ["ack", "passed_on"]


def test_the_promised_day_of_news_is_kept_by_who_tells_of_the_solution(world: World) -> None:
    _derived(world)
    world.obey("escalate", world.case()["number"])
    world.live("2026-12-02 11:00", minutes=240)  # the promised day
    _solved(world)
    (deadline,) = _deadlines(world, "answer")
    assert deadline["due_at"] == "2026-12-02T19:00:00Z"


@pytest.mark.parametrize(
    "words", ["#solved", "#resolt", "#resuelto", "RESOLT", "Ja està resolt.", "RESUELTO", "SOLVED"]
)
def test_an_agent_says_so_on_top_of_a_reply(world: World, words: str) -> None:
    message = _derived(world)
    (notice,) = world.received(AGENT)
    world.advance("2026-11-25 10:00")
    _agent_writes(world, words, notice)
    assert len(world.events("solved")) == 1
    assert "| fet. Ara digueu-ho a la persona. |" in text_of(world.received(AGENT)[-1])
    world.advance("2026-11-25 10:05")
    world.agent_replies(message, "Ja està arreglat.")
    assert world.case()["status"] == "answered"


def test_an_answer_that_is_older_than_the_solution_is_not_its_news(world: World) -> None:
    message = _derived(world)
    world.advance("2026-11-25 11:00")
    world.order("solved", world.case()["number"])
    world.agent_replies(message, "Ho hem passat a l'Ajuntament.", at="2026-11-25 10:30")
    assert world.case()["status"] == "derived"
    assert len(_deadlines(world, "answer")) == 1


def test_an_order_counts_from_its_arrival_though_it_is_read_after_the_answer(world: World) -> None:
    message = _derived(world)
    (notice,) = world.received(AGENT)
    world.advance("2026-11-25 10:00")
    world.staff_writes(AGENT, "", "RESOLT", answers=notice)
    world.advance("2026-11-25 10:01")
    world.agent_answers(message, "Ja està arreglat.")
    world.turn_at("2026-11-25 10:02")
    assert world.case()["status"] == "answered"


def test_only_a_derived_case_can_be_said_to_be_solved(world: World) -> None:
    world.citizen_asks(ANNA)
    with pytest.raises(Refused, match="not with the technical services"):
        world.order("solved", world.case()["number"])


def test_what_is_not_solved_after_all_goes_back_to_the_services(world: World) -> None:
    _derived(world)
    world.order("escalate", world.case()["number"])
    _solved(world)
    world.advance("2026-11-26 10:00")
    world.obey("escalate", world.case()["number"], why="Encara dona error 500")
    assert "Encara dona error 500" in text_of(world.received(TECHNICAL)[-1])
    assert _deadlines(world, "answer") == []
    assert len(_deadlines(world, "nudge")) == len(_deadlines(world, "update")) == 1
    assert world.case()["status"] == "derived"


def test_an_answer_of_the_outcome_that_comes_back_is_owed_again(world: World) -> None:
    message = _derived(world)
    _solved(world)
    world.advance("2026-11-26 10:00")
    answer = world.agent_replies(message, "Ja està arreglat.")
    assert world.case()["status"] == "answered"
    world.advance("2026-11-26 11:00")
    world.bounce(answer)
    assert world.case()["status"] == "derived"
    assert len(_deadlines(world, "answer")) == 1
    world.agent_replies(message, "Ja està arreglat.", at="2026-11-26 12:00")
    assert world.case()["status"] == "answered"


# --- other ways out --------------------------------------------------------------------------------------


def test_the_level_corrected_to_first_takes_a_told_case_back_with_a_deadline(world: World) -> None:
    _derived(world)
    world.obey("escalate", world.case()["number"])
    world.obey("set", world.case()["number"], level="first")
    assert world.case()["status"] == "open"
    assert len(_deadlines(world, "answer")) == 1, "the promised news is owed"
    assert _deadlines(world, "nudge") == _deadlines(world, "update") == []


def test_the_level_corrected_to_first_keeps_the_deadline_of_a_person_who_was_told_nothing(world: World) -> None:
    _derived(world)
    before = _deadlines(world, "answer")
    world.obey("set", world.case()["number"], level="first")
    assert world.case()["status"] == "open"
    assert _deadlines(world, "answer") == before


def test_the_level_corrected_after_an_agents_own_answer_makes_it_an_ordinary_answer(world: World) -> None:
    message = _derived(world)
    world.advance("2026-11-25 10:00")
    world.agent_replies(message, "Cal actualitzar el navegador.")
    world.obey("set", world.case()["number"], level="first")
    assert world.case()["status"] == "answered"
    assert _deadlines(world, "nudge") == _deadlines(world, "update") == []
    assert len(_deadlines(world, "close")) == 1


@pytest.mark.parametrize("reason", ["answered", "thanks"])
def test_a_derived_case_whose_person_was_promised_the_outcome_is_not_closed_as_answered(
    world: World, reason: str
) -> None:
    message = _derived(world)
    world.advance("2026-11-25 10:00")
    world.agent_replies(message, "Ho estem mirant.")
    number = world.case()["number"]
    world.obey("escalate", number)
    with pytest.raises(Refused, match="solved"):
        world.order("close", number, reason=reason)
    assert world.case()["status"] == "derived"
    world.live("2026-12-03 12:00")
    assert "progress" in world.kinds(ANNA), "she gets the news that were promised"
    world.order("solved", number)
    world.order("close", number, reason="answered")
    assert world.case()["status"] == "closed"


def test_a_person_may_close_a_derived_case_and_the_record_says_who(world: World) -> None:
    _derived(world)
    world.order("close", world.case()["number"], reason="contact")
    assert world.case()["status"] == "closed"
    assert '"reason": "contact"' in world.events("closed")[0]["data"]
    assert _deadlines(world, "nudge") == _deadlines(world, "update") == _deadlines(world, "answer") == []


def test_a_derived_case_is_not_merged_into_a_closed_one(world: World) -> None:
    world.citizen_asks(MARTA)
    world.order("close", world.case()["number"], reason="contact")
    _derived(world)
    world.order("escalate", "OAC-2026-000002")
    with pytest.raises(Refused, match="closed"):
        world.order("merge", "OAC-2026-000002", into="OAC-2026-000001")


def test_merged_cases_stay_with_the_services_and_are_solved_together(world: World) -> None:
    world.citizen_asks(ANNA)
    _derived(world)
    world.order("merge", "OAC-2026-000002", into="OAC-2026-000001")
    assert world.case("OAC-2026-000001")["status"] == "derived"
    assert len(_deadlines(world, "nudge")) == 1
    _solved(world)
    assert _deadlines(world, "nudge") == []
    assert len(_deadlines(world, "answer")) == 3, "two questions and the news of the solution"


def test_a_solved_case_that_joins_an_unsolved_one_is_not_solved(world: World) -> None:
    _derived(world)
    world.citizen_asks(ANNA, "La seu", FAULT[1] + " I avui també.")
    _solved(world, "OAC-2026-000002")
    world.obey("merge", "OAC-2026-000002", into="OAC-2026-000001")
    assert len(_deadlines(world, "nudge")) == 1
    world.live("2026-11-26 10:00", minutes=240)
    message = world.citizen_asks(ANNA, "", "Com està?", answers=world.received(ANNA)[-1])
    world.agent_replies(message, "Encara ho miren.")
    assert world.case("OAC-2026-000001")["status"] == "derived"


def test_solved_cases_that_are_merged_stay_solved(world: World) -> None:
    _derived(world)
    world.citizen_asks(ANNA, "La seu", FAULT[1] + " I avui també.")
    for number in ("OAC-2026-000001", "OAC-2026-000002"):
        _solved(world, number)
    world.obey("merge", "OAC-2026-000002", into="OAC-2026-000001")
    assert world.rows("SELECT number FROM cases WHERE status = 'derived' AND solved_at IS NULL") == []


def test_a_derivation_notice_that_fails_leaves_the_case_derived_and_the_deadline_owed(world: World) -> None:
    _derived(world)
    world.relay.when(refused(550, "5.1.1", at="RCPT"), kind="passed_on")
    world.obey("escalate", world.case()["number"])
    assert world.case()["status"] == "derived"
    assert len(_deadlines(world, "answer")) == 1
    assert len(_deadlines(world, "nudge")) == 1


def test_a_reopened_case_of_the_services_stays_theirs(world: World) -> None:
    _derived(world)
    world.obey("escalate", world.case()["number"])
    world.order("reopen", world.case()["number"])
    assert world.case()["status"] == "derived"
    assert len(_deadlines(world, "answer")) == 1


def test_a_restored_database_reads_the_services_reply_again_and_keeps_derived_what_only_it_knew(world: World) -> None:
    _derived(world)
    world.citizen_asks(MARTA, *FAULT)
    world.order("escalate", "OAC-2026-000001")
    world.obey("escalate", "OAC-2026-000002")
    world.stop()
    backup = world.root / "backup"
    shutil.copytree(world.config.office.state, backup)
    world.start()
    world.sync()
    world.advance("2026-11-26 10:00")
    notice = world.received(TECHNICAL)[0]
    world.staff_writes(TECHNICAL, "", "Ja està arreglat", answers=notice)
    world.obey("solved", "OAC-2026-000002")
    world.stop()
    shutil.rmtree(world.config.office.state)
    shutil.copytree(backup, world.config.office.state)
    world.start()
    world.turn_at("2026-11-26 11:00")
    rows = world.rows("SELECT number, status, solved_at FROM cases ORDER BY number")
    assert [(row["status"], bool(row["solved_at"])) for row in rows] == [("derived", True), ("derived", False)]
    assert len(_deadlines(world, "nudge")) == 1, "the other one is followed up until it is said again"
