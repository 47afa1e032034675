"""Floods against staff: notices with originals, and warnings to third persons."""

from collections import Counter
from collections.abc import Callable
from email.message import EmailMessage

import pytest

from tests.messages.test_intent_actions import COMPLAINT, DPO, RIGHTS
from tests.orders.test_orders import reply
from tests.services.test_second_level import FAULT
from tests.world import AGENT, ANNA, OPERATOR, SUPERVISOR, TECHNICAL, World, text_of

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
    for message, name in zip(messages, names, strict=True):
        world.citizen_writes(ANNA, "", f"Per al {name}: el PIN de la targeta és 4821.", answers=message, dmarc="")
    world.turn()
    assert len(world.received(ANNA)) == world.policy.budgets.per_address_hour
    world.live("2026-11-26 00:30")
    assert len(world.received(ANNA)) == world.policy.budgets.per_address_day
    assert not {mail["state"] for mail in world.mails("warned")} & {"queued"}
