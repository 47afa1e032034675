"""The port that renders a mail to its final bytes. Citizen text is never rendered as a template."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from oacmail.core.effects import Send


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendered:
    """A final MIME message with CRLF line ends, 7-bit or 8-bit as its header says. `fallback`: names of broken
    overrides for which the shipped template was used. `length`: characters of the text part."""

    message_id: str
    mime: bytes
    length: int = 0
    fallback: tuple[str, ...] = ()


class Renderer(Protocol):
    def render(
        self, send: Send, message_id: str, sign: Callable[[str], str], now: datetime, *originals: bytes
    ) -> Rendered:
        """Render the final mail. A broken override never raises: the shipped template is used instead.

        `sign` returns the value of X-Oacmail for the text; `originals` are the messages to attach, with secrets
        already removed.
        """
        ...

    def draft(self, answer: Send, message_id: str, now: datetime) -> Rendered:
        """Render an answer that an agent completes: plain text, and no field that says who wrote it. `facts`: those of
        the kind `draft`, and `subject`, the person's. A broken override never raises."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class FrozenMail:
    """The final bytes of a mail. `length`: characters of its text part.

    `bare`/`bare_id`: the same mail without its original, with its own Message-ID; else None.
    """

    message_id: str
    mime: bytes
    length: int
    bare: bytes | None = None
    bare_id: str | None = None
