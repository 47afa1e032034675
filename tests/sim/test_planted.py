"""Plant faults in the product, one function at a time, and check that the simulation reports each of them.

Each row names the invariant that must break. Seeds are fixed, so every run is reproducible.
"""

from collections.abc import Callable
from dataclasses import dataclass
from dataclasses import replace as with_changes
from datetime import datetime, timedelta
from itertools import count
from typing import Any

import pytest
from msgspec.structs import replace

from oacmail import config as settings
from oacmail.core import (
    acknowledgement,
    answers,
    calendar,
    cases,
    deadlines,
    decide,
    kinds,
    outbox,
    rate_limits,
    relayed,
    services,
    threading,
)
from oacmail.core.board import Happened
from oacmail.core.effects import Decision, EndDeadlines, RequestReview, Send, UpdateCase
from oacmail.core.handlers import from_citizen, from_services, from_staff
from oacmail.core.kinds import MailKind
from oacmail.core.model import BoardFolder, BoardPlace, CloseReason, Status
from oacmail.core.orders import commands
from oacmail.core.report import indicators
from oacmail.core.report.figures import Cohorts
from oacmail.core.services_reply import ServicesReply, Statement
from oacmail.core.view import CaseColumns, DueView
from oacmail.engine import board, intake
from oacmail.store import erase, seen_messages
from oacmail.store import outbox as store_outbox
from oacmail.words import relayed as words_relayed
from oacmail.words import renderer
from testbed.sim.plan import make_plan
from testbed.sim.run import SimulationResult, run_plan
from testbed.sim.texts import INTERNAL

Plant = Callable[[pytest.MonkeyPatch], None]
UNTRUE = "nothing told to a citizen contradicts the case"
BOARDS = (2, 4, 6)
"""Seeds of towns that work on the board."""


@dataclass(frozen=True)
class Planted:
    """One planted fault, the invariant that must report it, and the runs to try. `only`: the kinds of actions that the
    towns have, so that a rare one costs no crowded month; () = all."""

    fault: str
    plant: Plant
    breach: str | tuple[str, ...]
    days: int = 14
    seeds: tuple[int, ...] = (1, 2, 3)
    only: tuple[str, ...] = ()

    def run(self, seed: int) -> SimulationResult:
        config = settings.builtin()
        plan = make_plan(seed, self.days, config.office.timezone)
        kept = tuple(action for action in plan.actions if not self.only or action.what in self.only)
        return run_plan(config, with_changes(plan, actions=kept))


def _promised_later(promised: renderer.Promise) -> renderer.Promise:
    return replace(promised, due_day=promised.due_day and promised.due_day + timedelta(days=1))


def _instead(module: object, name: str, wrong: Callable[..., Any]) -> Plant:
    """`active_faults` gets the right function first."""

    def plant(patch: pytest.MonkeyPatch) -> None:
        right = getattr(module, name)
        patch.setattr(module, name, lambda *args, **named: wrong(right, *args, **named))

    return plant


def _to_somebody_else(right: Callable[..., Decision], *args: Any) -> Decision:
    decision = right(*args)
    effects = tuple(
        replace(effect, recipient="somebody@example.org")
        if isinstance(effect, Send) and effect.kind is MailKind.RELAYED
        else effect
        for effect in decision.effects
    )
    return replace(decision, effects=effects)


def _tells_nobody(right: Callable[..., Decision], *args: Any) -> Decision:
    decision = right(*args)
    return replace(decision, effects=tuple(effect for effect in decision.effects if not isinstance(effect, Send)))


def _sight_of_the_young_alone(right: Callable[..., None], *args: Any) -> None:
    *place, found, old, now = args
    right(*place, found, old | {one.uid for one in found if now - one.internal_date > timedelta(hours=3)}, now)


def _without_review(right: Callable[..., Any], *args: Any, **named: Any) -> Any:
    filed = right(*args, **named)
    kept = tuple(effect for effect in filed.effects if not isinstance(effect, RequestReview))
    return replace(filed, effects=kept)


def _with_progress(right: Callable[..., Any], policy: Any, due: Any, now: datetime) -> Any:
    told = [
        effect
        for case, clock in due.ready("nudge", now)
        for knows in (replace(case, sent=replace(case.sent, kinds=case.sent.kinds | {cases.PASSED_ON})),)
        for effect in cases.progress(policy, knows, key=clock.started_by, level=clock.level, now=now)
    ]
    return [*right(policy, due, now), *told]


def _closes_what_waits(right: Callable[..., Any], policy: Any, view: Any, now: datetime) -> Any:
    due = [case for case, clock in view.reached if clock.kind == "remind"]
    columns: CaseColumns = {"status": Status.CLOSED, "closed_at": now, "close_reason": CloseReason.ANSWERED}
    return [*right(policy, view, now), *(UpdateCase(case=case.number, columns=columns) for case in due)]


def _a_day_later(right: Callable[..., Any], *args: Any) -> dict[str, Any]:
    facts: dict[str, Any] = right(*args)
    return facts | {"ends_on": facts["ends_on"] + timedelta(days=1)} if facts.get("ends_on") else facts


def _ignores_people(right: Callable[..., Any], *args: Any) -> Any:
    judgement = right(*args)
    moved = judgement.happened is Happened.MOVED_BY_A_PERSON
    return replace(judgement, happened=Happened.ELSEWHERE) if moved else judgement


def _in_turns() -> Callable[..., Any]:
    """Answered cases lie now here, now there."""
    turns = count()

    def wrong(right: Callable[..., Any], standing: Any) -> Any:
        odd = standing.status is Status.ANSWERED and next(turns) % 2
        return BoardPlace(BoardFolder.WAITING) if odd else right(standing)

    return wrong


def _relays_all(patch: pytest.MonkeyPatch) -> None:
    read = words_relayed.read
    patch.setattr(relayed, "_why_not", lambda *args: "")
    patch.setattr(words_relayed, "read", lambda raw: replace(read(raw), text=read(raw).whole, html="", reason=""))


FAULTS = (
    Planted(
        "calendar.answer_due counts elapsed hours, not working days",
        _instead(calendar, "answer_due", lambda right, at, policy: at + timedelta(hours=24)),
        ("deadlines agree with an independent computation", UNTRUE),
    ),
    Planted(
        "uncertain.settle_uncertain sends an uncertain mail again at once",
        _instead(
            outbox,
            "_settle",
            lambda right, policy, delivery, now: outbox._not_sent(policy, delivery, now, "planted"),
        ),
        "nobody gets the same mail twice",
        seeds=(6, 8, 11),  # a connection that dies after the last byte is rare
    ),
    Planted(
        "automatic_mail.on_automatic_mail acknowledges machines",
        _instead(
            decide,
            "on_automatic_mail",
            lambda right, policy, view, lookup, now: from_citizen.on_citizen_message(
                policy, view, replace(lookup, arrived=replace(lookup.arrived, forced=True)), now
            ),
        ),
        "no mail to robots",
    ),
    Planted(
        "from_citizen._file_on_case shows nobody what it files",
        _instead(from_citizen, "_file_on_case", _without_review),
        "nobody is set aside in silence",
        seeds=(13, 3, 1),
    ),
    Planted(
        "calendar.in_hours knows no closing hour",
        _instead(calendar, "in_hours", lambda right, now, policy: True),
        "no mail to staff outside service hours",
    ),
    Planted(
        "DueView.read_since says that every folder was read",
        _instead(DueView, "read_since", lambda right, hour, due_at: True),
        "no deadline fires before the folders were read",
        seeds=(3, 11, 8),  # these towns show it soonest
        only=("writes", "the mailbox is away", "the mailbox is away for days", "a folder cannot be read"),
    ),
    Planted(
        "seen_messages.unworked forgets the messages in flight at a kill",
        _instead(
            seen_messages.FolderRows,
            "unworked",
            lambda right, *args: {uid: row for uid, row in right(*args).items() if not row[2]},
        ),
        "every message has an outcome",
    ),
    Planted(
        "threading._our_id takes everybody who names a mail of oacmail for the citizen",
        _instead(
            threading,
            "_our_id",
            lambda right, *args: replace(right(*args), guest=False) if right(*args) else None,
        ),
        ("no stranger in a case but as a guest", "nothing automatic to a guest"),
    ),
    Planted(
        "rate_limits.budget_class acknowledges a message that fails DMARC",
        _instead(rate_limits, "budget_class", lambda right, message, person: "verified"),
        "nothing by itself to a sender whose domain disowns the mail",
        seeds=(6, 1, 2),
    ),
    Planted(
        "from_citizen._asks_anew starts no deadline",
        _instead(from_citizen, "_ask_again", lambda right, *args, **named: []),
        "every request has a deadline",
        seeds=(10, 7, 1),
    ),
    Planted(
        "answers.answered ends no deadline",
        _instead(
            answers,
            "answered",
            lambda right, *args, **named: tuple(e for e in right(*args, **named) if not isinstance(e, EndDeadlines)),
        ),
        "a message counts as answered if and only if it was answered",
    ),
    Planted(
        "answers.answered ends deadlines that started after it",
        _instead(
            answers,
            "answered",
            lambda right, *args, **named: tuple(
                replace(e, at=e.at + timedelta(days=3)) if isinstance(e, EndDeadlines) else e
                for e in right(*args, **named)
            ),
        ),
        "a message counts as answered if and only if it was answered",
    ),
    Planted(
        "outbox_queue.due never finds notices of complex cases due",
        _instead(
            store_outbox.OutboxRows,
            "due",
            lambda right, store, now, most, staff=None, waits=(), kinds=(): right(
                store, now, most, staff, (*waits, "complex"), kinds
            ),
        ),
        "no mail is stuck",
        seeds=(12, 3),
        only=("writes", "answers", "asks anew"),
    ),
    Planted(
        "services_reply.read_services_reply reads every reply as solved",
        _instead(from_services, "read_services_reply", lambda right, *args: ServicesReply(Statement.SOLVED)),
        "nothing counts as solved that nobody has said to be solved",
        days=30,
        only=("reports a fault", "the services reply"),
    ),
    Planted(
        "second_level.by_message derives a case as often as its messages say so",
        _instead(services, "by_message", lambda right, request, number, case=None: right(request, number)),
        "no case is derived twice by itself",
        days=30,
        seeds=(3, 1, 2),
        only=("reports a fault", "insists on a fault"),
    ),
    Planted(
        "services.follow_up sends progress notices to citizens without notice of the derivation",
        _instead(services, "follow_up", _with_progress),
        "no progress notice goes to a citizen without notice of the derivation",
        only=("reports a fault",),
    ),
    Planted(
        "deadlines.escalate reports no late case",
        _instead(deadlines, "escalate", lambda right, *args, **named: []),
        "every request is answered or escalated",
        days=6,
        only=("writes",),
    ),
    Planted(
        "seen_messages.sight takes messages of three hours ago for old ones",
        _instead(seen_messages.FolderRows, "sight", _sight_of_the_young_alone),
        "every message is in one case or on the review list",
    ),
    Planted(
        "the templates greet the citizen with the words of an agent",
        _instead(renderer, "greeting", lambda right, *args: INTERNAL),
        "no internal text reaches a citizen",
        days=4,
    ),
    Planted(
        "deadlines.closings closes cases that wait for an answer",
        _instead(deadlines, "closings", _closes_what_waits),
        "no case is closed without an answer or a reason",
        seeds=(2, 3, 1),
        only=("writes",),
    ),
    Planted(
        "places.belongs leaves derived cases among the open ones",
        _instead(
            board,
            "belongs",
            lambda right, one: BoardPlace(BoardFolder.OPEN) if one.status is Status.DERIVED else right(one),
        ),
        "folders and cases agree",
        seeds=BOARDS,
    ),
    Planted(
        "sightings.judge takes no move for a person's",
        _instead(board, "judge", _ignores_people),
        "an agent's move is carried out or refused",
        seeds=(6, 2, 4),
    ),
    Planted(
        "places.belongs finds another folder each time",
        _instead(board, "belongs", _in_turns()),
        ("the board comes to rest", "oacmail moves a message once for each change"),
        seeds=(12, 4, 2),
    ),
    Planted(
        "commands._close closes cases that wait for an answer",
        _instead(commands, "_refuse_if_waits", lambda right, case: None),
        "a message counts as answered if and only if it was answered",
        seeds=(4, 2, 6),
        only=("writes", "drags messages"),
    ),
    Planted(
        "second_level.by_order starts no reminders",
        _instead(services, "_first_nudge", lambda right, *args, **named: ()),
        "no derived case is forgotten",
        seeds=BOARDS,
    ),
    Planted(
        "answer_parts.read keeps what the agent quotes, and relayed_answer lets it through",
        _relays_all,
        ("no internal text reaches a citizen", "a relayed answer is what an agent wrote to this person"),
        days=30,
        seeds=(4, 2, 6),
        only=("reports a fault", "the services reply", "answers through the office"),
    ),
    Planted(
        "relayed.on_relayed_answer writes to the wrong person",
        _instead(from_staff, "on_relayed_answer", _to_somebody_else),
        "a relayed answer is what an agent wrote to this person",
        seeds=BOARDS,
        only=("reports a fault", "answers through the office"),
    ),
    Planted(
        "relayed.on_relayed_answer tells nobody that nothing left",
        _instead(from_staff, "on_relayed_answer", _tells_nobody),
        "who answers through the office hears if nothing left",
        days=30,
        seeds=BOARDS,
        only=("reports a fault", "the services reply", "answers through the office"),
    ),
    Planted(
        "intake.MailboxActions puts draft answers among those that were sent",
        _instead(
            intake.MailboxActions,
            "_append_draft",
            lambda right, self, folder, name, raw: right(self, "Sent", name, raw),
        ),
        "a message counts as answered if and only if it was answered",
        days=30,
        seeds=BOARDS,
        only=("reports a fault", "the services reply", "orders by mail"),
    ),
    Planted(
        "kinds.cancelled_by stops no mail that has become untrue",
        _instead(kinds, "cancelled_by", lambda right, why: ()),
        "no notice says what is not so",
        days=8,
        seeds=(1, 2, 4),  # on a Sunday the services give a case of Saturday back
        only=("reports a fault", "the services press a button"),
    ),
    Planted(
        "renderer.promise names the day after the deadline's",
        _instead(renderer, "promise", lambda right, *args: _promised_later(right(*args))),
        UNTRUE,
        days=4,
        only=("writes",),
    ),
    Planted(
        "calendar.callback_offer offers the slot of a day later",
        _instead(
            calendar, "callback_offer", lambda right, *args: tuple(end + timedelta(days=1) for end in right(*args))
        ),
        UNTRUE,
        days=8,
        only=("wants a call",),
    ),
    Planted(
        "renderer.facts_of names a person's term a day later",
        _instead(renderer, "facts_of", _a_day_later),
        UNTRUE,
        seeds=(4, 3),  # their mailboxes are away for days
        only=("names a term of today", "the mailbox is away for days"),
    ),
    Planted(
        "citizen_mail.passed_on blames the platform unasked",
        _instead(services, "passed_on", lambda right, *args, **named: right(*args, **{**named, "cause": "platform"})),
        UNTRUE,
        days=8,
        only=("reports a fault", "passes it on"),
    ),
    Planted(
        "acknowledgement.wished_language knows no language",
        _instead(acknowledgement, "wished_language", lambda right, request: None),
        "praise and a wish of language start nothing",
        only=("writes", "answers", "wishes a language"),
    ),
    Planted(
        "cohorts.Cohorts takes every answer for one in time",
        _instead(Cohorts, "in_time", lambda right, self, request: True),
        "the figures of a month agree with the ledger",
        seeds=(54, 43, 65),  # their months end after some days
        only=("writes", "answers", "reports a fault"),
    ),
    Planted(
        "compliance.service_hours counts the night too",
        _instead(indicators, "service_hours", lambda right, begins, ends, policy: (ends - begins) / timedelta(hours=1)),
        "the figures of a month agree with the ledger",
        seeds=(54, 43, 65),
        only=("writes", "answers", "reports a fault"),
    ),
    Planted(
        "forget.forget leaves the person among the people",
        _instead(erase, "_cut", lambda right, *args: 0),
        "nothing of a forgotten person is in the database",
        days=6,
        seeds=(91, 4, 68),  # somebody is forgotten soon
        only=("writes", "answers", "is forgotten"),
    ),
)


@pytest.mark.parametrize("planted", FAULTS, ids=lambda planted: planted.fault.replace(" ", "-"))
def test_a_planted_fault_is_caught(planted: Planted, monkeypatch: pytest.MonkeyPatch) -> None:
    planted.plant(monkeypatch)
    found: list[str] = []
    for seed in planted.seeds:
        outcome = planted.run(seed)
        found += outcome.broken[:1]
        if outcome.name.startswith(planted.breach) and outcome.broken:
            return
    raise AssertionError(f"{planted.fault}: not caught; found {found}")
