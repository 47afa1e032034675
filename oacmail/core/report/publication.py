"""When a month is final and its report is due: on the first working day after it, at the digest's hour (R29)."""

from datetime import UTC, date, datetime, timedelta

from oacmail.core import calendar
from oacmail.core.policy import Policy
from oacmail.core.report.months import Month

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
