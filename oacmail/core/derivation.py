"""What a second-level letter is derived with: whose platform, which cause, and whether a term is about to end.

Decides from the terms and cues that mail/ found; never whether a letter is second level (core/classify.py) nor what
is sent. Two causes, R11; operators as in domain.md section 3; near is two days, R32.
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


def operator(words: Words) -> str:
    """Whose platform the letter names most; the town's own when it is a draw or nothing is named."""
    return max(OPERATORS, key=lambda name: _named(words, name))


def _named(words: Words, name: str) -> float:
    return sum(weight for key, weight in words.items() if key.startswith(f"operator:{name}:"))


def cause(words: Words) -> Cause:
    """A document or form is at fault where its own cues outnumber those of a platform that fails."""
    paper, machine = (sum(f"cue:{cue}" in words for cue in cues) for cues in (_PAPER, _MACHINE))
    return "document_or_form" if paper > machine else "platform"


def ends_soon(words: Words, written_at: datetime | None) -> bool:
    """Whether a term that the letter names ends within two days of the day on which it was written."""
    codes = [key.removeprefix("ends:") for key in words if key.startswith("ends:")]
    return any(_is_near(code, written_at.date() if written_at else None) for code in codes)


def _is_near(code: str, today: date | None) -> bool:
    what, _, value = code.partition(":")
    if what == "in":
        return True
    if today is None:
        return False
    if what == "weekday":
        return (int(value) - today.weekday()) % 7 <= _NEAR.days
    month, day = map(int, value.split("-"))
    soon = {today + timedelta(days=ahead) for ahead in range(_NEAR.days + 1)}
    return bool(soon & {_on(today.year, month, day), _on(today.year + 1, month, day)})


def _on(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:  # "31 de setembre" ends no term
        return None
