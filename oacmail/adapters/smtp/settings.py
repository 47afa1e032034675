"""The settings of the transport, and the one fault that its callers distinguish from all others."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from oacmail.core.errors import LOGIN_PAUSE, RelayError


@dataclass(frozen=True, slots=True, kw_only=True)
class SmtpSettings:
    """One relay (docs/interfaces.md section 5, [smtp]).

    `user` '' means no login; `password` is the secret or OAuth token, or a function that is called at every login;
    `other_token` returns another OAuth token than the refused one, '' if there is none.
    `ca_file` is a PEM file with the only trusted authorities; None means the system's. `timeout` is in seconds for a
    reply, `data_timeout` for the reply to a whole mail. A connection unused for `keep_seconds` is not used again.
    """

    host: str
    port: int = 587
    security: Literal["starttls", "tls", "none"] = "starttls"
    user: str = ""
    password: str | Callable[[], str] = field(default="", repr=False)
    auth: Literal["password", "xoauth2", "oauthbearer"] = "password"
    other_token: Callable[[str], str] | None = None
    ca_file: str | None = None
    timeout: float = 60.0
    data_timeout: float = 600.0
    keep_seconds: float = 60.0

    def secret(self) -> str:
        """Return the current password or token."""
        return self.password if isinstance(self.password, str) else self.password()


class SmtpLoginRefused(RelayError):
    """The relay refused the login. This is temporary: passwords and tokens are changed."""

    at_least = LOGIN_PAUSE
