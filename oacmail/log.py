"""The log: one line for each event on standard error, JSON for machines, plain on a terminal.

This module decides what may be logged: ids, kinds, codes, counts and places; never citizens' words, addresses or
secrets. Keys that are not in KEYS are dropped (`dropped` lists their names), anything like an address is masked, and
control and direction characters are escaped. Only the class of an exception and its places in the code are kept, since
its text may quote a message. Log lines of other libraries are reduced to their place.
"""

import logging
import os
import re
import sys
import traceback
import unicodedata
from collections.abc import MutableMapping
from pathlib import Path
from typing import Any, TextIO

import structlog

from oacmail.advice import advice

KEYS = frozenset(
    {
        *("event", "level", "timestamp"),
        *("case", "message", "key", "folder", "uid", "event_id", "instance"),  # ids; `message` is a fingerprint
        *("kind", "state", "role", "rule", "reason", "template", "lang", "job", "server", "version", "signal"),
        *("code", "status", "error", "do", "at", "logger", "problem", "shadow"),
        *("count", "attempt", "seconds", "bytes", "errors", "due_at", "next_at", "since", "dropped"),
    }
)
"""The keys that a log call may use; `error` is a class or our own error's text, `at` are places in the code."""

_PRIORITIES = {"debug": 7, "info": 6, "warning": 4, "error": 3, "critical": 2}
_ADDRESS = re.compile(r"[^\s<>\"']+@[^\s<>\"']+")
_LONGEST = 300

Event = MutableMapping[str, Any]


def configure(stream: TextIO = sys.stderr, *, level: int = logging.INFO) -> None:
    """Set up the log, once for each process: structlog's own loggers and those of the libraries."""
    renderer: structlog.typing.Processor = structlog.dev.ConsoleRenderer()
    if not stream.isatty():
        as_json = structlog.processors.JSONRenderer(ensure_ascii=False)
        renderer = _Prioritised(as_json) if is_journal(stream) else as_json
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _only_places,
            _only_known_keys,
            _with_advice,
            _clean_values,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(stream),
    )
    logging.basicConfig(handlers=[_Library()], level=logging.WARNING, force=True)


def is_journal(stream: TextIO) -> bool:
    """True if the stream goes to the journal: $JOURNAL_STREAM names its device and inode (systemd.exec(5))."""
    try:
        about = os.fstat(stream.fileno())
    except (OSError, ValueError):
        return False
    return os.environ.get("JOURNAL_STREAM") == f"{about.st_dev}:{about.st_ino}"


class _Prioritised:
    """Put the journal's priority before each line (sd-daemon(3)), so that `journalctl -p warning` works."""

    def __init__(self, render: structlog.processors.JSONRenderer) -> None:
        self._render = render

    def __call__(self, logger: object, method: str, event: Event) -> str:
        return f"<{_PRIORITIES.get(method, 6)}>{self._render(logger, method, event)!s}"


def _only_places(_logger: object, _method: str, event: Event) -> Event:
    """Replace `exc_info` with `error` (the class) and `at` (the three innermost places), never the exception's text."""
    given = event.pop("exc_info", None)
    found = sys.exception() if given is True else given[1] if isinstance(given, tuple) else given
    if isinstance(found, BaseException):
        frames = traceback.extract_tb(found.__traceback__)[-3:]
        event["error"] = type(found).__name__
        event["at"] = " < ".join(f"{Path(frame.filename).name}:{frame.lineno}" for frame in reversed(frames))
    return event


def _only_known_keys(_logger: object, _method: str, event: Event) -> Event:
    strange = sorted(event.keys() - KEYS)
    for key in strange:
        del event[key]
    if strange:
        event["dropped"] = ",".join(strange)
    return event


def _with_advice(_logger: object, _method: str, event: Event) -> Event:
    """Say in each warning and error what to do about it."""
    serious = event["level"] in ("warning", "error", "critical")
    if serious and (do := advice(str(event["event"]), str(event.get("error", "")))):
        event["do"] = do
    return event


def _clean_values(_logger: object, _method: str, event: Event) -> Event:
    return {key: value if isinstance(value, int | float | None) else clean(str(value)) for key, value in event.items()}


def clean(text: str) -> str:
    """Return one harmless line: masked addresses, escaped control, format and surrogate characters, 300 characters."""
    shown = text[:_LONGEST]
    if "@" in shown:
        shown = _ADDRESS.sub("<address>", shown)
    if shown.isascii() and shown.isprintable():
        return shown
    harmful = {"Cc", "Cf", "Cs", "Zl", "Zp"}
    return "".join(
        char.encode("unicode_escape").decode("ascii") if unicodedata.category(char) in harmful else char
        for char in shown
    )


class _Library(logging.Handler):
    """Log lines of other libraries by their place only, since their text quotes what they read."""

    def emit(self, record: logging.LogRecord) -> None:
        place = {"logger": record.name, "at": f"{record.module}:{record.lineno}"}
        if record.exc_info and record.exc_info[0]:
            place["error"] = record.exc_info[0].__name__
        structlog.get_logger().log(record.levelno, "library", **place)
