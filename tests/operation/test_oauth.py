"""When a token is renewed, and what a renewal that fails means: a source on a clock of the test's own, and servers that
end a session by script."""

import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Literal
from urllib.parse import parse_qs, urlsplit

import pytest
from msgspec.structs import replace

from oacmail.core.errors import RelayError, Transient
from oacmail.core.ports import Outgoing
from oacmail.imap.connection import ImapSettings
from oacmail.imap.mailbox import ImapMailbox
from oacmail.oauth import (
    GrantRefused,
    OauthSettings,
    Token,
    TokenSource,
    TokenUnavailable,
    sign_in,
    source,
)
from oacmail.smtp import SmtpSettings, SmtpTransport
from tests.fakes.imap_server import FakeMessage, ImapServer
from tests.fakes.relay import Relay
from tests.servers.certs import make_certificates
from tests.servers.ports import HOST, free_port
from tests.servers.token_server import CLIENT, SECRET, TENANT, TokenServer


class HourlyTokens:
    """Gives `a1`, `a2` … for an hour each, unless `error` is set; `now` is the clock."""

    def __init__(self) -> None:
        self.asked, self.now = 0, 0.0
        self.error: Transient | None = None
        self.source = TokenSource(self._fetch, lambda: self.now)

    def _fetch(self) -> Token:
        self.asked += 1
        if self.error is not None:
            raise self.error
        return Token(f"a{self.asked}", 3600.0)


def test_one_token_serves_every_login_until_five_minutes_before_its_end() -> None:
    provider = HourlyTokens()
    for provider.now in (0.0, 1000.0, 3299.0):
        assert provider.source.current() == "a1"
    provider.now = 3300.0
    assert provider.source.current() == "a2"


def test_a_failed_renewal_delays_nothing_while_the_token_lasts_and_is_not_repeated_at_once() -> None:
    provider = HourlyTokens()
    provider.source.current()
    provider.error = TokenUnavailable("OAuth: the provider answers 503")
    for provider.now in (3300.0, 3310.0, 3350.0):
        assert provider.source.current() == "a1"
    assert provider.asked == 2
    provider.now = 3601.0
    with pytest.raises(TokenUnavailable):
        provider.source.current()
    provider.error = None
    assert provider.source.current() == "a4"


def test_a_throttled_provider_is_not_asked_before_the_time_that_it_names() -> None:
    provider = HourlyTokens()
    provider.error = TokenUnavailable("OAuth: the provider answers 429", 120.0)
    for provider.now in (0.0, 60.0, 119.0):
        with pytest.raises(TokenUnavailable) as caught:
            provider.source.current()
        assert caught.value.at_least == 120.0
    assert provider.asked == 1
    provider.error, provider.now = None, 120.0
    assert provider.source.current() == "a2"


def test_a_refused_token_is_replaced_unless_it_is_new() -> None:
    provider = HourlyTokens()
    first = provider.source.current()
    assert provider.source.after(first) == ""
    provider.now = 31.0
    assert provider.source.after(first) == "a2"
    assert provider.source.after(first) == "a2"  # the other server refuses the old one too
    assert provider.asked == 2


def test_a_revoked_grant_is_an_error_that_names_its_problem() -> None:
    provider = HourlyTokens()
    provider.error = GrantRefused("OAuth: invalid_grant")
    with pytest.raises(GrantRefused) as caught:
        provider.source.current()
    assert (caught.value.problem, caught.value.at_least) == ("oauth", 60.0)


# --- the providers --------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TokenServer]:
    with TokenServer(make_certificates(tmp_path_factory.mktemp("tokens"))) as made:
        yield made


@pytest.fixture
def kept() -> list[str]:
    return []


def _settings(service: TokenServer, kept: list[str], provider: Literal["microsoft365", "google"]) -> OauthSettings:
    service.refusal, service.throttled = "", 0
    service.forms.clear()
    return OauthSettings(
        provider=provider,
        flow="application" if provider == "microsoft365" else "person",
        user="oac@town.cat",
        secret=lambda: SECRET if provider == "microsoft365" else service.desktop_application(),
        grant=lambda: kept[-1] if kept else "",
        keep=kept.append,
        tenant=TENANT,
        client_id=CLIENT,
        authority=service.authority,
        ca_file=str(service.certs.ca),
    )


def test_the_address_at_the_end_of_googles_consent_gives_a_grant(service: TokenServer, kept: list[str]) -> None:
    settings = _settings(service, kept, "google")
    shown: list[dict[str, list[str]]] = []

    def show(page: str, code: str) -> None:
        assert (page.partition("?")[0], code) == ("https://accounts.example/auth", "")
        shown.append(parse_qs(urlsplit(page).query))

    sign_in(settings, show, lambda: f"http://127.0.0.1:1/?state={shown[0]['state'][0]}&code=good&scope=x\n")
    assert shown[0]["code_challenge_method"] == ["S256"]
    assert service.valid >= {source(settings).current()}
    assert [form["grant_type"] for form in service.forms] == ["authorization_code", "refresh_token"]
    assert len(kept) == 2  # each use gives another refresh token
    with pytest.raises(GrantRefused, match="no_code"):
        sign_in(settings, show, lambda: "http://127.0.0.1:1/?state=another&code=good")


@pytest.mark.parametrize("provider", ["microsoft365", "google"])
def test_a_throttling_provider_names_the_time_and_a_refusing_one_the_reason(
    service: TokenServer, kept: list[str], provider: Literal["microsoft365", "google"]
) -> None:
    kept.append(json.dumps({"refresh_token": "old"}))
    settings = _settings(service, kept, provider)
    service.throttled, service.retry_after = 1, "77"
    with pytest.raises(TokenUnavailable) as caught:
        source(settings).current()
    assert caught.value.at_least == 77.0
    service.refusal = "invalid_grant"
    with pytest.raises(GrantRefused, match=r"^OAuth: invalid_grant( AADSTS50173)?$"):
        source(settings).current()


def test_an_unknown_tenant_and_an_unreachable_provider_are_told_apart(service: TokenServer, kept: list[str]) -> None:
    settings = _settings(service, kept, "microsoft365")
    with pytest.raises(GrantRefused, match="invalid_tenant"):
        source(replace(settings, tenant="another.example")).current()
    with pytest.raises(TokenUnavailable, match="ConnectionError"):
        source(replace(settings, authority=f"https://localhost:{free_port()}")).current()


def test_the_libraries_are_not_imported_before_a_token_is_needed() -> None:
    """They would cost an idle service memory, and each command time."""
    words = "import sys; from oacmail import wiring, service; from oacmail.cli import check; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", words], capture_output=True, text=True, check=True)
    assert not {"msal", "google.auth", "requests", "cryptography"} & set(done.stdout.split())


# --- a session ends ---------------------------------------------------------------------------------------------


def _mail(key: str) -> Outgoing:
    mime = b"Subject: Hola\r\n\r\nBon dia\r\n"
    return Outgoing(key=key, envelope_from="oac@town.cat", recipient="anna@casa.cat", copy_to="", mime=mime)


def _relay(relay: Relay, provider: HourlyTokens) -> SmtpTransport:
    source = provider.source
    settings = SmtpSettings(host=HOST, port=relay.port, security="none", user="oac", auth="xoauth2")
    return SmtpTransport(replace(settings, password=source.current, other_token=source.after))


def test_a_token_that_ends_in_the_middle_of_a_fetch_is_renewed_and_the_messages_are_read() -> None:
    provider = HourlyTokens()

    def token() -> str:
        server.trouble = "" if provider.asked else server.trouble
        return provider.source.current()

    with ImapServer(capabilities="IMAP4rev1 AUTH=XOAUTH2", messages=dict.fromkeys((1, 2), FakeMessage())) as server:
        settings = ImapSettings(host=HOST, port=server.port, user="oac", password=token, security="none")
        box = ImapMailbox(replace(settings, auth="xoauth2"))
        box.open("INBOX")
        provider.now, server.trouble = 3600.0, "BYE"
        assert [got.raw for got in box.fetch([1, 2]).values()] == [FakeMessage().raw] * 2
        box.close()
        said = [words for words in server.commands if "auth=Bearer" in words]
    assert [words.split("Bearer ")[1].strip("\1") for words in said] == ["a1", "a2"]


def test_a_login_that_ends_before_a_mail_is_renewed_and_the_mail_is_sent_once() -> None:
    provider = HourlyTokens()
    script: dict[str, list[str | None]] = {
        "AUTH": ["235 2.7.0 ok", "235 2.7.0 ok"],
        "MAIL": [None, "530 5.7.57 Client not authenticated"],
    }
    with Relay(script, login=True) as relay:
        transport = _relay(relay, provider)
        transport.send(_mail("one"), lambda _: None)
        provider.now = 3600.0
        transport.send(_mail("two"), lambda _: None)
        transport.close()
    assert (len(relay.mails), relay.lines, provider.asked) == (2, 2, 2)


def test_a_relay_that_refuses_an_old_token_gets_another_once() -> None:
    provider = HourlyTokens()
    provider.source.current()
    provider.now = 100.0
    with Relay({"AUTH": ["535 5.7.8 expired", "235 2.7.0 ok"]}, login=True) as relay:
        transport = _relay(relay, provider)
        transport.send(_mail("one"), lambda _: None)
        transport.close()
    with (
        Relay({"AUTH": ["535 5.7.8 no"] * 2}, login=True) as relay,
        pytest.raises(RelayError, match=r"^SMTP AUTH: 535 with a token$") as caught,
    ):
        _relay(relay, provider).send(_mail("two"), lambda _: None)
    assert (provider.asked, caught.value.at_least) == (2, 60.0)


def test_a_mail_is_not_at_fault_for_a_revoked_grant() -> None:
    provider = HourlyTokens()
    provider.error = GrantRefused("OAuth: invalid_grant")
    with Relay(login=True) as relay, pytest.raises(RelayError) as caught:
        _relay(relay, provider).send(_mail("one"), lambda _: None)
    assert (caught.value.problem, caught.value.at_least) == ("oauth", 60.0)
