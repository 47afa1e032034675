"""Apply size limits before any parser runs: content beyond a limit is dropped and the limit is recorded.

The scans are linear and work on the output of normalize.tidy; they decide nothing about meaning. Mail parsers take
quadratic time or worse on hostile structure (many parts, deep nesting, endless parameters), and one message that takes
a minute delays all others.
"""

import re
from collections.abc import Iterator

from oacmail.mail.mime import normalize

FIELD = 64 * 1024
HEADERS = 512 * 1024
STRUCTURE = 2 * 1024  # Content-* fields: email.message splits their parameters in quadratic time
PARTS = 1_000
DEPTH = 50
TEXT = 1_000_000

# A line start is written "\n", not "^": the regex engine then jumps from line to line (0.02 ms for 300 kB, not 2).
_NESTING = re.compile(rb"\ncontent-type:[ \t\n]*(?:multipart|message)/", re.I)
_BOUNDARY = re.compile(rb"\bboundary[ \t]*=[ \t\n]*(?:\"([^\"\n]{1,200})\"|([^\s;\"]{1,200}))", re.I)
_STRUCTURE = re.compile(rb"\ncontent-[a-z-]+:[^\n]*(?:\n[ \t][^\n]*)*", re.I)
_OUTLINE = re.compile(
    rb"\n(?:--(?P<boundary>[^\n]*)|(?P<blank>)(?=\n|\Z)|content-type:[ \t\n]*(?:multipart|(?P<message>message))/)", re.I
)


def cap(tidied: bytes) -> tuple[bytes, tuple[str, ...]]:
    """Return (what may be parsed, names of the limits that applied: field, headers, parts, depth)."""
    head, body = normalize.split(tidied)
    names: list[str] = []
    head = _cap_head(head, names)
    if len(body) > STRUCTURE:
        body = _cap_structure(body, names)
    if head:
        body = head + b"\n" + body
    containers = len(_NESTING.findall(b"\n" + body))
    if containers and (len(body) > FIELD or body.count(b"\n--") > PARTS or body.count(b"\n\n") > PARTS):
        body = _cap_parts(body, names)
    if containers > DEPTH:
        body = b"".join(_cap_depth(body, names))
    return body, tuple(dict.fromkeys(names))


def _cap_head(head: bytes, names: list[str]) -> bytes:
    if len(head) > HEADERS:
        names.append("headers")
        head = head[: head.rfind(b"\n", 0, HEADERS) + 1] or head[:FIELD] + b"\n"
    if len(head) > STRUCTURE:
        head = b"".join(_cap_fields(head, names))
    return head


def _cap_fields(head: bytes, names: list[str]) -> Iterator[bytes]:
    for field in re.findall(rb"[^\n]*\n(?:[ \t][^\n]*\n)*", head):
        limit = STRUCTURE if field[:8].lower() == b"content-" else FIELD
        if len(field) > limit:
            names.append("field")
            field = field[:limit].rstrip(b"\n") + b"\n"
        yield field


def _cap_structure(body: bytes, names: list[str]) -> bytes:
    def cut(field: re.Match[bytes]) -> bytes:
        if len(field[0]) <= STRUCTURE + 1:
            return field[0]
        names.append("field")
        return b"\n" + field[0][1 : STRUCTURE + 1].rstrip(b"\n")

    return _STRUCTURE.sub(cut, b"\n" + body)[1:]


def _cap_parts(raw: bytes, names: list[str]) -> bytes:
    """Cut before part 1,001, and shorten part headers (and the blocks of a report) to their limit."""
    lowered = raw.lower()
    boundaries = set(_boundaries(raw, lowered))
    parts = blanks = 0
    start = -1  # where the header of the current part begins, -1 outside of headers
    message = False  # the current part is a message: its header follows the part's own
    reports = b"delivery-status" in lowered or b"disposition-notification" in lowered
    for found, end in _outline(raw):
        if found["boundary"] is not None:
            if found["boundary"].rstrip() in boundaries:
                parts, blanks, start, message = parts + 1, 0, end, False
        elif found["blank"] is not None:
            blanks += 1
            if start >= 0 and found.start() - start > FIELD:
                names.append("headers")
                return raw[: raw.rfind(b"\n", start, start + FIELD) + 1]
            start, message = (end if message else -1), False
        elif found["message"]:
            message = True
        if parts > PARTS or (reports and blanks > 4 * PARTS):
            names.append("parts")
            return raw[: found.start()]
    if start >= 0 and len(raw) - start > FIELD:
        names.append("headers")
        return raw[: raw.rfind(b"\n", start, start + FIELD) + 1]
    return raw


def _boundaries(raw: bytes, lowered: bytes) -> Iterator[bytes]:
    """Yield every boundary declared anywhere in the message."""
    for place in re.finditer(b"boundary", lowered):
        if found := _BOUNDARY.match(raw, place.start()):
            yield found[1] or found[2]


def _outline(raw: bytes) -> Iterator[tuple[re.Match[bytes], int]]:
    """Yield the structural lines: a match that starts with the line, and the line's end."""
    for found in _OUTLINE.finditer(b"\n" + raw):
        yield found, found.end() - 1


def _cap_depth(raw: bytes, names: list[str]) -> Iterator[bytes]:
    """Make containers below level 50 opaque by removing their Content-Type, so that the parser does not recurse."""
    open_at: list[bytes] = []
    done = 0
    for found, end in _outline(raw):
        if found["boundary"] is not None:
            boundary = found["boundary"].rstrip()
            if boundary in open_at:
                del open_at[open_at.index(boundary) + 1 :]
        elif found["blank"] is None:
            declared = _BOUNDARY.search(raw, end, end + STRUCTURE)
            open_at.append((declared[1] or declared[2]) if declared else b"")
            if len(open_at) > DEPTH:
                names.append("depth")
                open_at.pop()
                yield raw[done : found.start()] + b"Content-Type: application/octet-stream; was="
                done = found.start() + len(b"content-type:")
    yield raw[done:]
