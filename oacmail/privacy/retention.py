"""What the database still holds after a case is over, for how long (GDPR art. 5.1.e), and the purge of each night.

`privacy.original_days` after a case was closed its stored messages and mails are emptied, since the mailbox keeps
them; `privacy.retention_months` after it the case is erased as a forgotten person's is. Neither an open case nor the
mailbox is ever touched. Each case is a transaction of its own: an interrupted run goes on where it ended.
"""

import sqlite3
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from dateutil.relativedelta import relativedelta

from oacmail import wiring
from oacmail.config import Config
from oacmail.core.policy import Policy
from oacmail.core.review import LastPurge
from oacmail.core.stored_values import PURGED
from oacmail.store import erase, ledger, personal
from oacmail.store.connection import stamp, transaction
from oacmail.store.writing import add_event, remember

AT_ONCE = 200  # rows of a transaction: the daemon waits for it


@dataclass(frozen=True, slots=True, kw_only=True)
class Periods:
    """`original_days`: 0 = never. `retention_months`: 1 or more."""

    original_days: int
    retention_months: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Purged:
    """`cases`: numbers of the cases that were erased, or would be; `counts`: rows by table, `emptied` those of which
    only the bytes went."""

    cases: tuple[str, ...]
    counts: Mapping[str, int]
    emptied: Mapping[str, int]

    @property
    def copies(self) -> int:
        """Messages and mails of which nothing is kept any more, or no bytes."""
        return sum(self.counts.get(one, 0) for one in ("messages", "mails")) + sum(self.emptied.values())


def preview(con: sqlite3.Connection, periods: Periods, now: datetime) -> Purged:
    """Return what a purge would do now."""
    cases = erase.expired_cases(con, _erase_before(periods, now))
    counts = Counter(cases=len(cases), messages=len(erase.expired_messages(con, _erase_before(periods, now))))
    emptied: Counter[str] = Counter()
    if periods.original_days:
        emptied["originals"] = len(erase.expired_originals(con, _empty_before(periods, now)))
        emptied["mails"] = len(erase.expired_mails(con, _empty_before(periods, now)))
    return Purged(cases=tuple(cases.values()), counts=dict(+counts), emptied=dict(+emptied))


def _erase_before(periods: Periods, now: datetime) -> str:
    return stamp(now - relativedelta(months=periods.retention_months))


def _empty_before(periods: Periods, now: datetime) -> str:
    return stamp(now - timedelta(days=periods.original_days))


def purge(con: sqlite3.Connection, policy: Policy, periods: Periods, now: datetime, *, by: str) -> Purged:
    """Carry it out, in short transactions beside the daemon. Raises StateError where the database cannot be written."""
    emptied: Counter[str] = Counter()
    if periods.original_days:
        old = _empty_before(periods, now)
        for name, expired, drop in (
            ("originals", erase.expired_originals(con, old), erase.drop_originals),
            ("mails", erase.expired_mails(con, old), erase.empty_mails),
        ):
            for start in range(0, len(expired), AT_ONCE):
                with transaction(con):
                    emptied[name] += drop(con, expired[start : start + AT_ONCE])
    before, staff = _erase_before(periods, now), policy.people.staff
    counts: Counter[str] = Counter()
    done: list[str] = []
    for case, number in erase.expired_cases(con, before).items():
        with transaction(con):
            if erase.is_expired(con, before, case):  # not reopened meanwhile
                scope = personal.with_mail_about(con, personal.of_case(con, case, staff))
                counts += erase.erase_person(con, scope, now)
                add_event(con, case, "erased", {"by": by, "why": "retention"}, now)  # `oacmail why` shows it
                done.append(number)
    loose = erase.expired_messages(con, before)
    for start in range(0, len(loose), AT_ONCE):
        with transaction(con):
            some = personal.of_messages(con, loose[start : start + AT_ONCE], staff)
            counts += erase.erase_person(con, some, now)
    found = Purged(cases=tuple(done), counts=dict(+counts), emptied=dict(+emptied))
    if found.cases or found.copies:
        with transaction(con):  # emptied copies have no event of their own
            data = {"by": by, "cases": len(found.cases), "copies": found.copies}
            add_event(con, None, "purged", data, now)
            ledger.forget(con, policy.secrets)
    return found


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
        last = LastPurge(at=now, cases=len(done.cases), copies=done.copies)
        with transaction(con):
            remember(con, PURGED, last.to_text(), now)
        erase.empty_log(con)
    return done
