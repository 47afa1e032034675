"""The inputs of a decision and its effects.

Values only, as in `model`. Most effects, carried out twice, leave the same rows. An `AuditEvent` adds a row each time,
and an `OpenCase` is refused the second time. So a decision's effects are carried out once, in one transaction. No
effect says how it is written. Times are aware datetimes.
"""

from collections.abc import Mapping
from datetime import datetime, time
from types import MappingProxyType
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from oacmail.core.kinds import MailEvent, MailKind
from oacmail.core.model import BoardPlace, Classification, DeadlineKind, Folder, Kind, Message, Order, Outcome, Role
from oacmail.core.view import CaseColumns

# --- Report effects --------------------------------------------------------------------------------------------------
# A month whose figures are ready to be published, and what is kept of it. `figures` is JSON text
# (core/report/publication.py): what is published is kept as it is.


class CorrectFigure(Struct, frozen=True, kw_only=True):
    """Note that a figure of a published month is otherwise by now. `indicator`.`measure` names it, by its key or
    table.row; `why`: a label of the group "why_corrected", '' = not known. `at`: when the difference was first shown,
    None = now."""

    month: str
    indicator: str
    measure: str
    old: float | None
    new: float | None
    why: str = ""
    at: datetime | None = None


class FreezeMonth(Struct, frozen=True, kw_only=True):
    """Keep the figures of this month as published, unless it was published before."""

    month: str
    figures: str


class ReportReady(Struct, frozen=True, kw_only=True):
    """The report of a month that is over can be published, or that of a year be sent. `figures`: to be frozen, '' of a
    year, whose months are. `facts`: what its mail says; `corrections`: of earlier months, new in it. `lang`: of its
    mail."""

    month: str
    figures: str
    facts: Mapping[str, object]
    lang: str
    corrections: tuple[CorrectFigure, ...] = ()


# --- Case effects ----------------------------------------------------------------------------------------------------
# Effects on something else than the message that arrived: contacts, split and merged cases, drafts, votes, and
# recorded messages that are placed or decided again.


class RecordContact(Struct, frozen=True, kw_only=True):
    """Record what a person asked by telephone or at the desk, as a message of `case` with the fingerprint `message`.

    `author`: what stands for the person's address. `channel`: telephone | visit, the rule of the message.
    """

    message: str
    case: str
    author: str
    subject: str
    text: str
    channel: str
    at: datetime


class SplitCase(Struct, frozen=True, kw_only=True):
    """Open case `number` by a message of `case`, which leaves it with the deadlines that it started. `opened_at`: when
    the message arrived."""

    case: str
    number: str
    message: str
    opened_at: datetime


class MergeCases(Struct, frozen=True, kw_only=True):
    """Move all messages and running deadlines of `case` to `into`; `case` is closed as its duplicate."""

    case: str
    into: str


class TreatAsRequest(Struct, frozen=True, kw_only=True):
    """Decide the stored message of this fingerprint again, as a person's request. The engine does so before it writes
    the decision that holds this effect, and then decides again."""

    message: str


class WriteDraft(Struct, frozen=True, kw_only=True):
    """Put an answer into the folder of drafts, for an agent to complete and send; once only by its key. It is in no
    outbox: no program sends it. The fields are those of `Send`; the thread that it continues is that of its case."""

    key: str
    case: str
    recipient: str
    token: str
    lang: str
    facts: Mapping[str, object]


class Reconsider(Struct, frozen=True, kw_only=True):
    """Decide a message of the desk again: it was decided before the message that it answers was read."""

    fingerprint: str


class PlaceMessage(Struct, frozen=True, kw_only=True):
    """A recorded message of the desk, which is on the review list, belongs to this case, or to none (None)."""

    fingerprint: str
    case: str | None
    outcome: Outcome


class RecordVote(Struct, frozen=True, kw_only=True):
    """Record the score, 1 to 5, that the message that arrived gives to `case`. `signed`: it comes from who was asked
    (core/survey.py); only such a vote becomes the score of the case. `at`: when it arrived."""

    case: str
    score: int
    signed: bool
    at: datetime


class MoveDeadline(Struct, frozen=True, kw_only=True):
    """A running deadline of level 0 that was not reached yet has another due time. A reminder that was sent comes
    again."""

    started_by: str
    kind: DeadlineKind
    due_at: datetime


# --- inputs -------------------------------------------------------------------------------------------


class OrdersDone(Struct, frozen=True, kw_only=True):
    """What the first orders of a mail have done: the next one finds the cases as they left them."""

    given: tuple[tuple[Order, str], ...]  # all orders of the mail, each with why it is refused unseen, '' = it is not
    of_mail: str | None  # the number of the case that the mail itself is about
    current: str | None  # of the case that a line without a number is about: `of_mail`, or the one opened last
    into: Mapping[str, str] = MappingProxyType({})
    """Number of a case that they merged -> that of the same person's case that goes on. To the other orders of the mail
    it still names the merged case."""
    rows: tuple[Mapping[str, object], ...] = ()  # of the transcript, one for each order
    facts: Mapping[str, object] = MappingProxyType({})  # of the transcript beside


class Arrived(Struct, frozen=True, kw_only=True):
    """A message is in a folder. `received_at`: its INTERNALDATE. `forced`: an agent says that it is a request.
    `orders`: those of it that were carried out already; None = it has just arrived."""

    message: Message
    received_at: datetime
    folder: Folder
    forced: bool = False
    orders: OrdersDone | None = None

    @property
    def recipients(self) -> tuple[str, ...]:
        """To and Cc; of a copy in Sent also Bcc, which its client has kept there and no other recipient sees."""
        blind = self.message.bcc if self.folder is Folder.SENT else ()
        return (*self.message.to, *self.message.cc, *blind)


class TickItem(Struct, frozen=True, kw_only=True):
    """One thing that a tick handles. `kind`: deadline | ack (deferred) | notice (deferred) | uncertain (delivery) |
    digest | alert | overnight (notice) | call (of a case) | job. `key`: which one of its kind. `case`: the number of
    the case that it concerns, if any."""

    kind: str
    key: str = ""
    case: str | None = None

    @property
    def name(self) -> str:
        """Unique among all items."""
        return f"{self.kind}:{self.key}"


class Tick(Struct, frozen=True, kw_only=True):
    """Time has passed. `only`: the tick handles this item alone; None = all that are due."""

    only: TickItem | None = None


class DeliveryResult(Struct, frozen=True, kw_only=True):
    """A delivery attempt ended. `state`: sent | refused | later | uncertain; `error`: code, class, place; `said`: the
    refusing server's words, without addresses; `limited`: a sending limit of the provider put it off, which is no
    mail's fault."""

    key: str
    state: Literal["sent", "refused", "later", "uncertain", "altered"]
    copy_expected: bool = False
    code: int = 0
    status: str = ""
    error: str = ""
    said: str = ""
    limited: bool = False


class AdminCommand(Struct, frozen=True, kw_only=True):
    """An admin orders something about a case: `verb`, its options `words`, and the account `by`. `given_in` names the
    order: the mail and the order's place in it, or the message that a person moved and when; '' = by shell."""

    verb: str
    case: str
    by: str
    given_in: str = ""
    words: Mapping[str, str] = MappingProxyType({})


class OutboxCommand(Struct, frozen=True, kw_only=True):
    """A person says what to do with one mail of the outbox, by its key. `by`: the name of the person's account."""

    verb: Literal["retry", "drop"]
    key: str
    by: str


class BoardMove(Struct, frozen=True, kw_only=True):
    """A person has put a message into another folder of the board. `message`: its fingerprint; `case`: its case, None =
    of none."""

    message: str
    case: str | None
    to: BoardPlace


class BoardDeletion(Struct, frozen=True, kw_only=True):
    """A message is in no folder that is read. `message`: its fingerprint; `case`: its case, None = of none."""

    message: str
    case: str | None


Input = Arrived | Tick | DeliveryResult | AdminCommand | OutboxCommand | BoardMove | BoardDeletion | ReportReady


# --- effects -------------------------------------------------------------------------------------------


class OpenCase(Struct, frozen=True, kw_only=True):
    """Open case `number`. `opened_by`: the fingerprint of the message that opens it, '' = the one that arrived.
    `due_at` is its first response deadline; `ends_hour` that of `reading.ends_on`."""

    number: str
    citizen: str
    name: str
    subject: str
    reading: Classification
    opened_at: datetime
    due_at: datetime | None
    parent: str | None = None
    opened_by: str = ""
    ends_hour: time | None = None


class RecordMessage(Struct, frozen=True, kw_only=True):
    """Record the message that arrived. `case`: None if it belongs to none. `guest`: its author is no participant.

    `author`: the address of its author, if that is not its sender (a form). `written`: the message that counts, if it
    is only a part of the one that arrived (a forward). `reply_to`: another address at which an answer reaches the
    author, '' = none that counts. `kept`: what it says and who wrote
    it are stored; else only that it came, when and where to.
    """

    role: Role
    outcome: Outcome
    kind: Kind
    case: str | None = None
    guest: bool = False
    rule: str = ""
    author: str | None = None
    written: Message | None = None
    reply_to: str = ""
    kept: bool = True


class UpdateCase(Struct, frozen=True, kw_only=True):
    """Set these columns of a case and no others."""

    case: str
    columns: CaseColumns


class StartDeadline(Struct, frozen=True, kw_only=True):
    """Start a deadline. `started_by`: the message's fingerprint or the event's key; `started_at`: its time."""

    started_by: str
    kind: DeadlineKind
    case: str
    started_at: datetime
    due_at: datetime
    level: int = 0


class EndDeadlines(Struct, frozen=True, kw_only=True):
    """End a case's deadlines of these kinds that started at `at` or earlier; with `started_by` or `level`, these
    only."""

    case: str
    how: Literal["met", "withdrawn"]
    at: datetime
    kinds: tuple[DeadlineKind, ...]
    started_by: tuple[str, ...] = ()
    level: int | None = None


class DeadlineReached(Struct, frozen=True, kw_only=True):
    """A deadline was reached. A response deadline (kind answer, level 0) keeps running: it can be met late."""

    started_by: str
    kind: DeadlineKind
    level: int
    at: datetime


class Quoted(Struct, frozen=True, kw_only=True):
    """A message that a mail quotes and attaches. `message`: its fingerprint; `heading`: the line above its text."""

    message: str
    heading: str


class Send(Struct, frozen=True, kw_only=True):
    """Queue one mail to one recipient, once only by its key.

    `facts`: values for the template of this kind, never citizen HTML.
    `in_reply_to`, `refs`: Message-IDs of the message that it replies to. `attach`: fingerprint of the original to
    attach, or None; `conversation`: instead several messages, newest first.
    `release`: when it may leave; None = deferred until a limit has room. `automatic`: Auto-Submitted value, '' = a
    person wrote it.
    """

    key: str
    kind: MailKind
    lang: str
    recipient: str
    case: str | None = None
    token: str = ""
    facts: Mapping[str, object] = MappingProxyType({})
    in_reply_to: str = ""
    refs: tuple[str, ...] = ()
    automatic: Literal["auto-replied", "auto-generated", ""] = "auto-generated"
    attach: str | None = None
    conversation: tuple[Quoted, ...] = ()
    budget: str = ""
    release: datetime | None = None
    message: str = ""
    received_at: datetime | None = None
    due_at: datetime | None = None


class UpdateOutbox(Struct, frozen=True, kw_only=True):
    """An event happens to a row of the outbox; nothing is written if its state does not allow the event
    (core/kinds.py), but a copy that was seen is always noted. `refused_at`: the relay answered no."""

    key: str
    event: MailEvent
    next_at: datetime | None = None
    sent_at: datetime | None = None
    error: str | None = None
    refused_at: datetime | None = None
    alias: str | None = None
    copy_expected: bool | None = None


class ImportSent(Struct, frozen=True, kw_only=True):
    """Record as sent a mail of ours that the database does not know, because it was restored.

    `refs`: the messages that it replied to; one that opens the recipient's case again gets the number `case`.
    """

    key: str
    kind: MailKind
    case: str
    message: str
    refs: tuple[str, ...]
    message_id: str
    recipient: str
    sent_at: datetime


class FileMessage(Struct, frozen=True, kw_only=True):
    """Move the message that arrived to this folder."""

    folder: Folder


class RequestReview(Struct, frozen=True, kw_only=True):
    """Put a message on the review list: `quarantine list` shows it with its reason, a short code.

    `message`: its fingerprint; '' = the one that arrived.
    """

    reason: str
    message: str = ""


class AuditEvent(Struct, frozen=True, kw_only=True):
    """A line of the event log: kinds, ids and codes, never citizen text. `text`: what an agent noted; it is stored
    beside the log, which nobody can change, so that it can be erased."""

    kind: str
    case: str | None = None
    data: Mapping[str, str | int | float | None] = MappingProxyType({})
    text: str = ""


class ReviewDone(Struct, frozen=True, kw_only=True):
    """Close the entry of the review list: an agent has looked at the message."""

    fingerprint: str


class UpdatePerson(Struct, frozen=True, kw_only=True):
    """Set what is known of an address; None leaves a column as it is. `known`: an agent has answered it."""

    address: str
    name: str | None = None
    lang: str | None = None
    known: bool | None = None


class SendWithoutOriginal(Struct, frozen=True, kw_only=True):
    """Queue the same mail without its original, under the key `<key>:bare`."""

    key: str
    next_at: datetime


class DropOutgoing(Struct, frozen=True, kw_only=True):
    """Drop the case's queued mails of these kinds: their content is out of date."""

    case: str
    kinds: tuple[MailKind, ...]


class Remember(Struct, frozen=True, kw_only=True):
    """Store one named value about the service, such as the last digest or an alert."""

    name: str
    value: str


Effect = (
    OpenCase
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
    | ReviewDone
    | UpdatePerson
    | Remember
    | RecordContact
    | SplitCase
    | MergeCases
    | TreatAsRequest
    | WriteDraft
    | Reconsider
    | PlaceMessage
    | RecordVote
    | MoveDeadline
    | CorrectFigure
    | FreezeMonth
)


class Decision(Struct, frozen=True, kw_only=True):
    """`record`: what the message that arrived is from now on, None = none arrived, or it is recorded already.
    `counted`: a token in the message counted, of a button or of a survey. `because`: names of the rules that decided,
    shown by `oacmail why`. `then`: what is decided and written next, each with a view that is loaded anew, in the same
    transaction."""

    record: RecordMessage | None = None
    effects: tuple[Effect, ...] = ()
    because: tuple[str, ...]
    then: tuple[Input, ...] = ()
    counted: bool = False

    @property
    def case(self) -> str | None:
        """On which the message is."""
        return self.record.case if self.record else None

    @property
    def writes(self) -> tuple[Effect | RecordMessage, ...]:
        """In the order of writing: a case that is opened, the message that may be on it, the other effects."""
        opened = [effect for effect in self.effects if isinstance(effect, OpenCase)]
        record = (self.record,) if self.record else ()
        return (*opened, *record, *(effect for effect in self.effects if not isinstance(effect, OpenCase)))

    def plus(self, *more: Effect) -> "Decision":
        return replace(self, effects=(*self.effects, *more)) if more else self
