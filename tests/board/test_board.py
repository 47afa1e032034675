"""The board: messages lie in the folder of their case's state, and a person who moves one changes the case."""

from collections.abc import Collection, Mapping
from pathlib import Path

import pytest

from testbed.mailbox import SimulatedMailbox
from tests.world import AGENT, ANNA, MARTA, PERE, World, text_of

OPEN, MINE, DERIVED, WAITING, ANSWERED, CLOSED, AUTOMATIC, REVIEW = (
    f"OAC360/{name}"
    for name in (
        "1 Pendents",
        "2 En curs/agent",
        "3 Nivell 2",
        "4 Espera resposta",
        "5 Resposts",
        "6 Tancats",
        "8 Automàtics",
        "9 Per revisar",
    )
)


@pytest.fixture
def world(tmp_path: Path, mailbox: SimulatedMailbox) -> World:
    return World(tmp_path, mailbox=mailbox, board={"enabled": True})


def lies(world: World) -> dict[str, int]:
    """Folder -> how many messages lie there, empty ones and Sent left out."""
    return {name: len(box.messages) for name, box in world.mailbox.folders.items() if box.messages and name != "Sent"}


def move(world: World, folder: str, target: str) -> None:
    """A person moves every message of the folder, and two passes see it."""
    for uid in list(world.mailbox.folders[folder].messages):
        world.mailbox.move(folder, uid, target)
    world.sync()
    world.sync()


def test_the_boards_folders_exist_from_the_start(world: World) -> None:
    assert {OPEN, MINE, DERIVED, WAITING, ANSWERED, CLOSED, AUTOMATIC, REVIEW} <= world.mailbox.folders.keys()


def test_without_a_board_messages_stay_in_the_inbox(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.citizen_asks(ANNA)
    assert lies(world) == {"INBOX": 1}
    assert set(world.mailbox.folders) == {"INBOX", "Sent", "Junk"}


def test_each_message_lies_in_the_folder_of_its_state(world: World) -> None:
    question = world.citizen_writes(ANNA)
    world.robot_writes(PERE, "Sóc fora de l'oficina")
    world.citizen_asks(
        MARTA,
        "Oferta",
        "Heu estat seleccionat: guanyeu 5.000 euros al nostre casino. Feu clic aquí i deixeu-hi la targeta.",
    )
    assert lies(world)[OPEN] == 1
    assert lies(world)[AUTOMATIC] == 1
    assert "INBOX" not in lies(world)
    world.agent_replies(question)
    assert lies(world)[ANSWERED] == 1
    assert OPEN not in lies(world)


def test_our_move_is_made_once_and_is_no_order(world: World) -> None:
    world.citizen_writes(ANNA)
    for _ in range(4):
        world.turn()
    assert world.mailbox.moves == 1
    assert not world.events("moved")


@pytest.mark.parametrize("tells_copyuid", [True, False])
def test_a_kill_between_the_move_and_its_record_changes_nothing(world: World, tells_copyuid: bool) -> None:
    world.mailbox.tells_copyuid = tells_copyuid
    world.citizen_writes(ANNA)
    world.kill("after a move on the board", world.sync)
    world.turn()
    world.turn()
    assert lies(world) == {OPEN: 1}
    assert (world.mailbox.moves, world.events("moved"), len(world.cases())) == (1, [], 1)


def test_a_server_that_does_not_say_where_a_moved_message_is(world: World) -> None:
    world.mailbox.tells_copyuid = False
    world.agent_replies(world.citizen_asks(ANNA))
    world.turn()
    assert lies(world) == {ANSWERED: 1}
    assert (world.mailbox.moves, world.events("moved")) == (2, [])


def test_a_change_by_command_moves_all_messages_of_the_case(world: World) -> None:
    question = world.citizen_asks(ANNA)
    world.citizen_asks(ANNA, "Re: " + str(question["Subject"]), "És urgent?", answers=question)
    assert lies(world) == {OPEN: 2}
    world.order("assign", world.case()["number"], name="agent")
    world.sync()
    assert lies(world) == {MINE: 2}


# --- what people do -----------------------------------------------------------------------------------


def test_a_folder_of_an_agent_is_an_assignment_and_the_other_messages_follow(world: World) -> None:
    question = world.citizen_asks(ANNA)
    world.citizen_asks(ANNA, "Re: " + str(question["Subject"]), "És urgent?", answers=question)
    world.mailbox.move(OPEN, min(world.mailbox.folders[OPEN].messages), MINE)
    world.sync()
    assert world.case()["assignee"] == "agent"
    assert lies(world) == {MINE: 2}


def test_a_move_back_to_pending_or_inbox_takes_the_agent_off_the_case(world: World) -> None:
    world.citizen_asks(ANNA)
    for back in (OPEN, "INBOX"):
        move(world, OPEN, MINE)
        assert world.case()["assignee"] == "agent"
        move(world, MINE, back)
        assert world.case()["assignee"] is None
        assert lies(world) == {OPEN: 1}
    world.drain()
    assert world.kinds(AGENT) == ["assigned"]


def test_an_unanswered_case_cannot_be_closed_by_a_move_and_the_agents_are_told(world: World) -> None:
    world.citizen_asks(ANNA)
    move(world, OPEN, CLOSED)
    world.drain()
    assert world.case()["status"] == "open"
    assert lies(world)[OPEN] == 1
    assert world.kinds(AGENT)[-1] == "moved_back"
    assert "TANCA DUPLICAT" in text_of(world.received(AGENT)[-1])
    assert world.mailbox.moves == 2


def test_an_answered_case_is_closed_and_reopened_by_moves(world: World) -> None:
    world.agent_replies(world.citizen_asks(ANNA))
    move(world, ANSWERED, CLOSED)
    assert world.case()["status"] == "closed"
    move(world, CLOSED, OPEN)
    assert world.case()["status"] == "open"
    assert [event["kind"] for event in world.events("closed")] == ["closed"]


def test_second_level_waiting_and_back(world: World) -> None:
    world.citizen_asks(ANNA)
    move(world, OPEN, WAITING)
    assert world.case()["status"] == "waiting"
    move(world, WAITING, DERIVED)
    assert world.case()["status"] == "derived"
    move(world, DERIVED, WAITING)
    assert (world.case()["status"], lies(world)) == ("derived", {DERIVED: 1})
    move(world, DERIVED, OPEN)
    assert (world.case()["status"], world.case()["level"]) == ("open", "first")
    assert lies(world) == {OPEN: 1}


def test_what_waited_for_the_person_is_open_when_the_person_writes(world: World) -> None:
    question = world.citizen_asks(ANNA)
    move(world, OPEN, WAITING)
    world.citizen_asks(ANNA, "Re: " + str(question["Subject"]), "Aquí teniu la dada.", answers=question)
    assert lies(world) == {OPEN: 2}


def test_a_request_put_among_spam_teaches_and_is_closed(world: World) -> None:
    world.citizen_asks(ANNA)
    move(world, OPEN, REVIEW)
    assert (world.case()["status"], world.case()["kind"]) == ("closed", "spam")
    assert lies(world) == {REVIEW: 1}
    assert len(world.events("corrected")) == 1
    move(world, REVIEW, MINE)
    assert (world.case()["status"], world.case()["kind"], world.case()["assignee"]) == ("open", "request", "agent")


def test_an_unanswered_case_cannot_be_put_among_the_answered_ones(world: World) -> None:
    world.citizen_asks(ANNA)
    move(world, OPEN, ANSWERED)
    assert (world.case()["status"], lies(world)) == ("open", {OPEN: 1})
    world.clock.forward(minutes=1)
    world.obey("close", world.case()["number"], reason="duplicate")
    move(world, CLOSED, ANSWERED)
    assert (world.case()["status"], world.case()["answered_at"], lies(world)) == ("closed", None, {CLOSED: 1})
    world.drain()
    assert world.kinds(AGENT) == ["moved_back", "moved_back"]


def test_a_closed_case_that_was_answered_can_be_put_among_the_answered_ones(world: World) -> None:
    world.agent_replies(world.citizen_asks(ANNA))
    move(world, ANSWERED, CLOSED)
    move(world, CLOSED, ANSWERED)
    assert (world.case()["status"], lies(world)) == ("answered", {ANSWERED: 1})


def test_a_robots_mail_can_be_put_up_for_review_and_back_but_not_among_the_answered_ones(world: World) -> None:
    world.robot_says(PERE, "Sóc fora de l'oficina")
    move(world, AUTOMATIC, REVIEW)
    assert (lies(world), world.reviews()) == ({REVIEW: 1}, ["put-there-by-hand"])
    move(world, REVIEW, AUTOMATIC)
    assert (lies(world), world.reviews(), world.cases()) == ({AUTOMATIC: 1}, [], [])
    move(world, AUTOMATIC, ANSWERED)
    assert (lies(world), world.cases()) == ({AUTOMATIC: 1}, [])
    world.drain()
    assert world.kinds(AGENT) == ["moved_back"]


def test_a_request_after_all_gets_a_case(world: World) -> None:
    world.robot_says(PERE, "Sóc fora de l'oficina")
    assert lies(world) == {AUTOMATIC: 1}
    move(world, AUTOMATIC, MINE)
    assert (world.case()["citizen"], world.case()["assignee"]) == (PERE, "agent")
    assert lies(world) == {MINE: 1}
    assert len(world.events("corrected")) == 1


def test_a_persons_move_wins_over_ours(world: World) -> None:
    """Both move it at the same time: it lies in both folders, and our copy goes."""
    question = world.citizen_asks(ANNA)
    ours = world.mailbox.move_messages

    def both(folder: str, uids: Collection[int], target: str) -> Mapping[int, tuple[int, int]]:
        world.mailbox.move_messages = ours  # type: ignore[method-assign]
        for uid in uids:
            world.mailbox.copy(folder, uid, MINE)
        return ours(folder, uids, target)

    world.mailbox.move_messages = both  # type: ignore[method-assign]
    world.agent_answers(question)
    world.sync()
    assert lies(world) == {ANSWERED: 1, MINE: 1}
    world.sync()
    assert (world.case()["assignee"], world.case()["status"]) == ("agent", "open")
    if world.mailbox.tells_copyuid:  # else nobody knows which copy is ours
        assert lies(world) == {MINE: 1}


# --- what is no order ---------------------------------------------------------------------------------


def quiet(world: World, passes: int = 4) -> None:
    for _ in range(passes):
        world.sync()


def test_a_copy_that_lay_in_the_inbox_before_our_move_orders_nothing(world: World) -> None:
    world.citizen_writes(ANNA)
    (uid,) = world.mailbox.folders["INBOX"].messages
    world.mailbox.copy("INBOX", uid, "INBOX")
    world.turn()
    quiet(world)
    assert (lies(world)[OPEN], world.mailbox.moves) == (1, 1)
    assert not world.events("moved")


def test_a_second_copy_orders_nothing_also_if_the_first_goes_later(world: World) -> None:
    world.citizen_asks(ANNA)
    (uid,) = world.mailbox.folders[OPEN].messages
    world.mailbox.copy(OPEN, uid, MINE)
    quiet(world)
    assert (world.case()["assignee"], world.events("moved")) == (None, [])
    world.mailbox.expunge(OPEN, uid)
    quiet(world)
    assert (world.case()["assignee"], world.events("moved"), world.reviews()) == (None, [], [])
    assert lies(world) == {OPEN: 1}


def test_a_client_that_expunges_later_has_moved_the_message(world: World) -> None:
    world.citizen_asks(ANNA)
    (uid,) = world.mailbox.folders[OPEN].messages
    world.mailbox.copy(OPEN, uid, MINE)
    world.mailbox.mark_deleted(OPEN, uid)
    quiet(world)
    assert world.case()["assignee"] == "agent"
    world.mailbox.expunge(OPEN, uid)
    quiet(world)
    assert lies(world) == {MINE: 1}
    assert len(world.events("moved")) == 1


def test_mail_that_arrives_in_a_folder_of_the_board_is_new_mail_and_orders_nothing(world: World) -> None:
    """By a plus-address: `lmtp_save_to_detail_mailbox`."""
    mail = world.message(ANNA, "Padró", "Com demano un volant d'empadronament?")
    world.receive(mail, folder=CLOSED, verdict="dmarc=pass header.from=example.org")
    quiet(world)
    assert (world.case()["status"], world.case()["assignee"]) == ("open", None)
    assert lies(world) == {OPEN: 1}
    assert world.kinds(ANNA) == ["ack"]


def test_the_same_message_sent_again_into_a_folder_of_the_board_orders_nothing(world: World) -> None:
    mail = world.citizen_asks(ANNA)
    world.clock.forward(minutes=5)
    world.deliver(mail, folder=MINE, verdict="dmarc=pass header.from=example.org")
    quiet(world)
    (first,) = world.mailbox.folders[OPEN].messages
    world.mailbox.expunge(OPEN, first)
    quiet(world)
    assert (world.case()["assignee"], world.events("moved")) == (None, [])


# --- conflicts ----------------------------------------------------------------------------------------


def test_deleting_is_not_closing(world: World) -> None:
    world.citizen_asks(ANNA)
    (uid,) = world.mailbox.folders[OPEN].messages
    world.mailbox.expunge(OPEN, uid)
    quiet(world)
    assert world.case()["status"] == "open"
    assert world.reviews() == ["deleted-from-the-mailbox"]
    assert len(world.events("deleted")) == 1


def test_what_was_moved_while_the_daemon_was_down_counts(world: World) -> None:
    world.citizen_asks(ANNA)
    world.stop()
    (uid,) = world.mailbox.folders[OPEN].messages
    world.mailbox.move(OPEN, uid, MINE)
    world.start()
    quiet(world)
    assert world.case()["assignee"] == "agent"
    assert lies(world) == {MINE: 1}


def test_a_folder_that_was_renamed_or_removed_is_made_again(world: World) -> None:
    world.citizen_asks(ANNA)
    world.mailbox.rename(OPEN, "OAC360/1 Pendents vell")
    quiet(world)
    assert lies(world) == {OPEN: 1}
    assert (world.mailbox.moves, world.events("moved")) == (2, [])
    world.mailbox.drop_folder(OPEN)
    quiet(world)
    assert OPEN in world.mailbox.folders
    assert (world.case()["status"], world.reviews()) == ("open", ["deleted-from-the-mailbox"])


def test_a_folder_that_an_agent_makes_below_the_assigned_ones_is_that_agents(world: World) -> None:
    world.citizen_asks(ANNA)
    theirs = "OAC360/2 En curs/Núria"
    world.mailbox.create_folder(theirs)
    move(world, OPEN, theirs)
    assert world.case()["assignee"] == "Núria"
    quiet(world)
    assert lies(world) == {theirs: 1}


def test_two_messages_of_a_case_in_two_folders_end_in_one(world: World) -> None:
    question = world.citizen_asks(ANNA)
    world.citizen_asks(ANNA, "Re: " + str(question["Subject"]), "És urgent?", answers=question)
    first, second = sorted(world.mailbox.folders[OPEN].messages)
    world.mailbox.move(OPEN, first, MINE)
    world.mailbox.move(OPEN, second, WAITING)
    quiet(world)
    assert sorted(lies(world).values()) == [2]
    moves = world.mailbox.moves
    quiet(world)
    assert world.mailbox.moves == moves


def test_what_is_due_today_is_flagged(world: World) -> None:
    question = world.citizen_asks(ANNA)
    assert not _flagged(world, OPEN)
    world.turn_at("2026-11-26 08:00")
    assert _flagged(world, OPEN)
    world.agent_replies(question)
    world.turn()
    assert not _flagged(world, ANSWERED)


def _flagged(world: World, folder: str) -> bool:
    (message,) = world.mailbox.folders[folder].messages.values()
    return message.flagged


def test_a_pass_that_finds_nothing_new_commits_a_few_times_however_many_folders_there_are(world: World) -> None:
    world.citizen_writes(ANNA)
    for _ in range(4):
        world.turn()
    statements: list[str] = []
    world.store.con.set_trace_callback(statements.append)
    world.sync()
    world.store.con.set_trace_callback(None)
    assert len(world.mailbox.folders) >= 10
    assert statements.count("COMMIT") <= 5
