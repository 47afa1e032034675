"""All indicators of one month from its rows: the one place from which every form of the report has its figures."""

from collections.abc import Callable

from oacmail.core.policy import Policy
from oacmail.core.report import compliance
from oacmail.core.report.cohorts import Cohorts
from oacmail.core.report.figures import Indicator, MonthFigures
from oacmail.core.report.months import Month
from oacmail.core.report.rows import MonthRows

_INDICATORS: tuple[Callable[[Cohorts], Indicator], ...] = (
    compliance.answered_in_time,
    compliance.unanswered,
    compliance.same_day,
    compliance.response_time,
)


def month_figures(policy: Policy, month: Month, rows: MonthRows) -> MonthFigures:
    """The indicators in their order. The policy's calendar covers every year (wiring.deadline_calendar)."""
    cohorts = Cohorts(policy=policy, month=month, rows=rows)
    return MonthFigures(month=str(month), indicators={(one := make(cohorts)).id: one for make in _INDICATORS})
