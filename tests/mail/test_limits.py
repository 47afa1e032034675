"""What lies beyond the caps is not read, what lies within them is, and the cap is named."""

import tracemalloc

import pytest

from oacmail.core.model import Rung
from oacmail.mail.mime import parts
from oacmail.mail.parse import parse
from tests.work import PER_CHARACTER, calls

HEAD = b"From: Anna <a@x.cat>\nSubject: Hola\nMessage-ID: <a@x.cat>\n"
MIXED = HEAD + b"Content-Type: multipart/mixed; boundary=b\n\n"
TEXT = b"--b\nContent-Type: text/plain\n\nBon dia\n"


def _nested(levels: int) -> bytes:
    return HEAD + b"".join(
        b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (level, level) for level in range(levels)
    )


@pytest.mark.parametrize(
    ("raw", "cap"),
    [
        (MIXED + TEXT + b"--b\nContent-Type: image/png\n\nx\n" * 999 + b"--b--\n", None),
        (MIXED + TEXT + b"--b\nContent-Type: image/png\n\nx\n" * 1_000 + b"--b--\n", "parts"),
        (_nested(40) + b"\nBon dia\n", None),
        (_nested(200) + b"\nBon dia\n", "depth"),
        (HEAD + b"X-Long: " + b"a" * parts.FIELD_LIMIT + b"\n\nBon dia\n", "field"),
        (HEAD + b"X-Many: a\n" * 60_000 + b"\nBon dia\n", "headers"),
        (HEAD + b"\n" + b"Bon dia a tothom\n" * 80_000, "text"),
        (MIXED + b"--b\n" + b"X-Many: a\n" * 60_000 + b"\nBon dia\n", "headers"),
        (MIXED + TEXT + b"--b\nContent-Type: text/x; " + b";" * 5_000 + b"\n\nx\n--b--\n", "field"),
    ],
)
def test_a_cap_that_cuts_is_named_and_the_message_is_read(raw: bytes, cap: str | None) -> None:
    message = parse(raw)
    assert message.rung is Rung.FULL
    assert message.caps == ((cap,) if cap else ())
    assert (message.sender, message.subject) == ("a@x.cat", "Hola")


def test_a_thousand_parts_are_all_listed() -> None:
    message = parse(MIXED + TEXT + b"--b\nContent-Type: image/png; name=a.png\n\nx\n" * 999 + b"--b--\n")
    assert len(message.attachments) == 999
    assert message.fresh == "Bon dia"


HOSTILE = {
    "10,000 parts": MIXED + b"--b\n\nhola\n" * 10_000,
    "5,000 levels": _nested(5_000),
    "messages in messages": HEAD + b"Content-Type: message/rfc822\n\n" * 10_000,
    "fields without end": HEAD + b"a:\n" * 40_000 + b"\nhola\n",
    "fields of a part without end": MIXED + b"--b\n" + b"a:\n" * 40_000,
    "fields of an attached message": HEAD + b"Content-Type: message/rfc822\n\n" + b"a:\n" * 40_000,
    "parameters": MIXED + (b'--b\nContent-Type: multipart/mixed; "' + b";" * 4_000 + b"\n\nhola\n") * 200,
    "blocks of a report": HEAD + b"Content-Type: message/delivery-status\n\n" + b"a:b\n\n" * 25_000,
    "colons": HEAD + b"\n" + b"a:\n" * 40_000,
    "quotes": HEAD + b"\n" + b"> a\nb\n" * 20_000,
    "flowed": HEAD + b"Content-Type: text/plain; format=flowed\n\n" + b"a \n" * 40_000,
    "one line": HEAD + b"\n" + b"a" * 400_000,
    "BER": HEAD + b"Content-Type: application/pkcs7-mime\n\n" + b"\x30\x80" * 200_000,
    "encoded words": HEAD.replace(b"Hola", b"=?a?b?x" * 9_000) + b"\nhola\n",
    "NULs": b"\0" * 400_000,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_message_costs_no_more_than_its_length(name: str) -> None:
    """What grows with the square costs some ten times the bound at this size already."""
    assert calls(lambda: parse(HOSTILE[name])) < PER_CHARACTER * len(HOSTILE[name])


def test_memory_stays_a_small_multiple_of_the_message() -> None:
    tracemalloc.start()
    parse(MIXED + b"--b\n" + b"a:\n" * 1_600_000)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 100_000_000
