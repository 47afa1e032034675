"""The daemon: three loops (watch, send, tick), each in a thread of its own, and a main thread that handles signals.

A Transient in a loop is an outage: the loop retries at once, then with growing pauses. A Fatal stops the service. The
watchdog is pinged only while every loop makes progress. SIGTERM wakes waiting loops; a message in progress is finished,
and the next start treats a mail in flight as uncertain.
"""

import logging
import random
import signal
import threading
import time
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from datetime import datetime
from types import FrameType
from typing import TYPE_CHECKING

from msgspec import Struct, field

from oacmail import host, wiring
from oacmail.config import Config
from oacmail.core.errors import ConfigError, Fatal, FolderUnreadable, OacmailError, StateError, Transient
from oacmail.core.watched import DAEMON, DISK, OAUTH, ONCE
from oacmail.engine import learning, watch
from oacmail.engine.engine import NightlyJobs
from oacmail.engine.watch import ProblemFlag
from oacmail.host import Systemd
from oacmail.shipped import version
from oacmail.wiring import Parts

if TYPE_CHECKING:
    from apscheduler.schedulers.background import BackgroundScheduler

log = logging.getLogger(__name__)
TICK_SECONDS = 30
LOOK_SECONDS = 5  # `outbox retry` is written by another process, which wakes nobody
STALE_AFTER = 900.0  # a relay may take ten minutes to answer a whole mail
END_WITHIN = 3.0  # seconds for work in progress; systemd and people wait five
REFUSED = "config-refused"  # the code of the problem
STATE = "state"  # the code of the problem

# --- Outages ---------------------------------------------------------------------------------------------------------
# How a loop handles an outage: the pause between two tries, and one log line at its beginning and its end. A connection
# restored at the first retry does not count as an outage.

LONGEST_WAIT = 300.0
LONGEST_NAMED = 1800.0  # a provider asks for up to five minutes, rarely for more
PACE = 60.0  # a server that asks once for so short a pause works: this is no outage yet


class Backoff(Struct):
    """No pause, then 1, 2, 4 … 300 s with jitter; after an error with a minimum pause, that pause, then 300 s. A pause
    that the server names is kept each time, up to half an hour; a short one grows to a minute."""

    errors: int = 0
    paused: int = 0

    @property
    def lasts(self) -> bool:
        return self.errors > 1 or self.paused > 0

    def next(self, at_least: float = 0.0, *, named: bool = False) -> float:
        """Return the seconds to wait before the next try, after one more error with the minimum pause `at_least`."""
        self.errors += 1
        doubling = 2.0 ** min(self.errors - 2, 9)
        if named:
            self.paused += at_least > PACE
            return min(LONGEST_NAMED, max(at_least, min(PACE, doubling))) * random.uniform(1.0, 1.05)  # noqa: S311 - jitter
        if at_least:
            self.paused += 1
            return min(LONGEST_WAIT, at_least if self.paused == 1 else LONGEST_WAIT) * random.uniform(1.0, 1.2)  # noqa: S311 - jitter
        if not self.lasts:
            return 0.0
        return min(LONGEST_WAIT, doubling) * random.uniform(0.8, 1.2)  # noqa: S311 - jitter


class Outage(Struct):
    """An outage of one server in one loop. It is logged again only if it changes, as when a server returns and refuses
    the password."""

    name: str
    kind: str = ""
    _backoff: Backoff = field(default_factory=Backoff)

    @property
    def lasts(self) -> bool:
        return self._backoff.lasts

    def failed(self, error: Transient) -> float:
        """Return the seconds to wait before the next try."""
        pause = self._backoff.next(error.at_least, named=error.named)
        kind = type(error).__name__
        if self.lasts and kind != self.kind:
            event = "still-down" if self.kind else "down"
            log.warning(f"{self.name}.{event}", {"error": str(error), "kind": kind})
            self.kind = kind
        return pause

    def recovered(self) -> bool:
        """Return True if this ends an outage."""
        recovered = self.lasts
        if recovered:
            log.info(f"{self.name}.recovered", {"errors": self._backoff.errors})
        self._backoff, self.kind = Backoff(), ""
        return recovered


class StateOutage(Struct):
    """An outage of the state directory, which affects every loop: it begins with the first loop that it delays, and
    ends when all of these have continued. Thread-safe."""

    _stopped: dict[str, Backoff] = field(default_factory=dict)
    _since: datetime | None = None
    _why: str = ""
    _over: tuple[datetime, str] | None = None
    _guard: threading.Lock = field(default_factory=threading.Lock)

    @property
    def why(self) -> str:
        """Return the database's reason for the current outage; '' if there is none."""
        return self._why

    def failed(self, loop: str, error: StateError, now: datetime) -> float:
        """Return the seconds that this loop must wait before its next try."""
        with self._guard:
            backoff = self._stopped.setdefault(loop, Backoff())
            pause = backoff.next()
            if backoff.lasts and self._since is None:
                log.error("state.down", {"error": str(error)})
                self._since = now
            if self._since is not None:
                self._why = str(error)
            return pause

    def recovered(self, loop: str) -> None:
        with self._guard:
            if self._stopped.pop(loop, None) is not None and self._since is not None and not self._stopped:
                log.info("state.recovered")
                self._over, self._since, self._why = (self._since, self._why), None, ""

    def take_ended(self) -> tuple[datetime, str] | None:
        """Return (since, reason) of an outage that has ended, once: it can be recorded only now."""
        with self._guard:
            over, self._over = self._over, None
            return over


# --- Service ---------------------------------------------------------------------------------------------------------


class Service:
    """`reread` loads and checks the configuration again, for SIGHUP; `export` writes the metrics after each tick."""

    def __init__(
        self, parts: Parts, systemd: Systemd, reread: Callable[[], Config], export: Callable[[Config], None]
    ) -> None:
        self.parts, self.systemd, self.reread, self.export = parts, systemd, reread, export
        self._stop = threading.Event()
        self._mail = threading.Event()
        self._hup = threading.Event()
        self._main = threading.Event()
        self._compare = threading.Event()
        self._state = StateOutage()
        self._unread = ProblemFlag(parts.store, "folder-unread", begins="folder.unread")
        self._full = False
        self._beats: dict[str, float] = {}
        self._fatal: BaseException | None = None
        parts.engine.progress = self._progressing

    def run(self) -> None:
        """Run until SIGTERM or SIGINT, then close all parts. Raises Fatal or ConfigError if a loop cannot continue."""
        try:
            with suppress(Transient):  # no outage holds up mail to staff: the first pass looks then
                self.parts.intake.ledger.look()
        except BaseException:
            self.parts.close()
            raise
        self.parts.engine.begin()
        watch.record_start(self.parts.store, DAEMON, self.parts.engine.now())
        for earlier in ("smtp", REFUSED):  # recorded by an earlier process; the state is checked again
            self.parts.store.problem(earlier, False, self.parts.engine.now())
        wiring.check_calendar(self.parts.config, self.parts.engine)
        self.parts.engine.on_mail = self._mail.set
        self._compare.set()
        for name in ("watch", "send", "tick"):
            self._alive(name)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, self._signalled)
        threads = [
            threading.Thread(target=self._guarded, args=(name, loop), name=name, daemon=True)
            for name, loop in (("watch", self._watch), ("send", self._send))
        ]
        scheduler = self._scheduler()
        for thread in threads:
            thread.start()
        scheduler.start()
        policy = self.parts.engine.policy
        log.info("started", {"version": version(), "instance": policy.instance, "shadow": policy.shadow})
        self.systemd.ready(self._status())
        self._handle_signals()
        self._end(threads, scheduler)
        if self._fatal is not None:
            raise self._fatal

    # --- main thread ------------------------------------------------------------------------------

    def _signalled(self, number: int, _: FrameType | None) -> None:
        (self._hup if number == signal.SIGHUP else self._stop).set()
        self._main.set()

    def _handle_signals(self) -> None:
        interval = min(self.systemd.watchdog_seconds or 30.0, 30.0) / 3
        while not self._stop.is_set():
            self._main.wait(interval)
            self._main.clear()
            if self._hup.is_set():
                self._hup.clear()
                self._reload()
            if self._healthy():
                self.systemd.watchdog()
                self.systemd.status(self._status())

    def _healthy(self) -> bool:
        return all(time.monotonic() - beat < STALE_AFTER for beat in self._beats.values())

    def _status(self) -> str:
        problems, fault = {}, self._state.why
        if not fault:  # otherwise it would wait for the database and block SIGTERM
            try:
                problems = self.parts.store.problems()
            except (StateError, Fatal) as error:
                fault = str(error)
        shadow = self.parts.engine.policy.shadow
        return summary(problems, fault, read=self.parts.delivery.citizens_may, shadow=shadow)

    def _end(self, threads: list[threading.Thread], scheduler: "BackgroundScheduler") -> None:
        self.systemd.stopping()
        self._mail.set()
        self.parts.mailbox.wake()
        scheduler.shutdown(wait=False)
        until = time.monotonic() + END_WITHIN
        for thread in threads:
            thread.join(max(0.1, until - time.monotonic()))
        if self._fatal is None:
            try:
                watch.record_stop(self.parts.store, self.parts.engine.now())
            except StateError as error:
                log.warning("stop.unrecorded", {"error": str(error)})  # the next start counts a crash
        if not any(thread.is_alive() for thread in threads):
            # otherwise a thread waits for a silent server on its own connection, which we must not use
            self.parts.close()
        log.info("stopped")

    def _reload(self) -> None:
        """Apply new rules and templates at once; changes of servers or state directory need a restart.

        A refused reload is recorded: under Type=notify-reload the service itself cannot make `systemctl reload` fail,
        and `check` (ExecReload) does not know what needs a restart.
        """
        self.systemd.reloading()
        reason = ""
        try:
            wiring.reload(self.parts, self.reread())
            log.info("reloaded")
        except ConfigError as error:
            reason = "; ".join(error.findings)
        except OacmailError as error:
            reason = str(error)
        if reason:
            log.error("reload.refused", {"reason": reason})
        try:
            now = self.parts.engine.now()
            self.parts.store.problem(REFUSED, False, now)  # another reason is another problem
            if reason:
                self.parts.store.problem(REFUSED, True, now, reason)
        except StateError as trouble:
            log.warning("reload.unrecorded", {"error": str(trouble)})
        self.systemd.ready(self._status())

    # --- loops ------------------------------------------------------------------------------------

    def _guarded(self, name: str, loop: Callable[[], None]) -> None:
        try:
            loop()
        except BaseException as error:
            if not isinstance(error, ConfigError):  # which says all
                log.critical("loop.died", {"job": name}, exc_info=True)
            self._fail(error)

    def _fail(self, error: BaseException) -> None:
        """End the service; `run` raises the error."""
        self._fatal = error
        self._stop.set()
        self._main.set()

    def _alive(self, name: str) -> None:
        self._beats[name] = time.monotonic()

    def _progressing(self) -> None:
        """A first look at a large mailbox, or twenty mails to a slow relay, may take longer than STALE_AFTER."""
        name = threading.current_thread().name
        if name in self._beats:
            self._alive(name)

    def _watch(self) -> None:
        """Read the mailbox whenever it has news, and after each pause."""
        outage, parts = Outage("imap"), self.parts
        imap = parts.config.imap
        poll = min(imap.poll_seconds, imap.idle_minutes * 60, LONGEST_WAIT)
        while not self._stop.is_set():
            self._alive("watch")
            compare = self._compare.is_set()
            if compare:
                self._compare.clear()  # a request from here on is fulfilled by the next pass
            try:
                # One pass. A folder made by people that cannot be opened is logged and delays no mail.
                error = ""
                try:
                    parts.intake.sync(compare=compare)
                except FolderUnreadable as unread:
                    error = str(unread) or type(unread).__name__
                self._unread.set(bool(error), parts.engine.now(), error)
                # The mailbox was read: what has waited for it may go on.
                if outage.recovered() or not parts.delivery.citizens_may:
                    self._ended("imap")
                if not parts.delivery.citizens_may:
                    parts.delivery.citizens_may = True
                    self._mail.set()
                    self._tick()  # items that waited for the mailbox are due now
                self._state.recovered("watch")
                parts.mailbox.wait(poll)
            except StateError as trouble:
                if compare:
                    self._compare.set()
                self._stop.wait(self._state.failed("watch", trouble, parts.engine.now()))
            except Transient as trouble:
                # until the folders are read again, a citizen's mail may be there as sent
                parts.delivery.citizens_may = False
                self._compare.set()
                self._pause("watch", outage, trouble)
        with suppress(Transient):  # at the next start, then
            parts.intake.ledger.write(at_once=True)

    def _ended(self, server: str) -> None:
        """Record that the server works again, and with it what gives its tokens."""
        for code in (server, OAUTH):
            self.parts.store.problem(code, False, self.parts.engine.now())

    def _pause(self, loop: str, outage: Outage, error: Transient) -> None:
        pause = outage.failed(error)
        if outage.lasts:
            try:
                now = self.parts.engine.now()
                self.parts.store.problem(error.problem or outage.name, True, now, str(error))
                if error.problem:  # the server itself answers, or was not asked
                    self.parts.store.problem(outage.name, False, now)
                self._state.recovered(loop)
            except StateError as trouble:
                self._state.failed(loop, trouble, self.parts.engine.now())
        end = time.monotonic() + pause  # a long one, that a server asks for, is no sign of a stuck loop
        while not self._stop.is_set() and (left := end - time.monotonic()) > 0:
            self._alive(loop)
            self._stop.wait(min(left, LONGEST_WAIT))

    def _send(self) -> None:
        outage = Outage("smtp")
        while not self._stop.is_set():
            self._alive("send")
            self._mail.clear()
            try:
                more = self.parts.delivery.drain()
                if more and outage.recovered():
                    self._ended("smtp")
                self._state.recovered("send")
                if not more:
                    rest, due = float(LOOK_SECONDS), self.parts.store.next_due()
                    if due is not None and self.parts.delivery.citizens_may:
                        rest = min(rest, max((due - self.parts.engine.now()).total_seconds(), 1.0))
                    self._mail.wait(rest)
            except StateError as error:
                self._stop.wait(self._state.failed("send", error, self.parts.engine.now()))
            except Transient as error:
                self._pause("send", outage, error)

    # --- scheduler --------------------------------------------------------------------------------

    def _scheduler(self) -> "BackgroundScheduler":
        """Jobs are in memory: the scheduler wakes, the rows remember. A late job does the work of the missed ones."""
        from apscheduler.schedulers.background import BackgroundScheduler  # `once` needs none

        defaults = {"coalesce": True, "max_instances": 1, "misfire_grace_time": None}
        zone = self.parts.engine.policy.office.timezone
        scheduler = BackgroundScheduler(job_defaults=defaults, timezone=zone)
        nightly_jobs = _nightly_jobs(self.parts, compare=self._compare_places)

        def night() -> None:
            try:
                nightly_jobs.look()
            except OacmailError as error:
                log.warning("night.postponed", {"error": str(error)})

        scheduler.add_job(self._tick, "interval", seconds=TICK_SECONDS)
        scheduler.add_job(night, "interval", seconds=TICK_SECONDS)
        return scheduler

    def _tick(self) -> None:
        try:
            self.parts.store.refuse_newer()  # somebody may have migrated the database during this process
            # An outage of the database that has ended is a problem for one tick, which alerts if it was long. A full
            # disk has its own alert.
            ended = self._state.take_ended()
            recorded = DISK in self.parts.store.problems()
            self._full = recorded or (self._full and bool(ended or self._state.why))
            if ended is not None and not self._full:
                self.parts.store.problem(STATE, True, *ended)
            ticks = self.parts.ticks
            ticks.tick()
            self.parts.store.problem(STATE, False, self.parts.engine.now())
            _look(self.parts)
            ticks.job("metrics", lambda: self.export(self.parts.config))
            ticks.job("memory", self._give_back_memory)
            self._state.recovered("tick")
            self._alive("tick")
        except StateError as error:
            self._state.failed("tick", error, self.parts.engine.now())
            self._alive("tick")
        except (Fatal, ConfigError) as error:
            self._fail(error)
        except Exception:  # a bug: mail continues, and the watchdog restarts the service if no tick succeeds
            log.error("tick.failed", exc_info=True)

    def _give_back_memory(self) -> None:
        """What many messages or a report have needed is not needed for the next one."""
        self.parts.store.empty_cache()
        host.give_back_memory()

    def _compare_places(self) -> None:
        self._compare.set()
        self.parts.mailbox.wake()


# --- Duties ----------------------------------------------------------------------------------------------------------
# What whoever runs does: the service at each tick and every night, `once` with each pass.


def _look(parts: Parts) -> None:
    """The looks of each tick. Raises StateError, Fatal."""
    for name, look in {
        "disk": parts.host_checks.look_at_disk,
        "copies": parts.host_checks.look_at_copies,
        "clock": parts.host_checks.look_at_clock,
        "canary": parts.canary.look,
        "refusals": parts.refusals.look,
        "oauth": parts.grant.look,
        "report": lambda: wiring.publish_report(parts.config, parts.engine),
    }.items():
        parts.ticks.job(name, look)


def _nightly_jobs(parts: Parts, compare: Callable[[], object]) -> NightlyJobs:
    """`compare` has every place of the mailbox compared."""
    jobs: Mapping[str, Callable[[], object]] = {
        "compare": compare,
        "calendar": lambda: wiring.check_calendar(parts.config, parts.engine),
        "tidy": lambda: parts.store.tidy(parts.engine.now()),
        "forgotten": lambda: _forget_again(parts),
        "purge": lambda: _purge(parts),
        "learn": lambda: _learn(parts),
        "records": parts.records.run,
        "ends": parts.ends.run,
    }
    return NightlyJobs(parts.ticks, jobs)


def _forget_again(parts: Parts) -> None:
    """Erase again a person who was forgotten and whose message was read again."""
    from oacmail import privacy  # no start needs it

    if again := privacy.nightly_forgetting(parts.config, parts.engine.now()):
        log.info("forgotten", {"count": again})


def _purge(parts: Parts) -> None:
    if parts.config.privacy.purge:
        from oacmail import privacy

        done = privacy.nightly_purge(parts.config, parts.engine.now())
        log.info("purged", {"kind": "cases", "count": len(done.cases)})
        log.info("purged", {"kind": "originals", "count": done.emptied.get("originals", 0)})


def _learn(parts: Parts) -> None:
    for result in learning.learn(parts.store, parts.engine.parser_config, parts.engine.now()):
        log.info(
            "learned",
            {"kind": result.field, "count": result.corrections, "state": "taken" if result.taken else "refused"},
        )


def once(parts: Parts) -> None:
    """Run one full pass: read all watched folders, tick, send what is due; the first one of a night does the night's
    duties. Raises Transient, Fatal, ConfigError."""
    parts.intake.ledger.look()
    parts.engine.begin()
    watch.record_start(parts.store, ONCE, parts.engine.now())
    parts.intake.sync(compare=True)
    parts.delivery.citizens_may = True
    parts.ticks.tick()
    _nightly_jobs(parts, compare=lambda: None).look()  # each pass compares
    _look(parts)
    while parts.delivery.drain():
        continue


# --- Status line -----------------------------------------------------------------------------------------------------
# First what is unhealthy, then what is in progress.

_NO_FAULT = "calendar_provisional"  # a warning that `status` shows
_PLAINLY = {"config-refused": "the changed configuration was refused"}


def summary(problems: Collection[str], state: str, *, read: bool, shadow: bool) -> str:
    """`problems` are the recorded codes; `state` is why the database cannot be used, or ''; `read`: the mailbox was
    read since the last start or lost connection."""
    if state:
        return f"UNHEALTHY: {state}: nothing can be recorded or sent; see oacmail status"
    goes = "nothing is sent (shadow)" if shadow else "mail goes out"
    words = f"mailbox read, {goes}" if read else "waiting for the mailbox"
    faults = [_PLAINLY.get(code, code) for code in problems if not code.startswith(_NO_FAULT)]
    return f"UNHEALTHY: {', '.join(faults)}; {words}; see oacmail status" if faults else words
