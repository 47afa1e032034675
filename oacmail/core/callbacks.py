"""Calls to citizens: the slot that is offered, what a further message says of the call, calls in vain (R25-R27).

Decides moments and counts, never whether a call is wanted (core/classification.py). The slot binds inside the
due day of the message (core/cases.py), on the day that the message names. A slot that comes later binds on the same
day and keeps the day that was agreed, unless a reply names one; another number changes no time. A call outside the
slot is noted and does not count. The program calls nobody.
"""

from collections.abc import Iterable, Mapping
from datetime import date, datetime

from msgspec.structs import replace

from oacmail.core import acknowledgement, answers, calendar, notices
from oacmail.core.cases import CitizenRequest, call_told, can_be_told, language_of_case, last_notice
from oacmail.core.days_named import day_named
from oacmail.core.effects import AuditEvent, Effect, UpdateCase
from oacmail.core.kinds import MailKind
from oacmail.core.model import Callback, Hours, Intent, Slot
from oacmail.core.order_words import folded
from oacmail.core.policy import Policy
from oacmail.core.view import AgreedCall, CaseColumns, CaseView, Deadline

NOT_REACHED = MailKind.NOT_REACHED
SHOWN = 3  # digits of the number that a mail repeats: others may read it


def acknowledgement_facts(request: CitizenRequest, case: CaseView | None = None) -> Mapping[str, object]:
    """What the acknowledgement says of the intent: "road", for a call also what `_offer` gives. `case`: the one that
    exists already."""
    intent, wish = request.reading.intent or Intent.QUESTION, request.reading.callback
    if intent is not Intent.CALLBACK:
        return {"road": str(intent)}
    if case is not None and wish is None:  # the subject of its case alone may ask for a call
        return {"road": Intent.QUESTION}
    wish = _at_known_number(wish or Callback(), case)
    begins = _not_before(_day_named(request, wish.said, request.due_at), request.asked_at, request.policy)
    return _offer(request, wish, begins, case.call.agreed if case else None)


def _at_known_number(wish: Callback, case: CaseView | None) -> Callback:
    """At the number that the case has, if the message gives none."""
    return replace(wish, phone=wish.phone or (case.call.phone if case else None))


def standing_facts(request: CitizenRequest, case: CaseView) -> Mapping[str, object]:
    """What the acknowledgement says of a case as it stands, as `acknowledgement_facts`; "road" is "nothing" where
    nobody waits for an answer."""
    waits = min(case.promised(request.author), key=lambda deadline: deadline.due_at, default=None)
    if waits is None:
        return {"road": "nothing"}
    # The intent is that of what was answered; of what was asked after it the day is known, and no call.
    road = case.intent if case.answered_at is None else Intent.QUESTION
    wish = Callback(phone=case.call.phone, slot=case.call.slot or "any", hours=case.call.call_hours)
    if road != Intent.CALLBACK:
        return {"road": road}
    if not _is_of_call(waits, wish.slot, request.policy):
        return {"road": Intent.QUESTION}
    told = case.call.agreed
    day = calendar.local_day(told.begins, request.policy) if told and not told.cancelled else None
    return _offer(request, wish, _not_before(day, _asked_at(waits, request.policy), request.policy), told)


def _offer(
    request: CitizenRequest, wish: Callback, asked_at: datetime, told: AgreedCall | None
) -> Mapping[str, object]:
    """The first slot that the writer chose and that had not begun when the call was asked for; if it is over, the next.
    "phone3" holds the last digits of the number; without one no call is offered. "call" is the same call as the one
    that was `told`, and changed where its time differs."""
    if not wish.phone:
        return {"road": "no_number", "slot": wish.slot, "call_hours": wish.hours}
    policy = request.policy
    begins, ends = calendar.callback_offer(asked_at, wish.slot, policy)
    if ends <= request.now:
        begins, ends = calendar.callback_offer(request.now, wish.slot, policy)
    call = AgreedCall(begins=begins, ends=ends, hours=wish.hours)
    if told is not None:
        same = replace(told, sequence=0) == call
        call = replace(call, sequence=told.sequence + (not same))
    left = max(begins, request.now).astimezone(policy.office.timezone)
    # The afternoon for a person who takes calls at any hour, where only the afternoon is left of the day.
    late = wish.slot == "any" and left.time() >= calendar.SLOTS["afternoon"][0]
    slot: Slot = "afternoon" if late else wish.slot
    hours = _hours_left(wish.hours, slot, left)
    return {
        **{"road": "callback", "call_day": left.date(), "slot": slot, "call_hours": hours},
        **{"outside": wish.outside, "phone3": wish.phone[-SHOWN:], "call": call},
    }


def _hours_left(hours: Iterable[Hours], slot: Slot, now: datetime) -> tuple[Hours, ...]:
    """What of the hours lies in the slot and is not over on the day of the call; () if that is the whole slot."""
    begins, ends = (moment.hour * 60 for moment in calendar.SLOTS[slot])
    minute = now.hour * 60 + now.minute
    left = ((max(start, begins), min(end, ends)) for start, end in hours if end >= minute)
    inside = tuple((start, end) for start, end in left if start <= end)
    return () if inside == ((begins, ends),) else inside


def wished(request: CitizenRequest, case: CaseView) -> tuple[Effect, ...]:
    """What a further message on the case says of the call: that one is wanted, the number that was missing, or in a
    reply a time that was not named yet, or another."""
    lacks_number = case.intent == Intent.CALLBACK and case.call.phone is None
    wish = request.reading.callback or (request.message.features.callback if lacks_number else None)
    wish = wish and _at_known_number(wish, case)
    if wish is None or not (wish.phone or lacks_number):
        other = request.message.features.other_time
        if other is None or not request.message.refs or not _is_due(case):
            return ()
        time_alone: CaseColumns = {"slot": other.slot, "call_hours": other.hours}
        wish = Callback(phone=case.call.phone, slot=other.slot, hours=other.hours, outside=other.outside)
        return (
            UpdateCase(case=case.number, columns=time_alone),
            *_due_by(request, case, other.slot),
            *_told_again(request, case, wish),
        )
    slot, hours = wish.slot, wish.hours
    if slot == "any" and not hours and case.call.slot and case.running("answer"):
        # Another number for the call that is due says nothing of its time.
        slot, hours = case.call.slot, case.call.call_hours
    columns: CaseColumns = {"intent": Intent.CALLBACK, "phone": wish.phone, "slot": slot, "call_hours": hours}
    return (
        UpdateCase(case=case.number, columns=columns),
        *_due_by(request, case, slot),
        *_told_again(request, case, replace(wish, slot=slot, hours=hours)),
    )


def _told_again(request: CitizenRequest, case: CaseView, wish: Callback) -> tuple[Effect, ...]:
    """Who was told of a call that is due hears its new time, and who was asked for its number hears its time, within
    the limits of acknowledgements."""
    told, waits = case.call.agreed, case.promised(request.author)
    was_asked = case.intent == Intent.CALLBACK and case.call.phone is None
    if not (waits and wish.phone and (was_asked or (told and not told.cancelled))):
        return ()
    policy = request.policy
    named = _day_named(request, folded(request.message.fresh), max(one.due_at for one in waits))
    day = named or (calendar.local_day(told.begins, policy) if told else None)
    facts = _offer(request, wish, _not_before(day, min(_asked_at(one, policy) for one in waits), policy), told)
    same = facts["call"] == told
    limited = case.sent.acks_today >= acknowledgement.ACKS_A_CASE_AND_DAY
    if same or limited or acknowledgement.why_not(request):
        return ()
    return acknowledgement.repeat(request, case, facts=facts, lang=language_of_case(policy, case))


def _day_named(request: CitizenRequest, said: str, due_at: datetime) -> date | None:
    """The day that the folded words `said` name, but none after that of `due_at`; None = they name none."""
    policy = request.policy
    today = calendar.written_on(request.received_at, request.message.sent_at, policy)
    day = day_named(said, today, policy.workdays)
    return min(day, calendar.local_day(due_at, policy)) if day else None


def _not_before(day: date | None, asked_at: datetime, policy: Policy) -> datetime:
    """The time from which a slot is offered: that of the request, or the beginning of a later day."""
    return max(asked_at, calendar.start_of(day, policy)) if day else asked_at


def in_calendars(policy: Policy, cases: Iterable[CaseView], now: datetime) -> list[Effect]:
    """The agent who has a case whose call is to be made has it in the calendar, as its person was told, and nobody else
    has: who has it otherwise hears what has changed. A slot that has begun is left alone once nobody is to call in it:
    who calls then knows it."""
    effects: list[Effect] = []
    for case in cases:
        call = _to_be_made(case, now)
        agent = notices.agent_of(policy, case.assignee) if call else None
        name = (agent or "").partition("@")[0]
        held = case.call.held if case.call.held and not case.call.held.cancelled else None
        if held and held.agent != name and (call or held.begins > now):
            effects += _told_agent(policy, case, replace(held, cancelled=True), now)
        if call and name and (held is None or replace(held, sequence=0) != replace(call, sequence=0, agent=name)):
            effects += _told_agent(policy, case, replace(call, agent=name), now)
    return effects


def _to_be_made(case: CaseView, now: datetime) -> AgreedCall | None:
    """The agreed call for which the case waits: of what was asked after its person was told, it is none."""
    call, told_at = case.call.agreed, case.call.told_at
    if call is None or told_at is None or call.cancelled or call.ends <= now or case.intent != Intent.CALLBACK:
        return None
    return call if any(deadline.started_at <= told_at for deadline in case.running("answer")) else None


def _told_agent(policy: Policy, case: CaseView, call: AgreedCall, now: datetime) -> tuple[Effect, ...]:
    """The call as an agent's calendar has it from now on, and the mail that says so."""
    last, to_be_made = case.call.held, _to_be_made(case, now)
    call = replace(call, sequence=call.sequence if last is None else last.sequence + 1)
    agent = notices.agent_of(policy, call.agent)
    facts = {
        **{"call": call, "call_day": calendar.local_day(call.begins, policy)},
        **{"slot": case.call.slot, "call_hours": call.hours, "assignee": case.assignee or ""},
        "moved": last is not None and last.agent == call.agent and not last.cancelled,
        "off": "" if not call.cancelled else "reassigned" if to_be_made else "ended",
    }
    key = f"{MailKind.CALL}:{case.number}:{call.sequence}:{'off' if call.cancelled else 'on'}"
    to = (agent,) if agent else ()
    return (
        call_told(case.number, call),
        *notices.notify(policy, to, key=key, kind=MailKind.CALL, now=now, case=case.number, facts=facts),
    )


def _is_due(case: CaseView) -> bool:
    return case.intent == Intent.CALLBACK and bool(case.running("answer"))


def _asked_at(deadline: Deadline, policy: Policy) -> datetime:
    return calendar.clock_start(deadline.started_at, deadline.sent_at, policy)


def _is_of_call(deadline: Deadline, slot: Slot, policy: Policy) -> bool:
    """Whether it is due when a call in this slot is; that of a question asked before the call was wished may not be."""
    return deadline.due_at == calendar.call_due(_asked_at(deadline, policy), slot, policy)


def _due_by(request: CitizenRequest, case: CaseView, slot: Slot) -> tuple[Effect, ...]:
    """The agreed call is due at the end of the new slot on its due day, unless that slot has begun: then, and once it
    is late, the due time stays."""
    policy, old = request.policy, case.call.slot or "any"
    if slot == old or not _is_due(case):
        return ()
    effects: list[Effect] = []
    for one in case.promised(request.author):
        if one.level or not _is_of_call(one, old, policy) or one.due_at <= request.now:
            continue
        asked_at = _asked_at(one, policy)
        if calendar.callback_begins(asked_at, slot, policy) <= request.received_at:
            continue
        due_at = calendar.call_due(asked_at, slot, policy)
        if due_at == one.due_at:
            continue
        moved = AuditEvent(kind="call-moved", case=case.number, data={"due_at": due_at.isoformat()})
        effects += (*answers.due_otherwise(policy, one, due_at), moved)
    return tuple(effects)


def calls_in_vain(policy: Policy, case: CaseView, at: datetime) -> int | None:
    """How many calls in the slot have reached nobody since the person who waits now has asked, with one at `at`; 0 =
    that one is outside the slot, None = nobody waits for a call."""
    asked = min((deadline.started_at for deadline in case.running("answer")), default=None)
    slot = case.call.slot or ("any" if case.intent == Intent.CALLBACK else None)
    if slot is None or asked is None:
        return None
    begins, ends = calendar.SLOTS[slot]
    in_slot = begins <= at.astimezone(policy.office.timezone).time() < ends
    return sum(call >= asked for call in case.call.in_vain) + 1 if in_slot else 0


def not_reached(policy: Policy, case: CaseView, *, at: datetime, key: str, now: datetime) -> tuple[Effect, ...]:
    """An agent called at `at` and reached nobody. So many calls in the slot (`callback.attempts`), and a mail that says
    how to reach us, are an answer (R27). `key` names the command."""
    calls = calls_in_vain(policy, case, at) or 0
    event = AuditEvent(
        kind="call-not-reached", case=case.number, data={"at": at.isoformat(), "in_slot": int(calls > 0)}
    )
    if calls < policy.call_attempts or not can_be_told(policy, case):
        return (event,)
    facts: dict[str, object] = {"calls": calls, "phone3": (case.call.phone or "")[-SHOWN:]}
    return (
        event,
        *last_notice(policy, case, NOT_REACHED, key=f"{NOT_REACHED}:{key}", facts=facts, now=now),
        *answers.answered(policy, case, at=at, key=key, how=answers.NOT_LOCATED, recipients=frozenset()),
    )
