"""What only a copy of our own mail tells: a message that is gone, and an order that was given by shell.

The acknowledgement of a message that is no longer in the mailbox names its case, its arrival and its due day: the case
comes back with them, without the words. A notice that an order caused names verb, case and moment in its key; if no
message gave that order, it was given by shell and is given again at that moment. This module decides which of these a
copy is; what an order does is the core's affair.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from oacmail.core import answers
from oacmail.core.effects import AdminCommand, Arrived, AuditEvent, Decision, Effect, OpenCase, UpdateCase
from oacmail.core.model import Classification, Kind, Status
from oacmail.core.policy import Policy
from oacmail.rebuild.proofs import Proof
from oacmail.store import SqliteStore, rebuilt, rebuilt_numbers

GONE = "message-gone"  # the rule of a case or message of which only the acknowledgement is left
BY = "rebuild"
_ORDERED = re.compile(
    r"(?:[a-z_]+):([a-z-]+):([A-Z]+-\d{4}-\d{6}):(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+\d\d:\d\d)"
    r"(?::[0-9a-f]{16}(?:\.\d+)?)?(?::\d+)?"
)
_AGAIN = {"escalate": "escalate", "log-call": "log-call"}
"""Orders that cause mail to the citizen: verb in the key -> verb that does the same now. The calls in vain before a
`not_reached` are unknown, so that it counts as a call."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ordered:
    """The order that caused a mail of ours. `prefix`: the mail's key without the moment."""

    command: AdminCommand
    at: datetime
    prefix: str


def ordered(key: str) -> Ordered | None:
    found = _ORDERED.fullmatch(key)
    verb = _AGAIN.get(found[1]) if found else None
    if found is None or verb is None:
        return None
    command = AdminCommand(verb=verb, case=found[2], by=BY)
    return Ordered(command=command, at=datetime.fromisoformat(found[3]), prefix=key[: found.start(3)])


class Orders:
    """The orders that mails to citizens show, by their moments."""

    def __init__(self, proofs: Iterable[Proof]) -> None:
        found = {(one.at, one.prefix): one for one in map(ordered, (proof.key for proof in proofs)) if one}
        self._orders = [found[key] for key in sorted(found)]
        self._next = 0

    def due(self, until: datetime) -> Ordered | None:
        """The next one that was given until then, once."""
        if self._next == len(self._orders) or self._orders[self._next].at > until:
            return None
        self._next += 1
        return self._orders[self._next - 1]

    def soon_after(self, arrival: datetime) -> datetime:
        """When a message of that arrival was carried out if it gave the next order; else its arrival."""
        if self._next == len(self._orders):
            return arrival
        at = self._orders[self._next].at
        return at if arrival <= at <= arrival + rebuilt_numbers.SOON else arrival


def bring_back(store: SqliteStore, policy: Policy, proof: Proof, copy: Arrived, now: datetime) -> bool:
    """Open the case, or the question on it, whose message is gone; return whether it was. `copy`: its
    acknowledgement."""
    if not proof.is_acknowledgement or proof.received_at is None or proof.due_at is None:
        return False
    status = rebuilt.status(store.con, proof.case)
    if rebuilt.is_known(store.con, proof.message):
        return False
    effects = (*_case(proof, copy, proof.received_at, proof.due_at, status),)
    asked = answers.start_deadline(policy, proof.case, key=proof.message, at=proof.received_at, due_at=proof.due_at)
    with store.turn() as turn:
        turn.apply(Decision(effects=effects, because=(GONE,)), now=now, mails={}, arrived=copy)
        rebuilt.stand_in(store.con, proof.message, proof.case, proof.recipient, proof.refs, proof.received_at, GONE)
        turn.apply(Decision(effects=tuple(asked), because=(GONE,)), now=now, mails={}, arrived=copy)
    return True


def _case(
    proof: Proof, copy: Arrived, received_at: datetime, due_at: datetime, status: Status | None
) -> Iterable[Effect]:
    if status is None:
        yield OpenCase(
            number=proof.case,
            citizen=proof.recipient,
            name="",
            subject="",
            reading=_unread(copy.message.lang),
            opened_at=received_at,
            due_at=due_at,
            opened_by=proof.message,
        )
        yield AuditEvent(kind="opened", case=proof.case, data={"rule": GONE})
    elif status is not Status.DERIVED:
        yield UpdateCase(case=proof.case, columns={"status": Status.OPEN, "closed_at": None, "close_reason": None})


def _unread(language: str) -> Classification:
    return Classification(
        kind=Kind.REQUEST,
        topic=None,
        level=None,
        intent=None,
        language=language,
        callback=None,
        confidence={},
        because=(),
    )
