"""Several messages in one commit, the end of one mail with the start of the next: what a fault or a kill undoes."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

import pytest

from oacmail.core.errors import Transient
from oacmail.core.ports import Fetched
from oacmail.engine import intake
from tests.world import ANNA, MARTA, PERE, World

ALL = (ANNA, PERE, MARTA)


def _three_messages(world: World, text: str = "Com demano un volant?") -> None:
    for writer in ALL:
        world.citizen_writes(writer, f"Consulta de {writer}", text)


@contextmanager
def _full_disk(world: World, room: int) -> Iterator[None]:
    """So many pages are left meanwhile."""
    con = world.store.con
    (pages,) = con.execute("PRAGMA page_count").fetchone()
    (most,) = con.execute("PRAGMA max_page_count").fetchone()
    con.execute(f"PRAGMA max_page_count = {pages + room}")
    yield
    con.execute(f"PRAGMA max_page_count = {most}")


def test_a_message_that_cannot_be_written_is_undone_alone(world: World) -> None:
    _three_messages(world)
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
def test_killed_among_several_messages_each_is_met_once(world: World, point: str) -> None:
    _three_messages(world)
    world.kill(point, world.sync)
    world.turn()
    assert len(world.cases()) == 3
    assert [world.kinds(writer) for writer in ALL] == [["ack"], ["ack"], ["ack"]]


@pytest.mark.parametrize("room", [1, 9, 17, 25])
def test_of_messages_that_a_full_disk_stops_nothing_is_true_or_sent(world: World, room: int) -> None:
    _three_messages(world, "Com demano un volant d'empadronament?\n" * 400)
    with _full_disk(world, room):
        with pytest.raises(Transient, match="full"):
            world.intake.sync(compare=True)
        assert world.cases() == []
        assert world.mails() == []
    world.turn()
    assert [world.kinds(writer) for writer in ALL] == [["ack"], ["ack"], ["ack"]]


@pytest.mark.parametrize("point", ["within a commit", "before commit", "before the first byte", "after the last byte"])
def test_killed_among_several_mails_at_most_one_is_in_doubt_and_none_goes_twice(world: World, point: str) -> None:
    _three_messages(world)
    world.sync()
    world.kill(point, world.drain)
    states = [mail["state"] for mail in world.mails("ack")]
    assert states.count("uncertain") <= 1
    assert set(states) <= {"uncertain", "queued", "sent"}
    world.live("2026-11-25 18:00", minutes=5)
    assert [world.kinds(writer) for writer in ALL] == [["ack"], ["ack"], ["ack"]]
    assert {mail["state"] for mail in world.mails("ack")} == {"sent"}


def _messages_in_order(world: World, count: int) -> list[str]:
    writers = [f"veina{number}@casa{number}.example" for number in range(count)]
    for writer in writers:
        world.citizen_writes(writer, f"Consulta de {writer}", "Com demano un volant?")
        world.clock.forward(minutes=1)
    return writers


def _in_flight(world: World) -> int:
    return len(world.rows("SELECT 1 FROM sightings WHERE in_flight"))


def _make_small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intake, "BATCH", 4)
    monkeypatch.setattr(intake, "TOGETHER", 2)


def test_after_a_full_disk_messages_at_hand_are_met_again_in_the_order_of_their_arrival(
    town: Callable[..., World], monkeypatch: pytest.MonkeyPatch
) -> None:
    world = town(ack=dict.fromkeys(("unverified_per_hour", "per_domain_hour"), 0))
    _make_small(monkeypatch)
    writers = _messages_in_order(world, 14)
    with _full_disk(world, 12):
        with pytest.raises(Transient, match="full"):
            world.intake.sync(compare=True)
        assert len(world.cases()) < len(writers)
        assert _in_flight(world) == 0
    world.turn()
    assert [case["citizen"] for case in world.cases()] == writers


def test_when_the_line_breaks_while_more_is_fetched_what_lies_there_is_worked(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    _make_small(monkeypatch)
    writers = _messages_in_order(world, 10)
    fetch, times = world.mailbox.fetch, iter(range(99))

    def breaks(uids: Sequence[int]) -> Mapping[int, Fetched]:
        if next(times) == 1:
            raise Transient("IMAP: the line broke")
        return fetch(uids)

    monkeypatch.setattr(world.mailbox, "fetch", breaks)
    with pytest.raises(Transient, match="broke"):
        world.intake.sync(compare=False)
    assert [case["citizen"] for case in world.cases()] == writers[:4]
    assert _in_flight(world) == 0
    world.intake.sync(compare=False)
    assert [case["citizen"] for case in world.cases()] == writers
