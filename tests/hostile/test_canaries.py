"""A canary that somebody else sends must not say that mail goes out and comes in."""

import pytest

from testbed.relay import refused
from tests.hostile.enemy import message, slip_in
from tests.operation.test_canary import ON, WatchedTown
from tests.world import World


@pytest.fixture
def desk(town: object) -> WatchedTown:
    """One canary is back at nine; from then on none leaves."""
    made: World = town(**ON)  # type: ignore[operator]
    desk = WatchedTown(made)
    desk.turn("09:00", "09:01")
    desk.world.relay.when(refused(), kind="canary")
    return desk


def _real(desk: WatchedTown) -> bytes:
    return next(raw for raw in desk.world.mailbox.raws("Sent") if b"k=canary:" in raw)


@pytest.mark.parametrize("key", ["canary:20261125T090000Z", "canary:20261125T100000Z"])
def test_a_forged_canary_hides_no_outage(desk: WatchedTown, key: str) -> None:
    desk.turn("10:00")
    mark = f"v=2; i={desk.world.policy.instance}; k={key}; c=; l=; r=; d=; h=; s={'0' * 32}"
    slip_in(desk.world, message(desk.world, [("X-Oacmail", mark)]))
    desk.turn("10:03", "10:06")
    assert [call[1] for call in desk.calls] == ["down"]
    assert len(desk.world.cases()) == 1


def test_an_old_canary_sent_again_hides_no_outage(desk: WatchedTown) -> None:
    desk.turn("10:00")
    for folder in ("INBOX", "Junk"):
        desk.world.mailbox.append(folder, _real(desk), desk.world.clock.now())
    desk.turn("10:03", "10:06", "11:30")
    assert [call[1] for call in desk.calls] == ["down"]
    assert desk.world.cases() == []
