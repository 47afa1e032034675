"""The log: one line an event on standard error, JSON for machines, plain where a terminal reads.

Decides what may be written: ids, kinds, codes, counts and places. Never a citizen's words, never an address, never
a secret: keys that are not in KEYS are dropped (their names are listed under `dropped`), whatever looks like an
address is masked, control and direction characters are escaped, and of an exception only its class and its places
in the code are kept, since its text may quote a message. Lines of other libraries shrink to their place.
"""

import logging
import os
import re
import sys
import traceback
import unicodedata
from collections.abc import Mapping, MutableMapping
from pathlib import Path
from typing import Any, TextIO

import structlog

KEYS = frozenset(
    {
        *("event", "level", "timestamp"),
        *("case", "message", "key", "folder", "uid", "event_id", "instance"),  # ids; `message` is a fingerprint
        *("kind", "state", "role", "rule", "reason", "template", "lang", "job", "server", "version", "signal"),
        *("code", "status", "error", "at", "logger", "problem", "shadow"),
        *("count", "attempt", "seconds", "bytes", "errors", "due_at", "next_at", "since", "dropped"),
    }
)
"""The keys that a log call may use; `error` holds a class or our own error's text, `at` places in the code."""

_PRIORITIES = {"debug": 7, "info": 6, "warning": 4, "error": 3, "critical": 2}
_ADDRESS = re.compile(r"[^\s<>\"']+@[^\s<>\"']+")
_LONGEST = 300

Event = MutableMapping[str, Any]


def configure(stream: TextIO = sys.stderr, *, level: int = logging.INFO) -> None:
    """Set the log up, once a process: structlog's own loggers and those of the libraries."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _only_places,
            _only_known_keys,
            _clean_values,
            _renderer(terminal=stream.isatty(), journal=is_journal(stream)),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(stream),
    )
    logging.basicConfig(handlers=[_Library()], level=logging.WARNING, force=True)


def is_journal(stream: TextIO, environ: Mapping[str, str] = os.environ) -> bool:
    """Whether the stream goes to the journal: $JOURNAL_STREAM names its device and inode (systemd.exec(5))."""
    try:
        about = os.fstat(stream.fileno())
    except (OSError, ValueError):
        return False
    return environ.get("JOURNAL_STREAM") == f"{about.st_dev}:{about.st_ino}"


def _renderer(*, terminal: bool, journal: bool) -> structlog.typing.Processor:
    if terminal:
        return structlog.dev.ConsoleRenderer()
    as_json = structlog.processors.JSONRenderer(ensure_ascii=False)
    return _Prioritised(as_json) if journal else as_json


class _Prioritised:
    """The journal's priority before each line (sd-daemon(3)), so that `journalctl -p warning` finds it."""

    def __init__(self, render: structlog.processors.JSONRenderer) -> None:
        self._render = render

    def __call__(self, logger: object, method: str, event: Event) -> str:
        return f"<{_PRIORITIES.get(method, 6)}>{self._render(logger, method, event)!s}"


def _only_places(_logger: object, _method: str, event: Event) -> Event:
    """`exc_info` becomes `error` (the class) and `at` (the three innermost places), never the exception's text."""
    given = event.pop("exc_info", None)
    found = sys.exception() if given is True else given[1] if isinstance(given, tuple) else given
    if isinstance(found, BaseException):
        event.update(_places(found))
    return event


def _places(error: BaseException) -> dict[str, str]:
    frames = traceback.extract_tb(error.__traceback__)[-3:]
    at = " < ".join(f"{Path(frame.filename).name}:{frame.lineno}" for frame in reversed(frames))
    return {"error": type(error).__name__, "at": at}


def _only_known_keys(_logger: object, _method: str, event: Event) -> Event:
    strange = sorted(event.keys() - KEYS)
    for key in strange:
        del event[key]
    if strange:
        event["dropped"] = ",".join(strange)
    return event


def _clean_values(_logger: object, _method: str, event: Event) -> Event:
    return {key: value if isinstance(value, int | float | None) else clean(str(value)) for key, value in event.items()}


def clean(text: str) -> str:
    """One harmless line: addresses masked, control, format and surrogate characters escaped, 300 characters."""
    shown = _ADDRESS.sub("<address>", text[:_LONGEST])
    if shown.isascii() and shown.isprintable():
        return shown
    return "".join(_escaped(char) for char in shown)


def _escaped(char: str) -> str:
    harmful = unicodedata.category(char) in {"Cc", "Cf", "Cs", "Zl", "Zp"}
    return char.encode("unicode_escape").decode("ascii") if harmful else char


class _Library(logging.Handler):
    """Lines of other libraries: where they came from, and no text, since they quote what they read."""

    def emit(self, record: logging.LogRecord) -> None:
        place = {"logger": record.name, "at": f"{record.module}:{record.lineno}"}
        if record.exc_info and record.exc_info[0]:
            place["error"] = record.exc_info[0].__name__
        structlog.get_logger().log(record.levelno, "library", **place)
