"""Bombs: small messages made to be expensive. Each costs no more than its length, and the next citizen is answered.

Counted is what one message costs from its bytes to the acknowledgement's, and again to the escalation with the
original. What no call shows, a slow pattern, is the business of test_patterns.py. The memory of all of them together is
measured in a process of its own.
"""

import subprocess
import sys
from base64 import b64encode
from collections.abc import Callable
from pathlib import Path

import pytest

from oacmail.mail.parse import parse
from oacmail.mail.parser_config import ParserConfig
from tests.hostile.enemy import EVIL, message, slip_in
from tests.work import calls
from tests.world import ANNA, SUPERVISOR, World

CALLS = 4_000_000  # a few for each byte; for each pair of its pieces there would be tens of millions
MEMORY = 300_000_000  # bytes
FOLDS = 1_500
MESSAGE = ("Content-Type", "message/rfc822")
ALTERNATIVES = ("Content-Type", "multipart/alternative; boundary=b")
MIXED = ("Content-Type", 'multipart/mixed; boundary="b"')
HTML = ("Content-Type", "text/html; charset=utf-8")
NUMBER = "OAC-2026-000001"

Bomb = tuple[list[tuple[str, str | bytes]], bytes]


def _body(text: bytes | str, *fields: tuple[str, str]) -> Bomb:
    return list(fields), text if isinstance(text, bytes) else text.encode()


def _field(name: str, value: str | bytes, times: int = 1) -> Bomb:
    return [(name, value)] * times, b"Hola, com va?"


def _report(status: bytes, returned: bytes = b"Message-ID: <x@y>\r\n") -> Bomb:
    types = ((b"text/plain", b"550"), (b"message/delivery-status", status), (b"text/rfc822-headers", returned))
    parts = b"".join(b"--b\r\nContent-Type: %s\r\n\r\n%s\r\n" % part for part in types)
    kind = 'multipart/report; report-type=delivery-status; boundary="b"'
    return [("Content-Type", kind), ("From", "MAILER-DAEMON@evil.example")], parts + b"--b--\r\n"


def _nested(levels: int) -> bytes:
    return b"".join(
        b"--b%d\r\nContent-Type: multipart/mixed; boundary=b%d\r\n\r\n" % (level, level + 1) for level in range(levels)
    )


def _zip(size: int) -> str:
    return b64encode(b"PK\x03\x04" + b"\0" * size).decode()


BOMBS: dict[str, Callable[[], Bomb]] = {
    "20,000 encoded words in the subject": lambda: _field("Subject", "=?utf-8?q?a?= " * 20_000),
    "20,000 encoded words over many fields": lambda: _field("X-A", "=?utf-8?q?a?= " * 4_000, 5),
    "20,000 encoded words in a name": lambda: _field("From", "=?utf-8?q?a?= " * 20_000 + "<mallory@evil.example>"),
    "encoded words that never end": lambda: _field("Subject", "=?a?b?x" * 1_500),
    "words in words": lambda: _field("Subject", "=?utf-8?b?" + b64encode(b"=?utf-8?q?a?= " * 4_000).decode() + "?="),
    "10,000 parameters": lambda: _field("Content-Type", "text/plain; " + "; ".join(f"a{n}=b" for n in range(10_000))),
    "10,000 pieces of a parameter": lambda: _field(
        "Content-Type", "text/plain; " + "; ".join(f"name*{n}*=%41" for n in range(10_000))
    ),
    "10,000 nested parts": lambda: ([("Content-Type", "multipart/mixed; boundary=b0")], _nested(10_000)),
    "5,000 nested messages": lambda: _body(b"Content-Type: message/rfc822\r\n\r\n" * 5_000, MESSAGE),
    "100,000 parts": lambda: _body(b"--b\r\n\r\nhola\r\n" * 100_000, MIXED),
    "100,000 alternatives": lambda: _body(b"--b\r\n\r\nhola\r\n" * 100_000, ALTERNATIVES),
    "boundaries that begin alike": lambda: _body((b"--" + b"b" * 60 + b"\r\n") * 20_000, MIXED),
    "12,000 unclosed tags": lambda: _body("<div>" * 12_000, HTML),
    "12,000 unclosed looks": lambda: _body("<b><i>" * 12_000, HTML),
    "12,000 unclosed links in paragraphs": lambda: _body("<p><a href=x>" * 12_000, HTML),
    "12,000 tables": lambda: _body("<table>" * 12_000, HTML),
    "150,000 attributes": lambda: _body("<div " + " ".join(f"a{n}=1" for n in range(150_000)) + ">x", HTML),
    "a tag without end": lambda: _body("<a" * 400_000, HTML),
    "comments without end": lambda: _body("<!--" * 200_000, HTML),
    "200,000 entities": lambda: _body("&amp;" * 200_000, HTML),
    "a zip bomb": lambda: (
        [MIXED],
        f"--b\r\n\r\nMireu-ho\r\n--b\r\nContent-Type: application/zip; name=42.zip\r\n"
        f"Content-Transfer-Encoding: base64\r\n\r\n{_zip(2_000_000)}\r\n--b--".encode(),
    ),
    "1 MB of subject": lambda: _field("Subject", "a" * 1_000_000),
    "1 MB in one line": lambda: _body("a" * 1_000_000),
    "1 MB in one encoded line": lambda: _body(" " * 1_000_000 + "x", ("Content-Transfer-Encoding", "quoted-printable")),
    "100,000 recipients": lambda: _field("To", ", ".join(f"a{n}@b.example" for n in range(100_000))),
    "100,000 references": lambda: _field("References", " ".join(f"<{n}@evil.example>" for n in range(100_000))),
    "references without brackets": lambda: _field("References", "a" * 64_000, 7),
    "30,000 nested comments in an address": lambda: _field("From", f"{'(' * 30_000}{EVIL}{')' * 30_000}"),
    "quotes and colons in an address": lambda: _field("To", '""' * 16_000 + "<a@b.example>" + ":" * 32_000),
    "an address of at signs": lambda: _field("From", "<" + "@" * 64_000 + ">"),
    "10,000 From fields": lambda: _field("From", "mallory@evil.example", 10_000),
    "7,000 Received lines of our exchanger": lambda: _field(
        "Received", "from x (y) by mx.castellbisbal.example with ESMTP id x; now", 7_000
    ),
    "nested comments in Received": lambda: _field("Received", "from x ((((" * 5_000 + " by mx.castellbisbal.example"),
    "8,000 marks of ours": lambda: _field("X-Oacmail", "a=", 8_000),
    "a password and then spaces": lambda: _body("contrasenya de" + " " * 100_000 + "x"),
    "passwords without end": lambda: _body("pwd=" * 30_000),
    "codes without end": lambda: _body("codi sms " * 15_000),
    "telephones without end": lambda: _body("truqueu 600 " * 12_000),
    "quote marks": lambda: _body("> > > > >\r\n" * 12_000),
    "introductions to quotes": lambda: _body("El dia 3 a les 10:05 va escriure\r\n:\r\n" * 4_000),
    "200,000 accents": lambda: _body("a" + "\u0301" * 200_000),
    "150,000 points in l·l": lambda: _body("l·" * 150_000),
    "a report on 200 kB of recipient": lambda: _report(
        b"Final-Recipient: rfc822;" + b"a" * 200_000 + b"\r\nAction: failed"
    ),
    "a report on 20,000 mails": lambda: _report(
        b"Action: failed", b"".join(b"Message-ID: <%d@x>\r\n" % n for n in range(20_000))
    ),
    "a report of 150,000 fields": lambda: _report(b"x: y\r\n" * 150_000),
    "a report in 12,000 lines of prose": lambda: (
        [("From", "MAILER-DAEMON@evil.example"), ("Subject", "Undelivered mail")], b"<a@b.example>:\r\n" * 12_000
    ),
    "uuencoded files without end": lambda: _body("begin 644 x\r\n" * 12_000),
    "keys without end": lambda: _body("-----BEGIN RSA PRIVATE KEY-----\r\n" * 5_000),
    "a calendar of folds": lambda: _body("SUMMARY:" + "\r\n " * 100_000 + "x", ("Content-Type", "text/calendar")),
    "winmail.dat of nothing": lambda: _body(
        b"\x78\x9f\x3e\x22\0\0" + b"\x01\x0c\x80\x02\x00\x00\x00\x00\x00\x00\x00" * 100_000,
        ("Content-Type", "application/ms-tnef"),
    ),
    "BER without length": lambda: _body(b"\x30\x80" * 1_000_000, ("Content-Type", "application/pkcs7-mime")),
    "2 MB of NUL": lambda: _body(b"\0" * 2_000_000),
}  # fmt: skip


def _explode(world: World, name: str) -> None:
    fields, text = BOMBS[name]()
    slip_in(world, message(world, fields, text))


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_costs_no_more_than_its_length_also_in_an_escalation_and_the_next_citizen_is_answered(
    world: World, name: str
) -> None:
    _explode(world, name)
    assert calls(world.turn) < CALLS
    world.citizen_asks(ANNA)
    assert len(world.received(ANNA)) == 1
    assert world.rows("SELECT error FROM sightings WHERE error IS NOT NULL") == []
    world.advance("2026-11-27 08:00")
    assert calls(world.turn) < CALLS  # the escalations quote and attach it
    assert world.kinds(SUPERVISOR) == ["overdue"] * len(world.cases())
    for mail in world.relay.accepted:
        assert max(map(len, mail.mime.split(b"\r\n"))) <= 998


def _peak() -> int:
    """Bytes of this very program; getrusage's figure would begin with what the parent had at the fork."""
    status = Path("/proc/self/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM:")) * 1024


def test_all_bombs_together_stay_below_the_limit_of_memory(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.hostile.test_bombs", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2_000:]
    assert int(done.stdout.splitlines()[-1]) < MEMORY


if __name__ == "__main__":
    town = World(Path(sys.argv[1]))
    for each in BOMBS:
        _explode(town, each)
        town.turn()
    town.turn_at("2026-11-27 08:00")
    print(_peak())


def test_of_folded_boundaries_that_no_line_has_only_one_is_looked_for() -> None:
    folds = b"; ".join(b'boundary="a%d\n b"' % number for number in range(FOLDS))
    raw = b"Content-Type: multipart/mixed; %s\n\nhola\n" % folds
    parse(raw, ParserConfig())  # what is loaded once does not count
    assert calls(lambda: parse(raw, ParserConfig())) < 8 * FOLDS  # 16 where each is looked for, and 5 where one is
