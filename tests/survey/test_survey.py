"""The survey after a case: who is asked and when, how citizens vote, and what a vote never does."""

import re
from collections.abc import Callable
from email.message import EmailMessage
from typing import Any

import pytest

from oacmail.privacy.erasure import forget
from oacmail.store.votes import surveys_sent, votes
from testbed.relay import deferred
from tests.orders import test_orders as orders
from tests.rebuild.rebuilding import lose, rebuild
from tests.world import AGENT, ANNA, PERE, SUPERVISOR, World, links_of, local, text_of

ON = {"survey": {"enabled": True}}
CLOSED = "2026-12-10 20:00"  # ten working days after the answer of 25 November, with 7 and 8 December closed


def surveyed(town: Callable[..., World]) -> World:
    """Anna was answered on 25 November, wrote no more, and has the survey of 11 December."""
    world = town(**ON)
    _answered(world, ANNA)
    world.live("2026-12-11 09:00", minutes=240)
    return world


@pytest.fixture
def asked(town: Callable[..., World]) -> World:
    return surveyed(town)


def _answered(world: World, sender: str, **written: object) -> EmailMessage:
    question = world.citizen_asks(sender, **written)  # type: ignore[arg-type]
    world.agent_replies(question)
    return question


def survey(world: World, address: str = ANNA) -> EmailMessage:
    (mail,) = world.received(address, "survey")
    return mail


def links(mail: EmailMessage) -> dict[int, str]:
    return {int(label[0]): link for label, link in links_of(mail) if label[0].isdigit()}


def press(world: World, link: str, *, sender: str = ANNA, **changes: Any) -> EmailMessage:
    return world.press(link, sender=sender, **changes)


def reply(world: World, text: str, *, sender: str = ANNA, **how: object) -> EmailMessage:
    return world.citizen_asks(sender, f"Re: {survey(world)['Subject']}", text, answers=survey(world), **how)  # type: ignore[arg-type]


def given(world: World) -> list[tuple[int, bool]]:
    return [(row["score"], bool(row["signed"])) for row in world.rows("SELECT * FROM votes ORDER BY id")]


# --- who is asked ---------------------------------------------------------------------------------------


def test_a_closed_case_is_asked_about_once_the_next_morning(town: Callable[..., World]) -> None:
    world = town(**ON)
    _answered(world, ANNA)
    world.live("2026-12-10 21:00", minutes=240)
    assert world.case()["status"] == "closed"
    assert "survey" not in world.kinds(ANNA)
    world.live("2026-12-30 12:00", minutes=240)
    assert world.kinds(ANNA).count("survey") == 1
    assert world.mail("survey")["created_at"].startswith("2026-12-11T0")


def test_it_says_that_the_case_is_closed_until_when_one_can_reply_and_how_to_vote(asked: World) -> None:
    text = text_of(survey(asked))
    assert f"donem per resolt el cas {asked.case()['number']}" in text
    assert "responeu fins dijous 24 de desembre" in text
    assert "un sol número, de l'1 (molt malament) al 5 (molt bé)" in text
    assert list(links(survey(asked))) == [1, 2, 3, 4, 5]
    assert survey(asked)["Auto-Submitted"] == "auto-generated"


def test_its_links_are_as_the_standard_writes_them(asked: World) -> None:
    for link in links(survey(asked)).values():
        assert re.fullmatch(
            r"mailto:oac360\+v[a-z2-7]{24}@castellbisbal\.example\?subject=%5BOAC\S+&body=\d%0D%0A", link
        )


def test_nobody_is_asked_where_surveys_are_off(world: World) -> None:
    _answered(world, ANNA)
    world.live("2026-12-14 12:00", minutes=240)
    assert world.case()["status"] == "closed"
    assert not world.mails("survey")


@pytest.mark.parametrize(("reason", "asks"), [("answered", 1), ("contact", 1), ("spam", 0), ("duplicate", 0)])
def test_a_case_closed_by_hand_is_asked_about_by_its_reason(town: Callable[..., World], reason: str, asks: int) -> None:
    world = town(**ON)
    _answered(world, ANNA)
    world.order("close", world.case()["number"], reason=reason)
    world.live("2026-11-26 12:00", minutes=120)
    assert len(world.mails("survey")) == asks


def test_a_case_that_is_open_again_in_the_morning_is_not_asked_about(town: Callable[..., World]) -> None:
    world = town(**ON)
    question = _answered(world, ANNA)
    world.order("close", world.case()["number"], reason="answered")
    world.citizen_writes(ANNA, "Re: dubte", "Encara no em funciona, què he de fer?", answers=question)
    world.live("2026-11-26 12:00", minutes=120)
    assert not world.mails("survey")


def _writes_again(world: World, question: EmailMessage, _: EmailMessage) -> None:
    world.citizen_writes(ANNA, "Re: dubte", "Encara no em funciona, què he de fer?", answers=question)


def _counts_as_answered(world: World, _: EmailMessage, __: EmailMessage) -> None:
    world.order("answered", world.case()["number"])


def _gets_the_answer_back(world: World, _: EmailMessage, answer: EmailMessage) -> None:
    world.deliver(world.report_about(answer))


@pytest.mark.parametrize("opens", [_writes_again, _counts_as_answered, _gets_the_answer_back])
def test_a_survey_that_could_not_leave_is_dropped_when_the_case_opens_again(
    town: Callable[..., World], opens: Callable[[World, EmailMessage, EmailMessage], None]
) -> None:
    world = town(**ON)
    question = world.citizen_asks(ANNA)
    answer = world.agent_replies(question)
    world.order("close", world.case()["number"], reason="contact")
    world.relay.when(deferred(450), kind="survey")
    world.live("2026-11-26 08:30", minutes=60)
    assert world.mail("survey")["state"] == "queued"
    opens(world, question, answer)
    world.turn()
    assert world.case()["status"] != "closed"
    assert world.mail("survey")["state"] == "dropped"


def test_nobody_is_asked_about_a_mail_that_their_own_domain_disowns(town: Callable[..., World]) -> None:
    """Somebody else may have written in their name, and an agent has called all the same."""
    world = town(**ON)
    world.citizen_asks(ANNA, dmarc="fail")
    world.order("log-call", world.case()["number"])
    world.live("2026-12-14 12:00", minutes=240)
    assert world.case()["status"] == "closed"
    assert world.received(ANNA) == []


def test_an_address_is_asked_once_in_thirty_days(town: Callable[..., World]) -> None:
    world = town(**ON)
    for subject in ("Padró", "Certificat digital"):
        _answered(world, ANNA, subject=subject, text=f"Bon dia, com ho faig amb això: {subject}?")
    for case in world.cases():
        world.order("close", case["number"], reason="answered")
    world.live("2026-11-27 12:00", minutes=120)
    assert len(world.mails("survey")) == 1
    later = _answered(world, ANNA, subject="Escola", text="Bon dia, com apunto la nena a l'escola bressol?")
    world.order("close", world.cases()[-1]["number"], reason="answered")
    world.live("2026-11-30 12:00", minutes=120)
    assert len(world.mails("survey")) == 1
    assert later["From"] == ANNA


def test_who_complains_or_exercises_a_right_is_not_asked(town: Callable[..., World]) -> None:
    world = town(**ON)
    for sender, intent in ((ANNA, "complaint"), (PERE, "data_rights")):
        _answered(world, sender)
        number = world.cases()[-1]["number"]
        world.order("set", number, intent=intent)
        world.order("close", number, reason="answered")
    world.live("2026-11-27 12:00", minutes=120)
    assert not world.mails("survey")


def test_who_has_a_complaint_in_course_is_not_asked_about_another_case(town: Callable[..., World]) -> None:
    world = town(**ON)
    _answered(world, ANNA)
    world.order("close", world.case()["number"], reason="answered")
    world.citizen_asks(ANNA, "Queixa", "Vull posar una queixa formal pel tracte que vaig rebre ahir a la OAC.")
    world.order("set", world.cases()[-1]["number"], intent="complaint")
    world.live("2026-11-26 12:00", minutes=120)
    assert not world.mails("survey")


def test_who_has_complained_in_a_later_message_of_an_open_case_is_not_asked_about_another(
    town: Callable[..., World],
) -> None:
    world = town(**ON)
    _answered(world, ANNA)
    world.order("close", world.case()["number"], reason="answered")
    question = world.citizen_asks(ANNA, "Instància genèrica", "Com puc signar la instància genèrica?")
    complaint = "Això és una queixa formal: estic molt descontenta de la vostra atenció, és vergonyós."
    world.citizen_asks(ANNA, "Re: Instància genèrica", complaint, answers=question)
    assert world.kinds(SUPERVISOR) == ["opinion"]
    assert "complaint" not in {case["intent"] for case in world.cases()}
    world.live("2026-11-26 12:00", minutes=120)
    assert not world.mails("survey")


def test_a_telephone_case_without_an_address_is_not_asked_about(town: Callable[..., World]) -> None:
    world = town(**ON)
    order = world.message(AGENT, "trucada", "#trucada Joan Mas, 612345678: com es demana el padró?")
    world.receive(order, verdict="dmarc=pass header.from=town.example")
    world.order("close", world.case()["number"], reason="contact")
    world.live("2026-11-26 12:00", minutes=120)
    assert world.case()["status"] == "closed"
    assert not world.mails("survey")


# --- votes ----------------------------------------------------------------------------------------------


def test_a_link_votes_and_the_case_stays_closed(asked: World) -> None:
    press(asked, links(survey(asked))[4])
    assert given(asked) == [(4, True)]
    assert asked.case()["score"] == 4
    assert asked.case()["status"] == "closed"
    assert not asked.reviews()
    assert asked.kinds(ANNA).count("ack") == 1


@pytest.mark.parametrize(
    ("text", "score"),
    [("5 moltes gràcies", 5), ("4/5", 4), ("cinc", 5), ("Un 10!", 5), ("3\n\nAnna", 3), ("Four, thank you", 4)],
)
def test_a_number_in_a_reply_votes(asked: World, text: str, score: int) -> None:
    reply(asked, text)
    assert given(asked) == [(score, True)]
    assert (asked.case()["status"], asked.case()["score"]) == ("closed", score)
    assert not asked.reviews()


def test_the_last_vote_counts(asked: World) -> None:
    press(asked, links(survey(asked))[2])
    asked.live("2026-12-14 10:00", minutes=240)
    press(asked, links(survey(asked))[5])
    assert asked.case()["score"] == 5
    (vote,) = votes(asked.store.con, local("2026-12-01 00:00"), local("2027-01-01 00:00"))
    assert (vote.case, vote.score, vote.signed) == (asked.case()["number"], 5, True)
    assert surveys_sent(asked.store.con, local("2026-12-01 00:00"), local("2027-01-01 00:00")) == 1


def test_a_month_that_is_over_keeps_its_votes(asked: World) -> None:
    press(asked, links(survey(asked))[3])
    asked.turn_at("2027-01-07 10:00")
    press(asked, links(survey(asked))[5])
    december = votes(asked.store.con, local("2026-12-01 00:00"), local("2027-01-01 00:00"))
    january = votes(asked.store.con, local("2027-01-01 00:00"), local("2027-02-01 00:00"))
    assert [vote.score for vote in december] == [3]
    assert [vote.score for vote in january] == [5]


def test_the_same_mail_again_votes_once(asked: World) -> None:
    asked.receive(press(asked, links(survey(asked))[4]), verdict="dmarc=pass header.from=example.org")
    assert given(asked) == [(4, True)]


def test_after_thirty_days_nobody_votes(asked: World) -> None:
    asked.live("2027-01-12 10:00", minutes=480)
    for voter in (ANNA, PERE):
        before = len(asked.received(voter))
        press(asked, links(survey(asked))[4], sender=voter)
        assert len(asked.received(voter)) == before, "a vote alone is no request, however late"
    assert not given(asked)
    assert len(asked.cases()) == 1
    assert asked.case()["status"] == "closed"


def test_a_number_typed_into_the_links_mail_is_what_the_person_says(asked: World) -> None:
    press(asked, links(survey(asked))[5], body="3\r\n")
    assert given(asked) == [(3, True)]


def test_a_link_without_a_body_votes_too(asked: World) -> None:
    press(asked, links(survey(asked))[5], body="")
    assert given(asked) == [(5, True)]


def test_without_plus_addresses_the_token_is_in_the_subject(town: Callable[..., World]) -> None:
    world = town(**ON, trust={"plus_addressing": False})
    _answered(world, ANNA)
    world.order("close", world.case()["number"], reason="answered")
    world.live("2026-11-26 09:00", minutes=60)
    link = links(survey(world))[5]
    assert link.startswith("mailto:oac360@castellbisbal.example?subject=")
    press(world, link)
    assert given(world) == [(5, True)]


# --- signed or apart ------------------------------------------------------------------------------------


def test_a_number_that_names_only_the_case_is_counted_apart(asked: World) -> None:
    asked.citizen_asks(ANNA, f"{survey(asked)['Subject']}", "5")
    asked.citizen_asks(ANNA, "", "4", answers=asked.received(ANNA, "ack")[0])
    assert given(asked) == [(5, False), (4, False)]
    assert asked.case()["score"] is None


def test_a_strangers_link_is_counted_apart_and_replaces_no_signed_vote(asked: World) -> None:
    press(asked, links(survey(asked))[5])
    press(asked, links(survey(asked))[1], sender=PERE)
    assert given(asked) == [(5, True), (1, False)]
    assert asked.case()["score"] == 5
    (vote,) = votes(asked.store.con, local("2026-12-01 00:00"), local("2027-01-01 00:00"))
    assert (vote.score, vote.signed) == (5, True)


def test_a_stranger_who_was_shown_nothing_has_no_vote(asked: World) -> None:
    asked.citizen_asks(PERE, f"{survey(asked)['Subject']}", "1")
    asked.citizen_asks(PERE, "", "2", answers=asked.received(ANNA, "ack")[0])
    assert not given(asked)


# --- what a reply says besides ---------------------------------------------------------------------------


def test_a_request_beside_the_number_opens_the_case_and_the_number_counts(asked: World) -> None:
    reply(asked, "2. Encara no em funciona: com puc signar la instància?")
    assert given(asked) == [(2, True)]
    assert asked.case()["status"] == "open"
    assert asked.case()["due_at"] == "2026-12-14T20:00:00+01:00"
    assert "survey-comment" not in asked.reviews()


def test_a_file_beside_the_number_is_a_request(asked: World) -> None:
    mail = asked.message(ANNA, f"Re: {survey(asked)['Subject']}", "5", answers=survey(asked))
    mail.add_attachment(b"%PDF-1.4", maintype="application", subtype="pdf", filename="instancia.pdf")
    asked.receive(mail, verdict="dmarc=pass header.from=example.org")
    assert given(asked) == [(5, True)]
    assert asked.case()["status"] == "open"


def test_a_comment_is_read_by_a_person_and_opens_nothing(asked: World) -> None:
    reply(asked, "3. La persona que em va atendre anava massa de pressa.")
    assert given(asked) == [(3, True)]
    assert asked.case()["status"] == "closed"
    assert asked.reviews() == ["survey-comment"]


@pytest.mark.parametrize("text", ["Un 8", "4,5", "4 o 5", "8/10", "10/10"])
def test_a_mark_that_is_none_of_ours_is_read_by_a_person(asked: World, text: str) -> None:
    reply(asked, text)
    assert not given(asked)
    assert asked.case()["status"] == "closed"
    assert asked.reviews() == ["survey-unclear"]


@pytest.mark.parametrize("text", ["Perfecte", "Tot bé", "👍", "Muy bien todo", "Todo perfecto, muy amables\n\nAnna"])
def test_praise_opens_nothing_and_is_named_in_one_summary(asked: World, text: str) -> None:
    acknowledged = asked.kinds(ANNA).count("ack")
    reply(asked, text)
    assert asked.reviews() == ["filed-thanks"]
    asked.live("2026-12-14 10:00", minutes=240)
    assert not given(asked)
    assert (asked.case()["status"], asked.case()["score"]) == ("closed", None)
    assert asked.kinds(ANNA).count("ack") == acknowledged


def test_praise_opens_nothing_when_its_case_was_closed_too_long_ago_to_open_again(asked: World) -> None:
    """The survey is open for thirty days, a case for ten working days."""
    asked.advance("2027-01-07 10:00")
    reply(asked, "Tot bé")
    assert [case["status"] for case in asked.cases()] == ["closed"]
    assert [row["kind"] for row in asked.rows("SELECT kind FROM messages ORDER BY id DESC LIMIT 1")] == ["thanks"]
    assert asked.kinds(ANNA) == ["ack", "survey"]


def test_praise_that_goes_on_to_ask_opens_the_case(asked: World) -> None:
    reply(asked, "Tot perfecte, però encara em falta el volant.")
    assert asked.case()["status"] == "open"


def test_praise_on_a_case_that_is_open_again_leaves_it_open(asked: World) -> None:
    reply(asked, "Continua sense funcionar, què puc fer?")
    reply(asked, "Perfecte")
    assert asked.case()["status"] == "open"
    assert asked.case()["due_at"] == "2026-12-14T20:00:00+01:00"


@pytest.mark.parametrize("body", [None, "4\r\nTot perfecte\r\n"])
def test_a_vote_by_link_after_the_person_was_forgotten_opens_nothing(asked: World, body: str | None) -> None:
    link = links(survey(asked))[4]
    forget(asked.store.con, asked.policy, ANNA, asked.engine.now(), by="admin")
    press(asked, link, body=body)
    assert not given(asked)
    assert [case["status"] for case in asked.cases()] == ["closed"]
    assert asked.reviews() == ["survey-without-a-case"]
    assert "ack" not in asked.kinds(ANNA)[2:]


def test_a_request_in_a_vote_by_link_after_the_person_was_forgotten_opens_a_case(asked: World) -> None:
    link = links(survey(asked))[2]
    forget(asked.store.con, asked.policy, ANNA, asked.engine.now(), by="admin")
    press(asked, link, body="2. Encara no em funciona: com puc signar la instància?")
    assert [case["status"] for case in asked.cases()] == ["closed", "open"]


def test_a_reply_without_a_number_is_what_it_always_was(asked: World) -> None:
    reply(asked, "Continua sense funcionar, què puc fer?")
    assert not given(asked)
    assert asked.case()["status"] == "open"


# --- low scores -----------------------------------------------------------------------------------------


def test_a_low_score_tells_the_supervisor_the_same_day_without_the_persons_words(asked: World) -> None:
    asked.advance("2026-12-11 21:30")
    reply(asked, "1. Ningú no va saber ajudar-me amb el volant groc.")
    (mail,) = asked.received(SUPERVISOR, "low_score")
    assert str(mail["Subject"]).endswith("Valoració baixa: 1 de 5")
    assert "groc" not in mail.as_string()
    assert "La nota sola no torna a obrir el cas." in text_of(mail)
    press(asked, links(survey(asked))[2])
    assert asked.kinds(SUPERVISOR).count("low_score") == 1


def test_a_rebuilt_database_knows_the_votes_and_asks_nobody_again(asked: World) -> None:
    press(asked, links(survey(asked))[4])
    before, mails = (given(asked), asked.case()["score"], asked.case()["status"]), len(asked.received(ANNA))
    lose(asked)
    rebuild(asked)
    asked.live("2026-12-14 12:00", minutes=240)
    assert (given(asked), asked.case()["score"], asked.case()["status"]) == before
    assert len(asked.received(ANNA)) == mails


def test_it_is_a_person_makes_no_request_of_a_vote(town: Callable[..., World]) -> None:
    world = town(**ON, digest={"to": [AGENT]})
    _answered(world, ANNA)
    world.live("2026-12-11 09:00", minutes=240)
    press(world, links(survey(world))[4])
    world.citizen_writes(ANNA, "Re: No puc signar la instància", "Moltes gràcies!", answers=world.received(ANNA)[0])
    world.live("2026-12-14 09:00", minutes=240)
    digest = world.received(AGENT, "digest")[-1]
    orders.reply(world, digest, "1 és persona", sender=AGENT)
    rows = world.rows("SELECT kind FROM messages WHERE role = 'citizen' ORDER BY id")
    assert [row["kind"] for row in rows] == ["request", "thanks", "request"]
