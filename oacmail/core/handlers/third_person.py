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
from oacmail.core.model import Dmarc, Folder, Kind, Outcome, Role
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


def asked(lookup: Lookup) -> tuple[Remember, ...]:
    """Remember who got the case, of a mail about it that went to none of its citizens; () = no forward in Sent."""
    if lookup.folder is not Folder.SENT or not lookup.outsiders or not is_forward(lookup):
        return ()
    people = sorted(lookup.outsiders)[:WRITERS_MOST]
    return (Remember(name=FORWARDED_TO + lookup.message.fingerprint, value=" ".join(people)),)


def replied(policy: Policy, view: View, lookup: Lookup, now: datetime) -> Decision | None:
    """None = the message is no such reply."""
    message, case = lookup.message, view.cases.get(view.forwarded_case or "")
    if case is None or message.sender in case.own | case.others or message.auth.dmarc is Dmarc.FAIL:
        return None
    record = RecordMessage(role=Role.TECHNICAL, outcome=Outcome.STAFF, kind=Kind.REQUEST, case=case.number, rule=RULE)
    told = notices(
        policy,
        assigned(policy, case.assignee),
        key=f"{MailKind.SERVICES}:{message.fingerprint}",
        kind=MailKind.SERVICES,
        now=now,
        case=case.number,
        facts={"said": RULE},
        attach=message.fingerprint,
    )
    return Decision(effects=(record, *told), because=(RULE,))
