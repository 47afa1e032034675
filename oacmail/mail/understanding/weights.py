"""Read and write weights.bin: the tables of small numbers that read a text (scores.py) and its language (lang.py).

Everything is little endian. The file is

    8 bytes    the magic b"OACMAILW"
    u16        the version of this format: 1
    u32, u32   the length and the CRC-32 of what follows once it is unpacked
    ...        a zlib stream

and holds one table after another, each as

    u32        the length of the text
    UTF-8      a line with the names of the table and of its columns, parted by tabs; then a line for each row, in the
               order of their names: how many characters it shares with the row above (a character, 32 added), the rest
    f32        what one step is worth, for each column
    u8         the cells, row after row: steps from -128 to 127, 128 added

bench/train.py writes the file; the same tables are the same bytes. A file that is cut, damaged or of another version
raises Fatal, since a service that cannot read a text must not start.
"""

import struct
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from oacmail.core.errors import Fatal

NAME = "weights.bin"
_MAGIC, _VERSION = b"OACMAILW", 1
_FILE = struct.Struct("<8sHII")
_LENGTH = struct.Struct("<I")
_ZERO = 128
_NONE_SHARED, _MOST_SHARED = 32, 90


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """`rows`: the number of each row by its name; `worth`: of one step, for each column; `cells`: as in the file."""

    columns: tuple[str, ...]
    rows: Mapping[str, int]
    worth: tuple[float, ...]
    cells: bytes

    def total(self, names: Iterable[str]) -> list[int]:
        """Return the steps of these rows, added up for each column; a name that has no row adds nothing.

        Whole numbers: in any order the same sum.
        """
        width = len(self.columns)
        places = [width * row for row in map(self.rows.get, names) if row is not None]
        found = [self.cells[place : place + width] for place in places]
        least = _ZERO * len(places)
        return [total - least for total in map(sum, zip(*found, strict=True))] or [0] * width

    def step(self, name: str, column: int) -> int:
        return self.cells[self.rows[name] * len(self.columns) + column] - _ZERO


def table(columns: Iterable[str], worth: Iterable[float], rows: Mapping[str, Iterable[int]]) -> Weights:
    """Return the table of these rows, in the order of their names."""
    names = sorted(rows)
    cells = bytes(step + _ZERO for name in names for step in rows[name])
    numbers = {name: number for number, name in enumerate(names)}
    exact = struct.Struct(f"<{len(worth := [*worth])}f")
    return Weights(columns=tuple(columns), rows=numbers, worth=exact.unpack(exact.pack(*worth)), cells=cells)


@cache
def shipped() -> Mapping[str, Weights]:
    """Return the tables of the installed program by their names. Raises Fatal."""
    return unpacked(files("oacmail.mail.understanding").joinpath(NAME).read_bytes())


def unpacked(content: bytes) -> dict[str, Weights]:
    """Return the tables of a file by their names. Raises Fatal."""
    if content[:8] != _MAGIC or len(content) < _FILE.size:
        raise _unusable("is no file of weights, or cut")
    _, version, length, checksum = _FILE.unpack_from(content)
    if version != _VERSION:
        raise _unusable(f"has version {version}, and this program reads version {_VERSION}")
    try:
        body = zlib.decompress(content[_FILE.size :])
    except zlib.error:
        raise _unusable("is cut or damaged") from None
    if (len(body), zlib.crc32(body)) != (length, checksum):
        raise _unusable("is damaged")
    tables, at = {}, 0
    while at < length:
        name, tables[name], at = _table(body, at)
    return tables


def packed(tables: Mapping[str, Weights]) -> bytes:
    """Return the file that holds these tables."""
    body = b"".join(_packed(name, table) for name, table in tables.items())
    return _FILE.pack(_MAGIC, _VERSION, len(body), zlib.crc32(body)) + zlib.compress(body, 9)


def _unusable(why: str) -> Fatal:
    return Fatal(f"{NAME}, the weights that read a message, {why}: install oacmail again")


def _table(body: bytes, at: int) -> tuple[str, Weights, int]:
    """Return the name of the table at this place, the table, and where it ends."""
    (length,) = _LENGTH.unpack_from(body, at)
    at += _LENGTH.size
    head, *lines = body[at : at + length].decode().split("\n")
    at += length
    name, *columns = head.split("\t")
    worth = struct.unpack_from(f"<{len(columns)}f", body, at)
    at += 4 * len(columns)
    end = at + len(lines) * len(columns)
    rows, row = {}, ""
    for number, line in enumerate(lines):
        row = row[: ord(line[0]) - _NONE_SHARED] + line[1:]
        rows[row] = number
    return name, Weights(columns=tuple(columns), rows=rows, worth=worth, cells=body[at:end]), end


def _packed(name: str, table: Weights) -> bytes:
    lines, above = ["\t".join((name, *table.columns))], ""
    for row in table.rows:
        shared = next(at for at in range(min(len(above), _MOST_SHARED), -1, -1) if row.startswith(above[:at]))
        lines.append(chr(_NONE_SHARED + shared) + row[shared:])
        above = row
    text = "\n".join(lines).encode()
    return _LENGTH.pack(len(text)) + text + struct.pack(f"<{len(table.worth)}f", *table.worth) + table.cells
