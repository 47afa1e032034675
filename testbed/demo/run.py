"""Run the demo from the empty mailbox to the exit code: start the servers, run the acts, read the outcome, print it.

The demo uses no configuration, server, state or secret of the machine, and leaves no process and no file. An act
begins when the daemon has read, decided and sent everything before it.
"""

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from subprocess import Popen
from threading import Event
from time import monotonic

from oacmail.core.errors import OacmailError, Transient
from testbed.demo import story
from testbed.demo.children import Children, end, until
from testbed.demo.evidence import DemoEvidence, collect
from testbed.demo.expectations import Expectation, check_expectations
from testbed.demo.mail_server import start_mail_server
from testbed.demo.office import make_office
from testbed.demo.screen import lines
from testbed.demo.town import DemoTown
from testbed.people import OFFICE

Say = Callable[[str], None]
PATIENCE = 35.0  # seconds for all acts together
LAST_PATIENCE = 15.0  # seconds at least for the pass after the last act: a busy machine may have used up PATIENCE
MISSING = "the package mail-devel is missing: `make demo` installs it"


def demo(say: Say, progress: Say, *, stay: bool) -> int:
    """Return 0 if every expectation was met, else 1. `say` gets the outcome, `progress` the current step.

    With `stay` everything keeps running until Ctrl-C. Raises OacmailError without mail-devel, Transient if a server or
    the daemon does not start.
    """
    if find_spec("mail_devel") is None:
        raise OacmailError(MISSING)
    with tempfile.TemporaryDirectory(prefix="oacmail-demo-") as folder, Children() as children:
        server = start_mail_server(children, Path(folder), web=stay)
        return _staged(DemoTown(server, make_office(Path(folder), server, children)), say, progress, stay=stay)


def print_outcome(evidence: DemoEvidence, expectations: Sequence[Expectation], seconds: float, say: Say) -> int:
    """Print the outcome; return the exit code."""
    for line in lines(evidence, expectations, seconds):
        say(line)
    return 0 if all(each.met for each in expectations) else 1


def _staged(town: DemoTown, say: Say, progress: Say, *, stay: bool) -> int:
    begun, office = monotonic(), town.office
    if stay:
        say(f"All mailboxes in a browser, from now on: {town.server.page}")
    town.prepare()
    daemon = office.start()
    undone = _Acts(town, daemon, progress, begun + PATIENCE).run()
    progress("reading the outcome back from the mailboxes")
    evidence = collect(town, undone, daemon.pid)
    if not stay:
        evidence = replace(evidence, ended=end(daemon), log=office.log())
        progress("the database is deleted, and rebuilt from the mailbox")
        evidence = replace(evidence, rebuilt=office.lose_and_rebuild())
    progress("")
    code = print_outcome(evidence, check_expectations(evidence), monotonic() - begun, say)
    if stay:
        _stay(town, say)
    return code


class _Acts:
    """Runs the acts in order. An action that is not possible after an earlier failure is recorded and skipped."""

    def __init__(self, town: DemoTown, daemon: "Popen[bytes]", progress: Say, deadline: float) -> None:
        self._town, self._daemon, self._progress, self._deadline = town, daemon, progress, deadline
        self._undone: list[str] = []

    def run(self) -> tuple[str, ...]:
        """Run all acts; return the actions that were not possible."""
        self._progress("oacmail starts on a mailbox that nobody has read for two days")
        self._settle()
        self._progress("the town writes")
        self._town.write()
        self._settle()
        for title, actions in story.ACTS:
            self._progress(title)
            for action in actions:
                try:
                    self._town.do(action)
                except LookupError as error:
                    self._undone.append(f"{action.about}: {action.how}: {error}")
            self._settle()
        self._settle(at_least=LAST_PATIENCE)  # a pass moves messages on the board after it has recorded its reading
        return tuple(self._undone)

    def _settle(self, at_least: float = 1.0) -> None:
        """Wait until the daemon has nothing left to do; after the deadline, and `at_least` so many seconds, the
        expectations name what is missing."""
        now = datetime.now(UTC)
        patience = max(at_least, self._deadline - monotonic())
        until(lambda: self._daemon.poll() is not None or self._town.office.settled(now), patience, every=0.1)
        if self._daemon.poll() is not None:
            last = self._town.office.log().strip().splitlines()[-1:]
            raise Transient(f"oacmail run ended with {self._daemon.returncode}: {' '.join(last)}")


def _stay(town: DemoTown, say: Say) -> None:
    say(f"\nAll mailboxes in a browser: {town.server.page} (write to {OFFICE} there, and wait a second)")
    say(f"As an admin: oacmail --config {town.office.config} case list")
    say("Ctrl-C ends it and leaves nothing behind.")
    try:
        Event().wait()
    except KeyboardInterrupt:
        return
