"""Write effects to the outbox and the event log. It decides nothing: core/kinds.py has the states."""

import json
import sqlite3

from oacmail.adapters.store import write_context
from oacmail.adapters.store.connection import stamp
from oacmail.adapters.store.write_context import WriteContext, case_id, raise_serial
from oacmail.core.effects import AuditEvent, DropOutgoing, ImportSent, Remember, Send, SendWithoutOriginal, UpdateOutbox
from oacmail.core.kinds import NEXT
from oacmail.core.outbox import OUT_OF_DATE
from oacmail.core.outgoing import MailEvent, MailKind
from oacmail.core.policy import mailbox
from oacmail.core.rate_limits import registrable

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
        write_context.remember(con, f"reserved:{effect.message}", effect.case, context.now)
        for ref in effect.refs:
            con.execute(
                "INSERT INTO kv(key, value, at) VALUES(?,?,?) ON CONFLICT(key) DO NOTHING",
                (f"told:{effect.recipient} {ref}", effect.case, stamp(context.now)),
            )


def remember(con: sqlite3.Connection, effect: Remember, context: WriteContext) -> None:
    write_context.remember(con, effect.name, effect.value, context.now)


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
