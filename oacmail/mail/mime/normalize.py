"""Bring a received message into one form: LF line ends, one head, one body, header fields in order.

This module decides where the head ends and repairs what transports and faulty senders break (mbox line, byte order
mark, CR CR LF, a space before the colon, a stray line between fields). It never decodes or trusts a value. Source: RFC
5322 sections 2.2, 3.6 and 4.5.
"""

import re

_MBOX = re.compile(rb"\A>?From [^\n]*\n")
_BLANK = re.compile(rb"^\n", re.M)
_FIELD = re.compile(rb"([!-9;-~]+)[ \t]*:")
_STRAY = re.compile(rb"^(?![!-9;-~]+:|[ \t])[^\n]+", re.M)
_LOOSE_COLON = re.compile(rb"^([!-9;-~]+)[ \t]+:", re.M)
_LONGEST = 998  # octets of a line without its end (RFC 5322 section 2.1.1)
_KNOWN = re.compile(rb"^(?:from|to|date|subject|message-id|mime-version|content-[a-z-]+|received)[ \t]*:", re.M | re.I)


def tidy(raw: bytes) -> bytes:
    """Return the message with LF line ends, a head that a parser can read, and nothing before the first field."""
    raw = _newlines(raw.removeprefix(b"\xef\xbb\xbf"))
    raw = _MBOX.sub(b"", raw, count=1) if raw[:6].lstrip(b">").startswith(b"From ") else raw
    if raw[:1] == b"\n" and _FIELD.match(raw.lstrip(b"\n")):
        raw = raw.lstrip(b"\n")
    head, body = split(raw)
    return _repair(head.replace(b"\0", b"")) + b"\n" + body if head else raw


def _newlines(raw: bytes) -> bytes:
    if b"\r" not in raw:
        return raw
    return raw.replace(b"\r\r\n", b"\n").replace(b"\r\n", b"\n").replace(b"\r", b"\n")


def crlf(data: bytes) -> bytes:
    """Write every line end as CRLF; a lone CR is not a line end."""
    return data.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


def travels(data: bytes) -> bool:
    """True if `data` can be sent unencoded, as 7bit or 8bit (RFC 2045 sections 2.7 and 2.8)."""
    lines = data.replace(b"\r\n", b"\n")
    return b"\0" not in lines and b"\r" not in lines and not _has_long_line(lines)


def _has_long_line(lines: bytes) -> bool:
    """Jump from the last line end within reach to the next: a pattern would read each octet hundreds of times."""
    at = 0
    while len(lines) - at > _LONGEST:
        end = lines.rfind(b"\n", at, at + _LONGEST + 1)
        if end < 0:
            return True
        at = end + 1
    return False


def split(tidied: bytes) -> tuple[bytes, bytes]:
    """Return (head with its last line end, body); the head is empty if the message does not begin with a field.

    Without a blank line, the head ends with the last line that is a field.
    """
    if not _FIELD.match(tidied):
        return b"", tidied
    blank = _BLANK.search(tidied)
    head, body = (tidied[: blank.start()], tidied[blank.end() :]) if blank else (tidied, b"")
    prose = _prose(head)
    if prose:
        return head[:prose], tidied[prose:]
    return (head if head.endswith(b"\n") else head + b"\n"), body


def _prose(head: bytes) -> int:
    """Return where text begins that no known field follows, because the blank line is missing; 0 if nowhere."""
    known = 0
    for line in _STRAY.finditer(head):
        if not _FIELD.match(line[0]):
            known = known or max((field.start() for field in _KNOWN.finditer(head)), default=0)
            if line.start() > known:
                return line.start()
    return 0


def _repair(head: bytes) -> bytes:
    """Remove spaces before colons (obsolete syntax); make a stray line in the head continue the field above it."""
    if not _STRAY.search(head):
        return head
    return _STRAY.sub(lambda line: b" " + line[0], _LOOSE_COLON.sub(rb"\1:", head))


def pairs(head: bytes) -> list[tuple[str, str]]:
    """Return (name, value) of each field: values still folded, 8-bit bytes as surrogate escapes (PEP 383)."""
    found: list[list[str]] = []
    for line in head.decode("ascii", "surrogateescape").split("\n"):
        if line[:1] in (" ", "\t"):
            if found:
                found[-1].append(line)
        elif ":" in line:
            found.append([line])
    return [(name, value) for name, _, value in ("\n".join(lines).partition(":") for lines in found)]
