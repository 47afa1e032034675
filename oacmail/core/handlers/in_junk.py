"""What follows from a message in the junk folder: it is counted, and an agent is shown what reads as a person's.

Nothing is acknowledged, moved or carried out, no case and no deadline changes: who filled the folder, a filter or a
person, is not known. An agent's `ÉS PERSONA` makes a request of such a message as of any that was set aside, with the
day of its arrival; what a person takes out of the folder is new where it then lies (core/decide.py).
"""

from datetime import datetime

from oacmail.core.effects import Decision, RecordMessage, RequestReview
from oacmail.core.lookup import Lookup
from oacmail.core.model import MACHINES, Kind, Outcome, Role
from oacmail.core.outbox.staff_notices import to_agents
from oacmail.core.outgoing import MailKind
from oacmail.core.policy import Policy
from oacmail.core.review import IN_JUNK, SHORT_REF
from oacmail.core.routing.threading import match_case
from oacmail.core.view import View

_NO_PERSON = (*MACHINES, Kind.SPAM)


def on_junk(policy: Policy, view: View, lookup: Lookup, now: datetime) -> Decision:
    """The card names nobody; it goes to the agents once a message."""
    message = lookup.message
    if not _reads_as_a_persons(view, lookup):
        counted = RecordMessage(role=Role.ROBOT, outcome=Outcome.AUTOMATIC, kind=Kind.SPAM, rule=IN_JUNK, kept=False)
        return Decision(effects=(counted,), because=(IN_JUNK,))
    record = RecordMessage(
        role=lookup.sender.role, outcome=Outcome.SPAM, kind=lookup.reading.kind, rule=IN_JUNK, author=lookup.author
    )
    facts = {
        "ref": message.fingerprint[:SHORT_REF],
        "received_at": lookup.received_at,
        "opening": message.fresh or message.subject,
    }
    key = f"{MailKind.IN_JUNK}:{message.fingerprint}"
    card = to_agents(policy, key=key, kind=MailKind.IN_JUNK, now=now, facts=facts)
    return Decision(effects=(record, RequestReview(reason=IN_JUNK), *card), because=(IN_JUNK, *lookup.reading.because))


def _reads_as_a_persons(view: View, lookup: Lookup) -> bool:
    """Whether proven staff wrote it, or a citizen whose words are no machine's and no advertisement, or who continues a
    case. Mail in the name of the office or of staff without a proof is what such folders are for."""
    if lookup.sender.role is not Role.CITIZEN:
        return lookup.sender.proven
    known = match_case(lookup.message, view, frozenset((lookup.author,)), lookup.received_at).case is not None
    return known or lookup.reading.kind not in _NO_PERSON
