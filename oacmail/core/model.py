"""The values that all parts share: the terms of the field, what was read from a message, and what the reading found
in it.

Values only: frozen, slotted, keyword-only. A `Message` holds what the bytes say; verdicts (who wrote it, which
case, what to do) are made in core and never stored in it. Times are aware datetimes. Nothing here reads a clock, a
file or a socket.
"""

import re
from collections.abc import Mapping
from datetime import date, datetime, time
from enum import StrEnum
from types import MappingProxyType
from typing import AnyStr, Literal, NamedTuple, cast

from msgspec import Struct

# --- Regular expression ----------------------------------------------------------------------------------------------
# It is compiled when it is first used: to compile those of all subjects takes a fifth of a second, and a start or a
# verb reads no message.


class LateRegex:
    def __init__(self, pattern: str | bytes, flags: int) -> None:
        self.pattern, self.flags = pattern, flags

    def __getattr__(self, name: str) -> object:
        """Compile, and keep the method, so that the next call finds it as an attribute."""
        found: object = getattr(re.compile(self.pattern, self.flags), name)
        setattr(self, name, found)
        return found


def regex(pattern: AnyStr, flags: int = 0) -> re.Pattern[AnyStr]:
    """Return what has the methods of `re.compile(pattern, flags)`. Raises re.error at its first use."""
    return cast("re.Pattern[AnyStr]", LateRegex(pattern, flags))


def domain_of(address: str) -> str:
    """Its domain in lower case; a bare domain is its own."""
    return address.rpartition("@")[2].lower()


# --- Features --------------------------------------------------------------------------------------------------------
# What mail/understanding finds in a message for core to judge: names, scores and their evidence.

Slot = Literal["morning", "afternoon", "any"]
"""When somebody wants to be called."""
Hours = tuple[int, int]
"""From and until, in minutes of the office's day, within the hours of calls; the same twice: at about that time."""


class CallTime(NamedTuple):
    """When somebody wants to be called. `hours`: what of the slot was named, () = all of it; `outside`: at an hour
    without calls, `slot` is the nearest to it."""

    slot: Slot
    hours: tuple[Hours, ...] = ()
    outside: bool = False


class Callback(Struct, frozen=True, kw_only=True):
    """A wish to be called: `phone` in E.164, None = a time is named and no telephone. `said`: the folded words in which
    the day stands, if one is named beside a telephone. The rest as in `CallTime`."""

    phone: str | None = None
    slot: Slot = "any"
    hours: tuple[Hours, ...] = ()
    outside: bool = False
    said: str = ""


WORDED = "kind by words"


class Platform(NamedTuple):
    """A platform that the message names, by its own name. `weight`: how often; the subject counts double."""

    operator: str
    name: str
    weight: float


class TownWord(NamedTuple):
    """A word of the configuration's [[topic]] and how often the message has it."""

    topic: str
    level: str
    word: str
    times: int


class EndDay(Struct, frozen=True, kw_only=True):
    """The day on which a term ends, as the message names it; one of the three is set. `in_days`: from the message's own
    date; `weekday`: 0 = Monday; `month_day`: (month, day), which may be no day of the calendar, in the `year` if the
    message names one; month 0: none was named. `hour`: local, None = none was named; time.max stands for 24:00."""

    in_days: int | None = None
    weekday: int | None = None
    month_day: tuple[int, int] | None = None
    year: int | None = None
    hour: time | None = None


class VoteWords(NamedTuple):
    """How a reply answers "from 1 to 5?". `score`: 1 to 5, 0 = no such number; `unclear`: it gives a mark, but not
    which of the five. `beside`: what else it says: nothing, thanks or praise, words that may complain but ask nothing,
    or a request (`asks`)."""

    score: int
    unclear: bool
    beside: Literal["", "thanks", "words", "asks"]


class Evidence(NamedTuple):
    """What speaks for a verdict: `words` of the writer, and their `part` of its log-probability."""

    field: str
    verdict: str
    words: str
    part: float


class Features(Struct, frozen=True, kw_only=True):
    """What the classifier and the rules go by; mail/understanding computes each, core judges.

    Named in it: `platforms`; `end_days` of terms; `addresses` after a label such as "E-mail:"; `callback`: the
    telephone and the time of a call; `other_time`: that a reply of few sentences wishes; `town`: the office's town,
    folded, '' = not named; `town_words` of [[topic]].
    Of the text: words of asking, waiting or trouble (`asks`), words of thanks or with which people end a matter
    (`closes`; of a new message, under no subject or one that does so too), and where it has these, no word beside them
    and greetings (`adds_nothing`), none but what is wanted (`names_wish`), waiting, a loss or blame (`complains`); a
    question, a denial or a turn (`goes_on`); `of_paper`: what may be of the second level speaks of a document or form
    rather than of a platform; `repeats_us`: it has our acknowledgement's own sentences; `names_attachment`;
    `still_fails`: it says that something still does not work; `language_wish`: ca | es | en, '' = none; `marked_as`:
    by its subject automatic | receipt, or, where its writer adds no word, reaction | recalled | calendar (the answer
    of one), '' = none of them; `words_beside`: it does add some; `names_absence`: it has a word of absence or of
    automatic mail; `vote`: of a reply, as an answer to a survey.
    Of a machine's mail alone: `form_fields` out of name, address, phone, text; `subject_form`: it names a web form;
    `call_form`: it has the words of the call-back form.
    `scores`: field (kind, topic, level, intent) -> verdict -> probability; empty = not scored; of a machine's mail also
    `WORDED`: the kind by the words alone, whatever its header fields say. `evidence` for the likeliest topic, level and
    intent but a question, loudest first.
    """

    platforms: tuple[Platform, ...] = ()
    end_days: tuple[EndDay, ...] = ()
    addresses: tuple[str, ...] = ()
    callback: Callback | None = None
    other_time: CallTime | None = None
    town: str = ""
    town_words: tuple[TownWord, ...] = ()
    asks: bool = False
    closes: bool = False
    adds_nothing: bool = False
    goes_on: bool = False
    complains: bool = False
    names_wish: bool = False
    of_paper: bool = False
    repeats_us: bool = False
    names_attachment: bool = False
    still_fails: bool = False
    language_wish: str = ""
    marked_as: str = ""
    words_beside: bool = False
    names_absence: bool = False
    vote: VoteWords | None = None
    form_fields: frozenset[str] = frozenset()
    subject_form: bool = False
    call_form: bool = False
    scores: Mapping[str, Mapping[str, float]] = MappingProxyType({})
    evidence: tuple[Evidence, ...] = ()


NO_FEATURES = Features()


# --- Model -----------------------------------------------------------------------------------------------------------

LANGUAGES = ("ca", "es", "en")
"""The languages of our mails: each has a folder of templates and a column in templates/catalogue.toml."""
NEIGHBOURS = ("ca", "es")
"""A few words are said in both, and many people read both."""
COUNTED_LANGUAGES = (*dict.fromkeys((*LANGUAGES, "fr")), "other")
"""The languages of messages, as an agent corrects them and the report counts them."""


class Role(StrEnum):
    """Who a message comes from."""

    CITIZEN = "citizen"
    AGENT = "agent"
    TECHNICAL = "technical"
    ROBOT = "robot"
    OURS = "ours"


class Status(StrEnum):
    OPEN = "open"
    DERIVED = "derived"
    WAITING = "waiting"
    ANSWERED = "answered"
    CLOSED = "closed"


class CloseReason(StrEnum):
    """Why a case is closed; `CLOSINGS` has a row of what follows from each."""

    ANSWERED = "answered"
    CONTACT = "contact"
    THANKS = "thanks"
    SPAM = "spam"
    DUPLICATE = "duplicate"
    ERASED = "erased"  # it was erased while it was open


class Closing(NamedTuple):
    """`request`: the case was one, which the report counts and an incident has. `answers`: its citizen has been
    answered by then, in writing or by a call. `surveyed`: the citizen is asked. `owes`: not while an answer to the
    outcome of the technical services is owed. `by_person`: an agent or an admin may give it."""

    request: bool
    answers: bool
    surveyed: bool
    owes: bool
    by_person: bool = True


CLOSINGS: Mapping[CloseReason, Closing] = MappingProxyType(
    {
        CloseReason.ANSWERED: Closing(request=True, answers=True, surveyed=True, owes=True),
        CloseReason.CONTACT: Closing(request=True, answers=True, surveyed=True, owes=False),
        CloseReason.THANKS: Closing(request=True, answers=False, surveyed=True, owes=True),
        CloseReason.SPAM: Closing(request=False, answers=False, surveyed=False, owes=False),
        CloseReason.DUPLICATE: Closing(request=False, answers=False, surveyed=False, owes=False),
        CloseReason.ERASED: Closing(request=True, answers=False, surveyed=False, owes=False, by_person=False),
    }
)
NO_REQUESTS = tuple(reason for reason, closing in CLOSINGS.items() if not closing.request)


DeadlineKind = Literal["answer", "remind", "rights", "nudge", "update", "survey", "wait", "close"]
"""What a deadline is about: an answer, the reminder of it, a request of rights, the technical services, the citizen of
a case that these have, a survey, the wait for a person, the closing of an answered case."""


class Kind(StrEnum):
    """What sort of message (docs/reading.md, "Labels")."""

    REQUEST = "request"
    AUTO_REPLY = "auto_reply"
    BOUNCE = "bounce"
    BULK = "bulk"
    SPAM = "spam"
    THANKS = "thanks"


MACHINES = (Kind.AUTO_REPLY, Kind.BOUNCE, Kind.BULK)


class Topic(StrEnum):
    CERTIFICATE = "certificate"
    APPLICATION = "application"
    GRANT = "grant"
    PROCUREMENT = "procurement"
    NOTIFICATION = "notification"
    ENROLMENT = "enrolment"
    FOLDER = "folder"
    PAYMENT = "payment"
    APPOINTMENT = "appointment"
    OTHER = "other"


class Level(StrEnum):
    FIRST = "first"
    SECOND = "second"
    OUT_OF_SCOPE = "out_of_scope"


class Intent(StrEnum):
    QUESTION = "question"
    CALLBACK = "callback"
    COMPLAINT = "complaint"
    SUGGESTION = "suggestion"
    DATA_RIGHTS = "data_rights"


class Auto(StrEnum):
    """What the mail's own marks say of its maker. NONE means: nothing says that a machine wrote it."""

    NONE = "none"
    REPLY = "reply"
    BOUNCE = "bounce"
    BULK = "bulk"


class Rung(StrEnum):
    """How far down the parsing ladder a message had to go."""

    FULL = "full"
    STDLIB = "stdlib"
    HEADERS = "headers"
    OPAQUE = "opaque"


class Dmarc(StrEnum):
    PASS = "pass"  # noqa: S105
    FAIL = "fail"
    NONE = "none"


class Folder(StrEnum):
    """What a folder is to us, whatever its name."""

    INTAKE = "intake"
    SENT = "sent"
    JUNK = "junk"
    BOARD = "board"
    OTHER = "other"


class BoardFolder(StrEnum):
    """A folder of the board by what its messages have in common (docs/interfaces.md section 6). INTAKE is INBOX."""

    INTAKE = "intake"
    OPEN = "open"
    ASSIGNED = "assigned"
    DERIVED = "derived"
    WAITING = "waiting"
    ANSWERED = "answered"
    CLOSED = "closed"
    AUTOMATIC = "automatic"
    REVIEW = "review"


class Outcome(StrEnum):
    """The one accounted end of a message (docs/interfaces.md section 3, `unaccounted`)."""

    CASE = "case"
    AUTOMATIC = "automatic"
    OURS = "ours"
    STAFF = "staff"
    SPAM = "spam"
    DUPLICATE = "duplicate"
    QUARANTINED = "quarantined"
    BASELINE = "baseline"
    GONE = "gone"


class Verb(StrEnum):
    """What an order does. Each has a row in core/order_words.py and core/orders/actions.py, and texts in
    templates/catalogue.toml."""

    ASSIGN = "assign"
    MINE = "mine"
    CLOSE = "close"
    SPAM = "spam"
    REOPEN = "reopen"
    SECOND_LEVEL = "second_level"
    FIRST_LEVEL = "first_level"
    SOLVED = "solved"
    UNTIL = "until"
    NOT_OURS = "not_ours"
    WAIT = "wait"
    NOTE = "note"
    TOPIC = "topic"
    CALLED = "called"
    NOT_REACHED = "not_reached"
    LANGUAGE = "language"
    HELP = "help"
    CALL = "call"
    MERGE = "merge"
    SPLIT = "split"
    OUT_OF_SCOPE = "out_of_scope"
    DRAFT = "draft"
    PERSON = "person"
    UNKNOWN = "unknown"
    TOO_MANY = "too_many"


class Order(Struct, frozen=True):
    """`argument`: what follows the word, as written; of `UNKNOWN`, the word itself. `case`: what the line names before
    it, a number or an entry of the review list; '' = nothing."""

    verb: Verb
    argument: str = ""
    case: str = ""


class MessageRef(Struct, frozen=True, kw_only=True):
    """Where a message is: folder, UIDVALIDITY and UID."""

    folder: str
    uidvalidity: int
    uid: int


class BoardPlace(Struct, frozen=True):
    """A folder of the board; `agent`: of ASSIGNED, whose it is, '' = nobody's in particular."""

    folder: BoardFolder
    agent: str = ""


class Attachment(Struct, frozen=True, kw_only=True):
    """A part that is not text for reading. `size` in bytes after decoding; `read`: it was not left on the server."""

    name: str
    mime: str
    size: int
    read: bool = False


class DeliveryStatus(Struct, frozen=True, kw_only=True):
    """What a delivery report says: a delivery status notification (RFC 3464), or one in plain text.

    `action`: failed | delayed | delivered. `about`: Message-IDs of the returned message, angle brackets kept.
    `signatures`: raw X-Oacmail fields found in the returned headers. `recipients`: bare addresses in lower case.
    `by_words`: no field and no part says that it is a report; a person may have written the same words. `said`: what
    the server said that refused, as it stands; it may name people.
    """

    action: Literal["failed", "delayed", "delivered"]
    recipients: tuple[str, ...] = ()
    about: tuple[str, ...] = ()
    signatures: tuple[str, ...] = ()
    status: str = ""
    said: str = ""
    by_words: bool = False


class Auth(Struct, frozen=True, kw_only=True):
    """What our own mail exchanger says of the From address; see mail/mime/auth.py for how it is read.

    `authentic`: From is proven (aligned DMARC pass, or an authenticated submission by that very address).
    `submitted`: by such a submission, which unlike a verdict on the domain proves the address.
    `from_outside`: the copy carries Delivered-To, or a Received line of our MX: it came by SMTP.
    `into_folder`: it was delivered to a plus-address, by which its sender may choose the folder (RFC 5233).
    """

    dmarc: Dmarc = Dmarc.NONE
    authentic: bool = False
    submitted: bool = False
    from_outside: bool = False
    into_folder: bool = False


class Message(Struct, frozen=True, kw_only=True):
    """What mail/ reads from bytes, without a verdict.

    `fingerprint`: hex sha256 of Message-ID, From, Date, subject and body, no transport headers.
    `message_id` and `refs` keep their angle brackets; refs are In-Reply-To and References, oldest first.
    Addresses are bare and in lower case; '' when there is none. `single_from`: exactly one From field
    with exactly one addr-spec. `text`: all decoded text; `fresh`: what was written now; `typed`: the text of the
    message itself, never that of a message or a calendar in it, '' if it has a NUL. `reasons`: why
    `auto` is what it is. `signatures`: raw X-Oacmail fields. `tokens`: upper-case case tokens in the subject
    or a plus-address, `order_tokens` and `vote_tokens` what looks like tokens of buttons and of surveys
    there. `marks`: it came to envelope senders of ours, and to no other address of the office: what follows their
    `b.`. `secrets`: kinds of secrets seen.
    `caps`: names of limits that cut something.
    `bcc`: as the field says, which in mail that arrives anybody may have written (`Arrived.recipients`).
    `quotes_from`: addresses that its quote names as writers; they prove nothing.
    """

    fingerprint: str
    size: int
    lang: str
    rung: Rung
    message_id: str = ""
    refs: tuple[str, ...] = ()
    sender: str = ""
    name: str = ""
    single_from: bool = False
    reply_to: str = ""
    to: tuple[str, ...] = ()
    cc: tuple[str, ...] = ()
    bcc: tuple[str, ...] = ()
    subject: str = ""
    sent_at: datetime | None = None
    text: str = ""
    fresh: str = ""
    typed: str = ""
    quotes_us: bool = False
    quotes_from: tuple[str, ...] = ()
    body_hash: str = ""
    attachments: tuple[Attachment, ...] = ()
    auto: Auto = Auto.NONE
    reasons: tuple[str, ...] = ()
    delivery_status: DeliveryStatus | None = None
    auth: Auth = Auth()
    signatures: tuple[str, ...] = ()
    tokens: tuple[str, ...] = ()
    order_tokens: tuple[str, ...] = ()
    vote_tokens: tuple[str, ...] = ()
    marks: tuple[str, ...] = ()
    secrets: tuple[str, ...] = ()
    caps: tuple[str, ...] = ()
    features: Features = NO_FEATURES

    @property
    def questions(self) -> bool:
        """Whether it has a question mark; the subject of an answer was another message's."""
        return "?" in self.fresh or ("?" in self.subject and not self.refs)


class Forwarded(Struct, frozen=True, kw_only=True):
    """The message in a colleague's forward, under the forward's fingerprint; None = it could not be told which.

    `whole`: it was attached as it was. `doubt`: what is not known of its writer: none (no address) | several; '' = one
    address. `confirmed`: an agent has given the address.
    """

    message: Message | None
    whole: bool = False
    doubt: str = ""
    confirmed: bool = False


class AnswerText(Struct, frozen=True, kw_only=True):
    """What an agent's mail to a person, or to an answer address, says above what it quotes. `reason`: why it cannot be
    relayed, '' = it can (words/relayed.py). `attaches`: a file is attached; `has_files`: that, or an image
    is shown, which may be the logo of a signature."""

    text: str
    reason: str = ""
    has_files: bool = False
    attaches: bool = False

    @property
    def says_nothing(self) -> bool:
        """Whether it is certain that it holds nothing but a quote, a signature, or nothing at all."""
        return self.reason == "empty" and not self.has_files


class Classification(Struct, frozen=True, kw_only=True):
    """The classifier's verdict on one message; topic, level and intent are None unless kind is request.

    `confidence`: kind, topic, level, intent in 0..1. `because`: the words and rules that decided. `ends_on`: the
    first day on which a term ends that the message names, None = none within 60 days (R32). `operator`, `platform` (by
    its own name; '' = none was named) and `cause` (platform | document_or_form) are '' unless the level is second.
    """

    kind: Kind
    topic: Topic | None
    level: Level | None
    intent: Intent | None
    language: str
    callback: Callback | None
    confidence: Mapping[str, float]
    because: tuple[str, ...]
    ends_on: date | None = None
    operator: str = ""
    platform: str = ""
    cause: str = ""
