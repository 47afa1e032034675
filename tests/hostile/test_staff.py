"""Forged staff: a name is no proof. Mail without proof answers nothing, commands nothing and ends no deadline."""

from collections.abc import Callable
from email.message import EmailMessage

import pytest

from testbed.messages import MX
from tests.hostile.enemy import EVIL, message, outcomes, slip_in, smuggle
from tests.world import AGENT, ANNA, OFFICE, OPERATOR, SUPERVISOR, World

PASS = f"dmarc=pass header.from={AGENT.rpartition('@')[2]}"
RECEIVED = f"from mail.evil.example (mail.evil.example [192.0.2.66]) by {MX} (Postfix) with ESMTPA id abc; now"


def _asked(world: World) -> EmailMessage:
    return world.citizen_asks(ANNA)


def _answer(world: World, asked: EmailMessage, *fields: tuple[str, str], also: str = "") -> bytes:
    """What an agent's answer with the office in copy looks like."""
    usual = (("To", ANNA), ("Cc", OFFICE), ("Subject", "Re: No puc signar"), ("In-Reply-To", str(asked["Message-ID"])))
    return message(world, (*usual, *fields), f"Bon dia, ja està resolt. {also}")


def _still_waits(world: World) -> None:
    """Nobody answers Anna, and the escalation leaves when her deadline has passed."""
    case = world.case("OAC-2026-000001")
    assert (case["status"], case["answered_at"]) == ("open", None)
    world.turn_at("2026-11-27 08:00")
    assert "overdue" in {kind.removesuffix("_digest") for kind in world.kinds(SUPERVISOR)}


FROMS: dict[str, tuple[tuple[str, str], ...]] = {
    "the bare address": (("From", AGENT),),
    "name and address": (("From", f"Marta <{AGENT}>"),),
    "address as name": (("From", f'"{AGENT}" <{EVIL}>'),),
    "encoded address as name": (("From", f"=?utf-8?q?=3C{AGENT}=3E?= <{EVIL}>"),),
    "encoded word that is the address": (("From", f"=?utf-8?q?{AGENT.replace('@', '=40')}?="),),
    "two fields, agent first": (("From", AGENT), ("From", EVIL)),
    "two fields, agent last": (("From", EVIL), ("From", AGENT)),
    "two addresses": (("From", f"{AGENT}, {EVIL}"),),
    "a group of that name": (("From", f"{AGENT}: {EVIL};"),),
    "a group with it inside": (("From", f"amics: {AGENT}, {EVIL};"),),
    "a comment": (("From", f"{EVIL} ({AGENT})"),),
    "two angles": (("From", f"<{AGENT}> <{EVIL}>"),),
    "a route": (("From", f"<@{AGENT.rpartition('@')[2]}:{EVIL}>"),),
    "a NUL": (("From", f"{AGENT}\0@evil.example"),),
    "a look-alike domain": (("From", "agent@tоwn.example"),),
    "a subdomain": (("From", f"{AGENT}.evil.example"),),
    "Sender": (("From", EVIL), ("Sender", AGENT)),
    "Reply-To": (("From", EVIL), ("Reply-To", AGENT)),
    "Resent-From": (("Resent-From", AGENT), ("Resent-Sender", AGENT), ("From", EVIL)),
    "X-Original-From": (("From", EVIL), ("X-Original-From", AGENT), ("X-Google-Original-From", AGENT)),
    "Return-Path": (("Return-Path", f"<{AGENT}>"), ("From", EVIL)),
    "From with a space": (("From ", AGENT), ("From", EVIL)),
}


@pytest.mark.parametrize("name", FROMS)
def test_a_forged_agent_answers_nothing(world: World, name: str) -> None:
    asked = _asked(world)
    for verdict in ("", "dmarc=none", "dmarc=fail header.from=town.example", "spf=pass dkim=pass"):
        smuggle(world, _answer(world, asked, *FROMS[name], also=verdict), verdict=verdict)
        assert world.case("OAC-2026-000001")["status"] == "open", verdict
    _still_waits(world)


TWO_WRITERS = [name for name in FROMS if name not in ("the bare address", "name and address")]


@pytest.mark.parametrize("name", TWO_WRITERS)
def test_a_pass_of_the_agents_domain_proves_no_crooked_from(world: World, name: str) -> None:
    """Even where our exchanger takes the crooked From for the agent's own."""
    smuggle(world, _answer(world, _asked(world), *FROMS[name]), verdict=PASS)
    _still_waits(world)


RESULTS: dict[str, tuple[tuple[str, str], ...]] = {
    "below our exchanger's line": (("Authentication-Results", f"{MX}; {PASS}"),),
    "twice below it": (("Authentication-Results", f"{MX}; {PASS}"),) * 2,
    "under a forged line of our exchanger": (("Authentication-Results", f"{MX}; {PASS}"), ("Received", RECEIVED)),
    "with a login in a forged line": (
        ("Received", RECEIVED.replace("ESMTPA", f"ESMTPSA (Authenticated sender: {AGENT})")),
    ),
    "as ARC": (("ARC-Authentication-Results", f"i=1; {MX}; {PASS}"),),
    "as X-": (("X-Authentication-Results", f"{MX}; {PASS}"), ("X-MS-Exchange-Organization-AuthAs", "Internal")),
    "as SPF": (("Received-SPF", "pass"), ("DKIM-Signature", "v=1; d=town.example; b=AAAA")),
}


@pytest.mark.parametrize("name", RESULTS)
def test_results_that_the_sender_wrote_himself_prove_nothing(world: World, name: str) -> None:
    smuggle(world, _answer(world, _asked(world), ("From", AGENT), *RESULTS[name]))
    _still_waits(world)


@pytest.mark.parametrize(
    "verdict",
    [
        f"{PASS}; dmarc=fail header.from=town.example",
        f"{PASS}; {PASS}",
        "dmarc=pass header.from=evil.example",
        "dmarc=pass header.from=evil.town.example",
        "dmarc=pass (p=none) header.from=evil.example",
        "dmarc=pass",
        "dmarc=passable header.from=town.example",
        f"x=y (({PASS}",
    ],
)
def test_a_verdict_that_is_not_exactly_one_on_the_agents_domain_proves_nothing(world: World, verdict: str) -> None:
    smuggle(world, _answer(world, _asked(world), ("From", AGENT)), verdict=verdict)
    _still_waits(world)


def test_the_true_agent_is_believed(world: World) -> None:
    """The counter-check: the same message with our exchanger's own verdict is the answer."""
    smuggle(world, _answer(world, _asked(world), ("From", AGENT)), verdict=PASS)
    assert world.case()["status"] == "answered"


@pytest.mark.parametrize("sender", [OFFICE, AGENT, EVIL])
def test_what_comes_by_smtp_into_sent_is_no_answer(world: World, sender: str) -> None:
    """With `lmtp_save_to_detail_mailbox` anybody can write to office+Sent@."""
    smuggle(world, _answer(world, _asked(world), ("From", sender)), folder="Sent")
    assert world.reviews() == ["in-sent-but-came-by-smtp"]
    _still_waits(world)


def test_a_forged_agent_cannot_fill_the_agents_mailbox(world: World) -> None:
    """He is told once a day and case that somebody writes in his name."""
    asked = _asked(world)
    for number in range(50):
        slip_in(world, _answer(world, asked, ("From", AGENT), ("Message-ID", f"<{number}@evil.example>")))
    world.turn()
    assert world.kinds(AGENT) == ["remark"]


@pytest.mark.parametrize("address", [AGENT, SUPERVISOR])
@pytest.mark.parametrize("fields", [(("From", EVIL), ("From", "{}")), (("From", "{}"),), (("From", "{}, {}"),)])
def test_staff_are_never_acknowledged_as_citizens(
    world: World, address: str, fields: tuple[tuple[str, str], ...]
) -> None:
    named = [(name, value.replace("{}", address)) for name, value in fields]
    smuggle(world, message(world, named))
    assert world.received(address) == []


def test_a_form_sender_is_a_persons_form_and_no_staff(town: Callable[..., World]) -> None:
    """The town's own form may be forged as well: what it says opens a case, within the budget, and nothing else."""
    world = town(callback={"form_senders": ["formulari@town.example"]})
    forged = [("From", "formulari@town.example"), ("Reply-To", ANNA), ("Auto-Submitted", "auto-generated")]
    for number in range(8):
        slip_in(world, message(world, [*forged, ("Message-ID", f"<{number}@evil.example>")], f"Truqueu-me {number}"))
    world.turn()
    assert len(world.received(ANNA)) == 3
    assert outcomes(world) == ["case"] * 8


def test_the_operator_is_notified_of_forged_staff_mail_once_a_day(world: World) -> None:
    asked = _asked(world)
    failed = PASS.replace("pass", "fail")
    for number in range(20):
        slip_in(
            world, _answer(world, asked, ("From", AGENT), ("Message-ID", f"<{number}@evil.example>")), verdict=failed
        )
        fields = (("From", AGENT), ("Subject", "#close"), ("Message-ID", f"<order{number}@evil.example>"))
        slip_in(world, message(world, fields, "#close"), verdict=failed)
    world.turn()
    assert world.kinds(OPERATOR) == ["alert"]
    assert "en nom del personal" in world.subjects(OPERATOR)[0]
    world.advance("2026-11-26 09:30")
    smuggle(world, _answer(world, asked, ("From", AGENT), ("Message-ID", "<n@evil.example>")), verdict=failed)
    assert world.kinds(OPERATOR) == ["alert"] * 2
