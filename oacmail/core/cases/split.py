"""A message that an agent takes out of a case, because it is another matter: it becomes a case with its own deadline.

A deadline that the message itself has started goes with it. While the old case waits, the message was covered by an
earlier deadline and its promise counts from its arrival; after an answer, it counts from the order. The old case keeps
its number and its other messages. The person's own term goes with the message that names it. Nobody gets a mail.
"""

from datetime import datetime

from oacmail.core import calendar
from oacmail.core.case_effects import SplitCase
from oacmail.core.cases import answers
from oacmail.core.effects import AuditEvent, Effect, UpdateCase
from oacmail.core.errors import Refused
from oacmail.core.model import Role, Status
from oacmail.core.policy import Policy
from oacmail.core.view import CaseView, View


def message_to_split(view: View, case: CaseView, moved: frozenset[str]) -> tuple[str, datetime]:
    """(fingerprint, arrival) of the message that the order replies to, else of the newest message of a citizen. The one
    that opened the case stays. `moved`: messages, and cases with all of theirs, that orders above this one have taken
    away. Raises Refused if there is no other."""
    named = [known for known in view.named if known.case == case.number and known.role is Role.CITIZEN]
    found = [(known.fingerprint, known.received_at) for known in reversed(named)]
    found += [(said.message, said.at) for said in case.latest if not said.by_office]
    movable = [one for one in found if one[0] != case.first_message and moved.isdisjoint((one[0], case.number))]
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
