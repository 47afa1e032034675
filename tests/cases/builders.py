"""Values for the tests of core: what is not said is the plainest there is."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from oacmail.core.effects import Arrived
from oacmail.core.lookup import Lookup, look_up
from oacmail.core.model import (
    DeadlineKind,
    Evidence,
    Features,
    Folder,
    Message,
    Rung,
    Status,
)
from oacmail.core.policy import Office, People, Policy
from oacmail.core.view import CaseView, Deadline, MessagesView
from oacmail.workdays import EveryDay
from testbed.people import AGENT, ANNA, OFFICE, OPERATOR, SUPERVISOR


def evidence(*said: tuple[str, float]) -> tuple[Evidence, ...]:
    """`evidence(("level:second:error 500", 0.4))`."""
    split = ((key.split(":", 2), part) for key, part in said)
    return tuple(Evidence(field, verdict, words, part) for (field, verdict, words), part in split)


def scores(**of: Mapping[str, float]) -> Mapping[str, Mapping[str, float]]:
    """`scores(level={"second": 0.9})`."""
    return of


def message(features: Features | None = None, **changes: Any) -> Message:
    """A citizen's message; `fresh` is also its whole text."""
    fresh = changes.get("fresh", "Bon dia")
    plain = {
        "fingerprint": "f",
        "message_id": "<m@example.org>",
        "sender": "anna@example.org",
        "single_from": True,
        "text": fresh,
        "fresh": fresh,
        "typed": fresh,
        "lang": "ca",
        "rung": Rung.FULL,
        "size": 1,
        "body_hash": "b",
        "features": features or Features(),
    }
    return Message(**{**plain, **changes})


NOW = datetime(2026, 11, 25, 9, 0, tzinfo=UTC)  # a Wednesday, 10:00 in the office
CASE = "OAC-2026-000007"
POLICY = Policy(
    office=Office(address=OFFICE, name="OAC 360"),
    people=People(supervisor=(SUPERVISOR,), operator=(OPERATOR,), agents=(AGENT,)),
    workdays=EveryDay(),
    secrets=(b"a secret",),
    instance="0a1b2c3d",
)


def lookup(folder: Folder = Folder.INTAKE, features: Features | None = None, **changes: Any) -> Lookup:
    """Of a message that arrived at NOW."""
    return look_up(POLICY, Arrived(message=message(features, **changes), received_at=NOW, folder=folder))


def deadline(kind: DeadlineKind = "answer", level: int = 0, **changes: Any) -> Deadline:
    """Started a day ago, due an hour ago."""
    usual = {"started_by": "first", "started_at": NOW - timedelta(days=1), "due_at": NOW - timedelta(hours=1)}
    return Deadline(kind=kind, level=level, **{**usual, **changes})


def case(**changes: Any) -> CaseView:
    """Anna's open case, which waits for an answer."""
    usual = {
        "number": CASE,
        "status": Status.OPEN,
        "citizen": ANNA,
        "participants": frozenset({ANNA}),
        "subject_key": "padró",
        "topic": "enrolment",
        "level": "first",
        "intent": "question",
        "lang": "ca",
        "assignee": None,
        "opened_at": NOW - timedelta(days=1),
        "touched_at": NOW - timedelta(days=1),
        "answered_at": None,
        "closed_at": None,
        "deadlines": (deadline(),),
        "first_message": "first",
        "messages": MessagesView(first_message_id="<first@example.org>"),
    }
    return CaseView(**{**usual, **changes})
