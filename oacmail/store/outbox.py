"""The rows of the outbox: written by a decision, claimed, handed over, recovered after a kill (the states:
core/kinds.py).
"""

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from oacmail.core.effects import (
    AuditEvent,
    DropOutgoing,
    ImportSent,
    Remember,
    Send,
    SendWithoutOriginal,
    UpdateOutbox,
    WriteDraft,
)
from oacmail.core.kinds import ACKNOWLEDGEMENTS, KINDS, NEXT, MailEvent, MailKind, Priority
from oacmail.core.outbox import OUT_OF_DATE
from oacmail.core.policy import mailbox
from oacmail.core.rate_limits import registrable
from oacmail.core.stored_values import ACKNOWLEDGED_IN_THREAD, RESERVED
from oacmail.store import writing
from oacmail.store.connection import Rows, moment, stamp
from oacmail.store.writing import WriteContext, case_id, raise_serial

# --- Queue -----------------------------------------------------------------------------------------------------------
# One process uses a state directory: a row found `claimed` at the start was never sent, one found `sending` is
# uncertain.

LIVE = "state IN('queued','claimed','sending','uncertain')"
"""Repeated in every query for these rows, since SQLite uses the partial index only then."""

_LIMITED_KINDS = ", ".join(f"'{kind}'" for kind in ACKNOWLEDGEMENTS)
LIMITED = f"kind IN ({_LIMITED_KINDS})"
"""Mail within the acknowledgement limits; written as in the indexes outbox_budget and outbox_budget_of."""

# A mail that was tried and put back goes behind all others, oldest first: a mail or a sender that the relay does not
# take holds up no other.
_PUT_BACK = max(Priority) + 1
_WHEN = " ".join(f"WHEN kind = '{kind}' THEN {int(rules.priority)}" for kind, rules in KINDS.items())
_RANK = f"""CASE WHEN next_at > coalesce(released_at, created_at) THEN {_PUT_BACK} {_WHEN} END"""
_ORDER = f"{_RANK}, next_at, id"
_DRAFTS = """SELECT d.key, d.message_id, d.mime, c.closed_at > d.created_at OR EXISTS(
    SELECT 1 FROM messages m WHERE m.case_id = c.id AND m.role = 'agent' AND m.outcome = 'case'
    AND m.received_at > d.created_at) AS overtaken
  FROM drafts d JOIN cases c ON c.id = d.case_id WHERE d.mime IS NOT NULL ORDER BY d.created_at, d.key"""
"""The folder of drafts belongs to people: nothing says what has become of a draft that is there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claimed:
    """An outbox row that this process sends now."""

    key: str
    kind: MailKind
    recipient: str
    mime: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingDraft:
    """A draft that is not known to be in its folder. `overtaken`: since it was written an agent has answered the case,
    or the case was closed."""

    key: str
    message_id: str
    mime: bytes
    overtaken: bool


class OutboxRows(Rows):
    """The methods of `SqliteStore` for the outbox and for drafts."""

    def recover(self) -> None:
        """Recover the rows that a killed process left behind. Nothing may be sending."""
        with self._write():
            self.con.execute(
                f"""UPDATE outbox SET state = 'queued', attempts = max(attempts - 1, 0)
                WHERE {LIVE} AND state = 'claimed'"""
            )
            self.con.execute(
                f"""UPDATE outbox SET state = 'uncertain', tries = tries + 1, last_error = 'killed while sending'
                WHERE {LIVE} AND state = 'sending'"""
            )

    def claim(
        self,
        now: datetime,
        most: int,
        staff: frozenset[str] | None,
        waits: Sequence[MailKind] = (),
        kinds: Sequence[MailKind] = (),
    ) -> list[Claimed]:
        """Claim and return up to `most` rows that are due, in the order of the queue.

        `staff`: only mail to these addresses, None = to all; `waits`: kinds to leave out; `kinds`: only these, or all.
        """
        with self._write():
            only = f" AND recipient IN ({','.join('?' * len(staff))})" if staff is not None else ""
            only += f" AND kind NOT IN ({','.join('?' * len(waits))})" if waits else ""
            only += f" AND kind IN ({','.join('?' * len(kinds))})" if kinds else ""
            rows = self.con.execute(
                f"""UPDATE outbox SET state = 'claimed', attempts = attempts + 1 WHERE id IN (
                SELECT id FROM outbox WHERE {LIVE} AND state = 'queued' AND next_at <= ?{only}
                ORDER BY {_ORDER} LIMIT ?)
                RETURNING id, key, kind, recipient, next_at, {_RANK} AS turn,
                (SELECT mime FROM mails m WHERE m.id = outbox.id) AS mime""",
                (stamp(now), *(sorted(staff) if staff is not None else ()), *waits, *kinds, most),
            ).fetchall()
            return [
                Claimed(key=row["key"], kind=MailKind(row["kind"]), recipient=row["recipient"], mime=row["mime"])
                for row in sorted(rows, key=lambda row: (row["turn"], row["next_at"], row["id"]))
            ]

    def unclaim(self, keys: list[str], now: datetime) -> None:
        """Put back rows that were never handed over, behind all that was due before `now`."""
        with self._write():
            self.con.executemany(
                """UPDATE outbox SET state = 'queued', attempts = max(attempts - 1, 0), next_at = ?
                WHERE key = ? AND state = 'claimed'""",
                [(stamp(now), key) for key in keys],
            )

    def sending(self, key: str, now: datetime, *, copy_expected: bool) -> bool:
        """Record, after 354 and before the first byte, that the mail may leave from now on.

        Return False if it must not be sent: its copy was seen, or it was dropped, while we talked to the relay.
        """
        with self._write():
            row = self.con.execute(
                """UPDATE outbox SET state = 'sending', data_at = ?, copy_expected = ?
                WHERE key = ? AND state = 'claimed'""",
                (stamp(now), int(copy_expected), key),
            )
            return row.rowcount == 1

    def next_due(self) -> datetime | None:
        """Return the earliest `next_at` of a queued mail; deferred mail has none."""
        with self._read():
            row = self.con.execute(
                f"SELECT min(next_at) FROM outbox WHERE {LIVE} AND state = 'queued' AND next_at IS NOT NULL"
            ).fetchone()
            return moment(row[0])

    def without_copy_since(self, staff: frozenset[str]) -> datetime | None:
        """Return when the first mail without its copy was handed over; None = the latest mail has its copy. Mail to
        staff is not counted, since it has no copies."""
        with self._read():
            proven = self.con.execute(
                "SELECT max(data_at) FROM outbox WHERE data_at IS NOT NULL AND copied_at IS NOT NULL"
            ).fetchone()[0]
            row = self.con.execute(
                f"""SELECT min(data_at) FROM outbox WHERE data_at IS NOT NULL AND data_at > ? AND copied_at IS NULL
                AND state IN ('sent', 'uncertain', 'held') AND recipient NOT IN ({",".join("?" * len(staff))})""",
                (proven or "", *sorted(staff)),
            ).fetchone()
            return moment(row[0])

    def handed_over_since(self, now: datetime, seconds: int) -> int:
        with self._read():
            row = self.con.execute(  # what a clock far ahead has recorded counts for no minute
                "SELECT count(*) FROM outbox WHERE data_at > ? AND data_at <= ?",
                (stamp(now - timedelta(seconds=seconds)), stamp(now)),
            ).fetchone()
            return int(row[0])

    def drafts(self) -> list[WaitingDraft]:
        with self._read():
            return [
                WaitingDraft(
                    key=row["key"],
                    message_id=row["message_id"],
                    mime=row["mime"],
                    overtaken=bool(row["overtaken"]),
                )
                for row in self.con.execute(_DRAFTS)
            ]

    def draft_settled(self, key: str, now: datetime) -> None:
        """It is in the folder, or not needed any more: its bytes are forgotten."""
        with self._write():
            self.con.execute("UPDATE drafts SET mime = NULL, settled_at = ? WHERE key = ?", (stamp(now), key))


# --- Effects ---------------------------------------------------------------------------------------------------------
# Effects on the outbox and the event log.

_INSERT_MAIL = """INSERT INTO outbox(key, message_id, case_id, kind, recipient, domain, mailbox, bare_id, length,
  state, budget, released_at, next_at, created_at) VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?) ON CONFLICT(key) DO NOTHING"""
_INSERT_BYTES = "INSERT INTO mails(id, mime, bare) VALUES(?,?,?)"


def _case(event: MailEvent) -> str:
    """The state after the event, as an SQL expression of the row's state."""
    whens = " ".join(f"WHEN '{before}' THEN '{after}'" for before, after in NEXT[event].items())
    return f"CASE state {whens} ELSE state END"


_NEXT = {event: _case(event) for event in NEXT}
_BEFORE = {event: ", ".join(f"'{state}'" for state in states) for event, states in NEXT.items()}
_SET = {"released_at": "coalesce(released_at, ?)"}
_ALSO = {MailEvent.NO_ANSWER: ", tries = tries + 1", MailEvent.RETRIED_BY_HAND: ", tries = 0, attempts = 0"}


def send(con: sqlite3.Connection, effect: Send, context: WriteContext) -> None:
    mail = context.mails[effect.key]
    release = stamp(effect.release) if effect.release else None
    row = con.execute(
        _INSERT_MAIL,
        (
            effect.key,
            mail.message_id,
            case_id(con, effect.case),
            effect.kind,
            effect.recipient,
            registrable(effect.recipient),
            mailbox(effect.recipient),
            mail.bare_id,
            mail.length,
            "shadow" if context.shadow else "queued",
            effect.budget,
            release,
            release,
            stamp(context.now),
        ),
    )
    if row.rowcount:
        con.execute(_INSERT_BYTES, (row.lastrowid, mail.mime, mail.bare))


def send_without_original(con: sqlite3.Connection, effect: SendWithoutOriginal, context: WriteContext) -> None:
    row = con.execute(
        """INSERT INTO outbox(key, message_id, case_id, kind, recipient, domain, length, state, next_at, created_at)
        SELECT key || ':bare', bare_id, case_id, kind, recipient, domain, length, 'queued', ?, ?
        FROM outbox WHERE key = ? AND bare_id IS NOT NULL ON CONFLICT(key) DO NOTHING""",
        (stamp(effect.next_at), stamp(context.now), effect.key),
    )
    if row.rowcount:
        con.execute(
            """INSERT INTO mails(id, mime) SELECT ?, m.bare FROM mails m JOIN outbox o ON o.id = m.id
            WHERE o.key = ?""",
            (row.lastrowid, effect.key),
        )


def update_outbox(con: sqlite3.Connection, effect: UpdateOutbox, context: WriteContext) -> None:
    if effect.event is MailEvent.COPY_SEEN:
        _record_copy(con, effect, context)
        return
    con.execute(
        f"""UPDATE outbox SET state = {_NEXT[effect.event]}{_ALSO.get(effect.event, "")}{_given(effect)}
        WHERE key = ? AND state IN ({_BEFORE[effect.event]})""",
        (*_values(effect).values(), effect.key),
    )


def _given(effect: UpdateOutbox) -> str:
    return "".join(f", {name} = {_SET.get(name, '?')}" for name in _values(effect))


def _values(effect: UpdateOutbox) -> dict[str, str | int | None]:
    """Columns that the event brings along; None = the column stays as it is."""
    columns: dict[str, str | int | None] = {
        "next_at": stamp(effect.next_at) if effect.next_at else None,
        "released_at": stamp(effect.next_at) if effect.next_at else None,
        "sent_at": stamp(effect.sent_at) if effect.sent_at else None,
        "refused_at": stamp(effect.refused_at) if effect.refused_at else None,
        "copy_expected": None if effect.copy_expected is None else int(effect.copy_expected),
    }
    if effect.error is not None:
        columns["last_error"] = effect.error or None
    return {name: value for name, value in columns.items() if value is not None or name == "last_error"}


def _record_copy(con: sqlite3.Connection, effect: UpdateOutbox, context: WriteContext) -> None:
    """The relay took the mail, whatever its state says: the copy is noted in every state."""
    sent_at = stamp(effect.sent_at or context.now)
    con.execute(
        f"""UPDATE outbox SET copied_at = ?, alias = coalesce(?, alias), last_error = NULL,
        sent_at = coalesce(sent_at, ?), state = {_NEXT[MailEvent.COPY_SEEN]} WHERE key = ?""",
        (stamp(context.now), effect.alias, sent_at, effect.key),
    )


def drop_outgoing(con: sqlite3.Connection, effect: DropOutgoing, context: WriteContext) -> None:
    """An uncertain mail whose copy may still come is noted as out of date, and is not sent again."""
    mails = f"case_id = ? AND kind IN ({','.join('?' * len(effect.kinds))})"
    values = (case_id(con, effect.case), *effect.kinds)
    con.execute(
        f"""UPDATE outbox SET state = {_NEXT[MailEvent.CANCELLED]} WHERE {mails}
        AND state IN ({_BEFORE[MailEvent.CANCELLED]}) AND NOT (state = 'uncertain' AND copy_expected)""",
        values,
    )
    con.execute(f"UPDATE outbox SET last_error = '{OUT_OF_DATE}' WHERE {mails} AND state = 'uncertain'", values)


def import_sent(con: sqlite3.Connection, effect: ImportSent, context: WriteContext) -> None:
    """Record a mail that was sent before the database was lost: it is not sent again, its number not given again."""
    con.execute(
        """INSERT INTO outbox(key, message_id, case_id, kind, recipient, domain, mailbox, length, state, copied_at,
        released_at, sent_at, created_at) VALUES(?,?,?,?,?,?,?,0,'sent',?,?,?,?) ON CONFLICT DO NOTHING""",
        (
            effect.key,
            effect.message_id,
            case_id(con, effect.case),
            effect.kind,
            effect.recipient,
            registrable(effect.recipient),
            mailbox(effect.recipient),
            stamp(context.now),
            stamp(effect.sent_at),
            stamp(effect.sent_at),
            stamp(effect.sent_at),
        ),
    )
    if effect.case:
        raise_serial(con, effect.case, context.now)
    if effect.kind is MailKind.ACK and effect.message and effect.case:
        writing.remember(con, RESERVED + effect.message, effect.case, context.now)
        for ref in effect.refs:
            con.execute(
                "INSERT INTO kv(key, value, at) VALUES(?,?,?) ON CONFLICT(key) DO NOTHING",
                (f"{ACKNOWLEDGED_IN_THREAD}{effect.recipient} {ref}", effect.case, stamp(context.now)),
            )


def remember(con: sqlite3.Connection, effect: Remember, context: WriteContext) -> None:
    writing.remember(con, effect.name, effect.value, context.now)


def record_event(con: sqlite3.Connection, effect: AuditEvent, context: WriteContext) -> None:
    fingerprint = context.arrived.message.fingerprint if context.arrived else None
    row = con.execute(
        "INSERT INTO events(at, case_id, fingerprint, kind, data) VALUES(?,?,?,?,?)",
        (
            stamp(context.now),
            case_id(con, effect.case),
            fingerprint,
            effect.kind,
            json.dumps(dict(effect.data), ensure_ascii=False),
        ),
    )
    if effect.text:
        con.execute(
            "INSERT INTO notes(event_id, case_id, text) VALUES(?,?,?)",
            (row.lastrowid, case_id(con, effect.case), effect.text),
        )


def write_draft(con: sqlite3.Connection, effect: WriteDraft, context: WriteContext) -> None:
    if context.shadow:
        return
    mail = context.mails[effect.key]
    con.execute(
        """INSERT INTO drafts(key, message_id, case_id, mime, created_at) VALUES(?,?,?,?,?)
        ON CONFLICT(key) DO NOTHING""",
        (effect.key, mail.message_id, case_id(con, effect.case), mail.mime, stamp(context.now)),
    )
