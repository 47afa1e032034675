"""A case of two people, made by a merge: each of them waits until somebody has written to that person (R14)."""

from email.message import EmailMessage

import pytest

from oacmail.core.errors import Refused
from tests.relayed.relayed_answers import address
from tests.services.test_outcome import FAULT
from tests.world import AGENT, ANNA, OFFICE, PERE, SUPERVISOR, World, local, text_of

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


def test_the_notice_of_who_still_waits_says_that_the_answer_went_to_somebody_else(
    world: World, asked: tuple[EmailMessage, EmailMessage]
) -> None:
    world.agent_replies(asked[0])
    world.live("2026-11-27 09:00")
    (overdue,) = world.texts(SUPERVISOR, "overdue")
    assert "però no a qui va escriure el missatge d'aquest avís" in overdue
    assert "com demano el volant?" in overdue


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


# The number of a case that was merged: people still write it, and what they write is about the case that goes on.


def _new_mail(world: World, subject: str, text: str, *, to: str = OFFICE) -> None:
    world.staff_says(AGENT, subject, text, to=to)


def _merged(world: World, second: str = ANNA) -> str:
    """Two cases, the second merged into the first. The answer address of the second, from a mail of before."""
    world.citizen_writes(ANNA)
    world.citizen_asks(second, "Padró", "Bon dia, com demano un volant de padró?")
    world.advance("2026-11-25 10:00")
    _new_mail(world, "cas 2", "#nota Vol el volant per a un lloguer")
    before = address(world.received(AGENT, "transcript")[-1])
    assert "2026-000002" in before
    _new_mail(world, "cas 2", "#fusiona 1")
    world.advance("2026-11-25 11:00")
    return before


def test_orders_that_name_it_are_carried_out_on_the_other_case(world: World) -> None:
    _merged(world)
    _new_mail(world, "cas 2", "#meu\n#trucat")
    first, second = world.cases()
    assert (first["status"], first["assignee"]) == ("answered", "agent")
    assert (second["status"], second["answered_at"], second["assignee"]) == ("closed", None, None)
    assert "| OAC-2026-000001 | anotar la trucada | fet |" in text_of(world.received(AGENT, "transcript")[-1])


def test_a_new_mail_to_the_person_that_names_it_answers_the_other_case(world: World) -> None:
    _merged(world)
    world.see_in_sent(world.message(OFFICE, "Cas 2: padró", "Bon dia, aquí el teniu.", to=ANNA))
    assert [case["status"] for case in world.cases()] == ["answered", "closed"]


def test_a_new_mail_that_names_both_answers_the_one_that_goes_on(world: World) -> None:
    _merged(world)
    world.see_in_sent(world.message(OFFICE, "Casos 1 i 2: padró, cas 2 i cas 1", "Aquí el teniu.", to=ANNA))
    assert [case["status"] for case in world.cases()] == ["answered", "closed"]


def test_a_mail_to_its_answer_address_answers_the_other_case(world: World) -> None:
    _new_mail(world, "Padró", "Bon dia, aquí el teniu.", to=_merged(world))
    world.turn()
    assert [case["status"] for case in world.cases()] == ["answered", "closed"]
    assert world.kinds(ANNA)[-1] == "relayed"


def test_the_answer_address_of_another_person_is_closed_with_that_persons_case(world: World) -> None:
    """It never becomes the address of the person whose case goes on; the agent hears why nothing was sent."""
    _new_mail(world, "Padró", "Bon dia, aquí el teniu.", to=_merged(world, PERE))
    assert "relayed" not in world.kinds(PERE) + world.kinds(ANNA)
    (told,) = world.texts(AGENT, "not_relayed")
    assert "el cas és tancat" in told
    assert [case["status"] for case in world.cases()] == ["open", "closed"]


def test_the_transcript_of_the_merge_offers_to_answer_the_case_that_goes_on(world: World) -> None:
    _merged(world)
    assert "OAC-2026-000001" in str(world.received(AGENT, "transcript")[-1]["Subject"])
    _new_mail(world, "Padró", "Bon dia, aquí el teniu.", to=address(world.received(AGENT, "transcript")[-1]))
    world.turn()
    assert [case["status"] for case in world.cases()] == ["answered", "closed"]
    assert world.kinds(ANNA)[-1] == "relayed"


def test_the_transcript_of_several_merges_offers_to_answer_the_case_that_goes_on(world: World) -> None:
    for subject in ("Instància", "Padró", "Beca"):
        world.citizen_asks(ANNA, subject, f"Bon dia, una pregunta sobre un tràmit: {subject}.")
    _new_mail(world, "avui", "2 fusiona 1\n3 fusiona 1")
    assert [case["status"] for case in world.cases()] == ["open", "closed", "closed"]
    assert "2026-000001" in address(world.received(AGENT, "transcript")[-1])


def test_the_transcript_of_a_merge_of_two_people_offers_to_write_to_neither(world: World) -> None:
    """Which of them "the person" is would not be clear."""
    _merged(world, PERE)
    told = text_of(world.received(AGENT, "transcript")[-1])
    assert "són de dues persones" in told
    assert "mailto:" not in told


def test_the_transcript_of_a_merge_whose_case_is_reopened_at_once_is_about_that_case(world: World) -> None:
    world.citizen_writes(ANNA)
    world.citizen_asks(ANNA, "Padró", "Bon dia, com demano un volant de padró?")
    _new_mail(world, "cas 2", "#fusiona 1\n#reobre")
    assert "OAC-2026-000002" in str(world.received(AGENT, "transcript")[-1]["Subject"])
