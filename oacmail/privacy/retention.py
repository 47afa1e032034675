"""What the database still holds after a case is over, for how long (GDPR art. 5.1.e), and the purge of each night.

`privacy.original_days` after a case was closed its stored messages and mails are emptied, since the mailbox keeps
them; `privacy.retention_months` after it the case is erased as a forgotten person's is. Neither an open case nor the
mailbox is ever touched. Each case is a transaction of its own: an interrupted run goes on where it ended.
"""

import sqlite3
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from dateutil.relativedelta import relativedelta
from msgspec import Struct

from oacmail import wiring
from oacmail.config import Config
from oacmail.core.policy import Policy
from oacmail.core.review import LastPurge, last_purge
from oacmail.core.stored_values import PURGED, PURGING
from oacmail.store import erase, ledger, personal, remembered
from oacmail.store.connection import stamp, transaction
from oacmail.store.writing import add_event, remember

AT_ONCE = 200  # rows of a transaction: the daemon waits for it
_EMPTIED: Sequence[tuple[str, Callable[..., list[Any]], Callable[..., int]]] = (
    ("originals", erase.expired_originals, erase.drop_originals),
    ("originals", erase.expired_unprocessed, erase.drop_unused),
    ("mails", erase.expired_mails, erase.empty_mails),
)
"""Table, which of its rows are past `privacy.original_days`, and what empties them."""


class Periods(Struct, frozen=True, kw_only=True):
    """`original_days`: 0 = never. `retention_months`: 1 or more."""

    original_days: int
    retention_months: int


class Purged(Struct, frozen=True, kw_only=True):
    """`cases`: numbers of the cases that were erased, or would be; `counts`: rows by table, `emptied` those of which
    only the bytes went. `total`: with what a run before has removed that was interrupted."""

    cases: tuple[str, ...]
    counts: Mapping[str, int]
    emptied: Mapping[str, int]
    total: LastPurge


def preview(con: sqlite3.Connection, periods: Periods, now: datetime) -> Purged:
    """Return what a purge would do now."""
    cases = erase.expired_cases(con, _erase_before(periods, now))
    counts = Counter(cases=len(cases), messages=len(erase.expired_messages(con, _erase_before(periods, now))))
    emptied: Counter[str] = Counter()
    if periods.original_days:
        for name, expired, _ in _EMPTIED:
            emptied[name] += len(expired(con, _empty_before(periods, now)))
    return Purged(cases=tuple(cases.values()), counts=dict(+counts), emptied=dict(+emptied), total=LastPurge(at=now))


def _erase_before(periods: Periods, now: datetime) -> str:
    return stamp(now - relativedelta(months=periods.retention_months))


def _empty_before(periods: Periods, now: datetime) -> str:
    return stamp(now - timedelta(days=periods.original_days))


def purge(con: sqlite3.Connection, policy: Policy, periods: Periods, now: datetime, *, by: str) -> Purged:
    """Carry it out, in short transactions beside the daemon. Raises StateError where the database cannot be written."""
    counts: Counter[str] = Counter()
    emptied: Counter[str] = Counter()
    total = last_purge(remembered.value(con, PURGING)) or LastPurge(at=now)

    def removed(some: Counter[str], *, cases: int = 0) -> Counter[str]:
        """Count it in its own transaction."""
        nonlocal total
        copies = total.copies + some["messages"] + some["mails"]
        total = LastPurge(at=now, cases=total.cases + cases, copies=copies)
        remember(con, PURGING, total.to_text(), now)
        return some

    for name, expired, drop in _EMPTIED if periods.original_days else ():
        rows = expired(con, _empty_before(periods, now))
        for start in range(0, len(rows), AT_ONCE):
            with transaction(con):
                dropped = Counter(mails=drop(con, rows[start : start + AT_ONCE]))
                emptied[name] += removed(dropped).total()
    before, staff = _erase_before(periods, now), policy.people.staff
    done: list[str] = []
    for case, number in erase.expired_cases(con, before).items():
        with transaction(con):
            if erase.is_expired(con, before, case):  # not reopened meanwhile
                scope = personal.with_mail_about(con, personal.of_case(con, case, staff))
                counts += removed(erase.erase_person(con, scope, now), cases=1)
                add_event(con, case, "erased", {"by": by, "why": "retention"}, now)  # `oacmail why` shows it
                done.append(number)
    loose = erase.expired_messages(con, before)
    for start in range(0, len(loose), AT_ONCE):
        with transaction(con):
            some = personal.of_messages(con, loose[start : start + AT_ONCE], staff)
            counts += removed(erase.erase_person(con, some, now))
    if total.cases or total.copies:
        with transaction(con):  # emptied copies have no event of their own
            data = {"by": by, "cases": total.cases, "copies": total.copies}
            add_event(con, None, "purged", data, now)
            ledger.forget(con, policy.secrets)
            con.execute("DELETE FROM kv WHERE key = ?", (PURGING,))
    return Purged(cases=tuple(done), counts=dict(+counts), emptied=dict(+emptied), total=total)


# --- Nightly ---------------------------------------------------------------------------------------------------------
# The nightly purge, on a connection of its own: the daemon's is shared by its threads.

ACCOUNT = "nightly"  # the `by` of its events


def periods(config: Config) -> Periods:
    return Periods(
        original_days=config.privacy.original_days,
        retention_months=config.privacy.retention_months,
    )


def nightly_purge(config: Config, now: datetime) -> Purged:
    """Purge, and empty the write-ahead log if nobody reads at this moment. Raises Transient, ConfigError."""
    policy = wiring.live_policy(config)
    with wiring.open_writable(config) as con:
        done = purge(con, policy, periods(config), now, by=ACCOUNT)
        with transaction(con):
            remember(con, PURGED, done.total.to_text(), now)
        erase.empty_log(con)
    return done
