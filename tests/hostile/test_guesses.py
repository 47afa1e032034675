"""Guessed and borrowed case numbers: whoever got no mail from us learns nothing and reaches no case."""

import re
from email.message import EmailMessage

import pytest

from oacmail.core import tokens
from tests.hostile.enemy import EVIL, message, outcomes, slip_in, smuggle
from tests.world import AGENT, ANNA, OFFICE, PERE, SUPERVISOR, World, text_of

NUMBER = "OAC-2026-000001"


def _annas_case(world: World) -> EmailMessage:
    return world.citizen_asks(ANNA)


def _token(world: World) -> str:
    return tokens.case_token(world.policy, NUMBER)


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
    smuggle(world, message(world, [("Subject", subject.format(token=token, lower=token.lower()))]))
    assert [case["citizen"] for case in world.cases()] == [ANNA, EVIL]
    assert len(world.case(NUMBER)["messages"]) == 1


@pytest.mark.parametrize("field", ["To", "Cc", "Delivered-To", "X-Original-To"])
def test_a_strangers_plus_address_reaches_no_case(world: World, field: str) -> None:
    _annas_case(world)
    smuggle(world, message(world, [(field, _plus(_token(world)))]))
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
    smuggle(world, message(world, [("References", str(asked["Message-ID"])), ("Subject", f"Re: {asked['Subject']}")]))
    assert [case["citizen"] for case in world.cases()] == [ANNA, EVIL]
    assert world.rows("SELECT parent FROM cases ORDER BY id")[1]["parent"] == NUMBER
    assert len(world.case(NUMBER)["messages"]) == 1


def test_naming_our_own_mail_makes_a_guest_who_gets_nothing(world: World) -> None:
    """Anna has passed our mail on: what he asks is seen by people, and no machine answers him."""
    _annas_case(world)
    (ack,) = world.received(ANNA)
    world.citizen_asks(PERE, "", "I jo, què he de fer?", answers=ack)
    assert len(world.case()["messages"]) == 2
    assert world.received(PERE) == []


def test_a_guest_stays_a_guest(world: World) -> None:
    """Having written once does not make him a participant who may use the token."""
    _annas_case(world)
    (ack,) = world.received(ANNA)
    world.citizen_asks(PERE, "", "I jo, què he de fer?", answers=ack)
    world.citizen_asks(PERE, f"Re: [{_token(world)}]", "I doncs?")
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
    smuggle(world, forged, verdict="dmarc=fail header.from=example.org")
    assert len(world.case(NUMBER)["messages"]) == 1
    assert "dmarc-fail" in world.reviews()
    assert len(world.received(ANNA)) == 1


def test_thanks_forged_in_annas_name_close_nothing(world: World) -> None:
    asked = _annas_case(world)
    fields = [("From", ANNA), ("In-Reply-To", str(asked["Message-ID"])), ("Subject", f"Re: {asked['Subject']}")]
    smuggle(world, message(world, fields, "Moltes gràcies, ja està resolt."))
    assert world.case(NUMBER)["status"] == "open"
    assert world.case(NUMBER)["answered_at"] is None


def test_thanks_that_annas_domain_disowns_lie_on_no_case(world: World) -> None:
    _annas_case(world)
    forged = message(world, [("From", ANNA), ("Subject", "Gràcies")], "Moltes gràcies per tot!")
    smuggle(world, forged, verdict="dmarc=fail header.from=example.org")
    assert len(world.case(NUMBER)["messages"]) == 1
    assert outcomes(world) == ["case", "quarantined"]


@pytest.mark.parametrize("sender", ["", "Ningú", "<>", "undisclosed"])
def test_two_messages_from_nobody_have_nothing_in_common(world: World, sender: str) -> None:
    for text in ("Quan obriu?", "Quan obriu?", "Gràcies per tot."):
        fields = [("From", sender), ("Subject", "Re: l'horari d'estiu"), ("Message-ID", f"<{len(outcomes(world))}@x>")]
        smuggle(world, message(world, fields, text))
    assert len(outcomes(world)) == 3
    assert all(len(case["messages"]) == 1 for case in world.cases())


def test_no_from_and_a_reply_to_is_nobody(world: World) -> None:
    """Else Reply-To would be a way round the policy of a domain that disowns forged mail."""
    asked = _annas_case(world)
    fields = [("From", ""), ("Reply-To", ANNA), ("References", str(asked["Message-ID"])), ("Subject", "Re: això")]
    smuggle(world, message(world, fields))
    assert len(world.case(NUMBER)["messages"]) == 1
    assert len(world.received(ANNA)) == 1
    assert world.reviews() == ["no-address-to-answer"]


def test_reply_to_is_no_identity_and_gets_no_mail(world: World) -> None:
    asked = _annas_case(world)
    fields = [("Reply-To", ANNA), ("References", str(asked["Message-ID"])), ("Subject", f"Re: {asked['Subject']}")]
    smuggle(world, message(world, fields))
    assert len(world.case(NUMBER)["messages"]) == 1
    assert len(world.received(ANNA)) == 1
    assert len(world.received(EVIL)) == 1


def _asks_for_the_answer(world: World, asked: EmailMessage, *, verdict: str = "", text: str = "") -> EmailMessage:
    """A message in Anna's name that wants the answer for Mallory, with the subject or the text of hers."""
    forged = world.message(ANNA, f"Re: {asked['Subject']}", text or "Encara ho espero, em podeu respondre avui?")
    forged["Reply-To"] = EVIL
    world.receive(forged, verdict=verdict)
    return forged


def _asked_without_a_verdict(world: World) -> EmailMessage:
    asked = world.citizen_asks(ANNA, dmarc="")
    world.clock.forward(minutes=10)
    return asked


def _reply_goes_to(world: World, message: EmailMessage, to: str) -> None:
    world.see_in_sent(world.message(OFFICE, "", "Bon dia, ho heu de fer així.", to=to, answers=message))


@pytest.mark.parametrize("evidence", ["subject", "text"])
def test_a_message_in_annas_name_with_another_reply_to_joins_no_case_of_hers(world: World, evidence: str) -> None:
    asked = _asked_without_a_verdict(world)
    _asks_for_the_answer(world, asked, text=asked.get_content() if evidence == "text" else "")
    assert len(world.case(NUMBER)["messages"]) == 1
    assert len(world.cases()) == 2


def test_what_the_agent_answers_to_another_reply_to_is_no_answer_to_anna(world: World) -> None:
    asked = _asked_without_a_verdict(world)
    forged = _asks_for_the_answer(world, asked)
    _reply_goes_to(world, forged, EVIL)
    assert (world.case(NUMBER)["status"], world.case(NUMBER)["answered_at"]) == ("open", None)
    world.turn_at("2026-11-27 08:00")
    assert "overdue" in world.kinds(SUPERVISOR), "Anna still waits"


def test_a_reply_to_that_comes_later_without_proof_takes_no_answer_of_a_case(world: World) -> None:
    """Whoever was shown our mail names it, and so the message joins: the answer to him alone meets nothing."""
    _asked_without_a_verdict(world)
    (ack,) = world.received(ANNA)
    forged = world.message(ANNA, "", "Responeu-me aquí, si us plau?", answers=ack)
    forged["Reply-To"] = EVIL
    world.receive(forged)
    assert len(world.case(NUMBER)["messages"]) == 2
    _reply_goes_to(world, forged, EVIL)
    assert (world.case(NUMBER)["status"], world.case(NUMBER)["answered_at"]) == ("open", None)
    assert "answers_elsewhere" in world.kinds(AGENT)


def test_the_agents_are_warned_of_another_reply_to_and_see_where_it_leads(world: World) -> None:
    asked = _asked_without_a_verdict(world)
    _asks_for_the_answer(world, asked)
    (notice,) = world.received(AGENT, "answers_elsewhere")
    assert "ma…@evil.example" in text_of(notice)
    assert EVIL not in text_of(notice)


def test_who_has_always_asked_for_the_answer_there_is_answered_there(world: World) -> None:
    """A small firm without a verdict writes from one address and reads another."""
    for subject in ("No puc signar la instància", "Re: No puc signar la instància"):
        asked = world.message(ANNA, subject, f"{subject}: com es fa?")
        asked["Reply-To"] = "anna@feina.example"
        world.receive(asked)
        world.clock.forward(minutes=5)
    assert "answers_elsewhere" not in world.kinds(AGENT)
    first, second = world.cases()
    _reply_goes_to(world, asked, "anna@feina.example")
    assert world.case(second["number"])["status"] == "answered"
    assert world.case(first["number"])["status"] == "open", "a case of its own has its own answer"


def test_a_proven_message_with_another_reply_to_joins_by_subject(world: World) -> None:
    asked = world.citizen_asks(ANNA)
    _asks_for_the_answer(world, asked, verdict="dmarc=pass header.from=example.org")
    assert len(world.case()["messages"]) == 2
    assert "answers_elsewhere" not in world.kinds(AGENT)


def _a_copy_comes_first(world: World) -> bytes:
    raw = message(world, [("From", ANNA)])
    smuggle(world, raw, verdict="dmarc=fail header.from=example.org")
    assert world.received(ANNA) == []
    return raw


def test_a_disowned_copy_that_comes_first_takes_no_acknowledgement(world: World) -> None:
    raw = _a_copy_comes_first(world)
    for _ in range(3):
        smuggle(world, raw, sender=ANNA, verdict="dmarc=pass header.from=example.org")
    assert world.kinds(ANNA) == ["ack"]
    assert (world.case()["status"], world.reviews()) == ("open", [])


def test_a_case_that_was_closed_for_a_disowned_copy_is_open_again_for_the_message(world: World) -> None:
    raw = _a_copy_comes_first(world)
    world.order("close", NUMBER, reason="spam")
    world.advance("2026-11-26 09:00")
    smuggle(world, raw, sender=ANNA, verdict="dmarc=pass header.from=example.org")
    assert world.kinds(ANNA) == ["ack"]
    assert (world.case()["status"], world.case()["due_at"]) == ("open", "2026-11-27T20:00:00+01:00")
