"""The settings of the mailbox adapter, and the faults that its callers distinguish from all others."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from oacmail.core.errors import LOGIN_PAUSE, Transient


@dataclass(frozen=True, slots=True, kw_only=True)
class ImapSettings:
    r"""One account on one server (docs/interfaces.md section 5, [imap]).

    `password` is the secret or OAuth token, or a function that is called at every login; `other_token`
    returns another OAuth token than the refused one, '' if there is none. `ca_file` is a PEM file with
    the only trusted authorities; None means the system's. `watch` holds folder names, or special uses such as `\Sent`
    (RFC 6154); empty means INBOX and \Sent. `sent` and `junk` are the names of the folders of sent mail and of
    junk; '' means automatic. A message of more than `max_bytes` is read in part. `timeout` is the number of seconds
    without an answer after which a connection counts as dead.
    """

    host: str
    user: str
    password: str | Callable[[], str] = field(repr=False)
    port: int = 993
    security: Literal["tls", "starttls", "none"] = "tls"
    auth: Literal["password", "xoauth2", "oauthbearer"] = "password"
    other_token: Callable[[str], str] | None = None
    ca_file: str | None = None
    watch: tuple[str, ...] = ()
    sent: str = ""
    junk: str = ""
    max_bytes: int = 5 * 1024 * 1024
    idle_minutes: float = 9.0
    timeout: float = 60.0

    def secret(self) -> str:
        """Return the current password or token."""
        return self.password if isinstance(self.password, str) else self.password()


class ImapLoginRefused(Transient):
    """The server refused the login. This is temporary: passwords and tokens are changed."""

    at_least = LOGIN_PAUSE


class TooLarge(Transient):
    """The server announces or sends more than the limit. The rest stays unread and the connection is closed."""
