"""The log: one line for each event on standard error, JSON for machines, plain on a terminal.

This module decides what may be logged: ids, kinds, codes, counts and places; never citizens' words, addresses or
secrets. Keys that are not in KEYS are dropped (`dropped` lists their names), anything like an address is masked, and
control and direction characters are escaped. Only the class of an exception and its places in the code are kept, since
its text may quote a message. Log lines of other libraries are reduced to their place.
"""

import json
import logging
import os
import re
import sys
import traceback
import unicodedata
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from threading import Lock
from typing import Any, TextIO

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

Event = dict[str, Any]


def _log(level: str, event: str, **values: object) -> None:
    sink({**values, "event": event, "level": level})


info = partial(_log, "info")
warning = partial(_log, "warning")
error = partial(_log, "error")
critical = partial(_log, "critical")


def configure(stream: TextIO = sys.stderr, *, least: str = "info") -> None:
    """Set up the log, once for each process: our own events from the level `least`, the warnings of the libraries."""
    global sink
    sink = lines(stream, least)
    logging.basicConfig(handlers=[_Library()], level=logging.WARNING, force=True)


def lines(stream: TextIO, least: str) -> Callable[[Event], None]:
    """What writes an event as a line: JSON, with the journal's priority before it where the stream goes there
    (sd-daemon(3)), so that `journalctl -p warning` works; on a terminal plain text."""
    one_at_a_time, form = Lock(), _plain if stream.isatty() else _prioritised if is_journal(stream) else _as_json

    def write(event: Event) -> None:
        if _PRIORITIES[event["level"]] <= _PRIORITIES[least]:
            line = form(_clean_values(_with_advice(_only_known_keys(_only_places(event | {"timestamp": _now()})))))
            with one_at_a_time:
                stream.write(f"{line}\n")
                stream.flush()

    return write


def _now() -> str:
    return datetime.now(UTC).isoformat().replace("+00:00", "Z")


def _as_json(event: Event) -> str:
    return json.dumps(event, ensure_ascii=False)


def _prioritised(event: Event) -> str:
    return f"<{_PRIORITIES[event['level']]}>{_as_json(event)}"


def _plain(event: Event) -> str:
    rest = " ".join(f"{key}={value}" for key, value in event.items() if key not in ("event", "level", "timestamp"))
    return f"{event['timestamp']} [{event['level']:<8}] {event['event']:<30} {rest}".rstrip()


def is_journal(stream: TextIO) -> bool:
    """True if the stream goes to the journal: $JOURNAL_STREAM names its device and inode (systemd.exec(5))."""
    try:
        about = os.fstat(stream.fileno())
    except (OSError, ValueError):
        return False
    return os.environ.get("JOURNAL_STREAM") == f"{about.st_dev}:{about.st_ino}"


def _only_places(event: Event) -> Event:
    """Replace `exc_info` with `error` (the class) and `at` (the three innermost places), never the exception's text."""
    given = event.pop("exc_info", None)
    found = sys.exception() if given is True else given[1] if isinstance(given, tuple) else given
    if isinstance(found, BaseException):
        frames = traceback.extract_tb(found.__traceback__)[-3:]
        event["error"] = type(found).__name__
        event["at"] = " < ".join(f"{Path(frame.filename).name}:{frame.lineno}" for frame in reversed(frames))
    return event


def _only_known_keys(event: Event) -> Event:
    strange = sorted(event.keys() - KEYS)
    for key in strange:
        del event[key]
    if strange:
        event["dropped"] = ",".join(strange)
    return event


def _with_advice(event: Event) -> Event:
    """Say in each warning and error what to do about it."""
    serious = event["level"] in ("warning", "error", "critical")
    if serious and (do := advice(str(event["event"]), str(event.get("error", "")))):
        event["do"] = do
    return event


def _clean_values(event: Event) -> Event:
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
        level = record.levelname.lower()
        sink({**place, "event": "library", "level": level if level in _PRIORITIES else "info"})


sink = lines(sys.stderr, "info")
"""Gets each event with its level, before anything is dropped or masked."""
