"""What the digest shows beside cases: the review list, figures, incidents, the last purge. Values, parts of
core/view.py.

A message that its text alone, or the filter of the junk folder, has set aside is on the review list. One that was filed
on its case leaves the list when a digest that names it was sent: if no agent objects, it was read rightly.
"""

import json
from datetime import date, datetime

from msgspec import Struct

SHORT_REF = 8
"""Characters of a message's fingerprint that a list shows, and that name it in a reply."""
FILED_THANKS = "filed-thanks"
FILED_AUTOMATIC = "filed-automatic"
FILED_AS = {name: f"filed-{name}" for name in ("reaction", "recalled", "calendar")}
"""Of what a person sends without a word, by its mark (`Features.marked_as`)."""
FILED = (FILED_THANKS, FILED_AUTOMATIC, *FILED_AS.values())
"""Reasons of messages that were filed on their case without a deadline."""
SUSPECTED = "suspected-spam"
UNKNOWN_THANKS = "thanks-without-a-case"
LOOKS_AUTOMATIC = "looks-automatic"
IN_JUNK = "in-junk"
"""Also the rule of every message of the junk folder."""
SURVEY_COMMENT, SURVEY_UNCLEAR, SURVEY_CASELESS = "survey-comment", "survey-unclear", "survey-without-a-case"
SET_ASIDE = (
    *FILED,
    SUSPECTED,
    UNKNOWN_THANKS,
    LOOKS_AUTOMATIC,
    IN_JUNK,
    SURVEY_COMMENT,
    SURVEY_UNCLEAR,
    SURVEY_CASELESS,
)


class NamedEntry(Struct, frozen=True, kw_only=True):
    """A message that waited for a person, as an order names it. `ref`: its fingerprint; `case`: the number of its case;
    `kept`: its bytes are stored; `request`: it counts as a request by now."""

    ref: str
    case: str | None
    kept: bool
    request: bool = False


class ReviewEntry(Struct, frozen=True, kw_only=True):
    """An entry of the review list: a message that waits for an agent, or a case without acknowledgement.

    `opening`: the beginning of its text, else its subject, unmasked: words/facts.py masks it.
    """

    ref: str
    reason: str
    since: datetime
    case: str | None = None
    opening: str = ""

    @property
    def set_aside(self) -> bool:
        """Whether nothing but its text, or the filter that fills the junk folder, has set it aside."""
        return self.reason.partition(":")[0] in SET_ASIDE


class Figures(Struct, frozen=True, kw_only=True):
    """What happened from `since`, the last working day, to the beginning of today: requests that arrived, requests
    that were answered, and how many of these in time; `junk`: messages of the junk folder that are no person's."""

    since: date
    arrived: int
    answered: int
    in_time: int
    junk: int = 0


UNSEEN = "answer-unseen"
"""The event: a person quotes an answer that we have not seen."""


class LastPurge(Struct, frozen=True, kw_only=True):
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


class LiveIncident(Struct, frozen=True, kw_only=True):
    """An incident with cases that are not closed. `first`: the number of its first case."""

    first: str
    platform: str
    cases: int
