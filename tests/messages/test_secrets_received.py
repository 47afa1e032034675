"""Passwords, codes and certificates that people send: both sides are warned, nobody sees them (R34)."""

from collections.abc import Callable

from tests.world import AGENT, ANNA, PERE, World, text_of

TOWN = Callable[..., World]
PIN = "El PIN de la targeta és 4821."
WARNING = "En el vostre missatge hi havia un certificat, una contrasenya o un codi."


def _further(world: World, text: str, sender: str = ANNA) -> None:
    """A first message, and another one on its case that is not acknowledged."""
    world.citizen_asks(ANNA)
    world.clock.forward(minutes=5)
    world.citizen_asks(sender, "", text, answers=world.received(ANNA)[0])


def test_a_further_message_that_is_not_acknowledged_is_warned_of_by_itself(world: World) -> None:
    _further(world, f"Encara no puc signar. {PIN}")
    assert world.kinds(ANNA) == ["ack", "warned"]
    assert WARNING in text_of(world.received(ANNA)[-1])
    assert world.kinds(AGENT) == ["secret"]
    assert "4821" not in "".join(text_of(mail) for mail in (*world.received(ANNA), *world.received(AGENT)))


def test_a_secret_in_a_thank_you_is_warned_of_too(world: World) -> None:
    _further(world, f"Moltes gràcies per tot! {PIN}")
    assert world.kinds(ANNA) == ["ack", "warned"]
    assert world.kinds(AGENT) == ["secret"]


def test_the_writer_is_warned_once_a_day(world: World) -> None:
    _further(world, f"Encara no puc signar. {PIN}")
    world.clock.forward(minutes=5)
    world.citizen_asks(ANNA, "", f"I tampoc amb l'altra, com ho he de fer? {PIN}", answers=world.received(ANNA)[0])
    assert world.kinds(ANNA) == ["ack", "warned"]
    assert world.kinds(AGENT) == ["secret", "secret"]


def test_one_acknowledgement_says_it_where_one_goes(world: World) -> None:
    world.citizen_asks(ANNA, "Signatura", f"Bon dia, no puc signar la instància. {PIN}")
    assert world.kinds(ANNA) == ["ack"]
    assert "Heu enviat una contrasenya, codi o certificat: canvieu-lo." in text_of(world.received(ANNA)[0])


def test_a_stranger_who_joins_a_case_gets_nothing(world: World) -> None:
    _further(world, f"Encara no puc signar. {PIN}", PERE)
    assert world.received(PERE) == []
    assert world.kinds(AGENT) == ["secret"]


def test_the_author_alone_is_warned_and_not_a_guest_of_the_case(world: World) -> None:
    world.citizen_asks(ANNA)
    (ack,) = world.received(ANNA)
    world.citizen_asks(PERE, "", "Soc el veí: ho puc signar jo per ella?", answers=ack)
    world.clock.forward(minutes=5)
    world.citizen_asks(ANNA, "", f"Encara no puc signar. {PIN}", answers=ack)
    assert [(mail["To"], mail["Cc"], mail["Bcc"]) for mail in world.received(ANNA)[1:]] == [(ANNA, None, None)]
    assert world.received(PERE) == []
    assert [mail["recipient"] for mail in world.mails("warned")] == [ANNA]
