"""ForkedCommands without the wait for imports: one interpreter has loaded oacmail, and forks for every call.

Each verb still runs in a process of its own, with its own arguments, standard output, standard error and exit code.
What is spared is half a second of importing, some hundred times in a run of the tests.
"""

import atexit
import json
import os
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

from oacmail import cli

ROOT = Path(__file__).parents[2]


class ForkedCommands:
    """`call(words)` runs `oacmail WORDS…`."""

    def __init__(self) -> None:
        self._home: subprocess.Popen[str] | None = None

    def call(self, words: Sequence[str]) -> subprocess.CompletedProcess[str]:
        home = self._started()
        assert home.stdin is not None
        assert home.stdout is not None
        with tempfile.TemporaryDirectory(prefix="verb-") as folder:
            home.stdin.write(json.dumps({"words": list(words), "folder": folder}) + "\n")
            home.stdin.flush()
            code = int(home.stdout.readline())
            out, err = (Path(folder, name).read_text("utf-8") for name in ("out", "err"))
        return subprocess.CompletedProcess(list(words), code, out, err)

    def _started(self) -> subprocess.Popen[str]:
        if self._home is None:
            command = [sys.executable, "-m", "tests.e2e.verbs"]
            self._home = subprocess.Popen(
                command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8"
            )
            atexit.register(self._home.kill)
        return self._home


def _serve() -> None:
    """A line of JSON in, a child for it, its exit code out."""
    for module in {module for module, _ in cli.VERBS.values()}:
        import_module(f"oacmail.cli.{module}")
    for line in sys.stdin:
        asked = json.loads(line)
        pid = os.fork()
        if pid == 0:
            os._exit(_run(asked["words"], Path(asked["folder"])))
        print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)


def _run(words: list[str], folder: Path) -> int:
    """In the child: what the command `oacmail` does."""
    for descriptor, name in ((1, "out"), (2, "err")):
        os.dup2(os.open(folder / name, os.O_WRONLY | os.O_CREAT), descriptor)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    sys.argv = ["oacmail", *words]
    try:
        cli.main()
        code: object = 0
    except SystemExit as end:
        code = end.code or 0
    except BaseException:
        traceback.print_exc()
        code = 1
    sys.stdout.flush()
    sys.stderr.flush()
    return code if isinstance(code, int) else 1


if __name__ == "__main__":
    _serve()
