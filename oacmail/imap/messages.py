"""Reads the selected folder: UIDs, sizes, dates, whole messages, and a message that is too large to be read whole by
its parts (BODYSTRUCTURE, RFC 9051 7.5.2). Faults of the server are not caught here.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from itertools import islice
from typing import Any

from imapclient import IMAPClient
from msgspec import Struct

from oacmail.batches import batched
from oacmail.core.model import regex
from oacmail.core.ports import Fetched, FolderState, MessageMeta
from oacmail.imap.connection import ImapClient, uids_of

# --- Outline ---------------------------------------------------------------------------------------------------------
# The structure of a message from its BODYSTRUCTURE, and a smaller message with the same structure. It is valid MIME:
# original header fields, and only the parts that were read.

# The text of automatic reports: without it a large delivery report looks like a message (RFC 3464, 8098).
_REPORTS = frozenset(("message/delivery-status", "message/disposition-notification"))
_CONTENT_FIELDS = regex(rb"(?im)^(?:content-[^:\r\n]*|mime-version):.*(?:\r?\n[ \t].*)*\r?\n")
_EMPTY_TEXT = b"Content-Type: text/plain\r\n\r\n"


class OutlinePart(Struct, frozen=True, kw_only=True):
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
    words = [_word(word) for word in (structure[2] if len(structure) > 2 else None) or ()]
    kind = dict(zip(words[::2], words[1::2], strict=False)).get("report-type", "") if report else ""
    return OutlinePart(section=section, mime=mime, report=kind, children=children)


def is_readable(part: OutlinePart, head: bytes) -> bool:
    """True if the part is read as text, by type and own header fields; of a returned message, the header is read."""
    if part.mime in _REPORTS or (part.returned and part.mime == "message/rfc822"):
        return True
    return part.mime.startswith("text/") and message_from_bytes(head).get_content_disposition() != "attachment"


def described(part: OutlinePart, head: bytes, *, read: int = 0) -> tuple[str, str, int]:
    """Return (file name or '', MIME type, decoded bytes) of the unread rest of a part."""
    name = message_from_bytes(head).get_filename("")
    with suppress(HeaderParseError, LookupError, ValueError):
        name = str(make_header(decode_header(name)))
    left = part.size - read
    return str(name), part.mime, left * 57 // 78 if part.encoding == "base64" else left


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
    inner = [child for below in part.children if (child := _multipart(below, heads, bodies, marker))]
    if not inner:
        return b""
    boundary = b"%s_%s_" % (marker, (part.section or "0").encode("ascii"))
    report = f'; report-type="{part.report}"' if part.report else ""
    head = f'Content-Type: {part.mime}{report}; boundary="'.encode("ascii") + boundary + b'"\r\n\r\n'
    return head + b"".join(b"--%s\r\n%s\r\n" % (boundary, child) for child in inner) + b"--%s--\r\n" % boundary


def _word(value: bytes | int | None) -> str:
    """Return a type, encoding or parameter in lower case, without characters that could break a header field."""
    text = value.decode("ascii", "replace") if isinstance(value, bytes) else str(value or "")
    return re.sub(r'[^!-~]|["\\]', "", text.lower())


# --- Messages --------------------------------------------------------------------------------------------------------
# The selected folder: UIDs, sizes and dates, whole messages. One command each. Substitutes for a message are left out:
# NIL or no answer after an expunge, and Exchange's text for a message that it cannot convert.

# imaplib limits one line of an answer to a megabyte: this many UIDs of ten digits fit.
_WINDOW = 80_000
_SUBSTITUTE = regex(rb"(?im)^subject: *retrieval using the imap4 protocol failed for the following message")
_RECEIVED = regex(rb"(?im)^received:")


def all_uids(client: ImapClient, state: FolderState) -> set[int]:
    """Return all UIDs of the selected folder, by ESEARCH (RFC 4731) as ranges if the server offers it."""
    if client.has_capability("ESEARCH"):
        client.take_untagged("ESEARCH")
        client.uid("SEARCH", "RETURN", "(ALL)", "ALL")  # imapclient does not support RETURN
        answers = client.take_untagged("ESEARCH")
        if answers:
            found = re.search(rb"\bALL ([0-9,:]+)", answers[-1])
            return set(uids_of(found[1])) if found else set()
    return _searched(client, state)


def bearing(client: ImapClient, state: FolderState, field: str, value: str) -> set[int]:
    """Return the UIDs of messages whose field contains the value: in Sent these may be nearly all."""
    return _searched(client, state, "HEADER", field, value)


def _searched(client: ImapClient, state: FolderState, *criteria: str) -> set[int]:
    if state.exists <= _WINDOW or not state.uidnext:
        return set(client.search(list(criteria) or "ALL"))
    windows = range(1, state.uidnext, _WINDOW)
    return {uid for first in windows for uid in client.search(["UID", f"{first}:{first + _WINDOW - 1}", *criteria])}


def all_metas(client: ImapClient, uids: Sequence[int] | None) -> list[MessageMeta]:
    """Return size and date of these UIDs (None = all). Messages that look expunged are requested a second time."""
    wanted = _set(uids) if uids is not None else "1:*"
    found = _places(client, wanted)
    suspect = [meta.uid for meta in found if not meta.size or not meta.internal_date.timestamp()]
    if not suspect:
        return found
    again = _places(client, _set(suspect))
    return [meta for meta in found if meta.uid not in suspect] + again


def whole(client: ImapClient, uids: Sequence[int]) -> dict[int, bytes]:
    r"""Return the bytes of these messages, \Seen untouched."""
    answers = client.fetch(list(uids), ["BODY.PEEK[]"])
    bodies = ((uid, answer[b"BODY[]"]) for uid, answer in answers.items() if answer.get(b"BODY[]") is not None)
    wholes = ((uid, as_bytes(body)) for uid, body in bodies)
    return {uid: raw for uid, raw in wholes if raw and not _is_substitute(raw[:16_384])}


def identifying(client: ImapClient, uids: Sequence[int]) -> dict[int, bytes]:
    r"""Return the fields of these messages by which they are recognised anywhere, \Seen untouched."""
    answers = client.fetch(list(uids), ["BODY.PEEK[HEADER.FIELDS (MESSAGE-ID DATE FROM)]"])
    found = (
        (uid, value) for uid, answer in answers.items() for name, value in answer.items() if name.startswith(b"BODY")
    )
    return {uid: as_bytes(value) for uid, value in found if value is not None}


def as_bytes(value: object) -> bytes:
    """Return a server string; imapclient turns quoted digits into a number."""
    return value if isinstance(value, bytes) else str(value).encode("ascii")


def _is_substitute(head: bytes) -> bool:
    """Whether Exchange made it up for a message that it cannot convert; a real one has Received."""
    return not _RECEIVED.search(head) and bool(_SUBSTITUTE.search(head))


def _set(uids: Iterable[int]) -> str:
    """Return a sequence set of UIDs with ranges, so that a thousand neighbours stay short."""
    runs: list[list[int]] = []
    for uid in sorted(uids):
        if runs and uid == runs[-1][1] + 1:
            runs[-1][1] = uid
        else:
            runs.append([uid, uid])
    return ",".join(f"{low}:{high}" if low < high else str(low) for low, high in runs)


_ITEM = regex(rb'(?i)\bUID (\d+)|RFC822\.SIZE (\d+)|INTERNALDATE "([^"]+)"')
_MONTHS = {name: number for number, name in enumerate(b"jan feb mar apr may jun jul aug sep oct nov dec".split(), 1)}
_NO_DAY = datetime(9999, 12, 31, tzinfo=UTC)
_DATE = regex(rb" ?(\d+)-(\w{3})-(\d{4}) (\d\d):(\d\d):(\d\d) ([+-])(\d\d)(\d\d)")


def _places(client: ImapClient, wanted: str) -> list[MessageMeta]:
    """There may be a hundred thousand: one regular expression each is faster than imapclient's general parser."""
    found = []
    for row in client.uid("FETCH", wanted, "(RFC822.SIZE INTERNALDATE)") if wanted else []:
        if isinstance(row, bytes):
            uid = size = date = b""
            for match in _ITEM.finditer(row):
                uid, size, date = match[1] or uid, match[2] or size, match[3] or date
            if uid and size and date:
                found.append(MessageMeta(uid=int(uid), size=int(size), internal_date=_moment(date)))
    return found


def _moment(text: bytes) -> datetime:
    """Return the date; an impossible one becomes the far future, so that the message counts as just arrived."""
    found = _DATE.fullmatch(text)
    if found is None:
        return _NO_DAY
    day, month, year, hour, minute, second, sign, hours, minutes = found.groups()
    east = timedelta(hours=int(hours), minutes=int(minutes))
    try:
        local = datetime(int(year), _MONTHS[month.lower()], int(day), int(hour), int(minute), int(second), tzinfo=UTC)
        return local - east if sign == b"+" else local + east
    except (ValueError, KeyError, OverflowError):  # the year 0, 31 February, a moment before the year 1
        return _NO_DAY


# --- Large -----------------------------------------------------------------------------------------------------------
# A message that is too large to be read whole: its header fields and its texts, part by part. The rest is listed in
# `Fetched.skipped` and stays on the server. At most one megabyte of a part and four of a message are in memory. Small
# parts are requested together, since a server may read the whole message again for each request.

_PART_BYTES = 1024 * 1024
_TEXT_BYTES = 4 * 1024 * 1024
_HEADER_BYTES = 512 * 1024
_HEAD_BYTES = 16 * 1024
_PARTS = 1_000
_AT_ONCE = 50
_RETURNED_HEAD = b"Content-Type: text/rfc822-headers\r\n\r\n"


def read_texts(client: IMAPClient, meta: MessageMeta) -> Fetched | None:
    """Return header fields and texts; None if the message has vanished."""
    uid = meta.uid
    structure = client.fetch([uid], ["BODYSTRUCTURE"]).get(uid, {}).get(b"BODYSTRUCTURE")
    header = _header(client, uid)
    if structure is None or not header:
        return None
    root = outline(structure)
    leaves = list(islice(root.leaves(), _PARTS))
    heads = _heads(client, uid, leaves) if root.children else {root.section: header}
    bodies = dict(_bodies(client, uid, leaves, heads))
    left = (leaf for leaf in leaves if leaf.size > len(bodies.get(leaf.section, b"")))
    skipped = tuple(
        described(leaf, heads.get(leaf.section, b""), read=len(bodies.get(leaf.section, b""))) for leaf in left
    )
    return Fetched(raw=assemble(header, root, heads, bodies), complete=False, skipped=skipped)


def read_header(client: IMAPClient, meta: MessageMeta) -> Fetched | None:
    """Return header fields only, for a message whose structure the server cannot give."""
    header = _header(client, meta.uid)
    whole = OutlinePart(section="1", mime="application/octet-stream", size=meta.size)
    if not header:
        return None
    return Fetched(raw=assemble(header, whole, {}, {}), complete=False, skipped=(described(whole, b""),))


def _header(client: IMAPClient, uid: int) -> bytes:
    header = _pieces(client, uid, [("HEADER", _HEADER_BYTES)]).get("HEADER", b"")
    return header if header.endswith(b"\r\n\r\n") or not header else _whole_lines(header) + b"\r\n"


def _heads(client: IMAPClient, uid: int, leaves: Sequence[OutlinePart]) -> dict[str, bytes]:
    """Return the parts' own header fields, each with its empty line, by section."""
    heads: dict[str, bytes] = {}
    for first in range(0, len(leaves), _AT_ONCE):
        wanted = [(f"{leaf.section}.MIME", _HEAD_BYTES) for leaf in leaves[first : first + _AT_ONCE]]
        answer = _pieces(client, uid, wanted)
        heads |= {section.removesuffix(".MIME"): head.rstrip(b"\r\n") + b"\r\n\r\n" for section, head in answer.items()}
    return heads | {leaf.section: _RETURNED_HEAD for leaf in leaves if _is_returned(leaf)}


def _bodies(
    client: IMAPClient, uid: int, leaves: Iterable[OutlinePart], heads: Mapping[str, bytes]
) -> Iterator[tuple[str, bytes]]:
    """Yield (section, its first megabyte) of the texts. The header fields of a returned message are read as text."""
    room = _TEXT_BYTES
    texts = (leaf for leaf in leaves if is_readable(leaf, heads.get(leaf.section, b"")))
    for batch in batched(texts, lambda leaf: min(leaf.size, _PART_BYTES), _AT_ONCE, _PART_BYTES):
        wanted = {leaf.section: f"{leaf.section}.HEADER" if _is_returned(leaf) else leaf.section for leaf in batch}
        got = _pieces(client, uid, [(section, min(_PART_BYTES, room)) for section in wanted.values()])
        for leaf in batch:
            body = got.get(wanted[leaf.section])
            if body is not None and room > 0:
                room -= len(body)
                yield leaf.section, body if len(body) >= leaf.size else _whole_lines(body)
        if room <= 0:
            return


def _is_returned(leaf: OutlinePart) -> bool:
    return leaf.returned and leaf.mime == "message/rfc822"


def _pieces(client: IMAPClient, uid: int, wanted: Sequence[tuple[str, int]]) -> dict[str, bytes]:
    """Return the start of each wanted (section, maximum bytes), by section. NIL sections are left out."""
    items = [f"BODY.PEEK[{section}]<0.{octets}>" for section, octets in wanted]
    answer = client.fetch([uid], items).get(uid, {})
    found = ((section, answer.get(f"BODY[{section}]<0>".encode("ascii"))) for section, _ in wanted)
    return {section: as_bytes(raw) for section, raw in found if raw is not None}


def _whole_lines(text: bytes) -> bytes:
    """Remove the last line, which was cut: half a base64 quartet would spoil the rest."""
    return text[: text.rfind(b"\n") + 1] or text
