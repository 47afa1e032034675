"""Floods: a heavy writer uses only his own share of acknowledgements; every message gets a case and a deadline."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from email.message import EmailMessage
from random import Random

import pytest

from oacmail.core.policy import Policy
from tests.acknowledgement.test_budgets import POLICY
from tests.hostile.enemy import message, slip_in
from tests.messages.test_intent_actions import COMPLAINT, DPO, RIGHTS
from tests.messages.test_own_words import POLICY as BLIND
from tests.orders.test_orders import reply
from tests.services.test_second_level import FAULT
from tests.work import calls
from tests.world import AGENT, ANNA, OPERATOR, SUPERVISOR, TECHNICAL, World, text_of

FOR_A_MESSAGE, FOR_A_CASE = 50_000, 120  # calls: to take one in, and to look at one in a tick
FIFTH = {"per_domain_hour": 4, "per_domain_day": 10, "unverified_per_hour": 12}
"""A fifth of the limits that config.toml has: a fifth of the messages goes over them."""
HONEST = [f"veina{number}@poble{number % 7}.example" for number in range(20)]


def _from(world: World, address: str, number: int, verdict: str = "") -> None:
    fields = [
        ("From", address),
        ("Subject", f"Consulta {'abcdefghij'[number % 10]}{number}"),
        ("Message-ID", f"<{number}.{address}>"),
    ]
    slip_in(world, message(world, fields, f"Pregunta número {number}: com es fa?"), sender=address, verdict=verdict)


def _honest(world: World, address: str, verdict: str = "dmarc=pass header.from={}") -> None:
    number = HONEST.index(address) if address in HONEST else len(HONEST)
    _from(world, address, number, verdict.format(address.rpartition("@")[2]))


@pytest.mark.parametrize("verdict", ["", "dmarc=none", "dmarc=fail header.from={}"], ids=["none", "said none", "fail"])
def test_forty_an_hour_from_forged_domains_beside_twenty_citizens(town: Callable[..., World], verdict: str) -> None:
    world = town(ack=FIFTH)
    for number in range(40):
        address = f"x{number}@forged{number}.example"
        _from(world, address, number, verdict.format(address.rpartition("@")[2]))
        if number % 2:
            _honest(world, HONEST[number // 2])
    world.turn()
    assert [len(world.received(address)) for address in HONEST] == [1] * 20
    forged = sum(len(box) for address, box in world.relay.inboxes.items() if "forged" in address)
    assert forged == (0 if "fail" in verdict else world.policy.budgets.unverified_per_hour)
    assert len(world.cases()) == 60
    assert all(case["due_at"] for case in world.cases())


def test_a_flood_costs_the_same_for_each_message_and_little_for_a_tick(world: World) -> None:
    for number in range(200):
        _from(world, f"x{number}@forged{number}.example", number)
    assert calls(world.sync) < 200 * FOR_A_MESSAGE
    world.tick()  # what is made at its first use does not count
    for minutes in (0, 61):  # none leaves; an hour's share leaves
        world.clock.forward(minutes=minutes)
        assert calls(world.tick) < 200 * FOR_A_CASE


def test_a_day_of_flood_never_goes_over_the_hours_budget(town: Callable[..., World]) -> None:
    world, hours = town(ack=FIFTH), Counter[str]()
    for hour in range(9, 12):
        for number in range(20):
            _from(world, f"x{number}@forged{hour}-{number}.example", 1_000 * hour + number)
        world.turn()
        world.advance(f"2026-11-25 {hour + 1:02}:00")
    for mail in world.mails("ack"):
        if mail["sent_at"]:
            hours[mail["sent_at"][:13]] += 1
    assert max(hours.values()) <= world.policy.budgets.unverified_per_hour
    assert len(world.cases()) == 60


def _most(policy: Policy, *, domains: int, mailboxes: int) -> tuple[int, int]:
    """How many acknowledgements anybody can cause at most in any hour, and in any 24 hours.

    The attacker has `domains` registered domains, `mailboxes` addresses at public providers or of people whom an agent
    has answered, and forges all others.
    """
    limits = policy.budgets
    unverified = limits.unverified_per_hour * (1 if policy.provable else 2)
    hour = limits.per_domain_hour * domains + limits.per_address_hour * mailboxes + unverified
    day = limits.per_domain_day * domains + limits.per_address_day * mailboxes
    return hour, day + unverified * 24


def test_the_most_that_an_attacker_can_cause_is_what_the_shares_add_up_to() -> None:
    assert _most(POLICY, domains=7, mailboxes=1) == (203, 1_800)
    assert _most(POLICY, domains=0, mailboxes=0) == (60, 1_440)
    assert _most(BLIND, domains=0, mailboxes=0) == (120, 2_880)


def _peaks(world: World, honest: set[str]) -> tuple[int, int]:
    """How many acknowledgements others than `honest` got in the worst hour and the worst 24 hours."""
    times = sorted(
        datetime.fromisoformat(mail["released_at"])
        for mail in world.mails("ack")
        if mail["released_at"] and mail["recipient"] not in honest
    )

    def peak(span: timedelta) -> int:
        return max((bisect_left(times, start + span) - at for at, start in enumerate(times)), default=0)

    return peak(timedelta(hours=1)), peak(timedelta(days=1))


SEVEN = [f"atac{number}.example" for number in range(7)]


def _wave(world: World, random: Random, count: int) -> None:
    """Proven mail of seven domains and of one Gmail account under many names, and forged mail of ever new domains."""
    for _ in range(count):
        number = random.randrange(10_000)
        domain, part = random.choice(SEVEN), random.choice(("{}", "x+{}", "a{}.b", "y"))
        tag = f"m.a.l{'.' * random.randrange(2)}l+{number}@{random.choice(('gmail.com', 'googlemail.com'))}"
        forged = f"x{number}@forjat{number}.example"
        address = random.choice(
            (f"{part.format(number)}@{domain}", f"{part.format(number)}@s{number}.{domain}", tag, forged)
        )
        verdict = "" if address == forged else f"dmarc=pass header.from={address.rpartition('@')[2]}"
        _from(world, address, number, verdict)


def test_a_played_attacker_never_exceeds_the_computed_bound_and_ten_newcomers_are_acknowledged(
    town: Callable[..., World],
) -> None:
    """Seven domains with DMARC pass, plus tags, Gmail's dots and two names of it, forged mail: a day and a half."""
    world = town(ack=FIFTH)
    random, honest = Random(29), {f"nou{number}@gmail.com" for number in range(5)}
    honest |= {f"nou{number}@veins{number}.example" for number in range(5)}
    waiting = sorted(honest)
    for hour in range(9, 21):
        world.advance(f"2026-11-25 {hour:02}:00")
        _wave(world, random, 60 if hour < 12 else 12)
        world.turn()
        if waiting and hour > 9:
            address = waiting.pop()
            _from(world, address, hour, f"dmarc=pass header.from={address.rpartition('@')[2]}")
            world.turn()
            assert len(world.received(address)) == 1
        world.turn_at(f"2026-11-25 {hour:02}:40")
    world.live("2026-11-26 21:00", minutes=30)
    (hour_most, day_most), (hour_seen, day_seen) = _most(world.policy, domains=7, mailboxes=1), _peaks(world, honest)
    assert waiting == []
    assert hour_most * 0.8 <= hour_seen <= hour_most
    assert day_seen <= day_most
    assert {mail["state"] for mail in world.mails("ack")} == {"sent"}
    late = [mail for mail in world.mails("ack") if mail["released_at"][:10] > mail["created_at"][:10]]
    assert late == [], "what waited left on the same day"


@pytest.mark.parametrize("forged", ["x{}@forjat{}.example", "x{}@gmail.com"], ids=["ever new", "one provider"])
@pytest.mark.parametrize("newcomer", ["nova@poble1.example", "nova@outlook.com"], ids=["answered", "provider"])
def test_a_newcomer_without_a_verdict_is_acknowledged_the_same_day_beside_any_forged_flood(
    town: Callable[..., World], forged: str, newcomer: str
) -> None:
    """More than a day of the share has, each a first acknowledgement, before she writes and afterwards."""
    world = town(ack=FIFTH)
    world.agent_replies(world.citizen_asks("veina@poble1.example"))
    for number in range(120):
        _from(world, forged.format(number, number), number)
    world.turn()
    world.live("2026-11-25 12:00", minutes=30)
    _from(world, newcomer, 7)
    for number in range(120, 140):
        _from(world, forged.format(number, number), number)
    world.live("2026-11-25 13:30", minutes=15)
    assert len(world.received(newcomer)) == 1
    assert "over-budget" not in world.reviews()
    hour, _day = _most(world.policy, domains=0, mailboxes=1)
    assert _peaks(world, {newcomer})[0] <= hour


@pytest.mark.parametrize("verdict", ["", "dmarc=pass header.from=example.org"], ids=["unproven", "proven"])
def test_our_desk_cannot_be_used_to_bomb_a_third_person(world: World, verdict: str) -> None:
    """Twenty messages in her name: three mails, without a word of the enemy's in them."""
    for number in range(20):
        _from(world, ANNA, number, verdict)
    world.turn()
    assert len(world.received(ANNA)) == 3


def test_a_flood_of_hundreds_leaves_a_digest_that_can_be_read(town: Callable[..., World]) -> None:
    world = town(digest={"to": ["agent@town.example"]})
    for number in range(250):
        domain = f"forged{number}.example"
        _from(world, f"x@{domain}", number, f"dmarc=fail header.from={domain}")
    world.turn()
    world.turn_at("2026-11-26 08:01")
    digest = world.received("agent@town.example")[-1]
    assert len(digest.as_bytes()) < 300_000
    assert "250 " in str(digest["Subject"])
    assert "… i 50 més" in text_of(digest)


def test_one_alert_at_most_an_hour_and_none_for_a_flood_that_is_kept_in_bounds(town: Callable[..., World]) -> None:
    world = town(ack=FIFTH)
    for number in range(20):
        _from(world, f"x{number}@forged{number}.example", number)
    world.live("2026-11-25 11:00", minutes=30)
    assert len(world.received("sistemes@town.example")) <= 2


# Floods against staff: notices with originals, and warnings to third persons.

TOWN = Callable[..., World]
PASSWORD = ("Contrasenya", "Bon dia, no puc entrar a la carpeta. La meva contrasenya és Girafa-4821.")
FLOODS = {
    "opinion": (("Queixa", COMPLAINT), SUPERVISOR),
    "rights": (("Dret d'accés", RIGHTS), DPO),
    "derived": (FAULT, TECHNICAL),
    "secret": (PASSWORD, AGENT),
}


def _flood(world: World, message: tuple[str, str], count: int = 30, sender: str = "x{0}@forged{0}.example") -> None:
    subject, text = message
    for number in range(count):
        world.citizen_writes(sender.format(number), f"{subject} {number}", f"{text} ({number})", dmarc="")


def _originals(mails: list[EmailMessage]) -> int:
    return sum(part.get_content_type() == "message/rfc822" for mail in mails for part in mail.walk())


@pytest.mark.parametrize("kind", FLOODS)
def test_an_honest_citizen_is_acknowledged_before_what_a_flood_makes(town: TOWN, kind: str) -> None:
    world = town(people={"technical": [TECHNICAL]}, smtp={"per_minute": 15}, ack={"unverified_per_hour": 3})
    message, _ = FLOODS[kind]
    _flood(world, message)
    world.sync()
    world.citizen_asks(ANNA)
    assert world.kinds(ANNA) == ["ack"]


def test_what_an_agent_orders_one_by_one_is_told_one_by_one(town: TOWN) -> None:
    world = town(people={"technical": [TECHNICAL]}, digest={"to": [AGENT]})
    _flood(world, ("Consulta", "Bon dia, on puc demanar un certificat de convivència? Gràcies."), count=8)
    world.live("2026-11-26 08:30")
    (digest,) = world.received(AGENT, "digest")[-1:]
    for number in range(1, 9):
        reply(world, digest, f"{number} DERIVA", sender=AGENT)
    world.live("2026-11-26 12:00")
    assert Counter(world.kinds(TECHNICAL)) == {"derived": 8}


@pytest.mark.parametrize("kind", FLOODS)
def test_a_flood_of_a_kind_reaches_staff_as_five_mails_and_one_list(town: TOWN, kind: str) -> None:
    world = town(people={"technical": [TECHNICAL]})
    message, address = FLOODS[kind]
    _flood(world, message)
    world.turn()
    kinds = Counter(world.kinds(address))
    assert (kinds[kind], kinds["notice_list"]) == (5, 1)
    (mail,) = world.received(address, "notice_list")
    numbers = [case["number"] for case in world.cases()]
    told = [number for number in numbers if number in text_of(mail)]
    assert len(told) == 25
    assert _originals([mail]) == (20 if kind in ("derived", "rights") else 0)  # their readers have no mailbox of ours
    assert "contrasenya" not in text_of(mail).lower()


def test_in_a_busy_hour_the_services_get_every_message(town: TOWN) -> None:
    world = town(people={"technical": [TECHNICAL]})
    _flood(world, FAULT, 8, "anna{0}@example{0}.org")
    world.turn()
    texts = "".join(text_of(mail) for mail in world.received(TECHNICAL))
    assert all(f"({number})" in texts for number in range(8))
    assert _originals(world.received(TECHNICAL)) == 8


def test_an_escalation_leaves_before_the_notices_of_a_flood(town: TOWN) -> None:
    world = town(smtp={"per_minute": 3}, ack={"unverified_per_hour": 1}, deadline={"digest_above": 50})
    world.citizen_asks(ANNA)
    world.advance("2026-11-27 08:05")
    _flood(world, FLOODS["opinion"][0], 20)
    world.turn()
    assert "overdue" in world.kinds(SUPERVISOR)
    assert len(world.received(SUPERVISOR)) <= 2


def test_one_sender_gets_three_mails_of_a_kind_to_staff_and_the_rest_in_a_list(world: World) -> None:
    _flood(world, FLOODS["opinion"][0], 5, "anna@example.org")
    world.turn()
    assert Counter(world.kinds(SUPERVISOR)) == {"opinion": 3, "notice_list": 1}


def test_one_mailbox_under_many_names_is_one_sender(world: World) -> None:
    _flood(world, FLOODS["opinion"][0], 5, "anna+{0}@example.org")
    world.turn()
    assert Counter(world.kinds(SUPERVISOR)) == {"opinion": 3, "notice_list": 1}


def test_the_lists_come_once_an_hour_and_the_operator_is_notified_of_them(world: World) -> None:
    for _ in range(3):
        _flood(world, FLOODS["opinion"][0], 10)
        world.turn()
        world.clock.forward(minutes=10)
    assert len(world.received(SUPERVISOR, "notice_list")) == 1
    alerts = [mail for mail in world.received(OPERATOR) if "llista" in str(mail["Subject"])]
    assert len(alerts) == 1
    assert "opinion: 5" in text_of(alerts[0])
    world.live("2026-11-25 10:05", minutes=5)
    assert len(world.received(SUPERVISOR, "notice_list")) == 2
    assert {case["number"] for case in world.cases()} == _told(world)


def _told(world: World) -> set[str]:
    """Every case of the flood is named to the supervisor, in a mail of its own or in a list."""
    texts = "\n".join(f"{mail['Subject']}\n{text_of(mail)}" for mail in world.received(SUPERVISOR))
    return {case["number"] for case in world.cases() if case["number"] in texts}


def test_what_was_listed_counts_as_reported(town: TOWN) -> None:
    """A case whose derivation stood in a list is not derived again by its next message."""
    world = town(people={"technical": [TECHNICAL]}, deadline={"digest_above": 1})
    world.citizen_writes("pere@example.net", *FAULT)
    message = world.citizen_asks(ANNA, *FAULT)
    told = ["derived", "notice_list"]
    assert world.kinds(TECHNICAL) == told
    world.clock.forward(hours=2)
    world.citizen_asks(ANNA, "", FAULT[1], answers=message)
    assert world.kinds(TECHNICAL) == told


def test_lists_wait_for_the_opening(town: TOWN) -> None:
    world = town(now="2026-11-25 23:30")
    _flood(world, FLOODS["secret"][0], 20)
    world.live("2026-11-26 07:50")
    assert world.received(AGENT) == []
    world.live("2026-11-26 08:10", minutes=10)
    assert Counter(world.kinds(AGENT))["notice_list"] == 1
    assert Counter(world.kinds(AGENT))["secret"] == 5


def test_warnings_of_secrets_stay_within_the_budgets_of_acknowledgements(world: World) -> None:
    """Thirty forged messages in a third person's name, on thirty cases: three mails in the hour, ten in the day."""
    names = [a + b for a in "abcdef" for b in "ghijk"]
    messages = [world.citizen_writes(ANNA, f"Consulta {name}", f"Com es fa el {name}?", dmarc="") for name in names]
    world.turn()
    for asked, name in zip(messages, names, strict=True):
        world.citizen_writes(ANNA, "", f"Per al {name}: el PIN de la targeta és 4821.", answers=asked, dmarc="")
    world.turn()
    assert len(world.received(ANNA)) == world.policy.budgets.per_address_hour
    world.live("2026-11-26 00:30")
    assert len(world.received(ANNA)) == world.policy.budgets.per_address_day
    assert not {mail["state"] for mail in world.mails("warned")} & {"queued"}
