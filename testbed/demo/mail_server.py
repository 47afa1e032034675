"""The mail server of the demo: mail-devel as IMAP and SMTP server on loopback, where every address is a mailbox.

mail-devel stores what it gets and adds nothing, so this module adds the headers of a real MX. It decides nothing about
any mail.
"""

import secrets
import smtplib
import socket
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import parseaddr
from pathlib import Path

from oacmail.core.errors import Transient
from testbed.demo.children import Children, until
from testbed.messages import arrived, as_bytes

HOST = "127.0.0.1"
_START_SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class DemoMailServer:
    """Ports and password of the server. One password opens every mailbox; `web_port` 0 = no web page."""

    imap_port: int
    smtp_port: int
    web_port: int
    password: str

    @property
    def page(self) -> str:
        return f"http://{HOST}:{self.web_port}/"

    def deliver(self, mail: EmailMessage, *, dmarc: str = "pass", null_sender: bool = False) -> None:
        """Deliver a mail to the office through the MX. Raises Transient."""
        self._send(received(mail, dmarc=dmarc, null_sender=null_sender), mail)

    def submit(self, mail: EmailMessage) -> None:
        """Submit a mail from an agent's client. Raises Transient."""
        self._send(as_bytes(mail), mail)

    def _send(self, raw: bytes, mail: EmailMessage) -> None:
        sender = parseaddr(str(mail["From"]))[1]
        try:
            with smtplib.SMTP(HOST, self.smtp_port, timeout=10) as relay:
                relay.sendmail(sender, [str(mail["To"])], raw)
        except (smtplib.SMTPException, OSError) as error:
            said = getattr(error, "smtp_error", b"").decode(errors="replace")
            why = f"{type(error).__name__} {said}".rstrip()
            raise Transient(f"the embedded server took no mail: {why}") from error


def received(mail: EmailMessage, *, dmarc: str = "pass", null_sender: bool = False) -> bytes:
    """The mail as the MX delivers it: see `messages.arrived`."""
    sender = parseaddr(str(mail["From"]))[1]
    verdict = f"dmarc={dmarc} header.from={sender.rpartition('@')[2]}"
    return arrived(as_bytes(mail), "" if null_sender else sender, str(mail["To"]), datetime.now(UTC), verdict)


def start_mail_server(children: Children, root: Path, *, web: bool) -> DemoMailServer:
    """Start mail-devel and wait until it listens. Raises Transient if it does not start."""
    imap_port, smtp_port, web_port = _free_ports(3)
    made = DemoMailServer(imap_port, smtp_port, web_port if web else 0, secrets.token_hex(16))
    command = [sys.executable, "-m", "testbed.demo.embedded", "--host", HOST, "--multi-user"]
    command += ["--imap-port", str(imap_port), "--smtp-port", str(smtp_port)]
    command += ["--http-port", str(web_port)] if web else ["--no-http"]
    log = root / "mail-server.log"
    process = children.start(command, folder=root, log=log, more={"MAIL_PASSWORD": made.password})
    ports = (imap_port, smtp_port, *([web_port] if web else []))
    up = until(lambda: process.poll() is not None or all(map(_listens, ports)), _START_SECONDS)
    if not up or process.poll() is not None:
        raise Transient(f"the embedded mail server did not start: {_last_line(log)}: on a busy machine, try again")
    return made


def _free_ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    for each in sockets:
        each.bind((HOST, 0))
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


def _listens(port: int) -> bool:
    try:
        socket.create_connection((HOST, port), timeout=1).close()
    except OSError:
        return False
    return True


def _last_line(log: Path) -> str:
    lines = log.read_text(errors="replace").strip().splitlines()
    return lines[-1] if lines else "its log is empty"
