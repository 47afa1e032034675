"""The whole road of a mail on loopback: Postfix takes it by SMTP, Dovecot gets it by LMTP and shows it by IMAP.

Every local part is a mailbox, `name+tag` is the mailbox `name`, all domains are ours, every password is
`PASSWORD`. About 80 ms from SMTP to IMAP.
"""

import itertools
import shutil
import tempfile
from pathlib import Path

from tests.servers.certs import make_certificates
from tests.servers.dovecot import PASSWORD, Dovecot
from tests.servers.ports import HOST
from tests.servers.postfix import HOSTNAME, Postfix, PostfixOptions

__all__ = ["DOMAIN", "HOST", "HOSTNAME", "PASSWORD", "Road"]

DOMAIN = "castellbisbal.cat"


class Road:
    """`with Road() as road:`; then `road.dovecot`, `road.postfix`, `road.new_user()`, `road.address(user)`."""

    def __init__(self, *, detail: bool = False, options: PostfixOptions | None = None) -> None:
        # Unix sockets lie inside, whose paths may have 107 characters: pytest's own folders are too deep.
        self.root = Path(tempfile.mkdtemp(prefix="road-", dir="/tmp"))
        self.root.chmod(0o755)
        self.certs = make_certificates(self.root / "tls")
        self.dovecot = Dovecot(self.root / "dovecot", self.certs, detail=detail)
        ports = {"lmtp_port": self.dovecot.lmtp_port, "sasl_port": self.dovecot.sasl_port}
        self.postfix = Postfix(self.root / "postfix", self.certs, options=options, **ports)
        self._count = itertools.count(1)

    def __enter__(self) -> "Road":
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

    def new_user(self, name: str = "user") -> str:
        """A local part that nobody has had yet, e.g. `user7`; its mailbox appears with its first mail or login."""
        return f"{name}{next(self._count)}"

    def address(self, user: str, domain: str = DOMAIN) -> str:
        return f"{user}@{domain}"
