"""Whatever stands in a message's fields, our own mails have the fields that we wrote, the log one line an event, and
the screen no escape."""

import io
import json
import unicodedata
from base64 import b64encode

import pytest

from oacmail import log
from tests.hostile.enemy import EVIL, QUESTION, everything_said, mails_out, message, oacmail, smuggle
from tests.world import AGENT, ANNA, SUPERVISOR, World

FIELDS = [
    "Date", "From", "To", "Subject", "Message-ID", "In-Reply-To", "References", "Auto-Submitted",
    "X-Auto-Response-Suppress", "X-Oacmail", "X-Oacmail-Case", "X-Oacmail-Kind", "Content-Language",
    "MIME-Version", "Content-Type", "Content-Transfer-Encoding", "Received",  # of the person's own server
]  # fmt: skip
INJECTED = "Bcc: victim@example.org"


def _word(text: str) -> str:
    return f"=?utf-8?b?{b64encode(text.encode()).decode()}?="


PAYLOADS = {
    "CRLF in a word": _word(f"x\r\n{INJECTED}\r\n\r\nhola"),
    "LF in a word": _word(f"x\n{INJECTED}"),
    "CR in a word": _word(f"x\r{INJECTED}"),
    "quoted CRLF": f"=?utf-8?q?x=0D=0A{INJECTED.replace(' ', '_')}?=",
    "NEL": _word(f"x\x85{INJECTED}"),
    "U+2028": _word(f"x\u2028{INJECTED}"),
    "U+2029": _word(f"x\u2029{INJECTED}"),
    "VT and FF": _word(f"x\x0b{INJECTED}\x0c"),
    "NUL": _word(f"x\0{INJECTED}"),
    "raw NUL": f"x\0{INJECTED}",
    "raw CR": f"x\r{INJECTED}",
    "folded": f"x\r\n {INJECTED}",
    "a word in a word": _word(_word(f"x\r\n{INJECTED}")),
    "a word in a word in a word": _word(_word(_word(f"x\r\n{INJECTED}"))),
    "a word of halves": f"=?utf-8?q?=3D=3Futf-8=3Fb=3F{b64encode(INJECTED.encode()).decode()}=3F=3D?=",
    "UTF-7": "=?utf-7?q?x+AA0ACg-Bcc:_victim=40example.org?=",
    "UTF-16": f"=?utf-16?b?{b64encode(f'x{chr(13)}{chr(10)}{INJECTED}'.encode('utf-16')).decode()}?=",
    "escape": _word("\x1b]0;pwned\x07\x1b[2J\x1b[31mred\x9b31m"),
    "bidi": _word("\u202egpj.exe\u202c \u2066x\u2069 \u200b\u200f"),
    "surrogates": "\\udcff",
    "SQL": "'; DROP TABLE cases; --",
    "format": "%s%n{0}{x.__class__}$(id)`id`",
    "long": "é" * 5_000,
}


def _fields(payload: str) -> list[tuple[str, str | bytes]]:
    """The payload in every field that anything of ours may ever show or repeat."""
    odd: str | bytes = b"\xff\xed\xa0\x80" if payload == "\\udcff" else payload
    as_id = odd if isinstance(odd, bytes) else odd.encode()
    return [
        ("From", (odd if isinstance(odd, bytes) else odd.encode()) + f" <{EVIL}>".encode()),
        ("Subject", odd),
        ("Message-ID", b"<" + as_id + b"@evil.example>"),
        ("In-Reply-To", b"<" + as_id + b"@evil.example>"),
        ("References", b"<" + as_id + b"@evil.example> " + as_id),
        ("Reply-To", odd),
        ("Auto-Submitted", b"no; " + as_id),
        ("X-Oacmail-Case", odd),
        ("X-Oacmail-Kind", odd),
        ("Content-Type", b'text/plain; charset=utf-8; name="' + as_id + b'"'),
    ]


@pytest.fixture
def told() -> io.StringIO:
    """The log of the program, as machines read it."""
    stream = io.StringIO()
    log.configure(stream)
    return stream


@pytest.mark.parametrize("name", PAYLOADS)
def test_nothing_in_a_field_becomes_a_field(world: World, told: io.StringIO, name: str) -> None:
    smuggle(world, message(world, _fields(PAYLOADS[name])))
    world.order("note", "OAC-2026-000001", text=PAYLOADS[name])
    world.order("assign", "OAC-2026-000001", name=PAYLOADS[name])
    world.turn_at("2026-11-27 08:00")
    world.obey("escalate", "OAC-2026-000001", why=PAYLOADS[name])
    heard = () if name == "raw CR" else ((EVIL, "ack"), (EVIL, "passed_on"))  # there the field ends before its address
    sent = [(str(mail["To"]), str(mail["X-Oacmail-Kind"])) for mail in mails_out(world)]
    assert sorted(sent) == sorted((*heard, (SUPERVISOR, "derived"), (SUPERVISOR, "overdue")))
    for mail in mails_out(world):
        assert [field for field in mail.keys() if field not in FIELDS] == []  # noqa: SIM118 fields, each as often as it stands
        assert len(mail.keys()) == len(set(mail.keys()))
        assert mail.defects == []
    _one_line_each(told.getvalue())
    _harmless_screens(world)


@pytest.mark.parametrize("name", PAYLOADS)
def test_try_shows_any_message_without_obeying_it(world: World, name: str) -> None:
    path = world.root / "message.eml"
    path.write_bytes(message(world, _fields(PAYLOADS[name]), PAYLOADS[name]))
    for option in ((), ("--json",)):
        shown = oacmail(world, "try", str(path), *option)
        assert shown.exit_code == 0
        assert [char for char in shown.output if unicodedata.category(char) in _HARM and char != "\n"] == []


def _one_line_each(told: str) -> None:
    assert "victim" not in told
    for line in told.splitlines():
        assert set(json.loads(line)) <= log.KEYS


def _harmless_screens(world: World) -> None:
    for verb in (
        ("case", "list"),
        ("case", "show", "OAC-2026-000001"),
        ("why", "OAC-2026-000001"),
        ("outbox", "list", "--all"),
        ("quarantine", "list"),
        ("status",),
    ):
        for options in ((), ("--json",)):
            shown = oacmail(world, *verb, *options)
            assert shown.exception is None or isinstance(shown.exception, SystemExit), (verb, shown.exception)
            assert [char for char in shown.output if unicodedata.category(char) in _HARM and char != "\n"] == []
            if options:
                assert [json.loads(line) for line in shown.output.splitlines()] != [] or verb[0] in ("quarantine",)


_HARM = {"Cc", "Cf", "Cs", "Zl", "Zp"}


@pytest.mark.parametrize("name", [name for name in PAYLOADS if name != "raw CR"])
def test_nothing_of_the_message_is_repeated_in_the_acknowledgement(world: World, name: str) -> None:
    smuggle(world, message(world, _fields(PAYLOADS[name])[:2], f"{INJECTED}\r\n.\r\nMAIL FROM:<x>\r\n{QUESTION}"))
    (ack,) = world.received(EVIL)
    said = everything_said(ack)
    assert [word for word in ("victim", "pwned", "DROP", "MAIL FROM", "gpj", "__class__", "ééé") if word in said] == []


@pytest.mark.parametrize("length", [80, 200, 900, 1_000, 5_000, 60_000])
def test_ids_of_any_length_are_named_whole_or_not_at_all(world: World, length: int) -> None:
    name = f"<{'a' * length}@evil.example>"
    smuggle(world, message(world, [("Message-ID", name), ("References", f"<0@x.y> {name} <1@x.y>")]))
    (ack,) = world.received(EVIL)
    assert str(ack["In-Reply-To"] or name) == name
    assert {ref.strip() for ref in str(ack["References"]).split()} <= {"<0@x.y>", name, "<1@x.y>"}


def test_a_hundred_thousand_references_leave_ten(world: World) -> None:
    refs = " ".join(f"<{number}@evil.example>" for number in range(5_000))
    smuggle(world, message(world, [("References", refs)] * 20))
    (ack,) = world.received(EVIL)
    assert len(str(ack["References"]).split()) <= 10


def test_csv_and_markdown_in_a_subject_reach_no_list_of_ours(world: World) -> None:
    smuggle(world, message(world, [("Subject", '=HYPERLINK("http://evil.example") | a | b |')]))
    world.turn_at("2026-11-27 08:00")
    assert "HYPERLINK" not in str(world.received(SUPERVISOR)[0]["Subject"])
    assert world.received(AGENT) == []
    assert world.received(ANNA) == []
