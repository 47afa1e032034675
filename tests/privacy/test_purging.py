"""Retention: a closed case loses its bytes first, then all that tells of a person; an open one loses nothing."""

import sqlite3
from datetime import datetime
from typing import Any

import pytest

from oacmail import wiring
from oacmail.core.tokens import person_mark
from oacmail.privacy import nightly_purge
from oacmail.privacy.erasure import forget_again
from oacmail.privacy.retention import Periods, Purged, preview, purge
from oacmail.store import admin, ledger
from oacmail.store.erase import wipe
from tests.orders.test_orders_of_calls import agent_writes
from tests.privacy.test_forgetting import _answered_and_closed, _indicators, _writes, left_in
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


@pytest.mark.parametrize("periods", [PERIODS, Periods(original_days=1, retention_months=1)])
def test_an_open_case_is_never_touched(world: World, periods: Periods) -> None:
    _writes(world)
    world.turn()
    dump = list(world.store.con.iterdump())
    assert _purge(world, "2036-01-01 10:00", periods) == Purged(cases=(), counts={}, emptied={})
    assert list(world.store.con.iterdump()) == dump


def test_a_person_with_a_younger_case_keeps_it(world: World) -> None:
    _answered_and_closed(world)
    world.advance("2027-11-20 10:00")
    world.citizen_asks(ANNA, "Una altra cosa", "Quin horari feu?")
    _purge(world, "2027-12-01 10:00")
    citizens = [case["citizen"] for case in world.cases()]
    assert [citizen.partition("@")[2] for citizen in citizens] == ["invalid", "example.org"]


def test_messages_without_a_case_go_after_the_same_time(world: World) -> None:
    world.robot_says(MARTA, "Fora de l'oficina")
    assert _purge(world, "2027-12-01 10:00").counts["messages"] == 1
    assert world.rows("SELECT 1 FROM people WHERE address = ?", MARTA) == []


class _CutShort(Exception):
    pass


class _Dying(sqlite3.Connection):
    """Dies when the second case is erased, before the commit."""

    erased = 0

    def execute(self, sql: str, *values: Any) -> sqlite3.Cursor:
        self.erased += sql.startswith("INSERT INTO events") and "erased" in values[0]
        if self.erased > 1:
            raise _CutShort
        return super().execute(sql, *values)


def test_an_interrupted_purge_goes_on_where_it_ended(world: World) -> None:
    _answered_and_closed(world)
    for person in (PERE, MARTA):
        world.agent_replies(world.citizen_asks(person, "Padró", "Com m'empadrono?"))
    for case in world.cases()[1:]:
        world.order("close", case["number"], reason="answered")
    con = sqlite3.connect(world.config.office.state / "oacmail.db", isolation_level=None, factory=_Dying)
    con.row_factory = sqlite3.Row
    ledger.record(con, world.policy.secrets)
    with pytest.raises(_CutShort):
        purge(con, world.policy, PERIODS, local("2027-12-01 10:00"), by="admin")
    con.close()  # the transaction that was open ends with its process
    assert len(world.events("erased")) == 1
    assert len(_purge(world, "2027-12-01 10:00").cases) == 2
    assert len(world.events("erased")) == 3


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
    restored = admin.restore(state, backup, world.clock.now())
    with wiring.open_writable(world.config) as con:
        assert forget_again(con, state, world.policy, world.clock.now(), restored.replaced) > 0
        images = con.execute("SELECT image FROM ledger UNION ALL SELECT image FROM ledger_rows").fetchall()
        assert person_mark(world.policy.secrets[-1], ANNA)[:32] not in str([tuple(row) for row in images])
    world.start()
