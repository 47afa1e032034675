"""A telephone call or a visit that an agent notes by mail is a case like any other, and nobody gets a mail about it."""

from collections.abc import Callable
from email.message import EmailMessage

import pytest

from tests.orders.test_orders import transcripts
from tests.world import AGENT, ANNA, OFFICE, PASS, PERE, STAFF, SUPERVISOR, World, text_of


def agent_writes(
    world: World, text: str, *, subject: str = "trucada", sender: str = AGENT, verdict: str = PASS, to: str = OFFICE
) -> EmailMessage:
    """A new mail of an agent, not a reply."""
    mail = world.message(sender, subject, text, to=to)
    world.receive(mail, verdict=verdict)
    return mail


@pytest.mark.parametrize(
    "said",
    [
        "#trucada Anna Puig, 612 345 678: vol un volant de padró",
        "#call Anna Puig, 612.345.678: vol un volant de padró",
        "#llamada Anna Puig, +34 612345678: vol un volant de padró",
        "TRUCADA: Anna Puig, 0034612345678: vol un volant de padró",
    ],
)
def test_a_call_opens_a_case_and_the_transcript_has_its_number(world: World, said: str) -> None:
    agent_writes(world, f"{said}\n\nMarta\nOAC")
    case = world.case()
    assert (case["status"], case["intent"], case["citizen"]) == ("open", "callback", "tel:+34612345678")
    assert case["due_at"] == "2026-11-26T20:00:00+01:00"
    (asked,) = world.rows("SELECT * FROM messages WHERE case_id IS NOT NULL AND role = 'citizen'")
    assert (asked["rule"], asked["fresh"], asked["subject"]) == ("telephone", "vol un volant de padró", "Anna Puig")
    (transcript,) = transcripts(world, AGENT)
    assert f"| {case['number']} |" in transcript
    assert "612" not in transcript
    assert set(world.relay.inboxes) <= set(STAFF)


def test_a_visit_without_a_number_is_a_case_too(world: World) -> None:
    agent_writes(world, "#trucada Una senyora gran: vol saber quan obriu")
    assert (world.case()["citizen"], world.case()["intent"]) == ("", "question")
    assert {row["rule"] for row in world.rows("SELECT rule FROM messages WHERE role = 'citizen'")} == {"visit"}


@pytest.mark.parametrize("answered", ["Resolt", "JA RESPOST", "#trucat", "#resuelto", "Called"])
def test_a_call_that_was_answered_at_once_has_its_answer(world: World, answered: str) -> None:
    agent_writes(world, f"#trucada Anna, 612345678: quan obriu?\n{answered}\n#nota ja és clienta")
    case = world.case()
    assert case["status"] == "answered"
    assert case["answered_at"] is not None
    assert len(world.events("note")) == 1


def test_several_calls_in_one_mail_are_several_cases(world: World) -> None:
    agent_writes(
        world, "#trucada Anna, 612345678: quan obriu?\nResolt\n#trucada Pere, 934567890: error en signar\n#meu"
    )
    first, second = world.cases()
    assert (first["status"], first["assignee"]) == ("answered", None)
    assert (second["status"], second["assignee"]) == ("open", "agent")


def test_a_call_that_nobody_answers_is_escalated_with_what_was_asked(world: World) -> None:
    agent_writes(world, "#trucada Anna Puig, 612345678: error 500 en signar")
    world.live("2026-11-27 09:00")
    (notice,) = world.received(SUPERVISOR, "overdue")
    assert "error 500 en signar" in notice.as_string()
    assert "Anna Puig" not in notice.as_string()
    assert set(world.relay.inboxes) <= set(STAFF)


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ("#trucada Anna", "escriviu NOM, NÚMERO"),
        ("#trucada", "escriviu NOM, NÚMERO"),
        ("#trucada Anna, 12345678901: hola", "no és un telèfon"),
    ],
)
def test_a_call_that_cannot_be_read_opens_nothing_and_says_why(world: World, said: str, why: str) -> None:
    agent_writes(world, said)
    assert world.cases() == []
    assert why in transcripts(world, AGENT)[0]
    (refused,) = world.events("order-refused")
    assert "call" in refused["data"]


@pytest.mark.parametrize(
    ("sender", "verdict", "to"),
    [
        (AGENT, "", OFFICE),
        (AGENT, "dmarc=fail header.from=town.example", OFFICE),
        (AGENT, PASS, f"{OFFICE}, {ANNA}"),
    ],
)
def test_without_proof_or_with_a_citizen_in_copy_no_call_is_noted(
    world: World, sender: str, verdict: str, to: str
) -> None:
    agent_writes(world, "#trucada Anna, 612345678: hola", sender=sender, verdict=verdict, to=to)
    assert world.cases() == []
    assert ["no fet" in transcript for transcript in transcripts(world, AGENT)] == [True] * (ANNA in to)


def test_a_citizen_who_writes_the_word_opens_her_own_ordinary_case(world: World) -> None:
    world.citizen_asks(ANNA, text="#trucada Pere, 612345678: vol un volant")
    assert world.case()["citizen"] == ANNA


def test_help_needs_no_reply_and_who_gives_another_order_without_a_case_is_told(world: World) -> None:
    agent_writes(world, "#ajuda")
    assert "TRUCADA" in transcripts(world, AGENT)[0]
    agent_writes(world, "#tanca")
    assert "no fet" in transcripts(world, AGENT)[1]


def test_the_same_mail_read_twice_opens_one_case(world: World) -> None:
    world.receive(agent_writes(world, "#trucada Anna, 612345678: hola"), verdict=PASS)
    assert len(world.cases()) == 1


@pytest.mark.parametrize(("subject", "status"), [("cas 1", "answered"), ("Trucada del caso núm. 1", "answered")])
def test_a_new_mail_with_the_number_in_its_subject_orders_about_that_case(
    world: World, subject: str, status: str
) -> None:
    world.citizen_asks(ANNA)
    agent_writes(world, "Bon dia,\n\nTRUCAT\n#nota vindrà dimarts\n\nMarta", subject=subject)
    assert world.case()["status"] == status
    (transcript,) = transcripts(world, AGENT)
    assert "no fet" not in transcript
    assert len(world.received(ANNA)) == 1  # her acknowledgement


def test_a_new_mail_about_a_case_without_an_order_and_one_about_no_case_come_back(
    world: World,
) -> None:
    world.citizen_asks(ANNA)
    agent_writes(world, "Ha de portar el DNI.", subject="cas 1")
    assert "no conté cap ordre" in transcripts(world, AGENT)[0]
    agent_writes(world, "TRUCAT", subject="cas 77")
    assert world.case()["status"] == "open"
    assert "no fet" in transcripts(world, AGENT)[1]
    assert len(world.received(ANNA)) == 1


def test_what_a_caller_has_asked_goes_to_the_technical_services_with_the_order_below_it(
    town: Callable[..., World],
) -> None:
    world = town(people={"technical": [PERE]})
    agent_writes(world, "#trucada Anna, 612345678: la seu dona error 500 quan envia la instància\n#deriva")
    (mail,) = world.received(PERE)
    assert "> la seu dona error 500 quan envia la instància" in text_of(mail)


def test_a_case_that_the_same_mail_opens_may_go_to_the_services_and_come_back(world: World) -> None:
    agent_writes(world, "#trucada Anna Puig, 612 345 678: la seu dona error 500\n#deriva\n#nivell 1")
    assert world.case()["status"] == "open"
    assert "no fet" not in transcripts(world, AGENT)[0]
