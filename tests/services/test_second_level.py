"""Second level goes to the technical services automatically, once; only a person notifies the citizen."""

from collections.abc import Callable
from datetime import date, timedelta
from email.message import EmailMessage
from typing import Any

import pytest

from oacmail.core import derivation
from oacmail.core.errors import Refused
from oacmail.core.model import EndDay, Features, Platform
from testbed.relay import no_reply, refused
from tests.orders.test_orders import reply
from tests.report.test_month import indicator
from tests.world import AGENT, ANNA, FORMS, PERE, SUPERVISOR, TECHNICAL, World, text_of

TOWN = Callable[..., World]
FAULT = ("Error 500 a la seu", "Bon dia, des d'ahir la seu electrònica dona error 500 en enviar la instància.")
WRONG_FORM = (
    "El formulari suma malament",
    "Bona tarda, al formulari de justificació de la subvenció la suma no quadra: és l'imprès del curs passat.",
)
CASE_OF = "SELECT c.number FROM cases c JOIN people p ON p.id = c.citizen_id WHERE p.address = ?"
PEOPLE = {"technical": [TECHNICAL], "forms": [FORMS]}


@pytest.fixture
def world(town: TOWN) -> World:
    return town(people=PEOPLE)


def _original(mail: EmailMessage) -> EmailMessage:
    (part,) = [part for part in mail.walk() if part.get_content_type() == "message/rfc822"]
    inner = part.get_payload(0)
    assert isinstance(inner, EmailMessage)
    return inner


def _deadlines(world: World, kind: str) -> list[dict[str, Any]]:
    """Those that run."""
    return world.rows(
        "SELECT * FROM deadlines WHERE kind = ? AND met_at IS NULL AND withdrawn_at IS NULL AND fired_at IS NULL", kind
    )


# --- by itself ----------------------------------------------------------------------------------------


def test_a_fault_goes_to_the_technical_services_in_the_same_pass_with_card_and_message(world: World) -> None:
    message = world.citizen_asks(ANNA, *FAULT)
    (mail,) = world.received(TECHNICAL)
    assert "DERIVAT nivell 2 · Presentació d'instàncies i documents · Seu electrònica" in str(mail["Subject"])
    platform = ("Plataforma: Seu electrònica", "Operador: Ajuntament")
    for words in (*platform, "mal funcionament de la plataforma", "Indicis del missatge:"):
        assert words in text_of(mail)
    assert _original(mail)["Message-ID"] == message["Message-ID"]
    case = world.case()
    assert (case["status"], case["level"], case["operator"], case["cause"]) == ("derived", "second", "town", "platform")


def test_the_services_read_how_many_people_the_failure_affects_today(world: World) -> None:
    """Who writes twice counts once; other platforms, spam, and what was solved before today do not count."""
    pscp = ("La PSCP no funciona", "Bon dia, des d'ahir la plataforma de contractació PSCP dona error 500 en entrar.")
    for solved in ("joan@example.org", "nuria@example.org"):
        world.citizen_asks(solved, *FAULT)
        world.live("2026-11-25 09:30")
    for case in world.cases():
        world.order("solved", case["number"])
    world.citizen_asks("laia@example.org", *FAULT)
    world.advance("2026-11-26 09:00")
    for sender, fault in ((PERE, FAULT), (PERE, FAULT), ("spam@example.com", FAULT), ("mar@example.org", pscp)):
        world.citizen_asks(sender, f"{fault[0]} {world.clock.now():%M}", fault[1])
        world.live(f"2026-11-26 09:{world.clock.now().minute + 1:02}", minutes=1)
    world.order("close", world.rows(CASE_OF, "spam@example.com")[0]["number"], reason="spam")
    world.citizen_asks(ANNA, *FAULT)
    said = [text_of(mail) for mail in world.received(TECHNICAL) if "(2) " in text_of(mail)]
    assert ["Persones afectades en un dia: 3" in text for text in said][-1], "laia since yesterday, pere, anna"
    world.obey("escalate", world.rows(CASE_OF, ANNA)[0]["number"], why="Error 500")
    again = [text_of(mail) for mail in world.received(TECHNICAL) if "Error 500" in text_of(mail)][-1]
    assert "Persones afectades en un dia: 3" in again


def test_without_a_platform_no_number_is_given(world: World) -> None:
    world.citizen_asks(ANNA, *WRONG_FORM)
    assert "Persones afectades" not in text_of(world.received(FORMS)[0])


def test_a_wrong_form_goes_to_who_looks_after_documents(world: World) -> None:
    world.citizen_asks(ANNA, *WRONG_FORM)
    assert world.kinds(FORMS) == ["derived"]
    assert world.kinds(TECHNICAL) == []


def test_whose_platform_it_is_stands_on_the_card(world: World) -> None:
    world.citizen_asks(ANNA, "e-NOTUM caigut", "L'e-NOTUM no funciona des d'ahir, surt bad gateway a tothom.")
    (mail,) = world.received(TECHNICAL)
    assert "Plataforma: e-NOTUM\n- Operador: Consorci AOC" in text_of(mail)
    assert "Indicis del missatge: " in text_of(mail)


def test_it_goes_at_night_too_and_the_agents_are_notified_of_it_in_the_morning(town: TOWN) -> None:
    world = town(now="2026-11-25 22:30", people=PEOPLE)
    world.citizen_asks(ANNA, *FAULT)
    assert world.kinds(TECHNICAL) == ["derived"]
    assert world.kinds(AGENT) == []
    world.turn_at("2026-11-26 08:00")
    assert "second_level" in world.kinds(AGENT)


def test_the_citizens_deadline_runs_on_until_a_person_answers(world: World) -> None:
    world.citizen_asks(ANNA, *FAULT)
    assert world.kinds(ANNA) == ["ack"]
    (deadline,) = _deadlines(world, "answer")
    assert deadline["due_at"] == "2026-11-26T19:00:00Z"
    world.live("2026-11-27 08:00")
    assert "overdue" in world.kinds(SUPERVISOR)


def test_the_agents_are_notified_of_what_is_left_to_them(world: World) -> None:
    world.citizen_asks(ANNA, *FAULT)
    (mail,) = world.received(AGENT)
    assert "falta dir-ho a la persona" in str(mail["Subject"])
    assert "responeu a aquest correu amb la paraula DERIVA" in text_of(mail)


def test_further_messages_derive_a_case_no_second_time(world: World) -> None:
    message = world.citizen_asks(ANNA, *FAULT)
    world.order("solved", world.case()["number"])
    world.agent_replies(message)
    world.advance("2026-11-25 12:00")
    world.citizen_asks(ANNA, "", FAULT[1] + " Encara passa.", answers=message)
    assert world.case()["status"] == "open"
    assert world.kinds(TECHNICAL) == ["derived"]


def test_a_later_message_may_tell_that_a_case_is_second_level(world: World) -> None:
    message = world.citizen_asks(ANNA)
    assert world.case()["status"] == "open"
    second = world.citizen_asks(ANNA, "", FAULT[1] + " A tothom li passa.", answers=message)
    (mail,) = world.received(TECHNICAL)
    assert _original(mail)["Message-ID"] == second["Message-ID"]
    assert (world.case()["status"], world.case()["level"]) == ("derived", "second")
    assert len(_deadlines(world, "answer")) == 1


def test_the_word_of_a_person_on_the_level_stands(world: World) -> None:
    message = world.citizen_asks(ANNA)
    world.order("set", world.case()["number"], level="first")
    world.citizen_asks(ANNA, "", FAULT[1] + " A tothom li passa.", answers=message)
    assert world.received(TECHNICAL) == []
    assert world.case()["status"] == "open"


# --- only suggested -----------------------------------------------------------------------------------


@pytest.mark.parametrize("rules", [{"auto_second_level": False}, {"threshold": 1.0}], ids=str)
def test_what_is_not_derived_by_itself_is_suggested_to_the_agents(town: TOWN, rules: dict[str, Any]) -> None:
    world = town(people=PEOPLE, escalation=rules, digest={"to": [AGENT]})
    world.citizen_asks(ANNA, *FAULT)
    assert world.kinds(TECHNICAL) == []
    assert world.case()["status"] == "open"
    (mail,) = world.received(AGENT, "second_level")
    assert "Proposta: derivar el cas" in str(mail["Subject"])
    world.citizen_asks(PERE, "Padró", "Bon dia, com demano el volant?")
    world.turn_at("2026-11-26 08:00")
    (digest,) = world.received(AGENT, "digest")[-1:]
    assert "Potser de segon nivell: 1." in text_of(digest)


def test_a_message_that_its_domain_disowns_derives_nothing(world: World) -> None:
    world.citizen_asks(ANNA, *FAULT, dmarc="fail")
    assert world.kinds(TECHNICAL) == world.kinds(AGENT) == []
    assert world.reviews() == ["dmarc-fail"]


# --- refused for its original ---------------------------------------------------------------------------


def test_a_derivation_that_is_refused_for_its_size_goes_without_the_message_in_the_same_pass(world: World) -> None:
    world.relay.when(refused(552, "5.3.4", at="DATA"), kind="derived", times=1)
    world.citizen_asks(ANNA, *FAULT)
    (mail,) = world.received(TECHNICAL)
    assert "no s'adjunta" in text_of(mail)
    assert [part.get_content_type() for part in mail.walk()].count("message/rfc822") == 0


# --- a person's word ------------------------------------------------------------------------------------


def test_approving_the_notice_notifies_the_person_meets_the_deadline_and_leaves_the_case_derived(world: World) -> None:
    message = world.citizen_asks(ANNA, *FAULT)
    world.obey("escalate", world.case()["number"])
    assert world.kinds(TECHNICAL) == ["derived"], "not derived a second time"
    _, notice = world.received(ANNA)
    assert str(notice["Subject"]).endswith("Hem passat la vostra consulta a l'Ajuntament")
    assert "Hem passat la vostra consulta als serveis tècnics de l'Ajuntament perquè la mirin." in text_of(notice)
    assert "Us tornarem a escriure com a molt tard dimecres 2 de desembre, amb el resultat o sense." in text_of(notice)
    assert notice["In-Reply-To"] == message["Message-ID"]
    assert world.case()["status"] == "derived"
    assert _deadlines(world, "answer") == []
    world.live("2026-11-30 09:00")
    assert "overdue" not in world.kinds(SUPERVISOR)


def test_a_case_without_derivation_is_derived_and_notified_by_one_command(world: World) -> None:
    world.citizen_asks(ANNA)
    world.obey("escalate", world.case()["number"], why="El servidor respon 500", cause="document_or_form")
    (mail,) = world.received(FORMS)
    assert "El servidor respon 500" in text_of(mail)
    assert world.kinds(ANNA) == ["ack", "passed_on"]
    assert "hi ha un error al document o al formulari" in text_of(world.received(ANNA)[1])


QUESTION = ("Certificat", "Bon dia, on puc demanar un certificat de convivència? Gràcies.")


def _ordered(world: World, text: str) -> str:
    """Anna's question is derived by an agent's mail; what she reads of it."""
    world.citizen_asks(ANNA, *QUESTION)
    world.restart(digest={"to": [AGENT]})
    world.live("2026-11-26 08:30")
    reply(world, world.received(AGENT)[-1], f"1 {text}", sender=AGENT)
    assert world.kinds(ANNA) == ["ack", "passed_on"]
    return text_of(world.received(ANNA)[1])


def test_a_derivation_without_a_cause_blames_nothing_and_counts_no_fault(world: World) -> None:
    said = _ordered(world, "DERIVA")
    assert "Hem passat la vostra consulta als serveis tècnics de l'Ajuntament perquè la mirin." in said
    for untrue in ("no funciona bé", "no depèn de vós", "No cal que feu res"):
        assert untrue not in said
    assert world.case()["cause"] is None
    assert "Causa: no indicada" in text_of(world.received(TECHNICAL)[-1])
    (causes, *_) = indicator(world, "2026-11", "I7")["tables"]
    assert [(row["key"], row["count"]) for row in causes["rows"]] == [("unknown", 1)]


@pytest.mark.parametrize(
    ("order", "cause", "told"),
    [
        ("DERIVA: plataforma", "platform", "la plataforma no funciona bé"),
        ("DERIVA: formulari: no suma bé", "document_or_form", "hi ha un error al document o al formulari"),
        ("DERIVA: pregunta pel formulari i no en sabem res", "", "perquè la mirin"),
    ],
)
def test_an_agent_chooses_the_cause_with_the_first_word_of_the_reason(
    world: World, order: str, cause: str, told: str
) -> None:
    assert told in _ordered(world, order)
    assert world.case()["cause"] == (cause or None)


def test_nobody_asks_for_a_day_that_the_person_has_named(world: World) -> None:
    world.citizen_asks(ANNA, "Ajut", "Bon dia, on puc demanar l'ajut? El termini acaba el 27 de novembre.")
    world.obey("escalate", world.case()["number"])
    said = text_of(world.received(ANNA)[-1])
    assert "quin dia s'acaba" not in said
    assert "El vostre termini, divendres 27 de novembre, no s'atura" in said


def test_what_an_agent_adds_reaches_the_services_though_they_know_the_case(world: World) -> None:
    world.citizen_asks(ANNA, *FAULT)
    world.obey("escalate", world.case()["number"], why="També falla a l'OAC")
    assert "També falla a l'OAC" in text_of(world.received(TECHNICAL)[-1])


def test_a_person_is_notified_once(world: World) -> None:
    world.citizen_asks(ANNA, *FAULT)
    world.order("escalate", world.case()["number"])
    with pytest.raises(Refused, match="the person knows it"):
        world.order("escalate", world.case()["number"])


def test_a_notice_that_comes_back_is_owed_again(world: World) -> None:
    world.citizen_asks(ANNA, *FAULT)
    world.obey("escalate", world.case()["number"])
    world.advance("2026-11-25 11:00")
    world.bounce(world.received(ANNA)[-1])
    (deadline,) = _deadlines(world, "answer")
    assert deadline["due_at"] == "2026-11-26T19:00:00Z"
    assert _deadlines(world, "update") == []
    assert "el termini torna a córrer" in text_of(world.received(AGENT)[-1])
    world.obey("escalate", world.case()["number"])
    assert world.kinds(ANNA) == ["ack", "passed_on", "passed_on"], "it may be sent anew"


def test_a_notice_that_the_relay_refuses_is_owed_again(world: World) -> None:
    world.relay.when(refused(550, "5.1.1", at="RCPT"), kind="passed_on")
    world.citizen_asks(ANNA, *FAULT)
    world.obey("escalate", world.case()["number"])
    assert len(_deadlines(world, "answer")) == 1
    assert world.case()["status"] == "derived"


def test_a_held_notice_counts_as_not_sent_and_no_progress_follows(world: World) -> None:
    world.citizen_asks(ANNA, *FAULT)
    world.order("escalate", world.case()["number"])
    world.relay.when(no_reply(lost=True), kind="passed_on", times=2)
    world.live("2026-12-11 20:00", minutes=120)
    assert world.mail("passed_on")["state"] == "held"
    assert world.kinds(ANNA) == ["ack"]


def test_who_cannot_be_written_to_still_waits(world: World) -> None:
    world.citizen_asks("anna@[192.0.2.1]", *FAULT)
    world.obey("escalate", world.case()["number"])
    assert world.kinds(TECHNICAL) == ["derived"]
    assert len(_deadlines(world, "answer")) == 1


def test_the_answer_that_tells_the_solution_ends_nudges_and_updates(world: World) -> None:
    message = world.citizen_asks(ANNA, *FAULT)
    world.obey("escalate", world.case()["number"])
    world.advance("2026-11-25 12:00")
    world.order("solved", world.case()["number"])
    world.agent_replies(message, "Ja està arreglat.")
    assert world.case()["status"] == "answered"
    assert _deadlines(world, "nudge") == _deadlines(world, "update") == []
    world.live("2026-12-09 09:00", minutes=240)
    assert world.kinds(TECHNICAL) == ["derived"]
    assert world.kinds(ANNA) == ["ack", "passed_on"]


def test_a_question_about_a_derived_case_has_a_deadline_and_leaves_it_derived(world: World) -> None:
    world.citizen_asks(ANNA, *FAULT)
    world.obey("escalate", world.case()["number"])
    world.advance("2026-11-26 10:00")
    world.citizen_asks(ANNA, "", "Quan estarà arreglat?", answers=world.received(ANNA)[-1])
    assert world.case()["status"] == "derived"
    assert len(_deadlines(world, "answer")) == 1


# Operator, cause and the end of a term, from what was found in a message.

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
