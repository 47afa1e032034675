"""Operator, cause and the end of a term, from what was found in a message."""

from datetime import UTC, datetime

import pytest

from oacmail.core.routing import derivation

WEDNESDAY = datetime(2026, 11, 25, 9, 0, tzinfo=UTC)


def test_the_town_answers_for_what_is_not_named() -> None:
    assert derivation.operator({}) == "town"
    assert derivation.operator({"operator:town:la seu": 1.0, "operator:age:fnmt": 1.0}) == "town"
    assert derivation.operator({"operator:town:la seu": 1.0, "operator:generalitat:pscp": 2.0}) == "generalitat"


def test_a_form_is_at_fault_where_its_own_cues_outnumber_those_of_a_platform() -> None:
    assert derivation.cause({"cue:option missing": 1.0}) == "document_or_form"
    assert derivation.cause({"cue:option missing": 1.0, "cue:server error": 1.0}) == "platform"
    assert derivation.cause({}) == "platform"


@pytest.mark.parametrize(
    ("code", "soon"),
    [
        ("in:0", True),
        ("in:2", True),
        ("weekday:2", True),  # the same day
        ("weekday:4", True),
        ("weekday:5", False),
        ("weekday:1", False),
        ("date:11-27", True),
        ("date:11-28", False),
        ("date:11-24", False),
        ("date:11-31", False),  # no day at all
    ],
)
def test_a_term_is_near_when_it_ends_within_two_days(code: str, soon: bool) -> None:
    assert derivation.ends_soon({f"ends:{code}": 1.0}, WEDNESDAY) is soon


def test_the_turn_of_the_year_is_near_too() -> None:
    assert derivation.ends_soon({"ends:date:1-1": 1.0}, datetime(2026, 12, 31, 9, 0, tzinfo=UTC))


def test_without_the_message_s_date_only_words_that_need_none_are_near() -> None:
    assert derivation.ends_soon({"ends:in:1": 1.0}, None)
    assert not derivation.ends_soon({"ends:weekday:2": 1.0}, None)
