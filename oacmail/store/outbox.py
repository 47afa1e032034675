"""The outbox: its rows are written by a decision, handed over, recovered after a kill (the states: core/kinds.py), and
read for what is decided about them.
"""

import json
import sqlite3
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta

from msgspec import Struct
from msgspec.structs import replace

from oacmail.core import calendar
from oacmail.core.canary import LastCanary
from oacmail.core.effects import (
    AuditEvent,
    DeliveryResult,
    DropOutgoing,
    ImportSent,
    Remember,
    Send,
    SendWithoutOriginal,
    UpdateOutbox,
    WriteDraft,
)
from oacmail.core.kinds import (
    IN_SERVICE_HOURS,
    KINDS,
    MEETS_DEADLINE,
    NEXT,
    MailEvent,
    MailKind,
    MailState,
    Priority,
    of_name,
)
from oacmail.core.lookup import Lookup
from oacmail.core.outbox import BACKOFF, OUT_OF_DATE, probe_after, probe_key
from oacmail.core.policy import Policy, mailbox
from oacmail.core.rate_limits import is_public, registrable
from oacmail.core.stored_values import ACKNOWLEDGED_IN_THREAD, CANARY_SENT, RESERVED
from oacmail.core.view import (
    DeferredAcknowledgement,
    DeferredNotice,
    DeferredView,
    DeliveryView,
    Noticed,
    OutgoingView,
    RateUsage,
    Refusal,
    Released,
    UncertainDelivery,
)
from oacmail.core.watched import DomainRefusals
from oacmail.store import remembered, writing
from oacmail.store.cases import cases, placeholders
from oacmail.store.connection import (
    ACKS,
    ANSWER_DUE,
    LIVE,
    RUNNING_ANSWER,
    Rows,
    as_view,
    at,
    moment,
    reads,
    stamp,
    writes,
)
from oacmail.store.health import refused_by_domain
from oacmail.store.seen_messages import synced_at
from oacmail.store.writing import WriteContext, insert, raise_serial

# --- Queue -----------------------------------------------------------------------------------------------------------
# One thread of one process sends: a row found `sending` at the start is uncertain.

LIMITED = f"kind IN ({ACKS})"
"""Mail within the acknowledgement limits; written as in the indexes outbox_budget_of and outbox_of_domain."""

# A mail that was tried and put back goes behind all others, oldest first: a mail or a sender that the relay does not
# take holds up no other.
_PUT_BACK = max(Priority) + 1
_WHEN = " ".join(f"WHEN kind = '{kind}' THEN {int(rules.priority)}" for kind, rules in KINDS.items())
_RANK = f"""CASE WHEN next_at > coalesce(released_at, created_at) THEN {_PUT_BACK} {_WHEN} END"""
_DRAFTS = """SELECT d.key, d.message_id, d.mime, c.closed_at > d.created_at OR EXISTS(
    SELECT 1 FROM messages m WHERE m.case_id = c.id AND m.role = 'agent' AND m.outcome = 'case'
    AND m.received_at > d.created_at) AS overtaken
  FROM drafts d JOIN cases c ON c.id = d.case_id WHERE d.mime IS NOT NULL ORDER BY d.created_at, d.key"""
"""The folder of drafts belongs to people: nothing says what has become of a draft that is there."""


class Due(Struct, frozen=True, kw_only=True):
    """A mail that may leave now. `whole`: bytes and recipient are as they were queued."""

    key: str
    kind: MailKind
    message_id: str
    recipient: str
    mime: bytes
    whole: bool


class WaitingDraft(Struct, frozen=True, kw_only=True):
    """A draft that is not known to be in its folder. `overtaken`: since it was written an agent has answered the case,
    or the case was closed."""

    key: str
    message_id: str
    mime: bytes
    overtaken: bool


class OutboxRows(Rows):
    """The methods of `SqliteStore` for the outbox and for drafts."""

    @writes
    def recover(self) -> None:
        """Recover the row that a killed process left behind. Nothing may be sending."""
        self.con.execute(
            f"""UPDATE outbox SET state = 'uncertain', attempts = attempts + 1, tries = tries + 1,
            last_error = 'killed while sending' WHERE {LIVE} AND state = 'sending'"""
        )

    @reads
    def due(
        self,
        now: datetime,
        most: int,
        staff: frozenset[str] | None,
        waits: Sequence[MailKind] = (),
        kinds: Sequence[MailKind] = (),
    ) -> list[Due]:
        """Return up to `most` mails that are due, in the order of the queue.

        `staff`: only mail to these addresses, None = to all; `waits`: kinds to leave out; `kinds`: only these, or all.
        """
        only = f" AND recipient IN ({','.join('?' * len(staff))})" if staff is not None else ""
        only += f" AND kind NOT IN ({','.join('?' * len(waits))})" if waits else ""
        only += f" AND kind IN ({','.join('?' * len(kinds))})" if kinds else ""
        rows = self.con.execute(
            f"""SELECT o.key, o.kind, o.message_id, o.recipient, m.mime,
            mail_whole(o.recipient, m.mime, m.seal) AS whole FROM (
            SELECT id, key, kind, message_id, recipient, next_at, {_RANK} AS turn FROM outbox
            WHERE {LIVE} AND state = 'queued' AND next_at <= ?{only} ORDER BY turn, next_at, id LIMIT ?
            ) o JOIN mails m ON m.id = o.id ORDER BY o.turn, o.next_at, o.id""",
            (stamp(now), *(sorted(staff) if staff is not None else ()), *waits, *kinds, most),
        )
        return [as_view(Due, row) for row in rows]

    @writes
    def put_behind(self, keys: Sequence[str], now: datetime) -> None:
        """These were not handed over: they go behind all that was due before `now`."""
        self.con.executemany(
            "UPDATE outbox SET next_at = ? WHERE key = ? AND state = 'queued'", [(stamp(now), key) for key in keys]
        )

    @writes
    def sending(self, key: str, now: datetime, *, copy_expected: bool) -> bool:
        """Record, after 354 and before the first byte, that the mail may leave from now on.

        Return False if it must not be sent: its copy was seen, or it was dropped, while we talked to the relay.
        """
        row = self.con.execute(
            """UPDATE outbox SET state = 'sending', data_at = ?, copy_expected = ?
            WHERE key = ? AND state = 'queued'""",
            (stamp(now), int(copy_expected), key),
        )
        return row.rowcount == 1

    @reads
    def next_due(self) -> datetime | None:
        """Return the earliest `next_at` of a queued mail; deferred mail has none."""
        row = self.con.execute(
            f"SELECT min(next_at) FROM outbox WHERE {LIVE} AND state = 'queued' AND next_at IS NOT NULL"
        ).fetchone()
        return moment(row[0])

    @reads
    def without_copy_since(self, staff: frozenset[str]) -> datetime | None:
        """Return when the first mail without its copy was handed over; None = the latest mail has its copy. Mail to
        staff is not counted, since it has no copies."""
        proven = self.con.execute(
            "SELECT max(data_at) FROM outbox WHERE data_at IS NOT NULL AND copied_at IS NOT NULL"
        ).fetchone()[0]
        row = self.con.execute(
            f"""SELECT min(data_at) FROM outbox WHERE data_at IS NOT NULL AND data_at > ? AND copied_at IS NULL
            AND state IN ('sent', 'uncertain', 'held') AND recipient NOT IN ({",".join("?" * len(staff))})""",
            (proven or "", *sorted(staff)),
        ).fetchone()
        return moment(row[0])

    @reads
    def refused_by_domain(self, now: datetime) -> tuple[DomainRefusals, ...]:
        return refused_by_domain(self.con, now)

    @reads
    def handed_over_since(self, now: datetime, seconds: int) -> int:
        row = self.con.execute(  # what a clock far ahead has recorded counts for no minute
            "SELECT count(*) FROM outbox WHERE data_at > ? AND data_at <= ?",
            (stamp(now - timedelta(seconds=seconds)), stamp(now)),
        ).fetchone()
        return int(row[0])

    @reads
    def drafts(self) -> list[WaitingDraft]:
        return [as_view(WaitingDraft, row) for row in self.con.execute(_DRAFTS)]

    @writes
    def draft_settled(self, key: str, now: datetime) -> None:
        """It is in the folder, or not needed any more: its bytes are forgotten."""
        self.con.execute("UPDATE drafts SET mime = NULL, settled_at = ? WHERE key = ?", (stamp(now), key))


# --- Effects ---------------------------------------------------------------------------------------------------------
# Effects on the outbox and the event log.


def _case(event: MailEvent) -> str:
    """The state after the event, as an SQL expression of the row's state."""
    whens = " ".join(f"WHEN '{before}' THEN '{after}'" for before, after in NEXT[event].items())
    return f"CASE state {whens} ELSE state END"


_NEXT = {event: _case(event) for event in NEXT}
_BEFORE = {event: ", ".join(f"'{state}'" for state in states) for event, states in NEXT.items()}
_SET = {"released_at": "coalesce(released_at, ?)"}
_TRIED = ", attempts = attempts + 1"
_ALSO = {
    MailEvent.TAKEN: _TRIED,
    MailEvent.PUT_OFF: _TRIED,
    MailEvent.REFUSED: _TRIED,
    MailEvent.NO_ANSWER: f"{_TRIED}, tries = tries + 1",
    MailEvent.RETRIED_BY_HAND: ", tries = 0, attempts = 0",
}


def send(con: sqlite3.Connection, effect: Send, context: WriteContext) -> None:
    mail = context.mails[effect.key]
    row = insert(
        con,
        "outbox",
        {
            "key": effect.key,
            "message_id": mail.message_id,
            "case_id": context.case(con, effect.case),
            "kind": effect.kind,
            "recipient": effect.recipient,
            "domain": registrable(effect.recipient),
            "mailbox": mailbox(effect.recipient),
            "bare_id": mail.bare_id,
            "length": mail.length,
            "state": MailState.SHADOW if context.shadow else MailState.QUEUED,
            "budget": effect.budget,
            "released_at": effect.release,
            "next_at": effect.release,
            "created_at": context.now,
        },
        "ON CONFLICT(key) DO NOTHING",
    )
    if row.rowcount:
        values = (row.lastrowid, mail.mime, mail.bare, effect.recipient, mail.mime)
        con.execute("INSERT INTO mails(id, mime, bare, seal) VALUES(?, ?, ?, mail_seal(?, ?))", values)


def send_without_original(con: sqlite3.Connection, effect: SendWithoutOriginal, context: WriteContext) -> None:
    row = con.execute(
        """INSERT INTO outbox(key, message_id, case_id, kind, recipient, domain, length, state, next_at, created_at)
        SELECT key || ':bare', bare_id, case_id, kind, recipient, domain, length, 'queued', ?, ?
        FROM outbox WHERE key = ? AND bare_id IS NOT NULL ON CONFLICT(key) DO NOTHING""",
        (stamp(effect.next_at), stamp(context.now), effect.key),
    )
    if row.rowcount:
        con.execute(
            """INSERT INTO mails(id, mime, seal) SELECT ?, m.bare, mail_seal(o.recipient, m.bare)
            FROM mails m JOIN outbox o ON o.id = m.id WHERE o.key = ?""",
            (row.lastrowid, effect.key),
        )


def update_outbox(con: sqlite3.Connection, effect: UpdateOutbox, context: WriteContext) -> None:
    if effect.event is MailEvent.COPY_SEEN:
        # The relay took the mail, whatever its state says: the copy is noted in every state. A report may have said why
        # the mail did not arrive all the same.
        sent_at = stamp(effect.sent_at or context.now)
        con.execute(
            f"""UPDATE outbox SET copied_at = ?, alias = coalesce(?, alias), sent_at = coalesce(sent_at, ?),
            last_error = iif(state IN ({_BEFORE[MailEvent.COPY_SEEN]}), NULL, last_error),
            state = {_NEXT[MailEvent.COPY_SEEN]} WHERE key = ?""",
            (stamp(context.now), effect.alias, sent_at, effect.key),
        )
        return
    values = _values(effect)
    given = "".join(f", {name} = {_SET.get(name, '?')}" for name in values)
    con.execute(
        f"""UPDATE outbox SET state = {_NEXT[effect.event]}{_ALSO.get(effect.event, "")}{given}
        WHERE key = ? AND state IN ({_BEFORE[effect.event]})""",
        (*values.values(), effect.key),
    )


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


def drop_outgoing(con: sqlite3.Connection, effect: DropOutgoing, context: WriteContext) -> None:
    """An uncertain mail whose copy may still come is noted as out of date, and is not sent again."""
    mails = f"case_id = ? AND kind IN ({','.join('?' * len(effect.kinds))})"
    values = (context.case(con, effect.case), *effect.kinds)
    con.execute(
        f"""UPDATE outbox SET state = {_NEXT[MailEvent.CANCELLED]} WHERE {mails}
        AND state IN ({_BEFORE[MailEvent.CANCELLED]}) AND NOT (state = 'uncertain' AND copy_expected)""",
        values,
    )
    con.execute(f"UPDATE outbox SET last_error = '{OUT_OF_DATE}' WHERE {mails} AND state = 'uncertain'", values)


def import_sent(con: sqlite3.Connection, effect: ImportSent, context: WriteContext) -> None:
    """Record a mail that was sent before the database was lost: it is not sent again, its number not given again."""
    insert(
        con,
        "outbox",
        {
            "key": effect.key,
            "message_id": effect.message_id,
            "case_id": context.case(con, effect.case),
            "kind": effect.kind,
            "recipient": effect.recipient,
            "domain": registrable(effect.recipient),
            "mailbox": mailbox(effect.recipient),
            "length": 0,
            "state": MailState.SENT,
            "copied_at": context.now,
            "released_at": effect.sent_at,
            "sent_at": effect.sent_at,
            "created_at": effect.sent_at,
        },
        "ON CONFLICT DO NOTHING",
    )
    if effect.case:
        raise_serial(con, effect.case, context.now)
    if effect.kind is MailKind.ACK and effect.message and effect.case:
        writing.remember(con, RESERVED + effect.message, effect.case, context.now)
        reserve_thread(con, effect.recipient, effect.refs, effect.case, context.now)


def reserve_thread(con: sqlite3.Connection, recipient: str, refs: Iterable[str], number: str, now: datetime) -> None:
    """A message of the recipient with one of these Message-IDs that opens a case, and of whose own acknowledgement
    nothing is left, has this number."""
    con.executemany(
        "INSERT INTO kv(key, value, at) VALUES(?,?,?) ON CONFLICT(key) DO NOTHING",
        [(f"{ACKNOWLEDGED_IN_THREAD}{recipient} {ref}", number, stamp(now)) for ref in refs],
    )


def remember(con: sqlite3.Connection, effect: Remember, context: WriteContext) -> None:
    writing.remember(con, effect.name, effect.value, context.now)


def record_event(con: sqlite3.Connection, effect: AuditEvent, context: WriteContext) -> None:
    case = context.case(con, effect.case)
    message = context.arrived.message.fingerprint if context.arrived else None
    event = writing.add_event(con, case, effect.kind, effect.data, context.now, message=message)
    if effect.text:
        insert(con, "notes", {"event_id": event, "case_id": case, "text": effect.text})


def write_draft(con: sqlite3.Connection, effect: WriteDraft, context: WriteContext) -> None:
    if context.shadow:
        return
    mail = context.mails[effect.key]
    con.execute(
        """INSERT INTO drafts(key, message_id, case_id, mime, created_at) VALUES(?,?,?,?,?)
        ON CONFLICT(key) DO NOTHING""",
        (effect.key, mail.message_id, context.case(con, effect.case), mail.mime, stamp(context.now)),
    )


# --- Mails and deliveries --------------------------------------------------------------------------------------------
# Our own mails, and the view of a delivery result.

REFUSALS_MOST = 1000

_MAIL = """SELECT o.key, o.kind, o.message_id, c.number AS "case", o.recipient, o.state, o.length, o.attempts,
  o.copied_at IS NOT NULL AS copied, o.created_at AS queued_at, coalesce(o.alias, '') AS alias,
  o.bare_id IS NOT NULL AS bare,
  iif(o.kind = 'relayed', (SELECT received_at FROM messages WHERE fingerprint = substr(o.key, 9)), NULL) AS written_at,
  EXISTS(SELECT 1 FROM mails m WHERE m.id = o.id AND length(m.mime) > 0) AS kept
  FROM outbox o LEFT JOIN cases c ON c.id = o.case_id """


def mail_view(con: sqlite3.Connection, key: str) -> DeliveryView:
    return DeliveryView(mail=next(iter(_mails(con, "WHERE o.key = ?", (key,))), None))


def delivery_view(con: sqlite3.Connection, policy: Policy, inp: DeliveryResult, now: datetime) -> DeliveryView:
    view = mail_view(con, inp.key)
    owed = [view.mail.case] if view.mail and view.mail.kind in MEETS_DEADLINE and view.mail.case else []
    view = replace(view, cases=cases(con, policy, owed, now))
    if inp.state != "refused":
        return view
    own = con.execute("SELECT refused_at FROM outbox WHERE key = ?", (inp.key,)).fetchone()[0]
    others = tuple(other for other in refusals(con, policy, now) if other.key != inp.key)
    return replace(view, refusals=others, taken_since=own is not None and own < _last_taken(con))


def refusals(con: sqlite3.Connection, policy: Policy, now: datetime) -> tuple[Refusal, ...]:
    """Return the refusals since the relay last took a mail, of mails that are young enough to be tried again."""
    young = stamp(now - timedelta(days=policy.sending.give_up_days))
    rows = con.execute(
        """SELECT key, recipient, state FROM outbox WHERE refused_at IS NOT NULL AND refused_at > ?
        AND created_at > ? AND state IN ('queued', 'failed') ORDER BY refused_at DESC LIMIT ?""",
        (_last_taken(con), young, REFUSALS_MOST),
    )
    return tuple(Refusal(key=row["key"], recipient=row["recipient"], final=row["state"] == "failed") for row in rows)


def _last_taken(con: sqlite3.Connection) -> str:
    """Return when the relay last took a mail; '' = never."""
    row = con.execute(
        "SELECT data_at FROM outbox WHERE data_at IS NOT NULL AND state = 'sent' ORDER BY data_at DESC LIMIT 1"
    ).fetchone()
    return str(row[0]) if row else ""


def mails_named(con: sqlite3.Connection, lookup: Lookup, ids: Sequence[str]) -> tuple[OutgoingView, ...]:
    """Return our mails that the Message-IDs, the signature or the relayed answer of a message name, oldest first."""
    found: list[OutgoingView] = []
    if ids:
        where = f"WHERE o.message_id IN ({placeholders(ids)}) OR o.alias IN ({placeholders(ids)}) ORDER BY o.id"
        found += _mails(con, where, (*ids, *ids))
    if lookup.signature is not None:
        found += _mails(con, "WHERE o.key = ?", (lookup.signature.key,))
    if lookup.answer_for:
        found += _mails(con, "WHERE o.key = ?", (f"{MailKind.RELAYED}:{lookup.message.fingerprint}",))
    return tuple(found)


def _mails(con: sqlite3.Connection, where: str, values: Sequence[object]) -> tuple[OutgoingView, ...]:
    return tuple(as_view(OutgoingView, row) for row in con.execute(_MAIL + where, values))


# --- Usage -----------------------------------------------------------------------------------------------------------
# Counts the mails that were released lately, for the limits of core/outbox.py: for any number of addresses with the
# same three queries, and nothing for which there is no limit.

# What counts for the limits: what has been released in the last day, and what waits.
_COUNTED = f"""(SELECT mailbox, domain, budget, released_at FROM outbox
    WHERE {LIMITED} AND released_at > :day AND released_at <= :until AND state <> 'dropped'
  UNION ALL SELECT mailbox, domain, budget, NULL FROM outbox
    WHERE {LIVE} AND state = 'queued' AND next_at IS NULL AND {LIMITED} AND released_at IS NULL)"""
_SUMS = f"coalesce(sum(released_at > :hour), 0), count(released_at), sum(released_at IS NULL) FROM {_COUNTED}"
_MAILBOX = f"""SELECT mailbox, budget IN ('claimed', 'unverified') AS unproven, {_SUMS}
  WHERE mailbox IN (SELECT value FROM json_each(:asked)) GROUP BY 1, 2"""
_DOMAIN = f"""SELECT domain, {_SUMS}
  WHERE budget NOT IN ('known', 'claimed') AND domain IN (SELECT value FROM json_each(:asked)) GROUP BY domain"""
_UNVERIFIED = f"SELECT {_SUMS} WHERE budget = 'unverified'"

_LEFT = f"""SELECT domain, count(*) FROM outbox WHERE {LIMITED} AND budget = 'unverified' AND state <> 'dropped'
  AND released_at > ? AND released_at <= ? GROUP BY domain"""
_ANSWERED = f"""SELECT value FROM json_each(?) WHERE EXISTS(
  SELECT 1 FROM outbox o WHERE {LIMITED} AND domain = value AND released_at IS NOT NULL
  AND EXISTS(SELECT 1 FROM cases c WHERE c.id = o.case_id AND c.answered_at IS NOT NULL))"""

# A key ends with its recipient. The condition is that of the index outbox_notices.
_NOTICED = """SELECT kind, author, count(*) FROM (
  SELECT DISTINCT o.kind, rtrim(o.key, replace(o.key, ':', '')) AS message, coalesce(p.address, '') AS author
  FROM outbox o LEFT JOIN cases c ON c.id = o.case_id LEFT JOIN people p ON p.id = c.citizen_id
  WHERE o.budget = 'notice' AND o.released_at IS NOT NULL AND o.created_at BETWEEN ? AND ?) GROUP BY kind, author"""


def usages(con: sqlite3.Connection, policy: Policy, addresses: Collection[str], now: datetime) -> dict[str, RateUsage]:
    """Return what is used of the shares of each address; what has no limit is not counted."""
    limits = policy.budgets
    since = {"hour": stamp(now - timedelta(hours=1)), "day": stamp(now - timedelta(days=1)), "until": stamp(now)}
    of_mailbox, of_domain = dict[tuple[str, bool], Released](), dict[str, Released]()
    unverified = Released()
    if addresses and (limits.per_address_hour or limits.per_address_day):
        rows = con.execute(_MAILBOX, {**since, "asked": json.dumps([*map(mailbox, addresses)])})
        of_mailbox = {(row[0], bool(row[1])): _released(*row[2:]) for row in rows}
    if addresses and limits.per_domain_hour:
        rows = con.execute(_DOMAIN, {**since, "asked": json.dumps([*set(map(registrable, addresses))])})
        of_domain = {row[0]: _released(*row[1:]) for row in rows}
    if addresses and limits.unverified_per_hour:
        unverified = _released(*con.execute(_UNVERIFIED, since).fetchone())
    return {
        address: RateUsage(
            mailbox=of_mailbox.get((mailbox(address), False), Released()),
            unproven=of_mailbox.get((mailbox(address), True), Released()),
            domain=of_domain.get(registrable(address), Released()),
            unverified=unverified,
        )
        for address in addresses
    }


def _released(hour: int, day: int, waiting: int | None) -> Released:
    return Released(hour=hour, day=day, waiting=waiting or 0)


def acquaintance(con: sqlite3.Connection, addresses: Collection[str], now: datetime) -> tuple[frozenset[str], int]:
    """Return the domains of these addresses of which an agent has answered somebody, and how many acknowledgements
    without a verdict have left within the day to other domains that are no large provider."""
    if not addresses:
        return frozenset(), 0
    left = dict(con.execute(_LEFT, (stamp(now - timedelta(days=1)), stamp(now))).fetchall())
    domains = left.keys() | set(map(registrable, addresses))
    answered = frozenset(row[0] for row in con.execute(_ANSWERED, (json.dumps(sorted(domains)),)))
    return answered, sum(count for domain, count in left.items() if domain not in answered and not is_public(domain))


def noticed(con: sqlite3.Connection, now: datetime) -> list[Noticed]:
    """Return how many notices to staff of each kind and citizen have left in the last hour."""
    rows = con.execute(_NOTICED, (stamp(now - timedelta(hours=1)), stamp(now)))
    return [Noticed(kind=of_name(kind), author=author, count=count) for kind, author, count in rows]


# --- Mail that waits -------------------------------------------------------------------------------------------------
# What a tick decides about. Rows are read first, since each is an item that may be put off (views.py).


def deferred_rows(con: sqlite3.Connection, _policy: Policy, _now: datetime) -> list[sqlite3.Row]:
    return con.execute(
        f"""SELECT o.key, o.key AS item, c.number, o.recipient, o.budget, o.created_at,
        (c.answered_at IS NOT NULL AND c.status = 'answered') OR c.status = 'closed' AS answered
        FROM outbox o LEFT JOIN cases c ON c.id = o.case_id
        WHERE o.{LIVE} AND o.state = 'queued' AND o.{LIMITED} AND o.next_at IS NULL"""
    ).fetchall()


def deferred_view(con: sqlite3.Connection, policy: Policy, rows: Sequence[sqlite3.Row], now: datetime) -> DeferredView:
    recipients = {row["recipient"] for row in rows}
    acquainted, strangers = acquaintance(con, recipients, now)
    return DeferredView(
        acknowledgements=tuple(as_view(DeferredAcknowledgement, row) for row in rows),
        spent=usages(con, policy, recipients, now),
        acquainted=acquainted,
        strangers=strangers,
    )


def notice_rows(con: sqlite3.Connection, _policy: Policy, _now: datetime) -> list[sqlite3.Row]:
    return con.execute(
        f"""SELECT o.key, o.key AS item, o.kind, o.recipient, o.created_at, c.number, coalesce(c.number, '') AS "case",
        coalesce(c.opened_by, '') AS first_message, c.opened_at, coalesce(c.status, '') AS status,
        coalesce(c.topic, '') AS topic, {ANSWER_DUE} AS due_at
        FROM outbox o LEFT JOIN cases c ON c.id = o.case_id
        WHERE o.{LIVE} AND o.state = 'queued' AND o.next_at IS NULL AND o.budget = 'notice'"""
    ).fetchall()


def deferred_notices(rows: Sequence[sqlite3.Row]) -> tuple[DeferredNotice, ...]:
    return tuple(as_view(DeferredNotice, row, message=row["key"].rpartition(":")[0]) for row in rows)


def uncertain_rows(con: sqlite3.Connection, _policy: Policy, _now: datetime) -> list[sqlite3.Row]:
    return con.execute(
        f"""SELECT o.*, o.key AS item, (SELECT number FROM cases c WHERE c.id = o.case_id) AS number,
        (SELECT min(d.due_at) FROM deadlines d WHERE d.case_id = o.case_id AND {RUNNING_ANSWER}) AS due_at
        FROM outbox o WHERE o.{LIVE} AND o.state = 'uncertain'"""
    ).fetchall()


def uncertain(con: sqlite3.Connection, policy: Policy, rows: Sequence[sqlite3.Row]) -> tuple[UncertainDelivery, ...]:
    if not rows:
        return ()
    proven = moment(con.execute("SELECT max(copied_at) FROM outbox WHERE copied_at IS NOT NULL").fetchone()[0])
    overtaken = "SELECT count(*) FROM outbox WHERE data_at >= ? AND copied_at IS NOT NULL"
    return tuple(
        as_view(
            UncertainDelivery,
            row,
            overtaken=con.execute(overtaken, (stamp(at(row["data_at"]) + probe_after(policy)),)).fetchone()[0],
            path_proven_at=proven,
            synced_at=synced_at(con),
            probed=is_queued(con, f"{probe_key(row['key'], row['tries'])}0"),
            out_of_date=row["last_error"] == OUT_OF_DATE,
        )
        for row in rows
    )


def is_queued(con: sqlite3.Connection, key: str) -> bool:
    """Whether there is a mail of this key, in whatever state."""
    return con.execute("SELECT 1 FROM outbox WHERE key = ?", (key,)).fetchone() is not None


def overnight_rows(con: sqlite3.Connection, policy: Policy, now: datetime) -> list[sqlite3.Row]:
    """Notices to staff that are due, outside service hours."""
    if calendar.in_hours(now, policy):
        return []
    return con.execute(
        f"SELECT key AS item, NULL AS number, kind FROM outbox WHERE {LIVE} AND state = 'queued' AND next_at <= ? "
        f"AND kind IN ({placeholders(IN_SERVICE_HOURS)})",
        (stamp(now), *IN_SERVICE_HOURS),
    ).fetchall()


def far_off(con: sqlite3.Connection, now: datetime) -> tuple[tuple[str, MailKind, datetime], ...]:
    rows = con.execute(
        f"SELECT key, kind, next_at FROM outbox WHERE {LIVE} AND state = 'queued' AND next_at > ?",
        (stamp(now + max(BACKOFF)),),
    )
    return tuple((row["key"], of_name(row["kind"]), at(row["next_at"])) for row in rows)


def canary(con: sqlite3.Connection, policy: Policy) -> LastCanary | None:
    """Return the last canary; None where none is sent."""
    if not policy.canary.enabled or policy.shadow:
        return None
    last = remembered.value(con, CANARY_SENT)
    if last is None:
        return LastCanary()
    waits = con.execute(f"SELECT 1 FROM outbox WHERE {LIVE} AND key = ?", (last,)).fetchone()
    return LastCanary(key=last, waits=waits is not None)
