"""What a rebuild has found, as values: for people, for `--json`, and for the tests that compare."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from msgspec import Struct, field

from oacmail.store.rebuilt import Unproven


class FromLedger(Struct, frozen=True, kw_only=True):
    """What came from the copy of the ledger in the mailbox. `why` it was not used, '' = it was: `none` (there is none),
    `torn` (no snapshot is whole and signed with our key), `version` (another version of oacmail wrote it), `another`
    or `younger` (of a restored database: its past is another one, or goes on longer than the copy). `until`: when its
    last entry was copied; `lost`: entries that missing pieces had; `refused`: pieces that count for nothing,
    by reason (`foreign`, `forged`, `unread`). `filled`: messages whose words came from the mailbox; `wordless`: those
    of which only the ledger knows; `nameless`: numbers of cases of a citizen whose address no mail tells; `unsent`:
    mails that were on their way, whose bytes are gone."""

    why: str = ""
    until: datetime | None = None
    lost: int = 0
    refused: Mapping[str, int] = field(default_factory=dict)
    filled: int = 0
    wordless: int = 0
    nameless: tuple[str, ...] = ()
    unsent: int = 0


class RebuildSummary(Struct, frozen=True, kw_only=True):
    """`since`: older messages count as the mailbox's past, `past` of them. `lived_until`: the last moment at which the
    service certainly lived. `messages`: how many were played, or got their words back; `unread`: how many are left to
    the service. `cases`: status to count.

    `proven`: cases whose number the ledger or a copy of our mail names; `by_order`: numbers that no mail names, given
    above all others by the order of arrival; `without_message`: numbers in our mails of which no case could be made.

    `left`: mails that were sent; `held`: acknowledgements and relayed answers without a copy; `dropped`: other mails to
    citizens without one; `waiting`: mails that the service will send. `foreign`: mails signed with another key."""

    since: datetime
    lived_until: datetime
    past: int
    messages: int
    unread: int
    cases: dict[str, int]
    proven: int
    by_order: tuple[str, ...] = ()
    without_message: tuple[str, ...] = ()
    left: int
    held: tuple[Unproven, ...] = ()
    dropped: int = 0
    waiting: int = 0
    foreign: int = 0
    ledger: FromLedger

    def row(self, zone: ZoneInfo) -> dict[str, Any]:
        """docs/interfaces.md section 3, `rebuild --json`."""
        known = self.ledger
        return {
            "since": self.since.astimezone(zone).isoformat(),
            "lived_until": self.lived_until.astimezone(zone).isoformat(),
            "past": self.past,
            "messages": self.messages,
            "unread": self.unread,
            "cases": self.cases,
            "numbers": {
                "proven": self.proven,
                "by_order": list(self.by_order),
                "without_message": list(self.without_message),
            },
            "mails": {
                "left": self.left,
                "held": [{"case": one.case, "key": one.key} for one in self.held],
                "dropped": self.dropped,
                "waiting": self.waiting,
            },
            "foreign": self.foreign,
            "ledger": {
                "why": known.why,
                "until": known.until.astimezone(zone).isoformat() if known.until else None,
                "lost": known.lost,
                "refused": dict(known.refused),
                "wordless": known.wordless,
                "nameless": list(known.nameless),
                "unsent": known.unsent,
            },
        }
