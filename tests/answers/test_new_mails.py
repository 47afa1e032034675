"""An answer that is no reply: a new mail from the office, or from an agent with the office in copy."""

from datetime import timedelta
from email.message import EmailMessage
from typing import Any

import pytest

from tests.world import AGENT, ANNA, OFFICE, PASS, PERE, SUPERVISOR, World, local, text_of

SUBJECTS = ("No puc signar la instància", "Beca menjador", "Volant d'empadronament")
TEXTS = (
    "Bon dia, com puc signar la instància amb l'idCAT?",
    "Bon dia, quan surt la beca de menjador?",
    "Bon dia, com demano un volant d'empadronament?",
)


def _cases(world: World, *citizens: str) -> list[dict[str, Any]]:
    """A case for each of these citizens, all acknowledged."""
    for citizen, subject, text in zip(citizens, SUBJECTS, TEXTS, strict=False):
        world.citizen_asks(citizen, subject, text)
    return world.cases()


def _new(
    world: World, to: str, subject: str, *, sender: str = OFFICE, cc: str = "", text: str = "Bon dia, ja està fet."
) -> EmailMessage:
    mail = world.message(sender, subject, text, to=to)
    if cc:
        mail["Cc"] = cc
    if sender == OFFICE:
        world.put_into_sent(mail)
    else:
        world.deliver(mail, verdict=PASS)
    return mail


def _chooses(world: World, ask: EmailMessage, text: str, *, verdict: str = PASS) -> None:
    quoted = "\n".join(f"> {line}" for line in text_of(ask).splitlines())
    said = f"{text}\n\nEl 25/11/2026, l'OAC 360 va escriure:\n{quoted}"
    world.receive(world.message(AGENT, "", said, answers=ask), verdict=verdict)


def _statuses(world: World) -> list[str]:
    return [case["status"] for case in world.cases()]


# --- the number ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "subject",
    [
        "{number}: com signar",
        "Com signar ({number})",
        "Com signar, oac-2026-000001",
        "OAC 2026 1, com signar",
        "[{token}] Com signar",
        "Sobre el cas 1",
        "CASO 000001",
        "Your case no. 1",
        "cas núm. 1: com signar",
        "Cas #1",
    ],
)
@pytest.mark.parametrize("sender", [OFFICE, AGENT])
def test_a_new_mail_with_the_number_in_its_subject_answers_that_case(world: World, subject: str, sender: str) -> None:
    first, *_ = _cases(world, ANNA, ANNA)
    ack = world.received(ANNA)[0]
    tag = str(ack["Subject"])[1:].partition("]")[0]
    cc = "" if sender == OFFICE else OFFICE
    _new(world, ANNA, subject.format(number=first["number"], token=tag), sender=sender, cc=cc)
    world.turn()
    assert _statuses(world) == ["answered", "open"]
    assert not world.received(AGENT, "which_case")


def test_the_number_of_somebody_elses_case_answers_nothing(world: World) -> None:
    _cases(world, ANNA, PERE)
    _new(world, PERE, "Sobre el cas 1")
    world.turn()
    assert _statuses(world) == ["open", "open"]
    (asked,) = world.received(AGENT, "which_case")
    assert "un correu nou («Sobre el cas 1»)" in text_of(asked)


def test_the_number_in_a_citizens_subject_is_no_reference(world: World) -> None:
    _cases(world, ANNA)
    world.citizen_asks(PERE, "Sobre el cas 1", "Quin dia obriu?")
    assert [case["citizen"] for case in world.cases()] == [ANNA, PERE]


# --- exactly one open case -------------------------------------------------------------------------------


@pytest.mark.parametrize(("sender", "cc"), [(OFFICE, ""), (AGENT, OFFICE)])
def test_a_new_mail_to_a_citizen_with_one_open_case_answers_it(world: World, sender: str, cc: str) -> None:
    _cases(world, ANNA, PERE)
    _new(world, ANNA, "La vostra pregunta", sender=sender, cc=cc)
    world.turn()
    assert _statuses(world) == ["answered", "open"]
    assert not world.received(AGENT, "which_case")


def test_the_agents_own_mail_may_have_the_citizen_in_copy(world: World) -> None:
    _cases(world, ANNA)
    _new(world, OFFICE, "La pregunta de l'Anna", sender=AGENT, cc=ANNA)
    world.turn()
    assert _statuses(world) == ["answered"]


def test_without_proof_a_new_mail_in_an_agents_name_answers_nothing(world: World) -> None:
    _cases(world, ANNA)
    mail = world.message(AGENT, "La vostra pregunta", "Ja està.", to=ANNA)
    mail["Cc"] = OFFICE
    world.receive(mail)
    assert _statuses(world) == ["open"]


def test_a_colleagues_mail_about_no_case_waits_for_a_person(world: World) -> None:
    world.staff_says(AGENT, "Dinar de dijous", "Qui s'apunta al dinar de dijous?")
    assert (world.reviews(), world.cases(), world.mails("ack")) == (["staff-without-case"], [], [])


def test_a_new_mail_to_a_citizen_who_waits_for_nothing_is_other_correspondence(world: World) -> None:
    world.agent_replies(world.citizen_asks(ANNA))
    _new(world, ANNA, "Curs d'idCAT")
    world.turn()
    assert not world.received(AGENT, "which_case")
    assert not world.reviews()


def test_a_new_mail_that_answers_an_unread_message_is_no_guess(world: World) -> None:
    """It refers to a message that nobody has read yet."""
    _cases(world, ANNA)
    world.see_in_sent(world.message(OFFICE, "Un altre tema", "Fet.", to=ANNA, refs=["<unread@example.org>"]))
    assert _statuses(world) == ["open"]
    assert not world.received(AGENT, "which_case")


@pytest.mark.parametrize("mark", [("Auto-Submitted", "auto-replied"), ("X-Autoreply", "yes")])
@pytest.mark.parametrize("sender", [OFFICE, AGENT])
def test_an_automatic_mail_answers_no_case(world: World, mark: tuple[str, str], sender: str) -> None:
    _cases(world, ANNA)
    mail = world.message(sender, "Sóc fora", "Torno el dia 15.", to=ANNA, headers=[mark])
    if sender == OFFICE:
        world.put_into_sent(mail)
    else:
        mail["Cc"] = OFFICE
        world.deliver(mail, verdict=PASS)
    world.turn()
    assert _statuses(world) == ["open"]
    assert not world.received(AGENT, "which_case")


# --- several open cases ----------------------------------------------------------------------------------


def test_with_several_open_cases_the_agents_are_asked_once_and_nothing_is_met(world: World) -> None:
    cases = _cases(world, ANNA, ANNA, PERE)
    _new(world, ANNA, "La vostra pregunta")
    world.turn()
    world.turn()
    (ask,) = world.received(AGENT, "which_case")
    assert cases[0]["number"] in text_of(ask)
    assert cases[1]["number"] in text_of(ask)
    assert cases[2]["number"] not in text_of(ask)
    assert ANNA not in ask.as_string()
    assert _statuses(world) == ["open", "open", "open"]
    assert world.reviews() == ["which-case"]


@pytest.mark.parametrize("said", ["2", "#2", "cas 2", "OAC-2026-000002", "Cas 2.", "és el cas 000002"])
@pytest.mark.parametrize("sender", [OFFICE, AGENT])
def test_the_agent_replies_with_the_number_and_it_counts_from_when_it_was_written(
    world: World, said: str, sender: str
) -> None:
    _cases(world, ANNA, ANNA)
    world.advance("2026-11-25 17:00")
    _new(world, ANNA, "La vostra pregunta", sender=sender, cc="" if sender == OFFICE else OFFICE)
    world.turn()
    world.live("2026-11-27 09:00")
    assert _statuses(world) == ["open", "open"]
    _chooses(world, world.received(AGENT, "which_case")[0], said)
    first, second = world.cases()
    assert (first["status"], second["status"]) == ("open", "answered")
    assert second["answered_at"] == local("2026-11-25 17:00").isoformat()
    assert not second["overdue"]
    assert first["overdue"]
    assert world.reviews() == []
    assert "| fet |" in world.texts(AGENT, "transcript")[-1]


@pytest.mark.parametrize("said", ["cap", "Ningú", "ninguno", "None.", "cap cas"])
def test_the_agent_says_that_it_is_other_correspondence(world: World, said: str) -> None:
    _cases(world, ANNA, ANNA)
    _new(world, ANNA, "Curs d'idCAT")
    world.turn()
    _chooses(world, world.received(AGENT, "which_case")[0], said)
    assert _statuses(world) == ["open", "open"]
    assert world.reviews() == []


@pytest.mark.parametrize("said", ["3", "77", "Bon dia", "OAC-2025-000001"])
def test_a_case_that_was_not_in_the_list_is_not_chosen(world: World, said: str) -> None:
    _cases(world, ANNA, ANNA, PERE)
    _new(world, ANNA, "La vostra pregunta")
    world.turn()
    _chooses(world, world.received(AGENT, "which_case")[0], said)
    assert _statuses(world) == ["open", "open", "open"]
    assert world.reviews() == ["which-case"]
    assert "no fet" in world.texts(AGENT, "transcript")[-1]


def test_nobody_without_proof_chooses(world: World) -> None:
    _cases(world, ANNA, ANNA)
    _new(world, ANNA, "La vostra pregunta")
    world.turn()
    _chooses(world, world.received(AGENT, "which_case")[0], "2", verdict="")
    assert _statuses(world) == ["open", "open"]
    assert "which-case" in world.reviews()


def test_the_words_of_a_message_that_the_agent_attaches_choose_nothing(world: World) -> None:
    _cases(world, ANNA, ANNA)
    _new(world, ANNA, "La vostra pregunta")
    world.turn()
    reply = world.message(AGENT, "", "", answers=world.received(AGENT, "which_case")[0])
    reply.add_attachment(world.message(ANNA, "Hola", "2"))
    world.receive(reply, verdict=PASS)
    assert _statuses(world) == ["open", "open"]


def test_the_second_agent_who_chooses_is_told_that_it_is_done(town: Any) -> None:
    world = town(people={"agents": [AGENT, SUPERVISOR]})
    _cases(world, ANNA, ANNA)
    _new(world, ANNA, "La vostra pregunta")
    world.turn()
    (ask,), (other,) = world.received(AGENT, "which_case"), world.received(SUPERVISOR, "which_case")
    _chooses(world, ask, "2")
    world.staff_says(SUPERVISOR, "", "1", answers=other)
    assert _statuses(world) == ["open", "answered"]
    assert "no fet" in world.texts(SUPERVISOR, "transcript")[-1]


def test_what_she_asks_after_the_mail_is_still_owed_when_the_agent_chooses(world: World) -> None:
    _cases(world, ANNA, ANNA)
    mail = _new(world, ANNA, "La vostra pregunta")
    world.turn()
    world.clock.set(world.clock.now() + timedelta(hours=1))
    world.citizen_asks(ANNA, "", "I quant costa?", answers=world.received(ANNA)[1])
    _chooses(world, world.received(AGENT, "which_case")[0], "2")
    second = world.case("OAC-2026-000002")
    assert mail["To"] == ANNA
    assert second["answered_at"] is not None
    assert second["status"] == "open"


def test_a_report_that_it_did_not_arrive_before_the_agent_chooses_is_not_forgotten(world: World) -> None:
    _cases(world, ANNA, ANNA)
    mail = _new(world, ANNA, "La vostra pregunta")
    world.turn()
    world.bounce(mail)
    _chooses(world, world.received(AGENT, "which_case")[0], "2")
    assert world.case("OAC-2026-000002")["status"] == "open"
    assert world.received(AGENT, "bounced")


def test_a_restart_between_question_and_choice_loses_nothing(world: World) -> None:
    _cases(world, ANNA, ANNA)
    _new(world, ANNA, "La vostra pregunta")
    world.turn()
    world.restart()
    _chooses(world, world.received(AGENT, "which_case")[0], "1")
    assert _statuses(world) == ["answered", "open"]


def test_an_autoresponder_that_answers_each_mail_gets_one_transcript(world: World) -> None:
    """It marks nothing, and keeps all references."""
    _cases(world, ANNA, ANNA)
    _new(world, ANNA, "Una cosa")
    world.turn()
    (last,) = world.received(AGENT, "which_case")
    for _ in range(3):
        world.staff_says(AGENT, "", "Soc de viatge fins dilluns.", answers=last)
        last = world.received(AGENT)[-1]
    assert len(world.texts(AGENT, "transcript")) == 1
    _chooses(world, world.received(AGENT, "which_case")[0], "1")
    assert len(world.texts(AGENT, "transcript")) == 2
