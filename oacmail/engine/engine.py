"""`Engine`: one input, one decision, one transaction; mails are rendered to their last byte before the commit.

`Ticks`: everything that is due, in one decision; if that raises, item by item. The nightly jobs run once after 03:00.
"""

import logging
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial
from secrets import token_hex

from msgspec import Struct, field
from msgspec.structs import replace

from oacmail.core import calendar, relayed, tokens
from oacmail.core.decide import decide, may_exceed, within_limits
from oacmail.core.effects import (
    Arrived,
    Decision,
    DeliveryResult,
    Input,
    RecordContact,
    Send,
    Tick,
    TickItem,
    TreatAsRequest,
    WriteDraft,
)
from oacmail.core.errors import Fatal, OacmailError, Transient
from oacmail.core.kinds import MailKind
from oacmail.core.lookup import LookedUp, Lookup, looked_up, with_forwarded
from oacmail.core.model import Folder, MessageRef
from oacmail.core.policy import Policy
from oacmail.core.ports import Clock
from oacmail.core.reconciliation import is_since_last_night
from oacmail.core.stored_values import FORWARDED_BY, NIGHT_JOB, RUN
from oacmail.engine.learning import with_lessons
from oacmail.mail.parse import parse, read_forward
from oacmail.mail.parser_config import ParserConfig
from oacmail.store.apply import Turn
from oacmail.store.store import SqliteStore
from oacmail.words.compose import FinalMail
from oacmail.words.relayed import answer_text, relayed_mail
from oacmail.words.renderer import Renderer

# --- Engine ----------------------------------------------------------------------------------------------------------
# A turn holds the store's lock and never uses the network: it loads the view, calls core, renders what is to be sent,
# and writes. After the commit it announces queued mail.

log = logging.getLogger(__name__)
TEMPLATES = "templates"  # the code of the problem


class _Undo(Exception):
    """Ends a turn without a commit."""


class Engine(Struct):
    """`on_mail` is called after a turn that queued mail, in its thread; queries to the store wait until the commit.
    `parser_config`: how messages are read, without the stored lessons. `progress` is called after each part
    of a long piece of work, in its thread: the work is not stuck."""

    policy: Policy
    store: SqliteStore
    renderer: Renderer
    clock: Clock
    parser_config: ParserConfig
    on_mail: Callable[[], None] = lambda: None
    progress: Callable[[], None] = lambda: None
    _broken_templates: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.store.record(self.policy.secrets)

    def now(self) -> datetime:
        """Return the time in whole seconds, as in Date fields and rows."""
        return self.clock.now().replace(microsecond=0)

    def begin(self) -> None:
        """Record the start of a process. Raises StateError, Fatal."""
        self.store.begin(token_hex(4), self.now())
        self._record_keys()

    def adopt(self, policy: Policy, renderer: Renderer) -> None:
        """Use these from the next turn on. A turn in progress ends under its own rules."""
        with self.store.turn():
            self.policy, self.renderer = policy, renderer
        self.store.record(policy.secrets)
        self._record_keys()

    def _record_keys(self) -> None:
        self.store.signed_with(map(tokens.name_of_key, self.policy.secrets), self.now())

    def perform(
        self, inp: Input | Lookup, *, raw: bytes | None = None, message_ref: MessageRef | None = None
    ) -> Decision:
        """Raises Transient or Fatal of the store; anything else is a bug, and nothing was written."""
        now = self.now()
        with self.store.turn() as turn:
            decision = self._decide_and_write(turn, inp, now, raw=raw, message_ref=message_ref)
        for name in sorted(self._broken_templates):
            log.warning("template.broken", {"template": name, "reason": "the shipped one was used; see oacmail check"})
        if self._broken_templates:
            self.store.problem(TEMPLATES, True, now)
        self._broken_templates.clear()
        if isinstance(inp, DeliveryResult) or any(isinstance(effect, Send) for effect in decision.effects):
            self.on_mail()
        return decision

    def rehearse(self, inp: Input) -> None:
        """Run as `perform`, then undo everything. Raises what `perform` would raise."""
        with suppress(_Undo), self.store.turn() as turn:
            self._decide_and_write(turn, inp, self.now())
            raise _Undo

    def _decide_and_write(
        self,
        turn: Turn,
        inp: Input | Lookup,
        now: datetime,
        *,
        raw: bytes | None = None,
        message_ref: MessageRef | None = None,
    ) -> Decision:
        """Look up what the input concerns, load what the database knows of it, decide, render, and write."""
        asked = looked_up(self.policy, inp)
        if isinstance(asked, Lookup) and raw is not None and asked.arrived.orders is None:
            asked = self._read_further(asked, raw)
        arrived = asked.arrived if isinstance(asked, Lookup) else None
        decision = self._decide(turn, asked, now)
        if self._treat_as_requests(turn, decision, now):  # decide again, with the cases that these messages have now
            decision = self._decide(turn, asked, now)
        noted = {effect.message: effect.text for effect in decision.effects if isinstance(effect, RecordContact)}

        def stored(fingerprint: str) -> tuple[str, bytes | None] | None:
            """What has just arrived, and a call that is noted now, are in no row yet."""
            if arrived is not None and arrived.message.fingerprint == fingerprint:
                return arrived.message.fresh, raw
            if fingerprint in noted:
                return noted[fingerprint], None
            return turn.message(fingerprint)

        # Every mail is rendered to its last byte before anything is written.
        mails: dict[str, FinalMail] = {}
        sends = any(isinstance(effect, Send) for effect in decision.effects)
        run = (self.store.recall(RUN) if sends else None) or ""
        for effect in decision.effects:
            match effect:
                case Send(kind=MailKind.RELAYED):
                    assert arrived is not None
                    assert raw is not None  # core relays only what was read
                    mails[effect.key] = relayed_mail(self.policy, effect, raw, arrived.message.sender, now, run=run)
                case Send():
                    citizens = turn.citizens(relayed.asked_links(self.policy, effect))
                    send = relayed.offer_links(self.policy, effect, citizens, decision.effects)
                    mails[effect.key] = self.renderer.mail(self.policy, send, now, run=run, stored=stored)
                case WriteDraft():
                    mails[effect.key] = self._render_draft(effect, turn, now)
        self._broken_templates.update(name for mail in mails.values() for name in mail.fallback)
        turn.apply(
            decision,
            now=now,
            mails=mails,
            arrived=arrived,
            raw=raw,
            message_ref=message_ref,
            shadow=self.policy.shadow,
        )
        for following in decision.then:
            next_inp: Input | Lookup = following
            if isinstance(asked, Lookup) and isinstance(following, Arrived):  # the same message
                next_inp = replace(asked, arrived=following)
            more = self._decide_and_write(turn, next_inp, now, raw=raw, message_ref=message_ref)
            decision = replace(decision, effects=(*decision.effects, *more.effects))
        return decision

    def _decide(self, turn: Turn, asked: LookedUp, now: datetime) -> Decision:
        decision = decide(self.policy, turn.view(self.policy, asked, now), asked, now)
        if not may_exceed(asked, decision):
            return decision
        return within_limits(self.policy, turn.noticed(now), asked, decision)

    def _treat_as_requests(self, turn: Turn, decision: Decision, now: datetime) -> bool:
        """Decide as requests the messages that a decision names, in the same turn; return whether there were any."""
        named = [effect.message for effect in decision.effects if isinstance(effect, TreatAsRequest)]
        for fingerprint in named:
            stored = turn.arrival(fingerprint)
            if stored is not None:
                raw, received_at = stored
                day = calendar.local_day(received_at, self.policy).isoformat()
                message = parse(raw, with_lessons(self.store, self.parser_config), day=day)
                arrived = Arrived(message=message, received_at=received_at, folder=Folder.INTAKE, forced=True)
                self._decide_and_write(turn, arrived, now, raw=raw)
        return bool(named)

    def _read_further(self, lookup: Lookup, raw: bytes) -> Lookup:
        """Read again what only few mails need: what an answer says, what a forward brings."""
        if lookup.answer_for or lookup.may_answer:
            return replace(lookup, answer=answer_text(raw))
        if not lookup.may_forward:
            return lookup
        policy, outer = self.policy, lookup.message
        forwarded = read_forward(
            raw,
            outer,
            with_lessons(self.store, self.parser_config),
            insiders=policy.people.staff | policy.office.own,
            given=self.store.recall(FORWARDED_BY + outer.fingerprint) or "",
            day=str(lookup.received_at.date()),
        )
        return lookup if forwarded is None else with_forwarded(lookup, forwarded)

    def _render_draft(self, draft: WriteDraft, turn: Turn, now: datetime) -> FinalMail:
        """The bytes of a draft, which continues the thread of its case."""
        message_ids, subject = turn.continued(draft.case)
        answer = Send(
            key=draft.key,
            kind=MailKind.DRAFT,
            lang=draft.lang,
            recipient=draft.recipient,
            case=draft.case,
            token=draft.token,
            facts={**draft.facts, "subject": subject},
            in_reply_to=message_ids[-1] if message_ids else "",
            refs=message_ids,
            automatic="",
        )
        return self.renderer.draft(answer, tokens.message_id(self.policy, draft.key), now)


# --- Ticks -----------------------------------------------------------------------------------------------------------
# An item that raises would otherwise stop every deadline of the office: it is postponed for an hour, `status` names it
# (`tick-failed`), and the operator gets one alert.

PUT_OFF = timedelta(hours=1)


class Ticks(Struct):
    engine: Engine

    def tick(self) -> None:
        """Raises Transient or Fatal of the store. Items that raise anything else are postponed."""
        engine = self.engine
        if not self._batch():
            # Each item is tried alone and undone, so that the others are still processed together: one list for the
            # supervisor, not fifty mails.
            self._each(engine.rehearse)
            if not self._batch():  # they raise only in combination
                self._each(engine.perform)
        engine.store.tick_completed(engine.policy, engine.now())

    def job(self, name: str, work: Callable[[], object]) -> bool:
        """Run a job other than deadlines, isolated in the same way; return whether it was done. Raises Transient or
        Fatal."""
        item = TickItem(kind="job", key=name)
        if self.engine.store.is_put_off(item, self.engine.now()):
            return False
        done = self._isolated(item, work)
        if done:
            self.engine.store.succeeded(item, self.engine.now())
        return done

    def _batch(self) -> bool:
        try:
            self.engine.perform(Tick())
        except (Transient, Fatal):
            raise
        except Exception:
            log.error("tick.batch-failed", exc_info=True)
            return False
        return True

    def _each(self, do: Callable[[Tick], object]) -> None:
        for item in self.engine.store.tick_items(self.engine.policy, self.engine.now()):
            self._isolated(item, partial(do, Tick(only=item)))

    def _isolated(self, item: TickItem, work: Callable[[], object]) -> bool:
        try:
            work()
        except (Transient, Fatal):
            raise
        except Exception as error:
            now = self.engine.now()
            log.error("tick.failed", {"job": item.kind, "case": item.case}, exc_info=True)
            self.engine.store.tick_failed(item, type(error).__name__, until=now + PUT_OFF, now=now)
            return False
        return True


# --- Nightly jobs ----------------------------------------------------------------------------------------------------
# A job that a stopped service has missed runs at the next start; one that fails is tried again after an hour and stops
# no other. A job that never ran counts as done at first, so that a new installation begins with none.

AGAIN = timedelta(hours=1)


class NightlyJobs(Struct):
    """`jobs`: name to work, in their order. Called by one thread at a time."""

    ticks: Ticks
    jobs: Mapping[str, Callable[[], object]]
    _failed: dict[str, datetime] = field(default_factory=dict)

    def look(self) -> None:
        """Run the jobs that are due. Raises StateError, Fatal."""
        engine = self.ticks.engine
        store, zone = engine.store, engine.policy.office.timezone
        for name, job in self.jobs.items():
            now, done = engine.now(), store.recall(NIGHT_JOB + name)
            if done is None:
                store.remember(NIGHT_JOB + name, now.isoformat(), now)
                continue
            failed = self._failed.get(name)
            waits = failed is not None and timedelta(0) <= now - failed < AGAIN
            if waits or is_since_last_night(datetime.fromisoformat(done), now, zone):
                continue
            self._failed[name] = now
            try:
                succeeded = self.ticks.job(name, job)
            except OacmailError as error:
                log.warning("night.postponed", {"job": name, "error": str(error)})
                continue
            if succeeded:
                del self._failed[name]
                store.remember(NIGHT_JOB + name, now.isoformat(), now)
