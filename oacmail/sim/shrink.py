"""From a failing run to the shortest story found in which the same invariant breaks.

Days, people, kinds of deeds and single deeds are left out as long as it still fails in the same way. A deed carries
its own chance, so what stays is played as before; what follows from it may differ, and is simply tried.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from oacmail.config import Config
from oacmail.sim.plan import Plan, SimulatedAction
from oacmail.sim.run import SimulationResult, played

TRIALS = 200
DAYS_BEFORE = (1, 2, 4, 8, 16, 32)


def shrunk(
    config: Config, failed: SimulationResult, tried: Callable[[int], None] = lambda trial: None
) -> SimulationResult:
    """`tried` is called with the number of each trial."""
    best, trials = failed, 0

    def fails(plan: Plan) -> bool:
        nonlocal best, trials
        trials += 1
        tried(trials)
        outcome = played(config, plan)
        if outcome.name == failed.name:
            best = outcome
            return True
        return False

    any(fails(plan) for plan in _later_begins(failed))
    progress = True
    while progress and trials < TRIALS:
        progress = False
        for gone in _parts(best.plan.deeds):
            if trials >= TRIALS:
                break
            left = tuple(deed for deed in best.plan.deeds if deed not in gone)
            if len(left) < len(best.plan.deeds) and fails(replace(best.plan, deeds=left)):
                progress = True
    return best


def _later_begins(failed: SimulationResult) -> Iterator[Plan]:
    """The last days before the breach alone; in the end all of them, but no day after it."""
    plan, broke = failed.plan, failed.story[-1][0]
    days = min((broke - plan.begins.astimezone(UTC)) // timedelta(days=1) + 1, plan.days)
    for last in (*(d for d in DAYS_BEFORE if d < days), days):
        begins = plan.begins + timedelta(days=days - last)
        yield replace(plan, begins=begins, days=last, deeds=_between(plan, begins, begins + timedelta(days=last)))


def _between(plan: Plan, begins: datetime, ends: datetime) -> tuple[SimulatedAction, ...]:
    return tuple(deed for deed in plan.deeds if begins <= deed.at < ends)


def _parts(deeds: tuple[SimulatedAction, ...]) -> Iterator[frozenset[SimulatedAction]]:
    """What may be left out at once: a kind of deed, a person, a half, a quarter … a single deed."""
    for kind in sorted({deed.what for deed in deeds}):
        yield frozenset(deed for deed in deeds if deed.what == kind)
    for who in sorted({deed.who for deed in deeds}):
        yield frozenset(deed for deed in deeds if deed.who == who)
    size = max(len(deeds) // 2, 1)
    while True:
        for start in range(0, len(deeds), size):
            yield frozenset(deeds[start : start + size])
        if size == 1:
            return
        size //= 2
