"""The real clock. Everything else is told the time; this alone asks for it."""

from datetime import UTC, datetime


class SystemClock:
    """Port `Clock`: the machine's time, aware, in UTC."""

    def now(self) -> datetime:
        return datetime.now(UTC)
