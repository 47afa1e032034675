"""The stored values: every key of the table `kv`, what its value is, when it ends, what it can tell of a person.
Whoever writes or reads the table takes the key from here.

A name that ends in a colon is a prefix: the rest of the key says of what the value is. A row also holds when it was
written. What is deleted when, and with whom, is read from here (`store/writing.py`, `store/erase.py`).
"""

from collections.abc import Mapping
from enum import StrEnum

from msgspec import Struct

# Of a message that may still come, or of one that is known by its fingerprint or its Message-ID
RESERVED = "reserved:"
ACKNOWLEDGED_IN_THREAD = "acknowledged:"
UNDELIVERED = "undelivered:"
UNPLACED = "unplaced:"
FORWARDED_BY = "forwarded-by:"
FORWARDED_TO = "forwarded-to:"
USED_TOKEN = "used-token:"  # noqa: S105 - a name, no secret
ADDED = "added:"
# Of the numbers of cases
SERIAL = "serial:"
# Of the running process, and of the clock
RUN = "run"
RUN_READ = "run_read"
RUNS = "runs"
CRASHES = "crashes"
PASSES = "passes"
LAST_TICK = "last_tick"
LATEST = "latest"
CLOCK_ACCEPTED = "clock_accepted"
OTHER_INSTANCE = "other-instance"
"""Also the code of the problem, the kind of the event and the rule of the message."""
SHADOW = "shadow"
# Of problems, and of what is done once in a while
PROBLEM = "problem:"
CAUSE = "cause:"
ALERT = "alert:"
NIGHT_JOB = "night:"
LAST_DIGEST = "digest"
NO_MONTH_WAITS = "no-month-waits"
RECONCILED = "reconciled"
PURGED = "purged"
LESSONS = "lessons"
CANARY_SENT = "canary-sent"
CANARY_BACK = "canary-back:"
CANARY_LAST = "canary-last"
CANARY_ALARMED = "canary-alarmed"
CANARY_VERDICT = "canary-verdict:"
OAUTH_REPORTED = "oauth-reported"
TRAVELLED = "travelled"
RECORDS = "records"
ENDS = "ends"
# Of the mailbox
DRAFTS = "drafts_folder"
LEDGER_COPIED = "ledger-copied"
LEDGER_LINE = "ledger-line"
BOARD_ROOTS = "board-roots"
# Of backups, keys and certificates
KNOWN_KEYS = "key:"
SAVED_KEYS = "token.key"
KEY_LOST_AT = "key_lost_at"
RESTORED_AT = "restored_at"
BACKUP = "backup:"
ROTATED = "backup.rotated"
DRILLED = "drilled"
UNCERTIFIED = "certificate:"
SEARCHED = "searched"
PURGING = "purging"


class End(StrEnum):
    """When a stored value is deleted, beside the erasure of a person."""

    NEVER = "stays; a later value replaces it"
    WAITED = "with the nightly tidying, once its message has not come for WAITS_AT_MOST (store/writing.py)"
    START = "when the service next starts"
    PROBLEM = "when its problem has ended, and with a rebuild or a restore"
    TAKEN = "when it has been used"


class Tells(StrEnum):
    """What a stored value can tell of a citizen. Erasure deletes each row with the person's address in key or value,
    of whatever family; the others it finds by what is said here."""

    NOTHING = "nothing"
    ADDRESS = "the key or the value may hold an address"
    FINGERPRINT = "the key ends in the fingerprint of a message; the value may hold addresses"
    MESSAGE_ID = "the key ends in the Message-ID of a message; the value holds addresses"
    ADDRESS_HASH = "the key ends in a hash of an address, which is guessable"
    KEYED_HASH = "the key ends in a keyed hash of an address"
    WORDS = "the value holds words of messages"


class Family(Struct, frozen=True, kw_only=True):
    """`key`: what follows the prefix, '' = nothing; `value`: its shape and unit.
    `recorded`: the ledger covers it, so that it comes back with a rebuild; it tells nothing, or a keyed hash.

    "UTC": an ISO 8601 time in UTC; "time": one with its offset.
    """

    key: str = ""
    value: str
    ends: End = End.NEVER
    tells: Tells = Tells.NOTHING
    recorded: bool = False


FAMILIES: Mapping[str, Family] = {
    RESERVED: Family(
        key="fingerprint",
        value="the number of the case that our acknowledgement of this message names",
        ends=End.WAITED,
        tells=Tells.FINGERPRINT,
    ),
    ACKNOWLEDGED_IN_THREAD: Family(
        key="address, space, Message-ID of the thread",
        value="the number of the case that an acknowledgement in this thread names",
        ends=End.WAITED,
        tells=Tells.ADDRESS,
    ),
    UNDELIVERED: Family(
        key="Message-ID",
        value="recipients that a report names, separated by spaces; the message has not been read yet",
        ends=End.WAITED,
        tells=Tells.MESSAGE_ID,
    ),
    UNPLACED: Family(
        key="fingerprint",
        value="numbers of the cases that a new mail of the desk may answer, separated by spaces; or NO_CHOICE",
        ends=End.WAITED,
        tells=Tells.FINGERPRINT,
    ),
    FORWARDED_BY: Family(
        key="fingerprint",
        value="the address of the person whose message was forwarded",
        ends=End.WAITED,
        tells=Tells.FINGERPRINT,
    ),
    FORWARDED_TO: Family(
        key="fingerprint of the mail in Sent",
        value="addresses to which this mail forwarded a case, separated by spaces",
        ends=End.WAITED,
        tells=Tells.FINGERPRINT,
    ),
    USED_TOKEN: Family(
        key="order token",
        value="time at which the order was given",
        ends=End.WAITED,
        recorded=True,
    ),
    ADDED: Family(
        key="hash of the addition, colon, hash of the recipient",
        value="1: a copy of our mail to this recipient had this addition",
        tells=Tells.ADDRESS_HASH,
    ),
    SERIAL: Family(
        key="year",
        value="the highest serial of a case's number",
        recorded=True,
    ),
    RUN: Family(
        value="name of the running process; written when it began, or at the last mail of an earlier one if later",
    ),
    RUN_READ: Family(value="yes: this process has read every folder", ends=End.START),
    RUNS: Family(value="daemon, once or stopped"),
    CRASHES: Family(value="JSON: times of the crashes of the last hour"),
    PASSES: Family(value="how many passes there have been"),
    LAST_TICK: Family(value="time at which a tick last completed"),
    LATEST: Family(value="the latest time that the clock has shown"),
    CLOCK_ACCEPTED: Family(
        value="id of the last event that was written when a person said that the clock is right",
    ),
    OTHER_INSTANCE: Family(
        value="name of the other process that sends for this mailbox, or of its key; early: its mail names none",
        ends=End.START,
    ),
    SHADOW: Family(value="yes, or empty; processes next to the daemon send nothing either"),
    PROBLEM: Family(key="code", value="UTC since when it exists", ends=End.PROBLEM),
    CAUSE: Family(
        key="code",
        value="its latest known cause, as text; may quote a server",
        ends=End.PROBLEM,
        tells=Tells.ADDRESS,
    ),
    ALERT: Family(
        key="code, colon, the moment since when the problem exists; or the name of a budget",
        value="time of the alert, or for a budget the moment or the number of mails that wait",
        ends=End.PROBLEM,
    ),
    NIGHT_JOB: Family(key="name of a job", value="time at which it was last done"),
    LAST_DIGEST: Family(value="date of the last summary", recorded=True),
    NO_MONTH_WAITS: Family(value="the month in which no report waits, as 2026-11", recorded=True),
    RECONCILED: Family(
        value="JSON: the result of the last nightly proof (core/reconciliation.py)",
    ),
    PURGED: Family(value="JSON: what the last nightly purge has removed (core/review.py)"),
    LESSONS: Family(
        value="JSON: what was learned from corrections (mail/understanding)",
        tells=Tells.WORDS,
    ),
    CANARY_SENT: Family(value="key of the last canary"),
    CANARY_BACK: Family(
        key="key of a canary",
        value="the same key; it has come back when the row was written",
        ends=End.WAITED,
    ),
    CANARY_LAST: Family(value="key of the last canary that came back, space, its seconds"),
    CANARY_ALARMED: Family(value="key of the first canary that did not come back, or empty"),
    CANARY_VERDICT: Family(
        key="envelope sender",
        value="JSON: what the receiver outside says of the last canary under it (core/canary.py); empty once it is not "
        "used any more",
    ),
    OAUTH_REPORTED: Family(
        value="time since when the problem lasts of which the command has told, or empty",
    ),
    TRAVELLED: Family(
        value="JSON: the DKIM signatures and the relay that the last copy of our mail showed (core/deliverability.py)",
    ),
    RECORDS: Family(value="JSON: what the last look at the records in the DNS found (core/deliverability.py)"),
    ENDS: Family(value="JSON: what ends by itself on which day, and of which step people were told (core/ends.py)"),
    LEDGER_COPIED: Family(
        value="HMAC of the snapshot, sequence of the last entry there, beginning of that piece's seal; or empty",
    ),
    LEDGER_LINE: Family(
        value="16 hex digits: databases with the same ones have a common past, and their rows the same ids",
        recorded=True,
    ),
    DRAFTS: Family(value="name of the folder of drafts; empty: there is none"),
    BOARD_ROOTS: Family(value="each board.root on this server, one a line"),
    KNOWN_KEYS: Family(
        key="name of a token key, 8 hex digits",
        value="empty: it has signed mail of this database",
        recorded=True,
    ),
    SAVED_KEYS: Family(
        value="the token keys themselves, one a line; in a backup only",
        ends=End.TAKEN,
    ),
    KEY_LOST_AT: Family(value="UTC at which the keys were given up", recorded=True),
    RESTORED_AT: Family(value="UTC of the last restore", recorded=True),
    BACKUP: Family(key="path", value="empty: a backup was made there", recorded=True),
    ROTATED: Family(value="time of the last backup by rotation", recorded=True),
    DRILLED: Family(value="time of the last restore drill, space, passed or failed"),
    UNCERTIFIED: Family(
        key="keyed hash of the address",
        value="JSON: counts of what was erased and is in no certificate yet, UTC since when the person was known",
        ends=End.TAKEN,
        tells=Tells.KEYED_HASH,
        recorded=True,
    ),
    PURGING: Family(
        value="JSON: what a purge that has not ended has removed (core/review.py)",
        ends=End.TAKEN,
    ),
    SEARCHED: Family(
        value="ids of the last message and the last mail that were searched for people who were forgotten",
    ),
}
