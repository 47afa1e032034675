"""Rows of a month as values, and the figures of an indicator that they give, for the tests of core/report/."""

from datetime import datetime
from zoneinfo import ZoneInfo

from msgspec.structs import replace

from oacmail.core.policy import Policy
from oacmail.core.report.figures import CaseRow, EventRow, Indicator, Month, MonthRows, RequestRow
from oacmail.core.report.indicators import month_figures
from oacmail.workdays import OfficeCalendar
from tests.cases.builders import POLICY as BUILT

POLICY: Policy = replace(BUILT, workdays=OfficeCalendar.read())
NOVEMBER = Month(2026, 11)
MADRID = ZoneInfo("Europe/Madrid")


def local(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=MADRID).astimezone(ZoneInfo("UTC"))


def case(number: str = "1", opened: str = "2026-11-10 10:00", **changes: object) -> CaseRow:
    usual: dict[str, object] = {
        "status": "answered", "topic": "grant", "level": "first", "intent": "question", "channel": "mail",
    }  # fmt: skip
    return CaseRow(number=number, opened_at=local(opened), **{**usual, **changes})  # type: ignore[arg-type]


def request(
    asked: str = "2026-11-10 10:00", due: str = "2026-11-11 20:00", answered: str = "", **changes: object
) -> RequestRow:
    usual: dict[str, object] = {"case": "1", "lang": "ca"}
    moments = {"asked_at": local(asked), "due_at": local(due), "answered_at": local(answered) if answered else None}
    return RequestRow(**{**usual, **moments, **changes})  # type: ignore[arg-type]


def event(kind: str, when: str, number: str = "1", **data: object) -> EventRow:
    return EventRow(case=number, at=local(when), kind=kind, data=data)


def answered(at: str, number: str = "1", by: str = "answer-in-sent") -> EventRow:
    return event("answered", at, number, by=by, at=local(at).isoformat())


def figures(
    name: str,
    *requests: RequestRow,
    events: tuple[EventRow, ...] = (),
    cases: tuple[CaseRow, ...] = (),
    month: Month = NOVEMBER,
    **others: object,
) -> Indicator:
    rows = MonthRows(
        cases={one.number: one for one in cases or (case(),)},
        requests=requests,
        events=events,
        **others,  # type: ignore[arg-type]
    )
    return month_figures(POLICY, month, rows).indicators[name]


def causes(of: Indicator) -> list[tuple[str, str]]:
    return [(one.case, one.cause) for one in of.breaches]
