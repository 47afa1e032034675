"""The real clock. All other code gets the time from its caller."""

from datetime import UTC, datetime


class SystemClock:
    """Port `Clock`: the machine's time, aware, in UTC."""

    def now(self) -> datetime:
        return datetime.now(UTC)
