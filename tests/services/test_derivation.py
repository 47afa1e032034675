"""Operator, cause and the end of a term, from what was found in a message."""

from datetime import date, timedelta

import pytest

from oacmail.core import derivation
from oacmail.core.model import EndDay, Features, Platform

WEDNESDAY = date(2026, 11, 25)


def named(**weights: float) -> Features:
    """One platform of each operator."""
    return Features(platforms=tuple(Platform(operator, "x", weight) for operator, weight in weights.items()))


def test_the_town_answers_for_what_is_not_named() -> None:
    assert derivation.operator(Features()) == "town"
    assert derivation.operator(named(town=1.0, age=1.0)) == "town"
    assert derivation.operator(named(town=1.0, generalitat=2.0)) == "generalitat"


def test_a_form_is_at_fault_where_the_message_speaks_of_it_more_than_of_a_platform() -> None:
    assert derivation.cause(Features(of_paper=True)) == "document_or_form"
    assert derivation.cause(Features()) == "platform"


@pytest.mark.parametrize(
    ("day", "ahead"),
    [
        (EndDay(in_days=0), 0),
        (EndDay(in_days=2), 2),
        (EndDay(weekday=2), 0),  # the same day
        (EndDay(weekday=5), 3),
        (EndDay(weekday=1), 6),
        (EndDay(month_day=(11, 27)), 2),
        (EndDay(month_day=(11, 24)), None),  # passed
        (EndDay(month_day=(11, 31)), None),  # no day at all
        (EndDay(month_day=(1, 24)), 60),  # of the next year
        (EndDay(month_day=(1, 25)), None),
        (EndDay(month_day=(0, 25)), 0),  # no month is named
        (EndDay(month_day=(0, 24)), 29),
        (EndDay(month_day=(11, 27), year=2026), 2),
        (EndDay(month_day=(11, 27), year=2025), None),
    ],
)
def test_a_term_that_a_message_names_ends_within_sixty_days(day: EndDay, ahead: int | None) -> None:
    known = derivation.ends_on(Features(end_days=(day,)), WEDNESDAY)
    assert known == (None if ahead is None else WEDNESDAY + timedelta(days=ahead))


@pytest.mark.parametrize(("ahead", "near"), [(-1, False), (0, True), (2, True), (3, False)])
def test_a_term_is_near_from_two_days_before_until_it_has_passed(ahead: int, near: bool) -> None:
    assert derivation.is_near(WEDNESDAY + timedelta(days=ahead), WEDNESDAY) is near
    assert not derivation.is_near(None, WEDNESDAY)
