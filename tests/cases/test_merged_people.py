"""A case of two people, made by a merge: each of them waits until somebody has written to that person (R14)."""

from email.message import EmailMessage

import pytest

from oacmail.core.errors import Refused
from tests.services.test_outcome import FAULT
from tests.world import ANNA, OFFICE, PERE, World, local

FIRST, SECOND = "OAC-2026-000001", "OAC-2026-000002"


@pytest.fixture
def asked(world: World) -> tuple[EmailMessage, EmailMessage]:
    """The message of Anna, and Pere's, whose case was merged into hers."""
    hers = world.citizen_writes(ANNA)
    his = world.citizen_asks(PERE, "Padró", "Bon dia, com demano el volant?")
    world.order("merge", SECOND, into=FIRST)
    return hers, his


def _waiting(world: World) -> list[str]:
    """Whose message still waits for an answer."""
    return [
        row["address"]
        for row in world.rows(
            """SELECT p.address FROM deadlines d JOIN messages m ON m.fingerprint = d.started_by
            JOIN people p ON p.id = m.author_id WHERE d.kind = 'answer' AND d.level = 0 AND d.met_at IS NULL
            AND d.withdrawn_at IS NULL ORDER BY m.id"""
        )
    ]


@pytest.mark.parametrize("first", [0, 1], ids=["hers", "his"])
def test_an_answer_to_one_leaves_the_other_waiting_with_a_reminder(
    world: World, asked: tuple[EmailMessage, EmailMessage], first: int
) -> None:
    world.agent_replies(asked[first])
    other = (PERE, ANNA)[first]
    assert _waiting(world) == [other]
    assert (world.case(FIRST)["status"], world.case(FIRST)["due_at"]) == (
        "open",
        local("2026-11-26 20:00").isoformat(),
    )
    assert (
        len(world.rows("SELECT 1 FROM deadlines WHERE kind = 'remind' AND met_at IS NULL AND withdrawn_at IS NULL"))
        == 1
    )
    world.agent_replies(asked[1 - first])
    assert _waiting(world) == []
    assert world.case(FIRST)["status"] == "answered"


def test_one_mail_to_both_answers_both(world: World, asked: tuple[EmailMessage, EmailMessage]) -> None:
    world.see_in_sent(world.message(OFFICE, "", "Bon dia.", to=f"{ANNA}, {PERE}", answers=asked[0]))
    assert _waiting(world) == []
    assert world.case(FIRST)["status"] == "answered"


def test_who_asks_again_while_only_the_other_waits_has_a_deadline(
    world: World, asked: tuple[EmailMessage, EmailMessage]
) -> None:
    answer = world.agent_replies(asked[1])
    world.citizen_asks(PERE, "", "I quant triga a arribar?", answers=answer)
    world.agent_replies(asked[0])
    assert _waiting(world) == [PERE]
    assert world.case(FIRST)["status"] == "open"


def test_a_second_answer_to_one_answers_nobody_else(world: World, asked: tuple[EmailMessage, EmailMessage]) -> None:
    for _ in range(2):
        world.agent_replies(asked[1])
    assert _waiting(world) == [ANNA]
    assert not world.reviews()


def test_the_notice_that_her_case_was_passed_on_is_none_for_him(
    world: World, asked: tuple[EmailMessage, EmailMessage]
) -> None:
    world.order("escalate", FIRST)
    assert _waiting(world) == [PERE]


def test_a_call_that_an_agent_logs_is_the_word_that_both_have_their_answer(
    world: World, asked: tuple[EmailMessage, EmailMessage]
) -> None:
    """So does an agent who knows that the two addresses are of one person."""
    world.order("log-call", FIRST)
    assert _waiting(world) == []
    assert world.case(FIRST)["status"] == "answered"


@pytest.mark.parametrize(("case", "into"), [(SECOND, FIRST), (FIRST, SECOND)])
def test_the_outcome_of_a_derived_case_is_told_to_each_so_two_people_stay_apart(
    world: World, case: str, into: str
) -> None:
    world.citizen_writes(ANNA, *FAULT)
    world.citizen_asks(PERE)
    with pytest.raises(Refused, match="of two people"):
        world.order("merge", case, into=into)
    assert world.case(case)["status"] != "closed"


def test_what_no_message_of_his_asks_for_is_not_merged_with_her_case(world: World) -> None:
    world.citizen_writes(ANNA)
    world.agent_replies(world.citizen_asks(PERE, "Padró", "Bon dia, com demano el volant?"))
    world.order("reopen", SECOND)
    with pytest.raises(Refused, match="of two people"):
        world.order("merge", SECOND, into=FIRST)
