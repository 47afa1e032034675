"""What is out of scope, by an agent's order: the citizen is told who can help, or the agent gets a draft (template D).

A matter of another body is a person's word to say (R3, R9): the order names the body, one of `[[pointer]]`, and the
mail that tells the citizen answers the question, so it meets the deadline (R14, R16). Without a body, or without an
address to write to, only the level changes and the agent gets the table in a draft. Nothing here is decided from a
message alone.
"""

from datetime import datetime

from oacmail.core.cases import answers
from oacmail.core.cases.citizen_mail import notice
from oacmail.core.cases.corrections import said_by_hand
from oacmail.core.cases.drafts import draft, row
from oacmail.core.cases.recipient import can_be_told
from oacmail.core.effects import AuditEvent, Effect, UpdateCase
from oacmail.core.errors import Refused
from oacmail.core.model import Level, Status
from oacmail.core.outgoing import MailKind
from oacmail.core.policy import Pointer, Policy
from oacmail.core.routing.orders import folded
from oacmail.core.view import CaseView


def refer(
    policy: Policy, case: CaseView, *, body: str, folder: str, agent: str, key: str, now: datetime
) -> tuple[Effect, ...]:
    """Out of scope, with or without the other `body` as the agent has written it. `folder`, `agent`: for a draft
    (core/cases/drafts.py); `key` names the order. Raises Refused."""
    if case.status is Status.CLOSED:
        raise Refused("the case is closed: reopen it first", "closed")
    if case.status is Status.DERIVED:
        raise Refused("the technical services have the case: take it back first (level 1)", "derived-already")
    pointer = _pointer(policy, body) if body else None
    level = (
        UpdateCase(case=case.number, columns={"level": Level.OUT_OF_SCOPE, "touched_at": now}),
        *said_by_hand(case, {"level": Level.OUT_OF_SCOPE}),
    )
    if pointer is None or not can_be_told(policy, case):
        return (*level, *draft(policy, case, folder=folder, agents=(agent,), key=key, now=now, out_of_scope=True))
    facts: dict[str, object] = {"pointer": row(pointer)}
    return (
        *level,
        notice(policy, case, MailKind.REFERRED, key=f"{MailKind.REFERRED}:{key}", facts=facts, now=now),
        *answers.answered(policy, case, at=now, key=key, how="referral", recipients=frozenset()),
        AuditEvent(kind="referred", case=case.number, data={"body": pointer.body}),
    )


def _pointer(policy: Policy, body: str) -> Pointer:
    """The row whose name is this, or else the only one that contains it."""
    wanted = folded(body).strip(" .:")
    exact = [one for one in policy.pointers if folded(one.body) == wanted]
    found = exact or [one for one in policy.pointers if wanted in folded(one.body)]
    if len(found) != 1:
        raise Refused("no row of [[pointer]] has this name", "no-such-pointer")
    return found[0]
