"""`oacmail case assign`: the name is an agent's, or the command says whose it may be."""

import pytest

from tests.engine.world import AGENT, World
from tests.hostile.enemy import oacmail

SECOND = "anna.puig@town.example"


@pytest.mark.parametrize(
    ("name", "assignee"), [(SECOND, "anna.puig"), ("Anna.Puig", "anna.puig"), ("agent", "agent"), ("", None)]
)
def test_an_agent_gets_the_case_by_address_or_by_name(world: World, name: str, assignee: str | None) -> None:
    world.restart(people={"agents": [AGENT, SECOND]})
    world.citizen_writes("anna@example.org")
    world.turn()
    assert oacmail(world, "case", "assign", "1", name).exit_code == 0
    assert world.case()["assignee"] == assignee


@pytest.mark.parametrize("name", ["jordi", "anna@example.org", "agnet", "town.example"])
def test_another_name_is_wrong_usage_and_changes_nothing(world: World, name: str) -> None:
    world.citizen_writes("anna@example.org")
    world.turn()
    refused = oacmail(world, "case", "assign", "1", name)
    assert refused.exit_code == 2
    assert f"{name} names no agent of people.agents" in refused.output
    assert AGENT in refused.output
    assert (world.case()["assignee"], world.events("ordered")) == (None, [])
