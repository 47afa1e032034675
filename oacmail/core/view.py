"""What a decision may know: all that the store reads for one input.

Values only. Each kind of input has its view, and each subject its part of it, which the store loads beside what it
writes of the subject; the core never asks for more. Subjects are already folded by `threading.fold_subject`.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from types import MappingProxyType
from typing import Annotated, TypedDict

from msgspec import Struct

from oacmail.core.canary import LastCanary
from oacmail.core.kinds import MailKind, MailState
from oacmail.core.model import CloseReason, DeadlineKind, Hours, Outcome, Role, Slot, Status
from oacmail.core.reconciliation import Reconciliation
from oacmail.core.review import Figures, LastPurge, LiveIncident, NamedEntry, ReviewEntry

Label = Annotated[str, "label"]
"""A word of a list of ours, or the name of a folder or of staff: it says nothing of a citizen."""


class CaseColumns(TypedDict, total=False):
    """Columns of a case that an effect may set, by their names in the schema. What is text and no `Label` is personal:
    store/personal.py says what becomes of it."""

    status: Status
    kind: Label
    topic: Label
    level: Label
    intent: Label
    lang: Label
    assignee: Label | None
    phone: str | None
    slot: Slot
    call_hours: tuple[Hours, ...]
    operator: Label
    platform: Label
    cause: Label
    incident: Label
    ends_on: date | None
    ends_hour: time | None
    touched_at: datetime
    answered_at: datetime | None
    closed_at: datetime | None
    close_reason: CloseReason | None
    board_folder: Label | None
    solved_at: datetime | None
    told_at: datetime | None
    expected_on: date | None


class Deadline(Struct, frozen=True, kw_only=True):
    """A running deadline: neither met nor withdrawn. That of level 0 for an answer or a request of rights also
    runs after it was reached."""

    started_by: str
    kind: DeadlineKind
    level: int
    started_at: datetime
    due_at: datetime
    sent_at: datetime | None = None  # the Date of the message that started it, if it has one
    asked_from: frozenset[str] = frozenset()
    """Addresses at which the author of that message may be answered (From, Reply-To); empty without one."""


class OpenQuestion(Struct, frozen=True, kw_only=True):
    """A request on a case, answered or not."""

    guest: str  # '' = the citizen wrote it, else the address of the guest or other citizen
    message: str  # its fingerprint
    at: datetime


class CaseMessage(Struct, frozen=True, kw_only=True):
    """A message of a case."""

    message: str  # its fingerprint
    at: datetime
    by_office: bool  # an agent wrote it


class MessagesView(Struct, frozen=True, kw_only=True):
    """The messages of a case."""

    first_message_id: str = ""  # the Message-ID of the one that opened it
    asked: tuple[OpenQuestion, ...] = ()
    """The latest request of each side, and its first ones since a response deadline runs; the citizen's first."""
    asked_since: int = 0  # requests after the first human answer
    latest: tuple[CaseMessage, ...] = ()  # the last messages of citizens and agents, newest first
    aside: tuple[str, ...] = ()
    """Fingerprints, oldest first, of stored messages of citizens that were set aside as no request: those in the review
    list, and of those that were filed the ones that the last summary which names any of them lists."""


class SentView(Struct, frozen=True, kw_only=True):
    """Our mails about a case."""

    kinds: frozenset[MailKind] = frozenset()  # those that were sent or will be
    left: frozenset[MailKind] = frozenset()  # those of which one has left
    failed: frozenset[MailKind] = frozenset()  # those whose last one was refused, by the relay or by a report
    acks_today: int = 0  # acknowledgements that were queued today
    surveyed_at: datetime | None = None  # when its survey was sent


class AgreedCall(Struct, frozen=True, kw_only=True):
    """A call as its person was told of it, and as calendars show it. `hours`: those of the slot that were named;
    `sequence`: how often it has changed since it was told first (RFC 5545, section 3.8.7.4); `agent`: the name of the
    agent whose calendar has it, '' = it is the person's."""

    begins: datetime
    ends: datetime
    hours: tuple[Hours, ...] = ()
    sequence: int = 0
    cancelled: bool = False
    agent: str = ""


class CallView(Struct, frozen=True, kw_only=True):
    """The call for which the person of a case has asked."""

    slot: Slot | None = None  # None = no number was given
    call_hours: tuple[Hours, ...] = ()  # the hours of the slot that were named
    phone: str | None = None  # E.164
    in_vain: tuple[datetime, ...] = ()  # times of calls in the slot that reached nobody
    agreed: AgreedCall | None = None  # as its person was told last
    told_at: datetime | None = None  # when that was
    held: AgreedCall | None = None  # as an agent was told last


class TermView(Struct, frozen=True, kw_only=True):
    """The person's own term (R32)."""

    ends_on: date | None = None
    ends_hour: time | None = None
    near: bool = False
    named_by: frozenset[str] = frozenset()  # fingerprints of the messages that name the day


class ServicesView(Struct, frozen=True, kw_only=True):
    """What is with the technical services, or may be (R11, R22)."""

    operator: str = ""
    platform: str = ""
    cause: str = ""
    level_by_hand: bool = False  # an agent has set the level
    solved_at: datetime | None = None  # when they or an agent said that it is solved
    told_at: datetime | None = None  # when an agent told the citizen in their own words that the services have it
    expected_on: date | None = None  # the day by which they expect to solve it
    nudged_at: datetime | None = None  # when the last reminder about it alone left


class CaseView(Struct, frozen=True, kw_only=True):
    """A case as it stands. A field that has the name and the type of a column of `cases` is read from it, here and in
    the views above (store/cases.py)."""

    number: str
    status: Status
    subject_key: str
    assignee: str | None
    close_reason: CloseReason | None = None
    board_folder: str | None = None

    # Who takes part
    citizen: str
    participants: frozenset[str]  # citizens who wrote on it, never guests
    reply_to: frozenset[str] = frozenset()
    """Other addresses at which they asked to be answered: an agent's client writes there, but they identify nobody."""
    others: frozenset[str] = frozenset()
    """Those of `participants` and `reply_to` that belong to other citizens, whose cases were merged into this one."""

    # Classification
    topic: str
    level: str
    intent: str
    lang: str
    wish: str | None = None  # the language that the citizen asked for

    # Times and deadlines
    opened_at: datetime
    touched_at: datetime
    answered_at: datetime | None
    closed_at: datetime | None
    deadlines: tuple[Deadline, ...] = ()

    # By subject
    first_message: str = ""  # the fingerprint of the one that opened the case
    messages: MessagesView = MessagesView()
    sent: SentView = SentView()
    call: CallView = CallView()
    term: TermView = TermView()
    services: ServicesView = ServicesView()

    def running(self, kind: DeadlineKind) -> tuple[Deadline, ...]:
        return tuple(deadline for deadline in self.deadlines if deadline.kind == kind)

    @property
    def addresses(self) -> frozenset[str]:
        """Those of its citizen."""
        return frozenset((self.citizen, *self.participants, *self.reply_to)) - self.others

    def promised(self, writer: str = "") -> tuple[Deadline, ...]:
        """The response deadlines of its citizen, or of the `writer` whose case was merged into it; never of guests."""
        if writer in self.others:
            return tuple(deadline for deadline in self.running("answer") if writer in deadline.asked_from)
        return tuple(
            deadline
            for deadline in self.running("answer")
            if not deadline.asked_from or self.addresses & deadline.asked_from
        )

    def not_reached(self, recipients: frozenset[str]) -> tuple[Deadline, ...]:
        """The response deadlines of other citizens to none of whom an answer to its citizen and `recipients` went."""
        waiting = (deadline for deadline in self.running("answer") if self.others & deadline.asked_from)
        return tuple(deadline for deadline in waiting if not (self.addresses | recipients) & deadline.asked_from)


Cases = Mapping[str, CaseView]
"""By the number that was asked for: a merged case also stands for those that became it."""


class MessageView(Struct, frozen=True, kw_only=True):
    """A recorded message."""

    fingerprint: str
    message_id: str
    case: str | None
    author: str
    role: Role
    outcome: Outcome
    received_at: datetime
    sent_at: datetime | None = None  # its Date
    subject: str
    body_hash: str
    acked: bool = False  # acknowledged
    disowned: bool = False  # not acknowledged, since the writer's domain denied that it was theirs
    erased: bool = False  # only its arrival is kept
    answers: bool = False  # an agent's, to somebody outside
    rule: str = ""  # what decided it


class OutgoingView(Struct, frozen=True, kw_only=True):
    """A mail in the outbox."""

    key: str
    kind: MailKind
    message_id: str
    alias: str = ""  # its other Message-ID, which a server gave it; '' = none
    case: str | None
    recipient: str
    state: MailState
    attempts: int = 0
    queued_at: datetime | None = None
    written_at: datetime | None = None  # when the agent's answer that it relays came
    copied: bool = False  # its copy was seen
    length: int = 0  # characters of its text part
    bare: bool = False  # the same mail without its original is stored too
    kept: bool = True  # its bytes are here; those of a mail found as a copy after a restore are not


def junk_cards(mails: Sequence[OutgoingView]) -> tuple[str, ...]:
    """The fingerprints of the messages in the junk folder that these mails show, the newest first."""
    return tuple(mail.key.split(":")[1] for mail in reversed(mails) if mail.kind is MailKind.IN_JUNK)


class CaseThread(Struct, frozen=True, kw_only=True):
    """What a relayed answer continues."""

    message_ids: tuple[str, ...]  # of the person's messages, oldest first
    subject: str  # of the last of them
    internal: frozenset[str]  # the lines that must reach no citizen (core/sender.py)


class UnplacedMail(Struct, frozen=True, kw_only=True):
    """A new mail of the desk of which the agents were asked what it answers."""

    fingerprint: str
    received_at: datetime
    cases: tuple[str, ...]  # those in the question; () = an agent has said that it is about none
    waits: bool  # nobody has said yet
    undelivered: tuple[str, ...] | None = None  # as in `StaffView`


class Refusal(Struct, frozen=True, kw_only=True):
    """A mail that the relay refused or deferred since it last accepted one."""

    key: str
    recipient: str
    final: bool  # it counts as failed


class PersonView(Struct, frozen=True, kw_only=True):
    """A person as the store knows them."""

    address: str
    lang: str | None = None  # the language that the person asked for
    known: bool = False  # an agent has answered this address before


class Released(Struct, frozen=True, kw_only=True):
    """Acknowledgements of one share that were released in the last hour and day, and those that wait."""

    hour: int = 0
    day: int = 0
    waiting: int = 0


class RateUsage(Struct, frozen=True, kw_only=True):
    """What is used of the shares of an address (docs/subjects.md, "Acknowledgement budgets")."""

    mailbox: Released = Released()
    unproven: Released = Released()  # of the mailbox too, for messages that anybody may have written in its name
    domain: Released = Released()  # by people of its domain whom nobody has answered
    unverified: Released = Released()

    def of_mailbox(self, budget: str) -> Released:
        """Forged messages use nothing of the mailbox's share of proven ones."""
        return self.unproven if budget in ("claimed", "unverified") else self.mailbox


class Noticed(Struct, frozen=True, kw_only=True):
    """How many notices of one kind about messages of one citizen were sent to staff in the last hour as single mails,
    or will be; one to several recipients counts once."""

    kind: MailKind
    author: str  # the citizen of the case, '' = none
    count: int


class SimilarCase(Struct, frozen=True, kw_only=True):
    """A second-level case on the platform that fails by the message."""

    number: str
    incident: str | None  # the number of its incident's first case; None = of none
    opened_at: datetime
    due_at: datetime | None  # of its running response deadline
    status: Status
    topic: str


# --- For a command ---------------------------------------------------------------------------------------------------


class CommandView(Struct, frozen=True, kw_only=True):
    """For a command about a case, and for a move on the board."""

    cases: Cases = MappingProxyType({})
    affected: Mapping[tuple[str, str], frozenset[str]] = MappingProxyType({})
    """(operator, platform) that its cases or the message blame, to the addresses of those whom it affects today."""
    drafts: str = ""  # the folder for draft answers, '' = the mailbox has none
    away: frozenset[str] = frozenset()  # addresses of staff who are out of office by their last mail


# --- For an arrived message ------------------------------------------------------------------------------------------


class WriterView(Struct, frozen=True, kw_only=True):
    """For the acknowledgement: the writer, and whether it may have left before."""

    person: PersonView | None = None
    spent: RateUsage = RateUsage()
    restored_at: datetime | None = None  # of a restore; None also if self-copies show what had been sent before
    key_lost_at: datetime | None = None  # when the token key was lost


class CopyView(Struct, frozen=True, kw_only=True):
    """For a copy of our own mail."""

    run: str = ""  # the name of this process
    run_since: datetime | None = None
    """What was sent and arrived later was not sent by an earlier process here. None until this process has read every
    folder, since a restored database may have forgotten what is there."""
    added_before: int = 0  # copies to other recipients that have the same addition as this one


class StaffView(Struct, frozen=True, kw_only=True):
    """For mail between the desk and people outside."""

    undelivered: tuple[str, ...] | None = None
    """Recipients whom this message did not reach, by an earlier report; None = no report."""
    open_cases: tuple[str, ...] = ()
    """Of a new mail of the desk, the recipients' cases in which somebody may wait."""
    unplaced: UnplacedMail | None = None
    """The mail that our question names to which this message replies, or this message, if we have asked about it."""
    overtaken_by: tuple[MessageView, ...] = ()  # the desk's messages that name its Message-ID
    forwarded_case: str | None = None  # the case that a mail in Sent, which it names, has forwarded to its sender
    entrusted: Mapping[str, str] = MappingProxyType({})
    """Of an agent's automatic reply, the cases in the agent's hands in which somebody may wait, to who assigned it."""


class OrdersView(Struct, frozen=True, kw_only=True):
    """For orders by mail."""

    entries: Mapping[str, NamedEntry] = MappingProxyType({})
    """Of the review list, by the beginning of the reference that an order, or the card of a message in Junk, names."""
    used_tokens: frozenset[str] = frozenset()  # the order tokens that it carries and that were used before


class View(CommandView, frozen=True, kw_only=True):
    """For an arrived message."""

    # What it is related to
    known: MessageView | None = None  # the message of the same fingerprint
    named: tuple[MessageView, ...] = ()  # messages that its refs name
    naming: tuple[MessageView, ...] = ()  # the same citizen's messages that name its Message-ID
    recent: tuple[MessageView, ...] = ()  # messages of the author (for Sent: of the recipients) of the last 14 days
    mails: tuple[OutgoingView, ...] = ()
    """Mails of ours that its refs, report or signature name, oldest first, and the one that relays it."""
    tokened: tuple[str, ...] = ()  # cases whose keyed token it carries

    # The number of a case that it opens
    serial: int = 1  # the next case serial of the year
    reserved: str | None = None  # the number that it, or what followed it, had before a restore
    acknowledged_as: str | None = None  # the number in the acknowledgement of this very message

    # By subject
    writer: WriterView = WriterView()
    copy: CopyView = CopyView()
    staff: StaffView = StaffView()
    orders: OrdersView = OrdersView()
    thread: CaseThread | None = None  # of the case to whose person it is to be relayed
    alike: tuple[SimilarCase, ...] = ()
    """Recent second-level cases on the platform that fails by it, oldest first; of an incident only the last."""


# --- For a mail of ours ----------------------------------------------------------------------------------------------


class DeliveryView(Struct, frozen=True, kw_only=True):
    """For a delivery result, and for a command about a mail."""

    mail: OutgoingView | None = None  # None = there is no such mail
    cases: Cases = MappingProxyType({})
    """Its case, if the mail meets a deadline."""
    refusals: tuple[Refusal, ...] = ()  # of other mails, for one that is refused
    taken_since: bool = False  # the relay accepted a mail since it last refused this one


# --- For a tick ------------------------------------------------------------------------------------------------------

Reached = tuple[CaseView, Deadline]
UNREAD_PATIENCE = timedelta(minutes=30)


class DueView(Struct, frozen=True, kw_only=True):
    """Deadlines that are due, and how far the mailbox has been read."""

    reached: tuple[Reached, ...] = ()  # due now
    synced_at: datetime | None = None  # when the least recently read watched folder was read
    unread: tuple[str, ...] = ()  # names of the folders that could not be read
    away: frozenset[str] = frozenset()  # addresses of staff who are out of office by their last mail
    spared: frozenset[str] = frozenset()  # citizens of reached cases who get no survey now (core/survey.py)

    def ready(self, kind: DeadlineKind, now: datetime) -> list[Reached]:
        """Those of this kind that may fire: the mailbox was read since they were due, as what ends them may lie there
        unread, or half an hour has passed without."""
        return [
            (case, deadline)
            for case, deadline in self.reached
            if deadline.kind == kind and (self.read_since(deadline.due_at) or now - deadline.due_at >= UNREAD_PATIENCE)
        ]

    def read_since(self, due_at: datetime) -> bool:
        """Whether every watched folder was read after `due_at`."""
        return self.synced_at is not None and self.synced_at >= due_at


class DeferredAcknowledgement(Struct, frozen=True, kw_only=True):
    """A deferred acknowledgement."""

    key: str
    recipient: str
    budget: str
    created_at: datetime
    answered: bool  # an agent has answered, or the case is closed


class DeferredView(Struct, frozen=True, kw_only=True):
    """The deferred acknowledgements, and what their budgets have left."""

    acknowledgements: tuple[DeferredAcknowledgement, ...] = ()
    spent: Mapping[str, RateUsage] = MappingProxyType({})  # by recipient
    acquainted: frozenset[str] = frozenset()  # domains of the recipients of which an agent has answered somebody
    strangers: int = 0
    """Acknowledgements without a verdict that have left within the day to other domains that are no large provider."""


class DeferredNotice(Struct, frozen=True, kw_only=True):
    """A deferred notice to staff, for the next list."""

    key: str
    kind: MailKind
    message: str  # its key without the recipient
    recipient: str
    created_at: datetime

    # Its case; '' and None without one
    case: str
    first_message: str  # the fingerprint of the message that opened it
    opened_at: datetime | None
    due_at: datetime | None  # of its running response deadline
    status: str
    topic: str


class UncertainDelivery(Struct, frozen=True, kw_only=True):
    """A mail that the relay took without a reply."""

    key: str
    kind: MailKind
    data_at: datetime
    tries: int  # how often that happened
    due_at: datetime | None  # of its case's response deadline
    out_of_date: bool = False  # it is not true now

    # Whether it left
    copy_expected: bool
    path_proven_at: datetime | None  # when the last copy of any mail was seen
    synced_at: datetime | None  # as in `DueView`
    overtaken: int  # copies seen of mails sent long enough after it
    probed: bool = False  # probes were queued after this try


class ProblemsView(Struct, frozen=True, kw_only=True):
    """Problems of the service, by their code."""

    since: Mapping[str, datetime] = MappingProxyType({})
    causes: Mapping[str, str] = MappingProxyType({})  # those that are known
    alerts: tuple[str, ...] = ()  # codes of those that this tick may report to the operator


class DigestView(Struct, frozen=True, kw_only=True):
    """What the summary of the day shows."""

    live: tuple[CaseView, ...]
    """Cases that somebody still has to work, oldest first; an answered request of rights too."""
    to_review: tuple[ReviewEntry, ...]
    figures: Figures
    incidents: tuple[LiveIncident, ...]
    reconciled: Reconciliation | None  # the last nightly proof
    purged: LastPurge | None  # the last nightly purge
    # cases, since the last summary: with a quoted answer that we have not seen; whose acknowledgement was refused
    unseen: tuple[str, ...]
    unreached: tuple[str, ...]
    problems: tuple[str, ...]  # codes


class TickView(Struct, frozen=True, kw_only=True):
    """For one tick. What is not due, or was put off, is empty."""

    due: DueView = DueView()
    deferred: DeferredView = DeferredView()
    notices: tuple[DeferredNotice, ...] = ()
    uncertain: tuple[UncertainDelivery, ...] = ()
    overnight: tuple[tuple[str, MailKind], ...] = ()
    """(key, kind) of notices to staff that are due outside service hours: the relay did not accept them in time."""
    far_off: tuple[tuple[str, MailKind, datetime], ...] = ()
    """(key, kind, next_at) of queued mail that is deferred for longer than the longest wait between two attempts."""
    canary: LastCanary | None = None  # the last one, where any are sent
    problems: ProblemsView = ProblemsView()
    alerted: Mapping[str, datetime] = MappingProxyType({})  # alert to when it was sent
    digest: DigestView | None = None  # None = it is not due
    calls: Sequence[CaseView] = ()  # the cases with a call whose slot is not long over


AnyView = View | CommandView | DeliveryView | TickView
