"""Faults of servers, name service and clock that an admin must understand.

`status` names them, one line and one alert tell of them, and all goes on by itself.
"""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from oacmail.cli.status import lines
from testbed.messages import text_of
from tests.e2e.faulty import FAULTS
from tests.e2e.office import IMPATIENT, RunningOffice
from tests.servers.certs import expired
from tests.servers.mail_servers import PASSWORD, MailServers
from tests.servers.people import Citizen
from tests.servers.proxy import Proxy
from tests.servers.waiting import until

MakeOffice = Callable[..., RunningOffice]
FAULTY = "tests.e2e.faulty"


def _told(desk: RunningOffice, *servers: str) -> list[str]:
    """The events of these servers in the log."""
    return [line["event"] for line in desk.log_lines() if line["event"].partition(".")[0] in servers]


def _says(desk: RunningOffice, words: str) -> None:
    """`status` is ill and names it, soon."""
    until(lambda: words in " ".join(lines(desk.status())), 20, what=f"{words}\n{desk.status()}\n{desk.log()}")
    assert desk.oacmail("status", code=1).stdout.startswith("UNHEALTHY")


def _well_again(desk: RunningOffice) -> None:
    until(lambda: desk.status()["ok"], 20, what=f"all is well again\n{desk.log()}")
    desk.wait_until_accounted()


# --- certificates -----------------------------------------------------------------------------------------


@contextmanager
def _expired(server: object, desk: RunningOffice) -> Iterator[None]:
    """The server has an old certificate, for a while. The daemon stands still meanwhile: on a loaded machine it would
    see for seconds that nobody listens, and alert of that."""
    right = server.certs  # type: ignore[attr-defined]
    for certs in (expired(right), right):
        desk.signal(signal.SIGSTOP)
        server.stop()  # type: ignore[attr-defined]
        server.certs = certs  # type: ignore[attr-defined]
        server.start()  # type: ignore[attr-defined]
        desk.signal(signal.SIGCONT)
        if certs is not right:
            yield


def test_an_expired_certificate_of_the_mailbox_is_named_and_one_alert_goes_by_the_relay(
    own_mail_servers: MailServers, own_office: MakeOffice
) -> None:
    desk, anna = own_office(), Citizen(own_mail_servers)
    desk.program = IMPATIENT
    with desk.running():
        with _expired(own_mail_servers.dovecot, desk):
            _says(desk, "imap: the mailbox cannot be read: its certificate has expired")
            (alert,) = desk.operator.wait_for_mail()
            assert "certificate has expired" in text_of(alert)
            assert alert["Auto-Submitted"] == "auto-generated"
            anna.write(desk.address, "Bústia", "On demano la bústia electrònica?")
        anna.wait_for_mail(1, 20)
        _well_again(desk)
    assert _told(desk, "imap", "smtp") == ["imap.down", "imap.recovered"]
    assert [len(person.inbox()) for person in (anna, desk.operator)] == [1, 1]


def test_an_expired_certificate_of_the_relay_is_named_and_the_acknowledgement_waits(
    own_mail_servers: MailServers, own_office: MakeOffice
) -> None:
    with Proxy(own_mail_servers.postfix.submission_port) as wire:
        desk, anna = own_office(smtp={"port": wire.port}), Citizen(own_mail_servers)
        desk.program = IMPATIENT
        with desk.running():
            with _expired(own_mail_servers.postfix, desk):
                wire.cut()
                anna.write(desk.address, "Arbres", "Quan podeu els arbres?")
                _says(desk, "smtp: the relay accepts no mail: its certificate has expired")
                assert len(desk.wait_for_cases(1)) == 1
            anna.wait_for_mail(1, 20)
            _well_again(desk)
    assert _told(desk, "imap", "smtp") == ["smtp.down", "smtp.recovered"]
    assert len(anna.inbox()) == 1


# --- passwords --------------------------------------------------------------------------------------------


def test_a_changed_password_is_named_by_status(own_mail_servers: MailServers, own_office: MakeOffice) -> None:
    desk, anna = own_office(), Citizen(own_mail_servers)
    desk.program = IMPATIENT
    with desk.running():
        for password in ("another", PASSWORD):
            own_mail_servers.dovecot.stop()
            own_mail_servers.dovecot.password = password
            own_mail_servers.dovecot.start()
            if password != PASSWORD:
                anna.write(desk.address, "Contrasenya", "Com canvio la contrasenya de la seu?")
                _says(desk, "imap: the mailbox cannot be read: the login is refused")
        anna.wait_for_mail(1, 20)
        _well_again(desk)
    assert "ImapLoginRefused" in {line.get("kind") for line in desk.log_lines() if line["event"].startswith("imap.")}
    assert len(desk.log_lines("imap.recovered")) == 1
    assert "another" not in desk.log()
    assert len(anna.inbox()) == 1


# --- names ------------------------------------------------------------------------------------------------


def test_when_the_dns_is_gone_status_says_so_and_all_goes_on_when_it_is_back(
    own_mail_servers: MailServers, own_office: MakeOffice, tmp_path: Path
) -> None:
    imap, smtp = Proxy(own_mail_servers.dovecot.imaps_port), Proxy(own_mail_servers.postfix.submission_port)
    with imap, smtp:
        desk, anna = own_office(imap={"port": imap.port}, smtp={"port": smtp.port}), Citizen(own_mail_servers)
        desk.program = FAULTY
        with desk.running(environ={FAULTS: str(tmp_path)}):
            (tmp_path / "dns").touch()
            imap.cut()
            smtp.cut()
            _says(desk, "imap: the mailbox cannot be read: its name cannot be resolved")
            anna.write(desk.address, "Wifi", "Hi ha wifi a la biblioteca?")
            until(lambda: desk.log_lines("smtp.down"), 20, what="the alert cannot leave either")
            (tmp_path / "dns").unlink()
            anna.wait_for_mail(1, 20)
            _well_again(desk)
            desk.operator.wait_for_mail()  # the alert that had to wait
    assert _told(desk, "imap") == ["imap.down", "imap.recovered"]
    assert _told(desk, "smtp") == ["smtp.down", "smtp.recovered"]
    assert len(anna.inbox()) == 1


# --- the clock --------------------------------------------------------------------------------------------


def test_a_clock_that_jumps_back_and_forth_by_hours_is_named_and_nobody_gets_a_mail_twice(
    own_mail_servers: MailServers, own_office: MakeOffice, tmp_path: Path
) -> None:
    desk, people = own_office(), [Citizen(own_mail_servers) for _ in range(4)]
    desk.program = FAULTY
    clock = tmp_path / "clock"
    with desk.running(environ={FAULTS: str(tmp_path)}):
        for person, wrong in zip(people, (0, -5, 7, 0), strict=True):
            _show(clock, wrong)
            person.write(desk.address, f"Rellotge {person.user}", f"Quina hora és a la plaça de {person.user}?")
            person.wait_for_mail(1, 20)
            desk.passes()
            until(partial(_has_ticked, desk, timedelta(hours=wrong)), what="a tick by this clock")
        _says(desk, "clock: the clock once showed a later time than now")
        desk.passes(3)
        desk.wait_until_accounted()
        desk.operator.wait_for_mail()
    assert {line["problem"] for line in desk.log_lines("problem.degraded")} == {"clock"}
    assert [len(person.inbox()) for person in people] == [1] * len(people)
    assert len(desk.cases()) == len(people)


def _has_ticked(desk: RunningOffice, wrong: timedelta) -> bool:
    ticked = datetime.fromisoformat(desk.status()["last_tick"])
    return abs(ticked - datetime.now(UTC) - wrong) < timedelta(hours=1)


def _show(clock: Path, wrong: int) -> None:
    """Another time at once: the daemon never finds a file that is only begun."""
    new = clock.with_name("new")
    new.write_text(str(wrong))
    new.replace(clock)


# --- the quota --------------------------------------------------------------------------------------------


def test_a_mailbox_that_fills_up_is_reported_before_messages_are_lost_and_what_waited_is_answered(
    own_mail_servers: MailServers, own_office: MakeOffice
) -> None:
    own_mail_servers.dovecot.quota = 200
    own_mail_servers.dovecot.stop()
    own_mail_servers.dovecot.start()
    desk, anna, pere = own_office(), Citizen(own_mail_servers), Citizen(own_mail_servers)
    desk.program = IMPATIENT
    agent = desk.at_desk()
    try:
        with desk.running():
            anna.write(desk.address, "Primera", "Quan obre el casal?")
            anna.wait_for_mail()
            agent.create("Arxiu")
            agent.append(b"Subject: vell\r\n\r\n" + b"x" * 190_000, "Arxiu", "\\Seen")
            _says(desk, "mailbox-full: the mailbox is full")
            pere.write(desk.address, "Segona", "Quan tanca el casal?" + " Gràcies." * 2000)
            (alert,) = desk.operator.wait_for_mail()
            assert "plena" in str(alert["Subject"])
            until(own_mail_servers.postfix.queue, what="his message waits outside")
            agent.delete(agent.uids("Arxiu")[0], "Arxiu")
            pere.wait_for_mail(1, 20)
            _well_again(desk)
    finally:
        agent.close()
        own_mail_servers.dovecot.quota = 0
        own_mail_servers.dovecot.stop()
        own_mail_servers.dovecot.start()
    assert [len(person.inbox()) for person in (anna, pere, desk.operator)] == [1, 1, 1]
