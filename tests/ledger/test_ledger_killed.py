"""The ledger's compaction is killed anywhere: it is done or not begun, and what it proves is proven afterwards too.

The process is a real one, which ends between two instructions of SQLite.
"""

import os
import shutil
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path

import pytest

from oacmail.store import ledger
from oacmail.store.connection import FILE, connect
from tests.world import ANNA, MARTA, PERE, World

MOMENTS = 40
Compaction = Callable[[sqlite3.Connection, Sequence[bytes]], None]


def advance(con: sqlite3.Connection, keys: Sequence[bytes]) -> None:
    ledger.advance(con, keys, ledger.prove(con, keys))


def killed(file: Path, keys: Sequence[bytes], compact: Compaction, most: int) -> int:
    """Compact in a process that is killed after so many instructions; return how many there were, 0 = it was killed."""
    told, tell = os.pipe()
    child = os.fork()
    if not child:
        count = 0

        def step() -> int:
            nonlocal count
            count += 1
            if count > most:
                os._exit(9)
            return 0

        con = connect(file)
        con.set_progress_handler(step, 1)
        compact(con, keys)
        os.write(tell, str(count).encode())
        os._exit(0)
    os.close(tell)
    with os.fdopen(told) as answer:
        count = int(answer.read() or 0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == (0 if count else 9)
    return count


def held(file: Path) -> list[list[tuple[object, ...]]]:
    with closing(sqlite3.connect(file)) as con:
        return [list(con.execute(f"SELECT * FROM {name}")) for name in ("ledger", "ledger_rows", "ledger_snapshot")]


@pytest.mark.parametrize("compact", [advance, ledger.begin])
def test_a_compaction_that_is_killed_anywhere_is_done_or_not_begun(world: World, compact: Compaction) -> None:
    for who in (ANNA, PERE, MARTA):
        world.agent_replies(world.citizen_asks(who))
    keys, begun, file = world.policy.secrets, world.config.office.state / FILE, world.root / "killed" / FILE
    world.stop()
    shutil.copytree(begun.parent, file.parent)
    count = killed(file, keys, compact, 10**9)
    before, after = held(begun), held(file)
    assert before != after
    ends = set()
    for moment in range(1, count, count // MOMENTS):
        shutil.rmtree(file.parent)
        shutil.copytree(begun.parent, file.parent)
        killed(file, keys, compact, moment)
        assert held(file) in (before, after)
        ends.add(held(file) == after)
        with closing(connect(file)) as con:
            proof = ledger.prove(con, keys)
            assert (proof.broken, proof.differences) == ("", ())
            compact(con, keys)
        assert held(file) == after
    assert False in ends
    world.start()
