"""What an admin's command does to a case: the verbs of `oacmail case` (docs/interfaces.md section 2).

An answer in the mailbox, a logged contact or the notice that a case was passed on meets the deadline; a closing as
answered or by contact says that there was one, and sends nothing. A command that cannot be
carried out raises `Refused` with the reason and changes nothing. The caller decides who may give commands.
"""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Final, NamedTuple

from oacmail.core import answers, calendar, callbacks, cases, deadlines, intents, notices, rights, services, survey
from oacmail.core.cases import CORRECTED_COLUMN, said_by_hand
from oacmail.core.derivation import soonest
from oacmail.core.effects import (
    AdminCommand,
    AuditEvent,
    Decision,
    Effect,
    EndDeadlines,
    MergeCases,
    UpdateCase,
    UpdatePerson,
)
from oacmail.core.errors import Refused
from oacmail.core.kinds import CancelledBy, MailKind
from oacmail.core.model import CLOSINGS, COUNTED_LANGUAGES, CloseReason, Intent, Kind, Level, Status, Topic
from oacmail.core.notices import agent_of, assigned, notify
from oacmail.core.policy import Policy
from oacmail.core.rights import RequestSummary
from oacmail.core.services import is_unsolved
from oacmail.core.view import CaseColumns, CaseView, CommandView

CORRECTABLE: dict[str, tuple[str, ...]] = {
    "kind": tuple(Kind),
    "topic": tuple(Topic),
    "level": tuple(Level),
    "intent": tuple(Intent),
    "language": COUNTED_LANGUAGES,
}
_ALL: Final = ("answer", "remind", "nudge", "update", "close", "wait")


_Effects = tuple[Effect, ...]


class _Given(NamedTuple):
    policy: Policy
    view: CommandView
    case: CaseView
    command: AdminCommand
    now: datetime

    @property
    def key(self) -> str:
        """Names the order and what it causes: after a loss the same mail, read again, causes the same once."""
        return f"{self.command.verb}:{self.case.number}:{self.command.given_in or self.now.isoformat()}"

    @property
    def at(self) -> datetime:
        """When the contact took place: not later than now, not before the case was opened."""
        text = self.command.words.get("at", "")
        at = datetime.fromisoformat(text) if text else self.now
        if at > self.now:
            raise Refused("--at is in the future: give the time at which the contact took place")
        if at < self.case.opened_at:
            opened = self.case.opened_at.isoformat()
            raise Refused(f"--at is before the case was opened ({opened}): give a later time")
        return at

    def ask(self) -> _Effects:
        """Start a response deadline now."""
        return answers.owed(self.policy, self.case, key=self.key, at=self.now)


def on_admin_command(policy: Policy, view: CommandView, command: AdminCommand, now: datetime) -> Decision:
    case, (carry_out, *guards) = view.cases[command.case], _VERBS[command.verb]
    for refuse in guards:
        refuse(case)
    effects = carry_out(_Given(policy, view, case, command, now))
    event = AuditEvent(kind="ordered", case=case.number, data={"verb": command.verb, "by": command.by})
    return Decision(effects=(*effects, event), because=(f"ordered: {command.verb}",))


def _assign(given: _Given) -> _Effects:
    """To nobody if the name is empty. Who gets the case hears it, or all agents do while that one is out of office; who
    took it knows it."""
    policy, case, command, now = given.policy, given.case, given.command, given.now
    name = command.words["name"]
    changed = (UpdateCase(case=case.number, columns={"assignee": name or None, "touched_at": now}),)
    if agent_of(policy, name) is None or name in (case.assignee, command.by):
        return changed
    mails = notify(
        policy,
        assigned(policy, name, given.view.away),
        key=f"{MailKind.ASSIGNED}:{given.key}",
        kind=MailKind.ASSIGNED,
        now=now,
        case=case.number,
        facts={
            **notices.case_card(case, notices.due_at(case)),
            "assignee": name,
            "by": command.by,
        },
    )
    return (*changed, *mails)


def _note(given: _Given) -> _Effects:
    by, text = given.command.by, given.command.words["text"]
    return (AuditEvent(kind="note", case=given.case.number, data={"by": by}, text=text),)


def _log_call(given: _Given) -> _Effects:
    if given.command.words.get("outcome", "reached") == "reached":
        return answers.answered(given.policy, given.case, at=given.at, key=given.key, how="call")
    return callbacks.not_reached(given.policy, given.case, at=given.at, key=given.key, now=given.now)


def _close(given: _Given) -> _Effects:
    policy, case, command, now = given.policy, given.case, given.command, given.now
    reason = CloseReason(command.words["reason"])
    closing = CLOSINGS[reason]
    if reason is CloseReason.ANSWERED and command.given_in:  # by shell it says that somebody has answered elsewhere
        _refuse_if_waits(case)
    if reason is CloseReason.THANKS and case.running("answer"):
        text = "the case waits for an answer: thanks cannot close it; log the contact with --reason contact"
        raise Refused(text, "waits")
    if closing.owes and case.services.solved_at is None:
        _refuse_if_derived(case)  # the person is owed the outcome, which no earlier answer has told
    met: tuple[Effect, ...] = ()
    if closing.answers:
        # A contact of that moment has not answered what came later; a case without a deadline waits for nothing.
        at, waiting = given.at, case.running("answer")
        later = [deadline.started_at for deadline in waiting if deadline.started_at > at]
        later += [question.at for question in case.messages.asked if waiting and question.at > at]
        if later:
            text = f"an answer to what came later ({min(later).isoformat()}) is owed: note the contact with log-call"
            raise Refused(text, "waits")
        met = answers.answered(policy, case, at=at, key=given.key, how=reason)
    return (
        *met,
        rights.settled(case.number, met=closing.answers, at=now),
        EndDeadlines(case=case.number, how="withdrawn", at=now, kinds=_ALL),
        *answers.out_of_date(case, CancelledBy.CLOSE),
        UpdateCase(case=case.number, columns={"status": Status.CLOSED, "closed_at": now, "close_reason": reason}),
        *survey.start_survey(policy, case, reason=reason, now=now),
        AuditEvent(kind="closed", case=case.number, data={"by": command.by, "reason": reason}),
    )


def _reopen(given: _Given) -> _Effects:
    if given.case.running("answer"):
        raise Refused("the case is already open, and an answer is due", "open-already")
    status = Status.DERIVED if given.case.status is Status.DERIVED else Status.OPEN
    return (*answers.opened_again(given.case, {"status": status}), *given.ask())


def _take_back(given: _Given) -> _Effects:
    """The desk works on it again, whatever its state was. A running deadline keeps running, else one starts now."""
    ended = EndDeadlines(case=given.case.number, how="withdrawn", at=given.now, kinds=("close", deadlines.WAIT))
    asked = () if given.case.running("answer") else given.ask()
    return (*answers.opened_again(given.case, {"status": Status.OPEN}), ended, *asked)


def _wait(given: _Given) -> _Effects:
    """The office waits for the person, perhaps until a day. This never stops a deadline that nobody has met."""
    waits = UpdateCase(case=given.case.number, columns={"status": Status.WAITING, "touched_at": given.now})
    if not (day := given.command.words.get("day")):
        return (waits,)
    until = deadlines.waits_until(given.policy, given.case, date.fromisoformat(day), given.key, given.now)
    return (waits, *until)


def _refuse_if_waits(case: CaseView) -> None:
    """No order says that a case is answered while somebody waits; a logged contact may."""
    if case.running("answer") or case.answered_at is None:
        raise Refused("the person waits for an answer", "waits")


def _refuse_if_closed(case: CaseView) -> None:
    if case.status is Status.CLOSED:
        raise Refused("the case is closed: reopen it first, so that a deadline runs", "closed")


def _refuse_if_derived(case: CaseView) -> None:
    """No order but one of the outcome takes a case from the technical services unnoticed (R13)."""
    if case.status is Status.DERIVED:
        raise Refused("the technical services have the case: say first that it is solved, or take it back", "derived")


def _answered(given: _Given) -> _Effects:
    """It counts as answered again, by the answer that was seen. This meets no deadline."""
    return (
        *answers.opened_again(given.case, {"status": Status.ANSWERED}),
        EndDeadlines(case=given.case.number, how="withdrawn", at=given.now, kinds=(deadlines.WAIT,)),
        *answers.silent_close(given.policy, given.case, at=given.now, key=given.key),
    )


def _escalate(given: _Given) -> _Effects:
    """Second level: the services get the card and the original, the citizen the notice that meets the promise (R22)."""
    if cases.has_notice(given.case) and given.case.services.solved_at is None:
        text = "the case is already with the technical services and the person knows it: answer the person"
        raise Refused(text, "derived-already")
    words = {name: given.command.words.get(name, "") for name in ("cause", "why")}
    return services.by_order(given.policy, given.view, given.case, **words, key=given.key, now=given.now)


def _solved(given: _Given) -> _Effects:
    """The problem is solved; the next answer to the citizen says so and ends the case (R13)."""
    return services.solved(given.policy, given.case, at=given.at, key=given.key, now=given.now, by=given.command.by)


def _until(given: _Given) -> _Effects:
    """The services expect to have it solved by this day."""
    day, by = date.fromisoformat(given.command.words["day"]), given.command.by
    return services.expected(given.policy, given.case, day, at=given.now, key=given.key, now=given.now, by=by)


def _not_theirs(given: _Given) -> _Effects:
    by = given.command.by
    return services.not_theirs(given.policy, given.case, at=given.now, key=given.key, now=given.now, by=by)


def _refuse_if_not_derived(case: CaseView) -> None:
    if case.status is not Status.DERIVED:
        text = "the case is not with the technical services: `oacmail case escalate` passes it on"
        raise Refused(text, "not-derived")


def _merge(given: _Given) -> _Effects:
    case, now = given.case, given.now
    into = given.view.cases.get(given.command.words["into"])
    if into is None or into.number == case.number:
        raise Refused("there is no other case of this number to merge into: see `oacmail case list`", "no-such-case")
    if into.status is Status.CLOSED and (case.running("answer") or case.status is Status.DERIVED):
        raise Refused("the other case is closed: reopen it first, somebody waits for an answer", "other-closed")
    # Of two citizens, each is answered alone. No notice nor outcome would reach the second, and no answer would meet
    # what no message of theirs has asked for, such as a case that was reopened.
    derived = Status.DERIVED in (case.status, into.status)
    owed = derived or any(not deadline.asked_from for deadline in case.running("answer"))
    if owed and not case.addresses & into.addresses - {""}:
        text = "the cases are of two people, each with an answer of their own to come: leave them apart, answer each"
        raise Refused(text, "two-people")
    # The services hear of the merged case once, and so does its citizen.
    double = tuple(kind for kind in answers.FOLLOW_UP if case.running(kind) and into.running(kind))
    closed: CaseColumns = {"status": Status.CLOSED, "closed_at": now, "close_reason": CloseReason.DUPLICATE}
    return (
        *((EndDeadlines(case=case.number, how="withdrawn", at=now, kinds=double),) if double else ()),
        MergeCases(case=case.number, into=into.number),
        *_goes_on(given.policy, case, into, now),
        UpdateCase(case=case.number, columns=closed),
        AuditEvent(kind="merged", case=into.number, data={"from": case.number}),
    )


def _goes_on(policy: Policy, case: CaseView, into: CaseView, now: datetime) -> _Effects:
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
    elif case.status is Status.DERIVED is into.status and is_unsolved(case) is not is_unsolved(into):
        columns["solved_at"] = None
        effects = answers.out_of_date(into, CancelledBy.UNSOLVED)
    elif into.status is Status.ANSWERED and case.running("answer"):
        columns["status"] = Status.OPEN
    # The call that is due is listed with the case that waits for it.
    if case.intent == Intent.CALLBACK and case.running("answer") and into.intent == Intent.QUESTION:
        columns["intent"] = Intent.CALLBACK
        if case.call.slot:
            columns |= {"phone": case.call.phone, "slot": case.call.slot, "call_hours": case.call.call_hours}
        if case.call.agreed:
            effects = (*effects, cases.call_told(into.number, case.call.agreed))
    # The earlier of the two terms that have not passed is its term (R32); of the same day, the earlier hour.
    ends_on = soonest(case.term.ends_on, into.term.ends_on, today=calendar.local_day(now, policy))
    terms = (term for term in (case.term, into.term) if term.ends_on == ends_on)
    ends_hour = min((term.ends_hour for term in terms if term.ends_hour is not None), default=None)
    if ends_on is not None and (ends_on, ends_hour) != (into.term.ends_on, into.term.ends_hour):
        columns |= {"ends_on": ends_on, "ends_hour": ends_hour}
    return (*((UpdateCase(case=into.number, columns=columns),) if columns else ()), *effects)


def _set(given: _Given) -> _Effects:
    """A correction: it replaces the classifier's value and is stored as an example."""
    policy, case, now = given.policy, given.case, given.now
    columns: CaseColumns = {}
    for field, value in given.command.words.items():
        if value not in CORRECTABLE[field]:
            raise Refused(f"{field}: one of {', '.join(CORRECTABLE[field])}", "no-such-value")
        columns[CORRECTED_COLUMN[field]] = value
    words, key = given.command.words, given.key
    # The language is stored for the person, not for the case alone (Llei 1/1998, art. 9.1).
    speaks = words.get("language", "") if case.citizen else ""
    return (
        UpdateCase(case=case.number, columns=columns),
        *services.corrected(policy, case, words.get("level", ""), key=key, now=now),
        *_by_intent(policy, case, words.get("intent", ""), key=key, now=now),
        *((UpdatePerson(address=case.citizen, lang=speaks),) if speaks in policy.office.languages else ()),
        *said_by_hand(case, words),
    )


def _by_intent(policy: Policy, case: CaseView, intent: str, *, key: str, now: datetime) -> _Effects:
    """What the corrected intent causes, as if the message had been read so."""
    if not intent or intent == case.intent:
        return ()
    effects: list[Effect] = []
    if case.intent == Intent.DATA_RIGHTS:
        effects.append(rights.settled(case.number, met=False, at=now))
    if Intent.DATA_RIGHTS in (intent, case.intent):
        for deadline in case.promised():
            asked_at = calendar.clock_start(deadline.started_at, deadline.sent_at, policy)
            effects += answers.due_otherwise(policy, deadline, calendar.due_by_intent(asked_at, intent, policy))
    request = RequestSummary(
        case=case.number,
        message=case.first_message,
        asked_at=case.opened_at,
        opened_at=case.opened_at,
        due_at=min((deadline.due_at for deadline in case.running("answer")), default=None),
        topic=case.topic,
        ordered=key,
    )
    return (*effects, *intents.by_intent(policy, intent, request, now))


_VERBS: Mapping[str, tuple[Callable[[_Given], _Effects], *tuple[Callable[[CaseView], None], ...]]] = {
    "assign": (_assign,),
    "note": (_note,),
    "log-call": (_log_call,),
    "close": (_close,),
    "reopen": (_reopen,),
    "take-back": (_take_back, _refuse_if_derived),
    "wait": (_wait, _refuse_if_closed, _refuse_if_derived),
    "answered": (_answered, _refuse_if_waits, _refuse_if_derived),
    "escalate": (_escalate, _refuse_if_closed),
    "solved": (_solved, _refuse_if_not_derived),
    "until": (_until, _refuse_if_not_derived),
    "not-theirs": (_not_theirs, _refuse_if_not_derived),
    "merge": (_merge,),
    "set": (_set,),
}
"""What carries a command out, and what refuses it before."""
