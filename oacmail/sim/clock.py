"""The clock of a played town: it stands still until it is set. The machine's may go wrong by hours, as real ones do."""

from datetime import UTC, datetime, timedelta


class PlayedClock:
    """Port `Clock`. `skew`: how far the machine of the service is from the true time, which the mail servers keep."""

    def __init__(self, now: datetime) -> None:
        self._now = now
        self.skew = timedelta(0)

    def now(self) -> datetime:
        return self.true() + self.skew

    def true(self) -> datetime:
        return self._now.astimezone(UTC)

    def set(self, now: datetime) -> None:
        self._now = now

    def forward(self, **by: float) -> None:
        """`forward(minutes=5)`: the words are timedelta's."""
        self._now += timedelta(**by)
