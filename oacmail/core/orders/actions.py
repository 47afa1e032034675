"""What each order does, one row an order: the admin's command of the same meaning, or effects of its own.

Who may give orders and which case they are about is decided before (core/orders/mail.py). An order that does not
fit raises `Refused` and changes nothing.
"""

import re
from collections.abc import Callable, Mapping
from datetime import datetime

from msgspec import Struct
from msgspec.structs import replace

from oacmail.core import acknowledgement, answers, calendar, callbacks, cases, services, tokens
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
from oacmail.core.model import (
    Callback,
    Classification,
    CloseReason,
    Intent,
    Kind,
    Level,
    Role,
    Status,
    Topic,
    Verb,
    regex,
)
from oacmail.core.notices import agent_of
from oacmail.core.order_words import folded, language_named, number_of
from oacmail.core.orders.commands import CORRECTABLE, on_admin_command
from oacmail.core.policy import Policy
from oacmail.core.review import NamedEntry
from oacmail.core.view import CaseView, View


class GivenOrder(Struct, frozen=True, kw_only=True):
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
        year = calendar.local_day(self.lookup.received_at, self.policy).year
        return tokens.case_number(self.policy, year, self.view.serial)

    def command(self, verb: str, case: CaseView, **words: str) -> tuple[Effect, ...]:
        """What an order does that means the same as a command of the admin."""
        given_in = f"{self.lookup.message.fingerprint[:16]}.{self.place}"
        command = AdminCommand(verb=verb, case=case.number, by=self.agent, given_in=given_in, words=words)
        return on_admin_command(self.policy, self.view, command, self.now).effects


class Action(Struct, frozen=True, kw_only=True):
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
    return calendar.local_day(at, policy).year


# --- What follows the word -------------------------------------------------------------------------------------------

_TO = regex(r"^(?:a l'|(?:a la|(?:per )?a|al|para|to)\s+|@)")
"""Before the name: `#assigna a Anna`."""
_CALL = regex(r"([^,:]{2,80}?)\s*(?:,\s*(\+?[\d\s().-]{6,25}?)\s*)?:\s*(\S.*)", re.DOTALL)
_SPANISH = regex(r"[6-9]\d{8}")
_FOREIGN = regex(r"\+[1-9]\d{6,14}")
_CLOSE_REASONS: Mapping[str, CloseReason] = {
    "": CloseReason.ANSWERED, "duplicate": CloseReason.DUPLICATE, "duplicat": CloseReason.DUPLICATE,
    "duplicado": CloseReason.DUPLICATE, "spam": CloseReason.SPAM, "brossa": CloseReason.SPAM,
    "thanks": CloseReason.THANKS, "gracies": CloseReason.THANKS, "gracias": CloseReason.THANKS,
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
    today = calendar.local_day(given.lookup.received_at, given.policy)
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
    """A message that is another matter becomes a case: the one that the order replies to, else the newest other one of
    a citizen. A deadline that it has started goes with it. While the old case waits, an earlier deadline covered the
    message and its promise counts from its arrival; after an answer, from the order. Nobody gets a mail."""
    policy, number = given.policy, given.new_number
    named = [known for known in given.view.named if known.case == case.number and known.role is Role.CITIZEN]
    found = [(known.fingerprint, known.received_at) for known in reversed(named)]
    found += [(said.message, said.at) for said in case.messages.latest if not said.by_office]
    message, at = next((message for message in found if message[0] != case.first_message), ("", given.now))
    if not message:
        raise Refused("the case has no other message of the person", "only-message")
    effects: list[Effect] = [SplitCase(case=case.number, number=number, message=message, opened_at=at)]
    starters = [deadline.started_by for deadline in case.running("answer")]
    others = any(starter != message for starter in starters)
    if message not in starters:
        start = at if others else given.now
        due_at = calendar.answer_due(start, policy)
        effects += answers.start_deadline(policy, number, key=given.key, at=start, due_at=due_at)
    if not others and case.status is Status.OPEN and case.answered_at is not None:
        effects.append(UpdateCase(case=case.number, columns={"status": Status.ANSWERED}))
    # The person's own term goes with the message that names it, and stays too if another message names it. The case
    # that is left without the reminder that is still to come gets one of its own (R32).
    term, ends_on = case.term, case.term.ends_on
    if ends_on is not None and message in term.named_by:
        effects.append(UpdateCase(case=number, columns={"ends_on": ends_on, "ends_hour": term.ends_hour}))
        stays = len(term.named_by) > 1
        if not stays:
            effects.append(UpdateCase(case=case.number, columns={"ends_on": None, "ends_hour": None}))
        to_come = {deadline.started_by for deadline in case.running("remind") if deadline.level == answers.TERM}
        without = number if message not in to_come else case.number if stays and to_come == {message} else ""
        if without:
            effects += answers.remind_of_term(policy, without, key=given.key, at=given.now, ends_on=ends_on)
    return (
        *effects,
        AuditEvent(kind="split", case=case.number, data={"into": number}),
        AuditEvent(kind="opened", case=number, data={"rule": "split"}),
    )


def _out_of_scope(given: GivenOrder, case: CaseView) -> tuple[Effect, ...]:
    sender, folder = given.lookup.message.sender, given.view.drafts
    body, key = given.argument, given.key
    return services.refer(given.policy, case, body=body, folder=folder, agent=sender, key=key, now=given.now)


def _draft(given: GivenOrder, case: CaseView) -> tuple[Effect, ...]:
    agents, folder = (given.lookup.message.sender,), given.view.drafts
    return answers.draft(given.policy, case, folder=folder, agents=agents, key=given.key, now=given.now)


def _person(given: GivenOrder, case: CaseView) -> tuple[Effect, ...]:
    """Somebody waits on this case: one that was closed as spam is open again, what was filed there is a request, and a
    person who waits without an acknowledgement gets it."""
    if case.close_reason is CloseReason.SPAM:
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
    """The case of a telephone call or a visit: `NAME, NUMBER: what was asked`; the number may be missing. The message
    that opens it has the rule `telephone` or `visit`, by which figures tell the channel. Without an address no
    automatic mail goes to anybody."""
    policy, number, key = given.policy, given.new_number, given.key
    said = _CALL.fullmatch(given.argument.strip())
    if said is None:
        raise Refused("a call is NAME, NUMBER: what was asked", "no-such-call")
    name, text = " ".join(said[1].split()), said[3].strip()
    phone = re.sub(r"[\s().-]", "", said[2] or "")  # E.164 (ITU-T)
    phone = "+" + phone.removeprefix("00") if phone.startswith("00") else phone
    phone = "+34" + phone if _SPANISH.fullmatch(phone) else phone
    if said[2] and _FOREIGN.fullmatch(phone) is None:
        raise Refused("this is no telephone number", "no-such-number")
    # What stands for the person's address: a `tel:` URI (RFC 3966), to which no mail can go; '' = unknown.
    channel, citizen = ("telephone", f"tel:{phone}") if phone else ("visit", "")
    at = min(given.lookup.received_at, given.now)
    due_at = calendar.answer_due(at, policy)
    reading = Classification(
        kind=Kind.REQUEST,
        topic=given.lookup.reading.topic or Topic.OTHER,
        level=Level.FIRST,
        intent=Intent.QUESTION,
        language=policy.office.languages[0],
        callback=None,
        confidence={},
        because=(channel,),
    )
    if phone:
        due_at = min(due_at, calendar.callback_due(at, "any", policy))
        reading = replace(reading, intent=Intent.CALLBACK, callback=Callback(phone=phone, slot="any"))
    return (
        OpenCase(
            number=number,
            citizen=citizen,
            name=name,
            subject=name,
            reading=reading,
            opened_at=at,
            due_at=due_at,
            opened_by=key,
        ),
        RecordContact(message=key, case=number, author=citizen, subject=name, text=text, channel=channel, at=at),
        *answers.start_deadline(policy, number, key=key, at=at, due_at=due_at),
        AuditEvent(kind="opened", case=number, data={"rule": channel, "by": given.agent}),
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


def _what_the_call_is_worth(given: GivenOrder, case: CaseView) -> str:
    calls = callbacks.calls_in_vain(given.policy, case, given.now)
    if case.status is Status.ANSWERED:
        return "still-answered"
    if calls is not None and calls >= given.policy.call_attempts and cases.can_be_told(given.policy, case):
        return "person-told"
    return "call-outside" if calls == 0 else ""


ACTIONS: Mapping[Verb, Action] = {
    Verb.ASSIGN: Action(case=lambda given, case: given.command("assign", case, name=_agent(given)), reads=_agent),
    Verb.MINE: Action(case=_mine),
    Verb.CLOSE: Action(case=lambda given, case: given.command("close", case, reason=_reason(given)), reads=_reason),
    Verb.SPAM: Action(
        case=lambda given, case: given.command("close", case, reason=CloseReason.SPAM),
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
        after=_what_the_call_is_worth,
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
