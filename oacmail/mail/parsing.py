"""Parse several messages at a time. Submitting messages and collecting results are separate steps.

`InlineParser` parses a message when its result is collected. parse_worker.py implements the same port with a
second process. Both return what `parse` returns for each message, and lose none.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from oacmail.core.model import Message
from oacmail.mail.assemble import Skipped
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
"""Return the Message of the nth submitted message; wait if it is not parsed yet."""


class Parser(Protocol):
    def begin(self, parser_config: ParserConfig, ahead: int) -> None:
        """Start a pass; `ahead` messages wait to be parsed."""
        ...

    def ask(self, messages: Sequence[RawMessage]) -> Answers: ...

    def end(self) -> None:
        """End the pass; results that were not collected yet stay available, and more messages may be submitted."""
        ...


class InlineParser:
    """Parses in the calling thread when a result is collected."""

    def __init__(self) -> None:
        self._parser_config = ParserConfig()

    def begin(self, parser_config: ParserConfig, ahead: int) -> None:  # noqa: ARG002
        self._parser_config = parser_config

    def ask(self, messages: Sequence[RawMessage]) -> Answers:
        parser_config = self._parser_config
        return lambda at: messages[at].read(parser_config)

    def end(self) -> None:
        return
