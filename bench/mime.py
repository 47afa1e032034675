"""Build MIME parts as bytes, encoded as real clients do, 8-bit included."""

import base64
import quopri
from collections.abc import Callable
from dataclasses import dataclass

_WAYS: dict[str, Callable[[bytes], bytes]] = {
    "quoted-printable": quopri.encodestring,
    "base64": base64.encodebytes,
    "8bit": bytes,
}


@dataclass(frozen=True, slots=True)
class Coded:
    """One part: header lines without the last newline, body bytes with LF, and a label such as `iso-8859-1/8bit`."""

    head: str
    raw: bytes
    label: str


def coded(text: str, charset: str, way: str, subtype: str = "plain") -> Coded:
    """`way`: a Content-Transfer-Encoding."""
    head = f"Content-Type: text/{subtype}; charset={charset}\nContent-Transfer-Encoding: {way}"
    return Coded(head, _WAYS[way](text.encode(charset)), f"{charset}/{way}")


def attached(name: str, kind: str, data: bytes) -> Coded:
    name += {"application/pdf": ".pdf", "image/jpeg": ".jpg"}[kind]
    head = (
        f'Content-Type: {kind}; name="{name}"\nContent-Transfer-Encoding: base64\n'
        f'Content-Disposition: attachment; filename="{name}"'
    )
    return Coded(head, base64.encodebytes(data), "file")


def both(kind: str, mark: str, *parts: Coded) -> Coded:
    """A multipart of these parts; `mark` is its boundary."""
    pieces = b"".join(b"--%s\n%s\n\n%s\n" % (mark.encode(), part.head.encode(), part.raw) for part in parts)
    head = f'Content-Type: multipart/{kind}; boundary="{mark}"'
    return Coded(head, pieces + b"--%s--\n" % mark.encode(), "+".join(filter(None, (part.label for part in parts))))
