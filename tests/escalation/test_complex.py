"""A case that becomes complex: the notice has the conversation, without its secrets (R12)."""

from collections.abc import Callable

from tests.world import AGENT, ANNA, SUPERVISOR, TECHNICAL, World, text_of

TOWN = Callable[..., World]


def test_the_notice_quotes_and_attaches_the_last_messages_newest_first(town: TOWN) -> None:
    world = town(people={"technical": [TECHNICAL]})
    message = world.citizen_asks(ANNA, text="Com puc signar la instància amb l'idCAT?")
    world.clock.forward(hours=1)
    answer = world.agent_replies(message, "Proveu-ho amb un altre navegador.")
    for text in ("No em surt amb cap navegador, què faig?", "Tampoc: la contrasenya és Xk7pQ2vv. Què més puc provar?"):
        world.clock.forward(hours=1)
        world.citizen_asks(ANNA, "", text, answers=answer)
    world.clock.forward(hours=1)
    world.citizen_asks(ANNA, "", "Continua igual, em podeu ajudar?", answers=answer)
    for address in (TECHNICAL, SUPERVISOR):
        (notice,) = world.received(address, "complex")
        said = text_of(notice)
        order = [
            said.index(text) for text in ("Continua igual", "Tampoc", "cap navegador", "altre navegador", "amb l'idCAT")
        ]
        assert order == sorted(order)
        assert "Xk7pQ2vv" not in notice.as_string()
        assert [part.get_content_type() for part in notice.iter_attachments()] == ["message/rfc822"] * 5


def test_where_the_services_are_not_told_the_agent_who_has_the_case_is(town: TOWN) -> None:
    other = "altre@town.example"
    world = town(people={"technical": [TECHNICAL], "agents": [AGENT, other]}, escalation={"auto_complex": False})
    message = world.citizen_asks(ANNA)
    world.order("assign", world.case()["number"], name="agent")
    answer = world.agent_replies(message)
    world.live("2026-11-27 09:00")
    world.citizen_asks(ANNA, "", "Encara no puc signar, què més puc fer?", answers=answer)
    told = {address: world.kinds(address).count("complex") for address in (AGENT, other, TECHNICAL, SUPERVISOR)}
    assert told == {AGENT: 1, other: 0, TECHNICAL: 0, SUPERVISOR: 0}
