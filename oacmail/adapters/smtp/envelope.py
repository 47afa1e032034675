"""Build the SMTP commands for a mail's envelope, as the relay's EHLO keywords allow (RFC 5321, 1870, 6152, 6531).

The module is pure.
"""

import re
from collections.abc import Mapping

from oacmail.core.errors import Permanent, RelayError
from oacmail.core.ports.transport import Outgoing
from oacmail.mail.outgoing.headers import ascii_domain

_UNSPEAKABLE = re.compile(r"[\x00-\x20\x7f<>]")


def commands(mail: Outgoing, offers: Mapping[str, str]) -> list[str]:
    """Return MAIL, RCPT for the citizen and, if a copy is wanted, RCPT for the office, without line ends.

    `offers` are the EHLO keywords in lower case with their parameters. Raises Permanent if no such relay can take the
    mail: an address that is invalid or needs SMTPUTF8, or a mail above the announced SIZE.
    """
    limit = offers.get("size", "")
    if limit.isdigit() and 0 < int(limit) < len(mail.mime):
        raise Permanent("MAIL", 552, "5.3.4")
    sender, citizen, copy = (_ascii_domain(one) for one in (mail.envelope_from, mail.recipient, mail.copy_to))
    utf8 = "smtputf8" in offers
    if not citizen or _UNSPEAKABLE.search(citizen):
        raise Permanent("RCPT", 553, "5.1.3")
    if not utf8 and not citizen.isascii():
        raise Permanent("RCPT", 553, "5.6.7")
    if _UNSPEAKABLE.search(sender) or not (utf8 or sender.isascii()):
        raise RelayError("SMTP MAIL: the relay does not accept our own address in this form")
    options = list(_options(mail.mime, offers)) + ([] if (sender + citizen).isascii() else ["SMTPUTF8"])
    return [
        " ".join((f"MAIL FROM:<{sender}>", *options)),
        f"RCPT TO:<{citizen}>",
        *([f"RCPT TO:<{copy}>"] if copy and copy.isascii() and not _UNSPEAKABLE.search(copy) else []),
    ]


def stuffed(mime: bytes) -> bytes:
    """Return the mail as sent after DATA, including the final dot: CRLF only, dots doubled (RFC 5321 4.5.2)."""
    lines = b"\n" + mime.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    end = b".\r\n" if mime.endswith((b"\r", b"\n")) else b"\r\n.\r\n"
    return lines.replace(b"\n.", b"\n..").replace(b"\n", b"\r\n")[2:] + end


def _options(mime: bytes, offers: Mapping[str, str]) -> list[str]:
    size = [f"SIZE={len(mime)}"] if "size" in offers else []
    return size + (["BODY=8BITMIME"] if "8bitmime" in offers and not mime.isascii() else [])


def _ascii_domain(address: str) -> str:
    """Return the address with its domain in ASCII, so that only local parts need SMTPUTF8."""
    local, at, domain = address.rpartition("@")
    if domain.isascii():
        return address
    try:
        return f"{local}{at}{ascii_domain(domain)}"
    except ValueError:
        return address
