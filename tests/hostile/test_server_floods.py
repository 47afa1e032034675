"""A mail server that announces or sends more than any message has: the client reads no more than it has room for."""

import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from oacmail.core.errors import Transient
from oacmail.imap.connection import ImapSettings
from oacmail.imap.mailbox import ImapMailbox
from tests.fakes.imap_server import FakeMessage, ImapServer
from tests.world import ANNA, PERE, World

MB = 1024 * 1024
FOUR_GB = 4 * 1024 * MB
LITERAL = b"{%d}\r\n" % FOUR_GB
BYTES = b"x" * 65_536
LINE = b"* LIST () / " + b"x" * 65_536 + b"\r\n"
ANSWER = 64 * MB  # that one command may have, in the adapter
IN_FLIGHT = 32 * MB  # what the kernel may hold of a stream that nobody reads
ROOM = 24 * MB  # in memory beside an answer
TEXT = (
    b"From: %s\r\nTo: oac360@castellbisbal.cat\r\nSubject: Hora\r\nMessage-ID: <%s>\r\n\r\n"
    b"Bon dia, com demano hora per al padr\xc3\xb3?\r\n"
)


@pytest.fixture
def server() -> Iterator[ImapServer]:
    with ImapServer(messages={1: FakeMessage(date="01-Jan-2026 10:00:00 +0100")}) as server:
        yield server


@pytest.fixture
def mailbox(server: ImapServer) -> Iterator[ImapMailbox]:
    mailbox = ImapMailbox(ImapSettings(host="localhost", user="oac", password="x", port=server.port, security="none"))
    yield mailbox
    mailbox.close()


@pytest.fixture
def desk(mailbox: ImapMailbox, world: World) -> World:
    """An office whose mailbox is the scripted server; one message lies there."""
    world.mailbox = mailbox  # type: ignore[assignment]
    world.restart_process()
    world.sync()
    return world


@contextmanager
def _at_most(octets: int) -> Iterator[None]:
    """Python asks for no more memory than this, whether or not it is ever filled."""
    tracemalloc.start(1)
    try:
        before = tracemalloc.get_traced_memory()[0]
        yield
        assert tracemalloc.get_traced_memory()[1] - before < octets
    finally:
        tracemalloc.stop()


def _look(mailbox: ImapMailbox) -> None:
    """Every command of a pass that reads no text."""
    mailbox.watched()
    mailbox.open("INBOX")
    mailbox.uids()
    mailbox.metas()


def _outcomes(world: World) -> dict[int, str | None]:
    return {row["uid"]: row["outcome"] for row in world.rows("SELECT uid, outcome FROM sightings WHERE uid > 1")}


@pytest.mark.parametrize(
    ("command", "start"),
    [
        ("greeting", b"* OK "),
        ("capability", b"* CAPABILITY "),
        ("login", b"* OK "),
        ("list", b"* LIST () / "),
        ("examine", b"* OK "),
        ("search", b"* SEARCH "),
        ("fetch", b"* 1 FETCH (UID 1 BODY[] "),
    ],
)
def test_a_literal_of_four_gigabytes_ends_the_connection_before_it_is_read(
    server: ImapServer, mailbox: ImapMailbox, command: str, start: bytes
) -> None:
    server.floods[command] = (start + LITERAL, BYTES)
    with _at_most(ROOM), pytest.raises(Transient, match="4294967296 bytes"):
        _look(mailbox)
    assert server.flooded < IN_FLIGHT


def test_an_answer_without_an_end_ends_the_connection(server: ImapServer, mailbox: ImapMailbox) -> None:
    server.floods["list"] = (b"", LINE)
    with _at_most(ANSWER + ROOM), pytest.raises(Transient, match="without an end"):
        mailbox.watched()
    assert server.flooded < ANSWER + IN_FLIGHT


def test_a_goodbye_with_a_literal_of_four_gigabytes_is_not_waited_for(server: ImapServer, mailbox: ImapMailbox) -> None:
    mailbox.watched()
    server.floods["logout"] = (b"* BYE " + LITERAL, BYTES)
    with _at_most(ROOM):
        mailbox.close()
    assert server.flooded < IN_FLIGHT


def test_a_server_that_floods_every_message_is_an_outage_and_all_are_processed_when_it_recovers(
    server: ImapServer, desk: World
) -> None:
    server.messages |= {uid: FakeMessage(TEXT % (b"veina%d@example.cat" % uid, b"%d@x" % uid)) for uid in range(2, 12)}
    server.floods["fetch"] = (b"* 1 FETCH (UID 2 BODY[] " + LITERAL, BYTES)
    with _at_most(ROOM):
        for _ in range(3):
            assert desk.sync() is False, "the service backs off only from an outage"
    assert "imap" in desk.problems()
    assert server.flooded < 60 * IN_FLIGHT
    server.floods.clear()
    assert desk.sync()
    assert set(_outcomes(desk).values()) == {"case"}
    assert "quarantine" not in desk.problems()


@pytest.mark.parametrize(
    "liar",
    [
        FakeMessage(TEXT % (ANNA.encode(), b"a@x"), announced=FOUR_GB),
        FakeMessage(TEXT % (ANNA.encode(), b"a@x") + b"x" * 7 * MB, size=900),
    ],
    ids=["announced", "sent"],
)
def test_one_message_larger_than_its_size_is_worked_by_its_outline(
    server: ImapServer, desk: World, liar: FakeMessage
) -> None:
    server.messages |= {2: liar, 3: FakeMessage(TEXT % (PERE.encode(), b"p@x"))}
    with _at_most(ROOM):
        assert desk.sync()
    assert _outcomes(desk) == {2: "case", 3: "case"}
    assert "imap" not in desk.problems()
