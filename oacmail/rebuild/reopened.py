"""A case that somebody had opened again, though no mail tells it: a message would open a case of its own, but got no
number.

Numbers are given in the order in which messages are read. Where our own mails tell every number up to one of a later
message, a message that none of them acknowledges opened no case: the case to which it replies was open. This module
names the orders that open it, and gives none.
"""

from collections.abc import Mapping

from oacmail.core.board.meaning import commands
from oacmail.core.effects import AdminCommand, Decision, OpenCase
from oacmail.core.model import BoardFolder, BoardPlace, Status
from oacmail.core.view import CaseView
from oacmail.rebuild.told import BY


def orders(decision: Decision, cases: Mapping[str, CaseView], highest: str) -> tuple[AdminCommand, ...]:
    """`decision`: about the message; `highest`: the highest number of the year that our own mails tell."""
    opened = next((effect for effect in decision.effects if isinstance(effect, OpenCase)), None)
    parent = cases.get(opened.parent or "") if opened is not None else None
    if opened is None or opened.number <= highest or parent is None or parent.status is not Status.CLOSED:
        return ()
    given = commands(parent, BoardPlace(BoardFolder.OPEN))
    return tuple(AdminCommand(verb=verb, case=parent.number, by=BY, words=words) for verb, words in given)
