"""Writes weights.bin, which the program reads (oacmail/mail/understanding/scores.py says what is in it)."""

import struct
import zlib
from collections.abc import Iterable, Mapping

from oacmail.mail.understanding.scores import FILE, LENGTH, MAGIC, NONE_SHARED, VERSION, ZERO, Weights

_MOST_SHARED = 90


def weights_of(columns: Iterable[str], worth: Iterable[float], rows: Mapping[str, Iterable[int]]) -> Weights:
    """Return the table of these rows, in the order of their names."""
    names = sorted(rows)
    cells = bytes(step + ZERO for name in names for step in rows[name])
    numbers = {name: number for number, name in enumerate(names)}
    exact = struct.Struct(f"<{len(worth := [*worth])}f")
    return Weights(columns=tuple(columns), rows=numbers, worth=exact.unpack(exact.pack(*worth)), cells=cells)


def packed(tables: Mapping[str, Weights]) -> bytes:
    """Return the file that holds these tables."""
    body = b"".join(_packed(name, table) for name, table in tables.items())
    return FILE.pack(MAGIC, VERSION, len(body), zlib.crc32(body)) + zlib.compress(body, 9)


def _packed(name: str, table: Weights) -> bytes:
    lines, above = ["\t".join((name, *table.columns))], ""
    for row in table.rows:
        shared = next(at for at in range(min(len(above), _MOST_SHARED), -1, -1) if row.startswith(above[:at]))
        lines.append(chr(NONE_SHARED + shared) + row[shared:])
        above = row
    text = "\n".join(lines).encode()
    return LENGTH.pack(len(text)) + text + struct.pack(f"<{len(table.worth)}f", *table.worth) + table.cells
