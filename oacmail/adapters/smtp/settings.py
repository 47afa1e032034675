"""What the transport must be told, and the one fault that its callers tell apart from all others."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from oacmail.core.errors import LOGIN_PAUSE, RelayError


@dataclass(frozen=True, slots=True, kw_only=True)
class SmtpSettings:
    """One relay (docs/interfaces.md section 5, [smtp]).

    `user` '' = no login; `password`: the secret or OAuth token, or a function that is asked for it at every login.
    `ca_file`: PEM file of the only authorities to trust; None = the system's. `timeout`: seconds for a reply,
    `data_timeout`: for the reply to a whole mail. A line unused for `keep_seconds` is not used again.
    """

    host: str
    port: int = 587
    security: Literal["starttls", "tls", "none"] = "starttls"
    user: str = ""
    password: str | Callable[[], str] = field(default="", repr=False)
    auth: Literal["password", "xoauth2"] = "password"
    ca_file: str | None = None
    timeout: float = 60.0
    data_timeout: float = 600.0
    keep_seconds: float = 60.0

    def secret(self) -> str:
        """The password or token of this moment."""
        return self.password if isinstance(self.password, str) else self.password()


class SmtpLoginRefused(RelayError):
    """The relay answered and does not want us. Temporary all the same: passwords and tokens get changed."""

    at_least = LOGIN_PAUSE
