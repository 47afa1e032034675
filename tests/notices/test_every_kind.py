"""Each kind of outgoing mail is sent by something that happens to a desk: no row of the table of kinds is dead.

What each kind says, to whom and when, is tested elsewhere. Here a few short stories queue all of them."""

from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from oacmail.core.kinds import (
    IN_SERVICE_HOURS,
    KINDS,
    LIMITED_NOTICES,
    OF_THE_DAY,
    TEMPLATED,
    Audience,
    CancelledBy,
    EnvelopeSender,
    IfUncertain,
    IfUndelivered,
    MailKind,
    cancelled_by,
    of_key,
    of_name,
)
from oacmail.core.model import LANGUAGES
from oacmail.shipped import shipped
from oacmail.store import views
from oacmail.store.connection import LAST_SUMMARY, connect, migrate
from oacmail.store.outbox import LIMITED
from oacmail.words import facts
from oacmail.words.labels import label
from oacmail.words.renderer import ANSWER_DRAFT, CALENDAR
from tests.answers.test_answers_unseen import _replies as quotes_an_agent
from tests.cases.test_forwards import _forward as forward
from tests.cases.test_forwards import _inline as forwarded_by
from tests.messages.test_intent_actions import COMPLAINT, PIN, POINTER, PRINTER, RIGHTS
from tests.orders.test_orders import reply
from tests.relayed import relayed_answers
from tests.survey.test_survey import links, press, survey, surveyed
from tests.world import AGENT, ANNA, MARTA, OFFICE, OPERATOR, PASS, PERE, SUPERVISOR, TECHNICAL, World, text_of

TOWN = Callable[..., World]
FAULT = ("Error 500 a la seu", "Bon dia, des d'ahir la seu electrònica dona error 500 en enviar la instància.")
CALL = "Bon dia, em podeu trucar al 612 345 678 a la tarda, si us plau? No puc signar la instància."


def _nobody_answers(town: TOWN) -> World:
    """One late case: reminder, overdue, digest; then orders and an answer by mail."""
    world = town(digest={"to": [AGENT]}, board={"enabled": True})
    notice = relayed_answers.notice(world)
    relayed_answers.send(world, relayed_answers.mail(world, notice, "#espera 3/12\nBon dia."))  # not_relayed
    reply(world, notice, "#esborrany")  # transcript; draft, for want of a folder of drafts
    reply(world, notice, "TRUCAT", verdict="")  # remark
    folder = "OAC360/1 Pendents"
    for uid in list(world.mailbox.folders[folder].messages):
        world.mailbox.move(folder, uid, "OAC360/6 Tancats")
    world.sync()
    world.turn()  # moved_back
    reply(world, notice, "#espera 3/12")
    reply(world, notice, "ASSIGNA: agent")  # assigned
    (told,) = world.received(AGENT, "assigned")
    world.robot_writes(AGENT, "Sóc fora", answers=told)
    world.turn()  # away
    relayed_answers.send(world, relayed_answers.mail(world, notice))  # relayed
    world.live("2026-12-03 09:00", minutes=240)  # wait
    return world


def _several_are_late(town: TOWN) -> World:
    world = town(deadline={"digest_above": 1}, report={"to": [SUPERVISOR]}, now="2026-11-27 09:00")
    for who in (ANNA, PERE):
        world.citizen_writes(who)
    world.live("2026-12-01 09:00", minutes=240)  # overdue_digest, report
    for who in (ANNA, PERE, MARTA):
        world.citizen_writes(who, "Queixa", COMPLAINT)
    world.turn()  # opinion, notice_list
    return world


def _a_platform_fails(town: TOWN) -> World:
    world = town(people={"technical": [TECHNICAL]})
    world.citizen_writes(ANNA, *FAULT)
    world.turn()  # derived
    world.order("escalate", world.case()["number"])
    world.turn()  # passed_on
    (notice,) = world.received(TECHNICAL)
    world.staff_writes(TECHNICAL, "", "Hi estem treballant.", answers=notice)
    world.turn()  # services
    for who in (PERE, MARTA):
        world.citizen_writes(who, *FAULT)
        world.turn()  # incident
    world.live("2026-12-04 19:00", minutes=240)  # nudge, progress
    world.deliver(world.message(TECHNICAL, "", "Ja està arreglat.", answers=notice), verdict=PASS)
    world.turn()  # solved
    return world


def _agents_decide_who_can_help(town: TOWN) -> World:
    world = town(escalation={"auto_second_level": False}, pointer=[POINTER])
    world.citizen_writes(ANNA, *FAULT)  # second_level
    world.citizen_asks(PERE, "Impressora", PRINTER)  # pointers
    (table,) = world.received(AGENT, "pointers")
    reply(world, table, "#foraabast consorci", sender=AGENT)  # referred
    return world


def _more_than_a_question(town: TOWN) -> World:
    """A right, a secret, a call that nobody takes, a conversation without an end."""
    world = town(people={"technical": [TECHNICAL]})
    world.citizen_writes(ANNA, "Dret d'accés", RIGHTS)  # rights
    world.citizen_writes(PERE, "Beca", "Com presento la beca? El termini s'acaba avui a les 14 h.")  # term
    asked = world.citizen_asks(MARTA, text=CALL)
    world.citizen_writes(ANNA, "", f"Encara espero. {PIN}", answers=world.received(ANNA)[0])  # secret, warned
    number = next(case["number"] for case in world.cases() if case["citizen"] == MARTA)
    world.order("assign", number, name="agent")
    world.citizen_asks(MARTA, "", "Entre les 16 i les 18, si pot ser.", answers=asked)  # call
    for hour in ("16:00", "17:00"):
        world.advance(f"2026-11-25 {hour}")
        world.order("log-call", number, outcome="no-answer")
        world.turn()  # not_reached
    for text in ("No em surt, què faig?", "Tampoc. Què més puc provar?", "Continua igual, em podeu ajudar?"):
        world.clock.forward(hours=1)
        world.citizen_writes(MARTA, "", text, answers=asked)
        world.turn()  # complex
    world.live("2026-12-21 09:00", minutes=720)  # rights_due
    return world


def _answers_that_raise_a_question(town: TOWN) -> World:
    world = town(people={"agents": [AGENT, OPERATOR]}, canary={"enabled": True})
    asked = world.citizen_writes(ANNA)
    world.turn()  # probe
    quotes_an_agent(world, asked, "attribution")  # unseen_answer
    elsewhere = world.message(ANNA, "Una altra cosa", "Quan obriu a l'agost?")
    elsewhere["Reply-To"] = "algu@altre.example"
    world.deliver(elsewhere)  # answers_elsewhere
    answer = world.agent_replies(asked)
    world.clock.forward(minutes=4)
    world.agent_answers(asked, "No cal cap certificat.")
    world.turn()  # answered_twice
    world.report_on(answer)
    world.turn()  # bounced
    for who in (PERE, MARTA):
        world.citizen_writes(who)
    world.turn()
    world.put_into_sent(world.message(OFFICE, "Sobre el cas 2", "Bon dia, ja està fet.", to=MARTA))
    world.turn()  # which_case
    forward(world, forwarded_by(world, "Gmail"))  # forwarded
    world.deliver(world.message(PERE, "Beca", "Com demano la beca menjador?"), folder="Junk")
    world.turn()  # in_junk
    world.mailbox.away = True
    world.live("2026-11-25 09:30", minutes=5)  # alert
    return world


def _a_bad_vote(town: TOWN) -> World:
    world = surveyed(town)
    press(world, links(survey(world))[1])  # survey, low_score
    return world


STORIES = (
    _nobody_answers,
    _several_are_late,
    _a_platform_fails,
    _agents_decide_who_can_help,
    _more_than_a_question,
    _answers_that_raise_a_question,
    _a_bad_vote,
)
NEVER_SENT: dict[MailKind, str] = {}
"""Kinds that the stories do not send, and why."""


@pytest.fixture
def queued(town: TOWN) -> set[str]:
    """The kinds that the stories have put into the outbox."""
    return {mail["kind"] for story in STORIES for mail in story(town).mails()}


def test_every_kind_of_mail_is_sent_by_something_that_happens(queued: set[str]) -> None:
    assert sorted(set(KINDS) - queued - set(NEVER_SENT)) == []
    assert sorted(queued & set(NEVER_SENT)) == []


# The table of the kinds of outgoing mail: complete, and in step with templates, facts, texts and the schema.


def test_every_kind_has_one_row() -> None:
    assert list(KINDS) == list(dict.fromkeys(KINDS))
    assert set(KINDS) == set(MailKind)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_kind_has_a_template_in_each_language_and_every_template_a_kind(lang: str) -> None:
    templates = {file.name.removesuffix(".txt.j2") for file in (shipped("templates") / lang).glob("*.txt.j2")}
    assert templates == {kind.value for kind in TEMPLATED} | {ANSWER_DRAFT, "solved_answer", CALENDAR}


def test_every_sample_is_of_a_kind_that_has_a_template() -> None:
    assert facts._SAMPLES.keys() <= TEMPLATED


def test_every_notice_that_a_list_may_name_has_a_heading_for_it() -> None:
    unnamed = [kind for kind in LIMITED_NOTICES if label("notice", kind, "ca", "l'Oficina") == kind]
    assert not unnamed


def test_every_kind_that_is_reported_undelivered_has_a_name_for_people() -> None:
    told = [how.removeprefix("as_") for how in IfUndelivered if how is not IfUndelivered.NOBODY]
    assert not [how for how in told if label("mail", how, "en", "the office") == how]


@pytest.mark.parametrize("kind", KINDS)
def test_mail_to_citizens_is_never_sent_twice_on_suspicion_but_for_the_acknowledgement(kind: MailKind) -> None:
    rules = KINDS[kind]
    if rules.audience is Audience.CITIZEN:
        others = {MailKind.ACK: IfUncertain.RESEND_ALWAYS, MailKind.SURVEY: IfUncertain.DROP}
        assert rules.if_uncertain is others.get(kind, IfUncertain.HOLD)
        assert rules.about_case
        assert kind not in IN_SERVICE_HOURS
    else:
        assert rules.envelope is EnvelopeSender.OFFICE
        assert rules.if_uncertain in (IfUncertain.RESEND, IfUncertain.DROP)


def test_what_is_out_of_date_tomorrow_waits_for_no_opening() -> None:
    assert set(IN_SERVICE_HOURS) > OF_THE_DAY


def test_an_answer_leaves_the_acknowledgement_in_the_queue_and_closing_does_not() -> None:
    assert MailKind.ACK not in cancelled_by(CancelledBy.ANSWER)
    assert MailKind.ACK in cancelled_by(CancelledBy.CLOSE)


def test_the_indexes_of_the_schema_serve_the_kinds_that_the_limits_count(tmp_path: Path) -> None:
    with closing(connect(tmp_path / "db")) as con:
        migrate(con)
        query = f"EXPLAIN QUERY PLAN SELECT count(*) FROM outbox WHERE {LIMITED} AND mailbox = ? AND released_at > ?"
        plan = " ".join(row["detail"] for row in con.execute(query, ("", "")))
    assert "outbox_budget_of" in plan


@pytest.mark.parametrize(("query", "index"), [(views.JUNK, "messages_in_junk"), (LAST_SUMMARY, "outbox_digests")])
def test_the_indexes_of_the_schema_serve_the_digest(tmp_path: Path, query: str, index: str) -> None:
    with closing(connect(tmp_path / "db")) as con:
        migrate(con)
        rows = con.execute(f"EXPLAIN QUERY PLAN {query}", ("",) * query.count("?"))
        plan = " ".join(row["detail"] for row in rows)
    assert index in plan


@pytest.mark.parametrize(
    ("key", "kind"),
    [("ack:5f1e", MailKind.ACK), ("urgent:2026-11-25:0f", MailKind.REMIND), ("held:ack:5f1e", MailKind.ALERT)],
)
def test_a_key_tells_the_kind(key: str, kind: MailKind) -> None:
    assert of_key(key) is kind


def test_an_unknown_kind_fails_at_once() -> None:
    with pytest.raises(ValueError, match="no-such-kind"):
        of_name("no-such-kind")


# Second-level messages on one platform within an hour are one incident: one alert, the list, the cases linked.

FAULTS = (
    ("Error 500 a la seu", "Bon dia, la seu electrònica dona error 500 en enviar la instància."),
    ("No puc entrar a la seu", "La seu electrònica no funciona: surt un error 503 des de fa una hora."),
    ("Seu caiguda", "Bona tarda, la seu electrònica està caiguda i dona error 500 a tothom."),
    ("Oficina virtual", "L'oficina virtual dona error 500 en signar, també amb un altre ordinador."),
    ("Error del servidor", "La seu electrònica respon error intern del servidor 500 quan vull enviar la sol·licitud."),
)
ELSEWHERE = ("e-NOTUM", "Hola, l'e-NOTUM dona error 500 i no puc obrir la notificació de l'Ajuntament.")


@pytest.fixture
def world(town: TOWN) -> World:
    return town(people={"technical": [TECHNICAL]})


def _write(world: World, *messages: tuple[str, str], minutes: int = 5) -> None:
    for subject, text in messages:
        place = len(world.rows("SELECT 1 FROM cases"))
        world.citizen_asks(f"veina{place}@casa{place}.example", subject, text)
        world.clock.forward(minutes=minutes)


def _incidents(world: World) -> list[str | None]:
    return [case["incident"] for case in world.cases()]


def test_five_messages_on_one_platform_are_one_incident_with_one_alert(world: World) -> None:
    _write(world, *FAULTS)
    numbers = [case["number"] for case in world.cases()]
    assert [case["level"] for case in world.cases()] == ["second"] * 5
    assert _incidents(world) == [numbers[0]] * 5
    for address in (TECHNICAL, SUPERVISOR):
        (alert,) = world.received(address, "incident")
        assert "Seu electrònica" in str(alert["Subject"])
        assert [number in text_of(alert) for number in numbers] == [True] * 3 + [False] * 2
        assert "veina" not in alert.as_string()
    assert "incident" in [event["kind"] for event in world.case(numbers[4])["events"]]


def test_two_messages_are_none(world: World) -> None:
    _write(world, *FAULTS[:2])
    assert _incidents(world) == [None, None]
    assert "incident" not in world.kinds(TECHNICAL)


def test_another_platform_does_not_count(world: World) -> None:
    _write(world, *FAULTS[:2], ELSEWHERE)
    assert _incidents(world) == [None] * 3


def test_messages_over_more_than_an_hour_are_none(world: World) -> None:
    _write(world, *FAULTS[:3], minutes=31)
    assert _incidents(world) == [None] * 3


def test_after_an_hour_of_silence_the_next_three_are_another_incident(world: World) -> None:
    _write(world, *FAULTS[:3])
    world.clock.forward(hours=2)
    _write(world, *FAULTS[2:])
    numbers = [case["number"] for case in world.cases()]
    assert _incidents(world) == [numbers[0]] * 3 + [numbers[3]] * 3
    assert world.kinds(TECHNICAL).count("incident") == 2


def test_the_office_sets_how_many_and_in_how_long(town: TOWN) -> None:
    world = town(people={"technical": [TECHNICAL]}, escalation={"incident_mails": 2, "incident_minutes": 5})
    _write(world, *FAULTS[:2], minutes=4)
    assert world.kinds(TECHNICAL).count("incident") == 1


def test_what_a_person_has_corrected_or_thrown_out_does_not_count(world: World) -> None:
    _write(world, *FAULTS[:2])
    first, second = (case["number"] for case in world.cases())
    world.order("set", first, level="first")
    world.order("close", second, reason="spam")
    _write(world, FAULTS[2])
    assert _incidents(world) == [None] * 3


def test_an_incident_may_take_more_messages_than_its_alert_lists(town: TOWN) -> None:
    often = {"incident_mails": 52, "incident_minutes": 600}
    world = town(people={"technical": [TECHNICAL]}, escalation=often)
    _write(world, *(FAULTS * 11)[:51], minutes=1)
    assert set(_incidents(world)) == {None}
    _write(world, FAULTS[0])
    assert len(set(_incidents(world))) == 1
    assert "incident" in world.kinds(TECHNICAL)


FORM = ("Error a la sol·licitud", "El formulari de la subvenció suma malament els imports i no em deixa continuar.")
UNNAMED = (
    ("Error 500", "Bon dia, em surt un error 500 en enviar la instància, també amb un altre ordinador."),
    ("No puc enviar la instància", "Surt error intern del servidor 500 quan vull enviar la sol·licitud."),
    ("Error 503", "Des de fa una hora surt un error 503 quan vull pagar la taxa."),
)


def test_who_names_no_platform_writes_of_none(world: World) -> None:
    _write(world, *UNNAMED)
    assert {(case["level"], case["platform"]) for case in world.cases()} == {("second", None)}
    assert _incidents(world) == [None] * 3
    assert "incident" not in world.kinds(TECHNICAL)


def test_a_form_that_is_wrong_is_no_platform_that_fails(world: World) -> None:
    about_the_seu = (FORM[0], FORM[1].replace("El formulari", "A la seu electrònica el formulari"))
    _write(world, *FAULTS[:2], about_the_seu)
    form = world.cases()[2]
    assert (form["level"], form["platform"], form["cause"]) == ("second", "Seu electrònica", "document_or_form")
    assert _incidents(world) == [None] * 3
    _write(world, FAULTS[2])
    first, second, form, third = world.cases()
    assert (second["incident"], form["incident"], third["incident"]) == (first["number"], None, first["number"])


def test_what_is_answered_or_closed_does_not_count(world: World) -> None:
    message = world.citizen_asks("veina@casa.example", *FAULTS[0])
    world.order("solved", world.case()["number"])
    world.agent_answers(message)
    _write(world, FAULTS[1])
    world.order("close", world.cases()[1]["number"], reason="contact")
    _write(world, FAULTS[2], FAULTS[3])
    assert _incidents(world) == [None] * 4
    _write(world, FAULTS[4])
    assert [bool(incident) for incident in _incidents(world)] == [False, False, True, True, True]
