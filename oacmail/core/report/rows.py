"""The rows of which the figures of a month are made: what the store reads, as values. Nothing here is counted.

The rows are those of every case on which something of the month depends, with all of its events, also earlier and later
ones: the indicators choose by their own cohort (R29). Times are aware; addresses, names, subjects and texts are not
among them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Literal, NamedTuple

Channel = Literal["mail", "callback", "telephone", "visit"]
Source = Literal["message", "contact", "returned", "reopened", "outcome"]
ASKED: tuple[Source, ...] = ("message", "contact")
"""What a person asked, by mail, by telephone or at the desk."""
PROMISED: tuple[Source, ...] = (*ASKED, "returned")
"""What is promised to a person by the next working day: also the answer that came back (R14)."""


NO_DATA: Mapping[str, object] = MappingProxyType({})


class RequestRow(NamedTuple):
    """A response deadline. `source`: what started it: a person's message, a call or visit (`contact`), an answer that
    came back (`returned`), an agent who took the case up again (`reopened`), or the outcome that is owed of a derived
    case (R13). `lang`: the language of the message, '' = not known. `answered_at`: when it was met; `withdrawn_at`:
    when it became void. `opens`: the number of the case that it opened, which may have been merged since; '' = none."""

    case: str
    asked_at: datetime
    due_at: datetime
    answered_at: datetime | None = None
    withdrawn_at: datetime | None = None
    source: Source = "message"
    lang: str = ""
    opens: str = ""


class CaseRow(NamedTuple):
    """A case as it stands now. `slot`: of a call that was asked for, None = none was."""

    number: str
    opened_at: datetime
    status: str
    topic: str
    level: str
    intent: str
    channel: Channel
    slot: Literal["morning", "afternoon", "any"] | None = None
    operator: str = ""
    platform: str = ""
    cause: str = ""
    close_reason: str | None = None


class EventRow(NamedTuple):
    """A line of the event log. `message`: the fingerprint of the message that caused it, '' = none; `arrived_at`: when
    that message came, if a citizen wrote it; None = somebody's order, or the program itself."""

    case: str
    at: datetime
    kind: str
    message: str = ""
    data: Mapping[str, object] = NO_DATA
    arrived_at: datetime | None = None

    def text(self, name: str) -> str:
        value = self.data.get(name)
        return value if isinstance(value, str) else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerLang:
    """An agent's answer by mail: when, and in which language."""

    at: datetime
    lang: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AckRow:
    """An acknowledgement. `asked_at`: the arrival of its message; `sent_at`: None = not sent."""

    asked_at: datetime
    sent_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class VoteRow:
    """A person's mark for a case, 1 to 5. `at`: when it came; `signed`: it came from who was
    asked (core/cases/votes.py); other marks are counted apart."""

    case: str
    at: datetime
    score: int
    signed: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthRows:
    """All rows of one month. `surveys`: how many surveys were sent in it; `rescued`: suspected spam that became a
    case in it."""

    cases: Mapping[str, CaseRow]
    requests: tuple[RequestRow, ...] = ()
    events: tuple[EventRow, ...] = ()
    answers: tuple[AnswerLang, ...] = ()
    acks: tuple[AckRow, ...] = ()
    votes: tuple[VoteRow, ...] = ()
    surveys: int = 0
    rescued: int = 0
