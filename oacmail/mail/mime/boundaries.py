"""Repair multipart boundaries that senders and gateways broke, before a parser looks for the parts.

This module decides which boundary the body uses. A boundary folded inside its quotes is unfolded to match the delimiter
lines. A boundary that no delimiter line has, or a missing one, is replaced by the first delimiter line that a part
header follows (RFC 2046 section 5.1.1). A declared boundary that is in use stays unchanged. The input is the output of
normalize.tidy; the work is linear.
"""

import re
from collections.abc import Iterator

from oacmail.mail.mime import normalize

_FOLDED = re.compile(rb"(\bboundary[ \t]*=[ \t\n]{0,9}\")([^\"\n]{0,200}\n[^\"]{0,200})\"", re.I)
_FOLD = re.compile(rb"\n[ \t]*")
_TYPE = re.compile(rb"^content-type:[^\n]{0,2000}(?:\n[ \t][^\n]{0,2000}){0,20}", re.I | re.M)
_DECLARED = re.compile(rb"\bboundary[ \t]*=[ \t\n]{0,9}(?:\"([^\"\n]{1,200})\"|([^\s;\"]{1,200}))", re.I)
_MULTIPART = re.compile(rb"^content-type:\s{0,9}multipart/", re.I)
_DELIMITER = re.compile(rb"(?:^|\n)--([^\s\"][^\n\"]{0,199})\ncontent-[a-z-]{1,40}[ \t]*:", re.I)


def repair(tidied: bytes) -> bytes:
    """Return the message with each multipart declaring the boundary that its delimiter lines have."""
    lowered = tidied.lower()
    if any(_FOLDED.match(tidied, at) for at in _places(lowered)):
        tidied = _FOLDED.sub(lambda found: _unfolded(found, tidied), tidied)
    if b"multipart/" not in lowered:
        return tidied
    head, body = normalize.split(tidied)
    kind = _TYPE.search(head)
    if kind is None or not _MULTIPART.match(kind[0]):
        return tidied
    declared = _DECLARED.search(kind[0])
    boundary = (declared[1] or declared[2]).rstrip() if declared else b""
    if boundary and _delimits(boundary, tidied):
        return _opened(tidied, b"\n--" + boundary)
    used = _DELIMITER.search(body)
    if used is None:
        return tidied
    plain = kind[0][: declared.start()] + b"x" + kind[0][declared.start() :] if declared else kind[0]
    repaired = plain.rstrip(b"; \t\n") + b';\n boundary="' + used[1].rstrip() + b'"'
    return head[: kind.start()] + repaired + head[kind.end() :] + b"\n" + body


def _places(lowered: bytes) -> Iterator[int]:
    """Yield where the word stands: a pattern that ignores case would look at each octet of an attachment."""
    at = -1
    while (at := lowered.find(b"boundary", at + 1)) >= 0:
        yield at


def _opened(tidied: bytes, delimiter: bytes) -> bytes:
    """If only the closing delimiter exists, turn it into an opening one: the parser drops everything after it."""
    if tidied.count(delimiter) != 1:
        return tidied
    return tidied.replace(delimiter + b"--\n", delimiter + b"\n\n")


def _unfolded(found: re.Match[bytes], tidied: bytes) -> bytes:
    """Try the fold as a space (RFC 5322 section 2.2.3), then as nothing: gateways fold anywhere."""
    ways = (_FOLD.sub(b" ", found[2]), _FOLD.sub(b"", found[2]), found[2].replace(b"\n", b""))
    boundary = next((way for way in ways if _delimits(way, tidied)), None)
    return found[0] if boundary is None else found[1] + boundary + b'"'


def _delimits(boundary: bytes, tidied: bytes) -> bool:
    return b"\n--" + boundary.rstrip() in tidied
