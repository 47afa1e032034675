"""A changed password must not look like an attack: fail2ban bans after five refused logins within ten minutes."""

import json
import os
import socket
import subprocess
import sys

from oacmail.core.errors import RelayError, Transient
from oacmail.imap.connection import ImapSettings
from oacmail.imap.mailbox import ImapMailbox
from oacmail.service import Outage
from oacmail.smtp import SmtpSettings, SmtpTransport
from tests.fakes.imap_server import FakeMessage, ImapServer
from tests.fakes.relay import Relay
from tests.world import ANNA, PERE, World

BANNED = 5  # refused logins within TEN_MINUTES
TEN_MINUTES = 600.0
REFUSED = "535 5.7.8 no"


def test_the_mailbox_is_asked_fewer_than_five_times_in_ten_minutes_while_it_refuses_the_login(world: World) -> None:
    with ImapServer(messages={1: FakeMessage()}) as server:
        settings = ImapSettings(host="localhost", user="oac", password="x", port=server.port, security="none")
        world.mailbox = ImapMailbox(settings)  # type: ignore[assignment]
        world.restart_process()
        assert world.sync()
        world.mailbox._session.drop()  # type: ignore[attr-defined]
        server.locked = "NO [AUTHENTICATIONFAILED] no"
        server.commands.clear()
        outage, passed, pauses = Outage("imap"), 0.0, []
        while passed < TEN_MINUTES:
            try:
                world.intake.sync(compare=True)
            except Transient as error:
                pauses.append(outage.failed(error))
                passed += pauses[-1]
        assert outage.lasts
        world.mailbox.close()
    assert pauses[0] >= 60
    assert sum(line.startswith("LOGIN") for line in server.commands) < BANNED


def test_the_relay_is_asked_fewer_than_five_times_in_ten_minutes_while_it_refuses_the_login(world: World) -> None:
    with Relay({"AUTH": [REFUSED] * 50}, login=True) as relay:
        settings = SmtpSettings(host="localhost", port=relay.port, security="none", user="oac", password="x")
        world.delivery.transport = SmtpTransport(settings)
        for who in (ANNA, PERE):
            world.citizen_writes(who)
        world.sync()
        world.store.con.execute("UPDATE outbox SET kind = 'remark' WHERE id = 1")  # of another envelope sender
        outage, passed, pauses = Outage("smtp"), 0.0, []
        while passed < TEN_MINUTES:
            try:
                world.delivery.drain()
            except RelayError as error:
                pauses.append(outage.failed(error))
                passed += pauses[-1]
        tries = sum(line.startswith("AUTH") for line in relay.commands)
    assert pauses[0] >= 60
    assert tries < BANNED


_WARNS = """
import logging
from oacmail import log
log.configure()
logging.getLogger("oacmail.service").warning("imap.down", {"kind": "LoginRefused"})
"""


def test_a_refused_login_stands_in_the_journal_as_a_warning() -> None:
    ours, theirs = socket.socketpair()
    about = os.fstat(theirs.fileno())
    environ = {**os.environ, "JOURNAL_STREAM": f"{about.st_dev}:{about.st_ino}"}
    subprocess.run([sys.executable, "-c", _WARNS], stderr=theirs.fileno(), env=environ, check=True)
    theirs.close()
    told = ours.makefile().read()
    assert told.startswith("<4>{")
    assert json.loads(told[3:])["event"] == "imap.down"


def test_where_no_journal_listens_a_line_is_plain_json() -> None:
    done = subprocess.run([sys.executable, "-c", _WARNS], capture_output=True, text=True, check=True)
    assert json.loads(done.stderr)["kind"] == "LoginRefused"
