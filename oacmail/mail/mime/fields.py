"""Hold header fields as they stand in the message: in order, unfolded, undecoded, with repetitions.

Bytes above 127 stay surrogate escapes (PEP 383) until `charset` decodes them. The values are unverified sender input.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Fields:
    """`items`: (name in lower case, value unfolded and stripped, surrogate escapes for 8-bit bytes)."""

    items: tuple[tuple[str, str], ...]
    _by_name: dict[str, list[str]] = field(default_factory=dict, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        for name, value in self.items:
            self._by_name.setdefault(name, []).append(value)

    @classmethod
    def from_pairs(cls, pairs: Iterable[tuple[str, object]]) -> "Fields":
        """Build from the (name, value) pairs of an email.message.Message with policy compat32, or of
        normalize.pairs."""
        return cls(tuple((name.lower(), " ".join(str(value).split())) for name, value in pairs))

    def all(self, name: str) -> tuple[str, ...]:
        """Return all values of a field, top to bottom; `name` in lower case."""
        return tuple(self._by_name.get(name, ()))

    def first(self, name: str) -> str:
        """Return the topmost value, '' if there is none."""
        return self._by_name.get(name, ("",))[0]
