"""The whole of a message: what identifies it, what it quotes, and the ladder that never raises."""

import pkgutil
import random
import subprocess
import sys
import tomllib
import tracemalloc
from base64 import encodebytes
from collections.abc import Callable
from datetime import UTC, datetime
from email import message_from_bytes
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from msgspec.structs import replace

from oacmail.core.model import NO_FEATURES, Attachment, Auto, Message, Rung
from oacmail.mail.mime import charset, parts
from oacmail.mail.parse import parse
from oacmail.mail.parser_config import ParserConfig
from tests.mail.mutate import mutate
from tests.work import PER_CHARACTER, calls

CORPUS = Path(__file__).parent.parent / "corpus"
PARSER_CONFIG = ParserConfig(own=frozenset({"oac360@castellbisbal.cat"}))
MESSAGE = (
    b"Received: from a by b; Tue, 4 Nov 2025 10:05:01 +0100\r\nFrom: Anna <a@x.cat>\r\nTo: oac360@castellbisbal.cat\r\n"
    b"Subject: Hola\r\nDate: Tue, 4 Nov 2025 10:05:00 +0100\r\nMessage-ID: <a1@x.cat>\r\n\r\nBon  dia\r\n"
)
FINGERPRINT = parse(MESSAGE, PARSER_CONFIG).fingerprint


@pytest.mark.parametrize("path", sorted(CORPUS.glob("*.eml"))[::9], ids=lambda path: path.stem)
def test_without_its_features_a_message_is_read_as_before(path: Path) -> None:
    raw = path.read_bytes()
    assert parse(raw, PARSER_CONFIG, with_features=False) == replace(
        parse(raw, PARSER_CONFIG), features=NO_FEATURES, secrets=()
    )


def test_an_ordinary_message_is_read_in_full() -> None:
    message = parse(MESSAGE, PARSER_CONFIG)
    assert (message.sender, message.name, message.single_from) == ("a@x.cat", "Anna", True)
    assert (message.subject, message.text, message.fresh) == ("Hola", "Bon  dia\n", "Bon  dia")
    assert message.sent_at == datetime(2025, 11, 4, 9, 5, tzinfo=UTC)
    assert (message.rung, message.auto, message.lang, message.size) == (Rung.FULL, Auto.NONE, "ca", len(MESSAGE))
    assert (message.to, message.message_id, message.caps) == (("oac360@castellbisbal.cat",), "<a1@x.cat>", ())


@pytest.mark.parametrize(
    "copy",
    [
        MESSAGE.replace(b"\r\n", b"\n"),
        MESSAGE[MESSAGE.index(b"From:") :],
        b"Delivered-To: x@y.cat\r\n" + MESSAGE + b"\r\n",
        MESSAGE.replace(b"Subject: Hola", b"Subject:\r\n Hola"),
    ],
)
def test_copies_of_a_message_share_a_fingerprint(copy: bytes) -> None:
    assert parse(copy, day="2025-11-05").fingerprint == parse(MESSAGE, day="2025-11-04").fingerprint


@pytest.mark.parametrize(
    ("part", "other"),
    [
        (b"a@x.cat", b"b@x.cat"),
        (b"Hola", b"Adeu"),
        (b"Bon  dia", b"Bona nit"),
        (b"10:05:00", b"10:06:00"),
        (b"<a1", b"<a2"),
    ],
)
def test_another_message_has_another_fingerprint(part: bytes, other: bytes) -> None:
    assert parse(MESSAGE.replace(part, other)).fingerprint != parse(MESSAGE).fingerprint


def test_without_an_id_the_day_of_arrival_tells_two_messages_apart() -> None:
    form = MESSAGE.replace(b"Message-ID: <a1@x.cat>\r\n", b"")
    assert parse(form, day="2025-11-04").fingerprint == parse(form, day="2025-11-04").fingerprint
    assert parse(form, day="2025-11-04").fingerprint != parse(form, day="2025-11-11").fingerprint


def test_the_same_words_have_the_same_hash_whatever_their_case_and_spaces() -> None:
    assert parse(MESSAGE).body_hash == parse(MESSAGE.replace(b"Bon  dia", b"bon\r\nDIA")).body_hash


def test_a_quote_of_ours_is_noticed_and_our_address_in_new_text_is_not() -> None:
    quoting = MESSAGE.replace(b"Bon  dia", b"Si\r\n\r\n> El vostre cas OAC-2026-000123-K7Q")
    assert parse(quoting, PARSER_CONFIG).quotes_us
    assert not parse(MESSAGE.replace(b"Bon  dia", b"Escric a oac360@castellbisbal.cat"), PARSER_CONFIG).quotes_us


def test_references_come_oldest_first_and_no_more_than_200() -> None:
    names = " ".join(f"<r{number}@x.cat>" for number in range(500))
    message = parse(f"References: {names}\nIn-Reply-To: <last@x.cat>\n\nHola".encode())
    assert (message.refs[0], message.refs[-1], len(message.refs)) == ("<r0@x.cat>", "<last@x.cat>", 200)


def test_parts_left_on_the_server_are_listed() -> None:
    message = parse(MESSAGE, skipped=[("../planol\x07.pdf", "application/pdf", 48_000_000)])
    assert message.attachments == (Attachment(name="planol .pdf", mime="application/pdf", size=48_000_000),)


def test_marks_of_ours_are_kept_raw() -> None:
    assert parse(b"X-Oacmail: v=1; i=a\r\nX-Oacmail: v=1; i=b\r\n" + MESSAGE).signatures == ("v=1; i=a", "v=1; i=b")


def test_a_parser_that_runs_out_of_stack_raises_nothing() -> None:
    """A real fault, not a staged one: the interpreter refuses deeper calls at a different place each time."""
    done = subprocess.run([sys.executable, "-m", "tests.mail.little_stack"], capture_output=True, text=True, check=True)
    rungs = done.stdout.split()
    assert {Rung.FULL, Rung.OPAQUE} <= {Rung(rung) for rung in rungs}
    assert rungs[-1] == Rung.FULL


@pytest.mark.parametrize(
    ("parser", "rung"), [("mime.headers.read_date", Rung.STDLIB), ("mime.parts.tree", Rung.HEADERS)]
)
def test_a_fault_of_one_parser_means_one_rung_down(monkeypatch: pytest.MonkeyPatch, parser: str, rung: Rung) -> None:
    """The fault is scripted: no bytes are known that these parsers do not bear."""
    sound = pkgutil.resolve_name(f"oacmail.mail.{parser}")

    def stumbling(read: str | bytes) -> object:
        if "Anna" in str(read) or "2025" in str(read):
            raise LookupError
        return sound(read)

    monkeypatch.setattr(f"oacmail.mail.{parser}", stumbling)
    message = parse(MESSAGE, PARSER_CONFIG)
    assert (message.rung, message.sender, message.subject) == (rung, "a@x.cat", "Hola")
    assert message.text.strip() == "Bon  dia"


JUDGEMENTS = (
    "understanding.reply_text.split",
    "understanding.machines.delivery_status",
    "understanding.machines.classify",
    "mime.headers.message_id",
    "mime.headers.references",
    "mime.headers.tokens",
    "mime.headers.address_list",
    "mime.auth.evaluate",
    "understanding.scores.detect_language",
    "understanding.secrets.find",
    "understanding.features.find",
    "understanding.scores.weigh",
    "mime.parts.clean_name",
)


def _out_of_order(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    def fails(*_: object, **__: object) -> object:
        raise LookupError

    monkeypatch.setattr(f"oacmail.mail.{name}", fails)


@pytest.mark.parametrize(("broken", "rung"), [((), Rung.STDLIB), (("mime.parts.tree",), Rung.HEADERS)])
@pytest.mark.parametrize("judgement", JUDGEMENTS)
def test_a_judgement_that_fails_costs_neither_sender_nor_subject_nor_text(
    monkeypatch: pytest.MonkeyPatch, judgement: str, broken: tuple[str, ...], rung: Rung
) -> None:
    for name in (judgement, *broken):
        _out_of_order(monkeypatch, name)

    message = parse(MESSAGE, PARSER_CONFIG, skipped=[("planol.pdf", "application/pdf", 48_000_000)])

    assert (message.rung, message.sender, message.subject) == (rung, "a@x.cat", "Hola")
    assert (message.text.strip(), message.fresh.strip()) == ("Bon  dia", "Bon  dia")
    assert message.message_id == ("" if judgement == "mime.headers.message_id" else "<a1@x.cat>")
    assert message.auto is Auto.NONE
    assert message.fingerprint == FINGERPRINT


def test_a_subject_that_cannot_be_decoded_is_kept_as_it_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    _out_of_order(monkeypatch, "parse.subject")

    message = parse(MESSAGE.replace(b"Hola", b"=?utf-8?q?Hola_=C3=A9?= \xe9"), PARSER_CONFIG)

    assert (message.rung, message.sender, message.subject) == (Rung.HEADERS, "a@x.cat", "=?utf-8?q?Hola_=C3=A9?= ?")


@given(st.binary(max_size=400))
def test_any_bytes_become_a_message(raw: bytes) -> None:
    assert isinstance(parse(raw, PARSER_CONFIG), Message)


@pytest.mark.parametrize("seed", range(10))
def test_mutated_messages_become_messages(seed: int) -> None:
    chance = random.Random(seed)
    messages = [path.read_bytes() for path in sorted(CORPUS.glob("*.eml"))]
    for _ in range(20):
        message = parse(mutate(chance.choice(messages), chance), PARSER_CONFIG)
        assert message.rung in (Rung.FULL, Rung.STDLIB)
        assert message.fingerprint


@pytest.mark.parametrize("before", [b"\n", b""], ids=["empty line", "no empty line"])
@pytest.mark.parametrize("lines", [19, 399])  # 399: the last line of base64 is as long as the others
def test_what_goes_round_the_line_by_line_parser_is_read_whole(lines: int, before: bytes) -> None:
    content = b"Una linia de cinquanta-set octets, ni un mes ni un menys.\n" * lines
    part = before + b"--x\nContent-Type: %s\nContent-Transfer-Encoding: base64\n\n" + encodebytes(content)
    head = b"From: a@example.org\nSubject: Amb un fitxer\nContent-Type: multipart/mixed; boundary=x\n"
    raw = head + b"\n" + part % b"text/plain" + part % b"application/pdf; name=planol.pdf" + b"--x--\n"
    message = parse(raw)
    assert message.text == content.decode()
    (file,) = message.attachments
    assert (file.name, file.size, file.read) == ("planol.pdf", len(content), True)
    *_, planol = parts.tree(parts.cap_message(*charset.tidy(raw))).walk()
    assert planol.data() == content


# Every strange message of tests/corpus reads as the .toml beside it says (`why` tells what it taught).


def _sent_at(message: Message, value: object) -> bool:
    return message.sent_at == (value if isinstance(value, datetime) else None)


SPECIAL: dict[str, Callable[[Message, Any], bool]] = {
    "why": lambda message, value: bool(value),
    "text_has": lambda message, value: all(piece in message.text for piece in value),
    "subject_has": lambda message, value: value in message.subject,
    "attachments": lambda message, value: [[a.name, a.mime, a.size] for a in message.attachments] == value,
    "attachment_names": lambda message, value: [a.name for a in message.attachments] == value,
    "sent_at": _sent_at,
    "marked_as": lambda message, value: message.features.marked_as == value,
}


@pytest.mark.parametrize("path", sorted(CORPUS.glob("*.toml")), ids=lambda path: path.stem)
def test_a_strange_message_reads_as_written_beside_it(path: Path) -> None:
    message = parse(path.with_suffix(".eml").read_bytes(), PARSER_CONFIG)
    expected = {"rung": "full"} | tomllib.loads(path.read_text(encoding="utf-8"))
    for key, value in expected.items():
        if key in SPECIAL:
            assert SPECIAL[key](message, value), (key, value, message)
        else:
            found = getattr(message, key)
            assert (list(found) if isinstance(found, tuple) else found) == value, key


# What lies beyond the caps is not read, what lies within them is, and the cap is named.

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


LINES = [
    *(
        b"--a",
        b"--a--",
        b"--a ",
        b"--b",
        b"--b--",
        b"--ab",
        b"",
        b"",
        b"text",
        b" folded",
        b": odd",
        b"A:b",
        b"\xe9t",
        b"-",
    ),
    *(b"Content-Type: " + kind for kind in (b"text/plain", b"message/rfc822", b"message/delivery-status")),
    *(b"Content-Type: multipart/" + kind for kind in (b"mixed", b"mixed; boundary=b", b"digest; boundary=b")),
]


@given(st.lists(st.sampled_from(LINES), max_size=12), st.sampled_from([b"", b"\n"]))
def test_a_tree_is_that_of_the_standard_library(lines: list[bytes], end: bytes) -> None:
    """But for containers inside the blocks of a delivery report, of which no server sends any."""
    assume(b"message/delivery-status" not in b"".join(lines) or b"multipart/" not in b"".join(lines))
    raw = b"Content-Type: multipart/mixed; boundary=a\n\n--a\n" + b"\n".join(lines) + end
    ours, theirs = parts.tree(parts.cap_message(*charset.split(raw))), message_from_bytes(raw, _class=parts.MimePart)
    for part, other in zip(ours.walk(), theirs.walk(), strict=True):
        assert (part.get_content_type(), part.items()) == (other.get_content_type(), other.items())
        assert (part.octets(), part.is_multipart()) == (other.octets(), other.is_multipart())
        assert (part.preamble or "", part.epilogue or "") == (other.preamble or "", other.epilogue or "")


@pytest.mark.parametrize(
    ("declared", "line"),
    [
        (b'"two words"', b"two words"),
        (b'"two\n words"', b"two words"),
        (b'"two\n words"', b"twowords"),
        (b'"\n=_two"', b"=_two"),
        (b'"other"', b"used"),
    ],
)
def test_a_boundary_is_the_one_that_the_delimiter_lines_have(declared: bytes, line: bytes) -> None:
    head = HEAD + b"Content-Type: multipart/mixed; boundary=" + declared + b"\nX-Mailer: x\n\n"
    text = b"--%s\nContent-Type: text/plain\n\nBon dia\n" % line
    message = parse(head + text + b"--%s\nContent-Type: image/png; name=a.png\n\nx\n--%s--\n" % (line, line))
    assert (message.text, [part.name for part in message.attachments]) == ("Bon dia", ["a.png"])


def test_a_text_of_one_part_is_shown_as_it_stands() -> None:
    text = b'Content-Type: multipart/mixed; boundary="a\n b"\n\n--a b\n' + b"content-x: " + b"y" * 5_000 + b"\n"
    message = parse(HEAD + b"\n" + text)
    assert (message.text, message.caps) == (text.decode(), ())


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
