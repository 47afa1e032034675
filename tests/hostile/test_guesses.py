"""Guessed and borrowed case numbers: whoever got no mail from us learns nothing and reaches no case."""

import re
from email.message import EmailMessage

import pytest

from oacmail.core.routing import signature
from tests.engine.compose import OFFICE
from tests.engine.world import ANNA, PERE, World, text_of
from tests.hostile.enemy import EVIL, message, outcomes, slip_in

NUMBER = "OAC-2026-000001"


def _annas_case(world: World) -> EmailMessage:
    asked = world.citizen_writes(ANNA)
    world.turn()
    return asked


def _token(world: World) -> str:
    return signature.token(world.policy, NUMBER)


def _plus(detail: str) -> str:
    local, _, domain = OFFICE.partition("@")
    return f"{local}+{detail}@{domain}"


@pytest.mark.parametrize(
    "subject",
    [
        f"Re: {NUMBER}",
        f"Re: [{NUMBER}-AAA] Hem rebut la vostra consulta",
        f"Re: [{NUMBER}-AAA] [{NUMBER}-AAB] [{NUMBER}-AAC]",
        "Re: [{token}] Hem rebut la vostra consulta",
        "Re: [{token}]x",
        "Re: x[{token}]",
        "{lower}",
    ],
)
def test_a_strangers_token_reaches_no_case(world: World, subject: str) -> None:
    """Not even the right one: it has stood in a subject that anybody may have seen."""
    _annas_case(world)
    token = _token(world)
    slip_in(world, message(world, [("Subject", subject.format(token=token, lower=token.lower()))]))
    world.turn()
    assert [case["citizen"] for case in world.cases()] == [ANNA, EVIL]
    assert len(world.case(NUMBER)["messages"]) == 1


@pytest.mark.parametrize("field", ["To", "Cc", "Delivered-To", "X-Original-To"])
def test_a_strangers_plus_address_reaches_no_case(world: World, field: str) -> None:
    _annas_case(world)
    slip_in(world, message(world, [(field, _plus(_token(world)))]))
    world.turn()
    assert len(world.case(NUMBER)["messages"]) == 1


def test_guessing_all_messages_at_once_reaches_no_case(world: World) -> None:
    asked = _annas_case(world)
    messages = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
    guesses = (f"{NUMBER}-{a}{b}{c}" for a in messages for b in messages for c in messages)
    for number in range(5):
        to = ", ".join(_plus(next(guesses)) for _ in range(900))
        slip_in(world, message(world, [("To", to), ("Subject", f"Re: {asked['Subject']} {number}")]))
    world.turn()
    assert len(world.case(NUMBER)["messages"]) == 1


def test_a_right_guess_tells_the_stranger_nothing(world: World) -> None:
    """He gets the very acknowledgement that any new message gets."""
    _annas_case(world)
    for subject, text in ((f"[{_token(world)}] Consulta del padró", "Com?"), ("Consulta del padró nova", "Quan?")):
        slip_in(world, message(world, [("Subject", subject)], f"{text} Digueu-me com puc demanar hora."))
    world.turn()
    right, plain = (re.sub(r"OAC-2026-\d{6}(?:-\w{3})?", "N", text_of(mail)) for mail in world.received(EVIL))
    assert right == plain
    assert NUMBER not in "".join(map(text_of, world.received(EVIL)))


def test_naming_a_strangers_message_in_references_opens_a_case_of_ones_own(world: World) -> None:
    asked = _annas_case(world)
    slip_in(world, message(world, [("References", str(asked["Message-ID"])), ("Subject", f"Re: {asked['Subject']}")]))
    world.turn()
    assert [case["citizen"] for case in world.cases()] == [ANNA, EVIL]
    assert world.rows("SELECT parent FROM cases ORDER BY id")[1]["parent"] == NUMBER
    assert len(world.case(NUMBER)["messages"]) == 1


def test_naming_our_own_mail_makes_a_guest_who_gets_nothing(world: World) -> None:
    """Anna has passed our mail on: what he asks is seen by people, and no machine answers him."""
    _annas_case(world)
    (ack,) = world.received(ANNA)
    world.citizen_writes(PERE, "", "I jo, què he de fer?", answers=ack)
    world.turn()
    assert len(world.case()["messages"]) == 2
    assert world.received(PERE) == []


def test_a_guest_stays_a_guest(world: World) -> None:
    """Having written once does not make him a participant who may use the token."""
    _annas_case(world)
    (ack,) = world.received(ANNA)
    world.citizen_writes(PERE, "", "I jo, què he de fer?", answers=ack)
    world.turn()
    world.citizen_writes(PERE, f"Re: [{_token(world)}]", "I doncs?")
    world.turn()
    assert len(world.case(NUMBER)["messages"]) == 2
    assert [case["citizen"] for case in world.cases()] == [ANNA, PERE]


@pytest.mark.parametrize("evidence", ["token", "reference", "subject", "text"])
def test_a_mail_that_annas_domain_disowns_is_not_annas(world: World, evidence: str) -> None:
    asked = _annas_case(world)
    fields = {
        "token": [("Subject", f"Re: [{_token(world)}]")],
        "reference": [("References", str(asked["Message-ID"]))],
        "subject": [("Subject", f"Re: {asked['Subject']}")],
        "text": [("Subject", "Una altra cosa")],
    }[evidence]
    text = asked.get_content() if evidence == "text" else "Ja no cal, tanqueu-ho."
    forged = message(world, [("From", ANNA), *fields], text)
    slip_in(world, forged, verdict="dmarc=fail header.from=example.org")
    world.turn()
    assert len(world.case(NUMBER)["messages"]) == 1
    assert "dmarc-fail" in world.reviews()
    assert len(world.received(ANNA)) == 1


def test_thanks_forged_in_annas_name_close_nothing(world: World) -> None:
    asked = _annas_case(world)
    fields = [("From", ANNA), ("In-Reply-To", str(asked["Message-ID"])), ("Subject", f"Re: {asked['Subject']}")]
    slip_in(world, message(world, fields, "Moltes gràcies, ja està resolt."))
    world.turn()
    assert world.case(NUMBER)["status"] == "open"
    assert world.case(NUMBER)["answered_at"] is None


def test_thanks_that_annas_domain_disowns_lie_on_no_case(world: World) -> None:
    _annas_case(world)
    forged = message(world, [("From", ANNA), ("Subject", "Gràcies")], "Moltes gràcies per tot!")
    slip_in(world, forged, verdict="dmarc=fail header.from=example.org")
    world.turn()
    assert len(world.case(NUMBER)["messages"]) == 1
    assert outcomes(world) == ["case", "quarantined"]


@pytest.mark.parametrize("sender", ["", "Ningú", "<>", "undisclosed"])
def test_two_messages_from_nobody_have_nothing_in_common(world: World, sender: str) -> None:
    for text in ("Quan obriu?", "Quan obriu?", "Gràcies per tot."):
        fields = [("From", sender), ("Subject", "Re: l'horari d'estiu"), ("Message-ID", f"<{len(outcomes(world))}@x>")]
        slip_in(world, message(world, fields, text))
        world.turn()
    assert len(outcomes(world)) == 3
    assert all(len(case["messages"]) == 1 for case in world.cases())


def test_no_from_and_a_reply_to_is_nobody(world: World) -> None:
    """Else Reply-To would be a way round the policy of a domain that disowns forged mail."""
    asked = _annas_case(world)
    fields = [("From", ""), ("Reply-To", ANNA), ("References", str(asked["Message-ID"])), ("Subject", "Re: això")]
    slip_in(world, message(world, fields))
    world.turn()
    assert len(world.case(NUMBER)["messages"]) == 1
    assert len(world.received(ANNA)) == 1
    assert world.reviews() == ["no-address-to-answer"]


def test_reply_to_is_no_identity_and_gets_no_mail(world: World) -> None:
    asked = _annas_case(world)
    fields = [("Reply-To", ANNA), ("References", str(asked["Message-ID"])), ("Subject", f"Re: {asked['Subject']}")]
    slip_in(world, message(world, fields))
    world.turn()
    assert len(world.case(NUMBER)["messages"]) == 1
    assert len(world.received(ANNA)) == 1
    assert len(world.received(EVIL)) == 1
