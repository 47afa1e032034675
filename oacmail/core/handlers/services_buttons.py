"""What the button of a mail to the services says: its token names addressee, case and answer, and is good once.

The mail is read like any other reply of theirs (core/routing/services_reply.py); the token adds the answer if a client
has dropped the line of the button. One that is forged, used, too old, somebody else's or at odds with its mail says
nothing: it is recorded, and the agent who has the case reads the mail.
"""

from dataclasses import dataclass
from datetime import datetime

from oacmail.core.effects import Effect
from oacmail.core.handlers import order_buttons
from oacmail.core.lookup import Lookup
from oacmail.core.policy import Policy
from oacmail.core.routing.services_reply import BY_ORDER, Statement
from oacmail.core.view import CaseView, View

_WORDS = {Statement.SOLVED: "#solved", Statement.EXPECTED: "#until", Statement.NOT_OURS: "#notours"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Press:
    """A pressed button. `says`: None = it is none of the services'; `refused`: why it says nothing, '' = it does."""

    token: str
    case: str
    says: Statement | None
    refused: str

    def text(self, written: str) -> str:
        """What the mail says, with the line of the button if it has lost that."""
        if self.says is None or written.lstrip().startswith("#"):
            return written
        return f"{_WORDS[self.says]}\n{written}"


def read(view: View, lookup: Lookup, current: CaseView | None) -> Press | None:
    """The button that came with the mail, None = none. `current`: the case that the mail itself is about."""
    if not lookup.pressed:
        return None
    number = current.number if current else None
    found = (order_buttons.why_not(view, lookup, one, (), number) for one in lookup.pressed)
    why = next(filter(None, found), "")
    first, *others = lookup.pressed
    says = BY_ORDER.get(first.verb)
    if not why and (others or says is None):
        why = "other-order"
    return Press(token=first.token, case="" if first.problem == "forged" else first.case, says=says, refused=why)


def key(pressed: Press | None) -> str:
    """Names the agent's notice of a button that says nothing, so that a mail which is sent again causes no second one;
    '' = of no such button."""
    return f"{pressed.token}:{pressed.refused}" if pressed and pressed.refused else ""


def follows(
    policy: Policy, view: View, lookup: Lookup, pressed: Press | None, now: datetime, *, spent: bool
) -> tuple[Effect, ...]:
    """`spent`: the mail said something certain, so that the token is good no more."""
    if pressed is None:
        return ()
    if pressed.refused:
        return order_buttons.refused(policy, view, lookup, now, why=pressed.refused)
    return order_buttons.used(lookup, now) if spent else ()
