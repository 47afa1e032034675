"""The verb `login`: the first OAuth token, by the application's secret or by a person's sign-in, and a whole check.

Of the sign-in it stores the grant that a person's leaves, and no access token. The check is `check --online`: it sends
two messages to the office's own mailbox.
"""

import sys
from functools import partial

import click

from oacmail import connections, oauth
from oacmail.advice import meaning
from oacmail.cli.check import show
from oacmail.cli.common import configured, safe
from oacmail.cli.online import online_findings
from oacmail.config import Config, secrets
from oacmail.core.errors import ConfigError, Refused, Transient

_tell = partial(click.echo, err=True)


@click.command()
@click.pass_context
def login(ctx: click.Context) -> None:
    """Get the first OAuth token, then check both servers. Exit 1 if the provider or a server refuses."""
    config = configured(ctx)
    if not config.uses_oauth:
        raise Refused("the configuration uses passwords, so there is nothing to log in to: docs/provider.md")
    source = connections.token_source(config)
    if missing := _missing(config):
        raise ConfigError(missing)
    try:
        if config.oauth.flow == "person":
            _sign_in(config)
        assert source is not None
        source.current()
    except Transient as refused:
        what, do = meaning("imap", str(refused))
        _tell(f"oacmail: {what} ({refused}): {do}")
        sys.exit(1 if isinstance(refused, oauth.GrantRefused) else 75)
    _tell("oacmail: the provider gives tokens; now both servers are checked")
    if show(online_findings(config), False):
        sys.exit(1)
    _tell("oacmail: both servers accept the token; next: start the service, or restart it")


def _missing(config: Config) -> tuple[str, ...]:
    """The findings that a sign-in does not end."""
    return tuple(line for line in secrets.oauth_findings(config) if not line.startswith("oauth: "))


def _sign_in(config: Config) -> None:
    who = oauth.sign_in(connections.oauth_settings(config), _show, _ask)
    _tell(f"oacmail: signed in{f' as {safe(who)}' if who else ''}")


def _show(page: str, code: str) -> None:
    if code:
        _tell(f"Open {page} in any browser, type the code {code}, and sign in as a person who may open the mailbox.")
        _tell("oacmail waits until you have done so …")
    else:
        _tell("Open this page in any browser, and sign in to the mailbox:")
        _tell(f"\n{page}\n")
        _tell("At the end the browser cannot open a page at 127.0.0.1: that is right. Copy that page's address here:")


def _ask() -> str:
    return sys.stdin.readline()
