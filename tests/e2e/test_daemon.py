"""The process: killed at any moment, stopped, reloaded, started twice, in shadow mode, under systemd."""

import json
import os
import random
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from testbed.messages import text_of
from testbed.office import NO_LIMITS
from tests.e2e.impatient import SHORT_SILENCE
from tests.e2e.office import COMMAND, IMPATIENT, OACMAIL, RunningOffice
from tests.e2e.systemd import NotifySocket
from tests.servers.mail_servers import MailServers
from tests.servers.people import Citizen
from tests.servers.proxy import Proxy
from tests.servers.waiting import until

MakeOffice = Callable[..., RunningOffice]
KILLS, WRITE_AT_ONCE = 5, 4
MESSAGES = 60

_PROGRESS = """SELECT (SELECT count(*) FROM sightings) + (SELECT count(*) FROM messages)
  + (SELECT count(*) FROM outbox WHERE data_at IS NOT NULL) + (SELECT count(*) FROM outbox WHERE sent_at IS NOT NULL)
  AS done"""
"""Grows with every step that any message makes."""


@pytest.mark.parametrize("seed", [20261125, 20261126, 20261127])
def test_killed_at_random_moments_no_message_is_doubled_and_no_acknowledgement_is_missing_or_sent_twice(
    mail_servers: MailServers, office: MakeOffice, seed: int
) -> None:
    """Three times five kills: each kill starts the program anew, and fifteen in one test took longer than the limit
    of a hanging test on a machine with twelve busy processes on two cores."""
    desk, chance = office(ack=NO_LIMITS, smtp={"uncertain_seconds": 3}), random.Random(seed)
    desk.program = IMPATIENT
    people = [Citizen(mail_servers, "Núria Font") for _ in range(KILLS * WRITE_AT_ONCE)]
    desk.oacmail("once")
    waiting = iter(people)
    for _ in range(KILLS):
        desk.launch()
        for person in [next(waiting) for _ in range(WRITE_AT_ONCE)]:
            person.write(desk.address, f"Sol·licitud {person.user}", f"Com presento la sol·licitud de {person.user}?")
        goal = _done(desk) + chance.randrange(1, 12)
        until(lambda goal=goal: _done(desk) >= goal, 20, every=0.001, what=lambda: f"a moment to kill\n{desk.log()}")  # type: ignore[misc]
        desk.kill()
    with desk.running():
        for person in people:
            until(person.mailbox.files, 60, what=f"the acknowledgement of {person.user}")
        desk.wait_until_none("SELECT 1 FROM outbox WHERE kind = 'ack' AND state <> 'sent'", 60)
        desk.passes()
        desk.wait_until_accounted()
        cases = desk.cases()
    assert sorted(case["citizen"] for case in cases) == sorted(person.address for person in people)
    assert {case["messages"] for case in cases} == {1}
    assert [len(person.inbox()) for person in people] == [1] * len(people)


def _done(desk: RunningOffice) -> int:
    rows = desk.rows(_PROGRESS)
    return int(rows[0]["done"]) if rows else 0


def _children(threads: Path) -> list[str]:
    """The processes that any thread has started."""
    return [pid for file in threads.glob("*/children") for pid in file.read_text().split()]


def test_when_who_reads_ahead_is_killed_every_message_is_worked_all_the_same(
    mail_servers: MailServers, office: MakeOffice
) -> None:
    desk, people = office(ack=NO_LIMITS), [Citizen(mail_servers) for _ in range(MESSAGES)]
    desk.program = COMMAND
    desk.oacmail("once")
    for person in people:
        person.write(desk.address, f"Pregunta {person.user}", "On puc pagar el rebut?")
    until(lambda: len(desk.mailbox.files()) == MESSAGES, what="all messages have arrived")
    desk.launch()
    assert desk.process is not None
    threads = Path(f"/proc/{desk.process.pid}/task")
    (reader,) = until(lambda: _children(threads), 20, every=0.01, what="the process that reads ahead")
    os.kill(int(reader), signal.SIGKILL)
    for person in people:
        person.wait_for_mail()
    desk.wait_until_accounted()
    assert desk.stop() == 0
    assert [len(person.inbox()) for person in people] == [1] * MESSAGES


# --- its end ----------------------------------------------------------------------------------------------


def test_sigterm_ends_it_with_zero_and_nothing_half_done(mail_servers: MailServers, office: MakeOffice) -> None:
    desk, people = office(ack=NO_LIMITS), [Citizen(mail_servers) for _ in range(25)]
    desk.oacmail("once")
    for person in people:
        person.write(desk.address, f"Pregunta {person.user}", "On puc pagar el rebut?")
    desk.launch()
    until(lambda: len(desk.rows("SELECT 1 FROM outbox WHERE data_at IS NOT NULL")) >= 3, what="mail under way")
    assert desk.stop() == 0
    assert desk.rows("SELECT 1 FROM outbox WHERE state = 'sending'") == []
    with desk.running():
        for person in people:
            person.wait_for_mail()
        desk.passes()
    assert {len(person.inbox()) for person in people} == {1}


def test_sigterm_ends_it_sooner_than_two_silent_servers_are_given_up(
    mail_servers: MailServers, office: MakeOffice
) -> None:
    imap, smtp = Proxy(mail_servers.dovecot.imaps_port), Proxy(mail_servers.postfix.submission_port)
    with imap, smtp:
        desk, anna = office(imap={"port": imap.port}, smtp={"port": smtp.port}), Citizen(mail_servers)
        desk.start()
        smtp.stall()
        anna.write(desk.address, "Fira", "Com munto una parada a la fira?")
        until(lambda: smtp.lines, what="a line to the relay")
        imap.stall()
        assert desk.stop() == 0
        smtp.restore()
        imap.restore()
        with desk.running():
            anna.wait_for_mail()
    assert len(anna.inbox()) == 1


def test_a_second_daemon_on_the_same_state_refuses_with_75_and_the_first_goes_on(
    mail_servers: MailServers, office: MakeOffice
) -> None:
    desk, anna = office(), Citizen(mail_servers)
    desk.program = COMMAND
    with desk.running():
        for words in (("run",), ("once",), ("restore", str(desk.config), "--yes"), ("migrate",)):
            assert "another oacmail" in desk.oacmail(*words, code=75).stderr
        anna.write(desk.address, "Mercat", "Quin dia és el mercat?")
        anna.wait_for_mail()


# --- what is read again ------------------------------------------------------------------------------------


def _own_template(desk: RunningOffice, text: str) -> None:
    shipped = Path("templates/ca/ack.txt.j2").read_text("utf-8")
    own = desk.root / "templates" / "ca" / "ack.txt.j2"
    own.parent.mkdir(parents=True, exist_ok=True)
    own.write_text(f"{shipped.rstrip()}\n{text}\n")


def _reloaded(desk: RunningOffice, event: str, count: int) -> None:
    desk.signal(signal.SIGHUP)
    until(lambda: len(desk.log_lines(event)) >= count, what=lambda: f"{event}\n{desk.log()}")


def _told(mail_servers: MailServers, desk: RunningOffice) -> str:
    """The text of the acknowledgement that a new citizen gets."""
    person = Citizen(mail_servers)
    person.write(desk.address, f"Cita {person.user}", "Bon dia, com demano cita prèvia?")
    (ack,) = person.wait_for_mail()
    return text_of(ack)


def test_sighup_takes_a_changed_template_and_configuration_and_refuses_broken_ones(
    mail_servers: MailServers, office: MakeOffice
) -> None:
    desk = office(office={"templates": "templates"})
    _own_template(desk, "El mercat es trasllada a la plaça.")
    with desk.running():
        assert "El mercat es trasllada a la plaça." in _told(mail_servers, desk)
        _own_template(desk, "La piscina obre al juny.")
        desk.change(office={"phone": "900 111 222"})
        assert "La piscina" not in _told(mail_servers, desk)
        _reloaded(desk, "reloaded", 1)
        assert "La piscina obre al juny." in (told := _told(mail_servers, desk))
        assert "900 111 222" in told
        _own_template(desk, "{% if %}")
        _reloaded(desk, "reload.refused", 1)
        assert "La piscina obre al juny." in _told(mail_servers, desk)
        _own_template(desk, "La piscina obre al maig.")
        good = desk.config.read_text()
        desk.config.write_text(good.replace("900 111 222", "900 333 444") + "\n[nonsense]\nx = 1\n")
        _reloaded(desk, "reload.refused", 2)
        assert "900 111 222" in _told(mail_servers, desk)
        assert any("nonsense" in line["reason"] for line in desk.log_lines("reload.refused"))
        desk.config.unlink()
        _reloaded(desk, "reload.refused", 3)
        desk.config.write_text(good)
        _reloaded(desk, "reloaded", 2)
        assert "La piscina obre al maig." in _told(mail_servers, desk)


def test_sighup_does_not_take_another_server_and_says_so(office: MakeOffice) -> None:
    desk = office()
    with desk.running():
        desk.change(imap={"poll_seconds": 7})
        _reloaded(desk, "reload.refused", 1)
        assert "restart" in desk.log_lines("reload.refused")[0]["reason"]
        desk.passes()


def test_a_refused_reload_is_a_problem_until_the_configuration_is_good(office: MakeOffice, tmp_path: Path) -> None:
    """The old configuration stays in force, and the next start would fail: the service cannot make `systemctl` fail."""
    desk = office(office={"templates": "templates"})
    _own_template(desk, "La piscina obre al juny.")
    with NotifySocket(tmp_path, watchdog=3) as notify, desk.running(environ=notify.environ):
        _own_template(desk, "{% if %}")
        _reloaded(desk, "reload.refused", 1)
        notify.wait_for_part("the changed configuration was refused")
        status = desk.json("status", code=1)[0]
        (problem,) = [one["text"] for one in status["problems"] if one["code"] == "config-refused"]
        assert "ack" in problem
        assert "oacmail check" in problem
        _own_template(desk, "La piscina obre al maig.")
        _reloaded(desk, "reloaded", 1)
        assert desk.json("status", code=0)[0]["ok"]


def test_status_with_a_broken_configuration_still_answers_monitoring(office: MakeOffice) -> None:
    desk = office()
    desk.oacmail("once")
    desk.config.write_text(desk.config.read_text() + "\n[nonsense]\nx = 1\n")
    done = desk.oacmail("status", "--json", code=78)
    report = json.loads(done.stdout)
    assert not report["ok"]
    assert report["problems"][0]["code"] == "config-refused"
    assert "nonsense" in report["problems"][0]["text"]
    assert "nonsense" in done.stderr


# --- shadow -----------------------------------------------------------------------------------------------


def test_in_shadow_cases_are_recorded_and_nothing_is_sent_or_moved_not_even_later(
    mail_servers: MailServers, office: MakeOffice
) -> None:
    desk, anna, pere = office(monitoring={"prometheus_file": "desk.prom"}), Citizen(mail_servers), Citizen(mail_servers)
    with desk.running("--shadow"):
        anna.write(desk.address, "Ordenances", "On trobo les ordenances fiscals?")
        desk.wait_for_cases(1)
        desk.passes()
        (mail,) = desk.json("outbox", "list", "--all")
        assert mail["state"] == "shadow"
        health = desk.status()
        assert (health["ok"], health["unaccounted"]) == (True, 0)
        assert any(problem["code"] == "shadow" for problem in health["problems"])
        until((desk.root / "desk.prom").exists, what="the metrics of the daemon")
        assert f'oacmail_shadow{{office="{desk.address}"}} 1' in (desk.root / "desk.prom").read_text()
    with desk.running():
        pere.write(desk.address, "Pressupost", "On trobo el pressupost municipal?")
        pere.wait_for_mail()
        desk.passes(3)
        assert not any(problem["code"] == "shadow" for problem in desk.status()["problems"])
    assert anna.inbox() == []
    assert len(desk.cases()) == 2
    assert {(mail["recipient"], mail["state"]) for mail in desk.json("outbox", "list", "--all")} == {
        (anna.address, "shadow"),
        (pere.address, "sent"),
    }


def test_in_shadow_the_mail_that_would_go_out_can_be_read(mail_servers: MailServers, office: MakeOffice) -> None:
    desk, anna = office(), Citizen(mail_servers)
    with desk.running("--shadow"):
        anna.write(desk.address, "Ordenances", "On trobo les ordenances fiscals?")
        desk.wait_for_cases(1)
    (mail,) = desk.json("outbox", "list", "--all")
    shown = desk.oacmail("outbox", "show", mail["key"]).stdout
    assert f"To: {anna.address}\n" in shown
    assert f"Subject: [{desk.cases()[0]['number']}" in shown
    assert "Hem rebut el vostre missatge" in shown
    assert anna.inbox() == []
    assert "outbox list" in desk.oacmail("outbox", "show", "ack:nothing", code=1).stderr


def test_in_shadow_a_copy_of_our_own_mail_is_not_moved(mail_servers: MailServers, office: MakeOffice) -> None:
    desk, anna = office(), Citizen(mail_servers)
    with desk.running():
        anna.write(desk.address, "Graella", "Hi ha places a natació?")
        anna.wait_for_mail()
        until(lambda: desk.mailbox.messages("Sent"), what="the copy is filed")
        agent = desk.at_desk()
        agent.move(agent.uids("Sent")[0], "INBOX", "Sent")
    with desk.running("--shadow"):
        desk.passes()
        assert len(agent.uids("INBOX")) == 2
        agent.close()


# --- systemd ----------------------------------------------------------------------------------------------


def test_systemd_is_notified_of_ready_status_reloading_stopping_and_the_watchdog(
    office: MakeOffice, tmp_path: Path
) -> None:
    desk = office()
    desk.program = COMMAND
    with NotifySocket(tmp_path, watchdog=0.6) as notify:
        with desk.running(environ=notify.environ):
            notify.wait_for("READY=1")
            notify.wait_for("WATCHDOG=1", 12)  # three times in 0.6 s; without the watchdog's word once in ten seconds
            notify.wait_for("STATUS=mailbox read, mail goes out")
            desk.signal(signal.SIGHUP)
            notify.wait_for("RELOADING=1")
            notify.wait_for("READY=1", 2)
        notify.wait_for("STOPPING=1")
    assert notify.words().index("READY=1") < notify.words().index("WATCHDOG=1")


def test_a_loop_that_is_stuck_gets_no_pulse_and_the_pulse_comes_back_with_it(
    mail_servers: MailServers, office: MakeOffice, tmp_path: Path
) -> None:
    """With the patience of `tests.e2e.impatient`: a loop is stuck after 3 s, a silent server is given 4."""
    with Proxy(mail_servers.dovecot.imaps_port) as wire, NotifySocket(tmp_path, watchdog=3) as notify:
        desk = office(imap={"port": wire.port})
        desk.program = IMPATIENT
        with desk.running(environ={**notify.environ, **SHORT_SILENCE}):
            notify.wait_for("WATCHDOG=1")
            wire.stall()
            until(lambda: desk.rows("SELECT 1 FROM kv WHERE key = 'problem:imap'"), 30, what="the silence is noticed")
            wire.restore()
            desk.passes(1)
            pulses = notify.words().count("WATCHDOG=1")
            notify.wait_for("WATCHDOG=1", pulses + 2)
            assert notify.longest_silence("WATCHDOG=1") > 3


def test_memory_of_an_idle_daemon(office: MakeOffice) -> None:
    desk = office()
    desk.program = COMMAND  # a forked process would begin with what its parent has loaded
    with desk.running():
        desk.passes(3)
        peak = desk.peak_memory()
    print(f"idle daemon: at most {peak / 1e6:.0f} MB")
    assert peak < 90_000_000


def test_help_loads_only_the_table_of_verbs() -> None:
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", OACMAIL, "--help"], check=True, capture_output=True, text=True
    )
    loaded = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert "oacmail.cli" in loaded
    assert {name for name in loaded if name.startswith("oacmail.cli.")} == set()
    assert loaded & {"imapclient", "jinja2", "pydantic", "sqlite3", "logging"} == set()
