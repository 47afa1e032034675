"""A calendar month of the office, its bounds and its neighbours (R29). Nothing here knows what is counted in it."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

_WRITTEN = re.compile(r"(\d{4})-(0[1-9]|1[0-2])")
YEAR = 12


@dataclass(frozen=True, slots=True, order=True)
class Month:
    """`number` from 1 to 12. Months are ordered by time."""

    year: int
    number: int

    @classmethod
    def parse(cls, text: str) -> "Month":
        """Read `2026-11`. Raises ValueError."""
        found = _WRITTEN.fullmatch(text)
        if found is None:
            raise ValueError(f"{text!r} is no month: write it like 2026-11")
        return cls(int(found[1]), int(found[2]))

    @classmethod
    def of(cls, moment: datetime, zone: ZoneInfo) -> "Month":
        """The month of the local day of this moment."""
        local = moment.astimezone(zone)
        return cls(local.year, local.month)

    def __str__(self) -> str:
        return f"{self.year:04d}-{self.number:02d}"

    def plus(self, months: int) -> "Month":
        """So many months later; earlier if negative."""
        year, number = divmod(self.year * YEAR + self.number - 1 + months, YEAR)
        return Month(year, number + 1)

    @property
    def first_day(self) -> date:
        return date(self.year, self.number, 1)

    def begins(self, zone: ZoneInfo) -> datetime:
        """Local midnight of its first day, in UTC."""
        return datetime.combine(self.first_day, time.min, zone).astimezone(UTC)

    def ends(self, zone: ZoneInfo) -> datetime:
        """Local midnight after its last day, in UTC: the first moment that is not of this month."""
        return self.plus(1).begins(zone)

    def holds(self, moment: datetime, zone: ZoneInfo) -> bool:
        return Month.of(moment, zone) == self

    def twelve(self) -> tuple["Month", ...]:
        """The twelve months that end with this one, oldest first."""
        return tuple(self.plus(back) for back in range(1 - YEAR, 1))
