"""Which function writes an effect: one for each kind of effect, each an upsert by its key.

They write inside the caller's transaction; they never commit and never decide.
"""

import sqlite3
from collections.abc import Callable, Mapping
from typing import Any

from oacmail.adapters.store import drafts, reports
from oacmail.adapters.store.apply import cases, outbox, votes
from oacmail.adapters.store.write_context import WriteContext
from oacmail.core import effects
from oacmail.core.effects import Effect

WRITERS: Mapping[type[Effect], Callable[[sqlite3.Connection, Any, WriteContext], None]] = {
    effects.OpenCase: cases.open_case,
    effects.RecordMessage: cases.record_message,
    effects.RecordContact: cases.record_contact,
    effects.RecordVote: votes.record,
    effects.SplitCase: cases.split_case,
    effects.TreatAsRequest: cases.treat_as_request,
    effects.UpdateCase: cases.update_case,
    effects.StartDeadline: cases.start_deadline,
    effects.EndDeadlines: cases.end_deadlines,
    effects.MoveDeadline: cases.move_deadline,
    effects.DeadlineReached: cases.reach_deadline,
    effects.Send: outbox.send,
    effects.UpdateOutbox: outbox.update_outbox,
    effects.SendWithoutOriginal: outbox.send_without_original,
    effects.DropOutgoing: outbox.drop_outgoing,
    effects.ImportSent: outbox.import_sent,
    effects.FileMessage: cases.file_message,
    effects.RequestReview: cases.request_review,
    effects.AuditEvent: outbox.record_event,
    effects.MergeCases: cases.merge_cases,
    effects.ReviewDone: cases.end_review,
    effects.Reconsider: cases.reconsider,
    effects.PlaceMessage: cases.place_message,
    effects.UpdatePerson: cases.update_person,
    effects.Remember: outbox.remember,
    effects.WriteDraft: drafts.write,
    effects.FreezeMonth: reports.freeze,
    effects.CorrectFigure: reports.correct,
}
