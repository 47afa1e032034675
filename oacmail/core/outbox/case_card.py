"""What mail to staff shows of a case: numbers, moments and labels, never a name, an address, a phone or a subject
(LOPDGDD, additional provision 7). It never decides which mail is sent.

The names are those that templates use (adapters/templates/facts.py).
"""

from datetime import datetime

from oacmail.core import calendar
from oacmail.core.model import Intent
from oacmail.core.view import CaseView

Facts = dict[str, object]


def row(case: str, *, opened_at: datetime | None, due_at: datetime | None, status: str, topic: str) -> Facts:
    """One line of a list of cases. `case`: its number, '' = the mail is about no case."""
    return {"case": case, "opened_at": opened_at, "due_at": due_at, "status": status, "topic": topic}


def card(case: CaseView, due_at: datetime | None) -> Facts:
    """All that staff see of one case. `due_at`: the deadline that the mail is about, None = nobody waits."""
    return {
        **row(case.number, opened_at=case.opened_at, due_at=due_at, status=str(case.status), topic=case.topic),
        "level": case.level,
        "case_level": case.level,
        "intent": case.intent,
        "slot": case.slot if case.intent == Intent.CALLBACK else None,
        "call_hours": case.call_hours,
        "assignee": case.assignee,
        "urgent": case.urgent,
        "delayed": is_delayed(case),
        "ends_on": case.ends_on,
        "ends_hour": case.ends_hour,
    }


def short_number(number: str, year: int) -> str:
    """`118` for `OAC-2026-000118` in 2026; the whole number in another year. An agent may write either."""
    _, of_year, serial = number.rsplit("-", 2)
    return str(int(serial)) if of_year == str(year) else number


def derived(case: CaseView) -> Facts:
    """What the technical services see besides: who operates the platform, and what fails."""
    return {"operator": case.operator or "town", "platform": case.platform, "cause": case.cause}


def due_at(case: CaseView, *others: datetime) -> datetime | None:
    """The earliest of the case's deadlines for an answer and `others`; None = there is none."""
    return min(
        (*others, *(deadline.due_at for deadline in case.running("answer") if deadline.level == 0)), default=None
    )


def is_delayed(case: CaseView) -> bool:
    """True if somebody waits for an answer to a message that was delayed on its way (R18)."""
    deadlines = (deadline for deadline in case.running("answer") if deadline.level == 0)
    return any(calendar.is_delayed(deadline.started_at, deadline.sent_at) for deadline in deadlines)
