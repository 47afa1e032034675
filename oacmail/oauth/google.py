"""Tokens of Google through google-auth: a service account with domain-wide delegation, or a person's consent.

The secret is the JSON file of the Google Cloud console, which names the application and the addresses to ask
(https://developers.google.com/identity/protocols/oauth2/native-app). Google offers no device code for mail.
"""

import json
import secrets as chance
from base64 import urlsafe_b64encode
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from google.auth.exceptions import MalformedError, RefreshError, TransportError
from google.auth.transport.requests import Request
from google.oauth2.credentials import Credentials
from google.oauth2.service_account import Credentials as ServiceAccount

from oacmail.oauth import GrantRefused, OauthSettings, Token, TokenUnavailable, web
from oacmail.servers import Validity

_SCOPE = "https://mail.google.com/"
_BACK = "http://127.0.0.1:1/"  # nobody listens there: the person copies the address from the browser
_SECONDS = 3600.0


def fetch(settings: OauthSettings) -> Token:
    """Ask for a new token. Raises GrantRefused, TokenUnavailable."""
    credentials: Any
    if settings.flow == "application":
        try:
            credentials = ServiceAccount.from_service_account_info(  # type: ignore[no-untyped-call]
                json.loads(settings.secret()), scopes=[_SCOPE], subject=settings.user
            )
        except (ValueError, MalformedError):
            raise GrantRefused("OAuth: the file of the secret is no service account's") from None
    else:
        client, grant = _installed(settings), settings.grant()
        if not grant:
            raise GrantRefused("OAuth: nobody has signed in")
        credentials = Credentials(  # type: ignore[no-untyped-call]
            None,
            refresh_token=json.loads(grant)["refresh_token"],
            token_uri=client["token_uri"],
            client_id=client["client_id"],
            client_secret=client["client_secret"],
        )
    before = getattr(credentials, "refresh_token", None)
    with web.reached():
        try:
            credentials.refresh(Request(web.session(settings.ca_file)))
        except RefreshError as error:
            details = error.args[1] if len(error.args) > 1 and isinstance(error.args[1], dict) else {}
            kind = TokenUnavailable if getattr(error, "retryable", False) else GrantRefused
            raise kind(f"OAuth: {_word(details.get('error', 'refused'))}") from None
        except TransportError as error:
            raise TokenUnavailable(f"OAuth: the provider cannot be reached ({type(error).__name__})") from None
    after = getattr(credentials, "refresh_token", None)
    if after != before and isinstance(after, str):
        settings.keep(json.dumps({**json.loads(settings.grant()), "refresh_token": after}))
    return Token(str(credentials.token), _SECONDS)


def sign_in(settings: OauthSettings, show: Callable[[str, str], None], ask: Callable[[], str]) -> str:
    """Exchange the code in the address at which the browser arrives (RFC 8252, with PKCE). Raises GrantRefused,
    TokenUnavailable."""
    client = _installed(settings)
    state, verifier = chance.token_urlsafe(16), chance.token_urlsafe(48)
    challenge = urlsafe_b64encode(sha256(verifier.encode()).digest()).decode().rstrip("=")
    question = {
        "client_id": client["client_id"],
        "redirect_uri": _BACK,
        "response_type": "code",
        "scope": _SCOPE,
        "state": state,
        "code_challenge": challenge,
        "code_challenge_method": "S256",
        "access_type": "offline",
        "prompt": "consent",
        "login_hint": settings.user,
    }
    show(f"{client['auth_uri']}?{urlencode(question)}", "")
    answer = {name: values[0] for name, values in parse_qs(urlsplit(ask().strip()).query).items()}
    if answer.get("state") != state or "code" not in answer:
        raise GrantRefused(f"OAuth: {answer.get('error', 'no_code') if answer.get('state') == state else 'no_code'}")
    form = {
        "grant_type": "authorization_code",
        "code": answer["code"],
        "redirect_uri": _BACK,
        "client_id": client["client_id"],
        "client_secret": client["client_secret"],
        "code_verifier": verifier,
    }
    with web.reached():
        given = web.session(settings.ca_file).post(client["token_uri"], data=form).json()
    if "refresh_token" not in given:
        raise GrantRefused(f"OAuth: {_word(given.get('error', 'no_refresh_token'))}")
    left = given.get("refresh_token_expires_in")  # while the application is in testing, or the person set an end
    ends = (datetime.now(UTC) + timedelta(seconds=float(left))).date().isoformat() if left else None
    settings.keep(json.dumps({"refresh_token": given["refresh_token"], "ends": ends}))
    return ""


def key_validity(settings: OauthSettings) -> Validity | None:
    """Return how long the service account's key is valid, by the certificate that Google publishes of it and that needs
    no right; None = not known there. Raises TokenUnavailable, Transient."""
    try:
        account = json.loads(settings.secret())
        address, key = str(account["client_x509_cert_url"]), str(account["private_key_id"])
    except (ValueError, KeyError, TypeError):
        return None
    with web.reached():
        published = web.session(settings.ca_file).get(address).json()
    text = published.get(key) if isinstance(published, dict) else None
    if not isinstance(text, str):
        return None
    from cryptography.x509 import load_pem_x509_certificate  # google-auth needs it; only the nightly look reads one

    certificate = load_pem_x509_certificate(text.encode())
    return Validity(certificate.not_valid_before_utc.timestamp(), certificate.not_valid_after_utc.timestamp())


def _installed(settings: OauthSettings) -> Mapping[str, str]:
    """The client of the console's JSON file for a desktop application."""
    try:
        client = json.loads(settings.secret())["installed"]
        return {name: str(client[name]) for name in ("client_id", "client_secret", "auth_uri", "token_uri")}
    except (ValueError, KeyError, TypeError):
        raise GrantRefused("OAuth: the file of the secret is no desktop application's") from None


def _word(error: object) -> str:
    """The error's code; descriptions name people, and are dropped."""
    return str(error) if str(error).replace("_", "").isalnum() else "refused"
