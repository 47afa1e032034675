"""Which requests count, and what was known of them at a moment: the report's at the end of its month, the digest's at
midnight (R29). Both count the same, so that the digests of a month add up to its report.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from oacmail.core.report.rows import ASKED, PROMISED, RequestRow


def known_at(rows: Sequence[RequestRow], moment: datetime) -> list[RequestRow]:
    """The requests as they stood at this moment, without those that were withdrawn: closed as spam or duplicate.

    One whose case was taken back before then had been one all along: it is answered when the case is.
    """
    found: list[RequestRow] = []
    taken_back: dict[str, list[RequestRow]] = {}  # case -> what started when an agent took it up again, latest first
    for row in sorted(rows, key=lambda one: one.asked_at, reverse=True):
        if row.asked_at >= moment:
            continue
        now = row._replace(answered_at=_before(moment, row.answered_at), withdrawn_at=_before(moment, row.withdrawn_at))
        again = taken_back.setdefault(row.case, [])
        if now.withdrawn_at is not None and (later := [one for one in again if one.asked_at >= now.withdrawn_at]):
            now = now._replace(answered_at=later[-1].answered_at, withdrawn_at=later[-1].withdrawn_at)
        if now.source == "reopened":
            again.append(now)
        if now.withdrawn_at is None:
            found.append(now)
    return found[::-1]


def _before(moment: datetime, at: datetime | None) -> datetime | None:
    return at if at is not None and at < moment else None


class RequestCounts(NamedTuple):
    """Requests of a span of time: how many arrived in it, how many were answered in it, and how many of these in
    time."""

    arrived: int
    answered: int
    in_time: int


def counts(rows: Sequence[RequestRow], since: datetime, until: datetime) -> RequestCounts:
    """As known at the end of the span."""
    known = known_at(rows, until)
    answered = [
        (one, at) for one in known if one.source in PROMISED and (at := one.answered_at) is not None and at >= since
    ]
    return RequestCounts(
        arrived=sum(one.source in ASKED and one.asked_at >= since for one in known),
        answered=len(answered),
        in_time=sum(at <= one.due_at for one, at in answered),
    )
