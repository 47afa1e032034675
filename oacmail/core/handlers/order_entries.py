"""Orders about an entry of the review list by its reference: the digest names those without a case by it.

`ÉS PERSONA` makes a request of it, with its acknowledgement, as `oacmail case open` does; `TANCA BROSSA` ends the
entry. The message is decided again before the order mail is (engine/engine.py): the transcript knows the number.
"""

from collections.abc import Callable, Mapping

from oacmail.core.case_effects import TreatAsRequest
from oacmail.core.effects import AuditEvent, Effect, ReviewDone
from oacmail.core.errors import Refused
from oacmail.core.handlers.order_actions import GivenOrder
from oacmail.core.review import NamedEntry
from oacmail.core.routing.orders import Verb


def _person(given: GivenOrder, entry: NamedEntry) -> tuple[Effect, ...]:
    if entry.request:
        return ()
    if not entry.kept:
        raise Refused("the message was too large to be stored", "not-stored")
    return (TreatAsRequest(message=entry.ref),)


def _spam(given: GivenOrder, entry: NamedEntry) -> tuple[Effect, ...]:
    if entry.case:
        raise Refused("a case has been made of it", "has-a-case")
    return (
        ReviewDone(fingerprint=entry.ref),
        AuditEvent(kind="review-closed", data={"ref": entry.ref[:16], "by": given.agent}),
    )


ON_AN_ENTRY: Mapping[Verb, Callable[[GivenOrder, NamedEntry], tuple[Effect, ...]]] = {
    Verb.PERSON: _person,
    Verb.SPAM: _spam,
}
"""Orders about one entry."""
