"""The part of the composition root that knows servers and their logins: from the configuration to both adapters.

It contacts no server. Passwords and tokens are read when an adapter logs in.
"""

from collections.abc import Callable
from typing import Literal

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


def _login(
    config: Config, server: Literal["imap", "smtp"], given: oauth.TokenSource | None
) -> tuple[Callable[[], str], Callable[[str], str] | None]:
    """Return what gives the password or token at each login, and what gives another token than a refused one."""
    if not config.takes_token(server):
        return lambda: secrets.password(config, server), None
    found = given or token_source(config)
    assert found is not None
    return found.current, found.after


def mailbox(config: Config, given: oauth.TokenSource | None = None) -> ImapMailbox:
    """`given`: the source of tokens that both servers share; by default one of its own."""
    imap = config.imap
    password, other_token = _login(config, "imap", given)
    return ImapMailbox(
        ImapSettings(
            host=imap.host,
            port=imap.port,
            user=imap.user,
            password=password,
            other_token=other_token,
            security=imap.security,
            auth=imap.auth,
            ca_file=str(imap.ca_file) if imap.ca_file else None,
            watch=imap.watch,
            sent=imap.sent or "",
            junk=imap.junk or "",
            max_bytes=imap.max_bytes,
            idle_minutes=imap.idle_minutes,
        )
    )


def transport(config: Config, given: oauth.TokenSource | None = None) -> SmtpTransport:
    """`given`: as for `mailbox`."""
    smtp = config.smtp
    password, other_token = _login(config, "smtp", given)
    return SmtpTransport(
        SmtpSettings(
            host=smtp.host,
            port=smtp.port,
            user=smtp.user or "",
            password=password,
            other_token=other_token,
            security=smtp.security,
            auth=smtp.auth,
            ca_file=str(smtp.ca_file) if smtp.ca_file else None,
        )
    )
