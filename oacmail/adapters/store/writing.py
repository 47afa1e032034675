"""Makes a decision's effects true: one function an effect, each an upsert by its key.

Works inside the caller's transaction; commits nothing and decides nothing.
"""

import sqlite3
from collections.abc import Callable, Mapping

from oacmail.adapters.store import of_cases, of_mails
from oacmail.adapters.store.scene import Scene
from oacmail.core import effects
from oacmail.core.effects import Decision, Effect

_DO: Mapping[type[Effect], Callable[..., None]] = {
    effects.OpenCase: of_cases.open_case,
    effects.Attach: of_cases.attach,
    effects.Change: of_cases.change,
    effects.Arm: of_cases.arm,
    effects.Disarm: of_cases.disarm,
    effects.Fire: of_cases.fire,
    effects.Send: of_mails.send,
    effects.Mark: of_mails.mark,
    effects.Bare: of_mails.bare,
    effects.Drop: of_mails.drop,
    effects.Import: of_mails.import_sent,
    effects.File: of_cases.file,
    effects.Review: of_cases.review,
    effects.Note: of_mails.note,
    effects.Merge: of_cases.merge,
    effects.Reviewed: of_cases.reviewed,
    effects.Reconsider: of_cases.reconsider,
    effects.Person: of_cases.person,
    effects.Remember: of_mails.remember,
}


def apply(con: sqlite3.Connection, decision: Decision, scene: Scene) -> None:
    """Raises KeyError for a Send without its rendered mail: that is a bug of the engine."""
    for effect in decision.effects:
        _DO[type(effect)](con, effect, scene)
