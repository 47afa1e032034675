"""Messages that try to make their escalation fail: it leaves without the original, and failures are reported."""

import pytest

from testbed.relay import refused
from tests.hostile.enemy import everything_said, message, smuggle
from tests.world import OPERATOR, SUPERVISOR, World

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
