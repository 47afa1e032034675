"""Each kind of outgoing mail is sent by something that happens to a desk: no row of the table of kinds is dead.

What each kind says, to whom and when, is tested elsewhere. Here a few short stories queue all of them.
"""

from collections.abc import Callable

import pytest

from oacmail.core.kinds import KINDS, MailKind
from tests.answers.test_answers_unseen import _replies as quotes_an_agent
from tests.cases.test_forwards import _forward as forward
from tests.cases.test_forwards import _inline as forwarded_by
from tests.messages.test_intent_actions import COMPLAINT, POINTER, PRINTER, RIGHTS
from tests.messages.test_secrets_received import PIN
from tests.orders.test_orders import reply
from tests.relayed import relayed_answers
from tests.survey.test_survey import links, press, survey, surveyed
from tests.world import AGENT, ANNA, MARTA, OFFICE, OPERATOR, PASS, PERE, SUPERVISOR, TECHNICAL, World

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
