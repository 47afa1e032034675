"""A private Postfix on loopback, a foreground child of the test: SMTP and submission in, LMTP out.

All domains are local and go to one LMTP server, so that every address is somebody's mailbox. Local parts with an
ending of their own play the difficult recipients:

`…-refused@` 550 at RCPT, `…-later@` 450, `…-closes@` 421 and the end of the line, `…-bounces@` taken and returned with
a delivery report. Whose envelope sender ends in `…-proven@` gets an Authentication-Results that says so, as a DMARC
filter would write it.

Nothing of the system's configuration is read or changed. Needs root: the queue belongs to the user postfix.
"""

import os
import shutil
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.servers.certs import Certificates
from tests.servers.ports import free_port, greets
from tests.servers.waiting import PATIENCE, until

HOSTNAME = "mx.castellbisbal.cat"

MASTER = """\
127.0.0.1:{smtp} inet n - n - - smtpd
127.0.0.1:{submission} inet n - n - - smtpd {login} {filter} -o smtpd_tls_security_level=encrypt
127.0.0.1:{smtps} inet n - n - - smtpd {login} {filter} -o smtpd_tls_wrappermode=yes
pickup  unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr    unix n - n 5 1 qmgr
tlsmgr  unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce  unix - - n - 0 bounce
defer   unix - - n - 0 bounce
trace   unix - - n - 0 bounce
verify  unix - - n - 1 verify
flush   unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
smtp    unix - - n - - smtp
relay   unix - - n - - smtp
showq   unix n - n - - showq
error   unix - - n - - error
retry   unix - - n - - error
discard unix - - n - - discard
lmtp    unix - - n - - lmtp
anvil   unix - - n - 1 anvil
scache  unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
"""
LOGIN = (
    "-o smtpd_sasl_auth_enable=yes -o smtpd_relay_restrictions=permit_sasl_authenticated,reject"
    " -o smtpd_sasl_authenticated_header=yes"
)
MAIN = """\
compatibility_level = 3.6
queue_directory = {root}/spool
data_directory = {root}/data
maillog_file = {root}/postfix.log
maillog_file_prefixes = {root}
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = {hostname}
mydestination =
local_transport = error:5.1.1 nobody
alias_maps =
alias_database =
mynetworks = 127.0.0.0/8
smtpd_relay_restrictions = permit_mynetworks, reject
smtpd_sender_restrictions = check_sender_access regexp:{root}/conf/senders
smtpd_recipient_restrictions = check_recipient_access regexp:{root}/conf/recipients
smtpd_reject_unlisted_recipient = no
smtpd_error_sleep_time = 0
smtpd_hard_error_limit = 1000
smtpd_client_connection_count_limit = 0
smtpd_sasl_type = dovecot
smtpd_sasl_path = inet:127.0.0.1:{sasl}
smtpd_tls_security_level = may
smtpd_tls_chain_files = {certs.key}, {certs.cert}
virtual_transport = lmtp:inet:127.0.0.1:{lmtp}
virtual_mailbox_domains = static:all
transport_maps = regexp:{root}/conf/transport
recipient_delimiter = +
lmtp_destination_recipient_limit = 1
message_size_limit = {size}
mailbox_size_limit = 0
virtual_mailbox_limit = 0
queue_run_delay = 2s
minimal_backoff_time = 2s
maximal_backoff_time = 4s
in_flow_delay = 0
service_throttle_time = 1s
disable_dns_lookups = yes
smtp_dns_support_level = disabled
mail_owner = postfix
setgid_group = postdrop
"""
RECIPIENTS = """\
/^[^@]*-refused@/ 550 5.1.1 there is no such mailbox
/^[^@]*-later@/ 450 4.2.1 the mailbox is busy
/^[^@]*-closes@/ 421 4.7.0 the line is closed
"""
SENDERS = f"/-proven@([^@]+)$/ PREPEND Authentication-Results: {HOSTNAME}; dmarc=pass header.from=$1\n"
NO_PLUS = r"/\+/ 550 5.1.1 no such user" + "\n"
NO_NULL_SENDER = "/^<>$/ 550 5.7.1 no null senders here\n"
TRANSPORT = "/^[^@]*-bounces@/ error:5.1.1 there is no such mailbox\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class PostfixOptions:
    """`message_size_limit` in bytes; `null_sender` False: MAIL FROM:<> is refused with 550; `filter_port`: where the
    content filter for submitted mail listens, 0 = none; `signature`: the DKIM-Signature that mail of ours gets;
    `plus` False: nobody has an address with a +."""

    message_size_limit: int = 102_400_000
    null_sender: bool = True
    filter_port: int = 0
    signature: str = ""
    plus: bool = True


class Postfix:
    """`with Postfix(folder, certificates, lmtp_port=…, sasl_port=…) as relay: relay.smtp_port`.

    Ports: `smtp_port` (no login, STARTTLS offered), `submission_port` (STARTTLS and login), `smtps_port`
    (TLS from the start, login).
    """

    def __init__(
        self,
        root: Path,
        certs: Certificates,
        *,
        lmtp_port: int,
        sasl_port: int,
        options: PostfixOptions | None = None,
    ) -> None:
        self.root, self.certs, self.options = root, certs, options or PostfixOptions()
        self._lmtp, self._sasl = lmtp_port, sasl_port
        self.smtp_port, self.submission_port, self.smtps_port = (free_port() for _ in range(3))
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> "Postfix":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Returns when SMTP answers; RuntimeError with the log when it does not within 20 s."""
        self._write()
        log = (self.root / "start.log").open("ab")
        with log:
            self._process = subprocess.Popen(
                ["postfix", "-c", str(self.root / "conf"), "start-fg"],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        until(lambda: self._ended() or greets(self.smtp_port, b"220 "), 20, what="Postfix")
        if self._ended():
            raise RuntimeError(f"Postfix did not start:\n{self.log()}")

    def stop(self) -> None:
        if self._process is None:
            return
        if not self._ended():  # our child is the start script; the master it waits for is the one to be told
            os.kill(int((self.root / "spool/pid/master.pid").read_text()), signal.SIGTERM)
        self._process.wait(15 * PATIENCE)
        self._process = None

    def log(self) -> str:
        """The last 4,000 characters of the server's logs."""
        logs = (self.root / name for name in ("start.log", "postfix.log"))
        return "".join(log.read_text(errors="replace")[-4000:] for log in logs if log.exists())

    def queue(self) -> int:
        """How many mails wait in the queue."""
        folders = ("incoming", "active", "deferred", "maildrop")
        return sum(len(files) for folder in folders for _, _, files in os.walk(self.root / "spool" / folder))

    def _ended(self) -> bool:
        return self._process is None or self._process.poll() is not None

    def _write(self) -> None:
        conf = self.root / "conf"
        for folder in (conf, self.root / "spool", self.root / "data"):
            folder.mkdir(parents=True, exist_ok=True)
        self.root.chmod(0o755)
        shutil.chown(self.root / "data", "postfix")
        ports = {"smtp": self.smtp_port, "submission": self.submission_port, "smtps": self.smtps_port}
        asked = f"-o smtpd_milters=inet:127.0.0.1:{self.options.filter_port}" if self.options.filter_port else ""
        (conf / "master.cf").write_text(MASTER.format(login=LOGIN, filter=asked, **ports))
        (conf / "recipients").write_text(RECIPIENTS + ("" if self.options.plus else NO_PLUS))
        (conf / "headers").write_text(f"/^X-Oacmail:/ PREPEND DKIM-Signature: {self.options.signature}\n")
        (conf / "transport").write_text(TRANSPORT)
        (conf / "senders").write_text(SENDERS + ("" if self.options.null_sender else NO_NULL_SENDER))
        # A relay that reads header fields refuses deeply nested mail, so that no daemon would get it.
        reading = f"header_checks = regexp:{conf}/headers\n" if self.options.signature else ""
        (conf / "main.cf").write_text(self._main() + reading)

    def _main(self) -> str:
        return MAIN.format(
            root=self.root,
            certs=self.certs,
            hostname=HOSTNAME,
            lmtp=self._lmtp,
            sasl=self._sasl,
            size=self.options.message_size_limit,
        )
