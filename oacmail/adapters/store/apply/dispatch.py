"""Makes a decision's effects true: one function an effect, each an upsert by its key.

Works inside the caller's transaction; commits nothing and decides nothing.
"""

import sqlite3
from collections.abc import Callable, Mapping

from oacmail.adapters.store.apply import cases, outbox
from oacmail.adapters.store.write_context import WriteContext
from oacmail.core import effects
from oacmail.core.effects import Decision, Effect

_DO: Mapping[type[Effect], Callable[..., None]] = {
    effects.OpenCase: cases.open_case,
    effects.RecordMessage: cases.attach,
    effects.UpdateCase: cases.change,
    effects.StartDeadline: cases.arm,
    effects.EndDeadlines: cases.disarm,
    effects.DeadlineReached: cases.fire,
    effects.Send: outbox.send,
    effects.UpdateOutbox: outbox.mark,
    effects.SendWithoutOriginal: outbox.bare,
    effects.DropOutgoing: outbox.drop,
    effects.ImportSent: outbox.import_sent,
    effects.FileMessage: cases.file,
    effects.RequestReview: cases.review,
    effects.AuditEvent: outbox.note,
    effects.MergeCases: cases.merge,
    effects.ReviewDone: cases.reviewed,
    effects.Reconsider: cases.reconsider,
    effects.UpdatePerson: cases.person,
    effects.Remember: outbox.remember,
}


def apply(con: sqlite3.Connection, decision: Decision, scene: WriteContext) -> None:
    """Raises KeyError for a Send without its rendered mail: that is a bug of the engine."""
    for effect in decision.effects:
        _DO[type(effect)](con, effect, scene)
