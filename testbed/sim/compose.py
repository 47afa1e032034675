"""Build the mails of the town's people and machines, with the bytes that their programs produce.

`number` determines the Message-ID: the same number gives the same id. Nothing is delivered here.
"""

from collections.abc import Iterable
from email.message import EmailMessage
from email.utils import format_datetime
from hashlib import sha256

from testbed.sim.clock import SimulatedClock
from testbed.sim.population import MAILER


def message(
    number: str,
    clock: SimulatedClock,
    sender: str,
    subject: str,
    text: str,
    *,
    to: str,
    answers: EmailMessage | None = None,
    refs: Iterable[str] = (),
    headers: Iterable[tuple[str, str]] = (),
) -> EmailMessage:
    """A person's message. `answers`: the mail it replies to; an empty subject then becomes "Re: …"."""
    mail = EmailMessage()
    mail["From"] = sender
    mail["To"] = to
    mail["Subject"] = subject or (f"Re: {answers['Subject']}" if answers is not None else "")
    mail["Date"] = format_datetime(clock.true())
    domain = sender.rpartition("@")[2].rstrip(">")
    mail["Message-ID"] = f"<{sha256(number.encode()).hexdigest()[:20]}@{domain}>"
    named = [*refs, *_thread(answers)]
    if named:
        mail["In-Reply-To"] = named[-1]
        mail["References"] = " ".join(named)
    for name, value in headers:
        mail[name] = value
    mail.set_content(text)
    return mail


def _thread(answers: EmailMessage | None) -> list[str]:
    if answers is None:
        return []
    return [*str(answers.get("References", "")).split(), str(answers["Message-ID"])]


def delivery_status(
    number: str, clock: SimulatedClock, about: EmailMessage, *, to: str, action: str = "failed", status: str = "5.1.1"
) -> EmailMessage:
    """A delivery report (RFC 3464) about a mail from oacmail or an agent."""
    recipient = str(about["To"])
    mail = EmailMessage()
    mail["From"] = MAILER
    mail["To"] = to
    mail["Subject"] = "Undelivered Mail Returned to Sender"
    mail["Date"] = format_datetime(clock.true())
    mail["Message-ID"] = f"<{sha256(f'report {number}'.encode()).hexdigest()[:20]}@relay.example>"
    mail["Auto-Submitted"] = "auto-replied"
    lines = (
        "This is the mail system.\n",
        "Reporting-MTA: dns; relay.example\n\n"
        f"Final-Recipient: rfc822; {recipient}\nAction: {action}\nStatus: {status}\n",
        f"Message-ID: {about['Message-ID']}\nFrom: {about['From']}\nTo: {recipient}\n",
    )
    types = ("text/plain", "message/delivery-status", "text/rfc822-headers")
    boundary = "=report="
    parts = "".join(f"--{boundary}\nContent-Type: {kind}\n\n{text}\n" for kind, text in zip(types, lines, strict=True))
    mail["MIME-Version"] = "1.0"
    mail["Content-Type"] = f'multipart/report; report-type=delivery-status; boundary="{boundary}"'
    mail.set_payload(f"{parts}--{boundary}--\n")
    return mail


def as_bytes(mail: EmailMessage) -> bytes:
    return mail.as_bytes(policy=mail.policy.clone(linesep="\r\n"))
