"""Loads what a relayed answer continues, and the texts that must not be in it.

It selects by the case of the answer address; it never judges what it finds.
"""

import sqlite3
from collections.abc import Iterator
from email import message_from_bytes
from email.message import Message

from oacmail.adapters.store.load_merged import current_number
from oacmail.adapters.store.write_context import case_id
from oacmail.core import sender
from oacmail.core.lookup import Lookup
from oacmail.core.model import Outcome, Role
from oacmail.core.view import CaseThread

THREAD_MOST, MAILS_MOST, TEXTS_MOST = 10, 40, 200


def thread(con: sqlite3.Connection, lookup: Lookup) -> CaseThread | None:
    """None = the message goes to no answer address, or its case does not exist."""
    case = case_id(con, current_number(con, lookup.answer_for[0])) if lookup.answer_for else None
    if case is None:
        return None
    asked = _asked(con, case)
    said = [row["fresh"] for row in asked]
    among = list(_of_colleagues(con, case, lookup))
    footers = sender.internal_footers(among, _about_others(con, case, lookup)) if among else []
    message_ids, subject = _continued(con, case, asked)
    return CaseThread(
        message_ids=message_ids,
        subject=subject,
        internal=sender.internal_lines(_of_staff(con, case, lookup), but=said)
        | sender.internal_lines(among, but=[*said, *footers, *_of_the_writer(con, lookup)]),
    )


def continued(con: sqlite3.Connection, number: str) -> tuple[tuple[str, ...], str]:
    """See core/ports/store.py."""
    case = case_id(con, number)
    return ((), "") if case is None else _continued(con, case, _asked(con, case))


def _asked(con: sqlite3.Connection, case: int) -> list[sqlite3.Row]:
    return con.execute(
        """SELECT m.message_id, m.subject, m.fresh, m.author_id = c.citizen_id AS own FROM messages m
        JOIN cases c ON c.id = m.case_id WHERE c.id = ? AND m.role = ? AND m.guest = 0 ORDER BY m.id""",
        (case, Role.CITIZEN),
    ).fetchall()


def _continued(con: sqlite3.Connection, case: int, asked: list[sqlite3.Row]) -> tuple[tuple[str, ...], str]:
    theirs = [row for row in asked if row["own"]]  # of a merged case somebody else's subject may be private
    ids = [row["message_id"] for row in theirs if row["message_id"]]
    subject = con.execute("SELECT subject FROM cases WHERE id = ?", (case,)).fetchone()["subject"]
    return (
        tuple(ids if len(ids) <= THREAD_MOST else [ids[0], *ids[1 - THREAD_MOST :]]),
        theirs[-1]["subject"] if theirs else subject,
    )


def _of_staff(con: sqlite3.Connection, case: int, lookup: Lookup) -> Iterator[str]:
    """Notices about the case and to this writer, and notes."""
    staff = sorted(lookup.policy.people.staff)
    mails = con.execute(
        f"""SELECT m.mime FROM outbox o JOIN mails m ON m.id = o.id
        WHERE o.recipient IN ({",".join("?" * len(staff))}) AND (o.case_id = ? OR o.recipient = ?)
        ORDER BY o.id DESC LIMIT {MAILS_MOST}""",
        (*staff, case, lookup.message.sender),
    )
    yield from (_text(row["mime"]) for row in mails)
    yield from (row["text"] for row in con.execute("SELECT text FROM notes WHERE case_id = ?", (case,)))


def _of_colleagues(con: sqlite3.Connection, case: int, lookup: Lookup) -> Iterator[str]:
    """What other staff wrote about the case among themselves."""
    rows = con.execute(
        f"""SELECT m.fresh FROM messages m JOIN people p ON p.id = m.author_id
        WHERE m.case_id = ? AND m.outcome = ? AND m.role <> ? AND p.address <> ?
        AND m.rule NOT IN ('relayed', 'not-relayed') ORDER BY m.id DESC LIMIT {TEXTS_MOST}""",
        (case, Outcome.STAFF, Role.CITIZEN, lookup.message.sender),
    )
    yield from (row["fresh"] for row in rows)


def _about_others(con: sqlite3.Connection, case: int, lookup: Lookup) -> Iterator[str]:
    """What other staff wrote about other cases, the latest first."""
    rows = con.execute(
        f"""SELECT m.fresh FROM messages m JOIN people p ON p.id = m.author_id
        WHERE m.case_id IS NOT NULL AND m.case_id <> ? AND m.outcome = ? AND m.role <> ? AND p.address <> ?
        ORDER BY m.id DESC LIMIT {TEXTS_MOST}""",
        (case, Outcome.STAFF, Role.CITIZEN, lookup.message.sender),
    )
    yield from (row["fresh"] for row in rows)


def _of_the_writer(con: sqlite3.Connection, lookup: Lookup) -> Iterator[str]:
    """What the writer wrote before: its signature and the town's footer are in colleagues' mails too. What was refused
    does not count, or it would be let through the second time."""
    rows = con.execute(
        f"""SELECT m.fresh FROM messages m JOIN people p ON p.id = m.author_id
        WHERE p.address = ? AND m.rule <> 'not-relayed' ORDER BY m.id DESC LIMIT {TEXTS_MOST}""",
        (lookup.message.sender,),
    )
    yield from (row["fresh"] for row in rows)


def _text(mime: bytes) -> str:
    """The text part of a mail of ours; '' = its bytes are no longer kept."""
    part = _plain(message_from_bytes(mime))
    text = part.get_payload(decode=True) if part is not None else b""
    return text.decode("utf-8", "replace") if isinstance(text, bytes) else ""


def _plain(part: Message) -> Message | None:
    """The first plain text outside of files. The library's own search parses every field by its grammar, which takes
    ten times as long, for forty mails of a case in one transaction."""
    if part.get_content_disposition() == "attachment":
        return None
    if part.get_content_maintype() != "multipart":
        return part if part.get_content_type() == "text/plain" else None
    below = part.get_payload()
    found = (_plain(one) for one in below if isinstance(one, Message)) if isinstance(below, list) else ()
    return next((one for one in found if one is not None), None)
