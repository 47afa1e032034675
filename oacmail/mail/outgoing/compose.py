"""Build the final bytes of an outgoing mail: header fields, text, HTML and, for staff, the original message.

The mail is filled into a skeleton; email.message takes ten times as long. `verify` reads every mail back with the email
package before it may leave. This module never decides what a mail says or to whom it goes. The same values always give
the same bytes: a repeat after a crash is the same mail.
"""

import re
from base64 import encodebytes
from binascii import b2a_qp
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.errors import MessageError, MultipartInvariantViolationDefect
from email.header import decode_header, make_header
from email.parser import BytesHeaderParser
from email.utils import format_datetime, getaddresses, parsedate_to_datetime
from hashlib import sha256
from typing import Literal

from oacmail.mail.mime import normalize
from oacmail.mail.outgoing import headers
from oacmail.mail.outgoing.enclosed import NOTHING_ENCLOSED, Enclosed, EnclosedFile
from oacmail.mail.outgoing.plain_text import one_line

_STRUCTURE = {"MIME-Version", "Content-Type", "Content-Transfer-Encoding"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Heading:
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


_NAME = b'Content-Disposition: attachment; filename="original.eml"\r\n'
_MIXED = re.compile(rb'^Content-Type: multipart/mixed; boundary="([^"]+)"', re.MULTILINE)


def compose(heading: Heading, text: str, html: str, *originals: bytes, enclosed: Enclosed = NOTHING_ENCLOSED) -> bytes:
    """Return the whole mail with CRLF line ends, 7-bit except for `originals` in 8-bit, no line above 998 octets.

    The `originals` are attached as message/rfc822, or as base64 if their lines or bytes cannot be sent unencoded.
    The pictures of `enclosed` are in one container with the HTML that shows them (RFC 2387), its files follow the text.
    Raises ValueError for a recipient or an id that no header field can hold.
    """
    seed = sha256(f"{heading.message_id}\n{text}".encode()).hexdigest()[:24]
    shown = leaf("html", html)
    if enclosed.pictures:
        shown = multipart("related", f"=_r{seed}", (shown, *map(_picture, enclosed.pictures)))
    body = multipart("alternative", f"=_a{seed}", (leaf("plain", text), shown))
    beside = (*map(_file, enclosed.files), *map(_attached, originals))
    if beside:
        body = multipart("mixed", _unused(seed, b"".join(originals)), (body, *beside))
    return header_fields(heading).encode("ascii") + b"MIME-Version: 1.0\r\n" + body


def plain(heading: Heading, text: str) -> bytes:
    """Return a mail of this text alone. Raises ValueError as `compose`."""
    return header_fields(heading).encode("ascii") + b"MIME-Version: 1.0\r\n" + leaf("plain", text)


def verify(mime: bytes, heading: Heading) -> str | None:
    """Return why this mail must not leave, or None if its header, read back, has exactly the values of `heading`."""
    try:
        parsed = BytesHeaderParser().parsebytes(mime.partition(b"\r\n\r\n")[0] + b"\r\n\r\n")
        wanted = _tokens(heading)
        read = [(name, _unfolded(str(value))) for name, value in parsed.items() if name not in _STRUCTURE]
        # what Python 3.11.2 (Debian 12) finds in every header whose body is not read with it
        wrong = [one for one in parsed.defects if not isinstance(one, MultipartInvariantViolationDefect)]
        if wrong or [name for name, _ in read] != list(wanted):
            return "fields: not those that were written"
        good = _checks(dict(read), heading, wanted)
        return next((f"{name}: reads differently" for name, same in good if not same), None)
    except (MessageError, ValueError, LookupError, TypeError) as error:
        return f"cannot be read back: {type(error).__name__}"


def header_fields(heading: Heading) -> str:
    """Return the header fields of this mail."""
    return "".join(headers.field(name, tokens) for name, tokens in _tokens(heading).items())


def _tokens(heading: Heading) -> dict[str, Sequence[str]]:
    """Return the tokens of each field of this mail, in the order of the fields."""
    answered = headers.message_id(heading.in_reply_to)
    own_id = headers.message_id(heading.message_id)
    if not own_id:
        raise ValueError("Message-ID: not a msg-id")
    fields: dict[str, Sequence[str]] = {
        "Date": format_datetime(heading.sent_at.astimezone(UTC)).split(" "),
        "From": headers.mailbox(heading.office, heading.sender),
        "To": (headers.bare_address(heading.recipient),),
        "Subject": headers.unstructured(heading.subject),
        "Message-ID": (own_id,),
        "In-Reply-To": (answered,) if answered else (),
        "References": headers.references(answered, heading.refs),
        "Auto-Submitted": (heading.automatic,) if heading.automatic else (),
        "X-Auto-Response-Suppress": ("All",) if heading.automatic else (),
        "X-Oacmail": one_line(heading.signature).split(),
        "X-Oacmail-Case": (headers.clean(heading.case),) if heading.case else (),
        "X-Oacmail-Kind": (headers.clean(heading.kind),) if heading.kind else (),
        "Content-Language": headers.clean(heading.language).split(),
    }
    return {name: tokens for name, tokens in fields.items() if tokens}


def _checks(
    read: Mapping[str, str], heading: Heading, wanted: Mapping[str, Sequence[str]]
) -> Sequence[tuple[str, bool]]:
    subject = str(make_header(decode_header(read["Subject"])))
    return (
        ("Subject", subject != "" and subject == headers.clean(heading.subject)),
        ("To", [address for _, address in getaddresses([read["To"]])] == [headers.bare_address(heading.recipient)]),
        ("From", [address for _, address in getaddresses([read["From"]])] == [heading.sender]),
        ("Date", parsedate_to_datetime(read["Date"]) == heading.sent_at.replace(microsecond=0)),
        *((name, read[name] == " ".join(tokens)) for name, tokens in wanted.items()),
    )


def _unfolded(value: str) -> str:
    return value.replace("\r\n", "").replace("\n", "")


def leaf(subtype: str, text: str) -> bytes:
    """Encode as quoted-printable, so that no relay changes a line; encoded lines have 76 octets (RFC 2045, 6.7)."""
    lines = "\n".join(text.splitlines())
    encoded = b2a_qp(lines.encode(), istext=True).replace(b"\n", b"\r\n")
    head = f"Content-Type: text/{subtype}; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
    return head.encode() + encoded


def _picture(picture: EnclosedFile) -> bytes:
    head = (
        f'Content-ID: <{picture.name}@report.invalid>\r\nContent-Disposition: inline; filename="{picture.name}.png"\r\n'
    )
    return _in_base64(picture, head)


def _file(file: EnclosedFile) -> bytes:
    return _in_base64(file, f'Content-Disposition: attachment; filename="{file.name}"\r\n')


def _in_base64(file: EnclosedFile, head: str) -> bytes:
    typed = f"Content-Type: {file.mime}\r\n{head}Content-Transfer-Encoding: base64\r\n\r\n"
    return typed.encode("ascii") + encodebytes(file.content).replace(b"\n", b"\r\n")


def _attached(original: bytes) -> bytes:
    """Attach as message/rfc822, or as plain bytes if it needs an encoding, which RFC 2046, 5.2.1, forbids there."""
    if not normalize.travels(original):
        return _encoded(original)
    encoding = b"7bit" if original.isascii() else b"8bit"
    head = b"Content-Type: message/rfc822\r\nContent-Transfer-Encoding: " + encoding + b"\r\n"
    return head + _NAME + b"\r\n" + normalize.crlf(original)


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


def _unused(seed: str, original: bytes) -> str:
    """Return a boundary that does not occur in the original, which may be an earlier escalation of ours."""
    boundary = f"=_m{seed}"
    while boundary.encode() in original:
        boundary = f"=_m{sha256(boundary.encode()).hexdigest()[:24]}"
    return boundary
