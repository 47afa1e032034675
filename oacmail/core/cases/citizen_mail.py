"""Mails about a case to its citizen: that it was passed on, that it is not solved yet, and any other notice.

An agent must order the first notice (R22, template C); only a citizen who holds it gets the later ones (section 6 N).
No text of a mail is written here.
"""

from datetime import date, datetime

from oacmail.core import calendar
from oacmail.core.cases.recipient import language_of_case
from oacmail.core.effects import Effect, Send, StartDeadline
from oacmail.core.model import Status
from oacmail.core.outgoing import MailKind
from oacmail.core.policy import Policy
from oacmail.core.routing import signature
from oacmail.core.routing.derivation import soonest
from oacmail.core.view import CaseView

PASSED_ON, PROGRESS = MailKind.PASSED_ON, MailKind.PROGRESS


def is_told(case: CaseView) -> bool:
    """Whether the citizen knows that the case was passed on, by the notice or by an agent's own words."""
    return case.status is Status.DERIVED and (has_notice(case) or case.told_at is not None)


def has_notice(case: CaseView) -> bool:
    """Whether the citizen has the notice that the case was passed on, with the day of the next news."""
    return case.status is Status.DERIVED and PASSED_ON in case.told


def passed_on(policy: Policy, case: CaseView, *, key: str, cause: str, now: datetime) -> tuple[Effect, ...]:
    """The derivation notice and the deadline of the first update that it promises. `key` names the order; `cause`: what
    a person has found, '' = nobody has said anything of it, so that nothing is blamed."""
    day, today = followup_day(policy, now), now.astimezone(policy.office.timezone).date()
    facts: dict[str, object] = {"cause": cause, "followup": day, "ends_on": soonest(case.ends_on, today=today)}
    return (
        notice(policy, case, PASSED_ON, key=f"{PASSED_ON}:{key}", facts=facts, now=now),
        update_by(policy, case, key=key, level=0, day=day, at=now),
    )


def promised_by_answer(policy: Policy, case: CaseView, *, key: str, at: datetime) -> tuple[Effect, ...]:
    """The deadline of the first update, if an agent tells the citizen in their own words that the case was passed on
    and none runs. `key` names the answer."""
    if case.running("update"):
        return ()
    return (update_by(policy, case, key=key, level=0, day=followup_day(policy, at), at=at),)


def progress(policy: Policy, case: CaseView, *, key: str, level: int, now: datetime) -> tuple[Effect, ...]:
    """The update that is due today and the deadline of the next one. While the notice that promised it is held, the
    deadline alone."""
    day, today = _past_what_is_expected(policy, case, now), now.astimezone(policy.office.timezone).date()
    facts: dict[str, object] = {"followup": day, "nudged": _is_of(today, case.nudged_at, policy)}
    if case.expected_on is not None and case.expected_on >= today:
        facts["expected_on"] = case.expected_on
    told = notice(policy, case, PROGRESS, key=f"{PROGRESS}:{key}:{level}", facts=facts, now=now)
    again = update_by(policy, case, key=key, level=level + 1, day=day, at=now)
    return (told, again) if is_told(case) else (again,)


def followup_day(policy: Policy, now: datetime) -> date:
    """The local day by which the citizen gets the next update (R31)."""
    today = now.astimezone(policy.office.timezone).date()
    return calendar.add_working_days(today, policy.escalation.update_days, policy.workdays)


def _past_what_is_expected(policy: Policy, case: CaseView, now: datetime) -> date:
    """The local day of the next update: after the day by which the services expect to have solved it."""
    day = followup_day(policy, now)
    if case.expected_on is None or case.expected_on < day:
        return day
    return calendar.next_working_day(case.expected_on, policy.workdays)


def _is_of(day: date, moment: datetime | None, policy: Policy) -> bool:
    return moment is not None and moment.astimezone(policy.office.timezone).date() == day


def update_by(policy: Policy, case: CaseView, *, key: str, level: int, day: date, at: datetime) -> StartDeadline:
    """Due while there is still time to write on the promised day, and after the morning's digest has reminded the desk,
    who may have better news."""
    closing = calendar.closing_of(day, policy)
    due = calendar.service_hours_before(closing, policy.deadlines.remind_hours or 1, policy)
    return StartDeadline(started_by=key, kind="update", case=case.number, started_at=at, due_at=due, level=level)


def notice(
    policy: Policy, case: CaseView, kind: MailKind, *, key: str, facts: dict[str, object], now: datetime
) -> Send:
    """A mail to the citizen, in reply to the message that opened the case."""
    return Send(
        key=key,
        kind=kind,
        lang=language_of_case(policy, case),
        recipient=case.citizen,
        case=case.number,
        token=signature.token(policy, case.number),
        facts=facts,
        in_reply_to=case.first_message_id,
        refs=(case.first_message_id,) if case.first_message_id else (),
        automatic="auto-replied" if kind == PASSED_ON else "auto-generated",
        release=now,
    )
