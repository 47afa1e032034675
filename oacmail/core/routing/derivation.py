"""What a second-level message is derived with: which platform and whose, which cause, and which term is about to end.

Decides from the terms and cues that mail/ found; never whether a message is second level
(core/routing/classification.py) nor what is sent. Two causes, R11; operators as in docs/requirements.md section 3; near
is two days, R32.
"""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Literal

Words = Mapping[str, float]
Cause = Literal["platform", "document_or_form"]

OPERATORS = ("town", "aoc", "generalitat", "age", "orgt")
_NEAR = timedelta(days=2)
_PAPER = ("wrong document", "option missing", "documents disagree", "form refuses", "reckons wrong")
_MACHINE = ("server error", "down", "charged twice", "pending though paid", "codes for words", "error named")


def operator(words: Words, own: str = "town") -> str:
    """Whose platform the message names most; the town's own when it is a draw or nothing is named.

    `own`: who runs what is the town's in this matter: "town", or "orgt" for taxes where it collects them.
    """
    most = max(OPERATORS, key=lambda name: _named(words, name))
    return own if most == "town" else most


def platform(words: Words, whose: str) -> str:
    """The platform of this operator that the message names most, by its own name; '' where it names none."""
    head = f"operator:{whose}:"
    named = [(weight, key.removeprefix(head)) for key, weight in words.items() if key.startswith(head)]
    return max(named, key=lambda pair: pair[0])[1] if named else ""


def _named(words: Words, name: str) -> float:
    return sum(weight for key, weight in words.items() if key.startswith(f"operator:{name}:"))


def cause(words: Words) -> Cause:
    """A document or form is at fault where its own cues outnumber those of a platform that fails."""
    paper, machine = (sum(f"cue:{cue}" in words for cue in cues) for cues in (_PAPER, _MACHINE))
    return "document_or_form" if paper > machine else "platform"


def ends_soon(words: Words, written_at: datetime | None) -> bool:
    """Whether a term that the message names ends within two days of the day on which it was written."""
    codes = [key.removeprefix("ends:") for key in words if key.startswith("ends:")]
    return any(code.startswith("in:") or _day(code, written_at) is not None for code in codes)


def ends_on(words: Words, written_at: datetime | None) -> date | None:
    """The first day on which such a term ends; None where there is none, or the message bears no date."""
    codes = (key.removeprefix("ends:") for key in words if key.startswith("ends:"))
    return min((day for code in codes if (day := _day(code, written_at))), default=None)


def _day(code: str, written_at: datetime | None) -> date | None:
    """The day that is meant, if it is near."""
    if written_at is None:
        return None
    soon = [written_at.date() + timedelta(days=ahead) for ahead in range(_NEAR.days + 1)]
    what, _, value = code.partition(":")
    if what == "in":
        return soon[int(value)]
    if what == "weekday":
        return next((day for day in soon if day.weekday() == int(value)), None)
    return next((day for day in soon if f"{day.month}-{day.day}" == value), None)
