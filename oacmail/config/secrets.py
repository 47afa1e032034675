"""Passwords and the token secret: where they come from, and whether others could read them.

Decides the order: the file named in config.toml, then the admin's credential file, then the copy of it that systemd
made at the start, then the environment. Never prints, logs or returns a secret in a message; never keeps one in the
configuration. The token secret signs all that we send. It is made only when the caller asks for it (`make`), who knows
whether a database was signed with another one.
"""

import os
import secrets as chance
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from oacmail.config.model import Config
from oacmail.core.errors import ConfigError, Transient
from oacmail.core.routing.signature import key_name

FILES = "OACMAIL_CREDENTIALS"
"""Names the folder of the admin's own files: read at each login, so that a new password needs no restart."""
CREDENTIALS = "CREDENTIALS_DIRECTORY"
"""systemd's copies (systemd.exec(5), CREDENTIALS): they also come from files that only root can read."""
KEY_FILE = "token.key"
SHORTEST_KEY = 16
"""Characters; a token secret below that could be guessed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Secrets:
    """`imap`, `smtp`: passwords or OAuth tokens, None without a login. `token`: the first signs, all verify."""

    imap: str | None = field(repr=False)
    smtp: str | None = field(repr=False)
    token: tuple[bytes, ...] = field(repr=False)


def read(config: Config, environ: Mapping[str, str] = os.environ) -> Secrets:
    """All secrets that this configuration needs. `token` () = none exists.

    Raises ConfigError with every finding, or Transient where only an access token is missing: another program renews
    those, and may start later than we do.
    """
    problems: list[str] = []
    awaited: list[str] = []
    told = {server: awaited if getattr(config, server).auth == "xoauth2" else problems for server in ("imap", "smtp")}
    imap = _password("imap", config.imap.password_file, environ, told["imap"])
    smtp = _password("smtp", config.smtp.password_file, environ, told["smtp"]) if config.smtp.user else None
    token = _token(config.office.state, environ, problems)
    if problems:
        raise ConfigError((*problems, *awaited))
    if awaited:
        raise Transient("; ".join(awaited))
    return Secrets(imap=imap, smtp=smtp, token=token)


def findings(config: Config, environ: Mapping[str, str] = os.environ) -> tuple[str, ...]:
    """All that is wrong with them, for `check`; makes nothing."""
    problems: list[str] = []
    _password("imap", config.imap.password_file, environ, problems)
    if config.smtp.user:
        _password("smtp", config.smtp.password_file, environ, problems)
    _token(config.office.state, environ, problems)
    return (*problems, *_open_to_others(environ))


def _open_to_others(environ: Mapping[str, str]) -> Iterator[str]:
    """The admin's own files only: systemd guards its copies."""
    for name in ("imap", "smtp", "token"):
        file = _credential(FILES, name, environ)
        if file is not None and file.stat().st_mode & 0o077:
            yield f"{name}: others can read {file}: run `chmod 600 {file}`, and let its owner be the service"


def tokens(config: Config, environ: Mapping[str, str] = os.environ) -> tuple[bytes, ...]:
    """The token secrets alone; () if no source holds one. Raises ConfigError."""
    problems: list[str] = []
    token = _token(config.office.state, environ, problems)
    if problems:
        raise ConfigError(tuple(problems))
    return token


def make(config: Config) -> None:
    """A new state/token.key, unless there is one. Raises ConfigError if the folder takes none."""
    try:
        _write(config.office.state / KEY_FILE, chance.token_hex(32) + "\n")
    except OSError as error:
        raise ConfigError(
            (
                f"office.state: {KEY_FILE} cannot be made there ({error.strerror}): "
                "make the folder, and let its owner be the service",
            )
        ) from error


def put_back(config: Config, saved: tuple[bytes, ...], environ: Mapping[str, str] = os.environ) -> Path | None:
    """Make the keys of a backup count again, below those in force: the first signs, all verify.

    None = they count now. Where the keys come from outside the state directory, the file that the saved ones were
    written to, for a person to add. Raises ConfigError, OSError.
    """
    now = tokens(config, environ)
    if set(saved) <= set(now):
        return None
    file = config.office.state / KEY_FILE
    outside = _first(None, "token", "OACMAIL_TOKEN_KEY", environ, "token", []) is not None
    if outside:
        file, now = file.with_name(f"{KEY_FILE}.from-backup"), ()
    keys = dict.fromkeys((*now, *saved))
    _draft(file, "".join(f"{key.decode()}\n" for key in keys)).replace(file)
    return file if outside else None


def password(config: Config, server: Literal["imap", "smtp"], environ: Mapping[str, str] = os.environ) -> str:
    """The password or OAuth token of this moment, read anew for a login: tokens are renewed by other programs.

    Raises Transient where none can be read just now.
    """
    problems: list[str] = []
    found = _password(server, getattr(config, server).password_file, environ, problems)
    if found is None or problems:
        raise Transient(problems[0])
    return found


def instance(token: tuple[bytes, ...]) -> str:
    """This installation's public name, 8 hex digits, the same after each start.

    Made from the oldest secret, which stands last: a new one put on top signs, and the name stays.
    """
    return key_name(token[-1])


def _password(name: str, file: Path | None, environ: Mapping[str, str], problems: list[str]) -> str | None:
    variable, before = f"OACMAIL_{name.upper()}_PASSWORD", len(problems)
    text = _first(file, name, variable, environ, f"{name}.password_file", problems)
    if text is None:
        if len(problems) == before:
            problems.append(
                f"{name}.password_file: no password is given: name a file here, or give the systemd credential "
                f'"{name}" or ${variable}'
            )
        return None
    password = text.rstrip("\r\n")
    if not password and len(problems) == before:
        problems.append(f"{name}.password_file: the password is empty: write it on the first line of the file")
    return password


def _token(state: Path, environ: Mapping[str, str], problems: list[str]) -> tuple[bytes, ...]:
    """() without a problem: no source holds a key."""
    text = _first(None, "token", "OACMAIL_TOKEN_KEY", environ, "token", problems)
    if text is None:
        text = _own_key(state, problems)
    if text is None:
        return ()
    keys = tuple(line.strip().encode() for line in text.splitlines() if line.strip())
    if not problems and (not keys or any(len(key) < SHORTEST_KEY for key in keys)):
        problems.append(
            f"token: a secret is missing or shorter than {SHORTEST_KEY} characters: make one with "
            "`openssl rand -hex 32`"
        )
    return keys


def _first(
    file: Path | None, name: str, variable: str, environ: Mapping[str, str], path: str, problems: list[str]
) -> str | None:
    """The first source that holds anything; '' if none does and one cannot be read, which is then a problem.

    An empty credential is none: the units set it so where the admin gave no file (SetCredential=).
    """
    if file is not None:
        return _private(file, path, problems)
    unread: list[str] = []
    for folder in (FILES, CREDENTIALS):
        credential = _credential(folder, name, environ)
        if credential and (text := _text(credential, path, unread).strip("\r\n")):
            return text
    problems += unread
    return "" if unread else environ.get(variable)


def _credential(folder: str, name: str, environ: Mapping[str, str]) -> Path | None:
    """The file in the folder that this variable names, if there is one."""
    file = Path(environ[folder]) / name if environ.get(folder) else None
    try:
        return file if file and file.is_file() else None
    except PermissionError:
        return file  # it may be there: reading it says more


def _private(file: Path, path: str, problems: list[str]) -> str:
    """A file's text, if it is its owner's alone."""
    before = len(problems)
    text = _text(file, path, problems)
    if len(problems) == before and file.stat().st_mode & 0o077:
        problems.append(f"{path}: others can read the file: run `chmod 600 {file}`, and let its owner be the service")
    return text


def _text(file: Path, path: str, problems: list[str]) -> str:
    try:
        return file.read_text("utf-8")
    except UnicodeDecodeError:
        problems.append(f"{path}: the file is not text in UTF-8: write the secret alone into it")
    except OSError as error:
        problems.append(f"{path}: the file cannot be read ({error.strerror}): check its name, owner and rights")
    return ""


def _own_key(state: Path, problems: list[str]) -> str | None:
    """The text of state/token.key, None if there is no such file."""
    file = state / KEY_FILE
    try:
        file.stat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError:
        pass  # _private says why
    return _private(file, "office.state", problems)


def _write(file: Path, text: str) -> None:
    """Never over another's: written beside it, then linked to its name."""
    draft = _draft(file, text)
    try:
        os.link(draft, file)
    except FileExistsError:
        return  # another process made it at the same moment: that one counts
    finally:
        draft.unlink()


def _draft(file: Path, text: str) -> Path:
    """The whole text in a file beside `file`, for the owner of the folder alone."""
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = file.with_name(f".{file.name}.{os.getpid()}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as out:
        out.write(text)
        out.flush()
        os.fsync(out.fileno())
    if os.geteuid() == 0:  # made by an admin's hand for the service: it belongs to whom the folder belongs
        os.chown(draft, file.parent.stat().st_uid, file.parent.stat().st_gid)
    return draft
