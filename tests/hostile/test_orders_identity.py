"""Orders by mail: who writes them. A name, an alias, a role or an earlier right is no proof."""

import pytest

from testbed.messages import MX
from tests.hostile.enemy import EVIL
from tests.hostile.orders import TECHNICIAN, Attack, attack, beginning, nothing_happened
from tests.world import AGENT, ANNA, OFFICE, PASS, PERE, SUPERVISOR, World

LOGIN = f"from town.example (authenticated sender: {SUPERVISOR}) by {MX} (Postfix) with ESMTPSA id abc; now"
RESULT = f"{MX}; {PASS}"
OFFICE_PASS = f"dmarc=pass header.from={OFFICE.rpartition('@')[2]}"
EVIL_PASS = "dmarc=pass header.from=evil.example"

WRITERS: dict[str, Attack] = {
    "the agent's address, no verdict": Attack(verdict=""),
    "the agent's address, dmarc=none": Attack(verdict="dmarc=none header.from=town.example"),
    "the agent's address, dmarc=fail": Attack(verdict="dmarc=fail header.from=town.example"),
    "the agent's address, spf and dkim alone": Attack(verdict="spf=pass dkim=pass header.d=town.example"),
    "a pass for another domain": Attack(verdict=EVIL_PASS),
    "a result below our exchanger's line": Attack(verdict="", fields=(("Authentication-Results", RESULT),)),
    "an ARC result": Attack(verdict="", fields=(("ARC-Authentication-Results", f"i=1; {RESULT}"),)),
    "a login line below our exchanger's": Attack(verdict="", fields=(("Received", LOGIN),)),
    "two From fields, agent first": Attack(fields=(("From", SUPERVISOR), ("From", EVIL))),
    "two From fields, agent last": Attack(fields=(("From", EVIL), ("From", SUPERVISOR))),
    "two addresses in From": Attack(fields=(("From", f"{SUPERVISOR}, {EVIL}"),)),
    "an encoded From": Attack(fields=(("From", f"=?utf-8?q?{SUPERVISOR.replace('@', '=40')}?="),)),
    "a group": Attack(fields=(("From", f"cap: {SUPERVISOR};"),), cases=1),
    "a group of that name": Attack(fields=(("From", f"{SUPERVISOR}: {EVIL};"),), verdict=EVIL_PASS),
    "the address as a name": Attack(fields=(("From", f'"{SUPERVISOR}" <{EVIL}>'),), verdict=EVIL_PASS),
    "Sender": Attack(fields=(("From", EVIL), ("Sender", SUPERVISOR)), verdict=EVIL_PASS),
    "Reply-To": Attack(fields=(("From", EVIL), ("Reply-To", SUPERVISOR)), verdict=EVIL_PASS),
    "Resent-From": Attack(fields=(("From", EVIL), ("Resent-From", SUPERVISOR)), verdict=EVIL_PASS),
    "an alias of the agent": Attack(sender=SUPERVISOR.replace("@", "+casa@")),
    "a subdomain": Attack(sender=SUPERVISOR.replace("@", "@mail."), verdict="dmarc=pass header.from=mail.town.example"),
    "a look-alike domain": Attack(
        fields=(("From", "cap@tоwn.example"),), verdict="dmarc=pass header.from=xn--twn-fjc.example"
    ),
    "the citizen on her own case": Attack(sender=ANNA, verdict="dmarc=pass header.from=example.org"),
    "a stranger who was shown the notice": Attack(sender=PERE, verdict="dmarc=pass header.from=example.net"),
    "the technical services": Attack(sender=TECHNICIAN, people={"technical": [TECHNICIAN]}),
    "an agent who has left": Attack(sender=AGENT, people={"agents": [SUPERVISOR]}),
    "our own address": Attack(
        sender="oac360@castellbisbal.example", verdict="dmarc=pass header.from=castellbisbal.example"
    ),
    "our own address with a detail": Attack(
        sender="oac360+x@castellbisbal.example", verdict="dmarc=pass header.from=castellbisbal.example"
    ),
    "nobody": Attack(fields=(("From", ""),)),
}


@pytest.mark.parametrize("name", WRITERS)
def test_orders_of_an_unproven_writer_do_nothing(world: World, name: str) -> None:
    mail = WRITERS[name]
    attack(world, beginning(world, mail), mail)
    nothing_happened(world)


def test_the_true_agent_is_obeyed(world: World) -> None:
    """The counter-check of both tables."""
    mail = Attack()
    attack(world, beginning(world, mail), mail)
    assert world.case()["status"] == "closed"
