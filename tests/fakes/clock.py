"""A clock that stands still until it is set. It may be set back, as real ones are."""

from datetime import UTC, datetime, timedelta


class FakeClock:
    """Port `Clock`."""

    def __init__(self, now: datetime) -> None:
        self._now = now

    def now(self) -> datetime:
        return self._now.astimezone(UTC)

    def set(self, now: datetime) -> None:
        self._now = now

    def forward(self, **by: float) -> None:
        """`forward(minutes=5)`: the words are timedelta's."""
        self._now += timedelta(**by)
