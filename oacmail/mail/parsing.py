"""Messages to Messages, several at a time: who is asked, and when the answer is needed, are two moments.

`InlineParser` reads a message when its answer is asked for. What reads ahead in another process stands behind the same
port
(adapters/parse_worker.py); both give what `parse` gives, message by message, and never lose one.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from oacmail.core.model import Message
from oacmail.mail.facts import Skipped
from oacmail.mail.parse import parse
from oacmail.mail.parser_config import ParserConfig


@dataclass(frozen=True, slots=True, kw_only=True)
class RawMessage:
    """A message's bytes, with `skipped` and `day` of mail/parse.py."""

    raw: bytes
    skipped: Skipped
    day: str

    def read(self, parser_config: ParserConfig) -> Message:
        return parse(self.raw, parser_config, day=self.day, skipped=self.skipped)


Answers = Callable[[int], Message]
"""The Message of the nth message asked for; waits for it where it is not read yet."""


class Parser(Protocol):
    def begin(self, parser_config: ParserConfig, ahead: int) -> None:
        """`ahead` messages lie there to be read for this house."""
        ...

    def ask(self, messages: Sequence[RawMessage]) -> Answers: ...

    def end(self) -> None:
        """The pass is over; answers not fetched yet may be asked for still, and others as well."""
        ...


class InlineParser:
    """In the thread that wants the answer, at the moment it wants it."""

    def __init__(self) -> None:
        self._parser_config = ParserConfig()

    def begin(self, parser_config: ParserConfig, ahead: int) -> None:  # noqa: ARG002
        self._parser_config = parser_config

    def ask(self, messages: Sequence[RawMessage]) -> Answers:
        parser_config = self._parser_config
        return lambda at: messages[at].read(parser_config)

    def end(self) -> None:
        return
