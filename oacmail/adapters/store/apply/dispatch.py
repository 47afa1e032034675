"""Which function writes an effect: one for each kind of effect, each an upsert by its key.

They write inside the caller's transaction; they never commit and never decide.
"""

import sqlite3
from collections.abc import Callable, Mapping
from typing import Any

from oacmail.adapters.store import drafts, reports
from oacmail.adapters.store.apply import cases, outbox, votes
from oacmail.adapters.store.write_context import WriteContext
from oacmail.core import case_effects, effects, report_effects
from oacmail.core.effects import Effect

WRITERS: Mapping[type[Effect], Callable[[sqlite3.Connection, Any, WriteContext], None]] = {
    effects.OpenCase: cases.open_case,
    effects.RecordMessage: cases.attach,
    case_effects.RecordContact: cases.contact,
    case_effects.RecordVote: votes.record,
    case_effects.SplitCase: cases.split,
    case_effects.TreatAsRequest: cases.treated,
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
    case_effects.MergeCases: cases.merge,
    effects.ReviewDone: cases.reviewed,
    case_effects.Reconsider: cases.reconsider,
    case_effects.PlaceMessage: cases.place,
    effects.UpdatePerson: cases.person,
    effects.Remember: outbox.remember,
    case_effects.WriteDraft: drafts.write,
    report_effects.FreezeMonth: reports.freeze,
    report_effects.CorrectFigure: reports.correct,
}
