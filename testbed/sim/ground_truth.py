"""What really happened in the town, independent of the service: who wrote which message when, and who was answered.

The checks compare the database of the service with it. It uses no rule of the core and reads no row of the database.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime, time
from email.message import EmailMessage


@dataclass(slots=True)
class WrittenMessage:
    """A genuine message. `at`: times of its deliveries; `asks`: the sender expects an answer; `guest_of`: in
    whose case somebody else wrote, '' = in the sender's own; `call_before`: an hour of the day of the answer, if
    the sender wants to be called."""

    message_id: str
    mail: EmailMessage
    sender: str
    asks: bool
    at: list[datetime] = field(default_factory=list)
    guest_of: str = ""
    call_before: time | None = None


@dataclass(slots=True)
class Answer:
    """An answer to `message` (a Message-ID). `mail` None: by telephone. `returned`: it was not delivered."""

    message: str
    to: str
    at: datetime
    mail: EmailMessage | None = None
    returned: bool = False

    def is_unread(self, read: Collection[str]) -> bool:
        return self.mail is not None and str(self.mail["Message-ID"]) not in read


@dataclass(slots=True)
class ServicesWord:
    """What somebody said at `at` of the derived case `case`. `solved`; otherwise the services do not have it any
    more."""

    case: str
    at: datetime
    solved: bool


@dataclass(slots=True)
class AgentsAct:
    """What an agent did at `at` on the board or by a button; it counts from when the service reads it, unless it does
    not fit. It is about the case `case`, or the case of `message` (a Message-ID). `meets`: it tells the person
    something, so a deadline may be met; `ends`: the services may not have the case any more."""

    at: datetime
    case: str = ""
    message: str = ""
    meets: bool = False
    ends: bool = False


@dataclass(slots=True)
class RelayedAnswer:
    """What an agent wrote to the person of `case` through the case's answer address. `message`: the Message-ID of the
    agent's mail; `text`: what the person must read."""

    message: str
    case: str
    to: str
    writer: str
    at: datetime
    text: str


@dataclass(slots=True)
class Vote:
    """A score from 1 to 5 about `case`, in the mail `message` (a Message-ID). `own`: by the citizen of the case."""

    case: str
    score: int
    at: datetime
    message: str
    own: bool


@dataclass(slots=True)
class PersonsMove:
    """An agent put the message (a Message-ID) into the folder at `at`."""

    message: str
    folder: str
    at: datetime


@dataclass(slots=True)
class GroundTruth:
    """`lost`: messages that the mail server lost, or that a person removed, before oacmail could read them. `moves`:
    the last move of each message. `causes`: case -> the causes that an agent has named. `starts_nothing`:
    Message-IDs of what may start no deadline; `in_junk`: of what a filter took for spam."""

    written: dict[str, WrittenMessage] = field(default_factory=dict)
    answers: list[Answer] = field(default_factory=list)
    words: list[ServicesWord] = field(default_factory=list)
    acts: list[AgentsAct] = field(default_factory=list)
    relayed: list[RelayedAnswer] = field(default_factory=list)
    votes: list[Vote] = field(default_factory=list)
    moves: dict[str, PersonsMove] = field(default_factory=dict)
    lost: set[str] = field(default_factory=set)
    causes: dict[str, set[str]] = field(default_factory=dict)
    starts_nothing: set[str] = field(default_factory=set)
    in_junk: set[str] = field(default_factory=set)

    def wrote(
        self,
        mail: EmailMessage,
        sender: str,
        at: datetime,
        *,
        asks: bool,
        guest_of: str = "",
        call_before: time | None = None,
    ) -> None:
        name = str(mail["Message-ID"])
        new = WrittenMessage(name, mail, sender, asks, guest_of=guest_of, call_before=call_before)
        message = self.written.setdefault(name, new)
        message.at.append(at)

    def of(self, sender: str) -> list[WrittenMessage]:
        """The messages of this sender, oldest first."""
        return [message for message in self.written.values() if message.sender == sender]

    def answers_to(self, address: str) -> list[Answer]:
        """The answers by mail to this address, oldest first."""
        return [answer for answer in self.answers if answer.to == address and answer.mail is not None]

    def waiting(self) -> list[WrittenMessage]:
        """Messages that expect an answer and have none, oldest first."""
        over = {answer.message for answer in self.answers} | self.lost
        return [message for name, message in self.written.items() if message.asks and name not in over]

    def is_said_solved(self, case: str) -> bool:
        return any(word.case == case and word.solved for word in self.words)

    def may_have_ended(self, case: str) -> bool:
        """Whether somebody said that the case is solved and an agent answered anybody after that, or the services gave
        it back."""
        said = [word for word in self.words if word.case == case]
        told = [*(answer.at for answer in self.answers), *(said.at for said in self.relayed)]
        latest = max(told, default=None)
        return any(not one.solved or (latest is not None and latest >= one.at) for one in said)

    def forget(self, address: str, read: Collection[str]) -> None:
        """Nothing is expected of what this person wrote, or was written, nor of what others wrote in her cases. What
        nobody had read by then (`read`: Message-IDs) is new: a message, and the answer to it."""
        gone = [
            message
            for message in self.written.values()
            if message.guest_of == address or (message.sender == address and message.message_id in read)
        ]
        for message in gone:
            del self.written[message.message_id]
            self.moves.pop(message.message_id, None)
        names = {message.message_id for message in gone}
        self.answers = [
            answer
            for answer in self.answers
            if answer.message not in names and (answer.to != address or answer.is_unread(read))
        ]
        self.relayed = [said for said in self.relayed if said.to != address]

    def lose(self, message_ids: Iterable[str]) -> None:
        """Record messages that no longer exist anywhere; no check expects them, and lost answers do not count."""
        gone = set(message_ids)
        self.lost |= gone & set(self.written)
        self.answers = [a for a in self.answers if a.mail is None or str(a.mail["Message-ID"]) not in gone]
