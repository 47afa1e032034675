"""When what is watched beside the mail is a problem, and the codes: disk, clock, copies of our mail, grant, crashes."""

import json
from datetime import datetime, timedelta

DISK, CLOCK, COPIES = "disk-full", "clock", "self-copies"
OAUTH, RECOVERED = "oauth", "oauth-recovered"
SHARED_BUDGET = "shared-budget"
RECORDS = "dns-records"
SPARE = 100_000_000  # bytes that must be free on the disk of the state directory
SET_BACK = timedelta(minutes=1)
DAEMON, ONCE, STOPPED = "daemon", "once", "stopped"  # the kind of the last process
REMEMBERED = timedelta(hours=1)


def is_set_back(now: datetime, latest: datetime) -> bool:
    """True if the clock has shown a later time before; this ends when it passes that time."""
    return latest - now > SET_BACK


def recent_crashes(text: str | None, now: datetime) -> list[datetime]:
    """Return the crashes (the content of CRASHES) of the last hour before `now`."""
    times = (datetime.fromisoformat(moment) for moment in json.loads(text or "[]"))
    return [at for at in times if now - at <= REMEMBERED]
