"""Orders about mail in review, which the digest names by its reference: a person's message, or spam after all."""

from email.message import EmailMessage

import pytest

from tests.orders.test_orders import reply, transcripts
from tests.world import AGENT, PERE, World, text_of

SPAM = (
    "Dear winner, claim your bitcoin prize now!!! Free money, viagra, casino: click http://win.example http://x.example"
)


@pytest.fixture
def suspect(world: World) -> tuple[str, EmailMessage]:
    """(reference, digest) of a message of Pere that is suspected to be spam."""
    world.restart(digest={"to": [AGENT]})
    world.citizen_asks(PERE, subject="You won bitcoin", text=SPAM, dmarc="")
    assert world.reviews() == ["suspected-spam"]
    world.live("2026-11-26 08:30")
    *_, digest = world.received(AGENT, "digest")
    (row,) = world.rows("SELECT fingerprint FROM reviews")
    ref = row["fingerprint"][:8]
    assert ref in text_of(digest)
    return ref, digest


@pytest.mark.parametrize(
    "order", ["{} és persona", "ÉS PERSONA {}", "#persona {}", "{}: es persona", "IT IS A PERSON {}"]
)
def test_it_is_a_person_makes_a_case_with_its_acknowledgement(
    world: World, suspect: tuple[str, EmailMessage], order: str
) -> None:
    ref, digest = suspect
    reply(world, digest, order.format(ref), sender=AGENT)
    case = world.case()
    assert (case["citizen"], case["status"]) == (PERE, "open")
    assert world.kinds(PERE) == ["ack"]
    assert world.reviews() == []
    assert f"| {case['number']} | tractar-lo com a petició d'una persona | fet |" in transcripts(world, AGENT)[0]


def test_said_twice_it_is_one_case(world: World, suspect: tuple[str, EmailMessage]) -> None:
    ref, digest = suspect
    for _ in range(2):
        reply(world, digest, f"{ref} és persona\n{ref} és persona", sender=AGENT)
    assert len(world.cases()) == 1
    assert world.kinds(PERE) == ["ack"]


@pytest.mark.parametrize("order", ["{} tanca brossa", "TANCA BROSSA {}", "{} és brossa"])
def test_spam_ends_the_entry_and_nobody_gets_a_mail(
    world: World, suspect: tuple[str, EmailMessage], order: str
) -> None:
    ref, digest = suspect
    reply(world, digest, order.format(ref), sender=AGENT)
    assert world.reviews() == []
    assert world.cases() == []
    assert world.kinds(PERE) == []
    assert len(world.events("review-closed")) == 1


@pytest.mark.parametrize("order", ["{} meva", "{} tanca", "00000000 és persona", "{}ff és persona", "és persona"])
def test_any_other_order_or_reference_leaves_the_entry_alone(
    world: World, suspect: tuple[str, EmailMessage], order: str
) -> None:
    ref, digest = suspect
    reply(world, digest, order.format(ref), sender=AGENT)
    assert world.reviews() == ["suspected-spam"]
    assert world.cases() == []
    assert "no fet" in transcripts(world, AGENT)[0]


def test_without_proof_the_entry_stays(world: World, suspect: tuple[str, EmailMessage]) -> None:
    ref, digest = suspect
    reply(world, digest, f"{ref} és persona", sender=AGENT, verdict="")
    assert "suspected-spam" in world.reviews()
    assert world.cases() == []


def test_a_case_that_was_closed_as_spam_by_mistake_is_open_again(world: World) -> None:
    world.restart(digest={"to": [AGENT]})
    world.citizen_asks(PERE)
    world.live("2026-11-26 08:30")
    *_, digest = world.received(AGENT, "digest")
    reply(world, digest, "1 tanca brossa", sender=AGENT)
    reply(world, digest, "1 és persona", sender=AGENT)
    assert world.case()["status"] == "open"
