"""Loads our own mails as `decide` sees them (core/view.py), and the view of a delivery result.

Selects only; it never judges why the relay refused a mail.
"""

import sqlite3
from collections.abc import Sequence
from datetime import datetime, timedelta

from oacmail.adapters.store.connection import moment, stamp
from oacmail.adapters.store.load_case import cases, placeholders
from oacmail.core.effects import DeliveryResult
from oacmail.core.kinds import MEETS_DEADLINE, of_name
from oacmail.core.lookup import Lookup
from oacmail.core.outgoing import MailKind, MailState
from oacmail.core.policy import Policy
from oacmail.core.view import OutgoingView, Refusal, View

REFUSALS_MOST = 1000

_MAIL = """SELECT o.key, o.kind, o.message_id, c.number AS "case", o.recipient, o.state, o.length, o.copied_at,
  o.attempts, o.created_at, coalesce(o.alias, '') AS alias, o.bare_id IS NOT NULL AS bare,
  iif(o.kind = 'relayed', (SELECT received_at FROM messages WHERE fingerprint = substr(o.key, 9)), NULL) AS written_at,
  EXISTS(SELECT 1 FROM mails m WHERE m.id = o.id AND length(m.mime) > 0) AS kept
  FROM outbox o LEFT JOIN cases c ON c.id = o.case_id """


def mail_view(con: sqlite3.Connection, key: str) -> View:
    return View(mails=_mails(con, "WHERE o.key = ?", (key,)))


def delivery_view(con: sqlite3.Connection, policy: Policy, inp: DeliveryResult, now: datetime) -> View:
    mails = _mails(con, "WHERE o.key = ?", (inp.key,))
    owed = [mail.case for mail in mails if mail.kind in MEETS_DEADLINE and mail.case]
    about = cases(con, policy, owed, now)
    if inp.state != "refused":
        return View(mails=mails, cases=about)
    taken = _last_taken(con)
    own = con.execute("SELECT refused_at FROM outbox WHERE key = ?", (inp.key,)).fetchone()[0]
    others = tuple(other for other in refusals(con, policy, now) if other.key != inp.key)
    return View(
        mails=mails,
        cases=about,
        refusals=others,
        taken_since=own is not None and own < taken,
    )


def refusals(con: sqlite3.Connection, policy: Policy, now: datetime) -> tuple[Refusal, ...]:
    """Return the refusals since the relay last took a mail, of mails that are young enough to be tried again."""
    young = stamp(now - timedelta(days=policy.sending.give_up_days))
    rows = con.execute(
        """SELECT key, recipient, state FROM outbox WHERE refused_at IS NOT NULL AND refused_at > ?
        AND created_at > ? AND state IN ('queued', 'claimed', 'failed') ORDER BY refused_at DESC LIMIT ?""",
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
    return tuple(
        OutgoingView(
            key=row["key"],
            kind=of_name(row["kind"]),
            message_id=row["message_id"],
            case=row["case"],
            recipient=row["recipient"],
            state=MailState(row["state"]),
            length=row["length"],
            copied=row["copied_at"] is not None,
            attempts=row["attempts"],
            queued_at=moment(row["created_at"]),
            written_at=moment(row["written_at"]),
            bare=bool(row["bare"]),
            kept=bool(row["kept"]),
            alias=row["alias"],
        )
        for row in con.execute(_MAIL + where, values)
    )
