"""Each indicator on a few rows: its cohort, what fails it, and its edges (docs/requirements.md section 5)."""

import pytest

from oacmail.core.report.figures import AckRow, AnswerLang, Month, VoteRow, percentile, service_hours
from oacmail.core.report.publication import due_at
from tests.report.report_rows import NOVEMBER, POLICY, answered, case, causes, event, figures, local, request

# --- I1, I2: in time, and unanswered ------------------------------------------------------------------------


def test_a_month_without_requests_has_no_share_and_judges_nothing() -> None:
    empty = figures("I1")
    assert (empty.main.value, empty.main.n, empty.main.met, empty.main.difference) == (None, 0, None, None)


def test_the_due_moment_itself_is_in_time_and_a_second_later_is_not() -> None:
    assert figures("I1", request(answered="2026-11-11 20:00:00")).main.value == 100.0
    late = figures("I1", request(answered="2026-11-11 20:00:01"))
    assert (late.main.value, causes(late)) == (0.0, [("1", "late_same_day")])


def test_an_answer_of_the_due_evening_is_late_and_shown_apart_and_after_midnight_it_is_late() -> None:
    evening = figures("I1", request(answered="2026-11-11 23:59:59"))
    assert evening.measure("late_same_day").value == 1
    night = figures("I1", request(answered="2026-11-12 00:00"))
    assert (night.measure("late_same_day").value, causes(night)) == (0, [("1", "late")])


def test_an_unanswered_request_fails_and_so_does_one_answered_after_the_months_end() -> None:
    for answered_at in ("", "2026-12-01 09:00"):
        of = figures("I1", request("2026-11-27 10:00", "2026-11-30 20:00", answered_at))
        assert (of.main.value, of.main.n, causes(of)) == (0.0, 1, [("1", "unanswered")])


def test_what_is_due_in_another_month_counts_there() -> None:
    evening = request("2026-11-30 21:00", "2026-12-01 20:00")
    assert figures("I1", evening).main.n == 0
    assert figures("I1", evening, month=Month(2026, 12)).main.n == 1
    assert figures("I2", evening).main.value == 0


def test_midnight_of_the_months_end_is_local() -> None:
    asked_late = request("2026-11-30 23:59:59", "2026-12-01 20:00")  # 22:59:59 UTC
    assert figures("I3", asked_late).main.n == 0  # after closing time
    assert figures("I13", asked_late).main.value == 1
    assert figures("I13", request("2026-12-01 00:00", "2026-12-02 20:00")).main.value == 0  # 23:00 UTC of 30 November


def test_what_was_withdrawn_before_the_month_ended_is_no_request() -> None:
    assert figures("I1", request(withdrawn_at=local("2026-11-20 10:00"))).main.n == 0
    assert figures("I1", request(withdrawn_at=local("2026-12-02 10:00"))).main.n == 1


def test_a_derived_case_is_answered_by_its_notice_in_time_and_late_after_it() -> None:
    ordered = event("escalated", "2026-11-11 12:00", why="ordered")
    assert figures("I1", request(answered="2026-11-11 12:00"), events=(ordered,)).main.value == 100.0
    ordered = event("escalated", "2026-11-12 12:00", why="ordered")
    late = figures("I1", request(answered="2026-11-12 12:00"), events=(ordered,))
    assert causes(late) == [("1", "derived_late")]
    untold = figures("I1", request(), events=(event("escalated", "2026-11-10 10:01", why="second-level"),))
    assert causes(untold) == [("1", "derived_untold")]


def test_an_answer_that_came_back_is_owed_again_and_counts() -> None:
    again = request("2026-11-12 09:00", "2026-11-13 20:00", source="returned")
    of = figures("I1", request(answered="2026-11-11 10:00"), again)
    assert (of.main.value, of.main.n, causes(of)) == (50.0, 2, [("1", "returned_unanswered")])
    assert figures("I4", again).main.n == 0


def test_what_an_agent_took_up_again_and_an_outcome_that_is_owed_are_no_requests_but_stay_open() -> None:
    for source in ("reopened", "outcome"):
        assert figures("I1", request(source=source)).main.n == 0
        assert figures("I2", request(source=source)).main.value == 1


def test_who_was_not_told_of_the_solution_is_named_so() -> None:
    handed = event("escalated", "2026-11-10 10:01", why="second-level")
    assert causes(figures("I2", request(source="outcome"), events=(handed,))) == [("1", "outcome_untold")]


def test_unanswered_cases_are_listed_once_also_those_of_earlier_months() -> None:
    old = request("2026-10-01 10:00", "2026-10-02 20:00")
    of = figures("I2", old, request(), request(case="2"), cases=(case(), case("2")))
    assert (of.main.value, causes(of), of.main.met) == (2, [("1", "unanswered"), ("2", "unanswered")], False)


def test_how_late_it_was_is_told_in_service_hours() -> None:
    (breach,) = figures("I1", request(due="2026-11-13 20:00", answered="2026-11-16 10:30")).breaches  # a Monday
    assert breach.late == 2.5


# --- I3, I4: the same day, and service hours ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "counts"),
    [("2026-11-10 07:00", 1), ("2026-11-10 19:59", 1), ("2026-11-10 20:00", 0), ("2026-11-14 10:00", 0)],
)
def test_the_same_day_counts_working_days_until_closing_time(asked: str, counts: int) -> None:
    of = figures("I3", request(asked, "2026-11-16 20:00", asked[:10] + " 23:30"))
    assert (of.main.n, of.main.value) == (counts, 100.0 if counts else None)


def test_service_hours_skip_nights_weekends_and_holidays() -> None:
    assert service_hours(local("2026-11-27 19:00"), local("2026-11-30 09:30"), POLICY) == 2.5
    assert service_hours(local("2026-12-07 19:00"), local("2026-12-09 08:30"), POLICY) == 1.5  # 8 December
    assert service_hours(local("2026-11-28 10:00"), local("2026-11-29 10:00"), POLICY) == 0
    assert service_hours(local("2026-11-27 21:00"), local("2026-11-27 20:30"), POLICY) == 0


def test_service_hours_are_those_of_the_clock_when_summer_time_ends() -> None:
    assert service_hours(local("2026-10-23 19:00"), local("2026-10-26 09:00"), POLICY) == 2  # over the 25-hour Sunday


def test_median_mean_and_p90_are_of_the_answered_ones() -> None:
    hours = [request(answered=f"2026-11-10 {hour}:00") for hour in (11, 12, 13, 19)]
    of = figures("I4", *hours, request())
    assert (of.main.value, of.main.n, of.main.met) == (2.5, 4, True)
    assert (of.measure("mean").value, of.measure("p90").value, of.measure("not_answered").value) == (3.75, 9, 1)


def test_a_percentile_is_a_value_that_was_measured() -> None:
    assert [percentile([1, 2, 3, 4, 5, 6, 7, 8, 9, 10], at) for at in (1, 50, 90, 91, 100)] == [1, 5, 9, 10, 10]


# --- I5, I9, I13: volumes -----------------------------------------------------------------------------------


def test_cases_count_by_their_channel_without_what_was_withdrawn() -> None:
    cases = (case("1"), case("2", channel="telephone"), case("3", channel="callback"), case("4"), case("6"))
    opening = [request(case=one.number, opens=one.number) for one in cases[:3]]
    withdrawn = request(case="4", opens="4", withdrawn_at=local("2026-11-11 10:00"))
    october = request("2026-10-31 23:59", "2026-11-02 20:00", case="6", opens="6")
    of = figures("I5", *opening, withdrawn, october, request("2026-11-20 10:00", "2026-11-23 20:00"), cases=cases)
    assert (of.main.value, of.measure("further").value) == (3, 1)
    assert [(row.key, row.count) for row in of.tables[0].rows] == [
        ("mail", 1), ("callback", 1), ("telephone", 1), ("visit", 0),
    ]  # fmt: skip


def test_out_of_scope_counts_by_the_body_that_was_named() -> None:
    cases = (case("1", level="out_of_scope"), case("2", level="out_of_scope"), case("3"))
    opening = [request(case=one.number, opens=one.number) for one in cases]
    of = figures("I9", *opening, cases=cases, events=(event("referred", "2026-11-10 12:00", body="Consorci AOC"),))
    assert of.main.value == 2
    assert {(row.key, row.count) for row in of.tables[0].rows} == {("Consorci AOC", 1), ("no_pointer", 1)}


def test_languages_are_of_messages_and_not_of_calls() -> None:
    rows = (request(lang="ca"), request(lang="de"), request(lang="", source="contact"))
    of = figures("I13", *rows, answers=(AnswerLang(at=local("2026-11-10 12:00"), lang="es"),))
    assert (of.main.value, of.measure("answers_by_mail").value) == (2, 1)
    assert {row.key: row.count for row in of.tables[0].rows if row.count} == {"ca": 1, "other": 1}


# --- I10 to I12: calls, marks, complaints ------------------------------------------------------------------

CALL = {"intent": "callback", "slot": "morning", "channel": "callback"}


@pytest.mark.parametrize(
    ("at", "by", "share", "cause"),
    [
        ("2026-11-11 13:59", "call", 100.0, []),
        ("2026-11-11 15:00", "call", 0.0, ["call_late"]),
        ("2026-11-10 15:00", "call", 0.0, ["call_outside_slot"]),
        ("2026-11-11 10:00", "not-located", 100.0, []),
        ("2026-11-11 10:00", "answer-in-sent", 0.0, ["answered_by_mail"]),
        ("", "", 0.0, ["call_not_made"]),
    ],
)
def test_a_call_counts_in_its_slot_and_in_time(at: str, by: str, share: float, cause: list[str]) -> None:
    asked = request(due="2026-11-11 14:00", answered=at)
    of = figures("I10", asked, cases=(case(**CALL),), events=(answered(at, by=by),) if at else ())
    assert (of.main.value, [what for _, what in causes(of)]) == (share, cause)
    assert of.measure("not_located").value == (by == "not-located")


def test_four_marks_are_not_enough_and_five_are() -> None:
    votes = tuple(VoteRow(case=str(n), at=local("2026-11-12 10:00"), score=3) for n in range(5))
    few, enough = figures("I11", votes=votes[:4]), figures("I11", votes=votes)
    assert (few.main.value, few.main.met, few.main.enough, few.main.difference) == (3.0, None, False, None)
    assert (enough.main.value, enough.main.met, enough.main.difference) == (3.0, False, -1.0)


def test_the_mean_is_compared_unrounded_and_the_last_mark_of_a_case_counts() -> None:
    marks = [4] * 249 + [3]  # 3.996
    votes = tuple(VoteRow(case=str(n), at=local("2026-11-12 10:00"), score=mark) for n, mark in enumerate(marks))
    assert figures("I11", votes=votes).main.met is False
    again = VoteRow(case="249", at=local("2026-11-13 10:00"), score=4)
    unsigned = VoteRow(case="300", at=local("2026-11-13 10:00"), score=1, signed=False)
    of = figures("I11", votes=(*votes, again, unsigned), surveys=500)
    assert (of.main.value, of.main.met, of.main.n) == (4.0, True, 250)
    assert (of.measure("unsigned").value, of.measure("response_rate").value) == (1, 50.0)


def test_a_complaint_is_judged_in_the_month_in_which_ten_working_days_end() -> None:
    events = (event("opinion", "2026-11-20 10:00", intent="complaint"),)
    asked, of = request("2026-11-20 10:00", "2026-11-23 20:00"), (case(opened="2026-11-20 10:00", intent="complaint"),)
    november = figures("I12", asked, events=events, cases=of)
    assert (november.measure("opinions").value, november.main.n) == (1, 0)
    december = figures("I12", asked, events=events, cases=of, month=Month(2026, 12))
    assert (december.measure("opinions").value, december.main.n, causes(december)) == (
        0, 1, [("1", "opinion_unanswered")],
    )  # fmt: skip


def test_a_complaint_that_was_answered_after_ten_working_days_is_late() -> None:
    events = (event("opinion", "2026-11-02 10:00", intent="complaint"),)
    asked = request("2026-11-02 10:00", "2026-11-03 20:00", "2026-11-20 10:00")
    of = figures("I12", asked, events=events, cases=(case(opened="2026-11-02 10:00", intent="complaint"),))
    assert (of.main.value, causes(of)) == (0.0, [("1", "opinion_late")])


def test_what_an_agent_made_a_question_is_no_complaint() -> None:
    events = (event("opinion", "2026-11-10 10:00", intent="complaint"),)
    assert figures("I12", request(), events=events).measure("opinions").value == 0


# --- I14: the program --------------------------------------------------------------------------------------


def test_an_acknowledgement_after_five_minutes_or_never_is_not_quick() -> None:
    moments = ("2026-11-10 10:05:00", "2026-11-10 10:05:01", "")
    acks = tuple(AckRow(asked_at=local("2026-11-10 10:00"), sent_at=local(at) if at else None) for at in moments)
    of = figures("I14", acks=acks, rescued=2, events=(event("corrected", "2026-11-10 11:00", topic="grant"),) * 2)
    assert (round(of.main.value or 0, 2), of.main.n) == (33.33, 3)
    assert [(one.key, one.value) for one in of.measures] == [
        ("returned_answers", 0), ("corrected_cases", 1), ("rescued", 2),
    ]  # fmt: skip


# --- months ------------------------------------------------------------------------------------------------


def test_a_report_is_due_on_the_first_working_day_at_the_digests_hour() -> None:
    assert due_at(POLICY, NOVEMBER) == local("2026-12-01 08:00")
    assert due_at(POLICY, Month(2026, 10)) == local("2026-11-02 08:00")  # 1 November is a Sunday
    assert due_at(POLICY, Month(2026, 12)) == local("2027-01-04 08:00")


def test_months_are_written_read_and_counted() -> None:
    assert str(Month.parse("2026-01").plus(-1)) == "2025-12"
    assert [str(one) for one in (NOVEMBER.twelve()[0], NOVEMBER.twelve()[-1])] == ["2025-12", "2026-11"]
    for wrong in ("2026-13", "2026-1", "november", "2026-11-01"):
        with pytest.raises(ValueError, match="is no month"):
            Month.parse(wrong)
