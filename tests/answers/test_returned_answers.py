"""An answer that came back leaves its person without one, whoever else waits on the case."""

from tests.world import ANNA, World

PAU = "pau.vei@example.net"


def test_the_person_is_owed_an_answer_while_only_a_neighbour_s_question_runs(world: World) -> None:
    answer = world.agent_replies(world.citizen_asks(ANNA))
    (ack,) = world.relay.inboxes[ANNA].last("ack")
    helps = world.citizen_asks(PAU, "", "Bon dia, soc qui l'ajuda: quina documentació li cal?", answers=ack)
    world.receive(world.report_about(answer))
    world.agent_replies(helps)

    case = world.case()
    assert (case["status"], case["answered_at"]) == ("open", None)
