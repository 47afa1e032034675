"""The views of an arrived message, of a command and of a tick: everything that their decisions may know; and what the
digest shows. Selects only."""

import json
import sqlite3
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import date, datetime, time, timedelta

from oacmail.core import calendar, incidents, survey
from oacmail.core.acknowledgement import DISOWNED
from oacmail.core.cases import CALL_TOLD
from oacmail.core.digest import digest_due
from oacmail.core.effects import AdminCommand, BoardDeletion, BoardMove, TickItem
from oacmail.core.handlers import own_copies
from oacmail.core.handlers.from_staff import TO_OTHERS
from oacmail.core.intents import OPINION
from oacmail.core.kinds import MailKind, of_name
from oacmail.core.lookup import Lookup
from oacmail.core.model import NO_REQUESTS, Auto, Intent, Kind, Message, Outcome, Role
from oacmail.core.policy import Policy
from oacmail.core.reconciliation import from_text
from oacmail.core.report.figures import request_counts
from oacmail.core.review import IN_JUNK, Figures, LiveIncident, NamedEntry, last_purge
from oacmail.core.rights import RIGHTS
from oacmail.core.stored_values import (
    ACKNOWLEDGED_IN_THREAD,
    DRAFTS,
    FORWARDED_TO,
    KEY_LOST_AT,
    LAST_DIGEST,
    PURGED,
    RECONCILED,
    RESERVED,
    RESTORED_AT,
    RUN,
    RUN_READ,
    SERIAL,
    UNDELIVERED,
    UNPLACED,
    USED_TOKEN,
)
from oacmail.core.threading import SUBJECT_WINDOW
from oacmail.core.view import (
    CaseView,
    CommandView,
    CopyView,
    Deadline,
    DigestView,
    DueView,
    MessageView,
    OrdersView,
    OutgoingView,
    PersonView,
    ProblemsView,
    SimilarCase,
    StaffView,
    TickView,
    UnplacedMail,
    View,
    WriterView,
    junk_cards,
)
from oacmail.store import outbox, remembered, reports, seen_messages
from oacmail.store.cases import away, cases, merged_into, placeholders, thread, with_merged
from oacmail.store.connection import ANSWER_DUE, as_view, at, moment, stamp
from oacmail.store.health import last_summary, unreached, unseen_answers, waiting
from oacmail.store.outbox import mails_named, usages
from oacmail.store.remembered import LOST
from oacmail.store.writing import case_id

# --- Load platform ---------------------------------------------------------------------------------------------------
# Similar cases of a platform that fails, and the people whom the failure affects today: they have a second-level case
# about it that was opened today, or earlier and is not solved.

_ALIKE = f"""SELECT c.number, c.incident, c.opened_at, c.status, c.topic, {ANSWER_DUE} AS due_at
FROM cases c WHERE c.level = 'second' AND c.cause = 'platform' AND c.operator = ? AND c.platform = ?
  AND c.opened_at BETWEEN ? AND ? AND {{only}}
ORDER BY c.opened_at DESC, c.id DESC LIMIT {{most}}"""
# Whoever writes during an incident belongs to it, also when its first cases are answered already; what makes one is
# cases in which the platform still fails.
_REQUEST = f"coalesce(c.close_reason, '') NOT IN ({', '.join(map(repr, map(str, NO_REQUESTS)))})"
_GOING_ON = f"c.incident IS NOT NULL AND {_REQUEST}"
_STILL_FAILS = "c.status IN ('open', 'derived', 'waiting')"
UNSOLVED_FOR = timedelta(days=60)
_PEOPLE = f"""SELECT DISTINCT p.address FROM cases c JOIN people p ON p.id = c.citizen_id
  WHERE c.level = 'second' AND c.cause = 'platform' AND c.operator = ? AND c.platform = ? AND c.opened_at >= ?
  AND {_REQUEST}
  AND (c.opened_at >= ? OR (c.status IN ('open', 'derived', 'waiting') AND c.solved_at IS NULL))"""


def alike(con: sqlite3.Connection, policy: Policy, lookup: Lookup) -> tuple[SimilarCase, ...]:
    """Recent cases on the platform that the message says fails, oldest first; of a known incident the latest only."""
    platform = incidents.platform(lookup.reading)
    if not platform:
        return ()
    alike = (
        lookup.reading.operator,
        platform,
        stamp(incidents.since(policy, lookup.received_at)),
        stamp(lookup.received_at),
    )
    most = max(incidents.LISTED, policy.escalation.incident_mails)
    rows = con.execute(_ALIKE.format(only=_GOING_ON, most=1), alike).fetchall()
    rows = rows or con.execute(_ALIKE.format(only=_STILL_FAILS, most=most), alike).fetchall()
    return tuple(as_view(SimilarCase, row) for row in reversed(rows))


def affected(
    con: sqlite3.Connection, policy: Policy, failing: Collection[tuple[str, str]], now: datetime
) -> dict[tuple[str, str], frozenset[str]]:
    """(operator, platform) -> addresses, for those of `failing` that name a platform."""
    midnight = now.astimezone(policy.office.timezone).replace(hour=0, minute=0, second=0, microsecond=0)
    when = (stamp(now - UNSOLVED_FOR), stamp(midnight))
    return {
        platform: frozenset(row["address"] for row in con.execute(_PEOPLE, (*platform, *when)))
        for platform in failing
        if platform[1]
    }


# --- Load message ----------------------------------------------------------------------------------------------------
# Selected by what core/lookup.py has computed from the message, whose text is never read.

RECENT_MOST = 200
OPEN_MOST = 50  # cases in a question
_Stored = Mapping[str, remembered.StoredValue]
_STORED_VALUES = (RESTORED_AT, KEY_LOST_AT, RUN, RUN_READ, DRAFTS)

_MESSAGES = f"""WITH found(how, id) AS (
  SELECT 'known', id FROM messages WHERE fingerprint = :fingerprint
  UNION ALL SELECT 'named', m.id FROM json_each(:ids) JOIN messages m ON m.message_id = value
  UNION ALL SELECT 'naming', id FROM (SELECT m.id FROM refs r JOIN messages m ON m.id = r.message_id
    JOIN people p ON p.id = m.author_id WHERE r.ref = :message_id AND :message_id <> '' AND :writers <> '[]'
    AND (p.address IN (SELECT value FROM json_each(:writers)) OR m.role = 'agent') LIMIT 20)
  UNION ALL SELECT 'recent', id FROM (SELECT m.id FROM json_each(:writers) JOIN people p ON p.address = value
    JOIN messages m ON m.author_id = p.id AND m.received_at >= :since ORDER BY m.received_at DESC LIMIT {RECENT_MOST}))
  SELECT how, m.fingerprint, m.message_id, c.number AS "case", p.address AS author, m.role, m.outcome,
  m.received_at, m.subject_key AS subject, m.body_hash, m.sent_at, m.erased_at IS NOT NULL AS erased,
  m.role = 'agent' AND (m.outcome = 'case' OR m.rule LIKE '{TO_OTHERS};%') AS answers,
  m.rule,
  EXISTS(SELECT 1 FROM outbox o WHERE o.key = 'ack:' || m.fingerprint AND o.state <> 'dropped') AS acked,
  EXISTS(SELECT 1 FROM reviews r WHERE r.fingerprint = m.fingerprint AND r.reason = '{DISOWNED}') AS disowned
  FROM found CROSS JOIN messages m ON m.id = found.id JOIN people p ON p.id = m.author_id
  LEFT JOIN cases c ON c.id = m.case_id
  WHERE how <> 'recent' OR m.role <> 'agent' OR p.address <> :sender OR m.sent_at IS :sent_at ORDER BY m.id"""


def message_view(con: sqlite3.Connection, policy: Policy, lookup: Lookup, now: datetime) -> View:
    """The view of an arrived message. First what it names, then what is stored of it, then the cases."""
    message, writers = lookup.message, lookup.writers
    ids = tuple(dict.fromkeys((*lookup.refs, *lookup.returned)))
    found_messages = _messages(con, message, ids, writers, lookup.received_at)
    known = next(iter(found_messages["known"]), None)
    named, naming, overtaken_by, recent = (found_messages[how] for how in ("named", "own", "agents", "recent"))
    mails = mails_named(con, lookup, ids)
    tokened = _not_erased(con, lookup.tokened)
    # What is known under a name that the message tells.
    in_this_thread = f"{ACKNOWLEDGED_IN_THREAD}{lookup.author} {message.message_id}"
    asked = [mail.key.split(":")[1] for mail in mails if mail.kind is MailKind.WHICH_CASE]
    about = asked[-1] if asked else message.fingerprint  # the mail that our question names, else this one
    pressed = [USED_TOKEN + button.token for button in lookup.pressed]
    forwards = [FORWARDED_TO + other.fingerprint for other in named]
    names = (RESERVED + message.fingerprint, in_this_thread, UNDELIVERED + message.message_id, UNPLACED + about)
    serial = f"{SERIAL}{lookup.received_at.astimezone(policy.office.timezone).year}"
    stored = remembered.values(con, (*_STORED_VALUES, serial, *names, *pressed, *forwards))
    acknowledged_as, in_thread = _value(stored, RESERVED + message.fingerprint), _value(stored, in_this_thread)
    reserved = acknowledged_as or (in_thread if in_thread and case_id(con, in_thread) is None else None)
    staff = StaffView(
        undelivered=_recipients(_value(stored, UNDELIVERED + message.message_id) if message.message_id else None),
        open_cases=_open_cases(con, lookup.addressed),
        unplaced=_unplaced(con, about, _value(stored, UNPLACED + about)),
        overtaken_by=overtaken_by,
        forwarded_case=_forwarded(message, named, stored),
        entrusted=_entrusted(con, policy, lookup),
    )
    # The cases that the message, its orders, or what is related to it name. A case that an order of this mail has
    # opened or merged is that case to the orders below it.
    orders = lookup.arrived.orders
    ordered = (orders.current or "", *orders.into) if orders else ()
    numbers = (
        *(other.case for other in (known, *named, *naming, *recent) if other),
        *(mail.case for mail in mails),
        *(*ordered, *tokened, *lookup.ordered, *(button.case for button in lookup.pressed), *lookup.numbers),
        *(*staff.open_cases, *staff.entrusted, *(staff.unplaced.cases if staff.unplaced else ()), reserved),
    )
    found = cases(con, policy, [number for number in dict.fromkeys(numbers) if number], now, erased=False)
    merged = merged_into(con, {number: case for number, case in found.items() if number not in ordered})
    if merged:
        found = with_merged(found, merged, cases(con, policy, tuple(merged.values()), now))
    blamed = (lookup.reading.operator, incidents.platform(lookup.reading))
    return View(
        cases=found,
        affected=affected(con, policy, {blamed, *_blamed(found)}, now),
        drafts=_value(stored, DRAFTS) or "",
        away=away(con, policy, now) if found else frozenset(),
        known=known,
        named=named,
        naming=naming,
        recent=recent,
        mails=mails,
        tokened=tokened,
        serial=int(_value(stored, serial) or 0) + 1,
        reserved=reserved,
        acknowledged_as=acknowledged_as,
        writer=_writer(con, policy, lookup.author, stored, now),
        copy=_copy(con, lookup, mails, stored),
        staff=staff,
        orders=OrdersView(
            entries=_entries(con, (*lookup.entries, *junk_cards(mails))),
            used_tokens=frozenset(button.token for button in lookup.pressed if USED_TOKEN + button.token in stored),
        ),
        thread=thread(con, lookup),
        alike=alike(con, policy, lookup),
    )


def _writer(con: sqlite3.Connection, policy: Policy, address: str, stored: _Stored, now: datetime) -> WriterView:
    row = con.execute("SELECT lang, known FROM people WHERE address = ?", (address,)).fetchone()
    return WriterView(
        person=PersonView(address=address, lang=row["lang"], known=bool(row["known"])) if row else None,
        spent=usages(con, policy, (address,), now)[address],
        restored_at=moment(_value(stored, RESTORED_AT)) if not policy.sending.self_copy else None,
        key_lost_at=moment(_value(stored, KEY_LOST_AT)),
    )


def _copy(con: sqlite3.Connection, lookup: Lookup, mails: Sequence[OutgoingView], stored: _Stored) -> CopyView:
    added_before, more = 0, ""
    if signed := lookup.signature:
        more = own_copies.added(lookup, next((mail for mail in mails if mail.key == signed.key), None))
    if more:
        to_this_one = own_copies.learned(more, lookup.message.to[0] if lookup.message.to else "")
        query = "SELECT count(*) FROM kv WHERE key GLOB ? AND key <> ?"
        added_before = con.execute(query, (own_copies.learned(more) + "*", to_this_one)).fetchone()[0]
    return CopyView(
        run=_value(stored, RUN) or "",
        run_since=at(stored[RUN].at) if RUN in stored and _value(stored, RUN_READ) else None,
        added_before=added_before,
    )


def _value(stored: _Stored, name: str) -> str | None:
    return stored[name].value if name in stored else None


def _forwarded(message: Message, named: Sequence[MessageView], stored: _Stored) -> str | None:
    """Return the case of the last of these messages that went to the sender of this one as a forward."""
    to = ((other.case, _value(stored, FORWARDED_TO + other.fingerprint) or "") for other in reversed(named))
    return next((case for case, people in to if message.single_from and message.sender in people.split()), None)


def _not_erased(con: sqlite3.Connection, numbers: Sequence[str]) -> tuple[str, ...]:
    """Erased cases are left out: an old number in a subject must not say whose case it was."""
    if not numbers:
        return ()
    query = f"SELECT number FROM cases WHERE erased_at IS NOT NULL AND number IN ({placeholders(numbers)})"
    erased = {row["number"] for row in con.execute(query, numbers)}
    return tuple(number for number in numbers if number not in erased)


def _entries(con: sqlite3.Connection, refs: Sequence[str]) -> dict[str, NamedEntry]:
    """The entries of the review list that begin with these hex digits; one that several entries begin with is left
    out."""
    found: dict[str, NamedEntry] = {}
    for ref in refs:
        rows = con.execute(
            """SELECT r.fingerprint, c.number, o.bytes IS NOT NULL AS kept, m.kind, m.role FROM reviews r
            JOIN messages m ON m.fingerprint = r.fingerprint LEFT JOIN cases c ON c.id = m.case_id
            LEFT JOIN originals o ON o.key = m.original WHERE r.fingerprint BETWEEN ? AND ? || 'g' LIMIT 2""",
            (ref, ref),
        ).fetchall()
        if len(rows) == 1:
            (row,) = rows
            found[ref] = NamedEntry(
                ref=row["fingerprint"],
                case=row["number"],
                kept=bool(row["kept"]),
                request=row["number"] is not None and (row["role"] != Role.CITIZEN or row["kind"] == Kind.REQUEST),
            )
    return found


def command_view(
    con: sqlite3.Connection, policy: Policy, inp: AdminCommand | BoardMove | BoardDeletion, now: datetime
) -> CommandView:
    numbers = [inp.case] if inp.case else []
    if isinstance(inp, AdminCommand) and "into" in inp.words:
        numbers.append(inp.words["into"])
    about = cases(con, policy, numbers, now)
    return CommandView(
        cases=about,
        affected=affected(con, policy, _blamed(about), now),
        away=away(con, policy, now),
        drafts=_value(remembered.values(con, (DRAFTS,)), DRAFTS) or "",
    )


def _blamed(about: Mapping[str, CaseView]) -> set[tuple[str, str]]:
    return {(case.services.operator, case.services.platform) for case in about.values()}


def _messages(
    con: sqlite3.Connection, message: Message, ids: Sequence[str], writers: Sequence[str], received_at: datetime
) -> Mapping[str, tuple[MessageView, ...]]:
    """What is stored of this message ("known") and of those that it names ("named"); those of the writers ("own") and
    of agents ("agents") that name it; and what the writers sent lately ("recent"), by time, of an agent's own work only
    what may be this mail again: an agent's mail continues what it names."""
    found: dict[str, list[MessageView]] = {how: [] for how in ("known", "named", "own", "agents", "recent")}
    asked = {
        "fingerprint": message.fingerprint,
        "ids": json.dumps(ids),
        "message_id": message.message_id,
        "sender": message.sender,
        "sent_at": message.sent_at and stamp(message.sent_at),
        "writers": json.dumps([*dict.fromkeys(writers)]),
        "since": stamp(received_at - SUBJECT_WINDOW),
    }
    for row in con.execute(_MESSAGES, asked):
        how = row["how"] if row["how"] != "naming" else "own" if row["author"] in writers else "agents"
        found[how].append(as_view(MessageView, row))
    found["recent"].sort(key=lambda recent: recent.received_at)
    return {how: tuple(messages) for how, messages in found.items()}


def _recipients(recipients: str | None) -> tuple[str, ...] | None:
    return None if recipients is None else tuple(recipients.split())


def _open_cases(con: sqlite3.Connection, addresses: Sequence[str]) -> tuple[str, ...]:
    """Return the open, derived and waiting cases in which one of these addresses takes part, oldest first."""
    if not addresses:
        return ()
    theirs = f"SELECT id FROM people WHERE address IN ({placeholders(addresses)})"
    rows = con.execute(
        f"""SELECT c.number FROM cases c WHERE c.status <> 'closed' AND c.status <> 'answered' AND (
          c.citizen_id IN ({theirs}) OR EXISTS(SELECT 1 FROM messages m WHERE m.case_id = c.id AND m.role = 'citizen'
          AND m.guest = 0 AND (m.author_id IN ({theirs}) OR m.reply_to IN ({placeholders(addresses)}))))
        ORDER BY c.opened_at, c.id LIMIT {OPEN_MOST}""",
        (*addresses, *addresses, *addresses),
    )
    return tuple(row["number"] for row in rows)


def _entrusted(con: sqlite3.Connection, policy: Policy, lookup: Lookup) -> dict[str, str]:
    """Return the cases of the agent whose automatic reply it is, oldest first, with who assigned each; '' = unknown."""
    sender = lookup.message.sender
    if lookup.message.auto is not Auto.REPLY or sender not in policy.people.desk:
        return {}
    rows = con.execute(
        f"""SELECT c.number, (SELECT json_extract(e.data, '$.by') FROM events e WHERE e.case_id = c.id
          AND e.kind = 'ordered' AND json_extract(e.data, '$.verb') = 'assign' ORDER BY e.id DESC LIMIT 1) AS by
        FROM cases c WHERE c.assignee IN (?, ?) AND c.status <> 'closed' AND c.status IN ('open', 'derived', 'waiting')
        ORDER BY c.opened_at, c.id LIMIT {OPEN_MOST}""",
        (sender, sender.partition("@")[0]),
    )
    return {row["number"]: row["by"] or "" for row in rows}


def _unplaced(con: sqlite3.Connection, fingerprint: str, listed: str | None) -> UnplacedMail | None:
    """`listed`: the numbers of the cases that the question about the mail names; None = there was no question."""
    if listed is None:
        return None
    row = con.execute(
        "SELECT message_id, received_at, outcome FROM messages WHERE fingerprint = ?", (fingerprint,)
    ).fetchone()
    if row is None:
        return None
    return UnplacedMail(
        fingerprint=fingerprint,
        received_at=at(row["received_at"]),
        cases=tuple(number for number in listed.split() if number != "none"),
        waits=row["outcome"] == Outcome.QUARANTINED,
        undelivered=_recipients(remembered.value(con, UNDELIVERED + row["message_id"]) if row["message_id"] else None),
    )


# --- Load digest -----------------------------------------------------------------------------------------------------
# What only the digest and the review list show: live cases, what waits for a person, incidents, figures.

JUNK = f"""SELECT count(*) FROM messages
  WHERE rule = '{IN_JUNK}' AND outcome = ? AND received_at >= ? AND received_at < ?"""


def live(con: sqlite3.Connection, policy: Policy, now: datetime) -> tuple[CaseView, ...]:
    """Return the cases that somebody still has to work, oldest first; an answered request of rights too."""
    rows = con.execute(
        f"""SELECT number FROM cases c WHERE status <> 'closed' AND (status IN ('open', 'derived', 'waiting')
          OR EXISTS(SELECT 1 FROM deadlines d WHERE d.case_id = c.id AND d.kind = '{RIGHTS}' AND d.level = 0
          AND d.met_at IS NULL AND d.withdrawn_at IS NULL))
        ORDER BY opened_at"""
    )
    return tuple(cases(con, policy, [row["number"] for row in rows], now).values())


def figures(con: sqlite3.Connection, policy: Policy, now: datetime) -> Figures:
    """Count what was asked and what was answered since the last working day began, as the report does."""
    zone = policy.office.timezone
    today = now.astimezone(zone).date()
    since = calendar.last_working_day_before(today, policy.workdays)
    begins, ends = (datetime.combine(day, time.min, zone) for day in (since, today))
    found = request_counts(reports.requests(con, begins, ends), begins, ends)
    junk = con.execute(JUNK, (Outcome.AUTOMATIC, stamp(begins), stamp(ends))).fetchone()[0]
    return Figures(
        since=since,
        arrived=found.arrived,
        answered=found.answered,
        in_time=found.in_time,
        junk=junk,
    )


def live_incidents(con: sqlite3.Connection) -> tuple[LiveIncident, ...]:
    """Return the incidents of which a case still waits, the largest first."""
    rows = con.execute(
        """SELECT incident, max(platform) AS platform, count(*) AS n FROM cases
        WHERE incident IS NOT NULL AND status <> 'closed' AND status <> 'answered'
        GROUP BY incident ORDER BY n DESC, incident"""
    )
    return tuple(LiveIncident(first=row["incident"], platform=row["platform"], cases=row["n"]) for row in rows)


# --- Load tick -------------------------------------------------------------------------------------------------------
# The items of a tick are listed first, by name, and only then turned into values, so that a row that cannot be read
# affects no other item. `items` names all of them; `tick_view` leaves out those that were put off, or loads one alone.

REACHED_MOST = 500
Rows = Sequence[sqlite3.Row]


def items(con: sqlite3.Connection, policy: Policy, now: datetime) -> list[TickItem]:
    """Return everything that is due now, including what was put off."""
    found = [
        TickItem(kind=kind, key=row["item"], case=row["number"])
        for kind, rows in _ROWS.items()
        for row in rows(con, policy, now)
    ]
    return [*found, *([_DIGEST] if _digest_due(con, policy, now) else [])]


def tick_view(con: sqlite3.Connection, policy: Policy, now: datetime, only: TickItem | None) -> TickView:
    """`only`: load this item alone; None = all that were not put off."""
    put_off = remembered.put_off_item(con, now)

    def wanted(item: TickItem) -> bool:
        return item.name not in put_off if only is None else item.name == only.name

    def rows(kind: str) -> Rows:
        return [row for row in _ROWS[kind](con, policy, now) if wanted(TickItem(kind=kind, key=row["item"]))]

    late = rows("deadline")
    views = cases(con, policy, list({row["number"] for row in late}), now)
    reached = tuple((views[row["number"]], as_view(Deadline, row)) for row in late)
    problems = remembered.problems(con)
    digest = None
    if wanted(_DIGEST) and _digest_due(con, policy, now):
        told = last_summary(con, now)
        digest = DigestView(
            live=live(con, policy, now),
            to_review=waiting(con),
            figures=figures(con, policy, now),
            incidents=live_incidents(con),
            reconciled=from_text(remembered.value(con, RECONCILED)),
            purged=last_purge(remembered.value(con, PURGED)),
            unseen=unseen_answers(con, told),
            unreached=unreached(con, told),
            problems=tuple(problems),
        )
    return TickView(
        due=DueView(
            reached=reached,
            synced_at=seen_messages.synced_at(con),
            unread=seen_messages.unread(con),
            away=away(con, policy, now) if reached else frozenset(),
            spared=_spared(con, policy, reached, now),
        ),
        deferred=outbox.deferred_view(con, policy, rows("ack"), now),
        notices=outbox.deferred_notices(rows("notice")),
        uncertain=outbox.uncertain(con, policy, rows("uncertain")),
        overnight=tuple((row["item"], of_name(row["kind"])) for row in rows("overnight")),
        far_off=outbox.far_off(con, now),
        canary=outbox.canary(con, policy) if only is None else None,
        problems=ProblemsView(
            since=problems, causes=remembered.causes(con), alerts=tuple(row["item"] for row in rows("alert"))
        ),
        alerted=remembered.alerted(con),
        digest=digest,
        calls=tuple(cases(con, policy, [row["number"] for row in rows("call")], now).values()),
    )


def _digest_due(con: sqlite3.Connection, policy: Policy, now: datetime) -> bool:
    """Nothing is summed up from a database that replaces a lost one: its zeros are not true."""
    last = remembered.value(con, LAST_DIGEST)
    return digest_due(policy, date.fromisoformat(last) if last else None, now) and not remembered.is_recorded(con, LOST)


def _deadline_rows(con: sqlite3.Connection, _policy: Policy, now: datetime) -> Rows:
    """The limit does not count deadlines that were put off."""
    most = REACHED_MOST + len(remembered.put_off_item(con, now))
    return con.execute(
        """SELECT d.*, c.number, d.started_by || ':' || d.kind || ':' || d.level AS item
        FROM deadlines d JOIN cases c ON c.id = d.case_id
        WHERE d.met_at IS NULL AND d.fired_at IS NULL AND d.withdrawn_at IS NULL AND d.due_at <= ?
        ORDER BY d.due_at LIMIT ?""",
        (stamp(now), most),
    ).fetchall()


def _call_rows(con: sqlite3.Connection, _policy: Policy, now: datetime) -> Rows:
    """The cases of whose call somebody was told and which may not be over: local times differ by less than a day."""
    return con.execute(
        f"""SELECT DISTINCT c.number, c.number AS item FROM events e JOIN cases c ON c.id = e.case_id
        WHERE e.kind = '{CALL_TOLD}' AND json_extract(e.data, '$.ends') > ?""",
        ((now - timedelta(days=1)).isoformat(),),
    ).fetchall()


def _spared(
    con: sqlite3.Connection, policy: Policy, reached: Sequence[tuple[CaseView, Deadline]], now: datetime
) -> frozenset[str]:
    """Return the citizens of these cases who were asked within `survey.per_address_days`, who have a complaint or a
    request of rights in course (the case, or a later message on it), or in whose name a mail came that their own domain
    disowns: they may never have written."""
    asked = json.dumps([case.citizen for case, deadline in reached if deadline.kind == survey.SURVEY])
    if asked == "[]":
        return frozenset()
    since = stamp(now - timedelta(days=policy.survey.per_address_days))
    rows = con.execute(
        f"""SELECT value AS address FROM json_each(?) WHERE EXISTS(SELECT 1 FROM outbox o WHERE o.recipient = value
          AND o.kind = '{MailKind.SURVEY}' AND o.created_at > ? AND o.state NOT IN ('failed', 'dropped', 'shadow'))
        OR EXISTS(SELECT 1 FROM cases c JOIN people p ON p.id = c.citizen_id WHERE p.address = value
          AND c.status <> 'closed' AND c.intent IN ({placeholders(survey.NOT_ASKED)}))
        OR EXISTS(SELECT 1 FROM cases c JOIN people p ON p.id = c.citizen_id JOIN events e ON e.case_id = c.id
          WHERE p.address = value AND c.status <> 'closed' AND (e.kind = '{RIGHTS}'
          OR (e.kind = '{OPINION}' AND json_extract(e.data, '$.intent') = '{Intent.COMPLAINT}')))
        OR EXISTS(SELECT 1 FROM cases c JOIN people p ON p.id = c.citizen_id
          JOIN reviews r ON r.fingerprint = c.opened_by WHERE p.address = value AND r.reason = ?)""",
        (asked, since, *survey.NOT_ASKED, DISOWNED),
    )
    return frozenset(row["address"] for row in rows)


_DIGEST = TickItem(kind="digest")
_ROWS: Mapping[str, Callable[[sqlite3.Connection, Policy, datetime], Rows]] = {
    "deadline": _deadline_rows,
    "ack": outbox.deferred_rows,
    "notice": outbox.notice_rows,
    "uncertain": outbox.uncertain_rows,
    "alert": remembered.problem_rows,
    "overnight": outbox.overnight_rows,
    "call": _call_rows,
}
