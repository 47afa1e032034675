"""The names of the kinds of outgoing mail. What holds for each kind: core/outbox/kinds.py.

Values only. The names are stored in the outbox and written into the field X-Oacmail-Kind (docs/interfaces.md).
"""

from enum import StrEnum


class MailKind(StrEnum):
    """A kind of outgoing mail; also the name of its template, templates/<language>/<kind>.txt.j2."""

    ACK = "ack"
    WARNED = "warned"
    PASSED_ON = "passed_on"
    PROGRESS = "progress"
    NOT_REACHED = "not_reached"
    OVERDUE = "overdue"
    OVERDUE_DIGEST = "overdue_digest"
    REMIND = "remind"
    DIGEST = "digest"
    RIGHTS = "rights"
    RIGHTS_DUE = "rights_due"
    OPINION = "opinion"
    DERIVED = "derived"
    NUDGE = "nudge"
    INCIDENT = "incident"
    SECOND_LEVEL = "second_level"
    POINTERS = "pointers"
    COMPLEX = "complex"
    SECRET = "secret"  # noqa: S105
    REMARK = "remark"
    BOUNCED = "bounced"
    NOTICE_LIST = "notice_list"
    ALERT = "alert"
    PROBE = "probe"
