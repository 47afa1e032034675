"""What monitoring systems read: `status` as JSON, as a Nagios plugin and as metrics of Prometheus."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from prometheus_client.parser import text_string_to_metric_families

from oacmail import cli
from oacmail.cli import daemon, status
from oacmail.cli.problems import PROBLEMS
from oacmail.cli.status import health
from oacmail.config import Config
from oacmail.core.kinds import MailState
from oacmail.core.model import Status
from testbed.relay import DOWN
from tests.world import ANNA, OFFICE, PERE, World

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "monitoring.md").read_text("utf-8")
RULES = (ROOT / "systemd" / "prometheus-alerts.yml").read_text("utf-8")
BOARD = (ROOT / "systemd" / "grafana-dashboard.json").read_text("utf-8")


def _report(world: World) -> dict[str, Any]:
    return health(world.config, world.clock.now())


def _samples(text: str) -> dict[tuple[str, ...], float]:
    """(name, values of the labels other than `office`) -> value, as Prometheus' own parser reads them."""
    return {
        (sample.name, *(value for label, value in sample.labels.items() if label != "office")): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


# --- the report -------------------------------------------------------------------------------------------


def test_the_report_counts_what_is_late(world: World) -> None:
    world.citizen_asks(ANNA)
    assert (_report(world)["overdue"], _report(world)["oldest_waiting_seconds"]) == (0, 0)
    world.live("2026-11-27 08:30", minutes=30)
    report = _report(world)
    assert report["overdue"] == 1
    assert (report["cases"][Status.OPEN], report["cases"][Status.DERIVED]) == (1, 0)
    assert (report["sync_age_seconds"], report["tick_age_seconds"]) == (0, 0)
    world.clock.forward(minutes=3)
    assert (_report(world)["sync_age_seconds"], _report(world)["tick_age_seconds"]) == (180, 180)


def test_a_mail_that_no_relay_takes_waits_from_its_first_moment(world: World) -> None:
    world.relay.when(DOWN)
    world.citizen_asks(ANNA)
    world.clock.forward(minutes=40)
    assert _report(world)["oldest_waiting_seconds"] == 2400
    world.relay.recover()
    world.live("2026-11-25 10:00", minutes=10)
    assert _report(world)["oldest_waiting_seconds"] == 0


def test_every_key_is_there_whatever_is_known(world: World, tmp_path: Path) -> None:
    world.turn()
    known = _report(world)
    empty = health(_elsewhere(world, tmp_path), world.clock.now())
    assert empty["problems"][0]["code"] == "no-database"
    assert list(known) == list(empty)
    assert list(known["outbox"]) == list(empty["outbox"]) == [*MailState]
    assert [key for key in known if f"`{key}`" not in PAGE] == []


def _elsewhere(world: World, tmp_path: Path) -> Config:
    return world.config.model_copy(
        update={"office": world.config.office.model_copy(update={"state": tmp_path / "new"})}
    )


# --- Nagios -----------------------------------------------------------------------------------------------


def test_nagios_reads_one_line_with_performance_data(world: World) -> None:
    world.citizen_asks(ANNA)
    line, code = status.nagios(_report(world) | {"problems": []})
    assert code == 0
    text, _, performance = line.partition(" | ")
    assert text == "OACMAIL OK - 1 open, 0 overdue"
    assert all(re.fullmatch(r"[a-z_]+=(U|\d+s?);\d*;\d*;0", item) for item in performance.split(" "))
    assert "overdue=0;" in performance


@pytest.mark.parametrize(
    ("found", "begins", "code"),
    [
        (["shadow"], "OACMAIL WARNING - shadow: nothing | goes\nout", 1),
        (["shadow", "held"], "OACMAIL CRITICAL - held, shadow: nothing", 2),
    ],
)
def test_the_worst_problem_decides_and_comes_first(world: World, found: list[str], begins: str, code: int) -> None:
    severities = {"shadow": "warning", "held": "critical"}
    given = [{"code": one, "severity": severities[one], "text": "nothing | goes\nout"} for one in found]
    line, exit_code = status.nagios(_report(world) | {"problems": given})
    assert exit_code == code
    assert line.startswith(" ".join(begins.split()).replace("|", "/"))
    assert line.count("|") == 1
    assert "\n" not in line


@pytest.mark.parametrize("fault", ["[office", "[nonsense]\nx = 1\n", None])
def test_what_prevents_a_report_is_unknown_and_never_a_state(tmp_path: Path, fault: str | None) -> None:
    file = tmp_path / "config.toml"
    if fault is not None:
        file.write_text(fault)
    done = CliRunner().invoke(cli.oacmail, ["--config", str(file), "status", "--nagios"])
    assert done.exit_code == 3
    assert re.fullmatch(r"OACMAIL UNKNOWN - [^\n|]+\n", done.stdout)


# --- Prometheus -------------------------------------------------------------------------------------------


def test_prometheus_reads_what_status_says(world: World) -> None:
    world.citizen_writes(ANNA)
    world.citizen_asks(PERE)
    report = _report(world)
    found = _samples(status.prometheus(report, OFFICE))
    assert found["oacmail_cases", "open"] == 2
    assert found["oacmail_outbox_mails", "sent"] == report["outbox"]["sent"] == 2
    assert found["oacmail_last_tick_timestamp_seconds",] == int(world.clock.now().timestamp())
    assert found["oacmail_problem", "held", "critical"] == 0
    assert {code for name, code, *_ in (key for key in found if len(key) > 2) if name == "oacmail_problem"} == {
        problem.code for problem in PROBLEMS
    }
    assert ("oacmail_canary_seconds",) not in found


def test_a_label_holds_any_character() -> None:
    (line,) = status.Metric("info", "", [({"version": 'a"b\\c\nd'}, 1)]).samples
    text = "\n".join(status._lines(status.Metric("info", "Help.", [line]), OFFICE)) + "\n"
    assert _samples(text) == {("oacmail_info", 'a"b\\c\nd'): 1}


def test_the_metrics_are_replaced_at_once_and_readable_by_all(world: World, tmp_path: Path) -> None:
    file = tmp_path / "oacmail.prom"
    wanted = world.config.monitoring.model_copy(update={"prometheus_file": file})
    for _ in range(2):
        daemon._export(world.config.model_copy(update={"monitoring": wanted}))
    assert _samples(file.read_text())["oacmail_shadow",] == 0
    assert file.stat().st_mode & 0o777 == 0o644
    assert [path.name for path in tmp_path.glob("*.prom*")] == ["oacmail.prom"]


def test_page_rules_and_dashboard_name_the_metrics_that_exist(world: World) -> None:
    names = {f"oacmail_{metric.name}" for metric in status.metrics(_report(world))}
    assert set(re.findall(r"^\| `(oacmail_\w+)`", PAGE, re.MULTILINE)) == names
    for text in (RULES, BOARD):
        assert set(re.findall(r"\boacmail_\w+", text)) <= names
    assert len(json.loads(BOARD)["panels"]) == 10
