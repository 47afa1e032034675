"""Mails that were handed over without an answer from the relay: sent, once more, or held.

The rules: docs/design.md, "Mail in doubt".
Absence alone proves nothing: a relay that filters for eight seconds delivers after our line is dead. A mail counts
as not sent only when mails sent well after it have their copies and it has none. What cannot be known is repeated
where twice is less harm than never, and held otherwise, with the operator told.
"""

from datetime import datetime, timedelta

from oacmail.core.effects import Effect, Mark, Note, Send
from oacmail.core.outbox.staff_notices import notices
from oacmail.core.policy import Policy
from oacmail.core.view import Doubt, Hour

PATH_MEMORY = timedelta(days=7)
PATH_BROKEN = timedelta(hours=4)
BEFORE_DUE = timedelta(hours=1)
NO_COPY = {"ack": timedelta(hours=1), "staff": timedelta(minutes=15)}
OVERTAKERS = 2
PUBLIC = frozenset({"ack", "survey", "not_reached", "warned", "passed_on", "progress"})


def settle_doubts(policy: Policy, hour: Hour, now: datetime) -> list[Effect]:
    effects: list[Effect] = []
    for doubt in hour.doubts:
        effects += _settle(policy, doubt, now)
    return effects


def _settle(policy: Policy, doubt: Doubt, now: datetime) -> list[Effect]:
    if not doubt.copy_expected:
        return _without_copy(policy, doubt, now)
    patience = timedelta(seconds=policy.sending.uncertain_seconds)
    age = now - doubt.data_at
    read_since = doubt.synced_at is not None and doubt.synced_at >= doubt.data_at + patience
    if doubt.path_proven_at is None:
        return _without_copy(policy, doubt, now) if read_since else []
    if now - doubt.path_proven_at <= PATH_MEMORY and doubt.overtaken >= OVERTAKERS:
        return _not_sent(policy, doubt, now, "overtaken") if read_since else []
    if read_since and (age >= PATH_BROKEN or _pressing(doubt, now)):
        return _broken_path(policy, doubt, now)
    return _probes(policy, doubt, now) if age >= probe_after(policy) and not doubt.probed else []


def _pressing(doubt: Doubt, now: datetime) -> bool:
    return doubt.due_at is not None and now >= doubt.due_at - BEFORE_DUE


def probe_after(policy: Policy) -> timedelta:
    """How much later a mail must have been handed over for its copy to overtake another's."""
    return timedelta(seconds=min(60, policy.sending.uncertain_seconds))


def _probes(policy: Policy, doubt: Doubt, now: datetime) -> list[Effect]:
    """Two mails to ourselves where there is no traffic; their keys make them once for each doubt."""
    return [
        Send(
            key=f"{probe_key(doubt.key, doubt.tries)}{turn}",
            kind="probe",
            template="probe",
            lang=policy.office.languages[0],
            recipient=policy.office.address,
            release=now,
        )
        for turn in range(OVERTAKERS)
    ]


def probe_key(key: str, tries: int) -> str:
    """How the keys of the probes for this doubt begin."""
    return f"probe:{key}:{tries}:"


def _without_copy(policy: Policy, doubt: Doubt, now: datetime) -> list[Effect]:
    wait = NO_COPY["ack" if doubt.kind == "ack" else "staff"]
    if doubt.kind == "probe":
        return [Mark(key=doubt.key, state="dropped", if_in=("uncertain",))]
    if doubt.kind in PUBLIC and doubt.kind != "ack":
        return _hold(policy, doubt, now, "no-copy-to-wait-for")
    return _not_sent(policy, doubt, now, "no-copy-to-wait-for") if now - doubt.data_at >= wait else []


def _broken_path(policy: Policy, doubt: Doubt, now: datetime) -> list[Effect]:
    settle = _not_sent if doubt.kind == "ack" else _hold
    return settle(policy, doubt, now, "self-copies-do-not-arrive")


def _not_sent(policy: Policy, doubt: Doubt, now: datetime, why: str) -> list[Effect]:
    """The same bytes once more; uncertain a second time = held. Who holds an answer needs no acknowledgement."""
    if doubt.tries > 1:
        return _hold(policy, doubt, now, why)
    if doubt.kind == "ack" and doubt.due_at is None:
        return [Mark(key=doubt.key, state="dropped", if_in=("uncertain",), error=why)]
    return [
        Mark(key=doubt.key, state="queued", if_in=("uncertain",), next_at=now),
        Note(kind="sent-again", data={"mail": doubt.kind, "why": why}),
    ]


def _hold(policy: Policy, doubt: Doubt, now: datetime, why: str) -> list[Effect]:
    facts = {"code": "held", "since": doubt.data_at, "lines": (why,)}
    return [
        Mark(key=doubt.key, state="held", if_in=("uncertain",), error=why),
        Note(kind="held", data={"mail": doubt.kind, "why": why}),
        *notices(policy, policy.people.operator, key=f"held:{doubt.key}", template="alert", now=now, facts=facts),
    ]
