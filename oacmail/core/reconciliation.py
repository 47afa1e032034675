"""The nightly proof that nothing is lost: what it compares, when it is due, and how its result is kept.

Server, database and outbox are compared in store/reconciliation.py; nothing here repairs what was
found, which is for a person.
"""

import json
from collections.abc import Mapping
from datetime import datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from msgspec import Struct, field

CODE = "reconciliation"  # the problem's
NIGHT = time(3)
"""Local time after which the next full comparison of the mailbox is also the proof."""
AGAIN = timedelta(hours=1)
"""While something is wrong, the proof is repeated, so that `status` knows soon that it was repaired."""


class Mismatch(StrEnum):
    """`MESSAGE`: a message of the server has no outcome. `RECORD`: its outcome says that it was recorded, but its
    record or its case is missing. `CASE`: somebody waits on a case without a deadline (R14). `COPY`: the copy of a mail
    of ours is in no folder of the mailbox. `STUCK`: a mail is under way for more than a day. `FOLDER`: a folder could
    not be read. `GONE`: a message of a live case is in no folder of the mailbox any more. `ROW`: a row is not as the
    ledger says. `LEDGER`: the ledger itself proves nothing (store/ledger.py). `INDEX`: an index was not as its table,
    and was made anew. `FILE`: SQLite finds the file of the database damaged."""

    MESSAGE = "message"
    RECORD = "record"
    CASE = "case"
    COPY = "copy"
    STUCK = "stuck"
    FOLDER = "folder"
    GONE = "gone"
    ROW = "row"
    LEDGER = "ledger"
    INDEX = "index"
    FILE = "file"


UNACCOUNTED = (Mismatch.MESSAGE, Mismatch.RECORD)
UNPROVEN = (Mismatch.FOLDER, Mismatch.LEDGER)
"""What keeps a proof from being whole: the messages of a folder, or all rows, were not compared."""


class Discrepancy(Struct, frozen=True, kw_only=True):
    """`where`: the folder, the number of the case, the kind of mail or the row; `at`: when the message arrived, the
    mail was sent or the case opened. By these two a person finds it. `detail`: of a row, what the ledger says and what
    it has, field by field; of the ledger, what is wrong with it."""

    what: Mismatch
    where: str
    at: datetime | None = None
    detail: str = ""


class MissingMessage(Struct, frozen=True, kw_only=True):
    """A message that is in no watched folder: `discrepancy` is what to say unless one of `message_ids` ('' = it has
    none) is found elsewhere. `fingerprint`: '' = of a copy that has never come."""

    fingerprint: str
    message_ids: tuple[str, ...]
    discrepancy: Discrepancy


class Reconciliation(Struct, frozen=True, kw_only=True):
    """The result of one proof. `compared`: rows by table, which had to be as the ledger says; {} = none were compared.
    `found`: () = nothing differs."""

    at: datetime
    found: tuple[Discrepancy, ...] = ()
    compared: Mapping[str, int] = field(default_factory=dict)

    @property
    def unaccounted(self) -> int:
        """Messages of which nobody can say what has become of them."""
        return sum(one.what in UNACCOUNTED for one in self.found)

    @property
    def is_partial(self) -> bool:
        return any(one.what in UNPROVEN for one in self.found)

    def to_text(self) -> str:
        found = [[one.what, one.where, one.at.isoformat() if one.at else None, one.detail] for one in self.found]
        stored = {"at": self.at.isoformat(), "found": found, "compared": dict(self.compared)}
        return json.dumps(stored, ensure_ascii=False)


def from_text(text: str | None) -> Reconciliation | None:
    """A stored result; None = there is none yet."""
    if not text:
        return None
    stored = json.loads(text)
    return Reconciliation(
        at=datetime.fromisoformat(stored["at"]),
        found=tuple(
            Discrepancy(
                what=Mismatch(what),
                where=where,
                at=datetime.fromisoformat(at) if at else None,
                detail=detail[0] if detail else "",  # a result of an earlier version has none
            )
            for what, where, at, *detail in stored["found"]
        ),
        compared=stored.get("compared", {}),
    )


def is_due(last: Reconciliation, now: datetime, zone: ZoneInfo, *, compared: bool) -> bool:
    """Whether this pass over the mailbox is also the proof. `compared`: it has compared every place."""
    if last.found and not timedelta(0) <= now - last.at < AGAIN:
        return True
    return compared and not is_since_last_night(last.at, now, zone)


def is_since_last_night(at: datetime, now: datetime, zone: ZoneInfo) -> bool:
    """Whether what was done at that moment need not be done again. A moment ahead of `now` was recorded by a clock that
    was far ahead: it counts for no night."""
    local = now.astimezone(zone)
    tonight = datetime.combine(local.date(), NIGHT, zone)
    last_night = tonight if tonight <= local else datetime.combine(local.date() - timedelta(days=1), NIGHT, zone)
    return last_night <= at <= now
