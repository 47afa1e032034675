"""Forged delivery reports and receipts: only one that names the unguessable id of our mail counts, and only once."""

from email.message import EmailMessage

import pytest

from tests.hostile.enemy import EVIL, message, outcomes, slip_in, smuggle
from tests.world import AGENT, ANNA, OFFICE, PERE, World

NUMBER = "OAC-2026-000001"


def _acknowledged(world: World) -> EmailMessage:
    return world.citizen_asks(ANNA)


def _answered(world: World) -> EmailMessage:
    return world.agent_replies(_acknowledged(world))


def _report(world: World, about: str, recipient: str = ANNA, **headers: str) -> EmailMessage:
    returned = EmailMessage()
    returned["Message-ID"], returned["From"], returned["To"] = about, OFFICE, recipient
    mail = world.report_about(returned)
    for name, value in headers.items():
        mail[name.replace("_", "-")] = value
    return mail


def _state(world: World) -> tuple[str, str | None, int]:
    case = world.case(NUMBER)
    return case["status"], case["answered_at"], len(world.received(AGENT))


GUESSES = {
    "a random id": "<0123456789abcdef0123456789abcdef@castellbisbal.example>",
    "nothing": "",
    "a part of the id": "{half}",
    "the citizen's own id": "{asked}",
    "an id in capitals": "{upper}",
    "two in one": "<a@b> {asked}",
}


@pytest.mark.parametrize("name", GUESSES)
def test_a_report_that_guesses_marks_nothing_failed_and_reopens_nothing(world: World, name: str) -> None:
    asked = _acknowledged(world)
    world.agent_replies(asked)
    before = _state(world)
    ack = str(world.received(ANNA)[0]["Message-ID"])
    about = GUESSES[name].format(
        half=f"{ack[:18]}@castellbisbal.example>", asked=asked["Message-ID"], upper=ack.upper()
    )
    world.receive(_report(world, about), sender="")
    assert _state(world) == before
    assert world.mail()["state"] == "sent"


@pytest.mark.parametrize("where", ["Subject", "To", "X-Failed-Recipients", "Thread-Topic", "Comments"])
def test_an_id_that_stands_elsewhere_than_in_the_returned_mail_counts_for_nothing(world: World, where: str) -> None:
    _acknowledged(world)
    ack = str(world.received(ANNA)[0]["Message-ID"])
    fields = [("From", "MAILER-DAEMON@evil.example"), ("Subject", "Undelivered Mail Returned to Sender"), (where, ack)]
    smuggle(world, message(world, fields, f"The following address failed:\n<{ANNA}>\n\n{ack}\n"), sender="")
    assert world.mail()["state"] == "sent"
    assert world.received(AGENT) == []


def test_fifty_reports_on_one_answer_reopen_the_case_once_and_are_reported_once(world: World) -> None:
    """Who was sent the answer knows its id: he can say once that it did not arrive, and fill nobody's mailbox."""
    answer = _answered(world)
    for number in range(50):
        world.deliver(_report(world, str(answer["Message-ID"]), X_Number=str(number)), sender="")
    world.turn()
    assert world.kinds(AGENT) == ["bounced"]
    assert world.case()["status"] == "open"
    deadlines = world.rows("SELECT 1 FROM deadlines WHERE kind = 'answer' AND started_by GLOB 'undelivered:*'")
    assert len(deadlines) == 1


def test_a_late_report_on_an_answer_that_was_given_again_undoes_nothing(world: World) -> None:
    asked = _acknowledged(world)
    answer = world.agent_replies(asked)
    world.receive(_report(world, str(answer["Message-ID"])), sender="")
    world.advance("2026-11-25 11:00")
    world.agent_replies(asked, "Una altra vegada.")
    before = _state(world)
    world.receive(_report(world, str(answer["Message-ID"]), X_Late="1"), sender="")
    assert before[0] == "answered"
    assert _state(world) == before


def test_a_report_on_a_remark_in_an_agents_name_reopens_nothing(world: World) -> None:
    """First a forged agent's mail is filed on the case, then a report says that it did not arrive."""
    asked = _acknowledged(world)
    world.agent_replies(asked)
    forged = [("From", AGENT), ("To", ANNA), ("Message-ID", "<known@evil.example>")]
    smuggle(world, message(world, [*forged, ("References", str(asked["Message-ID"]))]))
    before = _state(world)
    world.receive(_report(world, "<known@evil.example>"), sender="")
    assert _state(world) == before


@pytest.mark.parametrize("recipient", [PERE, EVIL])
def test_a_report_on_one_citizens_mail_touches_nobody_elses(world: World, recipient: str) -> None:
    _acknowledged(world)
    world.citizen_asks(PERE, "Beca", "On es demana la beca?")
    mine = str(world.received(PERE)[0]["Message-ID"])
    world.receive(_report(world, mine, recipient), sender="")
    states = {mail["recipient"]: mail["state"] for mail in world.mails("ack")}
    assert states == {ANNA: "sent", PERE: "failed"}


@pytest.mark.parametrize("kind", ["disposition-notification", "feedback-report"])
def test_receipts_and_complaints_change_nothing(world: World, kind: str) -> None:
    answer = _answered(world)
    before = _state(world)
    body = f"--b\n\nread\n--b\nContent-Type: message/{kind}\n\nOriginal-Message-ID: {answer['Message-ID']}\n\n--b--\n"
    fields = [
        ("Content-Type", f'multipart/report; report-type={kind}; boundary="b"'),
        ("References", str(answer["Message-ID"])),
        ("Subject", "Llegit: Re: això"),
    ]
    smuggle(world, message(world, fields, body), sender="")
    assert _state(world) == before
    assert outcomes(world)[-1] == "automatic"


def test_forty_thousand_ids_in_a_report_stop_nothing(world: World) -> None:
    """Each would be a placeholder in one query, and a query has an end."""
    ids = "".join(f"Message-ID: <{number}@evil.example>\n" for number in range(40_000))
    report = _report(world, "<x@y>").as_bytes().replace(b"Message-ID: <x@y>\n", ids.encode())
    slip_in(world, report, sender="")
    world.citizen_asks(ANNA)
    assert len(world.received(ANNA)) == 1
    assert outcomes(world) == ["automatic", "case"]


def test_a_citizens_message_about_a_report_is_a_message(world: World) -> None:
    text = "Em va arribar això:\n\n> Undelivered Mail Returned to Sender\n> 550 5.1.1 user unknown\n\nQuè vol dir?"
    world.citizen_asks(ANNA, "Undelivered Mail: què vol dir?", text)
    assert len(world.received(ANNA)) == 1
