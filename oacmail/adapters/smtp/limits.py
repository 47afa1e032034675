"""Recognise a provider's own sending limits in its replies. They are the fault of no mail: mail waits until they end.

This module decides only which limit a reply names and how long to wait. Only the status and fixed words behind it
are looked for: a reply may quote what another server said of its own limits. Its text is not kept.

Sources: Exchange Online (three connections: "432 4.3.2 Concurrent connections limit exceeded"; 30 messages a minute,
carried over to the following minutes; 10,000 recipients a day: "554 5.2.0
STOREDRV.Submission.Exception:SubmissionQuotaExceededException", or 5.1.90),
<https://learn.microsoft.com/en-us/exchange/troubleshoot/send-emails/smtp-submission-improvements>; 5.4.5 of Gmail,
<https://support.google.com/a/answer/3726730>; of its relay service also "550 5.7.1 Daily SMTP relay limit exceeded for
customer" and, for a while, "450 4.2.1 Peak SMTP relay limit exceeded for customer",
<https://support.google.com/a/answer/6140680>.
"""

import re
from dataclasses import dataclass

MINUTE = 60.0
_DAILY_PAUSE = 300.0


@dataclass(frozen=True, slots=True)
class Limit:
    """`what` is part of the error's text (advice.py); `pause` in seconds. `named`: the provider itself says
    after how long it accepts more."""

    what: str
    pause: float
    named: bool = False


def limit(code: int, text: str) -> Limit | None:
    """The limit that a reply names; `text` begins with the enhanced status code."""
    line = f"{code} {text}"
    if re.search(r"^432 4\.3\.2\b|^421 4\.3\.2\b.*(?:thread|connections?) limit exceeded", line, re.IGNORECASE):
        return Limit("limit of a minute", MINUTE, named=True)
    if re.search(r"^450 4\.2\.1\b.*Peak SMTP relay limit exceeded", line, re.IGNORECASE):
        return Limit("limit of a minute", MINUTE)
    if re.search(r"^5\d\d 5\.7\.1\b.*Daily SMTP relay limit exceeded", line, re.IGNORECASE):
        return Limit("limit of a day", _DAILY_PAUSE)
    if re.search(r"^5\d\d 5\.(?:4\.5|1\.90)\b|^5\d\d 5\.2\.0\b.*SubmissionQuotaExceeded", line):
        return Limit("limit of a day", _DAILY_PAUSE)
    return None
