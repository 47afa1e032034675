"""The demo from the empty mailbox to the exit code: sets the stage, plays the acts, reads the outcome back, tells it.

It uses no configuration, server, state or secret of the machine, and leaves no process and no file behind. An act
begins when all that went before has been read, decided and sent by the daemon.
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
from oacmail.demo import story
from oacmail.demo.children import Children, end, until
from oacmail.demo.evidence import Evidence, gathered
from oacmail.demo.expectations import Expectation, judge
from oacmail.demo.office import furnished
from oacmail.demo.post import open_post
from oacmail.demo.screen import lines
from oacmail.demo.town import DemoTown

Say = Callable[[str], None]
PATIENCE = 35.0  # seconds for all acts together
MISSING = "the demo needs the package mail-devel: `make demo` installs it, as does `pip install 'oacmail[demo]'`"


def demo(say: Say, progress: Say, *, stay: bool) -> int:
    """0 if every expected outcome was met, else 1. `say` gets the outcome, `progress` what goes on meanwhile.

    With `stay` all keeps running till Ctrl-C. Raises OacmailError without mail-devel, Transient where a server or
    the daemon does not come up.
    """
    if find_spec("mail_devel") is None:
        raise OacmailError(MISSING)
    with tempfile.TemporaryDirectory(prefix="oacmail-demo-") as folder, Children() as children:
        post = open_post(children, Path(folder), web=stay)
        return _staged(DemoTown(post, furnished(Path(folder), post, children)), say, progress, stay=stay)


def told(world: Evidence, expectations: Sequence[Expectation], seconds: float, say: Say) -> int:
    """Say what became of it; the exit code."""
    for line in lines(world, expectations, seconds):
        say(line)
    return 0 if all(each.met for each in expectations) else 1


def _staged(town: DemoTown, say: Say, progress: Say, *, stay: bool) -> int:
    begun, office = monotonic(), town.office
    if stay:
        say(f"All mailboxes in a browser, from now on: {town.post.page}")
    town.furnish()
    daemon = office.start()
    undone = _Play(town, daemon, progress, begun + PATIENCE).acts()
    progress("reading the outcome back from the mailboxes")
    world = gathered(town, undone, daemon.pid)
    if not stay:
        world = replace(world, ended=end(daemon), log=office.log())
    progress("")
    code = told(world, judge(world), monotonic() - begun, say)
    if stay:
        _stay(town, say)
    return code


class _Play:
    """The acts in their order. What cannot be done since something before it went wrong is named, and it goes on."""

    def __init__(self, town: DemoTown, daemon: "Popen[bytes]", progress: Say, deadline: float) -> None:
        self._town, self._daemon, self._progress, self._deadline = town, daemon, progress, deadline
        self._undone: list[str] = []

    def acts(self) -> tuple[str, ...]:
        """What could not be done."""
        self._progress("oacmail starts on a mailbox that nobody has read for two days")
        self._settle()
        self._progress("the town writes")
        self._town.write()
        self._settle()
        for title, deeds in story.ACTS:
            self._progress(title)
            for deed in deeds:
                try:
                    self._town.do(deed)
                except LookupError as error:
                    self._undone.append(f"{deed.about}: {deed.how}: {error}")
            self._settle()
        return tuple(self._undone)

    def _settle(self) -> None:
        """Waits till the daemon has done all; in vain, and the expectations will name what is missing."""
        now = datetime.now(UTC)
        patience = max(1.0, self._deadline - monotonic())
        until(lambda: self._daemon.poll() is not None or self._town.office.settled(now), patience, every=0.1)
        if self._daemon.poll() is not None:
            last = self._town.office.log().strip().splitlines()[-1:]
            raise Transient(f"demo: oacmail run ended with {self._daemon.returncode}: {' '.join(last)}")


def _stay(town: DemoTown, say: Say) -> None:
    say(f"\nAll mailboxes in a browser: {town.post.page} (write to {story.OFFICE} there, and wait a second)")
    say(f"As an admin: oacmail --config {town.office.config} case list")
    say("Ctrl-C ends it and leaves nothing behind.")
    try:
        Event().wait()
    except KeyboardInterrupt:
        return
