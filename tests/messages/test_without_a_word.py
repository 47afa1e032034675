"""Reactions, recalled messages, receipts and calendars' answers: nobody has written a word, so nothing follows, and
somebody hears of it."""

from collections.abc import Callable
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default

import pytest

from oacmail.mail.parse import parse
from testbed.messages import as_bytes
from tests.mail.messages import corpus
from tests.survey.test_survey import survey, surveyed
from tests.world import AGENT, ANNA, OFFICE, SUPERVISOR, World, text_of

TOWN = Callable[..., World]
WORDLESS = (
    "reaction-gmail",
    "reaction-outlook",
    "reaction-standard",
    "recalled-exchange",
    "recalled-outlook",
    "calendar-reply-outlook",
    "calendar-reply-google",
)
WORDS = {
    "reaction-gmail-with-words": "germà",
    "calendar-reply-with-words": "A les 10 no hi seré",
    "calendar-reply-comment-alone": "truqueu-me dijous",
    "calendar-reply-google-with-note": "Millor a les 12",
}
FILED = {"reaction": "reacció sense text", "recalled": "la persona vol retirar", "calendar": "resposta del seu"}


def _like(name: str, answers: EmailMessage | None = None, *, sender: str = ANNA) -> EmailMessage:
    """This message of the corpus, from this sender, in answer to a mail of this world."""
    mail = message_from_bytes(corpus(name), _class=EmailMessage, policy=default)
    mail.replace_header("From", sender)
    mail.replace_header("To", OFFICE)
    for field in ("In-Reply-To", "References"):
        del mail[field]
    if answers is not None:
        mail["In-Reply-To"] = str(answers["Message-ID"])
        if not name.startswith(("recalled", "calendar")):
            mail.replace_header("Subject", f"Re: {answers['Subject']}")
    return mail


def _texts_of_overdue(world: World) -> list[str]:
    """What the desk is shown of the case once it is overdue."""
    world.live("2026-11-30 09:00", minutes=240)
    return world.texts(SUPERVISOR, "overdue")


def _from_anna(world: World, name: str, answers: EmailMessage | None) -> None:
    world.receive(_like(name, answers), verdict="dmarc=pass header.from=example.org")


@pytest.mark.parametrize("name", WORDLESS)
def test_it_reopens_nothing_starts_nothing_is_not_acknowledged_and_stands_in_the_summary(town: TOWN, name: str) -> None:
    world = town(now="2026-11-25 09:00", digest={"to": [AGENT]})
    asked = world.citizen_asks(ANNA, "Volant")
    world.agent_replies(asked)
    before = world.case()
    _from_anna(world, name, world.received(ANNA)[0])
    after = world.case()
    assert len(world.cases()) == 1
    assert (after["status"], after["due_at"]) == (before["status"], before["due_at"]) == ("answered", before["due_at"])
    assert len(after["messages"]) == 3
    assert world.kinds(ANNA) == ["ack"]
    assert world.rows("SELECT count(*) AS running FROM deadlines WHERE kind = 'answer' AND met_at IS NULL") == [
        {"running": 0}
    ]
    mark = name.partition("-")[0]
    assert world.reviews() == [f"filed-{mark}"]
    world.live("2026-11-26 08:30")
    assert FILED[mark] in text_of(world.received(AGENT)[-1])


@pytest.mark.parametrize("name", WORDLESS)
def test_without_a_case_it_opens_none_and_an_agent_looks(town: TOWN, name: str) -> None:
    world = town()
    _from_anna(world, name, None)
    assert world.cases() == []
    assert world.received(ANNA) == []
    assert world.reviews() == [f"looks-automatic: {name.partition('-')[0]}"] or name == "reaction-outlook"


@pytest.mark.parametrize("more", ["https://seu.example/tramit/12", "600 111 222", "I on ho porto"])
def test_a_link_or_a_number_beside_a_reaction_is_a_word(world: World, more: str) -> None:
    world.agent_replies(world.citizen_asks(ANNA, "Volant"))
    ack = world.received(ANNA)[0]
    world.citizen_asks(ANNA, f"Re: {ack['Subject']}", f"Anna reacted to your message:\n\n{more}", answers=ack)
    assert world.case()["status"] == "open"


def test_outlooks_words_alone_are_a_reaction_only_in_answer_to_a_mail(town: TOWN) -> None:
    world = town()
    _from_anna(world, "reaction-outlook", None)
    assert world.reviews() != ["looks-automatic: reaction"]


@pytest.mark.parametrize("name", WORDS)
def test_a_word_beside_it_makes_it_a_request_like_any_other(town: TOWN, name: str) -> None:
    world = town(now="2026-11-25 09:00")
    asked = world.citizen_asks(ANNA, "Volant")
    world.agent_replies(asked)
    _from_anna(world, name, world.received(ANNA)[0])
    assert (world.case()["status"], len(world.case()["messages"])) == ("open", 3)
    assert world.kinds(ANNA) == ["ack", "ack"]
    assert any(WORDS[name] in text for text in _texts_of_overdue(world))


def test_what_a_person_writes_beside_an_attached_answer_of_a_calendar_is_read(town: TOWN) -> None:
    world = town()
    asked = world.citizen_asks(ANNA, "Volant")
    world.agent_replies(asked)
    answer = next(part for part in _like("calendar-reply-google").walk() if part.get_content_subtype() == "calendar")
    mail = world.message(
        ANNA, "Re: Volant", "No puc a aquesta hora, truqueu-me dijous.", answers=world.received(ANNA)[0]
    )
    mail.add_attachment(answer.get_content().encode(), maintype="text", subtype="calendar", filename="invite.ics")
    world.receive(mail, verdict="dmarc=pass header.from=example.org")
    assert (world.case()["status"], world.kinds(ANNA)) == ("open", ["ack", "ack"])
    assert any("truqueu-me dijous" in text for text in _texts_of_overdue(world))


def test_an_empty_comment_hides_no_other(town: TOWN) -> None:
    world = town(now="2026-11-25 09:00")
    asked = world.citizen_asks(ANNA, "Volant")
    world.agent_replies(asked)
    raw = as_bytes(_like("calendar-reply-comment-alone", world.received(ANNA)[0]))
    mail = message_from_bytes(raw.replace(b"COMMENT:", b"COMMENT:\r\nCOMMENT:"), _class=EmailMessage, policy=default)
    world.receive(mail, verdict="dmarc=pass header.from=example.org")
    assert world.case()["status"] == "open"


def test_a_comment_without_an_end_is_cut() -> None:
    raw = corpus("calendar-reply-comment-alone").replace(b"COMMENT:", b"COMMENT:" + b"No puc. " * 200_000)
    assert len(parse(raw).fresh) == 20_000


def test_an_open_case_keeps_its_deadline_when_its_person_reacts(town: TOWN) -> None:
    world = town()
    world.citizen_asks(ANNA, "Volant")
    due = world.case()["due_at"]
    _from_anna(world, "reaction-gmail", world.received(ANNA)[0])
    assert (world.case()["status"], world.case()["due_at"]) == ("open", due)


def test_an_agents_reaction_to_a_citizen_is_no_answer(town: TOWN) -> None:
    world = town()
    asked = world.citizen_asks(ANNA, "Volant")
    reaction = _like("reaction-gmail", asked, sender=OFFICE)
    reaction.replace_header("To", ANNA)
    world.see_in_sent(reaction)
    assert world.case()["status"] == "open"
    assert world.case()["due_at"]
    assert world.reviews() == ["looks-automatic: auto_reply"]


def test_a_reaction_to_the_survey_is_no_vote(town: TOWN) -> None:
    world = surveyed(town)
    _from_anna(world, "reaction-gmail", survey(world))
    assert world.rows("SELECT count(*) AS votes FROM votes") == [{"votes": 0}]
    assert world.reviews() == ["filed-reaction"]


def test_who_asks_for_a_receipt_is_acknowledged_and_gets_no_receipt(town: TOWN) -> None:
    world = town()
    _from_anna(world, "read-receipt-asked", None)
    (only,) = world.received(ANNA)
    assert only.get_content_type() == "multipart/alternative"
    assert world.kinds(ANNA) == ["ack"]
    assert world.case()["status"] == "open"


def test_a_receipt_of_our_mail_changes_nothing(town: TOWN) -> None:
    world = town()
    world.citizen_asks(ANNA, "Volant")
    before = world.case()
    world.receive(_like("read-receipt", world.received(ANNA)[0]), sender="")
    assert {**world.case(), "messages": 0} == {**before, "messages": 0}
    assert world.kinds(ANNA) == ["ack"]


@pytest.mark.parametrize(
    ("subject", "line", "shown"),
    [
        ("Nova hora proposada", "", "01/12/2026 11:00–12:00"),
        ("New Time Proposed", "COMMENT:Al matí treballo\r\n", "Al matí treballo"),
        ("Nueva hora propuesta", "COMMENT:Al matí treballo\r\n", "01/12/2026 11:00–12:00"),
        ("Proposed new time", "DTSTART;TZID=Romance Standard Time:20261201T090000\r\n", "01/12/2026 09:00–12:00"),
        ("New Time Proposed", "DTSTART;VALUE=DATE:20261201\r\n", "01/12/2026–12:00"),
        ("New Time Proposed", "DTSTART;VALUE=DATE:20261203\r\nDTEND;VALUE=DATE:20261205\r\n", "03/12/2026–04/12/2026"),
        ("New Time Proposed", "DTSTART;VALUE=DATE:20261203\r\nDTEND;VALUE=DATE:20261204\r\n", "03/12/2026"),
        ("New Time Proposed", "DTSTART:demà\r\nDTEND:demà passat\r\n", "demà–demà passat"),
        ("New Time Proposed", "DTSTART:99991231T235959Z\r\nDTEND;VALUE=DATE:00010101\r\n", "99991231T235959Z–00010101"),
        (
            "New Time Proposed",
            "DTSTART:20261299T100000\r\nDTEND:20261299T110000\r\n",
            "20261299T100000–20261299T110000",
        ),
    ],
)
def test_an_agent_sees_the_time_that_the_answer_of_a_calendar_proposes(
    town: TOWN, subject: str, line: str, shown: str
) -> None:
    world = town(now="2026-11-25 09:00")
    asked = world.citizen_asks(ANNA, "Volant")
    world.agent_replies(asked)
    raw = as_bytes(_like("calendar-counter-outlook", world.received(ANNA)[0]))
    for was, now in (("Nova hora proposada", subject), ("BEGIN:VEVENT\r\n", f"BEGIN:VEVENT\r\n{line}")):
        raw = raw.replace(was.encode(), now.encode())
    mail = message_from_bytes(raw, _class=EmailMessage, policy=default)
    world.receive(mail, verdict="dmarc=pass header.from=example.org")
    assert (world.case()["status"], len(world.case()["messages"]), world.reviews()) == ("open", 3, [])
    assert any(shown in text for text in _texts_of_overdue(world))


def test_a_comment_beside_a_proposed_time_is_read_once() -> None:
    comment = "BEGIN:VEVENT\nCOMMENT:Al matí treballo".encode()
    raw = corpus("calendar-counter-outlook").replace(b"BEGIN:VEVENT", comment)
    assert parse(raw).fresh == "Al matí treballo\n\n01/12/2026 10:00–11:00"


@pytest.mark.parametrize("zone_first", [True, False])
def test_another_time_that_does_not_stand_there_is_none_of_the_year_1601(town: TOWN, zone_first: bool) -> None:
    world = town(now="2026-11-25 09:00")
    asked = world.citizen_asks(ANNA, "Volant")
    world.agent_replies(asked)
    raw = as_bytes(_like("calendar-counter-outlook", world.received(ANNA)[0]))
    lines = raw.split(b"\r\n")
    lines = [line for line in lines if not line.startswith((b"DTSTART:2026", b"DTEND:2026"))]
    begins, ends = lines.index(b"BEGIN:VTIMEZONE"), lines.index(b"END:VTIMEZONE") + 1
    zone, rest = lines[begins:ends], lines[:begins] + lines[ends:]
    at = rest.index(b"BEGIN:VEVENT") if zone_first else rest.index(b"END:VCALENDAR")
    mail = message_from_bytes(b"\r\n".join(rest[:at] + zone + rest[at:]), _class=EmailMessage, policy=default)
    world.receive(mail, verdict="dmarc=pass header.from=example.org")
    assert (world.case()["status"], world.reviews()) == ("open", [])
    shown = _texts_of_overdue(world)
    assert all("Nova hora proposada" in text and "1601" not in text for text in shown)
    assert shown
