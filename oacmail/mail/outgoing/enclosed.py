"""What a mail of ours encloses beside its text: pictures that its HTML shows, and files. Names are ASCII.

They come with the facts of a mail and never reach a template: a template names a picture by its Content-ID alone.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

_NAME = re.compile(r"[A-Za-z0-9._-]{1,64}")
_MIME = re.compile(r"[a-z]+/[a-z0-9.+-]+(?:; charset=utf-8)?")


@dataclass(frozen=True, slots=True)
class EnclosedFile:
    """`name`: of a picture, its Content-ID before the @."""

    name: str
    mime: str
    content: bytes

    def __post_init__(self) -> None:
        """Raises ValueError for a name or a type that would break the header."""
        if _NAME.fullmatch(self.name) is None or _MIME.fullmatch(self.mime) is None:
            raise ValueError(f"enclosed: {self.name!r}, {self.mime!r}: no name and type of a file")


@dataclass(frozen=True, slots=True)
class Enclosed:
    pictures: tuple[EnclosedFile, ...] = ()
    files: tuple[EnclosedFile, ...] = ()


NOTHING_ENCLOSED = Enclosed()


def enclosed(facts: Mapping[str, object]) -> Enclosed:
    """What stands under `pictures` and `files`: tuples of EnclosedFile."""
    return Enclosed(_of(facts.get("pictures", ())), _of(facts.get("files", ())))


def _of(given: Any) -> tuple[EnclosedFile, ...]:
    found: Iterable[object] = given
    return tuple(one for one in found if isinstance(one, EnclosedFile))
