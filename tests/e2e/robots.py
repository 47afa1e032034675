"""The mails that machines send to a help desk, as mail servers and programs really write them. Content invented."""

from email.message import EmailMessage

from testbed.messages import as_bytes, delivery_status, message

RETURNED = ("From", "To", "Subject", "Date", "Message-ID", "X-Oacmail")
STATUS = {"failed": "5.1.1", "delayed": "4.4.1", "delivered": "2.0.0"}


AWAY = "Soc fora fins al dia 15 i no llegeixo el correu."
AWAY_AND_A_MACHINE = "Aquest és un missatge automàtic: soc fora fins al dia 15."


def vacation(sender: str, to: EmailMessage, office: str, *, marked: bool = True, text: str = AWAY) -> EmailMessage:
    """The notice of somebody who is away, in answer to a mail of the office; `marked`: its program sets the header."""
    headers = {"Auto-Submitted": "auto-replied (vacation)"} if marked else {}
    return message(sender, office, "", text, answers=to, headers=headers)


def report_about(about: EmailMessage, recipient: str, to: str, action: str = "failed") -> bytes:
    """A delivery report about a mail, with its fields."""
    said = {"failed": "550 5.1.1 user unknown", "delayed": "not yet", "delivered": "250 ok"}[action]
    report = delivery_status(
        about, to, action=action, status=STATUS[action], recipient=recipient, said=said, returned=RETURNED
    )
    return as_bytes(report)
