"""A folder that is read late: answers before their question, and messages that crossed them."""

from email.message import EmailMessage

import pytest

from oacmail.store.cases import cases
from tests.report.test_month import report
from tests.world import AGENT, ANNA, OFFICE, PERE, World


def test_an_answer_read_before_its_question_answers_it_all_the_same(world: World) -> None:
    world.mailbox.refused = {"INBOX"}
    message = world.citizen_writes(ANNA)
    world.clock.forward(minutes=30)
    world.agent_replies(message)
    assert world.cases() == []
    world.mailbox.refused = set()
    world.turn()
    world.turn()
    assert (world.case()["status"], len(world.case()["messages"])) == ("answered", 2)
    world.live("2026-11-30 12:00")
    assert world.mails("overdue") == []


@pytest.mark.parametrize("text", ["Estaré fuera de la oficina hasta el lunes.", "", "#meu"])
def test_what_is_no_answer_answers_no_question_that_is_read_after_it(world: World, text: str) -> None:
    """An out-of-office that a client filed in Sent, an empty mail, an order alone."""
    _anna_is_answered(world)
    more = world.citizen_writes(ANNA, "", "I on he de signar el segon full?", answers=world.received(ANNA)[0])
    world.clock.forward(minutes=30)
    world.agent_answers(more, text)
    _read_at_last(world)
    assert (_waited_for(world), world.case()["status"]) == ([ANNA], "open")


def test_an_answer_to_an_earlier_message_answers_none_that_is_read_after_it(world: World) -> None:
    first = world.citizen_asks(ANNA)
    world.mailbox.refused = {"INBOX"}
    world.citizen_writes(ANNA, "", "I on he de signar el segon full?", answers=world.received(ANNA)[0])
    world.clock.forward(minutes=30)
    world.agent_answers(first)
    _read_at_last(world)
    assert (_waited_for(world), world.case()["status"]) == ([ANNA], "open")
    assert [one["value"] for one in report(world, "2026-11")["indicators"][4]["measures"][:2]] == [1, 1]


def test_a_neighbour_who_was_answered_before_the_question_was_read_is_answered(world: World) -> None:
    _anna_is_answered(world)
    question = world.citizen_writes(PERE, "", "Soc el veí: què ha de portar?", answers=world.received(ANNA)[0])
    world.clock.forward(minutes=30)
    world.agent_answers(question)
    _read_at_last(world)
    assert (_waited_for(world), world.case()["status"]) == ([], "answered")


@pytest.mark.parametrize(("to", "subject"), [(AGENT, "Re: una pregunta"), ("padro@town.example", "Fwd: una pregunta")])
def test_what_went_to_a_colleague_or_a_department_answers_nobody(world: World, to: str, subject: str) -> None:
    _anna_is_answered(world)
    more = world.citizen_writes(ANNA, "", "I on he de signar el segon full?", answers=world.received(ANNA)[0])
    world.clock.forward(minutes=30)
    world.put_into_sent(world.message(OFFICE, subject, "Com ho veieu?", to=to, answers=more))
    _read_at_last(world)
    assert (_waited_for(world), world.case()["status"]) == ([ANNA], "open")


def _anna_is_answered(world: World) -> None:
    """From here on INBOX cannot be read."""
    world.agent_replies(world.citizen_asks(ANNA))
    world.mailbox.refused = {"INBOX"}


def _read_at_last(world: World) -> None:
    """What was filed in Sent is read first, then INBOX."""
    world.turn()
    world.mailbox.refused = set()
    world.turn()


def _answered_unseen(world: World) -> tuple[EmailMessage, EmailMessage]:
    """Anna's message was answered half an hour ago, in a folder that cannot be read; the message, its
    acknowledgement."""
    message = world.citizen_asks(ANNA)
    (ack,) = world.received(ANNA)
    world.mailbox.refused = {"Sent"}
    world.clock.forward(minutes=30)
    world.agent_answers(message)
    world.clock.forward(minutes=30)
    return message, ack


def test_who_wrote_again_after_an_answer_that_was_read_late_is_still_waited_for(world: World) -> None:
    message, _ = _answered_unseen(world)
    world.citizen_asks(ANNA, "", "I on he de signar el segon full?", answers=message)
    world.mailbox.refused = set()
    world.turn()
    assert (world.case()["status"], world.case()["due_at"]) == ("open", "2026-11-26T20:00:00+01:00")
    world.live("2026-11-27 12:00")
    assert len(world.mails("overdue")) == 1


def test_and_by_the_day_that_the_first_of_her_later_messages_was_promised(world: World) -> None:
    message, _ = _answered_unseen(world)
    world.citizen_writes(ANNA, "", "I on he de signar el segon full?", answers=message)
    world.advance("2026-11-26 10:00")
    world.citizen_asks(ANNA, "", "Em podeu dir on se signa?", answers=message)
    world.mailbox.refused = set()
    world.turn()
    assert (world.case()["status"], world.case()["due_at"]) == ("open", "2026-11-26T20:00:00+01:00")


def test_also_when_a_guest_has_written_since(world: World) -> None:
    message, ack = _answered_unseen(world)
    world.citizen_asks(ANNA, "", "I on he de signar el segon full?", answers=message)
    world.citizen_asks(PERE, "", "Soc el veí: ho puc signar jo per ella?", answers=ack)
    world.mailbox.refused = set()
    world.turn()
    assert (_waited_for(world), world.case()["status"]) == ([ANNA], "open")


def test_and_so_is_a_guest_who_wrote_after_it(world: World) -> None:
    _, ack = _answered_unseen(world)
    world.citizen_asks(PERE, "", "Soc el veí: ho puc signar jo per ella?", answers=ack)
    world.mailbox.refused = set()
    world.turn()
    assert (_waited_for(world), world.case()["status"]) == ([PERE], "open")


def _waited_for(world: World) -> list[str]:
    """Whose messages have a running deadline."""
    rows = world.rows(
        """SELECT DISTINCT p.address FROM deadlines d JOIN messages m ON m.fingerprint = d.started_by
        JOIN people p ON p.id = m.author_id WHERE d.kind = 'answer' AND d.level = 0 AND d.met_at IS NULL
        AND d.withdrawn_at IS NULL ORDER BY p.address"""
    )
    return [row["address"] for row in rows]


def test_a_second_message_read_after_its_answer_is_answered_and_not_acknowledged(world: World) -> None:
    first = world.agent_replies(world.citizen_asks(ANNA))
    world.mailbox.refused = {"INBOX"}
    world.clock.forward(minutes=30)
    second = world.citizen_writes(ANNA, "", "I on he de signar el segon full?", answers=first)
    world.clock.forward(minutes=30)
    world.agent_replies(second)
    world.mailbox.refused = set()
    world.turn()
    assert (world.case()["status"], len(world.case()["messages"])) == ("answered", 4)
    assert world.kinds(ANNA) == ["ack"]
    world.live("2026-11-30 12:00")
    assert world.mails("overdue") == []


def test_an_answer_to_a_message_that_is_not_read_yet_answers_no_other_of_the_same_subject(world: World) -> None:
    world.citizen_asks(ANNA, "Instància 101", "Bon dia, com signo la primera instància?")
    world.mailbox.refused = {"INBOX"}
    world.clock.forward(days=4)
    world.agent_replies(world.citizen_writes(ANNA, "Instància 202", "Bon dia, on envio els plànols de l'obra?"))
    world.mailbox.refused = set()
    world.turn()
    world.turn()
    assert [case["status"] for case in world.cases()] == ["open", "answered"]


def test_an_answer_from_his_own_address_met_before_its_question_answers_it_all_the_same(world: World) -> None:
    message = world.citizen_writes(ANNA)
    world.kill("before the fetch", world.sync)  # what was in flight at a crash is processed last
    world.clock.forward(minutes=30)
    copy = (("Cc", OFFICE),)
    answer = world.message(AGENT, "", "Bon dia, ho heu de fer així.", to=ANNA, answers=message, headers=copy)
    world.deliver(answer, verdict="dmarc=pass header.from=town.example")
    world.sync()
    world.turn()
    assert (world.case()["status"], len(world.case()["messages"])) == ("answered", 2)
    assert world.reviews() == []
    world.live("2026-11-30 12:00")
    assert world.mails("overdue") == []


def test_of_neighbours_who_wrote_in_the_same_second_the_first_to_come_is_the_first(world: World) -> None:
    _anna_is_answered(world)
    neighbours = [f"veina{number}@example.org" for number in range(6)]
    for neighbour in neighbours:
        world.citizen_writes(neighbour, "", "Soc la veïna: què he de portar?", answers=world.received(ANNA)[0])
    _read_at_last(world)
    (case,) = cases(world.store.con, world.engine.policy, [world.case()["number"]], world.clock.now()).values()
    assert [asked.guest for asked in case.messages.asked if asked.guest] == neighbours
