"""What the daemon does at night, by its own scheduler: once a night, also late, and no job stops another."""

import _sqlite3
import ctypes
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path

import pytest

from oacmail import wiring
from oacmail.cli.status import health
from oacmail.core.errors import Transient
from oacmail.core.reconciliation import Reconciliation, is_due
from oacmail.engine.engine import NightlyJobs, Ticks
from oacmail.host import AdminProgram, Systemd
from oacmail.privacy.retention import Periods, preview
from oacmail.service import Service
from oacmail.store import connection
from tests.privacy.test_forgetting import _answered_and_closed, left_in
from tests.world import AGENT, World, local, text_of

TOWN = Callable[..., World]


@contextmanager
def _scheduled(world: World) -> Iterator[Callable[[str], None]]:
    """The daemon on this town's database and clock; call with a time: each job of its scheduler runs once then."""
    world.stop()
    parts = wiring.assemble(world.config)
    parts.engine.clock = world.clock
    jobs = Service(parts, Systemd(), lambda: world.config, lambda _config: None)._scheduler().get_jobs()

    def run(at: str) -> None:
        world.advance(at)
        for job in jobs:
            job.func()

    yield run
    parts.close()
    world.start()


@pytest.fixture
def purging_town(town: TOWN) -> World:
    """It purges at night, and Anna's case was closed a year ago."""
    servers = {"imap": {"password_file": "password"}, "smtp": {"password_file": "password"}}
    world = town(privacy={"purge": True, "original_days": 60}, digest={"to": [AGENT]}, **servers)
    password = world.root / "password"
    password.touch(0o600)
    password.write_text("secret")
    _answered_and_closed(world)
    return world


def test_the_daemon_removes_at_night_what_purge_lists_and_says_so(purging_town: World) -> None:
    world = purging_town
    with _scheduled(world) as at:
        at("2027-11-29 22:00")
        at("2027-11-30 02:59")
        assert health(world.config, world.clock.now())["purged"] is None
        with connection.open_readonly(world.config.office.state) as con:
            listed = preview(con, Periods(original_days=60, retention_months=12), world.clock.now())
        at("2027-11-30 03:00")
        at("2027-11-30 03:01")
        purged = health(world.config, world.clock.now())["purged"]
    assert listed.cases == (world.case()["number"],)
    assert (purged["at"], purged["cases"]) == ("2027-11-30T03:00:00+01:00", 1)
    assert left_in(world.config.office.state) == set()
    assert [row["data"] for row in world.events("erased")] == ['{"by": "nightly", "why": "retention"}']
    assert [row["case_id"] for row in world.events("purged")] == [None]
    world.turn_at("2027-11-30 08:01")
    (digest,) = world.received(AGENT)[-1:]
    assert f"Conservació de dades (dt. 30/11, 3 h): 1 cas esborrat, {purged['copies']} còpies" in text_of(digest)


def test_a_job_of_the_night_that_fails_is_tried_again_after_an_hour_and_stops_no_other(world: World) -> None:
    done: list[str] = []

    def fails() -> None:
        done.append("tried")
        raise Transient("state: another program writes to it")

    nightly_jobs = NightlyJobs(Ticks(engine=world.engine), {"first": fails, "second": lambda: done.append("second")})
    for at in ("2026-11-25 22:00", "2026-11-26 03:00", "2026-11-26 03:30", "2026-11-26 04:00"):
        world.advance(at)
        nightly_jobs.look()
    assert done == ["tried", "second", "tried"]


def test_a_clock_that_was_ahead_stops_no_night(world: World) -> None:
    done: list[str] = []
    proven = Reconciliation(at=local("2027-11-30 03:01"))
    for at in ("2027-11-29 22:00", "2027-11-30 03:01", "2026-11-26 12:00", "2026-11-26 12:01", "2026-11-27 03:00"):
        world.advance(at)
        NightlyJobs(Ticks(engine=world.engine), {"purge": partial(done.append, at)}).look()
    assert done == ["2027-11-30 03:01", "2026-11-26 12:00", "2026-11-27 03:00"]
    assert is_due(proven, world.clock.now(), world.policy.office.timezone, compared=True)


def test_the_work_of_a_night_without_the_daemon_is_done_once_at_its_start(world: World) -> None:
    done: list[str] = []
    for at in ("2026-11-25 22:00", "2026-11-28 09:00", "2026-11-28 09:01"):
        world.advance(at)
        NightlyJobs(Ticks(engine=world.engine), {"purge": partial(done.append, at)}).look()
    assert done == ["2026-11-28 09:00"]


# The admin's own command: run without a shell and without our environment, and ended in time.


def _script(tmp_path: Path, body: str) -> str:
    program = tmp_path / "page me"
    program.write_text(f"#!/bin/sh\n{body}\n")
    program.chmod(0o755)
    return str(program)


def test_it_gets_the_words_as_they_are_and_no_shell_reads_them(tmp_path: Path) -> None:
    out = tmp_path / "out"
    program = AdminProgram((_script(tmp_path, f"printf '%s\\n' \"$@\" > '{out}'"), "-x"), 10)
    assert program.run(("canary", "down; touch never", "$(id)")) == ""
    assert out.read_text().splitlines() == ["-x", "canary", "down; touch never", "$(id)"]


def test_it_sees_nothing_of_our_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OACMAIL_SMTP_PASSWORD", "a secret word")
    out = tmp_path / "out"
    assert AdminProgram((_script(tmp_path, f"env > '{out}'"),), 10).run(()) == ""
    assert "secret" not in out.read_text()


def test_what_fails_says_how(tmp_path: Path) -> None:
    assert AdminProgram((_script(tmp_path, "exit 3"),), 10).run(()) == "exit code 3"
    assert AdminProgram((str(tmp_path / "nothing"),), 10).run(()) == "FileNotFoundError"


def test_it_is_ended_in_time(tmp_path: Path) -> None:
    assert AdminProgram((_script(tmp_path, "exec tail -f /dev/null"),), 0.2).run(()) == "ended after 0 s"


def test_without_a_command_nothing_is_run() -> None:
    assert AdminProgram((), 10).run(("canary", "down")) == ""


def _held_by_sqlite() -> int:
    """Bytes, of all connections of this process."""
    held = ctypes.CDLL(_sqlite3.__file__).sqlite3_memory_used
    held.restype = ctypes.c_int64
    return int(held())


def test_a_tick_gives_back_the_pages_that_were_read(purging_town: World) -> None:
    world = purging_town
    world.stop()
    with closing(wiring.assemble(world.config)) as parts:
        parts.engine.clock = world.clock
        service = Service(parts, Systemd(), lambda: world.config, lambda _config: None)
        tick = service._scheduler().get_jobs()[0].func
        tick()
        parts.store.con.execute("PRAGMA integrity_check").fetchall()
        read = _held_by_sqlite()
        tick()
        assert _held_by_sqlite() < read - 200_000
    world.start()
