"""The kinds of outgoing mail and their states: who gets a mail, when it leaves, what follows if it does not arrive.

The order of the queue, the limits, the SQL of the store and the envelope senders derive from these tables. The names
of kinds and states are stored in the outbox, that of the kind also in the field X-Oacmail-Kind (docs/interfaces.md). It
never decides whether a mail is sent, nor that an event happens.
"""

from collections.abc import Callable, Mapping
from enum import IntEnum, StrEnum, auto
from types import MappingProxyType

from msgspec import Struct, field

# --- Kinds -----------------------------------------------------------------------------------------------------------
# `LISTS_OF_CASES`, `_OTHER_NAMES` and the buttons (core/notices.py) are written by hand; all else derives from these
# rows.


class MailKind(StrEnum):
    """A kind of outgoing mail; also the name of its template, templates/<language>/<kind>.txt.j2. `RELAYED` has none: a
    person wrote it."""

    ACK = "ack"
    WARNED = "warned"
    PASSED_ON = "passed_on"
    PROGRESS = "progress"
    REFERRED = "referred"
    NOT_REACHED = "not_reached"
    SURVEY = "survey"
    RELAYED = "relayed"
    TERM = "term"
    OVERDUE = "overdue"
    OVERDUE_DIGEST = "overdue_digest"
    REMIND = "remind"
    DIGEST = "digest"
    IN_JUNK = "in_junk"
    RIGHTS = "rights"
    RIGHTS_DUE = "rights_due"
    OPINION = "opinion"
    LOW_SCORE = "low_score"
    DERIVED = "derived"
    NUDGE = "nudge"
    INCIDENT = "incident"
    SECOND_LEVEL = "second_level"
    SERVICES = "services"
    SOLVED = "solved"
    WAIT = "wait"
    ASSIGNED = "assigned"
    CALL = "call"
    AWAY = "away"
    POINTERS = "pointers"
    COMPLEX = "complex"
    SECRET = "secret"  # noqa: S105
    REMARK = "remark"
    UNSEEN_ANSWER = "unseen_answer"
    ANSWERS_ELSEWHERE = "answers_elsewhere"
    TRANSCRIPT = "transcript"
    NOT_RELAYED = "not_relayed"
    DRAFT = "draft"
    FORWARDED = "forwarded"
    WHICH_CASE = "which_case"
    MOVED_BACK = "moved_back"
    ANSWERED_TWICE = "answered_twice"
    BOUNCED = "bounced"
    NOTICE_LIST = "notice_list"
    REPORT = "report"
    ALERT = "alert"
    PROBE = "probe"


class Audience(StrEnum):
    """Who gets a kind of mail. `SEVERAL`: staff of several roles, by the case."""

    CITIZEN = auto()
    AGENTS = auto()
    SUPERVISOR = auto()
    TECHNICAL = auto()
    OFFICER = auto()
    OPERATOR = auto()
    DIGEST = auto()
    SEVERAL = auto()
    OFFICE = auto()
    REPORT = auto()


class Release(StrEnum):
    """When a mail leaves. `SERVICE_HOURS`: outside them it waits for the next opening; `OF_THE_DAY`: it is dropped
    then, since its content is out of date."""

    ANY_HOUR = auto()
    SERVICE_HOURS = auto()
    OF_THE_DAY = auto()


class Priority(IntEnum):
    """The order of the queue: a lower number leaves first. A flood of notices delays no acknowledgement."""

    ALERT = 0
    CITIZEN = 1
    DEADLINE = 2
    NOTICE = 3


class Budget(StrEnum):
    """The limits that a mail counts for (docs/subjects.md, "Acknowledgement budgets")."""

    NONE = auto()
    ACKNOWLEDGEMENTS = auto()
    NOTICES = auto()


class IfUncertain(StrEnum):
    """What follows if the relay gave no answer and no copy proves sending (docs/subjects.md, "Uncertain deliveries").

    `RESEND`: once more after a short wait, but held if copies are expected and none arrive; `RESEND_ALWAYS`: also then,
    after a longer wait, and dropped if nobody waits for an answer any more; `HOLD`: a person decides; `DROP`: nothing.
    """

    RESEND = auto()
    RESEND_ALWAYS = auto()
    HOLD = auto()
    DROP = auto()


class IfUndelivered(StrEnum):
    """How staff are told of a mail that did not arrive. `NOBODY`: a notice about a notice would never end;
    `AS_ANSWER`: the mail met the deadline of an answer, which is owed again."""

    NOBODY = auto()
    AS_ACK = auto()
    AS_ANSWER = auto()
    AS_OTHER = auto()


class CancelledBy(StrEnum):
    """What makes a queued mail about a case untrue. `DERIVATION_NOTICE`: the citizen is told that the case was passed
    on; `SOLVED`: somebody says that it is solved, or it leaves the technical services otherwise; `UNSOLVED`: it was
    said to be solved, and goes to the services again or leaves them; `OPENED_AGAIN`: the case was closed, and is open
    again."""

    ANSWER = auto()
    CLOSE = auto()
    DERIVATION_NOTICE = auto()
    SOLVED = auto()
    UNSOLVED = auto()
    OPENED_AGAIN = auto()


class EnvelopeSender(StrEnum):
    """`OFFICE`: the office's address; `ACK`: as `smtp.ack_envelope` says (docs/config.md)."""

    OFFICE = auto()
    ACK = auto()


Facts = Mapping[str, object]


class MailRules(Struct, frozen=True, kw_only=True):
    """What holds for one kind. `about_case`: the mail names one case and carries its token in the subject;
    `copy_of_staffs`: a self-copy is wanted also where the recipient is staff (mail to others always has one); `facts`:
    what its text may show, with what it is if nothing is known. Any other fact of a `Send` never reaches its template,
    except `case`, `token` and `buttons`."""

    kind: MailKind
    audience: Audience
    about_case: bool
    release: Release
    priority: Priority
    budget: Budget = Budget.NONE
    if_uncertain: IfUncertain
    if_undelivered: IfUndelivered = IfUndelivered.AS_OTHER
    cancelled_by: frozenset[CancelledBy] = frozenset()
    envelope: EnvelopeSender = EnvelopeSender.OFFICE
    copy_of_staffs: bool = False
    facts: Facts = field(default_factory=dict)


def _to_citizen(
    kind: MailKind, *cancelled_by: CancelledBy, if_undelivered: IfUndelivered, facts: Facts = MappingProxyType({})
) -> MailRules:
    """A mail that a person's word or a promise causes; whether it left decides what may be said next."""
    return MailRules(
        kind=kind, audience=Audience.CITIZEN, about_case=True, release=Release.ANY_HOUR, priority=Priority.CITIZEN,
        if_uncertain=IfUncertain.HOLD, if_undelivered=if_undelivered, cancelled_by=frozenset(cancelled_by),
        facts=facts,
    )  # fmt: skip


def _to_staff(
    kind: MailKind,
    audience: Audience,
    release: Release,
    *cancelled_by: CancelledBy,
    about_case: bool = True,
    priority: Priority = Priority.NOTICE,
    budget: Budget = Budget.NONE,
    if_undelivered: IfUndelivered = IfUndelivered.AS_OTHER,
    copied: bool = False,
    facts: Facts = MappingProxyType({}),
) -> MailRules:
    """Mail to staff has no copy to wait for, and twice is less harm than never."""
    return MailRules(
        kind=kind, audience=audience, about_case=about_case, release=release, priority=priority, budget=budget,
        if_uncertain=IfUncertain.RESEND, if_undelivered=if_undelivered, cancelled_by=frozenset(cancelled_by),
        copy_of_staffs=copied, facts=facts,
    )  # fmt: skip


_ANSWER, _CLOSE = CancelledBy.ANSWER, CancelledBy.CLOSE
_ANY_HOUR, _SERVICE_HOURS, _OF_THE_DAY = Release.ANY_HOUR, Release.SERVICE_HOURS, Release.OF_THE_DAY
_DEADLINE, _NOTICES = Priority.DEADLINE, Budget.NOTICES

# What the text of several kinds may show.
_CARD: Facts = {
    "opened_at": None, "due_at": None, "topic": "other", "case_level": "first", "intent": "question", "slot": None,
    "call_hours": (), "assignee": None, "text": "", "unreached": False, "filed": False,
}  # fmt: skip
_SECOND: Facts = {
    "opened_at": None, "due_at": None, "topic": "other", "operator": "town", "platform": "", "cause": "",
    "urgent": False, "ends_on": None, "ends_hour": None, "words": (),
}  # fmt: skip
_DIGEST: Facts = {
    "date": None, "waiting": 0, **dict.fromkeys(("overdue", "urgent", "due_today", "rights", "rest"), 0),
    **{f"{name}_cases": () for name in ("overdue", "urgent", "due_today", "rights", "rest")},
    **{f"more_{name}": 0 for name in ("overdue", "urgent", "due_today", "rights", "rest")}, "calls": 0,
    "calls_morning": (), "calls_afternoon": (), "derived": 0, "derived_cases": (), "more_derived": 0, "untold": (),
    "updates_today": (), "suggested": (), "incidents": (), "aside": 0, "set_aside": (), "more_set_aside": 0,
    "unreached": 0, "unreached_cases": (),
    "review": (), "more_review": 0, "load": (), "since": None, "arrived": 0, "answered": 0, "in_time": 0, "junk": 0,
    "unseen": (), "problems": (), "proved_at": None, "proof_missed": False, "proof_partial": False, "unaccounted": 0,
    "proved_cases": 0, "proved_messages": 0, "proved_mails": 0,
    "discrepancies": (), "more_discrepancies": 0, "purged_at": None, "purged_cases": 0, "purged_copies": 0,
}  # fmt: skip

_ROWS = (
    # --- to citizens ------------------------------------------------------------------------------
    MailRules(
        kind=MailKind.ACK, audience=Audience.CITIZEN, about_case=True, release=_ANY_HOUR, priority=Priority.CITIZEN,
        budget=Budget.ACKNOWLEDGEMENTS, if_uncertain=IfUncertain.RESEND_ALWAYS, if_undelivered=IfUndelivered.AS_ACK,
        cancelled_by=frozenset({_CLOSE}), envelope=EnvelopeSender.ACK,
        facts={"first": True, "secret": False, "road": "question", "slot": "any", "call_hours": (), "outside": False,
        "phone3": "", **dict.fromkeys(("new_language", "still_fails", "empty", "missing"), False), "ends_on": None,
        "ends_hour": None},
    ),
    MailRules(
        kind=MailKind.WARNED, audience=Audience.CITIZEN, about_case=True, release=_ANY_HOUR, priority=Priority.CITIZEN,
        budget=Budget.ACKNOWLEDGEMENTS, if_uncertain=IfUncertain.HOLD,
    ),
    _to_citizen(
        MailKind.PASSED_ON, _CLOSE, CancelledBy.SOLVED, if_undelivered=IfUndelivered.AS_ANSWER,
        facts={"cause": "", "ends_on": None},
    ),
    _to_citizen(
        MailKind.PROGRESS, _ANSWER, _CLOSE, CancelledBy.SOLVED, if_undelivered=IfUndelivered.AS_OTHER,
        facts={"nudged": False, "expected_on": None},
    ),
    _to_citizen(MailKind.REFERRED, if_undelivered=IfUndelivered.AS_ANSWER, facts={"pointer": {}}),
    _to_citizen(MailKind.NOT_REACHED, if_undelivered=IfUndelivered.AS_OTHER, facts={"calls": 2, "phone3": ""}),
    MailRules(
        kind=MailKind.SURVEY, audience=Audience.CITIZEN, about_case=True, release=_ANY_HOUR, priority=Priority.NOTICE,
        if_uncertain=IfUncertain.DROP, cancelled_by=frozenset({CancelledBy.OPENED_AGAIN}),
        facts={"silent": False, "votes": ()},
    ),
    _to_citizen(MailKind.RELAYED, if_undelivered=IfUndelivered.AS_ANSWER),
    # --- deadlines --------------------------------------------------------------------------------
    _to_staff(
        MailKind.OVERDUE, Audience.SUPERVISOR, _SERVICE_HOURS, _ANSWER, _CLOSE, CancelledBy.DERIVATION_NOTICE,
        priority=_DEADLINE,
        facts={**_CARD, "level": 1, "unread": (), "answered_at": None, "wrote_again": False,
        "not_to_all": False},
    ),
    _to_staff(
        MailKind.OVERDUE_DIGEST, Audience.SUPERVISOR, _SERVICE_HOURS, about_case=False, priority=_DEADLINE,
        facts={"cases": (), "unread": ()},
    ),
    _to_staff(
        MailKind.REMIND, Audience.AGENTS, _OF_THE_DAY, about_case=False, priority=_DEADLINE,
        facts={"cases": (), "urgent": False},
    ),
    _to_staff(
        MailKind.TERM, Audience.AGENTS, _ANY_HOUR, _ANSWER, _CLOSE, priority=_DEADLINE, budget=_NOTICES,
        facts={"opened_at": None, "due_at": None, "topic": "other", "ends_on": None, "ends_hour": None,
        "intent": "question", "slot": None, "call_hours": ()},
    ),
    _to_staff(
        MailKind.RIGHTS_DUE, Audience.OFFICER, _SERVICE_HOURS, priority=_DEADLINE,
        facts={"opened_at": None, "ends_at": None, "ended": False},
    ),
    _to_staff(
        MailKind.INCIDENT, Audience.TECHNICAL, _ANY_HOUR, about_case=False, priority=_DEADLINE,
        facts={"platform": "", "operator": "town", "since": None, "count": 0, "cases": ()},
    ),
    # --- notices ----------------------------------------------------------------------------------
    _to_staff(MailKind.DIGEST, Audience.DIGEST, _OF_THE_DAY, about_case=False, facts=_DIGEST),
    _to_staff(
        MailKind.OPINION, Audience.SUPERVISOR, _ANY_HOUR, budget=_NOTICES,
        facts={"opened_at": None, "due_at": None, "topic": "other", "intent": "complaint", "late": False, "text": ""},
    ),
    _to_staff(
        MailKind.LOW_SCORE, Audience.SUPERVISOR, _ANY_HOUR, budget=_NOTICES,
        facts={"opened_at": None, "topic": "other", "assignee": None, "score": 1, "signed": True},
    ),
    _to_staff(
        MailKind.RIGHTS, Audience.OFFICER, _ANY_HOUR, budget=_NOTICES,
        facts={"opened_at": None, "due_at": None, "ends_at": None, "text": ""},
    ),
    _to_staff(
        MailKind.DERIVED, Audience.TECHNICAL, _ANY_HOUR, CancelledBy.SOLVED, budget=_NOTICES,
        facts={**_SECOND, "why": "", "affected": 0, "text": ""},
    ),
    _to_staff(
        MailKind.NUDGE, Audience.TECHNICAL, _SERVICE_HOURS, _ANSWER, _CLOSE, CancelledBy.SOLVED, about_case=False,
        facts={"cases": ()},
    ),
    _to_staff(
        MailKind.SECOND_LEVEL, Audience.AGENTS, _SERVICE_HOURS, _ANSWER, _CLOSE, CancelledBy.DERIVATION_NOTICE,
        CancelledBy.SOLVED, budget=_NOTICES,
        facts={**_SECOND, "derived": False},
    ),
    _to_staff(
        MailKind.SERVICES, Audience.AGENTS, _SERVICE_HOURS, priority=_DEADLINE,
        facts={"said": "unread", "expected_on": None, "due_at": None, "update_on": None, "text": "", "refused": ""},
    ),
    _to_staff(
        MailKind.SOLVED, Audience.AGENTS, _SERVICE_HOURS, _CLOSE, CancelledBy.UNSOLVED, priority=_DEADLINE,
        facts={"due_at": None, "text": "", "draft": (), "drafted": "", "folder": ""},
    ),
    _to_staff(
        MailKind.WAIT, Audience.AGENTS, _SERVICE_HOURS, _CLOSE,
        facts={"opened_at": None, "due_at": None, "topic": "other", "filed": False},
    ),
    _to_staff(
        MailKind.ASSIGNED, Audience.AGENTS, _SERVICE_HOURS, _ANSWER, _CLOSE, priority=_DEADLINE,
        facts={**_CARD, "by": "", "urgent": False, "ends_on": None, "ends_hour": None},
    ),
    _to_staff(
        MailKind.CALL, Audience.AGENTS, _SERVICE_HOURS, priority=_DEADLINE,
        facts={"slot": "any", "call_hours": (), "off": "", "moved": False, "assignee": ""},
    ),
    _to_staff(
        MailKind.AWAY, Audience.SEVERAL, _SERVICE_HOURS, about_case=False, priority=_DEADLINE,
        facts={"who": "", "received_at": None, "cases": (), "text": ""},
    ),
    _to_staff(
        MailKind.POINTERS, Audience.AGENTS, _SERVICE_HOURS, budget=_NOTICES,
        facts={"opened_at": None, "due_at": None, "topic": "other", "pointers": ()},
    ),
    _to_staff(MailKind.COMPLEX, Audience.SEVERAL, _SERVICE_HOURS, budget=_NOTICES, facts=_CARD),
    _to_staff(MailKind.SECRET, Audience.AGENTS, _SERVICE_HOURS, budget=_NOTICES, facts={"received_at": None}),
    _to_staff(MailKind.REMARK, Audience.AGENTS, _SERVICE_HOURS, budget=_NOTICES, facts={"received_at": None}),
    _to_staff(
        MailKind.IN_JUNK, Audience.AGENTS, _SERVICE_HOURS, about_case=False, budget=_NOTICES,
        facts={"ref": "", "received_at": None, "opening": ""},
    ),
    _to_staff(MailKind.UNSEEN_ANSWER, Audience.AGENTS, _SERVICE_HOURS, budget=_NOTICES, facts={"received_at": None}),
    _to_staff(
        MailKind.ANSWERS_ELSEWHERE, Audience.AGENTS, _ANY_HOUR, budget=_NOTICES,
        facts={"address": "", "received_at": None},
    ),
    _to_staff(
        MailKind.MOVED_BACK, Audience.AGENTS, _ANY_HOUR, about_case=False, priority=_DEADLINE,
        facts={"folder": "", "reason": ""},
    ),
    _to_staff(
        MailKind.ANSWERED_TWICE, Audience.AGENTS, _ANY_HOUR, priority=_DEADLINE,
        facts={"first_at": None, "second_at": None},
    ),
    _to_staff(
        MailKind.TRANSCRIPT, Audience.AGENTS, _ANY_HOUR, priority=_DEADLINE,
        facts={**dict.fromkeys(("drafted", "folder", "reached", "moved"), ""), **dict.fromkeys(("no_answer",
        "to_person", "rest"), False), **dict.fromkeys(("orders", "services"), ())},
    ),
    _to_staff(
        MailKind.FORWARDED, Audience.SEVERAL, _ANY_HOUR, about_case=False, priority=_DEADLINE,
        facts={"doubt": "", "address": "", "received_at": None},
    ),
    _to_staff(MailKind.NOT_RELAYED, Audience.AGENTS, _ANY_HOUR, priority=_DEADLINE, facts={"reason": ""}),
    _to_staff(
        MailKind.DRAFT, Audience.AGENTS, _ANY_HOUR, priority=_DEADLINE,
        facts={**_CARD, "status": "open", "cause": "", "pointers": (), "outcome": "", "expected_on": None,
        "ends_on": None},
    ),
    _to_staff(
        MailKind.WHICH_CASE, Audience.AGENTS, _SERVICE_HOURS, about_case=False, priority=_DEADLINE,
        facts={"received_at": None, "cases": (), "subject": ""},
    ),
    _to_staff(
        MailKind.BOUNCED, Audience.SEVERAL, _SERVICE_HOURS, budget=_NOTICES, if_undelivered=IfUndelivered.NOBODY,
        facts={"what": "other", "received_at": None, "domain": "", "code": "", "said": ""},
    ),
    _to_staff(
        MailKind.NOTICE_LIST, Audience.SEVERAL, _SERVICE_HOURS, about_case=False,
        facts={"what": "", "count": 0, "cases": (), "more": 0, "text": ""},
    ),
    # Its copy tells a restored database that the month was sent.
    _to_staff(
        MailKind.REPORT, Audience.REPORT, _SERVICE_HOURS, about_case=False, copied=True,
        facts={"subject": "", "text": "", "page": {}},
    ),
    # --- the service itself -----------------------------------------------------------------------
    _to_staff(
        MailKind.ALERT, Audience.OPERATOR, _ANY_HOUR, about_case=False, priority=Priority.ALERT,
        facts={"code": "", "since": None, "lines": ()},
    ),
    MailRules(
        kind=MailKind.PROBE, audience=Audience.OFFICE, about_case=False, release=_ANY_HOUR, priority=Priority.NOTICE,
        if_uncertain=IfUncertain.DROP, if_undelivered=IfUndelivered.NOBODY,
        facts={"canary": False},
    ),
)  # fmt: skip
KINDS = {row.kind: row for row in _ROWS}


def those(holds: Callable[[MailRules], bool]) -> tuple[MailKind, ...]:
    """The kinds for whose row this holds, in the order of the rows."""
    return tuple(row.kind for row in _ROWS if holds(row))


TO_CITIZENS = frozenset(those(lambda row: row.audience is Audience.CITIZEN))
TEMPLATED = frozenset(KINDS) - {MailKind.RELAYED}
"""Kinds whose text is a template; the others are written by a person."""
AT_ANY_HOUR = frozenset(those(lambda row: row.release is Release.ANY_HOUR))
IN_SERVICE_HOURS = those(lambda row: row.release is not Release.ANY_HOUR)
OF_THE_DAY = frozenset(those(lambda row: row.release is Release.OF_THE_DAY))
ACKNOWLEDGEMENTS = those(lambda row: row.budget is Budget.ACKNOWLEDGEMENTS)
LIMITED_NOTICES = frozenset(those(lambda row: row.budget is Budget.NOTICES))
TO_OTHER_OFFICES = frozenset(those(lambda row: row.audience in (Audience.TECHNICAL, Audience.OFFICER)))
"""Kinds for readers who may have no access to the office's mailbox: their lists carry the messages."""
ALERTS = those(lambda row: row.priority is Priority.ALERT)
MEETS_DEADLINE = frozenset(those(lambda row: row.if_undelivered is IfUndelivered.AS_ANSWER))
"""Kinds that meet the deadline of an answer once they arrive; undelivered, the answer is owed again (R22)."""


WITH_CALL = (
    MailKind.ACK, MailKind.CALL, MailKind.NOT_REACHED, MailKind.PASSED_ON, MailKind.REFERRED
)  # fmt: skip
"""Kinds that may carry an agreed call for calendars (core/cases.py)."""
LISTS_OF_CASES = frozenset(
    {MailKind.IN_JUNK, MailKind.DIGEST, MailKind.OVERDUE_DIGEST, MailKind.REMIND, MailKind.NUDGE, MailKind.INCIDENT,
     MailKind.NOTICE_LIST, MailKind.TRANSCRIPT, MailKind.AWAY}
)  # fmt: skip
"""Kinds that name several cases, or a message without one: each order line of a reply begins with a number
(core/order_words.py)."""


def cancelled_by(what: CancelledBy) -> tuple[MailKind, ...]:
    """The kinds that are dropped from the queue when this happens to their case."""
    return those(lambda row: what in row.cancelled_by)


_OTHER_NAMES = {
    "urgent": MailKind.REMIND,
    "overdue-list": MailKind.OVERDUE_DIGEST,
    "held": MailKind.ALERT,
    "check": MailKind.PROBE,
    "canary": MailKind.PROBE,
}
"""How keys begin that do not begin with the name of their kind; rows that were imported by them bear these names."""


def of_name(name: str) -> MailKind:
    """The kind of a row of the outbox.

    :raises ValueError: there is no such kind.
    """
    return _OTHER_NAMES.get(name) or MailKind(name)


def of_key(key: str) -> MailKind:
    """The kind of the mail with this key, which stands before the first colon.

    :raises ValueError: there is no such kind.
    """
    return of_name(key.partition(":")[0])


# --- States ----------------------------------------------------------------------------------------------------------
# A pair of event and state that is not in the table changes nothing: an event that comes too late is no error.
# tests/outbox/test_outbox.py holds the SQL of the store to the table.


class MailState(StrEnum):
    """The state of a row of the outbox. `UNCERTAIN`: the mail was handed over without an answer; `HELD`: a person
    decides; `SHADOW`: the mail was written in shadow and never leaves."""

    QUEUED = "queued"
    SENDING = "sending"
    UNCERTAIN = "uncertain"
    SENT = "sent"
    FAILED = "failed"
    HELD = "held"
    DROPPED = "dropped"
    SHADOW = "shadow"


class MailEvent(StrEnum):
    """What can happen to a mail in the outbox.

    By the sender: `HANDING_OVER`: the relay has said 354; `RECOVERED`: the process that handed it over is gone. By the
    relay: `TAKEN`, `PUT_OFF` (4xx), `REFUSED` (5xx or too old), `NO_ANSWER`; `RELAY_AT_FAULT`: it took none of several,
    so its refusal does not count. By the mailbox: `COPY_SEEN`; `NAMED`: a message names its Message-ID; `REPORTED`: a
    report says that it was not delivered. By the rules: `RESCHEDULED`; `RESENT`: an uncertain one counts as not sent;
    `HELD`; `DROPPED`; `CANCELLED`: its case has changed. By a person: `RETRIED_BY_HAND`, `DROPPED_BY_HAND`. `KEY_LOST`:
    its copy can no longer be recognised.
    """

    HANDING_OVER = "handing_over"
    RECOVERED = "recovered"
    TAKEN = "taken"
    PUT_OFF = "put_off"
    REFUSED = "refused"
    NO_ANSWER = "no_answer"
    RELAY_AT_FAULT = "relay_at_fault"
    COPY_SEEN = "copy_seen"
    NAMED = "named"
    REPORTED = "reported"
    RESCHEDULED = "rescheduled"
    RESENT = "resent"
    HELD = "held"
    DROPPED = "dropped"
    CANCELLED = "cancelled"
    KEY_LOST = "key_lost"
    RETRIED_BY_HAND = "retried_by_hand"
    DROPPED_BY_HAND = "dropped_by_hand"


_S = MailState
IN_FLIGHT = (_S.SENDING, _S.UNCERTAIN)
"""The relay may have the mail, or get it at this moment."""
LIVE = (_S.QUEUED, *IN_FLIGHT)
NOT_ENDED = (*LIVE, _S.HELD)
"""It may still leave."""
_WAITING_FOR_A_PERSON = (_S.QUEUED, _S.UNCERTAIN, _S.HELD, _S.FAILED)


def _all_to(after: MailState, *before: MailState) -> Mapping[MailState, MailState]:
    return dict.fromkeys(before, after)


NEXT: Mapping[MailEvent, Mapping[MailState, MailState]] = {
    # --- the sender -------------------------------------------------------------------------------
    MailEvent.HANDING_OVER: _all_to(_S.SENDING, _S.QUEUED),
    MailEvent.RECOVERED: _all_to(_S.UNCERTAIN, _S.SENDING),
    # --- the relay: it may refuse before the hand-over; a copy that was seen before its answer proves more ---
    MailEvent.TAKEN: _all_to(_S.SENT, _S.SENDING, _S.SENT),
    MailEvent.PUT_OFF: _all_to(_S.QUEUED, _S.QUEUED, _S.SENDING),
    MailEvent.REFUSED: _all_to(_S.FAILED, _S.QUEUED, _S.SENDING),
    MailEvent.NO_ANSWER: _all_to(_S.UNCERTAIN, _S.SENDING),
    MailEvent.RELAY_AT_FAULT: _all_to(_S.QUEUED, _S.FAILED),
    # --- the mailbox ------------------------------------------------------------------------------
    # A copy proves that the relay took the mail, whatever was believed; a report or a person may have ended it since.
    MailEvent.COPY_SEEN: _all_to(_S.SENT, *LIVE, _S.HELD, _S.SENT),
    MailEvent.NAMED: _all_to(_S.SENT, _S.QUEUED, _S.UNCERTAIN, _S.HELD),
    MailEvent.REPORTED: _all_to(_S.FAILED, *_S),
    # --- the rules --------------------------------------------------------------------------------
    MailEvent.RESCHEDULED: _all_to(_S.QUEUED, _S.QUEUED),
    MailEvent.RESENT: _all_to(_S.QUEUED, _S.UNCERTAIN),
    MailEvent.HELD: _all_to(_S.HELD, _S.QUEUED, _S.UNCERTAIN),
    MailEvent.DROPPED: _all_to(_S.DROPPED, _S.QUEUED, _S.UNCERTAIN),
    # An uncertain one only if no copy can tell any more that it has left (store/outbox.py).
    MailEvent.CANCELLED: _all_to(_S.DROPPED, _S.QUEUED, _S.UNCERTAIN),
    MailEvent.KEY_LOST: _all_to(_S.HELD, *LIVE),
    # --- a person ---------------------------------------------------------------------------------
    MailEvent.RETRIED_BY_HAND: _all_to(_S.QUEUED, *_WAITING_FOR_A_PERSON),
    MailEvent.DROPPED_BY_HAND: _all_to(_S.DROPPED, *_WAITING_FOR_A_PERSON),
}


def applies(event: MailEvent, state: MailState) -> bool:
    return state in NEXT[event]
