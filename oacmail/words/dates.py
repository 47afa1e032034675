"""Days, hours, figures and the names of councils as each language writes them (group `format` of the catalogue)."""

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time
from math import ceil, floor
from typing import Any

from oacmail.core.model import LANGUAGES, Hours, regex
from oacmail.core.report.figures import Measure, Unit, Value
from oacmail.words.labels import group, phrase


def _of(key: str, lang: str) -> Any:
    return group("format")[key][lang]


# --- Dates in words --------------------------------------------------------------------------------------------------
# Babel writes Catalan dates differently from the town. All values are in local time already: nothing here knows a time
# zone or the current time.


def day_words(day: date, lang: str) -> str:
    """`dilluns 30 de novembre`; `Monday 30 November`."""
    return f"{_of('weekdays', lang)[day.weekday()]} {_day_of_month(day, lang)}"


def nth_working_day(n: int, lang: str) -> str:
    """`d'aquí a 5 dies hàbils`: a promise for a year without known holidays; follows `el` in Spanish."""
    endings = _of("ordinals", lang)
    th = endings[n % 10 if n % 10 < len(endings) and n % 100 not in (11, 12, 13) else 0] if endings else ""
    return phrase("format", "nth_working_day", lang, n=n, th=th)


def next_working_day(lang: str) -> str:
    return phrase("format", "next_working_day", lang)


def date_words(day: date, lang: str) -> str:
    """`30 de novembre de 2026`; `1 d'abril de 2026`."""
    return phrase("format", "with_year", lang, day=_day_of_month(day, lang), year=day.year)


def month_words(day: date, lang: str) -> str:
    """`novembre de 2026`; `abril de 2026`; `November 2026`."""
    return phrase("format", "with_year", lang, day=_of("months", lang)[day.month - 1], year=day.year)


def short_month(day: date, lang: str) -> str:
    """`nov 26`: for the axis of a chart."""
    return f"{_of('months', lang)[day.month - 1][:3]}\u00a0{day.year % 100:02d}"


def moment_words(moment: datetime, lang: str, this_year: int) -> str:
    """`30 de novembre a les 16.03 h`; with the year if it is not `this_year`. The article is left to the sentence."""
    day = _day_of_month(moment, lang) if moment.year == this_year else date_words(moment, lang)
    return f"{day} {at_hour_words(moment.time(), lang)}"


def at_hour_words(hour: time, lang: str) -> str:
    """`a les 16.03 h`; `a la 1 h`; `at 4:03 pm`."""
    return phrase("format", "at_one" if hour.hour == 1 else "at", lang, hour_words(hour, lang))


def short_day(day: date, lang: str) -> str:
    """`dt. 24/11`; `Tue 24/11`: for lines that are read on a telephone."""
    return f"{_of('short_weekdays', lang)[day.weekday()]} {day.day}/{day.month}"


def short_moment(moment: datetime, lang: str) -> str:
    """`dt. 24/11, 16.03 h`."""
    return f"{short_day(moment, lang)}, {hour_words(moment.time(), lang)}"


def hour_words(hour: time, lang: str) -> str:
    """`8 h`, `8.30 h`; `8 am`, `8:30 am`, `noon`, `midnight`. time.max stands for 24:00."""
    return phrase("format", "hour", lang, _clock(hour, lang))


def hours_words(opens: time, closes: time, lang: str) -> str:
    """`de 8 a 20 h`; `8 am–8 pm`."""
    return phrase("format", "hours", lang, _clock(opens, lang), _clock(closes, lang))


def asked_hours(hours: Sequence[Hours], opens: time, closes: time, lang: str) -> str:
    """`entre les 10 i les 12`, `a partir de les 17`, `cap a les 11`; of several, `… o …`. `opens`, `closes`: the ends
    of the slot that they are part of."""
    said = []
    for start, end in hours:
        ends = (start == end, end == closes.hour * 60 + closes.minute, start == opens.hour * 60 + opens.minute, True)
        kind = ("asked_at", "asked_from", "asked_until", "asked_between")[ends.index(True)]
        said.append(phrase("format", kind, lang, _minute(start, lang), _minute(end, lang)))
    return phrase("format", "or", lang).join(said)


def call_hours(hours: Sequence[Hours], lang: str) -> str:
    """`10–12 h`, `9–11 h, 16.30–18 h`: for lists."""
    spans = ("–".join(_minute(minute, lang) for minute in dict.fromkeys(pair)) for pair in hours)
    return ", ".join(phrase("format", "hour", lang, span) for span in spans)


def greeting(moment: datetime, lang: str) -> str:
    """Return the greeting for the local hour: `Bon dia`, `Bona tarda`, `Bona nit`."""
    words: str = next(words for hour, words in _of("greetings", lang) if moment.hour >= hour)
    return words


def _day_of_month(day: date, lang: str) -> str:
    return f"{day.day} {_of('of_months', lang)[day.month - 1]}"


def _minute(minute: int, lang: str) -> str:
    """A minute of the day."""
    return _clock(time(*divmod(minute, 60)), lang)


def _clock(hour: time, lang: str) -> str:
    clock = _of("clock", lang)
    minutes = f"{clock['minutes']}{hour.minute:02}" if hour.minute else ""
    if "am" not in clock:
        return "24" if hour == time.max else f"{hour.hour}{minutes}"
    if hour == time.max or (hour.hour, hour.minute) == (0, 0):
        return str(clock["midnight"])
    if (hour.hour, hour.minute) == (12, 0):
        return str(clock["noon"])
    return f"{(hour.hour - 1) % 12 + 1}{minutes} {clock['am' if hour.hour < 12 else 'pm']}"


# --- Figures in words ------------------------------------------------------------------------------------------------
# `95,2 %`, `3,5 h`, `1.234`; in English `95.2%`, `3.5 h`, `1,234`. A figure is never rounded to the other side of its
# target: 99.97 of 100 is `99,9 %`, and 3.996 of 4 is `3,99`.

NOTHING = "—"
_NBSP = "\u00a0"
_PLACES: Mapping[Unit, int] = {"percent": 1, "count": 0, "hours": 1, "days": 1, "points": 2}
_WITH_UNIT: Mapping[Unit, str] = {"percent": "percent", "hours": "duration_hours", "days": "duration_days"}
_AT_LEAST = {True: "≥", False: "≤"}


def number(value: Value, unit: Unit, lang: str, *, signed: bool = False) -> str:
    """With its unit; `signed`: a plus before what is more than nothing. A whole percentage has no decimals."""
    return _number(value, unit, _WITH_UNIT.get(unit, ""), lang, signed=signed)


def _number(value: Value, unit: Unit, named: str, lang: str, *, signed: bool) -> str:
    if value is None:
        return NOTHING
    places = 0 if unit in _WITH_UNIT and float(value).is_integer() else _PLACES[unit]
    whole, _, part = f"{abs(value):,.{places}f}".partition(".")
    digits = whole.replace(",", _of("thousands", lang)) + (_of("decimal", lang) + part if part else "")
    sign = "+" if signed and value > 0 else "−" if value < 0 else ""
    key = "duration_day" if unit == "days" and abs(value) == 1 else named
    return sign + (phrase("format", key, lang, digits) if key else digits)


def result(measure: Measure, lang: str) -> str:
    """The value of a measure, on its side of the target; bounds in the published form."""
    if measure.low is not None and measure.high is not None:
        if measure.unit == "count":
            return few(lang)
        bounds = (number(bound, measure.unit, lang) for bound in (measure.low, measure.high))
        return phrase("format", "between", lang, *bounds)
    return number(_on_its_side(measure), measure.unit, lang)


def few(lang: str) -> str:
    """How a small number is published."""
    return phrase("format", "few", lang)


def _on_its_side(measure: Measure) -> Value:
    value, target = measure.value, measure.target
    if value is None or target is None:
        return value
    step = float(10 ** _PLACES[measure.unit])
    rounded = round(value * step) / step
    good = value >= target if measure.at_least else value <= target
    same = good == (rounded >= target if measure.at_least else rounded <= target)
    if same and (rounded != target or value == target):
        return rounded
    return (floor(value * step) if value < target else ceil(value * step)) / step


def target(measure: Measure, lang: str) -> str:
    """`≥ 60 %`, `≤ 4 h`, `100 %`, `0`."""
    if measure.target is None:
        return NOTHING
    shown = number(measure.target, measure.unit, lang)
    exact = measure.target in (0, 100)
    return shown if exact else f"{_AT_LEAST[measure.at_least]}{_NBSP}{shown}"


def difference(measure: Measure, lang: str) -> str:
    """The signed difference to the target, of the value as it is shown; of a percentage in points."""
    value, shown = measure.difference, _on_its_side(measure)
    if value is not None and shown is not None and measure.target is not None:
        value = round(shown - measure.target, _PLACES[measure.unit])
    named = "percent_points" if measure.unit == "percent" else _WITH_UNIT.get(measure.unit, "")
    return _number(value, measure.unit, named, lang, signed=True)


# --- Councils --------------------------------------------------------------------------------------------------------
# "Ajuntament d'Olesa", "Ayuntamiento de Olesa", "Olesa town hall". Town names are Catalan. Catalan contracts `de` with
# the article and elides it before a vowel (Institut d'Estudis Catalans, Gramàtica essencial, 12.3 and 4.3); Spanish
# keeps the article of a name, capitalised (RAE, Ortografía, 4.2.4.6).

_ARTICLE = regex(r"(?:(els?|la|les) |(l)['’])(?=\S)", re.IGNORECASE)
_OF_ARTICLE = {"el": "del ", "els": "dels ", "la": "de la ", "les": "de les ", "l": "de l'"}
_VOWELS = "aàeèéhiíïoòóuúü"


def councils(town: str) -> Mapping[str, str]:
    """Return the council's name by language."""
    capital = town[:1].upper() + town[1:]
    return {lang: phrase("format", "council", lang, town=capital, of_town=_of_town(town)) for lang in LANGUAGES}


def _of_town(town: str) -> str:
    """Return `de` and the town, in Catalan."""
    if article := _ARTICLE.match(town):
        return _OF_ARTICLE[(article[1] or article[2]).lower()] + town[article.end() :]
    return f"d'{town}" if town[:1].lower() in _VOWELS else f"de {town}"
