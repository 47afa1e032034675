"""An office of the test's own on the shared road."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.e2e.office import Office
from tests.servers.road import Road


@pytest.fixture
def office(road: Road, tmp_path: Path) -> Iterator[Callable[..., Office]]:
    """Makes offices: `desk = office(deadline={…})`; whatever still runs at the end is stopped."""
    made: list[Office] = []

    def make(**settings: object) -> Office:
        made.append(Office(road, tmp_path / f"office{len(made)}", **settings))  # type: ignore[arg-type]
        return made[-1]

    yield make
    for desk in made:
        if desk.process is not None:
            desk.stop()
