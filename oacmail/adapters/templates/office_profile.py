"""Who speaks in our mails, and what a mail may promise at the moment of its sending.

The hour of sending decides the greeting and whether we are open; the day promised is the case's own due day, or,
where that has passed, the next working day (docs/requirements.md section 6). It changes no deadline.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

from oacmail.core import calendar
from oacmail.core.policy import Policy


@dataclass(frozen=True, slots=True, kw_only=True)
class OfficeProfile:
    """The office as its mails present it; the addresses are whole URLs, '' = there is none.

    `council`: the council's name by language. `online_office_url`: where things are filed. `overrides`: directory of
    the town's own templates, or None.
    """

    policy: Policy
    council: Mapping[str, str]
    phone: str
    rights_url: str
    privacy_url: str
    complaints_form_url: str
    online_office_url: str = ""
    website: str = ""
    overrides: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    """Local days; None = there is no calendar for that year, so only "the next working day" can be said."""

    open_now: bool
    due_day: date | None
    open_day: date | None


def promise(policy: Policy, due_at: datetime | None, now: datetime) -> Promise:
    """What an acknowledgement sent at `now` says. `policy.workdays` is the strict calendar."""
    try:
        return Promise(
            open_now=calendar.in_hours(now, policy),
            due_day=_promised_day(policy, due_at, now),
            open_day=calendar.next_opening(now, policy).astimezone(policy.office.timezone).date(),
        )
    except LookupError:
        return Promise(open_now=False, due_day=None, open_day=None)


def is_known(policy: Policy, day: date) -> bool:
    """Whether there is a calendar for this day: else it may be a holiday, and is not promised."""
    try:
        policy.workdays.is_working_day(day)
    except LookupError:
        return False
    return True


def _promised_day(policy: Policy, due_at: datetime | None, now: datetime) -> date:
    zone = policy.office.timezone
    if due_at is None or due_at <= now:
        return calendar.next_working_day(now.astimezone(zone).date(), policy.workdays)
    # A day that ends at 24:00 is the day before its midnight.
    day = (due_at - timedelta.resolution).astimezone(zone).date()
    policy.workdays.is_working_day(day)  # a clock may run into a year without a calendar; a promise may not
    return day
