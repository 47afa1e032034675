"""Run a town from its first day to its last: what happened, what broke, and a digest that identifies the run."""

import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from hashlib import sha256
from pathlib import Path
from traceback import format_exc
from typing import Any

from oacmail.config import Config
from testbed.sim import agents, senders, services
from testbed.sim.expected_due import InvariantBroken
from testbed.sim.faults import FAULTS
from testbed.sim.invariants import InvariantChecker
from testbed.sim.plan import Plan, SimulatedAction, make_plan
from testbed.sim.town import CALM_AFTER, SimulatedTown

ACTIONS = {**senders.ACTIONS, **agents.ACTIONS, **services.ACTIONS}
TRIALS = 200
DAYS_BEFORE = (1, 2, 4, 8, 16, 32)
SETTLING = timedelta(minutes=61)


@dataclass(slots=True)
class SimulationResult:
    """`story`: lines (time, who, action, result). `broken`: the first invariant that did not hold, if any. `named`: how
    many differences of each kind the nightly proofs have named."""

    plan: Plan
    messages: int = 0
    cases: int = 0
    acks: int = 0
    escalations: int = 0
    faults: int = 0
    named: Mapping[str, int] = field(default_factory=dict)
    digest: str = ""
    broken: tuple[str, ...] = ()
    name: str = ""
    story: list[tuple[datetime, str, str, str]] = field(default_factory=list)

    def row(self) -> dict[str, Any]:
        """What `simulate --json` prints."""
        return {
            "seed": self.plan.seed,
            "days": self.plan.days,
            "messages": self.messages,
            "cases": self.cases,
            "acks": self.acks,
            "escalations": self.escalations,
            "named": dict(self.named),
            "digest": self.digest,
            "broken": list(self.broken),
        }


@dataclass(slots=True)
class _Run:
    town: SimulatedTown
    checker: InvariantChecker
    outcome: SimulationResult
    digest: Any = field(default_factory=sha256)
    _given: int = 0

    def step(self) -> bool:
        goes_on = self.town.step()
        if goes_on:
            self._record()
            self.checker.after_a_step()
            if self.town.settled:
                self._rest()
        return goes_on

    def _rest(self) -> None:
        self.town.come_to_rest()
        moves = self.town.mailbox.moves
        self.town.sync()
        self._record()
        self.checker.after_a_step()
        self.checker.board_checks.at_rest(moves)
        self.checker.when_settled()

    def settle(self) -> None:
        """End all faults and let hours pass."""
        town = self.town
        town.kill_at = ""
        town.mailbox.away, town.mailbox.refused = False, set()
        town.relay.recover()
        for _ in range(CALM_AFTER // SETTLING + 2):
            town.clock.forward(minutes=SETTLING.total_seconds() / 60)
            town.compare = True
            town.turn()
            self._record()
            self.checker.after_a_step()
        self._rest()

    def line(self, at: datetime, who: str, what: str, result: str) -> None:
        self.outcome.story.append((at, who, what, result))
        self.digest.update(f"{at.isoformat()}|{who}|{what}|{result}\n".encode())
        self.outcome.faults += who == "fault" and result != "over"
        self.outcome.messages = sum(len(message.at) for message in self.town.truth.written.values())

    def _record(self) -> None:
        """Add what the service has done since the last call."""
        given = self.town.relay.accepted
        for mail in given[self._given :]:
            self.digest.update(f"{self.town.clock.true().isoformat()}|{mail.key}|{mail.recipient}\n".encode())
            self.outcome.acks += mail.key.startswith("ack:")
            self.outcome.escalations += mail.key.startswith("overdue")
        self._given = len(given)

    def close(self) -> None:
        town, outcome = self.town, self.outcome
        for row in town.database.dates():
            self.digest.update(f"{tuple(row)}\n".encode())
            outcome.cases += 1
        outcome.named = self.checker.proof_checks.named
        outcome.digest = self.digest.hexdigest()


EachDay = Callable[[datetime, SimulationResult], None]


def run_plan(config: Config, plan: Plan, each_day: EachDay = lambda day, outcome: None) -> SimulationResult:
    """Run the plan until its end or the first broken invariant. `each_day` is called at the end of each day."""
    outcome = SimulationResult(plan)
    with tempfile.TemporaryDirectory(prefix="oacmail-town-") as scratch:
        town = SimulatedTown(config, plan, Path(scratch) / "state", lambda *line: run.line(*line))
        run = _Run(town, InvariantChecker(town), outcome)
        try:
            try:
                _run(run, each_day)
            except InvariantBroken as broken:
                outcome.broken, outcome.name = (str(broken),), broken.name
                outcome.story.append((town.clock.true(), "the checker", broken.name, broken.seen))
            if town.down:
                town.start()
            run.close()
        except Exception as error:  # a crash is a finding too, reported with its story
            outcome.name = f"the service raises nothing: {error!r}"
            outcome.broken = (outcome.name, *format_exc().splitlines()[-8:])
        finally:
            town.stop()
    return outcome


def _run(run: _Run, each_day: EachDay) -> None:
    town = run.town
    town.sync()
    town.hours()
    for action in town.plan.actions:
        town.later(action.at, action.who, action.what, partial(_done, town, action))
    day = town.plan.begins + timedelta(days=1)
    while run.step():
        while town.clock.true() >= day:
            each_day(day - timedelta(days=1), run.outcome)
            day += timedelta(days=1)
    run.settle()
    each_day(day - timedelta(days=1), run.outcome)


def _done(town: SimulatedTown, action: SimulatedAction) -> str:
    return {**ACTIONS, **FAULTS}[action.what](town, action, action.rng(town.plan.seed))


def simulate_town(config: Config, days: int, seed: int, each_day: EachDay) -> SimulationResult:
    return run_plan(config, make_plan(seed, days, config.office.timezone), each_day)


# --- the shortest story ------------------------------------------------------------------------------


def shrink_run(config: Config, failed: SimulationResult, tried: Callable[[int], None]) -> SimulationResult:
    """Shrink a failing run to the shortest story found in which the same invariant breaks.

    Days, people, kinds of actions and single actions are removed as long as the run fails in the same way. Each action
    has its own random generator, so the remaining actions stay as they were; their consequences may differ. `tried` is
    called with the number of each trial.
    """
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
