"""The sender of our mails, and what a mail may promise at the moment of sending.

The hour of sending decides the greeting and whether the office is open. The promised day is the case's own due day or,
if that has passed, the next working day (docs/requirements.md section 6). No deadline changes here.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

from oacmail.core import calendar
from oacmail.core.policy import Policy


@dataclass(frozen=True, slots=True, kw_only=True)
class OfficeProfile:
    """The office as its mails present it; addresses are whole URLs, '' if there is none.

    `town` and `host` (the machine on which the service runs) tell the operator which service writes. `council` is the
    council's name by language. `processor` is the company that runs the desk for the council, '' = its own people do.
    `online_office_url` is where procedures are submitted. `overrides` is the directory of the town's own templates, or
    None.
    """

    policy: Policy
    council: Mapping[str, str]
    phone: str
    rights_url: str
    privacy_url: str
    complaints_form_url: str
    online_office_url: str = ""
    website: str = ""
    processor: str = ""
    town: str = ""
    host: str = ""
    overrides: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    """`due_day`: local; None if the year has no calendar and only "the next working day" can be promised.
    `received_open`: the message came while the office was open."""

    due_day: date | None
    received_open: bool = True


def promise(policy: Policy, due_at: datetime | None, now: datetime, received_at: datetime | None = None) -> Promise:
    """Return what an acknowledgement written at `now` says. `policy.workdays` is the strict calendar."""
    try:
        return Promise(
            due_day=_promised_day(policy, due_at, now), received_open=calendar.in_hours(received_at or now, policy)
        )
    except LookupError:
        return Promise(due_day=None)


def is_known(policy: Policy, day: date) -> bool:
    """True if this day has a calendar: otherwise it may be a holiday and is not promised."""
    try:
        policy.workdays.is_working_day(day)
    except LookupError:
        return False
    return True


def _promised_day(policy: Policy, due_at: datetime | None, now: datetime) -> date:
    zone = policy.office.timezone
    if due_at is None or due_at <= now:
        return calendar.next_working_day(now.astimezone(zone).date(), policy.workdays)
    # A day that ends at 24:00 is the day before that midnight.
    day = (due_at - timedelta.resolution).astimezone(zone).date()
    policy.workdays.is_working_day(day)  # a deadline may fall into a year without a calendar; a promise may not
    return day
