"""Writes weights.bin, which the program reads (oacmail/mail/understanding/scores.py says what is in it)."""

import struct
import zlib
from collections.abc import Iterable, Mapping

from oacmail.mail.understanding.scores import FILE, MAGIC, VERSION, ZERO, Weights


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
    return FILE.pack(MAGIC, VERSION, FILE.size + len(body)) + body


def _packed(name: str, table: Weights) -> bytes:
    text = "\n".join(("\t".join((name, *table.columns)), *table.rows)).encode()
    numbers = struct.pack(f"<{len(table.worth)}f", *table.worth) + table.cells
    return zlib.compress(text, 9) + min(_zipped(numbers), zlib.compress(numbers, 9), key=len)


def _zipped(numbers: bytes) -> bytes:
    """Without a search for what repeats: of many columns no two rows are alike."""
    stream = zlib.compressobj(9, strategy=zlib.Z_HUFFMAN_ONLY)
    return stream.compress(numbers) + stream.flush()
