"""What follows from automatic mail: it is recorded and filed (RFC 3834 section 2), with four exceptions.

A report that a mail of ours or an agent's answer was not delivered (R14): the mail is marked failed, the case is open
again with a new deadline, and staff are informed; a delay or a success changes nothing. The out-of-office of an agent
or supervisor: the others are told, and reminders go to all. A message that may be a web form, and one that only its
words make a report, go to review. What names a mail of ours proves that it was sent. A robot never gets a mail, never
opens a case and never changes another deadline.

What comes to the envelope sender of a mail of ours (`office+b.MARK@`, core/tokens.py) is read here too, whatever it
says: nothing is answered, so that no loop begins there, and no forged or old mark changes anything.
"""

from datetime import datetime
from hashlib import sha256

from oacmail.core import answers, calendar, notices, outbox, relayed, sender
from oacmail.core.classification import BY_AUTO
from oacmail.core.effects import Decision, Effect, RecordMessage, Remember, RequestReview, UpdateOutbox
from oacmail.core.errors import quoted
from oacmail.core.kinds import MailEvent, MailKind, MailState, applies
from oacmail.core.lookup import Lookup
from oacmail.core.model import Auto, DeliveryStatus, Kind, Outcome, Role
from oacmail.core.policy import Policy
from oacmail.core.stored_values import UNDELIVERED
from oacmail.core.threading import match_case
from oacmail.core.view import CaseView, MessageView, View

OUT_OF_OFFICE = "out-of-office"
"""The rule of a message by which its writer counts as away (core/view.py)."""


def on_automatic_mail(policy: Policy, view: View, lookup: Lookup, now: datetime) -> Decision:
    message, status = lookup.message, lookup.message.delivery_status
    case = _case(view, lookup)
    may_be_form = case is None and sender.may_be_form(message)
    if may_be_form and not message.marks:
        return _perhaps_a_form(lookup)
    if status is not None:
        doubtful = status.by_words and not _is_about_our_mail(view, lookup)
    else:  # nothing but the address says that a machine wrote it: a client may have answered there for a person
        doubtful = may_be_form or (bool(message.marks) and len(message.reasons) == 1)
    record = RecordMessage(
        role=Role.ROBOT,
        outcome=Outcome.QUARANTINED if doubtful else Outcome.AUTOMATIC,
        kind=BY_AUTO.get(message.auto, Kind.BULK),
        case=case.number if case else None,
        rule=OUT_OF_OFFICE if _is_out_of_office(policy, view, lookup) else f"robot: {message.auto}",
    )
    effects: list[Effect] = [*_out_of_office(policy, view, lookup, now)]
    because = [f"robot: {message.auto}", *message.reasons]
    if doubtful:
        effects.append(RequestReview(reason=f"looks-automatic: {record.kind}"))
    if status is not None and status.action == "failed" and (lookup.returned or not status.by_words):
        failures = _failed(policy, view, lookup, status, now)
        effects += failures
        because += ["undelivered"] if failures else []
    return Decision(record=record, effects=tuple(effects), because=tuple(because))


def _is_out_of_office(policy: Policy, view: View, lookup: Lookup) -> bool:
    """Whether a program answers in the name of an agent or supervisor to whom we wrote. Who knows the Message-ID of a
    mail of ours has it. Nobody is away by what comes to an envelope sender of ours: a stranger may have named it in
    Reply-To, and staff get no mail under it."""
    message = lookup.message
    if message.auto is not Auto.REPLY or message.sender not in policy.people.desk or message.marks:
        return False
    return message.auth.authentic or any(mail.recipient == message.sender for mail in view.mails)


def _out_of_office(policy: Policy, view: View, lookup: Lookup, now: datetime) -> tuple[Effect, ...]:
    """Once a day: the other agents, and who has assigned a case to this one, can give it to somebody else."""
    if not _is_out_of_office(policy, view, lookup):
        return ()
    message, day = lookup.message, calendar.local_day(now, policy)
    by = frozenset(view.staff.entrusted.values())
    assigners = sorted(address for address in policy.people.desk if address.partition("@")[0] in by)
    mine = (view.cases[number] for number in view.staff.entrusted if number in view.cases)
    return notices.notify(
        policy,
        [address for address in (*assigners, *policy.people.agents) if address != message.sender],
        key=f"{MailKind.AWAY}:{sha256(message.sender.encode()).hexdigest()[:8]}:{day}",
        kind=MailKind.AWAY,
        now=now,
        facts={
            "who": message.sender.partition("@")[0],
            "received_at": lookup.received_at,
            "cases": tuple(notices.case_card(case, notices.due_at(case)) for case in mine),
            "text": message.text,
        },
    )


def _is_about_our_mail(view: View, lookup: Lookup) -> bool:
    """Whether the returned message is a mail of ours or an agent's answer. Otherwise a citizen may be describing a
    returned message in the same words, and an agent decides."""
    ours = {mail.message_id for mail in view.mails}
    return not (ours | {answer.message_id for answer in view.named if _is_answer(answer)}).isdisjoint(lookup.returned)


def _perhaps_a_form(lookup: Lookup) -> Decision:
    """A person may wait for a reply: an agent reviews it and adds its sender to `callback.form_senders`."""
    message = lookup.message
    reason = f"looks-like-a-form: {message.sender}"
    kind = BY_AUTO.get(message.auto, Kind.BULK)
    record = RecordMessage(role=Role.ROBOT, outcome=Outcome.QUARANTINED, kind=kind, rule="looks-like-a-form")
    return Decision(
        record=record, effects=(RequestReview(reason=reason),), because=("looks-like-a-form", *message.reasons)
    )


def _case(view: View, lookup: Lookup) -> CaseView | None:
    """The case on which it is filed, by a Message-ID that it names; a robot's subject or text proves nothing."""
    numbers = [mail.case for mail in view.mails] + [message.case for message in view.named]
    found = next((view.cases[number] for number in numbers if number and number in view.cases), None)
    return found or match_case(lookup.message, view, frozenset((lookup.message.sender,)), lookup.received_at).case


def proofs(policy: Policy, view: View, lookup: Lookup) -> list[Effect]:
    """A message that names our Message-ID proves the sending (docs/subjects.md, "Uncertain deliveries").

    The person's own reply to a relayed answer proves it too, but does not make it count: what the reply asks would then
    have no deadline.
    """
    at, by_machine = lookup.received_at, lookup.sender.role is Role.ROBOT
    effects: list[Effect] = []
    for mail in view.mails:
        effects.append(UpdateOutbox(key=mail.key, event=MailEvent.NAMED, sent_at=at))
        failed = lookup.message.delivery_status is not None and lookup.message.delivery_status.action == "failed"
        if by_machine and not failed and applies(MailEvent.NAMED, mail.state):
            effects += relayed.count_as_answer(policy, view.cases, mail, at)
    return effects


def _failed(policy: Policy, view: View, lookup: Lookup, status: DeliveryStatus, now: datetime) -> list[Effect]:
    """What a report says of our mail and of agents' answers."""
    effects: list[Effect] = []
    at, key = lookup.received_at, lookup.message.fingerprint
    for mail in view.mails:
        if mail.state is not MailState.FAILED and concerns(policy, status.recipients, mail.recipient):
            code = "" if status.status in status.said else status.status
            said = quoted(f"{code} {status.said}", mail.recipient)
            effects += [
                UpdateOutbox(
                    key=mail.key, event=MailEvent.REPORTED, error=": ".join(filter(None, ("undelivered", said)))
                ),
                *outbox.undelivered(policy, view.cases, mail, said=said, now=now, at=at),
            ]
    for message in view.named:
        case = view.cases.get(message.case or "")
        if _is_answer(message) and case is not None and concerns(policy, status.recipients, case.citizen):
            effects += answers.undelivered(
                policy,
                case,
                at=at,
                key=key,
                now=now,
                answer=message.fingerprint,
                counted_at=message.received_at,
            )
    waits = any(message.role is Role.AGENT and message.case is None for message in view.named)
    if view.mails or (view.named and not waits):
        return effects
    # The report came before the copy in Sent of the answer that it is about, or before an agent said which case that
    # answers.
    return [Remember(name=UNDELIVERED + about, value=" ".join(status.recipients)) for about in status.about[:1]]


def _is_answer(message: MessageView) -> bool:
    """Whether it is an answer. A remark in an agent's name is none: its forger knows its Message-ID."""
    return message.role is Role.AGENT and message.outcome is Outcome.CASE


def concerns(policy: Policy, refused: tuple[str, ...], recipient: str) -> bool:
    """Whether a report about these addresses is about a mail to `recipient`. A colleague in copy is somebody else; any
    other address may be one to which the recipient's provider forwards."""
    others = (policy.people.staff | policy.office.own) - {recipient}
    return not refused or any(address not in others for address in refused)
