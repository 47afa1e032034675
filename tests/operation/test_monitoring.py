"""What monitoring systems read: `status` as JSON, as a Nagios plugin and as metrics of Prometheus."""

import json
import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import pytest
from click.testing import CliRunner
from prometheus_client.parser import text_string_to_metric_families

from oacmail import cli
from oacmail.cli import check, daemon, status
from oacmail.cli.problems import PROBLEMS
from oacmail.cli.status import health
from oacmail.config import Config
from oacmail.core.kinds import MailState
from oacmail.core.model import Status
from oacmail.core.ports import MessageMeta
from oacmail.core.watched import OAUTH
from oacmail.engine.watch import CanaryWatch, GrantWatch
from oacmail.imap.mailbox import ImapMailbox
from oacmail.smtp import SmtpTransport
from testbed.mailbox import SimulatedMailbox
from testbed.relay import DOWN, refused
from tests.world import ANNA, OFFICE, OPERATOR, PERE, World, text_of

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


# The grant of a provider with tokens: the admin's command when it ends and is back, and one note by mail of the end.


@pytest.mark.parametrize(
    ("back", "told"),
    [
        ("09:10", ["El proveïdor ja no dona accés a la bústia", "El proveïdor torna a donar accés a la bústia"]),
        ("09:03", []),  # of an outage that alerted nobody, nobody hears that it is over
    ],
)
def test_the_note_that_the_grant_is_back_outlasts_a_tick_that_sends_nothing(
    world: World, back: str, told: list[str]
) -> None:
    calls: list[str] = []

    def run(words: Sequence[str]) -> str:
        calls.append(words[1])
        return ""

    watch = GrantWatch(engine=world.engine, run=run, since=lambda: world.store.problems().get(OAUTH))
    world.turn_at("2026-11-25 09:00")
    world.store.problem(OAUTH, True, world.clock.now())
    watch.look()
    world.turn_at(f"2026-11-25 {back}")
    world.store.problem(OAUTH, False, world.clock.now())
    watch.look()
    watch.look()  # the tick between found the database busy
    for minute in (11, 12):
        world.turn_at(f"2026-11-25 09:{minute}")
        watch.look()
    assert calls == ["down", "up"]
    assert [subject.partition("): ")[2].partition(";")[0] for subject in world.subjects(OPERATOR)] == told
    assert world.problems() == set()


# The canary: an hourly mail to ourselves over the outside, its time, and a second route when it does not come back.

ON = {"canary": {"enabled": True, "alert_command": ["/bin/true"]}}


class WatchedTown:
    """A town with a watch on its canaries, and what the admin's command was called with."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.calls: list[tuple[str, ...]] = []
        self.fails = ""
        self.watch = CanaryWatch(engine=world.engine, run=self._run)

    def _run(self, words: Sequence[str]) -> str:
        self.calls.append(tuple(words))
        return self.fails

    def turn(self, *times: str) -> None:
        for at in times:
            self.world.turn_at(f"2026-11-25 {at}")
            self.world.sync()
            self.watch.look()

    def sent(self) -> list[str]:
        return [mail["key"] for mail in self.world.mails("probe")]


@pytest.fixture
def desk(town: Callable[..., World]) -> WatchedTown:
    return WatchedTown(town(**ON))


def test_each_hour_one_leaves_comes_back_and_status_shows_its_time(desk: WatchedTown) -> None:
    desk.turn("09:00", "09:30", "10:00")
    assert desk.sent() == ["canary:20261125T080000Z", "canary:20261125T090000Z"]
    assert health(desk.world.config, desk.world.clock.now())["canary"] == {
        "sent_at": "2026-11-25T10:00:00+01:00",
        "seconds": 0,
    }
    assert not desk.calls


def test_one_that_left_while_the_clock_was_ahead_holds_up_no_other(desk: WatchedTown) -> None:
    desk.turn("15:00", "09:00", "09:30", "10:00")
    assert desk.sent()[1:] == ["canary:20261125T080000Z", "canary:20261125T090000Z"]


def test_it_is_no_case_gets_no_answer_and_lies_in_sent(desk: WatchedTown) -> None:
    desk.turn("09:00", "09:01")
    assert desk.world.cases() == []
    assert [mail["kind"] for mail in desk.world.mails()] == ["probe"]
    assert any(b"k=canary:" in raw for raw in desk.world.mailbox.raws("Sent"))
    assert not desk.world.reviews()


def test_the_one_that_a_provider_has_put_into_sent_too_does_not_stay_in_the_inbox(town: Callable[..., World]) -> None:
    world = town(smtp={"self_copy": "server"}, **ON)
    world.relay.server_copies = world.relay.rewrites = True
    world.relay.copies = "held"  # it is in Sent before it has come back
    desk = WatchedTown(world)
    desk.turn("09:00")
    world.relay.release_copies()
    desk.turn("09:01")
    assert (world.mailbox.raws("INBOX"), len(world.mailbox.raws("Sent"))) == ([], 2)
    assert not world.reviews()


def test_none_is_sent_where_they_are_off(world: World) -> None:
    world.turn()
    assert not world.mails("probe")


def test_the_seconds_are_those_until_it_was_read(desk: WatchedTown) -> None:
    desk.world.tick()
    desk.world.drain()
    desk.turn("09:02")
    assert health(desk.world.config, desk.world.clock.now())["canary"]["seconds"] == 120


def test_one_that_does_not_come_back_runs_the_command_once_and_once_more_on_recovery(desk: WatchedTown) -> None:
    desk.turn("09:00")
    rule = desk.world.relay.when(refused(), kind="canary")
    desk.turn("10:00", "10:04", "10:06", "10:30", "11:00", "11:10")
    assert desk.calls == [("canary", "down", "2026-11-25T09:00:00+00:00")]
    assert "canary" in desk.world.problems()
    (alert,) = desk.world.received(OPERATOR, "alert")
    assert "2026-11-25T10:00:00+01:00" in text_of(alert), "in the time of the town"
    desk.world.relay.remove(rule)
    desk.turn("12:00", "12:01", "13:00")
    assert desk.calls[1:] == [("canary", "up", "2026-11-25T09:00:00+00:00")]
    assert "canary" not in desk.world.problems()


def test_the_operator_gets_the_mail_beside(desk: WatchedTown) -> None:
    desk.turn("09:00")
    desk.world.relay.when(refused(), kind="canary")
    desk.turn("10:00", "10:06", "10:12", "10:30", "11:30")
    assert desk.world.kinds(OPERATOR) == ["alert"]


def test_a_mailbox_that_cannot_be_read_is_an_outage_too(desk: WatchedTown) -> None:
    desk.turn("09:00", "10:00")
    desk.world.mailbox.away = True
    desk.turn("11:00", "11:07")
    assert [call[1] for call in desk.calls] == ["down"]
    desk.world.mailbox.away = False
    desk.turn("11:20")
    assert [call[1] for call in desk.calls] == ["down", "up"]


def test_a_service_that_was_stopped_gets_the_limit_again(desk: WatchedTown) -> None:
    desk.world.tick()
    desk.world.drain()
    desk.world.advance("2026-11-25 09:30")
    again = WatchedTown(desk.world)
    again.watch.look()
    again.turn("09:31")
    assert not again.calls


def test_while_none_can_leave_only_one_waits(desk: WatchedTown) -> None:
    desk.world.relay.when(DOWN)
    desk.turn(*(f"{hour:02}:00" for hour in range(9, 15)))
    assert len(desk.sent()) == 1
    assert [call[1] for call in desk.calls] == ["down"]


def test_a_command_that_fails_is_a_problem_of_status(desk: WatchedTown) -> None:
    desk.fails = "exit code 3"
    desk.turn("09:00")
    desk.world.relay.when(refused(), kind="canary")
    desk.turn("10:00", "10:06")
    assert "alert-command" in desk.world.problems()
    assert any("exit code 3" in one["text"] for one in health(desk.world.config, desk.world.clock.now())["problems"])


def test_it_goes_to_the_address_that_forwards_to_us(town: Callable[..., World]) -> None:
    world = town(canary={"enabled": True, "send_to": "retorn@elsewhere.example"})
    world.turn()
    (mail,) = world.received("retorn@elsewhere.example")
    assert mail["To"] == "retorn@elsewhere.example"
    assert OFFICE in str(mail["From"])
    assert not [raw for raw in world.mailbox.raws("INBOX") if b"k=canary:" in raw]


def test_the_nightly_proof_does_not_miss_one_that_somebody_deleted(desk: WatchedTown) -> None:
    desk.turn("09:00", "09:01")
    desk.world.mailbox.open("Sent")
    for uid in sorted(desk.world.mailbox.bearing("X-Oacmail-Kind", "probe")):
        desk.world.mailbox.expunge("Sent", uid)
    desk.world.advance("2026-11-26 03:01")
    desk.world.compare = True
    desk.world.sync()
    assert health(desk.world.config, desk.world.clock.now())["reconciled"]["found"] == []


# The test message of `check --online`, which a running service files while it is looked for.

NOW = datetime(2026, 11, 25, 9, tzinfo=UTC)


class FiledMeanwhile(SimulatedMailbox):
    """Between the search in INBOX and its answer the service moves the message to Sent."""

    def metas(self, uids: Sequence[int] | None = None) -> Sequence[MessageMeta]:
        for uid in list(self.folders["INBOX"].messages):
            self.file("INBOX", [uid], "Sent", seen=True)
        return super().metas(uids)


def test_a_message_that_is_filed_while_it_is_looked_for_is_found_in_its_new_folder() -> None:
    box = FiledMeanwhile()
    box.append("INBOX", b"X-Oacmail-Kind: probe 5f1e0a2b\r\n\r\nHola\r\n", NOW)
    post = check.TestMail(cast(ImapMailbox, box), cast(SmtpTransport, None), "", tuple(box.watched()))
    found = post.arrival("X-Oacmail-Kind", "5f1e0a2b")
    assert found is not None
    assert (found[0].name, found[1].internal_date) == ("Sent", NOW)
