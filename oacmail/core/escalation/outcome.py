"""What the technical services or an agent say of a derived case: solved, expected on a day, not theirs, or taken back.

No derived case is forgotten: what ends the reminders and the updates starts a deadline, so that an agent tells the
citizen (R13). Nothing here writes to a citizen.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, datetime, time

from oacmail.core import calendar
from oacmail.core.cases import answers, drafts
from oacmail.core.cases.citizen_mail import has_notice, update_by
from oacmail.core.effects import AuditEvent, Effect, EndDeadlines, StartDeadline, UpdateCase
from oacmail.core.escalation.second_level import ANEW
from oacmail.core.model import Level, Status
from oacmail.core.outbox.kinds import CancelledBy
from oacmail.core.outgoing import MailKind
from oacmail.core.policy import Policy
from oacmail.core.view import CaseView


def solved(policy: Policy, case: CaseView, *, at: datetime, key: str, now: datetime, by: str) -> tuple[Effect, ...]:
    """Somebody says at `at` that the derived case is solved. `key` names the message or command, `by` who says so.

    The deadline starts beside one that runs: an answer written before `at` meets that one and tells no outcome.
    """
    return (
        UpdateCase(case=case.number, columns={"solved_at": at, "touched_at": at}),
        *_follow_up_ends(case, now),
        *answers.ask(
            policy,
            case.number,
            key=f"solved:{key}",
            at=at,
            due_at=_owed_by(policy, case, at),
            ends_on=case.ends_on,
        ),
        AuditEvent(kind="solved", case=case.number, data={"by": by, "at": at.isoformat()}),
    )


def expected(
    policy: Policy, case: CaseView, day: date, *, at: datetime, key: str, now: datetime, by: str
) -> tuple[Effect, ...]:
    """They expect to solve it by `day`: the next reminder comes at the opening of the working day after it.

    News that a notice has promised to the citizen are kept on their day, and say what is expected; the next are
    promised past it (core/cases/citizen_mail.py). Where no notice has promised a day, the first news wait as well.
    """
    zone = policy.office.timezone
    after = calendar.opening_days_after(datetime.combine(day, time(12), zone), 1, policy)
    since = min((deadline.started_at for deadline in case.running("nudge")), default=at)
    news: tuple[Effect, ...] = ()
    updates = case.running("update")
    if updates and not has_notice(case):
        due = max(after.astimezone(zone).date(), *(deadline.due_at.astimezone(zone).date() for deadline in updates))
        news = (
            EndDeadlines(case=case.number, how="void", at=now, kinds=("update",)),
            update_by(policy, case, key=f"expected:{key}", level=0, day=due, at=at),
        )
    return (
        UpdateCase(case=case.number, columns={"expected_on": day.isoformat(), "touched_at": at}),
        EndDeadlines(case=case.number, how="void", at=now, kinds=("nudge",)),
        StartDeadline(
            started_by=f"expected:{key}", kind="nudge", case=case.number, started_at=since, due_at=after, level=0
        ),
        *news,
        AuditEvent(kind="expected", case=case.number, data={"by": by, "on": day.isoformat()}),
    )


def not_theirs(policy: Policy, case: CaseView, *, at: datetime, key: str, now: datetime, by: str) -> tuple[Effect, ...]:
    """It is not for the services: the desk has it again, with a deadline."""
    return (
        *taken_back(policy, replace(case, told_at=None), at=at, key=f"not-theirs:{key}", now=now),
        AuditEvent(kind="not-theirs", case=case.number, data={"by": by}),
    )


def owed(effects: tuple[Effect, ...]) -> datetime | None:
    """When the citizen must hear of it, if these effects start a deadline for that."""
    return next((one.due_at for one in effects if isinstance(one, StartDeadline) and one.kind == "answer"), None)


def taken_back(policy: Policy, case: CaseView, *, at: datetime, key: str, now: datetime) -> tuple[Effect, ...]:
    """The case leaves the services unsolved and is the desk's again.

    It is open with a deadline. Without one it counts as answered only if an agent has written to the citizen since the
    services have it, and no notice has promised the outcome.
    """
    status = Status.OPEN
    more: tuple[Effect, ...] = ()
    if not case.promised():
        if case.told_at is not None and not has_notice(case):
            status, more = Status.ANSWERED, tuple(answers.silent_close(policy, case, at=case.told_at, key=key))
        else:
            due = _owed_by(policy, case, at)
            more = answers.ask(policy, case.number, key=key, at=at, due_at=due, ends_on=case.ends_on)
    return (
        UpdateCase(case=case.number, columns={"status": status, "touched_at": at, **ANEW}),
        *_follow_up_ends(case, now),
        *answers.out_of_date(case, CancelledBy.UNSOLVED),
        *more,
    )


def drafted(
    policy: Policy, case: CaseView, *, folder: str, agents: Iterable[str], key: str, now: datetime
) -> tuple[Effect, ...]:
    """The draft for the citizen of a case that leaves the services unsolved; () for one who had not heard of them."""
    if heard(case) not in ("both", "person"):
        return ()
    return drafts.draft(policy, case, folder=folder, agents=agents, key=key, now=now, taken_back=True)


def heard(case: CaseView) -> str:
    """Who has heard that the services have the case, which now leaves them unsolved: both | person | services |
    nobody."""
    person = MailKind.PASSED_ON in case.heard or case.told_at is not None
    services = MailKind.DERIVED in case.heard
    return "both" if person and services else "person" if person else "services" if services else "nobody"


def corrected(policy: Policy, case: CaseView, level: str, *, key: str, now: datetime) -> tuple[Effect, ...]:
    """What follows when an agent corrects the level of the case: not the second level, so not the services' case."""
    if case.status is not Status.DERIVED or not level or level == Level.SECOND:
        return ()
    return taken_back(policy, case, at=now, key=key, now=now)


def _follow_up_ends(case: CaseView, now: datetime) -> tuple[Effect, ...]:
    return (
        EndDeadlines(case=case.number, how="void", at=now, kinds=answers.FOLLOW_UP),
        *answers.out_of_date(case, CancelledBy.SOLVED),
    )


def _owed_by(policy: Policy, case: CaseView, at: datetime) -> datetime:
    """The next working day, or the day on which the citizen was promised news, whichever is earlier (R31)."""
    zone = policy.office.timezone
    promised = (
        calendar.closing_of(deadline.due_at.astimezone(zone).date(), policy) for deadline in case.running("update")
    )
    return min((calendar.answer_due(at, policy), *(due for due in promised if due > at)))
