"""Fixtures of the mail servers, settings of hypothesis and of the log. Who uses a fixture gets the mark `servers`."""

import gc
import logging
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from itertools import groupby
from pathlib import Path

import pytest
from hypothesis import settings

from testbed.mailbox import SimulatedMailbox
from tests.servers import scratch
from tests.servers.certs import make_certificates
from tests.servers.dovecot import Dovecot
from tests.servers.mail_servers import MailServers
from tests.servers.scratch import SCRATCH
from tests.store.stored import faults
from tests.world import World

gc.disable()
scratch.use()
settings.load_profile("ci")
"""No limit measures speed, and each run draws the same examples. To draw others: `--hypothesis-profile=default`."""


@pytest.fixture(autouse=True)
def _own_log() -> Iterator[None]:
    """A verb sets up the log of its process, which is that of all tests."""
    root, ours = logging.getLogger(), logging.getLogger("oacmail")
    handlers, level, our_level = root.handlers[:], root.level, ours.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    ours.setLevel(our_level)


_SERVERS = {"mail_servers", "own_mail_servers", "dovecot"}
_LONGEST_FIRST = (
    "tests/test_short_forms.py",
    "tests/hostile/test_bombs.py",
    "tests/hostile/test_orders_stay_inside.py",
    "tests/sim/",
    "tests/test_demo.py",
    "tests/e2e/",
    "tests/hostile/",
    "tests/imap/",
    "tests/words/",
    "tests/board/",
    "tests/report/",
)
"""Files are given to whoever is free, in this order: a long one at the end would be waited for alone."""

_UNTIL = 0.6
"""The part of all files among which those that wait are spread; what follows fills the end."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests of mail servers and order the files: those that wait between those that compute, so that there is
    always work for each core."""
    for item in items:
        if _SERVERS & set(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.servers)
    files = [list(some) for _, some in groupby(sorted(items, key=_rank), key=lambda item: item.path)]
    waiting = [some for some in files if some[0].get_closest_marker("servers")]
    computing = [some for some in files if not some[0].get_closest_marker("servers")]
    places = [(_UNTIL * place / len(waiting), some) for place, some in enumerate(waiting)]
    places += [(place / len(computing), some) for place, some in enumerate(computing)]
    items[:] = [item for _, some in sorted(places, key=lambda pair: pair[0]) for item in some]


def pytest_collection_finish() -> None:
    """What the collection made stays until the end: the collector does not look at it, neither meanwhile nor later."""
    gc.freeze()
    gc.enable()


def _rank(item: pytest.Item) -> int:
    """Sorting is stable: within a rank the order stays."""
    return next((rank for rank, begin in enumerate(_LONGEST_FIRST) if item.nodeid.startswith(begin)), 99)


@pytest.fixture(scope="session")
def mail_servers() -> Iterator[MailServers]:
    """Postfix and Dovecot for the whole run. Ask it for fresh users, and leave it up."""
    with MailServers() as servers:
        yield servers


@pytest.fixture
def dovecot() -> Iterator[Callable[..., Dovecot]]:
    """Makes Dovecots of the test's own, to be killed, stopped or restored: `server = dovecot()`."""
    with ExitStack() as stack:
        root = Path(
            stack.enter_context(tempfile.TemporaryDirectory(prefix="dc-", dir=SCRATCH, ignore_cleanup_errors=True))
        )
        root.chmod(0o755)
        certs = make_certificates(root / "tls")
        count = iter(range(100))
        yield lambda **options: stack.enter_context(Dovecot(root / str(next(count)), certs, **options))


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Callable[..., World]]:
    """Makes towns: `world = town(now="2026-11-25 09:00", deadline={…})`. At the end of each, the event log, the stored
    values and the rows are searched for what they must not hold."""
    made: list[World] = []

    def make(**settings: object) -> World:
        made.append(World(tmp_path / f"town{len(made)}", **settings))  # type: ignore[arg-type]
        return made[-1]

    yield make
    for world in made:
        world.stop()
    assert [fault for world in made for fault in faults(world)] == []


@pytest.fixture
def world(town: Callable[..., World]) -> World:
    """Wednesday 25 November 2026, nine in the morning."""
    return town()


@pytest.fixture
def mailbox() -> SimulatedMailbox:
    """tests/board/test_real_servers.py runs the tests of the board on real servers."""
    return SimulatedMailbox()
