"""What can happen and what can be done: the inputs of a decision and its effects.

Values only, as in `model`. Each effect is an upsert by its key, so that doing it twice is doing it once; none says
how it is done. Times are aware datetimes.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Literal, TypedDict

from oacmail.core.features import Slot
from oacmail.core.model import Classification, Folder, Kind, Message, Outcome, Role, Status
from oacmail.core.outgoing import MailEvent, MailKind

# --- what can happen ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrived:
    """A message was met in a folder. `received_at` is INTERNALDATE. `forced`: a person says it is a request."""

    message: Message
    received_at: datetime
    folder: Folder
    forced: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TickItem:
    """One thing that a tick works. `kind`: deadline | ack (deferred) | notice (deferred) | uncertain (delivery) |
    digest | alert | overnight (notice) | job. `key`: which one of its kind. `case`: the number of the case that it
    concerns, if any."""

    kind: str
    key: str = ""
    case: str | None = None

    @property
    def name(self) -> str:
        """Unique among all items."""
        return f"{self.kind}:{self.key}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick:
    """Time went on. `only`: the tick works this item and no other; None = all that are due."""

    only: TickItem | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryResult:
    """A delivery attempt ended. `state`: sent | refused | later | uncertain; `error`: code, class, place."""

    key: str
    state: Literal["sent", "refused", "later", "uncertain"]
    copy_expected: bool = False
    code: int = 0
    status: str = ""
    error: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AdminCommand:
    """A person said what to do with a case: a verb, its words, and who said it."""

    verb: str
    case: str
    by: str
    words: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxCommand:
    """A person says what to do with one mail of the outbox, by its key. `by`: the name of the person's account."""

    verb: Literal["retry", "drop"]
    key: str
    by: str


Input = Arrived | Tick | DeliveryResult | AdminCommand | OutboxCommand


# --- what can be done: each an upsert by its key ------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenCase:
    """Open case `number`, by the message that arrived. `due_at` is its first response clock."""

    number: str
    citizen: str
    name: str
    subject: str
    reading: Classification
    opened_at: datetime
    due_at: datetime | None
    parent: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordMessage:
    """Record the message that arrived. `case` is None where no case is concerned; `guest`: wrote from outside.

    `author`: who asks by it, where that is not its sender (a form).
    """

    role: Role
    outcome: Outcome
    kind: Kind
    case: str | None = None
    guest: bool = False
    rule: str = ""
    author: str | None = None


class CaseColumns(TypedDict, total=False):
    """Columns of a case that an effect may set, by their names in the schema. `ends_on`: an ISO date."""

    status: Status
    kind: str
    topic: str
    level: str
    intent: str
    lang: str
    assignee: str
    phone: str
    slot: Slot
    operator: str
    platform: str
    cause: str
    incident: str
    urgent: bool
    ends_on: str | None
    touched_at: datetime
    answered_at: datetime | None
    closed_at: datetime | None
    close_reason: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateCase:
    """Set these columns of a case, and no others."""

    case: str
    columns: CaseColumns


@dataclass(frozen=True, slots=True, kw_only=True)
class StartDeadline:
    """Start a clock. `armed_by` is the message's fingerprint or an event's key, `armed_at` its moment."""

    started_by: str
    kind: str
    case: str
    started_at: datetime
    due_at: datetime
    level: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class EndDeadlines:
    """End a case's clocks of these kinds that were armed at `at` or before; with `armed_by` these only."""

    case: str
    how: Literal["met", "void"]
    at: datetime
    kinds: tuple[str, ...]
    started_by: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadlineReached:
    """One clock rang. A response clock (kind answer, level 0) runs on after it: it can still be met, late."""

    started_by: str
    kind: str
    level: int
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Quoted:
    """A message that a mail quotes and attaches. `message`: its fingerprint; `heading`: stands above its text."""

    message: str
    heading: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Send:
    """Queue one mail to one recipient, once for ever by its key. With `attach`, the shell adds the message itself.

    `facts`: values for the template of this kind, never citizen HTML.
    `reply_to_id`/`refs`: ids that it answers. `attach`: fingerprint of the original to attach, or None.
    `conversation`: instead of it several messages, newest first.
    `release`: now, or None = held back until a budget has room. `automatic`: Auto-Submitted value.
    """

    key: str
    kind: MailKind
    lang: str
    recipient: str
    case: str | None = None
    token: str = ""
    facts: Mapping[str, object] = field(default_factory=lambda: MappingProxyType({}))
    in_reply_to: str = ""
    refs: tuple[str, ...] = ()
    automatic: Literal["auto-replied", "auto-generated"] = "auto-generated"
    attach: str | None = None
    conversation: tuple[Quoted, ...] = ()
    budget: str = ""
    release: datetime | None = None
    message: str = ""
    received_at: datetime | None = None
    due_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateOutbox:
    """An event happens to a row of the outbox; nothing is written if its state does not allow the event
    (core/outbox/states.py), but a copy that was seen is always noted. `refused_at`: the relay answered no."""

    key: str
    event: MailEvent
    next_at: datetime | None = None
    sent_at: datetime | None = None
    error: str | None = None
    refused_at: datetime | None = None
    alias: str | None = None
    copy_expected: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportSent:
    """A mail of ours that the database does not know (it was restored): record it as sent.

    `refs`: the messages that it followed; one that opens a case of the recipient anew takes its number.
    """

    key: str
    kind: MailKind
    case: str
    message: str
    refs: tuple[str, ...]
    message_id: str
    recipient: str
    sent_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class FileMessage:
    """The message that arrived belongs in this folder."""

    folder: Folder


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestReview:
    """A person must look at a message: shown in `quarantine list` with its reason, a short code.

    `message`: its fingerprint; '' = the one that arrived.
    """

    reason: str
    message: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEvent:
    """A line in the event log: kinds, ids and codes, never citizen text."""

    kind: str
    case: str | None = None
    data: Mapping[str, str | int | float | None] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True, kw_only=True)
class MergeCases:
    """All messages and running clocks of `case` go over to `into`; `case` is closed as its duplicate."""

    case: str
    into: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewDone:
    """A person has looked: the entry of the review list is done."""

    fingerprint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconsider:
    """A message of the desk, judged before the message that it answers was read, is worked once more."""

    fingerprint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdatePerson:
    """What we know of an address now; None leaves a column as it is. `known`: a person has answered it."""

    address: str
    name: str | None = None
    lang: str | None = None
    known: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SendWithoutOriginal:
    """Queue the same mail without the original it carries, under the key `<key>:bare`."""

    key: str
    next_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class DropOutgoing:
    """Drop the mails of a case of these kinds that have not left yet: what they say is no longer so."""

    case: str
    kinds: tuple[MailKind, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Remember:
    """One small fact of the house, by its name (a digest sent, an alert raised)."""

    name: str
    value: str


Effect = (
    OpenCase
    | RecordMessage
    | UpdateCase
    | StartDeadline
    | EndDeadlines
    | DeadlineReached
    | Send
    | UpdateOutbox
    | SendWithoutOriginal
    | DropOutgoing
    | ImportSent
    | FileMessage
    | RequestReview
    | AuditEvent
    | MergeCases
    | ReviewDone
    | Reconsider
    | UpdatePerson
    | Remember
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """Effects in the order of their doing; `because` are rule names, shown by `oacmail why`."""

    effects: tuple[Effect, ...]
    because: tuple[str, ...]
