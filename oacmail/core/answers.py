"""What an answer does to a case, and what is told when answers are doubled, unseen, or only drafted (R14, R16, R22).

This module never decides whether a message *is* an answer, and nothing here goes to a citizen by itself.
"""

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta

from msgspec.structs import replace

from oacmail.core import calendar, kinds, notices, tokens
from oacmail.core.cases import CitizenRequest, can_be_told, has_notice, language_of_case, promised_by_answer
from oacmail.core.derivation import NEAR
from oacmail.core.effects import (
    AuditEvent,
    DropOutgoing,
    Effect,
    EndDeadlines,
    MoveDeadline,
    Send,
    StartDeadline,
    UpdateCase,
    UpdatePerson,
    WriteDraft,
)
from oacmail.core.kinds import CancelledBy, MailKind
from oacmail.core.model import DeadlineKind, Level, Status
from oacmail.core.policy import Pointer, Policy
from oacmail.core.review import UNSEEN
from oacmail.core.view import CaseColumns, Cases, CaseView, Deadline, OpenQuestion, OutgoingView

# --- Answers ---------------------------------------------------------------------------------------------------------
# Found in Sent, in an agent's proven copy, or logged by an admin (R16), an answer meets every deadline that started
# before it and none that started after it. On a derived case that nobody has said to be solved it is the derivation
# notice (R22): the case stays with the services, and the citizen is owed the outcome (R13).

SLOW_CLOCK = timedelta(hours=1)  # of a client that dates its own copy in Sent
LATE_SAME_DAY = "answered-late-same-day"  # the event
TERM = 1  # the level of the reminder that R32 adds to the ordinary one
FOLLOW_UP: tuple[DeadlineKind, ...] = ("nudge", "update")
NOT_LOCATED, REFERRAL = "not-located", "referral"  # notices of ours
"""How a case is answered whose person could not be reached by telephone (R27): the mail about it tells no outcome, and
not that the technical services have the case."""


def tells_outcome(case: CaseView, at: datetime) -> bool:
    """Whether an answer of that time ends the matter: any, but on a derived case only one after somebody has said that
    it is solved."""
    return case.status is not Status.DERIVED or (case.services.solved_at is not None and at >= case.services.solved_at)


def met_by_answer(case: CaseView, at: datetime) -> tuple[DeadlineKind, ...]:
    """The kinds of deadlines that an answer of that time meets."""
    return ("answer", "remind", *(FOLLOW_UP if tells_outcome(case, at) else ()))


def answered(
    policy: Policy,
    case: CaseView,
    *,
    at: datetime,
    key: str,
    how: str,
    guests: tuple[str, ...] = (),
    recipients: frozenset[str] | None = None,
) -> tuple[Effect, ...]:
    """`key` names the message or event that answered; `how`: the kind of answer, for the event log.

    `guests`: the answer went to guests or other citizens alone and meets only these deadlines (their `started_by`).
    Else it went to the citizen and to `recipients`, and other citizens of the case wait on; None = an agent says that
    all are answered.
    """
    waiting = () if recipients is None or guests else case.not_reached(recipients)
    case = replace(case, deadlines=tuple(deadline for deadline in case.deadlines if deadline not in waiting))
    crossed, outcome, told = _crossed(policy, case, at, guests), tells_outcome(case, at), how != NOT_LOCATED
    # What this answer meets; what it leaves running keeps the case open.
    running = case.running("answer")
    met_now = [
        deadline for deadline in running if deadline.started_at <= at and (not guests or deadline.started_by in guests)
    ]
    settled = not (waiting or len(met_now) < len(running))
    ended = outcome and settled and not crossed and case.status is not Status.CLOSED
    notice = not outcome and not guests and case.services.solved_at is None and told
    columns: CaseColumns = {"touched_at": at}
    if not guests and (case.answered_at is None or at < case.answered_at):
        columns["answered_at"] = at
    if ended:
        columns["status"] = Status.ANSWERED
    if notice:
        columns["told_at"] = at
    late = [
        deadline
        for deadline in met_now
        if deadline.level == 0 and calendar.is_late_same_day(deadline.due_at, at, policy)
    ]
    effects: list[Effect] = [
        *met(case, waiting, at=at, kinds=met_by_answer(case, at), guests=guests),
        UpdateCase(case=case.number, columns=columns),
        # An acknowledgement that may go still goes: it bears the number and the data-protection clause (`held` drops
        # the one that waits for its budget).
        *(
            out_of_date(case, CancelledBy.ANSWER if outcome else CancelledBy.DERIVATION_NOTICE)
            if told or outcome
            else ()
        ),
        *(promised_by_answer(policy, case, key=key, at=at) if notice else ()),
        *crossed,
        *(() if guests else (UpdatePerson(address=case.citizen, known=True),)),
        AuditEvent(kind="answered", case=case.number, data={"by": how, "message": key[:16], "at": at.isoformat()}),
        # Met after closing time on the due day (R19).
        *(
            AuditEvent(
                kind=LATE_SAME_DAY, case=case.number, data={"due_at": deadline.due_at.isoformat(), "at": at.isoformat()}
            )
            for deadline in late
        ),
    ]
    if ended:
        effects += silent_close(policy, case, at=at, key=key)
    return tuple(effects)


def met(
    case: CaseView,
    waiting: Sequence[Deadline],
    *,
    at: datetime,
    kinds: Sequence[DeadlineKind],
    guests: tuple[str, ...] = (),
) -> tuple[Effect, ...]:
    """What an answer of that time meets of these kinds: all but the deadlines in `waiting`, or those of `guests`."""
    if not waiting:
        return (EndDeadlines(case=case.number, how="met", at=at, kinds=tuple(kinds), started_by=guests),)
    left = {deadline.started_by for deadline in waiting}
    own = tuple(deadline.started_by for deadline in case.running("answer") if deadline.started_by not in left)
    follow_up = tuple(kind for kind in kinds if kind in FOLLOW_UP)
    asked = tuple(kind for kind in kinds if kind not in FOLLOW_UP)
    return (
        *((EndDeadlines(case=case.number, how="met", at=at, kinds=asked, started_by=own),) if own else ()),
        *((EndDeadlines(case=case.number, how="met", at=at, kinds=follow_up),) if follow_up else ()),
    )


def out_of_date(case: CaseView, by: CancelledBy) -> tuple[Effect, ...]:
    """What is queued about the case and is not true after this leaves no more."""
    return (DropOutgoing(case=case.number, kinds=kinds.cancelled_by(by)),)


def _crossed(policy: Policy, case: CaseView, at: datetime, guests: tuple[str, ...]) -> list[Effect]:
    """A new deadline for the first message that each side sent between the answer and our reading of it; such a message
    has no deadline but those that the answer meets. A guest's message waits with the others'."""
    effects: list[Effect] = []
    first: dict[str, OpenQuestion] = {}
    for asked in case.messages.asked:
        if asked.at > at:
            first.setdefault(asked.guest, asked)
    for asked in first.values():
        guest = bool(asked.guest) and asked.guest not in case.addresses | case.others
        deadlines = case.running("answer") if guest else case.promised(asked.guest)
        ended = [deadline.started_at <= at and (not guests or deadline.started_by in guests) for deadline in deadlines]
        if ended and all(ended) and not (guest and effects):
            effects += owed(policy, case, key=asked.message, at=asked.at)
    return effects


def silent_close(policy: Policy, case: CaseView, *, at: datetime, key: str) -> list[Effect]:
    """The deadline by which the case closes if nobody writes any more, counted from `at`; it replaces an earlier
    one."""
    renew: list[Effect] = [EndDeadlines(case=case.number, how="withdrawn", at=at, kinds=("close",))]
    if policy.deadlines.close_days:
        due = calendar.closing_of(calendar.working_day_after(at, policy.deadlines.close_days, policy), policy)
        renew.append(StartDeadline(started_by=key, kind="close", case=case.number, started_at=at, due_at=due))
    return renew


def undelivered(
    policy: Policy,
    case: CaseView,
    *,
    at: datetime,
    key: str,
    now: datetime,
    answer: str,
    counted_at: datetime | None = None,
) -> tuple[Effect, ...]:
    """An answer did not arrive: the case is due on the next working day, and the agents are told (R14).

    `key` names the message that says so, `at` its moment; `answer` the message that did not arrive, of which the agents
    hear once; `counted_at`: when it was taken for an answer. A later one that did arrive is not undone by it.
    """
    if counted_at is not None and case.answered_at is not None and case.answered_at - counted_at > SLOW_CLOCK:
        return (AuditEvent(kind="answer-undelivered", case=case.number, data={"message": key[:16]}),)
    first = counted_at is not None and case.answered_at == counted_at
    columns: CaseColumns = {"touched_at": at}
    if first:
        columns["answered_at"] = None
    changed: tuple[Effect, ...] = (UpdateCase(case=case.number, columns=columns),)
    deadline: tuple[Effect, ...] = ()
    if not case.promised():
        changed = opened_again(case, {**columns, "status": owed_as(case, counted_at)})
        deadline = owed(policy, case, key=f"undelivered:{key}", at=at)
    withdrawn: tuple[Effect, ...] = ()
    if counted_at is not None and counted_at == case.services.told_at:
        columns["told_at"] = None
        withdrawn = no_news_promised(case, now)
    facts = {"what": "answer", "received_at": at}
    return (
        AuditEvent(kind="answer-undelivered", case=case.number, data={"message": key[:16]}),
        *withdrawn,
        *changed,
        *deadline,
        *notices.notify_agents(
            policy, key=f"bounced:{answer}", kind=MailKind.BOUNCED, now=now, case=case.number, facts=facts
        ),
    )


def no_news_promised(case: CaseView, now: datetime) -> tuple[Effect, ...]:
    """What an agent's own words promised the person, who did not get them, is not due; what a notice promised is."""
    return () if has_notice(case) else (EndDeadlines(case=case.number, how="withdrawn", at=now, kinds=("update",)),)


def owed_as(case: CaseView, counted_at: datetime | None) -> Status:
    """The status of a case whose answer did not arrive: with the services as before if it was an answer on their case
    or told its outcome (R13)."""
    told = case.services.solved_at is not None and counted_at is not None and counted_at >= case.services.solved_at
    return Status.DERIVED if told or case.status is Status.DERIVED else Status.OPEN


def notice_undelivered(policy: Policy, cases: Cases, mail: OutgoingView, *, at: datetime) -> tuple[Effect, ...]:
    """The derivation notice or the referral did not arrive: the deadline that it met starts again, on the next working
    day (R22).

    `at` is when that was learned; () for any other mail.
    """
    case = cases.get(mail.case or "")
    if mail.kind not in (MailKind.PASSED_ON, MailKind.REFERRED) or case is None:
        return ()
    deadline: tuple[Effect, ...] = ()
    closed_by_it = case.close_reason == "answered" and mail.kind is MailKind.REFERRED
    if not case.running("answer") and (case.status is not Status.CLOSED or closed_by_it):
        deadline = owed(policy, case, key=f"undelivered:{mail.key}", at=at)
    columns: CaseColumns = {"status": Status.OPEN}
    if case.answered_at is not None and case.answered_at == mail.queued_at:
        columns["answered_at"] = None
    again = case.status is Status.ANSWERED or closed_by_it
    open_again = opened_again(case, columns) if again else ()
    return (EndDeadlines(case=case.number, how="withdrawn", at=at, kinds=("update",)), *open_again, *deadline)


def opened_again(case: CaseView, columns: CaseColumns) -> tuple[Effect, ...]:
    """The case is closed no longer, and a survey that has not left would say that it is."""
    survey = out_of_date(case, CancelledBy.OPENED_AGAIN) if case.sent.surveyed_at is not None else ()
    return (UpdateCase(case=case.number, columns={**columns, "closed_at": None, "close_reason": None}), *survey)


def owed(
    policy: Policy, case: CaseView, *, key: str, at: datetime, due_at: datetime | None = None
) -> tuple[Effect, ...]:
    """The deadline of an answer that the person of this case is owed from `at` on, in the ordinary time or by
    `due_at`."""
    due_at = due_at or calendar.answer_due(at, policy)
    return start_deadline(policy, case.number, key=key, at=at, due_at=due_at, ends_on=case.term.ends_on)


def start_deadline(
    policy: Policy, number: str, *, key: str, at: datetime, due_at: datetime, ends_on: date | None = None
) -> tuple[Effect, ...]:
    """Start a response deadline and its reminder. `ends_on`: the end of the person's own term, of which a second
    reminder tells."""
    remind = calendar.service_hours_before(due_at, policy.deadlines.remind_hours, policy)
    effects: list[Effect] = [StartDeadline(started_by=key, kind="answer", case=number, started_at=at, due_at=due_at)]
    if policy.deadlines.remind_hours and remind > at:
        effects.append(StartDeadline(started_by=key, kind="remind", case=number, started_at=at, due_at=remind))
    return (*effects, *(remind_of_term(policy, number, key=key, at=at, ends_on=ends_on) if ends_on else ()))


def due_otherwise(policy: Policy, deadline: Deadline, due_at: datetime) -> tuple[Effect, ...]:
    """A running response deadline is due at another time, and so is its reminder."""
    remind_at = calendar.service_hours_before(due_at, policy.deadlines.remind_hours, policy)
    return (
        MoveDeadline(started_by=deadline.started_by, kind="answer", due_at=due_at),
        MoveDeadline(started_by=deadline.started_by, kind="remind", due_at=remind_at),
    )


def remind_of_term(policy: Policy, number: str, *, key: str, at: datetime, ends_on: date) -> tuple[Effect, ...]:
    """The reminder of the person's own term (R32): at the first opening of the two days before its end, or the last one
    before them if both are closed; if that day has come, in time for the same day, or at once. None of a term that has
    passed. `key` names its cause."""
    hours, today = policy.deadlines.remind_hours, calendar.local_day(at, policy)
    if not hours or ends_on < today:
        return ()
    due = calendar.opening_before_end(ends_on, NEAR, policy)
    if calendar.local_day(due, policy) <= today:
        due = max(at, calendar.service_hours_before(calendar.same_day(at, policy), hours, policy))
    return (StartDeadline(started_by=key, kind="remind", case=number, started_at=at, due_at=due, level=TERM),)


# --- Answered twice --------------------------------------------------------------------------------------------------
# Two answers to one person within minutes: all agents are told once a day and case, since an answer in the shared
# mailbox does not say which of them wrote it. Each counts as any other.

TWICE_WITHIN = timedelta(minutes=15)


def warn_answered_twice(policy: Policy, case: CaseView, *, at: datetime, now: datetime) -> tuple[Send, ...]:
    """`at`: when the answer that has just been read was written; `case` as it stood before."""
    before = case.messages.latest[0] if case.messages.latest else None
    if before is None or not before.by_office or abs(at - before.at) > TWICE_WITHIN:
        return ()
    facts = {"first_at": min(before.at, at), "second_at": max(before.at, at)}
    key = f"{MailKind.ANSWERED_TWICE}:{case.number}:{calendar.local_day(now, policy)}"
    return notices.notify_agents(policy, key=key, kind=MailKind.ANSWERED_TWICE, now=now, case=case.number, facts=facts)


# --- Unseen answers --------------------------------------------------------------------------------------------------
# The person's reply answers a message that we do not know. It quotes an agent or goes to one, who answered from an
# address of their own without the office in copy: the agent is told once. Or it quotes the office, whose answer lies in
# a folder that is not watched, or in none: `status` and the digest name the case. No deadline is met: a quote is typed
# by whoever sends it.

MOST_AGENTS = 3


def tell_unseen(request: CitizenRequest, number: str) -> tuple[Effect, ...]:
    """Tell the agents whom the person's message answers, and record it; () = it answers what the office knows, or
    nobody of ours. What opens a case may quote a mail of the time before this desk."""
    policy, message, view = request.policy, request.message, request.view
    known = {earlier.message_id for earlier in view.named} | {mail.message_id for mail in view.mails}
    if not message.refs or message.refs[-1] in known:
        return ()
    desk = {*policy.people.agents, *policy.people.supervisor, *policy.people.operator} - {request.author}
    agents = [agent for agent in dict.fromkeys((*message.quotes_from, *message.to, *message.cc)) if agent in desk][
        :MOST_AGENTS
    ]
    mails = notices.notify(
        policy,
        agents,
        key=f"{MailKind.UNSEEN_ANSWER}:{number}",
        kind=MailKind.UNSEEN_ANSWER,
        now=request.now,
        case=number,
        facts={"received_at": request.received_at},
    )
    by_office = number in view.cases and any(map(policy.office.is_own, message.quotes_from[:1]))
    return (AuditEvent(kind=UNSEEN, case=number), *mails) if mails or by_office else ()


# --- Drafts ----------------------------------------------------------------------------------------------------------
# A draft answer from the office's templates (R3) lies in the folder of drafts of the office's mailbox; without such a
# folder, or an address to write to, an agent gets the text by mail. It is no answer before an agent has sent it.


def draft(
    policy: Policy,
    case: CaseView,
    *,
    folder: str,
    agents: Iterable[str],
    key: str,
    now: datetime,
    out_of_scope: bool = False,
    taken_back: bool = False,
) -> tuple[Effect, ...]:
    """An answer for an agent to complete, in the citizen's language. `folder`: that of drafts, '' = there is none;
    `agents`: who get the text then; `key` names the order. `taken_back`: it takes back that the services have it."""
    level = Level.OUT_OF_SCOPE if out_of_scope else case.level
    solved = case.status is Status.DERIVED and case.services.solved_at is not None
    expected_on = case.services.expected_on
    facts: notices.Facts = {
        **notices.case_card(case, notices.due_at(case)),
        "case_level": level,
        "cause": case.services.cause,
        "outcome": "taken_back" if taken_back else "solved" if solved else "",
        "expected_on": expected_on if expected_on and expected_on >= calendar.local_day(now, policy) else None,
        "pointers": tuple(map(draft_row, policy.pointers)) if level == Level.OUT_OF_SCOPE else (),
    }
    if folder and can_be_told(policy, case):
        return _written(policy, case, key=key, facts=facts)
    return notices.notify(
        policy,
        agents,
        key=f"{MailKind.DRAFT}:{key}",
        kind=MailKind.DRAFT,
        now=now,
        case=case.number,
        facts=facts,
        lang=language_of_case(policy, case),
    )


def draft_of_solution(policy: Policy, case: CaseView, *, folder: str, key: str) -> tuple[Effect, ...]:
    """What tells the citizen that the technical services have solved it; () where no draft can be."""
    if not folder or not can_be_told(policy, case):
        return ()
    return _written(policy, case, key=key, facts={"outcome": "solved"})


def draft_whereabouts(effects: Iterable[Effect], folder: str) -> dict[str, object]:
    """Where the agent finds the draft that these effects make, for a mail that says so."""
    for effect in effects:
        if isinstance(effect, WriteDraft):
            return {"drafted": "folder", "folder": folder}
        if isinstance(effect, Send) and effect.kind is MailKind.DRAFT:
            return {"drafted": "mail"}
    return {}


def draft_row(pointer: Pointer) -> dict[str, object]:
    """One body of `[[pointer]]`, as templates have it."""
    return {"body": pointer.body, "address": pointer.address, "phone": pointer.phone}


def _written(policy: Policy, case: CaseView, *, key: str, facts: notices.Facts) -> tuple[Effect, ...]:
    answer = WriteDraft(
        key=f"{MailKind.DRAFT}:{key}",
        case=case.number,
        recipient=case.citizen,
        token=tokens.case_token(policy, case.number),
        lang=language_of_case(policy, case),
        facts=facts,
    )
    return (answer, AuditEvent(kind="drafted", case=case.number))
