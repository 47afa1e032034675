"""A message's tree of parts, read once: its text, attached messages and files, out of broken boundaries, S/MIME and
TNEF.

Content beyond a limit is dropped before any parser runs, and the limit is recorded.
"""

import hashlib
import re
import struct
from binascii import unhexlify
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from email import message_from_bytes
from email.message import Message as Tree
from typing import TypeVar

from oacmail.core.model import Attachment, regex
from oacmail.mail.mime import charset
from oacmail.mail.mime.text import event_lines, html_to_text, unwrap_flowed

# --- Limits ----------------------------------------------------------------------------------------------------------
# Apply size limits before any parser runs: content beyond a limit is dropped and the limit is recorded.
#
# The scans are linear and work on the output of charset.tidy; they decide nothing about meaning. Mail parsers take
# quadratic time or worse on hostile structure (many parts, deep nesting, endless parameters), and one message that
# takes a minute delays all others.

FIELD_LIMIT = 64 * 1024
HEADERS_LIMIT = 512 * 1024
STRUCTURE_LIMIT = 2 * 1024  # Content-* fields: email.message splits their parameters in quadratic time
PARTS_LIMIT = 1_000
DEPTH_LIMIT = 50
TEXT_LIMIT = 1_000_000

# A line start is written "\n", not "^": the regex engine then jumps from line to line (0.02 ms for 300 kB, not 2).
_NESTING = regex(rb"\ncontent-type:[ \t\n]*(?:multipart|message)/", re.I)
_BOUNDARY = regex(rb"\bboundary[ \t]*=[ \t\n]*(?:\"([^\"\n]{1,200})\"|([^\s;\"]{1,200}))", re.I)
_FIELD = regex(rb"^[^\n]*\n(?:[ \t][^\n]*\n)*", re.M)
_STRUCTURE = regex(rb"\ncontent-[a-z-]+:[^\n]*(?:\n[ \t][^\n]*)*", re.I)
_OUTLINE = regex(
    rb"\n(?:--(?P<boundary>[^\n]*)|(?P<blank>)(?=\n|\Z)|content-type:[ \t\n]*(?:multipart|(?P<message>message))/)", re.I
)


def cap_message(tidied: bytes) -> tuple[bytes, tuple[str, ...]]:
    """Return (what may be parsed, names of the limits that applied: field, headers, parts, depth)."""
    head, body = charset.split(tidied)
    names: list[str] = []

    def cut(field: re.Match[bytes]) -> bytes:
        limit = STRUCTURE_LIMIT if field[0][:8].lower() == b"content-" else FIELD_LIMIT
        if len(field[0]) <= limit:
            return field[0]
        names.append("field")
        return field[0][:limit].rstrip(b"\n") + b"\n"

    def cut_in_body(field: re.Match[bytes]) -> bytes:
        if len(field[0]) <= STRUCTURE_LIMIT + 1:
            return field[0]
        names.append("field")
        return b"\n" + field[0][1 : STRUCTURE_LIMIT + 1].rstrip(b"\n")

    if len(head) > HEADERS_LIMIT:
        names.append("headers")
        head = head[: head.rfind(b"\n", 0, HEADERS_LIMIT) + 1] or head[:FIELD_LIMIT] + b"\n"
    if len(head) > STRUCTURE_LIMIT:
        head = _FIELD.sub(cut, head)
    if len(body) > STRUCTURE_LIMIT:
        body = _STRUCTURE.sub(cut_in_body, b"\n" + body)[1:]
    if head:
        body = head + b"\n" + body
    containers = len(_NESTING.findall(b"\n" + body))
    if containers and (
        len(body) > FIELD_LIMIT or body.count(b"\n--") > PARTS_LIMIT or body.count(b"\n\n") > PARTS_LIMIT
    ):
        body = _cap_parts(body, names)
    if containers > DEPTH_LIMIT:
        body = b"".join(_cap_depth(body, names))
    return body, tuple(dict.fromkeys(names))


def _cap_parts(raw: bytes, names: list[str]) -> bytes:
    """Cut before part 1,001, and shorten part headers (and the blocks of a report) to their limit."""
    lowered = raw.lower()
    declared = (found for at in _places(lowered) if (found := _BOUNDARY.match(raw, at)))
    boundaries = {found[1] or found[2] for found in declared}
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
            if start >= 0 and found.start() - start > FIELD_LIMIT:
                names.append("headers")
                return raw[: raw.rfind(b"\n", start, start + FIELD_LIMIT) + 1]
            start, message = (end if message else -1), False
        elif found["message"]:
            message = True
        if parts > PARTS_LIMIT or (reports and blanks > 4 * PARTS_LIMIT):
            names.append("parts")
            return raw[: found.start()]
    if start >= 0 and len(raw) - start > FIELD_LIMIT:
        names.append("headers")
        return raw[: raw.rfind(b"\n", start, start + FIELD_LIMIT) + 1]
    return raw


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
            declared = _BOUNDARY.search(raw, end, end + STRUCTURE_LIMIT)
            open_at.append((declared[1] or declared[2]) if declared else b"")
            if len(open_at) > DEPTH_LIMIT:
                names.append("depth")
                open_at.pop()
                yield raw[done : found.start()] + b"Content-Type: application/octet-stream; was="
                done = found.start() + len(b"content-type:")
    yield raw[done:]


# --- Boundaries ------------------------------------------------------------------------------------------------------
# Repair multipart boundaries that senders and gateways broke, before a parser looks for the parts.
#
# This section decides which boundary the body uses. A boundary folded inside its quotes is unfolded to match the
# delimiter lines. A boundary that no delimiter line has, or a missing one, is replaced by the first delimiter line
# that a part header follows (RFC 2046 section 5.1.1). A declared boundary that is in use stays unchanged. The input is
# the output of charset.tidy; the work is linear.

_FOLDED = regex(rb"(\bboundary[ \t]*=[ \t\n]{0,9}\")([^\"\n]{0,200}\n[^\"]{0,200})\"", re.I)
_FOLD = regex(rb"\n[ \t]*")
_TYPE = regex(rb"^content-type:[^\n]{0,2000}(?:\n[ \t][^\n]{0,2000}){0,20}", re.I | re.M)
_MULTIPART = regex(rb"^content-type:\s{0,9}multipart/", re.I)
_DELIMITER = regex(rb"(?:^|\n)--([^\s\"][^\n\"]{0,199})\ncontent-[a-z-]{1,40}[ \t]*:", re.I)


def repair_boundaries(tidied: bytes) -> bytes:
    """Return the message with each multipart declaring the boundary that its delimiter lines have."""
    lowered = tidied.lower()
    if any(_FOLDED.match(tidied, at) for at in _places(lowered)):
        folded = tidied
        tidied = _FOLDED.sub(lambda found: _unfolded(found, folded), folded)
    if b"multipart/" not in lowered:
        return tidied
    head, body = charset.split(tidied)
    kind = _TYPE.search(head)
    if kind is None or not _MULTIPART.match(kind[0]):
        return tidied
    declared = _BOUNDARY.search(kind[0])
    boundary = (declared[1] or declared[2]).rstrip() if declared else b""
    if boundary and _delimits(boundary, tidied):
        delimiter = b"\n--" + boundary
        if tidied.count(delimiter) != 1:
            return tidied
        return tidied.replace(delimiter + b"--\n", delimiter + b"\n\n")  # the parser drops what follows a closing one
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


def _unfolded(found: re.Match[bytes], tidied: bytes) -> bytes:
    """Try the fold as a space (RFC 5322 section 2.2.3), then as nothing: gateways fold anywhere."""
    ways = (_FOLD.sub(b" ", found[2]), _FOLD.sub(b"", found[2]), found[2].replace(b"\n", b""))
    boundary = next((way for way in ways if _delimits(way, tidied)), None)
    return found[0] if boundary is None else found[1] + boundary + b'"'


def _delimits(boundary: bytes, tidied: bytes) -> bool:
    return b"\n--" + boundary.rstrip() in tidied


# --- Smime -----------------------------------------------------------------------------------------------------------
# Extract the message from an opaque S/MIME signature (RFC 8551 section 3.5.2) without verifying it.
#
# This section finds the signed content in SignedData (RFC 5652 section 5.1), in DER or in the indefinite-length BER
# that Outlook and OpenSSL write. It never checks a signature and never decrypts: enveloped data stays unread.

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


def smime_content(data: bytes) -> bytes:
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


# --- Tnef ------------------------------------------------------------------------------------------------------------
# Read winmail.dat (TNEF, [MS-OXTNEF]): the plain text and the files that Outlook packed into it.
#
# This section reads the plain-text body and the attached files, but not MAPI properties or compressed RTF: Outlook
# sends that text in a separate part as well. It never raises.

TNEF_SIGNATURE = b"\x78\x9f\x3e\x22"  # [MS-OXTNEF] 2.1.3.1, of every winmail.dat
_BODY, _TITLE, _ATTACHMENT_DATA, _RENDERING = 0x0002800C, 0x00018010, 0x0006800F, 0x00069002
_MOST = 1_000


@dataclass(frozen=True, slots=True)
class Packed:
    """`body` is in the sender's Windows charset; `files` are (name, content)."""

    body: bytes = b""
    files: tuple[tuple[bytes, bytes], ...] = ()


def unpack_tnef(data: bytes) -> Packed:
    """Return what can be read of `data`; Packed() if it is not TNEF."""
    if len(data) < 6 or not data.startswith(TNEF_SIGNATURE):
        return Packed()
    body, at = b"", 6
    files: list[list[bytes]] = []
    for _ in range(_MOST):
        if at + 9 > len(data):
            break
        _, kind, length = struct.unpack_from("<BII", data, at)  # of an attribute: level, id, length; then its value
        end = at + 9 + length
        if end > len(data):
            break
        value, at = data[at + 9 : end], end + 2  # and a checksum
        if kind == _BODY:
            body = value.rstrip(b"\0")
        elif kind == _RENDERING:
            files.append([b"", b""])
        elif kind in (_TITLE, _ATTACHMENT_DATA) and files:
            files[-1][kind == _ATTACHMENT_DATA] = value.rstrip(b"\0") if kind == _TITLE else value
    return Packed(body, tuple((name, content) for name, content in files if name or content))


# --- Parts -----------------------------------------------------------------------------------------------------------
# Read a message's tree of parts once: its text, the text of attached messages, and its files.
#
# This section decides which part is the text (of alternatives the plain one, unless it is blank or a stub) and what is
# a file. It reads S/MIME, winmail.dat and calendar parts. It never shows a file's content as text and never reads more
# text than TEXT_LIMIT. The tree is the standard library's, with the policy that fails least (compat32).

META = regex(rb"<meta[^>]{0,200}charset\s{0,9}=\s{0,9}[\"']?([a-zA-Z0-9_-]{1,40})", re.I)
_STUB = regex(r"\bhtml\b[^\n]{0,100}\b(?:view|client|support|enabled|format|compatible|lector|visor|veure|ver)", re.I)
_FOR_OLD_CLIENTS = regex(r"^[^\n]{0,200}\b(?:MIME|multi-?part)\b", re.I)  # "This is a message in MIME format"
_TOKEN = regex(r"[a-z0-9-]+", re.I)
_QUOPRI = regex(rb"((?:=[0-9A-Fa-f]{2})+)|=[ \t]*\n|(?<![ \t])[ \t]+(?=\n|\Z)")
_FILE_CHECK_SIZE = 10_000  # bytes; a smaller message is parsed as it is
# After a part's header (RFC 2045 section 6.8), without its last line end: a delimiter line may follow.
_BASE64 = regex(rb"(\n\r?\n)((?:[A-Za-z0-9+/]{76}\r?\n){20,}[A-Za-z0-9+/]{76})")
_TAKEN_OUT = regex(r"\0(\d+)\0")
_READ = frozenset({"text/plain", "text/html", "text/calendar", "text/enriched"})
_SIGNED = frozenset({"application/pkcs7-mime", "application/x-pkcs7-mime"})
TNEF_TYPES = frozenset({"application/ms-tnef", "application/vnd.ms-tnef"})
MESSAGE_TYPES = frozenset({"message/rfc822", "message/global"})
_NAME = 200
T = TypeVar("T", bound=Tree)


class MimePart(Tree):
    """A part that returns its payload as the bytes that were sent."""

    def get_content_type(self) -> str:
        """Kept once it is known: it is asked for ten times."""
        return self.__dict__.get("kind") or str(self.__dict__.setdefault("kind", super().get_content_type()))

    def octets(self) -> bytes:
        """Return the payload before any transfer decoding; b'' for a container."""
        payload = self.__dict__["_payload"]
        return payload.encode("utf-8", "surrogateescape") if isinstance(payload, str) else b""

    def raw(self, name: str) -> str:
        """Return the first field of this name, unfolded, undecoded, '' for none (Message.get fails on 8-bit bytes)."""
        value = next((str(value) for key, value in self.raw_items() if key.lower() == name), "")
        return " ".join(value.split())

    def data(self) -> bytes:
        """Return the payload after transfer decoding (RFC 2045 section 6), as leniently as mail clients decode it."""
        encoding = _TOKEN.search(self.raw("content-transfer-encoding"))
        kind = encoding[0].lower() if encoding else ""
        if kind == "base64":
            return charset.base64(self.octets())
        if kind == "quoted-printable":
            return _QUOPRI.sub(lambda codes: unhexlify((codes[1] or b"").replace(b"=", b"")), self.octets())
        return self.octets()


def tree(raw: bytes) -> MimePart:
    """Parse capped bytes."""
    return parsed(raw, lambda left: message_from_bytes(left, _class=MimePart))


def parsed(raw: bytes, parse: Callable[[bytes], T]) -> T:
    """`parse` the bytes. The parser reads line by line, so base64 files are removed before and restored after."""
    files: list[bytes] = []

    def taken_out(found: re.Match[bytes]) -> bytes:
        files.append(found[2])
        return found[1] + b"\0%d\0" % (len(files) - 1)

    if len(raw) > _FILE_CHECK_SIZE and b"\0" not in raw:
        raw = _BASE64.sub(taken_out, raw)
    root = parse(raw)
    for part in root.walk() if files else ():
        payload = part.__dict__["_payload"]
        if isinstance(payload, str) and "\0" in payload:
            part.set_payload(_TAKEN_OUT.sub(lambda found: files[int(found[1])].decode("ascii"), payload))
    return root


class Content:
    """The content of a tree. `text` is the message's own text; `forwarded` is the text of attached messages."""

    def __init__(self, root: MimePart) -> None:
        self.attachments: list[Attachment] = []
        self.caps: list[str] = []
        self._room = TEXT_LIMIT
        self._own: list[str] = []
        self._forwarded: list[str] = []
        self._read(root, self._own)

    @property
    def text(self) -> str:
        return "\n\n".join(self._own)

    @property
    def forwarded(self) -> str:
        return "\n\n".join(self._forwarded)

    def _read(self, part: MimePart, into: list[str] | None, depth: int = 0) -> None:
        """Read a part; if `into` is None, the text was already taken from elsewhere and only files count."""
        kind = part.get_content_type()
        if kind in MESSAGE_TYPES and part.is_multipart():
            inner = _children(part)[0]
            subject = charset.field(inner.raw("subject"))
            self._attach(file_name(part) or (f"{subject}.eml" if subject else ""), kind, flat(inner))
            if into is not None and depth < DEPTH_LIMIT:
                files, self.attachments = self.attachments, []
                self._read(inner, self._forwarded, depth + 1)
                self.attachments = files
        elif part.is_multipart() and part.get_content_maintype() == "multipart":
            before = len(self._own), len(self._forwarded), len(self.attachments)
            if kind == "multipart/alternative":
                self._alternatives(part, into, depth)
            else:
                for child in _children(part):
                    self._read(child, into, depth)
            if into is not None and before == (len(self._own), len(self._forwarded), len(self.attachments)):
                # a container that yields nothing: the text before its first part and after its last
                around = "\n".join(filter(None, (part.preamble, part.epilogue)))
                text = self._decode(around.encode("utf-8", "surrogateescape"), "").strip()
                if text and not _FOR_OLD_CLIENTS.search(text):
                    into.append(text)
        else:
            self._leaf(part, kind, into, depth)

    def _alternatives(self, part: MimePart, into: list[str] | None, depth: int) -> None:
        children = _children(part)
        plain = next((child for child in children if child.get_content_type() == "text/plain"), None)
        if into is not None and plain is not None:
            text = self._text(plain, "text/plain")
            if re.search(r"\w", text) and not (len(text) < 400 and _STUB.search(text)):
                into.append(text)
                into = None
        for child in sorted(children, key=lambda child: child.get_content_type() == "text/calendar"):
            if child is not plain:
                before = len(into or ())
                self._read(child, into, depth)
                into = None if len(into or ()) > before else into
        if into is not None and plain is not None and (text := self._text(plain, "text/plain")).strip():
            into.append(text)

    def _leaf(self, part: MimePart, kind: str, into: list[str] | None, depth: int) -> None:
        if kind in _SIGNED and depth < DEPTH_LIMIT and (inner := smime_content(part.data())):
            self._read(tree(cap_message(repair_boundaries(charset.tidy(inner)))[0]), into, depth + 1)
        elif kind in TNEF_TYPES:
            packed = unpack_tnef(part.data())
            if into is not None and not "".join(self._own).strip() and packed.body:
                into.append(self._decode(packed.body, "cp1252"))
            self._file(part, kind)
            for name, content in packed.files[:PARTS_LIMIT]:
                self._attach(charset.decode(name), "application/octet-stream", content)
        elif kind in _READ and not is_file(part):
            text = self._text(part, kind) if into is not None else ""
            if into is not None and text.strip():
                into.append(text)
            if kind == "text/calendar":
                self._file(part, kind)
        elif kind.startswith("multipart/"):  # declared, but without a boundary: take the content as text
            if into is not None:
                into.append(self._decode(part.octets(), ""))
        else:
            self._file(part, kind)

    def _text(self, part: MimePart, kind: str) -> str:
        declared = charset.parameters(part.raw("content-type"))
        name = declared.get("charset", "")
        data = part.data()
        if kind == "text/html":
            meta = None if name else META.search(data[:2000])
            return html_to_text(self._decode(data, meta[1].decode("ascii") if meta else name))
        text = self._decode(data, name)
        if kind == "text/calendar":
            return event_lines(text)
        return unflowed(text, declared)

    def _decode(self, data: bytes, name: str) -> str:
        """Decode `data` up to the remaining size limit."""
        if len(data) > self._room:
            self.caps.append("text")
            cut = data.rfind(b"\n", 0, self._room)
            data = data[: cut if cut > 0 else self._room]
        self._room -= len(data)
        return charset.decode(data.replace(b"\r\n", b"\n"), name)

    def _file(self, part: MimePart, kind: str) -> None:
        self._attach(file_name(part), kind, flat(part) if part.is_multipart() else part.data())

    def _attach(self, name: str, mime: str, data: bytes) -> None:
        checksum = hashlib.sha256(data).hexdigest()
        self.attachments.append(Attachment(name=clean_name(name), mime=mime, size=len(data), sha256=checksum))


def unflowed(text: str, declared: Mapping[str, str]) -> str:
    """Join the lines of format=flowed (RFC 3676); `declared`: the parameters of Content-Type."""
    if declared.get("format", "").lower() != "flowed":
        return text
    return unwrap_flowed(text, delsp=declared.get("delsp", "").lower() == "yes")


def children(part: Tree) -> list[Tree]:
    payload = part.get_payload()
    return [child for child in payload if isinstance(child, Tree)] if isinstance(payload, list) else []


def _children(part: MimePart) -> list[MimePart]:
    return [child for child in children(part) if isinstance(child, MimePart)][:PARTS_LIMIT]


def is_file(part: MimePart) -> bool:
    """Whether it is a file and no text to read."""
    disposition = part.raw("content-disposition").lower()
    return disposition.startswith("attachment") or (bool(disposition) and bool(file_name(part)))


def file_name(part: MimePart) -> str:
    """Its name as it was written, '' for none."""
    disposition, kind = part.raw("content-disposition"), part.raw("content-type")
    if "name" not in disposition.lower() and "name" not in kind.lower():
        return ""
    return charset.parameters(disposition).get("filename", "") or charset.parameters(kind).get("name", "")


def clean_name(name: str) -> str:
    """Return a file name for lists and logs: no path, no controls or direction marks, at most 200 characters."""
    name = charset.readable(name)
    return (re.split(r"[\\/]", name)[-1].strip() or name)[:_NAME]


def flat(part: MimePart) -> bytes:
    """Return a part as it was sent, except for line ends: the standard library's generators raise on broken parts."""
    pieces: list[bytes] = []
    work: list[MimePart | bytes] = [part]
    while work:
        piece = work.pop()
        if isinstance(piece, bytes):
            pieces.append(piece)
            continue
        head = "".join(f"{name}:{' ' if value[:1] not in ' ' else ''}{value}\n" for name, value in piece.raw_items())
        pieces.append(head.encode("utf-8", "surrogateescape") + b"\n" + piece.octets())
        between = b"\n--" + str(piece.get_boundary("")).encode("utf-8", "surrogateescape")
        children = _children(piece)
        if children and piece.get_content_maintype() == "multipart":
            work.append(between + b"--\n")
        for child in reversed(children):
            work.append(child)
            work.append(between + b"\n" if piece.get_content_maintype() == "multipart" else b"")
    return b"".join(pieces)
