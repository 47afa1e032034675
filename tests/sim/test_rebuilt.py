"""A simulated town loses its database: what is made anew differs in classes with a name, and never in a promise."""

import logging
from collections.abc import Iterator

import pytest
import structlog

from oacmail import config as settings
from testbed.sim.faults import FAULTS
from testbed.sim.plan import make_plan
from tests.sim.rebuilding import LOSE_MAIL, UNEXPLAINED, differences, live_cases, lost_and_rebuilt, with_ledger, without


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    before = structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    yield
    structlog.configure(**before)


@pytest.mark.parametrize(("seed", "left_out"), [(3, tuple(FAULTS)), (4, LOSE_MAIL)])
def test_no_live_case_gets_another_status_number_or_due_day(seed: int, left_out: tuple[str, ...]) -> None:
    config = settings.builtin()
    lost = lost_and_rebuilt(config, without(make_plan(seed, 8, config.office.timezone), *left_out))
    live = live_cases(lost)
    assert live.count > 10
    assert live.wrong == ()
    assert [one for one in differences(lost) if one.why == UNEXPLAINED] == []
    assert lost.report.unread == 0
    assert lost.report.proven > 15


def test_with_a_copy_of_the_ledger_every_live_case_is_what_it_was() -> None:
    """Orders by shell and moves on the board too, of which no mail tells."""
    config = with_ledger(settings.builtin())
    lost = lost_and_rebuilt(config, without(make_plan(4, 8, config.office.timezone), *LOSE_MAIL))
    live = live_cases(lost)
    assert live.count > 10
    assert (live.wrong, live.others, live.more) == ((), (), ())
    assert lost.report.from_ledger > 0
