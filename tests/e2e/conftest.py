"""Offices on the shared mail servers or on servers that may be stopped; no log may contain an address or a text."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.e2e.office import RunningOffice
from tests.servers.mail_servers import DOMAIN, MailServers
from tests.servers.people import Citizen


def _close(desks: list[RunningOffice]) -> None:
    """Whatever still runs is stopped; then every log is searched for what it must not tell."""
    for desk in desks:
        if desk.process is not None:
            desk.stop()
    assert [word for desk in desks for word in desk.indiscretions()] == []


@pytest.fixture
def office(mail_servers: MailServers, tmp_path: Path) -> Iterator[Callable[..., RunningOffice]]:
    """Makes offices: `desk = office(deadline={…})`."""
    made: list[RunningOffice] = []

    def make(**settings: object) -> RunningOffice:
        made.append(RunningOffice(mail_servers, tmp_path / f"office{len(made)}", **settings))  # type: ignore[arg-type]
        return made[-1]

    yield make
    _close(made)


@pytest.fixture(scope="module")
def own_mail_servers() -> Iterator[MailServers]:
    """Servers of this module alone: they may be stopped, changed and started again."""
    with MailServers() as servers:
        yield servers


@pytest.fixture
def own_office(own_mail_servers: MailServers, tmp_path: Path) -> Iterator[Callable[..., RunningOffice]]:
    """Makes offices on `own_mail_servers`."""
    made: list[RunningOffice] = []

    def make(**settings: object) -> RunningOffice:
        made.append(RunningOffice(own_mail_servers, tmp_path / f"office{len(made)}", **settings))  # type: ignore[arg-type]
        return made[-1]

    yield make
    _close(made)


@pytest.fixture(scope="module")
def marta(mail_servers: MailServers) -> Citizen:
    """An agent with an address of her own; mail under her envelope sender is vouched for by our exchanger."""
    return Citizen(mail_servers, "Marta", user=f"{mail_servers.new_user('marta')}-proven", domain=DOMAIN)
