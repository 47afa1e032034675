"""Several letters in one commit, a mail's end with the beginning of the next: what a fault or a death undoes."""

import pytest

from oacmail.core.errors import Transient
from tests.engine.world import ANNA, MARTA, PERE, World

ALL = (ANNA, PERE, MARTA)


def _three_letters(world: World, text: str = "Com demano un volant?") -> None:
    for writer in ALL:
        world.citizen_writes(writer, f"Consulta de {writer}", text)


def test_a_letter_that_cannot_be_written_is_undone_alone(world: World) -> None:
    _three_letters(world)
    world.store.con.execute(
        f"""CREATE TEMP TRIGGER a_bug BEFORE INSERT ON cases WHEN NEW.subject = 'Consulta de {PERE}'
        BEGIN SELECT RAISE(ABORT, 'a bug of ours'); END"""
    )
    world.turn()
    assert [world.kinds(writer) for writer in ALL] == [["ack"], [], ["ack"]]
    assert len(world.cases()) == 2
    world.store.con.execute("DROP TRIGGER a_bug")
    world.turn()
    assert [world.kinds(writer) for writer in ALL] == [["ack"], ["ack"], ["ack"]]
    assert [case["number"][-1] for case in world.cases()] == ["1", "2", "3"]


@pytest.mark.parametrize("point", ["within a commit", "before commit", "after commit"])
def test_killed_among_several_letters_each_is_met_once(world: World, point: str) -> None:
    _three_letters(world)
    world.kill(point, world.sync)
    world.turn()
    assert len(world.cases()) == 3
    assert [world.kinds(writer) for writer in ALL] == [["ack"], ["ack"], ["ack"]]


@pytest.mark.parametrize("room", [1, 9, 17, 25])
def test_of_letters_that_a_full_disk_stops_nothing_is_true_or_sent(world: World, room: int) -> None:
    _three_letters(world, "Com demano un volant d'empadronament?\n" * 400)
    con = world.store.con
    (pages,) = con.execute("PRAGMA page_count").fetchone()
    (most,) = con.execute("PRAGMA max_page_count").fetchone()
    con.execute(f"PRAGMA max_page_count = {pages + room}")
    with pytest.raises(Transient, match="full"):
        world.intake.sync(compare=True)
    assert world.cases() == []
    assert world.mails() == []
    con.execute(f"PRAGMA max_page_count = {most}")
    world.turn()
    assert [world.kinds(writer) for writer in ALL] == [["ack"], ["ack"], ["ack"]]


@pytest.mark.parametrize("point", ["within a commit", "before commit", "before the first byte", "after the last byte"])
def test_killed_among_several_mails_at_most_one_is_in_doubt_and_none_goes_twice(world: World, point: str) -> None:
    _three_letters(world)
    world.sync()
    world.kill(point, world.drain)
    states = [mail["state"] for mail in world.mails("ack")]
    assert states.count("uncertain") <= 1
    assert set(states) <= {"uncertain", "queued", "sent"}
    world.live("2026-11-25 18:00", minutes=5)
    assert [world.kinds(writer) for writer in ALL] == [["ack"], ["ack"], ["ack"]]
    assert {mail["state"] for mail in world.mails("ack")} == {"sent"}
