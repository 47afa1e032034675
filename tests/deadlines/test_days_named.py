"""Days as people name them, counted from Wednesday 25 November 2026 in the town's calendar."""

from datetime import date

import pytest

from oacmail.core.days_named import day_named
from oacmail.core.order_words import folded

WEDNESDAY = date(2026, 11, 25)


class _Weekdays:
    def is_working_day(self, day: date) -> bool:
        return day.weekday() < 5


WORKDAYS = _Weekdays()


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("dijous", "2026-11-26"),
        ("el dijous vinent", "2026-11-26"),
        ("dimecres", "2026-12-02"),
        ("demà", "2026-11-26"),
        ("mañana por la mañana", "2026-11-26"),
        ("demà passat", "2026-11-27"),
        ("pasado mañana", "2026-11-27"),
        ("avui mateix", "2026-11-25"),
        ("la setmana vinent", "2026-12-04"),
        ("dilluns de la setmana vinent", "2026-11-30"),
        ("next week", "2026-12-04"),
        ("aquesta setmana", "2026-11-27"),
        ("3 de desembre", "2026-12-03"),
        ("l'1 d'abril", None),
        ("3/12", "2026-12-03"),
        ("3/12/26", "2026-12-03"),
        ("03.12.2026", "2026-12-03"),
        ("pel 3.12", "2026-12-03"),
        ("2026-12-03", "2026-12-03"),
        ("dijous 3 de desembre", "2026-12-03"),
        ("jueves, 3/12", "2026-12-03"),
        ("divendres 3 de desembre", None),
        ("dia 3", "2026-12-03"),
        ("December 3rd", "2026-12-03"),
        ("3 December", "2026-12-03"),
        ("d'aquí a 3 dies", "2026-11-28"),
        ("en dos días", "2026-11-27"),
        ("in two weeks", "2026-12-09"),
        ("5 dies hàbils", "2026-12-02"),
        ("a final de mes", "2026-11-30"),
        ("7 de gener", "2027-01-07"),
        ("24/11", None),
        ("24/11/2026", None),
        ("30/2", None),
        ("31 de gener de 2027", None),
        ("a les 12.30 h", None),
        ("la versió 2.1", None),
        ("esta mañana", None),
        ("dijous o divendres", None),
        ("24/7", None),
        ("aviat", None),
    ],
)
def test_the_day_that_is_named(text: str, day: str | None) -> None:
    assert day_named(folded(text), WEDNESDAY, WORKDAYS) == (date.fromisoformat(day) if day else None)


def test_on_a_saturday_this_week_is_over() -> None:
    assert day_named("aquesta setmana", date(2026, 11, 28), WORKDAYS) is None
