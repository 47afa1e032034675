"""What is watched beside the mail: free disk, the clock, revoked grants, the canary, crashes. Each problem is
recorded when it begins and when it ends.
"""

import json
import logging
from collections.abc import Callable, Collection, Sequence
from datetime import date, datetime, timedelta
from socket import gethostname

from msgspec import Struct, field

from oacmail.core import ends, outbox, watched
from oacmail.core.calendar import local_day
from oacmail.core.canary import CODE, VERDICT, envelope_of, moment_of, receiver_of
from oacmail.core.deliverability import Look, Travelled
from oacmail.core.ends import KnownEnd
from oacmail.core.stored_values import (
    CANARY_ALARMED,
    CANARY_BACK,
    CANARY_LAST,
    CANARY_SENT,
    CANARY_VERDICT,
    CRASHES,
    ENDS,
    LATEST,
    OAUTH_REPORTED,
    RECORDS,
    RUNS,
    TRAVELLED,
)
from oacmail.core.watched import (
    CLOCK,
    COPIES,
    DAEMON,
    DISK,
    OAUTH,
    RECOVERED,
    REFUSED,
    SPARE,
    STOPPED,
    is_set_back,
    recent_crashes,
)
from oacmail.engine.engine import Engine
from oacmail.mail.mime.auth import travelled, verdict
from oacmail.store.store import SqliteStore

# --- Problem flag ----------------------------------------------------------------------------------------------------
# A problem is recorded and logged when it begins and ends, not at each check. The first check after a start is always
# recorded, since the database may hold the state of an earlier process.

log = logging.getLogger(__name__)


class ProblemFlag(Struct):
    """`code`: the problem's name in `status`; `begins`: the log event when it begins."""

    store: SqliteStore
    code: str
    begins: str = "problem.degraded"
    _last: bool | None = None

    def set(self, unhealthy: bool, now: datetime, error: str | None = None) -> None:
        """`error`: what the log says of the cause. Raises StateError; the next call then tries again."""
        before = self._last
        if before is unhealthy:
            return
        self.store.problem(self.code, unhealthy, now)
        if unhealthy or before:
            log.warning(self.begins if unhealthy else "problem.recovered", {"problem": self.code, "error": error})
        self._last = unhealthy


# --- Host checks -----------------------------------------------------------------------------------------------------
# Free disk space, and a clock that moves forward, once a tick. A failed check becomes a problem in `status` and an
# alert to the operator while it can still be recorded.

WITHOUT_COPY = timedelta(hours=1)  # how long copies of our mail may be missing


class HostChecks(Struct):
    """`free` returns the free bytes on the disk of the state directory."""

    engine: Engine
    free: Callable[[], int]
    _flags: dict[str, ProblemFlag] = field(default_factory=dict)

    def look_at_disk(self) -> None:
        """Raises StateError."""
        self._is(DISK, self.free() < SPARE, self.engine.now())

    def look_at_copies(self) -> None:
        """Check that copies of our mail still return: they prove that it was sent. Raises StateError."""
        policy, store = self.engine.policy, self.engine.store
        late = False
        # Without copies the query would read every mail that was ever handed over, at each tick.
        if policy.sending.self_copy:
            missing, read = store.without_copy_since(policy.people.staff), store.read_at()
            late = bool(missing and read and read - missing >= WITHOUT_COPY)
        self._is(COPIES, late, self.engine.now())

    def look_at_clock(self) -> None:
        """Raises StateError."""
        store, now = self.engine.store, self.engine.now()
        known = store.recall(LATEST)
        latest = datetime.fromisoformat(known) if known else None
        if latest is None or now > latest:
            store.remember(LATEST, now.isoformat(), now)
        self._is(CLOCK, latest is not None and is_set_back(now, latest), now)

    def _is(self, code: str, unhealthy: bool, now: datetime) -> None:
        self._flags.setdefault(code, ProblemFlag(self.engine.store, code)).set(unhealthy, now)


# --- Grant watch -----------------------------------------------------------------------------------------------------
# The provider gives no tokens any more, or gives them again. The relay may need the same grant, so that the alert by
# mail waits: the admin's own command is run when the problem begins and when it ends; then the operator gets a note by
# mail.


class GrantWatch(Struct):
    """`run`: as for the canary's watch; `since`: since when the problem is recorded, None = it is not."""

    engine: Engine
    run: Callable[[Sequence[str]], str]
    since: Callable[[], datetime | None]

    def look(self) -> None:
        """To be called after each tick, which sends the alerts. Raises StateError."""
        store, now = self.engine.store, self.engine.now()
        since, reported = self.since(), store.recall(OAUTH_REPORTED) or ""
        if store.was_alerted(RECOVERED):
            store.problem(RECOVERED, False, now)
        if since is not None and not reported:
            self._report("down", since, now)
            store.remember(OAUTH_REPORTED, since.isoformat(), now)
        elif since is None and reported:
            self._report("up", datetime.fromisoformat(reported), now)
            if now - datetime.fromisoformat(reported) >= outbox.ALERT_AFTER:
                store.problem(RECOVERED, True, datetime.fromisoformat(reported))
            store.remember(OAUTH_REPORTED, "", now)

    def _report(self, what: str, since: datetime, now: datetime) -> None:
        log.warning("oauth." + what, {"since": since.isoformat()})
        if failed := self.run((OAUTH, what, since.isoformat())):
            self.engine.store.problem(COMMAND, True, now, failed)


# --- Canary ----------------------------------------------------------------------------------------------------------
# If the last canary has not come back in time, a command of the admin's own is run beside the alert by mail, which may
# never arrive; once, and once more when one comes back. It gets no address and no text, only what has happened and
# since when.

COMMAND = "alert-command"  # the code of the problem
MINUTE = timedelta(minutes=1)  # of `canary.limit_minutes`


class CanaryWatch:
    """`run`: runs the admin's command with these words; returns why it failed, '' = it did not, or there is none."""

    def __init__(self, engine: Engine, run: Callable[[Sequence[str]], str]) -> None:
        self.engine, self.run = engine, run
        self._since = engine.now()

    def look(self) -> None:
        """Raises StateError."""
        policy, store = self.engine.policy, self.engine.store
        self._end_old_verdicts()
        last = store.recall(CANARY_SENT)
        if not policy.canary.enabled or policy.shadow or last is None:
            return
        now, alarmed = self.engine.now(), store.recall(CANARY_ALARMED) or ""
        limit = policy.canary.limit_minutes * MINUTE
        back = store.known_at(CANARY_BACK + last)
        if back is not None and (store.recall(CANARY_LAST) or "").partition(" ")[0] != last:
            seconds = max(back - moment_of(last), timedelta(0)).total_seconds()
            store.remember(CANARY_LAST, f"{last} {seconds:.0f}", now)
        # One under another envelope sender says nothing of that which is missing.
        same = envelope_of(last) == envelope_of(alarmed)
        if alarmed and ((back is not None and same) or store.known_at(CANARY_BACK + alarmed) is not None):
            self._report("up", alarmed, now)
        elif not alarmed and back is None and now - max(moment_of(last), self._since) > limit:
            self._report("down", last, now)

    def _end_old_verdicts(self) -> None:
        """Under an envelope that is no longer in use, no test mail will ever bring a better one."""
        policy, store, now = self.engine.policy, self.engine.store, self.engine.now()
        used = outbox.envelopes_in_use(policy) if policy.canary.enabled and policy.canary.send_to else {}
        for name in store.verdicts():
            if name not in used:
                store.problem(f"{VERDICT}:{name}", False, now)
                store.remember(CANARY_VERDICT + name, "", now)

    def _report(self, what: str, key: str, now: datetime) -> None:
        store, since = self.engine.store, moment_of(key)
        shown = since.astimezone(self.engine.policy.office.timezone).isoformat()
        store.problem(CODE, what == "down", now, shown if what == "down" else "")
        store.remember(CANARY_ALARMED, key if what == "down" else "", now)
        log.warning("canary." + what, {"since": since.isoformat()})
        failed = self.run(("canary", what, since.isoformat()))
        store.problem(COMMAND, bool(failed), now, failed)


def note_verdict(engine: Engine, raw: bytes, key: str) -> None:
    """Remember what the receiver outside says of the canary with this key, which has come back. Raises StateError."""
    policy, store, now = engine.policy, engine.store, engine.now()
    envelope, receiver = envelope_of(key), receiver_of(policy.canary.send_to, policy.canary.receiver)
    if not (envelope and receiver):
        return
    said = verdict(raw, receiver)
    shown = {"at": now.isoformat(), "receiver": receiver, **said.results, "ok": said.is_good}
    store.remember(CANARY_VERDICT + envelope, json.dumps(shown), now)
    code = f"{VERDICT}:{envelope}"
    if said.is_good is (code in store.problems()):
        log.warning("problem.recovered" if said.is_good else "problem.degraded", {"problem": code, "error": str(said)})
    store.problem(code, not said.is_good, now, str(said))


# --- Records ---------------------------------------------------------------------------------------------------------
# Whether the town's records in the DNS let our mail arrive, once a night. What our copies show of their way is noted
# when they are read: DKIM's selector and the relay are in no configuration.

SEEN_FOR = timedelta(days=2)  # how long what one copy has shown counts beside what later ones show


def note_travel(store: SqliteStore, raw: bytes, domain: str, now: datetime) -> None:
    """Remember what a copy of our own mail shows. Raises StateError."""
    seen, at = travelled(raw, domain, gethostname()), store.known_at(TRAVELLED)
    if seen is None:
        return
    known = Travelled.from_text(store.recall(TRAVELLED)) if at is not None and now - at < SEEN_FOR else None
    seen = seen.or_else(known)
    if seen != known or (at is not None and now - at > SEEN_FOR / 2):
        store.remember(TRAVELLED, seen.to_text(), now)


class RecordsWatch(Struct):
    """`look`: examines the records, given what our copies show; its result is None if the DNS is not to be asked."""

    engine: Engine
    look: Callable[[Travelled | None], Look | None]

    def run(self) -> None:
        """Where an answer did not come, a look that found nothing tells nothing: the earlier result stays. Raises
        StateError."""
        store, now = self.engine.store, self.engine.now()
        seen = self.look(Travelled.from_text(store.recall(TRAVELLED)))
        if seen is None:
            store.problem(watched.RECORDS, False, now)
            return
        if seen.unseen and not seen.errors:
            return
        cause = "; ".join(f"{error.where}: {error.what}" for error in seen.errors)
        if cause != store.cause(watched.RECORDS):  # another one is another problem
            store.problem(watched.RECORDS, False, now)
        store.problem(watched.RECORDS, bool(cause), now, cause)
        store.remember(RECORDS, seen.to_text(now), now)


# --- Refusals --------------------------------------------------------------------------------------------------------
# A domain that refuses our mail is a problem of its own, so that each has its alert, with the receiver's words.


class RefusalWatch(Struct):
    engine: Engine

    def look(self) -> None:
        """Raises StateError."""
        store, now = self.engine.store, self.engine.now()
        found = {
            f"{REFUSED}:{one.domain}": f"{one.refused}/{one.people}: {one.said}"
            for one in store.refused_by_domain(now)
            if one.is_problem
        }
        known = {code for code in store.problems() if code.startswith(f"{REFUSED}:")}
        for code in sorted(found.keys() ^ known):
            store.problem(code, code in found, now, found.get(code, ""))
            # Without the words, which whoever writes a report has chosen.
            log.warning("problem.degraded" if code in found else "problem.recovered", {"problem": code})


# --- Ends ------------------------------------------------------------------------------------------------------------
# What ends by itself, looked at once a night. Each step towards an end is a problem of its own, of which the operator
# hears; what could not be looked at keeps the end that was known.


class EndsWatch(Struct):
    """`look`: what ends, as known on this day, and the names of what could not be looked at."""

    engine: Engine
    look: Callable[[date], tuple[Sequence[KnownEnd], Collection[str]]]

    def run(self) -> None:
        """Raises StateError, ConfigError, Transient."""
        engine, store = self.engine, self.engine.store
        now = engine.now()
        today = local_day(now, engine.policy)
        known = ends.from_text(store.recall(ENDS))
        seen, unseen = self.look(today)
        found = {end.what: end for end in (*(known[what][0] for what in unseen if what in known), *seen)}
        for what in known.keys() | found.keys():
            code, end = f"{ends.CODE}:{what}", found.get(what)
            step = end.step(today) if end else None
            if known.get(what) != (end, step):
                store.problem(code, False, now)
            if end is not None and step is not None:
                store.problem(code, True, now, f"on {end.on.isoformat()}: {ends.RENEWAL[what]}")
        store.remember(ENDS, ends.to_text(found.values(), today), now)


# --- Run history -----------------------------------------------------------------------------------------------------
# Which processes used the state directory: the kind of the last one, and crashes. `status` reads it when no process
# runs.


def record_start(store: SqliteStore, kind: str, now: datetime) -> None:
    """Record the start of a process of this kind (DAEMON, ONCE). A previous daemon that did not stop has crashed."""
    if kind == DAEMON and store.recall(RUNS) == DAEMON:
        earlier = recent_crashes(store.recall(CRASHES), now)
        store.remember(CRASHES, json.dumps([at.isoformat() for at in (*earlier, now)]), now)
    store.remember(RUNS, kind, now)


def record_stop(store: SqliteStore, now: datetime) -> None:
    """Record that the daemon stopped as requested."""
    store.remember(RUNS, STOPPED, now)
