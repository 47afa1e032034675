"""The mails that machines send to a help desk, as mail servers and programs really write them. Content invented."""

from collections.abc import Mapping
from email import policy
from email.message import EmailMessage
from email.utils import formatdate, make_msgid

from tests.servers.people import message, reply_headers

DSN = """\
From: Mail Delivery System <MAILER-DAEMON@mx.elsewhere.example>
To: {to}
Subject: {subject}
Date: {date}
Message-ID: {message_id}
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="=_report"

--=_report
Content-Type: text/plain; charset=us-ascii

This is the mail system at host mx.elsewhere.example.
{words}

--=_report
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.elsewhere.example

Final-Recipient: rfc822; {recipient}
Action: {action}
Status: {status}
Diagnostic-Code: smtp; {words}

--=_report
Content-Type: text/rfc822-headers

{headers}
--=_report--
"""
STATUS = {"failed": "5.1.1", "delayed": "4.4.1", "delivered": "2.0.0"}


AWAY = "Soc fora fins al dia 15 i no llegeixo el correu."
AWAY_AND_A_MACHINE = "Aquest és un missatge automàtic: soc fora fins al dia 15."


def vacation(sender: str, to: EmailMessage, office: str, *, marked: bool = True, text: str = AWAY) -> EmailMessage:
    """The notice of somebody who is away, in answer to a mail of the office; `marked`: its program sets the header."""
    headers = {**reply_headers(to), **({"Auto-Submitted": "auto-replied (vacation)"} if marked else {})}
    return message(sender, [office], f"Re: {to['Subject']}", text, headers)


def receipt(sender: str, to: EmailMessage, office: str) -> EmailMessage:
    """A read receipt (RFC 8098)."""
    mail = message(sender, [office], f"Llegit: {to['Subject']}", "El missatge s'ha mostrat.", reply_headers(to))
    mail.make_mixed()
    note = EmailMessage()
    note["Content-Type"] = "message/disposition-notification"
    note.set_payload(f"Final-Recipient: rfc822;{sender}\r\nDisposition: manual-action/MDN-sent-manually; displayed\r\n")
    mail.attach(note)
    mail.replace_header("Content-Type", mail["Content-Type"].replace("mixed", "report"))
    mail.set_param("report-type", "disposition-notification")
    return mail


def machine(sender: str, office: str, subject: str, text: str, headers: Mapping[str, str]) -> EmailMessage:
    """A newsletter, a list, a notice: whatever `headers` make of it."""
    return message(sender, [office], subject, text, headers)


def report(about: EmailMessage, recipient: str, to: str, action: str = "failed") -> bytes:
    """A delivery report (RFC 3464) about a mail, returning its headers."""
    names = ("From", "To", "Subject", "Date", "Message-ID", "X-Oacmail")
    headers = "".join(f"{name}: {about[name]}\n" for name in names if about[name])
    return (
        DSN.format(
            to=to,
            subject="Undelivered Mail Returned to Sender",
            date=formatdate(localtime=True),
            message_id=make_msgid(domain="mx.elsewhere.example"),
            recipient=recipient,
            action=action,
            status=STATUS[action],
            words={"failed": "550 5.1.1 user unknown", "delayed": "not yet", "delivered": "250 ok"}[action],
            headers=headers,
        )
        .replace("\n", "\r\n")
        .encode("ascii", "replace")
    )


def raw(mail: EmailMessage) -> bytes:
    return mail.as_bytes(policy=policy.SMTP)
