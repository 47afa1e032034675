"""Operator, cause and the end of a term, from what was found in a message."""

from datetime import UTC, datetime

import pytest

from oacmail.core.features import EndDay, Features, Platform
from oacmail.core.routing import derivation

WEDNESDAY = datetime(2026, 11, 25, 9, 0, tzinfo=UTC)


def named(**weights: float) -> Features:
    """One platform of each operator."""
    return Features(platforms=tuple(Platform(operator, "x", weight) for operator, weight in weights.items()))


def ends(day: EndDay) -> Features:
    return Features(end_days=(day,))


def test_the_town_answers_for_what_is_not_named() -> None:
    assert derivation.operator(Features()) == "town"
    assert derivation.operator(named(town=1.0, age=1.0)) == "town"
    assert derivation.operator(named(town=1.0, generalitat=2.0)) == "generalitat"


def test_a_form_is_at_fault_where_the_message_speaks_of_it_more_than_of_a_platform() -> None:
    assert derivation.cause(Features(of_paper=True)) == "document_or_form"
    assert derivation.cause(Features()) == "platform"


@pytest.mark.parametrize(
    ("day", "soon"),
    [
        (EndDay(in_days=0), True),
        (EndDay(in_days=2), True),
        (EndDay(weekday=2), True),  # the same day
        (EndDay(weekday=4), True),
        (EndDay(weekday=5), False),
        (EndDay(weekday=1), False),
        (EndDay(month_day=(11, 27)), True),
        (EndDay(month_day=(11, 28)), False),
        (EndDay(month_day=(11, 24)), False),
        (EndDay(month_day=(11, 31)), False),  # no day at all
    ],
)
def test_a_term_is_near_when_it_ends_within_two_days(day: EndDay, soon: bool) -> None:
    assert derivation.ends_soon(ends(day), WEDNESDAY) is soon


def test_the_turn_of_the_year_is_near_too() -> None:
    assert derivation.ends_soon(ends(EndDay(month_day=(1, 1))), datetime(2026, 12, 31, 9, 0, tzinfo=UTC))


def test_without_the_message_s_date_only_words_that_need_none_are_near() -> None:
    assert derivation.ends_soon(ends(EndDay(in_days=1)), None)
    assert not derivation.ends_soon(ends(EndDay(weekday=2)), None)
