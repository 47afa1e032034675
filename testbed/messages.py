"""Build the mails of people, of their programs and of mail servers, with the bytes that these produce. Nothing is sent.

A mail is an `EmailMessage`; `as_bytes` gives what its writer sends, and `arrived` what lies in the office's mailbox.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from email.headerregistry import BaseHeader, HeaderRegistry
from email.message import EmailMessage, Message
from email.policy import default
from email.utils import format_datetime, formatdate, make_msgid, parseaddr
from functools import cache, lru_cache
from hashlib import sha256
from html import unescape
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

MX = "mx.vila.example"
MAILER = "MAILER-DAEMON@relay.example"
"""The sender of delivery reports."""
AUTOMATIC = (("Auto-Submitted", "auto-replied"),)
"""What a program that answers by itself adds (RFC 3834)."""
Headers = Mapping[str, str] | Iterable[tuple[str, str]]
_MAILTO = re.compile(r'<a href="(mailto:[^"]+)"[^>]*>([^<]+)</a>')
_LIBRARY = HeaderRegistry()
_sort_of_field = cache(_LIBRARY.__getitem__)
_field = lru_cache(maxsize=4096)(_LIBRARY)


class _Fields(HeaderRegistry):
    """The library's fields. It makes a class for each field of each mail and reads its value each time; here both are
    made once."""

    def __getitem__(self, name: str) -> type[BaseHeader]:
        return _sort_of_field(name)

    def __call__(self, name: str, value: Any) -> BaseHeader:
        return _field(name, value) if type(value) is str else _LIBRARY(name, value)


POLICY = default.clone(header_factory=_Fields())
"""The library's default, faster."""


def message(
    sender: str,
    to: str,
    subject: str | None,
    text: str,
    *,
    at: datetime | None = None,
    number: str = "",
    answers: Message | None = None,
    refs: Iterable[str] = (),
    headers: Headers = (),
) -> EmailMessage:
    """A person's message.

    `at`: its Date, now if None. The same `number` gives the same Message-ID; without it the id is new. `answers`: the
    mail that it replies to; an empty subject then becomes "Re: …". `refs`: earlier ids of its thread. A subject of None
    gives no Subject. A field of `headers` takes the place of the usual one.
    """
    named = [*refs, *_thread_of(answers)]
    thread = {"In-Reply-To": named[-1], "References": " ".join(named)} if named else {}
    title = f"Re: {answers['Subject']}" if subject == "" and answers is not None else subject
    domain = parseaddr(sender)[1].rpartition("@")[2]
    usual = {"From": sender, "To": to, "Subject": title, "Date": _date(at), "Message-ID": _id(number, domain), **thread}
    given = [*(headers.items() if isinstance(headers, Mapping) else headers)]
    replaced = {name.lower() for name, _ in given}
    mail = EmailMessage(POLICY)
    for name, value in usual.items():
        if value is not None and name.lower() not in replaced:
            mail[name] = value
    for name, value in given:
        mail[name] = value
    mail.set_content(text)
    return mail


def _thread_of(mail: Message | None) -> list[str]:
    return [] if mail is None else [*str(mail["References"] or "").split(), str(mail["Message-ID"])]


def replied(subject: str) -> str:
    """The subject of a reply: one "Re: "."""
    return subject if subject.startswith("Re: ") else f"Re: {subject}"


def delivery_status(
    about: Message,
    to: str,
    *,
    at: datetime | None = None,
    number: str = "",
    action: str = "failed",
    status: str = "5.1.1",
    recipient: str = "",
    said: str = "",
    returned: Iterable[str] = ("Message-ID", "From", "To"),
) -> EmailMessage:
    """A delivery report (RFC 3464) about a mail to `recipient`, or to whom it names. `said`: what the other server
    answered; `returned`: the fields of the mail that come back."""
    lost = recipient or str(about["To"])
    mail = EmailMessage(POLICY)
    mail["From"] = MAILER
    mail["To"] = to
    mail["Subject"] = "Undelivered Mail Returned to Sender"
    mail["Date"] = _date(at)
    mail["Message-ID"] = _id(number and f"report {number}", MAILER.rpartition("@")[2])
    mail["Auto-Submitted"] = "auto-replied"
    status_fields = {"Final-Recipient": f"rfc822; {lost}", "Action": action, "Status": status}
    if said:
        status_fields["Diagnostic-Code"] = f"smtp; {said}"
    lines = (
        f"This is the mail system.\n{said}".rstrip() + "\n",
        "Reporting-MTA: dns; relay.example\n\n" + _lines(status_fields),
        _lines({name: str(about[name]) for name in returned if about[name]}).encode("ascii", "replace").decode(),
    )
    types = ("text/plain", "message/delivery-status", "text/rfc822-headers")
    boundary = "=report="
    parts = "".join(f"--{boundary}\nContent-Type: {kind}\n\n{text}\n" for kind, text in zip(types, lines, strict=True))
    mail["MIME-Version"] = "1.0"
    mail["Content-Type"] = f'multipart/report; report-type=delivery-status; boundary="{boundary}"'
    mail.set_payload(f"{parts}--{boundary}--\n")
    return mail


def read_receipt(sender: str, of: Message, to: str, *, headers: Headers = ()) -> EmailMessage:
    """A read receipt (RFC 8098)."""
    mail = message(sender, to, f"Llegit: {of['Subject']}", "El missatge s'ha mostrat.", answers=of, headers=headers)
    mail.make_mixed()
    note = EmailMessage(POLICY)
    note["Content-Type"] = "message/disposition-notification"
    reader = parseaddr(sender)[1]
    note.set_payload(f"Final-Recipient: rfc822;{reader}\r\nDisposition: manual-action/MDN-sent-manually; displayed\r\n")
    mail.attach(note)
    mail.replace_header("Content-Type", mail["Content-Type"].replace("mixed", "report"))
    mail.set_param("report-type", "disposition-notification")
    return mail


def text_of(mail: EmailMessage, kind: str = "plain") -> str:
    """What a person reads in a mail, as plain text or as "html"."""
    body = mail.get_body((kind,))
    assert body is not None
    return str(body.get_content()).replace("\r\n", "\n")


def links_of(mail: EmailMessage) -> list[tuple[str, str]]:
    """(label, link) of each link in its HTML that writes a mail."""
    found = _MAILTO.findall(text_of(mail, "html"))
    return [(unescape(label), unescape(link)) for link, label in found]


def buttons(mail: EmailMessage) -> dict[str, str]:
    """The same by label; a list of cases may have one label several times."""
    return dict(links_of(mail))


def written_by(link: str) -> tuple[str, str, str]:
    """(recipient, subject, text) of the mail that a client opens for the link (RFC 6068)."""
    parts = urlsplit(link)
    fields = parse_qs(parts.query.replace("+", "%2B"), strict_parsing=True)
    return unquote(parts.path), fields["subject"][0], fields.get("body", [""])[0].replace("\r\n", "\n")


def rewritten(mail: EmailMessage, text: str) -> EmailMessage:
    """All fields as they were, another text: what a redirect, a resend or a relay's filter makes of a mail."""
    kept = ((name, value) for name, value in mail.items() if not name.lower().startswith(("content-", "mime-")))
    return message(str(mail["From"]), str(mail["To"]), str(mail["Subject"]), text, headers=tuple(kept))


def as_bytes(mail: Message) -> bytes:
    return mail.as_bytes(policy=mail.policy.clone(linesep="\r\n"))


def arrived(mime: bytes, sender: str, recipient: str, at: datetime, verdict: str = "") -> bytes:
    """The bytes as our MX and Dovecot deliver them. `verdict`: the result field of Authentication-Results."""
    date = format_datetime(at)
    results = f"Authentication-Results: {MX}; {verdict}\r\n" if verdict else ""
    head = (
        f"Return-Path: <{sender}>\r\nDelivered-To: {recipient}\r\n"
        f"Received: from {MX} by {MX} with LMTP id abc; {date}\r\n{results}"
        f"Received: from client.example (client.example [192.0.2.7]) by {MX} (Postfix) with ESMTPS id def; {date}\r\n"
    )
    return head.encode() + mime


def received(mime: bytes, at: datetime) -> bytes:
    """The bytes as a person's own server keeps them."""
    return f"Received: from {MX} by mx.example; {format_datetime(at)}\r\n".encode() + mime


def _lines(fields: Mapping[str, str]) -> str:
    return "".join(f"{name}: {value}\n" for name, value in fields.items())


def _date(at: datetime | None) -> str:
    return formatdate(localtime=True) if at is None else format_datetime(at)


def _id(number: str, domain: str) -> str:
    return f"<{sha256(number.encode()).hexdigest()[:20]}@{domain}>" if number else make_msgid(domain=domain)
