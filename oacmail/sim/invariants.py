"""What must hold in the town after every step, and what must hold once all has been well for a while.

The database is held against the ledger of what really happened, and deadlines against a reckoning of their own, on
dates and the list of holidays alone; no rule of the core is asked. The first breach is raised as `Broken`.
"""

import re
import sqlite3
from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from email import message_from_bytes
from email.message import Message

from oacmail.core.ports.transport import Outgoing
from oacmail.sim.cast import DISOWNED, NEIGHBOURS, ROBOTS
from oacmail.sim.derivations import TO_CITIZENS, Derivations
from oacmail.sim.expected_due import Broken, ExpectedDue, demand, text
from oacmail.sim.office import MortalStore
from oacmail.sim.promises import PATIENCE, Promises
from oacmail.sim.town import SimulatedTown, short

AT_ANY_HOUR = frozenset({"alert", "derived"})
STUCK = timedelta(days=5)
_NUMBER = re.compile(rb"[A-Z]+-\d{4}-\d{6}")


@dataclass(slots=True)
class Watch:
    """Looks on. It remembers what it has seen already, so that each step costs little."""

    town: SimulatedTown
    reckoning: ExpectedDue = field(init=False)
    promises: Promises = field(init=False)
    derivations: Derivations = field(init=False)
    _given: int = 0
    _to_citizens: Counter[tuple[str, str]] = field(default_factory=Counter)
    _messages_acked: dict[tuple[str, str], str] = field(default_factory=dict)
    _acked_as: dict[str, tuple[str, str]] = field(default_factory=dict)
    _restored: int = 0
    _seen: tuple[MortalStore, int] | None = None

    def __post_init__(self) -> None:
        self.reckoning = ExpectedDue(self.town)
        self.promises = Promises(self.town, self.reckoning)
        self.derivations = Derivations(self.town)

    def after_a_step(self) -> None:
        self._mails()
        if self.town.down:
            return
        if self.town.restored != self._restored:
            self._restored = self.town.restored
            self.promises.begin_again()
        store = self.town.store
        if self._seen != (store, store.changes):  # else every clock and case is as it was
            self._seen = (store, store.changes)
            self._clocks_and_cases()

    def _clocks_and_cases(self) -> None:
        self.promises.end_once()
        self.promises.ring_in_time()
        self._strangers()

    def at_rest(self) -> None:
        """All has been well for hours."""
        if self.town.down:
            return
        self._all_accounted()
        self._every_message_once()
        self._every_opening_acknowledged()
        self._numbers_kept()
        self._nothing_stuck()
        self._nothing_only_believed_sent()
        self.promises.agree()
        self.promises.nobody_forgotten()
        self.promises.ends_are_final()

    # --- mails ------------------------------------------------------------------------------------

    def _mails(self) -> None:
        given = self.town.relay.given
        for mail in given[self._given :]:
            self._mail(mail, message_from_bytes(mail.mime.partition(b"\r\n\r\n")[0] + b"\r\n\r\n"))
        self._given = len(given)

    def _mail(self, mail: Outgoing, head: Message) -> None:
        policy, kind = self.town.policy, str(head["X-Oacmail-Kind"])
        demand(mail.recipient not in ROBOTS, "no mail to robots", lambda: mail.key)
        if mail.recipient in policy.people.staff:
            self._staff(mail, head, kind)
        elif mail.recipient not in policy.office.own:
            self._citizen(mail, head)

    def _staff(self, mail: Outgoing, head: Message, kind: str) -> None:
        now = self.town.engine.now()
        demand(
            kind in AT_ANY_HOUR or self.reckoning.open_at(now),
            "no mail to staff outside service hours",
            lambda: f"{kind} at {now.astimezone(self.town.zone):%a %d %b %H:%M:%S}",
        )
        if kind == "derived":
            self.derivations.handed_over(mail, str(head["X-Oacmail-Case"]))
        if kind in ("overdue", "overdue_digest"):
            for number in _NUMBER.findall(mail.mime):
                self.promises.told.add(number.decode())

    def _citizen(self, mail: Outgoing, head: Message) -> None:
        twice = (mail.recipient, mail.key)
        self._to_citizens[twice] += 1
        demand(
            self._to_citizens[twice] == 1 or mail.key in self.town.relay.unproven,
            "nobody gets the same mail twice",
            lambda: f"{mail.key[:24]} to {mail.recipient}",
        )
        demand(mail.recipient != DISOWNED, "nothing to a sender whose domain disowns the mail", lambda: mail.key)
        demand(mail.recipient not in NEIGHBOURS, "nothing automatic to a guest", lambda: mail.key)
        kind = str(head["X-Oacmail-Kind"])
        if kind in TO_CITIZENS:
            self.derivations.told(mail, head, kind)
        else:
            self._answers_a_message_once(mail, head)

    def _answers_a_message_once(self, mail: Outgoing, head: Message) -> None:
        message = str(head["In-Reply-To"] or "")
        written = self.town.ledger.written.get(message)
        demand(
            written is not None and written.sender == mail.recipient,
            "an acknowledgement goes to who wrote",
            lambda: f"{mail.key[:24]} to {mail.recipient}",
        )
        other = self._messages_acked.setdefault((mail.recipient, message), mail.key)
        demand(
            other == mail.key or {other, mail.key} & self.town.relay.unproven,
            "one acknowledgement a message",
            lambda: f"{short(message)} of {mail.recipient}",
        )
        self._acked_as[message] = (str(head["X-Oacmail-Case"]), mail.key)

    def _nothing_only_believed_sent(self) -> None:
        given = {mail.key for mail in self.town.relay.given}
        rows = self._all("SELECT key FROM outbox WHERE state = 'sent' AND kind <> 'probe'")
        false = [row["key"] for row in rows if row["key"] not in given]
        demand(not false, "what counts as sent has left", lambda: str(false[:3]))

    def _nothing_stuck(self) -> None:
        """What a restored database finds unsent is days old already: it has till the desk has opened once more; what a
        long outage has held up may wait for the next opening.
        """
        restored = self.town.restored_at
        if restored is not None and self.town.engine.now() < self.reckoning.opening(restored) + PATIENCE:
            return
        now = self.town.engine.now()
        rows = self._all(
            """SELECT key, state FROM outbox WHERE state IN ('claimed', 'sending')
            OR state IN ('queued', 'uncertain') AND created_at < ? AND coalesce(next_at, '') NOT BETWEEN ? AND ?""",
            text(now - STUCK),
            text(now),
            text(self.reckoning.opening(now)),
        )
        demand(not rows, "no mail is stuck", lambda: str([tuple(row) for row in rows[:3]]))

    # --- messages ----------------------------------------------------------------------------------

    def _all_accounted(self) -> None:
        rows = self._all("SELECT folder, uid FROM sightings WHERE outcome IS NULL")
        rows = [row for row in rows if not self._is_bad(row["folder"], row["uid"])]  # still being tried, hours apart
        demand(not rows, "every message has an outcome", lambda: str([tuple(row) for row in rows[:3]]))
        for name in ("INBOX", "Sent"):
            box = self.town.mailbox.boxes[name]
            known = {
                (row["uid"], row["size"], row["internal_date"])
                for row in self._all(
                    "SELECT uid, size, internal_date FROM sightings WHERE folder = ? AND uidvalidity = ?",
                    name,
                    box.uidvalidity,
                )
            }
            lying = {(uid, len(message.raw), text(message.internal_date)) for uid, message in box.messages.items()}
            if not lying <= known:
                raise Broken("every message was seen", f"{name}: {sorted(lying - known)[:3]}")

    def _every_message_once(self) -> None:
        rows = self._all(
            """SELECT m.message_id, m.case_id, m.outcome, r.reason FROM messages m
            LEFT JOIN reviews r ON r.fingerprint = m.fingerprint WHERE m.role <> 'ours'"""
        )
        found: dict[str, list[object]] = {}
        for row in rows:
            placed = row["case_id"] is not None or row["reason"] is not None
            found.setdefault(row["message_id"], []).append(placed)
        unreadable = self._unreadable()
        for name in self.town.ledger.written.keys() - self.town.ledger.lost - unreadable:
            if found.get(name) != [True]:
                raise Broken("every message is in one case or on the review list", f"{short(name)}: {found.get(name)}")

    def _unreadable(self) -> set[str]:
        """Set aside unread: they lie on the review list by their place. Or put off until the next try."""
        rows = self._all(
            """SELECT folder, uid FROM sightings WHERE fingerprint IS NULL
            AND (outcome = 'quarantined' OR (outcome IS NULL AND retry_at IS NOT NULL))"""
        )
        boxes = self.town.mailbox.boxes
        places = [(row["folder"], row["uid"]) for row in rows]
        return {self.town.id_of(boxes[f].messages[uid].raw) for f, uid in places if uid in boxes[f].messages}

    def _is_bad(self, folder: str, uid: int) -> bool:
        message = self.town.mailbox.boxes[folder].messages.get(uid)
        return message is not None and message.bad

    def _every_opening_acknowledged(self) -> None:
        rows = self._all(
            """SELECT c.number FROM cases c WHERE NOT EXISTS(SELECT 1 FROM outbox WHERE key = 'ack:' || c.opened_by)
            AND NOT EXISTS(SELECT 1 FROM reviews WHERE fingerprint = c.opened_by)"""
        )
        demand(not rows, "every case is acknowledged or on the review list", lambda: str([row[0] for row in rows[:3]]))

    def _numbers_kept(self) -> None:
        rows = self._all("SELECT m.message_id, c.number FROM messages m JOIN cases c ON c.id = m.case_id")
        now = {row["message_id"]: row["number"] for row in rows}
        for message, (number, key) in self._acked_as.items():
            if now.get(message, number) != number and key not in self.town.relay.unproven:
                seen = f"{short(message)}: told {number}, is on {now[message]}"
                raise Broken("a message stays on the case that its writer was told", seen)

    def _strangers(self) -> None:
        rows = self._all(
            """SELECT m.message_id, c.number FROM messages m JOIN cases c ON c.id = m.case_id
            WHERE m.role = 'citizen' AND m.guest = 0 AND m.author_id <> c.citizen_id"""
        )
        demand(not rows, "no stranger in a case but as a guest", lambda: str([tuple(row) for row in rows[:3]]))

    def _all(self, query: str, *values: object) -> list[sqlite3.Row]:
        return self.town.store.con.execute(query, values).fetchall()
