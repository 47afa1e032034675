"""A turn on the store: the view of an input is read, and the effects of its decision are written, in one transaction.
WRITERS has the function of each effect, which is here or in the module of its table. Decides nothing."""

import json
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from msgspec.structs import replace

from oacmail.core import effects
from oacmail.core.effects import (
    AdminCommand,
    Arrived,
    BoardDeletion,
    BoardMove,
    DeadlineReached,
    Decision,
    DeliveryResult,
    Effect,
    EndDeadlines,
    FileMessage,
    MergeCases,
    MoveDeadline,
    OpenCase,
    OutboxCommand,
    PlaceMessage,
    Reconsider,
    RecordContact,
    RecordMessage,
    ReportReady,
    RequestReview,
    ReviewDone,
    SplitCase,
    StartDeadline,
    Tick,
    TreatAsRequest,
    UpdateCase,
    UpdatePerson,
)
from oacmail.core.lookup import LookedUp, Lookup
from oacmail.core.model import Kind, Message, MessageRef, Outcome, Role, Status
from oacmail.core.policy import Policy
from oacmail.core.review import IN_JUNK
from oacmail.core.stored_values import FORWARDED_BY, RESERVED
from oacmail.core.threading import fold_subject
from oacmail.core.view import AnyView, CommandView, Noticed
from oacmail.store import outbox, reports, votes
from oacmail.store.cases import continued
from oacmail.store.connection import at, stamp
from oacmail.store.views import command_view, message_view, tick_view
from oacmail.store.writing import ERASED_DOMAIN, WriteContext, insert, raise_serial, stored
from oacmail.words.compose import FinalMail

# --- Cases -----------------------------------------------------------------------------------------------------------
# Effects on people, cases, messages and deadlines, column by column.

ATTACHMENTS_NAMED = 100
STRANGER = f"stranger@{ERASED_DOMAIN}"  # stands for whoever wrote what is not kept


def update_person(con: sqlite3.Connection, effect: UpdatePerson, context: WriteContext) -> None:
    values = {"name": effect.name, "lang": effect.lang, "known": effect.known}
    given = {column: value for column, value in values.items() if value is not None}
    if given:
        changes = ", ".join(f"{column} = excluded.{column}" for column in given)
        otherwise = f"ON CONFLICT(address) DO UPDATE SET {changes} RETURNING id"
        row = insert(con, "people", {"address": effect.address, **given}, otherwise).fetchone()
        context.people[effect.address] = row["id"]


def open_case(con: sqlite3.Connection, effect: OpenCase, context: WriteContext) -> None:
    assert context.arrived is not None
    reading = effect.reading
    call = reading.callback
    row = insert(
        con,
        "cases",
        {
            "number": effect.number,
            "opened_by": effect.opened_by or context.arrived.message.fingerprint,
            "citizen_id": context.person(con, effect.citizen),
            "parent": effect.parent,
            "status": Status.OPEN,
            "kind": Kind.REQUEST,
            "topic": reading.topic or "other",
            "level": reading.level or "first",
            "intent": reading.intent or "question",
            "lang": reading.language,
            "phone": call.phone if call else None,
            "slot": call.slot if call else None,
            "call_hours": call.hours if call else (),
            "subject": effect.subject,
            "subject_key": fold_subject(effect.subject),
            "opened_at": effect.opened_at,
            "touched_at": effect.opened_at,
            "operator": reading.operator,
            "platform": reading.platform,
            "cause": reading.cause,
            "ends_on": reading.ends_on,
            "ends_hour": effect.ends_hour,
        },
        # a copy that a machine has marked opened it, for nobody: it is the person's whose own copy came since
        """ON CONFLICT DO UPDATE SET citizen_id = excluded.citizen_id
        WHERE (number, opened_by) = (excluded.number, excluded.opened_by) RETURNING id""",
    ).fetchone()
    context.cases[effect.number] = row["id"]
    if not raise_serial(con, effect.number, context.now):
        # After a restore: acknowledgements that were imported before their case came again. The + leaves the index of
        # mails by case aside: in a rebuild very many mails have no case yet.
        con.execute(
            f"""UPDATE outbox SET case_id = ? WHERE +case_id IS NULL AND key IN
            (SELECT 'ack:' || substr(key, {len(RESERVED) + 1}) FROM kv WHERE key GLOB '{RESERVED}*' AND value = ?)""",
            (row["id"], effect.number),
        )


def record_message(con: sqlite3.Connection, effect: RecordMessage, context: WriteContext) -> None:
    assert context.arrived is not None
    message = context.arrived.message
    if effect.outcome is not Outcome.DUPLICATE:
        _write_message(con, effect, context)
    if context.message_ref is None:
        con.execute(
            "UPDATE sightings SET outcome = ? WHERE fingerprint = ? AND outcome <> 'duplicate'",
            (effect.outcome, message.fingerprint),
        )
    else:
        con.execute(
            """UPDATE sightings SET outcome = ?, fingerprint = ?, in_flight = 0, error = NULL
            WHERE folder = ? AND uidvalidity = ? AND uid = ?""",
            (
                effect.outcome,
                message.fingerprint,
                context.message_ref.folder,
                context.message_ref.uidvalidity,
                context.message_ref.uid,
            ),
        )


def _write_message(con: sqlite3.Connection, effect: RecordMessage, context: WriteContext) -> None:
    assert context.arrived is not None
    message, received_at = effect.written or context.arrived.message, context.arrived.received_at
    query = "SELECT id, erased_at, rule, outcome, original FROM messages WHERE fingerprint = ?"
    before = con.execute(query, (message.fingerprint,)).fetchone()
    # A message that was erased here and still lies in the mailbox: nothing of it is stored again.
    if (before and before["erased_at"]) or _is_erased_copy(con, effect, context):
        return
    author = message.sender if effect.author is None else effect.author
    if effect.kept:  # of what a person has taken out of Junk, nothing was kept before
        if before and (before["rule"], before["outcome"]) == (IN_JUNK, Outcome.AUTOMATIC):
            con.execute("DELETE FROM messages WHERE id = ?", (before["id"],))
    else:
        # as if nobody had read it: only its fingerprint is left
        nothing: dict[str, Any] = dict.fromkeys(("message_id", "subject", "lang", "fresh", "body_hash"), "")
        message, author = replace(message, **nothing, sent_at=None, refs=(), attachments=()), STRANGER
    original = before["original"] if before else None  # the same message came on another way: one copy is enough
    if original is None and effect.kept:
        original = keep_original(con, message.fingerprint, stamp(received_at), context.raw)
    row = insert(
        con,
        "messages",
        {
            "fingerprint": message.fingerprint,
            **words_of(message),
            "case_id": context.case(con, effect.case),
            "author_id": context.person(con, author),
            "role": effect.role,
            "outcome": effect.outcome,
            "kind": effect.kind,
            "guest": effect.guest,
            "rule": effect.rule,
            "because": json.dumps(context.because, ensure_ascii=False),
            "sent_at": message.sent_at,
            "received_at": received_at,
            "lang": message.lang,
            "reply_to": effect.reply_to,
            "original": original,
            "rung": message.rung,
            "folder": context.message_ref.folder if context.message_ref else context.arrived.folder,
        },
        """ON CONFLICT(fingerprint) DO UPDATE SET case_id = excluded.case_id, author_id = excluded.author_id,
        role = excluded.role,
        outcome = excluded.outcome, kind = excluded.kind, guest = excluded.guest, rule = excluded.rule,
        because = excluded.because, reply_to = excluded.reply_to, folder = excluded.folder,
        original = excluded.original RETURNING id""",
    ).fetchone()
    record_refs(con, row["id"], message)


def words_of(message: Message) -> dict[str, object]:
    """The columns of a message's row that hold what it says, which an erasure empties."""
    shown = [{"name": part.name, "mime": part.mime, "size": part.size} for part in message.attachments]
    return {
        "message_id": message.message_id,
        "subject": message.subject,
        "subject_key": fold_subject(message.subject),
        "fresh": message.fresh,
        "body_hash": message.body_hash,
        # what came with it, by name: of a message too large to be copied the only trace outside the mailbox
        "attachments": json.dumps(shown[:ATTACHMENTS_NAMED], ensure_ascii=False),
    }


def record_refs(con: sqlite3.Connection, row: int, message: Message) -> None:
    con.executemany("INSERT OR IGNORE INTO refs(ref, message_id) VALUES(?,?)", [(ref, row) for ref in message.refs])


def _is_erased_copy(con: sqlite3.Connection, effect: RecordMessage, context: WriteContext) -> bool:
    """Whether it is a late copy of our mail on a case that was erased. Then the message gets a row as empty as that of
    an erased message: the nightly proof accounts for it, and nothing of the person is stored."""
    assert context.arrived is not None
    if effect.role is not Role.OURS:
        return False
    added = con.execute(
        """INSERT INTO messages(fingerprint, message_id, case_id, author_id, role, outcome, kind, rule, because,
        subject, subject_key, received_at, lang, fresh, body_hash, rung, folder, erased_at)
        SELECT ?,'',id,citizen_id,?,?,?,?,'[]','','',?,lang,'','',?,?,? FROM cases
        WHERE number = ? AND erased_at IS NOT NULL""",
        (
            context.arrived.message.fingerprint,
            effect.role,
            effect.outcome,
            effect.kind,
            effect.rule,
            stamp(context.arrived.received_at),
            context.arrived.message.rung,
            context.message_ref.folder if context.message_ref else context.arrived.folder,
            stamp(context.now),
            effect.case,
        ),
    )
    return added.rowcount > 0


def keep_original(con: sqlite3.Connection, fingerprint: str, received_at: str, raw: bytes | None) -> str | None:
    """Return the key of the bytes, if there are any. It begins with the time: what is written together lies together in
    the indexes."""
    if raw is None:
        return None
    key = f"{received_at} {fingerprint}"
    con.execute("INSERT OR IGNORE INTO originals(key, bytes) VALUES(?,?)", (key, raw))
    return key


def record_contact(con: sqlite3.Connection, effect: RecordContact, context: WriteContext) -> None:
    con.execute(
        """INSERT INTO messages(fingerprint, message_id, case_id, author_id, role, outcome, kind, rule, because,
        subject, subject_key, received_at, lang, fresh, body_hash, rung, folder)
        SELECT ?,'',c.id,?,?,?,?,?,'[]',?,?,?,c.lang,?,'','full','' FROM cases c WHERE c.number = ?
        ON CONFLICT(fingerprint) DO NOTHING""",
        (
            effect.message,
            context.person(con, effect.author),
            Role.CITIZEN,
            Outcome.CASE,
            Kind.REQUEST,
            effect.channel,
            effect.subject,
            fold_subject(effect.subject),
            stamp(effect.at),
            effect.text,
            effect.case,
        ),
    )


def split_case(con: sqlite3.Connection, effect: SplitCase, context: WriteContext) -> None:
    """`opened_by` is unique: before a message that has opened a case, which was merged since, stands the new number."""
    con.execute(
        """INSERT INTO cases(number, opened_by, citizen_id, parent, status, kind, topic, level, intent, lang, subject,
        subject_key, opened_at, touched_at)
        SELECT ?1, iif(EXISTS(SELECT 1 FROM cases o WHERE o.opened_by = m.fingerprint), ?1 || ' ', '') || m.fingerprint,
        m.author_id, c.number, 'open', c.kind, c.topic, 'first', 'question', c.lang, m.subject,
        m.subject_key, ?2, ?2 FROM messages m JOIN cases c ON c.id = m.case_id WHERE m.fingerprint = ?3
        AND c.number = ?4""",
        (effect.number, stamp(effect.opened_at), effect.message, effect.case),
    )
    raise_serial(con, effect.number, context.now)
    ids = (context.case(con, effect.number), effect.message)
    con.execute("UPDATE messages SET case_id = ? WHERE fingerprint = ?", ids)
    con.execute(
        "UPDATE deadlines SET case_id = ? WHERE started_by = ? AND met_at IS NULL AND withdrawn_at IS NULL", ids
    )


def treat_as_request(con: sqlite3.Connection, effect: TreatAsRequest, context: WriteContext) -> None:
    """The engine has decided the message before (engine/engine.py); there is nothing to write."""


def update_case(con: sqlite3.Connection, effect: UpdateCase, context: WriteContext) -> None:
    names = [f"{name} = ?" for name in effect.columns]  # the names are those of CaseColumns
    values = map(stored, effect.columns.values())
    con.execute(f"UPDATE cases SET {', '.join(names)} WHERE number = ?", (*values, effect.case))


def merge_cases(con: sqlite3.Connection, effect: MergeCases, context: WriteContext) -> None:
    ids = (context.case(con, effect.into), context.case(con, effect.case))
    con.execute("UPDATE messages SET case_id = ? WHERE case_id = ?", ids)
    con.execute("UPDATE deadlines SET case_id = ? WHERE case_id = ? AND met_at IS NULL AND withdrawn_at IS NULL", ids)
    con.execute("UPDATE outbox SET case_id = ? WHERE case_id = ?", ids)


def request_review(con: sqlite3.Connection, effect: RequestReview, context: WriteContext) -> None:
    message = effect.message or (context.arrived.message.fingerprint if context.arrived else "")
    assert message
    con.execute(
        """INSERT INTO reviews(fingerprint, reason, at) VALUES(?,?,?)
        ON CONFLICT(fingerprint) DO UPDATE SET reason = excluded.reason, at = excluded.at, done_at = NULL""",
        (message, effect.reason, stamp(context.now)),
    )


def end_review(con: sqlite3.Connection, effect: ReviewDone, context: WriteContext) -> None:
    con.execute(
        "UPDATE reviews SET done_at = ? WHERE fingerprint = ? AND done_at IS NULL",
        (stamp(context.now), effect.fingerprint),
    )


def reconsider(con: sqlite3.Connection, effect: Reconsider, context: WriteContext) -> None:
    """What the desk filed in Sent, and what waits for a person in INBOX; on the board, agents' mail without a case and
    a forward whose writer an agent has named; nothing that a person has looked at, and no place that the message has
    left."""
    again = con.execute(
        """UPDATE sightings SET outcome = NULL WHERE fingerprint = ?1 AND EXISTS(
        SELECT 1 FROM folders f WHERE f.name = folder AND f.uidvalidity = sightings.uidvalidity
        AND (f.role = 'sent' AND outcome = 'staff' OR outcome = 'quarantined' AND (f.role = 'intake'
        OR f.role = 'board' AND (EXISTS(SELECT 1 FROM kv WHERE key = ?2) OR EXISTS(SELECT 1 FROM messages m
        WHERE m.fingerprint = sightings.fingerprint AND m.role = 'agent' AND m.case_id IS NULL))) AND EXISTS(
        SELECT 1 FROM reviews r WHERE r.fingerprint = sightings.fingerprint AND r.done_at IS NULL)))
        AND NOT EXISTS(SELECT 1 FROM board_places p WHERE p.folder = sightings.folder
        AND p.uidvalidity = sightings.uidvalidity AND p.uid = sightings.uid AND p.passes < 0)""",
        (effect.fingerprint, FORWARDED_BY + effect.fingerprint),
    )
    if again.rowcount:
        end_review(con, ReviewDone(fingerprint=effect.fingerprint), context)


def place_message(con: sqlite3.Connection, effect: PlaceMessage, context: WriteContext) -> None:
    con.execute(
        "UPDATE messages SET case_id = ?, outcome = ? WHERE fingerprint = ?",
        (context.case(con, effect.case), effect.outcome, effect.fingerprint),
    )
    con.execute(
        "UPDATE sightings SET outcome = ? WHERE fingerprint = ? AND outcome = 'quarantined'",
        (effect.outcome, effect.fingerprint),
    )
    end_review(con, ReviewDone(fingerprint=effect.fingerprint), context)


def file_message(con: sqlite3.Connection, effect: FileMessage, context: WriteContext) -> None:
    if context.message_ref is not None and not context.shadow:
        con.execute(
            "UPDATE sightings SET wanted = ? WHERE folder = ? AND uidvalidity = ? AND uid = ?",
            (effect.folder, context.message_ref.folder, context.message_ref.uidvalidity, context.message_ref.uid),
        )


def start_deadline(con: sqlite3.Connection, effect: StartDeadline, context: WriteContext) -> None:
    insert(
        con,
        "deadlines",
        {
            "started_by": effect.started_by,
            "kind": effect.kind,
            "level": effect.level,
            "case_id": context.case(con, effect.case),
            "started_at": effect.started_at,
            "due_at": effect.due_at,
        },
        # one that was withdrawn runs again if its message is decided again
        """ON CONFLICT(started_by, kind, level) DO UPDATE SET case_id = excluded.case_id, withdrawn_at = NULL,
        started_at = excluded.started_at, due_at = excluded.due_at, fired_at = NULL
        WHERE withdrawn_at IS NOT NULL AND met_at IS NULL""",
    )


def move_deadline(con: sqlite3.Connection, effect: MoveDeadline, context: WriteContext) -> None:
    con.execute(
        """UPDATE deadlines SET due_at = ?, fired_at = NULL WHERE started_by = ? AND kind = ? AND level = 0
        AND (fired_at IS NULL OR kind = 'remind') AND met_at IS NULL AND withdrawn_at IS NULL""",
        (stamp(effect.due_at), effect.started_by, effect.kind),
    )


def end_deadlines(con: sqlite3.Connection, effect: EndDeadlines, context: WriteContext) -> None:
    """If an answer met them, `met_at` of the response deadlines gets its time, and their escalations and reminders are
    withdrawn. So it does of those that a later answer has met, which was read or noted before. Of the deadlines that
    were reached, only the response deadline itself and the month of rights still run."""
    kinds = ", ".join(f"'{kind}'" for kind in effect.kinds)  # for a bound one SQLite would compile the query each time
    of = f"case_id = ? AND kind IN ({kinds}) AND started_at <= ?"
    of += f" AND started_by IN ({','.join('?' * len(effect.started_by))})" if effect.started_by else ""
    of += "" if effect.level is None else f" AND level = {effect.level:d}"
    moment = stamp(effect.at)
    those = (context.case(con, effect.case), moment, *effect.started_by)
    if effect.how == "met":
        con.execute(
            f"""UPDATE deadlines SET met_at = ? WHERE {of} AND level = 0
            AND (met_at IS NULL AND withdrawn_at IS NULL AND (fired_at IS NULL OR kind IN ('answer', 'rights'))
            OR kind = 'answer' AND met_at > ?)""",
            (moment, *those, moment),
        )
    con.execute(
        f"""UPDATE deadlines SET withdrawn_at = ? WHERE {of} AND met_at IS NULL AND withdrawn_at IS NULL
        AND (fired_at IS NULL OR (kind IN ('answer', 'rights') AND level = 0))""",
        (stamp(context.now), *those),
    )


def reach_deadline(con: sqlite3.Connection, effect: DeadlineReached, context: WriteContext) -> None:
    con.execute(
        "UPDATE deadlines SET fired_at = ? WHERE started_by = ? AND kind = ? AND level = ? AND fired_at IS NULL",
        (stamp(effect.at), effect.started_by, effect.kind, effect.level),
    )


# --- Dispatch --------------------------------------------------------------------------------------------------------
# Which function writes an effect. They write inside the caller's transaction and never commit.

WRITERS: Mapping[type[Effect | RecordMessage], Callable[[sqlite3.Connection, Any, WriteContext], None]] = {
    effects.OpenCase: open_case,
    effects.RecordMessage: record_message,
    effects.RecordContact: record_contact,
    effects.RecordVote: votes.record_vote,
    effects.SplitCase: split_case,
    effects.TreatAsRequest: treat_as_request,
    effects.UpdateCase: update_case,
    effects.StartDeadline: start_deadline,
    effects.EndDeadlines: end_deadlines,
    effects.MoveDeadline: move_deadline,
    effects.DeadlineReached: reach_deadline,
    effects.Send: outbox.send,
    effects.UpdateOutbox: outbox.update_outbox,
    effects.SendWithoutOriginal: outbox.send_without_original,
    effects.DropOutgoing: outbox.drop_outgoing,
    effects.ImportSent: outbox.import_sent,
    effects.FileMessage: file_message,
    effects.RequestReview: request_review,
    effects.AuditEvent: outbox.record_event,
    effects.MergeCases: merge_cases,
    effects.ReviewDone: end_review,
    effects.Reconsider: reconsider,
    effects.PlaceMessage: place_message,
    effects.UpdatePerson: update_person,
    effects.Remember: outbox.remember,
    effects.WriteDraft: outbox.write_draft,
    effects.FreezeMonth: reports.freeze_month,
    effects.CorrectFigure: reports.correct_month,
}


# --- Turn ------------------------------------------------------------------------------------------------------------


class Turn:
    """What the engine does inside one transaction: read what one decision may know, and write what it says."""

    def __init__(self, con: sqlite3.Connection) -> None:
        self._con = con

    def view(self, policy: Policy, inp: LookedUp, now: datetime) -> AnyView:
        match inp:
            case Lookup():
                return message_view(self._con, policy, inp, now)
            case Tick():
                return tick_view(self._con, policy, now, inp.only)
            case AdminCommand() | BoardMove() | BoardDeletion():
                return command_view(self._con, policy, inp, now)
            case OutboxCommand():
                return outbox.mail_view(self._con, inp.key)
            case DeliveryResult():
                return outbox.delivery_view(self._con, policy, inp, now)
            case ReportReady():
                return CommandView()

    def noticed(self, now: datetime) -> list[Noticed]:
        """Notices to staff of the last hour, for their limits."""
        return outbox.noticed(self._con, now)

    def message(self, fingerprint: str) -> tuple[str, bytes | None] | None:
        """(fresh text, original bytes or None) of a recorded message."""
        row = self._con.execute(
            """SELECT m.fresh, o.bytes FROM messages m LEFT JOIN originals o ON o.key = m.original
            WHERE m.fingerprint = ?""",
            (fingerprint,),
        ).fetchone()
        return (row["fresh"], row["bytes"]) if row else None

    def arrival(self, fingerprint: str) -> tuple[bytes, datetime] | None:
        """(original bytes, arrival) of a recorded message whose bytes are stored."""
        row = self._con.execute(
            """SELECT o.bytes, m.received_at FROM messages m JOIN originals o ON o.key = m.original
            WHERE m.fingerprint = ?""",
            (fingerprint,),
        ).fetchone()
        return (bytes(row["bytes"]), at(row["received_at"])) if row else None

    def citizens(self, numbers: Sequence[str]) -> dict[str, tuple[str, Status]]:
        """Number of each of these cases that exists to the address of its citizen and its status."""
        query = """SELECT c.number, p.address, c.status FROM cases c JOIN people p ON p.id = c.citizen_id
            WHERE c.number = ?"""
        rows = (row for number in numbers for row in self._con.execute(query, (number,)))
        return {row["number"]: (row["address"], Status(row["status"])) for row in rows}

    def continued(self, case: str) -> tuple[tuple[str, ...], str]:
        """See `continued`."""
        return continued(self._con, case)

    def apply(
        self,
        decision: Decision,
        *,
        now: datetime,
        mails: Mapping[str, FinalMail],
        arrived: Arrived | None = None,
        raw: bytes | None = None,
        message_ref: MessageRef | None = None,
        shadow: bool = False,
    ) -> None:
        """Write every effect. Raises KeyError for a Send without its rendered mail: a bug of the engine."""
        context = WriteContext(
            now=now,
            arrived=arrived,
            raw=raw,
            message_ref=message_ref,
            mails=mails,
            because=decision.because,
            shadow=shadow,
        )
        for effect in decision.writes:
            WRITERS[type(effect)](self._con, effect, context)
