"""The verb `init`: eleven questions, a checked configuration with comments, the credentials, a first `check
--online`.

Its files are written whole or not at all, with the right owner and mode, and never over something unread.
"""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path
from secrets import token_hex
from typing import Any, TypeVar

import click
from msgspec import Struct

from oacmail import config as settings
from oacmail.advice import explained
from oacmail.cli.check import TestMail
from oacmail.cli.common import a_file, safe, say
from oacmail.config import loading
from oacmail.config.loading import PROFILES, SYSTEM, printable
from oacmail.config.sections import OfficeSection, Security
from oacmail.core.errors import ConfigError, Transient
from oacmail.core.model import Folder, domain_of
from oacmail.core.tokens import RETURNED
from oacmail.host import replace_file
from oacmail.imap.connection import ImapSettings
from oacmail.imap.mailbox import ImapMailbox
from oacmail.shipped import shipped
from oacmail.smtp import SmtpSettings, SmtpTransport

# --- Init files ------------------------------------------------------------------------------------------------------


Key = tuple[str, str]
Values = dict[Key, Any]


def keep_password(path: Path, password: str, owner: str) -> None:
    """Write the password, mode 0600, for `owner` ('' = this user). Raises OSError."""
    path.parent.mkdir(mode=0o711, exist_ok=True)
    if not path.exists() or path.read_text("utf-8") != password + "\n":
        replace_file(path, password + "\n", 0o600)
    path.chmod(0o600)
    if owner:
        shutil.chown(path, owner, owner)


def write_config(path: Path, text: str, owner: str) -> str:
    """Write the file and say what happened. The file before is kept as `….before-init`. Raises OSError."""
    if path.exists() and path.read_text("utf-8") == text:
        return "unchanged"
    mode, group = (path.stat().st_mode & 0o777, path.stat().st_gid) if path.exists() else (0o640, None)
    if path.exists():
        shutil.copy2(path, f"{path}.before-init")
    replace_file(path, text, mode)
    if group is not None:
        os.chown(path, -1, group)
    elif owner:
        shutil.chown(path, group=owner)
    return "written"


def own_values(text: str) -> Values:
    """What the file says; of one that is still as shipped, only what differs, since the rest is no default for another
    town."""
    read, ours = tomllib.loads(text), _as_shipped()
    is_own = read.get("office", {}).get("address") not in (None, ours["office"]["address"])
    return {
        (section, key): value
        for section, keys in read.items()
        if isinstance(keys, dict)
        for key, value in keys.items()
        if is_own or value != ours.get(section, {}).get(key)
    }


_SECTION = "write it below the name of its section, such as [office], as in config.toml"


def given_answers(path: Path) -> Values:
    """The file of answers. Raises ConfigError."""
    try:
        read = tomllib.loads(path.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError((f"{path}: is not TOML: {error}",)) from None
    if alone := [key for key, value in read.items() if not isinstance(value, dict)]:
        raise ConfigError(tuple(f"{printable(key)}: stands above every section: {_SECTION}" for key in alone))
    return {(section, key): value for section, keys in read.items() for key, value in keys.items()}


def _as_shipped() -> dict[str, Any]:
    return tomllib.loads(shipped("config.toml").read_text("utf-8"))


# --- Probe -----------------------------------------------------------------------------------------------------------
# What the servers say of themselves. It logs in and reads, changes nothing, and sends one test message to the office.


T = TypeVar("T")
IMAP_PORTS: tuple[tuple[int, Security], ...] = ((993, "tls"), (143, "starttls"))
SMTP_PORTS: tuple[tuple[int, Security], ...] = ((587, "starttls"), (465, "tls"))


class Login(Struct, frozen=True, kw_only=True):
    """`known`: host, user, password and ca_file. `port`, `security`: None = try the usual ones."""

    known: Mapping[str, Any]
    port: int | None
    security: Security | None

    def ways(self, usual: tuple[tuple[int, Security], ...]) -> tuple[tuple[int, Security], ...]:
        if self.port is None:
            return usual
        if self.security or self.port in dict(usual):
            return ((self.port, self.security or dict(usual)[self.port]),)
        return tuple((self.port, security) for _, security in usual)


class MailboxAbilities(Struct, frozen=True, kw_only=True):
    """`sent`, `drafts`: '' = not found. `moves`: messages can be moved, as the board needs."""

    port: int
    security: Security
    moves: bool
    separator: str
    names: tuple[str, ...]
    sent: str
    drafts: str


def probe_mailbox(login: Login) -> MailboxAbilities:
    """Raises Transient."""

    def ask(port: int, security: Security) -> MailboxAbilities:
        with closing(ImapMailbox(ImapSettings(**login.known, port=port, security=security))) as box:
            watched, tree = box.watched(), box.tree()
            return MailboxAbilities(
                port=port,
                security=security,
                moves=box.can_move(),
                separator=tree.separator,
                names=tuple(sorted(tree.names)),
                sent=next((folder.name for folder in watched if folder.role is Folder.SENT), ""),
                drafts=box.drafts(),
            )

    return _first_that_works(login.ways(IMAP_PORTS), ask)


def probe_relay(login: Login, office: str) -> Mapping[str, int | str]:
    """`port` and `security` by which the relay takes mail from the office to itself. Raises Transient."""

    def ask(port: int, security: Security) -> Mapping[str, int | str]:
        with closing(SmtpTransport(SmtpSettings(**login.known, port=port, security=security))) as transport:
            transport.try_envelope(office, office)
        return {"port": port, "security": security}

    return _first_that_works(login.ways(SMTP_PORTS), ask)


def returns(imap: Login, smtp: Login, office: str) -> bool:
    """Whether a refused acknowledgement can come home: the relay takes mail under an address like `office+b.MARK@`, and
    mail to it arrives. The ports are known. Raises Transient."""
    local, _, domain = office.rpartition("@")
    target = f"{local}+{RETURNED}{token_hex(16)}@{domain}"
    (port, security), (out, outwards) = imap.ways(IMAP_PORTS)[0], smtp.ways(SMTP_PORTS)[0]
    with (
        closing(ImapMailbox(ImapSettings(**imap.known, port=port, security=security))) as box,
        closing(SmtpTransport(SmtpSettings(**smtp.known, port=out, security=outwards))) as relay,
    ):
        folder, _ = TestMail(box, relay, target, tuple(box.watched())).reaches(office, target)
    return folder is not None and folder.role is Folder.INTAKE


def _first_that_works(ways: tuple[tuple[int, Security], ...], ask: Callable[[int, Security], T]) -> T:
    """What the first way returns that reaches the login. Raises Transient: the error of the first way."""
    errors: list[Transient] = []
    for port, security in ways:
        try:
            return ask(port, security)
        except Transient as error:
            errors.append(error)
    raise errors[0]


# --- Init answers ----------------------------------------------------------------------------------------------------
# Defaults come from the existing configuration and from the servers' own answers. Nothing is written but the folder of
# the credentials.


TRIES = 3  # logins before a person must start again
_TOKENS = {str(keys["imap"]["host"]): name for name, keys in PROFILES.items()}
_LOGIN = tuple((server, key) for server in ("imap", "smtp") for key in ("user", "port", "security", "ca_file"))
_SECRET: Key = ("oauth", "secret_file")
_BOARD: Key = ("board", "enabled")
_ENVELOPE: Key = ("smtp", "ack_envelope")
_PLUS: Key = ("trust", "plus_addressing")
_OFFICE = str(OfficeSection.model_fields["name"].default)
_PAGES = ("privacy_url", "rights_url", "complaints_form_url", "online_office_url")
_SHOWN = {*(("office", page) for page in _PAGES), ("people", "operator")}
_PASSWORD_FILES = (("imap", "password_file"), ("smtp", "password_file"))


class Question(Struct, frozen=True):
    """`default`: from the answers so far, '' = none."""

    key: Key
    text: str
    default: Callable[[Values], str]


def _at(values: Values, name: str) -> str:
    """`name` and the domain of the office."""
    return name + domain_of(str(values["office", "address"]))


_FIRST: tuple[Question, ...] = (
    Question(("office", "address"), "1. Address that citizens write to", lambda _: ""),
    Question(("office", "town"), "2. Town", lambda _: ""),
    Question(("office", "name"), "3. Name of the office, with which its mails are signed", lambda _: _OFFICE),
    Question(("office", "phone"), "4. Telephone shown to citizens", lambda _: ""),
    Question(("office", "website"), "5. Web site of the town", lambda values: _at(values, "https://www.") + "/"),
    Question(("office", "dpo"), "6. Address of the data protection officer", lambda values: _at(values, "dpd@")),
    Question(("people", "supervisor"), "7. Who gets overdue cases and alerts (address)", lambda _: ""),
    Question(("imap", "host"), "8. IMAP server, or microsoft365, or google", lambda values: _at(values, "imap.")),
)
_APPLICATION: tuple[Question, ...] = (
    Question(("oauth", "tenant"), "9. Directory (tenant) ID of the registered application", lambda _: ""),
    Question(("oauth", "client_id"), "10. Application (client) ID", lambda _: ""),
)
_RELAY = Question(("smtp", "host"), "10. SMTP server", lambda values: values["imap", "host"].replace("imap.", "smtp."))


class InitAnswers:
    """The answers of one run: `values` to set, and `password`, '' = the present one stays. `assumed`: keys of values
    that nobody was asked for. `before`: what the file says; `given`: the file of answers, None = a person is asked. Its
    `imap.password_file` is only read."""

    def __init__(self, target: Path, before: Values, given: Values | None) -> None:
        self.target, self.before, self.given = target, before, given
        self.values: Values = dict(given or {})
        self._source = self.values.pop(_PASSWORD_FILES[0], None)
        self.password = ""
        self.assumed: list[Key] = []

    def ask_all(self) -> None:
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
            self._ask_application(provider)
        else:
            self._ask_servers()
        self._derive_rest()

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
            self.assumed.append(question.key)
        self.values[question.key] = default
        if question.key[1] == "host":
            self._split_host(question.key[0])

    def _ask_application(self, provider: str) -> None:
        """The relay is the provider's, and the secret comes by `oacmail login`."""
        self.values["imap", "provider"] = provider
        self.values.setdefault(("smtp", "host"), PROFILES[provider]["smtp"]["host"])
        self.values.setdefault(("smtp", "user"), self.values["imap", "user"])
        for question in _APPLICATION if provider == "microsoft365" else ():
            self._ask(question)
        if "OACMAIL_CREDENTIALS" not in os.environ and _SECRET not in self.before:
            (self.target.parent / "credentials").mkdir(mode=0o711, exist_ok=True)
            self.values.setdefault(_SECRET, "credentials/oauth")

    def _split_host(self, server: str) -> None:
        """A person may answer HOST:PORT, or the name of a provider; at the usual port the server's name is enough."""
        if profile := PROFILES.get(self.values[server, "host"]):
            self.values[server, "host"] = profile[server]["host"]
        host, _, port = self.values[server, "host"].partition(":")
        if port.isdecimal():
            self.values |= {(server, "host"): host, (server, "port"): int(port)}
            self.values.pop((server, "security"), None)

    def _ask_servers(self) -> None:
        box, values = self._log_in(), self.values
        values |= {("imap", "port"): box.port, ("imap", "security"): box.security}
        if not box.sent and ("imap", "sent") not in {*values, *self.before}:
            names = safe(", ".join(box.names))
            if self.given is not None:
                raise ConfigError((f"imap.sent: no folder of sent mail was found: name one of {names}",))
            values["imap", "sent"] = str(click.prompt(f"Folder of sent mail, one of {names}", err=True))
        self._ask(_RELAY)
        values.setdefault(("smtp", "user"), values["imap", "user"])
        try:
            found = probe_relay(self._login("smtp"), values["office", "address"])
        except Transient as error:
            raise _explained(error) from None
        values |= {("smtp", key): value for key, value in found.items()}
        self._measure()
        if self.given is None:  # only a person's word switches it on: it moves all mail
            text = "11. Move mail into folders by the state of its case (the board)? INBOX is then empty"
            values[_BOARD] = click.confirm(text, default=bool(self.before.get(_BOARD, box.moves)), err=True)

    def _measure(self) -> None:
        """The envelope of acknowledgements, as the servers allow it, unless somebody has chosen one."""
        known = self.before | self.values
        if _ENVELOPE in known or known.get(_PLUS) is False:
            return
        say(f"a test message from and to an address such as {self.values['office', 'address']} with +b.… is sent …")
        arrives = returns(self._login("imap"), self._login("smtp"), self.values["office", "address"])
        self.values |= {_ENVELOPE: "bounce" if arrives else "null", _PLUS: arrives}
        say(
            "it arrived: a refused acknowledgement will come home"
            if arrives
            else "it did not arrive: plus-addresses are not used, and a refused acknowledgement cannot come home"
        )

    def _log_in(self) -> MailboxAbilities:
        """Log in; a person may correct server, user and password."""
        for left in reversed(range(TRIES)):
            self.password = self._ask_password()
            try:
                box = probe_mailbox(self._login("imap"))
            except Transient as error:
                if self.given is not None or not left:
                    raise _explained(error) from None
                say(safe(_explained(error)))
                for key, text in ((("imap", "host"), "IMAP server"), (("imap", "user"), "Login name")):
                    self.values[key] = click.prompt(text, default=self.values[key], err=True)
                self._split_host("imap")
                if re.search("certificate|FileNotFound", str(error), re.IGNORECASE):
                    text = "File with your certificate authority (PEM; Enter = none)"
                    path = click.prompt(text, default="", err=True)
                    self.values |= {(server, "ca_file"): path for server in ("imap", "smtp") if path}
            else:
                break
        say(
            f"logged in at port {box.port}; folders: {safe(', '.join(box.names))}; separator "
            f"{safe(box.separator)}; sent mail: {safe(box.sent) or 'not found'}; drafts: "
            f"{safe(box.drafts) or 'not found'}; messages can {'' if box.moves else 'not '}be moved"
        )
        return box

    def _ask_password(self) -> str:
        if self._source:
            return (a_file(self._source).read_text("utf-8").splitlines() or [""])[0]
        kept = bool(self._stored_password())
        if self.given is None:
            text = "9. Password of the mailbox" + (" (Enter keeps the present one)" if kept else "")
            default = "" if kept else None
            return str(click.prompt(text, hide_input=True, default=default, show_default=False, err=True))
        if not kept:
            raise ConfigError(("imap.password_file: is missing in the file of answers: name the password's file",))
        return ""

    def _stored_password(self) -> str:
        path = self.password_paths()[0]
        return (path.read_text("utf-8").splitlines() or [""])[0] if path.exists() else ""

    def _login(self, server: str) -> Login:
        values = self.values
        ca_file = values.get((server, "ca_file"))
        known = {
            "host": values[server, "host"],
            "user": values[server, "user"],
            "password": self.password or self._stored_password(),
            "ca_file": str(self.target.parent / ca_file) if ca_file else None,
        }
        return Login(known=known, port=values.get((server, "port")), security=values.get((server, "security")))

    def _derive_rest(self) -> None:
        """The keys that follow from the answers, unless the file or the answers have them."""
        # The pages in the shipped config.toml are those of its town.
        pages = () if self.values["office", "town"] == _as_shipped()["office"]["town"] else _PAGES
        follows: Values = {("office", key): self.values["office", "website"] for key in pages}
        follows["people", "operator"] = self.values["people", "supervisor"]
        follows["office", "state"] = "state"
        if self.target.parent == SYSTEM.parent:  # the folder that the town's unit makes (StateDirectory)
            town = () if self.target == SYSTEM else (self.target.stem,)
            follows["office", "state"] = str(Path("/var/lib/oacmail", *town))
        if "OACMAIL_CREDENTIALS" not in os.environ and ("imap", "provider") not in self.values:
            follows |= {key: f"credentials/{key[0]}" for key in _PASSWORD_FILES}
        self.assumed += [key for key in follows if key in _SHOWN and key not in {*self.before, *self.values}]
        self.values = {key: value for key, value in follows.items() if key not in self.before} | self.values


def _explained(error: Transient) -> Transient:
    return Transient(f"{explained(str(error))}; nothing was written")


# --- Init ------------------------------------------------------------------------------------------------------------
# It starts nothing, and a second run changes only what is answered differently. systemd/oacmail
# runs it as root, since /etc/oacmail belongs to root; the check runs as the service's user ($OACMAIL_OWNER).


OWNER = "OACMAIL_OWNER"


@click.command()
@click.option(
    "--yes", "answers", metavar="FILE", help="Ask nothing: a TOML file has the answers, by the keys of config.toml."
)
@click.pass_context
def init(ctx: click.Context, answers: str | None) -> None:
    """Ask eleven questions, write configuration and credentials, and check them online. You may repeat it."""
    target = settings.find(ctx.find_root().obj) or (SYSTEM if SYSTEM.parent.is_dir() else Path("config.toml"))
    text = (target if target.exists() else shipped("config.toml")).read_text("utf-8")
    given = InitAnswers(target.absolute(), own_values(text), given_answers(a_file(answers)) if answers else None)
    given.ask_all()
    new = loading.with_values(text, given.values, given.assumed)
    config = settings.parse(tomllib.loads(new), base=target.parent.absolute())  # before anything is written
    owner = os.environ.get(OWNER, "")
    for path in given.password_paths() if given.password else ():
        keep_password(path, given.password, owner)
    click.echo(f"{target}: {write_config(target, new, owner)}")
    for key in given.assumed:
        click.echo(
            f"{'.'.join(key)} = {safe(loading.shown(given.values[key]))}: nobody was asked; correct it in {target}"
        )
    if config.uses_oauth:
        click.echo("next: docs/provider.md, Microsoft 365 or Google; then `oacmail login`, which checks online too")
        return
    # `check --online` as the service's user
    as_owner = ("runuser", "-u", owner, "--") if owner and os.geteuid() == 0 else ()
    command = (*as_owner, sys.executable, "-m", "oacmail", "--config", str(target), "check", "--online")
    sys.stdout.flush()
    sys.exit(subprocess.run(command, check=False).returncode)  # noqa: S603 - our own words, and a path that was given
