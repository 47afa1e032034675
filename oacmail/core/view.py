"""What a decision may know: everything the store read in one go for one input, and nothing else.

Values only. The store fills a `View` for an `Arrived`, an `Ordered` or a `Settled`, and an `TickView` for a `Ticked`;
the core never asks for more. Subjects here are already folded by `thread.fold_subject`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from types import MappingProxyType

from oacmail.core.features import Slot
from oacmail.core.model import Outcome, Role, Status
from oacmail.core.outgoing import MailKind, MailState

UNDELIVERED = "undelivered:"  # the name under which a report waits for the message that it speaks of


@dataclass(frozen=True, slots=True, kw_only=True)
class Deadline:
    """A clock not met and not void; a response clock (answer, level 0) runs on after it `fired`.

    `sent_at`: the Date of the message that started it, if it has one.
    `asked_from`: where who started it may be answered, his From and Reply-To addresses; empty if no message did.
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
    """The latest request of one side: of the citizen and whoever writes with her (`guest` ""), or of a guest (his
    address). `message`: its fingerprint."""

    guest: str
    message: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """A message of a case. `message`: its fingerprint; `by_office`: an agent wrote it."""

    message: str
    at: datetime
    by_office: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseView:
    """A case as it stands. `participants`: citizens who wrote as members, never guests. `reply_to`: where else these
    asked to be answered: an agent's client writes there, but nobody is known by it. `asked_since`: their requests
    after the first human answer. `slot`: when the person wants to be called: morning | afternoon | any, None = no
    number was given; `phone` in E.164. `calls_in_vain`: moments of calls in the slot that reached nobody. `asked`: the
    latest request of each side, the citizen's first. `first_message`: the fingerprint of the opening one,
    `first_message_id` its Message-ID. `urgent`: a term that the person named ends soon, on the day `ends_on` if known
    (R32). `told`: the kinds of mail of ours about it that have left or will. `level_by_hand`: a person has said which
    level it is. `wish`: the language that the citizen asked for. `latest`: the last
    messages of citizens and agents, newest first."""

    number: str
    status: Status
    citizen: str
    participants: frozenset[str]
    reply_to: frozenset[str] = frozenset()
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
    clocks: tuple[Deadline, ...] = ()
    acks_today: int = 0
    first_message: str = ""
    first_message_id: str = ""
    asked: tuple[OpenQuestion, ...] = ()
    asked_since: int = 0
    told: frozenset[MailKind] = frozenset()
    slot: Slot | None = None
    phone: str | None = None
    calls_in_vain: tuple[datetime, ...] = ()
    operator: str = ""
    platform: str = ""
    cause: str = ""
    urgent: bool = False
    ends_on: date | None = None
    level_by_hand: bool = False
    wish: str | None = None
    latest: tuple[Said, ...] = ()

    def running(self, kind: str) -> tuple[Deadline, ...]:
        return tuple(clock for clock in self.clocks if clock.kind == kind)

    def promised(self) -> tuple[Deadline, ...]:
        """The response clocks that an answer to its own people ends: without those that guests have started."""
        own = {self.citizen} | self.participants | self.reply_to
        clocks = self.running("answer")
        return tuple(clock for clock in clocks if not clock.asked_from or not own.isdisjoint(clock.asked_from))


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageView:
    """A message already recorded. `refs`: msg-ids it names (only filled where a rung needs them)."""

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


@dataclass(frozen=True, slots=True, kw_only=True)
class OutgoingView:
    """A mail of ours in the outbox. `length`: characters of its text part. `copied`: its copy was seen.

    `bare`: the same mail without its original lies ready. `kept`: its bytes are here; of a mail that was found as a
    copy after a restore they are not.
    """

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
    bare: bool = False
    kept: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A mail that the relay has refused or put off since it last took one. `final`: it counts as failed."""

    key: str
    recipient: str
    final: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonView:
    """`known`: a person of the office has answered this address before. `lang`: what they asked for, or None."""

    address: str
    lang: str | None = None
    known: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RateUsage:
    """Acknowledgements already let go, for docs/design.md, "Acknowledgement budgets". `domain_day`: by class."""

    address_hour: int = 0
    address_day: int = 0
    domain_hour: int = 0
    domain_day: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    unverified_hour: int = 0
    hour: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Noticed:
    """A notice to staff of the last hour that left as a single mail, or will. `key`: without its recipient. `author`:
    the citizen of its case, '' = none."""

    kind: MailKind
    key: str
    author: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SimilarCase:
    """A case of second level on the platform that the message says fails. `incident`: the number of its incident's
    first case, None = of none. `due_at`: of its running response clock."""

    number: str
    incident: str | None
    opened_at: datetime
    due_at: datetime | None
    status: Status
    topic: str


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """For one message, one order or one settlement.

    `known`: the message of the same fingerprint. `named`: messages whose id the message's refs name. `naming`: messages
    of the same citizen that name the message's id; `overtaken_by`: the desk's messages that do. `mails`: our mails
    that its refs, report or mark name, oldest first.
    `tokened`: cases whose keyed token it bears. `recent`: messages of the writer (for Sent: of the recipients)
    of the last 14 days. `serial`: the next case serial of the year. `reserved`: the number that a message, or what
    followed it, had before the database was restored. `restored_at`: when that was, where no self-copies tell what
    had left before; else None. `key_lost_at`: the same of the token key.
    `added_before`: on how many copies of ours to others the same stood that was added to this one.
    `run`: the name of this process; `run_since`: what was sent and arrived later was not sent by an earlier process of
    this house; None until this one has read every folder: what it finds there a restored database may have forgotten.
    `undelivered`: whom an earlier report said this very message did not reach; None = none. `refusals`: of other
    mails, for one that is refused; `taken_since`: the relay has taken a mail since it last refused this very one.
    `alike`: recent cases of second level on its platform, oldest first; of an incident its last alone
    (core/escalation/incidents.py). `noticed`: notices to staff of the last hour, for their budgets.
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
    restored_at: datetime | None = None
    key_lost_at: datetime | None = None
    added_before: int = 0
    run: str = ""
    run_since: datetime | None = None
    undelivered: tuple[str, ...] | None = None
    refusals: tuple[Refusal, ...] = ()
    taken_since: bool = False
    alike: tuple[SimilarCase, ...] = ()
    noticed: tuple[Noticed, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DeferredAcknowledgement:
    """An acknowledgement that waits for room. `answered`: a person has answered, or the case is closed."""

    key: str
    recipient: str
    budget: str
    created_at: datetime
    answered: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class DeferredNotice:
    """A notice to staff over its budget, for the next list. `message`: its key without the recipient; `due_at`: of the
    case's running response clock. Without a case the columns of a case are empty."""

    key: str
    kind: MailKind
    message: str
    recipient: str
    created_at: datetime
    case: str
    opened_at: datetime | None
    due_at: datetime | None
    status: str
    topic: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UncertainDelivery:
    """A mail handed over without an answer. `tries`: how often that happened to it. `overtaken`: copies seen of mails
    sent long enough after it. `probed`: two probes were sent for that. `due_at`: of its case's running clock."""

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


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewEntry:
    """A line of the review list: a message that waits for a person, or a case not acknowledged by itself."""

    ref: str
    reason: str
    since: datetime
    case: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TickView:
    """For one tick: what rang, what waits, and how far the mailbox has been read.

    `rung`: (case, clock) pairs due now. `synced_at`: when the least recently read watched folder was read;
    `unread`: names of the folders that could not be read. `live`: all cases not closed, only when a digest is due.
    `problems`: codes of what is ill now, with since when; `causes`: what is known of why, by the same codes.
    `alerts`: codes of the problems that this tick may tell the operator. `alerted`: names of alerts with when they
    went. `overnight`: (key, kind) of notices to staff that are due outside service hours, since the relay did not take
    them in time. `far_off`: (key, kind, next_at) of queued mail that is put off for longer than the longest wait
    between two attempts.
    """

    reached: tuple[tuple[CaseView, Deadline], ...] = ()
    synced_at: datetime | None = None
    unread: tuple[str, ...] = ()
    held: tuple[DeferredAcknowledgement, ...] = ()
    held_notices: tuple[DeferredNotice, ...] = ()
    uncertain: tuple[UncertainDelivery, ...] = ()
    spent: Mapping[str, RateUsage] = field(default_factory=lambda: MappingProxyType({}))
    total: RateUsage = field(default_factory=RateUsage)
    digest_due: bool = False
    live: tuple[CaseView, ...] = ()
    waiting: tuple[ReviewEntry, ...] = ()
    problems: Mapping[str, datetime] = field(default_factory=lambda: MappingProxyType({}))
    causes: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    alerts: tuple[str, ...] = ()
    alerted: Mapping[str, datetime] = field(default_factory=lambda: MappingProxyType({}))
    overnight: tuple[tuple[str, MailKind], ...] = ()
    far_off: tuple[tuple[str, MailKind, datetime], ...] = ()
