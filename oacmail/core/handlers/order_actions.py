"""What each order does to its case, one row an order: the admin's command of the same meaning, or effects of its own.

Who may give orders and which case they are about is decided before (core/handlers/orders.py). An order that does not
fit raises `Refused` and changes nothing.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from oacmail.core.case_effects import TreatAsRequest
from oacmail.core.cases import acknowledgement, contacts, recipient
from oacmail.core.cases.drafts import draft
from oacmail.core.cases.referral import refer
from oacmail.core.cases.split import message_to_split, split
from oacmail.core.effects import AdminCommand, AuditEvent, Effect, ReviewDone
from oacmail.core.errors import Refused
from oacmail.core.escalation import outcome
from oacmail.core.handlers.admin_command import CORRECTABLE, on_admin_command
from oacmail.core.lookup import Lookup
from oacmail.core.model import Level, Status
from oacmail.core.outbox.kinds import LISTS_OF_CASES
from oacmail.core.outbox.staff_notices import agent_of
from oacmail.core.outgoing import MailKind
from oacmail.core.policy import Policy
from oacmail.core.routing import signature
from oacmail.core.routing.days_named import day_named
from oacmail.core.routing.orders import Verb, folded, language_named, number_of
from oacmail.core.routing.topic_names import topic_named
from oacmail.core.view import CaseView, View


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenOrder:
    """An order in its place. `cases` as they stand after the orders above it, `serial`: the next case serial of the
    year; `place`: its index in the mail, from 0; `moved`: see `OrderedCases`."""

    policy: Policy
    view: View
    lookup: Lookup
    now: datetime
    argument: str
    cases: Mapping[str, CaseView]
    serial: int
    place: int
    moved: frozenset[str] = frozenset()

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
        return signature.number(self.policy, year, self.serial)


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
        return on_admin_command(given.policy, replace(given.view, cases=given.cases), command, given.now).effects

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
    if into not in given.cases or into == case.number:
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
        draft = outcome.drafted(given.policy, case, folder=folder, agents=agents, key=given.key, now=given.now)
        return (*effects, *draft)

    return carry_out


def _split(given: GivenOrder, case: CaseView) -> tuple[Effect, ...]:
    message, at = message_to_split(given.view, case, given.moved)
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
    untold = MailKind.ACK not in case.told and case.running("answer") and recipient.can_be_told(given.policy, case)
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
    return f"undone-{outcome.heard(case)}" if case.status is Status.DERIVED else ""


def _two_people(given: GivenOrder, case: CaseView) -> str:
    into = given.cases[_into(given, case)["into"]]
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
    contact = contacts.read_contact(given.argument)
    return contacts.opened(
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
