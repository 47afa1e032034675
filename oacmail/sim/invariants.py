"""What must hold in the town after every step, and what must hold once all has been well for a while.

The database is held against the ledger of what really happened, and deadlines against a reckoning of their own, on
dates and the list of holidays alone; no rule of the core is asked. The first breach is raised as `Broken`.
"""

import re
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from email import message_from_bytes
from email.message import Message

from oacmail.core.ports import Outgoing, Workdays
from oacmail.sim.cast import DISOWNED, NEIGHBOURS, ROBOTS
from oacmail.sim.ledger import Answer, Written
from oacmail.sim.town import Town, short

AT_ANY_HOUR = frozenset({"alert", "derived"})
PATIENCE = timedelta(minutes=30)
STUCK = timedelta(days=5)
ESCALATED_WITHIN = timedelta(hours=3)
_NUMBER = re.compile(rb"[A-Z]+-\d{4}-\d{6}")


class Broken(Exception):
    """An invariant does not hold: its name, and what was seen."""

    def __init__(self, name: str, seen: str) -> None:
        super().__init__(f"{name}: {seen}")
        self.name, self.seen = name, seen


def demand(holds: object, name: str, seen: Callable[[], str]) -> None:
    if not holds:
        raise Broken(name, seen())


# --- an independent reckoning -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Reckoning:
    """Deadlines from the promise as it stands on the town's page; `workdays`: the dated list, no more."""

    town: Town

    @property
    def workdays(self) -> Workdays:
        return self.town.policy.workdays

    def due(self, received: datetime) -> datetime:
        """The end of the promised working day after the day on which the letter came."""
        limits = self.town.policy.deadlines
        day = received.astimezone(self.town.zone).date()
        if limits.non_working_arrival == "deemed_next_open" and not self.open_at(received):
            day = self.opening(received).astimezone(self.town.zone).date()
        for _ in range(limits.business_days):
            day = self._worked_after(day)
        end = limits.day_end
        if end == time.max:
            return self._utc(day + timedelta(days=1), time.min)
        return self._utc(day, end)

    def opening(self, moment: datetime) -> datetime:
        """The first opening at or after it."""
        day = moment.astimezone(self.town.zone).date()
        while not (self.workdays.is_working_day(day) and self._utc(day, self.town.policy.office.opens) >= moment):
            day += timedelta(days=1)
        return self._utc(day, self.town.policy.office.opens)

    def open_at(self, moment: datetime) -> bool:
        office, local = self.town.policy.office, moment.astimezone(self.town.zone)
        return self.workdays.is_working_day(local.date()) and office.opens <= local.time() < office.closes

    def _worked_after(self, day: date) -> date:
        day += timedelta(days=1)
        while not self.workdays.is_working_day(day):
            day += timedelta(days=1)
        return day

    def _utc(self, day: date, at: time) -> datetime:
        return datetime.combine(day, at, self.town.zone).astimezone(UTC)


# --- the watch ----------------------------------------------------------------------------------------


@dataclass(slots=True)
class Watch:
    """Looks on. It remembers what it has seen already, so that each step costs little."""

    town: Town
    reckoning: Reckoning = field(init=False)
    _given: int = 0
    _to_citizens: Counter[tuple[str, str]] = field(default_factory=Counter)
    _letters_acked: dict[tuple[str, str], str] = field(default_factory=dict)
    _acked_as: dict[str, tuple[str, str]] = field(default_factory=dict)
    _told: set[str] = field(default_factory=set)
    _ended: dict[tuple[str, str, int], tuple[str | None, ...]] = field(default_factory=dict)
    _fired: set[str] = field(default_factory=set)
    _restored: int = 0

    def __post_init__(self) -> None:
        self.reckoning = Reckoning(self.town)

    def after_a_step(self) -> None:
        self._mails()
        if self.town.down:
            return
        if self.town.restored != self._restored:
            self._restored = self.town.restored
            self._ended.clear()
            self._fired.clear()
        self._clocks_end_once()
        self._clocks_ring_in_time()
        self._strangers()

    def at_rest(self) -> None:
        """All has been well for hours."""
        if self.town.down:
            return
        self._all_accounted()
        self._every_letter_once()
        self._every_opening_acknowledged()
        self._numbers_kept()
        self._nothing_stuck()
        self._nothing_only_believed_sent()
        self._deadlines_agree()
        self._nobody_forgotten()
        self._ends_are_final()

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
            self._staff(mail, kind)
        elif mail.recipient not in policy.office.own:
            self._citizen(mail, head)

    def _staff(self, mail: Outgoing, kind: str) -> None:
        now = self.town.engine.now()
        demand(
            kind in AT_ANY_HOUR or self.reckoning.open_at(now),
            "no mail to staff outside service hours",
            lambda: f"{kind} at {now.astimezone(self.town.zone):%a %d %b %H:%M:%S}",
        )
        if kind in ("overdue", "overdue_digest"):
            for number in _NUMBER.findall(mail.mime):
                self._told.add(number.decode())

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
        self._answers_a_letter_once(mail, head)

    def _answers_a_letter_once(self, mail: Outgoing, head: Message) -> None:
        letter = str(head["In-Reply-To"] or "")
        written = self.town.ledger.written.get(letter)
        demand(
            written is not None and written.sender == mail.recipient,
            "an acknowledgement goes to who wrote",
            lambda: f"{mail.key[:24]} to {mail.recipient}",
        )
        other = self._letters_acked.setdefault((mail.recipient, letter), mail.key)
        demand(
            other == mail.key or {other, mail.key} & self.town.relay.unproven,
            "one acknowledgement a letter",
            lambda: f"{short(letter)} of {mail.recipient}",
        )
        self._acked_as[letter] = (str(head["X-Oacmail-Case"]), mail.key)

    def _nothing_only_believed_sent(self) -> None:
        given = {mail.key for mail in self.town.relay.given}
        rows = self._all("SELECT key FROM outbox WHERE state = 'sent' AND kind <> 'probe'")
        false = [row["key"] for row in rows if row["key"] not in given]
        demand(not false, "what counts as sent has left", lambda: str(false[:3]))

    def _nothing_stuck(self) -> None:
        since = _text(self.town.engine.now() - STUCK)
        rows = self._all(
            """SELECT key, state FROM outbox WHERE state IN ('claimed', 'sending')
            OR state IN ('queued', 'uncertain') AND created_at < ?""",
            since,
        )
        demand(not rows, "no mail is stuck", lambda: str([tuple(row) for row in rows[:3]]))

    # --- letters ----------------------------------------------------------------------------------

    def _all_accounted(self) -> None:
        rows = self._all("SELECT folder, uid FROM sightings WHERE outcome IS NULL")
        demand(not rows, "every letter has an outcome", lambda: str([tuple(row) for row in rows[:3]]))
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
            lying = {(uid, len(letter.raw), _text(letter.internal_date)) for uid, letter in box.letters.items()}
            if not lying <= known:
                raise Broken("every letter was seen", f"{name}: {sorted(lying - known)[:3]}")

    def _every_letter_once(self) -> None:
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
                raise Broken("every letter is in one case or on the review list", f"{short(name)}: {found.get(name)}")

    def _unreadable(self) -> set[str]:
        """Set aside unread: they lie on the review list by their place."""
        rows = self._all("SELECT folder, uid FROM sightings WHERE outcome = 'quarantined' AND fingerprint IS NULL")
        boxes = self.town.mailbox.boxes
        places = [(row["folder"], row["uid"]) for row in rows]
        return {self.town.id_of(boxes[f].letters[uid].raw) for f, uid in places if uid in boxes[f].letters}

    def _every_opening_acknowledged(self) -> None:
        rows = self._all(
            """SELECT c.number FROM cases c WHERE NOT EXISTS(SELECT 1 FROM outbox WHERE key = 'ack:' || c.opened_by)
            AND NOT EXISTS(SELECT 1 FROM reviews WHERE fingerprint = c.opened_by)"""
        )
        demand(not rows, "every case is acknowledged or on the review list", lambda: str([row[0] for row in rows[:3]]))

    def _numbers_kept(self) -> None:
        rows = self._all("SELECT m.message_id, c.number FROM messages m JOIN cases c ON c.id = m.case_id")
        now = {row["message_id"]: row["number"] for row in rows}
        for letter, (number, key) in self._acked_as.items():
            if now.get(letter, number) != number and key not in self.town.relay.unproven:
                seen = f"{short(letter)}: told {number}, is on {now[letter]}"
                raise Broken("a letter stays on the case that its writer was told", seen)

    def _strangers(self) -> None:
        rows = self._all(
            """SELECT m.message_id, c.number FROM messages m JOIN cases c ON c.id = m.case_id
            WHERE m.role = 'citizen' AND m.guest = 0 AND m.author_id <> c.citizen_id"""
        )
        demand(not rows, "no stranger in a case but as a guest", lambda: str([tuple(row) for row in rows[:3]]))

    # --- clocks -----------------------------------------------------------------------------------

    def _clocks_end_once(self) -> None:
        rows = self._all(
            """SELECT armed_by, kind, level FROM deadlines WHERE (met_at IS NOT NULL) + (void_at IS NOT NULL)
            + (fired_at IS NOT NULL AND NOT (kind = 'answer' AND level = 0)) > 1"""
        )
        demand(not rows, "each clock ends once", lambda: str([tuple(row) for row in rows[:3]]))

    def _clocks_ring_in_time(self) -> None:
        rows = self._all("SELECT * FROM deadlines WHERE fired_at IS NOT NULL AND fired_at >= ?", self._recently())
        for row in rows:
            key = f"{row['armed_by']}:{row['kind']}:{row['level']}"
            if key in self._fired:
                continue
            self._fired.add(key)
            if row["fired_at"] < row["due_at"]:
                raise Broken("no clock rings before it is due", key)
            if row["kind"] == "answer" and row["level"] == 0:
                self._read_before_ringing(_at(row["due_at"]), _at(row["fired_at"]), key)

    def _read_before_ringing(self, due: datetime, fired: datetime, key: str) -> None:
        if self._skewed(due, fired):
            return
        read = self._all("SELECT min(synced_at) AS at FROM folders WHERE role IN ('intake', 'sent')")[0]["at"]
        demand(
            read >= _text(due) or fired >= self.reckoning.opening(due) + PATIENCE,
            "no clock rings before the folders were read",
            lambda: f"{key[:12]}, due {due}, rang {fired}, read {read}",
        )

    def _recently(self) -> str:
        return _text(self.town.engine.now() - timedelta(days=1))

    def _skewed(self, *moments: datetime) -> bool:
        return bool(self.town.clock.skew) or any(a <= moment <= b for a, b in self.town.skews for moment in moments)

    def _ends_are_final(self) -> None:
        rows = self._all("SELECT * FROM deadlines WHERE coalesce(met_at, void_at, fired_at) IS NOT NULL")
        for row in rows:
            key = (row["armed_by"], row["kind"], row["level"])
            ends = (row["fired_at"], row["met_at"] or row["void_at"])
            before = self._ended.setdefault(key, ends)
            if not all(old is None or old == new for old, new in zip(before, ends, strict=True)):
                raise Broken("what has ended stays ended", f"{key}: {before} became {ends}")
            self._ended[key] = ends

    def _deadlines_agree(self) -> None:
        """Due and met of every clock that a letter started, reckoned from the ledger."""
        rows = self._all(
            """SELECT d.*, m.message_id, p.address AS asked_by, w.address AS citizen FROM deadlines d
            JOIN messages m ON m.fingerprint = d.armed_by JOIN people p ON p.id = m.author_id
            JOIN cases c ON c.id = d.case_id JOIN people w ON w.id = c.citizen_id
            WHERE d.kind = 'answer' AND d.level = 0 AND d.void_at IS NULL"""
        )
        case_of = {
            row["message_id"]: row["case_id"]
            for row in self._all("SELECT message_id, case_id FROM messages WHERE case_id IS NOT NULL")
        }
        on_case: dict[int, list[Answer]] = {}
        for answer in self.town.ledger.answers:
            if answer.letter in case_of:
                on_case.setdefault(case_of[answer.letter], []).append(answer)
        owed = kept = shown = 0
        for row in rows:
            written = self.town.ledger.written.get(row["message_id"])
            if written is None:
                continue
            self._due_agrees(row["message_id"], _at(row["due_at"]), written.at)
            answers = on_case.get(row["case_id"], [])
            if any(answer.returned for answer in answers):
                continue
            heard = {row["citizen"], row["asked_by"]}  # an answer to a guest meets what the guest asked, and no more
            meets = [answer.at for answer in answers if answer.at >= _at(row["armed_at"]) and answer.to in heard]
            if row["met_at"] is None and self._read_late(written, answers):
                continue
            self._met_agrees(row["message_id"], row["met_at"], meets)
            owed += 1
            kept += bool(meets) and min(meets) <= _at(row["due_at"])
            shown += row["met_at"] is not None and row["met_at"] <= row["due_at"]
        demand(
            kept == shown or bool(self.town.unread),
            "the sum of promises kept agrees",
            lambda: f"of {owed} due {kept} were kept, the database says {shown}",
        )

    def _read_late(self, written: Written, answers: list[Answer]) -> bool:
        """It came while its folder could not be read, and no answer names it: to be safe it is waited for anew."""
        unseen = any(since <= at <= until for since, until in self.town.unread for at in written.at)
        return unseen and not any(answer.letter == written.message_id for answer in answers)

    def _due_agrees(self, letter: str, due: datetime, arrivals: Iterable[datetime]) -> None:
        reckoned = {self.reckoning.due(at) for at in arrivals}
        demand(
            due in reckoned,
            "deadlines agree with an independent reckoning",
            lambda: f"{short(letter)}: {due}, reckoned {sorted(reckoned)}",
        )

    def _met_agrees(self, letter: str, met_at: str | None, meets: list[datetime]) -> None:
        agrees = _at(met_at) in meets if met_at is not None else not meets
        demand(
            agrees,
            "who was answered counts as answered, and nobody else",
            lambda: f"{short(letter)}: met {met_at}, answered {[_text(at) for at in meets]}",
        )

    def _nobody_forgotten(self) -> None:
        """Who asked has a clock of his own or one that ran when he wrote; whose clock ran out, the supervisor knows."""
        asking = {name for name, letter in self.town.ledger.written.items() if letter.asks}
        rows = self._all(
            """SELECT m.message_id, c.number FROM messages m JOIN cases c ON c.id = m.case_id
            WHERE m.role = 'citizen' AND m.kind = 'request' AND NOT EXISTS(
            SELECT 1 FROM deadlines d WHERE d.case_id = c.id AND d.kind = 'answer' AND d.level = 0
            AND (d.armed_by = m.fingerprint OR d.armed_at <= m.received_at
            AND (coalesce(d.met_at, d.void_at) IS NULL OR coalesce(d.met_at, d.void_at) >= m.received_at)))"""
        )
        unasked = [row for row in rows if row["message_id"] in asking]
        demand(not unasked, "every request has a clock", lambda: f"{short(unasked[0][0])} on {unasked[0][1]}")
        late = self._all(
            """SELECT c.number, d.due_at FROM deadlines d JOIN cases c ON c.id = d.case_id
            WHERE d.kind = 'answer' AND d.level = 0 AND d.met_at IS NULL AND d.void_at IS NULL AND d.due_at < ?""",
            _text(self.town.engine.now() - timedelta(days=1)),
        )
        for row in late:
            told_by = self.reckoning.opening(max(_at(row["due_at"]), self.town.well_since)) + ESCALATED_WITHIN
            waits = told_by > self.town.engine.now()
            if not waits and row["number"] not in self._told:
                raise Broken("every request is answered or escalated", f"{row['number']}, due {row['due_at']}")

    def _all(self, query: str, *values: object) -> list[sqlite3.Row]:
        return self.town.store.con.execute(query, values).fetchall()


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
