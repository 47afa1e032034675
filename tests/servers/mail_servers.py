"""The mail servers of the tests on loopback: Postfix accepts mail by SMTP, Dovecot gets it by LMTP and serves IMAP.

Every local part is a mailbox, `name+tag` is the mailbox `name`, all domains are local, every password is
`PASSWORD`. A mail takes about 80 ms from SMTP to IMAP.
"""

import itertools
import shutil
import tempfile
from pathlib import Path

from tests.servers.certs import make_certificates
from tests.servers.dovecot import PASSWORD, Dovecot
from tests.servers.ports import HOST
from tests.servers.postfix import HOSTNAME, Postfix, PostfixOptions
from tests.servers.scratch import SCRATCH

__all__ = ["DOMAIN", "HOST", "HOSTNAME", "PASSWORD", "MailServers"]

DOMAIN = "castellbisbal.cat"


class MailServers:
    """`with MailServers() as servers:`; then `servers.dovecot`, `.postfix`, `.new_user()` and `.address(user)`."""

    def __init__(self, *, detail: bool = False, tokens: str = "", options: PostfixOptions | None = None) -> None:
        # The folder holds Unix sockets, whose paths have at most 107 characters: pytest's folders are too deep.
        self.root = Path(tempfile.mkdtemp(prefix="mail-servers-", dir=SCRATCH))
        self.root.chmod(0o755)
        self.certs = make_certificates(self.root / "tls")
        self.dovecot = Dovecot(self.root / "dovecot", self.certs, detail=detail, tokens=tokens)
        ports = {"lmtp_port": self.dovecot.lmtp_port, "sasl_port": self.dovecot.sasl_port}
        self.postfix = Postfix(self.root / "postfix", self.certs, options=options, **ports)
        self._count = itertools.count(1)

    def __enter__(self) -> "MailServers":
        try:
            self.dovecot.start()
            self.postfix.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.postfix.stop()
        self.dovecot.stop()
        shutil.rmtree(self.root, ignore_errors=True)

    def log(self) -> str:
        """The end of both servers' logs."""
        return f"{self.dovecot.log()}\n{self.postfix.log()}"

    def new_user(self, name: str = "user") -> str:
        """A new local part, e.g. `user7`; its mailbox appears with the first mail or login."""
        return f"{name}{next(self._count)}"

    def address(self, user: str, domain: str = DOMAIN) -> str:
        return f"{user}@{domain}"
