"""Build the mails of people, their clients and their servers, as message objects. Nothing is sent here."""

from collections.abc import Iterable
from email.message import EmailMessage, Message
from email.mime.multipart import MIMEMultipart
from email.mime.nonmultipart import MIMENonMultipart
from email.mime.text import MIMEText
from email.policy import SMTP
from email.utils import formataddr, formatdate, make_msgid, parseaddr

from testbed.demo.mailbox import DemoMail

# A PNG of one grey pixel: the attachment of a citizen.
_PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108000000003a7e9b55"
    "0000000a49444154789c636800000082008177cd72b60000000049454e44ae426082"
)
Headers = Iterable[tuple[str, str]]


def message(
    sender: str, to: str, subject: str, text: str, *, headers: Headers = (), attachment: str = ""
) -> EmailMessage:
    """An ordinary mail. `sender`: the From field; an empty subject gives no Subject field."""
    mail = EmailMessage()
    for name, value in (*_head(sender, to, subject), *headers):
        mail[name] = value
    mail.set_content(text, cte="quoted-printable")
    if attachment:
        mail.add_attachment(_PIXEL, maintype="image", subtype="png", filename=attachment)
    return mail


def named(name: str, address: str) -> str:
    return formataddr((name, address))


def reply(sender: str, to: DemoMail, text: str, *, headers: Headers = (), recipient: str = "") -> EmailMessage:
    """A reply as a mail client builds it."""
    subject = to.subject if to.subject.startswith("Re: ") else f"Re: {to.subject}"
    return message(sender, recipient or to.sender, subject, text, headers=(*_thread(to), *headers))


def out_of_office(sender: str, to: DemoMail) -> EmailMessage:
    """An automatic reply (RFC 3834)."""
    heads = (*_thread(to), ("Auto-Submitted", "auto-replied"))
    return message(sender, to.sender, f"Fora de l'oficina: {to.subject}", "Torno dilluns.", headers=heads)


def read_receipt(sender: str, of: DemoMail) -> Message:
    """A read receipt (RFC 8098)."""
    fields = f"Final-Recipient: rfc822; {parseaddr(sender)[1]}\nOriginal-Message-ID: {of.message_id}\n"
    notice = _leaf("disposition-notification", f"{fields}Disposition: manual-action/MDN-sent-manually; displayed\n")
    mail = _report(sender, of.sender, f"Read: {of.subject}", "disposition-notification", "It was displayed.", notice)
    for name, value in _thread(of):
        mail[name] = value
    return mail


def delivery_status(of: DemoMail, recipient: str) -> Message:
    """A delivery report (RFC 3464): the mailbox is full; the third part has the headers of the returned mail."""
    domain = recipient.rpartition("@")[2]
    status = MIMENonMultipart("message", "delivery-status")
    status.set_payload(
        [
            _fields(("Reporting-MTA", f"dns; mx.{domain}")),
            _fields(
                ("Final-Recipient", f"rfc822; {recipient}"),
                ("Action", "failed"),
                ("Status", "5.2.2"),
                ("Diagnostic-Code", "smtp; 552 5.2.2 mailbox full"),
            ),
        ]
    )
    returned = MIMENonMultipart("text", "rfc822-headers")
    returned.set_payload(f"From: {of.sender}\nTo: {recipient}\nMessage-ID: {of.message_id}\n")
    sender, subject = f"Mail Delivery System <MAILER-DAEMON@mx.{domain}>", "Undelivered Mail Returned to Sender"
    return _report(sender, of.sender, subject, "delivery-status", "552 5.2.2 mailbox full", status, returned)


def _head(sender: str, to: str, subject: str) -> Headers:
    domain = parseaddr(sender)[1].rpartition("@")[2]
    usual = (
        ("From", sender),
        ("To", to),
        ("Subject", subject),
        ("Date", formatdate(localtime=True)),
        ("Message-ID", make_msgid(domain=domain)),
    )
    return tuple((name, value) for name, value in usual if value)


def _thread(to: DemoMail) -> Headers:
    return (("In-Reply-To", to.message_id), ("References", f"{to.references} {to.message_id}".strip()))


def _report(sender: str, to: str, subject: str, kind: str, text: str, *parts: Message) -> Message:
    mail = MIMEMultipart("report", policy=SMTP, report_type=kind)
    for name, value in (*_head(sender, to, subject), ("Auto-Submitted", "auto-replied")):
        mail[name] = value
    for part in (MIMEText(text), *parts):
        mail.attach(part)
    return mail


def _leaf(subtype: str, text: str) -> Message:
    part = MIMENonMultipart("message", subtype)
    part.set_payload(text)
    return part


def _fields(*fields: tuple[str, str]) -> Message:
    block = Message()
    for name, value in fields:
        block[name] = value
    return block
