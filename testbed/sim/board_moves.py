"""Agents drag messages on the board, one or several, also while the service is down.

The ground truth records where each message was put, and what that says: that the person is told of a derivation, or
that the technical services do not have the case any more. Whether a move fits the case is for the service to say.
"""

from collections.abc import Sequence
from random import Random

from oacmail.core.model import BoardFolder
from testbed.sim.ground_truth import AgentsAct, PersonsMove
from testbed.sim.office import board_folder
from testbed.sim.plan import SimulatedAction
from testbed.sim.town import SimulatedTown, short
from testbed.sim.writing import ActionHandler

_TARGETS: Sequence[tuple[BoardFolder, float]] = (
    (BoardFolder.ASSIGNED, 6),
    (BoardFolder.DERIVED, 2),
    (BoardFolder.WAITING, 2),
    (BoardFolder.OPEN, 2),
    (BoardFolder.CLOSED, 2),
    (BoardFolder.ANSWERED, 1),
    (BoardFolder.REVIEW, 0.4),
    (BoardFolder.AUTOMATIC, 0.3),
    (BoardFolder.INTAKE, 0.3),
)

_AMONG_NO_REQUESTS = ((BoardFolder.REVIEW, 1), (BoardFolder.AUTOMATIC, 1))
"""Nobody takes a machine's mail for a request: it would be acknowledged, as it must be then."""


def _drags(town: SimulatedTown, action: SimulatedAction, rng: Random) -> str:
    if town.policy.board is None:
        return ""
    boxes = town.mailbox.folders
    folders = [name for name in sorted(town.board_folders) if boxes[name].messages]
    if not folders:
        return ""
    folder = rng.choice(folders)
    targets = _TARGETS if folder not in _aside(town) else _AMONG_NO_REQUESTS
    names, weights = zip(*targets, strict=True)
    (to,) = rng.choices(names, weights)
    agent = rng.choice(town.present_agents()).partition("@")[0] if to is BoardFolder.ASSIGNED else ""
    target = board_folder(town.policy, to, agent)
    some = rng.randint(2, 4) if rng.random() < 0.2 else 1
    uids = rng.sample(sorted(boxes[folder].messages), min(some, len(boxes[folder].messages)))
    if folder == target or target not in boxes:
        return ""
    return ", ".join(_put(town, folder, uid, target, to) for uid in uids)


def _aside(town: SimulatedTown) -> tuple[str, ...]:
    return tuple(board_folder(town.policy, folder) for folder in (BoardFolder.AUTOMATIC, BoardFolder.REVIEW))


def _put(town: SimulatedTown, folder: str, uid: int, target: str, to: BoardFolder) -> str:
    name, at = town.mailbox.folders[folder].messages[uid].message_id, town.clock.true()
    town.mailbox.move(folder, uid, target)
    town.truth.moves[name] = PersonsMove(name, target, at)
    derived = to is BoardFolder.DERIVED
    town.truth.acts.append(AgentsAct(at, message=name, meets=derived, ends=not derived))
    return f"{short(name)} from {folder.rpartition('/')[2]} to {target.partition('/')[2] or target}"


ACTIONS: dict[str, ActionHandler] = {"drags messages": _drags}
