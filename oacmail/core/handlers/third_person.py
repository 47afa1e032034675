"""A third person's reply about a case: an agent forwarded it from the shared mailbox to somebody who is neither staff
nor the citizen, such as another department.

Evidence is the Message-ID of that forward in Sent, named by the address that it went to; From alone is none. The reply
is filed on the case like a colleague's remark, and the agent gets its text. It meets and starts no deadline, changes no
state, and gives its writer no part in the case; nothing of it goes to the citizen, and nothing automatic to its writer.
"""

import re
from datetime import datetime

from oacmail.core.effects import Decision, RecordMessage, Remember
from oacmail.core.lookup import WRITERS_MOST, Lookup
from oacmail.core.model import Dmarc, Folder, Kind, Outcome, Role, Status
from oacmail.core.outbox.staff_notices import assigned, notices
from oacmail.core.outgoing import MailKind
from oacmail.core.policy import Policy
from oacmail.core.routing.reply_prefixes import FORWARD, RARE_FORWARD
from oacmail.core.view import FORWARDED_TO, View

RULE = "third-person"
_FORWARDED = re.compile(rf"\s*(?:{FORWARD}|{RARE_FORWARD})\s?:", re.IGNORECASE)


def is_forward(lookup: Lookup) -> bool:
    """By its subject. Who replies to any other mail may be the citizen at another address, and wait for an answer."""
    return _FORWARDED.match(lookup.message.subject) is not None


def asked(view: View, lookup: Lookup) -> tuple[Remember, ...]:
    """Remember who got the case, of a mail about it that went to none of its citizens; () = no forward in Sent, or one
    of the office's own answer, which asks nobody: it may have gone to another address of the citizen."""
    if lookup.folder is not Folder.SENT or not lookup.outsiders or not is_forward(lookup) or _answers(view, lookup):
        return ()
    people = sorted(lookup.outsiders)[:WRITERS_MOST]
    return (Remember(name=FORWARDED_TO + lookup.message.fingerprint, value=" ".join(people)),)


def _answers(view: View, lookup: Lookup) -> bool:
    """Whether what it forwards, the last message that it names (RFC 5322, 3.6.4), is an answer of the office."""
    last = lookup.message.refs[-1:]
    return any(one.role is Role.AGENT and one.message_id in last for one in view.named)


def replied(policy: Policy, view: View, lookup: Lookup, now: datetime) -> Decision | None:
    """None = the message is no such reply, or one of somebody who may wait for an answer."""
    message, case = lookup.message, view.cases.get(view.forwarded_case or "")
    if case is None or message.sender in case.own | case.others or message.auth.dmarc is Dmarc.FAIL:
        return None
    if view.acknowledged_as is not None or _is_citizen(view):
        return None
    record = RecordMessage(role=Role.TECHNICAL, outcome=Outcome.STAFF, kind=Kind.REQUEST, case=case.number, rule=RULE)
    told = notices(
        policy,
        assigned(policy, case.assignee, view.away),
        key=f"{MailKind.SERVICES}:{message.fingerprint}",
        kind=MailKind.SERVICES,
        now=now,
        case=case.number,
        facts={"said": RULE},
        attach=message.fingerprint,
    )
    return Decision(effects=(record, *told), because=(RULE,))


def _is_citizen(view: View) -> bool:
    """Whether the writer has asked something of late, on a case that is not closed."""
    asked = (view.cases.get(one.case or "") for one in view.recent if one.role is Role.CITIZEN)
    return any(case is not None and case.status is not Status.CLOSED for case in asked)
