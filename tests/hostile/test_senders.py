"""Strange senders, dates and addresses: each gets a case with a deadline, and a mail only if the address is valid."""

from types import SimpleNamespace
from typing import cast

import pytest

from oacmail.core.ports import MessageMeta
from oacmail.imap import messages
from oacmail.imap.connection import ImapClient
from testbed.relay import refused
from tests.hostile.enemy import EVIL, everything_said, mails_out, message, outcomes, slip_in, smuggle
from tests.world import ANNA, OFFICE, OPERATOR, SUPERVISOR, World, local

LABEL = "b" * 60
UNANSWERABLE: dict[str, str | bytes] = {
    "no field": "",
    "null": "<>",
    "a name alone": "Mallory",
    "words": "undisclosed recipients",
    "an empty group": "amics:;",
    "an SMTPUTF8 address": "Zoë <zoë@evil.example>",
    "an IDN domain in its own letters": "Zoe <zoe@exàmple.example>",
    "raw bytes": b"\xff\xfe <\xe9@evil.example>",
    "a quoted local part": '"a b"@evil.example',
    "an address literal": "a@[192.0.2.1]",
    "an encoded word as address": "=?utf-8?q?a?=@evil.example",
    "longer than a relay takes": f"{'a' * 64}@{'.'.join([LABEL] * 4)}.example",
    "a local part too long": f"{'a' * 65}@evil.example",
    "a newline inside": "a\r\n@evil.example",
    "a space inside": "a b@evil.example",
    "no domain": "mallory@",
}
ANSWERABLE = {
    "punycode": "zoe@xn--exmple-xta.example",
    "a leading dash": "-oq/tmp@evil.example",
    "a pipe": "|sh@evil.example",
    "per cent and bang": "a!b%c@evil.example",
    "an apostrophe": "o'neill@evil.example",
    "as long as a relay takes": f"{'a' * 50}@{'.'.join([LABEL] * 3)}.example",
    "a name without quotes and with a comma": "Puig, Zoe <zoe@evil.example>",
}


@pytest.mark.parametrize("name", UNANSWERABLE)
def test_who_gives_no_address_has_a_case_and_waits_for_a_person(world: World, name: str) -> None:
    smuggle(world, message(world, [("From", UNANSWERABLE[name])]))
    assert outcomes(world) == ["case"]
    assert world.case()["due_at"] is not None
    assert mails_out(world) == []
    assert world.reviews() == ["no-address-to-answer"]


@pytest.mark.parametrize("name", ANSWERABLE)
def test_who_can_be_answered_is_answered(world: World, name: str) -> None:
    smuggle(world, message(world, [("From", ANSWERABLE[name])]))
    (ack,) = mails_out(world)
    assert str(ack["To"]) in ANSWERABLE[name]


@pytest.mark.parametrize("reply_to", [ANNA, f"{ANNA}, {EVIL}", f"Anna <{ANNA}>", OFFICE])
def test_the_acknowledgement_goes_to_from_whatever_reply_to_says(world: World, reply_to: str) -> None:
    smuggle(world, message(world, [("Reply-To", reply_to), ("Return-Path", f"<{ANNA}>"), ("Errors-To", ANNA)]))
    assert [str(mail["To"]) for mail in mails_out(world)] == [EVIL]
    assert {mail.recipient for mail in world.relay.accepted} == {EVIL}


DATES: tuple[str | bytes, ...] = (
    "",
    "ahir",
    b"\xff\xfe\x00",
    "Fri, 31 Dec 9999 23:59:59 -0000",
    "Mon, 1 Jan 0001 00:00:00 +2359",
    "Wed, 25 Nov 2026 08:00:00 +999999999999",
    "Wed, 25 Nov 2026 25:61:61 +0100",
    "Wed, 25 Nov 20260000000000 08:00:00 +0100",
    "Thu, 01 Jan 1970 00:00:00 +0000",
    "9" * 60_000,
    "25/11/2026; DROP TABLE messages",
)


@pytest.mark.parametrize("date", DATES, ids=lambda date: ascii(date)[:40])
def test_the_date_that_the_sender_writes_moves_no_deadline(world: World, date: str | bytes) -> None:
    smuggle(world, message(world, [("Date", date)]))
    assert world.case()["due_at"] == "2026-11-26T20:00:00+01:00"
    assert len(world.received(EVIL)) == 1


@pytest.mark.parametrize("moment", ["2099-01-01 00:00", "2038-01-19 04:14", "9999-12-31 12:00", "2026-12-31 00:00"])
def test_a_message_that_lies_in_the_future_is_due_from_today(world: World, moment: str) -> None:
    """Clients that copy a message into INBOX take its date from where they like."""
    smuggle(world, message(world), at=local(moment))
    assert world.case()["due_at"] == "2026-11-26T20:00:00+01:00"
    world.turn_at("2026-11-27 08:00")
    assert "overdue" in [str(mail["X-Oacmail-Kind"]) for mail in mails_out(world)]


@pytest.mark.parametrize("moment", ["1970-01-02 00:00", "1601-01-01 12:00", "1999-12-31 23:59", "0001-01-02 00:00"])
def test_a_message_that_lies_in_the_past_is_accounted_for(world: World, moment: str) -> None:
    slip_in(world, message(world), at=local(moment))
    world.citizen_asks(ANNA)
    assert outcomes(world) == ["case", "case"]
    assert len(world.received(ANNA)) == 1


def test_an_answer_dated_into_the_future_meets_what_was_asked_and_nothing_later(world: World) -> None:
    asked = world.citizen_asks(ANNA)
    world.agent_replies(asked, at="2099-01-01 00:00")
    assert world.case()["status"] == "answered"
    world.advance("2026-11-25 10:00")
    world.citizen_asks(ANNA, "", "I la segona part, com es fa?", answers=asked)
    assert (world.case()["status"], world.case()["due_at"]) == ("open", "2026-11-26T20:00:00+01:00")


@pytest.mark.parametrize(
    "date", [b"00-Xxx-0000 99:99:99 +9999", b"31-Feb-2026 00:00:00 +0100", b"01-Jan-0001 00:00:00 +0200", b"x", b""]
)
def test_a_date_that_no_calendar_knows_stops_no_folder(date: bytes) -> None:
    """What a broken store says of one message must not break the reading of all others."""
    rows = [b'1 (UID 7 RFC822.SIZE 120 INTERNALDATE "%s")' % date]
    metas = messages.all_metas(cast(ImapClient, SimpleNamespace(uid=lambda *_: rows)), None)
    assert metas == ([MessageMeta(uid=7, size=120, internal_date=messages._NO_DAY)] if date else [])


# Messages that try to make their escalation fail: it leaves without the original, and failures are reported.

NUMBER = "OAC-2026-000001"


def _overdue(world: World, raw: bytes) -> None:
    smuggle(world, raw)
    world.turn_at("2026-11-27 08:00")


def _with_file(world: World, data: bytes, name: str = "volant.pdf") -> bytes:
    part = b'Content-Type: application/pdf; name="%s"\r\nContent-Disposition: attachment\r\n\r\n' % name.encode()
    body = b"--b\r\n\r\nMireu el fitxer.\r\n--b\r\n" + part + data + b"\r\n--b--"
    return message(world, [("MIME-Version", "1.0"), ("Content-Type", 'multipart/mixed; boundary="b"')], body)


@pytest.mark.parametrize(
    ("code", "status"), [(552, "5.3.4"), (554, "5.6.0"), (550, "5.7.1"), (554, ""), (552, "5.2.3")], ids=str
)
def test_an_escalation_that_is_refused_for_its_original_goes_without_it(world: World, code: int, status: str) -> None:
    world.relay.when(refused(code, status, at="DATA"), kind="overdue", times=1)
    _overdue(world, _with_file(world, b"%PDF-1.7 X5O!P%@AP EICAR"))
    (mail,) = world.received(SUPERVISOR)
    assert "EICAR" not in everything_said(mail)
    assert NUMBER in str(mail["Subject"])


def test_an_escalation_that_is_refused_even_bare_is_reported_to_the_operator(world: World) -> None:
    world.relay.when(refused(554, "5.7.1", at="DATA"), to=SUPERVISOR)
    _overdue(world, _with_file(world, b"%PDF-1.7"))
    world.turn()
    assert world.received(SUPERVISOR) == []
    assert "bounced" in world.kinds(OPERATOR)


def test_a_message_too_large_to_be_passed_on_is_named_and_not_attached(world: World) -> None:
    _overdue(world, _with_file(world, b"%PDF-1.7\r\n" + b"x" * 76 * 140_000))
    (mail,) = world.received(SUPERVISOR)
    assert len(mail.as_bytes()) < 100_000
    assert "no s'adjunta" in everything_said(mail)


def test_an_original_that_ends_our_multipart_stays_inside_it(world: World) -> None:
    """Whoever knows how we make boundaries cannot guess one: they come from a secret id and the whole text."""
    guesses = "\r\n".join(f"--=_m{number:024x}--\r\nContent-Type: text/html\r\n\r\n<script>" for number in range(300))
    _overdue(world, message(world, [], guesses))
    (mail,) = world.received(SUPERVISOR)
    kinds = [part.get_content_type() for part in mail.iter_parts()]
    assert kinds == ["multipart/alternative", "message/rfc822"]


@pytest.mark.parametrize(
    "name", ["factura.pdf.exe", "a.scr", "macro.docm", "b.iso", "pagina.html", "dibuix.svg", "x.eml"]
)
def test_a_dangerous_file_travels_as_its_name_and_hash(world: World, name: str) -> None:
    _overdue(world, _with_file(world, b"PAYLOAD-PAYLOAD", name))
    (mail,) = world.received(SUPERVISOR)
    said = everything_said(mail)
    assert "PAYLOAD-PAYLOAD" not in said
    assert name in said
