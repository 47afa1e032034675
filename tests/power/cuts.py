"""Mail lies waiting at a start of the daemon; at a step between two syncs the power goes; the disk is what a cut may
leave of it; the daemon is started on that. Mailbox and relay keep what they have.

Decides when, and what is left; never what is harm.
"""

import os
import random
import signal
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from oacmail.store.connection import FILE
from tests.chaos.storm import ON_THE_LINE, SENT_AGAIN, UnderWay, aim, spare
from tests.chaos.town import ChaosTown
from tests.e2e.office import HOME, RunningOffice
from tests.power import recorder
from tests.power.disk import Disk, Lost, entries, lay, seen
from tests.servers.filter import Filter

FIRST, START, EACH = 900, 240, 90
"""Steps, two for each call: of a first start more than of a later one; of that; for each message from its reading to
its answer. The cut comes at any of them, or when all is done."""
AIMED, FILTERED = 0.1, 0.1
"""Shares of the cuts: when a mail is seen on the line; while the relay has all of a mail and thinks about it."""
FILTERS_FOR = (1.0, 6.0)
"""Seconds that the relay looks at some of our mails before it answers: longer than a machine takes to start again."""
REACHED_WITHIN = 10.0
_DONE = """SELECT (SELECT count(*) FROM messages WHERE outcome <> 'ours') AS read,
(SELECT count(*) FROM outbox WHERE state IN ('queued', 'sending')) AS unsent"""


class Died(Exception):
    """On what the power has left, the daemon cannot go on."""


@dataclass(slots=True)
class PowerCuts:
    """What the cuts hit; how many of them lost something; what was not certain then, and what is missing or torn."""

    cuts: int = 0
    losing: int = 0
    hit: UnderWay = field(default_factory=UnderWay)
    lost: Lost = field(default_factory=Lost)

    def __str__(self) -> str:
        uncertain = f"{self.losing} lost something: of {self.lost.writes} writes and {self.lost.names} names"
        return f"{self.cuts} cuts ({self.hit}; {uncertain} {self.lost.missing} are missing, {self.lost.torn} torn)"

    def add(self, lost: Lost) -> None:
        self.cuts += 1
        self.losing += lost.missing + lost.torn > 0
        self.lost.writes += lost.writes
        self.lost.names += lost.names
        self.lost.missing += lost.missing
        self.lost.torn += lost.torn


def preload(library: Path) -> None:
    """Every daemon that is started from now on has the recorder loaded."""
    os.environ["LD_PRELOAD"] = str(library)
    try:
        HOME.call(("--version",))
    finally:
        del os.environ["LD_PRELOAD"]


def thoughtful(mind: Filter, share: float, seed: int) -> None:
    """From now on the relay filters this share of our mails for seconds."""
    chance = random.Random(seed)
    mind.pause = lambda: chance.uniform(*FILTERS_FOR) if chance.random() < share else 0.0


def storm(
    desk: RunningOffice, town: ChaosTown, mind: Filter, struck: PowerCuts, *, cuts: int, each: int, deaf: bool
) -> None:
    """`cuts`: that lose something; `each`: messages that wait at each start. Raises Died, sqlite3.DatabaseError."""
    chance = random.Random(town.seed)
    desk.state.mkdir(mode=0o700, exist_ok=True)
    writing = town.messages(3 * cuts * each)
    while struck.losing < cuts and struck.cuts < 3 * cuts:
        for _ in range(each):
            next(writing)
        steps = START + EACH * _left(desk, town) + (0 if desk.rows(_DONE) else FIRST)
        kind, cut = chance.random(), chance.randrange(steps)
        log, disk = desk.root / "calls", Disk.of(desk.state)  # after that look, which may leave an empty log
        log.unlink(missing_ok=True)
        aimed = kind < AIMED + FILTERED
        desk.launch(environ=recorder.watching(desk.state, log, cut=None if aimed else cut, deaf=deaf))
        if kind < AIMED:
            _await(desk, town, lambda: desk.rows(ON_THE_LINE))
        elif aimed:
            _await(desk, town, lambda: mind.thinking)
        else:
            _await(desk, town, lambda: False)
        if _ended(desk):
            raise Died(f"the daemon has ended by itself\n{desk.log()}")
        whole = _stopped(desk)
        if desk.rows(SENT_AGAIN):
            whole = False
            desk.signal(signal.SIGCONT)
            spare(desk)
        filters = mind.thinking > 0
        desk.kill()
        struck.hit.note(desk, filters=filters)
        for entry in entries(log):
            disk.perform(entry)
        if whole and disk.now() != seen(desk.state):
            raise AssertionError("the recorder has missed a call")
        left, lost = disk.after_cut(chance)
        lay(desk.state, left)
        struck.add(lost)
    desk.launch()


def _await(desk: RunningOffice, town: ChaosTown, seen: Callable[[], object]) -> None:
    """Till that is seen, or the daemon stands still, has done all or has ended; or none is seen in time: so be it."""
    index = desk.state / f"{FILE}-shm"  # there as soon as the daemon has opened the database: a look creates no file
    aim(
        lambda: _ended(desk) or _stopped(desk) or (index.exists() and (seen() or not _left(desk, town))),
        REACHED_WITHIN,
        every=0.001,
    )


def _stopped(desk: RunningOffice) -> bool:
    """proc(5)"""
    assert desk.process is not None
    return Path(f"/proc/{desk.process.pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"


def _ended(desk: RunningOffice) -> bool:
    assert desk.process is not None
    return desk.process.poll() is not None


def _left(desk: RunningOffice, town: ChaosTown) -> int:
    """How many messages the daemon has not read, and mails it has not sent."""
    return sum((int(row["unsent"] - row["read"]) for row in desk.rows(_DONE)), start=len(town.sent))
