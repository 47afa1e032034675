"""A day that the person names makes the case urgent when it is two days ahead, whenever it was named (R32)."""

import pytest

from oacmail.store import command_line
from testbed.database import differences, recorded
from tests.orders.test_orders import reply
from tests.rebuild.rebuilding import lose, rebuild
from tests.services.test_second_level import FAULT, PEOPLE, TOWN
from tests.world import AGENT, ANNA, MADRID, PERE, SUPERVISOR, TECHNICAL, World, text_of

SIX_DAYS = "Com puc signar la instància? El termini s'acaba l'1 de desembre de 2026."


def _urgent(world: World) -> list[str]:
    return [subject for subject in world.subjects(AGENT) if "Urgent, per avui" in subject]


def _first(world: World) -> str:
    return str(next(command_line.cases(world.store.con, MADRID, world.clock.now()))["citizen"])


def test_a_day_named_six_days_ahead_is_urgent_from_two_days_before_and_reminded_of_once(town: TOWN) -> None:
    world = town(now="2026-11-26 09:00", deadline={"business_days": 5}, digest={"to": [AGENT]})  # a Thursday
    world.citizen_asks(PERE)
    world.citizen_writes(ANNA, "Instància", SIX_DAYS.replace("l'1", "el 2"))
    world.live("2026-11-29 23:00")
    assert (_first(world), _urgent(world)) == (PERE, [])
    assert [(case["urgent"], case["ends_on"]) for case in world.cases()] == [(False, None), (False, "2026-12-02")]
    world.live("2026-11-30 08:00")
    assert (_first(world), world.cases()[1]["urgent"]) == (ANNA, True)
    world.live("2026-12-01 19:00")
    (reminder,) = [mail for mail in world.received(AGENT) if "Urgent, per avui" in str(mail["Subject"])]
    assert "dc. 2/12 |" in text_of(reminder).split("Termini de la persona")[1]
    digests = world.texts(AGENT, "digest")
    assert ["Urgents:" in text for text in digests] == [False, False, True, True]
    world.advance("2026-12-03 09:00")
    assert world.cases()[1]["urgent"] is False, "the day has passed"


def test_the_reminder_of_a_case_that_is_late_says_that_its_due_time_has_passed(world: World) -> None:
    world.citizen_writes(ANNA, "Instància", SIX_DAYS)
    world.live("2026-11-29 23:00")
    assert _urgent(world) == []
    world.live("2026-11-30 09:00")
    (subject,) = _urgent(world)
    assert "el cas OAC-2026-000001 va vèncer dijous 26 de novembre" in subject


def test_of_the_late_cases_the_digest_lists_the_one_with_a_near_term_first(town: TOWN) -> None:
    world = town(digest={"to": [AGENT]})
    world.citizen_asks(PERE)
    world.citizen_writes(ANNA, "Instància", SIX_DAYS)
    world.live("2026-11-30 08:30")
    _, friday, monday = world.texts(AGENT, "digest")[-3:]
    assert friday.index("- 1 · ") < friday.index("- 2 · ")
    assert monday.index("- 2 · ") < monday.index("- 1 · ")


def _asks_again_after_the_answer(world: World) -> None:
    answer = world.agent_replies(world.citizen_asks(ANNA, "Instància", SIX_DAYS))
    world.advance("2026-11-27 10:00")
    world.citizen_writes(ANNA, "", "Encara no puc signar, què més puc fer?", answers=answer)


@pytest.mark.parametrize("ends", ["answered", "closed"])
def test_a_case_that_is_answered_or_closed_before_is_not_reminded_of(world: World, ends: str) -> None:
    message = world.citizen_asks(ANNA, "Instància", SIX_DAYS)
    if ends == "answered":
        world.agent_answers(message)
    else:
        world.order("close", world.case()["number"], reason="spam")
    world.live("2026-12-01 12:00", minutes=240)
    assert _urgent(world) == []


def test_a_question_after_the_answer_is_reminded_of_the_day_that_the_person_named_before(world: World) -> None:
    _asks_again_after_the_answer(world)
    world.live("2026-11-30 09:00")
    assert len(_urgent(world)) == 1


def test_the_sooner_of_two_days_counts_and_is_reminded_of_once(world: World) -> None:
    question = world.citizen_asks(ANNA, "Instància", SIX_DAYS)
    world.citizen_asks(ANNA, "", "M'he equivocat, el termini s'acaba el 15 de desembre.", answers=question)
    assert world.case()["ends_on"] == "2026-12-01"
    world.citizen_writes(ANNA, "", "Perdó, el termini s'acaba el 30 de novembre.", answers=question)
    world.live("2026-12-01 12:00")
    assert world.case()["ends_on"] == "2026-11-30"
    assert len(_urgent(world)) == 1


@pytest.mark.parametrize(
    "said",
    [
        "El termini va acabar el 20 de novembre.",
        "El termini va acabar dilluns.",
        "El termini era l'1 de desembre de 2025.",
        "El termini s'acaba el 15 de març.",
    ],
)
def test_a_day_that_has_passed_or_is_far_off_changes_nothing(world: World, said: str) -> None:
    world.citizen_asks(ANNA, "Instància", f"Com puc signar la instància? {said}")
    assert (world.case()["urgent"], world.case()["ends_on"]) == (False, None)


@pytest.mark.parametrize("date", ["", "Thu, 01 Jan 2015 00:00:00 +0100", "Fri, 01 Jan 2027 00:00:00 +0100"])
def test_a_message_without_a_true_date_counts_from_its_arrival(world: World, date: str) -> None:
    mail = world.citizen_writes(ANNA, "Instància", "Com puc signar la instància? El termini s'acaba demà.")
    del mail["Date"], mail["Message-ID"]
    if date:
        mail["Date"] = date
    mail["Message-ID"] = "<another@example.org>"
    mail.replace_header("From", PERE)
    world.receive(mail, verdict="dmarc=pass header.from=example.net")
    assert [(case["urgent"], case["ends_on"]) for case in world.cases()] == [(True, "2026-11-26")] * 2


def test_the_services_learn_at_once_of_a_day_named_when_they_have_the_case(town: TOWN) -> None:
    world = town(people=PEOPLE)
    world.citizen_asks(ANNA, *FAULT)
    world.obey("escalate", world.case()["number"])
    for text in ("El meu termini s'acaba l'1 de desembre.", "De veritat, el termini s'acaba l'1 de desembre."):
        world.citizen_asks(ANNA, "", text, answers=world.received(ANNA)[-1])
    first, second = map(text_of, world.received(TECHNICAL))
    assert "Termini del tràmit: no n'indica cap" in first
    assert "Termini de la persona: 1 de desembre de 2026" in second
    assert "a punt d'acabar" not in second


def test_a_rebuilt_database_knows_the_day_and_reminds_of_it(world: World) -> None:
    _asks_again_after_the_answer(world)
    world.turn()
    before = recorded(world.store.con)
    lose(world)
    rebuild(world)
    assert differences(before, recorded(world.store.con)) == []
    world.live("2026-11-30 09:00")
    assert len(_urgent(world)) == 1


def test_a_merge_takes_the_day_along(world: World) -> None:
    world.citizen_asks(ANNA)
    world.citizen_asks(ANNA, "Instància", SIX_DAYS)
    first, second = (case["number"] for case in world.cases())
    world.order("merge", second, into=first)
    assert world.case(first)["ends_on"] == "2026-12-01"
    world.live("2026-11-30 09:00")
    (subject,) = _urgent(world)
    assert first in subject


def test_of_two_cases_merged_into_a_third_by_one_mail_the_earlier_day_counts(world: World) -> None:
    world.citizen_asks(ANNA)
    world.citizen_asks(ANNA, "Instància", SIX_DAYS)
    world.citizen_asks(ANNA, "Beca", "Com demano la beca? El termini s'acaba el 5 de desembre de 2026.")
    assert [case["ends_on"] for case in world.cases()] == [None, "2026-12-01", "2026-12-05"]
    world.staff_says(AGENT, "avui", "2 fusiona 1\n3 fusiona 1")
    assert [case["status"] for case in world.cases()] == ["open", "closed", "closed"]
    assert world.cases()[0]["ends_on"] == "2026-12-01"


def test_a_split_takes_the_day_of_its_message_along(world: World) -> None:
    question = world.citizen_asks(ANNA)
    world.citizen_asks(ANNA, "", f"Una altra cosa. {SIX_DAYS}", answers=question)
    first = world.case()["number"]
    world.live("2026-11-27 08:30")
    reply(world, world.received(SUPERVISOR)[-1], "#separa")
    assert [case["ends_on"] for case in world.cases()] == [None, "2026-12-01"]
    world.live("2026-11-30 09:00")
    (subject,) = _urgent(world)
    assert first not in subject


@pytest.mark.parametrize("since", ["reminded", "answered"])
def test_a_split_takes_the_day_along_whose_reminder_is_past(world: World, since: str) -> None:
    question = world.citizen_asks(ANNA)
    world.citizen_asks(ANNA, "", f"Una altra cosa. {SIX_DAYS}", answers=question)
    if since == "answered":
        world.agent_answers(question)
    world.live("2026-11-30 08:30" if since == "reminded" else "2026-11-25 10:00")
    world.staff_says(AGENT, "avui", "1 separa")
    assert [case["ends_on"] for case in world.cases()] == [None, "2026-12-01"]
    world.live("2026-11-30 19:00")
    assert "OAC-2026-000002" in _urgent(world)[-1]


def test_a_split_of_another_matter_leaves_the_day_with_the_message_that_named_it(world: World) -> None:
    _asks_again_after_the_answer(world)
    world.turn()
    world.staff_says(AGENT, "avui", "1 separa")
    assert [case["ends_on"] for case in world.cases()] == ["2026-12-01", None]
    world.live("2026-11-30 19:00")
    assert _urgent(world) == []


def test_a_day_that_both_messages_name_stands_on_both_cases_after_a_split(world: World) -> None:
    question = world.citizen_asks(ANNA, "Instància", SIX_DAYS)
    world.citizen_asks(ANNA, "", f"Una altra cosa: com demano la beca? {SIX_DAYS}", answers=question)
    world.staff_says(AGENT, "avui", "1 separa")
    assert [case["ends_on"] for case in world.cases()] == ["2026-12-01", "2026-12-01"]
    world.live("2026-11-30 19:00")
    (reminder,) = [mail for mail in world.received(AGENT) if "Urgent" in str(mail["Subject"])]
    assert all(case["number"] in text_of(reminder) for case in world.cases())


def test_a_day_that_stays_with_a_later_message_is_still_reminded_of_after_a_split(world: World) -> None:
    """The reminder was that of the message which leaves."""
    question = world.citizen_asks(ANNA)
    second = world.citizen_asks(ANNA, "", f"Una altra cosa: com demano la beca? {SIX_DAYS}", answers=question)
    world.citizen_asks(ANNA, "", f"I no oblideu la instància. {SIX_DAYS}", answers=question)
    world.staff_says(AGENT, "", "#separa", answers=second)
    assert [case["ends_on"] for case in world.cases()] == ["2026-12-01", "2026-12-01"]
    world.live("2026-11-30 19:00")
    (reminder,) = [mail for mail in world.received(AGENT) if "Urgent" in str(mail["Subject"])]
    assert all(case["number"] in text_of(reminder) for case in world.cases())


@pytest.mark.parametrize(
    ("ends", "reminded"),
    [
        ("el 3 de maig", "2026-04-30"),  # a Sunday; Friday is a holiday
        ("el 2 de maig", "2026-04-30"),
        ("el 4 de maig", "2026-04-30"),  # a Monday
        ("el 5 de maig", "2026-05-04"),
        ("el 6 d'abril", "2026-04-02"),  # Easter Monday
    ],
)
def test_over_closed_days_the_reminder_comes_at_the_last_opening_before_them(
    town: TOWN, ends: str, reminded: str
) -> None:
    world = town(now="2026-03-30 09:00" if "abril" in ends else "2026-04-27 09:00")
    world.citizen_asks(ANNA, "Instància", f"Com puc signar la instància? El termini s'acaba {ends}.")
    rows = world.rows("SELECT due_at FROM deadlines WHERE kind = 'remind' AND level = 1")
    assert [row["due_at"][:13] for row in rows] == [f"{reminded}T06"]
    world.turn_at(f"{reminded} 08:00")
    assert len(_urgent(world)) == 1


def test_of_a_term_named_on_the_last_working_day_before_it_the_agents_hear_on_the_same_day(town: TOWN) -> None:
    world = town(now="2026-04-30 10:00")  # a Thursday; the term ends on a Sunday, and Friday is a holiday
    world.citizen_asks(ANNA, "Instància", "Com puc signar la instància? El termini s'acaba diumenge.")
    assert _urgent(world) == []
    world.turn_at("2026-04-30 16:00")
    assert len(_urgent(world)) == 1
