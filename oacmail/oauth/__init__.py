"""OAuth2 access tokens for IMAP and SMTP: one for both servers, when it is renewed, and what a failed renewal means.

A token is renewed before it expires, and at once when a server refuses it. While the old one is valid, a renewal that
fails delays nothing. How a provider is asked is known to the module of its name, which is imported with the provider's
library when the first token is needed.
"""

import json
import logging
import threading
import time
from collections.abc import Callable
from datetime import date
from importlib import import_module
from importlib.util import find_spec
from typing import Any, Literal

from msgspec import Struct

from oacmail.core.errors import LOGIN_PAUSE, Transient
from oacmail.servers import Validity

log = logging.getLogger(__name__)
RENEW_BEFORE = 300.0  # seconds before the end of a token; of a short one, half of its life
REST = 60.0  # seconds until the next attempt after a failed one, unless the provider names them
NEW = 30.0  # seconds for which a token counts as new: a server that refuses it does not refuse its age

# provider -> (library, the extra that installs it, our module)
_PROVIDERS = {
    "microsoft365": ("msal", "microsoft", "oacmail.oauth.microsoft"),
    "google": ("google.auth", "google", "oacmail.oauth.google"),
}


class OauthSettings(Struct, frozen=True, kw_only=True):
    """One mailbox at one provider (docs/config.md, [oauth]).

    `user`: the mailbox. `secret` is called at each renewal, `grant` and `keep` read and replace what a person's sign-in
    has left. `ca_file`: a PEM file with the only trusted authorities; None means the system's.
    """

    provider: Literal["microsoft365", "google"]
    flow: Literal["application", "person"]
    user: str
    secret: Callable[[], str]
    grant: Callable[[], str]
    keep: Callable[[str], None]
    tenant: str = ""
    client_id: str = ""
    authority: str = ""
    ca_file: str | None = None

    __repr__ = object.__repr__  # what it calls may be shown with a secret


class Token(Struct, frozen=True):
    """`seconds`: how long it is valid from now on."""

    text: str
    seconds: float

    __repr__ = object.__repr__  # the text is a secret


class GrantRefused(Transient):
    """The provider no longer gives tokens for this grant: a person must act. The text holds only the error codes."""

    at_least = LOGIN_PAUSE
    problem = "oauth"


class TokenUnavailable(Transient):
    """The provider gives no token at the moment; `at_least` as it asks."""

    def __init__(self, text: str, at_least: float = 0.0) -> None:
        super().__init__(text)
        self.at_least = at_least


class TokenSource:
    """`fetch` asks the provider; raises GrantRefused, TokenUnavailable. For several threads."""

    def __init__(self, fetch: Callable[[], Token], now: Callable[[], float] = time.monotonic) -> None:
        self._fetch, self._now = fetch, now
        self._guard = threading.Lock()
        self._text = ""
        self._made = self._ends = self._rest_until = 0.0
        self._refusal: Transient | None = None

    def current(self) -> str:
        """Return a valid token. Raises GrantRefused, TokenUnavailable."""
        with self._guard:
            now = self._now()
            if not self._text or self._ends - now <= min(RENEW_BEFORE, (self._ends - self._made) / 2):
                self._renew(now)
            return self._text

    def after(self, refused: str) -> str:
        """Return another token than this one, which a server has refused; '' if it was new. Raises as `current`."""
        with self._guard:
            now = self._now()
            if self._text == refused and now - self._made < NEW:
                return ""
            if self._text == refused:
                self._text, self._ends = "", now
                self._renew(now)
            return self._text

    def _renew(self, now: float) -> None:
        valid = bool(self._text) and now < self._ends
        if now < self._rest_until and self._refusal is not None:
            if valid:
                return
            raise self._refusal
        try:
            token = self._fetch()
        except Transient as error:
            self._refusal, self._rest_until = error, now + (error.at_least or REST if valid else error.at_least)
            if not valid:
                raise
            log.warning("oauth.not-renewed", {"error": str(error), "kind": type(error).__name__})
            return
        self._text, self._made, self._ends = token.text, now, now + token.seconds
        self._refusal = None


def source(settings: OauthSettings) -> TokenSource:
    return TokenSource(lambda: _module(settings).fetch(settings))


def sign_in(settings: OauthSettings, show: Callable[[str, str], None], ask: Callable[[], str]) -> str:
    """Let a person sign in, keep the grant, and return who it was, '' = not known.

    `show`: called with the page to open and the code to type there ('' = none); `ask`: returns the address at which the
    browser has arrived. Raises GrantRefused, TokenUnavailable.
    """
    return str(_module(settings).sign_in(settings, show, ask))


def key_validity(settings: OauthSettings) -> Validity | None:
    """Return how long the key of Google's service account is valid, None = not known. Raises Transient."""
    found: Validity | None = _module(settings).key_validity(settings)
    return found


def grant_ends(grant: str) -> date | None:
    """Return the last day of what a person's sign-in has left, where the provider has said it."""
    try:
        return date.fromisoformat(json.loads(grant)["ends"])
    except (ValueError, KeyError, TypeError):
        return None


def library_missing(provider: str) -> str:
    """Return the extra that installs the provider's library, '' if it is there."""
    library, extra, _ = _PROVIDERS[provider]
    try:
        return "" if find_spec(library) else extra
    except ModuleNotFoundError:
        return extra


def _module(settings: OauthSettings) -> Any:
    return import_module(_PROVIDERS[settings.provider][2])
