"""The notifications to systemd, on a real datagram socket."""

import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from oacmail import wiring
from oacmail.engine import intake
from oacmail.host import Systemd
from oacmail.service import Service
from testbed.messages import as_bytes
from tests.world import ANNA, PERE, World, local


def _listen(name: str) -> socket.socket:
    ear = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    ear.bind(name)
    ear.settimeout(5)
    return ear


@pytest.fixture(params=["path", "abstract"])
def line(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Systemd, socket.socket]]:
    address = str(tmp_path / "notify") if request.param == "path" else f"@oacmail-test-{os.getpid()}"
    with _listen(address.replace("@", "\0", 1)) as ear:
        yield Systemd.from_environment({"NOTIFY_SOCKET": address}), ear


def test_ready_says_so_with_its_status(line: tuple[Systemd, socket.socket]) -> None:
    systemd, ear = line
    assert systemd.ready("2 open, 0 overdue")
    assert ear.recv(4096) == b"READY=1\nSTATUS=2 open, 0 overdue"


def test_every_other_word_is_the_one_that_systemd_knows(line: tuple[Systemd, socket.socket]) -> None:
    systemd, ear = line
    assert systemd.watchdog()
    assert systemd.stopping()
    assert systemd.status("waiting for IMAP")
    assert [ear.recv(4096) for _ in range(3)] == [b"WATCHDOG=1", b"STOPPING=1", b"STATUS=waiting for IMAP"]


def test_a_reload_names_the_monotonic_moment(line: tuple[Systemd, socket.socket]) -> None:
    systemd, ear = line
    before = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
    assert systemd.reloading()
    word, moment = ear.recv(4096).decode().split("\n")
    assert word == "RELOADING=1"
    name, _, value = moment.partition("=")
    assert name == "MONOTONIC_USEC"
    assert before <= int(value) <= time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000


def test_a_status_cannot_smuggle_in_another_word(line: tuple[Systemd, socket.socket]) -> None:
    systemd, ear = line
    assert systemd.status("well\nSTOPPING=1")
    assert ear.recv(4096) == b"STATUS=well STOPPING=1"


@pytest.mark.parametrize("address", ["", "vsock:2:1234", "relative", "/nowhere/at/all"])
def test_without_a_listener_nothing_is_sent_and_nothing_fails(address: str) -> None:
    assert not Systemd(address=address).ready()


@pytest.mark.parametrize(
    ("environ", "seconds"),
    [
        ({}, None),
        ({"WATCHDOG_USEC": "60000000"}, 60.0),
        ({"WATCHDOG_USEC": "1500000", "WATCHDOG_PID": str(os.getpid())}, 1.5),
        ({"WATCHDOG_USEC": "60000000", "WATCHDOG_PID": "1"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
    ],
)
def test_the_watchdog_is_ours_only_if_it_names_us(environ: dict[str, str], seconds: float | None) -> None:
    assert Systemd.from_environment(environ).watchdog_seconds == seconds


# Long work tells that it is not stuck: otherwise the watchdog ends a first look at a large mailbox again and again.


def _lie_there(world: World, count: int) -> None:
    for number in range(count):
        mail = world.message(ANNA, f"Una consulta {number}", "Bon dia, com es fa, si us plau?")
        world.mailbox.append("INBOX", as_bytes(mail), local("2026-11-03 12:00"))


def test_a_first_look_that_breaks_off_goes_on_behind_what_it_has_identified(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(intake, "PORTION", 2)
    world.stop()
    for file in world.config.office.state.glob("oacmail.db*"):
        file.unlink()
    _lie_there(world, 7)
    world.start()

    def unidentified() -> int:
        return len(world.store.unidentified("INBOX", world.mailbox.folders["INBOX"].uidvalidity))

    def progress() -> None:
        world.mailbox.away = unidentified() == 3

    world.engine.progress = progress
    assert not world.sync()
    assert unidentified() == 1, "the server went away after the third of four portions"
    world.mailbox.away = False
    assert world.sync()
    assert unidentified() == 0
    assert not world.cases()


def test_each_message_that_is_read_and_each_mail_that_is_sent_is_progress(world: World) -> None:
    for citizen in (ANNA, PERE):
        world.citizen_writes(citizen)
    seen: list[tuple[int, int]] = []
    world.engine.progress = lambda: seen.append((len(world.cases()), len(world.relay.accepted)))
    world.sync()
    assert seen
    seen.clear()
    world.drain()
    assert [sent for _, sent in seen] == [0, 1]


def test_a_loop_that_makes_progress_counts_as_alive(town: Callable[..., World]) -> None:
    world = town(imap={"password_file": "password"}, smtp={"password_file": "password"})
    password = world.root / "password"
    password.touch(0o600)
    password.write_text("secret")
    world.stop()
    parts = wiring.assemble(world.config)
    service = Service(parts, Systemd(), lambda: world.config, lambda _config: None)
    service._beats["watch"] = float("-inf")
    assert not service._healthy()
    for name in ("another", "watch"):
        thread = threading.Thread(target=parts.engine.progress, name=name)
        thread.start()
        thread.join()
    assert service._healthy()
    assert set(service._beats) == {"watch"}
    parts.close()
    world.start()
