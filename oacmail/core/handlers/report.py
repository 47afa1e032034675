"""What follows when the report of a month is ready: its figures are kept, and who is to get it gets it, once.

The key of its mail names the month, so that a report that is made again after a kill queues no second mail.
"""

from datetime import datetime

from oacmail.core.effects import AuditEvent, Decision
from oacmail.core.outbox.staff_notices import notices
from oacmail.core.outgoing import MailKind
from oacmail.core.policy import Policy
from oacmail.core.report_effects import FreezeMonth, ReportReady


def on_report_ready(policy: Policy, ready: ReportReady, now: datetime) -> Decision:
    sends = notices(
        policy,
        policy.report_to,
        key=f"{MailKind.REPORT}:{ready.month}",
        kind=MailKind.REPORT,
        now=now,
        facts=ready.facts,
        lang=ready.lang,
    )
    event = AuditEvent(kind="reported", data={"month": ready.month, "corrections": len(ready.corrections)})
    frozen = FreezeMonth(month=ready.month, figures=ready.figures)
    return Decision(effects=(frozen, *ready.corrections, *sends, event), because=("month-is-over",))
