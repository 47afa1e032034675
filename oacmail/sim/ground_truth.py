"""What really happened in the town, independent of the service: who wrote which message when, and who was answered.

The checks compare the database of the service with it. It uses no rule of the core and reads no row of the database.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from email.message import EmailMessage


@dataclass(slots=True)
class WrittenMessage:
    """A genuine message. `at`: times of its deliveries; `asks`: the sender expects an answer."""

    mail: EmailMessage
    sender: str
    asks: bool
    at: list[datetime] = field(default_factory=list)
    guest: bool = False

    @property
    def message_id(self) -> str:
        return str(self.mail["Message-ID"])


@dataclass(slots=True)
class Answer:
    """An answer to `message` (a Message-ID). `mail` None: by telephone. `returned`: it was not delivered."""

    message: str
    to: str
    at: datetime
    mail: EmailMessage | None = None
    returned: bool = False


@dataclass(slots=True)
class ServicesWord:
    """What somebody said at `at` of the derived case `case`. `solved`; otherwise the services do not have it any
    more."""

    case: str
    at: datetime
    solved: bool


@dataclass(slots=True)
class GroundTruth:
    """`lost`: messages that the mail server lost, or that a person removed, before oacmail could read them."""

    written: dict[str, WrittenMessage] = field(default_factory=dict)
    answers: list[Answer] = field(default_factory=list)
    words: list[ServicesWord] = field(default_factory=list)
    lost: set[str] = field(default_factory=set)

    def wrote(self, mail: EmailMessage, sender: str, at: datetime, *, asks: bool, guest: bool = False) -> None:
        message = self.written.setdefault(str(mail["Message-ID"]), WrittenMessage(mail, sender, asks, guest=guest))
        message.at.append(at)

    def of(self, sender: str) -> list[WrittenMessage]:
        """The messages of this sender, oldest first."""
        return [message for message in self.written.values() if message.sender == sender]

    def answers_to(self, address: str) -> list[Answer]:
        """The answers by mail to this address, oldest first."""
        return [answer for answer in self.answers if answer.to == address and answer.mail is not None]

    def waiting(self) -> list[WrittenMessage]:
        """Messages that expect an answer and have none, oldest first."""
        done = {answer.message for answer in self.answers}
        return [message for name, message in self.written.items() if message.asks and name not in done | self.lost]

    def is_said_solved(self, case: str) -> bool:
        return any(word.case == case and word.solved for word in self.words)

    def may_have_ended(self, case: str) -> bool:
        """Whether somebody said that the case is solved and an agent answered anybody after that, or the services gave
        it back."""
        said = [word for word in self.words if word.case == case]
        latest = max((answer.at for answer in self.answers), default=None)
        return any(not one.solved or (latest is not None and latest >= one.at) for one in said)

    def lose(self, message_ids: Iterable[str]) -> None:
        """Record messages that no longer exist anywhere; no check expects them, and lost answers do not count."""
        gone = set(message_ids)
        self.lost |= gone & set(self.written)
        self.answers = [a for a in self.answers if a.mail is None or str(a.mail["Message-ID"]) not in gone]
