"""What `status` reports when no daemon runs: stopped, killed, or ending again and again."""

import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from oacmail.cli.problems import CRASH_LOOP
from tests.e2e.office import RunningOffice

MakeOffice = Callable[..., RunningOffice]


def _a_while_ago(desk: RunningOffice, seconds: int) -> None:
    """As if so much time had passed since the service gave its last sign of life."""
    then = (datetime.now(UTC) - timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")
    with sqlite3.connect(desk.state / "oacmail.db") as con:
        con.execute("UPDATE kv SET value = ? WHERE key = 'last_tick'", (then,))
        con.execute("UPDATE kv SET at = ? WHERE key = 'runs'", (then,))
        con.execute("UPDATE folders SET synced_at = ?", (then,))
    con.close()


def _codes(desk: RunningOffice) -> set[str]:
    return {problem["code"] for problem in desk.status()["problems"]}


@pytest.mark.parametrize("end", ["stop", "kill"])
def test_half_a_minute_after_its_end_status_says_that_the_service_does_not_run(office: MakeOffice, end: str) -> None:
    desk = office()
    desk.start()
    desk.stop() if end == "stop" else desk.kill()
    assert "not-running" not in _codes(desk), "it may be a restart"
    _a_while_ago(desk, 31)
    assert "not-running: the service does not run" in desk.oacmail("status", code=1).stdout
    with desk.running():
        assert desk.oacmail("status").returncode == 0


def test_a_service_that_cannot_start_for_good_is_not_running(office: MakeOffice) -> None:
    desk = office()
    with desk.running():
        pass
    _a_while_ago(desk, 31)
    (desk.root / "password").chmod(0o644)  # others can read it: exit 78
    desk.launch()
    assert desk.process is not None
    assert desk.process.wait() == 78
    desk.process = None
    assert "not-running" in _codes(desk)


def test_a_service_that_keeps_dying_is_reported_even_while_it_runs(office: MakeOffice) -> None:
    desk = office()
    for _ in range(CRASH_LOOP):
        assert "dies" not in _codes(desk)
        desk.start()
        desk.kill()
    with desk.running():
        assert "dies: the service has crashed three times" in desk.oacmail("status", code=1).stdout


def test_a_service_that_was_stopped_and_started_has_not_died(office: MakeOffice) -> None:
    desk = office()
    for _ in range(CRASH_LOOP + 1):
        with desk.running():
            pass
    assert desk.status()["ok"]


def test_where_only_single_passes_run_status_looks_at_the_last_one(office: MakeOffice) -> None:
    desk = office()
    desk.oacmail("once")
    _a_while_ago(desk, 9 * 60)
    assert desk.status()["ok"]
    _a_while_ago(desk, 11 * 60)
    assert {"not-running", "not-ticking"} & _codes(desk) == {"not-running"}
    _synced_now(desk)
    assert {"not-running", "not-ticking"} & _codes(desk) == {"not-ticking"}


def _synced_now(desk: RunningOffice) -> None:
    with sqlite3.connect(desk.state / "oacmail.db") as con:
        con.execute("UPDATE folders SET synced_at = ?", (datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),))
    con.close()


def test_a_look_at_status_never_keeps_a_service_from_starting(office: MakeOffice) -> None:
    desk = office()
    desk.oacmail("once")
    desk.launch()
    while not desk._up():
        desk.status()
    assert desk.process is not None
    assert desk.process.poll() is None
    assert desk.stop() == 0
