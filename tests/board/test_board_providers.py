"""The tests of the board on servers that act like Exchange (no keywords) and Gmail (folders are labels)."""

from collections.abc import Iterator, Mapping

import pytest

from tests.board.test_board import *  # noqa: F403
from tests.board.test_board import ANSWERED, CLOSED, MINE, OPEN, lies, quiet
from tests.board.test_board import test_a_second_copy_orders_nothing_also_if_the_first_goes_later as _second_copy
from tests.board.test_board_odd import (  # noqa: F401
    test_more_than_twenty_moves_wait_for_a_word_and_are_carried_out,
)
from tests.fakes.provider_server import EXCHANGE, GMAIL, Provider, ProviderMailbox
from tests.world import ANNA, World

PROVIDERS: Mapping[str, Provider] = {"Exchange": EXCHANGE, "Gmail": GMAIL}


@pytest.fixture(params=PROVIDERS)
def mailbox(request: pytest.FixtureRequest) -> Iterator[ProviderMailbox]:
    """The server is asked for nothing that it refuses."""
    box = ProviderMailbox(PROVIDERS[request.param])
    yield box
    box.close()
    assert box.denied == []


def test_a_second_copy_orders_nothing_also_if_the_first_goes_later(  # type: ignore[no-redef]
    world: World, mailbox: ProviderMailbox
) -> None:
    if mailbox.sent == EXCHANGE.sent:
        _second_copy(world)
        return
    world.citizen_asks(ANNA)
    (uid,) = world.mailbox.folders[OPEN].messages
    world.mailbox.copy(OPEN, uid, MINE)
    quiet(world)
    assert (world.case()["assignee"], len(world.events("moved"))) == ("agent", 1), "a label is a move"
    assert lies(world) == {MINE: 1}, "the old label is gone"
    (uid,) = world.mailbox.folders[MINE].messages
    world.mailbox.copy(MINE, uid, CLOSED)
    quiet(world)
    assert world.case()["status"] == "open", "the person waits for an answer"
    assert lies(world) == {MINE: 1}
    assert [len(world.mailbox.folders[name].messages) for name in (CLOSED, ANSWERED)] == [0, 0]
