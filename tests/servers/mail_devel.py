"""mail-devel (the demo's embedded server) as a child of the test: every address is a mailbox, `PASSWORD` opens all."""

import subprocess
import sys
import tempfile

from tests.servers.dovecot import PASSWORD
from tests.servers.ports import HOST, free_port, greets
from tests.servers.waiting import PATIENCE, until


class MailDevel:
    """`with MailDevel() as server: server.imap_port, server.smtp_port`; users log in with their whole address."""

    def __init__(self) -> None:
        self.imap_port, self.smtp_port = free_port(), free_port()
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> "MailDevel":
        ports = ["--imap-port", str(self.imap_port), "--smtp-port", str(self.smtp_port)]
        command = [sys.executable, "-m", "testbed.demo.embedded", "--host", HOST, "--no-http", "--multi-user"]
        self._log = tempfile.TemporaryFile()
        self._process = subprocess.Popen([*command, "--password", PASSWORD, *ports], stdout=self._log, stderr=self._log)
        until(lambda: greets(self.imap_port, b"* OK") and greets(self.smtp_port, b"220"), 20, what="mail-devel")
        return self

    def __exit__(self, *_: object) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(10 * PATIENCE)
        self._log.close()
