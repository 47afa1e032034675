"""When a month is final and its report is due: on the first working day after it, at the digest's hour (R29)."""

from datetime import UTC, date, datetime, timedelta

from oacmail.core import calendar
from oacmail.core.policy import Policy
from oacmail.core.report.months import Month


def publication_day(policy: Policy, month: Month) -> date:
    """The first working day of the next month."""
    return calendar.next_working_day(month.plus(1).first_day - timedelta(days=1), policy.workdays)


def due_at(policy: Policy, month: Month) -> datetime:
    """The moment from which the report of this month may be published."""
    day = publication_day(policy, month)
    return datetime.combine(day, policy.digest.at, policy.office.timezone).astimezone(UTC)


def is_final(policy: Policy, month: Month, now: datetime) -> bool:
    return now >= due_at(policy, month)
