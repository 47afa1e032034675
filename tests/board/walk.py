"""A random walk over the board on a real Dovecot: people move, copy and delete messages, citizens write, agents answer,
deadlines pass, the process is killed. After every few steps folders, cases and events must agree.

    walk = Walk(root, mailbox, seed=1); walk.take(60); walk.moves

The same seed makes the same steps.
"""

from collections.abc import Mapping
from email.message import EmailMessage
from pathlib import Path
from random import Random

from oacmail.core.board import BoardNames, belongs
from oacmail.core.errors import Refused
from oacmail.store import board as rows
from tests.servers.served_mailbox import ServedMailbox
from tests.world import AGENT, World

SECOND = "marta@town.example"
FOLDERS = (
    "INBOX",
    "OAC360/1 Pendents",
    "OAC360/2 En curs/agent",
    "OAC360/2 En curs/marta",
    "OAC360/3 Nivell 2",
    "OAC360/4 Espera resposta",
    "OAC360/5 Resposts",
    "OAC360/6 Tancats",
    "OAC360/8 Automàtics",
    "OAC360/9 Per revisar",
)
NO_LIMITS = dict.fromkeys(
    ("per_address_hour", "per_address_day", "per_domain_hour", "per_domain_day", "unverified_per_hour"), 0
)
EVERY = 20  # steps between two checks


class Walk:
    """`moves`: how many messages people have moved. Raises AssertionError with the seed and the step."""

    def __init__(self, root: Path, mailbox: ServedMailbox, seed: int) -> None:
        self.chance, self.seed, self.step, self.moves = Random(seed), seed, 0, 0
        self.mailbox = mailbox
        self.world = World(
            root,
            mailbox=mailbox,  # type: ignore[arg-type]  # it has the same methods
            board={"enabled": True},
            ack=NO_LIMITS,
            people={"agents": [AGENT, SECOND]},
        )
        self.written: dict[str, EmailMessage] = {}
        self.deleted: set[str] = set()
        self._targets: dict[str, str] = {}
        self.twice: list[str] = []
        mailbox.after_move = self._ours

    def take(self, moves: int) -> None:
        """Walk until people have made so many moves."""
        while self.moves < moves:
            self.step += 1
            names, weights = zip(*STEPS.items(), strict=True)
            (name,) = self.chance.choices(names, weights)
            getattr(self, f"_{name}")()
            if self.chance.random() < 0.6:
                self.world.clock.forward(minutes=self.chance.choice((2, 5, 30)))
                self.world.turn()
            if self.step % EVERY == 0:
                self.check()
        self.check()

    # --- steps ------------------------------------------------------------------------------------

    def _citizen_writes(self) -> None:
        number = self.step
        person = f"persona{number % 12}@example.org"
        text = f"Bon dia, com puc fer el tràmit número {number}? No me'n surto."
        self._keep(self.world.citizen_writes(person, f"Tràmit {number}", text))

    def _citizen_replies(self) -> None:
        if self.written:
            mail = self.chance.choice(list(self.written.values()))
            text = f"Encara espero, és urgent ({self.step})."
            self._keep(self.world.citizen_writes(str(mail["From"]), f"Re: {mail['Subject']}", text, answers=mail))

    def _robot_writes(self) -> None:
        self._keep(self.world.robot_writes(f"robot{self.step}@example.net", f"Fora de l'oficina {self.step}"))

    def _agent_answers(self) -> None:
        if self.written:
            self.world.agent_answers(self.chance.choice(list(self.written.values())))

    def _moves_one(self) -> None:
        self._move(*self._some(1))

    def _moves_some(self) -> None:
        self._move(*self._some(self.chance.randint(2, 6)))

    def _moves_many(self) -> None:
        self._move(*self._some(30))
        self._pass()
        if rows.waiting(self.world.store.con):
            rows.say(self.world.store.con, self.chance.choice(("carry out", "undo")))

    def _copies(self) -> None:
        for folder, uid, message_id in self._some(1):
            self._targets.pop(message_id, None)
            self.mailbox.copy(folder, uid, self.chance.choice(FOLDERS))

    def _expunges_later(self) -> None:
        for folder, uid, message_id in self._some(1):
            self._targets.pop(message_id, None)
            target = self.chance.choice([name for name in FOLDERS if name != folder])
            self.mailbox.copy(folder, uid, target)
            self.mailbox.mark_deleted(folder, uid)
            self.moves += 1
            if self.chance.random() < 0.5:
                self._pass()
            self.mailbox.expunge(folder, uid) if self.mailbox.holds(folder, uid) else None

    def _deletes(self) -> None:
        for folder, uid, message_id in self._some(1):
            self._targets.pop(message_id, None)
            self.deleted.add(message_id)
            self.mailbox.expunge(folder, uid)

    def _renames(self) -> None:
        folder = self.chance.choice(FOLDERS[1:])
        if folder in self.mailbox.names_of_people():
            self._touched(folder)
            self.mailbox.rename(folder, f"OAC360/vell {self.step}")

    def _removes_a_folder(self) -> None:
        folder = self.chance.choice(FOLDERS[1:])
        if folder in self.mailbox.names_of_people() and not self.mailbox.letters(folder):
            self.mailbox.drop_folder(folder)

    def _command(self) -> None:
        cases = self.world.rows("SELECT number FROM cases")
        verb, words = self.chance.choice(
            (("assign", {"name": "marta"}), ("reopen", {}), ("escalate", {}), ("close", {"reason": "contact"}))
        )
        if cases:
            try:
                self.world.order(verb, self.chance.choice(cases)["number"], **words)
            except Refused:
                return

    def _time_passes(self) -> None:
        self.world.clock.forward(hours=self.chance.choice((3, 12, 26)))

    def _restarts(self) -> None:
        self.world.restart_process()

    def _is_killed(self) -> None:
        point = self.chance.choice(("after a move on the board", "before commit", "after commit", "within a commit"))
        self.world.kill_if_reached(point, self.world.turn)

    # --- people -----------------------------------------------------------------------------------

    def _keep(self, mail: EmailMessage) -> None:
        self.written[str(mail["Message-ID"])] = mail

    def _pass(self) -> None:
        self.world.clock.forward(minutes=2)
        self.world.turn()

    def _some(self, most: int) -> list[tuple[str, int, str]]:
        """Some messages on the board: (folder, UID, Message-ID)."""
        found = [
            (folder, uid, message_id)
            for folder in sorted(self.mailbox.names_of_people())
            if folder != "Sent" and folder != "Junk"
            for uid, message_id in sorted(self.mailbox.letters(folder).items())
        ]
        return self.chance.sample(found, min(most, len(found)))

    def _move(self, *letters: tuple[str, int, str]) -> None:
        target = self.chance.choice(FOLDERS)
        if target not in self.mailbox.names_of_people():
            return
        for folder, uid, message_id in letters:
            if folder != target:
                self._targets.pop(message_id, None)
                self.mailbox.move(folder, uid, target)
                self.moves += 1

    def _touched(self, folder: str) -> None:
        for message_id in self.mailbox.letters(folder).values():
            self._targets.pop(message_id, None)

    def _ours(self, message_id: str, target: str) -> None:
        """A message that nobody has touched is moved again only if it belongs elsewhere."""
        if self._targets.get(message_id) == target:
            self.twice.append(message_id)
        self._targets[message_id] = target

    # --- what must hold ---------------------------------------------------------------------------

    def check(self) -> None:
        """Let the desk come to rest, then compare."""
        for _ in range(5):
            self._pass()
            if rows.waiting(self.world.store.con):
                rows.say(self.world.store.con, "carry out")
        before = self.mailbox.moves
        self._pass()
        found = {
            "moves without an end": self.mailbox.moves - before,
            "moved twice": self.twice,
            "misplaced": self._misplaced(),
            "lost": self._lost(),
            "unaccounted": self.world.rows("SELECT * FROM sightings WHERE outcome IS NULL"),
            "events disagree": self._events_disagree(),
            # of a message that somebody has deleted the nightly proof says that it is gone
            "problems": self.world.problems() - ({"reconciliation"} if self.deleted else set()),
        }
        wrong = {name: what for name, what in found.items() if what}
        assert not wrong, f"seed {self.seed}, step {self.step}: {wrong}"

    def _misplaced(self) -> list[tuple[str, str, str]]:
        """(message, where it lies, where it belongs)."""
        assert self.world.policy.board is not None
        tree = self.mailbox.tree()
        names = BoardNames(board=self.world.policy.board, separator=tree.separator, prefix=tree.prefix)
        found = []
        for placed in self.world.store.board_placed(None):
            place = belongs(placed.standing)
            if place is not None and names.name(place) != placed.ref.folder:
                found.append((placed.message[:8], placed.ref.folder, names.name(place)))
        return found

    def _lost(self) -> set[str]:
        """Messages that are in no folder though nobody has deleted them."""
        there = {one for folder in self.mailbox.names_of_people() for one in self.mailbox.letters(folder).values()}
        return self.written.keys() - there - self.deleted

    def _events_disagree(self) -> list[tuple[str, str, str]]:
        """Cases whose last event about their end is not what they are: (number, status, event)."""
        last: dict[str, str] = {}
        for row in self.world.rows(
            """SELECT c.number, e.kind, json_extract(e.data, '$.verb') AS verb,
            json_extract(e.data, '$.why') AS why FROM events e
            JOIN cases c ON c.id = e.case_id ORDER BY e.id"""
        ):
            name = row["verb"] if row["kind"] == "ordered" else row["kind"]
            if name in _STATES and row["why"] in (None, "ordered", "second-level"):
                last[row["number"]] = name
        cases: Mapping[str, str] = {row["number"]: row["status"] for row in self.world.rows("SELECT * FROM cases")}
        return [(number, cases[number], name) for number, name in last.items() if cases[number] not in _STATES[name]]


_ANY = ("open", "derived", "waiting", "answered")
_STATES: Mapping[str, tuple[str, ...]] = {
    "opened": ("open", "derived"),
    "closed": ("closed",),
    "close": ("closed",),
    "reopen": _ANY,
    "take-back": ("open",),
    "wait": ("waiting", "open"),
    "escalated": ("derived",),
    "asked-anew": ("open", "derived"),
    "answered": (*_ANY, "closed"),  # another question may wait
}
"""Event -> the states in which it leaves a case until the next of these events."""
STEPS: Mapping[str, float] = {
    "citizen_writes": 5, "citizen_replies": 2, "robot_writes": 1, "agent_answers": 4, "moves_one": 18, "moves_some": 3,
    "moves_many": 0.3, "copies": 1, "expunges_later": 2, "deletes": 0.5, "renames": 0.3, "removes_a_folder": 0.5,
    "command": 3, "time_passes": 2, "restarts": 1, "is_killed": 2,
}  # fmt: skip
