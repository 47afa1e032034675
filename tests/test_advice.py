"""What an error of a server means: read of the words that our adapters and their libraries write, in their places."""

import getpass
import os
import pwd
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from oacmail import config as settings
from oacmail.advice import explained, meaning
from oacmail.cli import check, permission_remedy, status
from oacmail.config import Config
from oacmail.core.deliverability import Finding

_CERT = "SSLCertVerificationError"
MEANT = {
    # ssl: `verify_message` of OpenSSL 3, of a name that of Python
    f"IMAP SELECT: {_CERT} Hostname mismatch, certificate is not valid for 'imap.town.example'.": "for another name",
    f"SMTP MAIL: {_CERT} IP address mismatch, certificate is not valid for '192.0.2.7'.": "for another name",
    f"IMAP SELECT: {_CERT} Hostname mismatch, certificate is not valid for 'expired.town.example'.": "for another name",
    f"IMAP SELECT: {_CERT} certificate has expired": "certificate has expired",
    f"SMTP MAIL: {_CERT} certificate is not yet valid": "not valid yet",
    f"IMAP SELECT: {_CERT} CA cert does not include key usage extension": "its authority's certificate lacks",
    f"IMAP SELECT: {_CERT} Basic Constraints of CA cert not marked critical": "its authority's certificate lacks",
    f"SMTP MAIL: {_CERT} invalid CA certificate": "its authority's certificate lacks",
    f"IMAP SELECT: {_CERT} Missing Authority Key Identifier": "its certificate lacks",
    f"IMAP SELECT: {_CERT} Missing Subject Key Identifier": "its certificate lacks",
    f"IMAP SELECT: {_CERT} unable to get local issuer certificate": "is not trusted",
    f"SMTP MAIL: {_CERT} self-signed certificate in certificate chain": "is not trusted",
    # of which only a word is that of another error
    f"IMAP SELECT: {_CERT} authority and subject key identifier mismatch": "is not trusted",
    f"IMAP SELECT: {_CERT} subject issuer mismatch": "is not trusted",
    f"IMAP SELECT: {_CERT} CRL has expired": "is not trusted",
    f"IMAP SELECT: {_CERT} CA certificate key too weak": "is not trusted",
    f"IMAP SELECT: {_CERT} Key usage keyCertSign invalid for non-CA cert": "is not trusted",
    f"IMAP SELECT: {_CERT} Authority Key Identifier marked critical": "is not trusted",
    "SMTP MAIL: SSLError WRONG_VERSION_NUMBER": "the TLS handshake fails",
    "IMAP SELECT: SSLError NO_CERTIFICATE_OR_CRL_FOUND": "holds no certificate",
    "IMAP SELECT: FileNotFoundError ENOENT": "the file of its authority is not there",
    "IMAP SELECT: gaierror EAI_NONAME": "its name cannot be resolved",
    "IMAP SELECT: ConnectionRefusedError ECONNREFUSED": "it cannot be reached",
    # IMAP answers (RFC 5530)
    "IMAP SELECT: LoginError [AUTHENTICATIONFAILED]": "the login is refused",
    "IMAP SELECT: LoginError [EXPIRED]": "the login is refused",
    "IMAP SELECT: LoginError": "the login is refused",
    "IMAP SELECT: LoginError [UNAVAILABLE]": "takes no login at present",
    "IMAP SELECT: LoginError [AUTHENTICATIONFAILED] with a token": "refuses the token",
    "IMAP CREATE: error [NOPERM]": "refuses a command",
    "IMAP SELECT: throttled": "limits how much is read",
    "IMAP SELECT: too many connections": "too many programs",
    # SMTP replies
    "SMTP AUTH: 535": "the login is refused",
    "SMTP AUTH: 535 with a token": "refuses the token",
    "SMTP RCPT: 535 5.7.3": "the login is refused",
    "SMTP MAIL: 550 5.1.8": "blocked the sender",
    "SMTP DATA: 554 5.2.252": "may not send as the office",
    "SMTP MAIL: 550 5.1.80": "refuses mail from us",
    "SMTP MAIL: 451 4.7.1": "accepts no mail at present",
    "SMTP MAIL: the relay does not accept our own address in this form": "refuses mail from us",
    "SMTP DATA: 554 5.2.0 limit of a day": "limit of mails in a day",
    # OAuth (RFC 6749 section 5.2; RFC 8628 section 3.5; Microsoft's codes)
    "OAuth: invalid_client AADSTS7000222": "secret has ended",
    "OAuth: invalid_client AADSTS7000215": "refuses the application's secret",
    "OAuth: invalid_grant AADSTS50173": "the grant was revoked",
    "OAuth: expired_token": "gives no token",
    "OAuth: the provider cannot be reached (SSLError)": "no token at present",
    "OAuth: the provider cannot be reached (FileNotFoundError)": "no token at present",
    "OAuth: nobody has signed in": "nobody has signed in",
}


@pytest.mark.parametrize(("error", "said"), MEANT.items())
def test_an_error_means_what_its_words_say_in_their_place(error: str, said: str) -> None:
    what, do = meaning(error[:4].lower(), error)
    assert said in what
    assert do


def test_a_text_of_no_server_is_left_as_it_is() -> None:
    assert explained("the grant has expired: IMAP LoginError") == "the grant has expired: IMAP LoginError"


# What the command says to a user without access to a file: never to repeat what failed.

FILE = "/etc/oacmail/credentials/imap"


def _refused(_: Config) -> Iterator[Finding]:
    raise PermissionError(13, "Permission denied", FILE)


def _remedy() -> str:
    (found,) = check._guarded(_refused, settings.builtin())
    assert found.where == FILE
    return found.do


def test_any_other_user_is_told_to_run_the_command_with_sudo(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OACMAIL_CREDENTIALS", raising=False)
    assert "sudo oacmail" in _remedy()


def test_the_services_own_user_is_told_to_be_given_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    """The command of systemd/oacmail sets this."""
    monkeypatch.setenv("OACMAIL_CREDENTIALS", "/etc/oacmail/credentials")
    assert "sudo oacmail" not in _remedy()
    assert f"chown {getpass.getuser()}: {FILE}" in _remedy()


def test_what_belongs_to_another_town_is_named_and_never_given_away(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("OACMAIL_CREDENTIALS", "/etc/oacmail/credentials/vila")
    monkeypatch.setenv("LOGNAME", "oacmail-vila")
    for owner, town in (("oacmail-olesa", "olesa"), ("oacmail", "config")):
        monkeypatch.setattr(pwd, "getpwuid", lambda _, name=owner: SimpleNamespace(pw_name=name))
        said = permission_remedy(str(tmp_path / "not there" / "oacmail.lock"))
        assert f'it belongs to the town "{town}"' in said
        assert "chown" not in said


def test_a_state_folder_of_another_towns_user_is_that_towns(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """As `check` of the town "vila" sees it, which can read no configuration of another."""
    file = tmp_path / "vila.toml"
    file.write_text('[office]\naddress = "oac@vila.cat"\n')
    (tmp_path / "state").mkdir()
    os.chown(tmp_path / "state", 61001, 61001)
    for owner, town in (("oacmail", "config"), ("oacmail-olesa", "olesa"), ("oacmail-vila", ""), ("anna", "")):
        monkeypatch.setattr(pwd, "getpwuid", lambda _, name=owner: SimpleNamespace(pw_name=name))
        assert status.other_town(file, tmp_path / "state") == town
