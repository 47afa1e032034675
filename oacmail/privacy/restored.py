"""Forget again what has come back: after a restore or a rebuild, and every night, for messages that were read again.

Who was forgotten is on the list of the database, on that of the database that a restore has set aside, and in the
certificates beside it; what was erased by rows, the database set aside alone can tell. Only what is older than the
erasure goes: whoever has written since then stays.
"""

import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import datetime
from pathlib import Path

from oacmail import wiring
from oacmail.adapters.store.connection import connect_at_rest, schema, stamp, transaction
from oacmail.adapters.store.privacy import forgotten, scope, traces
from oacmail.adapters.store.privacy.erase import end_open_cases, erase
from oacmail.adapters.store.privacy.forgotten import Forgotten
from oacmail.config import Config
from oacmail.core.errors import Transient
from oacmail.core.policy import Policy
from oacmail.core.tokens import name_of_key, person_mark
from oacmail.privacy.certificate import FOLDER, verify
from oacmail.privacy.forget import certified, forget

ACCOUNT = "again"  # the `by` of its events


def nightly_forgetting(config: Config, now: datetime) -> int:
    """Return how many people were erased again. Raises Transient, ConfigError."""
    with wiring.open_writable(config) as con:
        return forget_again(con, wiring.state(config), wiring.live_policy(config), now)


def forget_again(
    con: sqlite3.Connection, state: Path, policy: Policy, now: datetime, replaced: Path | None = None
) -> int:
    """Return how many people and cases were erased again. Raises Transient; sqlite3.DatabaseError where `replaced`, the
    database that was set aside, cannot be read: the lists and certificates were used all the same."""
    with transaction(con):
        forgotten.take_over(con, certificates(state, policy))
    count = _people(con, policy, now)
    if replaced is not None:
        with closing(connect_at_rest(replaced)) as old:
            if "m0010_erasure" in schema(old)[0]:
                with transaction(con):
                    forgotten.take_over(con, forgotten.listed(old))
                count += _people(con, policy, now) + _rows(con, old, policy, now)
    if count:
        traces.wipe(con)
    return count


def certificates(state: Path, policy: Policy) -> Iterator[Forgotten]:
    """Yield what the genuine certificates in the state directory say."""
    for path in sorted((state / FOLDER).glob("erasure-*.json")):
        try:
            found = json.loads(path.read_text("utf-8"))
        except (OSError, ValueError):
            continue  # a certificate that cannot be read says nothing
        if isinstance(found, dict) and verify(policy, found):
            at = stamp(datetime.fromisoformat(found["at"]))
            yield Forgotten(person=found["person"], key=found["key"], at=at)


def _people(con: sqlite3.Connection, policy: Policy, now: datetime) -> int:
    count = 0
    for address, at in forgotten.returned(con, forgotten.listed(con), _marks(policy)):
        if scope.of_person(con, address, at).is_empty:
            continue
        try:
            forget(con, policy, address, now, by=ACCOUNT, even_open=True, until=at)
        except Transient:
            continue  # a mail is being sent at this moment: the next night
        certified(con, policy, address)  # its certificate was written when it was erased first
        count += 1
    return count


def _rows(con: sqlite3.Connection, old: sqlite3.Connection, policy: Policy, now: datetime) -> int:
    with transaction(con):
        cases = forgotten.erased_cases(con, old)
        for case in cases:
            found = scope.of_case(con, case, policy.people.staff)
            end_open_cases(con, found, now)
            erase(con, found, now)
        erase(con, scope.of_messages(con, forgotten.erased_messages(con, old), policy.people.staff), now)
        return len(cases) + forgotten.remember_erased(con, old, now)


def _marks(policy: Policy) -> Callable[[str, str], str | None]:
    keys = {name_of_key(secret): secret for secret in policy.secrets}
    return lambda key, address: person_mark(keys[key], address) if key in keys else None
