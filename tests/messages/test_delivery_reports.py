"""Delivery reports and machines: what they change and what they must not (R14, RFC 3834)."""

from email.message import EmailMessage

import pytest

from testbed.messages import as_bytes
from tests.world import AGENT, ANNA, OFFICE, OPERATOR, PERE, SUPERVISOR, World, text_of


def _answered(world: World) -> EmailMessage:
    message = world.citizen_asks(ANNA)
    world.clock.forward(hours=1)
    return world.agent_replies(message)


def test_an_acknowledgement_that_came_back_failed_and_the_agents_are_notified_once(world: World) -> None:
    world.citizen_asks(ANNA)
    for _ in range(2):
        world.bounce(world.received(ANNA)[0])
    assert world.mail()["state"] == "failed"
    (told,) = world.received(AGENT)
    assert world.case()["number"] in str(told["Subject"])
    assert ANNA not in text_of(told)
    assert world.case()["due_at"] == "2026-11-26T20:00:00+01:00"
    assert world.received("mailer-daemon@relay.example") == []


def test_what_came_back_at_night_is_reported_at_the_opening(world: World) -> None:
    answer = _answered(world)
    world.advance("2026-11-25 23:00")
    world.report_on(answer)
    world.live("2026-11-26 07:59", minutes=60)
    assert world.received(AGENT) == []
    assert world.case()["due_at"] == "2026-11-26T20:00:00+01:00"
    world.live("2026-11-26 08:00")
    assert world.kinds(AGENT) == ["bounced"]


def test_an_answer_that_came_back_reopens_the_case_and_arms_the_next_working_day(world: World) -> None:
    answer = _answered(world)
    world.advance("2026-11-27 10:00")
    world.bounce(answer)
    case = world.case()
    assert (case["status"], case["answered_at"], case["due_at"]) == ("open", None, "2026-11-30T20:00:00+01:00")
    assert world.kinds(AGENT) == ["bounced"]
    world.live("2026-12-01 08:00", minutes=120)
    (overdue,) = world.received(SUPERVISOR)
    assert "com puc signar la instància" in text_of(overdue), "the citizen's message, not the report"


def test_an_answer_that_came_back_reopens_even_a_closed_case(world: World) -> None:
    answer = _answered(world)
    world.order("close", world.case()["number"], reason="answered")
    world.bounce(answer)
    assert world.case()["status"] == "open"


def test_a_second_answer_after_the_report_answers(world: World) -> None:
    answer = _answered(world)
    world.bounce(answer)
    world.clock.forward(minutes=30)
    world.agent_answers(answer)  # to her, in the same thread
    again = world.message(OFFICE, "", "Ara sí.", to=ANNA, answers=answer)
    world.mailbox.append("Sent", as_bytes(again), world.clock.now())
    world.turn()
    assert world.case()["status"] == "answered"
    assert world.case()["answered_at"] is not None


@pytest.mark.parametrize(("action", "status"), [("delayed", "4.4.1"), ("delivered", "2.1.5")])
def test_a_delay_or_a_success_changes_nothing(world: World, action: str, status: str) -> None:
    answer = _answered(world)
    before = world.case() | {"messages": None}
    for mail in (answer, world.received(ANNA)[0]):
        world.report_on(mail, action=action, status=status)
    world.turn()
    assert world.case() | {"messages": None} == before
    assert world.mail()["state"] == "sent"
    assert world.received(AGENT) == []


def test_a_report_on_a_colleague_in_copy_is_not_one_on_the_citizen(world: World) -> None:
    answer = _answered(world)
    answer.replace_header("To", AGENT)
    world.bounce(answer)
    assert world.case()["status"] == "answered"


def test_a_notice_that_staff_did_not_get_is_reported_to_the_operator(world: World) -> None:
    world.citizen_writes(ANNA)
    world.live("2026-11-27 08:00")
    (overdue,) = world.received(SUPERVISOR)
    world.bounce(overdue)
    assert world.kinds(OPERATOR) == ["bounced"]


def test_a_robot_changes_neither_state_nor_deadline_and_gets_no_mail(world: World) -> None:
    answer = _answered(world)
    world.robot_writes(ANNA, "", answers=answer)
    world.robot_writes(PERE, "Fora de l'oficina")
    world.live("2026-11-30 12:00")
    assert world.case()["status"] == "answered"
    assert len(world.cases()) == 1
    assert (world.kinds(ANNA), world.kinds(PERE)) == (["ack"], [])


@pytest.mark.parametrize(
    "field",
    [
        None,
        ("List-Unsubscribe", "<https://news.example/u>"),
        ("List-Id", "Veïns <veins.list.example>"),
        ("Precedence", "bulk"),
        ("Auto-Submitted", "auto-generated"),
        ("Auto-Submitted", "auto-notified; owner-email=a@b.example"),
    ],
    ids=str,
)
def test_what_machines_write_is_no_case(world: World, field: tuple[str, str] | None) -> None:
    """By the null sender of its envelope alone, or by one field."""
    news = "Novetats del mes: nova web del consorci, jornades gratuïtes i els cursos de tardor. Inscriviu-vos-hi!"
    mail = world.message(PERE, "Novetats de novembre", news, headers=(field,) if field else ())
    world.receive(mail, sender=PERE if field else "")
    assert (world.cases(), world.mails(), world.reviews()) == ([], [], [])


def test_an_agents_automatic_answer_in_sent_is_no_answer(world: World) -> None:
    message = world.citizen_asks(ANNA)
    marks = (("Auto-Submitted", "auto-replied"),)
    mail = world.message(OFFICE, "", "Som de festa.", to=ANNA, answers=message, headers=marks)
    world.mailbox.append("Sent", as_bytes(mail), world.clock.now())
    world.turn()
    assert world.case()["status"] == "open"


# --- two robots facing each other ---------------------------------------------------------------------


def _acks_in_a_week(world: World, reply: str) -> int:
    """A machine without any mark of one answers each mail of ours within the hour, a week long."""
    machine = "tickets@empresa.example"
    world.citizen_writes(machine, "Consulta 1001", "Bon dia, com va la petició 1001?")
    seen = 0
    for day in range(25, 31):
        for hour in (9, 11, 13, 15, 17):
            world.turn_at(f"2026-11-{day} {hour:02}:00")
            for ack in world.received(machine)[seen:]:
                number = 1002 + seen
                if reply == "a new ticket each":
                    world.citizen_writes(machine, f"Consulta {number}", f"Bon dia, com va la petició {number}?")
                else:
                    world.citizen_writes(machine, "", f"Bon dia, com va la petició {number}?", answers=ack)
            seen = len(world.received(machine))
            world.turn()
    return len(world.received(machine))


@pytest.mark.parametrize("reply", ["a new ticket each", "a reply each"])
def test_two_robots_that_face_each_other_exchange_three_mails_a_week(world: World, reply: str) -> None:
    assert 1 <= _acks_in_a_week(world, reply) <= 3


def test_a_robot_that_writes_every_hour_is_acknowledged_three_times_a_week(world: World) -> None:
    machine = "monitor@empresa.example"
    for day in (25, 26, 27, 30):
        for hour in range(9, 20):
            world.advance(f"2026-11-{day} {hour:02}:00")
            world.citizen_asks(machine, f"Estat del sistema {day}{hour}", f"Tot correcte a les {hour}:{day}.")
    assert len(world.received(machine)) == 3
    assert "same-mail-again-and-again" in world.reviews()


def test_a_person_who_was_answered_is_no_robot_however_often_she_writes(world: World) -> None:
    for turn, day in enumerate(("11-25", "11-26", "11-27", "11-30", "12-01")):
        world.advance(f"2026-{day} 09:30")
        message = world.citizen_asks(ANNA, "Consulta", f"Bon dia, què faig amb el tràmit {'abcde'[turn]}?")
        world.advance(f"2026-{day} 12:00")
        world.agent_replies(message)
    assert world.kinds(ANNA) == ["ack"] * 5


# A message that only its words call a delivery report: a person may have written it, so a person looks at it.

RETURNED = [
    ("No s'ha pogut lliurar el missatge", "Em va tornar el correu: «no s'ha pogut lliurar el missatge». Vull hora."),
    ("Correu retornat", "Bon dia, el missatge que us vaig enviar no s'ha lliurat. Demano el volant d'empadronament."),
    ("Mensaje devuelto", "El mensaje que les mandé ayer ha sido rechazado. Se lo mando otra vez: solicito cita."),
    ("Delivery failure", "Hello, your message about my permit could not be delivered. Please use this address."),
]


@pytest.mark.parametrize(("subject", "text"), RETURNED)
def test_a_citizen_who_tells_of_a_returned_message_waits_for_a_person(world: World, subject: str, text: str) -> None:
    world.citizen_asks(ANNA, subject, text)
    assert (world.reviews(), world.received(ANNA)) == (["looks-automatic: bounce"], [])


@pytest.mark.parametrize(("subject", "text"), RETURNED)
def test_words_alone_do_not_mark_our_mail_as_undelivered(world: World, subject: str, text: str) -> None:
    world.citizen_asks(ANNA)
    (ack,) = world.received(ANNA)
    mail = world.message(ANNA, subject, text, answers=ack)
    del mail["Subject"]
    mail["Subject"] = subject
    world.receive(mail)
    assert (world.mail()["state"], world.reviews()) == ("sent", ["looks-automatic: bounce"])


def test_words_that_return_our_mail_are_a_report(world: World) -> None:
    world.citizen_asks(ANNA)
    (ack,) = world.received(ANNA)
    text = (
        f"Your message to {ANNA} could not be delivered: user unknown.\n\n"
        f"----- Original message -----\n\nMessage-ID: {ack['Message-ID']}\nSubject: x\n\n"
    )
    world.receive(world.message("correu@example.org", "Undelivered mail", text))
    assert (world.mail()["state"], world.reviews()) == ("failed", [])
