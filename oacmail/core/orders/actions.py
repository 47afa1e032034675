"""What each order does to its case, one row an order: the admin's command of the same meaning, or effects of its own.

Who may give orders and which case they are about is decided before (core/orders/mail.py). An order that does not
fit raises `Refused` and changes nothing.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from oacmail.core import acknowledgement, answers, calendar, cases, services, tokens
from oacmail.core.answers import draft
from oacmail.core.days_named import day_named
from oacmail.core.derivation import topic_named
from oacmail.core.effects import (
    AdminCommand,
    AuditEvent,
    Effect,
    OpenCase,
    RecordContact,
    ReviewDone,
    SplitCase,
    TreatAsRequest,
    UpdateCase,
)
from oacmail.core.errors import Refused
from oacmail.core.kinds import LISTS_OF_CASES
from oacmail.core.lookup import Lookup
from oacmail.core.model import Callback, Classification, Intent, Kind, Level, Role, Status, Topic
from oacmail.core.notices import agent_of
from oacmail.core.order_words import Verb, folded, language_named, number_of
from oacmail.core.orders.commands import CORRECTABLE, on_admin_command
from oacmail.core.outgoing import MailKind
from oacmail.core.policy import Policy
from oacmail.core.services import refer
from oacmail.core.view import CaseView, View


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenOrder:
    """An order in its place. `view`: as the orders above it have left the cases; `place`: its index in the mail, from
    0."""

    policy: Policy
    view: View
    lookup: Lookup
    now: datetime
    argument: str
    place: int

    @property
    def agent(self) -> str:
        """The agent's name before the @, as the event log has it."""
        return self.lookup.message.sender.partition("@")[0]

    @property
    def key(self) -> str:
        """Names the order: the same mail, read again, causes the same once."""
        return f"order:{self.lookup.message.fingerprint[:32]}:{self.place}"

    @property
    def new_number(self) -> str:
        """The number of a case that the order opens."""
        year = self.lookup.received_at.astimezone(self.policy.office.timezone).year
        return tokens.case_number(self.policy, year, self.view.serial)


def numbered_in(policy: Policy, view: View, lookup: Lookup) -> int:
    """The year of a case number without a year: that of the list to which the order replies, since an agent copies the
    numbers from it, perhaps in the new year; else of the arrival of the order."""
    lists = (mail.queued_at for mail in reversed(view.mails) if mail.kind in LISTS_OF_CASES)
    at = next((at for at in lists if at), lookup.received_at)
    return at.astimezone(policy.office.timezone).year


_Words = dict[str, str]
_TO = re.compile(r"^(?:a l'|(?:a la|(?:per )?a|al|para|to)\s+|@)")
"""Before the name: `#assigna a Anna`."""


def _by_command(
    verb: str, words: Callable[[GivenOrder, CaseView], _Words]
) -> Callable[[GivenOrder, CaseView], tuple[Effect, ...]]:
    """The action of an order that means the same as a command of the admin."""

    def carry_out(given: GivenOrder, case: CaseView) -> tuple[Effect, ...]:
        command = AdminCommand(
            verb=verb,
            case=case.number,
            by=given.agent,
            given_in=f"{given.lookup.message.fingerprint[:16]}.{given.place}",
            words=words(given, case),
        )
        return on_admin_command(given.policy, given.view, command, given.now).effects

    return carry_out


def named_agent(policy: Policy, text: str) -> str | None:
    """The agent of this address or name, perhaps after a preposition; None = there is none, or several."""
    return agent_of(policy, _TO.sub("", text.lower().strip(), count=1))


def _assignee(given: GivenOrder, _: CaseView) -> _Words:
    agent = named_agent(given.policy, given.argument)
    if agent is None:
        raise Refused("there is no agent of this name", "no-such-agent")
    return {"name": agent.partition("@")[0]}


def _myself(given: GivenOrder, _: CaseView) -> _Words:
    """The shared mailbox is nobody who could have a case."""
    if given.policy.office.is_own(given.lookup.message.sender):
        raise Refused("the shared mailbox does not say which agent it is", "mailbox-is-nobody")
    return {"name": given.agent}


def _reason(given: GivenOrder, case: CaseView) -> _Words:
    reason = CLOSE_REASONS.get(folded(given.argument))
    if reason is None:
        raise Refused("there is no such reason", "no-such-value")
    if reason == "answered" and (case.running("answer") or case.answered_at is None):
        raise Refused("the person waits for an answer", "waits")
    return {"reason": reason}


CLOSE_REASONS: Mapping[str, str] = {
    "": "answered", "duplicate": "duplicate", "duplicat": "duplicate", "duplicado": "duplicate", "spam": "spam",
    "brossa": "spam", "thanks": "thanks", "gracies": "thanks", "gracias": "thanks",
}  # fmt: skip


_CAUSES: Mapping[str, str] = {
    "plataforma": "platform", "platform": "platform", "formulari": "document_or_form",
    "formulario": "document_or_form", "form": "document_or_form", "document": "document_or_form",
    "documento": "document_or_form",
}  # fmt: skip


def _why(given: GivenOrder, _: CaseView) -> _Words:
    """The cause is chosen by one word, alone or before a sign: a sentence that has the word in it may deny it."""
    first = re.match(r"\w+(?=\s*(?:$|[:;,.(–—-]))", folded(given.argument))
    return {"why": given.argument, "cause": _CAUSES.get(first[0], "") if first else ""}


def _topic(given: GivenOrder, _: CaseView) -> _Words:
    topic = topic_named(given.argument)
    if topic not in CORRECTABLE["topic"]:
        raise Refused("there is no such topic", "no-such-topic")
    return {"topic": topic}


def _since(given: GivenOrder, case: CaseView) -> _Words:
    """It counts from the arrival of the order: the answer to the citizen may have been read before."""
    return {"at": max(min(given.lookup.received_at, given.now), case.opened_at).isoformat()}


def _day(given: GivenOrder, _: CaseView) -> _Words:
    today = given.lookup.received_at.astimezone(given.policy.office.timezone).date()
    day = day_named(folded(given.argument), today, given.policy.workdays)
    if day is None:
        raise Refused("there is no such day", "no-day")
    return {"day": day.isoformat()}


def _reached(given: GivenOrder, _: CaseView) -> _Words:
    """What follows the word and is no known outcome may say that nobody answered: a deadline is not met by a guess."""
    if given.argument:
        raise Refused("the outcome of the call is not known", "no-such-outcome")
    return {"outcome": "reached"}


def _text(given: GivenOrder, _: CaseView) -> _Words:
    if not given.argument:
        raise Refused("the note is empty", "empty")
    return {"text": given.argument}


def _into(given: GivenOrder, case: CaseView) -> _Words:
    year = numbered_in(given.policy, given.view, given.lookup)
    into = number_of(given.policy, given.argument, year)
    if into not in given.view.cases or into == case.number:
        raise Refused("there is no other case of this number to merge into", "no-such-case")
    return {"into": into}


def _taken_back(
    verb: str, words: Callable[[GivenOrder, CaseView], _Words]
) -> Callable[[GivenOrder, CaseView], tuple[Effect, ...]]:
    """The action of an order that takes a case from the technical services, with what tells the person so."""
    command = _by_command(verb, words)

    def carry_out(given: GivenOrder, case: CaseView) -> tuple[Effect, ...]:
        effects = command(given, case)
        if case.status is not Status.DERIVED:
            return effects
        folder, agents = given.view.drafts, (given.lookup.message.sender,)
        draft = services.drafted(given.policy, case, folder=folder, agents=agents, key=given.key, now=given.now)
        return (*effects, *draft)

    return carry_out


def _split(given: GivenOrder, case: CaseView) -> tuple[Effect, ...]:
    message, at = message_to_split(given.view, case)
    return split(given.policy, case, message=message, at=at, number=given.new_number, key=given.key, now=given.now)


def _out_of_scope(given: GivenOrder, case: CaseView) -> tuple[Effect, ...]:
    sender, folder = given.lookup.message.sender, given.view.drafts
    return refer(given.policy, case, body=given.argument, folder=folder, agent=sender, key=given.key, now=given.now)


def _draft(given: GivenOrder, case: CaseView) -> tuple[Effect, ...]:
    sender, folder = given.lookup.message.sender, given.view.drafts
    return draft(given.policy, case, folder=folder, agents=(sender,), key=given.key, now=given.now)


def _person(given: GivenOrder, case: CaseView) -> tuple[Effect, ...]:
    """Somebody waits on this case: one that was closed as spam is open again, what was filed there is a request, and a
    person who waits without an acknowledgement gets it."""
    if case.close_reason == "spam":
        return _by_command("reopen", lambda *_: {})(given, case)
    untold = MailKind.ACK not in case.told and case.running("answer") and cases.can_be_told(given.policy, case)
    return (
        *(TreatAsRequest(message=fingerprint) for fingerprint in case.aside),
        *((acknowledgement.of_confirmed_case(given.policy, case, given.now),) if untold else ()),
        ReviewDone(fingerprint=case.first_message),
        AuditEvent(kind="review-closed", case=case.number, data={"by": given.agent}),
    )


ON_A_CASE: Mapping[Verb, Callable[[GivenOrder, CaseView], tuple[Effect, ...]]] = {
    Verb.ASSIGN: _by_command("assign", _assignee),
    Verb.MINE: _by_command("assign", _myself),
    Verb.CLOSE: _by_command("close", _reason),
    Verb.SPAM: _by_command("close", lambda *_: {"reason": "spam"}),
    Verb.REOPEN: _by_command("reopen", lambda *_: {}),
    Verb.SECOND_LEVEL: _by_command("escalate", _why),
    Verb.FIRST_LEVEL: _taken_back("set", lambda *_: {"level": Level.FIRST}),
    Verb.SOLVED: _by_command("solved", _since),
    Verb.UNTIL: _by_command("until", _day),
    Verb.NOT_OURS: _taken_back("not-theirs", lambda *_: {}),
    Verb.WAIT: _by_command("wait", lambda given, case: _day(given, case) if given.argument else {}),
    Verb.NOTE: _by_command("note", _text),
    Verb.TOPIC: _by_command("set", _topic),
    Verb.CALLED: _by_command("log-call", _reached),
    Verb.NOT_REACHED: _by_command("log-call", lambda *_: {"outcome": "no-answer"}),
    Verb.LANGUAGE: _by_command("set", lambda given, _: {"language": language_named(given.argument)}),
    Verb.MERGE: _by_command("merge", _into),
    Verb.SPLIT: _split,
    Verb.OUT_OF_SCOPE: _out_of_scope,
    Verb.DRAFT: _draft,
    Verb.PERSON: _person,
}
"""Orders about one case."""


def _whom_to_tell(_: GivenOrder, case: CaseView) -> str:
    return f"undone-{services.heard(case)}" if case.status is Status.DERIVED else ""


def _two_people(given: GivenOrder, case: CaseView) -> str:
    into = given.view.cases[_into(given, case)["into"]]
    return "" if case.own & into.own - {""} else "two-people"


def _still_answered(_: GivenOrder, case: CaseView) -> str:
    return "still-answered" if case.status is Status.ANSWERED else ""


AFTERWARDS: Mapping[Verb, Callable[[GivenOrder, CaseView], str]] = {
    Verb.FIRST_LEVEL: _whom_to_tell,
    Verb.NOT_OURS: _whom_to_tell,
    Verb.MERGE: _two_people,
    Verb.NOT_REACHED: _still_answered,
    Verb.NOTE: lambda *_: "may-be-read",
    Verb.SOLVED: lambda *_: "tell-the-person",
    Verb.SPLIT: lambda given, _: f"new-case:{given.new_number}",
}
"""What the agent has to know or to do once an order is carried out, as the transcript says it; '' = nothing. The case
is as the order found it."""


def _call(given: GivenOrder) -> tuple[Effect, ...]:
    contact = read_contact(given.argument)
    return open_contact(
        given.policy,
        contact,
        number=given.new_number,
        key=given.key,
        topic=given.lookup.reading.topic,
        by=given.agent,
        at=min(given.lookup.received_at, given.now),
    )


WITHOUT_CASE: Mapping[Verb, Callable[[GivenOrder], tuple[Effect, ...]]] = {
    Verb.CALL: _call,
}
"""Orders about no case that exists."""
ANYWHERE = (Verb.CALL, Verb.HELP)
"""Orders that need no reply: a mail to an address of the office whose first line is one of them is an order mail."""


# --- Contacts --------------------------------------------------------------------------------------------------------
# A case of a telephone call or a visit, which an agent notes by mail (`#call`). The message that opens it has the rule
# `telephone` or `visit`, by which figures tell the channel. There is no address, so no automatic mail goes to anybody.

TELEPHONE, VISIT = "telephone", "visit"
_SAID = re.compile(r"([^,:]{2,80}?)\s*(?:,\s*(\+?[\d\s().-]{6,25}?)\s*)?:\s*(\S.*)", re.DOTALL)
_SPANISH = re.compile(r"[6-9]\d{8}")
_FOREIGN = re.compile(r"\+[1-9]\d{6,14}")
_COUNTRY = "+34"


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """Who called or came, and what was asked. `phone` in E.164, '' = a visit, or no number was given."""

    name: str
    phone: str
    text: str

    @property
    def channel(self) -> str:
        return TELEPHONE if self.phone else VISIT

    @property
    def address(self) -> str:
        """What stands for the person's address: a `tel:` URI (RFC 3966), to which no mail can go; '' = unknown."""
        return f"tel:{self.phone}" if self.phone else ""


def read_contact(argument: str) -> Contact:
    """`NAME, NUMBER: what was asked`; the number may be missing. Raises Refused."""
    said = _SAID.fullmatch(argument.strip())
    if said is None:
        raise Refused("a call is NAME, NUMBER: what was asked", "no-such-call")
    phone = _phone(said[2]) if said[2] else ""
    return Contact(name=" ".join(said[1].split()), phone=phone, text=said[3].strip())


def _phone(text: str) -> str:
    digits = re.sub(r"[\s().-]", "", text)
    digits = "+" + digits.removeprefix("00") if digits.startswith("00") else digits
    digits = _COUNTRY + digits if _SPANISH.fullmatch(digits) else digits
    if _FOREIGN.fullmatch(digits) is None:
        raise Refused("this is no telephone number", "no-such-number")
    return digits


def _reading(policy: Policy, contact: Contact, topic: Topic | None) -> Classification:
    return Classification(
        kind=Kind.REQUEST,
        topic=topic or Topic.OTHER,
        level=Level.FIRST,
        intent=Intent.CALLBACK if contact.phone else Intent.QUESTION,
        language=policy.office.languages[0],
        callback=Callback(phone=contact.phone, slot="any") if contact.phone else None,
        confidence={},
        because=(contact.channel,),
    )


def open_contact(
    policy: Policy, contact: Contact, *, number: str, key: str, topic: Topic | None, by: str, at: datetime
) -> tuple[Effect, ...]:
    """The case of the contact, with its deadline. `key` names the order, `by` the agent, `topic` what the order's text
    is about."""
    due_at = calendar.answer_due(at, policy)
    if contact.phone:
        due_at = min(due_at, calendar.callback_due(at, "any", policy))
    return (
        OpenCase(
            number=number,
            citizen=contact.address,
            name=contact.name,
            subject=contact.name,
            reading=_reading(policy, contact, topic),
            opened_at=at,
            due_at=due_at,
            opened_by=key,
        ),
        RecordContact(
            message=key,
            case=number,
            author=contact.address,
            subject=contact.name,
            text=contact.text,
            channel=contact.channel,
            at=at,
        ),
        *answers.ask(policy, number, key=key, at=at, due_at=due_at),
        AuditEvent(kind="opened", case=number, data={"rule": contact.channel, "by": by}),
    )


# --- Split -----------------------------------------------------------------------------------------------------------
# A message that is another matter becomes a case, and a deadline that it has started goes with it. While the old case
# waits, an earlier deadline covered the message and its promise counts from its arrival; after an answer, from the
# order. The person's own term goes with the message that names it. Nobody gets a mail.


def message_to_split(view: View, case: CaseView) -> tuple[str, datetime]:
    """(fingerprint, arrival) of the message that the order replies to, else of the newest message of a citizen. The one
    that opened the case stays. Raises Refused if there is no other."""
    named = [known for known in view.named if known.case == case.number and known.role is Role.CITIZEN]
    found = [(known.fingerprint, known.received_at) for known in reversed(named)]
    found += [(said.message, said.at) for said in case.latest if not said.by_office]
    movable = [one for one in found if one[0] != case.first_message]
    if not movable:
        raise Refused("the case has no other message of the person", "only-message")
    return movable[0]


def split(
    policy: Policy, case: CaseView, *, message: str, at: datetime, number: str, key: str, now: datetime
) -> tuple[Effect, ...]:
    """Make a case `number` of the message, which arrived at `at`. `key` names the order."""
    own = [deadline for deadline in case.running("answer") if deadline.started_by == message]
    others = [deadline for deadline in case.running("answer") if deadline.started_by != message]
    start = at if others else now
    deadline = () if own else answers.ask(policy, number, key=key, at=start, due_at=calendar.answer_due(start, policy))
    settled = not others and case.status is Status.OPEN and case.answered_at is not None
    return (
        SplitCase(case=case.number, number=number, message=message, opened_at=at),
        *deadline,
        *((UpdateCase(case=case.number, columns={"status": Status.ANSWERED}),) if settled else ()),
        *_term_of(policy, case, message, number=number, key=key, now=now),
        AuditEvent(kind="split", case=case.number, data={"into": number}),
        AuditEvent(kind="opened", case=number, data={"rule": "split"}),
    )


def _term_of(
    policy: Policy, case: CaseView, message: str, *, number: str, key: str, now: datetime
) -> tuple[Effect, ...]:
    """The person's own term goes along with the message that names it, and stays too if another message names it. The
    case that is left without the reminder that is still to come gets one of its own (R32)."""
    if case.ends_on is None or message not in case.term_named_by:
        return ()
    stays = len(case.term_named_by) > 1
    to_come = {one.started_by for one in case.running("remind") if one.level == answers.TERM}
    without = number if message not in to_come else case.number if stays and to_come == {message} else ""
    return (
        UpdateCase(case=number, columns=answers.term(case.ends_on, case.ends_hour)),
        *(() if stays else (UpdateCase(case=case.number, columns=answers.term(None, None)),)),
        *(answers.remind_of_term(policy, without, key=key, at=now, ends_on=case.ends_on) if without else ()),
    )
