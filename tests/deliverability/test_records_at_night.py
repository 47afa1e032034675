"""The service looks at the records once a night: what the copies of our mail show, what `status` and the operator are
told, and when that ends."""

from collections.abc import Callable, Iterator

import pytest

from oacmail.cli.status import health, nagios, prometheus
from oacmail.core.stored_values import TRAVELLED
from testbed.messages import as_bytes
from tests.deliverability.test_records import GOOD, _without
from tests.operation.test_nightly_jobs import _scheduled
from tests.servers.dns_server import DnsServer
from tests.world import ANNA, OPERATOR, World, text_of

DOMAIN = "castellbisbal.example"
ZONE = GOOD.replace("vila.cat", DOMAIN)
TOWN = Callable[..., World]
SIGNATURE = f"DKIM-Signature: v=1; a=rsa-sha256; d={DOMAIN};\r\n s=oac; bh=eA==; b=eA=="
HOP = f"Received: from mail.{DOMAIN} (mail.{DOMAIN} [93.184.216.34])\r\n\tby mx.outside.example with ESMTPS; x"


@pytest.fixture
def dns() -> Iterator[DnsServer]:
    with DnsServer(ZONE) as server:
        yield server


@pytest.fixture
def signed_town(town: TOWN, dns: DnsServer) -> World:
    """A relay that signs has handed out a copy of our mail."""
    servers = {"imap": {"password_file": "password"}, "smtp": {"password_file": "password"}}
    world = town(monitoring={"dns_server": dns.address}, **servers)
    password = world.root / "password"
    password.touch(0o600)
    password.write_text("secret")
    world.relay.on_top = f"{HOP}\r\n{SIGNATURE}\r\n".encode()
    world.citizen_asks(ANNA)
    return world


def test_a_broken_key_is_a_problem_from_the_night_on_with_one_alert_until_it_is_published_again(
    signed_town: World, dns: DnsServer
) -> None:
    world = signed_town
    assert world.store.recall(TRAVELLED) == (
        f'{{"signatures": [["{DOMAIN}", "oac"]], "relay": ["mail.{DOMAIN}", "93.184.216.34"]}}'
    )
    with _scheduled(world) as at:
        at("2026-11-25 22:00")
        at("2026-11-26 03:00")
        good = health(world.config, world.clock.now())["records"]
    assert (good["at"], good["found"]) == ("2026-11-26T03:00:00+01:00", [])
    dns.load(_without(ZONE, "oac._domainkey"))
    for night in ("2026-11-27 03:00", "2026-11-28 03:00"):
        with _scheduled(world) as at:
            at(night)
        world.turn()
        world.clock.forward(minutes=6)
        world.turn()
    report = health(world.config, world.clock.now())
    (problem,) = [problem for problem in report["problems"] if problem["code"] == "dns-records"]
    assert problem["severity"] == "critical"
    assert problem["text"].endswith(
        f"oac._domainkey.{DOMAIN} TXT: our mail is signed by this key, and the key is not published"
    )
    assert nagios(report)[0].startswith("OACMAIL CRITICAL - dns-records")
    metrics = prometheus(report, "x")
    assert 'oacmail_records_findings{office="x",level="error"} 1\n' in metrics
    assert 'oacmail_problem{office="x",code="dns-records",severity="critical"} 1\n' in metrics
    (alert,) = [mail for mail in world.received(OPERATOR, "alert") if "DNS" in str(mail["Subject"]) + text_of(mail)]
    assert "«oacmail check --online» diu què cal canviar" in text_of(alert)
    dns.load(ZONE)
    with _scheduled(world) as at:
        at("2026-11-29 03:00")
    report = health(world.config, world.clock.now())
    assert (report["records"]["found"], "dns-records" in world.problems()) == ([], False)


def test_a_night_without_the_dns_ends_no_problem_and_makes_none(signed_town: World, dns: DnsServer) -> None:
    world = signed_town
    with _scheduled(world) as at:
        at("2026-11-25 22:00")
        dns.broken = {f"{name}." for name in (DOMAIN, f"oac._domainkey.{DOMAIN}", f"_dmarc.{DOMAIN}")}
        at("2026-11-26 03:00")
        assert health(world.config, world.clock.now())["records"] is None
        dns.broken = set()
        dns.load(ZONE.replace(f"MX 10 mail.{DOMAIN}.", "MX 0 ."))
        at("2026-11-27 03:00")
        dns.broken = {f"{DOMAIN}."}
        at("2026-11-28 03:00")
    report = health(world.config, world.clock.now())
    assert "dns-records" in world.problems()
    assert report["records"]["at"].startswith("2026-11-27")


def test_a_copy_that_stayed_inside_hides_for_two_days_nothing_of_what_another_has_shown(signed_town: World) -> None:
    world = signed_town
    shown = world.store.recall(TRAVELLED)
    world.relay.on_top = f"Received: from localhost (localhost [127.0.0.1])\r\n\tby mail.{DOMAIN}; x\r\n".encode()
    world.advance("2026-11-26 09:00")
    world.citizen_asks("pere@example.org")
    assert world.store.recall(TRAVELLED) == shown
    world.advance("2026-11-27 10:00")
    world.citizen_asks("marta@example.org")
    assert world.store.recall(TRAVELLED) == '{"signatures": [], "relay": null}'


def test_fields_that_a_citizen_writes_on_top_of_our_mail_show_no_way(signed_town: World) -> None:
    world = signed_town
    world.turn()
    shown = world.store.recall(TRAVELLED)
    (mail,) = world.received(ANNA, "ack")
    hop = "Received: from a.example (a.example [1.1.1.1])\r\n\tby b.example with ESMTPS; x\r\n"
    top = f"{hop}DKIM-Signature: v=1; d=a.example; s=x; b=eA==\r\n"
    raw = top.encode() + as_bytes(mail).replace(b"Message-ID: <", b"Message-ID: <again-")
    world.advance("2026-11-27 10:00")
    world.mailbox.append("INBOX", raw, world.clock.now())
    world.turn()
    assert world.rows("SELECT outcome FROM sightings WHERE folder = 'INBOX' ORDER BY uid")[-1]["outcome"] == "duplicate"
    assert world.store.recall(TRAVELLED) == shown
