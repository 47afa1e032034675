"""The tests of the board on real servers: other separators, a prefix, no MOVE, no UIDPLUS, accents in names."""

import itertools
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.board.test_board import *  # noqa: F403
from tests.board.test_board_odd import (  # noqa: F401
    test_more_than_twenty_moves_wait_for_a_word_and_are_carried_out,
)
from tests.servers.certs import make_certificates
from tests.servers.dovecot import Dovecot
from tests.servers.scratch import SCRATCH
from tests.servers.served_mailbox import ServedMailbox

SERVERS: Mapping[str, Mapping[str, str]] = {
    "slash": {},
    "dot, below INBOX, no MOVE": {"separator": ".", "prefix": "INBOX.", "without": "MOVE"},
    "no UIDPLUS": {"without": "UIDPLUS"},
}
_numbers = itertools.count(1)


@pytest.fixture(scope="module", params=SERVERS)
def dovecot(request: pytest.FixtureRequest) -> Iterator[Dovecot]:
    options = SERVERS[request.param]
    with tempfile.TemporaryDirectory(prefix="bd-", dir=SCRATCH, ignore_cleanup_errors=True) as folder:
        root = Path(folder)
        root.chmod(0o755)
        certs = make_certificates(root / "tls")
        with Dovecot(
            root / "dovecot",
            certs,
            separator=options.get("separator", "/"),
            prefix=options.get("prefix", ""),
            without=options.get("without", ""),
        ) as running:
            yield running


@pytest.fixture
def mailbox(dovecot: Dovecot) -> Iterator[ServedMailbox]:
    box = ServedMailbox(dovecot, f"user{next(_numbers)}")
    yield box
    box.close()
