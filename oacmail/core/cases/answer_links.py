"""Which cases a mail to staff offers to answer by a new mail to the answer address (core/handlers/relayed_answer.py).

A mail about one case offers that case, some lists each of their first cases; never one that is closed, whose answers
come back, or one whose person has no address to write to, as after a telephone call. It never decides what is relayed.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from urllib.parse import quote

from oacmail.core.cases.recipient import is_deliverable, is_ours
from oacmail.core.effects import Effect, OpenCase, Send, UpdateCase
from oacmail.core.model import Status
from oacmail.core.outbox.buttons import listed
from oacmail.core.outbox.kinds import KINDS, Audience
from oacmail.core.outgoing import MailKind
from oacmail.core.policy import Policy
from oacmail.core.routing.signature import answer_address

_LISTS = (MailKind.OVERDUE_DIGEST, MailKind.NOTICE_LIST)


def asked(policy: Policy, send: Send) -> tuple[str, ...]:
    """The cases in question; () where no server can prove who writes."""
    rules = KINDS[send.kind]
    if rules.audience is Audience.CITIZEN or not policy.provable or not policy.office.plus_addressing:
        return ()
    if send.case and rules.about_case:
        return (send.case,)
    return listed(send.facts) if send.kind in _LISTS else ()


def offering(policy: Policy, send: Send, citizens: Mapping[str, tuple[str, Status]], effects: Iterable[Effect]) -> Send:
    """The mail with its links: the one of its case as the fact `offer`, those of a list among its buttons. `citizens`:
    case to the address of its person and its status, before the effects that are written with the mail."""
    standing = dict(citizens)
    for effect in effects:
        match effect:
            case OpenCase():
                standing[effect.number] = (effect.citizen, Status.OPEN)
            case UpdateCase(columns={"status": status}) if effect.case in standing:
                standing[effect.case] = (standing[effect.case][0], status)
    links = {
        case: f"mailto:{answer_address(policy, case)}?subject={quote(case)}"
        for case in asked(policy, send)
        if case in standing and _can_be_written_to(policy, *standing[case])
    }
    if send.case:
        return replace(send, facts={**send.facts, "offer": links.get(send.case, "")})
    given = send.facts.get("buttons", ())
    assert isinstance(given, tuple)
    more = tuple({"verb": "write", "case": case, "url": url} for case, url in links.items())
    return replace(send, facts={**send.facts, "buttons": (*given, *more)}) if more else send


def _can_be_written_to(policy: Policy, address: str, status: Status) -> bool:
    return status is not Status.CLOSED and is_deliverable(address) and not is_ours(policy, address)
