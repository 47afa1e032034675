"""All that is held on a person, as values and as the archive that the person gets (GDPR art. 15.3 and 20)."""

import json
import os
import re
import sqlite3
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from html import escape
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from msgspec import Struct, field

from oacmail.core.model import LANGUAGES
from oacmail.core.policy import Policy
from oacmail.privacy.erasure import FoundMessage
from oacmail.store import personal
from oacmail.words import dates
from oacmail.words.labels import label, phrase, phrases

# --- Export ----------------------------------------------------------------------------------------------------------
# Other people's data are not disclosed with it (art. 15.4): addresses of third parties are masked, and staff appear as
# "the office", since employees who worked on a case are no recipients of its data (CJEU C-579/21). What the person
# wrote, and what was sent to them, is whole: they know it already. It changes nothing.

FORMAT = 1
_ADDRESS = re.compile(r"[^\s<>\"'(),;:\[\]@]{1,64}@[\w.-]{1,253}(?<=\w)")  # bounded: the texts are strangers'
_BYTES = {"messages": "bytes", "mails": "mime"}
_OFFICE = "(office)"


class Archive(Struct, frozen=True, kw_only=True):
    """`data`: values for JSON; `files`: name -> bytes of messages, as .eml (RFC 5322). `language`: of the page, the
    person's; `office`: its name for itself; `zone`: of its times, for people."""

    data: Mapping[str, Any]
    language: str
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
        name, _, domain = found[0].rpartition("@")
        return f"{name[0]}…@{domain}"

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
    found = personal.of_person(con, address)
    if found.is_empty and not mailbox:
        return None
    rows = personal.held(con, found)
    files = {row["file"]: row[part] for name, part in _BYTES.items() for row in rows[name] if row[part]}
    # What somebody else wrote, or a colleague on the person's case, is named and not shown.
    own = {number: f"mailbox/{number:05d}.eml" for number, one in enumerate(mailbox or (), 1) if one.theirs}
    files |= {own[number]: one.raw for number, one in enumerate(mailbox or (), 1) if number in own}
    places = [
        {"folder": one.ref.folder, "uid": one.ref.uid, "file": own.get(number)}
        for number, one in enumerate(mailbox or (), 1)
    ]
    # The rows without bytes, which are files, also where one has none: all rows of a table have the same columns.
    readable = {
        name: [{column: value for column, value in row.items() if column not in _BYTES.values()} for row in some]
        for name, some in rows.items()
    }
    data = {
        "format": FORMAT,
        "office": policy.office.address,
        "person": address,
        "at": now.astimezone(policy.office.timezone).isoformat(timespec="seconds"),
        **_clean(policy, address, readable),
        "mailbox": None if mailbox is None else places,
        "backups": [{"path": path, "made_at": day} for path, day in backups],
    }
    spoken = [row["language"] for row in (*rows["people"], *reversed(rows["cases"]))]
    language = next((one for one in (*spoken, *policy.office.languages) if one in LANGUAGES), "en")
    return Archive(data=data, files=files, language=language, office=policy.office.name, zone=policy.office.timezone)


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


# --- Export words ----------------------------------------------------------------------------------------------------
# What the page that a person gets with a copy of their data shows. Its words: the groups `export` of the catalogue.

SHOWN: Mapping[str, tuple[str, ...]] = {
    "people": ("address", "name", "language"),
    "cases": (
        "number", "subject", "status", "topic", "level", "intent", "language", "phone", "slot", "call_hours",
        "opened_at", "answered_at", "closed_at", "close_reason", "score", "ends_on", "operator", "platform", "cause",
    ),
    "messages": (
        "case", "role", "subject", "text", "sent_at", "received_at", "language", "folder", "reply_to", "attachments",
        "file",
    ),
    "mails": ("case", "mail", "recipient", "state", "created_at", "sent_at", "file"),
    "notes": ("case", "at", "text"),
    "deadlines": ("case", "deadline", "started_at", "due_at", "met_at"),
    "events": ("case", "at", "event"),
    "votes": ("case", "score", "at"),
    "reviews": ("reason", "at", "done_at"),
    "facts": ("at", "record"),
    "mailbox": ("folder", "file"),
    "backups": ("path", "made_at"),
}  # fmt: skip
"""What the page shows of each table, in this order; data.json has everything."""
SOURCE: Mapping[str, str] = {"mail": "kind", "deadline": "kind", "event": "kind", "record": "key"}
"""Columns of the page that are called otherwise in the data."""

WORDED = ("language", "slot", "close_reason", "role", "state", "mail", "deadline", "event", "record")
"""Columns whose values have words of their own, in a group `export_<column>`."""
LABELLED = ("status", "topic", "level", "intent", "cause", "operator", "reason")
"""Columns whose values are worded as in mails (templates/catalogue.toml)."""


# --- Archive ---------------------------------------------------------------------------------------------------------
# Write the copy of a person's data: `data.json` for machines, `index.html` for people, the messages as .eml files.
# The page has headings, real tables, the language of the office, and neither script nor anything from elsewhere
# (UNE-EN 301549). Every value is escaped. Files are readable by the account alone.

_STYLE = """body{font:1rem/1.5 sans-serif;margin:1rem auto;max-width:75rem;padding:0 1rem;color:#111;background:#fff;
overflow-wrap:anywhere}table{border-collapse:collapse;margin:.5rem 0 2rem;width:max-content}.wide{overflow-x:auto}
th,td{border:1px solid #767676;padding:.25rem .5rem;text-align:left;vertical-align:top;max-width:30rem}
th{background:#eee}td{white-space:pre-wrap}
@media(max-width:40rem){table,tbody,tr,td{display:block;width:auto}thead{position:absolute;clip-path:inset(50%)}
tr{border:1px solid #767676;margin-bottom:1rem;padding:.25rem .5rem}td{border:0;max-width:none;padding:.25rem 0}
td::before{content:attr(data-name);display:block;font-weight:bold}td:empty{display:none}}"""
_EMPTY: tuple[object, ...] = (None, "", [], {})
_TABLES = ("people", "cases", "messages", "mails", "notes", "deadlines", "events", "votes", "reviews", "facts")


def write_archive(archive: Archive, target: Path) -> None:
    """Write a folder, or a ZIP file if the name ends so; it must not exist. Raises FileExistsError, OSError."""
    files = {
        "index.html": archive_page(archive).encode(),
        "data.json": (json.dumps(archive.data, ensure_ascii=False, indent=2) + "\n").encode(),
        **archive.files,
    }
    if target.suffix == ".zip":
        with (
            os.fdopen(os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as out,
            zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed,
        ):
            for name, content in files.items():
                packed.writestr(name, content)
        return
    target.mkdir(mode=0o700, parents=True)
    for name, content in files.items():
        (target / name).parent.mkdir(mode=0o700, exist_ok=True)
        with os.fdopen(os.open(target / name, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as out:
            out.write(content)


def archive_page(archive: Archive) -> str:
    """The page: tables, which are one column on a phone, each value below its name."""
    lang = archive.language
    words, data = phrases("export", lang), archive.data
    made = _moment(data["at"], lang, archive.zone)
    parts = [
        f'<!DOCTYPE html>\n<html lang="{lang}">\n<head>\n<meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{escape(words['title'])}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n<main>",
        f"<h1>{escape(words['title'])}</h1>",
        f"<p>{escape(words['intro'].format(person=data['person'], office=data['office'], at=made))}</p>",
        f"<p>{escape(words['others'])}</p>",
    ]
    for name in _TABLES:
        parts += _section(archive, name, data[name])
    parts += _section(archive, "mailbox", data["mailbox"] or [], words["mailbox_not_asked"])
    parts += _section(archive, "backups", data["backups"])
    return "\n".join([*parts, "</main>\n</body>\n</html>\n"])


def _section(archive: Archive, name: str, rows: list[dict[str, Any]], none: str = "") -> Iterator[str]:
    """Roles are named, since a browser takes them from what is shown as blocks."""
    words = phrases("export", archive.language)
    yield f"<h2>{escape(words[name])}</h2>"
    if not rows:
        yield f"<p>{escape(none or words['none'])}</p>"
        return
    held = {column: SOURCE.get(column, column) for column in SHOWN[name]}
    heads = {
        column: escape(phrase("export_column", column, archive.language))
        for column in held
        if any(row[held[column]] not in _EMPTY for row in rows)
    }
    yield f'<div class="wide" tabindex="0" role="region" aria-label="{escape(words[name])}"><table role="table">'
    named = "".join(f'<th scope="col" role="columnheader">{head}</th>' for head in heads.values())
    yield f'<thead><tr role="row">{named}</tr></thead><tbody>'
    for row in rows:
        cells = []
        for column, head in heads.items():
            value = row[held[column]]
            shown = "" if value in _EMPTY else escape(_worded(archive, column, value))
            if column == "file" and shown:
                shown = f'<a href="{shown}">{escape(words["open"])}</a>'
            cells.append(f'<td role="cell" data-name="{head}">{shown}</td>')
        yield f'<tr role="row">{"".join(cells)}</tr>'
    yield "</tbody></table></div>"


def _worded(archive: Archive, column: str, value: Any) -> str:
    """What a person reads in place of a code; what people wrote is as it is."""
    lang = archive.language
    if column.endswith("_at") or column in ("at", "ends_on"):
        return _moment(str(value), lang, archive.zone)
    if column in LABELLED:
        return label(column, str(value), lang, archive.office)
    if column == "attachments":
        return ", ".join(str(one["name"]) for one in value)
    if column not in WORDED:
        return str(value)
    words = phrases(f"export_{column}", lang)
    return words.get(str(value)) or words["other"]


def _moment(text: str, lang: str, zone: ZoneInfo) -> str:
    """`25 de novembre de 2026, 9 h` of a time with its zone; the day alone of a date."""
    if len(text) == len("2026-11-25"):
        return dates.date_words(date.fromisoformat(text), lang)
    at = datetime.fromisoformat(text).astimezone(zone)
    return f"{dates.date_words(at, lang)}, {dates.hour_words(at.time(), lang)}"
