"""The verb `init`: ten questions, a checked configuration with its comments, the credentials, a first `check --online`.

Defaults come from the existing configuration and from the servers' own answers. It starts nothing, and a second run
changes only what is answered differently. systemd/oacmail runs it as root, since /etc/oacmail belongs to root; the
check runs as the service's user ($OACMAIL_OWNER).
"""

import os
import subprocess
import sys
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import click

from oacmail import config as settings
from oacmail.cli import probe
from oacmail.cli.common import a_file, safe
from oacmail.cli.error_help import meaning
from oacmail.cli.init_files import (
    Key,
    Values,
    given_answers,
    is_shipped_town,
    keep_password,
    own_values,
    write_config,
)
from oacmail.config import edit
from oacmail.config.loading import SYSTEM
from oacmail.config.profiles import PROFILES
from oacmail.core.errors import ConfigError, Transient
from oacmail.shipped import shipped

OWNER = "OACMAIL_OWNER"
TRIES = 3  # logins before a person must begin anew
_TOKENS = {str(keys["imap"]["host"]): name for name, keys in PROFILES.items()}
_LOGIN = tuple((server, key) for server in ("imap", "smtp") for key in ("user", "port", "security", "ca_file"))
_SECRET: Key = ("oauth", "secret_file")
_BOARD: Key = ("board", "enabled")
_PAGES = ("privacy_url", "rights_url", "complaints_form_url", "online_office_url")
_SHOWN = {*(("office", page) for page in _PAGES), ("people", "operator")}
_PASSWORD_FILES = (("imap", "password_file"), ("smtp", "password_file"))


@dataclass(frozen=True, slots=True)
class Question:
    """`default`: from the answers so far, '' = none."""

    key: Key
    text: str
    default: Callable[[Values], str]


def _at(values: Values, name: str) -> str:
    """`name` and the domain of the office."""
    return name + str(values["office", "address"]).rpartition("@")[2]


_FIRST: tuple[Question, ...] = (
    Question(("office", "address"), "1. Address that citizens write to", lambda _: ""),
    Question(("office", "town"), "2. Town", lambda _: ""),
    Question(("office", "phone"), "3. Telephone shown to citizens", lambda _: ""),
    Question(("office", "website"), "4. Web site of the town", lambda values: _at(values, "https://www.") + "/"),
    Question(("office", "dpo"), "5. Address of the data protection officer", lambda values: _at(values, "dpd@")),
    Question(("people", "supervisor"), "6. Who gets overdue cases and alerts (address)", lambda _: ""),
    Question(("imap", "host"), "7. IMAP server, or microsoft365, or google", lambda values: _at(values, "imap.")),
)
_APPLICATION: tuple[Question, ...] = (
    Question(("oauth", "tenant"), "8. Directory (tenant) ID of the registered application", lambda _: ""),
    Question(("oauth", "client_id"), "9. Application (client) ID", lambda _: ""),
)
_RELAY = Question(("smtp", "host"), "9. SMTP server", lambda values: values["imap", "host"].replace("imap.", "smtp."))


@click.command()
@click.option(
    "--yes", "answers", metavar="FILE", help="Ask nothing: a TOML file has the answers, by the keys of config.toml."
)
@click.pass_context
def init(ctx: click.Context, answers: str | None) -> None:
    """Ask ten questions, write configuration and credentials, and check them online. You may repeat it."""
    target = settings.find(ctx.find_root().obj) or (SYSTEM if SYSTEM.parent.is_dir() else Path("config.toml"))
    text = (target if target.exists() else shipped("config.toml")).read_text("utf-8")
    asked = _Asking(target.absolute(), own_values(text), given_answers(a_file(answers)) if answers else None)
    asked.all()
    new = edit.with_values(text, asked.values, asked.followed)
    config = settings.parse(tomllib.loads(new), base=target.parent.absolute())  # before anything is written
    owner = os.environ.get(OWNER, "")
    for path in asked.password_paths() if asked.password else ():
        keep_password(path, asked.password, owner)
    click.echo(f"{target}: {write_config(target, new, owner)}")
    for key in asked.followed:
        click.echo(f"{'.'.join(key)} = {safe(edit.shown(asked.values[key]))}: nobody was asked; correct it in {target}")
    if config.uses_oauth:
        click.echo(
            "next: docs/admin.md section 3, Microsoft 365 or Google; then `oacmail login`, which checks online too"
        )
        return
    sys.exit(_checked(target, owner))


class _Asking:
    """The answers of one run: `values` to set, and `password`, '' = the present one stays. `followed`: keys of values
    that nobody was asked for. `before`: what the file says; `given`: the file of answers, None = a person is asked. Its
    `imap.password_file` is only read."""

    def __init__(self, target: Path, before: Values, given: Values | None) -> None:
        self.target, self.before, self.given = target, before, given
        self.values: Values = dict(given or {})
        self._source = self.values.pop(_PASSWORD_FILES[0], None)
        self.password = ""
        self.followed: list[Key] = []

    def all(self) -> None:
        """Raises ConfigError, Transient."""
        for key in _LOGIN:
            if key in self.before:
                self.values.setdefault(key, self.before[key])
        named: str = self.values.get(("imap", "provider"), "")
        if named in PROFILES:
            self.values.setdefault(("imap", "host"), PROFILES[named]["imap"]["host"])
        for question in _FIRST:
            self._ask(question)
        self.values.setdefault(("imap", "user"), self.values["office", "address"])
        provider = _TOKENS.get(self.values["imap", "host"], named)
        if provider in PROFILES:
            self._with_tokens(provider)
        else:
            self._servers()
        self._rest()

    def password_paths(self) -> tuple[Path, ...]:
        folder = Path(os.environ.get("OACMAIL_CREDENTIALS") or self.target.parent / "credentials")
        named = ((self.before.get(key), folder / key[0]) for key in _PASSWORD_FILES)
        return tuple(self.target.parent / own if own else path for own, path in named)

    def _ask(self, question: Question) -> None:
        if question.key in self.values:
            return
        default = self.before.get(question.key) or question.default(self.values)
        if self.given is None:
            default = click.prompt(question.text, default=default or None, err=True)
        elif not default:
            raise ConfigError((f"{'.'.join(question.key)}: is missing in the file of answers: add it",))
        elif question.key not in self.before:
            self.followed.append(question.key)
        self.values[question.key] = default
        if question.key[1] == "host":
            self._split(question.key[0])

    def _with_tokens(self, provider: str) -> None:
        """The relay is the provider's, and the secret comes by `oacmail login`."""
        self.values["imap", "provider"] = provider
        self.values.setdefault(("smtp", "host"), PROFILES[provider]["smtp"]["host"])
        self.values.setdefault(("smtp", "user"), self.values["imap", "user"])
        for question in _APPLICATION if provider == "microsoft365" else ():
            self._ask(question)
        if "OACMAIL_CREDENTIALS" not in os.environ and _SECRET not in self.before:
            (self.target.parent / "credentials").mkdir(mode=0o711, exist_ok=True)
            self.values.setdefault(_SECRET, "credentials/oauth")

    def _split(self, server: str) -> None:
        """A person may answer HOST:PORT, or the name of a provider; at the usual port the server's name is enough."""
        if profile := PROFILES.get(self.values[server, "host"]):
            self.values[server, "host"] = profile[server]["host"]
        host, _, port = self.values[server, "host"].partition(":")
        if port.isdecimal():
            self.values |= {(server, "host"): host, (server, "port"): int(port)}
            self.values.pop((server, "security"), None)

    def _servers(self) -> None:
        box, values = self._mailbox(), self.values
        values |= {("imap", "port"): box.port, ("imap", "security"): box.security}
        if not box.sent and ("imap", "sent") not in {*values, *self.before}:
            values["imap", "sent"] = self._sent(box)
        self._ask(_RELAY)
        values.setdefault(("smtp", "user"), values["imap", "user"])
        try:
            found = probe.relay(self._login("smtp"), values["office", "address"])
        except Transient as error:
            raise _explained("smtp", error) from None
        values |= {("smtp", key): value for key, value in found.items()}
        self._board(box)

    def _board(self, box: probe.MailboxAbilities) -> None:
        if _BOARD in self.values:
            return
        wish = bool(self.before.get(_BOARD, box.moves))
        if self.given is None:
            text = "10. Move mail into folders by the state of its case (the board)? INBOX is then empty"
            wish = click.confirm(text, default=wish, err=True)
        elif _BOARD not in self.before:
            self.followed.append(_BOARD)
        self.values[_BOARD] = wish

    def _mailbox(self) -> probe.MailboxAbilities:
        """Log in; a person may correct server, user and password."""
        for left in reversed(range(TRIES)):
            self.password = self._password()
            try:
                box = probe.mailbox(self._login("imap"))
            except Transient as error:
                if self.given is not None or not left:
                    raise _explained("imap", error) from None
                click.echo(f"oacmail: {safe(_explained('imap', error))}", err=True)
                self._corrected(error)
            else:
                break
        click.echo(
            f"oacmail: logged in at port {box.port}; folders: {safe(', '.join(box.names))}; separator "
            f"{safe(box.separator)}; sent mail: {safe(box.sent) or 'not found'}; drafts: "
            f"{safe(box.drafts) or 'not found'}; messages can {'' if box.moves else 'not '}be moved",
            err=True,
        )
        return box

    def _corrected(self, error: Transient) -> None:
        """Ask again for what the login needs, and for the authority of a certificate that is not trusted."""
        for key, text in ((("imap", "host"), "IMAP server"), (("imap", "user"), "Login name")):
            self.values[key] = click.prompt(text, default=self.values[key], err=True)
        self._split("imap")
        if "CERTIFICATE" in str(error).upper():
            path = click.prompt("File with your certificate authority (PEM; Enter = none)", default="", err=True)
            self.values |= {(server, "ca_file"): path for server in ("imap", "smtp") if path}

    def _password(self) -> str:
        if self._source:
            return (a_file(self._source).read_text("utf-8").splitlines() or [""])[0]
        kept = bool(self._stored())
        if self.given is None:
            text = "8. Password of the mailbox" + (" (Enter keeps the present one)" if kept else "")
            default = "" if kept else None
            return str(click.prompt(text, hide_input=True, default=default, show_default=False, err=True))
        if not kept:
            raise ConfigError(("imap.password_file: is missing in the file of answers: name the password's file",))
        return ""

    def _stored(self) -> str:
        path = self.password_paths()[0]
        return (path.read_text("utf-8").splitlines() or [""])[0] if path.exists() else ""

    def _login(self, server: str) -> probe.Login:
        values = self.values
        ca_file = values.get((server, "ca_file"))
        return probe.Login(
            host=values[server, "host"],
            user=values[server, "user"],
            password=self.password or self._stored(),
            port=values.get((server, "port")),
            security=values.get((server, "security")),
            ca_file=str(self.target.parent / ca_file) if ca_file else None,
        )

    def _sent(self, box: probe.MailboxAbilities) -> str:
        names = safe(", ".join(box.names))
        if self.given is not None:
            raise ConfigError((f"imap.sent: no folder of sent mail was found: name one of {names}",))
        return str(click.prompt(f"Folder of sent mail, one of {names}", err=True))

    def _rest(self) -> None:
        """The keys that follow from the answers, unless the file or the answers have them."""
        pages = () if is_shipped_town(self.values["office", "town"]) else _PAGES
        follows: Values = {("office", key): self.values["office", "website"] for key in pages}
        follows["people", "operator"] = self.values["people", "supervisor"]
        if not self.target.is_relative_to("/etc"):
            follows["office", "state"] = "state"
        if "OACMAIL_CREDENTIALS" not in os.environ and ("imap", "provider") not in self.values:
            follows |= {key: f"credentials/{key[0]}" for key in _PASSWORD_FILES}
        self.followed += [key for key in follows if key in _SHOWN and key not in {*self.before, *self.values}]
        self.values = {key: value for key, value in follows.items() if key not in self.before} | self.values


def _explained(server: str, error: Transient) -> Transient:
    what, do = meaning(server, str(error))
    return Transient(f"{server}: {what} ({error}): {do}; nothing was written")


def _checked(target: Path, owner: str) -> int:
    """`check --online` as the service's user; its exit code."""
    as_owner = ("runuser", "-u", owner, "--") if owner and os.geteuid() == 0 else ()
    command = (*as_owner, sys.executable, "-m", "oacmail", "--config", str(target), "check", "--online")
    sys.stdout.flush()
    return subprocess.run(command, check=False).returncode  # noqa: S603 - our own words, and a path that was given
