"""Make a report: read the rows of its month, compute, and put together what every form of it shows.

It joins the store and the core, and holds no rule. It only reads, from a connection of its own: nothing waits for it.
"""

import sqlite3
from datetime import datetime

from oacmail.adapters.store import load_report
from oacmail.core.policy import Policy
from oacmail.core.report.compute import month_figures
from oacmail.core.report.figures import MonthlyReport
from oacmail.core.report.months import Month
from oacmail.core.report.publication import is_final


def make(con: sqlite3.Connection, policy: Policy, month: Month, now: datetime) -> MonthlyReport:
    """Return the report of this month as it stands now."""
    figures = month_figures(policy, month, load_report.month_rows(con, policy, month))
    return MonthlyReport(
        month=str(month),
        office=policy.office.name,
        generated_at=now,
        final=is_final(policy, month, now),
        figures=figures,
    )
