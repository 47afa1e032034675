"""What ends by itself is told of at 30, 7 and 1 days, and when it has ended: real TLS servers and files."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from oacmail import config as settings
from oacmail import wiring
from oacmail.cli import check
from oacmail.cli.status import health, nagios, prometheus
from oacmail.core.ends import ENDED, RENEWAL, KnownEnd
from oacmail.oauth import grant_ends, sign_in, source
from testbed import people
from testbed.office import changed, sections
from tests.operation.test_nightly_jobs import _scheduled
from tests.operation.test_oauth import _settings
from tests.servers.certs import dated
from tests.servers.mail_servers import MailServers
from tests.servers.ports import HOST, free_port
from tests.servers.token_server import TokenServer
from tests.world import MADRID, OFFICE, OPERATOR, World, text_of

TODAY = date(2026, 11, 25)
TOWN = Callable[..., World]


def _noon(day: date) -> datetime:
    return datetime.combine(day, time(12), UTC)


NEVER = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)  # as a certificate says that it has no end


def _authority(name: str, begins: date, ends: date | datetime) -> str:
    """A self-signed certificate as PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    made = x509.CertificateBuilder().subject_name(subject).issuer_name(subject).public_key(key.public_key())
    made = made.serial_number(x509.random_serial_number()).not_valid_before(_noon(begins))
    made = made.not_valid_after(ends if isinstance(ends, datetime) else _noon(ends))
    made = made.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    return str(made.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM), "ascii")


# --- the rule ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("left", "whole", "step"),
    [
        (31, None, None),
        (30, None, 30),
        (8, None, 30),
        (7, None, 7),
        (2, None, 7),
        (1, None, 1),
        (0, None, 1),
        (-1, None, ENDED),
        (30, 398, 30),
        (29, 90, None),  # a machine renews it at a third of its time
        (7, 90, 7),
        (3, 6, None),  # a certificate for six days
        (1, 6, 1),
        (1, 2, None),
        (-1, 2, ENDED),
    ],
)
def test_the_steps_before_an_end(left: int, whole: int | None, step: int | None) -> None:
    on = TODAY + timedelta(days=left)
    begins = None if whole is None else on - timedelta(days=whole)
    assert KnownEnd(what="imap.certificate", on=on, begins=begins).step(TODAY) == step


# --- what is looked at ------------------------------------------------------------------------------------


def _config(root: Path, **changes: Mapping[str, object]) -> settings.Config:
    usual = sections(OFFICE, office={"calendar": "none"}, imap={"user": OFFICE}, people=people.ROLES)
    return settings.parse(changed(usual, changes), base=root)


def test_an_authority_s_file_ends_with_the_first_of_its_authorities_and_counts_the_newest_of_each(
    tmp_path: Path,
) -> None:
    begins = TODAY - timedelta(days=900)
    old = _authority("Vila CA", begins, TODAY + timedelta(days=5))
    new = _authority("Vila CA", begins, TODAY + timedelta(days=700))
    other = _authority("Other CA", begins, TODAY + timedelta(days=40))
    file = tmp_path / "ca.pem"
    config = _config(tmp_path, imap={"host": "localhost", "user": "x", "ca_file": "ca.pem"})
    file.write_text(old + new)
    (end,) = wiring.ends_of_files(config, TODAY)
    assert (end.what, end.on) == ("imap.ca_file", TODAY + timedelta(days=700))
    file.write_text(old + new + other)
    assert [end.on for end in wiring.ends_of_files(config, TODAY)] == [TODAY + timedelta(days=40)]
    file.write_text(_authority("Vila CA", begins, NEVER))
    assert wiring.ends_of_files(config, TODAY) == []
    file.unlink()
    assert wiring.ends_of_files(config, TODAY) == []


def test_the_holiday_file_ends_with_the_last_year_that_follows_this_one(tmp_path: Path) -> None:
    config = _config(tmp_path, office={"calendar": "ES-CT"})
    assert [(end.what, end.on) for end in wiring.ends_of_files(config, TODAY)] == [
        ("office.holidays", date(2027, 12, 31))
    ]
    (end,) = wiring.ends_of_files(config, date(2030, 1, 2))
    assert (end.on, end.step(date(2030, 1, 2))) == (date(2029, 12, 31), ENDED)


@pytest.fixture(scope="module")
def tokens(mail_servers: MailServers) -> Iterator[TokenServer]:
    with TokenServer(mail_servers.certs) as server:
        yield server


@pytest.mark.parametrize(("ends", "on"), [(date(2027, 2, 1), date(2027, 2, 1)), (NEVER, None)])
def test_a_service_account_s_key_ends_when_google_s_certificate_of_it_does(
    tokens: TokenServer, tmp_path: Path, ends: date | datetime, on: date | None
) -> None:
    tokens.published = {"k1": _authority("k1", date(2026, 1, 1), ends), "k0": "another"}
    secret = tmp_path / "oauth"
    secret.touch(0o600)
    secret.write_text(tokens.service_account(tmp_path))
    nobody = {"host": HOST, "port": free_port(), "user": OFFICE}
    google = {"secret_file": "oauth", "ca_file": str(tokens.certs.ca)}
    config = _config(tmp_path, imap={"provider": "google", **nobody}, smtp=nobody, oauth=google)
    found, unseen = wiring.ends_of_servers(config)
    assert [(end.what, end.on) for end in found] == ([("oauth.key", on)] if on else [])
    assert unseen == ["imap.certificate", "smtp.certificate"]


def test_a_grant_ends_when_the_provider_says_so_also_after_it_was_renewed(tokens: TokenServer) -> None:
    kept: list[str] = []
    settings = _settings(tokens, kept, "google")
    shown: list[str] = []
    for seconds in (None, 7 * 86_400):
        tokens.grant_seconds = seconds
        shown.clear()
        sign_in(
            settings,
            lambda page, _: shown.append(parse_qs(urlsplit(page).query)["state"][0]),
            lambda: f"http://127.0.0.1:1/?state={shown[0]}&code=good",
        )
        source(settings).current()
        ends = grant_ends(kept[-1])
        assert (ends is None) is (seconds is None)
    assert ends is not None
    assert 6 <= (ends - datetime.now(UTC).date()).days <= 7
    assert grant_ends("of another provider") is None


def test_check_names_what_ends_soon_and_asks_for_the_day_of_the_client_secret(tmp_path: Path) -> None:
    microsoft = {"tenant": "t", "client_id": "c", "secret_file": "oauth"}
    config = _config(tmp_path, imap={"provider": "microsoft365", "user": OFFICE}, oauth=microsoft)
    assert [str(finding) for finding in check._ends(config)] == [
        "warning  oauth.secret_ends: is not set, so nothing warns before the application's secret ends, and then all "
        "mail waits: write the day that the Entra admin centre shows beside the secret"
    ]
    today = datetime.now(config.office.timezone).date()
    for days, begins in ((31, ""), (30, "warning  oauth.secret: ends on"), (-1, "error    oauth.secret: has ended on")):
        dated_one = {**microsoft, "secret_ends": (today + timedelta(days=days)).isoformat()}
        config = _config(tmp_path, imap={"provider": "microsoft365", "user": OFFICE}, oauth=dated_one)
        found = "".join(map(str, check._ends(config)))
        assert (found.startswith(begins), bool(found)) == (True, bool(begins))
        assert (RENEWAL["oauth.secret"] in found) is bool(begins)


# --- nights -----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def renewed() -> Iterator[MailServers]:
    """Their certificate was issued for 398 days and ends in 40."""
    now = datetime.now(UTC).replace(tzinfo=None, microsecond=0)
    with MailServers() as servers:
        certs = dated(servers.certs, now - timedelta(days=358), now + timedelta(days=40))
        for server in (servers.dovecot, servers.postfix):
            server.stop()
            server.certs = certs
            server.start()
        yield servers


def _ending_town(town: TOWN, servers: MailServers, starttls: bool) -> World:
    ca = {"host": "localhost", "ca_file": str(servers.certs.ca), "password_file": "password"}
    relay = servers.postfix.submission_port if starttls else servers.postfix.smtps_port
    world = town(
        now=f"{datetime.now(UTC):%Y-%m-%d} 09:00",
        office={"calendar": "none"},
        imap={**ca, "port": servers.dovecot.imap_port if starttls else servers.dovecot.imaps_port}
        | {"security": "starttls" if starttls else "tls"},
        smtp={**ca, "port": relay, "security": "starttls" if starttls else "tls", "user": "x"},
    )
    password = world.root / "password"
    password.touch(0o600)
    password.write_text("secret")
    return world


@pytest.mark.parametrize("starttls", [True, False])
def test_the_certificates_of_both_servers_are_seen_before_any_login(
    town: TOWN, renewed: MailServers, starttls: bool
) -> None:
    found, unseen = wiring.ends_of_servers(_ending_town(town, renewed, starttls).config)
    on = (datetime.now(UTC) + timedelta(days=40)).astimezone(MADRID).date()
    assert [(end.what, end.on, (end.on - (end.begins or end.on)).days) for end in found] == [
        ("imap.certificate", on, 398),
        ("smtp.certificate", on, 398),
    ]
    assert unseen == []


def test_a_certificate_of_either_server_is_told_of_once_at_each_step_and_never_when_it_was_renewed(
    town: TOWN, renewed: MailServers
) -> None:
    world = _ending_town(town, renewed, starttls=False)
    begins = world.clock.now()
    on = (datetime.now(UTC) + timedelta(days=40)).astimezone(MADRID).date()
    told: list[int] = []
    for left in (40, 31, 30, 29, 7, 2, 1, -1):
        with _scheduled(world) as at:
            if left == 40:
                at(f"{begins:%Y-%m-%d} 22:00")
            at(f"{on - timedelta(days=left)} 03:00")
        world.turn()
        world.clock.forward(minutes=6)
        world.turn()
        alerts = [mail for mail in world.received(OPERATOR, "alert") if "imap.certificate" in str(mail["Subject"])]
        if len(alerts) > len(told):
            told.append(left)
            assert f"on {on}: the mail server's admin renews the certificate of imap.host" in text_of(alerts[-1])
        if left == 30:
            _shows_thirty(world, on)
    assert told == [30, 7, 1, -1]
    assert {"ends:imap.certificate", "ends:smtp.certificate"} <= world.problems()
    with _silenced(renewed), _scheduled(world) as at:
        at(f"{on + timedelta(days=2)} 03:00")
    assert {"ends:imap.certificate", "ends:smtp.certificate"} <= world.problems()
    right, later = renewed.dovecot.certs, datetime.now(UTC).replace(tzinfo=None, microsecond=0)
    with _silenced(renewed):
        renewed.dovecot.certs = dated(renewed.certs, later - timedelta(days=1), later + timedelta(days=397))
    with _scheduled(world) as at:
        at(f"{on + timedelta(days=3)} 03:00")
    assert {"ends:imap.certificate", "ends:smtp.certificate"} & world.problems() == {"ends:smtp.certificate"}
    with _silenced(renewed):
        renewed.dovecot.certs = right


def _shows_thirty(world: World, on: date) -> None:
    report = health(world.config, world.clock.now())
    assert {"what": "imap.certificate", "on": on.isoformat()} in report["ends"]
    (problem,) = [one for one in report["problems"] if one["text"].startswith("imap.certificate: ")]
    assert (problem["code"], problem["severity"]) == ("ends", "warning")
    assert "ends" in nagios(report)[0]
    at = int(datetime.combine(on, time(), UTC).timestamp())
    assert f'oacmail_end_timestamp_seconds{{office="x",what="smtp.certificate"}} {at}\n' in prometheus(report, "x")


@contextmanager
def _silenced(servers: MailServers) -> Iterator[None]:
    """Nobody listens."""
    for server in (servers.dovecot, servers.postfix):
        server.stop()
    yield
    for server in (servers.dovecot, servers.postfix):
        server.start()
