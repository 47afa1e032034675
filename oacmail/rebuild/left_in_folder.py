"""What a folder of the board tells if no person can have moved the case there: a state by an order that no mail tells.

The service puts a person's move back that does not fit. If all messages of a case stay in such a folder, the service
has left them there, because the case was answered, waiting or closed: somebody had logged a contact by shell, or had
taken the case back from the services. This module names the orders that bring the case into that state, and gives none.
"""

from oacmail.core.board.meaning import Command
from oacmail.core.model import BoardFolder, Level, Status

_BACK: tuple[Command, ...] = (("set", {"level": Level.FIRST}), ("take-back", {}))


def orders(status: Status, folder: BoardFolder) -> tuple[Command, ...]:
    """() = the folder tells nothing more."""
    back = _BACK if status is Status.DERIVED else ()
    match folder:
        case BoardFolder.ANSWERED:
            return (*back, ("log-call", {}))
        case BoardFolder.WAITING:
            return (*back, ("wait", {}))
        case BoardFolder.CLOSED:
            return (("close", {"reason": "contact"}),)
        case _:
            return ()
