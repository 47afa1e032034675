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
    effects.RecordMessage: cases.record_message,
    case_effects.RecordContact: cases.record_contact,
    case_effects.RecordVote: votes.record,
    case_effects.SplitCase: cases.split_case,
    case_effects.TreatAsRequest: cases.treat_as_request,
    effects.UpdateCase: cases.update_case,
    effects.StartDeadline: cases.start_deadline,
    effects.EndDeadlines: cases.end_deadlines,
    case_effects.MoveDeadline: cases.move_deadline,
    effects.DeadlineReached: cases.reach_deadline,
    effects.Send: outbox.send,
    effects.UpdateOutbox: outbox.update_outbox,
    effects.SendWithoutOriginal: outbox.send_without_original,
    effects.DropOutgoing: outbox.drop_outgoing,
    effects.ImportSent: outbox.import_sent,
    effects.FileMessage: cases.file_message,
    effects.RequestReview: cases.request_review,
    effects.AuditEvent: outbox.record_event,
    case_effects.MergeCases: cases.merge_cases,
    effects.ReviewDone: cases.end_review,
    case_effects.Reconsider: cases.reconsider,
    case_effects.PlaceMessage: cases.place_message,
    effects.UpdatePerson: cases.update_person,
    effects.Remember: outbox.remember,
    case_effects.WriteDraft: drafts.write,
    report_effects.FreezeMonth: reports.freeze,
    report_effects.CorrectFigure: reports.correct,
}
