"""What the mailbox adapter must be told, and the faults that its callers tell apart from all others."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from oacmail.core.errors import LOGIN_PAUSE, Transient


@dataclass(frozen=True, slots=True, kw_only=True)
class ImapSettings:
    """One account on one server (docs/interfaces.md section 5, [imap]).

    `password`: the secret or OAuth token, or a function that is asked for it at every login. `ca_file`: PEM file
    of the only authorities to trust; None = the system's. `watch`: folder names, or special uses such as `\\Sent`
    (RFC 6154); empty = INBOX and \\Sent. `sent`: name of the folder of sent mail; '' = found by itself. A message
    of more than `max_bytes` is read in part. `timeout`: seconds without an answer until a line counts as dead.
    """

    host: str
    user: str
    password: str | Callable[[], str] = field(repr=False)
    port: int = 993
    security: Literal["tls", "starttls", "none"] = "tls"
    auth: Literal["password", "xoauth2"] = "password"
    ca_file: str | None = None
    watch: tuple[str, ...] = ()
    sent: str = ""
    max_bytes: int = 5 * 1024 * 1024
    idle_minutes: float = 9.0
    timeout: float = 60.0

    def secret(self) -> str:
        """The password or token of this moment."""
        return self.password if isinstance(self.password, str) else self.password()


class ImapLoginRefused(Transient):
    """The server answered and does not want us. Temporary all the same: passwords and tokens get changed."""

    at_least = LOGIN_PAUSE


class TooLarge(Transient):
    """The server announces or sends more than there is room for. The rest is not read: the connection is over."""
