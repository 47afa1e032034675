"""The names of the kinds, states and events of outgoing mail.

Values only. What holds for each kind, and which event leads from which state to which: core/kinds.py. The names of
kinds and states are stored in the outbox, that of the kind also in the field X-Oacmail-Kind (docs/interfaces.md).
"""

from enum import StrEnum


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


class MailState(StrEnum):
    """The state of a row of the outbox. `UNCERTAIN`: the mail was handed over without an answer; `HELD`: a person
    decides; `SHADOW`: the mail was written in shadow and never leaves."""

    QUEUED = "queued"
    CLAIMED = "claimed"
    SENDING = "sending"
    UNCERTAIN = "uncertain"
    SENT = "sent"
    FAILED = "failed"
    HELD = "held"
    DROPPED = "dropped"
    SHADOW = "shadow"


class MailEvent(StrEnum):
    """What can happen to a mail in the outbox.

    By the sender: `CLAIMED`; `RETURNED`: claimed, but not tried; `HANDING_OVER`: the relay has said 354;
    `RECOVERED`: the process that had claimed it is gone. By the relay: `TAKEN`, `PUT_OFF` (4xx), `REFUSED` (5xx or too
    old), `NO_ANSWER`; `RELAY_AT_FAULT`: it refuses everybody, so its refusal does not count. By the mailbox:
    `COPY_SEEN`; `NAMED`: a message names its Message-ID; `REPORTED`: a report says that it was not delivered. By the
    rules: `RESCHEDULED`; `RESENT`: an uncertain one counts as not sent; `HELD`; `DROPPED`; `CANCELLED`: its case has
    changed. By a person: `RETRIED_BY_HAND`, `DROPPED_BY_HAND`. `KEY_LOST`: its copy can no longer be recognised.
    """

    CLAIMED = "claimed"
    RETURNED = "returned"
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
