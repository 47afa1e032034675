"""The people of the town, as the mail servers see them: citizens by SMTP, agents with an ordinary mail client."""

import re
import smtplib
import ssl
from collections.abc import Iterable, Mapping, Sequence
from email import policy
from email.message import EmailMessage
from email.utils import formataddr

from imapclient import IMAPClient

from testbed.client import MailClient
from testbed.messages import message
from tests.servers.mail_servers import HOST, PASSWORD, MailServers
from tests.servers.maildir import Maildir
from tests.servers.waiting import until


class Citizen:
    """Somebody with a mailbox of his own on the mail servers; `domain` is only what his address says."""

    def __init__(
        self, mail_servers: MailServers, name: str = "Anna Puig", *, user: str = "", domain: str = "example.cat"
    ) -> None:
        self.mail_servers, self.name = mail_servers, name
        self.user = user or mail_servers.new_user("citizen")
        self.address = mail_servers.address(self.user, domain)
        self.mailbox = Maildir(mail_servers.dovecot, self.user)

    def write(
        self,
        to: str | Sequence[str],
        subject: str,
        text: str,
        *,
        answers: EmailMessage | None = None,
        headers: Mapping[str, str] | None = None,
        attachments: Iterable[tuple[str, str, bytes]] = (),
    ) -> str:
        """Send a mail by SMTP; the Message-ID is returned. `attachments`: (file name, mime type, bytes)."""
        recipients = [to] if isinstance(to, str) else list(to)
        sender = formataddr((self.name, self.address))
        mail = message(sender, ", ".join(recipients), subject, text, answers=answers, headers=headers or {})
        for name, mime, data in attachments:
            main, _, sub = mime.partition("/")
            mail.add_attachment(data, maintype=main, subtype=sub, filename=name)
        self.send(mail.as_bytes(policy=policy.SMTP), *recipients)
        return str(mail["Message-ID"])

    def reply(self, to: EmailMessage, text: str, *, subject: str = "") -> str:
        """Answer a mail of his inbox as his client would; the Message-ID is returned."""
        target = str(to["Reply-To"] or to["From"])
        title = subject or "Re: " + re.sub(r"^(re: )+", "", str(to["Subject"]), flags=re.IGNORECASE)
        return self.write(re.sub(r".*<|>.*", "", target), title, text, answers=to)

    def send(self, raw: bytes, *to: str, envelope_from: str | None = None) -> None:
        """Hand any bytes to Postfix, CRLF or not; `envelope_from` "" is the null sender."""
        with smtplib.SMTP(HOST, self.mail_servers.postfix.smtp_port) as relay:
            relay.sendmail(self.address if envelope_from is None else envelope_from, to, raw)

    def inbox(self) -> list[EmailMessage]:
        """His mails, in the order of arrival."""
        return self.mailbox.messages()

    def wait_for_mail(self, count: int = 1, seconds: float = 10.0) -> list[EmailMessage]:
        """His mails, as soon as there are so many."""
        until(
            lambda: len(self.mailbox.files()) >= count,
            seconds,
            what=lambda: f"{count} mails for {self.user}\n{self.mail_servers.log()}",
        )
        return self.inbox()


class Agent(MailClient):
    """Somebody at the office, whose client shows the shared mailbox `office` over IMAPS."""

    def __init__(self, mail_servers: MailServers, office: str, *, name: str = "Marta", address: str = "") -> None:
        self.mail_servers, self.office, self.name = mail_servers, office, name
        self.address = address or mail_servers.address(office)
        self._tls = ssl.create_default_context(cafile=str(mail_servers.certs.ca))
        super().__init__(IMAPClient("localhost", port=mail_servers.dovecot.imaps_port, ssl_context=self._tls))
        self.client.login(office, PASSWORD)

    def find(self, message_id: str, folder: str = "INBOX", seconds: float = 10.0) -> int:
        """The UID of the message with that Message-ID, as soon as it is there."""
        found = until(lambda: self.uids(folder, "HEADER", "Message-ID", message_id), seconds, what=message_id)
        return found[0]

    def answer(self, to: EmailMessage, text: str, *, cc: Sequence[str] = (), save: bool = True) -> str:
        """Reply to a message from the shared account by authenticated submission, and APPEND it to Sent (`save`)."""
        return self.send(str(to["Reply-To"] or to["From"]), "", text, cc=cc, save=save, answers=to)

    def send(
        self,
        to: str,
        subject: str,
        text: str,
        headers: Mapping[str, str] | None = None,
        cc: Sequence[str] = (),
        save: bool = True,
        answers: EmailMessage | None = None,
    ) -> str:
        """Write a mail of the agent's own; the Message-ID is returned."""
        more = dict(headers or {}) | ({"Cc": ", ".join(cc)} if cc else {})
        mail = message(formataddr((self.name, self.address)), to, subject, text, answers=answers, headers=more)
        with smtplib.SMTP("localhost", self.mail_servers.postfix.submission_port) as relay:
            relay.starttls(context=self._tls)
            relay.login(self.address.partition("@")[0], PASSWORD)
            relay.send_message(mail)
        if save:
            self.append(mail.as_bytes(policy=policy.SMTP), "Sent", "\\Seen")
        return str(mail["Message-ID"])
