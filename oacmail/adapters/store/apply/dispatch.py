"""Makes a decision's effects true: one function an effect, each an upsert by its key.

Works inside the caller's transaction; commits nothing and decides nothing.
"""

import sqlite3
from collections.abc import Callable, Mapping

from oacmail.adapters.store.apply import cases, outbox
from oacmail.adapters.store.write_context import Scene
from oacmail.core import effects
from oacmail.core.effects import Decision, Effect

_DO: Mapping[type[Effect], Callable[..., None]] = {
    effects.OpenCase: cases.open_case,
    effects.Attach: cases.attach,
    effects.Change: cases.change,
    effects.Arm: cases.arm,
    effects.Disarm: cases.disarm,
    effects.Fire: cases.fire,
    effects.Send: outbox.send,
    effects.Mark: outbox.mark,
    effects.Bare: outbox.bare,
    effects.Drop: outbox.drop,
    effects.Import: outbox.import_sent,
    effects.File: cases.file,
    effects.Review: cases.review,
    effects.Note: outbox.note,
    effects.Merge: cases.merge,
    effects.Reviewed: cases.reviewed,
    effects.Reconsider: cases.reconsider,
    effects.Person: cases.person,
    effects.Remember: outbox.remember,
}


def apply(con: sqlite3.Connection, decision: Decision, scene: Scene) -> None:
    """Raises KeyError for a Send without its rendered mail: that is a bug of the engine."""
    for effect in decision.effects:
        _DO[type(effect)](con, effect, scene)
