"""The part of the composition root that knows servers and their logins: from the configuration to both adapters.

It contacts no server. Passwords and tokens are read when an adapter logs in.
"""

from typing import Any, Literal

from oacmail import oauth
from oacmail.config import Config, secrets
from oacmail.core.errors import ConfigError
from oacmail.imap.connection import ImapSettings
from oacmail.imap.mailbox import ImapMailbox
from oacmail.smtp import SmtpSettings, SmtpTransport

_MICROSOFT = "https://login.microsoftonline.com"


def token_source(config: Config) -> oauth.TokenSource | None:
    """Return the source of access tokens, which both servers share; None if no server takes any.

    Raises ConfigError if the provider's library is not installed.
    """
    if not config.uses_oauth:
        return None
    if extra := oauth.library_missing(config.imap.provider):
        raise ConfigError(
            (f"imap.provider: the library for its tokens is not installed: run `pip install 'oacmail[{extra}]'`",)
        )
    return oauth.source(oauth_settings(config))


def oauth_settings(config: Config) -> oauth.OauthSettings:
    """Return the settings for a configuration that `uses_oauth`."""
    section = config.oauth
    assert config.imap.provider != "generic"
    return oauth.OauthSettings(
        provider=config.imap.provider,
        flow=section.flow,
        user=config.imap.user,
        tenant=section.tenant or "",
        client_id=section.client_id or "",
        authority=section.authority or _MICROSOFT,
        ca_file=str(section.ca_file) if section.ca_file else None,
        secret=lambda: secrets.oauth_secret(config),
        grant=lambda: secrets.grant(config),
        keep=lambda text: secrets.keep_grant(config, text),
    )


def _settings(config: Config, server: Literal["imap", "smtp"], given: oauth.TokenSource | None) -> dict[str, Any]:
    """Return what the settings of both servers share: at each login, the password or a token is asked for."""
    section = config.imap if server == "imap" else config.smtp
    shared = {name: getattr(section, name) for name in ("host", "port", "security", "auth")}
    shared |= {"user": section.user or "", "ca_file": str(section.ca_file) if section.ca_file else None}
    if not config.takes_token(server):
        return {**shared, "password": lambda: secrets.password(config, server)}
    tokens = given or token_source(config)
    assert tokens is not None
    return {**shared, "password": tokens.current, "other_token": tokens.after}


def mailbox(config: Config, given: oauth.TokenSource | None = None) -> ImapMailbox:
    """`given`: the source of tokens that both servers share; by default one of its own."""
    imap = config.imap
    return ImapMailbox(
        ImapSettings(
            **_settings(config, "imap", given),
            watch=imap.watch,
            sent=imap.sent or "",
            junk=imap.junk or "",
            max_bytes=imap.max_bytes,
            idle_minutes=imap.idle_minutes,
        )
    )


def transport(config: Config, given: oauth.TokenSource | None = None) -> SmtpTransport:
    """`given`: as for `mailbox`."""
    return SmtpTransport(SmtpSettings(**_settings(config, "smtp", given)))
