"""Make a report: read the rows of its months, compute, compare with what was published, draw, and word it.

It joins the store, the charts and the core, and holds no rule. It only reads, from a connection of its own: while it
computes and draws, nothing waits for it.
"""

import logging
import pickle
import sqlite3
import subprocess
import sys
from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from datetime import datetime
from pathlib import Path

from msgspec import Struct
from msgspec.structs import asdict, replace

from oacmail import charts
from oacmail.charts import Drawn
from oacmail.core.effects import CorrectFigure, ReportReady
from oacmail.core.policy import Policy
from oacmail.core.report import publication
from oacmail.core.report.figures import YEAR, Month, MonthFigures, MonthlyReport, TrendPoint
from oacmail.core.report.indicators import month_figures, with_variations, year_figures
from oacmail.core.report.publication import is_final, may_publish
from oacmail.core.stored_values import RUN
from oacmail.store import remembered, reports, seen_messages
from oacmail.store.connection import connect_readonly, named_faults
from oacmail.store.reports import PublishedMonth
from oacmail.words.compose import EnclosedFile
from oacmail.words.report_forms import ReportView, as_csv, as_mail_text, report_view
from oacmail.words.report_forms import charts as charts_of

log = logging.getLogger(__name__)
Draw = Callable[[Sequence[Mapping[str, object]]], Drawn]
Compute = Callable[[Path, Policy, Month, datetime], MonthlyReport]
"""From the file of the database, the rules, the month and the present moment."""


class Months:
    """The figures of months, each computed at most once; of published ones, as published."""

    def __init__(self, con: sqlite3.Connection, policy: Policy) -> None:
        self.con, self.policy = con, policy
        self._first = reports.first_month(con, policy)
        self._computed: dict[Month, MonthFigures] = {}
        self._published: dict[Month, PublishedMonth | None] = {}

    def exists(self, month: Month) -> bool:
        """Whether the desk read its mailbox in it."""
        return self._first is not None and month >= self._first

    def published(self, month: Month) -> PublishedMonth | None:
        if month not in self._published:
            self._published[month] = reports.published(self.con, month)
        return self._published[month]

    def computed(self, month: Month) -> MonthFigures:
        """As it stands now, without variations."""
        if month not in self._computed:
            rows = reports.month_rows(self.con, self.policy, month)
            self._computed[month] = month_figures(self.policy, month, rows)
        return self._computed[month]

    def figures(self, month: Month) -> MonthFigures | None:
        """As published, else as it stands now; None of a month in which there was no desk."""
        known = self.published(month)
        return known.figures if known else self.computed(month) if self.exists(month) else None

    def fresh(self, month: Month) -> MonthFigures:
        """As it stands now, beside the month before and the year before."""
        return with_variations(self.computed(month), self.figures(month.plus(-1)), self.figures(month.plus(-YEAR)))

    def corrections(self, month: Month) -> tuple[CorrectFigure, ...]:
        """What differs by now from what was published of this month, and was not shown yet."""
        known = self.published(month)
        if known is None:
            return ()
        rows = reports.month_rows(self.con, self.policy, month)
        now = self._computed.setdefault(month, month_figures(self.policy, month, rows))
        why = publication.reasons(rows.events, known.published_at, month.ends(self.policy.office.timezone))
        return publication.differences(known.figures, known.corrections, now, why)

    def trend(self, month: Month) -> tuple[TrendPoint, ...]:
        return tuple(point for earlier in month.twelve() if (point := self.point(earlier)).measures)

    def point(self, month: Month) -> TrendPoint:
        figures = self.figures(month)
        return TrendPoint(
            month=str(month),
            published=self.published(month) is not None,
            measures={name: one.main for name, one in figures.indicators.items()} if figures else {},
        )


def make(con: sqlite3.Connection, policy: Policy, month: Month, now: datetime) -> MonthlyReport:
    """Return the report of this month: as published, with its corrections, else as it stands now."""
    months = Months(con, policy)
    known = months.published(month)
    shown = (*reports.told_at(con, known.published_at), *known.corrections) if known else ()
    return MonthlyReport(
        month=str(month),
        office=policy.office.name,
        generated_at=now,
        final=is_final(policy, month, now),
        figures=known.figures if known else months.fresh(month),
        trend=months.trend(month),
        corrections=(*dict.fromkeys(shown), *months.corrections(month)),
        published_at=known.published_at if known else None,
    )


def make_year(con: sqlite3.Connection, policy: Policy, year: int, now: datetime) -> MonthlyReport:
    """Return the evaluation of this year: what its months are together, each as published, else as it stands now. A
    month that has not begun was not measured."""
    months, last = Months(con, policy), Month(year, YEAR)
    begun = [month for month in last.twelve() if month <= Month.of(now, policy.office.timezone)]
    measured = [figures for month in begun if (figures := months.figures(month)) is not None]
    corrections = (
        wrong
        for month in begun
        if (known := months.published(month))
        for wrong in (*known.corrections, *months.corrections(month))
    )
    return MonthlyReport(
        month=f"{year:04d}",
        office=policy.office.name,
        generated_at=now,
        final=is_final(policy, last, now),
        figures=year_figures(f"{year:04d}", measured),
        trend=tuple(
            months.point(month) if month in begun else TrendPoint(month=str(month), measures={})
            for month in last.twelve()
        ),
        corrections=tuple(dict.fromkeys(corrections)),
    )


def to_publish(con: sqlite3.Connection, policy: Policy, month: Month, now: datetime) -> MonthlyReport:
    """Return the report that is to be published of this month: with what is corrected of the eleven before it."""
    months = Months(con, policy)
    corrections = tuple(wrong for earlier in month.twelve()[:-1] for wrong in months.corrections(earlier))
    return replace(make(con, policy, month, now), corrections=corrections, published_at=now)


def next_month(con: sqlite3.Connection, policy: Policy, now: datetime, only: Month | None) -> Month | None:
    """Return the month that is to be published now, None if there is none.

    `only`: a person wants this month published, if it is over and was not.
    """
    if only is not None:
        return only if is_final(policy, only, now) and reports.published(con, only) is None else None
    oldest = oldest_unpublished(con, policy, now)
    read_at, began_at = seen_messages.synced_at(con), remembered.written_at(con, RUN)
    return oldest if oldest and may_publish(policy, oldest, now, read_at=read_at, began_at=began_at) else None


def oldest_unpublished(con: sqlite3.Connection, policy: Policy, now: datetime) -> Month | None:
    """Return the oldest month before this one that was not published, None if there is none.

    If none was published ever, the last month begins: a desk of many months does not publish them all at once.
    """
    this = Month.of(now, policy.office.timezone)
    first, last = reports.first_month(con, policy), reports.last_published(con)
    begin = max(last.plus(1) if last else this.plus(-1), this.plus(-YEAR))
    return begin if first is not None and first <= begin < this else None


# --- In a process of its own -----------------------------------------------------------------------------------------
# The rows of many cases would stay in the daemon's memory. Parent and child are the same program and exchange pickled
# values over pipes. What goes wrong with the child is logged, and the caller computes itself.

SECONDS = 600.0
_WORDS = (sys.executable, "-I", "-m", "oacmail.reporting")


def elsewhere(database: Path, policy: Policy, month: Month, now: datetime) -> MonthlyReport:
    """Return the report that is to be published of this month, computed by a child. Raises Transient."""
    try:
        done = subprocess.run(  # noqa: S603 - our own interpreter, no shell
            _WORDS,
            input=pickle.dumps((database, policy, month, now)),
            capture_output=True,
            timeout=SECONDS,
            check=True,
        )
    except (OSError, subprocess.SubprocessError) as error:
        log.warning("report.in-process", {"error": type(error).__name__})
        return here(database, policy, month, now)
    made: MonthlyReport = pickle.loads(done.stdout)  # noqa: S301 - written by our own process
    return made


def here(database: Path, policy: Policy, month: Month, now: datetime) -> MonthlyReport:
    """Return the same, computed by the caller. Raises Transient."""
    with closing(connect_readonly(database)) as con, named_faults(database):
        return to_publish(con, policy, month, now)


# --- in words and pictures --------------------------------------------------------------------------------


class WordedReport(Struct, frozen=True, kw_only=True):
    """`view`: as the page shows it, its pictures with their images; `images`: PNG by name; `reason`: why there are
    none."""

    view: ReportView
    images: Mapping[str, bytes]
    reason: str = ""


def worded(report: MonthlyReport, lang: str, policy: Policy, draw: Draw = charts.draw) -> WordedReport:
    """Return the report in this language with its charts; if they cannot be drawn, without."""
    wanted = charts_of(report, lang)
    drawn = draw([asdict(chart) for chart in wanted])
    if drawn.reason:
        log.warning("report.no-charts", {"reason": drawn.reason})
    pictures = [
        {
            "name": chart.name,
            "title": chart.title,
            "alt": chart.alt,
            "png": b64encode(drawn.images[chart.name]).decode(),
        }
        for chart in wanted
        if chart.name in drawn.images
    ]
    view = report_view(report, lang, policy.office.timezone, pictures)
    return WordedReport(view=view, images=drawn.images, reason=drawn.reason)


def ready(
    report: MonthlyReport, policy: Policy, page: Callable[[ReportView], str], draw: Draw = charts.draw
) -> ReportReady:
    """Return what the engine needs to publish this report, with the mail's content. `page` lays a view out as HTML."""
    lang = policy.office.languages[0]
    made = worded(report, lang, policy, draw) if policy.report_to else None
    return ReportReady(
        month=report.month,
        figures="" if report.of_year else publication.to_text(report.figures),
        facts=_facts(report, lang, made, page) if made else {},
        lang=lang,
        corrections=() if report.of_year else report.corrections,
    )


def _facts(
    report: MonthlyReport, lang: str, made: WordedReport, page: Callable[[ReportView], str]
) -> Mapping[str, object]:
    view = made.view
    shown = {**view, "pictures": tuple({**one, "png": ""} for one in view["pictures"]), "indicators": ()}
    name = f"{report.month}-{lang}"
    return {
        "subject": view["subject"],
        "text": as_mail_text(view),
        "page": shown,
        "enclosed": (
            *(
                EnclosedFile(f"{key}.png", "image/png", image, f"{key}@report.invalid")
                for key, image in made.images.items()
            ),
            EnclosedFile(f"{name}.html", "text/html; charset=utf-8", page(view).encode()),
            EnclosedFile(f"{name}.csv", "text/csv; charset=utf-8", as_csv(report, lang).encode()),
        ),
    }


if __name__ == "__main__":
    asked: tuple[Path, Policy, Month, datetime] = pickle.loads(sys.stdin.buffer.read())  # noqa: S301 - by our own process
    sys.stdout.buffer.write(pickle.dumps(here(*asked)))
