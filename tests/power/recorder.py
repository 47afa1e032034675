"""The recorder, built and loaded into a process: see recorder.c."""

import os
import random
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from tests.e2e.forked import ROOT
from tests.power.disk import Disk, entries, lay, seen

LAST = 20
_SOURCE = Path(__file__).with_suffix(".c")


def built(folder: Path) -> Path:
    """The library, compiled into the folder."""
    library = folder / "recorder.so"
    subprocess.run(
        ["gcc", "-O1", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", "-o", library, _SOURCE],
        check=True,
        env={**os.environ, "TMPDIR": str(folder)},
    )
    return library


def watching(state: Path, log: Path, *, cut: int | None = None, deaf: bool = False) -> Mapping[str, str]:
    """The environment of a process into which the library is loaded: it records what happens to the files of `state`,
    stops at the step `cut`, two for each call, and with `deaf` every sync does nothing."""
    asked = {"POWER_STATE": str(state), "POWER_LOG": str(log)}
    return {
        **asked,
        **({} if cut is None else {"POWER_CUT": str(cut)}),
        **({"POWER_DEAF": "1"} if deaf else {}),
    }


def cuts(
    library: Path, machine: Path, act: str, *, deaf: bool = False, fates: int = 2, every: int = 1
) -> Iterator[tuple[int, list[str]]]:
    """Let `tests.power.acts` do this, then cut it between any two of its calls, `fates` times each: lay what the power
    has left, and yield the place of the cut with what was told until then. `every`: only at so many, but for the last.
    """
    log, disk = machine.with_suffix(".log"), Disk.of(machine)
    environ = {**os.environ, "LD_PRELOAD": str(library), **watching(machine, log, deaf=deaf)}
    subprocess.run([sys.executable, "-m", "tests.power.acts", act, str(machine)], check=True, env=environ, cwd=ROOT)
    calls, told = list(entries(log)), str(machine / "told")
    after = seen(machine)
    for place in range(len(calls) + 1):
        lines = (disk.now().get(told) or b"").decode().splitlines()
        for fate in range(fates if place % every == 0 or place > len(calls) - LAST else 0):
            left, _ = disk.after_cut(random.Random(f"{place} {fate}"))
            lay(machine, left)
            yield place, lines
        if place < len(calls):
            disk.perform(calls[place])
    assert disk.now() == after, "the recorder has missed a call"
