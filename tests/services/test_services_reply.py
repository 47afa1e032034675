"""The technical services reply to the derivation mail: the case moves only by what they certainly say, and the agent is
told; nothing of it reaches the citizen."""

from collections import Counter
from collections.abc import Callable
from datetime import date
from email.message import EmailMessage
from typing import Any

import pytest

from oacmail.core.model import LANGUAGES
from oacmail.core.services_reply import Statement, read_services_reply
from oacmail.mail.understanding import reply_text
from oacmail.shipped import shipped
from tests.deadlines.test_calendar import WEDNESDAY, WORKDAYS
from tests.services.services_replies import (
    AFTER_THE_READER,
    DOUBTFUL,
    SIGNED,
    SIGNED_AFTER,
    SOLVED,
    UNREAD,
    WITH_THE_READER,
)
from tests.world import AGENT, ANNA, FORMS, OFFICE, PASS, PERE, SUPERVISOR, TECHNICAL, World, text_of

TOWN = Callable[..., World]
FAULT = ("Error 500 a la seu", "Bon dia, des d'ahir la seu electrònica dona error 500 en enviar la instància.")
INTERN = "El Jordi diu que el proveïdor és un desastre."


@pytest.fixture
def world(town: TOWN) -> World:
    return town(people={"technical": [TECHNICAL], "forms": [FORMS]})


@pytest.fixture
def notice(world: World) -> EmailMessage:
    """The derivation mail of a case whose citizen knows of it, promised news by Wednesday 2 December."""
    world.citizen_asks(ANNA, *FAULT)
    world.obey("escalate", world.case()["number"])
    world.advance("2026-11-26 10:00")
    (mail,) = world.received(TECHNICAL)
    return mail


def _outlook(text: str, notice: EmailMessage) -> str:
    head = f"De: OAC 360 <{OFFICE}>\nEnviat: dimecres, 25 de novembre de 2026 9:00\nPer a: Tècnics\n"
    return f"{text}\n\n{'_' * 32}\n{head}Assumpte: {notice['Subject']}\n\n{text_of(notice)}"


def _reply(
    world: World, notice: EmailMessage, text: str, *, sender: str = TECHNICAL, verdict: str = PASS, **more: str
) -> EmailMessage:
    mail = world.message(sender, "", _outlook(text, notice), answers=notice)
    for name, value in more.items():
        del mail[name]
        mail[name] = value
    world.receive(mail, verdict=verdict)
    return mail


def _told(world: World, address: str = AGENT) -> list[EmailMessage]:
    return [mail for mail in world.received(address) if mail["X-Oacmail-Kind"] in ("services", "solved")]


def _deadlines(world: World, kind: str) -> list[dict[str, Any]]:
    return world.rows(
        """SELECT * FROM deadlines WHERE kind = ? AND met_at IS NULL AND withdrawn_at IS NULL
        AND (fired_at IS NULL OR kind = 'answer')""",
        kind,
    )


SIGNATURE = "\n\nJordi Vila Serra\nServei d'Informàtica\nAjuntament de Castellbisbal\nTel. 937 720 000"


@pytest.mark.parametrize(
    ("text", "status", "solved"),
    [
        ("1", "derived", True),
        ("1. Hem reiniciat el servidor.", "derived", True),
        ("3", "open", False),
        ("3. Això ho porta el Consorci AOC.", "open", False),
    ],
)
def test_a_number_above_an_ordinary_signature_is_understood(
    world: World, notice: EmailMessage, text: str, status: str, *, solved: bool
) -> None:
    _reply(world, notice, text + SIGNATURE)
    assert world.case()["status"] == status
    (case,) = world.rows("SELECT solved_at IS NOT NULL AS solved FROM cases")
    assert bool(case["solved"]) is solved


def test_what_cannot_be_read_shows_what_the_numbers_mean(world: World, notice: EmailMessage) -> None:
    _reply(world, notice, "1? Encara no n'estem segurs." + SIGNATURE)
    (told,) = _told(world)
    assert "(1) ja està resolt, (2) una previsió amb el dia, (3) no és cosa seva" in text_of(told)


@pytest.mark.parametrize(
    "text",
    [
        "Soc fora de l'oficina fins al 15 de desembre.",
        "Soc de baixa fins al 10 de desembre.",
        "Estoy fuera de la oficina hasta el 9 de diciembre.",
        "Absent fins al 9 de desembre.",
    ],
)
def test_the_day_of_an_unmarked_out_of_office_is_not_that_of_the_solution(
    world: World, notice: EmailMessage, text: str
) -> None:
    _reply(world, notice, text)
    assert world.rows("SELECT expected_on FROM cases") == [{"expected_on": None}]
    assert len(_told(world)) == 1


def test_the_derivation_mail_asks_for_one_of_three_answers_first(world: World, notice: EmailMessage) -> None:
    said = text_of(notice)
    assert said.index("(1) ja està resolt") < said.index("(2) ") < said.index("(3) no és cosa nostra")
    assert said.index("(3) no és cosa nostra") < said.index("OAC-2026-000001")


@pytest.mark.parametrize("text", ["1", "Ja està arreglat", "#resolt", "Ya está resuelto.", "Fixed, thanks"])
def test_solved_stops_both_follow_ups_and_asks_the_agent_to_tell_the_citizen(
    world: World, notice: EmailMessage, text: str
) -> None:
    before = len(world.received(ANNA))
    _reply(world, notice, text)
    assert _deadlines(world, "nudge") == _deadlines(world, "update") == []
    (deadline,) = _deadlines(world, "answer")
    assert deadline["due_at"] == "2026-11-27T19:00:00Z"
    (mail,) = _told(world)
    said = text_of(mail)
    assert "cal dir-ho a la persona" in str(mail["Subject"])
    assert f"> {text}" in said
    assert "la incidència OAC-2026-000001 ja està resolta" in said, "a draft in the citizen's language"
    assert len(world.received(ANNA)) == before, "the machine never tells"
    (message,) = [row for row in world.case()["messages"] if row["role"] == "citizen"]
    assert message
    world.see_in_sent(world.message(OFFICE, "", "Ja està arreglat.", to=ANNA, answers=world.received(ANNA)[0]))
    assert world.case()["status"] == "answered"


def test_the_draft_is_in_the_citizens_language(town: TOWN) -> None:
    world = town(people={"technical": [TECHNICAL]})
    text = "Buenos días, desde ayer la sede electrónica da error 500 al enviar la instancia, a todo el mundo."
    world.citizen_asks(ANNA, "Error 500 en la sede", text)
    (notice,) = world.received(TECHNICAL)
    _reply(world, notice, "1")
    (mail,) = _told(world)
    assert "nos han comunicado que la incidencia OAC-2026-000001 ya está resuelta" in text_of(mail)


def test_an_estimate_moves_the_nudge_past_its_day_and_keeps_the_promise_to_the_citizen(
    world: World, notice: EmailMessage
) -> None:
    _reply(world, notice, "Previst per al 3/12.")
    (mail,) = _told(world)
    assert "3 de desembre" in text_of(mail)
    assert "previsió" in str(mail["Subject"])
    world.live("2026-12-04 07:59", minutes=240)
    assert "nudge" not in world.kinds(TECHNICAL)
    progress = world.received(ANNA, "progress")
    assert len(progress) == 1, "the news that was promised for the 2nd"
    said = text_of(progress[0])
    assert "Encara no tenim la solució del cas OAC-2026-000001." in said
    assert "la previsió és dijous 3 de desembre" in said
    assert "reclamar" not in said
    assert "com a molt tard dijous 10 de desembre" in said
    world.live("2026-12-04 08:01", minutes=1)
    assert world.kinds(TECHNICAL)[-1] == "nudge"
    assert "previsió: dj. 3/12" in text_of(world.received(TECHNICAL)[-1])


def test_the_next_news_after_an_estimate_is_promised_past_its_day(world: World, notice: EmailMessage) -> None:
    _reply(world, notice, "2\n18 de desembre")
    world.live("2026-12-02 20:00", minutes=240)
    (progress,) = world.received(ANNA, "progress")
    assert "com a molt tard dilluns 21 de desembre" in text_of(progress)


def test_whom_no_notice_has_promised_a_day_gets_news_past_the_estimate(town: TOWN) -> None:
    world = town(people={"technical": [TECHNICAL]})
    world.agent_replies(world.citizen_asks(ANNA, *FAULT), "Ho hem passat a l'Ajuntament.")
    (notice,) = world.received(TECHNICAL)
    _reply(world, notice, "Ho tindrem el 10 de desembre.")
    (update,) = _deadlines(world, "update")
    assert update["due_at"] == "2026-12-11T15:00:00Z"


def test_not_theirs_gives_the_case_back_to_the_desk(world: World, notice: EmailMessage) -> None:
    _reply(world, notice, "No és cosa nostra, és del Consorci AOC.")
    assert world.case()["status"] == "open"
    assert len(_deadlines(world, "answer")) == 1
    assert _deadlines(world, "nudge") == _deadlines(world, "update") == []
    (mail,) = _told(world)
    assert "no és cosa seva" in text_of(mail)
    assert "> No és cosa nostra, és del Consorci AOC." in text_of(mail)


@pytest.mark.parametrize(
    "text", ["Ho mirem.", "Encara no està resolt", "quan estarà resolt?", "creiem que ja funciona", ""]
)
def test_what_is_not_certain_changes_nothing_and_is_put_before_the_agent(
    world: World, notice: EmailMessage, text: str
) -> None:
    nudge, update = _deadlines(world, "nudge"), _deadlines(world, "update")
    _reply(world, notice, text)
    assert world.case()["status"] == "derived"
    assert (_deadlines(world, "nudge"), _deadlines(world, "update")) == (nudge, update)
    assert not world.events("solved")
    (mail,) = _told(world)
    assert "RESOLT" in text_of(mail)
    _reply(world, mail, "RESOLT", sender=AGENT)
    assert world.events("solved"), "the agent may say it by a reply to that mail"


def test_an_unproven_writer_changes_nothing(world: World, notice: EmailMessage) -> None:
    for verdict in ("", "dmarc=fail header.from=town.example"):
        _reply(world, notice, "1", verdict=verdict)
    assert world.case()["status"] == "derived"
    assert not world.events("solved")
    assert not _told(world)
    assert len(world.events("remark")) == 2


def test_a_citizen_who_says_so_changes_nothing(world: World, notice: EmailMessage) -> None:
    _reply(world, world.received(ANNA)[-1], "Ja està resolt", sender=ANNA, verdict="dmarc=pass header.from=example.org")
    assert not world.events("solved")
    assert not _told(world)


def test_it_goes_to_the_agent_who_has_the_case(town: TOWN) -> None:
    world = town(people={"technical": [TECHNICAL], "agents": [AGENT, "berta@town.example"]})
    world.citizen_asks(ANNA, *FAULT)
    world.order("assign", world.case()["number"], name="berta")
    (notice,) = world.received(TECHNICAL)
    _reply(world, notice, "1")
    assert _told(world) == []
    assert len(_told(world, "berta@town.example")) == 1


def test_nothing_of_it_reaches_the_citizen(world: World, notice: EmailMessage) -> None:
    _reply(world, notice, INTERN)
    world.live("2026-12-11 20:00", minutes=240)
    assert not [mail for mail in world.received(ANNA) if "Jordi" in text_of(mail)]
    assert [mail for mail in _told(world) if "Jordi" in text_of(mail)]


def test_at_night_the_agent_hears_of_it_in_the_morning(world: World, notice: EmailMessage) -> None:
    world.advance("2026-11-26 21:00")
    _reply(world, notice, "1")
    assert _told(world) == []
    world.turn_at("2026-11-27 08:00")
    assert len(_told(world)) == 1
    (deadline,) = _deadlines(world, "answer")
    assert deadline["due_at"] == "2026-11-27T19:00:00Z"


def test_the_same_reply_again_says_it_once(world: World, notice: EmailMessage) -> None:
    world.receive(_reply(world, notice, "1"), verdict=PASS)
    assert len(_told(world)) == len(world.events("solved")) == 1


def test_an_old_mail_that_arrives_now_says_nothing(world: World, notice: EmailMessage) -> None:
    _reply(world, notice, "1", Date="Mon, 23 Nov 2026 09:00:00 +0100")
    assert not world.events("solved")
    assert len(_told(world)) == 1


def test_a_reply_to_a_reminder_of_one_case_is_read_as_well(world: World, notice: EmailMessage) -> None:
    world.live("2026-11-27 09:00", minutes=60)
    nudge = world.received(TECHNICAL)[-1]
    assert nudge["X-Oacmail-Kind"] == "nudge"
    _reply(world, nudge, "Ja està arreglat")
    assert world.events("solved")


def test_where_the_supervisor_stands_in_for_the_services_both_readings_work(town: TOWN) -> None:
    world = town()
    world.citizen_asks(ANNA, *FAULT)
    (notice,) = world.received(SUPERVISOR, "derived")
    _reply(world, notice, "MEVA", sender=SUPERVISOR)
    assert world.case()["assignee"] == "cap"
    _reply(world, notice, "Ja està arreglat", sender=SUPERVISOR)
    assert world.events("solved")


def test_a_late_word_on_a_case_that_they_no_longer_have_changes_nothing(world: World, notice: EmailMessage) -> None:
    world.order("close", world.case()["number"], reason="contact")
    _reply(world, notice, "1")
    assert world.case()["status"] == "closed"
    (mail,) = _told(world)
    assert "> 1" in text_of(mail)


def test_an_update_says_that_it_was_claimed_again_only_if_it_was(world: World, notice: EmailMessage) -> None:
    world.live("2026-12-02 20:00", minutes=120)
    (progress,) = world.received(ANNA, "progress")
    nudged = [str(mail["Date"]) for mail in world.received(TECHNICAL) if mail["X-Oacmail-Kind"] == "nudge"]
    today = [day for day in nudged if "02 Dec" in day]
    assert ("avui ho hem tornat a reclamar" in text_of(progress)) == bool(today)


def test_a_reply_to_a_list_of_cases_is_put_before_the_agents(town: TOWN) -> None:
    world = town(people={"technical": [TECHNICAL]}, deadline={"digest_above": 1})
    for citizen in (ANNA, "pere@example.net"):
        world.citizen_writes(citizen, *FAULT)
    world.turn()
    world.live("2026-11-27 08:30", minutes=240)
    nudge = world.received(TECHNICAL)[-1]
    assert nudge["X-Oacmail-Kind"] == "nudge"
    _reply(world, nudge, "Ja està arreglat")
    assert not world.events("solved")
    (mail,) = _told(world)
    assert "no diu de quin cas parla" in text_of(mail)
    assert "> Ja està arreglat" in text_of(mail)


# --- orders of the agents ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "kind", "due"),
    [
        ("#until 3/12", "nudge", "2026-12-04T07:00:00Z"),
        ("#previsió dijous 3 de desembre", "nudge", "2026-12-04T07:00:00Z"),
    ],
)
def test_an_agent_passes_on_an_estimate(world: World, notice: EmailMessage, words: str, kind: str, due: str) -> None:
    _reply(world, world.received(AGENT)[0], words, sender=AGENT)
    (deadline,) = _deadlines(world, kind)
    assert deadline["due_at"] == due


@pytest.mark.parametrize("words", ["#until aviat", "#previsio 3/11", "#until"])
def test_a_day_that_is_not_understood_is_refused(world: World, notice: EmailMessage, words: str) -> None:
    before = _deadlines(world, "nudge")
    _reply(world, world.received(AGENT)[0], words, sender=AGENT)
    assert _deadlines(world, "nudge") == before
    assert "no fet" in text_of(world.received(AGENT)[-1])


def test_an_agent_passes_on_that_it_is_not_theirs(world: World, notice: EmailMessage) -> None:
    _reply(world, world.received(AGENT)[0], "#nonostre", sender=AGENT)
    assert world.case()["status"] == "open"
    assert len(_deadlines(world, "answer")) == 1


def test_waiting_for_the_citizen_stops_no_deadline_and_reminds_on_the_day(town: TOWN) -> None:
    world = town()
    world.citizen_asks(ANNA)
    world.live("2026-11-25 16:00")
    world.live("2026-11-26 17:00")
    notice = world.received(AGENT)[-1]
    subject = f"Cas {world.received(ANNA)[0]['Subject'].partition(']')[0].strip('[')}"
    world.staff_says(AGENT, subject, "#espera 3/12", answers=notice)
    assert world.case()["status"] == "waiting"
    assert len(_deadlines(world, "answer")) == 1
    world.agent_answers(world.received(ANNA)[0], "Envieu-nos una captura.")
    world.live("2026-12-03 07:59", minutes=240)
    assert "wait" not in world.kinds(AGENT)
    world.live("2026-12-03 08:01", minutes=1)
    assert world.kinds(AGENT)[-1] == "wait"


def test_a_derived_case_waits_for_the_services_and_not_for_the_citizen(world: World, notice: EmailMessage) -> None:
    _reply(world, world.received(AGENT)[0], "#wait", sender=AGENT)
    assert world.case()["status"] == "derived"
    assert "serveis tècnics" in text_of(world.received(AGENT)[-1])


@pytest.mark.parametrize("text", ["3", "1"])
def test_what_the_services_say_stops_a_notice_to_the_citizen_that_has_not_left(
    world: World, notice: EmailMessage, text: str
) -> None:
    """The mailbox could not be read, so that nothing went to citizens; the services do not have the case any more."""
    world.citizen_asks(PERE, *FAULT)
    (other,) = [mail for mail in world.received(TECHNICAL) if mail["X-Oacmail-Case"] == "OAC-2026-000002"]
    world.mailbox.away = True
    world.sync()
    world.order("escalate", "OAC-2026-000002")
    world.drain()
    world.clock.forward(minutes=30)
    world.mailbox.away = False
    _reply(world, other, text)
    assert "passed_on" not in world.kinds(PERE)
    assert _deadlines(world, "answer")


# What a reply of the technical services is read as: nothing is ever taken for "solved" that is not.

BY_NUMBER = (*SIGNED, *SIGNED_AFTER)
ALL = (*WITH_THE_READER, *AFTER_THE_READER, *BY_NUMBER, *((text, UNREAD) for text in DOUBTFUL))


def _read(text: str) -> str:
    reply = read_services_reply(reply_text.split(text).fresh, WEDNESDAY, WORKDAYS)
    return reply.day.isoformat() if isinstance(reply.day, date) else str(reply.said)


@pytest.mark.parametrize(("text", "label"), WITH_THE_READER)
def test_a_reply_is_read_as_it_was_labelled(text: str, label: str) -> None:
    assert _read(text) == label


@pytest.mark.parametrize(("text", "label"), ALL)
def test_a_reply_is_read_as_it_was_labelled_or_left_unread(text: str, label: str) -> None:
    assert _read(text) in (label, UNREAD)


def test_a_number_above_an_ordinary_signature_is_understood_in_nine_of_ten() -> None:
    said = [(text, label) for text, label in BY_NUMBER if label != UNREAD]
    assert sum(_read(text) == label for text, label in said) >= 0.9 * len(said)


def test_few_replies_that_say_something_are_left_unread() -> None:
    read = Counter((label, _read(text)) for text, label in ALL)
    said = Counter(label for _, label in ALL)
    taken_for_solved = sum(number for (_, what), number in read.items() if what == SOLVED)
    assert read[SOLVED, SOLVED] == taken_for_solved, "precision of solved is 1.0"
    assert read[SOLVED, SOLVED] >= 0.9 * said[SOLVED]
    assert sum(number for (label, what), number in read.items() if label == what) >= 0.9 * len(ALL)


def test_a_very_long_reply_and_an_empty_one_say_nothing() -> None:
    assert _read("") == _read("\n" * 10) == UNREAD
    assert _read("hola " * 100_000 + "\nJa està resolt") == UNREAD


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_agent_reads_each_statement_in_words_of_its_own(lang: str) -> None:
    """What is solved has a mail of its own, and what is unread the last paragraph (CONTRIBUTING.md, "Recipes")."""
    template = (shipped("templates") / lang / "services.txt.j2").read_text("utf-8")
    worded = {said for said in Statement if f'said == "{said}"' in template}
    assert worded == set(Statement) - {Statement.SOLVED, Statement.UNREAD}
