"""I5, I9 and I13: how many, by which channel, about what, in which language: all by the month of arrival (R29)."""

from collections import Counter
from collections.abc import Iterable, Sequence

from oacmail.core.model import Topic
from oacmail.core.report.cohorts import Cohorts
from oacmail.core.report.figures import Count, FigureTable, Indicator, Measure

CHANNELS = ("mail", "callback", "telephone", "visit")
LANGUAGES = ("ca", "es", "en", "fr", "other")
NO_POINTER = "no_pointer"


def volumes(of: Cohorts) -> Indicator:
    """I5. Cases opened in the month, and what was asked besides: on cases that existed, or that were merged."""
    opened = of.opened()
    return Indicator(
        id="I5",
        main=Measure(key="cases", value=len(opened), unit="count"),
        measures=(Measure(key="further", value=len(of.arrived()) - len(opened), unit="count"),),
        tables=(
            FigureTable(key="channels", rows=counted((case.channel for case in opened), CHANNELS)),
            FigureTable(key="topics", rows=counted((case.topic for case in opened), tuple(Topic)), words="topic"),
        ),
    )


def out_of_scope(of: Cohorts) -> Indicator:
    """I9. By the body that the person was pointed to."""
    found = [case for case in of.opened() if case.level == "out_of_scope"]
    bodies = []
    for case in found:
        referred = [event.text("body") for event in of.events_of(case.number, "referred")]
        bodies.append(referred[-1] if referred else NO_POINTER)
    return Indicator(
        id="I9",
        main=Measure(key="out_of_scope", value=len(found), unit="count"),
        tables=(FigureTable(key="pointers", rows=counted(bodies)),),
    )


def languages(of: Cohorts) -> Indicator:
    """I13. Of messages alone: nobody notes in which language a call was made."""
    asked = [one.lang for one in of.arrived() if one.lang]
    answers = [one.lang for one in of.rows.answers if of.holds(one.at)]
    return Indicator(
        id="I13",
        main=Measure(key="requests_by_mail", value=len(asked), unit="count"),
        measures=(Measure(key="answers_by_mail", value=len(answers), unit="count"),),
        tables=(
            FigureTable(key="requests", rows=counted(map(_language, asked), LANGUAGES), words="in_language"),
            FigureTable(key="answers", rows=counted(map(_language, answers), LANGUAGES), words="in_language"),
        ),
    )


def _language(lang: str) -> str:
    return lang if lang in LANGUAGES else "other"


def counted(keys: Iterable[str], order: Sequence[str] = ()) -> tuple[Count, ...]:
    """A row for each key of `order`, also where it is 0; keys beyond it follow, the most frequent first."""
    found = Counter(keys)
    rest = sorted((key for key in found if key not in order), key=lambda key: (-found[key], key))
    return tuple(Count(key=key, count=found[key]) for key in (*order, *rest))
