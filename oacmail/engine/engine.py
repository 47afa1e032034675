"""`Engine`: one input, one decision, one transaction; mails are rendered to their last byte before the commit.

It also builds the mail that relays an agent's answer, and the line that `systemctl status` shows.
"""

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from secrets import token_hex

import structlog

from oacmail.core import relayed, tokens
from oacmail.core.decide import decide, may_exceed, within_limits
from oacmail.core.effects import (
    Arrived,
    Decision,
    DeliveryResult,
    Effect,
    Input,
    Quoted,
    RecordContact,
    Send,
    TreatAsRequest,
    WriteDraft,
)
from oacmail.core.kinds import MailKind
from oacmail.core.lookup import LookedUp, Lookup, files, looked_up, with_forwarded
from oacmail.core.model import AnswerText, Folder, MessageRef
from oacmail.core.policy import Office, Policy
from oacmail.core.ports import Clock
from oacmail.core.stored_values import FORWARDED_BY, RUN
from oacmail.mail.parse import parse, read_forward
from oacmail.mail.parser_config import ParserConfig
from oacmail.mail.understanding.secrets import blank
from oacmail.store import SqliteStore
from oacmail.store.turn import Turn
from oacmail.store.writing import FrozenMail
from oacmail.words.compose import heading_of, verify
from oacmail.words.redact import redact
from oacmail.words.relayed import mail, read, subject
from oacmail.words.renderer import Renderer

# --- Relayed answers -------------------------------------------------------------------------------------------------
# From an agent's bytes to the mail that goes to the person. The agent's message is read a second time, since only mail
# to an answer address needs this.

_IMAGE = re.compile(r"<img\b", re.IGNORECASE)


def answer_text(raw: bytes) -> AnswerText:
    answer = read(raw)
    shows = bool(answer.files) or bool(_IMAGE.search(answer.html))
    attaches = any(not file.place for file in answer.files)
    return AnswerText(text=answer.text, reason=answer.reason, has_files=shows, attaches=attaches)


def relayed_mail(
    office: Office, send: Send, raw: bytes, message_id: str, sign: Callable[[str], str], now: datetime
) -> FrozenMail:
    """The final mail. Its signature covers its text and the names of its files, as they are read back.

    Raises ValueError if the mail does not read back as it was written.
    """
    answer = read(raw)
    agent = parse(raw).sender
    named = subject(str(send.facts["subject"]), send.token)
    heading = replace(heading_of(office, send, message_id, now), subject=named, signature="v=0")
    text = parse(mail(heading, answer, agent))
    heading = replace(heading, signature=sign(text.text + files(text)))
    mime = mail(heading, answer, agent)
    wrong = verify(mime, heading)
    if wrong:
        raise ValueError(f"a relayed answer: {wrong}")
    return FrozenMail(message_id=message_id, mime=mime, length=len(text.text))


# --- Engine ----------------------------------------------------------------------------------------------------------
# A turn holds the store's lock and never uses the network: it loads the view, calls core, renders what is to be sent,
# and writes. After the commit it announces queued mail.

log = structlog.get_logger()
BARE = ":bare"
TEMPLATES = "templates"  # the code of the problem
# A message with attachments is quoted in escalations up to this size; above it only the card is sent.
ORIGINAL_MOST = 10_000_000


class _Undo(Exception):
    """Ends a turn without a commit."""


@dataclass(slots=True)
class Engine:
    """`on_mail` is called after a turn that queued mail, in its thread; queries to the store wait until the commit.
    `parser_config`: for a stored message that an agent's order has decided again. `progress` is called after each part
    of a long piece of work, in its thread: the work is not stuck."""

    policy: Policy
    store: SqliteStore
    renderer: Renderer
    clock: Clock
    on_mail: Callable[[], None] = lambda: None
    progress: Callable[[], None] = lambda: None
    parser_config: Callable[[], ParserConfig] = ParserConfig
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
            log.warning("template.broken", template=name, reason="the shipped one was used; see oacmail check")
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
        # Every mail is rendered to its last byte before anything is written.
        mails: dict[str, FrozenMail] = {}
        noted = {effect.message: effect.text for effect in decision.effects if isinstance(effect, RecordContact)}
        for effect in decision.effects:
            if isinstance(effect, Send):
                mails[effect.key] = self._render_send(effect, turn, arrived, raw, noted, decision.effects, now)
            elif isinstance(effect, WriteDraft):
                mails[effect.key] = self._render_draft(effect, turn, now)
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
                day = received_at.astimezone(self.policy.office.timezone).date().isoformat()
                message = parse(raw, self.parser_config(), day=day)
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
            self.parser_config(),
            insiders=policy.people.staff | policy.office.own,
            given=self.store.recall(FORWARDED_BY + outer.fingerprint) or "",
            day=str(lookup.received_at.date()),
        )
        return lookup if forwarded is None else with_forwarded(lookup, forwarded)

    def _render_send(
        self,
        send: Send,
        turn: Turn,
        arrived: Arrived | None,
        raw: bytes | None,
        noted: Mapping[str, str],
        effects: Sequence[Effect],
        now: datetime,
    ) -> FrozenMail:
        """`noted`: texts of calls that the decision notes; `effects`: all that it writes."""
        if send.kind is MailKind.RELAYED:
            assert raw is not None  # core relays only what was read
            message_id = tokens.message_id(self.policy, send.key)
            return relayed_mail(self.policy.office, send, raw, message_id, self._signer(send, now), now)
        citizens = turn.citizens(relayed.asked_links(self.policy, send))
        shown = relayed.offer_links(self.policy, send, citizens, effects)
        # The messages that the mail quotes. What has just arrived, and a call that is noted now, are in no row yet.
        texts: list[str] = []
        originals: list[bytes] = []
        quoted = shown.conversation or ((Quoted(message=shown.attach, heading=""),) if shown.attach is not None else ())
        for quote in quoted:
            if arrived is not None and arrived.message.fingerprint == quote.message:
                stored: tuple[str, bytes | None] | None = (arrived.message.fresh, raw)
            elif quote.message in noted:
                stored = (noted[quote.message], None)
            else:
                stored = turn.message(quote.message)
            if stored is None:
                continue
            text, original = stored
            texts.append(f"{quote.heading}\n{text}".strip())
            if original is not None and sum(map(len, originals)) + len(original) <= ORIGINAL_MOST:
                originals.append(original)  # the newest that fit: they come newest first
        if texts:
            shown = replace(shown, facts={**shown.facts, "text": blank("\n\n".join(texts))})
        if not originals:
            return self._render(shown, now)
        # With originals there are two forms: the relay may refuse the attached one.
        try:
            whole = self._render(
                shown, now, *(redact(original, self.policy.office.languages[0]) for original in originals)
            )
        except Exception:  # one strange message must not stop all deadlines: send the card without it
            log.error("original.unfit", key=send.key, exc_info=True)
            return self._render(shown, now)
        bare = self._render(replace(shown, key=send.key + BARE), now)
        return replace(whole, bare=bare.mime, bare_id=bare.message_id)

    def _render(self, send: Send, now: datetime, *originals: bytes) -> FrozenMail:
        message_id = tokens.message_id(self.policy, send.key)
        rendered = self.renderer.render(send, message_id, self._signer(send, now), now, *originals)
        self._broken_templates.update(rendered.fallback)
        return FrozenMail(message_id=rendered.message_id, mime=rendered.mime, length=rendered.length)

    def _render_draft(self, draft: WriteDraft, turn: Turn, now: datetime) -> FrozenMail:
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
        rendered = self.renderer.draft(answer, tokens.message_id(self.policy, draft.key), now)
        self._broken_templates.update(rendered.fallback)
        return FrozenMail(message_id=rendered.message_id, mime=rendered.mime, length=rendered.length)

    def _signer(self, send: Send, now: datetime) -> Callable[[str], str]:
        return partial(
            tokens.sign_mail,
            self.policy,
            run=self.store.recall(RUN) or "",
            key=send.key,
            case=send.case,
            message=send.message,
            received_at=send.received_at,
            due_at=send.due_at,
            recipient=send.recipient,
            sent_at=now,
        )


# --- Status line -----------------------------------------------------------------------------------------------------
# First what is unhealthy, then what is in progress.

_NO_FAULT = "calendar_provisional"  # a warning that `status` shows
_PLAINLY = {"config-refused": "the changed configuration was refused"}


def summary(problems: Collection[str], state: str, *, read: bool, shadow: bool) -> str:
    """`problems` are the recorded codes; `state` is why the database cannot be used, or ''; `read`: the mailbox was
    read since the last start or lost connection."""
    if state:
        return f"UNHEALTHY: {state}: nothing can be recorded or sent; see oacmail status"
    goes = "nothing is sent (shadow)" if shadow else "mail goes out"
    words = f"mailbox read, {goes}" if read else "waiting for the mailbox"
    faults = [_PLAINLY.get(code, code) for code in problems if not code.startswith(_NO_FAULT)]
    return f"UNHEALTHY: {', '.join(faults)}; {words}; see oacmail status" if faults else words
