"""Parse messages ahead in a second process, if many wait at the start.

This module decides which process parses a group of messages: the worker, or the caller if it would have to wait; the
result is the same. If the worker is busy or dead, the caller parses the message itself. The worker is a program of its
own, not a fork (a fork of a process with threads may wait for a lock for ever), and is started for many messages only.
It ends with the first pass over the mailbox, or when this process does, since its input then ends: an idle daemon is
one process. concurrent.futures.ProcessPoolExecutor needs as much CPU and more memory, and its workers outlive a killed
parent (docs/benchmarks.md, "The second process").
"""

import copyreg
import pickle
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import IO, Any

import structlog

from oacmail.core.model import Message
from oacmail.mail.parse import Answers, RawMessage
from oacmail.mail.parser_config import ParserConfig

log = structlog.get_logger()
_WORDS = (sys.executable, "-I", "-m", "oacmail.parse_worker")
MANY = 40  # waiting messages; fewer are one or two groups
_FIRST = RawMessage(raw=b"Subject: one\r\n\r\nFirst.\r\n", skipped=(), day="")


def _unchanging(mapping: dict[Any, Any]) -> "MappingProxyType[Any, Any]":
    return MappingProxyType(mapping)


copyreg.pickle(MappingProxyType, lambda mapping: (_unchanging, (dict(mapping),)))


@dataclass(slots=True, eq=False)
class _Group:
    """Messages that were submitted together, and their results once parsed."""

    parser_config: ParserConfig
    messages: Sequence[RawMessage]
    read: "Future[list[Message]]" = field(default_factory=Future)

    def read_here(self) -> None:
        try:
            self.read.set_result([message.read(self.parser_config) for message in self.messages])
        except Exception as error:  # raised again for the message that caused it
            self.read.set_exception(error)


class ParseWorker:
    """`Parser` with a second process for a first pass over many messages.

    `longest`: seconds that a group may take before the worker is killed.
    """

    def __init__(self, longest: float = 60.0) -> None:
        self.process: subprocess.Popen[bytes] | None = None
        self._longest = longest
        self._parser_config = ParserConfig()
        self._wanted = True
        self.waiting: deque[_Group] = deque()  # groups that nobody has started
        self._asked = threading.Semaphore(0)
        self._sender = threading.Thread(target=self._send_groups, name="parse-worker", daemon=True)

    def begin(self, parser_config: ParserConfig, ahead: int) -> None:
        self._parser_config = parser_config
        if ahead >= MANY and self._wanted and not self.process:
            self._start()

    def _start(self) -> None:
        pipe, nothing = subprocess.PIPE, subprocess.DEVNULL  # an error's text may quote a message
        try:
            # a session of its own: what a terminal sends to all its processes is not for the worker
            self.process = subprocess.Popen(_WORDS, stdin=pipe, stdout=pipe, stderr=nothing, start_new_session=True)  # noqa: S603
        except OSError as error:  # no resources for another process: one is enough
            log.warning("reader.failed", error=type(error).__name__)
        else:
            self._sender.start()

    def ask(self, messages: Sequence[RawMessage]) -> Answers:
        parser_config = self._parser_config
        if not self._sender.is_alive():
            return lambda at: messages[at].read(parser_config)
        group = _Group(parser_config, messages)
        self.waiting.append(group)
        self._asked.release()
        return lambda at: self._answer(group, at)

    def end(self) -> None:
        if not self._wanted:
            return
        self._wanted = False
        while group := _next(self.waiting.pop):
            group.read.cancel()
        self._kill()
        self._asked.release()

    def _kill(self) -> None:
        if self.process:
            self.process.kill()
            self.process.wait()

    def _answer(self, group: _Group, at: int) -> Message:
        """Return one result; instead of waiting, parse groups that nobody has started, the last first: it is needed
        last."""
        try:
            while not group.read.done() and (other := _next(self.waiting.pop)):
                other.read_here()
            return group.read.result(self._longest)[at]
        except TimeoutError:
            self._kill()
        except Exception:  # noqa: S110  # logged by `_send_groups`, or raised again below
            pass
        return group.messages[at].read(group.parser_config)

    def _send_groups(self) -> None:
        """Send one group at a time to the worker until it ends."""
        assert self.process
        assert self.process.stdin
        assert self.process.stdout
        try:
            while self._asked.acquire() and self._wanted:
                if group := _next(self.waiting.popleft):
                    self._exchange(group, self.process.stdin, self.process.stdout)
        except Exception as error:  # the worker has ended, or a group cannot be pickled
            self._kill()
            if self._wanted:
                log.warning("reader.gone", error=type(error).__name__)
        finally:
            with suppress(OSError):  # what it has not read is lost with it
                self.process.stdin.close()
            self.process.stdout.close()

    def _exchange(self, group: _Group, to: IO[bytes], back: IO[bytes]) -> None:
        try:
            pickle.dump((group.parser_config, group.messages), to, pickle.HIGHEST_PROTOCOL)
            to.flush()
            group.read.set_result(pickle.load(back))  # noqa: S301 - written by our own process
        except BaseException as error:
            group.read.set_exception(error)
            raise


def _next(take: Callable[[], _Group]) -> _Group | None:
    """Return None if no group is left: another thread may take the last one."""
    try:
        return take()
    except IndexError:
        return None


def serve() -> None:
    """The worker: answer each group of messages with its results until the input ends."""
    asked, answers = sys.stdin.buffer, sys.stdout.buffer
    sys.stdout = sys.stderr  # whatever is printed is no answer
    # the input has ended, or an error whose text must not be printed: the caller parses the group
    with suppress(Exception):
        _FIRST.read(ParserConfig())  # while the caller fetches the first group: building the tables takes half a second
        while True:
            parser_config, messages = pickle.load(asked)  # noqa: S301 - written by the process that started this one
            pickle.dump([message.read(parser_config) for message in messages], answers, pickle.HIGHEST_PROTOCOL)
            answers.flush()


if __name__ == "__main__":
    from oacmail import parse_worker  # the module that the other process names in what it sends

    parse_worker.serve()
