"""The input and the effects of a report: a month whose figures are ready to be published, and what is kept of it.

Values as those of `effects`, which lists them all. `figures` is JSON text (core/report/archive.py): what is published
is kept as it is, and nothing here reads it.
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class CorrectFigure:
    """Note that a figure of a published month is otherwise by now. `measure`: its key, or table.row."""

    month: str
    indicator: str
    measure: str
    old: float | None
    new: float | None
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FreezeMonth:
    """Keep the figures of this month as published, unless it was published before."""

    month: str
    figures: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportReady:
    """The report of a month that is over can be published. `facts`: what its mail says; `corrections`: of earlier
    months, new in it. `lang`: of its mail."""

    month: str
    figures: str
    facts: Mapping[str, object]
    lang: str
    corrections: tuple[CorrectFigure, ...] = ()


ReportEffect = CorrectFigure | FreezeMonth
