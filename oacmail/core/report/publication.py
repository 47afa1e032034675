"""A month is final: its figures are kept as text, published once, and compared with a later computation.

The key of its mail names the month, so that a report that is made again after a kill queues no second mail (R29).
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta

from msgspec import to_builtins

from oacmail.core import calendar
from oacmail.core.effects import AuditEvent, CorrectFigure, Decision, FreezeMonth, ReportReady
from oacmail.core.kinds import MailKind
from oacmail.core.notices import notify
from oacmail.core.policy import Policy
from oacmail.core.report.figures import (
    Breach,
    Count,
    EventRow,
    FigureTable,
    Indicator,
    Measure,
    Month,
    MonthFigures,
    Value,
    moment_of,
)
from oacmail.core.report.indicators import INDICATORS, NOTED_LATE, RECLASSIFIED

# --- Archive ---------------------------------------------------------------------------------------------------------
# The figures of a published month as JSON text and back. What a later version adds to an indicator is not in an old
# text: it is no difference.

_SAME = 1e-6
_BESIDE = ("before", "year_before")
"""Measures that compare with other months: these have corrections of their own."""


def to_text(figures: MonthFigures) -> str:
    """Every value as it is, unrounded."""
    return json.dumps(to_builtins(list(figures.indicators.values())), ensure_ascii=False)


def from_text(month: str, text: str) -> MonthFigures:
    """Raises KeyError, TypeError or ValueError for what `to_text` has not written."""
    indicators = {
        given["id"]: Indicator(
            id=given["id"],
            main=Measure(**given["main"]),
            measures=tuple(Measure(**measure) for measure in given["measures"]),
            tables=tuple(
                FigureTable(key=one["key"], words=one["words"], rows=tuple(Count(**row) for row in one["rows"]))
                for one in given["tables"]
            ),
            breaches=tuple(Breach(**breach) for breach in given["breaches"]),
        )
        for given in json.loads(text)
    }
    return MonthFigures(month=month, indicators=indicators)


def differences(
    published: MonthFigures, known: Iterable[CorrectFigure], now: MonthFigures, why: Mapping[str, str]
) -> tuple[CorrectFigure, ...]:
    """What differs from the published figures as corrected so far (`known`, oldest first). `why`: reason by
    indicator id. A row that one of the two has not is a row of 0."""
    shown = {(correction.indicator, correction.measure): correction.new for correction in known}
    first = {(name, key): value for name, key, value in _values(published)}
    new = {(name, key): value for name, key, value in _values(now)}
    for cell in (*_cells(published, now), *_cells(now, published)):
        first.setdefault(cell, 0)
        new.setdefault(cell, 0)
    found: list[CorrectFigure] = []
    for (name, key), published_value in first.items():
        if (name, key) not in new:
            continue
        old, value = shown.get((name, key), published_value), new[name, key]
        same = old is value if old is None or value is None else abs(old - value) < _SAME
        if not same:
            correction = CorrectFigure(
                month=published.month, indicator=name, measure=key, old=old, new=value, why=why.get(name, "")
            )
            found.append(correction)
    return tuple(found)


def _values(figures: MonthFigures) -> Iterator[tuple[str, str, Value]]:
    """(indicator, measure or table.row, value) of every figure."""
    for name, one in figures.indicators.items():
        for measure in (one.main, *one.measures):
            if measure.key not in _BESIDE:
                yield name, measure.key, measure.value
        for table in one.tables:
            yield from ((name, f"{table.key}.{row.key}", row.count) for row in table.rows)


def _cells(figures: MonthFigures, other: MonthFigures) -> Iterator[tuple[str, str]]:
    """(indicator, table.row) of the tables that both have."""
    for name, one in figures.indicators.items():
        both = {table.key for table in other.indicators[name].tables} if name in other.indicators else set()
        for table in one.tables:
            if table.key in both:
                yield from ((name, f"{table.key}.{row.key}") for row in table.rows)


def reasons(events: Iterable[EventRow], published_at: datetime, ends: datetime) -> dict[str, str]:
    """Why figures may have changed since they were published, by indicator id, as far as the event log tells."""
    later = [event for event in events if event.at > published_at]
    happened = {RECLASSIFIED} if any(event.kind == "corrected" for event in later) else set()
    if any(event.kind == "answered" and moment_of(event) < ends for event in later):
        happened.add(NOTED_LATE)
    return {
        name: next(why for why in changed_by if why in happened)
        for name, (_, changed_by) in INDICATORS.items()
        if not happened.isdisjoint(changed_by)
    }


# --- Publication -----------------------------------------------------------------------------------------------------
# The report is due on the first working day after the month, at the digest's hour (R29).

UNREAD_PATIENCE = timedelta(days=1)


def publication_day(policy: Policy, month: Month) -> date:
    """The first working day of the next month."""
    return calendar.next_working_day(month.plus(1).first_day - timedelta(days=1), policy.workdays)


def due_at(policy: Policy, month: Month) -> datetime:
    """The moment from which the report of this month may be published."""
    day = publication_day(policy, month)
    return datetime.combine(day, policy.digest.at, policy.office.timezone).astimezone(UTC)


def may_publish(
    policy: Policy, month: Month, now: datetime, *, read_at: datetime | None, began_at: datetime | None
) -> bool:
    """Whether this month may be frozen: it is due, and every watched folder was read since, so that no answer of the
    month is unread. `read_at`: when the least recently read one was; after a day nothing is waited for.

    `began_at`: when this process began. A restored database learns only from the copies in Sent, which are read after
    it, that the report has been sent.
    """
    due = due_at(policy, month)
    since = max(due, began_at or due)
    return now >= due and ((read_at is not None and read_at >= since) or now - since >= UNREAD_PATIENCE)


def is_final(policy: Policy, month: Month, now: datetime) -> bool:
    return now >= due_at(policy, month)


# --- Report ----------------------------------------------------------------------------------------------------------
# Its figures are kept, and who is to get the report gets it, once.


def on_report_ready(policy: Policy, ready: ReportReady, now: datetime) -> Decision:
    sends = notify(
        policy,
        policy.report_to,
        key=f"{MailKind.REPORT}:{ready.month}",
        kind=MailKind.REPORT,
        now=now,
        facts=ready.facts,
        lang=ready.lang,
    )
    event = AuditEvent(kind="reported", data={"month": ready.month, "corrections": len(ready.corrections)})
    frozen = (FreezeMonth(month=ready.month, figures=ready.figures),) if ready.figures else ()
    return Decision(effects=(*frozen, *ready.corrections, *sends, event), because=("month-is-over",))
