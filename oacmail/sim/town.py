"""The town: its office, its people's mailboxes, what really happened, and a heap of events on one clock.

Deeds come from a plan; what follows from them (a relay that is well again, copies that arrive late) is laid on the
same heap. After each event the service has a turn, by chance in whole or in part, as the loops of the daemon might
have it; between them it has one an hour by day. It decides no deed and judges nothing.
"""

import heapq
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from functools import partial
from hashlib import sha256
from itertools import count
from pathlib import Path
from random import Random

from oacmail import config as settings
from oacmail import wiring
from oacmail.adapters.store import SqliteStore, admin
from oacmail.config import Config
from oacmail.config.servers import SmtpSection, TrustSection
from oacmail.engine import Engine
from oacmail.sim import post
from oacmail.sim.cast import CITIZENS
from oacmail.sim.clock import PlayedClock
from oacmail.sim.ledger import Ledger
from oacmail.sim.mailbox import Box, PlayedMailbox
from oacmail.sim.office import SimulatedOffice
from oacmail.sim.plan import Plan, SimulatedAction
from oacmail.sim.relay import MX, PlayedRelay, arrived

SECRET = b"a secret of a town that does not exist"
INSTANCE = "5170a17e"
DAY_HOURS = range(6, 22)
NIGHT_STEP = 3
QUIET_HOURS = (0, 6, 12, 18)
BACKUP_HOUR = 3
CALM_AFTER = timedelta(hours=5)  # a mail that was put off comes again within the hour; a doubt ends within four
_PROVEN = {citizen.address: citizen.proven for citizen in CITIZENS}
_MARK = re.compile(rb"^X-Oacmail:[^\r\n]*(?:\r?\n[ \t][^\r\n]*)*", re.MULTILINE | re.IGNORECASE)
_KEY = re.compile(rb"\bk=([^;\s]*)")
_MESSAGE_ID = re.compile(rb"^Message-ID:\s*(<[^>]*>)", re.MULTILINE | re.IGNORECASE)

Event = Callable[[], str]


class SimulatedTown(SimulatedOffice):
    """`on_line` gets every line of the story: the true moment, who, what, and what came of it.

    `wrong`: what is not well now. `down`: the service does not run. `doom`: where it is killed at its next turn.
    """

    def __init__(self, config: Config, plan: Plan, state: Path, on_line: Callable[[datetime, str, str, str], None]):
        self.plan, self.ledger, self.on_line = plan, Ledger(), on_line
        self.wrong: dict[str, int] = {}
        self.well_since = plan.begins.astimezone(UTC)
        self.down, self.doom, self.restored = False, "", 0
        self.restored_at: datetime | None = None
        self.skews: list[tuple[datetime, datetime]] = []
        self.unread: list[tuple[datetime, datetime]] = []
        self.snapshot: Mapping[str, Box] | None = None
        self.backup: tuple[datetime, Path] | None = None
        self._heap: list[tuple[datetime, int, str, str, Event]] = []
        self._order, self._last = count(), ""
        clock, mailbox = PlayedClock(plan.begins), PlayedMailbox()
        relay = PlayedRelay(mailbox, clock, config.office.address)
        config = _played(config, state)
        policy = settings.policy(
            config, workdays=wiring.deadline_calendar(config), secrets=(SECRET,), instance=INSTANCE
        )
        renderer = wiring.renderer(config, policy)  # one for all processes of this house: compiled once

        def engine(_: Config, store: SqliteStore) -> Engine:
            return Engine(policy=policy, store=store, renderer=renderer, clock=clock)

        super().__init__(config, clock=clock, mailbox=mailbox, relay=relay, engine=engine)
        self.zone = config.office.timezone

    # --- time -------------------------------------------------------------------------------------

    def later(self, at: datetime, who: str, what: str, event: Event) -> None:
        heapq.heappush(self._heap, (at, next(self._order), who, what, event))

    def step(self) -> bool:
        """The next event, and the service's turn after it; False = there is none before the end."""
        if not self._heap or self._heap[0][0] >= self.plan.ends:
            return False
        at, _, who, what, event = heapq.heappop(self._heap)
        self.clock.set(at)
        self._last = who
        came_of_it = event()
        if came_of_it:
            self.on_line(at, who, what, came_of_it)
        if not self.down and (came_of_it or who == "the hour"):
            self._works(Random(f"{self.plan.seed}:{at.isoformat()}:{what}"), whole=who == "the hour")
        return True

    def _works(self, chance: Random, *, whole: bool) -> None:
        loops = ["sync", "tick", "drain"]
        chance.shuffle(loops)
        work = self.turn if whole else partial(self._some, loops[: chance.randint(1, 3)])
        if not self.doom:
            work()
        elif self.kill_if_it_comes_to(self.doom, work):
            self.on_line(self.clock.true(), "misfortune", "the service is killed", self.doom)
            self.doom = ""

    def _some(self, loops: Sequence[str]) -> None:
        for loop in loops:
            getattr(self, loop)()

    def hours(self) -> None:
        """The service's turns between events, from now to the end: hourly by day, every third hour at night."""
        at = self.plan.begins.astimezone(UTC)
        while at < self.plan.ends:
            hour = at.astimezone(self.zone).hour
            if hour in DAY_HOURS or hour % NIGHT_STEP == 0:
                nightly = self._night if hour == BACKUP_HOUR else lambda: ""
                late = Random(f"hours:{self.plan.seed}:{at.isoformat()}").choice((0, 20, 60, 1500))
                self.later(at + timedelta(seconds=late), "the hour", "", nightly)
            at += timedelta(hours=1)

    def _night(self) -> str:
        """Backups of the mail server and of the database; the service compares all places."""
        self.compare = True
        if not self.wrong:
            self.snapshot = self.mailbox.snapshot()
        if not self.down:
            target = self.config.office.state.parent / f"backup-{self.clock.true():%Y%m%d%H%M%S}"
            admin.backup(self.config.office.state, target, (SECRET,), self.clock.now())
            if self.backup is not None:
                self.backup[1].unlink()
            self.backup = (self.clock.true(), target)
        return ""

    # --- what is wrong ----------------------------------------------------------------------------

    def goes_wrong(self, name: str, lasts: timedelta, ends: Callable[[], None]) -> str:
        """Something is not well from now on, and is again after a while."""
        began = self.clock.true()
        self.wrong[name] = self.wrong.get(name, 0) + 1
        until = min(began + lasts, self.plan.ends.astimezone(UTC) - timedelta(seconds=1))

        def well() -> str:
            ends()
            self.wrong[name] -= 1
            if not self.wrong[name]:
                del self.wrong[name]
            self.well_since = max(self.well_since, self.clock.true())
            return "over"

        self.later(max(until, began), "misfortune", name, well)
        return f"till {until.astimezone(self.zone):%a %d %b %H:%M}"

    @property
    def resting(self) -> bool:
        """At one of the day's quiet moments, when all has been well long enough for what was left undone."""
        local = self.clock.true().astimezone(self.zone)
        quiet = local.hour in QUIET_HOURS and self._last == "the hour"
        return quiet and not self.wrong and not self.doom and self.clock.true() - self.well_since >= CALM_AFTER

    # --- mail -------------------------------------------------------------------------------------

    def number(self, deed: SimulatedAction) -> str:
        return f"{self.plan.seed}:{deed.number}"

    def deliver(self, mail: EmailMessage, *, envelope: str | None = None, verdict: str | None = None) -> None:
        """By SMTP through our exchanger, which says of DMARC what the sender's provider is known for."""
        sender = str(mail["From"])
        domain = sender.rpartition("@")[2]
        said = ("pass" if _PROVEN.get(sender, True) else "") if verdict is None else verdict
        results = f"dmarc={said} header.from={domain}" if said else ""
        raw = arrived(
            post.as_bytes(mail), sender if envelope is None else envelope, self.office_address, self.clock, results
        )
        self.mailbox.append("INBOX", raw, self.clock.true())

    @property
    def office_address(self) -> str:
        return self.config.office.address

    def keys_in_the_mailbox(self) -> set[str]:
        """Keys of our own mails whose copies lie there."""
        return {
            key[1].decode()
            for name in self.mailbox.boxes
            for raw in self.mailbox.raws(name)
            if (mark := _MARK.search(raw.partition(b"\r\n\r\n")[0])) and (key := _KEY.search(mark[0]))
        }

    def id_of(self, raw: bytes) -> str:
        found = _MESSAGE_ID.search(raw.partition(b"\r\n\r\n")[0])
        return found[1].decode() if found else ""

    def ids_in_the_mailbox(self) -> set[str]:
        """Message-IDs of what lies where the service looks."""
        return {self.id_of(raw) for name in ("INBOX", "Sent") for raw in self.mailbox.raws(name)}

    def ids_in_the_database(self) -> set[str]:
        return {row[0] for row in self.store.con.execute("SELECT message_id FROM messages")}

    def forget_what_is_lost(self) -> None:
        """After a restore: what lies in neither is gone, and mails that nothing proves any more may go again."""
        here = self.ids_in_the_mailbox() | self.ids_in_the_database()
        sent = [str(answer.mail["Message-ID"]) for answer in self.ledger.answers if answer.mail is not None]
        self.ledger.lose(name for name in (*self.ledger.written, *sent) if name not in here)
        proven = {row[0] for row in self.store.con.execute("SELECT key FROM outbox WHERE state = 'sent'")}
        self.relay.unproven |= {mail.key for mail in self.relay.given} - self.keys_in_the_mailbox() - proven

    def token_of(self, mail: EmailMessage) -> str:
        return str(mail["Subject"]).partition("]")[0].strip("[ ")


def _played(config: Config, state: Path) -> Config:
    """Rules and calendar of the house; its servers and state are the town's own."""
    trust = TrustSection(provider="postfix", authserv_id=MX, mx=(MX,))
    smtp = SmtpSection.model_validate({"host": "localhost", "per_minute": 0})
    office = config.office.model_copy(update={"state": state})
    imap = config.imap.model_copy(update={"backlog_days": 0})
    return config.model_copy(update={"office": office, "trust": trust, "smtp": smtp, "imap": imap})


def short(text: str) -> str:
    """A name for an id in a story."""
    return sha256(text.encode()).hexdigest()[:6]
