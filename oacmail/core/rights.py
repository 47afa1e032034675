"""Requests of data-protection rights: the officer gets the message at once, and a deadline of a month starts.

The month is the only clock (GDPR art. 12.3): an answer is due by its end too, and the summary names the case until an
agent closes it or says that it was none, which alone ends the month. A week before its end, and at its end, the officer
and the supervisor are told. Nothing here judges a right or its holder.
"""

from datetime import datetime, timedelta
from typing import Final

from msgspec import Struct

from oacmail.core import calendar
from oacmail.core.effects import AuditEvent, DeadlineReached, Effect, EndDeadlines, StartDeadline
from oacmail.core.kinds import MailKind
from oacmail.core.notices import notify
from oacmail.core.policy import Policy
from oacmail.core.view import DueView

RIGHTS: Final = "rights"  # the kind of the deadline
_BEFORE = timedelta(days=7)


class RequestSummary(Struct, frozen=True, kw_only=True):
    """A request as staff see it. `message`: its fingerprint; `opened_at`: of its case; `due_at`: of its answer;
    `ordered`: the key of the command by which a person says that it is one, '' = the message was read so."""

    case: str
    message: str
    asked_at: datetime
    opened_at: datetime
    due_at: datetime | None
    topic: str
    ordered: str = ""


def started(policy: Policy, intent: str, request: RequestSummary, now: datetime) -> tuple[Effect, ...]:
    """The officer's copy, the deadline of a month (level 0) and its warning (level 1)."""
    ends_at = calendar.month_due(request.asked_at, policy)
    return (
        *(
            StartDeadline(
                started_by=request.ordered or request.message,
                kind=RIGHTS,
                level=level,
                case=request.case,
                started_at=request.asked_at,
                due_at=due_at,
            )
            for level, due_at in enumerate((ends_at, ends_at - _BEFORE))
        ),
        AuditEvent(kind=RIGHTS, case=request.case, data={"due_at": ends_at.isoformat()}),
        *notify(
            policy,
            (policy.people.dpo,),
            key=f"{MailKind.RIGHTS}:{request.message}",
            kind=MailKind.RIGHTS,
            now=now,
            case=request.case,
            facts={"opened_at": request.asked_at, "ends_at": ends_at},
            attach=request.message,
        ),
    )


def settled(case: str, *, met: bool, at: datetime) -> EndDeadlines:
    """An agent has closed the case, and the request was answered (`met`); or an agent says that it was none."""
    return EndDeadlines(case=case, how="met" if met else "withdrawn", at=at, kinds=(RIGHTS,))


def remind(policy: Policy, due: DueView, now: datetime) -> list[Effect]:
    """The mails a week before the month ends, and at its end, while the case is open."""
    effects: list[Effect] = []
    for case, deadline in due.ready(RIGHTS, now):
        ends_at = calendar.month_due(deadline.started_at, policy)
        effects += [
            DeadlineReached(started_by=deadline.started_by, kind=RIGHTS, level=deadline.level, at=now),
            *notify(
                policy,
                (policy.people.dpo, *policy.people.supervisor),
                key=f"{MailKind.RIGHTS_DUE}:{deadline.started_by}:{deadline.level}",
                kind=MailKind.RIGHTS_DUE,
                now=now,
                case=case.number,
                facts={"opened_at": deadline.started_at, "ends_at": ends_at, "ended": ends_at <= now},
            ),
        ]
    return effects
