"""A seeded mutator of messages: what transports, gateways, disks and enemies do to bytes."""

import random
import re
from collections.abc import Callable

_TOKENS = (
    b"\0",
    b"\r",
    b"\n\n",
    b"--",
    b'"',
    b"=?utf-8?B?",
    b"?=",
    b"=?x?q?=",
    b";",
    b"<",
    b">",
    b"\xff\xfe",
    b"\xe9",
    b"=",
    b"charset=utf-16",
    b'boundary="',
    b"Content-Type: multipart/mixed; boundary=x\n",
    b"Content-Type: message/rfc822\n",
    b"Content-Transfer-Encoding: base64\n",
    b"From: a@b.c, d@e.f\n",
    b"charset=punycode",
    b"(" * 50,
    b"\xc2\x80",
)


def mutate(raw: bytes, chance: random.Random) -> bytes:
    """`raw` after one to six accidents."""
    for _ in range(chance.randint(1, 6)):
        raw = chance.choice(_ACCIDENTS)(raw, chance)
    return raw


def _place(raw: bytes, chance: random.Random) -> int:
    """Anywhere, but half of the time in the first 2 kB, where the fields are."""
    return chance.randint(0, len(raw) if chance.random() < 0.5 else min(len(raw), 2000))


def _insert(raw: bytes, chance: random.Random) -> bytes:
    at = _place(raw, chance)
    return raw[:at] + chance.choice(_TOKENS) + raw[at:]


def _delete(raw: bytes, chance: random.Random) -> bytes:
    at = _place(raw, chance)
    return raw[:at] + raw[at + chance.randint(1, 200) :]


def _flip(raw: bytes, chance: random.Random) -> bytes:
    changed = bytearray(raw or b"x")
    for _ in range(chance.randint(1, 30)):
        changed[chance.randrange(len(changed))] = chance.randrange(256)
    return bytes(changed)


def _truncate(raw: bytes, chance: random.Random) -> bytes:
    return raw[: _place(raw, chance)]


def _double(raw: bytes, chance: random.Random) -> bytes:
    at = _place(raw, chance)
    piece = raw[at : at + chance.randint(1, 500)]
    return raw[:at] + piece * chance.randint(2, 50) + raw[at:]


def _line_ends(raw: bytes, chance: random.Random) -> bytes:
    return re.sub(rb"\r?\n", lambda _: chance.choice((b"\r\n", b"\n", b"\r", b"\r\r\n")), raw)


def _swap_lines(raw: bytes, chance: random.Random) -> bytes:
    lines = raw.split(b"\n")
    one, two = chance.randrange(len(lines)), chance.randrange(len(lines))
    lines[one], lines[two] = lines[two], lines[one]
    return b"\n".join(lines)


_ACCIDENTS: tuple[Callable[[bytes, random.Random], bytes], ...] = (
    _insert,
    _delete,
    _flip,
    _truncate,
    _double,
    _line_ends,
    _swap_lines,
)
