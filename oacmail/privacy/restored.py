"""Forget again after a restore: a backup that is older than an erasure must not bring anybody back.

The replaced database, which the restore has set aside, says who was forgotten and what was erased. Where it is lost
too, the officer's certificates say it: `forget` each of these people once more.
"""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import datetime
from pathlib import Path

from oacmail.adapters.store.connection import connect_readonly, schema, transaction
from oacmail.adapters.store.privacy import forgotten, scope, traces
from oacmail.adapters.store.privacy.erase import end_open_cases, erase
from oacmail.core.policy import Policy
from oacmail.core.routing.signature import key_name, person_mark
from oacmail.privacy.forget import certified, forget

ACCOUNT = "restore"  # the `by` of its events


def forget_again(con: sqlite3.Connection, replaced: Path, policy: Policy, now: datetime) -> int | None:
    """Return how many people and cases were erased again; None = the replaced database cannot be read."""
    try:
        with closing(connect_readonly(replaced)) as old:
            if "m0010_erasure" not in schema(old)[0]:
                return 0
            return _forgotten_again(con, old, policy, now)
    except sqlite3.DatabaseError:
        return None


def _forgotten_again(con: sqlite3.Connection, old: sqlite3.Connection, policy: Policy, now: datetime) -> int:
    known = set(forgotten.listed(con))
    entries = [entry for entry in forgotten.listed(old) if entry not in known]
    addresses = forgotten.returned(con, entries, _marks(policy))
    for address in addresses:
        forget(con, policy, address, now, by=ACCOUNT, even_open=True)
        certified(con, policy, address)  # the certificate was written when it was erased first
    with transaction(con):
        cases = forgotten.erased_cases(con, old)
        for case in cases:
            found = scope.of_case(con, case, policy.people.staff)
            end_open_cases(con, found, now)
            erase(con, found, now)
        loose = scope.of_messages(con, forgotten.erased_messages(con, old), policy.people.staff)
        erase(con, loose, now)
        forgotten.remember_erased(con, old)
        forgotten.take_over(con, entries)
    traces.wipe(con)
    return len(addresses) + len(cases)


def _marks(policy: Policy) -> Callable[[str, str], str | None]:
    keys = {key_name(secret): secret for secret in policy.secrets}
    return lambda key, address: person_mark(keys[key], address) if key in keys else None
