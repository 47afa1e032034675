"""Mail to staff about a case: who gets it, when, what it shows, and its buttons. It never goes to a citizen or to our
own address; what it shows of a case is no name, address, phone or subject (LOPDGDD, additional provision 7).
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from hashlib import sha256

from oacmail.core import calendar, order_words, tokens
from oacmail.core.effects import Quoted, Send
from oacmail.core.kinds import AT_ANY_HOUR, KINDS, LISTS_OF_CASES, Audience, IfUndelivered, MailKind
from oacmail.core.model import Intent, Message, Verb
from oacmail.core.order_words import BUTTONS
from oacmail.core.policy import Policy
from oacmail.core.rate_limits import registrable
from oacmail.core.tokens import token_link
from oacmail.core.view import CaseView, OutgoingView

# --- Staff notices ---------------------------------------------------------------------------------------------------
# A kind that may not leave at any hour (core/kinds.py) waits for the next opening. Each recipient has a row of their
# own; the key holds only a short hash of the address, since keys appear in logs.

_AS = {IfUndelivered.AS_ACK: "ack", IfUndelivered.AS_ANSWER: "answer", IfUndelivered.AS_OTHER: "other"}


def notify(
    policy: Policy,
    recipients: Iterable[str],
    *,
    key: str,
    kind: MailKind,
    now: datetime,
    case: str | None = None,
    facts: Mapping[str, object] | None = None,
    attach: str | None = None,
    conversation: tuple[Quoted, ...] = (),
    answers: Message | None = None,
    lang: str = "",
) -> tuple[Send, ...]:
    """Return the same notice to each of these people, in the first language of the office or in `lang`; in the thread
    of the message that it `answers`."""
    at_once = kind in AT_ANY_HOUR or calendar.in_hours(now, policy)
    lang, facts = lang or policy.office.languages[0], facts or {}
    return tuple(
        Send(
            key=f"{key}:{sha256(address.encode()).hexdigest()[:8]}",
            kind=kind,
            lang=lang,
            recipient=address,
            case=case,
            token=tokens.case_token(policy, case) if case else "",
            facts={
                **facts,
                "case": case,
                "buttons": buttons(
                    policy, kind, recipient=address, case=case, facts=facts, key=key, lang=lang, now=now
                ),
            },
            attach=attach,
            conversation=conversation,
            automatic="auto-generated" if answers is None else "auto-replied",
            in_reply_to=answers.message_id if answers else "",
            refs=(*answers.refs, answers.message_id) if answers and answers.message_id else (),
            release=now if at_once else calendar.next_opening(now, policy),
        )
        for address in dict.fromkeys(recipients)
        if not policy.office.is_own(address)
    )


def notify_agents(
    policy: Policy,
    *,
    key: str,
    kind: MailKind,
    now: datetime,
    case: str | None = None,
    facts: Mapping[str, object],
) -> tuple[Send, ...]:
    """As `notify`, to all agents."""
    return notify(policy, policy.people.agents, key=key, kind=kind, now=now, case=case, facts=facts)


def agent_of(policy: Policy, name: str | None) -> str | None:
    """The agent of this address, or of this name before the @; None = there is none, or several."""
    found = [address for address in policy.people.agents if name in (address, address.partition("@")[0])]
    return found[0] if len(found) == 1 else None


def assigned(policy: Policy, assignee: str | None, away: frozenset[str]) -> tuple[str, ...]:
    """The agent who has the case; all agents if that is nobody known, or who is out of office. `away`: the addresses of
    staff who are."""
    agent = agent_of(policy, assignee)
    return policy.people.agents if agent is None or agent in away else (agent,)


def undelivered_notices(
    policy: Policy,
    mail: OutgoingView,
    *,
    key: str,
    now: datetime,
    received_at: datetime,
    said: str,
    code: int = 0,
) -> tuple[Send, ...]:
    """Tell the agents that a mail to a citizen did not arrive, and the operators that one to staff did not (R14)."""
    how = KINDS[mail.kind].if_undelivered
    if how is IfUndelivered.NOBODY:
        return ()
    staff = mail.recipient in policy.people.staff
    operators = [address for address in policy.people.operator if address != mail.recipient]
    facts = {
        "what": _AS[how],
        "received_at": received_at,
        "domain": registrable(mail.recipient),
        "code": str(code or ""),
        "said": said,
    }
    return notify(
        policy,
        operators if staff else policy.people.agents,
        key=key,
        kind=MailKind.BOUNCED,
        now=now,
        case=mail.case,
        facts=facts,
    )


# --- Case card -------------------------------------------------------------------------------------------------------
# What mail to staff shows of a case: numbers, moments and labels, under the names that templates use (words/facts.py).

Facts = dict[str, object]


def case_row(case: str, *, opened_at: datetime | None, due_at: datetime | None, status: str, topic: str) -> Facts:
    """One line of a list of cases. `case`: its number, '' = the mail is about no case."""
    return {"case": case, "opened_at": opened_at, "due_at": due_at, "status": status, "topic": topic}


def case_card(case: CaseView, due_at: datetime | None) -> Facts:
    """All that staff see of one case. `due_at`: the deadline that the mail is about, None = nobody waits."""
    return {
        **case_row(case.number, opened_at=case.opened_at, due_at=due_at, status=str(case.status), topic=case.topic),
        "level": case.level,
        "case_level": case.level,
        "intent": case.intent,
        "slot": case.call.slot if case.intent == Intent.CALLBACK else None,
        "call_hours": case.call.call_hours,
        "assignee": case.assignee,
        "urgent": case.term.near,
        "delayed": is_delayed(case),
        "unreached": MailKind.ACK in case.sent.failed,
        "filed": bool(case.messages.aside),
        "ends_on": case.term.ends_on,
        "ends_hour": case.term.ends_hour,
    }


def waiting_row(case: CaseView, now: datetime) -> Facts:
    """A case in a list of cases that wait for an answer."""
    due = due_at(case)
    return {**case_card(case, due), "overdue": due is not None and due <= now}


def short_number(number: str, year: int) -> str:
    """`118` for `OAC-2026-000118` in 2026; the whole number in another year. An agent may write either."""
    _, of_year, serial = number.rsplit("-", 2)
    return str(int(serial)) if of_year == str(year) else number


def derived_facts(case: CaseView) -> Facts:
    """What the technical services see besides: who operates the platform, and what fails."""
    return {
        "operator": case.services.operator or "town",
        "platform": case.services.platform,
        "cause": case.services.cause,
    }


def due_at(case: CaseView, *others: datetime) -> datetime | None:
    """The earliest of the case's deadlines for an answer and `others`; None = there is none."""
    return min(
        (*others, *(deadline.due_at for deadline in case.running("answer") if deadline.level == 0)), default=None
    )


def is_delayed(case: CaseView) -> bool:
    """True if somebody waits for an answer to a message that was delayed on its way (R18)."""
    deadlines = (deadline for deadline in case.running("answer") if deadline.level == 0)
    return any(calendar.is_delayed(deadline.started_at, deadline.sent_at) for deadline in deadlines)


# --- Buttons ---------------------------------------------------------------------------------------------------------
# `mailto:` links below the HTML alone, each with a token that is good for one order (RFC 6068); the text names the
# words. The mail that a button opens is an order mail of an agent, or a reply of the technical services, like any
# other, and its writer must be proven.

LISTED = 10
"""Cases of a list that have buttons: a mail with more could not be read."""
_LISTS = ("cases", "overdue_cases", "urgent_cases", "due_today_cases")


def buttons(
    policy: Policy,
    kind: MailKind,
    *,
    recipient: str,
    case: str | None,
    facts: Mapping[str, object],
    key: str,
    lang: str,
    now: datetime,
) -> tuple[dict[str, object], ...]:
    """The buttons of one notice to `recipient`, each with its order, case and link; () for who gives no orders, or
    where no server can prove who does."""
    if not policy.provable:
        return ()
    verbs = [verb for verb, button in BUTTONS.items() if kind in button.kinds]
    verbs += [verb for verb, button in BUTTONS.items() if kind in button.last_of]
    if KINDS[kind].audience is Audience.TECHNICAL:
        may_order = recipient in (*policy.people.technical, *policy.people.forms)
    else:
        may_order = recipient in policy.people.desk and bool(case) is not (kind in LISTS_OF_CASES)
    cases = ((case,) if case else listed_buttons(facts)) if may_order else ()
    return tuple(
        {
            "verb": verb,
            "case": number if not case else "",
            "url": _link(policy, recipient, number, verb, key=key, lang=lang, now=now),
        }
        for number in cases
        for verb in verbs
    )


def listed_buttons(facts: Mapping[str, object]) -> tuple[str, ...]:
    """The first cases of a list, the most urgent ones of the digest."""
    lists = (rows for name in _LISTS if isinstance(rows := facts.get(name), tuple))
    found = (str(row.get("case") or "") for rows in lists for row in rows if isinstance(row, Mapping))
    return tuple(dict.fromkeys(filter(None, found)))[:LISTED]


def _link(policy: Policy, agent: str, case: str, verb: Verb, *, key: str, lang: str, now: datetime) -> str:
    """Its mail has one order line; a client may add a signature below, or drop it."""
    token = order_words.order_token(policy, agent=agent, case=case, verb=verb, notice=key, now=now)
    word = order_words.word_of(verb, lang)
    return token_link(policy, token, case=case, word=word.strip(), body=f"{word}\r\n")
