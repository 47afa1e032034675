"""Days, hours, figures and the names of councils in words, in Catalan, Spanish and English."""

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time
from math import ceil, floor

from oacmail.core.model import Hours
from oacmail.core.report.figures import Measure, Unit, Value

# --- Dates in words --------------------------------------------------------------------------------------------------
#
# Write days, hours and greetings in words, in Catalan, Spanish and English.
#
# Each language has its own table; Babel writes Catalan dates differently from the town. All values are in local time
# already: nothing here knows a time zone or the current time.


_DAYS: Mapping[str, tuple[str, ...]] = {
    "ca": ("dilluns", "dimarts", "dimecres", "dijous", "divendres", "dissabte", "diumenge"),
    "es": ("lunes", "martes", "miércoles", "jueves", "viernes", "sábado", "domingo"),
    "en": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
}
_MONTHS: Mapping[str, tuple[str, ...]] = {
    "ca": (
        "de gener", "de febrer", "de març", "d'abril", "de maig", "de juny",
        "de juliol", "d'agost", "de setembre", "d'octubre", "de novembre", "de desembre",
    ),
    "es": (
        "de enero", "de febrero", "de marzo", "de abril", "de mayo", "de junio",
        "de julio", "de agosto", "de septiembre", "de octubre", "de noviembre", "de diciembre",
    ),
    "en": (
        "January", "February", "March", "April", "May", "June",
        "July", "August", "September", "October", "November", "December",
    ),
}  # fmt: skip
_YEAR = {"ca": "{day} de {year}", "es": "{day} de {year}", "en": "{day} {year}"}
_HOURS = {"ca": "de {opens} a {closes} h", "es": "de {opens} a {closes} h"}
_GREETINGS: Mapping[str, tuple[tuple[int, str], ...]] = {
    "ca": ((20, "Bona nit"), (14, "Bona tarda"), (6, "Bon dia"), (0, "Bona nit")),
    "es": ((20, "Buenas noches"), (14, "Buenas tardes"), (6, "Buenos días"), (0, "Buenas noches")),
    "en": ((18, "Good evening"), (12, "Good afternoon"), (6, "Good morning"), (0, "Good evening")),
}
BELOW = {"ca": "En català, més avall.", "es": "En castellano, más abajo.", "en": "In English, below."}
NEXT_WORKING_DAY = {"ca": "el següent dia hàbil", "es": "siguiente día hábil", "en": "the next working day"}

_NTH = {"ca": "d'aquí a {n} dies hàbils", "es": "{n}.º día hábil", "en": "the {n}{th} working day from today"}
_TH = {1: "st", 2: "nd", 3: "rd"}
_AT = {"ca": "a {the} {hour}", "es": "a {the} {hour}", "en": "at {hour}"}
_THE = {"ca": ("la", "les"), "es": ("la", "las"), "en": ("", "")}
_ASKED: Mapping[str, Mapping[str, str]] = {  # {0}, {1}: from, until
    "ca": {
        **{"between": "entre les {0} i les {1}", "from": "a partir de les {0}", "until": "abans de les {1}"},
        **{"at": "cap a les {0}", "or": " o "},
    },
    "es": {
        **{"between": "entre las {0} y las {1}", "from": "a partir de las {0}", "until": "antes de las {1}"},
        **{"at": "hacia las {0}", "or": " o "},
    },
    "en": {
        **{"between": "between {0} and {1}", "from": "from {0}", "until": "before {1}"},
        **{"at": "at about {0}", "or": " or "},
    },
}
_SHORT_DAYS: Mapping[str, tuple[str, ...]] = {
    "ca": ("dl.", "dt.", "dc.", "dj.", "dv.", "ds.", "dg."),
    "es": ("lun.", "mar.", "mié.", "jue.", "vie.", "sáb.", "dom."),
    "en": ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"),
}


def day_words(day: date, lang: str) -> str:
    """`dilluns 30 de novembre`; `Monday 30 November`."""
    return f"{_DAYS[lang][day.weekday()]} {_day_of_month(day, lang)}"


def nth_working_day(n: int, lang: str) -> str:
    """`d'aquí a 5 dies hàbils`: a promise for a year without known holidays; follows `el` in Spanish."""
    th = "th" if n % 100 in (11, 12, 13) else _TH.get(n % 10, "th")
    return _NTH[lang].format(n=n, th=th)


def date_words(day: date, lang: str) -> str:
    """`30 de novembre de 2026`; `1 d'abril de 2026`."""
    return _YEAR[lang].format(day=_day_of_month(day, lang), year=day.year)


def month_words(day: date, lang: str) -> str:
    """`novembre de 2026`; `abril de 2026`; `November 2026`."""
    name = _MONTHS[lang][day.month - 1].removeprefix("de ").removeprefix("d'")
    return _YEAR[lang].format(day=name, year=day.year)


def short_month(day: date, lang: str) -> str:
    """`nov 26`: for the axis of a chart."""
    name = _MONTHS[lang][day.month - 1].removeprefix("de ").removeprefix("d'")
    return f"{name[:3]}\u00a0{day.year % 100:02d}"


def moment_words(moment: datetime, lang: str, this_year: int) -> str:
    """`30 de novembre a les 16.03 h`; with the year if it is not `this_year`. The article is left to the sentence."""
    day = _day_of_month(moment, lang) if moment.year == this_year else date_words(moment, lang)
    return f"{day} {at_hour_words(moment.time(), lang)}"


def at_hour_words(hour: time, lang: str) -> str:
    """`a les 16.03 h`; `a la 1 h`; `at 4:03 pm`."""
    one, many = _THE[lang]
    return _AT[lang].format(the=one if hour.hour == 1 else many, hour=hour_words(hour, lang))


def short_day(day: date, lang: str) -> str:
    """`dt. 24/11`; `Tue 24/11`: for lines that are read on a telephone."""
    return f"{_SHORT_DAYS[lang][day.weekday()]} {day.day}/{day.month}"


def short_moment(moment: datetime, lang: str) -> str:
    """`dt. 24/11, 16.03 h`."""
    return f"{short_day(moment, lang)}, {hour_words(moment.time(), lang)}"


def hour_words(hour: time, lang: str) -> str:
    """`8 h`, `8.30 h`; `8 am`, `8:30 am`, `noon`, `midnight`. time.max stands for 24:00."""
    return _clock_en(hour) if lang == "en" else f"{_clock(hour)} h"


def hours_words(opens: time, closes: time, lang: str) -> str:
    """`de 8 a 20 h`; `8 am–8 pm`."""
    if lang == "en":
        return f"{_clock_en(opens)}–{_clock_en(closes)}"
    return _HOURS[lang].format(opens=_clock(opens), closes=_clock(closes))


def asked_hours(hours: Sequence[Hours], opens: time, closes: time, lang: str) -> str:
    """`entre les 10 i les 12`, `a partir de les 17`, `cap a les 11`; of several, `… o …`. `opens`, `closes`: the ends
    of the slot that they are part of."""
    said = _ASKED[lang]
    return said["or"].join(
        said[
            "at"
            if start == end
            else "from"
            if end == _minute(closes)
            else "until"
            if start == _minute(opens)
            else "between"
        ].format(_short_clock(start, lang), _short_clock(end, lang))
        for start, end in hours
    )


def call_hours(hours: Sequence[Hours], lang: str) -> str:
    """`10–12 h`, `9–11 h, 16.30–18 h`: for lists."""
    unit = "" if lang == "en" else " h"
    return ", ".join("–".join(_short_clock(minute, lang) for minute in dict.fromkeys(pair)) + unit for pair in hours)


def _minute(hour: time) -> int:
    return hour.hour * 60 + hour.minute


def _short_clock(minute: int, lang: str) -> str:
    return (_clock_en if lang == "en" else _clock)(time(*divmod(minute, 60)))


def greeting(moment: datetime, lang: str) -> str:
    """Return the greeting for the local hour: `Bon dia`, `Bona tarda`, `Bona nit`."""
    return next(words for hour, words in _GREETINGS[lang] if moment.hour >= hour)


def _day_of_month(day: date, lang: str) -> str:
    return f"{day.day} {_MONTHS[lang][day.month - 1]}"


def _clock(hour: time) -> str:
    if hour == time.max:
        return "24"
    return f"{hour.hour}.{hour.minute:02}" if hour.minute else str(hour.hour)


def _clock_en(hour: time) -> str:
    if hour == time.max or (hour.hour, hour.minute) == (0, 0):
        return "midnight"
    if (hour.hour, hour.minute) == (12, 0):
        return "noon"
    minutes = f":{hour.minute:02}" if hour.minute else ""
    return f"{(hour.hour - 1) % 12 + 1}{minutes} {'am' if hour.hour < 12 else 'pm'}"


# --- Figures in words ------------------------------------------------------------------------------------------------
#
# Write figures as people read them: `95,2 %`, `3,5 h`, `1.234`; in English `95.2%`, `3.5 h`, `1,234`.
#
# A figure is never rounded to the other side of its target: 99.97 of 100 is `99,9 %`, and 3.996 of 4 is `3,99`.


NOTHING = "—"
_PLACES: Mapping[Unit, int] = {"percent": 1, "count": 0, "hours": 1, "days": 1, "points": 2}
_NBSP = "\u00a0"
_UNITS: Mapping[Unit, Mapping[str, str]] = {
    "percent": {"ca": _NBSP + "%", "es": _NBSP + "%", "en": "%"},
    "hours": dict.fromkeys(("ca", "es", "en"), _NBSP + "h"),
    "days": {"ca": _NBSP + "dies hàbils", "es": _NBSP + "días hábiles", "en": _NBSP + "working days"},
}
_ONE_DAY = {"ca": _NBSP + "dia hàbil", "es": _NBSP + "día hábil", "en": _NBSP + "working day"}
_POINTS = {"ca": _NBSP + "punts", "es": _NBSP + "puntos", "en": _NBSP + "points"}
_BETWEEN = {"ca": "entre {} i {}", "es": "entre {} y {}", "en": "between {} and {}"}
FEW = {"ca": "menys de 5", "es": "menos de 5", "en": "fewer than 5"}
_AT_LEAST = {True: "≥", False: "≤"}


def number(value: Value, unit: Unit, lang: str, *, signed: bool = False) -> str:
    """With its unit; `signed`: a plus before what is more than nothing. A whole percentage has no decimals."""
    if value is None:
        return NOTHING
    places = _PLACES[unit]
    if unit in ("percent", "hours", "days") and float(value).is_integer():
        places = 0
    named = _ONE_DAY if unit == "days" and abs(value) == 1 else _UNITS.get(unit, {})
    sign = "+" if signed and value > 0 else "−" if value < 0 else ""
    return f"{sign}{_digits(abs(value), places, lang)}{named.get(lang, '')}"


def _digits(value: float, places: int, lang: str) -> str:
    text = f"{value:,.{places}f}"
    return text if lang == "en" else text.replace(",", " ").replace(".", ",").replace(" ", ".")


def result(measure: Measure, lang: str) -> str:
    """The value of a measure, on its side of the target; bounds in the published form."""
    if measure.low is not None and measure.high is not None:
        if measure.unit == "count":
            return FEW[lang]
        return _BETWEEN[lang].format(*(number(one, measure.unit, lang) for one in (measure.low, measure.high)))
    return number(_on_its_side(measure), measure.unit, lang)


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
    text = number(measure.target, measure.unit, lang)
    exact = measure.target in (0, 100)
    return text if exact else f"{_AT_LEAST[measure.at_least]}{_NBSP}{text}"


def difference(measure: Measure, lang: str) -> str:
    """The signed difference to the target, of the value as it is shown; of a percentage in points."""
    value, shown = measure.difference, _on_its_side(measure)
    if value is not None and shown is not None and measure.target is not None:
        value = round(shown - measure.target, _PLACES[measure.unit])
    text = number(value, measure.unit, lang, signed=True)
    return text.replace(_UNITS["percent"][lang], _POINTS[lang]) if measure.unit == "percent" else text


# --- Councils --------------------------------------------------------------------------------------------------------
#
# Name a town's council in each language: "Ajuntament d'Olesa", "Ayuntamiento de Olesa", "Olesa town hall".
#
# Town names are Catalan. Catalan contracts `de` with the article and elides it before a vowel (Institut d'Estudis
# Catalans, Gramàtica essencial, 12.3 and 4.3); Spanish keeps the article of a name, capitalised (RAE, Ortografía,
# 4.2.4.6).


_ARTICLE = re.compile(r"(?:(els?|la|les) |(l)['’])(?=\S)", re.IGNORECASE)
_OF_ARTICLE = {"el": "del ", "els": "dels ", "la": "de la ", "les": "de les ", "l": "de l'"}
_VOWELS = "aàeèéhiíïoòóuúü"


def councils(town: str) -> Mapping[str, str]:
    """Return the council's name by language: "ca", "es", "en"."""
    capital = town[:1].upper() + town[1:]
    return {"ca": f"Ajuntament {_of(town)}", "es": f"Ayuntamiento de {capital}", "en": f"{capital} town hall"}


def _of(town: str) -> str:
    """Return `de` and the town, in Catalan."""
    if article := _ARTICLE.match(town):
        return _OF_ARTICLE[(article[1] or article[2]).lower()] + town[article.end() :]
    return f"d'{town}" if town[:1].lower() in _VOWELS else f"de {town}"
