"""Retention: a closed case loses its bytes first, then all that tells of a person; an open one loses nothing."""

import shutil
import sqlite3
from contextlib import closing
from datetime import datetime
from hashlib import sha256
from pathlib import Path

import pytest

from oacmail import wiring
from oacmail.core.stored_values import ADDED
from oacmail.core.tokens import person_mark
from oacmail.privacy import nightly_purge
from oacmail.privacy.erasure import forget_again
from oacmail.privacy.retention import Periods, Purged, preview, purge
from oacmail.store import admin, personal
from oacmail.store.connection import FILE, transaction
from oacmail.store.erase import erase_person, wipe
from tests.orders.test_orders_of_calls import agent_writes
from tests.privacy.killed import KilledHere, dying
from tests.privacy.test_forgetting import _answered_and_closed, _indicators, _writes, left_in
from tests.privacy.test_planted import set_aside
from tests.world import ANNA, MARTA, PERE, World, local

PERIODS = Periods(original_days=60, retention_months=12)


def _purge(world: World, at: str, periods: Periods = PERIODS) -> Purged:
    return purge(world.store.con, world.policy, periods, local(at), by="admin")


def _kept(world: World) -> tuple[int, int]:
    """(originals, mails with bytes)"""
    (row,) = world.rows(
        """SELECT (SELECT count(*) FROM originals) AS originals,
        (SELECT count(*) FROM mails WHERE length(mime) > 0) AS mails"""
    )
    return row["originals"], row["mails"]


def test_sixty_days_after_closing_the_bytes_are_gone_and_the_case_is_there(world: World) -> None:
    _answered_and_closed(world)
    before = _kept(world)
    assert _purge(world, "2027-01-23 10:00").emptied == {}
    done = _purge(world, "2027-01-25 10:00")
    assert (done.cases, done.counts, done.emptied) == ((), {}, {"originals": before[0], "mails": before[1]})
    assert _kept(world) == (0, 0)
    assert world.case()["citizen"] == ANNA


def test_zero_days_keep_the_bytes(world: World) -> None:
    _answered_and_closed(world)
    assert _purge(world, "2027-10-25 10:00", Periods(original_days=0, retention_months=12)).emptied == {}


def test_twelve_months_after_closing_nothing_tells_of_the_person(world: World) -> None:
    number = _answered_and_closed(world)
    before = _indicators(world)
    assert _purge(world, "2027-11-25 08:00").cases == ()
    assert _purge(world, "2027-11-25 10:00").cases == (number,)
    after = _indicators(world)
    assert after.pop("events")[: len(before["events"])] == before.pop("events")
    assert after == before
    wipe(world.store.con)
    assert left_in(world.config.office.state) == set()


def test_a_visit_without_a_number_is_purged_like_any_other_case(world: World) -> None:
    agent_writes(world, "#trucada Pep Mas: volia el carrer Torrentfonda\n#trucat")
    visit = world.case()["number"]
    world.order("close", visit, reason="answered")
    _answered_and_closed_beside(world)
    assert set(_purge(world, "2027-12-01 10:00").cases) == {case["number"] for case in world.cases()}
    assert {case["citizen"].partition("@")[2] for case in world.cases()} == {"invalid"}
    wipe(world.store.con)
    assert left_in(world.config.office.state, ("Pep Mas", "Torrentfonda", ANNA)) == set()


def _answered_and_closed_beside(world: World) -> None:
    world.agent_replies(world.citizen_asks(ANNA, "Padró", "Com demano un volant?"), "Aquí el teniu.")
    world.order("close", world.cases()[-1]["number"], reason="answered")


def test_what_would_be_done_is_done_and_then_nothing_is_left_to_do(world: World) -> None:
    number = _answered_and_closed(world)
    at = local("2027-12-01 10:00")
    would = preview(world.store.con, PERIODS, at)
    done = _purge(world, "2027-12-01 10:00")
    assert (would.cases, would.emptied) == (done.cases, done.emptied) == ((number,), done.emptied)
    again = _purge(world, "2027-12-01 10:00")
    assert (again.cases, dict(again.counts), dict(again.emptied)) == ((), {}, {})
    assert len(world.events("erased")) == 1


def test_what_could_not_be_processed_goes_with_the_copies_once_nobody_waits_for_it(world: World) -> None:
    set_aside(world, world.message(ANNA, "Padró", "Visc al carrer Torrentfonda"))
    assert _purge(world, "2027-03-01 10:00").emptied == {}
    (waiting,) = world.rows("SELECT fingerprint FROM reviews")
    assert admin.end_review(world.store.con, waiting["fingerprint"], world.clock.now())
    assert _purge(world, "2027-03-01 10:00").emptied == {"originals": 1}
    wipe(world.store.con)
    assert left_in(world.config.office.state, ("Torrentfonda",)) == set()


@pytest.mark.parametrize("periods", [PERIODS, Periods(original_days=1, retention_months=1)])
def test_an_open_case_is_never_touched(world: World, periods: Periods) -> None:
    _writes(world)
    world.turn()
    dump = list(world.store.con.iterdump())
    done = _purge(world, "2036-01-01 10:00", periods)
    assert (done.cases, done.counts, done.emptied) == ((), {}, {})
    assert list(world.store.con.iterdump()) == dump


def test_a_person_with_a_younger_case_keeps_it(world: World) -> None:
    _answered_and_closed(world)
    world.advance("2027-11-20 10:00")
    world.citizen_asks(ANNA, "Una altra cosa", "Quin horari feu?")
    _purge(world, "2027-12-01 10:00")
    citizens = [case["citizen"] for case in world.cases()]
    assert [citizen.partition("@")[2] for citizen in citizens] == ["invalid", "example.org"]


def test_what_is_stored_about_an_address_goes_with_its_last_case(world: World) -> None:
    """Unkeyed, so that whoever knows the address can compare: a copy of our mail to it had a disclaimer."""
    number = _answered_and_closed(world)
    _answered_and_closed_beside(world)
    world.citizen_asks(PERE, "Escola", "Hi ha plaça?")
    told = {who: f"{ADDED}x:{sha256(who.encode()).hexdigest()[:16]}" for who in (ANNA, PERE)}
    for key in told.values():
        world.store.remember(key, "1", world.clock.now())
    before = personal.of_case(world.store.con, 1, world.policy.people.staff)
    with transaction(world.store.con):
        erase_person(world.store.con, before, local("2027-12-01 10:00"))
    assert [world.store.recall(key) for key in told.values()] == ["1", "1"]
    assert number not in _purge(world, "2027-12-01 10:00").cases
    assert [world.store.recall(key) for key in told.values()] == [None, "1"]


def test_messages_without_a_case_go_after_the_same_time(world: World) -> None:
    world.robot_says(MARTA, "Fora de l'oficina")
    assert _purge(world, "2027-12-01 10:00").counts["messages"] == 1
    assert world.rows("SELECT 1 FROM people WHERE address = ?", MARTA) == []


def _killed_purge(world: World, file: Path, most: int) -> int:
    """Purge in a process that dies after so many statements; return how many there were."""
    with dying(file, world.policy.secrets, most) as con:
        purge(con, world.policy, PERIODS, local("2027-12-01 10:00"), by="admin")
        return most - con.left


def _case_by_case(file: Path) -> dict[str, list[str]]:
    """All rows of each case, and the event of its erasure."""
    with closing(sqlite3.connect(file)) as con:
        return {
            number: [
                str(row)
                for query in (
                    "SELECT * FROM cases WHERE id = ?",
                    "SELECT * FROM messages WHERE case_id = ? ORDER BY id",
                    "SELECT o.*, length(m.mime) FROM outbox o JOIN mails m ON m.id = o.id WHERE case_id = ? ORDER BY 1",
                    "SELECT * FROM notes WHERE case_id = ? ORDER BY event_id",
                    "SELECT r.* FROM refs r JOIN messages m ON m.id = r.message_id WHERE m.case_id = ? ORDER BY 1, 2",
                    "SELECT kind, data FROM events WHERE case_id = ? AND kind = 'erased'",
                )
                for row in con.execute(query, (case,))
            ]
            for case, number in con.execute("SELECT id, number FROM cases")
        }


def test_a_purge_that_is_killed_anywhere_has_erased_a_case_or_not_begun_and_goes_on(world: World) -> None:
    _answered_and_closed(world)
    for who in (PERE, MARTA):
        world.agent_replies(world.citizen_asks(who, "Padró", "Com m'empadrono?"))
    for case in world.cases()[1:]:
        world.order("close", case["number"], reason="answered")
    _purge(world, "2027-02-01 10:00")  # the copies have gone long before
    world.stop()
    begun, file = world.config.office.state / FILE, world.root / "killed" / FILE

    def again() -> Path:
        shutil.rmtree(file.parent, ignore_errors=True)
        shutil.copytree(begun.parent, file.parent)
        return file

    before = _case_by_case(begun)
    count = _killed_purge(world, again(), 10**9)
    after, last = _case_by_case(file), _last_event(file)
    assert (count > 40, last) == (True, ("purged", '{"by": "admin", "cases": 3, "copies": 10}'))
    for moment in range(0, count, count // 40):
        with pytest.raises(KilledHere):
            _killed_purge(world, again(), moment)
        half = {number for number, rows in _case_by_case(file).items() if rows not in (before[number], after[number])}
        assert half == set()
        _killed_purge(world, file, 10**9)
        assert (_case_by_case(file), _last_event(file)) == (after, last)
        with closing(sqlite3.connect(file)) as con:
            images = str(con.execute("SELECT image FROM ledger UNION ALL SELECT image FROM ledger_rows").fetchall())
        assert [who for who in (ANNA, PERE, MARTA) if person_mark(world.policy.secrets[-1], who)[:32] in images] == []
    world.start()


def _last_event(file: Path) -> tuple[str, str]:
    with closing(sqlite3.connect(file)) as con:
        kind, data = con.execute("SELECT kind, data FROM events ORDER BY id DESC").fetchone()
        return kind, data


def test_the_moment_of_the_purge_is_recorded(world: World) -> None:
    _answered_and_closed(world)
    _purge(world, "2027-12-01 10:00")
    (event,) = world.events("erased")
    assert datetime.fromisoformat(event["at"]) == local("2027-12-01 10:00")
    assert event["data"] == '{"by": "admin", "why": "retention"}'


def test_the_nightly_purge_runs_beside_the_service(world: World) -> None:
    number = _answered_and_closed(world)
    assert nightly_purge(world.config, local("2027-12-01 03:00")).cases == (number,)
    assert world.rows("SELECT erased_at FROM cases") == [{"erased_at": "2027-12-01T02:00:00Z"}]


def test_what_a_restore_erases_again_is_in_no_part_of_the_ledger(world: World) -> None:
    """The replaced database alone knows of it: no list has the address of whom the purge erased."""
    _answered_and_closed(world)
    backup, state = world.root / "backup.db", world.config.office.state
    admin.backup(state, backup, (), world.clock.now())
    _purge(world, "2027-12-01 10:00")
    world.stop()
    restored = admin.restore(state, backup, world.clock.now(), world.policy.secrets)
    with wiring.open_writable(world.config) as con:
        assert forget_again(con, state, world.policy, world.clock.now(), restored.replaced) > 0
        images = con.execute("SELECT image FROM ledger UNION ALL SELECT image FROM ledger_rows").fetchall()
        assert person_mark(world.policy.secrets[-1], ANNA)[:32] not in str([tuple(row) for row in images])
    world.start()
