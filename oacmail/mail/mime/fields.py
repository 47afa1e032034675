"""Header fields as they stand in the mail: in order, unfolded, undecoded, repeated ones kept.

Bytes above 127 survive as surrogate escapes (PEP 383) until `decode` reads them. Nothing is believed here:
a field is only what somebody wrote.
"""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Fields:
    """`items`: (name in lower case, value unfolded and stripped, surrogate escapes for 8-bit bytes)."""

    items: tuple[tuple[str, str], ...]

    @classmethod
    def of(cls, pairs: Iterable[tuple[str, object]]) -> "Fields":
        """From the (name, value) pairs of an email.message.Message with policy compat32, or of a raw splitter."""
        return cls(tuple((name.lower(), " ".join(str(value).split())) for name, value in pairs))

    def all(self, name: str) -> tuple[str, ...]:
        """All values of a field, top to bottom; `name` in lower case."""
        return tuple(value for key, value in self.items if key == name)

    def first(self, name: str) -> str:
        """The topmost value, '' where there is none."""
        return next((value for key, value in self.items if key == name), "")
