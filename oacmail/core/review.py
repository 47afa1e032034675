"""What the digest shows beside cases: the review list, figures, incidents, the last purge. Values, parts of
core/view.py."""

import json
from dataclasses import dataclass
from datetime import date, datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedEntry:
    """A message that waited for a person, as an order names it. `ref`: its fingerprint; `case`: the number of the case
    that was made of it; `kept`: its bytes are stored."""

    ref: str
    case: str | None
    kept: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewEntry:
    """An entry of the review list: a message that waits for an agent, or a case without acknowledgement.

    The rest describes the message without quoting it: its language, the number of words, links and files, and whether
    an agent has answered its author before.
    """

    ref: str
    reason: str
    since: datetime
    case: str | None = None
    lang: str = ""
    words: int = 0
    links: int = 0
    files: int = 0
    known: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What happened from `since`, the last working day, to the beginning of today: requests that arrived, requests
    that were answered, and how many of these in time."""

    since: date
    arrived: int
    answered: int
    in_time: int


PURGED = "purged"  # a stored value's name: what the last nightly purge has removed


@dataclass(frozen=True, slots=True, kw_only=True)
class LastPurge:
    """What the last nightly purge has removed: cases that were erased, and stored messages and mails that were erased
    or emptied beside them."""

    at: datetime
    cases: int = 0
    copies: int = 0

    def to_text(self) -> str:
        return json.dumps({"at": self.at.isoformat(), "cases": self.cases, "copies": self.copies})


def last_purge(text: str | None) -> LastPurge | None:
    """A stored one; None = there was none."""
    if not text:
        return None
    stored = json.loads(text)
    return LastPurge(at=datetime.fromisoformat(stored["at"]), cases=stored["cases"], copies=stored["copies"])


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveIncident:
    """An incident with cases that are not closed. `first`: the number of its first case."""

    first: str
    platform: str
    cases: int
