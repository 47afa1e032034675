"""The log: one line for each event on standard error, JSON for machines, plain on a terminal.

This module decides what may be logged: ids, kinds, codes, counts and places; never citizens' words, addresses or
secrets. Keys that are not in KEYS are dropped (`dropped` lists their names), anything like an address is masked, and
control and direction characters are escaped. Only the class of an exception and its places in the code are kept, since
its text may quote a message. Log lines of other libraries are reduced to their place.

A module logs with `log = logging.getLogger(__name__)` and `log.info("mail.sent", {"key": key})`: an event and its keys.
"""

import json
import logging
import os
import re
import sys
import unicodedata
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from traceback import walk_tb
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

_PRIORITIES = {logging.DEBUG: 7, logging.INFO: 6, logging.WARNING: 4, logging.ERROR: 3, logging.CRITICAL: 2}
_ADDRESS = re.compile(r"[^\s<>\"']+@[^\s<>\"']+")
_LONGEST = 300
_JSON = json.JSONEncoder(ensure_ascii=False)


def configure(stream: TextIO | None = None, *, level: int = logging.INFO) -> None:
    """Set up the log of the process, on standard error: our events from `level` on, warnings of the libraries.

    A line that cannot be written, as on a full disk, is lost: the work goes on.
    """
    stream = stream or sys.stderr or Path(os.devnull).open("w")  # noqa: SIM115 - it may be closed
    handler = logging.StreamHandler(stream)
    handler.setFormatter(_Line(stream))
    logging.basicConfig(handlers=[handler], level=max(level, logging.WARNING), force=True)
    logging.getLogger("oacmail").setLevel(level)
    logging.raiseExceptions = False  # it would print the values of the lost line


def is_journal(stream: TextIO) -> bool:
    """True if the stream goes to the journal: $JOURNAL_STREAM names its device and inode (systemd.exec(5))."""
    try:
        about = os.fstat(stream.fileno())
    except (OSError, ValueError):
        return False
    return os.environ.get("JOURNAL_STREAM") == f"{about.st_dev}:{about.st_ino}"


class _Line(logging.Formatter):
    """The journal's priority stands before each line (sd-daemon(3)), so that `journalctl -p warning` works."""

    def __init__(self, stream: TextIO) -> None:
        self._terminal, self._journal = stream.isatty(), is_journal(stream)

    def format(self, record: logging.LogRecord) -> str:
        fields = _fields(record)
        if self._terminal:
            first = [fields.pop(key) for key in ("timestamp", "level", "event")]
            return " ".join([*first, *(f"{key}={value}" for key, value in fields.items())])
        priority = f"<{_PRIORITIES.get(record.levelno, 6)}>" if self._journal else ""
        return priority + _JSON.encode(fields)


def _fields(record: logging.LogRecord) -> dict[str, Any]:
    """What a line says, in its order."""
    event, given = record.msg, record.args if isinstance(record.args, Mapping) else {}
    if not record.name.startswith("oacmail."):
        event, given = "library", {"logger": record.name, "at": f"{record.module}:{record.lineno}"}
    fields = {key: value for key, value in given.items() if key in KEYS}
    fields["event"] = event
    fields["level"] = record.levelname.lower()
    fields["timestamp"] = (
        datetime.fromtimestamp(record.created, UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
    )
    if record.exc_info and (found := record.exc_info[1]):
        places = [f"{Path(frame.f_code.co_filename).name}:{line}" for frame, line in walk_tb(found.__traceback__)]
        fields["error"] = type(found).__name__
        fields["at"] = " < ".join(reversed(places[-3:]))
    if strange := sorted(given.keys() - KEYS):
        fields["dropped"] = ",".join(strange)
    if record.levelno >= logging.WARNING and (do := advice(event, str(fields.get("error", "")))):
        fields["do"] = do
    return {key: value if isinstance(value, int | float | None) else clean(str(value)) for key, value in fields.items()}


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
