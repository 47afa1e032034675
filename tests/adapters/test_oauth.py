"""When a token is renewed, and what a renewal that fails means: a source on a clock of the test's own, and servers that
end a session by script."""

from dataclasses import replace

import pytest

from oacmail.adapters.imap import ImapMailbox, ImapSettings
from oacmail.adapters.oauth import GrantRefused, Token, TokenSource, TokenUnavailable
from oacmail.adapters.smtp import SmtpSettings, SmtpTransport
from oacmail.core.errors import RelayError, Transient
from oacmail.core.ports.transport import Outgoing
from tests.fakes.imap_server import FakeMessage, ImapServer
from tests.fakes.relay import Relay
from tests.servers.ports import HOST


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
