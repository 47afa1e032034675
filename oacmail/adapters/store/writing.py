"""Makes a decision's effects true: one function an effect, each an upsert by its key.

Works inside the caller's transaction; commits nothing and decides nothing.
"""

import sqlite3
from collections.abc import Callable, Mapping

from oacmail.adapters.store import of_cases, of_mails
from oacmail.adapters.store.scene import Scene
from oacmail.core import model
from oacmail.core.model import Decision, Effect

_DO: Mapping[type[Effect], Callable[..., None]] = {
    model.OpenCase: of_cases.open_case,
    model.Attach: of_cases.attach,
    model.Change: of_cases.change,
    model.Arm: of_cases.arm,
    model.Disarm: of_cases.disarm,
    model.Fire: of_cases.fire,
    model.Send: of_mails.send,
    model.Mark: of_mails.mark,
    model.Bare: of_mails.bare,
    model.Drop: of_mails.drop,
    model.Import: of_mails.import_sent,
    model.File: of_cases.file,
    model.Review: of_cases.review,
    model.Note: of_mails.note,
    model.Merge: of_cases.merge,
    model.Reviewed: of_cases.reviewed,
    model.Person: of_cases.person,
    model.Remember: of_mails.remember,
}


def apply(con: sqlite3.Connection, decision: Decision, scene: Scene) -> None:
    """Raises KeyError for a Send without its rendered mail: that is a bug of the engine."""
    for effect in decision.effects:
        _DO[type(effect)](con, effect, scene)
