"""What follows from staff mail: an answer in Sent, an agent's proven copy, a colleague's forward, or a remark without
proof.

An answer needs proof of its author: it is in Sent and did not arrive by SMTP, or our own mail exchanger vouches for the
agent (R16; docs/subjects.md, "Who wrote"). Without proof the message is stored as a remark, changes nothing, and its
author is informed. Staff never get automatic mail as if they were citizens.
"""

from datetime import datetime

from msgspec.structs import replace

from oacmail.core import acknowledgement, answers, calendar
from oacmail.core.effects import (
    AuditEvent,
    Decision,
    Effect,
    Reconsider,
    RecordMessage,
    Remember,
    RequestReview,
    ReviewDone,
    Send,
    UpdateCase,
)
from oacmail.core.handlers import from_citizen
from oacmail.core.handlers.from_citizen import has_forward_subject, third_person_asked
from oacmail.core.handlers.from_machine import concerns
from oacmail.core.handlers.from_services import is_services_reply, on_services_reply
from oacmail.core.kinds import TO_CITIZENS, MailKind
from oacmail.core.lookup import Lookup, reads_automatic
from oacmail.core.model import Auto, Dmarc, Kind, Outcome, Role, regex
from oacmail.core.notices import notify
from oacmail.core.order_words import folded, read_orders, sent_alone
from oacmail.core.orders.buttons import alert_forged
from oacmail.core.orders.mail import (
    hint_at_orders,
    in_mail_to_others,
    is_order_mail,
    key_of_reply,
    on_order_mail,
    on_own_note,
    transcript,
)
from oacmail.core.policy import Policy
from oacmail.core.relayed import on_relayed_answer
from oacmail.core.sender import Sender, to_office_alone
from oacmail.core.stored_values import FORWARDED_BY
from oacmail.core.threading import ThreadMatch, match_case
from oacmail.core.view import CaseView, OutgoingView, View

GUESSES = ("same-subject", "same-text")
EMPTY = "empty-answer"
TO_OTHERS = "to-others"
"""The rule of a mail about a case to nobody of it that we know; who wrote what is not read yet may be among them."""


def in_sent_folder(policy: Policy, view: View, lookup: Lookup, now: datetime) -> Decision:
    """A message in Sent. It matches a case by its recipients, not by its author."""
    message = lookup.message
    if message.auth.from_outside:
        return _set_aside("in-sent-but-came-by-smtp", Role.AGENT)
    if message.marks:  # it came back to us: a stranger's Reply-To named an envelope sender of ours
        return _set_aside(acknowledgement.TO_OUR_ENVELOPE, Role.AGENT)
    if message.auto is not Auto.NONE:
        return _recorded(Role.AGENT, Outcome.AUTOMATIC, "automatic-in-sent")
    if lookup.answer_for and not _has_it(view, lookup):
        return on_relayed_answer(policy, view, lookup, Role.AGENT, now)
    if lookup.own_note and (ordered := on_own_note(policy, view, lookup, now)):
        return ordered
    return _written_by_staff(policy, view, lookup, Role.AGENT, "answer-in-sent", now)


def on_staff_message(policy: Policy, view: View, lookup: Lookup, writer: Sender, now: datetime) -> Decision:
    """A message from a staff address outside Sent."""
    if writer.proven:
        if lookup.answer_for and not _has_it(view, lookup):
            return on_relayed_answer(policy, view, lookup, writer.role, now)
        inside = not lookup.outsiders
        if inside and is_services_reply(policy, view, lookup, writer):
            return on_services_reply(policy, view, lookup, writer, now)
        if writer.role is Role.AGENT and inside and from_citizen.is_asked_which_case(view):
            chosen = from_citizen.on_choice(policy, view, lookup, now)
            if chosen is not None:
                return chosen
        asked = _forward_in_question(view) if inside else None
        if asked is not None and (replied := _on_confirmation(policy, view, lookup, asked, now)):
            return replied
        if inside and _is_forward(view, lookup):
            return _on_forward(policy, view, lookup, writer.role, now)
        # By its subject alone: an order of one word may read like a program's text.
        by_agent = writer.role is Role.AGENT and not lookup.message.features.marked_as
        if by_agent and inside and is_order_mail(policy, view, lookup):
            return on_order_mail(policy, view, lookup, now)
        return _written_by_staff(policy, view, lookup, writer.role, "answer-with-office-in-copy", now)
    # Without proof it changes nothing. One alert a day if our own mail exchanger reports that staff mail is forged.
    match = _match(view, lookup, frozenset((lookup.message.sender,)))
    decision = (
        _set_aside(f"{writer.rule}: no case", writer.role)
        if match.case is None
        else _remark(policy, lookup, writer, match.case, now)
    )
    forged = lookup.message.auth.dmarc is Dmarc.FAIL
    return decision.plus(*alert_forged(policy, lookup, now)) if forged else decision


def _written_by_staff(policy: Policy, view: View, lookup: Lookup, role: Role, how: str, now: datetime) -> Decision:
    match = _match(view, lookup, lookup.outsiders)
    if reads_automatic(lookup):  # an out-of-office is no answer (R16); an agent looks, in case a person wrote it
        robot, because = f"looks-automatic: {Kind.AUTO_REPLY}", lookup.reading.because
        review, kind = RequestReview(reason=robot), Kind.AUTO_REPLY
        return _recorded(role, Outcome.QUARANTINED, robot, review, case=match.case, kind=kind, because=because)
    decision = _written_by_a_person(policy, view, lookup, role, how, match, now)
    if not lookup.outsiders:
        return decision
    answers, ordered = EMPTY not in decision.because, role is Role.AGENT
    return decision.plus(*in_mail_to_others(policy, view, lookup, decision.case, now, ordered=ordered, answers=answers))


def _written_by_a_person(
    policy: Policy, view: View, lookup: Lookup, role: Role, how: str, match: ThreadMatch, now: datetime
) -> Decision:
    message, recipients, answer = lookup.message, lookup.outsiders, lookup.answer
    # Whether the person got no word and no file, or orders alone, which an agent meant for the desk. A forward says
    # what it brings; what was not read whole may say anything.
    says_nothing = False
    if answer is not None and not has_forward_subject(lookup):
        only_orders = role is Role.AGENT and bool(sent_alone(message.fresh))
        says_nothing = answer.says_nothing or (only_orders and not answer.attaches)

    if match.case is None or match.rule in GUESSES:
        match, candidates = _of_a_new_mail(view, lookup, recipients, match)
        if candidates and says_nothing:
            return _empty(None)
        if candidates:
            return from_citizen.ask_which_case(policy, lookup, candidates, role, now)
    case = match.case
    if case is None:
        if how == "answer-in-sent":  # the desk's own correspondence; in INBOX its author expects something of the desk
            return _recorded(role, Outcome.STAFF, how)
        aside = _set_aside("staff-without-case", role)
        alone = role is Role.AGENT and to_office_alone(policy, lookup.arrived)
        return aside.plus(*hint_at_orders(policy, view, lookup, now)) if alone else aside

    # To its citizen, or to guests, who alone meet only the deadlines that they have started.
    own = not recipients.isdisjoint(case.addresses)
    asked = () if own else case.running("answer")
    guests = tuple(deadline.started_by for deadline in asked if not recipients.isdisjoint(deadline.asked_from))
    if not guests and not own:
        to_citizen = _to_a_citizen(case, recipients)
        how = TO_OTHERS if recipients and not has_forward_subject(lookup) else "staff-message"
        touched = UpdateCase(case=case.number, columns={"touched_at": lookup.received_at})
        outcome, rule = Outcome.CASE if to_citizen else Outcome.STAFF, f"{how}; {match.rule}"
        filed = _recorded(role, outcome, rule, touched, case=case)
        return filed if to_citizen else filed.plus(*third_person_asked(view, lookup))
    if says_nothing:
        return _empty(case)

    # A client with a slow clock dates its copy in Sent before the question that it answers.
    at = max((lookup.received_at, *(known.received_at for known in view.named if known.case == case.number)))
    record = RecordMessage(role=Role.AGENT, outcome=Outcome.CASE, kind=Kind.REQUEST, case=case.number, rule=match.rule)
    key = message.fingerprint
    if view.staff.undelivered is not None and concerns(policy, view.staff.undelivered, case.citizen):
        returned = answers.undelivered(policy, case, at=at, key=key, now=now, answer=key)
        return Decision(record=record, effects=returned, because=("answer-undelivered", match.rule))
    effects = answers.answered(policy, case, at=at, key=key, how=how, guests=guests, recipients=recipients)
    twice = () if guests else answers.warn_answered_twice(policy, case, at=at, now=now)
    return Decision(record=record, effects=(*effects, *twice), because=(how, match.rule))


def _empty(case: CaseView | None) -> Decision:
    """A mail that says nothing meets no deadline: its text was lost, or sent too early. The desk hears it."""
    event = AuditEvent(kind=EMPTY, case=case.number if case else None)
    return _recorded(Role.AGENT, Outcome.STAFF, EMPTY, event, case=case)


def _of_a_new_mail(
    view: View, lookup: Lookup, recipients: frozenset[str], match: ThreadMatch
) -> tuple[ThreadMatch, tuple[CaseView, ...]]:
    """(its case, the cases of which the agents are asked): by the number in its subject, else the only open case of
    the recipients; one of the two is empty."""
    numbered = [view.cases[number] for number in lookup.numbers if number in view.cases]
    theirs = {case.number: case for case in numbered if _to_a_citizen(case, recipients)}
    named = tuple(theirs.values())  # a merged case and the one that it was merged into are one
    if len(named) == 1:
        return ThreadMatch(named[0], "number-in-subject"), ()
    if match.case is not None or (view.staff.unplaced is not None and not view.staff.unplaced.cases):
        return match, ()  # an agent has said that it is about none
    waiting = named or tuple(view.cases[number] for number in view.staff.open_cases if number in view.cases)
    if len(waiting) == 1 and not lookup.numbers:
        return ThreadMatch(waiting[0], "only-open-case"), ()
    return match, waiting


def _has_it(view: View, lookup: Lookup) -> bool:
    """Whether the person gets the mail directly, beside the answer address."""
    cases = (view.cases[number] for number in lookup.answer_for if number in view.cases)
    return any(_to_a_citizen(case, lookup.outsiders) for case in cases)


def _to_a_citizen(case: CaseView, recipients: frozenset[str]) -> bool:
    return not recipients.isdisjoint({case.citizen} | case.participants | case.reply_to)


def _match(view: View, lookup: Lookup, writers: frozenset[str]) -> ThreadMatch:
    """Staff are no participants, so the case that they name by reference or token counts."""
    match = match_case(lookup.message, view, writers, lookup.received_at)
    if match.rule in GUESSES and lookup.message.refs and not view.named and not view.mails:
        # It refers to a message that we have not read; its subject would match somebody else's question.
        match = ThreadMatch(None, "answers-an-unread-message")
    if match.case is not None:
        return match
    numbers = [message.case for message in reversed(view.named) if message.case] + list(view.tokened)
    case = next((view.cases[number] for number in numbers if number in view.cases), None)
    return ThreadMatch(case, "staff-reference") if case else match


def _recorded(
    role: Role,
    outcome: Outcome,
    rule: str,
    *more: Effect,
    case: CaseView | None = None,
    kind: Kind = Kind.REQUEST,
    because: tuple[str, ...] = (),
) -> Decision:
    """The message is recorded with what follows. `because`: reasons beside the rule."""
    record = RecordMessage(role=role, outcome=outcome, kind=kind, case=case.number if case else None, rule=rule)
    return Decision(record=record, effects=more, because=(rule, *because))


def _set_aside(reason: str, role: Role) -> Decision:
    return _recorded(role, Outcome.QUARANTINED, reason, RequestReview(reason=reason))


def _remark(policy: Policy, lookup: Lookup, writer: Sender, case: CaseView, now: datetime) -> Decision:
    """An agent who meant to answer, or to give an order, must know that it does not count. At most once a day and case:
    a forged From must not fill the agent's mailbox."""
    answers = bool(lookup.answer_for) or _to_a_citizen(case, lookup.outsiders)
    mails = notify(
        policy,
        (lookup.message.sender,) if answers or read_orders(lookup.message.typed) else (),
        key=f"remark:{case.number}:{calendar.local_day(now, policy)}",
        kind=MailKind.REMARK,
        now=now,
        case=case.number,
        facts={"received_at": lookup.received_at},
    )
    event = AuditEvent(kind="remark", case=case.number, data={"rule": writer.rule})
    return _recorded(writer.role, Outcome.STAFF, writer.rule, event, *mails, case=case, because=("remark",))


# --- Forward ---------------------------------------------------------------------------------------------------------
# A colleague's forward into the mailbox opens the case of the person who wrote the message (docs/pains.md, row 24).
# The colleague is proven; the writer inside is not. A whole attached message is acknowledged as a message of an
# unverified writer is, within the same limits; of a forward as text the acknowledgement waits until the colleague
# confirms the address. Without one clear address the colleague is asked, and no case is opened. The colleague never
# becomes the citizen.

WAITS = "forwarded-unconfirmed"  # on the review list: the case is open, its person was not told
UNSURE = "forwarded-by-whom"  # on the review list: no case yet
_YES = frozenset(
    ("si", "d'acord", "correcte", "ok", "vale", "confirmo", "endavant", "es correcte", "es correcta", "de acuerdo")
) | {"correcto", "es correcto", "adelante", "confirmado", "yes", "correct", "confirmed", "it is correct", "right"}
_ADDRESS = regex(r"[^\s<>()\[\],;:\"']{1,64}@[A-Za-z0-9.-]{1,253}\.[A-Za-z]{2,24}")


def _is_forward(view: View, lookup: Lookup) -> bool:
    """Whether it brings a message of somebody outside, and is about no case by its own references."""
    message = lookup.message
    known = any(earlier.message_id in message.refs for earlier in view.named)
    ours = any(mail.message_id in message.refs for mail in view.mails)
    return lookup.forwarded is not None and not known and not ours and not read_orders(message.text)


def _on_forward(policy: Policy, view: View, lookup: Lookup, role: Role, now: datetime) -> Decision:
    forwarded = lookup.forwarded
    assert forwarded is not None
    inner = forwarded.message
    if inner is not None and inner.message_id:
        case = next((known.case for known in view.named if known.message_id == inner.message_id and known.case), None)
        if case is not None:  # the person wrote to the office too
            record = RecordMessage(role=role, outcome=Outcome.STAFF, kind=Kind.REQUEST, case=case, rule="known-message")
            return Decision(record=record, because=("forward-of-a-known-message",))
    if inner is None or forwarded.doubt or policy.office.is_own(inner.sender) or inner.sender in policy.people.staff:
        doubt = forwarded.doubt or "none"
        record = RecordMessage(role=role, outcome=Outcome.QUARANTINED, kind=Kind.REQUEST, rule=UNSURE)
        asks = _question(policy, lookup, None, now, doubt=doubt)
        return Decision(record=record, effects=(RequestReview(reason=UNSURE), *asks), because=(UNSURE, doubt))
    if inner.auto is not Auto.NONE:
        record = RecordMessage(role=role, outcome=Outcome.QUARANTINED, kind=Kind.REQUEST, rule="forwarded-robot")
        return Decision(
            record=record, effects=(RequestReview(reason="staff-without-case"),), because=("forwarded-robot",)
        )
    opened = from_citizen.on_citizen_message(policy, view, lookup, now)
    assert opened.record is not None
    opened, number = replace(opened, record=replace(opened.record, written=inner)), opened.case
    event = AuditEvent(kind="forwarded", case=number, data={"by": lookup.message.sender.partition("@")[0]})
    review = (ReviewDone(fingerprint=inner.fingerprint),) if view.known is not None else ()
    if forwarded.whole or forwarded.confirmed:
        return replace(opened, effects=(*opened.effects, event, *review), because=("forwarded", *opened.because))
    # Of a forward as text nothing goes to the person before the colleague has confirmed the address.
    kept = tuple(effect for effect in opened.effects if not (isinstance(effect, Send) and effect.kind in TO_CITIZENS))
    asks = (
        _question(policy, lookup, number, now, doubt="", address=inner.sender)
        if len(kept) < len(opened.effects)
        else ()
    )
    waits: tuple[Effect, ...] = (RequestReview(reason=WAITS), *asks) if asks else ()
    return replace(opened, effects=(*kept, event, *review, *waits), because=("forwarded-as-text", *opened.because))


def _question(policy: Policy, lookup: Lookup, case: str | None, now: datetime, **facts: object) -> tuple[Send, ...]:
    """To the colleague alone, as an answer to the forward."""
    message = lookup.message
    return notify(
        policy,
        (message.sender,),
        key=f"{MailKind.FORWARDED}:{message.fingerprint}",
        kind=MailKind.FORWARDED,
        now=now,
        case=case,
        facts={**facts, "received_at": lookup.received_at},
        answers=message,
    )


def _forward_in_question(view: View) -> OutgoingView | None:
    """The question of ours to which the message replies."""
    return next((mail for mail in reversed(view.mails) if mail.kind is MailKind.FORWARDED), None)


def _on_confirmation(policy: Policy, view: View, lookup: Lookup, asked: OutgoingView, now: datetime) -> Decision | None:
    """What the first line of a reply to the question says; None = it gives orders."""
    line = next((line.strip() for line in lookup.message.typed.splitlines() if line.strip()), "")
    if read_orders(line):
        return None
    fingerprint = asked.key.split(":")[1]
    case = view.cases.get(asked.case or "")
    effects: tuple[Effect, ...] = ()
    reason = ""
    if case is None:  # it names the address of the person
        verb, found = "person_is", _ADDRESS.findall(line.lower())
        if len(found) != 1:
            reason = "no-address"
        elif policy.office.is_own(found[0]) or found[0] in policy.people.staff:
            reason = "is-ours"
        else:
            named = Remember(name=FORWARDED_BY + fingerprint, value=found[0])
            effects = (named, Reconsider(fingerprint=fingerprint))
    else:  # it confirms the address to which the acknowledgement goes
        verb = "acknowledge"
        if folded(line).strip(" .!,;#") not in _YES:
            reason = "not-confirmed"
        else:
            acknowledged = case.answered_at is not None or MailKind.ACK in case.sent.kinds
            ack = () if acknowledged else (acknowledgement.of_confirmed_case(policy, case, now),)
            effects = (ReviewDone(fingerprint=fingerprint), *ack)
    row = {"verb": verb, "detail": "", "done": not reason, "reason": reason}
    key = key_of_reply(lookup, fingerprint, line)
    record = RecordMessage(role=Role.AGENT, outcome=Outcome.STAFF, kind=Kind.REQUEST, case=asked.case, rule="confirms")
    effects = (*effects, *transcript(policy, lookup, asked.case, now, key=key, rows=[row]))
    return Decision(record=record, effects=effects, because=("confirms-a-forward", *filter(None, (reason,))))
