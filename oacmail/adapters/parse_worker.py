"""Parse messages ahead in a second process, if many wait at the start.

This module decides which process parses a group of messages: the worker, or the caller if it would have to wait; the
result is the same. If the worker is busy or dead, the caller parses the message itself; a few messages never go to the
worker. The worker is forked before threads, files and connections exist, handles messages only, and ends with the first
pass over the mailbox or with this process, so that an idle daemon is one process.
concurrent.futures.ProcessPoolExecutor needs as much CPU and more memory, and its workers outlive a killed parent
(docs/benchmarks.md, "The second process").
"""

import copyreg
import multiprocessing
import pickle
import signal
import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from types import MappingProxyType
from typing import Any

import structlog

from oacmail.core.model import Message
from oacmail.mail.parser_config import ParserConfig
from oacmail.mail.parsing import Answers, InlineParser, Parser, RawMessage

log = structlog.get_logger()
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
    """`Parser` with a second process until the first `end`; construct it while there is one thread.

    `longest`: seconds that a group may take before the worker is killed.
    """

    def __init__(self, longest: float = 60.0) -> None:
        context = multiprocessing.get_context("fork")
        self._connection, theirs = context.Pipe()
        self.process = context.Process(target=_serve, args=(theirs, self._connection), name="reader", daemon=True)
        self.process.start()
        theirs.close()  # only the worker keeps it, so that it closes with the worker
        self._longest = longest
        self._parser_config = ParserConfig()
        self._wanted = True
        self.waiting: deque[_Group] = deque()  # groups that nobody has started
        self._asked = threading.Semaphore(0)
        self._sender = threading.Thread(target=self._send_groups, name="parse-worker", daemon=True)

    def begin(self, parser_config: ParserConfig, ahead: int) -> None:
        self._parser_config = parser_config
        if ahead >= MANY and self._wanted and not self._sender.ident:
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
        self.process.kill()
        self.process.join()
        self._asked.release()
        if not self._sender.ident:
            self._connection.close()

    def _answer(self, group: _Group, at: int) -> Message:
        """Return one result; instead of waiting, parse groups that nobody has started, the last first: it is needed
        last."""
        try:
            while not group.read.done() and (other := _next(self.waiting.pop)):
                other.read_here()
            return group.read.result(self._longest)[at]
        except TimeoutError:
            self.process.kill()
        except Exception:  # noqa: S110  # logged by `_send_groups`, or raised again below
            pass
        return group.messages[at].read(group.parser_config)

    def _send_groups(self) -> None:
        """Send one group at a time to the worker until it ends."""
        try:
            with self._connection:
                self._connection.send(None)  # many messages wait
                while self._asked.acquire() and self._wanted:
                    if group := _next(self.waiting.popleft):
                        self._exchange(group)
        except Exception as error:  # the connection closed, or a group cannot be pickled
            self.process.kill()
            if self._wanted:
                log.warning("reader.gone", error=type(error).__name__)

    def _exchange(self, group: _Group) -> None:
        try:
            self._connection.send_bytes(pickle.dumps((group.parser_config, group.messages), pickle.HIGHEST_PROTOCOL))
            group.read.set_result(self._connection.recv())
        except BaseException as error:
            group.read.set_exception(error)
            raise


def start() -> Parser:
    try:
        return ParseWorker()
    except OSError as error:  # no resources for another process: one is enough
        log.warning("reader.failed", error=type(error).__name__)
        return InlineParser()


def _next(take: Callable[[], _Group]) -> _Group | None:
    """Return None if no group is left: another thread may take the last one."""
    try:
        return take()
    except IndexError:
        return None


def _serve(connection: "Connection[Any, Any]", not_ours: "Connection[Any, Any]") -> None:
    """The worker: answer each group of messages with its results until the connection closes."""
    not_ours.close()
    # a terminal or a service sends these to all its processes; the worker ignores them
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    # the connection closed, or an error whose text must not be printed: the caller parses the group
    with suppress(Exception):
        connection.recv()  # few messages do not need the tables, and building them takes half a second
        _FIRST.read(ParserConfig())  # while the caller fetches the first group
        while True:
            parser_config, messages = connection.recv()
            read = [message.read(parser_config) for message in messages]
            connection.send_bytes(pickle.dumps(read, pickle.HIGHEST_PROTOCOL))
