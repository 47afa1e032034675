"""What became of one message: asked of the running office's database, waited for, never guessed by time."""

import itertools
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from tests.e2e.office import RunningOffice
from tests.servers.mail_servers import MailServers
from tests.servers.people import Citizen
from tests.servers.waiting import until

_houses = itertools.count(1)

_MESSAGE = """SELECT m.*, c.number, c.parent, c.status FROM messages m LEFT JOIN cases c ON c.id = m.case_id
WHERE m.message_id = ? ORDER BY m.id DESC"""


def someone(mail_servers: MailServers, name: str = "Anna Puig") -> Citizen:
    """A citizen of a provider of his own, so that no test spends another's budget of acknowledgements."""
    return Citizen(mail_servers, name, domain=f"casa{next(_houses)}.example")


def message(desk: RunningOffice, message_id: str) -> sqlite3.Row:
    """The message's row, with `number`, `parent` and `status` of its case, as soon as it was decided."""
    rows = until(lambda: desk.rows(_MESSAGE, message_id), 15, what=f"{message_id} is decided")
    return rows[0]


def number_of(desk: RunningOffice, message_id: str) -> str:
    """The number of the case on which the message is."""
    number = message(desk, message_id)["number"]
    assert number, f"{message_id} is on no case: {tuple(message(desk, message_id))}"
    return str(number)


def case_of(desk: RunningOffice, message_id: str) -> dict[str, Any]:
    return desk.case(number_of(desk, message_id))


def running_deadlines(desk: RunningOffice, number: str) -> list[sqlite3.Row]:
    """The response deadlines of a case that nobody has met."""
    query = """SELECT d.* FROM deadlines d JOIN cases c ON c.id = d.case_id WHERE c.number = ? AND d.kind = 'answer'
    AND d.level = 0 AND d.met_at IS NULL AND d.withdrawn_at IS NULL"""
    return desk.rows(query, number)


def mails_to(desk: RunningOffice, address: str, kind: str = "ack") -> list[sqlite3.Row]:
    """What the office ever queued for this address. Complete as soon as the message that caused it is decided."""
    return desk.rows("SELECT * FROM outbox WHERE recipient = ? AND kind = ? ORDER BY id", address, kind)


def waiting_for_a_person(desk: RunningOffice, message_id: str) -> str | None:
    """The reason for which the message is on the review list, or None."""
    listed = (item for item in desk.json("quarantine", "list") if item["message_id"] == message_id)
    return next((str(item["reason"]) for item in listed), None)


def everything_in(mail: EmailMessage) -> str:
    """All that a reader or a program could find in a mail: every header and every text, decoded."""
    headers = "\n".join(f"{name}: {value}" for part in mail.walk() for name, value in part.items())
    texts = (part.get_content() for part in mail.walk() if part.get_content_maintype() == "text")
    return "\n".join((headers, *texts))


def answered_by(desk: RunningOffice, question: str, text: str, **options: Any) -> str:
    """An agent answers the message with this Message-ID from the shared mailbox; returns when that is known."""
    with at_desk(desk) as agent:
        mail = agent.read(agent.find(question))
        answer = agent.answer(mail, text, **options)
    number = number_of(desk, question)
    until(lambda: not running_deadlines(desk, number), 15, what=lambda: f"{number} is answered\n{desk.log()}")
    return str(answer)


@contextmanager
def at_desk(desk: RunningOffice) -> Iterator[Any]:
    agent = desk.at_desk()
    try:
        yield agent
    finally:
        agent.close()


@contextmanager
def opened(mail_servers: MailServers, root: Path, **settings: Any) -> Iterator[RunningOffice]:
    """An office with its daemon up, for all tests of a module."""
    desk = RunningOffice(mail_servers, root, **settings)
    with desk.running():
        yield desk
