"""What it means that a person puts a message into a folder of the board: the commands of the same meaning.

Each is a command of `oacmail case` (core/handlers/admin_command.py). A move that does not fit the case raises Refused;
the message then goes back. Only an answer in the mailbox or a logged contact meets a deadline, never a move.
"""

from collections.abc import Callable, Mapping

from oacmail.core.board.places import NO_REQUEST, place_of_case
from oacmail.core.errors import Refused
from oacmail.core.model import BoardFolder, BoardPlace, Kind, Level, Status
from oacmail.core.view import CaseView

Command = tuple[str, dict[str, str]]
"""A verb of `oacmail case` and its options."""
OPENS = (BoardFolder.INTAKE, BoardFolder.OPEN, BoardFolder.ASSIGNED, BoardFolder.DERIVED, BoardFolder.WAITING)
"""The folders into which a message without a case is put because it is a request after all."""


def commands(case: CaseView, to: BoardPlace) -> tuple[Command, ...]:
    """What the move into `to` orders about the case, in this order; () = it is so already. Raises Refused."""
    if to == place_of_case(case.status, case.assignee, case.close_reason, case.board_folder):
        return ()
    return _MEANING[to.folder](case, to)


def _taken_back(case: CaseView) -> tuple[Command, ...]:
    """It is the desk's again, and open. What was put aside as no request, or passed on, was judged wrongly."""
    wrong: tuple[Command, ...] = ()
    if case.status is Status.CLOSED and case.close_reason == "spam":
        wrong = (("set", {"kind": Kind.REQUEST}),)
    if case.status is Status.DERIVED:
        wrong = (("set", {"level": Level.FIRST}),)
    return (*wrong, *((("take-back", {}),) if case.status is not Status.OPEN else ()))


def _open(case: CaseView, to: BoardPlace) -> tuple[Command, ...]:
    nobodys: tuple[Command, ...] = (("assign", {"name": ""}),) if case.assignee else ()
    return (*_taken_back(case), *nobodys)


def _assigned(case: CaseView, to: BoardPlace) -> tuple[Command, ...]:
    if not to.agent:
        raise Refused("this folder belongs to no agent: use the agent's own", "no-such-agent")
    return (*_taken_back(case), ("assign", {"name": to.agent}))


def _derived(case: CaseView, to: BoardPlace) -> tuple[Command, ...]:
    closed = case.status is Status.CLOSED
    return (*(_taken_back(case) if closed else ()), ("escalate", {}))


def _waiting(case: CaseView, to: BoardPlace) -> tuple[Command, ...]:
    closed = case.status is Status.CLOSED
    return (*(_taken_back(case) if closed else ()), ("wait", {}))


def _answered(case: CaseView, to: BoardPlace) -> tuple[Command, ...]:
    _refuse_if_unanswered(case)
    return (("answered", {}),)


def _closed(case: CaseView, to: BoardPlace) -> tuple[Command, ...]:
    if case.status is Status.CLOSED:  # out of the folder of what was no request
        return (("set", {"kind": Kind.REQUEST}), ("close", {"reason": "thanks"}))
    _refuse_if_unanswered(case)
    return (("close", {"reason": "answered"}),)


def _refuse_if_unanswered(case: CaseView) -> None:
    if case.running("answer") or case.answered_at is None:
        raise Refused("the person waits for an answer", "waits")


def _no_request(case: CaseView, to: BoardPlace) -> tuple[Command, ...]:
    kind = Kind.SPAM if to.folder is BoardFolder.REVIEW else Kind.BULK
    return (("set", {"kind": kind}), ("close", {"reason": "spam"}))


_MEANING: Mapping[BoardFolder, Callable[[CaseView, BoardPlace], tuple[Command, ...]]] = {
    BoardFolder.INTAKE: _open,
    BoardFolder.OPEN: _open,
    BoardFolder.ASSIGNED: _assigned,
    BoardFolder.DERIVED: _derived,
    BoardFolder.WAITING: _waiting,
    BoardFolder.ANSWERED: _answered,
    BoardFolder.CLOSED: _closed,
    **dict.fromkeys(NO_REQUEST, _no_request),
}
