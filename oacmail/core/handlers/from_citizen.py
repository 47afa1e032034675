"""What happens to a citizen's letter: the case it opens or joins, and the clock it arms.

Every request ends on a case with a clock (R14); courtesy is decided apart from it (`courtesy`), and may wait. The
citizen's second letter never postpones a deadline. Nothing here looks at raw headers or writes a word of the mails.
"""

from dataclasses import replace
from datetime import datetime

from oacmail.core import calendar
from oacmail.core.cases import acknowledgement, answers, call_backs, exposed_secrets, intent_actions, referrals
from oacmail.core.cases.request import Letter, read
from oacmail.core.effects import (
    Arrived,
    Attach,
    Change,
    Decision,
    Disarm,
    Effect,
    Note,
    OpenCase,
    Person,
    Reconsider,
    Review,
    Send,
)
from oacmail.core.escalation import incidents, second_level
from oacmail.core.escalation.repeat_contact import became_complex
from oacmail.core.model import Dmarc, Kind, Message, Outcome, Role, Status
from oacmail.core.policy import Policy
from oacmail.core.routing import forms, signature
from oacmail.core.routing.threading import ACKNOWLEDGED, Placing, fold_subject, is_reply, place
from oacmail.core.view import CaseView, LetterView, Running, View

ACKS_A_CASE_AND_DAY = 3
MACHINES = (Kind.AUTO_REPLY, Kind.BULK, Kind.BOUNCE)


def on_citizen(policy: Policy, view: View, inp: Arrived, now: datetime) -> Decision:
    decision = _placed(read(policy, view, inp, now))
    again = [Reconsider(fingerprint=known.fingerprint) for known in view.overtaken_by if known.case is None]
    return replace(decision, effects=(*decision.effects, *again)) if again else decision


def _placed(letter: Letter) -> Decision:
    policy, message = letter.policy, letter.message
    if forms.is_unknown(policy, message) and not letter.forced:
        return _open(letter, parent=None, rule="form-of-an-unknown-sender")  # whom it names may be a stranger's choice
    placing = place(message, letter.view, frozenset((letter.author,)), letter.received_at)
    kind = Kind.REQUEST if letter.forced else letter.reading.kind
    if placing.case is None:
        return _alone(letter, placing, kind)
    other = _other_matter(policy, message, placing.case, placing.rule, letter.received_at)
    if other and kind not in MACHINES:  # an autoresponder's subject is its own, and it opens no case
        return _open(letter, parent=placing.case.number, rule=f"{placing.rule}; child")
    return _join(letter, placing, placing.case, kind)


# --- a letter of no case -------------------------------------------------------------------------------


def _alone(letter: Letter, placing: Placing, kind: Kind) -> Decision:
    if kind is Kind.SPAM:
        return _aside(letter, Outcome.SPAM, "suspected-spam")
    if kind in MACHINES:
        # No header says so, only words do: a person looks at it, nobody is answered by mistake.
        return _aside(letter, Outcome.QUARANTINED, f"looks-automatic: {kind}")
    if kind is Kind.THANKS:
        return _thanks_without_reference(letter)
    return _open(letter, parent=placing.parent, rule=placing.rule)


def _aside(letter: Letter, outcome: Outcome, reason: str) -> Decision:
    attach = Attach(role=Role.CITIZEN, outcome=outcome, kind=letter.reading.kind, rule=reason, author=letter.author)
    return Decision(effects=(attach, Review(reason=reason)), because=(reason, *letter.reading.because))


def _thanks_without_reference(letter: Letter) -> Decision:
    live = [case for case in letter.view.cases.values() if case.citizen == letter.author != ""]
    if not live or letter.message.auth.dmarc is Dmarc.FAIL or _speaks_of_others(letter):
        return _aside(letter, Outcome.QUARANTINED, "thanks-without-a-case")
    case = max(live, key=lambda case: case.touched_at)
    return _filed(letter, case, guest=False, rule="thanks; latest case")


def _speaks_of_others(letter: Letter) -> bool:
    """It refers to somebody else's message or case, so the writer's latest case is not what it is about."""
    named = letter.view.named
    return bool(letter.view.tokened) or any(known.author != letter.author for known in named)


def _open(letter: Letter, *, parent: str | None, rule: str) -> Decision:
    policy, message = letter.policy, letter.message
    year = letter.received_at.astimezone(policy.office.timezone).year
    number = letter.view.reserved or signature.number(policy, year, letter.view.serial)
    effects: list[Effect] = [
        OpenCase(
            number=number,
            citizen=letter.author,
            name=letter.name,
            subject=message.subject,
            reading=letter.reading,
            opened_at=letter.received_at,
            due_at=letter.due_at,
            parent=parent,
        ),
        Attach(
            role=Role.CITIZEN,
            outcome=Outcome.CASE,
            kind=Kind.REQUEST,
            case=number,
            rule=rule,
            author=letter.author,
        ),
        *answers.ask(
            policy,
            number,
            key=message.fingerprint,
            at=letter.received_at,
            due_at=letter.due_at,
            urgent=letter.reading.urgent,
        ),
        Person(address=letter.author, name=letter.name or None, lang=acknowledgement.wished_language(letter)),
        Note(kind="opened", case=number, data={"rule": rule}),
        *_delayed(letter, number),
        *exposed_secrets.on_case(letter, number),
    ]
    effects += (*intent_actions.taken(letter, number), *referrals.suggested(letter, number))
    why = acknowledgement.why_not(letter)
    effects += [Review(reason=why)] if why else acknowledgement.acknowledge(letter, number, first=True)
    effects += (*second_level.by_letter(letter, number), *incidents.joined(letter, number))
    return Decision(effects=tuple(effects), because=(rule, *letter.reading.because, *((why,) if why else ())))


def _delayed(letter: Letter, number: str) -> tuple[Effect, ...]:
    """R18: it was long under way, and who wrote it waits longer than our deadline says."""
    sent_at = letter.message.sent_at
    if sent_at is None or not calendar.is_delayed(letter.received_at, sent_at):
        return ()
    minutes = int((letter.received_at - sent_at).total_seconds() // 60)
    return (Note(kind="delayed-in-transit", case=number, data={"minutes": minutes}),)


# --- a letter on a case --------------------------------------------------------------------------------


def _other_matter(policy: Policy, message: Message, case: CaseView, rule: str, received_at: datetime) -> bool:
    """A reply to a long-closed case, or by reference on another subject, opens a child."""
    if rule == ACKNOWLEDGED:
        return False
    if case.status is Status.CLOSED and case.closed_at is not None and policy.deadlines.reopen_days:
        zone = policy.office.timezone
        last = calendar.add_working_days(
            case.closed_at.astimezone(zone).date(), policy.deadlines.reopen_days, policy.workdays
        )
        if received_at.astimezone(zone).date() > last:
            return True
    by_reference = rule in ("our-message-id", "known-message-id")
    folded = fold_subject(message.subject)
    names_case = any(case.number in text for text in message.tokens) or is_reply(message.subject)
    return by_reference and not names_case and bool(folded) and folded != case.subject


def _join(letter: Letter, placing: Placing, case: CaseView, kind: Kind) -> Decision:
    decision = _filed_or_asked(letter, placing, case, kind)
    return replace(decision, effects=(*decision.effects, *_warning(letter, placing, case, decision)))


def _warning(letter: Letter, placing: Placing, case: CaseView, decision: Decision) -> tuple[Effect, ...]:
    """Of a secret: where an acknowledgement goes, it says so itself; a machine and a guest are told nothing."""
    told = any(isinstance(effect, Send) and effect.kind == "ack" for effect in decision.effects)
    return () if told or placing.guest or letter.reading.kind in MACHINES else exposed_secrets.warn(letter, case.number)


def _filed_or_asked(letter: Letter, placing: Placing, case: CaseView, kind: Kind) -> Decision:
    if kind is not Kind.REQUEST and kind is not Kind.SPAM:
        filed = _filed(letter, case, guest=placing.guest, rule=placing.rule)
        if kind is Kind.THANKS or case.running("answer"):
            return filed
        # Only its words look like a machine's, and nobody else will look at this case: a person does.
        return replace(filed, effects=(*filed.effects, Review(reason=f"looks-automatic: {kind}")))
    effects: list[Effect] = [
        _attach(letter, case, placing.guest, placing.rule),
        Change(case=case.number, columns={"touched_at": letter.received_at}),
        Person(address=letter.author, name=letter.name or None, lang=acknowledgement.wished_language(letter)),
        *(() if placing.guest else call_backs.wished(letter, case)),
        *exposed_secrets.on_case(letter, case.number),
        *_delayed(letter, case.number),
    ]
    because = [placing.rule, *letter.reading.because]
    # What a guest waits for may be answered to the guest alone: the case's own people do not wait behind it.
    waiting = case.running("answer") if placing.guest else case.promised()
    answer = None if waiting else _answered_already(letter, case)
    if answer is not None:
        effects += _was_answered(letter, case, answer)
        because.append("answered-before-it-was-read")
    elif not waiting:
        effects += _asks_anew(letter, case, guest=placing.guest)
        because.append("asks-anew")
    elif not placing.guest:
        effects += _presses(letter, case, waiting[0])
    effects += intent_actions.taken(letter, case.number)
    effects += _handed_on(letter, case, alone=placing.guest or answer is not None)
    return Decision(effects=tuple(effects), because=tuple(because))


def _handed_on(letter: Letter, case: CaseView, *, alone: bool) -> tuple[Effect, ...]:
    """To the technical services by what it says, or to the house since the person comes again and again. `alone`: a
    guest's letter, or one that was answered before it was read, says nothing of the level."""
    derived = () if alone else second_level.by_letter(letter, case.number, case)
    if derived:
        return (*derived, *incidents.joined(letter, case.number))
    return became_complex(
        letter.policy,
        case,
        letter=letter.message.fingerprint,
        at=letter.received_at,
        due_at=letter.due_at,
        now=letter.now,
    )


def _presses(letter: Letter, case: CaseView, clock: Running) -> list[Effect]:
    """The person names a term that is about to end, while an answer is due already (R32)."""
    if case.urgent or not letter.reading.urgent:
        return []
    at = letter.received_at
    return [
        Change(case=case.number, columns=_term(letter)),
        *answers.remind_the_same_day(letter.policy, case.number, key=clock.armed_by, at=at),
    ]


def _term(letter: Letter) -> dict[str, str | int | datetime | None]:
    ends_on = letter.reading.ends_on
    return {"urgent": int(letter.reading.urgent), "ends_on": ends_on.isoformat() if ends_on else None}


def _answered_already(letter: Letter, case: CaseView) -> LetterView | None:
    """An answer to this very letter that was read before it."""
    answers_to_it = (known for known in letter.view.overtaken_by if known.case == case.number)
    return next((known for known in answers_to_it if known.received_at >= letter.received_at), None)


def _was_answered(letter: Letter, case: CaseView, answer: LetterView) -> list[Effect]:
    """The promise is counted, and kept or not by the answer's own moment; nobody is told what he knows."""
    key, due = letter.message.fingerprint, letter.due_at
    return [
        *answers.ask(letter.policy, case.number, key=key, at=letter.received_at, due_at=due),
        Disarm(case=case.number, how="met", at=answer.received_at, kinds=answers.MET_BY_ANSWER),
    ]


def _attach(letter: Letter, case: CaseView, guest: bool, rule: str) -> Attach:
    return Attach(
        role=Role.CITIZEN,
        outcome=Outcome.CASE,
        kind=letter.reading.kind,
        case=case.number,
        guest=guest,
        rule=rule,
        author=letter.author,
    )


def _filed(letter: Letter, case: CaseView, *, guest: bool, rule: str) -> Decision:
    effects = (_attach(letter, case, guest, rule), *exposed_secrets.on_case(letter, case.number))
    return Decision(effects=effects, because=(rule, *letter.reading.because))


def _asks_anew(letter: Letter, case: CaseView, *, guest: bool) -> list[Effect]:
    """R23: a question after the answer arms a clock of its own; a guest's does too, but nothing automatic goes out."""
    due = letter.due_at
    status = Status.DERIVED if case.status is Status.DERIVED else Status.OPEN
    key, at, urgent = letter.message.fingerprint, letter.received_at, letter.reading.urgent and not guest
    columns = {"status": status, "closed_at": None, "close_reason": None, **({} if guest else _term(letter))}
    effects: list[Effect] = [
        *answers.ask(letter.policy, case.number, key=key, at=at, due_at=due, urgent=urgent),
        Change(case=case.number, columns=columns),
        Note(kind="asked-anew", case=case.number),
    ]
    if not guest and case.acks_today < ACKS_A_CASE_AND_DAY and not acknowledgement.why_not(letter):
        effects += acknowledgement.acknowledge(letter, case.number, first=False)
    return effects
