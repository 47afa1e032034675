"""An agent's text about a case, sent to the office alone without an order: nothing is done, and its writer hears it."""

from testbed.messages import as_bytes
from tests.orders.test_orders import transcripts
from tests.world import AGENT, ANNA, OFFICE, World

TEXT = "Ja ho miraré demà, em falta l'informe.\n\nDe: Anna <anna@example.org>\nAssumpte: No puc signar\n\nBon dia"


def _told(world: World) -> list[str]:
    return transcripts(world, AGENT)


def test_its_writer_hears_each_time_that_nothing_was_done_with_the_list_of_orders(world: World) -> None:
    asked = world.citizen_asks(ANNA)
    for text in (TEXT, f"I també la còpia.\n{TEXT}"):
        world.staff_says(AGENT, "", text, answers=asked)
    assert len(_told(world)) == 2
    for told in _told(world):
        assert "no s'ha enviat a la persona" in told
        assert "#nota text" in told
        assert "informe" not in told
    assert (world.case()["status"], world.kinds(ANNA)) == ("open", ["ack"])


def test_from_the_shared_mailbox_to_itself_the_agents_hear_it(world: World) -> None:
    asked = world.citizen_asks(ANNA)
    mail = world.message(OFFICE, "", TEXT, to=OFFICE, answers=asked)
    world.mailbox.append("Sent", as_bytes(mail), world.clock.now())
    world.turn()
    assert len(_told(world)) == 1


def test_a_text_to_a_colleague_too_or_by_a_robot_is_not_commented(world: World) -> None:
    asked = world.citizen_asks(ANNA)
    away = "Resposta automàtica: sóc fora de l'oficina fins dilluns. No llegiré el correu fins que torni."
    for text, to in ((TEXT, f"{OFFICE}, cap@town.example"), (away, OFFICE)):
        world.staff_says(AGENT, "Resposta automàtica", text, to=to, answers=asked)
    assert not _told(world)
    assert world.case()["status"] == "open"
