"""What work costs in SQL: the statements of a message, from its first sight to its acknowledgement, and the tables that
a statement reads from end to end."""

import re
from collections.abc import Callable
from itertools import groupby
from zoneinfo import ZoneInfo

import pytest

from oacmail.store import health
from tests.world import AGENT, World

MOST_NEW, MOST_ON_A_CASE = 25, 23
GROWING = ("cases", "messages", "deadlines", "events", "outbox", "mails", "originals", "refs", "sightings", "people")


def _statements(world: World) -> int:
    """Statements of one pass. SQLite reports a statement again for each program of a trigger that it starts."""
    traced: list[str] = []
    world.store.con.set_trace_callback(traced.append)
    world.sync()
    world.store.con.set_trace_callback(None)
    return sum(1 for _ in groupby(traced))


@pytest.mark.parametrize(("on_a_case", "most"), [(False, MOST_NEW), (True, MOST_ON_A_CASE)])
def test_a_further_message_costs_few_statements(world: World, on_a_case: bool, most: int) -> None:
    writers = [f"anna{number}@example.org" for number in range(11)]
    first = [world.citizen_writes(writer) if on_a_case else None for writer in writers]
    world.sync()
    world.citizen_writes(writers[0], answers=first[0])
    one = _statements(world)
    for writer, answered in zip(writers[1:], first[1:], strict=True):
        world.citizen_writes(writer, answers=answered)
    assert (_statements(world) - one) / 9 <= most


def _read_whole(world: World, statement: str) -> list[str]:
    """The tables that grow with the years of which this statement reads every row."""
    named = re.findall(rf"\b({'|'.join(GROWING)})\b(?: (?:AS )?(\w+)\b)?", statement)
    tables = {alias: table for table, alias in named} | {table: table for table, _ in named}
    plan = [row["detail"] for row in world.store.con.execute(f"EXPLAIN QUERY PLAN {statement}")]
    scanned = [detail.removeprefix("SCAN ") for detail in plan if detail.startswith("SCAN ")]
    return [tables[name] for name in scanned if name in tables]


def test_a_day_with_its_digest_and_its_status_read_no_table_whole_that_grows(
    town: Callable[..., World],
) -> None:
    world = town(now="2026-11-26 10:00", digest={"to": [AGENT]}, board={"enabled": True})
    first = world.citizen_writes("anna@example.org")
    world.sync()
    world.agent_answers(first)
    world.citizen_writes("pau@example.net")
    traced: list[str] = []
    world.store.con.set_trace_callback(traced.append)
    world.live("2026-11-27 10:00")
    health.health(world.store.con, ZoneInfo("Europe/Madrid"))
    world.store.con.set_trace_callback(None)
    assert world.mails("digest")
    read = {
        statement: _read_whole(world, statement) for statement in traced if statement.startswith(("SELECT", "WITH"))
    }
    assert {statement: tables for statement, tables in read.items() if tables} == {
        "SELECT state, count(*) FROM outbox GROUP BY state": ["outbox"]
    }
