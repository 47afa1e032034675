"""Which orders open a closed case again that a message found open, although no mail tells that somebody had opened it.

Numbers are given in the order in which messages are read. Where our own mails tell every number up to one of a later
message, a message that was read, would open a case of its own, and of which no mail tells, opened none: it joined the
case to which it replies, which was open. That a message was read, the board tells alone. This module gives no order,
and names none if the message would not join that case.
"""

from dataclasses import replace
from datetime import datetime

from oacmail.core.board import commands
from oacmail.core.decide import decide
from oacmail.core.effects import AdminCommand, OpenCase
from oacmail.core.lookup import Lookup
from oacmail.core.model import BoardFolder, BoardPlace, Status
from oacmail.core.policy import Policy
from oacmail.core.view import View
from oacmail.rebuild.told import BY


def orders(policy: Policy, view: View, lookup: Lookup, now: datetime, *, highest: int) -> tuple[AdminCommand, ...]:
    """`highest`: the highest serial of the year that our own mails tell."""
    opened = _opened(policy, view, lookup, now)
    parent = view.cases.get(opened.parent or "") if opened is not None else None
    if opened is None or parent is None or parent.status is not Status.CLOSED:
        return ()
    if int(opened.number.rpartition("-")[2]) <= highest:
        return ()
    given = tuple(
        AdminCommand(verb=verb, case=parent.number, by=BY, words=words)
        for verb, words in commands(parent, BoardPlace(BoardFolder.OPEN))
    )
    case = replace(parent, status=Status.OPEN, closed_at=None, close_reason=None)
    joins = _opened(policy, replace(view, cases={**view.cases, case.number: case}), lookup, now) is None
    return given if joins else ()


def _opened(policy: Policy, view: View, lookup: Lookup, now: datetime) -> OpenCase | None:
    effects = decide(policy, view, lookup, now).effects
    return next((effect for effect in effects if isinstance(effect, OpenCase)), None)
