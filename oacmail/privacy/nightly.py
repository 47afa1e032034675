"""The nightly purge, on a connection of its own: the daemon's is shared by its threads."""

from datetime import datetime

from oacmail import wiring
from oacmail.adapters.store.connection import transaction
from oacmail.adapters.store.privacy import traces
from oacmail.adapters.store.write_context import remember
from oacmail.config import Config
from oacmail.core.review import PURGED, LastPurge
from oacmail.privacy.purge import Periods, Purged, purge

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
        traces.empty_log(con)
    return done
