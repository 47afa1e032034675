"""What a rebuild has found, as values: for people, for `--json`, and for the tests that compare."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """An acknowledgement of which no copy was found. `case`: the number of its case."""

    case: str
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RebuildSummary:
    """`since`: older messages count as the mailbox's past, `past` of them; `unplayed`: the Message-IDs of what people
    wrote in the 30 days before, which a service in shadow may have had as cases. `lived_until`: the last moment at
    which the service certainly lived. `messages`: how many were played; `unread`: how many were left to the service.
    `cases`: status to count.

    `proven`: cases whose number a copy of our mail names; `by_order`: numbers given by the order of arrival;
    `without_message`: numbers in our mails of which no case could be made. `gone`: messages of which only the
    acknowledgement is left; `ordered`: orders by shell that mail shows; `moved`: cases that the board's folders have
    changed; `owed`: cases that wait for an answer because no copy proves an agent's, or because only their folder says
    that they were answered.

    `left`: mails whose copies were found. `held`: acknowledgements without a copy; `dropped`: other mails to citizens
    without one; `waiting`: mails that the service will send. `foreign`: mails signed with another key.
    `from_ledger`: cases of which the ledger in the mailbox knew more than the mail tells."""

    since: datetime
    lived_until: datetime
    past: int
    unplayed: tuple[str, ...]
    messages: int
    unread: int
    cases: dict[str, int]
    proven: int
    by_order: tuple[str, ...]
    without_message: tuple[str, ...]
    gone: int
    ordered: int
    moved: tuple[str, ...]
    owed: tuple[str, ...]
    left: int
    held: tuple[Held, ...]
    dropped: int
    waiting: int
    foreign: int
    from_ledger: int

    def row(self, zone: ZoneInfo) -> dict[str, Any]:
        """docs/interfaces.md section 3, `rebuild --json`."""
        return {
            "since": self.since.astimezone(zone).isoformat(),
            "lived_until": self.lived_until.astimezone(zone).isoformat(),
            "past": self.past,
            "unplayed": list(self.unplayed),
            "messages": self.messages,
            "unread": self.unread,
            "cases": self.cases,
            "numbers": {
                "proven": self.proven,
                "by_order": list(self.by_order),
                "without_message": list(self.without_message),
            },
            "gone": self.gone,
            "ordered": self.ordered,
            "moved": list(self.moved),
            "owed": list(self.owed),
            "mails": {
                "left": self.left,
                "held": [{"case": one.case, "key": one.key} for one in self.held],
                "dropped": self.dropped,
                "waiting": self.waiting,
            },
            "foreign": self.foreign,
            "from_ledger": self.from_ledger,
        }
