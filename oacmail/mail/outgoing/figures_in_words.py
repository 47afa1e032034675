"""Write figures as people read them: `95,2 %`, `3,5 h`, `1.234`; in English `95.2%`, `3.5 h`, `1,234`.

A figure is never rounded to the other side of its target: 99.97 of 100 is `99,9 %`, and 3.996 of 4 is `3,99`.
"""

from collections.abc import Mapping
from math import ceil, floor

from oacmail.core.report.figures import Measure, Unit, Value

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
