"""A desk that logs in with OAuth tokens at a real Dovecot and Postfix; the sign-in service is one of the tests' own."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.office import IMPATIENT, RunningOffice
from tests.e2e.watching import at_desk
from tests.servers.certs import make_certificates
from tests.servers.mail_servers import MailServers
from tests.servers.people import Citizen
from tests.servers.token_server import CLIENT, SECRET, TENANT, TokenServer

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
            oauth={"tenant": TENANT, "client_id": CLIENT, "secret_file": "secret"}
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
