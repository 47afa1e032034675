"""Mail arrives without a pause; the daemon is started and killed with SIGKILL at random moments, again and again, and
so are the servers beside it.

Decides when; never what is harm. After the last kill the daemon runs until nothing is under way any more.
"""

import random
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from tests.chaos.servers import Fallen, falling
from tests.chaos.town import ChaosTown
from tests.e2e.office import RunningOffice
from tests.servers.filter import Filter
from tests.servers.mail_servers import MailServers
from tests.servers.waiting import until

BLIND, AIMED, FILTERED = 0.2, 0.25, 0.3
"""Shares of the kills: at any moment from the start on; when a mail is seen on the line; while the relay has all of a
mail and thinks about it. The others come while the messages that lay waiting are worked."""
SECOND_THOUGHTS = (2.0, 4.0)
"""Seconds of a life that begins while the relay still thinks about a mail of the last one: time to send it again."""
STARTING = (0.05, 0.8)
WORKING = (0.0, 0.5)
AIMS_FOR, SPARES_FOR = 3.0, 10.0
A_LIFE = 1.2
"""Seconds from start to kill, about: for the pace of arrival."""
UNCERTAIN = 10
"""Seconds that a mail without an answer waits for its copy: longer than the relay filters, as 900 are."""
QUIET_WITHIN = 300.0
ON_THE_LINE = "SELECT 1 FROM outbox WHERE state = 'sending'"
SENT_AGAIN = "SELECT 1 FROM outbox WHERE state = 'sending' AND tries > 0"
"""Nothing strikes such a mail: what is in doubt twice is held for a person, as it should be."""
_UNDER_WAY = """SELECT (SELECT count(*) FROM outbox WHERE state = 'sending') AS sending,
(SELECT count(*) FROM outbox WHERE state = 'queued') AS waiting,
(SELECT count(*) FROM sightings WHERE in_flight) AS reading"""
_UNSETTLED = """SELECT 1 FROM sightings WHERE outcome IS NULL OR wanted IS NOT NULL
UNION ALL SELECT 1 FROM outbox WHERE kind <> 'alert' AND state IN ('queued', 'sending', 'uncertain')
OR (state = 'sent' AND copied_at IS NULL AND kind IN ('ack', 'probe'))"""


@dataclass(slots=True)
class UnderWay:
    """How many strikes found a mail on the line, a relay that thought about one, one in the outbox, messages being
    read."""

    sending: int = 0
    filtered: int = 0
    waiting: int = 0
    reading: int = 0

    def __str__(self) -> str:
        sending = f"{self.sending} during a handing over, {self.filtered} while the relay filtered"
        return f"{sending}, {self.waiting} with mail waiting, {self.reading} while reading"

    def note(self, desk: RunningOffice, *, filters: bool) -> None:
        """What the daemon that was struck was at. `filters`: and the relay."""
        self.filtered += filters
        for row in desk.rows(_UNDER_WAY):
            self.sending += row["sending"] > 0
            self.waiting += row["waiting"] > 0
            self.reading += row["reading"] > 0


@dataclass(slots=True)
class Struck:
    """What the kills hit, and how often the servers fell."""

    fallen: Fallen
    kills: int = 0
    hit: UnderWay = field(default_factory=UnderWay)

    def __str__(self) -> str:
        return f"{self.kills} kills ({self.hit}), {self.fallen}"


def office(mail_servers: MailServers, root: str, program: str) -> RunningOffice:
    """Self-copies on, no budgets, doubts settled within seconds; what came before the first start counts too."""
    none = dict.fromkeys(("per_address_hour", "per_address_day", "per_domain_hour"), 0)
    budgets = {**none, "unverified_per_hour": 0}
    desk = RunningOffice(
        mail_servers, Path(root), smtp={"uncertain_seconds": UNCERTAIN}, imap={"backlog_days": 1}, ack=budgets
    )
    desk.program = (sys.executable, "-m", program)
    return desk


def rage(desk: RunningOffice, town: ChaosTown, mind: Filter, *, kills: int, mails: int, seed: int) -> Struck:
    chance = random.Random(seed)
    arriving = _arriving(town, mails, seconds=kills * A_LIFE)
    with falling(desk.mail_servers, town.counter, seed, lambda: spare(desk)) as fallen, arriving:
        struck = Struck(fallen)
        for _ in range(kills):
            _live(desk, mind, chance)
            spare(desk)
            filters = mind.thinking > 0
            desk.kill()
            struck.kills += 1
            struck.hit.note(desk, filters=filters)
    desk.launch()
    return struck


def calm(desk: RunningOffice, messages: int) -> bool:
    """Waits till every message has its outcome, every mail its end, the servers have nothing under way, and the copies
    lie where they belong; False = it never came to that."""
    recorded = "SELECT 1 FROM messages WHERE outcome <> 'ours'"
    try:
        until(lambda: len(desk.rows(recorded)) >= messages and not desk.rows(_UNSETTLED), QUIET_WITHIN, every=0.2)
        until(lambda: desk.mail_servers.postfix.queue() == 0, QUIET_WITHIN, every=0.2)
        desk.passes(2)
    except AssertionError:
        return False
    return True


def _live(desk: RunningOffice, mind: Filter, chance: random.Random) -> None:
    log = desk.root / "log"
    before, thought = log.stat().st_size if log.exists() else 0, mind.thought
    kind, blind, working = chance.random(), chance.uniform(*STARTING), chance.uniform(*WORKING)
    if mind.thinking:
        kind, working = 1.0, chance.uniform(*SECOND_THOUGHTS)
    desk.launch()
    if kind < BLIND:
        _pause(blind)
        return
    until(lambda: log.stat().st_size > before, 20, what="the daemon starts")  # its first line: it begins to work
    if kind < BLIND + AIMED:
        aim(lambda: bool(desk.rows(ON_THE_LINE)))
    elif kind < BLIND + AIMED + FILTERED:
        aim(lambda: mind.thought > thought)
    else:
        _pause(working)


def spare(desk: RunningOffice) -> None:
    """Wait till no mail is on the line once more; a process that is dead already sends nothing more."""
    aim(lambda: not desk.rows(SENT_AGAIN), SPARES_FOR)


def aim(seen: Callable[[], object], seconds: float = AIMS_FOR, every: float = 0.0005) -> None:
    """Till that is seen; or it is not seen in time: so be it."""
    with suppress(AssertionError):
        until(seen, seconds, every=every, patience=1)


@contextmanager
def _arriving(town: ChaosTown, mails: int, seconds: float) -> Iterator[None]:
    """Messages come in little bursts beside us; at the end all have been sent."""
    failed: list[BaseException] = []

    def write() -> None:
        try:
            for _ in town.messages(mails):
                _pause(seconds / mails)
        except BaseException as error:
            failed.append(error)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        yield
    finally:
        writer.join()
    if failed:
        raise failed[0]


def _pause(seconds: float) -> None:
    threading.Event().wait(seconds)
