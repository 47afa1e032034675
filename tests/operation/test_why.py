"""`oacmail why` tells of a message without a case: a robot's has no number by which an admin could ask."""

import json
from pathlib import Path

from click.testing import CliRunner, Result

from oacmail.cli import oacmail
from testbed.office import as_toml
from tests.world import World


def why(world: World, ref: str, *words: str) -> Result:
    world.stop()
    config = world.root / "config.toml"
    config.write_text(as_toml(world.sections))
    return CliRunner().invoke(oacmail, ["--config", str(config), "why", ref, *words])


def test_a_message_that_was_taken_for_automatic_names_its_reason(tmp_path: Path) -> None:
    world = World(tmp_path)
    mail = world.robot_says("news@shop.example", "Ofertes de novembre")
    line = json.loads(why(world, str(mail["Message-ID"]), "--json").stdout)
    assert (line["kind"], line["data"]["case"], line["data"]["message_id"]) == ("message", None, mail["Message-ID"])
    assert line["data"]["because"] != []


def test_a_message_of_a_case_names_the_case(tmp_path: Path) -> None:
    world = World(tmp_path)
    mail = world.citizen_asks("anna@example.org", "Com signo?", "No sé com signar la instància.")
    number = world.case()["number"]
    told = why(world, str(mail["Message-ID"]).strip("<>"))
    assert number in told.stdout


def test_an_unknown_message_is_an_error_that_says_where_to_look(tmp_path: Path) -> None:
    told = why(World(tmp_path), "<nobody@example.org>")
    assert told.exit_code == 1
    assert "oacmail status" in str(told.exception)
