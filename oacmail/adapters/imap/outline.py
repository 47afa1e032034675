"""The structure of a message from its BODYSTRUCTURE (RFC 9051 7.5.2), and a smaller message with the same structure.

The smaller message is valid MIME: original header fields, and only the parts that were read. The module is pure.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from email import message_from_bytes
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from typing import Any

# The text of automatic reports: without it a large delivery report looks like a message (RFC 3464, 8098).
_REPORTS = frozenset(("message/delivery-status", "message/disposition-notification"))
_CONTENT_FIELDS = re.compile(rb"(?im)^(?:content-[^:\r\n]*|mime-version):.*(?:\r?\n[ \t].*)*\r?\n")
_EMPTY_TEXT = b"Content-Type: text/plain\r\n\r\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class OutlinePart:
    """`section` is as in BODY[section], '' for a multipart message itself; `mime` is in lower case; `size` is in
    encoded bytes; `report` is the report-type of a multipart/report; `returned` marks a part of such a report."""

    section: str
    mime: str
    size: int = 0
    encoding: str = ""
    report: str = ""
    returned: bool = False
    children: tuple["OutlinePart", ...] = ()

    def leaves(self) -> Iterator["OutlinePart"]:
        """Yield all parts without subparts, in order. A forwarded message is one of them."""
        if not self.children:
            yield self
        for child in self.children:
            yield from child.leaves()


def outline(structure: Any, section: str = "", *, returned: bool = False) -> OutlinePart:
    """Build the tree of parts from imapclient's BodyData."""
    if not structure.is_multipart:
        mime = f"{_word(structure[0])}/{_word(structure[1])}"
        size, encoding = int(structure[6] or 0), _word(structure[5])
        return OutlinePart(section=section or "1", mime=mime, size=size, encoding=encoding, returned=returned)
    mime = f"multipart/{_word(structure[1])}"
    report = mime == "multipart/report"
    prefix = f"{section}." if section else ""
    children = tuple(outline(one, f"{prefix}{n}", returned=report) for n, one in enumerate(structure[0], 1))
    kind = _parameters(structure).get("report-type", "") if report else ""
    return OutlinePart(section=section, mime=mime, report=kind, children=children)


def is_readable(part: OutlinePart, head: bytes) -> bool:
    """True if the part is read as text, by type and own header fields; of a returned message, the header is read."""
    if part.mime in _REPORTS or (part.returned and part.mime == "message/rfc822"):
        return True
    return part.mime.startswith("text/") and message_from_bytes(head).get_content_disposition() != "attachment"


def described(part: OutlinePart, head: bytes, *, read: int = 0) -> tuple[str, str, int]:
    """Return (file name or '', MIME type, decoded bytes) of the unread rest of a part."""
    left = part.size - read
    return _file_name(head), part.mime, left * 57 // 78 if part.encoding == "base64" else left


def assemble(header: bytes, root: OutlinePart, heads: Mapping[str, bytes], bodies: Mapping[str, bytes]) -> bytes:
    """Build the smaller message. `heads` and `bodies` are the parts that were read, by section."""
    if not root.children and root.section in bodies:
        return header + bodies[root.section]
    marker = b"=_oacmail"
    while any(marker in body for body in bodies.values()):
        marker += b"_"
    fields = _CONTENT_FIELDS.sub(b"", header).strip(b"\r\n")
    above = fields + b"\r\n" if fields else b""
    return above + b"MIME-Version: 1.0\r\n" + (_multipart(root, heads, bodies, marker) or _EMPTY_TEXT)


def _multipart(part: OutlinePart, heads: Mapping[str, bytes], bodies: Mapping[str, bytes], marker: bytes) -> bytes:
    """Return a part with its header fields, b'' if nothing of it was read."""
    if not part.children:
        return heads[part.section] + bodies[part.section] if part.section in bodies else b""
    inner = [child for one in part.children if (child := _multipart(one, heads, bodies, marker))]
    if not inner:
        return b""
    boundary = b"%s_%s_" % (marker, (part.section or "0").encode("ascii"))
    report = f'; report-type="{part.report}"' if part.report else ""
    head = f'Content-Type: {part.mime}{report}; boundary="'.encode("ascii") + boundary + b'"\r\n\r\n'
    return head + b"".join(b"--%s\r\n%s\r\n" % (boundary, one) for one in inner) + b"--%s--\r\n" % boundary


def _parameters(structure: Any) -> dict[str, str]:
    words = [_word(word) for word in (structure[2] if len(structure) > 2 else None) or ()]
    return dict(zip(words[::2], words[1::2], strict=False))


def _word(value: bytes | int | None) -> str:
    """Return a type, encoding or parameter in lower case, without characters that could break a header field."""
    text = value.decode("ascii", "replace") if isinstance(value, bytes) else str(value or "")
    return re.sub(r'[^!-~]|["\\]', "", text.lower())


def _file_name(head: bytes) -> str:
    raw = message_from_bytes(head).get_filename("")
    try:
        return str(make_header(decode_header(raw)))
    except (HeaderParseError, LookupError, ValueError):
        return str(raw)
