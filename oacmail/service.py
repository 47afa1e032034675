"""The daemon: three loops (watch, send, tick), each in a thread of its own, and a main thread that handles signals.

A Transient in a loop is an outage: the loop retries at once, then with growing pauses. A Fatal stops the service. The
watchdog is pinged only while every loop makes progress. SIGTERM wakes waiting loops; a message in progress is finished,
and the next start treats a mail in flight as uncertain.
"""

import signal
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import FrameType

import structlog
from apscheduler.schedulers.background import BackgroundScheduler

from oacmail import privacy, wiring
from oacmail.config import Config
from oacmail.core.errors import ConfigError, Fatal, FolderUnreadable, OacmailError, StateError, Transient
from oacmail.engine import watch
from oacmail.engine.backoff import LONGEST_WAIT, Outage, StateOutage
from oacmail.engine.engine import summary
from oacmail.engine.ticks import NightlyJobs
from oacmail.engine.watch import DISK, OAUTH, ProblemFlag
from oacmail.host import Systemd
from oacmail.shipped import version
from oacmail.wiring import Parts

log = structlog.get_logger()
TICK_SECONDS = 30
LOOK_SECONDS = 5  # `outbox retry` is written by another process, which wakes nobody
STALE_AFTER = 900.0  # a relay may take ten minutes to answer a whole mail
END_WITHIN = 3.0  # seconds for work in progress; systemd and people wait five
REFUSED = "config-refused"  # the code of the problem
STATE = "state"  # the code of the problem


@dataclass(slots=True)
class Service:
    """`reread` loads and checks the configuration again, for SIGHUP; `export` writes the metrics after each tick."""

    parts: Parts
    systemd: Systemd
    reread: Callable[[], Config]
    export: Callable[[Config], None]
    _stop: threading.Event = field(default_factory=threading.Event)
    _mail: threading.Event = field(default_factory=threading.Event)
    _hup: threading.Event = field(default_factory=threading.Event)
    _main: threading.Event = field(default_factory=threading.Event)
    _compare: threading.Event = field(default_factory=threading.Event)
    _state: StateOutage = field(default_factory=StateOutage)
    _unread: ProblemFlag = field(init=False)
    _full: bool = False
    _beats: dict[str, float] = field(default_factory=dict)
    _fatal: BaseException | None = None

    def __post_init__(self) -> None:
        self._unread = ProblemFlag(self.parts.store, "folder-unread", begins="folder.unread")
        self.parts.engine.progress = self._progressing

    def run(self) -> None:
        """Run until SIGTERM or SIGINT, then close all parts. Raises Fatal or ConfigError if a loop cannot continue."""
        self.parts.engine.begin()
        watch.record_start(self.parts.store, watch.DAEMON, self.parts.engine.now())
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
        log.info("started", version=version(), instance=policy.instance, shadow=policy.shadow)
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

    def _end(self, threads: list[threading.Thread], scheduler: BackgroundScheduler) -> None:
        self.systemd.stopping()
        self._mail.set()
        self.parts.mailbox.wake()
        scheduler.shutdown(wait=False)
        until = time.monotonic() + END_WITHIN
        for thread in threads:
            thread.join(max(0.1, until - time.monotonic()))
        if self._fatal is None:
            self._stopped()
        if not any(thread.is_alive() for thread in threads):
            # otherwise a thread waits for a silent server on its own connection, which we must not use
            self.parts.close()
        log.info("stopped")

    def _stopped(self) -> None:
        try:
            watch.record_stop(self.parts.store, self.parts.engine.now())
        except StateError as error:
            log.warning("stop.unrecorded", error=str(error))  # the next start counts a crash

    def _reload(self) -> None:
        """Apply new rules and templates at once; changes of servers or state directory need a restart."""
        self.systemd.reloading()
        try:
            config = self.reread()
            wiring.reload(self.parts, config)
            log.info("reloaded")
            self._reload_refused("")
        except ConfigError as error:
            self._reload_refused("; ".join(error.findings))
        except OacmailError as error:
            self._reload_refused(str(error))
        self.systemd.ready(self._status())

    def _reload_refused(self, reason: str) -> None:
        """Record a refused reload: under Type=notify-reload the service itself cannot make `systemctl reload` fail, and
        `check` (ExecReload) does not know what needs a restart. '' means it was accepted."""
        if reason:
            log.error("reload.refused", reason=reason)
        try:
            now = self.parts.engine.now()
            self.parts.store.problem(REFUSED, False, now)  # another reason is another problem
            if reason:
                self.parts.store.problem(REFUSED, True, now, reason)
        except StateError as trouble:
            log.warning("reload.unrecorded", error=str(trouble))

    # --- loops ------------------------------------------------------------------------------------

    def _guarded(self, name: str, loop: Callable[[], None]) -> None:
        try:
            loop()
        except BaseException as error:
            log.critical("loop.died", job=name, exc_info=True)
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
        outage = Outage("imap")
        imap = self.parts.config.imap
        poll = min(imap.poll_seconds, imap.idle_minutes * 60, LONGEST_WAIT)
        while not self._stop.is_set():
            self._alive("watch")
            try:
                self._read_mailbox(compare=self._compare.is_set())
                self._mailbox_recovered(outage)
                self._state.recovered("watch")
                self.parts.mailbox.wait(poll)
            except StateError as error:
                self._stop.wait(self._state.failed("watch", error, self.parts.engine.now()))
            except Transient as error:
                # until the folders are read again, a citizen's mail may be there as sent
                self.parts.delivery.citizens_may = False
                self._compare.set()
                self._pause("watch", outage, error)

    def _read_mailbox(self, *, compare: bool) -> None:
        """Read the mailbox. A folder made by people that cannot be opened is logged and delays no mail."""
        error = ""
        if compare:
            self._compare.clear()  # a request from here on is fulfilled by the next pass
        try:
            self.parts.intake.sync(compare=compare)
        except StateError:
            if compare:
                self._compare.set()
            raise
        except FolderUnreadable as trouble:
            error = str(trouble) or type(trouble).__name__
        self._unread.set(bool(error), self.parts.engine.now(), error)

    def _mailbox_recovered(self, outage: Outage) -> None:
        if outage.recovered() or not self.parts.delivery.citizens_may:
            self._ended("imap")
        if not self.parts.delivery.citizens_may:
            self.parts.delivery.citizens_may = True
            self._mail.set()
            self._tick()  # items that waited for the mailbox are due now

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
        self._rest(loop, pause)

    def _rest(self, loop: str, seconds: float) -> None:
        """A long pause that a server asks for is no sign of a stuck loop."""
        end = time.monotonic() + seconds
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
                    self._mail.wait(self._until_next())
            except StateError as error:
                self._stop.wait(self._state.failed("send", error, self.parts.engine.now()))
            except Transient as error:
                self._pause("send", outage, error)

    def _until_next(self) -> float:
        due = self.parts.store.next_due()
        if due is None or not self.parts.delivery.citizens_may:
            return float(LOOK_SECONDS)
        return min(max((due - self.parts.engine.now()).total_seconds(), 1.0), float(LOOK_SECONDS))

    # --- scheduler --------------------------------------------------------------------------------

    def _scheduler(self) -> BackgroundScheduler:
        """Jobs are in memory: the scheduler wakes, the rows remember. A late job does the work of the missed ones."""
        defaults = {"coalesce": True, "max_instances": 1, "misfire_grace_time": None}
        zone = self.parts.engine.policy.office.timezone
        scheduler = BackgroundScheduler(job_defaults=defaults, timezone=zone)
        nightly_jobs = NightlyJobs(self.parts.ticks, self._nightly_jobs())
        scheduler.add_job(self._tick, "interval", seconds=TICK_SECONDS)
        scheduler.add_job(lambda: self._nightly(nightly_jobs), "interval", seconds=TICK_SECONDS)
        return scheduler

    def _tick(self) -> None:
        try:
            self.parts.store.refuse_newer()  # somebody may have migrated the database during this process
            self._record_state_outage()
            ticks = self.parts.ticks
            ticks.tick()
            self.parts.store.problem(STATE, False, self.parts.engine.now())
            ticks.job("disk", self.parts.host_checks.look_at_disk)
            ticks.job("copies", self.parts.host_checks.look_at_copies)
            ticks.job("clock", self.parts.host_checks.look_at_clock)
            ticks.job("canary", self.parts.canary.look)
            ticks.job("oauth", self.parts.grant.look)
            ticks.job("report", lambda: wiring.publish_report(self.parts.config, self.parts.engine))
            ticks.job("metrics", lambda: self.export(self.parts.config))
            self._state.recovered("tick")
            self._alive("tick")
        except StateError as error:
            self._state.failed("tick", error, self.parts.engine.now())
            self._alive("tick")
        except (Fatal, ConfigError) as error:
            self._fatal = error
            self._stop.set()
            self._main.set()
        except Exception:  # a bug: mail continues, and the watchdog restarts the service if no tick succeeds
            log.error("tick.failed", exc_info=True)

    def _record_state_outage(self) -> None:
        """Record an ended outage of the database as a problem for one tick, which alerts if it was long. A full disk
        has its own alert."""
        ended = self._state.take_ended()
        recorded = DISK in self.parts.store.problems()
        self._full = recorded or (self._full and bool(ended or self._state.why))
        if ended is not None and not self._full:
            self.parts.store.problem(STATE, True, *ended)

    def _nightly(self, nightly_jobs: NightlyJobs) -> None:
        try:
            nightly_jobs.look()
        except OacmailError as error:
            log.warning("night.postponed", error=str(error))

    def _nightly_jobs(self) -> Mapping[str, Callable[[], object]]:
        """Compare the mailbox with our records, check the calendar ahead, delete what has waited too long, erase again
        who was forgotten, purge, and learn from corrections."""
        return {
            "compare": self._compare_places,
            "calendar": lambda: wiring.check_calendar(self.parts.config, self.parts.engine),
            "tidy": lambda: self.parts.store.tidy(self.parts.engine.now()),
            "forgotten": self._forget_again,
            "purge": self._purge,
            "learn": self._learn,
        }

    def _compare_places(self) -> None:
        self._compare.set()
        self.parts.mailbox.wake()

    def _forget_again(self) -> None:
        """Erase again a person who was forgotten and whose message was read again."""
        if again := privacy.nightly_forgetting(self.parts.config, self.parts.engine.now()):
            log.info("forgotten", count=again)

    def _purge(self) -> None:
        if self.parts.config.privacy.purge:
            done = privacy.nightly_purge(self.parts.config, self.parts.engine.now())
            log.info("purged", kind="cases", count=len(done.cases))
            log.info("purged", kind="originals", count=done.emptied.get("originals", 0))

    def _learn(self) -> None:
        for one in wiring.learn(self.parts):
            log.info("learned", kind=one.field, count=one.corrections, state="taken" if one.taken else "refused")


def once(parts: Parts) -> None:
    """Run one full pass: read all watched folders, tick, send what is due. Raises Transient, Fatal."""
    parts.engine.begin()
    watch.record_start(parts.store, watch.ONCE, parts.engine.now())
    parts.intake.sync(compare=True)
    parts.delivery.citizens_may = True
    parts.ticks.tick()
    parts.ticks.job("report", lambda: wiring.publish_report(parts.config, parts.engine))
    while parts.delivery.drain():
        continue
