"""The log of a busy day, with every kind of mail and trouble, tells neither a secret nor anything of a person."""

import io
import logging
from collections.abc import Callable, Iterator

import pytest
import structlog

from oacmail import log
from oacmail.core.errors import RelayError, Transient
from oacmail.service import Outage
from tests.world import ANNA, MARTA, PERE, World

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
def told() -> Iterator[io.StringIO]:
    stream, root = io.StringIO(), logging.getLogger()
    before, handlers, level = structlog.get_config(), root.handlers[:], root.level
    log.configure(stream, level=logging.DEBUG)
    yield stream
    structlog.configure(**before)
    root.handlers[:], root.level = handlers, level


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
        structlog.get_logger().error("tick.failed", exc_info=True)
    lines = told.getvalue()
    assert lines.count("\n") > 10
    key = (world.config.office.state / "token.key").read_text().strip()
    people = [row["address"] for row in world.rows("SELECT address FROM people")]
    assert len(people) > 4
    secrets = [PASSWORD, OAUTH, key, *people, *WORDS]
    assert [word for word in secrets if word.lower() in lines.lower()] == []
