"""Values for the tests of core: what is not said is the plainest there is."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from oacmail.core.features import Evidence, Features, Term
from oacmail.core.model import Auth, Auto, Message, Rung


def terms(**weights: Mapping[str, float]) -> Mapping[Term, float]:
    """By group: `terms(thanks={"said:gracies": 2.0})`."""
    return MappingProxyType(
        {Term(group, *key.split(":", 1)): weight for group, some in weights.items() for key, weight in some.items()}
    )


def evidence(*said: tuple[str, float]) -> tuple[Evidence, ...]:
    """`evidence(("level:second:error 500", 0.4))`."""
    split = ((key.split(":", 2), part) for key, part in said)
    return tuple(Evidence(field, verdict, words, part) for (field, verdict, words), part in split)


def scores(**of: Mapping[str, float]) -> Mapping[str, Mapping[str, float]]:
    """`scores(level={"second": 0.9})`."""
    return MappingProxyType(of)


def message(features: Features | None = None, **changes: Any) -> Message:
    """A citizen's message; `fresh` is also its whole text."""
    fresh = changes.get("fresh", "Bon dia")
    plain = {
        "fingerprint": "f",
        "message_id": "<m@example.org>",
        "refs": (),
        "sender": "anna@example.org",
        "name": "",
        "single_from": True,
        "reply_to": "",
        "to": (),
        "cc": (),
        "subject": "",
        "sent_at": None,
        "text": fresh,
        "fresh": fresh,
        "quotes_us": False,
        "attachments": (),
        "auto": Auto.NONE,
        "reasons": (),
        "report": None,
        "auth": Auth(),
        "lang": "ca",
        "rung": Rung.FULL,
        "marks": (),
        "tokens": (),
        "secrets": (),
        "caps": (),
        "size": 1,
        "body_hash": "b",
        "features": features or Features(),
    }
    return Message(**{**plain, **changes})
