"""Run a command of the admin's own, which has its own way to reach people: no shell, no secret, an end in time.

It gets the words of the caller as arguments, an environment of two names, and no input; what it prints is dropped. It
never decides when a command is run.
"""

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass

_ENVIRONMENT = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8"}


@dataclass(frozen=True, slots=True)
class AdminProgram:
    """`command`: the program and its first arguments; () = there is none. `seconds`: after which it is killed."""

    command: tuple[str, ...]
    seconds: float

    def run(self, words: Sequence[str]) -> str:
        """Run it to its end with `words` as its last arguments; return why it failed, '' = it did not."""
        if not self.command:
            return ""
        try:
            done = subprocess.run(  # noqa: S603 - the admin's own command, and no word of a citizen
                [*self.command, *words],
                env=_ENVIRONMENT,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                timeout=self.seconds,
                check=False,
                start_new_session=True,
            )
        except subprocess.TimeoutExpired:
            return f"ended after {self.seconds:.0f} s"
        except OSError as error:
            return type(error).__name__
        return f"exit code {done.returncode}" if done.returncode else ""
