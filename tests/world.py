"""A town in one process: the real store, engine, intake, delivery and templates on a simulated clock, mailbox, relay.

    world = World(tmp_path, now="2026-11-25 09:00")
    message = world.citizen_writes(ANNA, "Padró", "Com demano un volant?")
    world.turn()                          # sync, tick, drain: what the three loops of the service do
    message = world.citizen_asks(ANNA, "Padró", "Com demano un volant?")  # the same in one: an act, and a turn
    world.advance("2026-11-26 19:59")
    world.agent_answers(message, "Aquí el teniu.")

Local times are written as people say them. `kill` ends the process at a named point as `kill -9` would; `start`
makes a new one from what the file holds.
"""

import tempfile
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from functools import cache
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TypeVar
from zoneinfo import ZoneInfo

from oacmail import config as settings
from oacmail import wiring
from oacmail.config import Config
from oacmail.core.effects import AdminCommand
from oacmail.store import command_line, health
from oacmail.store.connection import FILE
from oacmail.store.store import SqliteStore
from testbed import messages, people
from testbed.clock import SimulatedClock
from testbed.mailbox import SimulatedMailbox
from testbed.messages import arrived, as_bytes
from testbed.office import PROVEN, changed, sections
from testbed.relay import SimulatedRelay
from testbed.service import SimulatedService

OFFICE, ANNA, PERE, MARTA = people.OFFICE, people.ANNA, people.PERE, people.MARTA
SUPERVISOR, OPERATOR, AGENT = people.SUPERVISOR, people.OPERATOR, people.AGENT
TECHNICAL, FORMS = people.TECHNICAL, people.FORMS
STAFF = (SUPERVISOR, OPERATOR, AGENT)
PASS = "dmarc=pass header.from=town.example"
"""What the MX says of a mail of staff whose provider signs."""
MADRID = ZoneInfo("Europe/Madrid")
text_of, links_of, buttons = messages.text_of, messages.links_of, messages.buttons
SECRET = b"a secret of this town alone, for its tests"
P = ParamSpec("P")
T = TypeVar("T")
_DEFAULTS = sections(
    OFFICE,
    town=people.TOWN,
    imap={"user": "oac360", "ledger": ""},
    smtp={"per_minute": 0},
    trust=PROVEN,
    people=people.ROLES,
)


def local(text: str) -> datetime:
    """A moment of the office's zone, from "2026-11-25 09:00" or with seconds."""
    return datetime.fromisoformat(text).replace(tzinfo=MADRID)


@cache
def empty_database() -> bytes:
    """An empty database with all steps of the schema and its ledger begun: each town begins with a copy."""
    with tempfile.TemporaryDirectory() as folder:
        store = SqliteStore(Path(folder))
        store.record([SECRET])
        store.close()
        return (Path(folder) / FILE).read_bytes()


def _and_a_turn(act: Callable[Concatenate[Any, P], T]) -> Callable[Concatenate[Any, P], T]:
    def acted(world: Any, /, *words: P.args, **more: P.kwargs) -> T:
        done = act(world, *words, **more)
        world.turn()
        return done

    return acted


class World(SimulatedService):
    """`settings` go over the defaults by section: `World(tmp_path, ack={"per_hour": 2})`. The mailbox has been read
    once, empty, when it begins. `mailbox`: another one, as of a real server (tests/servers/served_mailbox.py)."""

    def __init__(
        self,
        root: Path,
        *,
        now: str = "2026-11-25 09:00",
        mailbox: SimulatedMailbox | None = None,
        **sections: Mapping[str, Any] | list[Any],
    ) -> None:
        self.root = root
        clock, mailbox = SimulatedClock(local(now)), mailbox or SimulatedMailbox()
        self.sections = _DEFAULTS
        super().__init__(
            self._parsed(sections),
            clock=clock,
            mailbox=mailbox,
            relay=SimulatedRelay(mailbox, clock, OFFICE),
            engine=lambda config, store: wiring.engine(config, store, clock=clock),
        )
        self.sync()

    def _parsed(self, sections: Mapping[str, Mapping[str, Any] | list[Any]]) -> Config:
        self.sections = changed(self.sections, sections)
        config = settings.parse(self.sections, base=self.root)
        key = config.office.state / "token.key"
        if not key.exists():
            key.parent.mkdir(mode=0o700, parents=True)
            key.touch(0o600)
            key.write_bytes(SECRET + b"\n")
            (key.parent / FILE).write_bytes(empty_database())
        return config

    def restart(self, **sections: Mapping[str, Any] | list[Any]) -> None:
        """Stopped, and started again, perhaps with other settings."""
        self.stop()
        self.config = self._parsed(sections)
        self.start()

    def advance(self, to: str) -> None:
        """The clock alone; nothing is done meanwhile."""
        self.clock.set(local(to))

    def live(self, to: str, *, minutes: int | None = None) -> None:
        """Turn after turn until that moment: each hour of service hours and each fourth of the night, or so often."""
        until = local(to)
        while (now := self.clock.now()) < until:
            night = not 7 <= now.astimezone(until.tzinfo).hour < 20
            step = timedelta(minutes=minutes or (240 if night else 60))
            self.clock.set(min(now + step, until.astimezone(UTC)))
            self.turn()

    # --- people -----------------------------------------------------------------------------------

    def deliver(
        self, mail: EmailMessage, *, verdict: str = "", sender: str | None = None, folder: str = "INBOX"
    ) -> int:
        """By SMTP, through our exchanger; `verdict` is what it says of DMARC, `sender` the envelope's."""
        envelope = str(mail["From"]) if sender is None else sender
        raw = arrived(as_bytes(mail), envelope, OFFICE, self.clock.true(), verdict)
        return self.mailbox.append(folder, raw, self.clock.now())

    def citizen_writes(
        self,
        sender: str,
        subject: str = "No puc signar la instància",
        text: str = "Bon dia, com puc signar la instància amb l'idCAT?",
        *,
        answers: EmailMessage | None = None,
        dmarc: str = "pass",
        headers: tuple[tuple[str, str], ...] = (),
    ) -> EmailMessage:
        mail = self.message(sender, subject, text, answers=answers, headers=headers)
        domain = sender.rpartition("@")[2]
        self.deliver(mail, verdict=f"dmarc={dmarc} header.from={domain}" if dmarc else "")
        return mail

    def robot_writes(self, sender: str, subject: str, *, answers: EmailMessage | None = None) -> EmailMessage:
        marks = (("Auto-Submitted", "auto-replied"),)
        mail = self.message(sender, subject, "Sóc fora.", answers=answers, headers=marks)
        self.deliver(mail, sender="")
        return mail

    def staff_writes(self, sender: str, subject: str, text: str, **rest: Any) -> EmailMessage:
        """From an address of staff whose provider signs; `rest`: see `message`."""
        mail = self.message(sender, subject, text, **rest)
        self.deliver(mail, verdict=PASS)
        return mail

    def agent_answers(
        self, message: EmailMessage, text: str = "Bon dia, ho heu de fer així.", *, at: str = ""
    ) -> EmailMessage:
        """From the shared mailbox with an ordinary client, which puts its copy into Sent by APPEND."""
        mail = self.message(OFFICE, "", text, to=str(message["From"]), answers=message)
        self.mailbox.append("Sent", as_bytes(mail), local(at) if at else self.clock.now(), seen=True)
        return mail

    def press(self, link: str, *, sender: str = SUPERVISOR, verdict: str | None = None, **changes: Any) -> EmailMessage:
        """Send the mail that the link opens, and a turn; `changes`: see `message_by_link`."""
        mail = self.message_by_link(sender, link, **changes)
        proven = f"dmarc=pass header.from={sender.rpartition('@')[2]}"
        self.receive(mail, verdict=proven if verdict is None else verdict)
        return mail

    def report_on(self, mail: EmailMessage, *, action: str = "failed", status: str = "5.1.1") -> None:
        """A delivery report arrives about a mail that we or an agent sent."""
        self.deliver(self.report_about(mail, action=action, status=status), sender="")

    def order(self, verb: str, case: str, **words: str) -> None:
        self.engine.perform(AdminCommand(verb=verb, case=case, by="admin", words=words))

    # --- and a turn: each act is read and worked before the next ------------------------------------

    receive = _and_a_turn(deliver)
    citizen_asks = _and_a_turn(citizen_writes)
    robot_says = _and_a_turn(robot_writes)
    agent_replies = _and_a_turn(agent_answers)
    see_in_sent = _and_a_turn(SimulatedService.put_into_sent)
    bounce = _and_a_turn(report_on)
    turn_at = _and_a_turn(advance)

    def staff_says(self, sender: str, subject: str, text: str, **rest: Any) -> EmailMessage:
        mail = self.staff_writes(sender, subject, text, **rest)
        self.turn()
        return mail

    def obey(self, verb: str, case: str, **words: str) -> None:
        self.order(verb, case, **words)
        self.turn()

    # --- looking ----------------------------------------------------------------------------------

    def received(self, address: str, kind: str = "") -> list[EmailMessage]:
        """What somebody received: all, or the mails of this kind of ours."""
        return [mail for mail in self.relay.inboxes[address] if kind in ("", mail["X-Oacmail-Kind"])]

    def texts(self, address: str, kind: str = "") -> list[str]:
        return [text_of(mail) for mail in self.received(address, kind)]

    def subjects(self, address: str) -> list[str]:
        return [str(mail["Subject"]) for mail in self.received(address)]

    def kinds(self, address: str) -> list[str]:
        """What sorts of mail of ours a person received."""
        return [str(mail["X-Oacmail-Kind"]) for mail in self.received(address)]

    def cases(self) -> list[dict[str, Any]]:
        """All cases in the order of their numbers, as `case show --json` has them."""
        numbers = [row["number"] for row in self.rows("SELECT number FROM cases ORDER BY number")]
        return [self.case(number) for number in numbers]

    def case(self, number: str = "") -> dict[str, Any]:
        """This case, or the only one."""
        if not number:
            (row,) = self.rows("SELECT number FROM cases")
            number = row["number"]
        shown = command_line.case(self.store.con, MADRID, self.clock.now(), number)
        assert shown is not None
        return shown

    def mails(self, kind: str = "") -> list[dict[str, Any]]:
        """The outbox, in the order of queueing."""
        rows = self.rows("SELECT * FROM outbox ORDER BY id")
        return [row for row in rows if not kind or row["kind"] == kind]

    def mail(self, kind: str = "ack") -> dict[str, Any]:
        """The only mail of this kind."""
        (mail,) = self.mails(kind)
        return mail

    def reviews(self) -> list[str]:
        """Why messages and cases wait for a person."""
        return [row["reason"] for row in command_line.review(self.store.con, MADRID)]

    def problems(self) -> set[str]:
        return set(health.health(self.store.con, MADRID)["problems"])

    def events(self, kind: str) -> list[dict[str, Any]]:
        return self.rows("SELECT * FROM events WHERE kind = ? ORDER BY id", kind)

    def notes(self) -> list[str]:
        return [row["text"] for row in self.rows("SELECT text FROM notes ORDER BY event_id")]

    def rows(self, query: str, *values: object) -> list[dict[str, Any]]:
        return [dict(row) for row in self.store.con.execute(query, values)]
