"""Long work tells that it is not stuck: otherwise the watchdog ends a first look at a large mailbox again and again."""

import threading
from collections.abc import Callable

import pytest

from oacmail import wiring
from oacmail.engine import intake
from oacmail.host import Systemd
from oacmail.service import Service
from testbed.messages import as_bytes
from tests.world import ANNA, PERE, World, local


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
