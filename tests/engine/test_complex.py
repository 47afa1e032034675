"""A case that becomes complex: the notice has the conversation, without its secrets (R12)."""

from collections.abc import Callable

from tests.engine.world import ANNA, SUPERVISOR, World, text_of

TOWN = Callable[..., World]
TECHNICAL = "tecnics@town.example"


def test_the_notice_quotes_and_attaches_the_last_messages_newest_first(town: TOWN) -> None:
    world = town(people={"technical": [TECHNICAL]})
    message = world.citizen_writes(ANNA, text="Com puc signar la instància amb l'idCAT?")
    world.turn()
    world.clock.forward(hours=1)
    answer = world.agent_answers(message, "Proveu-ho amb un altre navegador.")
    world.turn()
    for text in ("No em surt amb cap navegador, què faig?", "Tampoc: la contrasenya és Xk7pQ2vv. Què més puc provar?"):
        world.clock.forward(hours=1)
        world.citizen_writes(ANNA, "", text, answers=answer)
        world.turn()
    world.clock.forward(hours=1)
    world.citizen_writes(ANNA, "", "Continua igual, em podeu ajudar?", answers=answer)
    world.turn()
    for address in (TECHNICAL, SUPERVISOR):
        (notice,) = [mail for mail in world.received(address) if mail["X-Oacmail-Kind"] == "complex"]
        said = text_of(notice)
        order = [
            said.index(text) for text in ("Continua igual", "Tampoc", "cap navegador", "altre navegador", "amb l'idCAT")
        ]
        assert order == sorted(order)
        assert "Xk7pQ2vv" not in notice.as_string()
        assert [part.get_content_type() for part in notice.iter_attachments()] == ["message/rfc822"] * 5
