"""What the technical services get with a second-level message: platform and operator, cause, and a term that ends soon.

It decides from the features of the message; never whether a message is second level (core/routing/classification.py)
nor what is sent. Two causes: R11; operators: docs/requirements.md section 3; "soon" is two days: R32.
"""

from datetime import date, datetime, timedelta
from typing import Literal

from oacmail.core.features import EndDay, Features, Platform

Cause = Literal["platform", "document_or_form"]

OPERATORS = ("town", "aoc", "generalitat", "age", "orgt")
_NEAR = timedelta(days=2)


def operator(features: Features, own: str = "town") -> str:
    """The operator whose platforms the message names most; `own` at a draw or if none is named.

    `own`: who runs the town's platforms in this matter: "town", or "orgt" for taxes where it collects them.
    """
    most = max(OPERATORS, key=lambda name: sum(named.weight for named in _of(features, name)))
    return own if most == "town" else most


def platform(features: Features, operator: str) -> str:
    """The name of the operator's platform that the message names most; '' = none."""
    most = max(_of(features, operator), key=lambda named: named.weight, default=None)
    return most.name if most else ""


def _of(features: Features, operator: str) -> list[Platform]:
    return [named for named in features.platforms if named.operator == operator]


def cause(features: Features) -> Cause:
    """`document_or_form` if the message speaks of these more than of a platform."""
    return "document_or_form" if features.of_paper else "platform"


def ends_soon(features: Features, written_at: datetime | None) -> bool:
    """Whether a term that the message names ends within two days of the day on which it was written."""
    return any(end.in_days is not None or _day(end, written_at) is not None for end in features.end_days)


def ends_on(features: Features, written_at: datetime | None) -> date | None:
    """The first day on which such a term ends; None = no such term, or the message has no date."""
    return min((day for end in features.end_days if (day := _day(end, written_at))), default=None)


def _day(end: EndDay, written_at: datetime | None) -> date | None:
    """The day that is meant, if it is near."""
    if written_at is None:
        return None
    soon = [written_at.date() + timedelta(days=ahead) for ahead in range(_NEAR.days + 1)]
    if end.in_days is not None:
        return soon[end.in_days]
    if end.weekday is not None:
        return next((day for day in soon if day.weekday() == end.weekday), None)
    return next((day for day in soon if (day.month, day.day) == end.month_day), None)
