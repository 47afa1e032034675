"""The canary comes back through a mailbox outside with what that receiver says of it, for each envelope in turn."""

from collections.abc import Callable

import pytest

from oacmail.core.canary import ReceiverVerdict
from oacmail.engine.watch import CanaryWatch
from oacmail.mail.mime.auth import verdict
from oacmail.store import connection, health
from testbed.messages import arrived
from tests.world import OPERATOR, World, text_of

OUTSIDE = "retorn@gmail.com"
GOOD = "spf=pass (google.com: x designates 192.0.2.7) smtp.mailfrom=x; dkim=pass header.i=@castellbisbal.example;"
GMAIL = (
    "ARC-Authentication-Results: i=1; mx.google.com;\r\n"
    "       {said} dmarc={dmarc} (p=REJECT) header.from=castellbisbal.example\r\n"
)
OUTLOOK = (
    "ARC-Authentication-Results: i=1; mx.microsoft.com 1; spf=fail (sender ip is\r\n"
    " 192.0.2.7) smtp.helo=mx.town.example;\r\n dmarc=fail (p=reject sp=reject pct=100) action=oreject\r\n"
    " header.from=town.example; dkim=none (message not signed); arc=none (0)\r\n"
)


# Exchange Online seals what leaves it under the same name; a receiver names the address too. All of it on one mail:
# <https://lore.kernel.org/kvm/20260116182606.61856-17-sascha.bischoff@arm.com/>; one that leaves outlook.com:
# <https://lore.kernel.org/lkml/PSXP216MB0438A3D7BBFA080B7780436980F10@PSXP216MB0438.KORP216.PROD.OUTLOOK.COM/>.
LEAVES = "ARC-Authentication-Results: i=1; mx.microsoft.com 1; "
LEFT = (
    f"{LEAVES}spf=pass smtp.mailfrom=town.example; dmarc=pass action=none\r\n"
    " header.from=town.example; dkim=pass header.d=town.example; arc=none\r\n"
)
LEFT_UNSEEN = f"{LEAVES}spf=none; dmarc=none;\r\n dkim=none; arc=none\r\n"
SEALED = (
    "ARC-Authentication-Results: i=2; mx.microsoft.com 1; spf={spf} (sender ip\r\n"
    " is 192.0.2.7) smtp.rcpttodomain=outlook.com smtp.mailfrom=town.example;\r\n"
    " dmarc={dmarc} (p=none sp=none pct=100) action=none header.from=town.example;\r\n"
    " dkim=pass (signature was verified) header.d=town.onmicrosoft.com; arc=pass (0\r\n"
    " oda=1 ltdi=1 spf=[1,1,smtp.mailfrom=town.example] dkim=[1,1,header.d=town.example]\r\n"
    " dmarc=[1,1,header.from=town.example])\r\n"
)


@pytest.fixture
def world(town: Callable[..., World]) -> World:
    return town(canary={"enabled": True, "send_to": OUTSIDE, "every_minutes": 60}, smtp={"ack_envelope": "bounce"})


def _comes_back(world: World, head: str) -> None:
    """The last canary, forwarded by the mailbox outside with these fields on top."""
    mail = [mail for mail in world.relay.accepted if mail.recipient == OUTSIDE][-1]
    raw = arrived(
        head.encode() + mail.mime, "retorn+caf_=oac360@gmail.com", "oac360@castellbisbal.example", world.clock.true()
    )
    world.mailbox.append("INBOX", raw, world.clock.now())
    world.sync()
    CanaryWatch(engine=world.engine, run=lambda _words: "").look()


def _hour(world: World, at: str, head: str) -> str:
    """The canary of this hour and its way back; the envelope sender under which it left."""
    world.turn_at(f"2026-11-25 {at}")
    _comes_back(world, head)
    return [mail.envelope_from for mail in world.relay.accepted if mail.recipient == OUTSIDE][-1]


def test_each_envelope_in_use_has_its_turn(world: World) -> None:
    head = GMAIL.format(said=GOOD, dmarc="pass")
    used = [_hour(world, at, head) for at in ("09:00", "10:00", "11:00")]
    assert used[0].startswith("oac360+b.")
    assert used[1] == "oac360@castellbisbal.example"
    assert used[2].startswith("oac360+b.")
    assert used[2] != used[0]
    with connection.open_readonly(world.config.office.state) as con:
        shown = health.health(con, world.config.office.timezone)["verdicts"]
    assert [(one["envelope"], one["dmarc"], one["ok"]) for one in shown] == [
        ("plain", "pass", True),
        ("plus", "pass", True),
    ]
    assert [one["at"] for one in shown] == ["2026-11-25T10:00:00+01:00", "2026-11-25T11:00:00+01:00"]
    assert world.problems() == set()
    assert world.cases() == []


def test_a_verdict_of_fail_is_a_problem_and_an_alert_with_the_text_for_the_postmaster(world: World) -> None:
    bad = GMAIL.format(said="spf=none smtp.helo=relay; dkim=fail header.i=@castellbisbal.example;", dmarc="fail")
    _hour(world, "09:00", bad)
    assert world.problems() == {"verdict:plus"}
    world.turn_at("2026-11-25 09:06")
    (alert,) = world.received(OPERATOR, "alert")
    assert "mx.google.com: spf=none dkim=fail dmarc=fail" in text_of(alert)
    assert "Text per a qui porta el servidor de sortida" in text_of(alert)
    _hour(world, "10:00", GMAIL.format(said=GOOD, dmarc="pass"))  # the other envelope says nothing of this one
    assert world.problems() == {"verdict:plus"}
    _hour(world, "11:00", GMAIL.format(said=GOOD, dmarc="pass"))
    assert world.problems() == set()


FORGED = "Authentication-Results: mx.evil.example; dmarc=pass header.from=castellbisbal.example\r\n"


@pytest.mark.parametrize("head", ["", FORGED, "Authentication-Results: mx.google.com.evil.example; dmarc=pass\r\n"])
def test_no_verdict_or_that_of_another_receiver_is_a_problem_too(world: World, head: str) -> None:
    _hour(world, "09:00", head)
    assert world.problems() == {"verdict:plus"}


def test_of_a_receiver_that_nobody_knows_nothing_is_claimed(town: Callable[..., World]) -> None:
    world = town(canary={"enabled": True, "send_to": "retorn@elsewhere.example"})
    world.turn_at("2026-11-25 09:00")
    (mail,) = world.relay.accepted
    assert mail.envelope_from == ""
    raw = arrived(
        FORGED.encode() + mail.mime, "x@elsewhere.example", "oac360@castellbisbal.example", world.clock.true()
    )
    world.mailbox.append("INBOX", raw, world.clock.now())
    world.sync()
    assert world.problems() == set()


@pytest.mark.parametrize("changed", [{"smtp": {"ack_envelope": "office"}}, {"canary": {"enabled": False}}])
def test_the_verdict_on_an_envelope_that_meets_no_receiver_any_more_ends(
    world: World, changed: dict[str, dict[str, object]]
) -> None:
    _hour(world, "09:00", "")
    assert world.problems() == {"verdict:plus"}
    world.restart(**changed)
    CanaryWatch(engine=world.engine, run=lambda _words: "").look()
    assert world.problems() == set()
    with connection.open_readonly(world.config.office.state) as con:
        assert health.health(con, world.config.office.timezone)["verdicts"] == []


@pytest.mark.parametrize(
    ("head", "receiver", "expected"),
    [
        (OUTLOOK, "mx.microsoft.com", ReceiverVerdict("mx.microsoft.com", "fail", "none", "fail")),
        (
            SEALED.format(spf="fail", dmarc="fail") + LEFT,
            "mx.microsoft.com",
            ReceiverVerdict("mx.microsoft.com", "fail", "pass", "fail"),
        ),
        (
            SEALED.format(spf="pass", dmarc="pass") + LEFT_UNSEEN,
            "mx.microsoft.com",
            ReceiverVerdict("mx.microsoft.com", "pass", "pass", "pass"),
        ),
        (LEFT, "mx.microsoft.com", ReceiverVerdict("mx.microsoft.com")),
        # outlook.com, <https://github.com/trusteddomainproject/OpenARC/issues/131>: it gives no name of its own
        (
            "Authentication-Results: spf=pass (sender IP is 192.0.2.7)\r\n smtp.mailfrom=town.example; outlook.com;"
            " dkim=pass (signature was\r\n verified) header.d=town.example;outlook.com; dmarc=pass action=none\r\n"
            " header.from=town.example;compauth=pass reason=100\r\n",
            "mx.microsoft.com",
            ReceiverVerdict("mx.microsoft.com"),
        ),
        # Gmail, <https://github.com/trusteddomainproject/OpenARC/issues/128>: a quoted sender, and ARC's own result
        (
            "Authentication-Results: mx.google.com;\r\n       dkim=pass header.i=@town.example header.s=selector1 "
            "header.b=YSz+76Ay;\r\n       arc=fail (missing mandatory fields);\r\n       spf=pass (google.com: domain "
            "of srs0=tv9s=3c=town.example=oac@relay.example designates 192.0.2.7 as permitted sender)"
            ' smtp.mailfrom="srs0=tv9s=3c=town.example=oac@relay.example";\r\n'
            "       dmarc=pass (p=NONE sp=NONE dis=NONE) header.from=town.example\r\n",
            "mx.google.com",
            ReceiverVerdict("mx.google.com", "pass", "pass", "pass"),
        ),
        # Gmail, <https://pastebin.com/pBitt13v>: a broken signature, and SPF that carries DMARC
        (
            "Authentication-Results: mx.google.com;\r\n       dkim=fail header.i=@town.example;\r\n       spf=pass "
            "(google.com: domain of oac@town.example designates 192.0.2.7 as permitted sender)"
            " smtp.mailfrom=oac@town.example;\r\n"
            "       dmarc=pass (p=NONE sp=NONE dis=NONE) header.from=town.example\r\n",
            "mx.google.com",
            ReceiverVerdict("mx.google.com", "pass", "fail", "pass"),
        ),
        # Gmail seals the same when it forwards, <https://pastebin.com/index/X90jJYkR>; the office's own Gmail is above
        (
            "ARC-Authentication-Results: i=2; mx.google.com; arc=pass (i=1 spf=fail spfdomain=town.example dmarc=fail "
            "fromdomain=town.example); spf=pass smtp.mailfrom=oac-retorn@gmail.com\r\n"
            "Authentication-Results: mx.google.com; spf=fail smtp.mailfrom=oac@town.example; dmarc=fail (p=REJECT "
            "sp=REJECT dis=QUARANTINE) header.from=town.example\r\n"
            "ARC-Authentication-Results: i=1; mx.google.com; spf=fail (google.com: domain of oac@town.example does not "
            "designate 192.0.2.7 as permitted sender) smtp.mailfrom=oac@town.example;\r\n       dmarc=fail (p=REJECT "
            "sp=REJECT dis=QUARANTINE) header.from=town.example\r\n",
            "mx.google.com",
            ReceiverVerdict("mx.google.com", "fail", "", "fail"),
        ),
        (
            "Authentication-Results: mx.example.org; dkim=fail header.d=a; dkim=pass header.d=b;\r\n spf=softfail\r\n",
            "mx.example.org",
            ReceiverVerdict("mx.example.org", "softfail", "pass", ""),
        ),
        # the office is at the same provider: its own verdict on what was forwarded stands above
        (
            "Authentication-Results: mx.google.com; dmarc=fail\r\n" + GMAIL.format(said=GOOD, dmarc="pass"),
            "mx.google.com",
            ReceiverVerdict("mx.google.com", "pass", "pass", "pass"),
        ),
        (
            "Authentication-Results: mx.google.com; none (spf=pass; dmarc=pass)\r\n",
            "mx.google.com",
            ReceiverVerdict("mx.google.com"),
        ),
    ],
)
def test_the_forms_of_a_verdict(head: str, receiver: str, expected: ReceiverVerdict) -> None:
    assert verdict(head.encode() + b"From: a@b.example\r\n\r\nx\r\n", receiver) == expected


@pytest.mark.parametrize(
    ("results", "good"),
    [
        (("fail", "pass", "pass"), True),
        (("pass", "pass", "fail"), False),
        (("pass", "none", "none"), True),
        (("softfail", "fail", "none"), False),
        (("", "", "bestguesspass"), True),
        (("pass", "", "temperror"), True),
        (("", "", ""), False),
    ],
)
def test_what_a_verdict_comes_to(results: tuple[str, str, str], good: bool) -> None:
    assert ReceiverVerdict("mx.example.org", *results).is_good is good
