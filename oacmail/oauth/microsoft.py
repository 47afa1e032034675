"""Tokens of Microsoft Entra through msal: client credentials, or what a person's device code has left.

https://learn.microsoft.com/exchange/client-developer/legacy-protocols/how-to-authenticate-an-imap-pop-smtp-application-by-using-oauth
"""

import json
from collections.abc import Callable, Mapping
from typing import Any

import msal

from oacmail.oauth import GrantRefused, OauthSettings, Token, TokenUnavailable, web

_APPLICATION = ["https://outlook.office365.com/.default"]
_PERSON = ["https://outlook.office.com/IMAP.AccessAsUser.All", "https://outlook.office.com/SMTP.Send"]
_FOR_NOW = ("temporarily_unavailable", "server_error")


def fetch(settings: OauthSettings) -> Token:
    """Ask for a new token. Raises GrantRefused, TokenUnavailable."""
    with web.reached():
        if settings.flow == "application":
            app = _made(msal.ConfidentialClientApplication, settings, client_credential=settings.secret())
            result = _good(app.acquire_token_for_client(_APPLICATION))
        else:
            cache = msal.SerializableTokenCache()
            cache.deserialize(settings.grant() or None)
            app = _made(msal.PublicClientApplication, settings, token_cache=cache)
            accounts = app.get_accounts()
            if not accounts:
                raise GrantRefused("OAuth: nobody has signed in")
            result = _good(app.acquire_token_silent_with_error(_PERSON, accounts[0], force_refresh=True))
            if cache.has_state_changed:  # a refresh token may be replaced at each use
                settings.keep(cache.serialize())
    return Token(str(result["access_token"]), float(result["expires_in"]))


def sign_in(settings: OauthSettings, show: Callable[[str, str], None], ask: Callable[[], str]) -> str:  # noqa: ARG001 - the code is typed at the page
    """Wait until the person has typed the code. Raises GrantRefused, TokenUnavailable."""
    cache = msal.SerializableTokenCache()
    with web.reached():
        app = _made(msal.PublicClientApplication, settings, token_cache=cache)
        flow = app.initiate_device_flow(_PERSON)
        if "user_code" not in flow:
            raise _refused(flow)
        show(flow["verification_uri"], flow["user_code"])
        result = _good(app.acquire_token_by_device_flow(flow))
    settings.keep(cache.serialize())
    return str(result.get("id_token_claims", {}).get("preferred_username", ""))


def _made(kind: Callable[..., Any], settings: OauthSettings, **more: Any) -> Any:
    authority = f"{settings.authority.rstrip('/')}/{settings.tenant}"
    http = web.session(settings.ca_file)
    try:
        return kind(settings.client_id, authority=authority, instance_discovery=False, http_client=http, **more)
    except json.JSONDecodeError:
        raise TokenUnavailable("OAuth: the provider answers without sense") from None
    except ValueError:
        raise GrantRefused("OAuth: invalid_tenant") from None


def _good(result: Mapping[str, Any] | None) -> Mapping[str, Any]:
    if result and "access_token" in result:
        return result
    raise _refused(result or {"error": "no_refresh_token"})


def _refused(result: Mapping[str, Any]) -> GrantRefused | TokenUnavailable:
    """The error with Microsoft's codes: "invalid_grant AADSTS50173". Descriptions name people, and are dropped."""
    error = str(result.get("error", "no_answer"))
    codes = [f"AADSTS{code}" for code in result.get("error_codes", ()) if isinstance(code, int)]
    text = " ".join(("OAuth:", error if error.replace("_", "").isalnum() else "error", *codes))
    return TokenUnavailable(text) if error in _FOR_NOW else GrantRefused(text)
