"""Parse messages ahead in a second process, if many wait at the start.

This module decides which process parses a group of messages: the worker, or the caller if it would have to wait; the
result is the same. If the worker is busy or dead, the caller parses the message itself. The worker is a program of its
own, not a fork (a fork of a process with threads may wait for a lock for ever), and is started for many messages only.
It ends with the first pass over the mailbox, or when this process does, since its connection then ends: an idle daemon
is one process. The pools of the standard library need more memory, leave a process behind that tracks resources, and
their workers outlive a killed parent (docs/benchmarks.md, "The second process").
"""

import copyreg
import logging
import pickle
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from contextlib import suppress
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from msgspec import Struct, field

from oacmail.core.model import Message
from oacmail.mail.parse import Answers, Parser, RawMessage
from oacmail.mail.parser_config import ParserConfig

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

log = logging.getLogger(__name__)

MANY = 40  # waiting messages; fewer are one or two groups
_FIRST = RawMessage(raw=b"Subject: one\r\n\r\nFirst.\r\n", skipped=(), day="")


def _unchanging(mapping: dict[Any, Any]) -> "MappingProxyType[Any, Any]":
    return MappingProxyType(mapping)


copyreg.pickle(MappingProxyType, lambda mapping: (_unchanging, (dict(mapping),)))


class _Group(Struct, eq=False):
    """Messages that were submitted together, and their results once parsed."""

    parser_config: ParserConfig
    messages: Sequence[RawMessage]
    parsed: "Future[list[Message]]" = field(default_factory=Future)

    def parse_here(self) -> None:
        self.parsed = Future()
        try:
            self.parsed.set_result([message.read(self.parser_config) for message in self.messages])
        except Exception as error:  # raised again for the message that caused it
            self.parsed.set_exception(error)


class ParseWorker(Parser):
    """`Parser` with a second process for a first pass over many messages.

    `longest`: seconds that a group may take before the worker is killed.
    """

    def __init__(self, longest: float = 60.0) -> None:
        super().__init__()
        self.process: subprocess.Popen[bytes] | None = None
        self.asked: list[_Group] = []  # not all of them parsed
        self._longest = longest
        self._wanted = True
        self._connection: Connection | None = None  # None = there is no worker
        self._sent: ParserConfig | None = None  # what the worker parses with
        self._sender = ThreadPoolExecutor(1, "parse-worker")

    def begin(self, parser_config: ParserConfig, ahead: int) -> None:
        super().begin(parser_config, ahead)
        if ahead < MANY or not self._wanted or self.process:
            return
        from multiprocessing.connection import Pipe  # few starts need it

        ours, its = Pipe()
        words = (sys.executable, "-I", "-m", "oacmail.parse_worker", str(its.fileno()))
        nothing = subprocess.DEVNULL  # an error's text may quote a message
        with its:
            try:
                # a session of its own: what a terminal sends to all its processes is not for the worker
                self.process = subprocess.Popen(  # noqa: S603
                    words, stdout=nothing, stderr=nothing, pass_fds=[its.fileno()], start_new_session=True
                )
                self._connection = ours
            except OSError as error:  # no resources for another process: one is enough
                log.warning("reader.failed", {"error": type(error).__name__})

    def ask(self, messages: Sequence[RawMessage]) -> Answers:
        if self._connection is None:
            return super().ask(messages)
        group = _Group(self.parser_config, messages)
        group.parsed = self._sender.submit(self._exchange, group)
        self.asked = [*(asked for asked in self.asked if not asked.parsed.done()), group]
        return lambda at: self._answer(group, at)

    def end(self) -> None:
        self._wanted = False
        self._sender.shutdown(wait=False, cancel_futures=True)
        self._kill()
        self.asked = []

    def _kill(self) -> None:
        self._connection = None
        if self.process:
            self.process.kill()
            self.process.wait()

    def _answer(self, group: _Group, at: int) -> Message:
        """Return one result; instead of waiting, parse groups that nobody has started, the last first: it is needed
        last."""
        try:
            while not group.parsed.done() and (other := next(filter(_is_taken, reversed(self.asked)), None)):
                other.parse_here()
            return group.parsed.result(self._longest)[at]
        except TimeoutError:
            self._kill()
        except (Exception, CancelledError):  # noqa: S110  # logged by `_exchange`, or raised again below
            pass
        return group.messages[at].read(group.parser_config)

    def _exchange(self, group: _Group) -> list[Message]:
        """Let the worker parse a group, in a thread of its own."""
        connection = self._connection
        if connection is None:
            raise EOFError
        try:
            new = None if self._sent is group.parser_config else group.parser_config
            # not `recv`: what fails there leaves a view of its buffer, which Python 3.13 reports when it is collected
            connection.send_bytes(pickle.dumps((new, group.messages)))
            self._sent = group.parser_config
            parsed: list[Message] = pickle.loads(connection.recv_bytes())  # noqa: S301  # from our own child
        except Exception as error:  # the worker has ended, or a group cannot be pickled
            self._kill()
            if self._wanted:
                log.warning("reader.gone", {"error": type(error).__name__})
            raise
        return parsed


def _is_taken(group: _Group) -> bool:
    """Take a group that nobody has started."""
    return not group.parsed.cancelled() and group.parsed.cancel()


def serve(connection: "Connection") -> None:
    """The worker: answer each group of messages with its results until the connection ends."""
    # the connection has ended, or an error whose text must not be printed: the caller parses the group
    with suppress(Exception):
        _FIRST.read(ParserConfig())  # loads the weights, while the caller fetches the first group
        parser_config = ParserConfig()
        while True:
            new, messages = pickle.loads(connection.recv_bytes())  # noqa: S301  # from our own parent
            parser_config = new or parser_config
            connection.send_bytes(pickle.dumps([message.read(parser_config) for message in messages]))


if __name__ == "__main__":
    from multiprocessing.connection import Connection

    from oacmail import parse_worker  # the module that the other process names in what it sends

    parse_worker.serve(Connection(int(sys.argv[1])))
