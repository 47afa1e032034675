"""What a decision may know: all that the store reads for one input.

Values only. The store fills a `View` for a message, a command or a delivery result, and a `TickView` for a tick; the
core never asks for more. Subjects are already folded by `threading.fold_subject`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time
from types import MappingProxyType

from oacmail.core.canary import LastCanary
from oacmail.core.model import Hours, Outcome, Role, Slot, Status
from oacmail.core.outgoing import MailKind, MailState
from oacmail.core.reconciliation import Reconciliation
from oacmail.core.review import Figures, LastPurge, LiveIncident, NamedEntry, ReviewEntry

UNDELIVERED = "undelivered:"  # a stored value's name: a report about a message that has not been read yet
FORWARDED_BY = "writer:"  # a stored value's name: the address of the person whose message was forwarded
FORWARDED_TO = "asked:"  # a stored value's name: to whom the mail in Sent that follows forwarded a case
USED_TOKEN = "button:"  # noqa: S105 - a stored value's name: the order token that follows has been used
DRAFTS = "drafts_folder"  # a stored value's name: the folder of drafts, '' = the mailbox has none
UNPLACED = "which:"  # a stored value's name: the cases that a new mail of the desk may answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Deadline:
    """A running deadline: neither met nor void. A response deadline (answer, level 0) also runs after it was reached.

    `sent_at`: the Date of the message that started it, if it has one.
    `asked_from`: addresses at which its author may be answered (From, Reply-To); empty if no message started it.
    """

    started_by: str
    kind: str
    level: int
    started_at: datetime
    due_at: datetime
    sent_at: datetime | None = None
    asked_from: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenQuestion:
    """A request of the citizen (`guest` "") or of a guest or another citizen (the address). `message`: its
    fingerprint."""

    guest: str
    message: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseMessage:
    """A message of a case. `message`: its fingerprint; `by_office`: an agent wrote it."""

    message: str
    at: datetime
    by_office: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseView:
    """A case as it stands. `participants`: citizens who wrote on it, never guests. `reply_to`: other addresses at which
    they asked to be answered; an agent's client writes there, but they identify nobody. `others`: those of both that
    belong to other citizens, whose cases were merged into this one. `asked_since`: number of their requests after the
    first human answer. `slot`: when the person wants to be called, None = no number was given, `call_hours`: the hours
    of it that were named (core/model.py); `phone` in E.164.
    `calls_in_vain`: times of calls in the slot that reached nobody. `asked`: the latest request of each side, and its
    first ones since a response deadline runs; the citizen's, then by time. `first_message`: the fingerprint of the
    opening one, `first_message_id` its Message-ID. `ends_on`, `ends_hour`: when the person's own term ends, `urgent`:
    that is near (R32); `term_named_by`: the fingerprints of its messages that name this day. `told`: kinds of our mails
    about it that were sent or will be, `heard`: of those that have left. `level_by_hand`: an agent has set the level.
    `wish`: the language that the citizen asked for. `latest`: the last messages of citizens and agents, newest first.
    `aside`: fingerprints of citizens' messages on it that are set aside as no request and that the review list, or
    the last summary which lists one that was filed, names, oldest first; without those that are not stored.
    Of a derived case: `solved_at`: when the services or an agent said that it is solved; `told_at`: when an agent told
    the citizen in their own words that the services have it; `expected_on`: the day by which the services expect to
    solve it; `nudged_at`: when the last reminder about it alone left. `surveyed_at`: when its survey was sent."""

    number: str
    status: Status
    citizen: str
    participants: frozenset[str]
    reply_to: frozenset[str] = frozenset()
    others: frozenset[str] = frozenset()
    subject: str
    topic: str
    level: str
    intent: str
    lang: str
    assignee: str | None
    opened_at: datetime
    touched_at: datetime
    answered_at: datetime | None
    closed_at: datetime | None
    deadlines: tuple[Deadline, ...] = ()
    acks_today: int = 0
    first_message: str = ""
    first_message_id: str = ""
    asked: tuple[OpenQuestion, ...] = ()
    asked_since: int = 0
    told: frozenset[MailKind] = frozenset()
    heard: frozenset[MailKind] = frozenset()
    slot: Slot | None = None
    call_hours: tuple[Hours, ...] = ()
    phone: str | None = None
    calls_in_vain: tuple[datetime, ...] = ()
    operator: str = ""
    platform: str = ""
    cause: str = ""
    urgent: bool = False
    ends_on: date | None = None
    ends_hour: time | None = None
    term_named_by: frozenset[str] = frozenset()
    level_by_hand: bool = False
    wish: str | None = None
    latest: tuple[CaseMessage, ...] = ()
    aside: tuple[str, ...] = ()
    close_reason: str | None = None
    board_folder: str | None = None
    solved_at: datetime | None = None
    told_at: datetime | None = None
    expected_on: date | None = None
    nudged_at: datetime | None = None
    surveyed_at: datetime | None = None

    def running(self, kind: str) -> tuple[Deadline, ...]:
        return tuple(deadline for deadline in self.deadlines if deadline.kind == kind)

    @property
    def own(self) -> frozenset[str]:
        """The addresses of its citizen."""
        return frozenset((self.citizen, *self.participants, *self.reply_to)) - self.others

    def promised(self, writer: str = "") -> tuple[Deadline, ...]:
        """The response deadlines of its citizen, or of the `writer` whose case was merged into it; never of guests."""
        if writer in self.others:
            return tuple(one for one in self.running("answer") if writer in one.asked_from)
        return tuple(one for one in self.running("answer") if not one.asked_from or self.own & one.asked_from)

    def not_reached(self, recipients: frozenset[str]) -> tuple[Deadline, ...]:
        """The response deadlines of other citizens to none of whom an answer to its citizen and `recipients` went."""
        waiting = (one for one in self.running("answer") if self.others & one.asked_from)
        return tuple(one for one in waiting if not (self.own | recipients) & one.asked_from)


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageView:
    """A recorded message. `acked`: acknowledged; `disowned`: not, since the writer's domain denied that it was theirs;
    `erased`: only its arrival is kept; `answers`: to somebody outside;
    `in_junk`: it was seen in the junk folder alone."""

    fingerprint: str
    message_id: str
    case: str | None
    author: str
    role: Role
    outcome: Outcome
    received_at: datetime
    subject: str
    body_hash: str
    acked: bool = False
    disowned: bool = False
    sent_at: datetime | None = None
    erased: bool = False
    answers: bool = False
    in_junk: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class OutgoingView:
    """A mail in the outbox. `length`: characters of its text part. `copied`: its copy was seen. `written_at`: of an
    agent's answer, when it came. `bare`: the same mail without its original is stored too. `kept`: its bytes are here;
    of a mail that was found as a copy after a restore they are not. `alias`: its other Message-ID, which a server gave
    it; '' = none."""

    key: str
    kind: MailKind
    message_id: str
    case: str | None
    recipient: str
    state: MailState
    length: int = 0
    copied: bool = False
    attempts: int = 0
    queued_at: datetime | None = None
    written_at: datetime | None = None
    bare: bool = False
    kept: bool = True
    alias: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseThread:
    """What a relayed answer continues: the Message-IDs of the person's messages, oldest first, and the subject of the
    last. `internal`: the lines that must reach no citizen (core/sender.py)."""

    message_ids: tuple[str, ...]
    subject: str
    internal: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class UnplacedMail:
    """A new mail of the desk of which the agents were asked what it answers. `cases`: those in the question; () = an
    agent has said that it is about none. `waits`: nobody has said yet. `undelivered`: as in `View`."""

    fingerprint: str
    received_at: datetime
    cases: tuple[str, ...]
    waits: bool
    undelivered: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A mail that the relay refused or deferred since it last accepted one. `final`: it counts as failed."""

    key: str
    recipient: str
    final: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonView:
    """`known`: an agent has answered this address before. `lang`: the language that the person asked for, or None."""

    address: str
    lang: str | None = None
    known: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Released:
    """Acknowledgements of one share that were released in the last hour and day, and those that wait."""

    hour: int = 0
    day: int = 0
    waiting: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class RateUsage:
    """What is used of the shares of an address (docs/design.md, "Acknowledgement budgets"). `domain`: by people of its
    domain whom nobody has answered."""

    mailbox: Released = Released()
    domain: Released = Released()
    unverified: Released = Released()


@dataclass(frozen=True, slots=True, kw_only=True)
class Noticed:
    """How many notices of one kind about messages of one citizen were sent to staff in the last hour as single mails,
    or will be; one to several recipients counts once. `author`: the citizen of the case, '' = none."""

    kind: MailKind
    author: str
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SimilarCase:
    """A second-level case on the platform that fails by the message. `incident`: the number of its incident's
    first case, None = of none. `due_at`: of its running response deadline."""

    number: str
    incident: str | None
    opened_at: datetime
    due_at: datetime | None
    status: Status
    topic: str


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """For one message, one command or one delivery result.

    `known`: the message of the same fingerprint. `named`: messages that its refs name. `naming`: the same citizen's
    messages that name its Message-ID; `overtaken_by`: the desk's messages that do. `mails`: our mails that its refs,
    report or signature name, oldest first. `tokened`: cases whose keyed token it carries. `recent`: messages of the
    author (for Sent: of the recipients) of the last 14 days. `serial`: the next case serial of the year. `reserved`:
    the number that a message, or what followed it, had before the database was restored; `acknowledged_as`: that in the
    acknowledgement of this very message. `restored_at`: when that was,
    if no self-copies show what had been sent before; else None. `key_lost_at`: the same of the token key.
    `added_before`: how many copies to other recipients have the same addition as this one.
    `run`: the name of this process; `run_since`: what was sent and arrived later was not sent by an earlier process
    here; None until this process has read every folder, since a restored database may have forgotten what is there.
    `undelivered`: recipients whom this message did not reach, by an earlier report; None = no report. `refusals`: of
    other mails, for one that is refused; `taken_since`: the relay accepted a mail since it last refused this one.
    `open_cases`: of a new mail of the desk, the recipients' cases in which somebody may wait. `unplaced`: the mail that
    our question names to which this message replies, or this message itself, if we have asked about it. `thread`: of
    the case to whose person this message is to be relayed. `forwarded_case`: the one that a mail in Sent, named by this
    message, has forwarded to its sender. `alike`: recent second-level cases on its platform, oldest first; of an
    incident only the last (core/incidents.py).
    `away`: addresses of staff who are out of office by their last mail.
    `entrusted`: of an agent's automatic reply, the cases in the agent's hands in which somebody may wait, each with
    who assigned it.
    `entries`: of the review list, by the beginning of the reference that an order names. `drafts`: the folder for
    draft answers, '' = the mailbox has none. `affected`: (operator, platform) that its cases or the message blame,
    to the addresses of the people whom the failure affects today.
    """

    known: MessageView | None = None
    named: tuple[MessageView, ...] = ()
    naming: tuple[MessageView, ...] = ()
    overtaken_by: tuple[MessageView, ...] = ()
    mails: tuple[OutgoingView, ...] = ()
    tokened: tuple[str, ...] = ()
    recent: tuple[MessageView, ...] = ()
    cases: Mapping[str, CaseView] = field(default_factory=lambda: MappingProxyType({}))
    person: PersonView | None = None
    spent: RateUsage = field(default_factory=RateUsage)
    serial: int = 1
    reserved: str | None = None
    acknowledged_as: str | None = None
    restored_at: datetime | None = None
    key_lost_at: datetime | None = None
    added_before: int = 0
    run: str = ""
    run_since: datetime | None = None
    undelivered: tuple[str, ...] | None = None
    open_cases: tuple[str, ...] = ()
    unplaced: UnplacedMail | None = None
    thread: CaseThread | None = None
    forwarded_case: str | None = None
    refusals: tuple[Refusal, ...] = ()
    taken_since: bool = False
    alike: tuple[SimilarCase, ...] = ()
    used_tokens: frozenset[str] = frozenset()
    entries: Mapping[str, NamedEntry] = field(default_factory=lambda: MappingProxyType({}))
    drafts: str = ""
    away: frozenset[str] = frozenset()
    entrusted: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    affected: Mapping[tuple[str, str], frozenset[str]] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True, kw_only=True)
class DeferredAcknowledgement:
    """A deferred acknowledgement. `answered`: an agent has answered, or the case is closed."""

    key: str
    recipient: str
    budget: str
    created_at: datetime
    answered: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class DeferredNotice:
    """A deferred notice to staff, for the next list. `message`: its key without the recipient; `due_at`: of the
    case's running response deadline; `first_message`: the fingerprint of the message that opened the case. Without a
    case, the case's columns are empty."""

    key: str
    kind: MailKind
    message: str
    first_message: str
    recipient: str
    created_at: datetime
    case: str
    opened_at: datetime | None
    due_at: datetime | None
    status: str
    topic: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UncertainDelivery:
    """A mail that the relay took without a reply. `tries`: how often that happened. `overtaken`: copies seen of mails
    sent long enough after it. `probed`: by two. `due_at`: of its case's deadline. `out_of_date`: it is not true now."""

    key: str
    kind: MailKind
    data_at: datetime
    tries: int
    copy_expected: bool
    overtaken: int
    path_proven_at: datetime | None
    synced_at: datetime | None
    due_at: datetime | None
    probed: bool = False
    out_of_date: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TickView:
    """For one tick: deadlines reached, mail that waits, and how far the mailbox has been read.

    `reached`: (case, deadline) pairs due now. `synced_at`: when the least recently read watched folder was read;
    `unread`: names of the folders that could not be read. Only when a digest is due: `live`, all cases not closed;
    `waiting`, the review list; `figures`; `incidents`; `reconciled`, the last nightly proof; `purged`, the
    last nightly purge.
    `problems`: code to start time of each problem; `causes`: code to known cause.
    `alerts`: codes of problems that this tick may report to the operator. `alerted`: alert name to when it was sent.
    `overnight`: (key, kind) of notices to staff that are due outside service hours, since the relay did not accept
    them in time. `far_off`: (key, kind, next_at) of queued mail that is deferred for longer than the longest wait
    between two attempts. `canary`: the last one, where any are sent. `spared`: citizens of reached cases who get no
    survey now (core/survey.py). `away`: addresses of staff who are out of office by their last mail.
    `acquainted`: domains of `deferred` of which an agent has answered somebody; `strangers`: how many acknowledgements
    without a verdict have left within the day to other domains that are no large provider.
    """

    reached: tuple[tuple[CaseView, Deadline], ...] = ()
    synced_at: datetime | None = None
    unread: tuple[str, ...] = ()
    deferred: tuple[DeferredAcknowledgement, ...] = ()
    deferred_notices: tuple[DeferredNotice, ...] = ()
    uncertain: tuple[UncertainDelivery, ...] = ()
    spent: Mapping[str, RateUsage] = field(default_factory=lambda: MappingProxyType({}))
    acquainted: frozenset[str] = frozenset()
    strangers: int = 0
    digest_due: bool = False
    live: tuple[CaseView, ...] = ()
    waiting: tuple[ReviewEntry, ...] = ()
    figures: Figures | None = None
    incidents: tuple[LiveIncident, ...] = ()
    reconciled: Reconciliation | None = None
    purged: LastPurge | None = None
    problems: Mapping[str, datetime] = field(default_factory=lambda: MappingProxyType({}))
    causes: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    alerts: tuple[str, ...] = ()
    alerted: Mapping[str, datetime] = field(default_factory=lambda: MappingProxyType({}))
    overnight: tuple[tuple[str, MailKind], ...] = ()
    far_off: tuple[tuple[str, MailKind, datetime], ...] = ()
    canary: LastCanary | None = None
    spared: frozenset[str] = frozenset()
    away: frozenset[str] = frozenset()
