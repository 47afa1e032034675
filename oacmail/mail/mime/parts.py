"""A message's tree of parts, read once: its text, attached messages and files, out of broken boundaries, S/MIME and
TNEF.

Content beyond a limit is dropped before any parser runs, and the limit is recorded.
"""

import re
import struct
from binascii import a2b_qp, unhexlify
from collections.abc import Iterator, Mapping
from email.message import Message as Tree
from typing import NamedTuple

from msgspec import Struct

from oacmail.core.model import Attachment, regex
from oacmail.mail.mime import charset
from oacmail.mail.mime.text import event_lines, html_to_text, unwrap_flowed

# --- Limits ----------------------------------------------------------------------------------------------------------
# Content beyond a limit is dropped before any parser reads it: readers of strange structure (many parts, deep nesting,
# endless parameters) take quadratic time or worse, and one message that takes a minute delays all others.

FIELD_LIMIT = 64 * 1024
HEADERS_LIMIT = 512 * 1024
STRUCTURE_LIMIT = 2 * 1024  # Content-* fields: email.message splits their parameters in quadratic time
PARTS_LIMIT = 1_000
DEPTH_LIMIT = 50
TEXT_LIMIT = 1_000_000

_FIELD = regex(rb"^[^\n]*\n(?:[ \t][^\n]*\n)*", re.M)


class Capped(NamedTuple):
    """What may be read of a message. `fields`: what charset.pairs returns. `caps`: names of the limits that
    applied: field, headers; once its tree is built, parts and depth as well."""

    fields: list[tuple[str, str]]
    body: bytes
    caps: list[str]


def cap_message(head: bytes, body: bytes) -> Capped:
    """Cut the head of a tidied message to the limits; `tree` keeps to those of the body."""
    names: list[str] = []
    near = head + b"\n" + body[: _LONGEST_FOLD - 1]  # the head may seem to end within the fold
    if b"multipart/" in head.lower() and _FOLDED.search(near):
        head, body = charset.split(_unfold(near, head + b"\n" + body) + body[_LONGEST_FOLD - 1 :])

    def cut(field: re.Match[bytes]) -> bytes:
        limit = STRUCTURE_LIMIT if field[0][:8].lower() == b"content-" else FIELD_LIMIT
        if len(field[0]) <= limit:
            return field[0]
        names.append("field")
        return field[0][:limit].rstrip(b"\n") + b"\n"

    if len(head) > HEADERS_LIMIT:
        names.append("headers")
        head = head[: head.rfind(b"\n", 0, HEADERS_LIMIT) + 1] or head[:FIELD_LIMIT] + b"\n"
    if len(head) > STRUCTURE_LIMIT:
        head = _FIELD.sub(cut, head)
    return Capped(charset.pairs(head), body, names)


# --- Tree ------------------------------------------------------------------------------------------------------------
# Build the tree of parts that the standard library's parser builds, which reads each line of each file.
#
# This section decides where a part begins and ends (RFC 2046 section 5.1.1): a container is cut at its delimiter
# lines, and each piece is a part. Two repairs: a boundary folded inside its quotes is unfolded to match the delimiter
# lines; where no line has the boundary that the message declares, or it declares none, the first delimiter line counts
# that a part's header follows.

_HEAD = regex(rb"(?:(?:From |[!-9;-~]*:|[\t ])[^\n]*(?:\n|\Z))*+")
_BOUNDARY = regex(r"\bboundary[ \t]*=[ \t\n]*(?:\"([^\"\n]{1,200})\"|([^\s;\"]{1,200}))", re.I)
# It begins with a set of characters, which the engine finds faster than a word of any case.
_FOLDED = regex(rb"([Bb](?<=\b[Bb])(?i:oundary)[ \t]*=[ \t\n]{0,9}\")([^\"\n]{0,200}\n[^\"]{0,200})\"")
_LONGEST_FOLD = 400  # octets of a folded boundary
_FOLD = regex(rb"\n[ \t]*")
_DELIMITER = regex(rb"\n--([^\s\"][^\n\"]{0,199})\ncontent-[a-z-]{1,40}[ \t]*:", re.I)


def tree(capped: Capped) -> "MimePart":
    """Return the message's tree; `capped.caps` gets the names of the limits that cut something."""
    builder = _Builder(b"\n" + capped.body, capped.caps)
    if not capped.fields:
        return builder.part(1, len(builder.text), 0)
    root = MimePart()
    builder.set_fields(root, capped.fields)
    boundary = builder.repair(root) if root.get_content_maintype() == "multipart" else b""
    builder.fill(root, 1, len(builder.text), 0, boundary)
    return root


class _Builder:
    """Builds parts of `text`, a body behind a line end. A part's `end` is that of its last line, without the line end
    that belongs to the delimiter behind it."""

    def __init__(self, text: bytes, caps: list[str]) -> None:
        self.text = text
        self.caps = caps
        self.count = 0
        self.full = False  # a limit is reached: what follows is dropped

    def repair(self, root: "MimePart") -> bytes:
        """Return the boundary that the message's delimiter lines have; b'' = the one that it declares."""
        named = _BOUNDARY.search(next(str(value) for name, value in root.raw_items() if name.lower() == "content-type"))
        if named is None and root.get_boundary() is not None:
            return b""
        delimiter = b"\n--" + _encoded(named[1] or named[2]).rstrip() if named else b""
        first = self.text.find(delimiter) if named else -1
        if first < 0:
            found = _DELIMITER.search(self.text)
            return found[1].rstrip() if found else b""
        if self.text.startswith(b"--\n", first + len(delimiter)) and self.text.find(delimiter, first + 1) < 0:
            self.text = self.text.replace(delimiter + b"--\n", delimiter + b"\n\n")  # the only one closes
        return b""

    def drop(self, limit: str) -> None:
        self.caps.append(limit)
        self.full = True

    def part(self, start: int, end: int, depth: int, default: str = "text/plain") -> "MimePart":
        part = MimePart()
        part.set_default_type(default)
        head = _HEAD.match(self.text, start, end)
        stop = head.end() if head else start
        last = self.text.rfind(b"\n", start, max(start, stop - 1)) + 1
        if self.text.startswith(b"From ", last) and last > start:  # the text's first line
            stop = last
        if stop - start > FIELD_LIMIT:
            stop = self.text.rfind(b"\n", start, start + FIELD_LIMIT) + 1 or start + FIELD_LIMIT
            self.drop("headers")
            end = stop
        self.set_fields(part, charset.pairs(_unfold(self.text[start:stop], self.text, max(start, stop - 1), end)))
        self.fill(part, self.with_line_end(stop), end, depth)
        return part

    def set_fields(self, part: "MimePart", fields: list[tuple[str, str]]) -> None:
        for name, value in fields:
            kept = value
            if len(name) + len(value) >= STRUCTURE_LIMIT and name.lower().startswith("content-"):
                self.caps.append("field")
                kept = value[: STRUCTURE_LIMIT - len(name) - 1]
            if name and not name.startswith("From "):
                part.set_raw(name, kept.lstrip(" \t"))

    def fill(self, part: "MimePart", start: int, end: int, depth: int, boundary: bytes = b"") -> None:
        """Give a part its content. `boundary`: another than it declares."""
        kind, container = part.get_content_type(), part.get_content_maintype()
        if depth >= DEPTH_LIMIT and container in ("multipart", "message"):
            self.caps.append("depth")
            kind = container = part.__dict__["kind"] = "application/octet-stream"
        declared = part.get_boundary() if container == "multipart" else None
        if boundary or declared is not None:
            self.fill_multipart(part, start, end, depth, boundary or _encoded(declared or ""))
        elif kind == "message/delivery-status":
            self.fill_report(part, start, end, depth)
        elif container == "message":
            part.attach(self.part(start, end, depth + 1))
        else:
            self.set_text(part, start, self.with_line_end(end) if container == "multipart" else end)

    def set_text(self, part: "MimePart", start: int, end: int) -> None:
        part.set_payload(self.text[start:end].decode("ascii", "surrogateescape"))

    def with_line_end(self, end: int) -> int:
        return end + self.text.startswith(b"\n", end)

    def fill_report(self, part: "MimePart", start: int, end: int, depth: int) -> None:
        """Each block of fields is a part (RFC 3464 section 2.1)."""
        last = self.with_line_end(end)
        for _ in range(4 * PARTS_LIMIT):
            blank = self.text.find(b"\n\n", start - 1, last)
            is_last = blank < 0 or blank + 2 >= last
            part.attach(self.part(start, end if blank < 0 else blank + (not is_last), depth + 1))
            start = blank + 2
            if is_last:
                return
        self.drop("parts")

    def fill_multipart(self, part: "MimePart", start: int, end: int, depth: int, boundary: bytes) -> None:
        opened = -1  # where the part begins that is open
        for at, behind, closes in self.delimiters(start, end, boundary):
            if opened == at + 1:  # of delimiters in a row the last counts, and opens a part
                opened = behind
                continue
            if opened >= 0:
                self.add(part, opened, at, depth)
            elif closes:
                self.set_text(part, start, at + 1)
            elif at >= start:
                part.preamble = self.text[start:at].decode("ascii", "surrogateescape")
            if closes and opened >= 0:
                part.epilogue = self.text[behind:end].decode("ascii", "surrogateescape")
            if closes or self.full:
                return
            opened = behind
        if opened < 0:
            self.set_text(part, start, self.with_line_end(end))
        else:
            last = end - (end == len(self.text) and self.text.endswith(b"\n", opened))
            self.add(part, min(opened, last), last, depth)

    def add(self, part: "MimePart", start: int, end: int, depth: int) -> None:
        self.count += 1
        if self.count > PARTS_LIMIT:
            self.drop("parts")
        else:
            default = "message/rfc822" if part.get_content_type() == "multipart/digest" else "text/plain"
            part.attach(self.part(start, end, depth + 1, default))

    def delimiters(self, start: int, end: int, boundary: bytes) -> Iterator[tuple[int, int, bool]]:
        """Yield of each delimiter line the line end before it, the place behind it, and whether it closes."""
        delimiter, at = b"\n--" + boundary, start - 1
        while (at := self.text.find(delimiter, at, end)) >= 0:
            stop = self.text.find(b"\n", at + 1, end)
            stop = end if stop < 0 else stop
            rest = self.text[at + len(delimiter) : stop].rstrip(b" \t")
            if rest in (b"", b"--"):
                yield at, stop + 1, rest == b"--"
            at += 1


def _encoded(boundary: str) -> bytes:
    return boundary.encode("utf-8", "surrogateescape")


def _unfold(head: bytes, text: bytes, start: int = 0, end: int | None = None) -> bytes:
    """Try the first folded boundary with a space (RFC 5322 section 2.2.3), then with nothing: gateways fold anywhere.
    Its delimiter lines lie between `start` and `end`: each head of many may have a boundary that the text has not."""

    def unfolded(found: re.Match[bytes]) -> bytes:
        ways = (_FOLD.sub(b" ", found[2]), _FOLD.sub(b"", found[2]), found[2].replace(b"\n", b""))
        boundary = next((way for way in ways if text.find(b"\n--" + way.rstrip(), start, end) >= 0), None)
        return found[0] if boundary is None else found[1] + boundary + b'"'

    return _FOLDED.sub(unfolded, head, count=1) if b"boundary" in head.lower() else head


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


class _Item(Struct, frozen=True):
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


class Packed(Struct, frozen=True):
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
# text than TEXT_LIMIT.

META = regex(rb"<meta[^>]{0,200}charset\s{0,9}=\s{0,9}[\"']?([a-zA-Z0-9_-]{1,40})", re.I)
_STUB = regex(r"\bhtml\b[^\n]{0,100}\b(?:view|client|support|enabled|format|compatible|lector|visor|veure|ver)", re.I)
_FOR_OLD_CLIENTS = regex(r"^[^\n]{0,200}\b(?:MIME|multi-?part)\b", re.I)  # "This is a message in MIME format"
_TOKEN = regex(r"[a-z0-9-]+", re.I)
_QUOPRI = regex(rb"((?:=[0-9A-Fa-f]{2})+)|=[ \t]*\n|(?<![ \t])[ \t]+(?=\n|\Z)")
_LOOSE = (b"==", b" \n", b"\t\n")  # what binascii reads otherwise than mail clients
_READ = frozenset({"text/plain", "text/html", "text/calendar", "text/enriched"})
_SIGNED = frozenset({"application/pkcs7-mime", "application/x-pkcs7-mime"})
TNEF_TYPES = frozenset({"application/ms-tnef", "application/vnd.ms-tnef"})
MESSAGE_TYPES = frozenset({"message/rfc822", "message/global"})
_NAME = 200


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
            octets = self.octets()
            if not (any(map(octets.__contains__, _LOOSE)) or octets.endswith((b"=", b" ", b"\t"))):
                return a2b_qp(octets)
            return _QUOPRI.sub(lambda codes: unhexlify((codes[1] or b"").replace(b"=", b"")), octets)
        return self.octets()


class Content:
    """The content of a tree. `text` is the message's own text; `forwarded` is the text of attached messages."""

    def __init__(self, root: MimePart) -> None:
        self.attachments: list[Attachment] = []
        self.caps: list[str] = []
        self._room = TEXT_LIMIT
        self._own: list[str] = []
        self._forwarded: list[str] = []
        self._read(root, self._own)
        self.text, self.forwarded = "\n\n".join(self._own), "\n\n".join(self._forwarded)

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
            self._read(tree(cap_message(*charset.tidy(inner))), into, depth + 1)
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
        self.attachments.append(Attachment(name=clean_name(name), mime=mime, size=len(data), read=True))


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
