"""The final bytes of an outgoing mail: header fields, safe text, HTML, enclosures and, for staff, the original
message.

No other module turns text into header fields of our mail (docs/subjects.md, "What we write to others").
"""

import re
from base64 import b64encode, encodebytes
from binascii import b2a_qp
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from email.utils import format_datetime
from functools import cache
from hashlib import sha256
from typing import Literal
from unicodedata import normalize
from urllib.parse import quote

from msgspec import Struct

from oacmail.core.effects import Send
from oacmail.core.model import domain_of, regex
from oacmail.core.policy import Office
from oacmail.core.view import AgreedCall
from oacmail.mail.mime import charset
from oacmail.words.labels import group

# --- Plain text ------------------------------------------------------------------------------------------------------
# No control, escape, zero-width or bidi characters, and no clickable links. Every citizen text that a person sees
# passes through here, and every text of ours in a header. Only what is shown changes, never what is stored.

# C0, DEL and C1; soft hyphen; bidi marks and isolates; zero-width; line and paragraph separators; BOM; surrogates.
_BREAKS = regex("[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_HIDDEN = regex("[\xad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff]+")
_NEWLINE = regex("\r\n|[\r\n\x0b\x0c\x85\u2028\u2029]")
_HOST = regex(r"(?<=\w)://[^\s/?#<>]{0,253}|\b(?:www|ftp)\.[^\s/?#<>@]{0,253}", re.IGNORECASE)
# A client links `example.org`, `example.org:8443/a` and `example.org?a` too. What follows an @ is an address, and after
# a full stop without a space a sentence begins with a capital.
_BARE_HOST = regex(
    r"(?:(?<![\w@./\\-])|(?<=//))(?:(?:[^\W_]|-)+\.)+(?:[a-z]{2,24}|[A-Z]{2,24}|(?i:com|org|net|cat|es|eu|info))(?![\w@-]|\.\w)"
)
_FILE = regex(r"\.(?:pdf|docx?|xlsx?|pptx?|od[ts]|jpe?g|png|gif|heic|txt|csv|xml|eml|msg)\Z", re.IGNORECASE)
_SHARE = regex(r"\\\\(?=\w)")  # a client links `\\host\folder`
_MAILTO = regex(r"\b(mailto):", re.IGNORECASE)
_NO_BREAK = "\u00a0"


def one_line(text: str) -> str:
    """Return the text on one line, with white space collapsed."""
    return " ".join(_shown(text).split())


def many_lines(text: str) -> str:
    """Return the text with its lines kept and LF line ends."""
    return "\n".join(_shown(line).rstrip() for line in _NEWLINE.split(text)).strip("\n")


def _shown(line: str) -> str:
    return line if line.isprintable() else _HIDDEN.sub("", _BREAKS.sub(" ", line))  # what is printable has neither


def dead_links(text: str) -> str:
    """`https://www.example.org` becomes `https[://]www[.]example[.]org`: readable, but not a link in a client, also not
    in one that makes links of bare names of hosts and of shared folders. Addresses and names of files stay."""
    hosts = _HOST.sub(lambda found: found[0].replace("://", "[://]").replace(".", "[.]"), _SHARE.sub(r"[\\\\]", text))
    return _MAILTO.sub(r"\1[:]", _BARE_HOST.sub(_dead, hosts))


def _dead(host: re.Match[str]) -> str:
    is_file = _FILE.search(host[0]) and host.string[host.end() : host.end() + 1] not in ("/", "?", ":", "\\")
    return host[0] if is_file else host[0].replace(".", "[.]")


@cache
def _together() -> re.Pattern[str]:
    """It begins with the space, which the engine finds faster than what stands before it."""
    words = {word for of_lang in group("format")["no_break_before_number"].values() for word in of_lang}
    before = "|".join(rf"(?<=\b{re.escape(word)} )" for word in sorted(words))
    return re.compile(rf" (?:(?<=\d )(?=h\b|\d{{3}}\b)|(?:{before})(?=\d))")


def kept_together(text: str, name: str) -> str:
    """Put no-break spaces into hours, telephone numbers, laws and `name`, for HTML: a phone breaks lines anywhere."""
    return _together().sub(_NO_BREAK, text.replace(name, name.replace(" ", _NO_BREAK)))


# --- Headers ---------------------------------------------------------------------------------------------------------
# Text from outside cannot create a field: line breaks, controls and `=?` are removed, and addresses and ids are checked
# against their grammar and never encoded. Fields are folded here, between tokens only: the email package of Python 3.11
# and 3.13 turns an In-Reply-To of 80 characters into an encoded word, and Outlook's ids are that long.

LIMIT = 200
WIDTH = 76  # of a line with an encoded word (RFC 2047, section 2); below the 78 of RFC 5322, 2.1.1
_WORD_BYTES = 36  # an encoded word of 60 characters, which fits after "Subject: "
_MAX_TOKEN = 900
_ENDS = 9

_ATEXT = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]"
_QUOTED = r'"(?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\[\x20-\x7e])*"'
_LITERAL = r"\[[\x21-\x5a\x5e-\x7e]*\]"
_MSG_ID = regex(rf"<(?:{_ATEXT}+|{_QUOTED})@(?:{_ATEXT}+|{_LITERAL})>")
_ADDRESS = regex(rf"(?:{_ATEXT}+|{_QUOTED})@(?:[A-Za-z0-9_.-]+|{_LITERAL})")
_DOTS = regex("[.\u3002\uff0e\uff61]")  # RFC 3490, section 3.1
_DEVIATING = regex("[ßẞς]")
_PHRASE = regex(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~ -]+")


def clean(text: str) -> str:
    """Return one line of at most 200 characters without control characters or the start of an encoded word."""
    return " ".join(_shown(text).replace("=?", " ").split())[:LIMIT].rstrip()


def bare_address(address: str) -> str:
    """Return the address unchanged if it is an ASCII addr-spec (RFC 5322, 3.4.1); raise ValueError otherwise.

    A non-ASCII domain is converted to its ASCII form; a non-ASCII local part is refused.
    """
    local, _, domain = address.rpartition("@")
    if not domain.isascii():
        address = f"{local}@{ascii_domain(domain)}"
    if len(address) > 254 or not _ADDRESS.fullmatch(address):
        raise ValueError("not an address that a mail can be written to")
    return address


def message_id(text: str) -> str:
    """Return the id unchanged if it is a msg-id (RFC 5322, 3.6.4), else ''."""
    return text if len(text) <= _MAX_TOKEN and "=?" not in text and _MSG_ID.fullmatch(text) else ""


def references(in_reply_to: str, refs: Iterable[str]) -> tuple[str, ...]:
    """Return the ids of References, oldest first, `in_reply_to` last: the first and the last nine well-formed ones."""
    last = message_id(in_reply_to)
    ids = tuple(dict.fromkeys(ref for ref in map(message_id, refs) if ref and ref != last))
    ids = (*ids, last) if last else ids
    return ids if len(ids) <= _ENDS + 1 else (ids[0], *ids[-_ENDS:])


def unstructured(text: str) -> tuple[str, ...]:
    """Return the tokens of a Subject: plain words, and encoded words (RFC 2047) from the first to the last non-plain
    one."""
    words = clean(text).split(" ")
    foreign = [place for place, word in enumerate(words) if not word.isascii()]
    if not foreign:
        return tuple(words)
    first, last = foreign[0], foreign[-1] + 1
    return (*words[:first], *_encoded_words(" ".join(words[first:last])), *words[last:])


def mailbox(name: str, address: str) -> tuple[str, ...]:
    """Return the tokens of a From: display name as atoms, a quoted string or encoded words, then the address."""
    name, target = clean(name), bare_address(address)
    if not name:
        return (target,)
    if not name.isascii():
        return (*_encoded_words(name), f"<{target}>")
    if not _PHRASE.fullmatch(name):
        escaped = name.replace("\\", "\\\\").replace('"', '\\"')
        name = f'"{escaped}"'
    return (*name.split(" "), f"<{target}>")


def field(name: str, tokens: Sequence[str]) -> str:
    """Return `Name: tokens`, folded between tokens, with CRLF. Raises ValueError for a token that no field can hold."""
    value = " ".join(tokens)
    if not value.isascii() or not value.isprintable() or max(map(len, tokens)) > _MAX_TOKEN:
        raise ValueError(f"{name}: a token that no field can hold")
    if len(name) + 2 + len(value) <= WIDTH:
        return f"{name}: {value}\r\n"
    first, *others = tokens
    # Never leave the first line empty: some servers drop a field that begins with a fold.
    lines = [f"{name}: {first}"]
    for token in others:
        if len(lines[-1]) + 1 + len(token) > WIDTH:
            lines.append("")
        lines[-1] += f" {token}"
    return "\r\n".join(lines) + "\r\n"


def _encoded_words(text: str) -> tuple[str, ...]:
    chunks, size = [""], 0
    for char in text:
        size += len(char.encode())
        if size > _WORD_BYTES:
            chunks.append("")
            size = len(char.encode())
        chunks[-1] += char
    return tuple(f"=?utf-8?b?{b64encode(chunk.encode()).decode()}?=" for chunk in chunks)


def ascii_domain(domain: str) -> str:
    """Return an international domain in its ASCII form. Raises ValueError if it has none.

    `ß` and `ς` stay what they are, as registries and mail programs have it since RFC 5891: Python's codec makes `ss` of
    `ß` (RFC 3490), which is another domain, so that a stranger would get the mail.
    """
    try:
        return ".".join(_ascii_label(label) for label in _DOTS.split(domain))
    except UnicodeError as error:
        raise ValueError("not an address that a mail can be written to") from error


def _ascii_label(label: str) -> str:
    if not _DEVIATING.search(label):
        return label.encode("idna").decode()
    ascii_form = "xn--" + normalize("NFC", label.lower()).encode("punycode").decode()
    return ascii_form.encode("idna").decode()  # checks its length


# --- Compose ---------------------------------------------------------------------------------------------------------
# The mail is filled into a skeleton; email.message takes ten times as long. That the email package reads back what was
# written is proved for any text by tests/mail/test_compose.py, not for each mail. The same values always give the same
# bytes: a repeat after a crash is the same mail.


class Heading(Struct, frozen=True, kw_only=True):
    """The header values. `signature` is the value of X-Oacmail. `language` holds language tags, comma-separated (RFC
    3282), '' = unknown. `automatic` '': a person wrote it (RFC 3834 section 5). `signature`, `case`, `kind` '': the
    mail has no such field."""

    office: str
    sender: str
    recipient: str
    subject: str
    message_id: str
    sent_at: datetime
    automatic: Literal["auto-replied", "auto-generated", ""]
    kind: str
    signature: str
    language: str
    case: str = ""
    in_reply_to: str = ""
    refs: tuple[str, ...] = ()


def heading_of(office: Office, send: Send, message_id: str, now: datetime) -> Heading:
    """Return the header values of this mail, as far as its text does not make them. Raises ValueError for a recipient
    that no To field can hold."""
    return Heading(
        office=office.name,
        sender=office.address,
        recipient=bare_address(send.recipient),
        subject="",
        message_id=message_id,
        sent_at=now.replace(microsecond=0),
        automatic=send.automatic,
        kind=send.kind,
        signature="",
        language="",
        case=send.case or "",
        in_reply_to=send.in_reply_to,
        refs=send.refs,
    )


class FinalMail(Struct, frozen=True, kw_only=True):
    """The final bytes of a mail with CRLF line ends, 7-bit or 8-bit as its header says. `length`: characters of its
    text part. `bare`/`bare_id`: the same mail without its original, with its own Message-ID; else None. `fallback`:
    names of broken overrides for which the shipped template was used."""

    message_id: str
    mime: bytes
    length: int
    bare: bytes | None = None
    bare_id: str | None = None
    fallback: tuple[str, ...] = ()


_NAME = b'Content-Disposition: attachment; filename="original.eml"\r\n'
_MIXED = regex(rb'^Content-Type: multipart/mixed; boundary="([^"]+)"', re.MULTILINE)


class EnclosedFile(Struct, frozen=True):
    """`place`: the Content-ID by which the HTML shows it; '' = an attachment. No template gets it: a template names a
    picture by its Content-ID alone."""

    name: str
    mime: str
    data: bytes
    place: str = ""


def calendar_file(heading: Heading, call: AgreedCall, summary: str, description: str) -> EnclosedFile:
    """Return the call for calendars (RFC 5545): an event that is published, or cancelled (RFC 5546, 3.2.1, 3.2.5).

    A file beside the text, never an alternative of it: Outlook shows a published alternative as raw lines, and reads
    the file ([MS-STANOICAL] 2.2.99); Gmail and Apple Mail read both. It is cancelled by CANCEL, since clients take
    a cancelled status that is published for an event like any other. Times are in UTC, which each shows in its
    own zone without the description of a foreign one. It takes no time from the person, who need only be within reach.
    """
    from icalendar import Calendar, Event, vCalAddress  # half a second, for a mail with a call alone

    method, status = ("CANCEL", "CANCELLED") if call.cancelled else ("PUBLISH", "CONFIRMED")
    organizer = vCalAddress(f"mailto:{heading.sender}")
    organizer.params["CN"] = heading.office
    event = Event()
    for name, value in {
        "uid": f"{heading.case}.call@{domain_of(heading.sender)}",
        "sequence": call.sequence,
        "dtstamp": heading.sent_at.astimezone(UTC),
        "dtstart": call.begins.astimezone(UTC),
        "dtend": call.ends.astimezone(UTC),
        "status": status,
        "summary": summary,
        "description": description,
        "organizer": organizer,
        "transp": "TRANSPARENT",
    }.items():
        event.add(name, value)
    calendar = Calendar()
    for name, value in {"prodid": "-//oacmail//oacmail//CA", "version": "2.0", "method": method}.items():
        calendar.add(name, value)
    calendar.add_component(event)
    mime = f"text/calendar; charset=utf-8; method={method}"
    return EnclosedFile(name="call.ics", mime=mime, data=calendar.to_ical())


def compose(
    heading: Heading, text: str, html: str = "", *originals: bytes, files: Sequence[EnclosedFile] = ()
) -> bytes:
    """Return the whole mail with CRLF line ends, 7-bit except for `originals` in 8-bit, no line above 998 octets.

    The `originals` are attached as message/rfc822, or as base64 if their lines or bytes cannot be sent unencoded. The
    pictures of `files` are in one container with the HTML that shows them (RFC 2387), the others follow the text.
    Raises ValueError as `header_fields`.
    """
    seed = sha256(f"{heading.message_id}\n{text}".encode()).hexdigest()[:24]
    body = leaf("plain", text)
    if html:
        shown = leaf("html", html)
        pictures = [_file(file) for file in files if file.place]
        if pictures:
            shown = multipart("related", f"=_r{seed}", (shown, *pictures))
        body = multipart("alternative", f"=_a{seed}", (body, shown))
    beside = (*(_file(file) for file in files if not file.place), *map(_attached, originals))
    if beside:
        # A boundary that does not occur in the originals, one of which may be an earlier escalation of ours.
        boundary = f"=_m{seed}"
        while any(boundary.encode() in original for original in originals):
            boundary = f"=_m{sha256(boundary.encode()).hexdigest()[:24]}"
        body = multipart("mixed", boundary, (body, *beside))
    return header_fields(heading).encode("ascii") + b"MIME-Version: 1.0\r\n" + body


def header_fields(heading: Heading) -> str:
    """Return the header fields of this mail. Raises ValueError for what no field can hold, and for an empty subject."""
    answered = message_id(heading.in_reply_to)
    own_id = message_id(heading.message_id)
    if not own_id:
        raise ValueError("Message-ID: not a msg-id")
    subject = unstructured(heading.subject)
    if not any(subject):
        raise ValueError("Subject: it is empty")
    fields: dict[str, Sequence[str]] = {
        "Date": (format_datetime(heading.sent_at.astimezone(UTC)),),
        "From": mailbox(heading.office, heading.sender),
        "To": (bare_address(heading.recipient),),
        "Subject": subject,
        "Message-ID": (own_id,),
        "In-Reply-To": (answered,) if answered else (),
        "References": references(answered, heading.refs),
        "Auto-Submitted": (heading.automatic,) if heading.automatic else (),
        "X-Auto-Response-Suppress": ("All",) if heading.automatic else (),
        "X-Oacmail": one_line(heading.signature).split(),
        "X-Oacmail-Case": (clean(heading.case),) if heading.case else (),
        "X-Oacmail-Kind": (clean(heading.kind),) if heading.kind else (),
        "Content-Language": clean(heading.language).split(),
    }
    return "".join(field(name, tokens) for name, tokens in fields.items() if tokens)


def leaf(subtype: str, text: str) -> bytes:
    """Encode as quoted-printable, so that no relay changes a line; encoded lines have 76 octets (RFC 2045, 6.7)."""
    lines = "\n".join(text.splitlines())
    encoded = b2a_qp(lines.encode(), istext=True).replace(b"\n", b"\r\n")
    head = f"Content-Type: text/{subtype}; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
    return head.encode() + encoded


def _file(file: EnclosedFile) -> bytes:
    head = f"Content-Type: {file.mime}\r\nContent-Transfer-Encoding: base64\r\n"
    head += f"Content-ID: <{file.place}>\r\n" if file.place else ""
    head += f"Content-Disposition: {'inline' if file.place else 'attachment'}{_named(file.name)}\r\n\r\n"
    return head.encode("ascii") + encodebytes(file.data).replace(b"\n", b"\r\n")


def _named(name: str) -> str:
    """RFC 2231 section 4 for a name that is not plain."""
    if not name:
        return ""
    if re.fullmatch(r"[A-Za-z0-9 ._-]{1,100}", name):
        return f';\r\n filename="{name}"'
    return f";\r\n filename*=utf-8''{quote(name[:100], safe='')}"


def _attached(original: bytes) -> bytes:
    """Attach as message/rfc822, or as plain bytes if it needs an encoding, which RFC 2046, 5.2.1, forbids there."""
    if not charset.travels(original):
        return _encoded(original)
    encoding = b"7bit" if original.isascii() else b"8bit"
    head = b"Content-Type: message/rfc822\r\nContent-Transfer-Encoding: " + encoding + b"\r\n"
    return head + _NAME + b"\r\n" + charset.crlf(original)


def _encoded(original: bytes) -> bytes:
    head = b"Content-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64\r\n"
    return head + _NAME + b"\r\n" + encodebytes(original).replace(b"\n", b"\r\n")


def seven_bit(mime: bytes) -> bytes:
    """Convert a mail of `compose` for a relay without 8BITMIME (RFC 6152, section 3): 8-bit originals become base64."""
    head, _, _ = mime.partition(b"\r\n\r\n")
    boundary = _MIXED.search(head)
    if mime.isascii() or boundary is None:
        return mime
    delimiter = b"--" + boundary[1]
    front, *parts = mime.removesuffix(delimiter + b"--\r\n").split(delimiter + b"\r\n")
    front = front.replace(b"Content-Transfer-Encoding: 8bit\r\n", b"Content-Transfer-Encoding: 7bit\r\n", 1)
    inside = (delimiter + b"\r\n" + (part if part.isascii() else _in_seven_bit(part)) for part in parts)
    return b"".join((front, *inside, delimiter, b"--\r\n"))


def _in_seven_bit(part: bytes) -> bytes:
    return _encoded(part.partition(b"\r\n\r\n")[2].removesuffix(b"\r\n")) + b"\r\n"


def multipart(subtype: str, boundary: str, parts: Sequence[bytes]) -> bytes:
    """Return the parts in one container, with its own fields."""
    encoding = "7bit" if all(part.isascii() for part in parts) else "8bit"
    head = f'Content-Type: multipart/{subtype}; boundary="{boundary}"\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n'
    delimiter = f"--{boundary}".encode()
    inside = b"".join(delimiter + b"\r\n" + part + b"\r\n" for part in parts)
    return head.encode() + inside + delimiter + b"--\r\n"
