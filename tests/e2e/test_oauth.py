"""A desk that logs in with OAuth tokens at a real Dovecot and Postfix; the sign-in service is one of the tests' own."""

import json
import threading
from base64 import urlsafe_b64decode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.office import IMPATIENT, RunningOffice
from tests.e2e.watching import at_desk
from tests.servers.certs import make_certificates
from tests.servers.mail_servers import MailServers
from tests.servers.people import Citizen
from tests.servers.proxy import Proxy
from tests.servers.token_server import CLIENT, SECRET, TENANT, USER_CODE, TokenServer
from tests.servers.waiting import until

MakeOffice = Callable[..., RunningOffice]


@pytest.fixture(scope="module")
def tokens(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TokenServer]:
    with TokenServer(make_certificates(tmp_path_factory.mktemp("tokens"))) as server:
        yield server


@pytest.fixture(scope="module")
def token_mail_servers(tokens: TokenServer) -> Iterator[MailServers]:
    with MailServers(tokens=tokens.introspection) as servers:
        yield servers


@pytest.fixture
def microsoft(tokens: TokenServer, token_mail_servers: MailServers, tmp_path: Path) -> Iterator[MakeOffice]:
    """Makes a desk of the profile microsoft365 whose mailbox the tokens open: `desk = microsoft(oauth={…})`."""
    made: list[RunningOffice] = []

    def make(auth: str = "xoauth2", **settings: Any) -> RunningOffice:
        desk = RunningOffice(token_mail_servers, tmp_path / f"desk{len(made)}", **settings)
        for server in ("imap", "smtp"):
            desk.settings[server] |= {"auth": auth}
            del desk.settings[server]["password_file"]
        desk.settings["imap"]["provider"] = "microsoft365"
        desk.change(
            office={"dpo": "dpd@castellbisbal.cat"},
            smtp={"self_copy": True},
            trust={"provider": "none"},
            oauth={"tenant": TENANT, "client_id": CLIENT, "secret_file": "secret", "secret_ends": "2099-12-31"}
            | {"authority": tokens.authority, "ca_file": str(tokens.certs.ca)}
            | dict(settings.get("oauth", {})),
        )
        (desk.root / "secret").write_text(SECRET)
        (desk.root / "secret").chmod(0o600)
        tokens.user, tokens.refusal, tokens.throttled, tokens.seconds, tokens.approved = desk.user, "", 0, 3600, True
        tokens.forms.clear()
        desk.program = IMPATIENT
        made.append(desk)
        return desk

    yield make
    for desk in made:
        if desk.process is not None:
            desk.stop()
        assert desk.indiscretions() == []
        assert not (desk.root / "log").exists() or SECRET not in desk.log()


@pytest.mark.parametrize("mechanism", ["xoauth2", "oauthbearer"])
def test_a_desk_answers_with_one_token_of_the_application_for_both_servers(
    tokens: TokenServer, token_mail_servers: MailServers, microsoft: MakeOffice, mechanism: str
) -> None:
    desk, anna = microsoft(mechanism), Citizen(token_mail_servers)
    with desk.running():
        anna.write(desk.address, "Padró", "Com em puc empadronar?")
        anna.wait_for_mail(1, 20)
        assert desk.status()["ok"]
    assert [form["grant_type"] for form in tokens.forms] == ["client_credentials"]
    assert tokens.forms[0]["scope"] == "https://outlook.office365.com/.default"


def test_check_online_is_green_with_tokens(microsoft: MakeOffice) -> None:
    desk = microsoft()
    desk.state.mkdir(mode=0o700)
    with at_desk(desk) as agent:
        agent.create("Drafts")
    assert desk.oacmail("check", "--online").stdout == "no problems found\n"


def test_a_desk_at_google_answers_with_the_token_of_a_service_account(
    tokens: TokenServer, token_mail_servers: MailServers, microsoft: MakeOffice
) -> None:
    desk, anna = microsoft(), Citizen(token_mail_servers)
    desk.change(imap={"provider": "google"}, oauth={"ca_file": str(tokens.certs.ca), "secret_file": "secret"})
    (desk.root / "secret").write_text(tokens.service_account(desk.root))
    with desk.running():
        _until_acknowledged(desk, anna, "Hora")
    (form,) = tokens.forms
    claims = json.loads(urlsafe_b64decode(form["assertion"].split(".")[1] + "=="))
    assert (claims["sub"], claims["scope"]) == (desk.user, "https://mail.google.com/")


# --- a token ends ---------------------------------------------------------------------------------------------


def _until_acknowledged(desk: RunningOffice, person: Citizen, subject: str) -> None:
    person.write(desk.address, subject, "On puc demanar hora?")
    person.wait_for_mail(1, 20)


@contextmanager
def _wired(desk: RunningOffice, servers: MailServers) -> Iterator[Callable[[], None]]:
    """The desk reaches both servers by wires; the call ends every session, as a server does when a token ends."""
    with Proxy(servers.dovecot.imaps_port) as imap, Proxy(servers.postfix.submission_port) as smtp:
        desk.change(imap={"port": imap.port}, smtp={"port": smtp.port})

        def cut() -> None:
            imap.cut()
            smtp.cut()

        yield cut


def test_a_token_that_ends_in_mid_session_is_renewed_and_nobody_is_told(
    tokens: TokenServer, token_mail_servers: MailServers, microsoft: MakeOffice
) -> None:
    desk, anna, pere = microsoft(), Citizen(token_mail_servers), Citizen(token_mail_servers, "Pere")
    with _wired(desk, token_mail_servers) as end_sessions, desk.running():
        _until_acknowledged(desk, anna, "Hora")
        tokens.expire()
        end_sessions()
        _until_acknowledged(desk, pere, "Una altra hora")
        assert desk.status()["ok"]
    assert len(tokens.forms) == 2
    assert [line for line in desk.log_lines() if line["event"].partition(".")[0] in ("imap", "smtp", "oauth")] == []


def test_a_revoked_grant_is_one_alert_mail_waits_and_one_note_tells_of_the_end(
    tokens: TokenServer, token_mail_servers: MailServers, microsoft: MakeOffice, tmp_path: Path
) -> None:
    pager, paged = tmp_path / "page-me", tmp_path / "paged"
    pager.write_text(f'#!/bin/sh\necho "$@" >>{paged}\n')
    pager.chmod(0o755)
    desk, anna = microsoft(canary={"alert_command": [str(pager)]}), Citizen(token_mail_servers)
    with _wired(desk, token_mail_servers) as end_sessions, desk.running():
        tokens.refusal = "invalid_client"
        tokens.expire()
        end_sessions()
        anna.write(desk.address, "Hora", "On puc demanar hora?")
        until(lambda: desk.rows("SELECT 1 FROM kv WHERE key GLOB 'alert:oauth:*'"), 20, what=desk.log)
        (said,) = [one["text"] for one in desk.status()["problems"] if one["code"] in ("oauth", "imap", "smtp")]
        assert "the application's secret has ended (OAuth: invalid_client AADSTS7000222)" in said
        assert anna.inbox() == []
        tokens.refusal = ""
        anna.wait_for_mail(1, 20)
        until(lambda: desk.status()["ok"] and len(desk.operator.inbox()) == 2, 20, what=desk.log)
    assert len(anna.inbox()) == 1
    told = [line.split()[:2] for line in paged.read_text().splitlines()]
    # A busy database keeps no record of it for a moment: then it is told again rather than not at all.
    assert [one for one, _ in groupby(told)] == [["oauth", "down"], ["oauth", "up"]]
    subjects = sorted(str(mail["Subject"]).partition("): ")[2] for mail in desk.operator.inbox())
    assert subjects == [
        "El proveïdor ja no dona accés a la bústia; el correu espera: executeu «oacmail login»",
        "El proveïdor torna a donar accés a la bústia",
    ]


# --- somebody signs in ----------------------------------------------------------------------------------------


def test_a_person_signs_in_once_and_each_refresh_token_is_kept(
    tokens: TokenServer, token_mail_servers: MailServers, microsoft: MakeOffice
) -> None:
    desk, anna = microsoft(oauth={"flow": "person"}), Citizen(token_mail_servers)
    (desk.root / "secret").unlink()
    desk.settings["oauth"].pop("secret_file")
    desk.write_config()
    assert "nobody has signed in yet: run `oacmail login`" in desk.oacmail("once", code=78).stderr
    with at_desk(desk) as agent:
        agent.create("Drafts")
    tokens.approved = False
    threading.Timer(0.5, lambda: setattr(tokens, "approved", True)).start()
    done = desk.oacmail("login")
    assert f"type the code {USER_CODE}" in done.stderr
    assert f"signed in as {desk.user}@castellbisbal.cat" in done.stderr
    assert done.stdout == "no problems found\n"
    assert done.stderr.endswith("both servers accept the token; next: start the service, or restart it\n")
    grant = desk.state / "oauth.json"
    assert grant.stat().st_mode & 0o777 == 0o600
    before = grant.read_text()
    with desk.running():
        _until_acknowledged(desk, anna, "Hora")
    assert grant.read_text() != before
    (kept,) = tokens.refresh
    assert kept in grant.read_text()


def test_login_says_what_to_do_when_the_secret_is_wrong(microsoft: MakeOffice) -> None:
    desk = microsoft()
    (desk.root / "secret").write_text("wrong")
    assert "the application's secret has ended" in desk.oacmail("login", code=1).stderr
    (desk.root / "secret").write_text("")
    assert "oauth.secret_file: the client secret of the application is missing" in desk.oacmail("login", code=78).stderr


def test_login_with_passwords_has_nothing_to_do(microsoft: MakeOffice) -> None:
    assert "nothing to log in to" in microsoft("password").oacmail("login", code=1).stderr
