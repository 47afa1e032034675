"""The tests of the board on servers that act like Exchange (no keywords) and Gmail (folders are labels)."""

from collections.abc import Iterator, Mapping

import pytest

from tests.engine.test_board import *  # noqa: F403
from tests.fakes.provider_server import EXCHANGE, GMAIL, Provider, ProviderMailbox

PROVIDERS: Mapping[str, Provider] = {"Exchange": EXCHANGE, "Gmail": GMAIL}


@pytest.fixture(params=PROVIDERS)
def mailbox(request: pytest.FixtureRequest) -> Iterator[ProviderMailbox]:
    """The server is asked for nothing that it refuses."""
    box = ProviderMailbox(PROVIDERS[request.param])
    yield box
    box.close()
    assert box.refused == []
