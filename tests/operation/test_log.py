"""The log names places and events, never people or their words."""

import ast
import io
import json
import logging
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from oacmail import log
from oacmail.advice import ADVICE
from oacmail.core.errors import RelayError, Transient
from oacmail.service import Outage
from oacmail.shipped import shipped
from testbed.office import as_toml
from tests.world import ANNA, MARTA, PERE, World

PACKAGE = Path(log.__file__).parent
OURS = logging.getLogger("oacmail.service")


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def stream() -> io.StringIO:
    out = io.StringIO()
    log.configure(out)
    return out


def _lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_an_event_is_one_line_of_json_with_level_and_utc_time(stream: io.StringIO) -> None:
    OURS.info("acknowledged", {"case": "OAC-2026-000001", "count": 2})
    said = '{"case": "OAC-2026-000001", "count": 2, "event": "acknowledged", "level": "info", "timestamp": "TIME"}\n'
    assert re.sub(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", "TIME", stream.getvalue()) == said
    at = datetime.fromisoformat(_lines(stream)[0]["timestamp"])
    assert timedelta() <= datetime.now(UTC) - at < timedelta(minutes=1)


def test_keys_that_are_not_known_are_dropped_and_named(stream: io.StringIO) -> None:
    OURS.info("arrived", {"subject": "El meu certificat", "sender": "anna@example.cat"})
    (line,) = _lines(stream)
    assert line["dropped"] == "sender,subject"
    assert "certificat" not in stream.getvalue()


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("550 <anna@example.cat> unknown", "550 <<address>> unknown"),
        ("two\nlines", "two\\nlines"),
        ("\x1b[2Jgone", "\\x1b[2Jgone"),
        ("right\u202eleft", "right\\u202eleft"),
        ("raw \udce9", "raw \\udce9"),
        ("l·l, ç and é stay", "l·l, ç and é stay"),
    ],
)
def test_values_are_harmless(stream: io.StringIO, value: str, shown: str) -> None:
    OURS.warning("refused", {"error": value})
    (line,) = _lines(stream)
    assert line["error"] == shown


def test_an_exception_leaves_its_class_and_place_and_not_its_text(stream: io.StringIO) -> None:
    try:
        int("el meu PIN és 1234")
    except ValueError:
        OURS.exception("failed", {"message": "ab12"})
    (line,) = _lines(stream)
    assert line["error"] == "ValueError"
    assert line["at"].startswith("test_log.py:")
    assert "1234" not in stream.getvalue()


def test_another_library_is_logged_without_its_words(stream: io.StringIO) -> None:
    logging.getLogger("imapclient").error("LOGIN anna@example.cat hunter2")
    logging.getLogger("imapclient").info("chatter")
    (line,) = _lines(stream)
    assert (line["event"], line["logger"], line["level"]) == ("library", "imapclient", "error")
    assert "hunter2" not in stream.getvalue()


LEVELS = {"debug", "info", "warning", "error", "critical", "exception", "log"}


def _logged(path: Path) -> Iterator[tuple[str, list[str]]]:
    """Where a module logs, and the keys; a call that is not an event and a mapping has the key that nobody may use."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        match node:
            case ast.Call(func=ast.Attribute(value=ast.Name(id="log"), attr=level), args=args) if level in LEVELS:
                match args:
                    case [_]:
                        keys = []
                    case [_, ast.Dict(keys=[*named])]:
                        keys = [ast.unparse(key).strip("'") if key else "**" for key in named]
                    case _:
                        keys = ["?"]
                yield f"{path.name}:{node.lineno}", keys


def test_the_program_logs_an_event_and_a_mapping_of_known_keys() -> None:
    used = [call for path in sorted(PACKAGE.rglob("*.py")) for call in _logged(path)]
    assert len(used) > 30
    assert [(where, keys) for where, keys in used if not log.KEYS.issuperset(keys)] == []


def _warnings(text: str) -> set[str]:
    """The events that a module logs as a warning or worse, as far as they are written out."""
    calls = re.findall(r'log\.(?:warning|error|critical)\(\s*"([\w.-]+)"[,)]', text)
    return {*calls, *re.findall(r'\bbegins="([\w.-]+)"', text)}


def test_every_warning_says_what_to_do() -> None:
    events = {event for path in PACKAGE.rglob("*.py") for event in _warnings(path.read_text("utf-8"))}
    assert len(events) > 20
    assert events - ADVICE.keys() == set()


def test_what_to_do_stands_in_the_line_of_a_warning_only(stream: io.StringIO) -> None:
    OURS.warning("folder.unread", {"error": "LoginError"})
    OURS.info("folder.unread")
    warned, told = _lines(stream)
    assert "`oacmail check --online`" in warned["do"]
    assert "do" not in told


@pytest.mark.parametrize(
    ("error", "do"),
    [
        ("IMAP connect: LoginError [AUTHENTICATIONFAILED]", "renew the password in its file"),
        ("IMAP connect: gaierror", "correct imap.host, or fix the DNS"),
        ("IMAP connect: ConnectionRefusedError ECONNREFUSED", "check imap.host, port, security and the firewall"),
        ("IMAP connect: SSLCertVerificationError certificate has expired", "ask the server's admin for a new one"),
        ("IMAP connect: FileNotFoundError ENOENT", "correct imap.ca_file"),
    ],
)
def test_an_outage_says_what_to_do_about_its_cause(stream: io.StringIO, error: str, do: str) -> None:
    OURS.warning("imap.down", {"error": error, "kind": "Transient"})
    (line,) = _lines(stream)
    assert do in line["do"]


def test_a_terminal_gets_plain_lines(stream: io.StringIO) -> None:
    terminal = _Terminal()
    log.configure(terminal)
    OURS.info("started", {"version": "0.1.0"})
    _time, rest = terminal.getvalue().split(" ", 1)
    assert rest == "info started version=0.1.0\n"
    assert stream.getvalue() == ""


# A line that cannot be written or made disturbs nothing else.


def test_a_full_disk_under_the_log_loses_lines_and_no_mail(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    with Path("/dev/full").open("w") as full:
        log.configure(full)
        world.citizen_asks(ANNA)
        OURS.error("refused", {"error": "el meu PIN és 1234"})
        with suppress(OSError):
            full.close()
    assert [mail["state"] for mail in world.mails("ack")] == ["sent"]
    assert len(world.received(ANNA)) == 1
    assert capsys.readouterr() == ("", "")


def test_a_service_without_standard_error_starts_and_logs_nowhere() -> None:
    words = "from oacmail import log; import logging; log.configure(); logging.getLogger('oacmail.x').error('down')"
    done = subprocess.run(f'{sys.executable} -c "{words}" 2>&-', shell=True, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "")


def test_a_command_logs_to_standard_error_as_the_daemon_does(town: Callable[..., World]) -> None:
    world = town()
    world.citizen_asks(ANNA)
    folder = world.root / "templates" / "ca"
    folder.mkdir(parents=True)
    for template in (shipped("templates") / "ca").iterdir():
        (folder / template.name).write_text("Subject: {{ nothing }")
    world.restart(office={"templates": str(folder.parent)})
    config = world.root / "config.toml"
    config.write_text(as_toml(world.sections), "utf-8")
    words = ("--config", config, "case", "escalate", world.case()["number"])
    done = subprocess.run([sys.executable, "-m", "oacmail", *words], capture_output=True, text=True, check=True)
    line = json.loads(done.stderr.splitlines()[0])
    assert (line["event"], line["template"]) == ("template.broken", "ca/calendar.txt.j2")
    assert "template.broken" not in done.stdout


def test_a_value_without_text_raises_nothing_in_the_program(stream: io.StringIO) -> None:
    class Bare:
        def __str__(self) -> str:
            raise ValueError("no text")

    OURS.warning("refused", {"error": Bare()})
    OURS.warning("refused", {"error": "550 100%s full"})
    assert [line["error"] for line in _lines(stream)] == ["550 100%s full"]


# The log of a busy day, with every kind of mail and trouble, tells neither a secret nor anything of a person.

TOWN = Callable[..., World]
PASSWORD, OAUTH = "Correu-2026-secret", "ya29.a0AfB_byC-token-of-the-mailbox"
SAID = {
    ANNA: ("Empadronament a la Torrentfonda", "Sóc la Puigdomènech, truqueu-me al 612345678."),
    PERE: ("Contrasenya de l'idCAT", "La meva contrasenya és: Gat-2026! i el PIN és 482197."),
    MARTA: ("Queixa de la Vilanoveta", "És una vergonya que ningú no contesti a la Vilanoveta."),
}
BROKEN = b"From: estrany@example.org\xff\r\nSubject: Vilanoveta\r\n\r\n\x00"
WORDS = ("Torrentfonda", "Puigdom", "612345678", "Gat-2026", "482197", "Vilanoveta", "vergonya")


@pytest.fixture
def told() -> io.StringIO:
    stream = io.StringIO()
    log.configure(stream, level=logging.DEBUG)
    return stream


def _a_busy_day(world: World) -> None:
    messages = {who: world.citizen_writes(who, subject, text) for who, (subject, text) in SAID.items()}
    world.turn()
    world.robot_writes("noreply@robot.example", "Resposta automàtica de la Vilanoveta")
    world.mailbox.append(
        "INBOX", b"From: estrany@example.org\xff\r\nSubject: Vilanoveta\r\n\r\n\x00", world.clock.now()
    )
    (ack, *_) = world.received(ANNA)
    world.report_on(ack)
    world.citizen_asks(ANNA, "Re: Empadronament a la Torrentfonda", "Encara espero.", answers=messages[ANNA])
    for case in world.cases():
        world.order("note", case["number"], text="La Puigdomènech ha trucat al 612345678")
    world.agent_answers(messages[PERE], "Canvieu la contrasenya Gat-2026!")
    world.live("2026-11-27 12:00", minutes=120)


def test_the_log_of_a_busy_day_tells_nothing(town: TOWN, told: io.StringIO, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OACMAIL_IMAP_PASSWORD", PASSWORD)
    monkeypatch.setenv("OACMAIL_SMTP_PASSWORD", OAUTH)
    world = town()
    _a_busy_day(world)
    for error in (Transient(f"IMAP LOGIN: no <{ANNA}>"), RelayError(f"550 <{ANNA}> unknown")):
        Outage("imap").failed(error)
    logging.getLogger("imapclient").error("failed with %s and %s for %s", PASSWORD, OAUTH, ANNA)
    try:
        int(f"{SAID[ANNA]} {PASSWORD}")
    except ValueError:
        OURS.error("tick.failed", exc_info=True)
    lines = told.getvalue()
    assert lines.count("\n") > 10
    key = (world.config.office.state / "token.key").read_text().strip()
    people = [row["address"] for row in world.rows("SELECT address FROM people")]
    assert len(people) > 4
    secrets = [PASSWORD, OAUTH, key, *people, *WORDS]
    assert [word for word in secrets if word.lower() in lines.lower()] == []
