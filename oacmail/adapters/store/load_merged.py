"""Finds the case that a merged case has become, so that what names the old number is about the one that people work on.

Only of cases of one and the same citizen: an answer to the old number of somebody else's case must not reach a
stranger.
Selects only; it never judges what it finds.
"""

import sqlite3
from collections.abc import Mapping

from oacmail.core.model import Status
from oacmail.core.view import CaseView

_STEPS_MOST = 5  # merged into a case that was merged in its turn
_INTO = """SELECT i.number FROM cases o JOIN cases i ON i.citizen_id = o.citizen_id AND i.id <> o.id
    JOIN events e ON e.case_id = i.id AND e.kind = 'merged' AND json_extract(e.data, '$.from') = o.number
    WHERE o.number = ? AND o.status = 'closed' AND o.close_reason = 'duplicate' AND i.erased_at IS NULL
    ORDER BY e.id DESC LIMIT 1"""


def merged_into(con: sqlite3.Connection, about: Mapping[str, CaseView]) -> dict[str, str]:
    """The number of each case that was merged -> the number of the case that has its messages now."""
    closed = [
        case.number for case in about.values() if case.status is Status.CLOSED and case.close_reason == "duplicate"
    ]
    return {number: into for number in closed if (into := current_number(con, number)) != number}


def current_number(con: sqlite3.Connection, number: str) -> str:
    """The same number if the case was not merged."""
    path: list[str] = [number]
    while len(path) <= _STEPS_MOST and (row := con.execute(_INTO, path[-1:]).fetchone()) and row["number"] not in path:
        path.append(row["number"])
    return path[-1]


def with_merged(
    about: dict[str, CaseView], into: Mapping[str, str], targets: Mapping[str, CaseView]
) -> dict[str, CaseView]:
    """The cases by their numbers, and by those of the cases that were merged into them."""
    return {**about, **targets, **{old: targets[new] for old, new in into.items() if new in targets}}
