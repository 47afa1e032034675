"""The JSON shapes of docs/interfaces.md section 3, held strictly: every key, no other, and what each value may be.

A shape is a type, a set of words, a pattern for strings, a list of one shape, a dict of shapes, `Maybe(shape)` for
what may be null, `Counts` for a dict of counts by word, or `Anything`.
"""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

TIME = "<time>"


@dataclass(frozen=True)
class Maybe:
    shape: Any


class Counts:
    """A dict of counts."""


class Anything:
    """Any JSON value."""


def faults(value: Any, shape: Any, at: str = "") -> list[str]:
    """What is not as the shape says; [] = all is."""
    match shape:
        case Maybe():
            return [] if value is None else faults(value, shape.shape, at)
        case dict():
            return _of_dict(value, shape, at)
        case [inner]:
            if not isinstance(value, list):
                return [f"{at}: {value!r} is no list"]
            return [fault for place, item in enumerate(value) for fault in faults(item, inner, f"{at}[{place}]")]
        case set():
            return [] if value in shape else [f"{at}: {value!r} is none of {sorted(shape)}"]
        case re.Pattern():
            good = isinstance(value, str) and shape.fullmatch(value)
            return [] if good else [f"{at}: {value!r} is not like {shape.pattern}"]
        case str():
            return [] if _is_time(value) else [f"{at}: {value!r} is no ISO 8601 time with a zone"]
        case _:
            return _of_type(value, shape, at)


def _of_dict(value: Any, shape: dict[str, Any], at: str) -> list[str]:
    if not isinstance(value, dict):
        return [f"{at}: {value!r} is no object"]
    odd = sorted(shape.keys() ^ value.keys())
    wrong = [f"{at}.{key}: missing or unknown" for key in odd]
    return wrong + [fault for key in shape.keys() & value.keys() for fault in faults(value[key], shape[key], key)]


def _of_type(value: Any, shape: Any, at: str) -> list[str]:
    if shape is Anything:
        return []
    if shape is Counts:
        good = isinstance(value, dict) and all(isinstance(one, str) and type(n) is int for one, n in value.items())
        return [] if good else [f"{at}: {value!r} is no table of counts"]
    if shape is float and type(value) is int:
        return []  # a number is a number in JSON
    return [] if type(value) is shape else [f"{at}: {value!r} is no {shape.__name__}"]


def _is_time(value: Any) -> bool:
    try:
        return datetime.fromisoformat(value).tzinfo is not None
    except (TypeError, ValueError):
        return False


NUMBER = re.compile(r"[A-Z]+-\d{4}-\d{6}")
ADDRESS = re.compile(r"[^\s<>@A-Z]+@[^\s<>@A-Z]+")
KINDS = {"request", "thanks", "auto_reply", "bounce", "bulk", "spam"}
LEVELS = {"first", "second", "out_of_scope"}
LANGUAGES = {"ca", "es", "en", "fr", "other"}
STATES = {"queued", "sending", "uncertain", "sent", "failed", "held", "dropped", "shadow"}

CASE: dict[str, Any] = {
    "number": NUMBER,
    "status": {"open", "derived", "waiting", "answered", "closed"},
    "kind": KINDS,
    "topic": str,
    "level": LEVELS,
    "intent": str,
    "language": LANGUAGES,
    "citizen": ADDRESS,
    "subject": str,
    "assignee": Maybe(str),
    "opened_at": TIME,
    "due_at": Maybe(TIME),
    "answered_at": Maybe(TIME),
    "closed_at": Maybe(TIME),
    "overdue": bool,
    "messages": int,
    "score": Maybe(int),
    "operator": Maybe(str),
    "platform": Maybe(str),
    "cause": Maybe({"platform", "document_or_form"}),
    "urgent": bool,
    "ends_on": Maybe(str),
    "ends_hour": Maybe(str),
    "update_at": Maybe(TIME),
    "incident": Maybe(NUMBER),
    "delayed": bool,
    "late_same_day": bool,
}
CASE_SHOWN: dict[str, Any] = {
    **CASE,
    "messages": [{"message_id": Maybe(str), "role": str, "received_at": TIME, "subject": str, "folder": str}],
    "outgoing": [
        {
            "key": str,
            "kind": str,
            "recipient": ADDRESS,
            "message_id": str,
            "state": STATES,
            "sent_at": Maybe(TIME),
        }
    ],
    "events": [{"at": TIME, "kind": str, "data": Anything}],
}
OUTBOX: dict[str, Any] = {
    "key": str,
    "kind": str,
    "case": Maybe(NUMBER),
    "recipient": ADDRESS,
    "message_id": str,
    "state": STATES,
    "attempts": int,
    "next_at": Maybe(TIME),
    "sent_at": Maybe(TIME),
    "last_error": Maybe(str),
}
STATUS: dict[str, Any] = {
    "ok": bool,
    "version": str,
    "cases": Counts,
    "outbox": Counts,
    "unaccounted": int,
    "quarantine": int,
    "last_sync": Maybe(TIME),
    "last_tick": Maybe(TIME),
    "canary": Maybe({"sent_at": TIME, "seconds": int}),
    "reconciled": Maybe(
        {
            "at": TIME,
            "compared": Counts,
            "found": [{"what": str, "where": str, "at": Maybe(TIME), "detail": str}],
        }
    ),
    "schema": Maybe(str),
    "problems": [{"code": str, "severity": {"warning", "critical"}, "text": str}],
    "shadow": bool,
    "overdue": int,
    "oldest_waiting_seconds": int,
    "sync_age_seconds": Maybe(int),
    "tick_age_seconds": Maybe(int),
    "records": Maybe(
        {
            "at": TIME,
            "found": [{"level": {"error", "warning"}, "where": str, "what": str, "do": str}],
            "unseen": [str],
        }
    ),
    "ends": [{"what": str, "on": re.compile(r"\d{4}-\d\d-\d\d")}],
    "purged": Maybe({"at": TIME, "cases": int, "copies": int}),
    "verdicts": [{"envelope": str, "at": TIME, "receiver": str, "spf": str, "dkim": str, "dmarc": str, "ok": bool}],
    "refusals": [{"domain": str, "refused": int, "people": int, "text": str}],
    "last_backup": Maybe(TIME),
    "drill": Maybe({"at": TIME, "result": {"passed", "failed"}}),
}
TRY: dict[str, Any] = {
    "file": str,
    "rung": {"full", "stdlib", "headers", "opaque"},
    "message_id": Maybe(str),
    "sender": Maybe(str),
    "subject": str,
    "kind": KINDS,
    "topic": Maybe(str),
    "level": Maybe(LEVELS),
    "intent": Maybe(str),
    "language": LANGUAGES,
    "callback": Maybe({"phone": re.compile(r"\+\d+"), "slot": {"morning", "afternoon", "any"}}),
    "confidence": {"kind": float, "topic": Maybe(float), "level": Maybe(float), "intent": Maybe(float)},
    "because": [str],
    "text": str,
    "fresh": str,
    "attachments": [{"name": str, "mime": str, "size": int}],
}
REPLAY: dict[str, Any] = {
    "message_id": Maybe(str),
    "received_at": TIME,
    "role": str,
    "kind": str,
    "case": Maybe(NUMBER),
    "joined_by": Maybe(str),
    "effects": [str],
}
DUE: dict[str, Any] = {"received": TIME, "due": TIME, "why": [str], "urgent": TIME}

_FIGURE = Maybe(float)
_MEASURE = {
    "key": str,
    "label": str,
    "value": _FIGURE,
    "unit": {"percent", "count", "hours", "days", "points"},
    "n": Maybe(int),
    "target": _FIGURE,
    "difference": _FIGURE,
    "met": Maybe(bool),
    "enough": bool,
    "low": _FIGURE,
    "high": _FIGURE,
}
REPORT = {
    "month": str,
    "office": str,
    "language": {"ca", "es", "en"},
    "generated_at": TIME,
    "final": bool,
    "published_at": Maybe(TIME),
    "grouped": bool,
    "indicators": [
        {
            "id": str,
            "name": str,
            "formula": str,
            "target": _FIGURE,
            "result": _FIGURE,
            "unit": str,
            "n": Maybe(int),
            "difference": _FIGURE,
            "met": Maybe(bool),
            "enough": bool,
            "measures": [_MEASURE],
            "tables": [
                {
                    "key": str,
                    "label": str,
                    "rows": [{"key": str, "label": str, "count": int, "before": Maybe(int), "year_before": Maybe(int)}],
                }
            ],
            "breaches": [{"case": str, "cause": str, "label": str, "late": _FIGURE}],
        }
    ],
    "volumes": {"cases": Maybe(int), "channels": Counts, "topics": Counts},
    "trend": [{"month": str, "published": bool, "values": Anything}],
    "corrections": [
        {
            "month": str,
            "id": str,
            "key": str,
            "label": str,
            "old": _FIGURE,
            "new": _FIGURE,
            "why": str,
            "at": Maybe(TIME),
        }
    ],
}
