"""The ledger's compaction is killed anywhere: it is done or not begun, and what it proves is proven afterwards too."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from oacmail.store import ledger
from oacmail.store.connection import FILE, connect
from tests.ledger.killed import compact, killing
from tests.world import ANNA, MARTA, PERE, World

MOMENTS = 40


def held(file: Path) -> list[list[tuple[object, ...]]]:
    with closing(sqlite3.connect(file)) as con:
        return [list(con.execute(f"SELECT * FROM {name}")) for name in ("ledger", "ledger_rows", "ledger_snapshot")]


@pytest.mark.parametrize("how", ["advance", "begin"])
def test_a_compaction_that_is_killed_anywhere_is_done_or_not_begun(world: World, how: str) -> None:
    for who in (ANNA, PERE, MARTA):
        world.agent_replies(world.citizen_asks(who))
    keys, begun, file = world.policy.secrets, world.config.office.state / FILE, world.root / "killed" / FILE
    world.stop()
    shutil.copytree(begun.parent, file.parent)
    with killing(keys) as killed:
        count = killed(file, how, 10**9)
        before, after = held(begun), held(file)
        assert before != after
        ends = set()
        for moment in range(1, count, count // MOMENTS):
            shutil.rmtree(file.parent)
            shutil.copytree(begun.parent, file.parent)
            killed(file, how, moment)
            assert held(file) in (before, after)
            ends.add(held(file) == after)
            with closing(connect(file)) as con:
                proof = ledger.prove(con, keys)
                assert (proof.broken, proof.differences) == ("", ())
            compact(file, how, keys)
            assert held(file) == after
    assert False in ends
    world.start()
