"""What work costs in SQL: the statements of a message, from its first sight to its acknowledgement, and the tables that
a statement reads from end to end."""

import re
from collections.abc import Callable
from itertools import groupby
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from oacmail.core.report.figures import Month
from oacmail.privacy import retention
from oacmail.store import admin, command_line, health, reports
from oacmail.store.connection import FILE
from testbed.office import NO_LIMITS
from tests.relayed import relayed_answers
from tests.world import AGENT, OFFICE, PASS, World

MOST_NEW, MOST_ON_A_CASE = 23, 21
PAGES_OF_A_MESSAGE, PAGES_OF_A_MAIL = 8.5, 5.0
OF_FEW = (
    *("board_flagged", "board_places_new", "board_unsettled", "cases_live", "deadlines_live", "deadlines_running"),
    *("events_corrected", "events_escalated", "mails_kept", "messages_of_staff"),
    *(
        "outbox_unsent",
        "reviews_waiting",
        "sightings_failed",
        "sightings_open",
        "sightings_to_file",
        "sightings_unread",
    ),
)
"""Indexes of rows that are few however many are stored: live, kept for some days, corrected by hand, escalated, or
read from the latest on. A statement may read all of one."""
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


def test_a_mail_that_is_sent_changes_its_row_twice(town: Callable[..., World]) -> None:
    """Queued, being sent, sent: each is one entry of the ledger. It is not marked before the relay wants its bytes."""
    world = town(smtp={"self_copy": False})
    world.citizen_asks("anna@example.org")
    query = """SELECT coalesce(json_extract(image, '$[6]'), json_extract(image, '$.6')) AS state FROM ledger
        WHERE "table" = 'outbox' ORDER BY seq"""
    assert [row["state"] for row in world.store.con.execute(query)] == ["queued", "sending", "sent"]


def test_of_several_messages_in_one_commit_the_one_that_fails_is_undone_alone(world: World) -> None:
    con = world.store.con
    con.execute("""CREATE TEMP TRIGGER fails BEFORE INSERT ON main.outbox WHEN new.recipient = 'pere@example.org'
        BEGIN SELECT RAISE(ABORT, 'planted'); END""")
    for person in ("anna", "pere", "laia"):
        world.citizen_writes(f"{person}@example.org")
    world.sync()
    assert [row[0] for row in con.execute("SELECT address FROM cases c JOIN people p ON p.id = citizen_id")] == [
        "anna@example.org",
        "laia@example.org",
    ]
    assert con.execute("SELECT count(*) FROM messages").fetchone()[0] == 2
    assert [tuple(row) for row in con.execute("SELECT outcome, attempts, in_flight FROM sightings")] == [
        ("case", 0, 0),
        (None, 1, 0),
        ("case", 0, 0),
    ]
    con.execute("DROP TRIGGER fails")
    world.sync()
    assert [case["number"][-1] for case in world.cases()] == ["1", "2", "3"]


def test_messages_that_share_a_commit_leave_no_copy_of_pages_in_a_temporary_file(world: World) -> None:
    """As a savepoint would, for each page that it changes."""
    for number in range(3):
        world.citizen_writes(f"anna{number}@example.org")
    traced: list[str] = []
    world.store.con.set_trace_callback(traced.append)
    world.sync()
    world.store.con.set_trace_callback(None)
    assert "COMMIT" in traced
    assert not [statement for statement in traced if statement.startswith("SAVEPOINT")]


def test_a_change_that_the_ledger_records_leaves_no_copy_of_pages_in_a_temporary_file(world: World) -> None:
    """A statement with triggers keeps one of each page that it changes, until it ends."""
    for number in range(80):
        world.citizen_writes(f"anna{number}@example.org")
    world.sync()
    with world.store.turn():
        assert world.store.con.execute("UPDATE messages SET rule = 'known'").rowcount == 80
        opened = [fd.readlink().name for fd in Path("/proc/self/fd").iterdir() if fd.is_symlink()]
    assert FILE in opened
    assert not [name for name in opened if name.startswith("etilqs_")]


def test_a_further_mail_writes_few_pages(town: Callable[..., World]) -> None:
    """To the log: a twentieth of the commit of twenty requests, and of those that send their acknowledgements."""
    world = town(smtp={"self_copy": False, "per_minute": 0}, ack=NO_LIMITS)
    for number in range(200):
        world.citizen_writes(f"anna{number}@example.org")
    world.turn()
    con, log = world.store.con, world.config.office.state / f"{FILE}-wal"
    con.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    con.execute("PRAGMA wal_autocheckpoint=0")
    pages = []
    for step in (world.sync, world.drain):
        for number in range(20) if step == world.sync else ():
            world.citizen_writes(f"pere{number}@example.org")
        step()
        pages.append((log.stat().st_size - 32) / 4120 / 20)
    received, sent = pages[0], pages[1] - pages[0]
    assert (received <= PAGES_OF_A_MESSAGE, sent <= PAGES_OF_A_MAIL) == (True, True), (received, sent)


def _read_whole(world: World, statement: str) -> list[str]:
    """The tables that grow with the years of which this statement reads every row, or an index of them that does. How
    many rows there are is read page by page."""
    statement = re.sub(r"\(SELECT count\(\*\) FROM \w+\)", "0", statement)
    named = re.findall(rf"\b({'|'.join(GROWING)})\b(?: (?:AS )?(\w+)\b)?", statement)
    tables = {alias: table for table, alias in named} | {table: table for table, _ in named}
    plan = [row["detail"].split() for row in world.store.con.execute(f"EXPLAIN QUERY PLAN {statement}")]
    scanned = [words[1] for words in plan if words[0] == "SCAN" and words[-1] not in OF_FEW]
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
    zone, now = ZoneInfo("Europe/Madrid"), world.clock.now()
    world.store.con.set_trace_callback(traced.append)
    world.store.begin("1f2e3d4c", now)
    world.live("2026-11-27 10:00")
    health.health(world.store.con, zone)
    list(command_line.cases(world.store.con, zone, now, status="open"))
    list(command_line.cases(world.store.con, zone, now, overdue=True))
    list(command_line.outbox(world.store.con, zone))
    command_line.reasons_of_message(world.store.con, zone, first["Message-ID"])
    admin.message_for_case(world.store.con, first["Message-ID"])
    reports.corrected_examples(world.store.con)
    reports.month_rows(world.store.con, world.policy, Month(2026, 11))
    retention.preview(world.store.con, retention.Periods(original_days=30, retention_months=24), now)
    world.store.con.set_trace_callback(None)
    assert world.mails("digest")
    read = {
        statement: _read_whole(world, statement)
        for statement in traced
        if statement.startswith(("SELECT", "WITH", "UPDATE", "DELETE"))
    }
    assert {statement: tables for statement, tables in read.items() if tables} == {}


def test_an_answer_that_goes_on_to_its_person_reads_no_table_whole_that_grows(world: World) -> None:
    notice = relayed_answers.notice(world)
    world.receive(world.message(AGENT, "", "Ja va trucar ahir.", answers=notice, to=OFFICE), verdict=PASS)
    traced: list[str] = []
    world.store.con.set_trace_callback(traced.append)
    relayed_answers.send(world, relayed_answers.mail(world, notice))
    world.store.con.set_trace_callback(None)
    assert relayed_answers.relayed(world)
    assert not [statement for statement in traced if not statement.startswith("--") and _read_whole(world, statement)]


def test_an_agents_answer_reads_no_case_that_the_agent_has_answered_before(world: World) -> None:
    for writer, at in (("anna@example.org", "2026-11-25 11:00"), ("pere@example.org", "2026-11-25 11:05")):
        asked = world.citizen_writes(writer)
        world.sync()
        world.advance(at)
        traced: list[str] = []
        world.store.con.set_trace_callback(traced.append)
        answer = world.message(AGENT, "", "Ja està fet.", answers=asked, to=writer, headers={"Cc": OFFICE})
        world.receive(answer, verdict=PASS)
        world.sync()
        world.store.con.set_trace_callback(None)
    read = "".join(traced)
    assert ("OAC-2026-000001" in read, "OAC-2026-000002" in read) == (False, True)
    assert [case["status"] for case in world.cases()] == ["answered", "answered"]
