"""Reads cases and their running deadlines as `decide` sees them, through merged numbers to the case that people work
on, with the texts that a relayed answer continues. It writes nothing.
"""

import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from email import message_from_bytes
from email.message import Message
from typing import Any

from msgspec.structs import replace

from oacmail.core import sender
from oacmail.core.cases import CALL_TOLD
from oacmail.core.derivation import TERM_ENDS, is_near
from oacmail.core.handlers.from_machine import OUT_OF_OFFICE
from oacmail.core.kinds import MailKind, of_name
from oacmail.core.lookup import Lookup
from oacmail.core.model import CloseReason, Outcome, Role, Status
from oacmail.core.outbox import NOTICE_LISTED
from oacmail.core.policy import Policy
from oacmail.core.review import FILED, SET_ASIDE
from oacmail.core.view import (
    AgreedCall,
    CallView,
    CaseMessage,
    CaseThread,
    CaseView,
    Deadline,
    MessagesView,
    OpenQuestion,
    SentView,
    ServicesView,
    TermView,
)
from oacmail.store.connection import LAST_SUMMARY, RUNNING_ANSWER, as_view, at, by_name, moment, stamp
from oacmail.store.writing import case_id

# --- Load merged -----------------------------------------------------------------------------------------------------
# The case that a merged case has become, so that what names the old number is about the one that people work on. Only
# of cases of one and the same citizen: an answer to the old number of somebody else's case must not reach a stranger.

_STEPS_MOST = 5  # merged into a case that was merged in its turn
_INTO = f"""SELECT i.number FROM cases o JOIN cases i ON i.citizen_id = o.citizen_id AND i.id <> o.id
    JOIN events e ON e.case_id = i.id AND e.kind = 'merged' AND json_extract(e.data, '$.from') = o.number
    WHERE o.number = ? AND o.status = 'closed' AND o.close_reason = '{CloseReason.DUPLICATE}' AND i.erased_at IS NULL
    ORDER BY e.id DESC LIMIT 1"""


def merged_into(con: sqlite3.Connection, about: Mapping[str, CaseView]) -> dict[str, str]:
    """The number of each case that was merged -> the number of the case that has its messages now."""
    closed = [
        case.number
        for case in about.values()
        if case.status is Status.CLOSED and case.close_reason is CloseReason.DUPLICATE
    ]
    return {number: into for number in closed if (into := current_number(con, number)) != number}


def current_number(con: sqlite3.Connection, number: str) -> str:
    """The same number if the case was not merged."""
    path: list[str] = [number]
    while len(path) <= _STEPS_MOST and (row := con.execute(_INTO, path[-1:]).fetchone()) and row["number"] not in path:
        path.append(row["number"])
    return path[-1]


def with_merged(
    about: dict[str, CaseView], into: Mapping[str, str], targets: Mapping[str, CaseView]
) -> dict[str, CaseView]:
    """The cases by their numbers, and by those of the cases that were merged into them."""
    return {**about, **targets, **{old: targets[new] for old, new in into.items() if new in targets}}


# --- Load case -------------------------------------------------------------------------------------------------------

LATEST_MOST = 4
AWAY_MOST = timedelta(days=14)  # an out-of-office is believed; a further one, to the next reminder, begins anew
ASKED_MOST = 20
_TOLD = f"""(state NOT IN ('failed', 'dropped', 'shadow') OR (state = 'dropped' AND last_error = '{NOTICE_LISTED}'))
        AND NOT (state = 'held' AND kind = '{MailKind.PASSED_ON}')"""
_LEFT = f"(state IN ('sending', 'uncertain', 'sent') OR last_error = '{NOTICE_LISTED}')"
_PARTS = {
    "wrote: address, reply_to": """SELECT p.address, m.reply_to FROM messages m JOIN people p ON p.id = m.author_id
        WHERE m.case_id = c.id AND m.role = 'citizen' AND m.guest = 0""",
    # the deadlines that are neither met nor withdrawn; of those that were reached, only of an answer and of rights
    "deadlines: started_by, kind, level, started_at, due_at, author, reply_to, sent_at": """
        SELECT d.*, p.address AS author, m.reply_to, m.sent_at FROM deadlines d
        LEFT JOIN messages m ON m.fingerprint = d.started_by LEFT JOIN people p ON p.id = m.author_id
        WHERE d.case_id = c.id AND d.met_at IS NULL AND d.withdrawn_at IS NULL
        AND (d.fired_at IS NULL OR (d.kind IN ('answer', 'rights') AND d.level = 0))""",
    "asked: side, fingerprint, at": """SELECT m.fingerprint, m.received_at AS at,
        iif(m.guest OR m.author_id <> c.citizen_id, p.address, '') AS side FROM messages m
        JOIN people p ON p.id = m.author_id
        WHERE m.case_id = c.id AND m.role = 'citizen' AND m.kind = 'request' ORDER BY m.received_at, m.id""",
    "running: since": f"SELECT min(started_at) AS since FROM deadlines d WHERE d.case_id = c.id AND {RUNNING_ANSWER}",
    "asked_since: n": """SELECT count(*) AS n FROM messages
        WHERE case_id = c.id AND role = 'citizen' AND kind = 'request' AND received_at > c.answered_at""",
    # by kind: when the first mail of those that have left or will was sent, NULL = none; a held derivation notice does
    # not count; when the last one was sent that the relay took; how many have left, and how many were queued today;
    # whether the last that has reached its end did not arrive
    "mails: kind, at, sent_at, left, today, failed": f"""
        SELECT kind, min(coalesce(sent_at, created_at)) FILTER (WHERE {_TOLD}) AS at,
        max(sent_at) FILTER (WHERE state = 'sent') AS sent_at, count(*) FILTER (WHERE {_LEFT}) AS left,
        count(*) FILTER (WHERE created_at >= :midnight) AS today,
        max(id) FILTER (WHERE state = 'failed') > coalesce(max(id) FILTER (WHERE state = 'sent'), 0) AS failed
        FROM outbox WHERE case_id = c.id GROUP BY kind""",
    "term_named: fingerprint": f"""SELECT m.fingerprint FROM messages m WHERE m.case_id = c.id AND c.ends_on IS NOT NULL
        AND EXISTS(SELECT 1 FROM json_each(m.because) WHERE value = '{TERM_ENDS}' || c.ends_on)""",
    "calls_in_vain: at": """SELECT json_extract(data, '$.at') AS at FROM events
        WHERE case_id = c.id AND kind = 'call-not-reached' AND json_extract(data, '$.in_slot')""",
    # in the person's calendar, and in an agent's
    "call_told: data, at": f"""SELECT data, at FROM events WHERE case_id = c.id AND kind = '{CALL_TOLD}'
        AND coalesce(json_extract(data, '$.agent'), '') = '' ORDER BY id DESC LIMIT 1""",
    "call_held: data": f"""SELECT data FROM events WHERE case_id = c.id AND kind = '{CALL_TOLD}'
        AND json_extract(data, '$.agent') > '' ORDER BY id DESC LIMIT 1""",
    # what waits for a person by its text; of what was filed, all since the summary before the last that is filed
    "aside: fingerprint": f"""SELECT fingerprint FROM (SELECT m.id, m.fingerprint, m.received_at, r.reason, r.at,
          max(iif(r.reason IN {FILED}, r.at, '')) OVER () AS last
          FROM reviews r JOIN messages m ON m.fingerprint = r.fingerprint JOIN originals o ON o.key = m.original
          WHERE m.case_id = c.id AND m.role = 'citizen' AND m.kind <> 'request' AND r.done_at IS NULL
          AND r.reason IN {SET_ASIDE})
        WHERE reason NOT IN {FILED} OR at >= coalesce(({LAST_SUMMARY} AND created_at <= last), '')
        ORDER BY received_at, id""",
    "latest: fingerprint, received_at, role": f"""SELECT fingerprint, received_at, role FROM messages
        WHERE case_id = c.id AND (role = 'citizen' OR (role = 'agent' AND outcome = 'case'))
        ORDER BY received_at DESC, id DESC LIMIT {LATEST_MOST}""",
}
"""Part of the case `c`, with the columns of its rows -> these rows."""


def _part(part: str, rows: str) -> str:
    """Name and SQL expression of a part: an array of its rows, each an object."""
    name, _, columns = part.partition(": ")
    row = ", ".join(f"'{column}', {column}" for column in columns.split(", "))
    return f"'{name}', (SELECT json_group_array(json_object({row})) FROM ({rows}))"


_CASES = f"""SELECT c.*, p.address AS citizen, p.lang AS wish,
  (SELECT m.message_id FROM messages m WHERE m.fingerprint = substr(c.opened_by, instr(c.opened_by, ' ') + 1))
    AS opened_by_id,
  EXISTS(SELECT 1 FROM events e WHERE e.case_id = c.id AND e.kind IN ('corrected', 'confirmed')
    AND json_extract(e.data, '$.level') IS NOT NULL) AS level_by_hand,
  json_object({", ".join(_part(*part) for part in _PARTS.items())}) AS parts
  FROM json_each(:numbers) n CROSS JOIN cases c ON c.number = n.value JOIN people p ON p.id = c.citizen_id
  WHERE :erased OR c.erased_at IS NULL"""


def placeholders(items: Sequence[object]) -> str:
    return ",".join("?" * len(items))


def cases(
    con: sqlite3.Connection, policy: Policy, numbers: Sequence[str], now: datetime, *, erased: bool = True
) -> dict[str, CaseView]:
    """The cases of these numbers, those that exist. `erased`: also those of an erased person."""
    if not numbers:
        return {}
    midnight = now.astimezone(policy.office.timezone).replace(hour=0, minute=0, second=0, microsecond=0)
    asked = {"numbers": json.dumps(sorted(set(numbers))), "midnight": stamp(midnight), "erased": erased}
    today = midnight.date()
    rows = map(by_name, con.execute(_CASES, asked))
    return {row["number"]: _case(row, json.loads(row["parts"]), today) for row in rows}


def _case(row: Mapping[str, Any], parts: Mapping[str, Sequence[Mapping[str, Any]]], today: date) -> CaseView:
    """The case with what lies on it: those who wrote, deadlines, open questions, calls, messages, our mails."""
    wrote, mails = parts["wrote"], {mail["kind"]: mail for mail in parts["mails"]}
    first_sent = {kind: mail["at"] for kind, mail in mails.items() if mail["at"]}
    term = as_view(TermView, row, named_by=frozenset(message["fingerprint"] for message in parts["term_named"]))
    return as_view(
        CaseView,
        row,
        first_message=row["opened_by"].rpartition(" ")[2],  # store/apply.py:split_case
        participants=frozenset(writer["address"] for writer in wrote),
        reply_to=frozenset(writer["reply_to"] for writer in wrote if writer["reply_to"]),
        others=_others(row["citizen"], wrote),
        deadlines=tuple(
            as_view(Deadline, deadline, asked_from=frozenset(filter(None, (deadline["author"], deadline["reply_to"]))))
            for deadline in parts["deadlines"]
        ),
        messages=MessagesView(
            first_message_id=row["opened_by_id"] or "",
            asked=tuple(
                OpenQuestion(guest=request["side"], message=request["fingerprint"], at=at(request["at"]))
                for request in _open_questions(parts["asked"], parts["running"][0]["since"])
            ),
            asked_since=parts["asked_since"][0]["n"],
            latest=tuple(
                CaseMessage(
                    message=last["fingerprint"], at=at(last["received_at"]), by_office=last["role"] == Role.AGENT
                )
                for last in parts["latest"]
            ),
            aside=tuple(message["fingerprint"] for message in parts["aside"]),
        ),
        sent=SentView(
            kinds=frozenset(map(of_name, first_sent)),
            left=frozenset(of_name(kind) for kind, mail in mails.items() if mail["left"]),
            failed=frozenset(of_name(kind) for kind, mail in mails.items() if mail["failed"]),
            acks_today=mails[MailKind.ACK]["today"] if MailKind.ACK in mails else 0,
            surveyed_at=moment(first_sent.get(MailKind.SURVEY)),
        ),
        call=as_view(
            CallView,
            row,
            in_vain=tuple(datetime.fromisoformat(call["at"]) for call in parts["calls_in_vain"]),
            agreed=next(map(_agreed_call, parts["call_told"]), None),
            told_at=next((at(event["at"]) for event in parts["call_told"]), None),
            held=next(map(_agreed_call, parts["call_held"]), None),
        ),
        term=replace(term, near=is_near(term.ends_on, today)),
        services=as_view(
            ServicesView,
            row,
            nudged_at=moment(mails[MailKind.NUDGE]["sent_at"]) if MailKind.NUDGE in mails else None,
        ),
    )


def _agreed_call(event: Mapping[str, Any]) -> AgreedCall:
    """The call of the event `CALL_TOLD`, as core/cases.py writes it."""
    told = json.loads(event["data"])
    hours = (tuple(map(int, pair.split("-"))) for pair in told["hours"].split())
    return AgreedCall(
        begins=datetime.fromisoformat(told["begins"]),
        ends=datetime.fromisoformat(told["ends"]),
        hours=tuple((start, end) for start, end in hours),
        sequence=told["sequence"],
        cancelled=bool(told["cancelled"]),
        agent=told.get("agent", ""),
    )


def _open_questions(asked: Sequence[Mapping[str, Any]], since: str | None) -> Sequence[Mapping[str, Any]]:
    """The last request of each side, and its first ones since a response deadline runs; the citizen's first. `asked`:
    all requests, by time."""
    found: list[Mapping[str, Any]] = []
    for side in dict.fromkeys(request["side"] for request in asked):
        theirs = [request for request in asked if request["side"] == side]
        first = [request for request in theirs if since and request["at"] > since][:ASKED_MOST]
        found += first if theirs[-1] in first else [*first, theirs[-1]]
    return sorted(found, key=lambda request: (request["side"] != "", request["at"]))


def _others(citizen: str, wrote: Sequence[Mapping[str, Any]]) -> frozenset[str]:
    """The addresses of other citizens; who asks to be answered at one of the citizen's own is the citizen."""
    own = {citizen} | {writer["reply_to"] for writer in wrote if writer["address"] == citizen and writer["reply_to"]}
    others = [writer for writer in wrote if own.isdisjoint((writer["address"], writer["reply_to"]))]
    return frozenset(address for other in others for address in (other["address"], other["reply_to"]) if address) - own


def away(con: sqlite3.Connection, policy: Policy, now: datetime) -> frozenset[str]:
    """Return the addresses of the desk that are out of office: their last mail of the last days is a program's."""
    desk = sorted(policy.people.desk)
    rows = con.execute(
        f"""SELECT p.address FROM people p WHERE p.address IN ({placeholders(desk)}) AND (
          SELECT m.rule FROM messages m WHERE m.author_id = p.id AND m.received_at >= ?
          AND (m.rule = '{OUT_OF_OFFICE}' OR m.role = '{Role.AGENT}') ORDER BY m.received_at DESC, m.id DESC LIMIT 1
        ) = '{OUT_OF_OFFICE}'""",
        (*desk, stamp(now - AWAY_MOST)),
    )
    return frozenset(row["address"] for row in rows)


# --- Thread ----------------------------------------------------------------------------------------------------------
# What a relayed answer continues, by the case of its answer address, and the texts that must not be in it.

THREAD_MOST, MAILS_MOST, TEXTS_MOST = 10, 40, 200


def thread(con: sqlite3.Connection, lookup: Lookup) -> CaseThread | None:
    """None = the message goes to no answer address, or its case does not exist."""
    case = case_id(con, current_number(con, lookup.answer_for[0])) if lookup.answer_for else None
    if case is None:
        return None
    asked = _asked(con, case)
    said = [row["fresh"] for row in asked]
    among = _of_colleagues(con, case, lookup)
    footers = sender.internal_footers(among, _about_others(con, case, lookup)) if among else []
    message_ids, subject = _continued(con, case, asked)
    return CaseThread(
        message_ids=message_ids,
        subject=subject,
        internal=sender.internal_lines(_of_staff(con, case, lookup), but=said)
        | sender.internal_lines(among, but=[*said, *footers, *_of_the_writer(con, lookup)]),
    )


def continued(con: sqlite3.Connection, number: str) -> tuple[tuple[str, ...], str]:
    """Return what an answer to the person of this case continues: the Message-IDs of that person's messages, oldest
    first, and the subject of the last; ((), '') if there is no such case yet."""
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
    staff, sender = sorted(lookup.policy.people.staff), lookup.message.sender
    mails = con.execute(
        f"""SELECT m.mime FROM (SELECT id FROM outbox WHERE case_id = ? AND recipient IN ({placeholders(staff)}) UNION
          SELECT id FROM (SELECT o.id FROM outbox o JOIN mails m ON m.id = o.id WHERE o.recipient = ?
          ORDER BY o.id DESC LIMIT {MAILS_MOST})) found
        JOIN mails m ON m.id = found.id ORDER BY m.id DESC LIMIT {MAILS_MOST}""",
        (case, *staff, sender if sender in staff else ""),
    )
    yield from (_text(row["mime"]) for row in mails)
    yield from (row["text"] for row in con.execute("SELECT text FROM notes WHERE case_id = ?", (case,)))


def _of_colleagues(con: sqlite3.Connection, case: int, lookup: Lookup) -> list[str]:
    """What other staff wrote about the case among themselves."""
    where = """m.case_id = ? AND m.outcome = ? AND m.role <> ? AND p.address <> ?
        AND m.rule NOT IN ('relayed', 'not-relayed')"""
    return _written(con, where, case, Outcome.STAFF, Role.CITIZEN, lookup.message.sender)


def _about_others(con: sqlite3.Connection, case: int, lookup: Lookup) -> list[str]:
    """What other staff wrote about other cases."""
    where = (
        f"m.outcome = '{Outcome.STAFF}' AND m.case_id IS NOT NULL AND m.case_id <> ? AND m.role <> ? AND p.address <> ?"
    )
    return _written(con, where, case, Role.CITIZEN, lookup.message.sender)


def _of_the_writer(con: sqlite3.Connection, lookup: Lookup) -> list[str]:
    """What the writer wrote before: its signature and the town's footer are in colleagues' mails too. What was refused
    does not count, or it would be let through the second time."""
    return _written(con, "p.address = ? AND m.rule <> 'not-relayed'", lookup.message.sender)


def _written(con: sqlite3.Connection, where: str, *values: object) -> list[str]:
    """The own words of these messages, the latest first."""
    rows = con.execute(
        f"""SELECT m.fresh FROM messages m JOIN people p ON p.id = m.author_id WHERE {where}
        ORDER BY m.received_at DESC, m.id DESC LIMIT {TEXTS_MOST}""",
        values,
    )
    return [row["fresh"] for row in rows]


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
    found = (_plain(part) for part in below if isinstance(part, Message)) if isinstance(below, list) else ()
    return next((part for part in found if part is not None), None)
