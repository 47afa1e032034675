"""What an admin's command does to a case: the verbs of `oacmail case` (docs/interfaces.md section 2).

An answer in the mailbox, a logged contact or the notice that a case was passed on meets the deadline; a closing as
answered or by contact says that there was one, and sends nothing. A command that cannot be
carried out raises `Refused` with the reason and changes nothing. The caller decides who may give commands.
"""

from collections.abc import Callable
from datetime import date, datetime
from typing import Final

from oacmail.core import answers, calendar, callbacks, cases, deadlines, intents, notices, rights, services, survey
from oacmail.core.cases import CORRECTED_COLUMN, said_by_hand
from oacmail.core.derivation import soonest
from oacmail.core.effects import (
    AdminCommand,
    AuditEvent,
    CaseColumns,
    Decision,
    Effect,
    EndDeadlines,
    MergeCases,
    MoveDeadline,
    UpdateCase,
    UpdatePerson,
)
from oacmail.core.errors import Refused
from oacmail.core.kinds import CancelledBy, MailKind
from oacmail.core.model import COUNTED_LANGUAGES, Intent, Kind, Level, Status, Topic
from oacmail.core.notices import agent_of, assigned, notify
from oacmail.core.policy import Policy
from oacmail.core.rights import RequestSummary
from oacmail.core.view import CaseView, CommandView

CLOSE_REASONS = ("answered", "contact", "thanks", "spam", "duplicate")
CORRECTABLE: dict[str, tuple[str, ...]] = {
    "kind": tuple(Kind),
    "topic": tuple(Topic),
    "level": tuple(Level),
    "intent": tuple(Intent),
    "language": COUNTED_LANGUAGES,
}
_ALL: Final = ("answer", "remind", "nudge", "update", "close", "wait")


def on_admin_command(policy: Policy, view: CommandView, command: AdminCommand, now: datetime) -> Decision:
    case = view.cases[command.case]
    effects = _VERBS[command.verb](policy, view, case, command, now)
    event = AuditEvent(kind="ordered", case=case.number, data={"verb": command.verb, "by": command.by})
    return Decision(effects=(*effects, event), because=(f"ordered: {command.verb}",))


_Verb = Callable[[Policy, CommandView, CaseView, AdminCommand, datetime], tuple[Effect, ...]]


def _at(case: CaseView, command: AdminCommand, now: datetime) -> datetime:
    """When the contact took place: not later than now, not before the case was opened."""
    text = command.words.get("at", "")
    at = datetime.fromisoformat(text) if text else now
    if at > now:
        raise Refused("--at is in the future: give the time at which the contact took place")
    if at < case.opened_at:
        raise Refused(f"--at is before the case was opened ({case.opened_at.isoformat()}): give a later time")
    return at


def _assign(
    policy: Policy, view: CommandView, case: CaseView, command: AdminCommand, now: datetime
) -> tuple[Effect, ...]:
    """To nobody if the name is empty. Who gets the case hears it, or all agents do while that one is out of office; who
    took it knows it."""
    name = command.words["name"]
    changed = UpdateCase(case=case.number, columns={"assignee": name or None, "touched_at": now})
    if agent_of(policy, name) is None or name in (case.assignee, command.by):
        return (changed,)
    told = notify(
        policy,
        assigned(policy, name, view.away),
        key=f"{MailKind.ASSIGNED}:{_key(command, case, now)}",
        kind=MailKind.ASSIGNED,
        now=now,
        case=case.number,
        facts={**notices.case_card(case, notices.due_at(case)), "assignee": name, "by": command.by},
    )
    return (changed, *told)


def _note(
    policy: Policy, view: CommandView, case: CaseView, command: AdminCommand, now: datetime
) -> tuple[Effect, ...]:
    return (AuditEvent(kind="note", case=case.number, data={"by": command.by}, text=command.words["text"]),)


def _log_call(
    policy: Policy, view: CommandView, case: CaseView, command: AdminCommand, now: datetime
) -> tuple[Effect, ...]:
    at = _at(case, command, now)
    if command.words.get("outcome", "reached") != "reached":
        return callbacks.not_reached(policy, case, at=at, key=_key(command, case, now), now=now)
    return answers.answered(policy, case, at=at, key=_key(command, case, now), how="call")


def _key(command: AdminCommand, case: CaseView, now: datetime) -> str:
    """Names the order and what it causes; two orders of one moment are two."""
    return ":".join(filter(None, (command.verb, case.number, now.isoformat(), command.given_in)))


def _close(
    policy: Policy, view: CommandView, case: CaseView, command: AdminCommand, now: datetime
) -> tuple[Effect, ...]:
    reason = command.words["reason"]
    if reason == "answered" and command.given_in:  # by shell it says that somebody has answered elsewhere
        _refuse_if_waits(case)
    if reason == "thanks" and case.running("answer"):
        text = "the case waits for an answer: thanks cannot close it; log the contact with --reason contact"
        raise Refused(text, "waits")
    if reason in ("answered", "thanks") and case.services.solved_at is None:
        _refuse_if_derived(case)  # the person is owed the outcome, which no earlier answer has told
    met: tuple[Effect, ...] = ()
    if reason in ("answered", "contact"):
        # A contact of that moment has not answered what came later; a case without a deadline waits for nothing.
        at, waiting = _at(case, command, now), case.running("answer")
        later = [one.started_at for one in waiting if one.started_at > at]
        later += [one.at for one in case.messages.asked if waiting and one.at > at]
        if later:
            text = f"an answer to what came later ({min(later).isoformat()}) is owed: note the contact with log-call"
            raise Refused(text, "waits")
        met = answers.answered(policy, case, at=at, key=_key(command, case, now), how=reason)
    return (
        *met,
        rights.settled(case.number, met=reason in ("answered", "contact"), at=now),
        EndDeadlines(case=case.number, how="withdrawn", at=now, kinds=_ALL),
        *answers.out_of_date(case, CancelledBy.CLOSE),
        UpdateCase(case=case.number, columns={"status": Status.CLOSED, "closed_at": now, "close_reason": reason}),
        *survey.start_survey(policy, case, reason=reason, now=now),
        AuditEvent(kind="closed", case=case.number, data={"by": command.by, "reason": reason}),
    )


def _reopen(
    policy: Policy, view: CommandView, case: CaseView, command: AdminCommand, now: datetime
) -> tuple[Effect, ...]:
    if case.running("answer"):
        raise Refused("the case is already open, and an answer is due", "open-already")
    due = calendar.answer_due(now, policy)
    status = Status.DERIVED if case.status is Status.DERIVED else Status.OPEN
    return (
        *answers.opened_again(case, {"status": status}),
        *answers.ask(policy, case.number, key=_key(command, case, now), at=now, due_at=due, ends_on=case.term.ends_on),
    )


def _take_back(
    policy: Policy, view: CommandView, case: CaseView, command: AdminCommand, now: datetime
) -> tuple[Effect, ...]:
    """The desk works on it again, whatever its state was. A running deadline keeps running, else one starts now."""
    _refuse_if_derived(case)
    due, key = calendar.answer_due(now, policy), _key(command, case, now)
    asked = (
        ()
        if case.running("answer")
        else answers.ask(policy, case.number, key=key, at=now, due_at=due, ends_on=case.term.ends_on)
    )
    return (
        *answers.opened_again(case, {"status": Status.OPEN}),
        EndDeadlines(case=case.number, how="withdrawn", at=now, kinds=("close", deadlines.WAIT)),
        *asked,
    )


def _wait(
    policy: Policy, view: CommandView, case: CaseView, command: AdminCommand, now: datetime
) -> tuple[Effect, ...]:
    """The office waits for the person, perhaps until a day. This never stops a deadline that nobody has met."""
    if case.status is Status.CLOSED:
        raise Refused("the case is closed: reopen it first", "closed")
    _refuse_if_derived(case)
    day, key = command.words.get("day"), _key(command, case, now)
    return (
        UpdateCase(case=case.number, columns={"status": Status.WAITING, "touched_at": now}),
        *(deadlines.waits_until(policy, case, date.fromisoformat(day), key, now) if day else ()),
    )


def _refuse_if_waits(case: CaseView) -> None:
    """No order says that a case is answered while somebody waits; a logged contact may."""
    if case.running("answer") or case.answered_at is None:
        raise Refused("the person waits for an answer", "waits")


def _refuse_if_derived(case: CaseView) -> None:
    """No order but one of the outcome takes a case from the technical services unnoticed (R13)."""
    if case.status is Status.DERIVED:
        raise Refused("the technical services have the case: say first that it is solved, or take it back", "derived")


def _answered(
    policy: Policy, view: CommandView, case: CaseView, command: AdminCommand, now: datetime
) -> tuple[Effect, ...]:
    """It counts as answered again, by the answer that was seen. This meets no deadline."""
    _refuse_if_waits(case)
    _refuse_if_derived(case)
    return (
        *answers.opened_again(case, {"status": Status.ANSWERED}),
        EndDeadlines(case=case.number, how="withdrawn", at=now, kinds=(deadlines.WAIT,)),
        *answers.silent_close(policy, case, at=now, key=_key(command, case, now)),
    )


def _escalate(
    policy: Policy, view: CommandView, case: CaseView, command: AdminCommand, now: datetime
) -> tuple[Effect, ...]:
    """Second level: the services get the card and the original, the citizen the notice that meets the promise (R22)."""
    if case.status is Status.CLOSED:
        raise Refused("the case is closed: reopen it first, so that a deadline runs", "closed")
    if cases.has_notice(case) and case.services.solved_at is None:
        text = "the case is already with the technical services and the person knows it: answer the person"
        raise Refused(text, "derived-already")
    cause, why = command.words.get("cause", ""), command.words.get("why", "")
    return services.by_order(policy, view, case, cause=cause, why=why, key=_key(command, case, now), now=now)


def _solved(
    policy: Policy, view: CommandView, case: CaseView, command: AdminCommand, now: datetime
) -> tuple[Effect, ...]:
    """The problem is solved; the next answer to the citizen says so and ends the case (R13)."""
    _refuse_if_not_derived(case)
    return services.solved(
        policy, case, at=_at(case, command, now), key=_key(command, case, now), now=now, by=command.by
    )


def _until(
    policy: Policy, view: CommandView, case: CaseView, command: AdminCommand, now: datetime
) -> tuple[Effect, ...]:
    """The services expect to have it solved by this day."""
    _refuse_if_not_derived(case)
    day, key = date.fromisoformat(command.words["day"]), _key(command, case, now)
    return services.expected(policy, case, day, at=now, key=key, now=now, by=command.by)


def _not_theirs(
    policy: Policy, view: CommandView, case: CaseView, command: AdminCommand, now: datetime
) -> tuple[Effect, ...]:
    _refuse_if_not_derived(case)
    return services.not_theirs(policy, case, at=now, key=_key(command, case, now), now=now, by=command.by)


def _refuse_if_not_derived(case: CaseView) -> None:
    if case.status is not Status.DERIVED:
        raise Refused(
            "the case is not with the technical services: `oacmail case escalate` passes it on", "not-derived"
        )


def _merge(
    policy: Policy, view: CommandView, case: CaseView, command: AdminCommand, now: datetime
) -> tuple[Effect, ...]:
    into = view.cases.get(command.words["into"])
    if into is None or into.number == case.number:
        raise Refused("there is no other case of this number to merge into: see `oacmail case list`", "no-such-case")
    if into.status is Status.CLOSED and (case.running("answer") or case.status is Status.DERIVED):
        raise Refused("the other case is closed: reopen it first, somebody waits for an answer", "other-closed")
    # Of two citizens, each is answered alone. No notice nor outcome would reach the second, and no answer would meet
    # what no message of theirs has asked for, such as a case that was reopened.
    derived = Status.DERIVED in (case.status, into.status)
    if not case.addresses & into.addresses - {""} and (
        derived or any(not one.asked_from for one in case.running("answer"))
    ):
        text = "the cases are of two people, each with an answer of their own to come: leave them apart, answer each"
        raise Refused(text, "two-people")
    # The services hear of the merged case once, and so does its citizen.
    double = tuple(kind for kind in answers.FOLLOW_UP if case.running(kind) and into.running(kind))
    closed: CaseColumns = {"status": Status.CLOSED, "closed_at": now, "close_reason": "duplicate"}
    return (
        *((EndDeadlines(case=case.number, how="withdrawn", at=now, kinds=double),) if double else ()),
        MergeCases(case=case.number, into=into.number),
        *_goes_on(policy, case, into, now),
        UpdateCase(case=case.number, columns=closed),
        AuditEvent(kind="merged", case=into.number, data={"from": case.number}),
    )


def _goes_on(policy: Policy, case: CaseView, into: CaseView, now: datetime) -> tuple[Effect, ...]:
    """What `into`, which goes on, takes from the case that was merged into it."""
    columns: CaseColumns = {}
    effects: tuple[Effect, ...] = ()
    # A running deadline keeps it open, and a case with the technical services stays with them.
    if case.status is Status.DERIVED and into.status in (Status.OPEN, Status.WAITING, Status.ANSWERED):
        columns = {
            "status": Status.DERIVED,
            "level": Level.SECOND,
            "cause": case.services.cause,
            "platform": case.services.platform,
            "operator": case.services.operator,
            "solved_at": case.services.solved_at,
            "told_at": case.services.told_at,
            "expected_on": case.services.expected_on,
        }
    elif case.status is Status.DERIVED is into.status and (case.services.solved_at is None) is not (
        into.services.solved_at is None
    ):
        columns["solved_at"] = None
        effects = answers.out_of_date(into, CancelledBy.UNSOLVED)
    elif into.status is Status.ANSWERED and case.running("answer"):
        columns["status"] = Status.OPEN
    # The call that is due is listed with the case that waits for it.
    if case.intent == Intent.CALLBACK and case.running("answer") and into.intent == Intent.QUESTION:
        columns["intent"] = Intent.CALLBACK
        if case.call.slot:
            columns |= {"phone": case.call.phone, "slot": case.call.slot, "call_hours": case.call.call_hours}
    # The earlier of the two terms that have not passed is its term (R32); of the same day, the earlier hour.
    ends_on = soonest(case.term.ends_on, into.term.ends_on, today=calendar.local_day(now, policy))
    hours = (
        one.term.ends_hour for one in (case, into) if one.term.ends_on == ends_on and one.term.ends_hour is not None
    )
    ends_hour = min(hours, default=None)
    if ends_on is not None and (ends_on, ends_hour) != (into.term.ends_on, into.term.ends_hour):
        columns |= {"ends_on": ends_on, "ends_hour": ends_hour}
    return (*((UpdateCase(case=into.number, columns=columns),) if columns else ()), *effects)


def _set(policy: Policy, view: CommandView, case: CaseView, command: AdminCommand, now: datetime) -> tuple[Effect, ...]:
    """A correction: it replaces the classifier's value and is stored as an example."""
    columns: CaseColumns = {}
    for field, value in command.words.items():
        if value not in CORRECTABLE[field]:
            raise Refused(f"{field}: one of {', '.join(CORRECTABLE[field])}", "no-such-value")
        columns[CORRECTED_COLUMN[field]] = value
    words, key = command.words, _key(command, case, now)
    # The language is stored for the person, not for the case alone (Llei 1/1998, art. 9.1).
    speaks = words.get("language", "") if case.citizen else ""
    return (
        UpdateCase(case=case.number, columns=columns),
        *services.corrected(policy, case, words.get("level", ""), key=key, now=now),
        *_by_intent(policy, case, words.get("intent", ""), key=key, now=now),
        *((UpdatePerson(address=case.citizen, lang=speaks),) if speaks in policy.office.languages else ()),
        *said_by_hand(case, words),
    )


def _by_intent(policy: Policy, case: CaseView, intent: str, *, key: str, now: datetime) -> tuple[Effect, ...]:
    """What the corrected intent causes, as if the message had been read so."""
    if not intent or intent == case.intent:
        return ()
    effects: list[Effect] = []
    if case.intent == Intent.DATA_RIGHTS:
        effects.append(rights.settled(case.number, met=False, at=now))
    if Intent.DATA_RIGHTS in (intent, case.intent):
        for one in case.promised():
            due_at = calendar.due_by_intent(calendar.clock_start(one.started_at, one.sent_at, policy), intent, policy)
            remind_at = calendar.service_hours_before(due_at, policy.deadlines.remind_hours, policy)
            effects += [
                MoveDeadline(started_by=one.started_by, kind="answer", due_at=due_at),
                MoveDeadline(started_by=one.started_by, kind="remind", due_at=remind_at),
            ]
    request = RequestSummary(
        case=case.number,
        message=case.first_message,
        asked_at=case.opened_at,
        due_at=min((deadline.due_at for deadline in case.running("answer")), default=None),
        topic=case.topic,
        ordered=key,
    )
    return (*effects, *intents.by_intent(policy, intent, request, now))


_VERBS: dict[str, _Verb] = {
    "assign": _assign,
    "note": _note,
    "log-call": _log_call,
    "close": _close,
    "reopen": _reopen,
    "take-back": _take_back,
    "wait": _wait,
    "answered": _answered,
    "escalate": _escalate,
    "solved": _solved,
    "until": _until,
    "not-theirs": _not_theirs,
    "merge": _merge,
    "set": _set,
}
