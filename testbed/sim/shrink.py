"""Shrink a failing run to the shortest story found in which the same invariant breaks.

Days, people, kinds of actions and single actions are removed as long as the run fails in the same way. Each action
has its own random generator, so the remaining actions stay as they were; their consequences may differ.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from oacmail.config import Config
from testbed.sim.plan import Plan, SimulatedAction
from testbed.sim.run import SimulationResult, run_plan

TRIALS = 200
DAYS_BEFORE = (1, 2, 4, 8, 16, 32)


def shrink_run(config: Config, failed: SimulationResult, tried: Callable[[int], None]) -> SimulationResult:
    """`tried` is called with the number of each trial."""
    best, trials = failed, 0

    def fails(plan: Plan) -> bool:
        nonlocal best, trials
        trials += 1
        tried(trials)
        outcome = run_plan(config, plan)
        if outcome.name == failed.name:
            best = outcome
            return True
        return False

    any(fails(plan) for plan in _later_begins(failed))
    progress = True
    while progress and trials < TRIALS:
        progress = False
        for gone in _parts(best.plan.actions):
            if trials >= TRIALS:
                break
            left = tuple(action for action in best.plan.actions if action not in gone)
            if len(left) < len(best.plan.actions) and fails(replace(best.plan, actions=left)):
                progress = True
    return best


def _later_begins(failed: SimulationResult) -> Iterator[Plan]:
    """Plans of the last days before the breach, ever longer; none has a day after it."""
    plan, broke = failed.plan, failed.story[-1][0]
    days = min((broke - plan.begins.astimezone(UTC)) // timedelta(days=1) + 1, plan.days)
    for last in (*(d for d in DAYS_BEFORE if d < days), days):
        begins = plan.begins + timedelta(days=days - last)
        yield replace(plan, begins=begins, days=last, actions=_between(plan, begins, begins + timedelta(days=last)))


def _between(plan: Plan, begins: datetime, ends: datetime) -> tuple[SimulatedAction, ...]:
    return tuple(action for action in plan.actions if begins <= action.at < ends)


def _parts(actions: tuple[SimulatedAction, ...]) -> Iterator[frozenset[SimulatedAction]]:
    """Sets of actions to remove together: a kind, a person, a half, a quarter … a single action."""
    for kind in sorted({action.what for action in actions}):
        yield frozenset(action for action in actions if action.what == kind)
    for who in sorted({action.who for action in actions}):
        yield frozenset(action for action in actions if action.who == who)
    size = max(len(actions) // 2, 1)
    while True:
        for start in range(0, len(actions), size):
            yield frozenset(actions[start : start + size])
        if size == 1:
            return
        size //= 2
