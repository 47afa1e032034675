"""Overdue cases: who is notified, when, and what delays it (R17-R21, R31)."""

import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from oacmail.cli.status import health
from oacmail.core import deadlines
from oacmail.words.labels import label
from testbed.relay import deferred, no_reply
from tests.world import AGENT, ANNA, MARTA, OPERATOR, PERE, SUPERVISOR, TECHNICAL, World, local, text_of

TOWN = Callable[..., World]


def test_a_message_is_acknowledged_and_due_at_the_end_of_the_next_working_day(world: World) -> None:
    world.citizen_asks(ANNA)
    assert world.kinds(ANNA) == ["ack"]
    assert world.case()["due_at"] == "2026-11-26T20:00:00+01:00"
    assert "dijous 26 de novembre" in text_of(world.received(ANNA)[0])


def test_the_agents_are_reminded_four_service_hours_before_the_end(world: World) -> None:
    world.citizen_asks(ANNA)
    world.turn_at("2026-11-26 15:59")
    assert world.kinds(AGENT) == []
    world.turn_at("2026-11-26 16:00")
    assert world.kinds(AGENT) == ["remind"]


def test_one_reminder_names_all_cases_and_goes_once(world: World) -> None:
    for sender in (ANNA, PERE):
        world.citizen_writes(sender)
    world.live("2026-11-26 19:00", minutes=30)
    (reminder,) = world.received(AGENT)
    text = text_of(reminder)
    assert all(case["number"] in text for case in world.cases())


def test_an_answered_case_is_not_reminded_of(world: World) -> None:
    world.agent_answers(world.citizen_asks(ANNA))
    world.live("2026-11-27 20:00")
    assert world.kinds(AGENT) == world.kinds(SUPERVISOR) == []


def test_a_reminder_slept_through_is_not_sent_after_the_deadline(world: World) -> None:
    world.citizen_asks(ANNA)
    world.turn_at("2026-11-27 09:00")
    assert world.kinds(AGENT) == []
    assert world.kinds(SUPERVISOR) == ["overdue"]


def test_overdue_goes_to_the_supervisor_at_the_next_opening_with_the_message(world: World) -> None:
    world.citizen_writes(ANNA, text="No em funciona el certificat, què faig?")
    world.live("2026-11-27 07:59", minutes=7)
    assert world.received(SUPERVISOR) == []
    world.turn_at("2026-11-27 08:00")
    (mail,) = world.received(SUPERVISOR)
    assert world.case()["number"] in str(mail["Subject"])
    assert "No em funciona el certificat" in text_of(mail)
    assert [part.get_content_type() for part in mail.iter_attachments()] == ["message/rfc822"]
    assert world.received(OPERATOR) == []


@pytest.mark.parametrize(("size", "attached"), [(6_000_000, ["message/rfc822"]), (8_000_000, [])])
def test_a_message_of_more_than_ten_megabytes_is_quoted_but_not_attached(
    world: World, size: int, attached: list[str]
) -> None:
    """A third more than the file itself, in base64."""
    asked = world.message(ANNA, "Padró", "No em funciona el certificat, què faig?")
    asked.add_attachment(bytes(size), maintype="image", subtype="png", filename="pantalla.png")
    world.deliver(asked, verdict="dmarc=pass header.from=example.org")
    world.live("2026-11-27 08:00")
    (mail,) = world.received(SUPERVISOR)
    assert "No em funciona el certificat" in text_of(mail)
    assert [part.get_content_type() for part in mail.iter_attachments()] == attached


def test_levels_two_and_three_follow_a_working_day_later_each_with_the_operator_in_copy(world: World) -> None:
    world.citizen_writes(ANNA)
    world.live("2026-11-27 19:00", minutes=30)
    assert (world.kinds(SUPERVISOR), world.kinds(OPERATOR)) == (["overdue"], [])
    world.live("2026-11-30 07:50", minutes=50)
    assert len(world.received(SUPERVISOR)) == 1, "nobody is written to on a Saturday or Sunday"
    world.live("2026-11-30 08:00")
    assert (len(world.received(SUPERVISOR)), len(world.received(OPERATOR))) == (2, 1)
    world.live("2026-12-01 08:00")
    assert (len(world.received(SUPERVISOR)), len(world.received(OPERATOR))) == (3, 2)
    world.live("2026-12-04 12:00")
    assert (len(world.received(SUPERVISOR)), len(world.received(OPERATOR))) == (3, 2), "three levels are the last"


@pytest.mark.parametrize("moment", ["2026-11-26 20:00", "2026-11-27 07:59", "2026-11-28 10:00", "2026-12-08 10:00"])
def test_nothing_reaches_staff_outside_service_hours(world: World, moment: str) -> None:
    world.citizen_asks(ANNA)
    world.turn_at(moment)
    world.turn()
    assert world.kinds(SUPERVISOR) == world.kinds(AGENT) == world.kinds(OPERATOR) == []


def test_after_three_days_down_one_tick_says_it_once_at_the_highest_level(world: World) -> None:
    world.citizen_asks(ANNA)
    world.turn_at("2026-12-01 10:00")
    (mail,) = world.received(SUPERVISOR)
    assert "Avís 3 de 3" in text_of(mail)
    assert world.kinds(OPERATOR) == ["overdue"]
    world.live("2026-12-04 12:00")
    assert len(world.received(SUPERVISOR)) == 1


def test_after_a_level_was_slept_through_the_next_one_waits_for_the_next_working_day(world: World) -> None:
    world.citizen_asks(ANNA)
    world.turn_at("2026-11-30 19:30")  # level 2 was due at 08:00
    assert len(world.received(SUPERVISOR)) == 1
    world.live("2026-12-01 07:59", minutes=15)
    assert len(world.received(SUPERVISOR)) == 1
    world.live("2026-12-01 08:01")
    assert len(world.received(SUPERVISOR)) == 2


def test_each_late_case_has_its_own_mail_up_to_five_and_above_five_there_is_one_list(town: TOWN) -> None:
    counts = []
    for messages in (5, 6):
        world = town()
        for number in range(messages):
            world.citizen_writes(f"veina{number}@poble{number}.example", f"Tràmit número {'abcdef'[number]}")
        world.turn()
        world.turn_at("2026-11-27 08:00")
        counts.append(world.kinds(SUPERVISOR))
    assert counts == [["overdue"] * 5, ["overdue_digest"]]
    assert all(case["number"] in text_of(world.received(SUPERVISOR)[0]) for case in world.cases())


def test_an_answer_of_19_59_that_is_seen_only_after_the_end_meets_the_promise(world: World) -> None:
    message = world.citizen_asks(ANNA)
    world.mailbox.away = True
    world.turn_at("2026-11-26 20:01")
    world.advance("2026-11-26 20:10")
    world.agent_answers(message, at="2026-11-26 19:59")
    world.mailbox.away = False
    world.turn()
    case = world.case()
    assert (case["status"], case["overdue"], case["answered_at"]) == ("answered", False, "2026-11-26T19:59:00+01:00")
    assert world.events("overdue") == []
    world.live("2026-11-30 12:00")
    assert world.received(SUPERVISOR) == []


def test_an_answer_after_the_end_counts_late_and_still_stops_the_escalation(world: World) -> None:
    message = world.citizen_writes(ANNA)
    world.live("2026-11-26 21:00")
    world.agent_answers(message)
    world.live("2026-11-27 12:00")
    (deadline,) = world.rows("SELECT * FROM deadlines WHERE kind = 'answer' AND level = 0")
    assert deadline["met_at"] > deadline["due_at"]
    assert world.received(SUPERVISOR) == []


def test_no_deadline_fires_before_sent_was_read_after_it(world: World) -> None:
    message = world.citizen_asks(ANNA)
    world.advance("2026-11-27 08:05")
    world.agent_answers(message, at="2026-11-26 18:00")
    world.tick()
    world.drain()
    assert world.received(SUPERVISOR) == []
    world.turn()
    world.live("2026-11-27 12:00")
    assert world.received(SUPERVISOR) == []


def test_a_folder_that_cannot_be_read_holds_it_back_for_half_an_hour_and_is_named(world: World) -> None:
    world.citizen_asks(ANNA)
    world.mailbox.refused = {"Sent"}
    world.live("2026-11-27 08:29", minutes=9)
    assert world.kinds(SUPERVISOR) == []
    world.live("2026-11-27 08:30")
    (mail,) = world.received(SUPERVISOR)
    text = text_of(mail)
    assert "No s'han pogut llegir aquestes carpetes" in text
    assert "Sent" in text
    assert "INBOX" not in text.partition("carpetes")[2].partition("\n")[0]


def test_a_server_that_is_away_holds_it_back_for_half_an_hour_and_all_folders_are_named(world: World) -> None:
    world.citizen_asks(ANNA)
    world.mailbox.away = True
    world.live("2026-11-27 08:30", minutes=30)
    (mail,) = world.received(SUPERVISOR)
    text = text_of(mail)
    assert all(name in text for name in ("INBOX", "Sent"))


def test_one_folder_that_cannot_be_read_does_not_stop_the_others(world: World) -> None:
    world.mailbox.refused = {"Sent"}
    world.citizen_writes(ANNA)
    world.sync()
    assert world.case()["citizen"] == ANNA
    world.mailbox.refused = set()
    world.turn()
    assert world.kinds(ANNA) == ["ack"]


def test_a_clock_set_back_finds_nothing_due_and_loses_nothing(world: World) -> None:
    world.citizen_writes(ANNA)
    world.live("2026-11-27 08:00", minutes=30)
    assert len(world.received(SUPERVISOR)) == 1
    world.turn_at("2026-11-25 10:00")
    world.live("2026-11-27 10:00", minutes=30)
    assert len(world.received(SUPERVISOR)) == 1
    world.live("2026-11-30 08:00")
    assert len(world.received(SUPERVISOR)) == 2


def test_a_notice_that_a_clock_ahead_has_queued_leaves_once_at_the_opening_of_the_true_day(world: World) -> None:
    world.citizen_asks(ANNA)
    world.advance("2026-11-27 12:00")
    world.sync()
    world.tick()
    world.advance("2026-11-27 04:00")
    world.live("2026-11-27 07:50")
    assert world.received(SUPERVISOR) == []
    world.live("2026-11-27 18:00")
    assert world.kinds(SUPERVISOR) == ["overdue"]


def test_two_deadlines_of_a_merged_case_make_one_mail(world: World) -> None:
    world.citizen_writes(ANNA, "Padró", "Com demano el volant?")
    world.citizen_asks(ANNA, "Beca", "On es demana la beca menjador?")
    first, second = world.cases()
    world.order("merge", second["number"], into=first["number"])
    world.turn_at("2026-11-27 08:00")
    assert world.kinds(SUPERVISOR) == ["overdue"]


@pytest.mark.parametrize(
    ("arrival", "due"),
    [
        ("2026-11-27 19:59", "2026-11-30T20:00:00+01:00"),
        ("2026-11-27 20:01", "2026-11-30T20:00:00+01:00"),
        ("2026-11-28 11:00", "2026-11-30T20:00:00+01:00"),
        ("2026-04-02 18:00", "2026-04-07T20:00:00+02:00"),
        ("2026-12-31 23:30", "2027-01-04T20:00:00+01:00"),
    ],
)
def test_the_due_day_by_the_day_of_arrival(town: TOWN, arrival: str, due: str) -> None:
    world = town(now=arrival)
    world.citizen_asks(ANNA)
    assert world.case()["due_at"] == due


@pytest.mark.parametrize("arrival", ["2026-11-28 11:00", "2026-11-27 20:01"])
def test_a_deemed_arrival_gives_a_day_more(town: TOWN, arrival: str) -> None:
    world = town(now=arrival, deadline={"non_working_arrival": "deemed_next_open"})
    world.citizen_asks(ANNA)
    assert world.case()["due_at"] == "2026-12-01T20:00:00+01:00"


def test_a_message_first_seen_late_opens_a_case_with_its_real_day_and_is_not_acknowledged(world: World) -> None:
    world.mailbox.away = True
    world.citizen_writes(ANNA)
    world.advance("2026-11-28 09:01")
    world.mailbox.away = False
    world.turn()
    assert world.case()["due_at"] == "2026-11-26T20:00:00+01:00"
    assert world.received(ANNA) == []
    assert world.reviews() == ["first-seen-late"]
    world.live("2026-11-30 08:00")
    assert world.kinds(SUPERVISOR) == ["overdue"]


def test_a_message_seen_within_three_days_but_past_its_day_is_promised_the_next_one(world: World) -> None:
    world.mailbox.away = True
    world.citizen_writes(ANNA)
    world.advance("2026-11-27 09:00")
    world.mailbox.away = False
    world.turn()
    assert world.case()["due_at"] == "2026-11-26T20:00:00+01:00"
    assert "dilluns 30 de novembre" in text_of(world.received(ANNA)[0])


def test_a_notice_deferred_into_the_night_waits_even_if_the_relay_recovers_before_the_next_tick(
    world: World,
) -> None:
    world.citizen_asks(ANNA)
    world.relay.when(deferred(451), to=AGENT)
    world.live("2026-11-26 19:59", minutes=15)
    assert world.mail("remind")["state"] == "queued"
    world.relay.recover()
    world.clock.set(local("2026-11-26 22:00"))
    world.drain()
    assert world.kinds(AGENT) == []


def test_the_agent_who_has_the_case_is_reminded_and_of_nobodys_cases_all_are(town: TOWN) -> None:
    jordi = "jordi@town.example"
    world = town(people={"agents": [AGENT, jordi]})
    for sender in (ANNA, PERE):
        world.citizen_writes(sender)
    world.turn()
    world.order("assign", "OAC-2026-000001", name="jordi")
    world.turn_at("2026-11-26 16:00")
    (reminder,) = world.received(AGENT)
    assert "OAC-2026-000002" in text_of(reminder)
    assert "OAC-2026-000001" not in text_of(reminder)
    texts = world.texts(jordi, "remind")
    assert ["OAC-2026-000001" in text for text in texts] == ["OAC-2026-000002" not in text for text in texts]
    assert len(texts) == 2


def test_a_case_that_was_answered_is_not_said_to_have_no_answer(town: TOWN) -> None:
    world = town()
    message = world.citizen_asks(ANNA)
    world.agent_replies(message)
    world.advance("2026-11-25 12:00")
    world.citizen_writes(ANNA, "", "Encara no em funciona. Què més puc fer?", answers=message)
    world.live("2026-11-27 09:00")
    (mail,) = world.received(SUPERVISOR, "overdue")
    said = " ".join(text_of(mail).split())
    assert "Es va respondre el 25 de novembre a les 9 h i la persona ha tornat a escriure." in said
    assert "cap resposta" not in said


def test_a_case_assigned_to_somebody_who_is_no_agent_reminds_all_agents(town: TOWN) -> None:
    world = town()
    world.citizen_asks(ANNA)
    world.order("assign", "OAC-2026-000001", name="becari")
    world.turn_at("2026-11-26 16:00")
    assert world.kinds(AGENT) == ["remind"]


# The machine is off from Friday noon to Tuesday over a long weekend: Monday is a working day, Tuesday a holiday.

ROSA, JOAN = "rosa@example.cat", "joan@example.cat"
MEANWHILE = (
    ("2026-12-04 13:00", PERE, "el padró"),
    ("2026-12-05 11:00", MARTA, "la beca"),
    ("2026-12-07 10:00", ROSA, "la piscina"),
    ("2026-12-08 10:00", JOAN, "el casal"),
)


def _away(world: World) -> None:
    """Anna was answered from the shared mailbox on Monday, and four people wrote."""
    message = world.citizen_asks(ANNA)
    world.stop()
    for moment, who, what in MEANWHILE:
        world.advance(moment)
        world.citizen_writes(who, f"Sobre {what}", f"Bon dia, com es demana {what}?")
    world.agent_answers(message, at="2026-12-07 17:00")
    world.advance("2026-12-08 13:00")


def test_four_days_down_over_a_holiday_end_in_one_mail_for_each_and_the_real_due_days(world: World) -> None:
    world.advance("2026-12-04 09:00")
    world.sync()
    _away(world)
    world.start()
    world.turn()
    due = {case["citizen"]: case["due_at"][:16] for case in world.cases()}
    assert due == {
        **dict.fromkeys((ANNA, PERE, MARTA), "2026-12-07T20:00"),
        **dict.fromkeys((ROSA, JOAN), "2026-12-09T20:00"),
    }
    assert [world.kinds(who) for who in (ANNA, PERE, MARTA, ROSA, JOAN)] == [["ack"], [], [], ["ack"], ["ack"]]
    assert world.reviews() == ["first-seen-late"] * 2, "whose promise is broken already is answered by a person"
    assert world.received(SUPERVISOR) == [], "nobody is called on a holiday"
    world.live("2026-12-09 12:00")
    assert world.kinds(SUPERVISOR) == ["overdue"] * 2
    assert {case["citizen"] for case in world.cases() if case["overdue"]} == {PERE, MARTA}
    assert next(case for case in world.cases() if case["citizen"] == ANNA)["status"] == "answered"
    assert [len(world.received(who)) for who in (ANNA, ROSA, JOAN)] == [1, 1, 1]


def test_meanwhile_status_says_that_nothing_runs(world: World) -> None:
    world.turn()
    world.stop()
    now = local("2026-11-25 09:05") + timedelta(days=4)
    report = health(world.config, now)
    assert not report["ok"]
    assert any(problem["code"] == "not-running" for problem in report["problems"])


# A case that becomes complex: the notice has the conversation, without its secrets (R12).


def test_the_notice_quotes_and_attaches_the_last_messages_newest_first(town: TOWN) -> None:
    world = town(people={"technical": [TECHNICAL]})
    message = world.citizen_asks(ANNA, text="Com puc signar la instància amb l'idCAT?")
    world.clock.forward(hours=1)
    answer = world.agent_replies(message, "Proveu-ho amb un altre navegador.")
    for text in ("No em surt amb cap navegador, què faig?", "Tampoc: la contrasenya és Xk7pQ2vv. Què més puc provar?"):
        world.clock.forward(hours=1)
        world.citizen_asks(ANNA, "", text, answers=answer)
    world.clock.forward(hours=1)
    world.citizen_asks(ANNA, "", "Continua igual, em podeu ajudar?", answers=answer)
    for address in (TECHNICAL, SUPERVISOR):
        (notice,) = world.received(address, "complex")
        said = text_of(notice)
        order = [
            said.index(text) for text in ("Continua igual", "Tampoc", "cap navegador", "altre navegador", "amb l'idCAT")
        ]
        assert order == sorted(order)
        assert "Xk7pQ2vv" not in notice.as_string()
        assert [part.get_content_type() for part in notice.iter_attachments()] == ["message/rfc822"] * 5


def test_where_the_services_are_not_told_the_agent_who_has_the_case_is(town: TOWN) -> None:
    other = "altre@town.example"
    world = town(people={"technical": [TECHNICAL], "agents": [AGENT, other]}, escalation={"auto_complex": False})
    message = world.citizen_asks(ANNA)
    world.order("assign", world.case()["number"], name="agent")
    answer = world.agent_replies(message)
    world.live("2026-11-27 09:00")
    world.citizen_asks(ANNA, "", "Encara no puc signar, què més puc fer?", answers=answer)
    told = {address: world.kinds(address).count("complex") for address in (AGENT, other, TECHNICAL, SUPERVISOR)}
    assert told == {AGENT: 1, other: 0, TECHNICAL: 0, SUPERVISOR: 0}


# An item that raises is deferred by an hour and delays no other deadline; `status` and the operator show it.


def _two_late_cases(world: World) -> tuple[str, str]:
    for sender in (ANNA, PERE):
        world.citizen_writes(sender)
    world.turn()
    first, second = (case["number"] for case in world.cases())
    return first, second


def _report(world: World) -> dict[str, Any]:
    return health(world.config, world.clock.now())


def _told_of(world: World, number: str) -> int:
    return sum(number in subject for subject in world.subjects(SUPERVISOR))


def _problem(world: World) -> str:
    return next((one["text"] for one in _report(world)["problems"] if one["code"] == "tick-failed"), "")


def _alerts(world: World) -> list[str]:
    """Those about ticks. The copy of a mail about a case that cannot be read is set aside, which has its own."""
    name = label("problem", "tick-failed", "ca", "")
    return [text_of(mail) for mail in world.received(OPERATOR) if name in str(mail["Subject"])]


def _damage(world: World, number: str) -> None:
    """No program wrote this: a hand did, or a bad sector."""
    world.store.con.execute("UPDATE cases SET opened_at = 'yesterday' WHERE number = ?", (number,))


def _repair(world: World, number: str) -> None:
    world.store.con.execute("UPDATE cases SET opened_at = '2026-11-25T08:00:00Z' WHERE number = ?", (number,))


def test_a_case_whose_escalation_raises_stops_no_other_and_is_shown_with_its_number(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad, good = _two_late_cases(world)
    card = deadlines._card

    def planted(item: deadlines.OverdueCase) -> dict[str, object]:
        if item.case.number == bad:
            raise LookupError(item.case.citizen)
        return card(item)

    with monkeypatch.context() as fault:
        fault.setattr(deadlines, "_card", planted)
        world.live("2026-11-27 08:00")
        assert (_told_of(world, good), _told_of(world, bad)) == (1, 0)
        world.live("2026-11-27 08:50", minutes=1)
        assert bad in _problem(world)
        assert "LookupError" in _problem(world)
        assert ANNA not in _problem(world)
        assert not _report(world)["ok"]
        (alert,) = _alerts(world)
        assert bad in alert
    world.live("2026-11-27 09:05", minutes=1)
    assert (_told_of(world, good), _told_of(world, bad)) == (1, 1)
    assert _problem(world) == ""
    assert len(_alerts(world)) == 1


def test_a_case_whose_row_cannot_be_read_stops_no_other(world: World) -> None:
    bad, good = _two_late_cases(world)
    _damage(world, bad)
    world.advance("2026-11-27 08:00")
    world.live("2026-11-27 12:00", minutes=20)
    assert (_told_of(world, good), _told_of(world, bad)) == (1, 0)
    assert bad in _problem(world)
    assert len(_alerts(world)) == 1
    _repair(world, bad)
    world.live("2026-11-27 13:30", minutes=20)
    assert _told_of(world, bad) == 1
    assert _problem(world) == ""


def test_what_still_works_keeps_its_list(town: TOWN) -> None:
    """Six late cases and a bad one: the supervisor gets one list of six, not six mails."""
    world = town(ack={"per_address_hour": 0, "per_domain_hour": 0})
    for name in "abcdefg":
        world.citizen_writes(f"{name}@example.org", subject=f"Tràmit {name}")
    world.turn()
    bad, *good = (case["number"] for case in world.cases())
    _damage(world, bad)
    world.live("2026-11-27 08:00")
    assert world.kinds(SUPERVISOR) == ["overdue_digest"]
    assert all(number in text_of(world.received(SUPERVISOR)[0]) for number in good)


def test_a_failed_case_that_is_answered_is_no_problem_any_more(world: World) -> None:
    message = world.citizen_asks(ANNA)
    number = world.case()["number"]
    _damage(world, number)
    world.turn_at("2026-11-27 08:05")
    assert number in _problem(world)
    _repair(world, number)
    world.agent_replies(message)
    assert _problem(world) == ""


@pytest.mark.parametrize("number", [1, 2])
def test_the_digest_fails_alone(town: TOWN, number: int) -> None:
    """A live case that cannot be read spoils the digest that lists it; the case that is late is escalated all the
    same."""
    world = town(digest={"to": [SUPERVISOR]})
    cases = _two_late_cases(world)
    bad, good = cases[number - 1], cases[2 - number]
    _damage(world, bad)
    world.live("2026-11-27 08:00", minutes=60)
    assert _told_of(world, good) == 1
    assert "digest" in _problem(world)
    _repair(world, bad)
    world.live("2026-11-27 10:30")
    assert world.kinds(SUPERVISOR).count("digest") == 2  # Thursday's, when no deadline had rung, and Friday's
    assert _problem(world) == ""


def test_an_uncertain_delivery_that_cannot_be_read_holds_back_no_other(world: World) -> None:
    world.citizen_asks(MARTA)
    world.relay.when(no_reply(lost=True))
    for sender in (ANNA, PERE):
        world.citizen_asks(sender)
    bad, good = (mail for mail in world.mails("ack") if mail["state"] == "uncertain")
    world.relay.recover()
    world.store.con.execute("UPDATE outbox SET data_at = 'then' WHERE id = ?", (bad["id"],))
    world.live("2026-11-25 10:30", minutes=5)
    assert world.kinds(good["recipient"]) == ["ack"]
    assert world.kinds(bad["recipient"]) == []
    assert "uncertain" in _problem(world)


def test_a_deferred_acknowledgement_that_cannot_be_read_holds_back_no_other(town: TOWN) -> None:
    world = town(ack={"unverified_per_hour": 1})
    for sender in (MARTA, ANNA, PERE):
        world.citizen_asks(sender, dmarc="")
    bad, good = (mail for mail in world.mails("ack") if mail["state"] == "queued")
    world.store.con.execute("UPDATE outbox SET created_at = 'then' WHERE id = ?", (bad["id"],))
    world.live("2026-11-25 12:30", minutes=10)
    assert world.kinds(good["recipient"]) == ["ack"]
    assert bad["key"].partition(":")[0] in _problem(world)


def test_a_clock_that_no_tick_looks_at_is_a_problem(world: World) -> None:
    world.citizen_asks(ANNA)
    assert _report(world)["ok"]
    world.clock.forward(minutes=4)
    world.sync()
    assert _report(world)["ok"]
    world.clock.forward(minutes=2)
    world.sync()
    report = _report(world)
    assert not report["ok"]
    assert any(problem["code"] == "not-ticking" for problem in report["problems"])
    world.turn()
    assert _report(world)["ok"]


# A term that ends today: the agents hear at once, and the person is told that writing to us does not stop it (R32).

PHONE = "900 772 772"
FILE_AT = "https://www.castellbisbal.example/oficina"
OFFICE = {"online_office_url": FILE_AT}
TODAY = {
    "ca": "Bon dia, no puc presentar la sol·licitud de la beca. El termini acaba AVUI a les 14h. Què faig?",
    "es": "Buenos días, no puedo presentar la solicitud de la beca. El plazo termina hoy, antes de las 2. ¿Qué hago?",
    "en": "Good morning, I cannot submit the grant application. The deadline is today by 14:00. What can I do?",
}
SAID = {
    "ca": "El vostre termini s'acaba dimecres 25 de novembre a les 14 h: escriure'ns no l'atura. "
    f"Truqueu de seguida al {PHONE} (dies laborables de 8 a 20 h) o tramiteu-ho a l'Oficina virtual: {FILE_AT}",
    "es": "Su plazo termina el miércoles 25 de noviembre a las 14 h: escribirnos no lo detiene. "
    f"Llame enseguida al {PHONE} (días laborables de 8 a 20 h) o tramítelo en la Oficina virtual: {FILE_AT}",
    "en": "Your deadline ends on Wednesday 25 November at 2 pm: writing to us does not stop it. "
    f"Call {PHONE} at once (working days, 8 am–8 pm) or use the online office: {FILE_AT}",
}
AT_MIDNIGHT = "No puc presentar la beca i el termini s'acaba avui a mitjanit, ajuda!"
ANOTHER_DAY = re.compile(r"\b(?:avui|hoy|today|demà|tomorrow|ara|ahora|now)\b", re.IGNORECASE)


def _plain(text: str) -> str:
    return text.replace("\xa0", " ")


@pytest.mark.parametrize("lang", list(TODAY))
def test_the_person_is_told_first_to_call_at_once_and_the_agents_hear_the_hour_at_once(
    tmp_path: Path, lang: str
) -> None:
    world = World(tmp_path, office=OFFICE)
    world.citizen_asks(ANNA, "Beca", TODAY[lang])
    (ack,) = world.received(ANNA)
    assert SAID[lang] in _plain(text_of(ack)).split("\n\n")[1], "before anything else"
    (notice,) = world.received(AGENT, "term")
    assert "URGENT: el termini de la persona s'acaba dimecres 25 de novembre a les 14 h" in _plain(
        str(notice["Subject"])
    )
    assert (world.case()["ends_on"], world.case()["ends_hour"]) == ("2026-11-25", "14:00")


@pytest.mark.parametrize("now", ["2026-11-25 06:30", "2026-11-25 21:00", "2026-11-28 10:00"])
def test_outside_hours_the_agents_hear_at_once_and_the_person_when_somebody_picks_up(tmp_path: Path, now: str) -> None:
    world = World(tmp_path, now=now, office=OFFICE)
    world.citizen_asks(ANNA, "Beca", AT_MIDNIGHT)
    assert world.kinds(AGENT) == ["term"]
    said = _plain(text_of(world.received(ANNA)[0]))
    assert f"{PHONE} (dies laborables de 8 a 20 h)" in said
    assert f"tramiteu-ho a l'Oficina virtual: {FILE_AT}" in said


def test_a_further_message_that_names_it_tells_the_agents_once(tmp_path: Path) -> None:
    world = World(tmp_path)
    first = world.citizen_asks(ANNA)
    assert "term" not in world.kinds(AGENT)
    for _ in range(2):
        world.clock.forward(minutes=5)
        world.citizen_asks(ANNA, "", "Us recordo que el termini s'acaba avui a les 13.30 h!", answers=first)
    assert world.kinds(AGENT).count("term") == 1
    assert world.case()["ends_hour"] == "13:30"


def test_a_message_that_was_answered_before_it_was_read_is_not_urgent(tmp_path: Path) -> None:
    world = World(tmp_path)
    first = world.citizen_asks(ANNA)
    world.agent_replies(first)
    world.mailbox.refused = {"INBOX"}
    more = world.citizen_writes(ANNA, "", "I on se signa? El termini s'acaba avui a les 14 h!", answers=first)
    world.clock.forward(minutes=30)
    world.agent_replies(more)
    world.mailbox.refused = set()
    world.turn()
    assert (world.case()["status"], len(world.case()["messages"])) == ("answered", 4)
    assert "term" not in world.kinds(AGENT)


def test_a_term_of_another_day_is_no_urgent_notice_and_its_hour_is_kept(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.citizen_asks(ANNA, "Beca", "Com presento la beca? El termini s'acaba divendres a les 15 h.")
    assert "term" not in world.kinds(AGENT)
    assert (world.case()["ends_on"], world.case()["ends_hour"]) == ("2026-11-27", "15:00")
    assert "s'acaba divendres 27 de novembre a les 15 h" in _plain(text_of(world.received(ANNA)[0]))


@pytest.mark.parametrize(
    ("kept", "merged"), [("divendres", "divendres a les 15 h"), ("dissabte", "divendres a les 15 h")]
)
def test_of_two_merged_cases_the_earlier_term_counts_with_its_hour(tmp_path: Path, kept: str, merged: str) -> None:
    world = World(tmp_path)
    for end in (kept, merged):
        world.citizen_writes(ANNA, f"Beca {end}", f"Com presento la beca? El termini s'acaba {end}.")
    world.turn()
    world.order("merge", "OAC-2026-000002", into="OAC-2026-000001")
    case = world.case("OAC-2026-000001")
    assert (case["ends_on"], case["ends_hour"]) == ("2026-11-27", "15:00")


def test_an_hour_of_the_kept_case_stands_against_a_later_one_of_the_same_day(tmp_path: Path) -> None:
    world = World(tmp_path)
    for end in ("14 h", "18 h"):
        world.citizen_writes(ANNA, f"Beca {end}", f"Com presento la beca? El termini s'acaba divendres a les {end}.")
    world.turn()
    world.order("merge", "OAC-2026-000002", into="OAC-2026-000001")
    assert world.case("OAC-2026-000001")["ends_hour"] == "14:00"


def test_the_hour_goes_with_the_case_to_the_technical_services(tmp_path: Path) -> None:
    world = World(tmp_path, people={"technical": ["tic@town.example"]})
    world.citizen_asks(ANNA, "Error 500 a la seu", "La seu dona error 500 i el termini acaba avui a les 14 h!")
    world.obey("escalate", world.case()["number"])
    (card,) = world.received("tic@town.example")
    assert "Termini de la persona: 25 de novembre de 2026 a les 14 h" in _plain(text_of(card))
    told = _plain(text_of(world.received(ANNA)[-1]))
    assert "quin dia s'acaba" not in told, "the person has named the day"


def _after_midnight(world: World) -> str:
    """What the acknowledgement says that leaves then."""
    assert world.kinds(AGENT).count("term") == 1, "the agents do not wait"
    world.live("2026-11-26 01:00", minutes=31)
    return _plain(text_of(world.received(ANNA)[-1]))


def test_an_acknowledgement_that_waits_for_its_budget_past_midnight_names_the_day(tmp_path: Path) -> None:
    world = World(tmp_path, now="2026-11-25 19:30", office=OFFICE)
    for number in range(3):
        world.citizen_writes(ANNA, f"Tràmit {number}", f"Com es fa el tràmit {number}?")
    world.citizen_asks(ANNA, "Beca", AT_MIDNIGHT)
    said = _after_midnight(world)
    assert "s'acaba dimecres 25 de novembre a les 24 h: escriure'ns no l'atura" in said
    assert not ANOTHER_DAY.findall(said)


def test_an_acknowledgement_that_the_relay_puts_off_past_midnight_names_the_day(tmp_path: Path) -> None:
    world = World(tmp_path, now="2026-11-25 19:30", office=OFFICE)
    busy = world.relay.when(deferred(), to=ANNA)
    world.citizen_writes(ANNA, "Beca", AT_MIDNIGHT)
    world.live("2026-11-25 23:50", minutes=31)
    assert world.received(ANNA) == []
    world.relay.remove(busy)
    world.advance("2026-11-26 00:00")
    said = _after_midnight(world)
    assert "s'acaba dimecres 25 de novembre a les 24 h: escriure'ns no l'atura" in said
    assert not ANOTHER_DAY.findall(said)
