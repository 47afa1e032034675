"""`check --answers`: whether the answers from each mail program that agents use are seen.

An agent answers a test message. The answer goes to the operator, and its copy must lie in a folder that is read: what
an agent sends from elsewhere is no answer to anybody here. This module says where each copy lies, after how many
seconds, whether the running service has read it, and which setting to change if not. It moves and deletes nothing.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from email.utils import format_datetime, make_msgid, parseaddr
from secrets import token_hex

import click
from msgspec import Struct

from oacmail import wiring
from oacmail.cli.common import safe, say
from oacmail.config import Config
from oacmail.core.deliverability import Finding
from oacmail.core.model import Folder
from oacmail.core.ports import WatchedFolder
from oacmail.imap.mailbox import ImapMailbox
from oacmail.store import connection

TEST = "X-Oacmail-Check"  # the header field of a test message of ours
PATIENCE = 60.0  # seconds for a copy to appear, and for the service to read it
_EXCHANGE = (
    "an admin of Exchange runs `Set-Mailbox -Identity OFFICE -MessageCopyForSentAsEnabled $true "
    "-MessageCopyForSendOnBehalfEnabled $true` (docs/provider.md), or the agent sends from the office's own mailbox"
)
# A word in the name of a mail program to what makes it keep its copy in the office's mailbox.
_KEEPS_COPIES: Mapping[str, str] = {
    "outlook": _EXCHANGE,
    "exchange": _EXCHANGE,
    "owa": _EXCHANGE,
    "365": _EXCHANGE,
    "gmail": "\"Send mail as\" keeps the copy in the agent's own account: answer in the office's delegated mailbox",
    "thunderbird": "in Account Settings, Copies & Folders of the office's account: place a copy in its folder Sent",
    "apple": "in Settings, Accounts, Mailbox Behaviours of the office's account: Sent Mailbox is its folder Sent",
    "": "choose in this program the office's folder Sent for what it sends, or put the office in copy",
}


def of_test(sender: str, recipient: str, value: str, subject: str, text: str) -> EmailMessage:
    """A test message, which no machine answers and no rule of the desk takes for a request. `value`: by what it is
    found."""
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = sender, recipient, f"oacmail check: {subject}"
    mail["Date"], mail["Message-ID"] = format_datetime(datetime.now(UTC)), make_msgid(domain="oacmail.invalid")
    mail["Auto-Submitted"], mail[TEST] = "auto-generated", value
    mail.set_content(f"{text}\n")
    return mail


class AnswerCopy(Struct, frozen=True):
    """A message in the office's mailbox that answers the test message. `role`: None = its folder is not read."""

    name: str
    role: Folder | None
    uid: int
    sender: str
    refers: bool


def findings(config: Config) -> Iterator[Finding]:
    """Yields what is wrong with the answers of each mail program that the admin names. Those that are seen are said."""
    policy, code = wiring.rules(config), token_hex(3).upper()
    box = wiring.mailbox(config, wiring.token_source(config))
    text = "Please answer this message with any word, and send it. You may delete both afterwards."
    question = of_test(policy.people.operator[0], config.office.address, code, f"please answer ({code})", text)
    try:
        watched = tuple(box.watched())
        box.append_unread(watched[0].name, question.as_bytes())
        say(f'the message "{question["Subject"]}" is in the mailbox')
        say(f"an answer to it goes to {question['From']}, to no citizen")
        known: set[tuple[str, int]] = set()
        while program := _asked("mail program that agents answer from (Enter: no other)"):
            _asked(f"answer that message in {safe(program)} with any word, send it, then press Enter")
            yield from _answer(config, box, watched, question, known, program)
    finally:
        box.close()


def _asked(text: str) -> str:
    return str(click.prompt(text, default="", show_default=False, err=True)).strip()


def _answer(
    config: Config,
    box: ImapMailbox,
    watched: Sequence[WatchedFolder],
    question: EmailMessage,
    known: set[tuple[str, int]],
    program: str,
) -> Iterator[Finding]:
    """The findings for one answer; `known`: the copies of earlier ones, to which this adds its own."""
    began = time.monotonic()
    while True:
        copies = sorted(_copies_of_answer(box, watched, question, known), key=lambda copy: _PLACES.index(copy.role))
        seconds = time.monotonic() - began
        if (copies and copies[0].role is Folder.SENT) or seconds > PATIENCE:
            break
        box.wait(1.0)
    if not copies:
        do = next(do for word, do in _KEEPS_COPIES.items() if word in program.lower())
        yield Finding("error", program, f"its answer is in no folder of the mailbox after {seconds:.0f} s", do)
        return
    best = copies[0]
    known.update((copy.name, copy.uid) for copy in copies)
    if best.role is not Folder.SENT:
        where = "a folder that is not read" if best.role is None else "and no copy of it is in Sent"
        do = "let the program keep what it sends in the office's folder Sent (imap.sent names it)"
        if best.name == box.drafts():
            where, do = "so it was not sent", "send it, and name the program once more"
        yield Finding("error", program, f"its answer is in {best.name}, {where}", do)
        return
    if not wiring.rules(config).office.is_own(best.sender):
        what = f"it sends as {best.sender}, so people do not answer to the office"
        yield Finding("warning", program, what, f"choose the identity {config.office.address} in it")
    if not best.refers:
        what = "its answer does not say which message it answers (In-Reply-To)"
        yield Finding(
            "warning", program, what, "leave the case number in the subject of each answer, or use another program"
        )
    if connection.is_held(config.office.state) and not _is_read(config, box, best):
        what = f"its answer is in {best.name}, and the service has not read it within {PATIENCE:.0f} s"
        yield Finding("error", program, what, "see `oacmail status`")
        return
    say(f"{safe(program)}: seen in {safe(best.name)} after {seconds:.0f} s")


_PLACES = (Folder.SENT, Folder.INTAKE, Folder.BOARD, Folder.OTHER, Folder.JUNK, None)  # where a copy is best


def _copies_of_answer(
    box: ImapMailbox, watched: Sequence[WatchedFolder], question: EmailMessage, known: set[tuple[str, int]]
) -> list[AnswerCopy]:
    """The new messages of all folders with the code of the test message in their subject."""
    found, roles = [], {folder.name: folder.role for folder in watched}
    for name in (*roles, *(name for name in box.names() if name not in roles)):
        box.open(name)
        refers = box.bearing("In-Reply-To", str(question["Message-ID"]))
        uids = sorted(uid for uid in box.bearing("Subject", str(question[TEST])) if (name, uid) not in known)
        for uid, head in box.identifying(uids).items():
            fields = message_from_bytes(head, policy=default)
            if str(fields["Message-ID"]).strip() != question["Message-ID"]:
                sender = parseaddr(str(fields["From"]))[1].lower()
                found.append(AnswerCopy(name, roles.get(name), uid, sender, uid in refers))
    return found


def _is_read(config: Config, box: ImapMailbox, copy: AnswerCopy) -> bool:
    """Whether the running service gives the message an outcome before the patience ends."""
    epoch, end = box.open(copy.name).uidvalidity, time.monotonic() + PATIENCE
    query = "SELECT 1 FROM sightings WHERE folder = ? AND uidvalidity = ? AND uid = ? AND outcome IS NOT NULL"
    with connection.open_readonly(config.office.state) as con:
        while time.monotonic() < end:
            if con.execute(query, (copy.name, epoch, copy.uid)).fetchone():
                return True
            box.wait(1.0)
    return False
