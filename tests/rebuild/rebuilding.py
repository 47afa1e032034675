"""Lose the database of a world, and make it anew or return to a backup."""

from contextlib import closing
from datetime import datetime
from pathlib import Path

from msgspec.structs import replace

from oacmail.cli.rebuild import rebuilding
from oacmail.engine.ledger import LedgerCopy
from oacmail.rebuild.build import Rebuild
from oacmail.rebuild.summary import FromLedger, RebuildSummary
from oacmail.store import admin
from oacmail.store.connection import FILE
from oacmail.store.store import SqliteStore
from tests.world import World

FOLDER = "oacmail"


def lose(world: World, *, copied: bool = True) -> None:
    """`copied`: the ledger was copied into the mailbox at the end, as at each stop of the service."""
    if copied:
        LedgerCopy(world.engine, world.mailbox, FOLDER).write(at_once=True)
    world.stop()
    for name in (FILE, FILE + "-wal", FILE + "-shm"):
        (world.config.office.state / name).unlink(missing_ok=True)


def rebuild(
    world: World,
    *,
    since: datetime | None = None,
    dry_run: bool = False,
    start: bool = True,
    ledger: str = FOLDER,
) -> RebuildSummary:
    """Make the database anew and start the service on it."""
    report = replace(_rebuild(world), since=since, ledger=ledger).run(dry_run=dry_run)
    if start:
        world.start()
    return report


def backup(world: World, name: str) -> Path:
    path = world.root / name
    admin.backup(world.config.office.state, path, world.policy.secrets, world.clock.now())
    return path


def restore(world: World, path: Path) -> FromLedger:
    """Return to the backup, go on from the ledger in the mailbox, and start the service."""
    world.stop()
    state = world.config.office.state
    restored = admin.restore(state, path, world.clock.now(), world.policy.secrets)
    with closing(SqliteStore(state)) as store:
        known = _rebuild(world).go_on(store, restored.last)
    world.start()
    return known


def _rebuild(world: World) -> Rebuild:
    return replace(rebuilding(world.config, world.mailbox, world.clock.now()), ledger=FOLDER)


def expunge(world: World, folder: str, text: bytes) -> None:
    messages = world.mailbox.folders[folder].messages
    for uid in [uid for uid, message in messages.items() if text in message.raw]:
        world.mailbox.expunge(folder, uid)
