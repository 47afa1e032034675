"""What really happened in the town, whoever noticed: who wrote which message when, and who was answered.

It is the truth that the service's database is held against. It knows no rule of the desk and reads no row of it.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from email.message import EmailMessage


@dataclass(slots=True)
class WrittenMessage:
    """A genuine message. `at`: its deliveries, the same bytes each time; `asks`: somebody waits for an answer to it."""

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
    """A person answered `message` (its Message-ID); `mail` None: by telephone. `returned`: it never arrived."""

    message: str
    to: str
    at: datetime
    mail: EmailMessage | None = None
    returned: bool = False


@dataclass(slots=True)
class Ledger:
    """`lost`: messages that the mail server lost, or a person took away, before anybody could read them."""

    written: dict[str, WrittenMessage] = field(default_factory=dict)
    answers: list[Answer] = field(default_factory=list)
    lost: set[str] = field(default_factory=set)

    def wrote(self, mail: EmailMessage, sender: str, at: datetime, *, asks: bool, guest: bool = False) -> None:
        message = self.written.setdefault(str(mail["Message-ID"]), WrittenMessage(mail, sender, asks, guest=guest))
        message.at.append(at)

    def of(self, sender: str) -> list[WrittenMessage]:
        """Her messages, oldest first."""
        return [message for message in self.written.values() if message.sender == sender]

    def answers_to(self, address: str) -> list[Answer]:
        """The mails that answered her, oldest first."""
        return [answer for answer in self.answers if answer.to == address and answer.mail is not None]

    def waiting(self) -> list[WrittenMessage]:
        """Messages that ask and that nobody has answered, oldest first."""
        done = {answer.message for answer in self.answers}
        return [message for name, message in self.written.items() if message.asks and name not in done | self.lost]

    def lose(self, message_ids: Iterable[str]) -> None:
        """They are nowhere any more: nobody can be held to them, nor to answers that are gone with them."""
        gone = set(message_ids)
        self.lost |= gone & set(self.written)
        self.answers = [a for a in self.answers if a.mail is None or str(a.mail["Message-ID"]) not in gone]
