"""A parser that remembers what it has read: in a simulated town the same bytes arrive in several folders and processes.

It returns what `parse` returned for the same bytes, day and configuration, and computes nothing itself.
"""

from collections.abc import Sequence

from oacmail.core.model import Message
from oacmail.mail.assemble import Skipped
from oacmail.mail.parser_config import ParserConfig
from oacmail.mail.parsing import Answers, RawMessage


class RememberingParser:
    """Port `Parser`. Another configuration, as after lessons, reads everything anew."""

    def __init__(self) -> None:
        self._config = ParserConfig()
        self._read: dict[tuple[bytes, str, Skipped], Message] = {}

    def begin(self, parser_config: ParserConfig, ahead: int) -> None:
        if parser_config != self._config:
            self._read.clear()
        self._config = parser_config

    def ask(self, messages: Sequence[RawMessage]) -> Answers:
        return lambda at: self._message(messages[at])

    def end(self) -> None:
        return

    def _message(self, asked: RawMessage) -> Message:
        key = (asked.raw, asked.day, tuple(asked.skipped))
        if key not in self._read:
            self._read[key] = asked.read(self._config)
        return self._read[key]
