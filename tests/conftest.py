"""Fixtures of the mail servers, and the settings of hypothesis. A test that uses a fixture gets the mark `servers`."""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from hypothesis import settings

from tests.servers.certs import make_certificates
from tests.servers.dovecot import Dovecot
from tests.servers.mail_servers import MailServers

settings.load_profile("ci")
"""No limit measures speed, and each run draws the same examples. To draw others: `--hypothesis-profile=default`."""

_SERVERS = {"mail_servers", "own_mail_servers", "dovecot"}
_LONGEST_FIRST = (
    "tests/test_short_forms.py",
    "tests/sim/",
    "tests/e2e/",
    "tests/test_demo.py",
    "tests/engine/test_any_day.py",
    "tests/hostile/",
    "tests/adapters/",
    "tests/engine/",
)
"""Files are given to whoever is free, in this order: a long one at the end would be waited for alone."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if _SERVERS & set(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.servers)
    items.sort(key=_rank)


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
            stack.enter_context(tempfile.TemporaryDirectory(prefix="dc-", dir="/tmp", ignore_cleanup_errors=True))
        )
        root.chmod(0o755)
        certs = make_certificates(root / "tls")
        count = iter(range(100))
        yield lambda **options: stack.enter_context(Dovecot(root / str(next(count)), certs, **options))
