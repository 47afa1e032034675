"""`check --online` on a domain whose records are wrong: real servers, a real DNS."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.deliverability.test_records import KEY
from tests.e2e.office import RunningOffice
from tests.e2e.watching import at_desk
from tests.servers.dns_server import DnsServer
from tests.servers.mail_servers import DOMAIN, MailServers
from tests.servers.postfix import HOSTNAME, PostfixOptions

ZONE = f"""
{DOMAIN} MX 10 {HOSTNAME}.
{DOMAIN} TXT "v=spf1 mx -all"
{HOSTNAME} A 93.184.216.34
_dmarc.{DOMAIN} TXT "v=DMARC1; p=reject"
"""
SOUND = f"{ZONE}oac26._domainkey.{DOMAIN} TXT {KEY}"


@pytest.fixture(scope="module")
def signing() -> Iterator[MailServers]:
    """Their relay signs."""
    field = f"v=1; a=rsa-sha256; c=relaxed/relaxed; d={DOMAIN}; s=oac26; h=from:to:subject; bh=eA==; b=eA=="
    with MailServers(options=PostfixOptions(signature=field)) as servers:
        yield servers


@pytest.fixture
def desk(signing: MailServers, tmp_path: Path) -> RunningOffice:
    desk = RunningOffice(signing, tmp_path, office={"dpo": "dpd@castellbisbal.cat"}, smtp={"ack_envelope": "bounce"})
    desk.state.mkdir(mode=0o700)
    with at_desk(desk) as agent:
        agent.create("Drafts")
    return desk


def test_a_new_admin_finds_by_check_alone_that_dkim_is_broken_and_what_repairs_it(desk: RunningOffice) -> None:
    with DnsServer(f'{ZONE}oac26._domainkey.{DOMAIN} TXT "v=DKIM1; k=rsa; p="') as dns:
        desk.change(monitoring={"dns_server": dns.address})
        said = desk.oacmail("check", "--online", code=1).stdout
        print(said)
        (line,) = said.splitlines()
        assert re.fullmatch(
            rf"error +oac26\._domainkey\.{DOMAIN} TXT: our mail is signed by this key, and the key is revoked "
            r"\(p= is empty\): the relay's admin names the public key of the selector oac26 \(2048 bits\); "
            rf"the admin of the DNS of {DOMAIN} "
            rf'publishes oac26\._domainkey\.{DOMAIN} TXT "v=DKIM1; k=rsa; p=KEY"',
            line,
        )
        dns.load(SOUND)
        assert desk.oacmail("check", "--online").stdout == "no problems found\n"


def test_without_an_answer_nothing_is_found_and_what_was_not_looked_at_is_said(desk: RunningOffice) -> None:
    with DnsServer(SOUND, broken=[f"oac26._domainkey.{DOMAIN}"]) as dns:
        desk.change(monitoring={"dns_server": dns.address})
        done = desk.oacmail("check", "--online")
    assert done.stdout == "no problems found\n"
    assert f"not looked at, since the DNS gave no answer: oac26._domainkey.{DOMAIN} TXT\n" in done.stderr
    desk.change(monitoring={"dns_server": ""})
    assert (
        "the records in the DNS (SPF, DKIM, DMARC, MX) were not looked at" in desk.oacmail("check", "--online").stderr
    )
