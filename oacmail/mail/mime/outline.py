"""Split our plain text into blocks from which the HTML part is made, so that both parts have the same wording.

An empty line separates paragraphs. A block whose lines all begin with `- ` is a list, with `> ` a quotation, with `| `
a table whose first line names its columns; everything else is a paragraph.
"""

from dataclasses import dataclass
from itertools import groupby
from typing import Literal

BlockKind = Literal["paragraph", "list", "quote", "table"]
_MARKS: dict[str, BlockKind] = {"- ": "list", "> ": "quote", "| ": "table"}


@dataclass(frozen=True, slots=True)
class Block:
    """One block; `lines` have no prefix."""

    kind: BlockKind
    lines: tuple[str, ...]

    @property
    def text(self) -> str:
        return "\n".join(self.lines)

    @property
    def rows(self) -> tuple[tuple[str, ...], ...]:
        """Return the cells of a table, its head first."""
        return tuple(tuple(cell.strip() for cell in line.strip("| ").split(" | ")) for line in self.lines)


def outline(text: str) -> tuple[Block, ...]:
    """Return the blocks of a text, top to bottom."""
    filled = groupby((line.rstrip() for line in text.split("\n")), key=bool)
    return tuple(_block(tuple(lines)) for full, lines in filled if full)


def quoted(text: str) -> str:
    """Return any text as one quotation block, so that nothing in it becomes a heading, a list or a table."""
    return "\n".join(f"> {line}".rstrip() for line in text.split("\n"))


def _block(lines: tuple[str, ...]) -> Block:
    for mark, kind in _MARKS.items():
        if all(f"{line} ".startswith(mark) for line in lines):
            return Block(kind, tuple(line[len(mark) :] for line in lines))
    return Block("paragraph", lines)
