"""The sections about servers: [imap], [smtp], [oauth], [trust], and [callback]. docs/config.md explains each key.

Unencrypted connections to other machines are refused here, so no later code checks again. The module connects to
nothing and holds no passwords (secrets.py reads them).
"""

from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationInfo, field_validator

from oacmail.config.section import Section
from oacmail.config.types import (
    Addresses,
    Count,
    FilePath,
    Flag,
    FlagOrServer,
    FolderName,
    Host,
    Hosts,
    Limit,
    Line,
    Networks,
    Port,
    Size,
    Url,
    wrong,
)
from oacmail.hosts import is_loopback

SENT = "\\Sent"
"""Stands for the folder of sent mail in `imap.watch`, whatever its name."""

Security = Literal["tls", "starttls", "none"]
Auth = Literal["password", "xoauth2", "oauthbearer"]
Provider = Literal["generic", "microsoft365", "google"]


def _encrypted_unless_local(security: Security, info: ValidationInfo) -> Security:
    host = info.data.get("host")
    if security == "none" and host is not None and not is_loopback(host):
        raise wrong(
            "would send the password unencrypted to another machine",
            'write "tls" or "starttls"; "none" is for localhost only',
        )
    return security


class ImapSection(Section):
    provider: Provider = "generic"
    host: Host
    user: Line
    port: Port = 993
    security: Security = "tls"
    auth: Auth = "password"
    password_file: FilePath | None = None
    ca_file: FilePath | None = None
    watch: tuple[FolderName, ...] = ("INBOX", SENT)
    sent: FolderName | None = None
    junk: FolderName | None = None
    idle_minutes: Count = Field(default=9, le=29)
    poll_seconds: Count = 60
    max_bytes: Size = 5_000_000
    backlog_days: Limit = Field(default=0, le=3650)

    _security = field_validator("security")(_encrypted_unless_local)

    @field_validator("watch")
    @classmethod
    def _inbox_once(cls, watch: tuple[str, ...]) -> tuple[str, ...]:
        if "INBOX" not in watch:
            raise wrong('does not name "INBOX", where mail arrives', 'add "INBOX"')
        if len(set(watch)) != len(watch):
            raise wrong("names a folder twice", "name each folder once")
        return watch


class SmtpSection(Section):
    host: Host
    port: Port = 587
    security: Security = "starttls"
    user: Line | None = None
    auth: Auth = "password"
    password_file: FilePath | None = None
    ca_file: FilePath | None = None
    per_minute: Limit = 30
    shared_budget: FilePath | None = None
    give_up_days: Count = Field(default=3, le=365)
    self_copy: FlagOrServer = True
    ack_envelope: Literal["null", "bounce", "office"] = "null"
    uncertain_seconds: Count = Field(default=900, le=86_400)

    _security = field_validator("security")(_encrypted_unless_local)

    @field_validator("shared_budget")
    @classmethod
    def _needs_a_limit(cls, path: Path | None, info: ValidationInfo) -> Path | None:
        if path is not None and info.data.get("per_minute") == 0:
            raise wrong("has no limit to share, since smtp.per_minute is 0", "set smtp.per_minute to that of the relay")
        return path


class OauthSection(Section):
    """`flow`: "application" = the mail program has rights of its own; "person" = somebody signs in once."""

    flow: Literal["application", "person"] = "application"
    tenant: Line | None = None
    client_id: Line | None = None
    secret_file: FilePath | None = None
    authority: Url | None = None
    ca_file: FilePath | None = None


class TrustSection(Section):
    authserv_id: Host | None = None
    mx: Hosts = ()
    internal_relays: Networks = ()
    plus_addressing: Flag = True
    provider: Literal["postfix", "gmail", "exchange", "none"] = "none"

    @field_validator("provider")
    @classmethod
    def _postfix_needs_both_keys(cls, provider: str, info: ValidationInfo) -> str:
        """`postfix` trusts Authentication-Results of `authserv_id` above the Received line of `mx`: it needs both."""
        if provider == "postfix" and not (info.data.get("authserv_id", "?") and info.data.get("mx", "?")):
            raise wrong(
                'is "postfix", and trust.authserv_id or trust.mx is missing',
                'add both: the name in your server\'s Authentication-Results and the name after "by" in its Received',
            )
        return provider


class CallbackSection(Section):
    form_senders: Addresses = ()
    attempts: Count = 2
