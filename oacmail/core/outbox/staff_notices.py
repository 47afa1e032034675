"""Mail to staff: who gets it, when, and under which key. It never goes to a citizen or to our own address.

A kind that may not leave at any hour (core/outbox/kinds.py) waits for the next opening. Each recipient has a row of
their own; the key holds only a short hash of the address, since keys appear in logs.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from hashlib import sha256

from oacmail.core import calendar
from oacmail.core.effects import Quoted, Send
from oacmail.core.outbox.buttons import buttons
from oacmail.core.outbox.kinds import AT_ANY_HOUR, KINDS, IfUndelivered
from oacmail.core.outbox.rate_limits import registrable
from oacmail.core.outgoing import MailKind
from oacmail.core.policy import Policy
from oacmail.core.routing import signature
from oacmail.core.view import OutgoingView

_AS = {IfUndelivered.AS_ACK: "ack", IfUndelivered.AS_ANSWER: "answer", IfUndelivered.AS_OTHER: "other"}


def notices(
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
    lang: str = "",
) -> tuple[Send, ...]:
    """Return the same notice to each of these people, in the first language of the office or in `lang`."""
    at_once = kind in AT_ANY_HOUR or calendar.in_hours(now, policy)
    lang, told = lang or policy.office.languages[0], facts or {}
    return tuple(
        Send(
            key=f"{key}:{sha256(address.encode()).hexdigest()[:8]}",
            kind=kind,
            lang=lang,
            recipient=address,
            case=case,
            token=signature.token(policy, case) if case else "",
            facts={
                **told,
                "case": case,
                "buttons": buttons(policy, kind, recipient=address, case=case, facts=told, key=key, lang=lang, now=now),
            },
            attach=attach,
            conversation=conversation,
            release=now if at_once else calendar.next_opening(now, policy),
        )
        for address in dict.fromkeys(recipients)
        if not policy.office.is_own(address)
    )


def to_agents(
    policy: Policy,
    *,
    key: str,
    kind: MailKind,
    now: datetime,
    case: str | None = None,
    facts: Mapping[str, object],
) -> tuple[Send, ...]:
    """As `notices`, to all agents."""
    return notices(policy, policy.people.agents, key=key, kind=kind, now=now, case=case, facts=facts)


def agent_of(policy: Policy, name: str | None) -> str | None:
    """The agent of this address, or of this name before the @; None = there is none, or several."""
    found = [address for address in policy.people.agents if name in (address, address.partition("@")[0])]
    return found[0] if len(found) == 1 else None


def assigned(policy: Policy, assignee: str | None, away: frozenset[str]) -> tuple[str, ...]:
    """The agent who has the case; all agents if that is nobody known, or who is out of office. `away`: the addresses of
    staff who are."""
    agent = agent_of(policy, assignee)
    return policy.people.agents if agent is None or agent in away else (agent,)


def with_agents(policy: Policy, people: tuple[str, ...], away: frozenset[str]) -> tuple[str, ...]:
    """These people; all agents too if one of them is out of office."""
    return people if away.isdisjoint(people) else (*people, *policy.people.agents)


def undelivered_notices(
    policy: Policy, mail: OutgoingView, *, key: str, now: datetime, received_at: datetime, code: int = 0
) -> tuple[Send, ...]:
    """Tell the agents that a mail to a citizen did not arrive, and the operators that one to staff did not (R14)."""
    how = KINDS[mail.kind].if_undelivered
    if how is IfUndelivered.NOBODY:
        return ()
    staff = mail.recipient in policy.people.staff
    told = [address for address in policy.people.operator if address != mail.recipient]
    facts = {
        "what": _AS[how],
        "received_at": received_at,
        "domain": registrable(mail.recipient),
        "code": str(code or ""),
    }
    return notices(
        policy,
        told if staff else policy.people.agents,
        key=key,
        kind=MailKind.BOUNCED,
        now=now,
        case=mail.case,
        facts=facts,
    )
