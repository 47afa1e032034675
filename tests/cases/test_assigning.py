"""Assigning: the name is an agent's, who hears of it, and somebody else does if that agent is out of office."""

from email.message import EmailMessage

import pytest

from tests.board.test_board import MINE, OPEN, move
from tests.hostile.enemy import oacmail
from tests.orders.test_orders import reply
from tests.world import AGENT, ANNA, PERE, SUPERVISOR, World, text_of

SECOND = "anna.puig@town.example"


@pytest.mark.parametrize(
    ("name", "assignee"), [(SECOND, "anna.puig"), ("Anna.Puig", "anna.puig"), ("agent", "agent"), ("", None)]
)
def test_an_agent_gets_the_case_by_address_or_by_name(world: World, name: str, assignee: str | None) -> None:
    world.restart(people={"agents": [AGENT, SECOND]})
    world.citizen_asks("anna@example.org")
    assert oacmail(world, "case", "assign", "1", name).exit_code == 0
    assert world.case()["assignee"] == assignee


@pytest.mark.parametrize("name", ["jordi", "anna@example.org", "agnet", "town.example"])
def test_another_name_is_wrong_usage_and_changes_nothing(world: World, name: str) -> None:
    world.citizen_asks("anna@example.org")
    refused = oacmail(world, "case", "assign", "1", name)
    assert refused.exit_code == 2
    assert f"{name} names no agent of people.agents" in refused.output
    assert AGENT in refused.output
    assert (world.case()["assignee"], world.events("ordered")) == (None, [])


# --- who hears of it --------------------------------------------------------------------------------------


@pytest.fixture
def two(world: World) -> World:
    """Two agents, and Anna's case, of which one of them has the digest."""
    world.restart(people={"agents": [AGENT, SECOND]}, digest={"to": [AGENT, SECOND]})
    world.citizen_writes(ANNA)
    world.live("2026-11-26 08:30")
    return world


def _orders(world: World, text: str, *, sender: str = AGENT) -> None:
    (digest,) = world.received(sender, "digest")[-1:]
    reply(world, digest, text, sender=sender)


def _is_out(world: World, who: str, notice: EmailMessage, text: str = "Sóc fora fins al 10 de desembre.") -> None:
    marks = (("Auto-Submitted", "auto-replied"),)
    world.receive(world.message(who, "", text, answers=notice, headers=marks), sender="")


def test_who_gets_a_case_hears_it_with_who_gave_it_and_when_it_is_due(two: World) -> None:
    _orders(two, "1 assigna anna.puig")
    (told,) = two.received(SECOND, "assigned")
    assert "agent ha assignat a anna.puig el cas OAC-2026-000001" in text_of(told)
    assert "dijous 26 de novembre" in str(told["Subject"])
    assert two.received(AGENT, "assigned") == []


def test_who_takes_a_case_gets_no_mail_of_it(two: World) -> None:
    _orders(two, "1 meva")
    two.obey("assign", two.case()["number"], name="")
    assert two.received(AGENT, "assigned") == two.received(SECOND, "assigned") == []


def test_an_assignee_who_is_out_of_office_is_named_to_who_assigned_and_to_the_other_agents(two: World) -> None:
    _orders(two, "1 assigna anna.puig")
    (told,) = two.received(SECOND, "assigned")
    _is_out(two, SECOND, told)
    (away,) = two.received(AGENT, "away")
    for words in ("resposta automàtica", "fins al 10 de desembre", "OAC-2026-000001"):
        assert words in text_of(away)
    assert two.received(SECOND, "away") == []
    _is_out(two, SECOND, told)
    assert len(two.received(AGENT, "away")) == 1, "once a day"


def test_the_supervisor_who_assigned_hears_it_too(two: World) -> None:
    two.live("2026-11-27 08:30")
    (overdue,) = two.received(SUPERVISOR, "overdue")
    reply(two, overdue, "ASSIGNA: anna.puig")
    _is_out(two, SECOND, two.received(SECOND, "assigned")[0])
    assert len(two.received(SUPERVISOR, "away")) == len(two.received(AGENT, "away")) == 1


def test_reminders_go_to_all_while_the_assignee_is_out_and_to_the_assignee_once_back(two: World) -> None:
    _orders(two, "1 assigna anna.puig")
    _is_out(two, SECOND, two.received(SECOND, "assigned")[0])
    two.live("2026-11-26 17:00")
    assert [len(two.received(who, "remind")) for who in (AGENT, SECOND)] == [1, 1]
    two.citizen_writes(PERE)
    two.live("2026-11-27 09:00")
    _orders(two, "2 assigna anna.puig")
    assert [len(two.received(who, "assigned")) for who in (AGENT, SECOND)] == [1, 2]
    _orders(two, "1 nota Ja torno a ser aquí", sender=SECOND)
    two.live("2026-11-27 19:00")
    assert [len(two.received(who, "remind")) for who in (AGENT, SECOND)] == [1, 2]


def test_a_case_that_is_moved_to_an_assignee_who_is_out_is_told_to_all(world: World) -> None:
    world.restart(people={"agents": [AGENT, SECOND]}, digest={"to": [AGENT, SECOND]}, board={"enabled": True})
    world.citizen_writes(ANNA)
    world.live("2026-11-26 08:30")
    _is_out(world, SECOND, world.received(SECOND, "digest")[-1])
    move(world, OPEN, f"{MINE.rpartition('/')[0]}/anna.puig")
    world.turn()
    assert world.case()["assignee"] == "anna.puig"
    assert [len(world.received(who, "assigned")) for who in (AGENT, SECOND)] == [1, 1]


def test_the_out_of_office_of_who_was_reminded_goes_to_the_agents_and_so_does_the_next_reminder(two: World) -> None:
    two.live("2026-11-27 08:30")
    (overdue,) = two.received(SUPERVISOR, "overdue")
    _is_out(two, SUPERVISOR, overdue)
    assert [len(two.received(who, "away")) for who in (AGENT, SECOND)] == [1, 1]
    two.live("2026-11-30 12:00")
    assert len(two.received(SUPERVISOR, "overdue")) == 2
    assert len(two.received(AGENT, "overdue")) == 1


def test_a_forged_out_of_office_says_nothing_of_anybody(two: World) -> None:
    _orders(two, "1 assigna anna.puig")
    marks = (("Auto-Submitted", "auto-replied"),)
    two.receive(two.message(SECOND, "Fora", "Sóc fora.", headers=marks), sender="")
    assert two.received(AGENT, "away") == []
