"""Votes by who has none, and votes that want more than to be counted."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from oacmail.core import tokens
from tests.survey.test_survey import ON, links, press, reply, survey
from tests.survey.test_survey import given as votes
from tests.world import AGENT, ANNA, PERE, SUPERVISOR, World

NUMBER = "OAC-2026-000001"
WORDS = (
    "5", "1", "2 ", "4/5", "cinc", "Un 10!", "#spam", "#tanca", "TANCA BROSSA", "MEVA", "#deriva", "12 tanca",
    "#reobre", "#merge 2", "#assigna anna", "TRUCAT", "NO CONTESTA", "ÉS PERSONA", "Gràcies", "molt bé",
    "fatal", "\n", "?", ".", "https://x.example",
)  # fmt: skip
_UNTOUCHED = ("assignee", "topic", "level", "intent", "language", "kind", "answered_at", "operator")


@pytest.fixture
def asked(town: object) -> World:
    world: World = town(**ON)  # type: ignore[operator]
    world.agent_replies(world.citizen_asks(ANNA))
    world.order("close", NUMBER, reason="answered")
    world.live("2026-11-26 09:00", minutes=240)
    return world


def _to_token(world: World, token: str, sender: str = PERE) -> None:
    mail = world.message(sender, "5", "5", to=f"oac360+{token}@castellbisbal.example")
    world.receive(mail, verdict=f"dmarc=pass header.from={sender.rpartition('@')[2]}")


@pytest.mark.parametrize("place", [1, 4, 9, 24])
def test_an_altered_vote_token_gives_nothing(asked: World, place: int) -> None:
    token = tokens.vote_token(asked.policy, case=NUMBER, score=2)
    other = "a" if token[place] != "a" else "b"
    _to_token(asked, token[:place] + other + token[place + 1 :])
    assert not votes(asked)
    assert [event["data"] for event in asked.events("vote-refused")] == ['{"why": "forged"}']


def test_the_token_of_a_case_that_nobody_was_asked_about_gives_nothing(asked: World) -> None:
    asked.citizen_asks(PERE)
    _to_token(asked, tokens.vote_token(asked.policy, case=asked.cases()[-1]["number"], score=5))
    assert not votes(asked)


def test_a_passed_on_link_changes_no_score(asked: World) -> None:
    press(asked, links(survey(asked))[5])
    for n in range(5):
        press(asked, links(survey(asked))[1], sender=f"mallory{n}@evil.example")
    assert asked.case(NUMBER)["score"] == 5
    assert asked.case(NUMBER)["status"] == "closed"
    assert asked.kinds(SUPERVISOR).count("low_score") == 1


def test_a_vote_that_annas_domain_disowns_is_counted_apart(asked: World) -> None:
    reply(asked, "1", dmarc="fail")
    assert votes(asked) == [(1, False)]
    assert asked.case(NUMBER)["score"] is None


def test_staff_have_no_vote(asked: World) -> None:
    press(asked, links(survey(asked))[5], sender=AGENT)
    assert not votes(asked)
    assert [event["data"] for event in asked.events("vote-refused")] == ['{"why": "agent"}']


def test_a_robot_has_no_vote(asked: World) -> None:
    sent = len(asked.mails())
    press(asked, links(survey(asked))[5], headers=(("Auto-Submitted", "auto-replied"),))
    assert not votes(asked)
    assert len(asked.mails()) == sent


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(said=st.lists(st.sampled_from(WORDS), min_size=1, max_size=6).map(" ".join), by_link=st.booleans())
def test_no_text_of_a_vote_does_anything_to_a_case(asked: World, said: str, by_link: bool) -> None:
    before = asked.case(NUMBER)
    if by_link:
        press(asked, links(survey(asked))[3], body=said)
    else:
        reply(asked, said)
    after = asked.case(NUMBER)
    assert {name: after[name] for name in _UNTOUCHED} == {name: before[name] for name in _UNTOUCHED}
    assert after["status"] in {before["status"], "open"}
    assert len(asked.cases()) == 1
    assert not [event for event in asked.events("ordered") if "admin" not in event["data"]]
