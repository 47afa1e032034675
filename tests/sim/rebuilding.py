"""Simulated towns lose their database on the last day; it is rebuilt, and each row that differs is named.

python -m tests.sim.rebuilding --towns 5 --days 90            # the first five seeds
python -m tests.sim.rebuilding --towns 5 --days 90 --faults
"""

import argparse
import logging
import sys
import tempfile
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from oacmail import config as settings
from oacmail import log
from oacmail.config import Config
from oacmail.engine.engine import Engine
from oacmail.rebuild.build import Rebuild
from oacmail.rebuild.summary import RebuildSummary
from oacmail.store import ledger
from oacmail.store.connection import FILE
from testbed.database import Recorded, differences, recorded
from testbed.sim.faults import FAULTS
from testbed.sim.plan import Plan, SimulatedAction, make_plan
from testbed.sim.run import ACTIONS
from testbed.sim.town import SimulatedTown

UNKNOWN = {"address": "@invalid", "recipient": "@invalid", "phone": "-> None", "reply_to": "-> ", "original": "-> 0"}
"""How the difference of a column ends that no mail tells any more."""
UNSENT = {("outbox", "state"), ("reviews", "")}
"""What differs of live cases too: of a mail that waited for the relay nothing is left to send."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LostTown:
    """What the ledger's tables held before the database was lost, and after it was rebuilt."""

    before: Recorded
    after: Recorded
    report: RebuildSummary


def lost_and_rebuilt(config: Config, plan: Plan) -> LostTown:
    with tempfile.TemporaryDirectory(prefix="oacmail-lost-") as scratch:
        town = SimulatedTown(config, plan, Path(scratch) / "state", lambda *_: None)
        _live(town)
        town.intake.ledger.write(at_once=True)
        before, key = recorded(town.store.con), town.engine.policy.secrets[0]
        policy, renderer, reading = town.engine.policy, town.engine.renderer, town.engine.parser_config
        town.stop()
        for path in town.config.office.state.glob(FILE + "*"):
            path.unlink()
        report = Rebuild(
            state=town.config.office.state,
            mailbox=town.mailbox,
            policy=policy,
            engine=lambda store, clock: Engine(
                policy=policy, store=store, renderer=renderer, clock=clock, parser_config=reading
            ),
            parser_config=reading,
            now=town.clock.now(),
            since=plan.begins,
            ledger=config.imap.ledger,
        ).run(dry_run=False)
        town.start()
        after = recorded(town.store.con)
        town.turn()
        town.stop()
    names = {
        row["fingerprint"]: now["fingerprint"]
        for row, now in ((row, after["messages"].get(name)) for name, row in before["messages"].items())
        if now and now["fingerprint"] != row["fingerprint"] and _of_none(key, row["fingerprint"], now["fingerprint"])
    }
    names |= {name[:16]: new[:16] for name, new in names.items()}
    return LostTown(before=_renamed(before, names), after=after, report=report)


def _of_none(key: bytes, was: str, now: str) -> bool:
    """Whether a rebuild may give this fingerprint to a message that is gone: copies may tell how its own began."""
    hashed = (ledger.keyed(key, was.encode()) or "")[1:]
    return now in (begins + hashed[16:] * 3 for begins in (was[:16], hashed[:16]))


def _renamed(found: Recorded, gone: Mapping[str, str]) -> Recorded:
    """The same with the fingerprint that a rebuild gives to a message that is in no folder any more."""

    def named(value: Any) -> Any:
        if not isinstance(value, str) or len(value) < 16:
            return value
        return ledger.FINGERPRINT.sub(lambda hit: gone.get(hit[0], hit[0]), value)

    return {
        table: {named(key): {name: named(value) for name, value in row.items()} for key, row in some.items()}
        for table, some in found.items()
    }


def named(lost: LostTown) -> list[tuple[str, str, str]]:
    """The differences; of a column that no mail tells any more the name is `unknown COLUMN`."""
    return [
        (table, f"unknown {name}" if name in UNKNOWN and row.endswith(UNKNOWN[name]) else name, row)
        for table, name, row in differences(lost.before, lost.after)
    ]


def of_live_cases(lost: LostTown, found: list[tuple[str, str, str]]) -> list[tuple[str, str, str]]:
    live = {key for key, row in lost.before["cases"].items() if row["status"] != "closed"}
    owned = {
        (table, key)
        for table, some in lost.before.items()
        for key, row in some.items()
        if (key if table == "cases" else str(row.get("case_id"))) in live
    }
    return [one for one in found if (one[0], one[2].partition(": ")[0]) in owned and not one[1].startswith("unknown")]


def _live(town: SimulatedTown) -> None:
    town.sync()
    town.hours()
    for action in town.plan.actions:
        town.later(action.at, action.who, action.what, partial(_done, town, action))
    while town.step():
        pass
    town.kill_at, town.mailbox.away, town.mailbox.refused = "", False, set()
    town.relay.recover()
    if town.down:
        town.down = False
        town.start()
    town.turn()


def _done(town: SimulatedTown, action: SimulatedAction) -> str:
    return {**ACTIONS, **FAULTS}[action.what](town, action, action.rng(town.plan.seed))


def without(plan: Plan, *names: str) -> Plan:
    return replace(plan, actions=tuple(one for one in plan.actions if one.what not in names))


def main() -> int:
    options = argparse.ArgumentParser()
    options.add_argument("--towns", type=int, default=5)
    options.add_argument("--first", type=int, default=1)
    options.add_argument("--days", type=int, default=90)
    options.add_argument("--faults", action="store_true")
    options.add_argument("--show", type=int, default=0)
    given = options.parse_args()
    log.configure(level=logging.CRITICAL)
    config = settings.builtin()
    classes: Counter[tuple[str, str]] = Counter()
    lost_more = 0
    for seed in range(given.first, given.first + given.towns):
        plan = make_plan(seed, given.days, config.office.timezone)
        lost = lost_and_rebuilt(config, without(plan, *(() if given.faults else FAULTS)))
        found = named(lost)
        live = [one for one in of_live_cases(lost, found) if one[:2] not in UNSENT]
        lost_more += bool(live)
        classes.update((table, column) for table, column, _ in found)
        cases = lost.before["cases"]
        count = sum(row["status"] != "closed" for row in cases.values())
        verdict = f"{len(live)} of their fields differ" if live else "they are what they were"
        print(f"seed {seed}: {len(cases)} cases, {count} live: {verdict}")
        print(f"    {len(found)} of all fields; {lost.report.ledger}", flush=True)
        for line in (*live, *found)[: given.show]:
            print(f"    {line}")
    for (table, column), number in sorted(classes.items()):
        print(f"| {table} | {column} | {number} |")
    return int(lost_more > 0)


if __name__ == "__main__":
    sys.exit(main())
