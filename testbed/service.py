"""One process of the service on a state directory. Callers run the three loops of the service in any order.

Store, engine, intake, delivery and templates are the real ones; clock, mailbox and relay are simulated. `kill` ends
the process at a named point like `kill -9`, and starts a new one on the same files.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from email.message import EmailMessage
from itertools import count
from pathlib import Path

from oacmail import reporting, wiring
from oacmail.charts import Drawn
from oacmail.config import Config
from oacmail.core.errors import ConfigError, Transient
from oacmail.core.kinds import MailKind
from oacmail.core.model import MessageRef
from oacmail.core.policy import Policy
from oacmail.core.ports import FolderRead, MessageMeta
from oacmail.engine.delivery import Delivery
from oacmail.engine.engine import Engine, Ticks
from oacmail.engine.intake import Intake
from oacmail.mail.parse import Parser
from oacmail.store.apply import Turn
from oacmail.store.outbox import Due
from oacmail.store.store import SqliteStore
from testbed import messages
from testbed.clock import SimulatedClock
from testbed.database import TownDatabase
from testbed.mailbox import SimulatedMailbox
from testbed.messages import Headers
from testbed.relay import SimulatedRelay

_numbers = count(1)
KILL_POINTS = (
    "before commit",
    "after commit",
    "within a commit",
    "before the hand-over",
    "before RCPT",
    "before the first byte",
    "after the last byte",
    "after places are recorded",
    "before the fetch",
    "after a move",
    "after a move on the board",
    "before a draft is settled",
    "after recovery",
)


def _no_charts(_: object) -> Drawn:
    return Drawn({}, "a simulated town draws nothing")


class Killed(BaseException):
    """`kill -9` at a named point. It is a BaseException so that no handler of the service catches it."""


class KillableStore(SqliteStore):
    """The store with kill points around its commits. `changes`: number of rows that turns wrote; `news`: number of rows
    that anything wrote, without the marks of time that every pass and every tick leaves."""

    def __init__(self, state: Path, at_kill_point: Callable[[str], None]) -> None:
        self.at_kill_point = at_kill_point
        self.changes = self._marks = 0
        super().__init__(state)
        self.con.execute("PRAGMA synchronous=OFF")  # a simulated kill ends the process, never the machine

    @property
    def news(self) -> int:
        return self.con.total_changes - self._marks

    @contextmanager
    def _routine(self) -> Iterator[None]:
        before = self.con.total_changes
        yield
        self._marks += self.con.total_changes - before

    def synced(self, folders: Iterable[FolderRead], now: datetime) -> None:
        with self._routine():
            super().synced(folders, now)

    def passed(self, now: datetime) -> None:
        with self._routine():
            super().passed(now)

    def tick_completed(self, policy: Policy, now: datetime) -> None:
        with self._routine():
            super().tick_completed(policy, now)

    @contextmanager
    def turn(self) -> Iterator[Turn]:
        alone, before = not self.con.in_transaction, self.con.total_changes
        with super().turn() as turn:
            yield turn
            self.changes += self.con.total_changes - before
            self.at_kill_point("before commit" if alone else "within a commit")
        if alone:
            self.at_kill_point("after commit")

    @contextmanager
    def together(self) -> Iterator[None]:
        with super().together():
            yield
            self.at_kill_point("before commit")
        self.at_kill_point("after commit")

    def due(
        self,
        now: datetime,
        most: int,
        staff: frozenset[str] | None,
        waits: Sequence[MailKind] = (),
        kinds: Sequence[MailKind] = (),
    ) -> list[Due]:
        due = super().due(now, most, staff, waits, kinds)
        if due:
            self.at_kill_point("before the hand-over")
        return due

    def sight(
        self, name: str, uidvalidity: int, found: Iterable[MessageMeta], baseline: set[int], now: datetime
    ) -> None:
        places = list(found)
        super().sight(name, uidvalidity, places, baseline, now)
        if places:
            self.at_kill_point("after places are recorded")

    def attempt(self, name: str, uidvalidity: int, uids: Sequence[int], *, alone: bool) -> None:
        super().attempt(name, uidvalidity, uids, alone=alone)
        self.at_kill_point("before the fetch")

    def filed(self, message_refs: Iterable[MessageRef]) -> None:
        self.at_kill_point("after a move")
        super().filed(message_refs)

    def board_arrived(self, moved: Sequence[tuple[str, MessageRef, MessageRef]], now: datetime) -> None:
        self.at_kill_point("after a move on the board")
        super().board_arrived(moved, now)

    def draft_settled(self, key: str, now: datetime) -> None:
        self.at_kill_point("before a draft is settled")
        super().draft_settled(key, now)

    def begin(self, run: str, now: datetime) -> None:
        super().begin(run, now)
        self.at_kill_point("after recovery")


class SimulatedService:
    """`engine` builds the engine of a new process, with the rules and secrets of the caller."""

    store: KillableStore
    engine: Engine
    intake: Intake
    delivery: Delivery

    def __init__(
        self,
        config: Config,
        *,
        clock: SimulatedClock,
        mailbox: SimulatedMailbox,
        relay: SimulatedRelay,
        engine: Callable[[Config, KillableStore], Engine],
        parsing: Parser | None = None,
    ) -> None:
        self.config, self.clock, self.mailbox, self.relay = config, clock, mailbox, relay
        self._engine, self._parsing = engine, parsing or Parser()
        self._kill_point: str | None = None
        self.database = TownDatabase(lambda: self.store.con)
        self.relay.at_kill_point = self._at
        self.start()

    # --- the process ------------------------------------------------------------------------------

    def start(self) -> None:
        """Start a new process on the state directory; it recovers a mail in state sending."""
        self.store = KillableStore(self.config.office.state, self._at)
        self.engine = self._engine(self.config, self.store)
        backlog = timedelta(days=self.config.imap.backlog_days)
        self.intake = Intake(
            engine=self.engine,
            mailbox=self.mailbox,
            backlog=backlog,
            parsing=self._parsing,
            ledger_folder=self.config.imap.ledger,
        )
        self.delivery = Delivery(
            engine=self.engine,
            transport=self.relay,
            per_minute=self.config.smtp.per_minute,
            shared=wiring.shared_budget(self.config),
        )
        self.compare = True
        try:
            with suppress(Transient):
                self.intake.ledger.look()
        except ConfigError:
            self.stop()
            raise
        self.engine.begin()

    def stop(self) -> None:
        self.store.close()

    def restart_process(self) -> None:
        """Stop the process and start a new one."""
        self.stop()
        self.start()

    def kill(self, point: str, work: Callable[[], object]) -> None:
        """Kill `work` at the point and start a new process. Raises AssertionError if it never reaches the point."""
        if not self.kill_if_reached(point, work):
            raise AssertionError(f"the work did not reach the point {point!r}")

    def kill_if_reached(self, point: str, work: Callable[[], object]) -> bool:
        """Like `kill`; return whether `work` reached the point."""
        self._kill_point = point
        try:
            work()
        except Killed:
            self.restart_process()
            return True
        self._kill_point = None
        return False

    def _at(self, point: str) -> None:
        if point == self._kill_point:
            self._kill_point = None
            raise Killed(point)

    # --- mail -------------------------------------------------------------------------------------

    def message(
        self,
        sender: str,
        subject: str,
        text: str,
        *,
        to: str = "",
        number: str = "",
        answers: EmailMessage | None = None,
        refs: Iterable[str] = (),
        headers: Headers = (),
    ) -> EmailMessage:
        """A mail that somebody writes now, to the office if not to others: see `messages.message`."""
        return messages.message(
            sender,
            to or self.office_address,
            subject,
            text,
            at=self.clock.true(),
            number=number or str(next(_numbers)),
            answers=answers,
            refs=refs,
            headers=headers,
        )

    def report_about(
        self, mail: EmailMessage, *, number: str = "", action: str = "failed", status: str = "5.1.1"
    ) -> EmailMessage:
        """The delivery report about a mail: see `messages.delivery_status`."""
        return messages.delivery_status(
            mail,
            self.office_address,
            at=self.clock.true(),
            number=number or str(next(_numbers)),
            action=action,
            status=status,
        )

    def message_by_link(
        self,
        sender: str,
        link: str,
        *,
        subject: str | None = None,
        body: str | None = None,
        below: str = "",
        number: str = "",
        headers: Headers = (),
    ) -> EmailMessage:
        """The mail that a client opens for the link, as it is or as the client or a person has changed it."""
        to, title, text = messages.written_by(link)
        text = (text if body is None else body) + below
        return self.message(sender, title if subject is None else subject, text, to=to, number=number, headers=headers)

    def put_into_sent(self, mail: EmailMessage, at: datetime | None = None) -> int:
        """The copy of a mail that a client saves."""
        return self.mailbox.append("Sent", messages.as_bytes(mail), at or self.clock.true(), seen=True)

    @property
    def office_address(self) -> str:
        return self.config.office.address

    @property
    def policy(self) -> Policy:
        return self.engine.policy

    # --- the three loops --------------------------------------------------------------------------

    def sync(self) -> bool:
        """Scan the mailbox once and record success or failure as the service does; return whether it succeeded."""
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
        wiring.publish_report(self.config, self.engine, draw=_no_charts, compute=reporting.here)

    def drain(self) -> bool:
        """Send every mail that may leave now; return False if the relay failed."""
        try:
            while self.delivery.drain():
                self.store.problem("smtp", False, self.engine.now())
        except Transient:
            self.store.problem("smtp", True, self.engine.now())
            return False
        return True

    def turn(self) -> None:
        """As the service does, without a second pass that would find what the first one left: the mailbox, the database
        and the clock are the same. A mailbox without a board is read again only if it has changed since."""
        before = self._news()
        self.sync()
        changes = self.mailbox.changes
        self.tick()
        self.drain()
        if self.mailbox.changes != changes or (self.policy.board is not None and self._news() != before):
            self.sync()

    def _news(self) -> tuple[object, int, int]:
        return self.store, self.store.news, self.mailbox.changes
