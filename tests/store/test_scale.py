"""What a step reads does not grow with what is stored and over: on 200 times the closed cases it takes as many
instructions of SQLite as on 20 times."""

from collections.abc import Callable, Mapping
from contextlib import closing
from datetime import timedelta
from functools import partial
from pathlib import Path
from sqlite3 import Connection

from bench.stored import grow
from oacmail.core.report.figures import Month
from oacmail.privacy import retention
from oacmail.store import admin, command_line, health, reports, seen_messages, views
from oacmail.store.connection import FILE, connect
from oacmail.store.outbox import usages
from tests.work import instructions
from tests.world import World

PERIODS = retention.Periods(original_days=30, retention_months=24)
_PURGED = """UPDATE cases SET erased_at = closed_at WHERE status = 'closed';
  UPDATE messages SET original = NULL WHERE case_id IN (SELECT id FROM cases WHERE erased_at IS NOT NULL);
  UPDATE mails SET mime = x'' WHERE id IN (SELECT o.id FROM outbox o JOIN cases c ON c.id = o.case_id
    WHERE c.erased_at IS NOT NULL);"""
"""The copies are long over, and the nights since have emptied them."""


def _steps(con: Connection, world: World) -> Mapping[str, Callable[[], object]]:
    policy, now = world.policy, world.clock.now()
    zone = policy.office.timezone
    month = Month.of(now, zone)
    (number, fingerprint, message_id) = con.execute(
        "SELECT c.number, m.fingerprint, m.message_id FROM cases c JOIN messages m ON m.case_id = c.id ORDER BY m.id"
    ).fetchone()
    return {
        "status": lambda: (health.health(con, zone), health.overdue_and_waiting(con, now)),
        "case list --status open": lambda: list(command_line.cases(con, zone, now, status="open")),
        "case list --overdue": lambda: list(command_line.cases(con, zone, now, overdue=True)),
        "case show": partial(command_line.case, con, zone, now, number),
        "why NUMBER": partial(command_line.reasons_of_case, con, zone, number),
        "why MESSAGE-ID": partial(command_line.reasons_of_message, con, zone, message_id),
        "why FINGERPRINT": partial(command_line.reasons_of_message, con, zone, fingerprint[:16]),
        "case open MESSAGE-ID": partial(admin.message_for_case, con, message_id),
        "outbox list": lambda: list(command_line.outbox(con, zone)),
        "quarantine list": lambda: list(command_line.review(con, zone)),
        "tick": lambda: (views.items(con, policy, now), views.tick_view(con, policy, now, None)),
        "digest": lambda: (views.live(con, policy, now), views.figures(con, policy, now), views.live_incidents(con)),
        "refusals": lambda: (health.refused_by_domain(con, now), health.unreached(con, health.last_summary(con, now))),
        "acknowledgement limits": partial(usages, con, policy, ("anna@example.org",), now),
        "end of a pass": partial(seen_messages.any_failed, con),
        "learn": partial(reports.corrected_examples, con),
        "report": partial(reports.month_rows, con, policy, month),
        "purge": partial(retention.preview, con, PERIODS, now + timedelta(days=1)),
    }


def test_no_step_reads_more_where_more_is_stored(town: Callable[..., World], tmp_path: Path) -> None:
    world = town()
    for writer in ("anna@example.org", "pau@example.net"):
        world.citizen_writes(writer)
    world.sync()
    world.agent_answers(world.citizen_writes("laia@example.org"))
    world.sync()
    world.stop()
    spent: list[dict[str, int]] = []
    for cases in (60, 600):
        assert grow(world.config.office.state, tmp_path / str(cases), cases) >= cases
        with closing(connect(tmp_path / str(cases) / FILE)) as con:
            con.executescript(_PURGED)
            spent.append({name: instructions(con, step, each=10) for name, step in _steps(con, world).items()})
    few, many = spent
    assert {name: (few[name], many[name]) for name in few if many[name] > 1.1 * few[name] + 1} == {}


def test_a_transaction_that_changes_all_rows_does_not_wait_in_memory(tmp_path: Path) -> None:
    with closing(connect(tmp_path / FILE)) as con:
        con.execute("CREATE TABLE rows(content BLOB)")
        con.execute("BEGIN")
        con.execute("INSERT INTO rows SELECT randomblob(1000000) FROM json_each(?)", (str([0] * 40),))
        assert (tmp_path / f"{FILE}-wal").stat().st_size > 20_000_000
        con.execute("ROLLBACK")
