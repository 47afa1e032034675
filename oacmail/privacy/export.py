"""All that is held on a person, as values: the copy of GDPR art. 15.3, machine-readable as in art. 20.

Other people's data are not disclosed with it (art. 15.4): addresses of third parties are masked, and staff appear as
"the office", since employees who worked on a case are no recipients of its data (CJEU C-579/21). What the person wrote,
and what was sent to them, is whole: they know it already. It changes nothing.
"""

import re
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from oacmail.adapters.store.privacy import scope
from oacmail.adapters.store.privacy.held import held
from oacmail.core.policy import Policy
from oacmail.privacy.mailbox import FoundMessage

FORMAT = 1
_ADDRESS = re.compile(r"[^\s<>\"'(),;:\[\]@]{1,64}@[\w.-]{1,253}(?<=\w)")  # bounded: the texts are strangers'
_BYTES = ("bytes", "mime")
_OFFICE = "(office)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Archive:
    """`data`: values for JSON; `files`: name -> bytes of messages, as .eml (RFC 5322). `office`: its name for itself;
    `zone`: of its times, for people."""

    data: Mapping[str, Any]
    office: str
    zone: ZoneInfo
    files: Mapping[str, bytes] = field(default_factory=dict)


def masked(policy: Policy, address: str, text: str) -> str:
    """The text with other people's addresses masked: `p…@example.org`; the office's own and the person's stay."""

    def shown(found: re.Match[str]) -> str:
        one = found[0].lower()
        if one == address or policy.office.is_own(one):
            return found[0]
        if one in policy.people.staff:
            return _OFFICE
        return f"{found[0][0]}…@{found[0].rpartition('@')[2]}"

    return _ADDRESS.sub(shown, text)


def export(
    con: sqlite3.Connection,
    policy: Policy,
    address: str,
    now: datetime,
    *,
    mailbox: Sequence[FoundMessage] | None,
    backups: Sequence[tuple[str, str]],
) -> Archive | None:
    """Return the archive; None = nothing is held. `mailbox`: None = it was not asked. `backups`: (path, day)."""
    found = scope.of_person(con, address)
    if found.is_empty and not mailbox:
        return None
    rows = held(con, found)
    files = dict(_files(rows, mailbox or ()))
    data = {
        "format": FORMAT,
        "office": policy.office.address,
        "person": address,
        "at": now.astimezone(policy.office.timezone).isoformat(timespec="seconds"),
        **_clean(policy, address, _readable(rows)),
        "mailbox": None if mailbox is None else [_place(one, number) for number, one in enumerate(mailbox, 1)],
        "backups": [{"path": path, "made_at": day} for path, day in backups],
    }
    return Archive(data=data, files=files, office=policy.office.name, zone=policy.office.timezone)


def _readable(rows: Mapping[str, Any]) -> dict[str, Any]:
    """The rows without bytes, which are files, also where one has none: all rows of a table have the same columns."""
    return {name: [_row(row) for row in some] for name, some in rows.items()}


def _row(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name not in _BYTES}


def _clean(policy: Policy, address: str, value: Any) -> Any:
    """Every text inside, masked."""
    match value:
        case str():
            return masked(policy, address, value)
        case dict():
            return {name: _clean(policy, address, one) for name, one in value.items()}
        case list():
            return [_clean(policy, address, one) for one in value]
        case _:
            return value


def _files(rows: Mapping[str, Any], mailbox: Sequence[FoundMessage]) -> Iterator[tuple[str, bytes]]:
    for row in rows["messages"]:
        if row["bytes"]:
            yield row["file"], row["bytes"]
    for row in rows["mails"]:
        if row["mime"]:
            yield row["file"], row["mime"]
    for number, one in enumerate(mailbox, 1):
        if one.theirs:
            yield _name(number), one.raw


def _name(number: int) -> str:
    return f"mailbox/{number:05d}.eml"


def _place(one: FoundMessage, number: int) -> dict[str, Any]:
    """Where a message lies; what somebody else wrote, or a colleague on the person's case, is named and not shown."""
    return {"folder": one.ref.folder, "uid": one.ref.uid, "file": _name(number) if one.theirs else None}
