"""Forget a person: look, refuse while something is open, erase in one transaction, leave no byte in the files.

A dry run is the erasure itself, rolled back, so that its counts are those of the real one. Staff are never forgotten
here: their names in the event log are the town's record of who did what (RD 311/2022, op.exp.8).
"""

import json
import sqlite3
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime

from oacmail.adapters.store import kv
from oacmail.adapters.store.connection import moment, stamp, transaction
from oacmail.adapters.store.privacy import forgotten, mentions, scope
from oacmail.adapters.store.privacy.erase import end_open_cases, erase, erase_mentions
from oacmail.adapters.store.privacy.mentions import Mentions
from oacmail.adapters.store.privacy.scope import Hold, Scope
from oacmail.adapters.store.write_context import remember
from oacmail.core.cases import is_ours
from oacmail.core.errors import Refused, Transient, WrongUsage
from oacmail.core.kinds import IN_FLIGHT
from oacmail.core.policy import Policy
from oacmail.core.tokens import name_of_key, person_mark


@dataclass(frozen=True, slots=True, kw_only=True)
class Forgetting:
    """What was erased, or would be. `holds`: what stands against it; then nothing was erased. `related`: other
    addresses and numbers that the person seems to use, to be forgotten by themselves; `elsewhere`: cases of other
    people that name the person."""

    address: str
    found: bool
    counts: Mapping[str, int] = field(default_factory=dict)
    holds: tuple[Hold, ...] = ()
    related: tuple[str, ...] = ()
    elsewhere: tuple[str, ...] = ()
    since: datetime | None = None


PENDING = "certificate:"  # before a keyed hash, in kv: what was erased and is in no certificate yet


class _RolledBack(Exception):
    """Ends a dry run."""


def person(policy: Policy, text: str) -> str:
    """Return the address as the database has it; a telephone number becomes `tel:+34…`. Raises WrongUsage, Refused."""
    address = text.strip().strip("<>").lower()
    digits = address.removeprefix("tel:")
    if digits.startswith("+") and digits[1:].isdigit():
        return f"tel:{digits}"
    if "@" not in address or any(char.isspace() for char in address):
        raise WrongUsage("this is neither a bare mail address nor a telephone number like +34612345678")
    if is_ours(policy, address):
        raise Refused("this is an address of the office or its staff: what they did is the town's record")
    return address


def forget(
    con: sqlite3.Connection,
    policy: Policy,
    address: str,
    now: datetime,
    *,
    by: str,
    even_open: bool = False,
    dry_run: bool = False,
    until: str = scope.NEVER,
) -> Forgetting:
    """Erase in one transaction; with `until` only what came until then (a time as stored). Raises Transient if a mail
    to the person is being sent at this moment."""
    seen = mentions.find(con, address, scope.needles(con, address), None, until)
    done: list[Forgetting] = []
    with suppress(_RolledBack), transaction(con):
        found = scope.of_person(con, address, until)
        done.append(_forgotten(con, policy, address, found, now, seen=seen, by=by, even_open=even_open, until=until))
        _roll_back(dry_run or (bool(done[0].holds) and not even_open))
    return done[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Uncertified:
    """What a run erased that ended before it wrote its certificate; `since`: when the person was first heard of."""

    counts: Mapping[str, int]
    since: datetime | None


def uncertified(con: sqlite3.Connection, policy: Policy, address: str) -> Uncertified | None:
    mark = person_mark(policy.secrets[-1], address)
    known = kv.value(con, PENDING + mark)
    if known is None:
        return None
    kept = json.loads(known)
    return Uncertified(counts=kept["counts"], since=moment(kept["since"]))


def certified(con: sqlite3.Connection, policy: Policy, address: str) -> None:
    with transaction(con):
        con.execute("DELETE FROM kv WHERE key = ?", (PENDING + person_mark(policy.secrets[-1], address),))


def _roll_back(wanted: bool) -> None:
    if wanted:
        raise _RolledBack


def _forgotten(
    con: sqlite3.Connection,
    policy: Policy,
    address: str,
    found: Scope,
    now: datetime,
    *,
    seen: Mentions,
    by: str,
    even_open: bool,
    until: str,
) -> Forgetting:
    others = mentions.find(con, address, scope.needles(con, address), seen, until)
    holds = (*scope.holds(con, found), *_live(con, others, found))
    related, elsewhere = scope.related(con, found), mentions.named_elsewhere(con, found)
    since = scope.since(con, found)
    if even_open and holds:
        _end(con, found, others, now)
    counts = erase(con, found, now) + erase_mentions(con, others, found)
    if not found.is_empty:
        _recorded(con, found, counts, by, now)
    mark = person_mark(policy.secrets[-1], address)
    if until == scope.NEVER:
        forgotten.add(con, mark, name_of_key(policy.secrets[-1]), now)
    remember(con, PENDING + mark, json.dumps({"counts": counts, "since": since and stamp(since)}), now)
    return Forgetting(
        address=address,
        found=bool(counts),
        counts=dict(counts),
        holds=holds,
        related=related,
        elsewhere=elsewhere,
        since=since,
    )


def _live(con: sqlite3.Connection, others: Mentions, found: Scope) -> list[Hold]:
    rest = replace(found, mails=tuple(sorted(others.mails - set(found.mails))))
    return [Hold(kind="mail", ref=key) for key in scope.mails_on_their_way(con, rest)]


def _end(con: sqlite3.Connection, found: Scope, others: Mentions, now: datetime) -> None:
    everything = replace(found, mails=tuple({*found.mails, *others.mails}))
    if scope.mails_on_their_way(con, everything, IN_FLIGHT):
        raise Transient("a mail about this person is being sent at this moment: run the command again in some minutes")
    end_open_cases(con, everything, now)


def _recorded(con: sqlite3.Connection, found: Scope, counts: Counter[str], by: str, now: datetime) -> None:
    """An event for each case, shown by `oacmail why`; one without a case for what is on none."""
    data = json.dumps({"by": by, "why": "forget"})
    cases: list[int | None] = list(found.cases)
    rows = [(stamp(now), case, data) for case in cases or [None]]
    if counts:
        con.executemany("INSERT INTO events(at, case_id, kind, data) VALUES(?,?,'erased',?)", rows)
