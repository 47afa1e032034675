"""The clock of a simulated town: it changes only when it is set. A skew of hours can be set, as on real machines."""

from datetime import UTC, datetime, timedelta


class SimulatedClock:
    """Port `Clock`. `skew`: how far the service's clock is ahead of the true time, which the mail servers have."""

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
        """Advance the clock; the arguments are those of `timedelta`, as in `forward(minutes=5)`."""
        self._now += timedelta(**by)
