"""A mail server in trouble: what fails for all messages is the server's fault, and costs no message anything."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from itertools import count

import pytest

from oacmail.core.errors import Transient
from oacmail.engine.intake import SPACING
from oacmail.imap.connection import ImapSettings
from oacmail.imap.mailbox import ImapMailbox
from tests.fakes.imap_server import FakeMessage, ImapServer
from tests.world import ANNA, PERE, World

PASSES = 6  # one after the other, without a pause
NUMBERS = count(1)


def _asks(sender: str) -> FakeMessage:
    fields = (f"From: {sender}", "To: oac360@castellbisbal.cat", "Subject: Hora", f"Message-ID: <{next(NUMBERS)}@x>")
    return FakeMessage("\r\n".join((*fields, "", "Bon dia, com demano hora per al padró?", "")).encode())


@pytest.fixture
def server() -> Iterator[ImapServer]:
    with ImapServer(messages={1: _asks("primera@example.cat")}) as server:
        yield server


@pytest.fixture
def desk(server: ImapServer, world: World) -> Iterator[World]:
    """An office whose mailbox is the scripted server; one message has been worked."""
    mailbox = ImapMailbox(ImapSettings(host="localhost", user="oac", password="x", port=server.port, security="none"))
    world.mailbox = mailbox  # type: ignore[assignment]
    world.restart_process()
    world.sync()
    yield world
    mailbox.close()


def _outcomes(world: World) -> list[str | None]:
    return [row["outcome"] for row in world.rows("SELECT outcome FROM sightings WHERE uid > 1 ORDER BY uid")]


@pytest.mark.parametrize("trouble", ["NO", "BYE", "nothing"])
def test_a_server_that_returns_no_message_quarantines_none_and_all_are_processed_when_it_recovers(
    server: ImapServer, desk: World, trouble: str
) -> None:
    server.trouble = trouble
    server.messages |= {uid: _asks(f"veina{uid}@example.cat") for uid in range(2, 12)}
    for _ in range(PASSES):
        assert desk.sync() is False, "the service backs off only from an outage"
    assert desk.problems() & {"imap", "quarantine"} == {"imap"}
    assert _outcomes(desk) == [None] * 10
    server.trouble = ""
    assert desk.sync()
    assert set(_outcomes(desk)) == {"case"}
    assert desk.rows("SELECT max(attempts) AS most FROM sightings") == [{"most": 0}]


def test_a_pass_over_a_server_in_trouble_does_not_log_in_for_every_message(server: ImapServer, desk: World) -> None:
    server.trouble = "BYE"
    server.messages |= {uid: _asks(f"veina{uid}@example.cat") for uid in range(2, 52)}
    before = len(server.commands)
    desk.sync()
    assert sum(line.startswith("LOGIN") for line in server.commands[before:]) <= 15


def test_a_message_that_fails_alone_is_tried_again_after_a_while_and_only_then_set_aside(
    server: ImapServer, desk: World
) -> None:
    server.messages |= {2: FakeMessage(None), 3: _asks(ANNA)}
    for pause in SPACING:
        for _ in range(PASSES):
            assert desk.sync()
        assert _outcomes(desk) == [None, "case"]
        assert desk.reviews() == []
        desk.clock.set(desk.clock.now() + pause)
    desk.sync()
    assert desk.reviews() == ["unreadable"]
    assert "quarantine" in desk.problems()


def test_what_the_server_could_not_give_out_comes_back_by_itself_when_it_can(server: ImapServer, desk: World) -> None:
    server.messages |= {2: FakeMessage(None), 3: _asks(ANNA)}
    for pause in (*SPACING, timedelta(0)):
        desk.sync()
        desk.clock.set(desk.clock.now() + pause)
    assert _outcomes(desk) == ["quarantined", "case"]
    for _ in range(PASSES):  # as every night, and after every outage
        desk.intake.sync(compare=True)
    assert _outcomes(desk) == ["quarantined", "case"]
    server.messages[2] = _asks(PERE)
    desk.intake.sync(compare=True)
    assert _outcomes(desk) == ["case", "case"]
    assert "quarantine" not in desk.problems()
    assert desk.reviews() == []


def test_a_message_that_was_said_to_be_gone_and_lies_there_is_worked(server: ImapServer, desk: World) -> None:
    server.messages[2] = _asks(ANNA)
    desk.sync()
    desk.store.con.execute("UPDATE sightings SET outcome = 'gone', fingerprint = NULL WHERE uid = 2")
    desk.intake.sync(compare=True)
    assert _outcomes(desk) in (["case"], ["duplicate"])


def test_the_only_message_of_a_mailbox_proves_nothing_against_itself(world: World) -> None:
    with ImapServer(messages={7: FakeMessage(None)}) as server:
        mailbox = ImapMailbox(
            ImapSettings(host="localhost", user="oac", password="x", port=server.port, security="none")
        )
        mailbox.open("INBOX")
        with pytest.raises(Transient, match="no message can be read"):
            mailbox.fetch([7])
        mailbox.close()


def test_a_played_server_in_trouble_blames_no_message(town: Callable[..., World]) -> None:
    world = town()
    world.citizen_writes(ANNA)
    world.mailbox.returns_nothing = True
    for _ in range(PASSES):
        world.turn()
    world.mailbox.returns_nothing = False
    world.turn()
    assert world.kinds(ANNA) == ["ack"]
