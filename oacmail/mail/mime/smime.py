"""Extract the message from an opaque S/MIME signature (RFC 8551 section 3.5.2) without verifying it.

This module finds the signed content in SignedData (RFC 5652 section 5.1), in DER or in the indefinite-length BER that
Outlook and OpenSSL write. It never checks a signature and never decrypts: enveloped data stays unread.
"""

from collections.abc import Iterator
from dataclasses import dataclass

_OID, _OCTETS, _SEQUENCE, _CONTEXT_0 = 0x06, 0x04, 0x30, 0xA0
_SIGNED_DATA = bytes.fromhex("2a864886f70d010702")
_DATA = bytes.fromhex("2a864886f70d010701")
_CONSTRUCTED = 0x20
_DEEPEST = 16


@dataclass(frozen=True, slots=True)
class _Item:
    tag: int
    start: int
    end: int


def content(data: bytes) -> bytes:
    """Return the signed MIME entity; b'' if `data` is not SignedData with its content inside."""
    try:
        signed = _inside(data, _only(data, 0, len(data)), _SIGNED_DATA)
        _version, _algorithms, wrapped, *_ = _items(data, signed.start, signed.end)
        return b"".join(_octets(data, _inside(data, wrapped, _DATA)))
    except (ValueError, IndexError):  # not ASN.1, or another structure
        return b""


def _inside(data: bytes, info: _Item, kind: bytes) -> _Item:
    """Return the content of ContentInfo ::= SEQUENCE { OID, [0] EXPLICIT content } of the given kind."""
    oid, explicit, *_ = _items(data, info.start, info.end)
    if (info.tag, oid.tag, explicit.tag) != (_SEQUENCE, _OID, _CONTEXT_0) or data[oid.start : oid.end] != kind:
        raise ValueError("another kind of content")
    return _only(data, explicit.start, explicit.end)


def _only(data: bytes, start: int, end: int) -> _Item:
    return next(_items(data, start, end), _Item(0, 0, 0))


def _octets(data: bytes, item: _Item, depth: int = 0) -> Iterator[bytes]:
    """Yield the bytes of an OCTET STRING, which BER may split into pieces."""
    if item.tag & _CONSTRUCTED and depth < _DEEPEST:
        for piece in _items(data, item.start, item.end):
            yield from _octets(data, piece, depth + 1)
    elif item.tag == _OCTETS:
        yield data[item.start : item.end]


def _items(data: bytes, at: int, end: int, depth: int = 0) -> Iterator[_Item]:
    """Yield the items between two offsets; raises IndexError or ValueError if they are cut short or not BER."""
    while at < end and data[at : at + 2] != b"\0\0":
        item, at = _item(data, at, end, depth)
        yield item


def _item(data: bytes, at: int, end: int, depth: int) -> tuple[_Item, int]:
    """Return (the item, the offset of the next one)."""
    tag, length = data[at], data[at + 1]
    start = at + 2
    if length == 0x80:  # indefinite length: ends with two zero bytes at its own level
        if depth > _DEEPEST:
            raise ValueError("nested too deeply")
        last = start
        for inner in _items(data, start, end, depth + 1):
            last = inner.end + 2 * (data[inner.start - 1] == 0x80 and data[inner.end : inner.end + 2] == b"\0\0")
        return _Item(tag, start, last), last + 2
    if length & 0x80:
        size = length & 0x7F
        if size > 4:
            raise ValueError("no length")
        length, start = int.from_bytes(data[start : start + size], "big"), start + size
    if start + length > end:
        raise ValueError("cut short")
    return _Item(tag, start, start + length), start + length
