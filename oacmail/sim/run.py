"""A town from its first day to its last: what happened, what broke, and a digest by which two runs are the same."""

import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from hashlib import sha256
from pathlib import Path
from traceback import format_exc
from typing import Any

from oacmail.config import Config
from oacmail.sim.expected_due import Broken
from oacmail.sim.faults import MISFORTUNES
from oacmail.sim.invariants import Watch
from oacmail.sim.people import DEEDS
from oacmail.sim.plan import Plan, SimulatedAction, planned
from oacmail.sim.town import CALM_AFTER, SimulatedTown

SETTLING = timedelta(minutes=61)


@dataclass(slots=True)
class SimulationResult:
    """`story`: lines (when, who, what, what came of it). `broken`: the first invariant that did not hold, if any."""

    plan: Plan
    messages: int = 0
    cases: int = 0
    acks: int = 0
    escalations: int = 0
    misfortunes: int = 0
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
            "digest": self.digest,
            "broken": list(self.broken),
        }


@dataclass(slots=True)
class _Play:
    town: SimulatedTown
    watch: Watch
    outcome: SimulationResult
    digest: Any = field(default_factory=sha256)
    _given: int = 0

    def step(self) -> bool:
        goes_on = self.town.step()
        if goes_on:
            self._note()
            self.watch.after_a_step()
            if self.town.resting:
                self._rest()
        return goes_on

    def _rest(self) -> None:
        self.town.turn()
        self.town.sync()
        self._note()
        self.watch.after_a_step()
        self.watch.at_rest()

    def settle(self) -> None:
        """All is well from here on; hours pass."""
        town = self.town
        town.doom = ""
        town.mailbox.away, town.mailbox.refused = False, set()
        town.relay.well()
        for _ in range(CALM_AFTER // SETTLING + 2):
            town.clock.forward(minutes=SETTLING.total_seconds() / 60)
            town.compare = True
            town.turn()
            self._note()
            self.watch.after_a_step()
        self._rest()

    def line(self, at: datetime, who: str, what: str, came_of_it: str) -> None:
        self.outcome.story.append((at, who, what, came_of_it))
        self.digest.update(f"{at.isoformat()}|{who}|{what}|{came_of_it}\n".encode())
        self.outcome.misfortunes += who == "misfortune" and came_of_it != "over"
        self.outcome.messages = sum(len(message.at) for message in self.town.ledger.written.values())

    def _note(self) -> None:
        """What the service did since."""
        given = self.town.relay.given
        for mail in given[self._given :]:
            self.digest.update(f"{self.town.clock.true().isoformat()}|{mail.key}|{mail.recipient}\n".encode())
            self.outcome.acks += mail.key.startswith("ack:")
            self.outcome.escalations += mail.key.startswith("overdue")
        self._given = len(given)

    def close(self) -> None:
        town, outcome = self.town, self.outcome
        for row in town.store.con.execute("SELECT number, status, opened_at, answered_at FROM cases ORDER BY number"):
            self.digest.update(f"{tuple(row)}\n".encode())
            outcome.cases += 1
        outcome.digest = self.digest.hexdigest()


EachDay = Callable[[datetime, SimulationResult], None]


def played(config: Config, plan: Plan, each_day: EachDay = lambda day, outcome: None) -> SimulationResult:
    """Plays the plan; the first breach ends it. `each_day` is called when a day is over."""
    outcome = SimulationResult(plan)
    with tempfile.TemporaryDirectory(prefix="oacmail-town-") as scratch:
        town = SimulatedTown(config, plan, Path(scratch) / "state", lambda *line: play.line(*line))
        play = _Play(town, Watch(town), outcome)
        try:
            _play(play, each_day)
        except Broken as broken:
            outcome.broken, outcome.name = (str(broken),), broken.name
            outcome.story.append((town.clock.true(), "the watch", broken.name, broken.seen))
        except Exception as error:  # a bug is a finding: it comes with its story
            outcome.name = f"it goes on: {error!r}"
            outcome.broken = (outcome.name, *format_exc().splitlines()[-8:])
        finally:
            if town.down:
                town.start()
            play.close()
            town.stop()
    return outcome


def _play(play: _Play, each_day: EachDay) -> None:
    town = play.town
    town.sync()
    town.hours()
    for deed in town.plan.deeds:
        town.later(deed.at, deed.who, deed.what, partial(_done, town, deed))
    day = town.plan.begins + timedelta(days=1)
    while play.step():
        while town.clock.true() >= day:
            each_day(day - timedelta(days=1), play.outcome)
            day += timedelta(days=1)
    play.settle()
    each_day(day - timedelta(days=1), play.outcome)


def _done(town: SimulatedTown, deed: SimulatedAction) -> str:
    return {**DEEDS, **MISFORTUNES}[deed.what](town, deed, deed.chance(town.plan.seed))


def simulated(config: Config, days: int, seed: int, each_day: EachDay) -> SimulationResult:
    return played(config, planned(seed, days, config.office.timezone), each_day)
