"""The notifications to systemd, on a real datagram socket."""

import os
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from oacmail.host import Systemd


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
