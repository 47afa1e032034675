"""Draw charts in a process of their own, so that the plotting library is in the memory of none that stays.

The process is the same interpreter with limits on time and memory. Whatever goes wrong, there are no pictures and the
reason is returned: a report never waits for its charts. No figure is computed here.
"""

import json
import os
import subprocess
import sys
from base64 import b64decode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

SECONDS, MEMORY = 60.0, 1 << 30  # bytes of address space
_LONGEST_REASON = 200


@dataclass(frozen=True, slots=True)
class Drawn:
    """PNG images by the name of their chart, or why there are none."""

    images: Mapping[str, bytes]
    reason: str = ""


def draw(charts: Sequence[Mapping[str, object]], *, seconds: float = SECONDS, memory: int = MEMORY) -> Drawn:
    """`charts`: fields of words/report_forms.py. Never raises for what the process does."""
    if not charts:
        return Drawn({})
    command = [sys.executable, "-I", "-m", "oacmail.charts.draw", str(memory)]
    # one thread: a pool for a few bars would cost more than the bars, and reserves memory by the core
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    try:
        done = subprocess.run(  # noqa: S603 - our own interpreter, no shell
            command,
            input=json.dumps(charts).encode(),
            capture_output=True,
            timeout=seconds,
            env=environment,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return Drawn({}, f"no charts within {seconds:g} seconds")
    except OSError as error:
        return Drawn({}, str(error))
    if done.returncode:
        last = done.stderr.decode("utf-8", "replace").strip().splitlines()[-1:]
        return Drawn({}, (last[0] if last else f"exit {done.returncode}")[:_LONGEST_REASON])
    return Drawn({name: b64decode(image) for name, image in json.loads(done.stdout).items()})
