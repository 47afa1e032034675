"""A second process that reads messages ahead while this one works those before: for a mailbox that is full at the
start.

Decides who reads a group of messages: the process beside, or whoever wants the answer and would have to wait for it;
the answer is the same. Few messages are read by who works them, at once. The process is forked before there is a
thread, a file or a line to inherit, knows messages only, and ends with the first pass over the mailbox or with us, so
that an idle daemon is one process. Dead or silent, it is missed by nobody.
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
MANY = 40  # messages that lie there: fewer are one group or two
_FIRST = RawMessage(raw=b"Subject: one\r\n\r\nFirst.\r\n", skipped=(), day="")


def _unchanging(mapping: dict[Any, Any]) -> "MappingProxyType[Any, Any]":
    return MappingProxyType(mapping)


copyreg.pickle(MappingProxyType, lambda mapping: (_unchanging, (dict(mapping),)))


@dataclass(slots=True, eq=False)
class _Group:
    """Messages that were asked for together, and their Messages once somebody has read them."""

    parser_config: ParserConfig
    messages: Sequence[RawMessage]
    read: "Future[list[Message]]" = field(default_factory=Future)

    def read_here(self) -> None:
        try:
            self.read.set_result([message.read(self.parser_config) for message in self.messages])
        except Exception as error:  # told by who works the message that it was
            self.read.set_exception(error)


class ParseWorker:
    """`Parser` with a process beside this one until the first `end`, to be made while there is one thread. `longest`:
    seconds that a group may take; then the other is given up."""

    def __init__(self, longest: float = 60.0) -> None:
        context = multiprocessing.get_context("fork")
        self._line, its = context.Pipe()
        self.process = context.Process(target=_serve, args=(its, self._line), name="reader", daemon=True)
        self.process.start()
        its.close()  # what is left of it is the other's: it ends with that
        self._longest = longest
        self._parser_config = ParserConfig()
        self._wanted = True
        self.waiting: deque[_Group] = deque()  # nobody has begun with these
        self._asked = threading.Semaphore(0)
        self._speaker = threading.Thread(target=self._speak, name="beside", daemon=True)

    def begin(self, parser_config: ParserConfig, ahead: int) -> None:
        self._parser_config = parser_config
        if ahead >= MANY and self._wanted and not self._speaker.ident:
            self._speaker.start()

    def ask(self, messages: Sequence[RawMessage]) -> Answers:
        parser_config = self._parser_config
        if not self._speaker.is_alive():
            return lambda at: messages[at].read(parser_config)
        group = _Group(parser_config, messages)
        self.waiting.append(group)
        self._asked.release()
        return lambda at: self._answer(group, at)

    def end(self) -> None:
        if not self._wanted:
            return
        self._wanted = False
        while group := _taken(self.waiting.pop):
            group.read.cancel()
        self.process.kill()
        self.process.join()
        self._asked.release()
        if not self._speaker.ident:
            self._line.close()

    def _answer(self, group: _Group, at: int) -> Message:
        """Who would have to wait reads what nobody has begun with, the last first: it is wanted last."""
        try:
            while not group.read.done() and (other := _taken(self.waiting.pop)):
                other.read_here()
            return group.read.result(self._longest)[at]
        except TimeoutError:
            self.process.kill()
        except Exception:  # noqa: S110  # told by `_speak`, or by who works the message below
            pass
        return group.messages[at].read(group.parser_config)

    def _speak(self) -> None:
        """A group at a time, until the other has gone."""
        try:
            with self._line:
                while self._asked.acquire() and self._wanted:
                    if group := _taken(self.waiting.popleft):
                        self._ask_other(group)
        except Exception as error:  # the pipe's end, or what no pickle is
            self.process.kill()
            if self._wanted:
                log.warning("reader.gone", error=type(error).__name__)

    def _ask_other(self, group: _Group) -> None:
        try:
            self._line.send_bytes(pickle.dumps((group.parser_config, group.messages), pickle.HIGHEST_PROTOCOL))
            group.read.set_result(self._line.recv())
        except BaseException as error:
            group.read.set_exception(error)
            raise


def start() -> Parser:
    try:
        return ParseWorker()
    except OSError as error:  # no room for another process: one reads as well as two
        log.warning("reader.failed", error=type(error).__name__)
        return InlineParser()


def _taken(take: Callable[[], _Group]) -> _Group | None:
    """None = there is none left: it is a matter of moments who takes the last."""
    try:
        return take()
    except IndexError:
        return None


def _serve(line: "Connection[Any, Any]", not_ours: "Connection[Any, Any]") -> None:
    """The other side: groups of messages, each answered by its Messages, until the line is closed."""
    not_ours.close()
    for number in (signal.SIGINT, signal.SIGHUP):  # said to all of a terminal's or a service's processes: not for it
        signal.signal(number, signal.SIG_IGN)
    _FIRST.read(ParserConfig())  # the tables are laid out before anybody waits
    with suppress(Exception):  # the pipe's end; or a fault whose text nobody may print: the other side reads instead
        while True:
            parser_config, messages = line.recv()
            read = [message.read(parser_config) for message in messages]
            line.send_bytes(pickle.dumps(read, pickle.HIGHEST_PROTOCOL))
