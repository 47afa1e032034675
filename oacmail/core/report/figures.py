"""The figures of a report as values: indicators with their measures, tables and breaches. Nothing here is worded.

Keys are stable names; what they are called in ca, es and en stands in mail/outgoing/labels_of_report.py. A share is in
percent, a time in service hours, and every value is unrounded: rounding is a matter of the page that shows it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

Unit = Literal["percent", "count", "hours", "days", "points"]
Value = float | int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """One figure. `value`: None = there is nothing to compute it from. `n`: how many it is computed from, None = it is
    a number itself. `target` and `at_least`: what it should reach (True) or not exceed (False); None = no target.
    `enough`: n is large enough to judge (R30). `part`: it is a part of a table of the same indicator.
    `low`, `high`: in the published form, the bounds of a value that would tell a small number."""

    key: str
    value: Value
    unit: Unit
    n: int | None = None
    target: float | None = None
    at_least: bool = True
    enough: bool = True
    part: bool = False
    low: Value = None
    high: Value = None

    @property
    def met(self) -> bool | None:
        """Whether the target is reached, compared unrounded; None if there is none, if there is nothing to judge, or if
        the bounds do not tell."""
        if self.target is None or not self.enough:
            return None
        if self.value is not None:
            return self._reached(self.value)
        if self.low is None or self.high is None:
            return None
        ends = {self._reached(self.low), self._reached(self.high)}
        return ends.pop() if len(ends) == 1 else None

    def _reached(self, value: float) -> bool:
        assert self.target is not None
        return value >= self.target if self.at_least else value <= self.target

    @property
    def difference(self) -> Value:
        """Value less target."""
        return None if self.value is None or self.target is None or not self.enough else self.value - self.target


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """A cell. `key`: of its row; `before`, `year_before`: the same a month and a year earlier, None = not known."""

    key: str
    count: int
    before: int | None = None
    year_before: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FigureTable:
    """Counts whose sum is a whole. `words`: how its row keys are worded (a group of labels, '' = by themselves).
    `uncounted`: in the published form, its rows are named and their counts are not told."""

    key: str
    rows: tuple[Count, ...]
    words: str = ""
    uncounted: bool = False

    @property
    def total(self) -> int:
        return sum(row.count for row in self.rows)


@dataclass(frozen=True, slots=True, kw_only=True)
class Breach:
    """A case that missed the target, and why (a label of the group "cause_of_breach"). `hours`: service hours, or
    working days for I8, by which it was late; None = not known or not over."""

    case: str
    cause: str
    late: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Indicator:
    """`main` is the result; `id` as in docs/requirements.md section 5."""

    id: str
    main: Measure
    measures: tuple[Measure, ...] = ()
    tables: tuple[FigureTable, ...] = ()
    breaches: tuple[Breach, ...] = ()

    def measure(self, key: str) -> Measure:
        """Raises KeyError."""
        for one in (self.main, *self.measures):
            if one.key == key:
                return one
        raise KeyError(key)


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthFigures:
    """The indicators of one month, by their ids in order."""

    month: str
    indicators: Mapping[str, Indicator]


@dataclass(frozen=True, slots=True, kw_only=True)
class FigureCorrection:
    """A figure of a published month that a later computation gives otherwise. `indicator`.`measure` names it; `why`:
    a label of the group "why_corrected", '' = not known. `at`: when the difference was first shown, None = now."""

    month: str
    indicator: str
    measure: str
    old: Value
    new: Value
    why: str = ""
    at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TrendPoint:
    """The main figures of one month: indicator id -> measure. `published`: they are frozen."""

    month: str
    measures: Mapping[str, Measure]
    published: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthlyReport:
    """A report. `final`: its month is over and its first working day has come. `published_at`: when its figures were
    frozen, None = they are computed now. `grouped`: the published form, without small numbers."""

    month: str
    office: str
    generated_at: datetime
    final: bool
    figures: MonthFigures
    trend: tuple[TrendPoint, ...] = ()
    corrections: tuple[FigureCorrection, ...] = ()
    published_at: datetime | None = None
    grouped: bool = False
