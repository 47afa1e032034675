"""Orders that move messages between cases: `#merge`, `#split`."""

from email.message import EmailMessage

import pytest

from tests.orders.test_orders import late_case, reply, transcripts
from tests.world import ANNA, PERE, SUPERVISOR, World


def _second_message(world: World, asked: EmailMessage) -> None:
    world.citizen_asks(ANNA, "Re: No puc signar la instància", "I una altra cosa: on pago l'IBI?", answers=asked)


def test_a_message_that_is_another_matter_becomes_a_case_with_its_own_clock(world: World) -> None:
    asked = world.citizen_asks(ANNA)
    world.live("2026-11-26 10:00")
    _second_message(world, asked)
    world.live("2026-11-27 08:30")
    (notice,) = world.received(SUPERVISOR, "overdue")
    reply(world, notice, "#separa\n#meu")
    first, second = world.cases()
    assert (len(first["messages"]), len(second["messages"])) == (2, 1)  # one of them is the order
    assert (first["assignee"], second["assignee"]) == ("cap", None)
    assert (first["due_at"], second["due_at"]) == ("2026-11-26T20:00:00+01:00", "2026-11-27T20:00:00+01:00")
    assert (second["citizen"], second["status"]) == (ANNA, "open")
    assert f"separar-ne el missatge | fet. El cas nou és {second['number']}. |" in transcripts(world)[0]


def test_a_question_after_the_answer_takes_its_deadline_along(world: World) -> None:
    asked = world.citizen_asks(ANNA)
    world.agent_replies(asked)
    world.live("2026-11-26 10:00")
    _second_message(world, asked)
    world.live("2026-11-30 08:30")
    (notice,) = world.received(SUPERVISOR, "overdue")
    reply(world, notice, "#split")
    first, second = world.cases()
    assert (first["status"], second["status"]) == ("answered", "open")
    assert second["due_at"] == "2026-11-27T20:00:00+01:00"


@pytest.mark.parametrize("text", ["#separa", "#fusiona", "#fusiona 9", "#fusiona 1", "#fusiona res"])
def test_a_case_of_one_message_stays_whole_and_alone(world: World, text: str) -> None:
    notice = late_case(world)
    reply(world, notice, text)
    assert world.case()["status"] == "open"
    assert "no fet" in transcripts(world)[0]


@pytest.mark.parametrize(
    ("text", "sizes"),
    [("#separa\n#separa", [1, 2, 1]), ("#fusiona 1\n#reobre\n#separa", [4, 0])],
    ids=["twice", "merged"],
)
def test_a_message_that_an_order_above_has_moved_is_not_split_off_again(
    world: World, text: str, sizes: list[int]
) -> None:
    world.citizen_asks(PERE, "Beca menjador", "Bon dia, quan surt la beca?")
    asked = world.citizen_asks(ANNA)
    world.live("2026-11-26 10:00")
    _second_message(world, asked)
    world.live("2026-11-27 08:30")
    (notice,) = [mail for mail in world.received(SUPERVISOR) if "OAC-2026-000002" in str(mail["Subject"])]
    reply(world, notice, text)
    assert [len(case["messages"]) for case in world.cases()] == sizes
    assert not world.reviews()
    assert "separar-ne el missatge | no fet" in transcripts(world)[0]
