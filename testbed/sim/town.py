"""The simulated town: its service, its inboxes, the ground truth, and a heap of events on one clock.

Actions come from a plan; their consequences (a relay that recovers, copies that arrive late) go on the same heap. After
each event the service runs all of its loops or a random part of them; between events it runs once an hour by day. The
town decides no action and checks nothing.
"""

import heapq
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from functools import lru_cache, partial
from hashlib import sha256
from itertools import count
from pathlib import Path
from random import Random

from msgspec.structs import replace

from oacmail import config as settings
from oacmail import wiring
from oacmail.config import Config
from oacmail.config.sections import SmtpSection, TrustSection
from oacmail.core.model import BoardFolder, Message
from oacmail.core.policy import Policy
from oacmail.engine.engine import Engine
from oacmail.mail.parse import Answers, Parser, RawMessage
from oacmail.mail.parser_config import ParserConfig
from oacmail.store import admin, board, rebuilt
from oacmail.store.board import Word
from oacmail.store.store import SqliteStore
from testbed.clock import SimulatedClock
from testbed.mailbox import SimulatedFolder, SimulatedMailbox
from testbed.messages import MX, arrived, as_bytes
from testbed.people import AGENTS, FORMS, OFFICE, REGULARS, TECHNICAL
from testbed.relay import SimulatedRelay
from testbed.service import SimulatedService
from testbed.sim.ground_truth import GroundTruth
from testbed.sim.plan import Plan, SimulatedAction

FOLDERS = ("INBOX", "Sent", "Junk", "Drafts")
SECRET = b"a secret of a town that does not exist"
INSTANCE = "5170a17e"
DAY_HOURS = range(6, 22)
NIGHT_STEP = 3
QUIET_HOURS = (6, 18)
IDLE = timedelta(hours=2)
NEEDED_FOR = timedelta(days=4)  # a backup is made if a restore is planned within these days
BACKUP_HOUR, WORD_HOUR = 3, 9
CALM_AFTER = timedelta(hours=5)  # a deferred mail leaves within the hour; an uncertain one is settled within four
_PROVEN = {citizen.address: citizen.proven for citizen in REGULARS}
_MARK = re.compile(rb"^X-Oacmail:[^\r\n]*(?:\r?\n[ \t][^\r\n]*)*", re.MULTILINE | re.IGNORECASE)
_KEY = re.compile(rb"\bk=([^;\s]*)")
_MESSAGE_ID = re.compile(rb"^Message-ID:\s*(<[^>]*>)", re.MULTILINE | re.IGNORECASE)

Event = Callable[[], str]


class RememberingParser(Parser):
    """In a simulated town the same bytes arrive in several folders and processes: they are read once.
    Another configuration, as after lessons, reads everything anew."""

    def __init__(self) -> None:
        super().__init__()
        self._read: dict[RawMessage, Message] = {}

    def begin(self, parser_config: ParserConfig, ahead: int) -> None:
        if parser_config != self.parser_config:
            self._read.clear()
        super().begin(parser_config, ahead)

    def ask(self, messages: Sequence[RawMessage]) -> Answers:
        return lambda at: self._message(messages[at])

    def _message(self, asked: RawMessage) -> Message:
        if asked not in self._read:
            self._read[asked] = asked.read(self.parser_config)
        return self._read[asked]


class SimulatedTown(SimulatedService):
    """`on_line` gets every line of the story: the true time, who, action and result.

    `active_faults`: name -> count. `down`: the service does not run. `kill_at`: the kill point of its next turn.
    `absent`: agents on holiday, and until when; `pressed`: links of buttons that their addressee has pressed.
    """

    def __init__(self, config: Config, plan: Plan, state: Path, on_line: Callable[[datetime, str, str, str], None]):
        self.plan, self.truth, self.on_line = plan, GroundTruth(), on_line
        self.active_faults: dict[str, int] = {}
        self.healthy_since = plan.begins.astimezone(UTC)
        self.down, self.kill_at, self.restored = False, "", 0
        self.restored_at: datetime | None = None
        self.mailbox_restored_at: datetime | None = None
        self.skews: list[tuple[datetime, datetime]] = []
        self.unread: list[tuple[datetime, datetime]] = []
        self.snapshot: Mapping[str, SimulatedFolder] | None = None
        self.backup: tuple[datetime, Path] | None = None
        self.absent: dict[str, datetime] = {}
        self.pressed: set[str] = set()
        self._rested = (0, 0), datetime.min.replace(tzinfo=UTC)
        self._at_rest: tuple[tuple[object, int, int], datetime] | None = None
        self._heap: list[tuple[datetime, int, str, str, Event]] = []
        self._order, self._last = count(), ""
        clock, mailbox = SimulatedClock(plan.begins), SimulatedMailbox(*FOLDERS)
        relay = SimulatedRelay(mailbox, clock, OFFICE)
        config = of_town(config, state, plan.seed)
        policy = settings.policy(
            config, workdays=wiring.deadline_calendar(config), secrets=(SECRET,), instance=INSTANCE
        )
        # one of each for all processes of this town
        renderer, reading = wiring.renderer(config, policy), wiring.parser_config(config)

        def engine(_: Config, store: SqliteStore) -> Engine:
            return Engine(policy=policy, store=store, renderer=renderer, clock=clock, parser_config=reading)

        super().__init__(config, clock=clock, mailbox=mailbox, relay=relay, engine=engine, parsing=RememberingParser())
        self.zone = config.office.timezone

    # --- time -------------------------------------------------------------------------------------

    def later(self, at: datetime, who: str, what: str, event: Event) -> None:
        heapq.heappush(self._heap, (at, next(self._order), who, what, event))

    def earliest_shown(self, moment: datetime) -> datetime:
        """The earliest time that the service's clock may have shown at a moment before it was set right again."""
        return min((moment, *(begins for begins, ends in self.skews if begins <= moment <= ends)))

    def step(self) -> bool:
        """Run the next event and the turn of the service after it; return False if no event is left."""
        if not self._heap or self._heap[0][0] >= self.plan.ends:
            return False
        at, _, who, what, event = heapq.heappop(self._heap)
        self.clock.set(at)
        self._last = who
        result = event()
        if result:
            self.on_line(at, who, what, result)
        if not self.down and (result or (who == "the hour" and not self._is_idle())):
            self._run_loops(Random(f"{self.plan.seed}:{at.isoformat()}:{what}"), whole=who == "the hour")
        return True

    def _run_loops(self, rng: Random, *, whole: bool) -> None:
        loops = ["sync", "tick", "drain"]
        rng.shuffle(loops)
        work = self.turn if whole else partial(self._run_some, loops[: rng.randint(1, 3)])
        if not self.kill_at:
            work()
        elif self.kill_if_reached(self.kill_at, work):
            self.on_line(self.clock.true(), "fault", "the service is killed", self.kill_at)
            self.kill_at = ""

    def _is_idle(self) -> bool:
        """Whether a turn now would find nothing to do: nothing has come or changed since the last one, less than two
        hours ago, and nothing is due. The hours at which something always happens are never idle."""
        now = self.clock.true()
        if now.astimezone(self.zone).hour in (*QUIET_HOURS, BACKUP_HOUR, self.config.digest.at.hour) or self.kill_at:
            return False
        changes, turn = self._rested
        if changes != (self.mailbox.changes, self.store.changes) or now - turn >= IDLE or self.active_faults:
            return False
        due = rebuilt.next_wake(self.store.con, turn)
        return due is None or due > now

    def turn(self) -> None:
        before = self._news()
        super().turn()
        self._rested = (self.mailbox.changes, self.store.changes), self.clock.true()
        self._at_rest = (self._news(), self.clock.now()) if self._news() == before else None

    def come_to_rest(self) -> None:
        """A turn, unless the last thing that happened was a turn at this moment that had nothing to do."""
        if self._at_rest != (self._news(), self.clock.now()):
            self.turn()

    def _run_some(self, loops: Sequence[str]) -> None:
        for loop in loops:
            getattr(self, loop)()

    def hours(self) -> None:
        """Schedule the turns between events: every hour by day, every third hour at night."""
        at = self.plan.begins.astimezone(UTC)
        while at < self.plan.ends:
            hour = at.astimezone(self.zone).hour
            if hour in DAY_HOURS or hour % NIGHT_STEP == 0:
                nightly = {BACKUP_HOUR: self._night, WORD_HOUR: self._speaks}.get(hour, lambda: "")
                late = Random(f"hours:{self.plan.seed}:{at.isoformat()}").choice((0, 20, 60, 1500))
                self.later(at + timedelta(seconds=late), "the hour", "", nightly)
            at += timedelta(hours=1)

    def _speaks(self) -> str:
        """The operator says what is to become of many moves at once, as after a restore of the database."""
        if self.down or not board.waiting(self.store.con):
            return ""
        word: Word = Random(f"word:{self.plan.seed}:{self.clock.true()}").choice(("carry out", "undo"))
        if word == "undo":
            self.truth.moves.clear()
        return f"{board.say(self.store.con, word)} moves: {word}"

    def _night(self) -> str:
        """Back up mail server and database; the next scan compares all messages."""
        self.compare = True
        if not self.active_faults and self._is_planned("the mailbox is restored"):
            self.snapshot = self.mailbox.snapshot()
        if not self.down and self._is_planned("the database is restored"):
            target = self.config.office.state.parent / f"backup-{self.clock.true():%Y%m%d%H%M%S}"
            admin.backup(self.config.office.state, target, (SECRET,), self.clock.now())
            if self.backup is not None:
                self.backup[1].unlink()
            self.backup = (self.clock.true(), target)
        return ""

    def _is_planned(self, fault: str) -> bool:
        now = self.clock.true()
        return any(now <= action.at < now + NEEDED_FOR for action in self.plan.actions if action.what == fault)

    # --- faults ----------------------------------------------------------------------------

    def start_fault(self, name: str, lasts: timedelta, ends: Callable[[], None]) -> str:
        """Start a fault that ends after `lasts`; return its end as text for the story."""
        began = self.clock.true()
        self.active_faults[name] = self.active_faults.get(name, 0) + 1
        until = min(began + lasts, self.plan.ends.astimezone(UTC) - timedelta(seconds=1))

        def over() -> str:
            ends()
            self.active_faults[name] -= 1
            if not self.active_faults[name]:
                del self.active_faults[name]
            self.healthy_since = max(self.healthy_since, self.clock.true())
            return "over"

        self.later(max(until, began), "fault", name, over)
        return f"till {until.astimezone(self.zone):%a %d %b %H:%M}"

    @property
    def settled(self) -> bool:
        """Whether it is a quiet hour and no fault has been active for `CALM_AFTER`."""
        local = self.clock.true().astimezone(self.zone)
        quiet = local.hour in QUIET_HOURS and self._last == "the hour"
        return (
            quiet
            and not self.active_faults
            and not self.kill_at
            and self.clock.true() - self.healthy_since >= CALM_AFTER
        )

    def present_agents(self) -> list[str]:
        """The agents who are not on holiday; all of them if nobody else is there."""
        agents, now = list(self.policy.people.agents), self.clock.true()
        return [agent for agent in agents if self.absent.get(agent, now) <= now] or agents

    # --- mail -------------------------------------------------------------------------------------

    def number(self, action: SimulatedAction) -> str:
        return f"{self.plan.seed}:{action.number}"

    def deliver(
        self,
        mail: EmailMessage,
        *,
        envelope: str | None = None,
        verdict: str | None = None,
        folder: str = "INBOX",
    ) -> None:
        """Deliver by SMTP through our MX, which reports the DMARC result of the sender's provider."""
        sender = str(mail["From"])
        domain = sender.rpartition("@")[2]
        said = ("pass" if _PROVEN.get(sender, True) else "") if verdict is None else verdict
        results = f"dmarc={said} header.from={domain}" if said else ""
        raw = arrived(
            as_bytes(mail), sender if envelope is None else envelope, self.office_address, self.clock.true(), results
        )
        self.mailbox.append(folder, raw, self.clock.true())

    def keys_in_the_mailbox(self) -> set[str]:
        """Keys of oacmail's own mails whose copies are in the mailbox."""
        return {
            key[1].decode()
            for name in self.mailbox.folders
            for raw in self.mailbox.raws(name)
            if (mark := _MARK.search(raw.partition(b"\r\n\r\n")[0])) and (key := _KEY.search(mark[0]))
        }

    def id_of(self, raw: bytes) -> str:
        return _id_of(raw)

    @property
    def board_folders(self) -> list[str]:
        return [name for name in self.mailbox.folders if name not in (*FOLDERS, self.config.imap.ledger)]

    def ids_in_the_mailbox(self) -> set[str]:
        """Message-IDs in the folders that the service reads."""
        boxes = self.mailbox.folders
        return {
            one.message_id for name in ("INBOX", "Sent", *self.board_folders) for one in boxes[name].messages.values()
        }

    def unreadable_ids(self) -> set[str]:
        """Message-IDs of messages in quarantine (on the review list by folder and UID) or waiting for a retry."""
        boxes = self.mailbox.folders
        places = [(row["folder"], row["uid"]) for row in self.database.unreadable()]
        return {self.id_of(boxes[f].messages[uid].raw) for f, uid in places if uid in boxes[f].messages}

    def drop_lost_messages(self) -> None:
        """After a restore: messages in neither place are lost, and mails without proof of sending may leave again."""
        here = self.ids_in_the_mailbox() | self.database.message_ids()
        sent = [str(answer.mail["Message-ID"]) for answer in self.truth.answers if answer.mail is not None]
        self.truth.lose(name for name in (*self.truth.written, *sent) if name not in here)
        proven = {row["key"] for row in self.database.sent()}
        self.relay.unproven |= {mail.key for mail in self.relay.accepted} - self.keys_in_the_mailbox() - proven

    def token_of(self, mail: EmailMessage) -> str:
        return str(mail["Subject"]).partition("]")[0].strip("[ ")


@lru_cache(maxsize=10_000)  # every check looks at all messages in the mailbox
def _id_of(raw: bytes) -> str:
    found = _MESSAGE_ID.search(raw.partition(b"\r\n\r\n")[0])
    return found[1].decode() if found else ""


@lru_cache(maxsize=10_000)
def short(text: str) -> str:
    """A short name of an id for the story."""
    return sha256(text.encode()).hexdigest()[:6]


# --- the office of a town ---------------------------------------------------------------------------


def has_board(seed: int) -> bool:
    return seed % 2 == 0


def has_one_person(seed: int) -> bool:
    return seed % 4 == 1


def of_town(config: Config, state: Path, seed: int) -> Config:
    """The configuration with its rules and calendar, and with servers, state and people of the simulated town."""
    office = config.office.model_copy(update={"address": OFFICE, "state": state})
    imap = config.imap.model_copy(update={"backlog_days": 0})
    people = {} if has_one_person(seed) else {"agents": tuple(AGENTS), "technical": (TECHNICAL,), "forms": (FORMS,)}
    return config.model_copy(
        update={
            "office": office,
            "imap": imap,
            "smtp": SmtpSection.model_validate({"host": "localhost", "per_minute": 0}),
            "trust": TrustSection(provider="postfix", authserv_id=MX, mx=(MX,)),
            "people": config.people.model_copy(update=people),
            "board": config.board.model_copy(update={"enabled": has_board(seed)}),
            "survey": replace(config.survey, enabled=True),
        }
    )


def board_folder(policy: Policy, folder: BoardFolder, agent: str = "") -> str:
    """The name of a folder of the board on this mail server; `agent`: of the one below it that is the agent's."""
    assert policy.board is not None
    if folder is BoardFolder.INTAKE:
        return "INBOX"
    return "/".join(filter(None, (policy.board.root, policy.board.names[folder], agent)))
