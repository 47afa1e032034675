"""What the OAuth adapter needs to know, what it returns, and the two faults that its callers distinguish."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from oacmail.core.errors import LOGIN_PAUSE, Transient


@dataclass(frozen=True, slots=True, kw_only=True)
class OauthSettings:
    """One mailbox at one provider (docs/config.md, [oauth]).

    `user`: the mailbox. `secret` is called at each renewal, `grant` and `keep` read and replace what a person's sign-in
    has left. `ca_file`: a PEM file with the only trusted authorities; None means the system's.
    """

    provider: Literal["microsoft365", "google"]
    flow: Literal["application", "person"]
    user: str
    secret: Callable[[], str] = field(repr=False)
    grant: Callable[[], str] = field(repr=False)
    keep: Callable[[str], None] = field(repr=False)
    tenant: str = ""
    client_id: str = ""
    authority: str = ""
    ca_file: str | None = None


@dataclass(frozen=True, slots=True)
class Token:
    """`seconds`: how long it is valid from now on."""

    text: str = field(repr=False)
    seconds: float


class GrantRefused(Transient):
    """The provider no longer gives tokens for this grant: a person must act. The text holds only the error codes."""

    at_least = LOGIN_PAUSE
    problem = "oauth"


class TokenUnavailable(Transient):
    """The provider gives no token at the moment; `at_least` as it asks."""

    def __init__(self, text: str, at_least: float = 0.0) -> None:
        super().__init__(text)
        self.at_least = at_least
