"""Mail servers, towns and citizens inside the machine; an admin does there what docs/install.md says."""

import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from testbed.messages import message
from testbed.office import as_toml
from tests.booted.machine import Failed, Machine
from tests.servers import dovecot, postfix
from tests.servers.certs import make_certificates
from tests.servers.dovecot import PASSWORD
from tests.servers.town import DOMAIN, office_sections
from tests.servers.waiting import until

IMAP, IMAPS, LMTP, SASL, SMTP, SUBMISSION, SMTPS = 143, 993, 24, 12345, 25, 587, 465
WRITE = """import smtplib, sys
with smtplib.SMTP("127.0.0.1", 25) as relay:
    relay.sendmail(sys.argv[1], [sys.argv[2]], sys.stdin.buffer.read())
"""


class Servers:
    """Dovecot and Postfix of tests/servers with an authority of their own, as units `imap` and `relay`."""

    def __init__(self, machine: Machine, share: Path) -> None:
        self._machine, self._share = machine, share
        self._certs = make_certificates(share / "tls")
        (share / "write.py").write_text(WRITE)

    def start(self) -> None:
        self._machine("sh", "-c", "mkdir -p /srv/mx/mail /srv/relay/spool /srv/relay/data /srv/tls")
        self._machine(
            "sh", "-c", "cp /share/tls/* /srv/tls && chown nobody /srv/mx/mail && chown postfix /srv/relay/data"
        )
        self._write_dovecot(PASSWORD)
        self._write_postfix()
        self._machine("cp", "-r", "/share/relay-conf", "/srv/relay/conf")
        self.run()

    def run(self) -> None:
        """Also after a reboot: it forgets their units."""
        self._unit("imap", "/usr/sbin/dovecot -F -c /share/mx/dovecot.conf")
        self._unit("relay", "/usr/sbin/postfix -c /srv/relay/conf start-fg")

    def password(self, word: str) -> None:
        """Everybody's, from now on."""
        self._write_dovecot(word)
        self._machine("systemctl", "restart", "imap")

    def _unit(self, name: str, command: str) -> None:
        self._machine("tee", f"/run/systemd/system/{name}.service", given=f"[Service]\nExecStart={command}\n")
        self._machine("systemctl", "daemon-reload")
        self._machine("systemctl", "start", name)

    def _write_dovecot(self, password: str) -> None:
        (self._share / "mx").mkdir(exist_ok=True)
        (self._share / "mx" / "dovecot.conf").write_text(
            dovecot.CONF.format(
                root="/srv/mx",
                certs=_Inside,
                uid=65534,
                gid=65534,
                password=password,
                detail="no",
                separator="/",
                prefix="",
                imap=IMAP,
                imaps=IMAPS,
                lmtp=LMTP,
                sasl=SASL,
            )
        )

    def _write_postfix(self) -> None:
        conf = self._share / "relay-conf"
        conf.mkdir()
        ports = {"smtp": SMTP, "submission": SUBMISSION, "smtps": SMTPS}
        (conf / "master.cf").write_text(postfix.MASTER.format(login=postfix.LOGIN, filter="", **ports))
        for name, text in (
            ("recipients", postfix.RECIPIENTS),
            ("transport", postfix.TRANSPORT),
            ("senders", postfix.SENDERS),
        ):
            (conf / name).write_text(text)
        (conf / "main.cf").write_text(
            postfix.MAIN.format(
                root="/srv/relay", certs=_Inside, hostname=postfix.HOSTNAME, lmtp=LMTP, sasl=SASL, size=10_000_000
            )
        )


class _Inside:
    """Where the certificates lie in the machine."""

    ca, cert, key = "/srv/tls/ca.pem", "/srv/tls/server.pem", "/srv/tls/server.key"


class BootedTown:
    """One instance. `name` '' = the first town (oacmail.service), else `oacmail@name`."""

    def __init__(self, machine: Machine, name: str = "") -> None:
        self._machine, self.name = machine, name
        self.unit = f"oacmail@{name}.service" if name else "oacmail.service"
        self.user = f"oacmail-{name}" if name else "oacmail"
        self.mailbox = name or "oac360"
        self.address = f"{self.mailbox}@{DOMAIN}"
        self.config = f"/etc/oacmail/{name or 'config'}.toml"
        self.credentials = f"/etc/oacmail/credentials/{name}".rstrip("/")
        self.state = f"/var/lib/oacmail/{name}".rstrip("/")
        self._written = 0

    def configure(self, *, imap: Mapping[str, Any] | None = None, **changes: Mapping[str, Any]) -> None:
        """Writes the configuration as root; owner and mode stay."""
        server = {"user": self.mailbox, "ca_file": "/etc/oacmail/ca.pem"}
        imap_keys = {**server, "poll_seconds": 1, **(imap or {})}
        text = as_toml(
            office_sections(self.address, office={"state": self.state}, imap=imap_keys, smtp=server, **changes)
        )
        self._machine("tee", self.config, given=text)

    def password(self, word: str, *names: str) -> None:
        for name in names or ("imap", "smtp"):
            target = f"{self.credentials}/{name}"
            words = ("install", "-m", "600", "-o", self.user, "-g", self.user, "/dev/stdin", target)
            self._machine(*words, given=word + "\n")

    def oacmail(self, *words: str, code: int | None = 0) -> str:
        town = ("--town", self.name) if self.name else ()
        return self._machine("oacmail", *town, *words, code=code)

    def status(self) -> dict[str, Any]:
        """`oacmail status --json`; {} without a report."""
        lines = [line for line in self.oacmail("status", "--json", code=None).splitlines() if line.startswith("{")]
        found: dict[str, Any] = json.loads(lines[0]) if lines else {}
        return found

    def problems(self) -> set[str]:
        """The names of the problems that make it unhealthy, or warn."""
        return {problem["code"] for problem in self.status().get("problems", [{"code": "no report"}])}

    def show(self, name: str) -> str:
        """A property of the unit (systemctl(1))."""
        return self._machine("systemctl", "show", "--value", f"--property={name}", self.unit).strip()

    def systemctl(self, verb: str, code: int | None = 0) -> str:
        return self._machine("systemctl", verb, self.unit, code=code)

    def wait_for(self, state: str, seconds: float = 30) -> None:
        """`active`, `failed`, `inactive`, `activating` (systemctl(1))."""
        until(lambda: self.show("ActiveState") == state, seconds, every=0.3, what=f"{self.unit} is {state}")

    def wait_until_well(self, seconds: float = 60) -> None:
        until(lambda: self.status().get("ok"), seconds, every=1, what=f"{self.unit} is well: {self.problems()}")

    def wait_for_problem(self, name: str, seconds: float = 60) -> None:
        until(lambda: name in self.problems(), seconds, every=1, what=f"{name} in {self.problems()}")

    def answers(self, seconds: float = 60) -> None:
        """A citizen writes and gets one acknowledgement."""
        self._written += 1
        citizen = f"citizen{self.mailbox}{self._written}-{int(time.time())}"
        mail = message(f"{citizen}@{DOMAIN}", self.address, "Padró", "Bon dia, com demano un volant de convivència?\n")
        writing = ("python3", "/share/write.py", f"{citizen}@{DOMAIN}", self.address)
        self._machine(*writing, given=mail.as_string())
        until(lambda: self._mails_of(citizen), seconds, every=0.5, what=f"{self.unit} acknowledges")
        if self._mails_of(citizen) != 1:
            raise Failed(f"{self.unit} has acknowledged more than once")

    def _mails_of(self, citizen: str) -> int:
        return len(self._machine("sh", "-c", f"ls /srv/mx/mail/{citizen}/Maildir/new 2>/dev/null || true").split())
