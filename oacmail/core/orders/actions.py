"""What each order does, one row an order: the admin's command of the same meaning, or effects of its own.

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
from oacmail.core.kinds import LISTS_OF_CASES, MailKind
from oacmail.core.lookup import Lookup
from oacmail.core.model import Callback, Classification, Intent, Kind, Level, Role, Status, Topic
from oacmail.core.notices import agent_of
from oacmail.core.order_words import Verb, folded, language_named, number_of
from oacmail.core.orders.commands import CORRECTABLE, on_admin_command
from oacmail.core.policy import Policy
from oacmail.core.review import NamedEntry
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

    def command(self, verb: str, case: CaseView, **words: str) -> tuple[Effect, ...]:
        """What an order does that means the same as a command of the admin."""
        given_in = f"{self.lookup.message.fingerprint[:16]}.{self.place}"
        command = AdminCommand(verb=verb, case=case.number, by=self.agent, given_in=given_in, words=words)
        return on_admin_command(self.policy, self.view, command, self.now).effects


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """What an order does to a case, to an entry of the review list, or where it is about neither; None = it is not
    meant for that. Each raises `Refused`."""

    case: Callable[[GivenOrder, CaseView], tuple[Effect, ...]] | None = None
    entry: Callable[[GivenOrder, NamedEntry], tuple[Effect, ...]] | None = None
    nothing: Callable[[GivenOrder], tuple[Effect, ...]] | None = None
    reads: Callable[[GivenOrder], str] | None = None
    """What follows its word, as the program names it; None = nothing does. Raises `Refused` if that cannot be read."""
    after: Callable[[GivenOrder, CaseView], str] = lambda *_: ""
    """What the agent has to know or to do once it is carried out, as the transcript says it; '' = nothing. The case is
    as the order found it."""


def numbered_in(policy: Policy, view: View, lookup: Lookup) -> int:
    """The year of a case number without a year: that of the list to which the order replies, since an agent copies the
    numbers from it, perhaps in the new year; else of the arrival of the order."""
    lists = (mail.queued_at for mail in reversed(view.mails) if mail.kind in LISTS_OF_CASES)
    at = next((at for at in lists if at), lookup.received_at)
    return at.astimezone(policy.office.timezone).year


# --- What follows the word -------------------------------------------------------------------------------------------

_TO = re.compile(r"^(?:a l'|(?:a la|(?:per )?a|al|para|to)\s+|@)")
"""Before the name: `#assigna a Anna`."""
_CLOSE_REASONS: Mapping[str, str] = {
    "": "answered", "duplicate": "duplicate", "duplicat": "duplicate", "duplicado": "duplicate", "spam": "spam",
    "brossa": "spam", "thanks": "thanks", "gracies": "thanks", "gracias": "thanks",
}  # fmt: skip
_CAUSES: Mapping[str, str] = {
    "plataforma": "platform", "platform": "platform", "formulari": "document_or_form",
    "formulario": "document_or_form", "form": "document_or_form", "document": "document_or_form",
    "documento": "document_or_form",
}  # fmt: skip


def named_agent(policy: Policy, text: str) -> str | None:
    """The agent of this address or name, perhaps after a preposition; None = there is none, or several."""
    return agent_of(policy, _TO.sub("", text.lower().strip(), count=1))


def _agent(given: GivenOrder) -> str:
    agent = named_agent(given.policy, given.argument)
    if agent is None:
        raise Refused("there is no agent of this name", "no-such-agent")
    return agent.partition("@")[0]


def _reason(given: GivenOrder) -> str:
    reason = _CLOSE_REASONS.get(folded(given.argument))
    if reason is None:
        raise Refused("there is no such reason", "no-such-value")
    return reason


def _topic(given: GivenOrder) -> str:
    topic = topic_named(given.argument)
    if topic not in CORRECTABLE["topic"]:
        raise Refused("there is no such topic", "no-such-topic")
    return topic


def _language(given: GivenOrder) -> str:
    language = language_named(given.argument)
    if language not in CORRECTABLE["language"]:
        raise Refused("there is no such language", "no-such-value")
    return language


def _day(given: GivenOrder) -> str:
    today = given.lookup.received_at.astimezone(given.policy.office.timezone).date()
    day = day_named(folded(given.argument), today, given.policy.workdays)
    if day is None:
        raise Refused("there is no such day", "no-day")
    return day.isoformat()


def _number(given: GivenOrder) -> str:
    number = number_of(given.policy, given.argument, numbered_in(given.policy, given.view, given.lookup))
    if not number:
        raise Refused("this is no number of a case", "no-such-case")
    return number


def _text(given: GivenOrder) -> str:
    if not given.argument:
        raise Refused("the text is empty", "empty")
    return given.argument


# --- What is done ----------------------------------------------------------------------------------------------------


def _mine(given: GivenOrder, case: CaseView) -> tuple[Effect, ...]:
    """The shared mailbox is nobody who could have a case."""
    if given.policy.office.is_own(given.lookup.message.sender):
        raise Refused("the shared mailbox does not say which agent it is", "mailbox-is-nobody")
    return given.command("assign", case, name=given.agent)


def _derive(given: GivenOrder, case: CaseView) -> tuple[Effect, ...]:
    """The cause is chosen by one word, alone or before a sign: a sentence that has the word in it may deny it."""
    first = re.match(r"\w+(?=\s*(?:$|[:;,.(–—-]))", folded(given.argument))
    return given.command("escalate", case, why=given.argument, cause=_CAUSES.get(first[0], "") if first else "")


def _solved(given: GivenOrder, case: CaseView) -> tuple[Effect, ...]:
    """It counts from the arrival of the order: the answer to the citizen may have been read before."""
    at = max(min(given.lookup.received_at, given.now), case.opened_at)
    return given.command("solved", case, at=at.isoformat())


def _called(given: GivenOrder, case: CaseView) -> tuple[Effect, ...]:
    """What follows the word and is no known outcome may say that nobody answered: a deadline is not met by a guess."""
    if given.argument:
        raise Refused("the outcome of the call is not known", "no-such-outcome")
    return given.command("log-call", case, outcome="reached")


def _merge(given: GivenOrder, case: CaseView) -> tuple[Effect, ...]:
    into = _number(given)
    if into not in given.view.cases or into == case.number:
        raise Refused("there is no other case of this number to merge into", "no-such-case")
    return given.command("merge", case, into=into)


def _taken_back(
    command: Callable[[GivenOrder, CaseView], tuple[Effect, ...]],
) -> Callable[[GivenOrder, CaseView], tuple[Effect, ...]]:
    """The command takes the case from the technical services; a draft tells the person so."""

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
        return given.command("reopen", case)
    untold = MailKind.ACK not in case.sent.kinds and case.running("answer") and cases.can_be_told(given.policy, case)
    return (
        *(TreatAsRequest(message=fingerprint) for fingerprint in case.messages.aside),
        *((acknowledgement.of_confirmed_case(given.policy, case, given.now),) if untold else ()),
        ReviewDone(fingerprint=case.first_message),
        AuditEvent(kind="review-closed", case=case.number, data={"by": given.agent}),
    )


def _person_of_entry(given: GivenOrder, entry: NamedEntry) -> tuple[Effect, ...]:
    """It makes a request of the message, as `oacmail case open` does. The message is decided before the order is
    (engine/engine.py), which then finds its case."""
    if entry.request:
        return ()
    if not entry.kept:
        raise Refused("the message was too large to be stored", "not-stored")
    return (TreatAsRequest(message=entry.ref),)


def _spam_of_entry(given: GivenOrder, entry: NamedEntry) -> tuple[Effect, ...]:
    if entry.case:
        raise Refused("a case has been made of it", "has-a-case")
    return (
        ReviewDone(fingerprint=entry.ref),
        AuditEvent(kind="review-closed", data={"ref": entry.ref[:16], "by": given.agent}),
    )


def _call(given: GivenOrder) -> tuple[Effect, ...]:
    return open_contact(
        given.policy,
        read_contact(given.argument),
        number=given.new_number,
        key=given.key,
        topic=given.lookup.reading.topic,
        by=given.agent,
        at=min(given.lookup.received_at, given.now),
    )


def _no_order(reason: str) -> Callable[[GivenOrder], tuple[Effect, ...]]:
    def refuse(_: GivenOrder) -> tuple[Effect, ...]:
        raise Refused("there is no such order", reason)

    return refuse


def _whom_to_tell(_: GivenOrder, case: CaseView) -> str:
    return f"undone-{services.heard(case)}" if case.status is Status.DERIVED else ""


def _two_people(given: GivenOrder, case: CaseView) -> str:
    into = given.view.cases[_number(given)]
    return "" if case.addresses & into.addresses - {""} else "two-people"


def _still_answered(_: GivenOrder, case: CaseView) -> str:
    return "still-answered" if case.status is Status.ANSWERED else ""


ACTIONS: Mapping[Verb, Action] = {
    Verb.ASSIGN: Action(case=lambda given, case: given.command("assign", case, name=_agent(given)), reads=_agent),
    Verb.MINE: Action(case=_mine),
    Verb.CLOSE: Action(case=lambda given, case: given.command("close", case, reason=_reason(given)), reads=_reason),
    Verb.SPAM: Action(
        case=lambda given, case: given.command("close", case, reason="spam"),
        entry=_spam_of_entry,
    ),
    Verb.REOPEN: Action(case=lambda given, case: given.command("reopen", case)),
    Verb.SECOND_LEVEL: Action(case=_derive, reads=_text),
    Verb.FIRST_LEVEL: Action(
        case=_taken_back(lambda given, case: given.command("set", case, level=Level.FIRST)),
        after=_whom_to_tell,
    ),
    Verb.SOLVED: Action(case=_solved, after=lambda *_: "tell-the-person"),
    Verb.UNTIL: Action(case=lambda given, case: given.command("until", case, day=_day(given)), reads=_day),
    Verb.NOT_OURS: Action(
        case=_taken_back(lambda given, case: given.command("not-theirs", case)),
        after=_whom_to_tell,
    ),
    Verb.WAIT: Action(
        case=lambda given, case: given.command("wait", case, day=_day(given) if given.argument else ""),
        reads=_day,
    ),
    Verb.NOTE: Action(
        case=lambda given, case: given.command("note", case, text=_text(given)),
        reads=_text,
        after=lambda *_: "may-be-read",
    ),
    Verb.TOPIC: Action(case=lambda given, case: given.command("set", case, topic=_topic(given)), reads=_topic),
    Verb.CALLED: Action(case=_called),
    Verb.NOT_REACHED: Action(
        case=lambda given, case: given.command("log-call", case, outcome="no-answer"),
        after=_still_answered,
    ),
    Verb.LANGUAGE: Action(
        case=lambda given, case: given.command("set", case, language=_language(given)),
        reads=_language,
    ),
    Verb.HELP: Action(nothing=lambda _: ()),
    Verb.CALL: Action(nothing=_call),
    Verb.MERGE: Action(case=_merge, reads=_number, after=_two_people),
    Verb.SPLIT: Action(case=_split, after=lambda given, _: f"new-case:{given.new_number}"),
    Verb.OUT_OF_SCOPE: Action(case=_out_of_scope, reads=_text),
    Verb.DRAFT: Action(case=_draft),
    Verb.PERSON: Action(case=_person, entry=_person_of_entry),
    Verb.UNKNOWN: Action(nothing=_no_order("unknown")),
    Verb.TOO_MANY: Action(nothing=_no_order("too-many")),
}


# --- Contacts --------------------------------------------------------------------------------------------------------
# A case of a telephone call or a visit, which an agent notes by mail (`#call`). The message that opens it has the rule
# `telephone` or `visit`, by which figures tell the channel. There is no address, so no automatic mail goes to anybody.

TELEPHONE, VISIT = "telephone", "visit"
_CALL = re.compile(r"([^,:]{2,80}?)\s*(?:,\s*(\+?[\d\s().-]{6,25}?)\s*)?:\s*(\S.*)", re.DOTALL)
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
    said = _CALL.fullmatch(argument.strip())
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
    found += [(said.message, said.at) for said in case.messages.latest if not said.by_office]
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
    if case.term.ends_on is None or message not in case.term.named_by:
        return ()
    stays = len(case.term.named_by) > 1
    to_come = {one.started_by for one in case.running("remind") if one.level == answers.TERM}
    without = number if message not in to_come else case.number if stays and to_come == {message} else ""
    return (
        UpdateCase(case=number, columns={"ends_on": case.term.ends_on, "ends_hour": case.term.ends_hour}),
        *(() if stays else (UpdateCase(case=case.number, columns={"ends_on": None, "ends_hour": None}),)),
        *(answers.remind_of_term(policy, without, key=key, at=now, ends_on=case.term.ends_on) if without else ()),
    )
