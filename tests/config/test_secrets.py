"""Where passwords and the token secret come from, who may read them, and that they are never shown."""

import os
from pathlib import Path

import pytest

from oacmail import config
from oacmail.config import secrets
from oacmail.core.errors import ConfigError, Transient
from tests.config.conftest import Read

KEY = "k" * 32
ENVIRON = {"OACMAIL_IMAP_PASSWORD": "imap-env", "OACMAIL_SMTP_PASSWORD": "smtp-env", "OACMAIL_TOKEN_KEY": KEY}
LOGIN = 'user = "oac360"'


def _private(file: Path, text: str) -> Path:
    file.parent.mkdir(exist_ok=True)
    file.touch(0o600)
    file.write_text(text, "utf-8")
    return file


def _refused(read: config.Config, environ: dict[str, str]) -> tuple[str, ...]:
    with pytest.raises(ConfigError) as caught:
        secrets.refuse_missing(read, environ)
    return caught.value.findings


def _all(read: config.Config, environ: dict[str, str]) -> tuple[str, str, tuple[bytes, ...]]:
    secrets.refuse_missing(read, environ)
    imap, smtp = (secrets.password(read, server, environ) for server in secrets._SERVERS)
    return imap, smtp, secrets.tokens(read, environ)


def test_the_environment_is_asked_last(read: Read, tmp_path: Path) -> None:
    assert _all(read(smtp=LOGIN), ENVIRON) == ("imap-env", "smtp-env", (KEY.encode(),))
    for name in ("imap", "smtp", "token"):
        _private(tmp_path / "run" / name, f"{name}-credential-of-systemd\n")
    given = ENVIRON | {"CREDENTIALS_DIRECTORY": str(tmp_path / "run")}
    found = ("imap-credential-of-systemd", "smtp-credential-of-systemd", (b"token-credential-of-systemd",))
    assert _all(read(smtp=LOGIN), given) == found
    _private(tmp_path / "imap.txt", "from the file \r\n")
    assert secrets.password(read(imap='password_file = "imap.txt"'), "imap", given) == "from the file "


def test_the_admins_own_file_goes_before_the_copy_that_systemd_took_at_the_start(read: Read, tmp_path: Path) -> None:
    given = ENVIRON | {"CREDENTIALS_DIRECTORY": str(tmp_path / "run"), "OACMAIL_CREDENTIALS": str(tmp_path / "etc")}
    _private(tmp_path / "run" / "imap", "the old one\n")
    plain = read()
    assert secrets.password(plain, "imap", given) == "the old one"
    _private(tmp_path / "etc" / "imap", "the new one\n")
    assert secrets.password(plain, "imap", given) == "the new one"
    (tmp_path / "etc" / "imap").write_text("")  # as while somebody writes it
    assert secrets.password(plain, "imap", given) == "the old one"


def test_a_credential_file_that_only_root_may_read_leaves_the_copy(read: Read, tmp_path: Path) -> None:
    given = {"CREDENTIALS_DIRECTORY": str(tmp_path / "run"), "OACMAIL_CREDENTIALS": str(tmp_path / "etc")}
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc" / "imap").write_bytes(b"\xff\xfe")  # for root, who runs the tests, no file is closed
    plain = read()
    with pytest.raises(Transient, match="not UTF-8 text"):
        secrets.password(plain, "imap", given)
    _private(tmp_path / "run" / "imap", "the copy\n")
    assert secrets.password(plain, "imap", given) == "the copy"


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644])
def test_a_credential_that_others_can_read_is_a_finding_and_stops_no_service(
    read: Read, tmp_path: Path, mode: int
) -> None:
    given = ENVIRON | {"OACMAIL_CREDENTIALS": str(tmp_path / "etc")}
    file = _private(tmp_path / "etc" / "imap", "word")
    plain = read()
    assert secrets.findings(plain, given) == ()
    file.chmod(mode)
    (only,) = secrets.findings(plain, given)
    assert only.startswith(f"imap: others can read {file}: run `chmod 600 {file}`")
    assert secrets.password(plain, "imap", given) == "word"


@pytest.mark.parametrize("content", [None, ""])
def test_an_access_token_that_is_not_there_yet_is_waited_for(read: Read, tmp_path: Path, content: str | None) -> None:
    plain = read(imap='auth = "xoauth2"\npassword_file = "token.txt"')
    if content is not None:
        _private(tmp_path / "token.txt", content)
    with pytest.raises(Transient, match=r"imap\.password_file: "):
        secrets.refuse_missing(plain, ENVIRON)
    _private(tmp_path / "token.txt", "renewed")
    assert secrets.password(plain, "imap", ENVIRON) == "renewed"


def test_an_empty_credential_is_none(read: Read, tmp_path: Path) -> None:
    for name in ("imap", "smtp", "token"):
        _private(tmp_path / "run" / name, "\n")
    given = ENVIRON | {"CREDENTIALS_DIRECTORY": str(tmp_path / "run")}
    assert secrets.password(read(smtp=LOGIN), "imap", given) == "imap-env"


def test_without_a_login_no_smtp_password_is_asked_for(read: Read) -> None:
    secrets.refuse_missing(read(), {"OACMAIL_IMAP_PASSWORD": "x", "OACMAIL_TOKEN_KEY": KEY})


def test_all_that_is_missing_is_said_at_once_and_how_to_give_it(read: Read) -> None:
    found = _refused(read(smtp=LOGIN), {"OACMAIL_TOKEN_KEY": "short"})
    assert [finding.split(":")[0] for finding in found] == ["imap.password_file", "smtp.password_file"]
    assert '"smtp" or $OACMAIL_SMTP_PASSWORD' in found[1]


def test_a_short_token_secret_is_refused_and_not_shown(read: Read) -> None:
    (only,) = _refused(read(), ENVIRON | {"OACMAIL_TOKEN_KEY": f"{KEY}\nguess-me"})
    assert only.startswith("token: a key is missing or shorter than 16 characters: ")
    assert "guess-me" not in only


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644, 0o660])
def test_a_password_that_others_can_read_is_a_finding(read: Read, tmp_path: Path, mode: int) -> None:
    _private(tmp_path / "imap.txt", "word").chmod(mode)
    (only,) = _refused(read(imap='password_file = "imap.txt"'), ENVIRON)
    assert only.startswith("imap.password_file: others can read the file: run `chmod 600 ")


@pytest.mark.parametrize(
    ("content", "finding"),
    [
        (None, "imap.password_file: the file cannot be read (No such file or directory): "),
        (b"\xff\xfe", "imap.password_file: the file is not UTF-8 text: "),
        (b"\n", "imap.password_file: the password is empty: "),
    ],
)
def test_a_password_file_that_holds_none_is_a_finding(
    read: Read, tmp_path: Path, content: bytes | None, finding: str
) -> None:
    if content is not None:
        _private(tmp_path / "imap.txt", "").write_bytes(content)
    (only,) = _refused(read(imap='password_file = "imap.txt"'), ENVIRON)
    assert only.startswith(finding)


def test_a_token_secret_is_made_once_and_for_the_owner_alone(read: Read, tmp_path: Path) -> None:
    plain = read()
    assert secrets.tokens(plain, {}) == ()
    secrets.make(plain)
    first = secrets.tokens(plain, {})
    file = tmp_path / "state" / "token.key"
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.parent.stat().st_mode & 0o777 == 0o700
    secrets.make(plain)
    assert first == secrets.tokens(plain, {})
    assert len(first[0]) == 64
    assert list(file.parent.iterdir()) == [file]


def test_a_key_file_that_others_can_read_is_a_finding(read: Read, tmp_path: Path) -> None:
    secrets.make(read())
    (tmp_path / "state" / "token.key").chmod(0o644)
    with pytest.raises(ConfigError, match=r"office\.state: others can read the file"):
        secrets.tokens(read(), {})


def test_a_state_folder_that_cannot_be_made_is_a_finding(read: Read, tmp_path: Path) -> None:
    (tmp_path / "state").touch()
    with pytest.raises(ConfigError, match=r"office\.state: token\.key cannot be created there"):
        secrets.make(read())


def test_a_renewed_token_is_read_at_the_next_login(read: Read, tmp_path: Path) -> None:
    file = _private(tmp_path / "token.txt", "first\n")
    plain = read(imap='auth = "xoauth2"\npassword_file = "token.txt"')
    assert secrets.password(plain, "imap", {}) == "first"
    file.write_text("second\n")
    assert secrets.password(plain, "imap", {}) == "second"
    file.unlink()
    with pytest.raises(Transient, match=r"imap\.password_file: the file cannot be read"):
        secrets.password(plain, "imap", {})


def test_several_lines_are_several_keys_and_the_first_signs(read: Read, tmp_path: Path) -> None:
    _private(tmp_path / "state" / "token.key", f"{'n' * 20}\n\n  {'o' * 20}\n")
    assert secrets.tokens(read(), {}) == (b"n" * 20, b"o" * 20)


def test_the_instance_name_stays_when_a_new_key_is_put_on_top() -> None:
    old, new = b"o" * 32, b"n" * 32
    name = secrets.instance((old,))
    assert name == secrets.instance((new, old))
    assert name != secrets.instance((new,))
    assert len(name) == 8
    assert int(name, 16) >= 0


def test_a_new_key_belongs_to_the_owner_of_the_folder_even_if_root_makes_it(read: Read, tmp_path: Path) -> None:
    (tmp_path / "state").mkdir()
    if os.geteuid() == 0:
        os.chown(tmp_path / "state", 12345, 12345)
    secrets.make(read())
    assert (tmp_path / "state" / "token.key").stat().st_uid == (tmp_path / "state").stat().st_uid


def test_the_key_of_a_backup_verifies_below_the_one_in_force(read: Read, tmp_path: Path) -> None:
    file = _private(tmp_path / "state" / "token.key", f"{'n' * 20}\n")
    assert secrets.put_back(read(), (b"o" * 20,), {}) is None
    assert secrets.tokens(read(), {}) == (b"n" * 20, b"o" * 20)
    assert secrets.put_back(read(), (b"o" * 20,), {}) is None
    assert file.read_text() == f"{'n' * 20}\n{'o' * 20}\n"
    assert file.stat().st_mode & 0o777 == 0o600
    assert list(file.parent.iterdir()) == [file]


def test_where_the_key_is_given_from_outside_that_of_a_backup_is_laid_beside(read: Read, tmp_path: Path) -> None:
    aside = tmp_path / "state" / "token.key.from-backup"
    assert secrets.put_back(read(), (b"o" * 20,), ENVIRON) == aside
    assert aside.read_text() == f"{'o' * 20}\n"
    assert aside.stat().st_mode & 0o777 == 0o600
    assert secrets.tokens(read(), ENVIRON) == (KEY.encode(),)
