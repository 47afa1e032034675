"""What happens to a citizen's letter: the case it opens or joins, the clock it arms, the acknowledgement it gets.

Every request ends on a case with a clock (R14); courtesy is decided apart from it, and may wait. The citizen's
second letter never postpones a deadline. Nothing here looks at raw headers or writes a word of the mails.
"""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice

from oacmail.core import answers, budget, calendar, tokens
from oacmail.core.classify import classify
from oacmail.core.complexity import became_complex
from oacmail.core.effects import Arrived, Attach, Change, Decision, Effect, Note, OpenCase, Person, Review, Send
from oacmail.core.model import Kind, Message, Outcome, Reading, Role, Status
from oacmail.core.notices import secret_received
from oacmail.core.policy import Policy
from oacmail.core.thread import ACKNOWLEDGED, Placing, fold_subject, is_reply, place
from oacmail.core.view import CaseView, LetterView, View

ACKS_A_CASE_AND_DAY = 3
SAME_MAIL_A_WEEK = 3
NEIGHBOURS = ("ca", "es")  # a few words are said in both
TELLING_LETTERS = 12
# What every relay takes (RFC 5321 sections 4.1.2 and 4.5.3.1, dot-string) and no client decodes (RFC 2047); an
# address beyond ASCII is answered by a person.
_ADDRESS = re.compile(r"(?=.{3,254}\Z)(?!.*=\?)[!#-'*+/-9=?A-Z^-~.-]{1,64}@[A-Za-z0-9.-]{1,253}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """A citizen's letter on the table: what arrived, what it was read as, who asks."""

    policy: Policy
    view: View
    message: Message
    received_at: datetime
    now: datetime
    reading: Reading
    author: str
    forced: bool

    @property
    def due_at(self) -> datetime:
        asked_at = calendar.clock_start(self.received_at, self.message.sent_at, self.policy)
        return calendar.answer_due(asked_at, self.policy)


def on_citizen(policy: Policy, view: View, inp: Arrived, now: datetime) -> Decision:
    message = inp.message
    letter = Letter(
        policy=policy,
        view=view,
        message=message,
        received_at=inp.received_at,
        now=now,
        reading=classify(message, policy.form_senders),
        author=author_of(policy, message),
        forced=inp.forced,
    )
    placing = place(message, view, frozenset((letter.author,)), inp.received_at)
    kind = Kind.REQUEST if inp.forced else letter.reading.kind
    if placing.case is None:
        return _alone(letter, placing, kind)
    if _other_matter(policy, message, placing.case, placing.rule, inp.received_at):
        return _open(letter, parent=placing.case.number, rule=f"{placing.rule}; child")
    return _join(letter, placing, placing.case, kind)


def author_of(policy: Policy, message: Message) -> str:
    """The person who asks: the From address; for the call-back form alone, the person in Reply-To.

    Who writes without a From is nobody we know: what Reply-To says proves nothing and may be a stranger's address.
    """
    return (message.reply_to or message.sender) if message.sender in policy.form_senders else message.sender


# --- a letter of no case -------------------------------------------------------------------------------


def _alone(letter: Letter, placing: Placing, kind: Kind) -> Decision:
    if kind is Kind.SPAM:
        return _aside(letter, Outcome.SPAM, "suspected-spam")
    if kind in (Kind.AUTO_REPLY, Kind.BULK, Kind.BOUNCE):
        # No header says so, only words do: a person looks at it, nobody is answered by mistake.
        return _aside(letter, Outcome.QUARANTINED, f"looks-automatic: {kind}")
    if kind is Kind.THANKS:
        return _thanks_without_reference(letter)
    return _open(letter, parent=placing.parent, rule=placing.rule)


def _aside(letter: Letter, outcome: Outcome, reason: str) -> Decision:
    attach = Attach(role=Role.CITIZEN, outcome=outcome, kind=letter.reading.kind, rule=reason)
    return Decision(effects=(attach, Review(reason=reason)), because=(reason, *letter.reading.because))


def _thanks_without_reference(letter: Letter) -> Decision:
    live = [case for case in letter.view.cases.values() if case.citizen == letter.author != ""]
    if not live:
        return _aside(letter, Outcome.QUARANTINED, "thanks-without-a-case")
    case = max(live, key=lambda case: case.touched_at)
    return _filed(letter, case, guest=False, rule="thanks; latest case")


def _open(letter: Letter, *, parent: str | None, rule: str) -> Decision:
    policy, message = letter.policy, letter.message
    year = letter.received_at.astimezone(policy.office.timezone).year
    number = letter.view.reserved or tokens.number(policy, year, letter.view.serial)
    effects: list[Effect] = [
        OpenCase(
            number=number,
            citizen=letter.author,
            name=message.name,
            subject=message.subject,
            reading=letter.reading,
            opened_at=letter.received_at,
            due_at=letter.due_at,
            parent=parent,
        ),
        Attach(role=Role.CITIZEN, outcome=Outcome.CASE, kind=Kind.REQUEST, case=number, rule=rule),
        *answers.ask(policy, number, key=message.fingerprint, at=letter.received_at, due_at=letter.due_at),
        Person(address=letter.author, name=message.name or None),
        Note(kind="opened", case=number, data={"rule": rule}),
        *secret_received(policy, message, number, at=letter.received_at, now=letter.now),
    ]
    why = _no_ack(letter)
    effects += [Review(reason=why)] if why else [acknowledgement(letter, number, first=True)]
    return Decision(effects=tuple(effects), because=(rule, *letter.reading.because, *((why,) if why else ())))


def _no_ack(letter: Letter) -> str:
    """Why this case is not acknowledged by itself; '' = it is."""
    limit = letter.policy.budgets.max_age_hours
    if not _ADDRESS.fullmatch(letter.author):
        return "no-address-to-answer"
    if letter.policy.office.is_own(letter.author) or letter.author in letter.policy.people.staff:
        return "from-our-own-people"
    if letter.forced:
        return ""
    if budget.budget_class(letter.message, letter.view.person) == "refused":
        return "dmarc-fail"
    if limit and letter.now - letter.received_at > timedelta(hours=limit):
        return "first-seen-late"
    return "same-mail-again-and-again" if _like_a_machine(letter) else ""


def _like_a_machine(letter: Letter) -> bool:
    """A robot that sends no header: a week's third acknowledged mail of the same subject or text, and no person of
    ours has answered one of them."""
    folded, since = fold_subject(letter.message.subject), letter.received_at - timedelta(days=7)
    alike = [
        known
        for known in letter.view.recent
        if known.acked and known.received_at >= since and not _was_answered(letter.view, known)
        and (known.body_hash == letter.message.body_hash or (folded and known.subject == folded))
    ]  # fmt: skip
    return len(alike) >= SAME_MAIL_A_WEEK


def _was_answered(view: View, known: LetterView) -> bool:
    case = view.cases.get(known.case or "")
    return case is not None and case.answered_at is not None


def acknowledgement(letter: Letter, number: str, *, first: bool) -> Send:
    """The acknowledgement of this letter, with the data-protection clause if it is the case's `first`.

    Held back (`release` None) while its budget has no room.
    """
    policy, message = letter.policy, letter.message
    kind = budget.budget_class(message, letter.view.person)
    room = budget.has_room(policy, kind, letter.author, letter.view.spent)
    return Send(
        key=f"ack:{message.fingerprint}",
        kind="ack",
        template="ack",
        lang=language(letter),
        recipient=letter.author,
        case=number,
        token=tokens.token(policy, number),
        facts={"case": number, "due_at": letter.due_at, "first": first, "secret": bool(message.secrets)},
        in_reply_to=message.message_id,
        refs=(*message.refs, message.message_id) if message.message_id else message.refs,
        automatic="auto-replied",
        budget=kind,
        release=letter.now if room else None,
        letter=message.fingerprint,
        received_at=letter.received_at,
        due_at=letter.due_at,
    )


def language(letter: Letter) -> str:
    """The writer's language, or two where one may not be understood (domain.md section 4, Language)."""
    office, person = letter.policy.office, letter.view.person
    default = office.languages[0]
    if person is not None and person.lang in office.languages:
        return person.lang
    if office.language_policy == "catalan_first":
        return default
    if letter.reading.language in NEIGHBOURS and _too_short_to_tell(letter.message.fresh):
        return _both(office.languages, "es")
    return letter.reading.language if letter.reading.language in office.languages else _both(office.languages, "en")


def _too_short_to_tell(text: str) -> bool:
    """ "Hola", "IBI 2026", a scan and nothing else: said by everybody here."""
    return len(list(islice(filter(str.isalpha, text), TELLING_LETTERS))) < TELLING_LETTERS


def _both(languages: tuple[str, ...], second: str) -> str:
    first = languages[0]
    return f"{first}+{second}" if second in languages and second != first else first


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
    if kind is not Kind.REQUEST and kind is not Kind.SPAM:
        return _filed(letter, case, guest=placing.guest, rule=placing.rule)
    effects: list[Effect] = [
        _attach(letter, case, placing.guest, placing.rule),
        Change(case=case.number, columns={"touched_at": letter.received_at}),
        Person(address=letter.author, name=letter.message.name or None),
        *secret_received(letter.policy, letter.message, case.number, at=letter.received_at, now=letter.now),
    ]
    because = [placing.rule, *letter.reading.because]
    if not case.running("answer"):
        effects += _asks_anew(letter, case, guest=placing.guest)
        because.append("asks-anew")
    effects += became_complex(letter.policy, case, at=letter.received_at, due_at=letter.due_at, now=letter.now)
    return Decision(effects=tuple(effects), because=tuple(because))


def _attach(letter: Letter, case: CaseView, guest: bool, rule: str) -> Attach:
    return Attach(
        role=Role.CITIZEN, outcome=Outcome.CASE, kind=letter.reading.kind, case=case.number, guest=guest, rule=rule
    )


def _filed(letter: Letter, case: CaseView, *, guest: bool, rule: str) -> Decision:
    return Decision(effects=(_attach(letter, case, guest, rule),), because=(rule, *letter.reading.because))


def _asks_anew(letter: Letter, case: CaseView, *, guest: bool) -> list[Effect]:
    """R23: a question after the answer arms a clock of its own; a guest's does too, but nothing automatic goes out."""
    due = letter.due_at
    status = Status.DERIVED if case.status is Status.DERIVED else Status.OPEN
    effects: list[Effect] = [
        *answers.ask(letter.policy, case.number, key=letter.message.fingerprint, at=letter.received_at, due_at=due),
        Change(case=case.number, columns={"status": status, "closed_at": None, "close_reason": None}),
        Note(kind="asked-anew", case=case.number),
    ]
    if not guest and case.acks_today < ACKS_A_CASE_AND_DAY and not _no_ack(letter):
        effects.append(acknowledgement(letter, case.number, first=False))
    return effects
