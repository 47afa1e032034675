"""Read winmail.dat (TNEF, [MS-OXTNEF]): the plain text and the files that Outlook packed into it.

This module reads the plain-text body and the attached files, but not MAPI properties or compressed RTF: Outlook sends
that text in a separate part as well. It never raises.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

SIGNATURE = b"\x78\x9f\x3e\x22"  # [MS-OXTNEF] 2.1.3.1, of every winmail.dat
_BODY, _TITLE, _DATA, _RENDERING = 0x0002800C, 0x00018010, 0x0006800F, 0x00069002
_MOST = 1_000


@dataclass(frozen=True, slots=True)
class Packed:
    """`body` is in the sender's Windows charset; `files` are (name, content)."""

    body: bytes = b""
    files: tuple[tuple[bytes, bytes], ...] = ()


def unpack(data: bytes) -> Packed:
    """Return what can be read of `data`; Packed() if it is not TNEF."""
    if len(data) < 6 or not data.startswith(SIGNATURE):
        return Packed()
    body = b""
    files: list[list[bytes]] = []
    for kind, value in _attributes(data):
        if kind == _BODY:
            body = value.rstrip(b"\0")
        elif kind == _RENDERING:
            files.append([b"", b""])
        elif kind in (_TITLE, _DATA) and files:
            files[-1][kind == _DATA] = value.rstrip(b"\0") if kind == _TITLE else value
    return Packed(body, tuple((name, content) for name, content in files if name or content))


def _attributes(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield (id, value) of each complete attribute: level, id, length, value, checksum."""
    at = 6
    for _ in range(_MOST):
        if at + 9 > len(data):
            return
        _, kind, length = struct.unpack_from("<BII", data, at)
        if at + 9 + length > len(data):
            return
        yield kind, data[at + 9 : at + 9 + length]
        at += 9 + length + 2
