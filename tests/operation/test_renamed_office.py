"""The office gets another address, or another prefix of its case numbers: `check` says what the old ones still do."""

from oacmail import wiring
from oacmail.cli.check import renamed_findings
from oacmail.config import Config
from tests.world import ANNA, OFFICE, World


def found(world: World, **office: object) -> list[str]:
    sections = {**world.config.office.model_dump(mode="python"), **office}
    config: Config = world.config.model_copy(update={"office": world.config.office.model_copy(update=sections)})
    with wiring.open_readonly(config) as con:
        return [str(finding) for finding in renamed_findings(config, con)]


def answered(world: World) -> None:
    world.agent_replies(world.citizen_asks(ANNA))


def test_an_office_that_keeps_its_names_has_nothing_to_do(world: World) -> None:
    answered(world)
    assert found(world) == []


def test_a_former_address_that_is_no_alias_is_named(world: World) -> None:
    answered(world)
    (line,) = found(world, address="atencio@castellbisbal.example")
    assert line.startswith("warning  office.aliases: ")
    assert OFFICE in line
    assert found(world, address="atencio@castellbisbal.example", aliases=(OFFICE,)) == []


def test_a_former_prefix_is_named_with_what_it_costs(world: World) -> None:
    answered(world)
    (line,) = found(world, prefix="CAU")
    assert line.startswith("warning  office.prefix: there are cases numbered OAC-… (1)")
    assert 'prefix = "OAC"' in line
