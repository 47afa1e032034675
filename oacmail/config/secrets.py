"""Reads passwords and the token key, and checks that others cannot read them.

The order is: the file named in config.toml, the admin's credential file, the copy that systemd made at the start, the
environment. No message or log ever holds a secret, and the configuration never stores one. The token key signs all our
mail. `make` creates it; only the caller knows whether the database was signed with another key.
"""

import os
import secrets as chance
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from oacmail import durable
from oacmail.config.model import Config
from oacmail.core.errors import ConfigError, Transient
from oacmail.core.tokens import KEY_FILE, name_of_key

FILES = "OACMAIL_CREDENTIALS"
"""Names the folder of the admin's files, which are read at each login: a new password needs no restart."""
CREDENTIALS = "CREDENTIALS_DIRECTORY"
"""Names the folder of systemd's copies (systemd.exec(5), CREDENTIALS); the originals may be readable by root only."""
GRANT_FILE = "oauth.json"
SHORTEST_KEY = 16
"""Characters; a shorter token key could be guessed."""
_SERVERS: tuple[Literal["imap", "smtp"], ...] = ("imap", "smtp")


def refuse_missing(config: Config, environ: Mapping[str, str] = os.environ) -> None:
    """Raises ConfigError with every finding, or Transient if only an access token is missing: another program renews
    it and may start later."""
    problems, awaited = _missing(config, environ)
    if problems:
        raise ConfigError((*problems, *awaited))
    if awaited:
        raise Transient("; ".join(awaited))


def findings(config: Config, environ: Mapping[str, str] = os.environ) -> tuple[str, ...]:
    """Every problem with the secrets, for `check`. Creates nothing."""
    problems, awaited = _missing(config, environ)
    problems = [*awaited, *problems]
    for name in ("imap", "smtp", "oauth", "token"):  # the admin's own files; systemd protects its copies
        file = _credential(FILES, name, environ)
        if file is not None and file.stat().st_mode & 0o077:
            problems.append(
                f"{name}: others can read {file}: run `chmod 600 {file}` and make the service's user its owner"
            )
    return tuple(problems)


def _missing(config: Config, environ: Mapping[str, str]) -> tuple[list[str], list[str]]:
    """Return what is wrong or missing, and what another program may still bring. No token key at all is neither."""
    problems: list[str] = []
    awaited: list[str] = []
    for server in _SERVERS:
        section = getattr(config, server)
        if section.user is not None and not config.takes_token(server):
            target = problems if section.auth == "password" else awaited
            _password(server, section.password_file, environ, target)
    if config.uses_oauth:
        problems += oauth_findings(config, environ)
    _token(config.office.state, environ, problems)
    return problems, awaited


def tokens(config: Config, environ: Mapping[str, str] = os.environ) -> tuple[bytes, ...]:
    """The token keys; () if no source holds one. Raises ConfigError."""
    problems: list[str] = []
    token = _token(config.office.state, environ, problems)
    if problems:
        raise ConfigError(tuple(problems))
    return token


def make(config: Config) -> None:
    """Create state/token.key unless it exists. Raises ConfigError if that fails."""
    file = config.office.state / KEY_FILE
    try:
        draft = _draft(file, chance.token_hex(32) + "\n")
        try:
            os.link(draft, file)
        except FileExistsError:
            pass  # another process created it at the same moment: that one counts
        finally:
            draft.unlink()
        durable.sync_names(file.parent)  # mail may be signed with it from now on
    except OSError as error:
        raise ConfigError(
            (
                f"office.state: {KEY_FILE} cannot be created there ({error.strerror}): "
                "create the folder and make the service's user its owner",
            )
        ) from error


def put_back(config: Config, saved: tuple[bytes, ...], environ: Mapping[str, str] = os.environ) -> Path | None:
    """Add the keys of a backup below those in force: the first signs, all verify.

    Returns None if they are in force now. If the keys come from outside the state directory, returns the file that the
    backup's keys were written to; a person must add them. Raises ConfigError, OSError.
    """
    now = tokens(config, environ)
    if set(saved) <= set(now):
        return None
    file = config.office.state / KEY_FILE
    outside = _first(None, "token", "OACMAIL_TOKEN_KEY", environ, "token", []) is not None
    if outside:
        file, now = file.with_name(f"{KEY_FILE}.from-backup"), ()
    keys = dict.fromkeys((*now, *saved))
    durable.replace(_draft(file, "".join(f"{key.decode()}\n" for key in keys)), file)
    return file if outside else None


def password(config: Config, server: Literal["imap", "smtp"], environ: Mapping[str, str] = os.environ) -> str:
    """The present password or OAuth token. It is read at each login, since other programs renew tokens.

    Raises Transient if none can be read now.
    """
    problems: list[str] = []
    found = _password(server, getattr(config, server).password_file, environ, problems)
    if found is None or problems:
        raise Transient(problems[0])
    return found


def instance(token: tuple[bytes, ...]) -> str:
    """This installation's public name: 8 hex digits, the same after each start.

    It is derived from the oldest key, which is the last: a new key on top does not change the name.
    """
    return name_of_key(token[-1])


def oauth_secret(config: Config) -> str:
    """What the application signs in with: Microsoft's client secret, Google's JSON file. Read at each renewal.

    Raises Transient if it cannot be read now.
    """
    problems: list[str] = []
    found = _oauth_secret(config, os.environ, problems)
    if problems:
        raise Transient(problems[0])
    return found


def oauth_findings(config: Config, environ: Mapping[str, str] = os.environ) -> list[str]:
    """What is missing for the tokens that oacmail gets itself."""
    problems: list[str] = []
    if config.oauth.flow == "application" or config.imap.provider == "google":
        _oauth_secret(config, environ, problems)
    if config.oauth.flow == "person" and not problems and not grant(config):
        problems.append("oauth: nobody has signed in yet: run `oacmail login`")
    return problems


def grant(config: Config) -> str:
    """What a person's sign-in has left, with the refresh token; '' if nobody has signed in. Raises Transient."""
    problems: list[str] = []
    file = config.office.state / GRANT_FILE
    if not file.exists():
        return ""
    text = _private(file, "oauth", problems)
    if problems:
        raise Transient(problems[0])
    return text


def keep_grant(config: Config, text: str) -> None:
    """Replace it at once; the file is the service's alone. Raises OSError."""
    file = config.office.state / GRANT_FILE
    durable.replace(_draft(file, text), file)


def _oauth_secret(config: Config, environ: Mapping[str, str], problems: list[str]) -> str:
    text = _first(config.oauth.secret_file, "oauth", "OACMAIL_OAUTH_SECRET", environ, "oauth.secret_file", problems)
    if not problems and not (text or "").strip():
        what = "JSON file of Google" if config.imap.provider == "google" else "client secret of the application"
        problems.append(
            f"oauth.secret_file: the {what} is missing: name its file here, or provide the systemd credential "
            '"oauth" or $OACMAIL_OAUTH_SECRET'
        )
    return (text or "").strip()


def _password(name: str, file: Path | None, environ: Mapping[str, str], problems: list[str]) -> str | None:
    variable, before = f"OACMAIL_{name.upper()}_PASSWORD", len(problems)
    text = _first(file, name, variable, environ, f"{name}.password_file", problems)
    if text is None:
        if len(problems) == before:
            problems.append(
                f"{name}.password_file: no password is given: name a file here, or provide the systemd credential "
                f'"{name}" or ${variable}'
            )
        return None
    password = text.rstrip("\r\n")
    if not password and len(problems) == before:
        problems.append(f"{name}.password_file: the password is empty: write it on the first line of the file")
    return password


def _token(state: Path, environ: Mapping[str, str], problems: list[str]) -> tuple[bytes, ...]:
    """The keys; () without a problem if no source holds one."""
    text = _first(None, "token", "OACMAIL_TOKEN_KEY", environ, "token", problems)
    if text is None:
        try:
            (state / KEY_FILE).stat()
        except (FileNotFoundError, NotADirectoryError):
            return ()
        except OSError:
            pass  # _private reports the reason
        text = _private(state / KEY_FILE, "office.state", problems)
    keys = tuple(line.strip().encode() for line in text.splitlines() if line.strip())
    if not problems and (not keys or any(len(key) < SHORTEST_KEY for key in keys)):
        problems.append(
            f"token: a key is missing or shorter than {SHORTEST_KEY} characters: create one with `openssl rand -hex 32`"
        )
    return keys


def _first(
    file: Path | None, name: str, variable: str, environ: Mapping[str, str], path: str, problems: list[str]
) -> str | None:
    """The text of the first source that has one; '' if none has and one cannot be read, which is then a problem.

    An empty credential does not count: the units set it where the admin gave no file (SetCredential=).
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
    """The credential file in the folder that the variable names; None if there is none."""
    file = Path(environ[folder]) / name if environ.get(folder) else None
    try:
        return file if file and file.is_file() else None
    except PermissionError:
        return file  # it may exist: reading it reports the reason


def _private(file: Path, path: str, problems: list[str]) -> str:
    """The file's text. A file that others can read is a problem."""
    before = len(problems)
    text = _text(file, path, problems)
    if len(problems) == before and file.stat().st_mode & 0o077:
        problems.append(
            f"{path}: others can read the file: run `chmod 600 {file}` and make the service's user its owner"
        )
    return text


def _text(file: Path, path: str, problems: list[str]) -> str:
    try:
        return file.read_text("utf-8")
    except UnicodeDecodeError:
        problems.append(f"{path}: the file is not UTF-8 text: write only the secret into it")
    except OSError as error:
        problems.append(f"{path}: the file cannot be read ({error.strerror}): check its name, owner and permissions")
    return ""


def _draft(file: Path, text: str) -> Path:
    """Write the text to a file beside `file`, readable by the folder's owner alone, and return its path."""
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = file.with_name(f".{file.name}.{os.getpid()}")
    durable.write(draft, text)
    if os.geteuid() == 0:  # root runs this for the service: give it the folder's owner
        os.chown(draft, file.parent.stat().st_uid, file.parent.stat().st_gid)
    return draft
