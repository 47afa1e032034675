"""Shares, means and percentiles, and hours of service between two moments. It knows no indicator."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from math import ceil

from oacmail.core import calendar
from oacmail.core.policy import Policy

HUNDRED = 100.0


def share(part: int, whole: int) -> float | None:
    """In percent; None of nothing."""
    return HUNDRED * part / whole if whole else None


def mean(values: Sequence[float]) -> float | None:
    return sum(values) / len(values) if values else None


def median(values: Sequence[float]) -> float | None:
    """The middle value; of an even number the mean of the two in the middle."""
    if not values:
        return None
    ordered, half = sorted(values), len(values) // 2
    return ordered[half] if len(values) % 2 else (ordered[half - 1] + ordered[half]) / 2


def percentile(values: Sequence[float], percent: int) -> float | None:
    """The smallest value that at least so many percent do not exceed (nearest rank)."""
    if not values:
        return None
    return sorted(values)[max(1, ceil(len(values) * percent / HUNDRED)) - 1]


def service_hours(begins: datetime, ends: datetime, policy: Policy) -> float:
    """Hours of service between two moments: those of opening, on working days. 0 if nothing lies between them."""
    zone = policy.office.timezone
    day, last = begins.astimezone(zone).date(), ends.astimezone(zone).date()
    total = timedelta()
    while day <= last:
        if policy.workdays.is_working_day(day):
            opens, closes = calendar.opening_of(day, policy), calendar.closing_of(day, policy)
            total += max(min(ends, closes) - max(begins, opens), timedelta())
        day += timedelta(days=1)
    return total / timedelta(hours=1)


def working_days(begins: datetime, ends: datetime, policy: Policy) -> int:
    """Working days after the local day of `begins`, up to the local day of `ends` (Llei 39/2015, art. 30.2, 30.3)."""
    zone = policy.office.timezone
    day, last = begins.astimezone(zone).date(), ends.astimezone(zone).date()
    days: Iterable[int] = range(1, (last - day).days + 1)
    return sum(policy.workdays.is_working_day(day + timedelta(days=n)) for n in days)
