"""An office of the test's own, on the shared road or on a road that may be stopped; no log may tell of anybody."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.e2e.office import Office
from tests.servers.mail_servers import Road


def _close(desks: list[Office]) -> None:
    """Whatever still runs is stopped; then every log is searched for what it must not tell."""
    for desk in desks:
        if desk.process is not None:
            desk.stop()
    assert [word for desk in desks for word in desk.indiscretions()] == []


@pytest.fixture
def office(road: Road, tmp_path: Path) -> Iterator[Callable[..., Office]]:
    """Makes offices: `desk = office(deadline={…})`."""
    made: list[Office] = []

    def make(**settings: object) -> Office:
        made.append(Office(road, tmp_path / f"office{len(made)}", **settings))  # type: ignore[arg-type]
        return made[-1]

    yield make
    _close(made)


@pytest.fixture(scope="module")
def own_road() -> Iterator[Road]:
    """Servers of this module alone: they may be stopped, changed and started again."""
    with Road() as servers:
        yield servers


@pytest.fixture
def own_office(own_road: Road, tmp_path: Path) -> Iterator[Callable[..., Office]]:
    """Makes offices on `own_road`."""
    made: list[Office] = []

    def make(**settings: object) -> Office:
        made.append(Office(own_road, tmp_path / f"office{len(made)}", **settings))  # type: ignore[arg-type]
        return made[-1]

    yield make
    _close(made)
