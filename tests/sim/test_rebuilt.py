"""A simulated town loses its database: what is rebuilt is what it was."""

import pytest

from oacmail import config as settings
from testbed.sim.faults import FAULTS
from testbed.sim.plan import make_plan
from tests.sim.rebuilding import UNSENT, lost_and_rebuilt, named, of_live_cases, without


@pytest.mark.parametrize(("seed", "left_out"), [(3, tuple(FAULTS)), (4, ())])
def test_every_row_of_a_rebuilt_town_is_what_it_was(seed: int, left_out: tuple[str, ...]) -> None:
    """Orders by shell and moves on the board too. Of a message that is in no folder any more the words are unknown, and
    of a mail that waited for the relay nothing is left to send."""
    config = settings.builtin()
    lost = lost_and_rebuilt(config, without(make_plan(seed, 8, config.office.timezone), *left_out))
    assert sum(row["status"] != "closed" for row in lost.before["cases"].values()) > 10
    found = named(lost)
    assert {(table, what) for table, what, _ in of_live_cases(lost, found)} <= UNSENT
    assert {(table, what) for table, what, _ in found} <= UNSENT | {("messages", "unknown original")}
    assert lost.report.unread == 0
