"""Read an agent's mail to a person into the parts that are relayed: text, HTML, images in it, and files.

What cannot be relayed as it is has a reason: encrypted or signed mail, attached messages (they may be internal), mail
that was not read whole, an empty text, an unsure cut (answer_text.py). No header field of the mail is kept, neither its
own nor those of its parts. It decides nothing about cases or writers.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from html import escape

from oacmail.mail.mime import boundaries, charset, htmltext, limits, normalize, parts, tnef
from oacmail.mail.mime.parts import MimePart
from oacmail.mail.outgoing import answer_text
from oacmail.mail.outgoing.answer_text import Cut
from oacmail.mail.understanding import reply_text

_PROTECTED = frozenset(
    ("multipart/encrypted", "multipart/signed", "application/pkcs7-mime", "application/x-pkcs7-mime")
) | {"application/pgp-encrypted", "application/pgp-signature", "application/pkcs7-signature"}
_PACKED = frozenset({"application/ms-tnef", "application/vnd.ms-tnef"})
_MESSAGE_NAME = re.compile(r"\.(?:eml|emlx|msg|oft|mbox|mht|mhtml)[\s.]*$", re.I)
_PACKED_NAME = re.compile(r"winmail\.dat\b|\.tnef[\s.]*$", re.I)
_ARMOUR = "-----BEGIN PGP "
_META = re.compile(rb"<meta[^>]{0,200}charset\s{0,9}=\s{0,9}[\"']?([a-zA-Z0-9_-]{1,40})", re.I)
_TYPE = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]{0,60}/[a-z0-9][a-z0-9!#$&^_.+-]{0,80}")


@dataclass(frozen=True, slots=True)
class AnswerFile:
    """`place`: the Content-ID by which the HTML shows it; '' = an attachment."""

    name: str
    mime: str
    data: bytes
    place: str = ""


@dataclass(frozen=True, slots=True)
class AnswerParts:
    """`reason`: why it cannot be relayed, '' = it can; `empty` also with `files` beside a signature alone. `whole`: the
    text before the cut."""

    text: str = ""
    html: str = ""
    files: tuple[AnswerFile, ...] = ()
    reason: str = ""
    whole: str = ""


@dataclass(slots=True)
class _Found:
    bodies: list[tuple[str, str]] = field(default_factory=list)  # (plain | html, text)
    files: list[AnswerFile] = field(default_factory=list)
    reason: str = ""


def read(raw: bytes) -> AnswerParts:
    """Never raises for any bytes that the limits let through."""
    capped, caps = limits.cap(boundaries.repair(normalize.tidy(raw)))
    if caps:
        return AnswerParts(reason="too-large")
    found = _Found()
    for part in _leaves(parts.tree(capped), found):
        _leaf(part, found)
    if not found.reason and any(_ARMOUR in text for _, text in found.bodies):
        found.reason = "protected"
    if found.reason:
        return AnswerParts(reason=found.reason)
    return _answer(found)


def _answer(found: _Found) -> AnswerParts:
    whole = "\n\n".join(text for kind, text in found.bodies if kind == "plain")
    if any(kind == "html" for kind, _ in found.bodies):
        html = "\n".join(text if kind == "html" else _as_html(text) for kind, text in found.bodies)
        cut = answer_text.cut_html(html)
    else:
        cut = answer_text.cut_text(whole)
    shown, attached = _placed(cut, "\n".join(text for kind, text in found.bodies if kind == "html"), found.files)
    written = reply_text.above_quote(cut.text).is_written
    reason = cut.reason or ("" if written or (attached and not cut.text.strip()) else "empty")
    return AnswerParts(cut.text, cut.html, (*shown, *attached), reason, whole or cut.text)


def _as_html(text: str) -> str:
    return "<p>" + escape(text).replace("\n", "<br>\n") + "</p>"


def _placed(cut: Cut, html: str, files: list[AnswerFile]) -> tuple[tuple[AnswerFile, ...], tuple[AnswerFile, ...]]:
    """(images in the HTML that remains, attachments): an image of the quote goes with the quote. A file that no HTML
    shows is an attachment; Gmail and Exchange give each of them a Content-ID."""
    shown = tuple(file for file in files if _shows(cut.html, file))
    attached = tuple(replace(file, place="") for file in files if not _shows(html, file))
    return shown, attached


def _shows(html: str, file: AnswerFile) -> bool:
    return bool(file.place) and f"cid:{file.place}" in html


def _leaves(root: MimePart, found: _Found) -> Iterator[MimePart]:
    """The parts that count, in order; of alternatives the richest text that is HTML or plain."""
    kind = root.get_content_type()
    if kind in _PROTECTED:
        found.reason = "protected"
    elif kind in _PACKED:
        found.reason = "other-format"
    elif kind.startswith("message/"):
        found.reason = "attached-message"
    elif not root.is_multipart():
        yield root
    else:
        children = [child for child in root.get_payload() if isinstance(child, MimePart)]
        if kind == "multipart/alternative":
            rich = [child for child in children if child.is_multipart() or _is_html_with_content(child)]
            plain = [child for child in children if child.get_content_type() == "text/plain"]
            calendars = [child for child in children if child.get_content_type() == "text/calendar"]
            children = [*(rich[-1:] or plain[-1:]), *calendars]
        for child in children:
            yield from _leaves(child, found)


def _is_html_with_content(part: MimePart) -> bool:
    """Whether it is HTML with a word or an image; some gateways put an empty page beside the text."""
    if part.get_content_type() != "text/html":
        return False
    html = _decoded(part, "text/html")
    return "<img" in html.lower() or bool(htmltext.to_text(html).strip())


def _leaf(part: MimePart, found: _Found) -> None:
    kind, name = part.get_content_type(), parts.file_name(part)
    if _MESSAGE_NAME.search(name):
        found.reason = "attached-message"
    elif _PACKED_NAME.search(name) or part.data().startswith(tnef.SIGNATURE):  # it may hold the notice below the mail
        found.reason = "other-format"
    elif kind in ("text/plain", "text/html") and not parts.is_file(part):
        found.bodies.append((kind.removeprefix("text/"), _decoded(part, kind)))
    else:
        place = part.raw("content-id").strip("<> ")
        shown = _TYPE.fullmatch(kind) and not kind.startswith(("multipart/", "message/"))
        mime = kind if shown else "application/octet-stream"
        found.files.append(AnswerFile(parts.clean_name(name), mime, part.data(), place))


def _decoded(part: MimePart, kind: str) -> str:
    declared = charset.parameters(part.raw("content-type"))
    data, name = part.data().replace(b"\r\n", b"\n"), declared.get("charset", "")
    meta = _META.search(data[:2000]) if kind == "text/html" and not name else None
    return parts.unflowed(charset.decode(data, meta[1].decode("ascii") if meta else name), declared)
