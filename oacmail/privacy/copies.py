"""The other files that hold a person's data: backups, and databases that a restore has set aside.

They are listed for the certificate; where the admin asks, the same erasure runs in each of them. A backup is brought to
today's schema for that: an older version of oacmail can restore it no more.
"""

import sqlite3
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

from oacmail.adapters.store.connection import connect, migrate
from oacmail.adapters.store.privacy import backups, traces
from oacmail.adapters.store.privacy.backups import Backup
from oacmail.core.errors import OacmailError
from oacmail.core.policy import Policy
from oacmail.privacy.certificate import BackupLeft, until
from oacmail.privacy.forget import certified, forget


def known(
    con: sqlite3.Connection,
    state: Path,
    folder: Path | None,
    *,
    names: Collection[str],
    since: datetime | None,
    now: datetime,
    days: int,
) -> list[Backup]:
    """Return the backups that may hold data from `since` on (None = there is none): those recorded, those set aside,
    and those in `folder` of the office whose keys have these `names`. One that is no longer at its path may lie
    elsewhere, and counts for `days`, 0 = for ever."""
    if since is None:
        return []
    found = {one.path: one for one in (*backups.recorded(con), *backups.set_aside(state))}
    for path in sorted(folder.iterdir()) if folder else ():
        if path.is_file() and path.absolute() not in found and backups.is_of(path, names):
            made_at = datetime.fromtimestamp(path.stat().st_mtime, since.tzinfo)
            found[path.absolute()] = Backup(path=path.absolute(), made_at=made_at, exists=True)
    gone = now - timedelta(days=days) if days else datetime.min.replace(tzinfo=UTC)
    return [one for one in found.values() if one.made_at >= since and (one.exists or one.made_at >= gone)]


def erase_in(
    found: Sequence[Backup], rewrite: Iterable[Path], policy: Policy, address: str, now: datetime, *, by: str, days: int
) -> Iterator[tuple[BackupLeft, str]]:
    """Yield each backup as it is left, and why it could not be rewritten: '' = it was, or was not to be."""
    wanted = set(rewrite)
    for one in found:
        problem = _rewritten(one.path, policy, address, now, by) if one.path in wanted and one.exists else ""
        yield (
            BackupLeft(
                path=str(one.path),
                made_at=one.made_at.date().isoformat(),
                until=until(one.made_at.date(), days),
                erased=one.path in wanted and one.exists and not problem,
            ),
            problem,
        )


def _rewritten(path: Path, policy: Policy, address: str, now: datetime, by: str) -> str:
    """Return why it was not possible, '' if it was."""
    try:
        with closing(connect(path)) as con:
            migrate(con)
            forget(con, policy, address, now, by=by, even_open=True)
            certified(con, policy, address)
            traces.wipe(con)
    except (OacmailError, sqlite3.Error, OSError) as error:
        return str(error) or type(error).__name__
    return ""
