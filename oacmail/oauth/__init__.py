"""OAuth2 access tokens for IMAP and SMTP. A provider's library is imported when the first token is needed."""

from oacmail.oauth.settings import GrantRefused, OauthSettings, Token, TokenUnavailable
from oacmail.oauth.tokens import TokenSource, library_missing, sign_in, source

__all__ = [
    "GrantRefused",
    "OauthSettings",
    "Token",
    "TokenSource",
    "TokenUnavailable",
    "library_missing",
    "sign_in",
    "source",
]
