"""What an agent says of the classification of a case: a correction, or what it was already.

Both are examples to learn from, and a level that an agent has said is not changed by a message. The report counts
corrections alone (I14).
"""

from collections.abc import Mapping
from typing import Literal

from oacmail.core.effects import AuditEvent, Effect
from oacmail.core.view import CaseView

COLUMN: dict[str, Literal["kind", "topic", "level", "intent", "lang"]] = {
    "kind": "kind",
    "topic": "topic",
    "level": "level",
    "intent": "intent",
    "language": "lang",
}
CORRECTED, CONFIRMED = "corrected", "confirmed"  # the events


def said_by_hand(case: CaseView, fields: Mapping[str, str]) -> tuple[Effect, ...]:
    """Events for what differs from the case, and for what does not. The kind of a case is not known here: whoever says
    it corrects it."""
    same = {name: value for name, value in fields.items() if getattr(case, COLUMN[name], None) == value}
    other = {name: value for name, value in fields.items() if name not in same}
    return tuple(
        AuditEvent(kind=kind, case=case.number, data=said)
        for kind, said in ((CORRECTED, other), (CONFIRMED, same))
        if said
    )
