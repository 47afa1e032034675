"""A second process that reads letters ahead while this one works those before: for a full mailbox, on a second core.

Decides who reads a group of letters: the process beside, or, where that is dead or silent, whoever wants the answer,
which is the same. Few letters are read by who works them, at once. The process is
forked before there is a thread, a file or a line to inherit, shares its memory with us as far as neither writes to it,
knows letters only, and ends with us: its end of the pipe says so.
"""

import copyreg
import multiprocessing
import pickle
import signal
import threading
from collections.abc import Sequence
from concurrent.futures import Future
from contextlib import suppress
from multiprocessing.connection import Connection
from queue import SimpleQueue
from types import MappingProxyType
from typing import Any

import structlog

from oacmail.core.model import Message
from oacmail.mail.house import House
from oacmail.mail.parsing import Answers, Here, Unread

log = structlog.get_logger()
MANY = 40  # letters that lie there: fewer are one group or two
_FIRST = Unread(raw=b"Subject: one\r\n\r\nFirst.\r\n", skipped=(), day="")

Job = tuple[House, Sequence[Unread], "Future[list[Message]]"]


def _unchanging(mapping: dict[Any, Any]) -> "MappingProxyType[Any, Any]":
    return MappingProxyType(mapping)


copyreg.pickle(MappingProxyType, lambda mapping: (_unchanging, (dict(mapping),)))


class Beside:
    """`Parsing` with a process beside this one, to be made while there is one thread. `longest`: seconds that a group
    may take; then the other is given up."""

    def __init__(self, longest: float = 60.0) -> None:
        context = multiprocessing.get_context("fork")
        self._line, its = context.Pipe()
        self.process = context.Process(target=_serve, args=(its, self._line), name="reader", daemon=True)
        self.process.start()
        its.close()  # what is left of it is the other's: it ends with that
        self._longest = longest
        self._house = House()
        self._here = Here()
        self._many = False
        self._gone = threading.Event()
        self._jobs: SimpleQueue[Job] = SimpleQueue()
        self._asked: set[Future[list[Message]]] = set()
        self._speaker = threading.Thread(target=self._speak, name="beside", daemon=True)

    def begin(self, house: House, ahead: int) -> None:
        self._house = house
        self._here.begin(house, ahead)
        self._many = ahead >= MANY
        if self._many and not self._speaker.ident:
            self._speaker.start()

    def ask(self, letters: Sequence[Unread]) -> Answers:
        here = self._here.ask(letters)
        if not self._many or self._gone.is_set():
            return here
        ahead: Future[list[Message]] = Future()
        self._asked.add(ahead)
        ahead.add_done_callback(self._asked.discard)
        self._jobs.put((self._house, letters, ahead))
        if self._gone.is_set():
            ahead.cancel()
        return self._either(ahead, here)

    def end(self) -> None:
        for ahead in tuple(self._asked):
            ahead.cancel()

    def _either(self, ahead: "Future[list[Message]]", here: Answers) -> Answers:
        def answer(at: int) -> Message:
            try:
                return ahead.result(self._longest)[at]
            except TimeoutError:
                self.process.kill()
            except Exception:  # noqa: S110  # `_speak` has told of it
                pass
            return here(at)

        return answer

    def _speak(self) -> None:
        """A group at a time, until the other has gone: then nobody waits for it any more."""
        try:
            while True:
                self._ask_other(*self._jobs.get())
        except Exception as error:  # the pipe's end, or what no pickle is
            log.warning("reader.gone", error=type(error).__name__)
            self._gone.set()
            self.process.kill()
            self.end()

    def _ask_other(self, house: House, letters: Sequence[Unread], answer: "Future[list[Message]]") -> None:
        if not answer.set_running_or_notify_cancel():
            return
        try:
            self._line.send_bytes(pickle.dumps((house, letters), pickle.HIGHEST_PROTOCOL))
            answer.set_result(self._line.recv())
        except BaseException as error:
            answer.set_exception(error)
            raise


def _serve(line: "Connection[Any, Any]", not_ours: "Connection[Any, Any]") -> None:
    """The other side: groups of letters, each answered by its Messages, until the line is closed."""
    not_ours.close()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # it ends with who started it
    _FIRST.read(House())  # the tables are laid out before anybody waits
    with suppress(EOFError, OSError):
        while True:
            house, letters = line.recv()
            read = [letter.read(house) for letter in letters]
            line.send_bytes(pickle.dumps(read, pickle.HIGHEST_PROTOCOL))
