"""One process of the service on a state directory, with the three loops of the service called in any order.

The store, engine, intake, delivery and templates are the real ones; clock, mailbox and relay are played. `kill` ends
the process at a named point as `kill -9` would, and makes a new one from what the file holds.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

from oacmail import wiring
from oacmail.adapters.store import SqliteStore
from oacmail.adapters.store.store import SqliteTurn
from oacmail.config import Config
from oacmail.core.errors import RelayError, Transient
from oacmail.core.policy import Policy
from oacmail.core.ports.mailbox import MessageMeta, MessageRef
from oacmail.core.ports.store import Claimed
from oacmail.engine import Delivery, Engine, Intake, Ticks
from oacmail.sim.clock import PlayedClock
from oacmail.sim.mailbox import PlayedMailbox
from oacmail.sim.relay import PlayedRelay

POINTS = (
    "before commit",
    "after commit",
    "within a commit",
    "after claim",
    "before RCPT",
    "before the first byte",
    "after the last byte",
    "after places are recorded",
    "before the fetch",
    "after a move",
    "after recovery",
)


class Killed(BaseException):
    """`kill -9` at a named point: nothing that runs may catch it and go on."""


class MortalStore(SqliteStore):
    """The store, with the points between its commits at which a process may die. `changes`: rows that turns wrote."""

    def __init__(self, state: Path, died: Callable[[str], None]) -> None:
        self.died = died
        self.changes = 0
        super().__init__(state)
        self.con.execute("PRAGMA synchronous=OFF")  # processes die here, machines do not

    @contextmanager
    def turn(self) -> Iterator[SqliteTurn]:
        alone, before = not self.con.in_transaction, self.con.total_changes
        with super().turn() as turn:
            yield turn
            self.changes += self.con.total_changes - before
            self.died("before commit" if alone else "within a commit")
        if alone:
            self.died("after commit")

    @contextmanager
    def together(self) -> Iterator[None]:
        with super().together():
            yield
            self.died("before commit")
        self.died("after commit")

    def claim(
        self,
        now: datetime,
        most: int,
        staff: frozenset[str] | None,
        waits: Sequence[str] = (),
        kinds: Sequence[str] = (),
    ) -> list[Claimed]:
        claimed = super().claim(now, most, staff, waits, kinds)
        if claimed:
            self.died("after claim")
        return claimed

    def sight(
        self, name: str, uidvalidity: int, found: Iterable[MessageMeta], baseline: set[int], now: datetime
    ) -> None:
        places = list(found)
        super().sight(name, uidvalidity, places, baseline, now)
        if places:
            self.died("after places are recorded")

    def attempt(self, name: str, uidvalidity: int, uids: Sequence[int], *, alone: bool) -> None:
        super().attempt(name, uidvalidity, uids, alone=alone)
        self.died("before the fetch")

    def filed(self, message_refs: Iterable[MessageRef]) -> None:
        self.died("after a move")
        super().filed(message_refs)

    def begin(self, run: str, now: datetime) -> None:
        super().begin(run, now)
        self.died("after recovery")


class SimulatedOffice:
    """`engine` makes the engine of a new process: with the rules and secrets that the caller wants."""

    store: MortalStore
    engine: Engine
    intake: Intake
    delivery: Delivery

    def __init__(
        self,
        config: Config,
        *,
        clock: PlayedClock,
        mailbox: PlayedMailbox,
        relay: PlayedRelay,
        engine: Callable[[Config, MortalStore], Engine],
    ) -> None:
        self.config, self.clock, self.mailbox, self.relay = config, clock, mailbox, relay
        self._engine = engine
        self._last_words: str | None = None
        self.relay.died = self._at
        self.start()

    # --- the process ------------------------------------------------------------------------------

    def start(self) -> None:
        """A new process on the state directory: what it finds claimed or sending is recovered."""
        self.store = MortalStore(self.config.office.state, self._at)
        self.engine = self._engine(self.config, self.store)
        backlog = timedelta(days=self.config.imap.backlog_days)
        self.intake = Intake(
            engine=self.engine, mailbox=self.mailbox, parser_config=wiring.parser_config(self.config), backlog=backlog
        )
        envelope = wiring.envelopes(self.config, self.engine.policy)
        self.delivery = Delivery(
            engine=self.engine,
            transport=self.relay,
            envelope=lambda kind: envelope.get(kind, self.engine.policy.office.address),
            per_minute=self.config.smtp.per_minute,
        )
        self.compare = True
        self.engine.begin()

    def stop(self) -> None:
        self.store.close()

    def again(self) -> None:
        """Stopped, and started anew."""
        self.stop()
        self.start()

    def kill(self, point: str, work: Callable[[], object]) -> None:
        """`work` is killed at the point, which it must reach; then a new process starts."""
        if not self.kill_if_it_comes_to(point, work):
            raise AssertionError(f"nothing came to the point {point!r}")

    def kill_if_it_comes_to(self, point: str, work: Callable[[], object]) -> bool:
        """Whether it came to the point."""
        self._last_words = point
        try:
            work()
        except Killed:
            self.again()
            return True
        self._last_words = None
        return False

    def _at(self, point: str) -> None:
        if point == self._last_words:
            self._last_words = None
            raise Killed(point)

    @property
    def policy(self) -> Policy:
        return self.engine.policy

    # --- the three loops --------------------------------------------------------------------------

    def sync(self) -> bool:
        """One look at the mailbox, with what the service does when it works and when it fails."""
        try:
            compare, self.compare = self.compare, False
            self.intake.sync(compare=compare)
        except Transient:
            self.delivery.citizens_may, self.compare = False, True
            self.store.problem("imap", True, self.engine.now())
            return False
        self.delivery.citizens_may = True
        self.store.problem("imap", False, self.engine.now())
        return True

    def tick(self) -> None:
        Ticks(engine=self.engine).tick()

    def drain(self) -> bool:
        """All that may leave now leaves; False = the relay is unwell."""
        try:
            while self.delivery.drain():
                self.store.problem("smtp", False, self.engine.now())
        except RelayError:
            self.store.problem("smtp", True, self.engine.now())
            return False
        return True

    def turn(self) -> None:
        """Sync, tick, drain, and a look at the copies that came back."""
        self.sync()
        self.tick()
        self.drain()
        self.sync()
