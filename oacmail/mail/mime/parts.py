"""Read a message's tree of parts once: its text, the text of attached messages, and its files.

This module decides which part is the text (of alternatives the plain one, unless it is blank or a stub) and what is a
file. It reads S/MIME, winmail.dat and calendar parts. It never shows a file's content as text and never reads more text
than limits.TEXT. The tree is the standard library's, with the policy that fails least (compat32).
"""

import hashlib
import re
from collections.abc import Mapping, Sequence
from email import message_from_bytes
from email.message import Message as Tree
from itertools import islice

from oacmail.core.model import Attachment
from oacmail.mail.mime import boundaries, calendar_text, charset, flowed, htmltext, limits, normalize, smime, tnef

_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]+")
_META = re.compile(rb"<meta[^>]{0,200}charset\s{0,9}=\s{0,9}[\"']?([a-zA-Z0-9_-]{1,40})", re.I)
_STUB = re.compile(
    r"\bhtml\b[^\n]{0,100}\b(?:view|client|support|enabled|format|compatible|lector|visor|veure|ver)", re.I
)
_FOR_OLD_CLIENTS = re.compile(r"^[^\n]{0,200}\b(?:MIME|multi-?part)\b", re.I)  # "This is a message in MIME format"
_TOKEN = re.compile(r"[a-z0-9-]+", re.I)
_QUOPRI = re.compile(rb"=([0-9A-Fa-f]{2})|=[ \t]*\n|(?<![ \t])[ \t]+(?=\n|\Z)")
_FILE_CHECK_SIZE = 10_000  # bytes; a smaller message is parsed as it is
_BASE64 = re.compile(rb"(?<=\n\n)(?:[A-Za-z0-9+/]{76}\n){20,}")  # after a part's header; RFC 2045 section 6.8
_TAKEN_OUT = re.compile(r"\0(\d+)\n")
_READ = frozenset({"text/plain", "text/html", "text/calendar", "text/enriched"})
_SIGNED = frozenset({"application/pkcs7-mime", "application/x-pkcs7-mime"})
_TNEF = frozenset({"application/ms-tnef", "application/vnd.ms-tnef"})
_MESSAGE_TYPES = frozenset({"message/rfc822", "message/global"})
_NAME = 200


class MimePart(Tree):
    """A part that returns its payload as the bytes that were sent."""

    def octets(self) -> bytes:
        """Return the payload before any transfer decoding; b'' for a container."""
        payload = self.__dict__["_payload"]
        return payload.encode("utf-8", "surrogateescape") if isinstance(payload, str) else b""

    def put_back(self, files: Sequence[bytes]) -> None:
        """Restore the base64 blocks that `tree` removed from the payload."""
        payload = self.__dict__["_payload"]
        if isinstance(payload, str) and "\0" in payload:
            self.set_payload(_TAKEN_OUT.sub(lambda found: files[int(found[1])].decode("ascii"), payload))

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
        return _quoted_printable(self.octets()) if kind == "quoted-printable" else self.octets()


def _quoted_printable(data: bytes) -> bytes:
    return _QUOPRI.sub(lambda found: bytes((int(found[1], 16),)) if found[1] else b"", data)


def tree(raw: bytes) -> MimePart:
    """Parse capped bytes. The parser reads line by line, so base64 files are removed before and restored after."""
    files: list[bytes] = []

    def taken_out(found: re.Match[bytes]) -> bytes:
        files.append(found[0])
        return b"\0%d\n" % (len(files) - 1)

    if len(raw) > _FILE_CHECK_SIZE and b"\0" not in raw:
        raw = _BASE64.sub(taken_out, raw)
    root = message_from_bytes(raw, _class=MimePart)
    for part in root.walk() if files else ():
        part.put_back(files)
    return root


class Content:
    """The content of a tree. `text` is the message's own text; `forwarded` is the text of attached messages."""

    def __init__(self, root: MimePart) -> None:
        self.attachments: list[Attachment] = []
        self.caps: list[str] = []
        self._room = limits.TEXT
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
        if kind in _MESSAGE_TYPES and part.is_multipart():
            self._attached_message(part, into is not None, depth)
        elif part.is_multipart() and part.get_content_maintype() == "multipart":
            before = len(self._own), len(self._forwarded), len(self.attachments)
            if kind == "multipart/alternative":
                self._alternatives(part, into, depth)
            else:
                for child in _children(part):
                    self._read(child, into, depth)
            if before == (len(self._own), len(self._forwarded), len(self.attachments)):
                self._around(part, into)
        else:
            self._leaf(part, kind, into, depth)

    def _around(self, part: MimePart, into: list[str] | None) -> None:
        """If a container yields nothing, take the text before its first part and after its last."""
        around = "\n".join(filter(None, (part.preamble, part.epilogue)))
        text = self._decode(around.encode("utf-8", "surrogateescape"), "").strip()
        if into is not None and text and not _FOR_OLD_CLIENTS.search(text):
            into.append(text)

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
        if kind in _SIGNED and depth < limits.DEPTH and (inner := smime.content(part.data())):
            self._read(tree(limits.cap(boundaries.repair(normalize.tidy(inner)))[0]), into, depth + 1)
        elif kind in _TNEF:
            self._packed(part, into)
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
            meta = None if name else _META.search(data[:2000])
            return htmltext.to_text(self._decode(data, meta[1].decode("ascii") if meta else name))
        text = self._decode(data, name)
        if kind == "text/calendar":
            return calendar_text.event_lines(text)
        return unflowed(text, declared)

    def _decode(self, data: bytes, name: str) -> str:
        """Decode `data` up to the remaining size limit."""
        if len(data) > self._room:
            self.caps.append("text")
            cut = data.rfind(b"\n", 0, self._room)
            data = data[: cut if cut > 0 else self._room]
        self._room -= len(data)
        return charset.decode(data.replace(b"\r\n", b"\n"), name)

    def _attached_message(self, part: MimePart, wanted: bool, depth: int) -> None:
        inner = _children(part)[0]
        subject = charset.field(inner.raw("subject"))
        data = flat(inner)
        self._attach(file_name(part) or (f"{subject}.eml" if subject else ""), part.get_content_type(), data)
        if wanted and depth < limits.DEPTH:
            files, self.attachments = self.attachments, []
            self._read(inner, self._forwarded, depth + 1)
            self.attachments = files

    def _packed(self, part: MimePart, into: list[str] | None) -> None:
        packed = tnef.unpack(part.data())
        if into is not None and not "".join(self._own).strip() and packed.body:
            into.append(self._decode(packed.body, "cp1252"))
        self._file(part, part.get_content_type())
        for name, content in packed.files[: limits.PARTS]:
            self._attach(charset.decode(name), "application/octet-stream", content)

    def _file(self, part: MimePart, kind: str) -> None:
        self._attach(file_name(part), kind, flat(part) if part.is_multipart() else part.data())

    def _attach(self, name: str, mime: str, data: bytes) -> None:
        checksum = hashlib.sha256(data).hexdigest()
        self.attachments.append(Attachment(name=clean_name(name), mime=mime, size=len(data), sha256=checksum))


def unflowed(text: str, declared: Mapping[str, str]) -> str:
    """Join the lines of format=flowed (RFC 3676); `declared`: the parameters of Content-Type."""
    if declared.get("format", "").lower() != "flowed":
        return text
    return flowed.unwrap(text, delsp=declared.get("delsp", "").lower() == "yes")


def _children(part: MimePart) -> list[MimePart]:
    payload = part.get_payload()
    found = [child for child in payload if isinstance(child, MimePart)] if isinstance(payload, list) else []
    return list(islice(found, limits.PARTS))


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
    name = " ".join(_CONTROLS.sub(" ", name).split())
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
