"""What `status` reports when something is wrong."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

import oacmail
from oacmail.cli.problems import PROBLEMS
from oacmail.cli.status import health
from oacmail.core.model import LANGUAGES
from oacmail.core.rate_limits import REFUSES
from oacmail.engine import TEMPLATES
from oacmail.engine.intake import FULL
from oacmail.engine.watch import CLOCK, DISK
from oacmail.store.remembered import TICK_CODE as TICK_FAILED
from oacmail.words.labels import label
from oacmail.workdays import SHIPPED
from testbed.relay import DOWN, no_reply, refused
from tests.world import ANNA, PERE, World


def _named(world: World) -> set[str]:
    """The problems' names, without the years and remedies behind them."""
    report = health(world.config, world.clock.now())
    return {problem["code"] for problem in report["problems"]} - {"calendar_provisional"}


def test_a_quiet_town_is_healthy(world: World) -> None:
    world.citizen_asks(ANNA)
    assert _named(world) == set()
    assert health(world.config, world.clock.now())["ok"]


def test_a_held_mail_makes_status_unhealthy(world: World) -> None:
    world.citizen_asks(PERE)
    world.relay.when(no_reply(lost=True), to=ANNA)
    world.citizen_writes(ANNA)
    world.live("2026-11-25 11:00", minutes=1)
    assert _named(world) == {"held"}
    assert not health(world.config, world.clock.now())["ok"]


def test_a_refused_mail_is_a_warning(world: World) -> None:
    world.relay.when(refused(), to=ANNA)
    world.citizen_asks(ANNA)
    assert _named(world) == {"failed"}
    assert health(world.config, world.clock.now())["ok"]


@pytest.mark.parametrize(
    ("fault", "named"),
    [
        (lambda world: setattr(world.mailbox, "away", True), "imap"),
        (lambda world: world.mailbox.refused.add("Sent"), "imap"),
        (lambda world: world.relay.when(DOWN), "smtp"),
    ],
)
def test_a_failing_server_makes_status_unhealthy_until_it_is_back(
    world: World, fault: Callable[[World], object], named: str
) -> None:
    world.citizen_asks(ANNA)
    fault(world)
    world.citizen_asks(PERE)
    assert named in _named(world)
    world.mailbox.away, world.mailbox.refused = False, set()
    world.relay.recover()
    world.turn()
    assert _named(world) == set()


def test_a_missing_year_makes_status_unhealthy(town: Callable[..., World], tmp_path: Path) -> None:
    text = SHIPPED.read_text("utf-8")
    file = tmp_path / "festius.toml"
    file.write_text(text[: text.index("[2027]")], "utf-8")
    world = town(now="2027-03-10 10:00", office={"holidays": str(file)})
    assert "calendar_missing" in _named(world)
    assert not health(world.config, world.clock.now())["ok"]


TOLD_IN_THE_CODE = re.compile(r"""\bproblem\(\s*"([a-z-]+)\"""")


def test_every_problem_that_is_remembered_has_a_remedy_and_a_name_in_every_language() -> None:
    package = Path(oacmail.__file__).parent
    codes = {code for path in package.rglob("*.py") for code in TOLD_IN_THE_CODE.findall(path.read_text("utf-8"))}
    codes |= {TICK_FAILED, TEMPLATES, FULL, REFUSES, CLOCK, DISK, "calendar_missing:2028", "calendar_provisional:2028"}
    assert len(codes) > 8
    assert {code.partition(":")[0] for code in codes} <= {problem.code for problem in PROBLEMS}
    for code in codes:
        assert len({label("problem", code, lang, "OAC") for lang in LANGUAGES} - {code}) == len(LANGUAGES), code


def test_a_message_that_is_being_worked_is_counted_and_no_illness(world: World) -> None:
    world.citizen_asks(ANNA)
    world.store.con.execute("UPDATE sightings SET outcome = NULL")
    report = health(world.config, world.clock.now())
    assert report["unaccounted"]
    assert "unaccounted" not in _named(world)
    world.clock.forward(minutes=5)
    assert "unaccounted" in _named(world)
