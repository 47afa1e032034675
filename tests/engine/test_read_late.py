"""A folder that could be read only later: answers met before their question, and letters that crossed them."""

from tests.engine.world import ANNA, World


def test_an_answer_read_before_its_question_answers_it_all_the_same(world: World) -> None:
    world.mailbox.refused = {"INBOX"}
    letter = world.citizen_writes(ANNA)
    world.clock.forward(minutes=30)
    world.agent_answers(letter)
    world.turn()
    assert world.cases() == []
    world.mailbox.refused = set()
    world.turn()
    world.turn()
    assert (world.case()["status"], world.case()["messages"]) == ("answered", 2)
    world.live("2026-11-30 12:00")
    assert world.mails("overdue") == []


def test_who_wrote_again_after_an_answer_that_was_read_late_is_still_waited_for(world: World) -> None:
    letter = world.citizen_writes(ANNA)
    world.turn()
    world.mailbox.refused = {"Sent"}
    world.clock.forward(minutes=30)
    world.agent_answers(letter)
    world.clock.forward(minutes=30)
    world.citizen_writes(ANNA, "", "I on he de signar el segon full?", answers=letter)
    world.turn()
    world.mailbox.refused = set()
    world.turn()
    assert (world.case()["status"], world.case()["due_at"]) == ("open", "2026-11-26T20:00:00+01:00")
    world.live("2026-11-27 12:00")
    assert len(world.mails("overdue")) == 1
