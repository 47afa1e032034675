"""`Store`: one connection on the state directory's file, one lock of the process, and the turns of the engine.

A thin face over the modules beside it; it adds transactions and the naming of faults, and no rule.
"""

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import IO

from oacmail.adapters.store import hour, places, posting, reading, scene, writing
from oacmail.adapters.store.connection import (
    FILE,
    connect,
    lock,
    migrate,
    moment,
    named_faults,
    stamp,
    transaction,
)
from oacmail.core.model import Arrived, Decision, Input, Ordered, Outcome, Settled, Ticked
from oacmail.core.policy import Policy
from oacmail.core.ports import Claimed, FolderRow, FrozenMail, Place, Spot, WatchedFolder
from oacmail.core.view import Hour, View


class SqliteTurn:
    """Inside one transaction."""

    def __init__(self, con: sqlite3.Connection) -> None:
        self._con = con

    def view(self, policy: Policy, inp: Input, now: datetime) -> View | Hour:
        match inp:
            case Arrived():
                return reading.letter_view(self._con, policy, inp, now)
            case Ticked():
                return hour.hour(self._con, policy, now)
            case Ordered():
                return reading.order_view(self._con, policy, inp, now)
            case Settled():
                return reading.settled_view(self._con, inp)

    def letter(self, fingerprint: str) -> tuple[str, str, bytes | None] | None:
        row = self._con.execute(
            """SELECT m.subject, m.fresh, o.bytes FROM messages m LEFT JOIN originals o ON o.sha256 = m.original
            WHERE m.fingerprint = ?""",
            (fingerprint,),
        ).fetchone()
        return (row["subject"], row["fresh"], row["bytes"]) if row else None

    def apply(
        self,
        decision: Decision,
        *,
        now: datetime,
        mails: Mapping[str, FrozenMail],
        arrived: Arrived | None = None,
        raw: bytes | None = None,
        spot: Spot | None = None,
        shadow: bool = False,
    ) -> None:
        around = scene.Scene(
            now=now, arrived=arrived, raw=raw, spot=spot, mails=mails, because=decision.because, shadow=shadow
        )
        writing.apply(self._con, decision, around)


class SqliteStore:
    """Opens, locks and migrates the state directory. `close` gives the lock back."""

    def __init__(self, state: Path) -> None:
        state.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._lock: IO[str] = lock(state)
        try:
            self.con = connect(state / FILE)
            migrate(self.con)
        except BaseException:
            self._lock.close()
            raise

    def close(self) -> None:
        self.con.close()
        self._lock.close()

    @contextmanager
    def turn(self) -> Iterator[SqliteTurn]:
        with transaction(self.con):
            yield SqliteTurn(self.con)

    # --- places -----------------------------------------------------------------------------------

    def folder(self, name: str) -> FolderRow | None:
        with named_faults():
            return places.folder(self.con, name)

    def begin_folder(self, watched: WatchedFolder, uidvalidity: int, uidnext: int, now: datetime) -> None:
        with transaction(self.con):
            places.begin_folder(self.con, watched, uidvalidity, uidnext, now)

    def synced(self, name: str, uidvalidity: int, uidnext: int, now: datetime, *, compared: bool) -> None:
        with transaction(self.con):
            places.synced(self.con, name, uidvalidity, uidnext, now, compared=compared)

    def known(self, name: str, uidvalidity: int) -> dict[int, Place]:
        with named_faults():
            return places.known(self.con, name, uidvalidity)

    def known_uids(self, name: str, uidvalidity: int) -> set[int]:
        with named_faults():
            return places.known_uids(self.con, name, uidvalidity)

    def forget(self, name: str, uidvalidity: int, uids: Iterable[int]) -> None:
        with transaction(self.con):
            places.forget(self.con, name, uidvalidity, uids)

    def sight(self, name: str, uidvalidity: int, found: Iterable[Place], baseline: set[int], now: datetime) -> None:
        with transaction(self.con):
            places.sight(self.con, name, uidvalidity, found, baseline, now)

    def unworked(self, name: str, uidvalidity: int) -> dict[int, tuple[Place, int, bool]]:
        with named_faults():
            return places.unworked(self.con, name, uidvalidity)

    def attempt(self, name: str, uidvalidity: int, uids: Sequence[int], *, alone: bool) -> None:
        with transaction(self.con):
            places.attempt(self.con, name, uidvalidity, uids, alone=alone)

    def landed(self, name: str, uidvalidity: int, uids: Sequence[int], *, passing: bool, error: str | None) -> None:
        with transaction(self.con):
            places.landed(self.con, name, uidvalidity, uids, passing=passing, error=error)

    def failed(self, spot: Spot, error: str) -> int:
        with transaction(self.con):
            return places.failed(self.con, spot, error)

    def end(self, spot: Spot, outcome: Outcome) -> None:
        with transaction(self.con):
            places.end(self.con, spot, outcome)

    def quarantine(self, spot: Spot, raw: bytes | None, reason: str, now: datetime) -> None:
        """The letter's bytes, where there are any, and a line on the review list. Keyed by what the bytes are."""
        with transaction(self.con):
            digest = sha256(raw).hexdigest() if raw is not None else None
            places.end(self.con, spot, Outcome.QUARANTINED, digest)
            if raw is not None:
                self.con.execute("INSERT OR IGNORE INTO originals(sha256, bytes) VALUES(?,?)", (digest, raw))
                self.con.execute(
                    """INSERT INTO reviews(fingerprint, reason, at) VALUES(?,?,?)
                    ON CONFLICT(fingerprint) DO UPDATE SET reason = excluded.reason, done_at = NULL""",
                    (digest, reason, stamp(now)),
                )

    def to_file(self) -> list[tuple[Spot, str]]:
        with named_faults():
            return places.to_file(self.con)

    def filed(self, spot: Spot) -> None:
        with transaction(self.con):
            places.filed(self.con, spot)

    # --- outbox -----------------------------------------------------------------------------------

    def recover(self) -> None:
        with transaction(self.con):
            posting.recover(self.con)

    def claim(self, now: datetime, most: int, staff: frozenset[str] | None) -> list[Claimed]:
        with transaction(self.con):
            return posting.claim(self.con, now, most, staff)

    def unclaim(self, keys: list[str]) -> None:
        with transaction(self.con):
            posting.unclaim(self.con, keys)

    def sending(self, key: str, now: datetime, *, copy_expected: bool) -> None:
        with transaction(self.con):
            posting.sending(self.con, key, now, copy_expected=copy_expected)

    def next_due(self) -> datetime | None:
        with named_faults():
            return moment(posting.next_due(self.con))

    def handed_over_since(self, now: datetime, seconds: int) -> int:
        with named_faults():
            return posting.handed_over_since(self.con, now, seconds)

    # --- the house --------------------------------------------------------------------------------

    def problem(self, code: str, ill: bool, now: datetime) -> None:
        with transaction(self.con):
            hour.set_problem(self.con, code, ill, now)

    def remember(self, name: str, value: str, now: datetime) -> None:
        with transaction(self.con):
            scene.remember(self.con, name, value, now)

    def recall(self, name: str) -> str | None:
        with named_faults():
            row = self.con.execute("SELECT value FROM kv WHERE key = ?", (name,)).fetchone()
            return row["value"] if row else None
