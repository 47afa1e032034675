"""What `status` reports when something is wrong."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from oacmail import cli, config, wiring
from oacmail.cli import oacmail, status
from oacmail.cli.check import renamed_findings
from oacmail.cli.problems import PROBLEMS
from oacmail.cli.status import health
from oacmail.config import Config
from oacmail.core.errors import StateError
from oacmail.core.model import LANGUAGES
from oacmail.core.rate_limits import REFUSES
from oacmail.core.watched import CLOCK, DISK
from oacmail.engine.engine import TEMPLATES
from oacmail.engine.intake import FULL
from oacmail.engine.watch import ProblemFlag
from oacmail.store import connection
from oacmail.store.remembered import TICK_CODE as TICK_FAILED
from oacmail.words.labels import label
from oacmail.workdays import SHIPPED
from testbed.office import as_toml, changed
from testbed.relay import DOWN, no_reply, refused
from tests.world import ANNA, MADRID, OFFICE, PERE, World


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
    package = Path(wiring.__file__).parent
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


# A problem that is checked again and again is recorded and logged at its two ends only.


def _run(world: World, *checks: bool) -> None:
    flag = ProblemFlag(world.store, "disk-full")
    for unhealthy in checks:
        flag.set(unhealthy, world.clock.now())


def test_a_problem_is_logged_when_it_begins_and_when_it_ends(world: World, caplog: pytest.LogCaptureFixture) -> None:
    _run(world, False, True, True)
    assert caplog.messages == ["problem.degraded"]
    assert world.problems() == {"disk-full"}
    caplog.clear()
    _run(world, True, False, False)
    assert [(line.msg, line.args) for line in caplog.records] == [
        ("problem.degraded", {"problem": "disk-full", "error": None}),
        ("problem.recovered", {"problem": "disk-full", "error": None}),
    ]
    assert world.problems() == set()


def test_the_first_check_ends_what_an_earlier_process_has_recorded_and_logs_nothing(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    world.store.problem("disk-full", True, world.clock.now())
    _run(world, False)
    assert caplog.records == []
    assert world.problems() == set()


# The office gets another address, or another prefix of its case numbers: `check` says what the old ones still do.


def found(world: World, **office: object) -> list[str]:
    sections = {**world.config.office.model_dump(mode="python"), **office}
    config: Config = world.config.model_copy(update={"office": world.config.office.model_copy(update=sections)})
    with connection.open_readonly(config.office.state) as con:
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


# `oacmail why` tells of a message without a case: a robot's has no number by which an admin could ask.


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


# A database that can take no more, though small changes still fit: no message is blamed for it.


def _pages(world: World, most: int) -> None:
    world.store.con.execute(f"PRAGMA max_page_count = {most}")


def test_a_message_that_does_not_fit_waits_for_room_and_is_never_set_aside(world: World) -> None:
    world.citizen_writes(ANNA, text="Bon dia, què més us he d'enviar? " * 2000)
    _pages(world, world.rows("PRAGMA page_count")[0]["page_count"])
    for _ in range(8):
        with pytest.raises(StateError, match="full"):
            world.intake.sync(compare=False)
    assert world.cases() == []
    _pages(world, 1_000_000)
    world.turn()
    assert world.case()["citizen"] == ANNA
    assert world.kinds(ANNA) == ["ack"]
    assert world.reviews() == []


# `status --all`: a line for each town of one machine, whatever is wrong with another one.

STATES = {"vila": ("enabled", "active"), "old": ("disabled", "inactive"), "broken": ("disabled", "failed")}
"""UnitFileState and ActiveState of systemctl."""


@pytest.fixture
def etc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of configurations, on a machine without systemd; every town is the user of the tests."""
    monkeypatch.setattr(status, "SYSTEMD", tmp_path / "none")
    monkeypatch.setattr(status, "user_of", lambda _: "root")
    folder = tmp_path / "etc"
    folder.mkdir()
    return folder


def _configure(etc: Path, name: str, world: World) -> None:
    sections = changed(world.sections, {"office": {"state": str(world.config.office.state)}})
    (etc / f"{name}.toml").write_text(as_toml(sections))


@pytest.fixture
def living(town: Callable[..., World]) -> World:
    """A town that has read its mailbox a moment ago."""
    world = town(now=f"{datetime.now(MADRID):%Y-%m-%d %H:%M:%S}", office={"calendar": "none"})
    world.citizen_asks(ANNA)
    return world


def _status(etc: Path, *words: str) -> Result:
    return CliRunner().invoke(cli.oacmail, ["--config", str(etc / "config.toml"), "status", "--all", *words])


def _rows(etc: Path) -> dict[str, dict[str, Any]]:
    rows = [json.loads(line) for line in _status(etc, "--json").stdout.splitlines()]
    return {row["town"]: row for row in rows}


def _codes(row: dict[str, Any]) -> list[str]:
    return [problem["code"] for problem in row["problems"]]


def test_a_line_for_each_town_and_a_broken_one_stops_nothing(etc: Path, living: World) -> None:
    _configure(etc, "vila", living)
    (etc / "holidays.toml").write_text('[2026]\nlocal = ["2026-05-01"]\n')
    (etc / "broken.toml").write_text("[office\n")
    (etc / "another.toml").write_text('[office]\naddress = "a@b.example"\n')
    said = _status(etc)
    assert said.exit_code == 1
    heads = [line.split()[:2] for line in said.stdout.splitlines()]
    assert heads == [["town", "state"], ["another", "UNHEALTHY"], ["broken", "UNHEALTHY"], ["vila", "healthy"]]
    assert "config-refused: " in said.stdout
    rows = _rows(etc)
    assert (rows["vila"]["ok"], rows["vila"]["cases"]["open"], _codes(rows["broken"])) == (True, 1, ["config-refused"])


def test_all_healthy_is_exit_0_and_no_town_at_all_a_configuration_error(etc: Path, living: World) -> None:
    assert "holds no configuration" in str(_status(etc).exception)
    _configure(etc, "vila", living)
    assert _status(etc).exit_code == 0
    assert _status(etc, "--nagios").exit_code == 2


def test_a_town_whose_status_dies_or_hangs_is_its_own_line(
    etc: Path, living: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("dies", "hangs", "vila"):
        _configure(etc, name, living)
    monkeypatch.setattr(status, "LONGEST", 0.3)
    ends: dict[str, Callable[[], object]] = {"dies": lambda: os._exit(3), "hangs": lambda: os.read(os.pipe()[0], 1)}
    load = config.load
    monkeypatch.setattr(config, "load", lambda path: ends.get(path.stem, list)() or load(path))
    rows = _rows(etc)
    assert [*rows] == ["dies", "hangs", "vila"]
    assert (_codes(rows["dies"]), _codes(rows["hangs"])) == (["no-answer"], ["no-answer"])


def test_a_town_is_looked_at_with_the_rights_of_its_own_user(
    etc: Path, living: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(status, "user_of", {"vila": "root", "theirs": "daemon", "new": "oacmail-new"}.__getitem__)
    for name in ("vila", "theirs", "new"):
        _configure(etc, name, living)
        (etc / f"{name}.toml").chmod(0o600)
    rows = _rows(etc)
    assert {name: row["ok"] for name, row in rows.items()} == {"vila": True, "theirs": False, "new": False}
    assert "Permission denied" in rows["theirs"]["problems"][0]["text"]
    assert "there is no user oacmail-new" in rows["new"]["problems"][0]["text"]


def test_a_town_that_systemd_does_not_start_is_off_and_harms_nothing(
    etc: Path, living: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in STATES:
        _configure(etc, name, living)
    (etc / "broken.toml").write_text("[office")
    blocks = (
        f"Id=oacmail@{name}.service\nUnitFileState={enabled}\nActiveState={active}\n"
        for name, (enabled, active) in STATES.items()
    )
    systemctl = tmp_path / "bin" / "systemctl"
    systemctl.parent.mkdir()
    systemctl.write_text("#!/bin/sh\ncat <<END\n" + "\n".join(blocks) + "END\n")
    systemctl.chmod(0o755)
    monkeypatch.setenv("PATH", f"{systemctl.parent}:{os.environ['PATH']}")
    monkeypatch.setattr(status, "SYSTEMD", tmp_path)
    assert {name: (row["enabled"], row["ok"]) for name, row in _rows(etc).items()} == {
        "broken": (True, False),
        "old": (False, True),
        "vila": (True, True),
    }
    (etc / "broken.toml").unlink()
    said = _status(etc)
    assert (said.exit_code, [line.split() for line in said.stdout.splitlines()][1]) == (0, ["old", "off"])


LIBRARIES = frozenset(
    (
        *("apscheduler", "imapclient", "jinja2", "mailparser", "matplotlib", "phonenumbers", "pydantic"),
        *("sqlite_utils", "multiprocessing", "oacmail.privacy"),
    )
)


@pytest.mark.parametrize(
    ("module", "needed"),
    [
        ("oacmail.cli", set()),
        ("oacmail.cli.status", {"pydantic", "multiprocessing"}),
        ("oacmail.cli.daemon", {"pydantic", "imapclient", "jinja2"}),
        ("oacmail.parse_worker", set()),
    ],
)
def test_a_program_imports_only_the_libraries_that_it_needs(module: str, needed: set[str]) -> None:
    words = f"import sys, {module}; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", words], capture_output=True, text=True, check=True)

    assert LIBRARIES.intersection(done.stdout.split()) == needed
