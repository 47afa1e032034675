"""A compaction of the ledger in a process that ends after so many instructions of SQLite.

The processes are forked by a program without threads (a fork of a process with threads may wait for a lock for ever):
it is asked by a line of JSON and answers with a number.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from oacmail.store import ledger
from oacmail.store.connection import connect

Killed = Callable[[Path, str, int], int]


def compact(file: Path, how: str, keys: Sequence[bytes], most: int = 10**9) -> int:
    """Compact the ledger of a database; return the instructions that this needed. `how`: see `oacmail.store.ledger`."""
    count = 0

    def step() -> int:
        nonlocal count
        count += 1
        if count > most:
            os._exit(9)
        return 0

    con = connect(file)
    con.set_progress_handler(step, 1)
    if how == "advance":
        ledger.advance(con, keys, ledger.prove(con, keys))
    else:
        ledger.begin(con, keys)
    con.close()
    return count


@contextmanager
def killing(keys: Sequence[bytes]) -> Iterator[Killed]:
    """How many instructions a compaction has needed that was killed after so many, 0 = it was killed."""
    command = [sys.executable, "-m", "tests.ledger.killed", *(key.hex() for key in keys)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as program:
        asks, answers = program.stdin, program.stdout
        assert asks is not None
        assert answers is not None

        def killed(file: Path, how: str, most: int) -> int:
            print(json.dumps([str(file), how, most]), file=asks, flush=True)
            return int(answers.readline())

        yield killed


def _serve(keys: Sequence[bytes]) -> None:
    for line in sys.stdin:
        file, how, most = json.loads(line)
        told, tell = os.pipe()
        child = os.fork()
        if not child:
            os.write(tell, str(compact(Path(file), how, keys, most)).encode())
            os._exit(0)
        os.close(tell)
        with os.fdopen(told) as answer:
            count = int(answer.read() or 0)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == (0 if count else 9)
        print(count, flush=True)


if __name__ == "__main__":
    _serve([bytes.fromhex(key) for key in sys.argv[1:]])
