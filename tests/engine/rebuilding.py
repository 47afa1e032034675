"""Lose the database of a world, make it anew, and compare the two."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from oacmail import wiring
from oacmail.adapters.store.connection import FILE
from oacmail.rebuild.build import Rebuild
from oacmail.rebuild.report import RebuildReport
from tests.engine.world import World

Rows = Mapping[str, Mapping[Any, Any]]
_TABLES: Mapping[str, tuple[str, str]] = {
    "cases": (
        "c.number",
        """SELECT c.number, c.status, c.kind, c.topic, c.level, c.intent, c.lang, c.phone, c.slot, c.subject,
        c.opened_at, c.answered_at, c.closed_at, c.close_reason, c.operator, c.cause, c.urgent, c.ends_on, c.parent,
        c.assignee, p.address FROM cases c JOIN people p ON p.id = c.citizen_id""",
    ),
    "deadlines": (
        "d.armed_by, d.kind, d.level",
        """SELECT d.armed_by || ':' || d.kind || ':' || d.level, c.number, d.armed_at, d.due_at, d.met_at,
        d.fired_at IS NOT NULL, d.void_at IS NOT NULL FROM deadlines d JOIN cases c ON c.id = d.case_id""",
    ),
    "messages": (
        "m.fingerprint",
        """SELECT m.fingerprint, c.number, m.role, m.outcome, m.kind, m.guest, m.received_at, p.address FROM messages m
        JOIN people p ON p.id = m.author_id LEFT JOIN cases c ON c.id = m.case_id""",
    ),
    "outbox": (
        "o.key",
        """SELECT o.key, c.number, o.kind, o.recipient, o.state, o.message_id FROM outbox o
        LEFT JOIN cases c ON c.id = o.case_id""",
    ),
    "people": ("address", "SELECT address, lang, known FROM people"),
    "reviews": ("fingerprint", "SELECT fingerprint, reason, done_at IS NOT NULL FROM reviews"),
    "serials": ("key", "SELECT key, value FROM kv WHERE key GLOB 'serial:*'"),
}


def taken(world: World) -> Rows:
    """Every meaningful column of every table, by the key of the row."""
    return {
        name: {row[0]: tuple(row) for row in world.store.con.execute(f"{query} ORDER BY {order}")}
        for name, (order, query) in _TABLES.items()
    }


def difference(before: Rows, after: Rows) -> list[str]:
    return [
        f"{name} {key}: {before[name].get(key)} -> {after[name].get(key)}"
        for name in before
        for key in sorted({*before[name], *after[name]})
        if before[name].get(key) != after[name].get(key)
    ]


def lose(world: World) -> None:
    world.stop()
    for name in (FILE, FILE + "-wal", FILE + "-shm"):
        (world.config.office.state / name).unlink(missing_ok=True)


def rebuild(world: World, *, since: datetime | None = None, dry_run: bool = False, start: bool = True) -> RebuildReport:
    """Make the database anew and start the service on it."""
    report = Rebuild(
        state=world.config.office.state,
        mailbox=world.mailbox,
        engine=lambda store, clock: wiring.engine(world.config, store, clock=clock),
        parser_config=wiring.parser_config(world.config),
        now=world.clock.now(),
        since=since,
    ).run(dry_run=dry_run)
    if start:
        world.start()
    return report
