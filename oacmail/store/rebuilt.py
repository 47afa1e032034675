"""What a rebuilt or restored database takes from the ledger's copy: its rows, and for them the words of the mailbox.

The rows of the copy have keyed hashes in place of fingerprints, addresses and telephone numbers. They are written as
they are; then each message of the mailbox that is known by its hash fills in its words; at the end each hash gives way
to what it stands for, as far as the mailbox tells. The second half is what a rebuild without a copy asks and writes.
Nothing is decided here, and nothing of the mailbox is read.
"""

import json
import re
import sqlite3
from collections.abc import Iterable
from datetime import datetime

from msgspec import Struct, field

from oacmail.core import tokens
from oacmail.core.kinds import NOT_ENDED, MailKind, of_name
from oacmail.core.model import Message, MessageRef, Outcome
from oacmail.core.policy import Policy, mailbox
from oacmail.core.rate_limits import registrable
from oacmail.core.review import IN_JUNK
from oacmail.core.stored_values import LEDGER_COPIED, LEDGER_LINE, End
from oacmail.store import ledger, remembered
from oacmail.store.apply import STRANGER, keep_original, record_refs, words_of
from oacmail.store.connection import LIVE, at, moment, schema, stamp
from oacmail.store.ledger import MESSAGES, PEOPLE, TABLES, Copied
from oacmail.store.personal import setting
from oacmail.store.writing import ERASED_DOMAIN, end_values, remember

NOT_FOUND = "acknowledgement-not-found"
"""Why a message is on the review list: nothing shows that its acknowledgement has left."""
NOT_SENT = "mail-not-sent"
"""Likewise: another mail about its case, to staff or the citizen, had not left when the database was lost."""
_NEW = {
    "cases": {"subject": "''", "subject_key": "''"},
    "folders": {"uidvalidity": "0", "uidnext": "0", "synced_at": "''", "compared_at": "''"},
    "messages": {
        **dict.fromkeys(("message_id", "subject", "subject_key", "fresh", "body_hash"), "''"),
        **dict.fromkeys(("because", "attachments"), "'[]'"),
    },
    "outbox": {"message_id": "'<' || hex(randomblob(16)) || '@invalid>'", "domain": "''"},
}
"""Columns that no image has and that must hold something, as SQL."""
_NOBODY = f"'unknown.' || id || '@{ERASED_DOMAIN}'"
_UNTOLD = {
    ("cases", "phone"): "NULL",
    ("messages", "reply_to"): "''",
    ("outbox", "recipient"): _NOBODY,
    ("people", "address"): _NOBODY,
}
"""What each column of people holds, as SQL, where nothing tells what its hash stands for."""
_LAST = ("events", "reports")
"""Tables of which no row may be changed: they are written once every hash is known."""
_KEPT = "~1"  # in messages.original: the bytes of the message were kept
_HASH = re.compile(r"~(?:[0-9a-f]{32}|[0-9a-f]{16})")
_UNSENT = f"state IN ({', '.join(repr(str(state)) for state in NOT_ENDED)})"


class Untold(Struct, frozen=True, kw_only=True):
    """What nothing tells. `nameless`: numbers of cases of a citizen whose address is unknown; `wordless`: how many
    messages have no words, as their mail is gone; `unsent`: how many mails were on their way whose bytes are gone."""

    nameless: tuple[str, ...]
    wordless: int
    unsent: int


class LedgerRows(Struct):
    """Writes the rows of a copy into a database, inside a transaction of the caller: `write`, `fill` for each message,
    `finish`. The connection must not record in the ledger meanwhile."""

    con: sqlite3.Connection
    copied: Copied
    policy: Policy
    _names: dict[str, str] = field(default_factory=dict)  # keyed hash -> what it stands for
    _worded: set[str] = field(default_factory=set)  # hashes of the messages whose words are known
    _copies: set[str] = field(default_factory=set)  # keys of our own mails of which there is a copy

    def __post_init__(self) -> None:
        ledger.sign_with(self.con, self.copied.key)

    def unfit(self, last: int) -> str:
        """Why the rows cannot be written, '' = they can: `version` (other steps of the schema wrote them); a database
        that has cases is of `another` past than the copy, or `younger`. `last`: the last entry of its own ledger."""
        con = self.con
        if schema(con)[0] != self.copied.steps:
            return "version"
        if con.execute("SELECT 1 FROM cases").fetchone() is None:
            return ""
        of_copy = con.execute(
            f"""SELECT {self._value("kv", "value")} FROM temp.ledger_copy WHERE "table" = 'kv' AND row = ?""",
            (LEDGER_LINE,),
        ).fetchone()
        if of_copy is None or of_copy[0] != remembered.value(con, LEDGER_LINE) or self._parted():
            return "another"
        return "younger" if last > self.copied.unbroken else ""

    def _parted(self) -> bool:
        """Whether an event of the database, which nothing changes, is another one in the copy: an older backup was
        restored meanwhile, and the service has given the same ids to other rows."""
        moment, kind = (self._value("events", name) for name in ("at", "kind"))
        query = f"""SELECT 1 FROM events e JOIN temp.ledger_copy c ON c."table" = 'events' AND c.row = e.id || ''
          WHERE (e.at, e.kind) IS NOT ({moment}, {kind}) LIMIT 1"""
        return self.con.execute(query).fetchone() is not None

    def write(self) -> None:
        """Make the covered rows those of the copy; rows of other tables that belong to a row that is gone go too."""
        con = self.con
        con.execute("PRAGMA defer_foreign_keys = ON")
        # What a missing piece had added is not there, nor what points to it: the service reads the message again.
        pointing = [
            (table, self._value(table, name).replace("image", "child.image"), of)
            for table in TABLES
            for _, _, of, name, *_ in con.execute(f"PRAGMA foreign_key_list({table})").fetchall()
            if of in TABLES
        ]
        removed = self.copied.lost
        while removed:
            removed = sum(
                con.execute(
                    f"""DELETE FROM temp.ledger_copy AS child WHERE child."table" = '{table}' AND {value} IS NOT NULL
                    AND NOT EXISTS(SELECT 1 FROM temp.ledger_copy AS parent
                      WHERE parent."table" = '{of}' AND parent.row = {value} || '')"""
                ).rowcount
                for table, value, of in pointing
            )
        # What the database has already, in the form of the copy.
        for columns, learn, hashed in (
            (PEOPLE, self.learn_people, "ledger_person"),
            (MESSAGES, self._learn_messages, "ledger_keyed"),
        ):
            for table, column in (one for one in columns if one[0] not in _LAST):
                learn(row[0] for row in con.execute(f"SELECT {column} FROM {table} WHERE {column} > ''"))
                con.execute(f"UPDATE {table} SET {column} = {hashed}(CAST({column} AS BLOB)) WHERE {column} > ''")
        self._worded.update(row[0] for row in con.execute("SELECT fingerprint FROM messages"))
        # The rows of the copy in their place.
        for table, covered in ((table, covered) for table, covered in TABLES.items() if table not in _LAST):
            names, new = self._columns(table), _NEW.get(table, {})
            values = [
                f"nullif('~' || {value}, '~0')" if name == "original" else value
                for name, value in ((name, self._value(table, name)) for name in names)
            ]
            changed = ", ".join(
                f"{name} = coalesce({name}, excluded.{name})" if name == "original" else f"{name} = excluded.{name}"
                for name in names
                if name not in covered.key
            )
            # A row with more than its image stays. Any other is written anew: a step may have numbered it otherwise.
            has_more = {name for _, name, *_ in con.execute(f"PRAGMA table_info({table})")} - set(names)
            here = f"""SELECT row FROM temp.ledger_copy WHERE "table" = '{table}'"""
            gone = f"{ledger.row_name(table)} NOT IN ({here})" if has_more else "true"
            con.execute(f"DELETE FROM {table} WHERE ({covered.only.format(of='')}) AND {gone}")
            con.execute(
                f"""INSERT INTO {table}({", ".join((*names, *new))}) SELECT {", ".join((*values, *new.values()))}
                FROM temp.ledger_copy WHERE "table" = ?
                ON CONFLICT({", ".join(covered.key)}) DO UPDATE SET {changed}""",
                (table,),
            )
        for table in ("cases", "messages", "outbox"):
            con.execute(f"UPDATE {table} SET {setting(table)} WHERE erased_at IS NOT NULL")
        for table, column, of in (
            ("refs", "message_id", "messages"),
            ("notes", "event_id", "events"),
            ("mails", "id", "outbox"),
        ):
            con.execute(f"DELETE FROM {table} WHERE {column} NOT IN (SELECT id FROM {of})")
        # Addresses that no mail need tell.
        self.learn_people((*self.policy.people.staff, *self.policy.office.own, STRANGER))
        last = con.execute("SELECT coalesce(max(id), 0) FROM people").fetchone()[0]
        self.learn_people(f"erased.{number}@{ERASED_DOMAIN}" for number in range(1, last + 2))

    def earliest(self) -> datetime | None:
        """When the earliest message of the ledger arrived; None = it has none."""
        return moment(self.con.execute("SELECT min(received_at) FROM messages").fetchone()[0])

    def worked(self, folder: str, uidvalidity: int) -> set[int]:
        """The UIDs in this folder of which the database knows what became of them."""
        query = "SELECT uid FROM sightings WHERE folder = ? AND uidvalidity = ? AND outcome IS NOT NULL"
        return {row["uid"] for row in self.con.execute(query, (folder, uidvalidity))}

    def _columns(self, table: str) -> list[str]:
        """The columns that the copy has, of those that are there: a hand may have added some on either side."""
        return [name for name in ledger.columns(self.con)[table] if name in self.copied.names[table]]

    def _value(self, table: str, column: str) -> str:
        """The SQL expression of what the copy has of a column."""
        return f"json_extract(image, '$[{self.copied.names[table].index(column)}]')"

    def learn_people(self, texts: Iterable[str]) -> None:
        """A hash may be of one of these addresses or telephone numbers."""
        for text in filter(None, texts):
            self._names[ledger.marked(self.copied.key, text.encode("utf-8", "replace")) or ""] = text

    def _learn_messages(self, texts: Iterable[str]) -> None:
        """A hash may be of an address or a fingerprint in one of these texts, or of the beginning of one."""
        for text in texts:
            self.learn_people(ledger.ADDRESS.findall(text))
            for fingerprint in ledger.FINGERPRINT.findall(text):
                for known in (fingerprint, fingerprint[:16]):
                    self._names[self._hashed(known)] = known

    def _hashed(self, text: str) -> str:
        return ledger.keyed(self.copied.key, text.encode()) or ""

    def fill(self, message: Message, written: Message, raw: bytes | None, *, author: str) -> Outcome | None:
        """Fill in the words of the message that has arrived; return its outcome, None = the ledger does not know it.
        `written`: the message that counts, if that is a part of it; `raw`: its bytes, None = it is not whole."""
        con = self.con
        hashed = self._hashed(message.fingerprint)
        row = con.execute("SELECT * FROM messages WHERE fingerprint = ?", (hashed,)).fetchone()
        if row is None:
            return None
        self._learn_messages((message.fingerprint,))
        self._worded.add(hashed)
        outcome = Outcome(row["outcome"])
        if row["erased_at"] or (row["rule"] == IN_JUNK and outcome is Outcome.AUTOMATIC):
            return outcome  # nothing of it is kept
        words = words_of(written)
        kept = raw if row["original"] == _KEPT else None
        original = keep_original(con, message.fingerprint, row["received_at"], kept)
        con.execute(
            f"""UPDATE messages SET {", ".join(f"{name} = ?" for name in words)}, original = coalesce(?, original)
            WHERE id = ?""",
            (*words.values(), original, row["id"]),
        )
        record_refs(con, row["id"], written)
        con.execute(
            """UPDATE cases SET subject = ?, subject_key = ?
            WHERE opened_by = ? OR (id = ? AND instr(opened_by, ?))""",
            (words["subject"], words["subject_key"], hashed, row["case_id"], hashed),
        )
        name = written.name if author == written.sender else ""
        con.execute("UPDATE people SET name = ? WHERE id = ? AND name = ''", (name, row["author_id"]))
        return outcome

    def wants_telephones(self, message: Message) -> bool:
        """Whether a telephone number of the message's case is still unknown."""
        hashed = self._hashed(message.fingerprint)
        row = self.con.execute(
            """SELECT c.phone FROM messages m JOIN cases c ON c.id = m.case_id
            WHERE m.fingerprint = ? AND c.phone > ''""",
            (hashed,),
        ).fetchone()
        return row is not None and row["phone"] not in self._names

    def copy_found(self, key: str, about: str, message_id: str) -> None:
        """There is a copy of our own mail with this key, about the message with this fingerprint ('' = none)."""
        self._copies.add(key)
        self._learn_messages((about, key))
        self.con.execute(
            "UPDATE outbox SET message_id = ? WHERE key = ? AND message_id LIKE '%@invalid>' AND erased_at IS NULL",
            (message_id, self._hashed(key)),
        )

    def finish(self, now: datetime) -> Untold:
        """Put what the hashes stand for in their place. A fingerprint that nothing tells becomes one that no message
        has."""
        con, policy = self.con, self.policy
        con.create_function("rebuilt_name", 1, self._named, deterministic=True)
        con.create_function("rebuilt_person", 2, lambda text, other: self._names.get(text, other), deterministic=True)
        con.create_function("rebuilt_id", 1, lambda key: tokens.message_id(policy, key), deterministic=True)
        con.create_function("rebuilt_domain", 1, registrable, deterministic=True)
        con.create_function("rebuilt_mailbox", 1, mailbox, deterministic=True)
        hashes = con.execute("SELECT fingerprint FROM messages WHERE erased_at IS NULL")
        wordless = sum(row[0] not in self._worded for row in hashes)
        for table, column in (one for one in MESSAGES if one[0] not in _LAST):
            con.execute(f"UPDATE {table} SET {column} = rebuilt_name({column}) WHERE instr({column}, '~')")
        for table in _LAST:
            names = self._columns(table)
            values = [
                f"rebuilt_name({value})" if (table, name) in MESSAGES else value
                for name, value in ((name, self._value(table, name)) for name in names)
            ]
            con.execute(
                f"""INSERT OR IGNORE INTO {table}({", ".join(names)}) SELECT {", ".join(values)}
                FROM temp.ledger_copy WHERE "table" = ?""",
                (table,),
            )
        for table, column in PEOPLE:
            other = _UNTOLD[table, column]
            con.execute(
                f"UPDATE {table} SET {column} = rebuilt_person({column}, {other}) WHERE substr({column}, 1, 1) = '~'"
            )
        con.execute("UPDATE messages SET original = NULL WHERE original = ?", (_KEPT,))
        con.execute(
            """UPDATE outbox SET domain = rebuilt_domain(recipient), mailbox = rebuilt_mailbox(recipient)
            WHERE erased_at IS NULL AND domain = ''"""
        )
        con.execute(
            """UPDATE OR IGNORE outbox SET message_id = rebuilt_id(key)
            WHERE message_id LIKE '%@invalid>' AND erased_at IS NULL"""
        )
        con.execute(f"DELETE FROM mails WHERE id NOT IN (SELECT id FROM outbox WHERE {_UNSENT})")
        # The bytes of what was on its way are gone. A person looks at each case of which somebody waits to hear.
        query = f"""SELECT o.key, o.kind, coalesce(m.fingerprint, c.opened_by) AS about FROM outbox o
          LEFT JOIN messages m ON o.key = o.kind || ':' || m.fingerprint LEFT JOIN cases c ON c.id = o.case_id
          WHERE {_UNSENT} AND o.id NOT IN (SELECT id FROM mails)"""
        unsent = [row for row in con.execute(query).fetchall() if row["key"] not in self._copies]
        con.executemany("UPDATE outbox SET state = 'dropped' WHERE key = ?", [(row["key"],) for row in unsent])
        con.executemany(
            """INSERT INTO reviews(fingerprint, reason, at) VALUES(?, ?, ?)
            ON CONFLICT(fingerprint) DO UPDATE SET reason = excluded.reason, at = excluded.at, done_at = NULL
            WHERE reviews.reason <> excluded.reason""",
            [
                (row["about"], NOT_FOUND if row["kind"] == MailKind.ACK else NOT_SENT, stamp(now))
                for row in sorted(unsent, key=lambda row: row["kind"] == MailKind.ACK)
                if row["about"]
            ],
        )
        nameless = con.execute(
            """SELECT c.number FROM cases c JOIN people p ON p.id = c.citizen_id
            WHERE p.address LIKE 'unknown.%@invalid' ORDER BY c.number"""
        )
        return Untold(nameless=tuple(row[0] for row in nameless), wordless=wordless, unsent=len(unsent))

    def _named(self, text: str | None) -> str | None:
        return None if text is None else _HASH.sub(self._fingerprint, text)

    def _fingerprint(self, found: re.Match[str]) -> str:
        """What a hash stands for, or a fingerprint that no message has. It begins as its beginning, which the key of a
        mail of ours may tell."""
        begins = self._names.get(found[0][:17], found[0][1:17])
        return self._names.get(found[0]) or (begins if len(found[0]) == 17 else begins + found[0][17:] * 3)


# --- Play ------------------------------------------------------------------------------------------------------------
# What a rebuild without a copy reads and writes beside the effects of decisions (oacmail/rebuild/play.py).


class Unproven(Struct, frozen=True, kw_only=True):
    """A mail to a citizen that would have left, and of which no copy was found. `case`: its number, '' = none."""

    key: str
    kind: MailKind
    case: str
    queued_at: datetime


def unproven(con: sqlite3.Connection, staff: Iterable[str]) -> list[Unproven]:
    rows = con.execute(
        f"""SELECT o.key, o.kind, c.number, o.created_at FROM outbox o LEFT JOIN cases c ON c.id = o.case_id
        WHERE {LIVE} AND o.recipient NOT IN (SELECT value FROM json_each(?)) ORDER BY o.id""",
        (json.dumps(sorted(staff)),),
    )
    return [
        Unproven(key=row["key"], kind=of_name(row["kind"]), case=row["number"] or "", queued_at=at(row["created_at"]))
        for row in rows
    ]


def next_wake(con: sqlite3.Connection, now: datetime) -> datetime | None:
    """The next moment at which a deadline or a queued mail is due, after `now`."""
    row = con.execute(
        f"""SELECT min(at) FROM (
        SELECT min(due_at) AS at FROM deadlines
          WHERE met_at IS NULL AND fired_at IS NULL AND withdrawn_at IS NULL AND due_at > ?1
        UNION ALL SELECT min(next_at) FROM outbox WHERE {LIVE} AND state = 'queued' AND next_at > ?1)""",
        (stamp(now),),
    ).fetchone()
    return moment(row[0])


def to_decide_again(con: sqlite3.Connection, fingerprint: str) -> list[MessageRef]:
    rows = con.execute(
        "SELECT folder, uidvalidity, uid FROM sightings WHERE fingerprint = ? AND outcome IS NULL", (fingerprint,)
    )
    return [MessageRef(folder=row["folder"], uidvalidity=row["uidvalidity"], uid=row["uid"]) for row in rows]


def end_play(con: sqlite3.Connection, now: datetime) -> None:
    """Let nothing of the played past look like a problem of today."""
    end_values(con, End.PROBLEM)
    note(con, now)


# --- Both ------------------------------------------------------------------------------------------------------------


def note(con: sqlite3.Connection, now: datetime) -> None:
    """Leave a trace of the rebuild, or of the restore by the ledger. The copy in the mailbox may be replaced now."""
    remember(con, LEDGER_COPIED, "", now)
    con.execute("INSERT INTO events(at, kind) VALUES(?, 'rebuilt')", (stamp(now),))


def past(con: sqlite3.Connection) -> int:
    """How many messages were there before the service."""
    return int(con.execute("SELECT count(*) FROM sightings WHERE outcome = 'baseline'").fetchone()[0])


def sent(con: sqlite3.Connection) -> int:
    return int(con.execute("SELECT count(*) FROM outbox WHERE state = 'sent'").fetchone()[0])


def numbers(con: sqlite3.Connection) -> list[str]:
    return [row[0] for row in con.execute("SELECT number FROM cases ORDER BY number")]


def cases(con: sqlite3.Connection) -> dict[str, int]:
    """Status to count."""
    return {row[0]: row[1] for row in con.execute("SELECT status, count(*) FROM cases GROUP BY status ORDER BY status")}


def unread(con: sqlite3.Connection) -> int:
    """How many messages are left to the service."""
    return int(con.execute("SELECT count(*) FROM sightings WHERE outcome IS NULL").fetchone()[0])
