"""I6 to I8: where cases are closed, what is derived, and how long both take (docs/requirements.md section 5)."""

import pytest

from oacmail.core.report.figures import EventRow, MonthFigures, MonthRows, working_days
from oacmail.core.report.indicators import month_figures
from oacmail.core.report.publication import differences
from tests.report.report_rows import NOVEMBER, POLICY, answered, case, causes, event, figures, local, request


def test_a_case_closed_after_one_answer_at_the_first_level() -> None:
    events = (answered("2026-11-10 12:00"), event("closed", "2026-11-24 20:00", by="silence"))
    of = figures("I6", events=events)
    assert (of.main.value, of.measure("one_contact").value, of.main.n) == (100.0, 100.0, 1)
    twice = figures("I6", events=(answered("2026-11-09 12:00"), *events))
    assert twice.measure("one_contact").value == 0.0
    reopened_since = figures("I6", events=(*events, event("closed", "2026-12-10 20:00", by="silence")))
    assert reopened_since.main.n == 1


def test_closing_as_answered_is_no_second_answer_and_spam_is_not_closed() -> None:
    closing = (answered("2026-11-12 10:00", by="answered"), event("closed", "2026-11-12 10:00", reason="answered"))
    of = figures("I6", events=(answered("2026-11-10 12:00"), *closing))
    assert of.measure("one_contact").value == 100.0
    assert figures("I6", events=(event("closed", "2026-11-12 10:00", reason="spam"),)).main.n == 0


def test_a_derived_case_is_not_of_the_first_level_and_counts_by_its_operator() -> None:
    derived = case(level="second", operator="aoc", platform="e-NOTUM", cause="platform")
    handed = event("escalated", "2026-11-10 10:01", why="second-level")
    closed = event("closed", "2026-11-20 10:00", by="silence")
    overdue = event("escalated", "2026-11-12 08:00", why="overdue")
    assert figures("I6", cases=(derived,), events=(handed, closed)).main.value == 0.0
    of = figures("I7", cases=(derived,), events=(handed, overdue))
    assert (of.main.value, [row.key for row in of.tables[1].rows]) == (1, ["aoc"])
    assert figures("I7", cases=(derived,), events=(overdue,)).main.value == 0


def test_a_derivation_ends_when_the_person_knows_the_outcome() -> None:
    handed = event("escalated", "2026-11-02 10:00", why="ordered")
    notice, solved = (
        answered("2026-11-03 10:00"),
        event("solved", "2026-11-05 10:00", at=local("2026-11-05 10:00").isoformat()),
    )
    open_ = figures("I8", events=(handed, notice, solved))
    assert (open_.main.n, causes(open_), open_.measure("still_open").value) == (0, [("1", "not_over")], 1)
    told = figures("I8", events=(handed, notice, solved, answered("2026-11-06 10:00")))
    assert (told.main.value, told.main.n, told.main.met) == (4.0, 1, True)
    slow = figures("I8", events=(handed, solved, answered("2026-11-12 10:00")))
    assert (slow.main.value, causes(slow), slow.main.met) == (8.0, [("1", "slow")], False)
    assert [one.late for one in slow.breaches] == [3]


def test_a_case_that_came_back_unsolved_has_no_time_to_solve() -> None:
    events = (event("escalated", "2026-11-02 10:00", why="second-level"), event("not-theirs", "2026-11-04 10:00"))
    of = figures("I8", events=(*events, answered("2026-11-04 12:00")))
    assert (of.main.n, of.measure("still_open").value) == (0, 0)


@pytest.mark.parametrize(
    "ended",
    [
        event("closed", "2026-11-04 12:00", reason="spam"),
        event("closed", "2026-11-04 12:00", reason="duplicate"),
        event("corrected", "2026-11-04 12:00", level="first"),
        event("corrected", "2026-11-04 12:00", level="out_of_scope"),
        event("erased", "2026-11-04 12:00", why="forget"),
    ],
    ids=["spam", "duplicate", "first", "out_of_scope", "forgotten"],
)
def test_what_ends_a_derivation_without_an_outcome_tells_none_and_leaves_no_derived_case(ended: EventRow) -> None:
    events = (event("escalated", "2026-11-02 10:00", why="second-level"), ended)
    of = figures("I8", events=events)
    assert (of.main.n, of.measure("still_open").value) == (0, 0)
    assert causes(figures("I1", request(), events=events)) == [("1", "unanswered")]


def test_a_closing_that_logs_a_contact_tells_the_outcome() -> None:
    events = (
        event("escalated", "2026-11-02 10:00", why="ordered"),
        event("closed", "2026-11-04 12:00", reason="contact"),
    )
    assert figures("I8", events=events).main.n == 1


@pytest.mark.parametrize(("begun", "listed"), [("2026-11-20 10:00", 1.0), ("2026-11-23 10:00", None)])
def test_what_is_open_has_taken_no_day_of_the_next_month(begun: str, listed: float | None) -> None:
    """From Monday the 23rd to the end of Monday the 30th five working days pass, and not six."""
    of = figures("I8", events=(event("escalated", begun, why="ordered"),))
    assert [one.late for one in of.breaches] == ([listed] if listed else [])
    assert of.measure("still_open").value == (1 if listed else 0)


MERGED = event("merged", "2026-11-05 10:00", "2", **{"from": "1"})
BOTH = (case("1", close_reason="duplicate"), case("2"))


def test_a_merged_case_goes_on_as_the_other() -> None:
    """Its derivation ends with the answer to the other; what it was closed as before counts no longer."""
    handed = event("escalated", "2026-11-03 10:00", "1", why="ordered")
    solved = event("solved", "2026-11-17 10:00", "2", at=local("2026-11-17 10:00").isoformat())
    told = figures("I8", events=(handed, MERGED, solved, answered("2026-11-18 10:00", "2")), cases=BOTH)
    assert (told.main.value, causes(told)) == (11.0, [("2", "slow")])
    assert causes(figures("I8", events=(handed, MERGED), cases=BOTH)) == [("2", "not_over")]
    closed = event("closed", "2026-11-04 10:00", "1", reason="answered")
    assert figures("I6", events=(closed, MERGED), cases=BOTH).main.n == 0
    assert figures("I7", events=(handed, MERGED), cases=BOTH).main.value == 1
    waits = request(case="2", due="2026-11-11 20:00")
    assert causes(figures("I1", waits, events=(handed, MERGED), cases=BOTH)) == [("2", "derived_untold")]


def test_a_complaint_whose_case_was_merged_is_counted_and_judged() -> None:
    events = (event("opinion", "2026-11-04 10:00", "1", intent="complaint"), MERGED)
    cases = (case("1", "2026-11-04 10:00", intent="complaint", close_reason="duplicate"), case("2"))
    of = figures("I12", request("2026-11-04 10:00", case="2"), events=events, cases=cases)
    assert (of.measure("opinions").value, causes(of)) == (1, [("2", "opinion_unanswered")])


def test_every_question_is_that_of_a_case_or_a_further_one() -> None:
    """Also the older one of two that were merged."""
    older, newer = request("2026-11-09 10:00", case="2", opens="1"), request(case="2", opens="2")
    asked = (older, newer, request("2026-11-12 10:00", case="2"))
    of = figures("I5", *asked, events=(MERGED,), cases=BOTH)
    assert (of.main.value, of.measure("further").value) == (1, 2)


def test_a_row_that_came_or_went_is_a_correction() -> None:
    def pointed(body: str) -> MonthFigures:
        rows = MonthRows(
            cases={"1": case(level="out_of_scope")},
            requests=(request(opens="1"),),
            events=(event("referred", "2026-11-10 12:00", body=body),),
        )
        return month_figures(POLICY, NOVEMBER, rows)

    found = differences(pointed("Renfe"), (), pointed("Trànsit"), {})
    assert [(one.measure, one.old, one.new) for one in found] == [("pointers.Renfe", 1, 0), ("pointers.Trànsit", 0, 1)]
    assert differences(pointed("Renfe"), found, pointed("Trànsit"), {}) == ()


def test_working_days_are_those_after_the_first() -> None:
    assert working_days(local("2026-11-27 10:00"), local("2026-11-30 09:00"), POLICY) == 1
    assert working_days(local("2026-11-27 10:00"), local("2026-11-27 19:00"), POLICY) == 0
