"""Values to the final bytes of a mail. Nothing of a citizen's text is ever rendered as a template."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from oacmail.core.effects import Send


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendered:
    """A final MIME message: CRLF line ends, 7-bit or 8-bit as `mime` says itself. `fallback`: names of broken
    overrides that were replaced by the shipped template. `length`: characters of the text part."""

    message_id: str
    mime: bytes
    length: int = 0
    fallback: tuple[str, ...] = ()


class Renderer(Protocol):
    def render(
        self, send: Send, message_id: str, mark: Callable[[str], str], now: datetime, *originals: bytes
    ) -> Rendered:
        """Make the final mail; never raises for a broken override: the shipped template is used instead.

        `mark` makes the X-Oacmail field's value of the text; `originals` are the messages to attach, already without
        their secrets.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class FrozenMail:
    """A mail as it will leave, byte for byte: `length` is the characters of its text part.

    `bare`/`bare_id`: the same mail without the original it carries, under a Message-ID of its own; else None.
    """

    message_id: str
    mime: bytes
    length: int
    bare: bytes | None = None
    bare_id: str | None = None
