"""Write the copy of a person's data: `data.json` for machines, `index.html` for people, the messages as .eml files.

The page has headings, real tables, the language of the office, and neither script nor anything from elsewhere
(UNE-EN 301549). Every value is escaped. Files are readable by the account alone.
"""

import json
import os
import zipfile
from collections.abc import Iterator
from datetime import date, datetime
from html import escape
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from oacmail.core.model import LANGUAGES
from oacmail.mail.outgoing import dates_in_words
from oacmail.mail.outgoing.labels import label
from oacmail.privacy.export import Archive
from oacmail.privacy.export_words import COLUMNS, LABELLED, OTHER, SHOWN, SOURCE, VALUES, WORDS

_STYLE = """body{font:1rem/1.5 sans-serif;margin:1rem auto;max-width:75rem;padding:0 1rem;color:#111;background:#fff;
overflow-wrap:anywhere}table{border-collapse:collapse;margin:.5rem 0 2rem;width:max-content}.wide{overflow-x:auto}
th,td{border:1px solid #767676;padding:.25rem .5rem;text-align:left;vertical-align:top;max-width:30rem}
th{background:#eee}td{white-space:pre-wrap}"""
_EMPTY: tuple[object, ...] = (None, "", [], {})
_TABLES = ("people", "cases", "messages", "mails", "notes", "deadlines", "events", "votes", "reviews", "facts")


def write(archive: Archive, language: str, target: Path) -> None:
    """Write a folder, or a ZIP file if the name ends so; it must not exist. Raises FileExistsError, OSError."""
    files = {
        "index.html": page(archive, language).encode(),
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


def page(archive: Archive, language: str) -> str:
    """The page, in the language of the office."""
    lang = language if language in WORDS else "en"
    words, data = WORDS[lang], archive.data
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
        parts += _section(archive, lang, name, data[name])
    parts += _section(archive, lang, "mailbox", data["mailbox"] or [], words["mailbox_not_asked"])
    parts += _section(archive, lang, "backups", data["backups"])
    return "\n".join([*parts, "</main>\n</body>\n</html>\n"])


def _section(archive: Archive, lang: str, name: str, rows: list[dict[str, Any]], none: str = "") -> Iterator[str]:
    words, place = WORDS[lang], LANGUAGES.index(lang)
    yield f"<h2>{escape(words[name])}</h2>"
    if not rows:
        yield f"<p>{escape(none or words['none'])}</p>"
        return
    held = {column: SOURCE.get(column, column) for column in SHOWN[name]}
    columns = [column for column in held if any(row[held[column]] not in _EMPTY for row in rows)]
    heads = "".join(f'<th scope="col">{escape(COLUMNS[column][place])}</th>' for column in columns)
    yield f'<div class="wide" tabindex="0" role="region" aria-label="{escape(words[name])}"><table>'
    yield f"<thead><tr>{heads}</tr></thead><tbody>"
    for row in rows:
        cells = (_cell(archive, lang, column, row[held[column]]) for column in columns)
        yield "<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>"
    yield "</tbody></table></div>"


def _cell(archive: Archive, lang: str, column: str, value: Any) -> str:
    if value in _EMPTY:
        return ""
    if column == "file":
        return f'<a href="{escape(value)}">{escape(value)}</a>'
    return escape(_worded(archive, lang, column, value))


def _worded(archive: Archive, lang: str, column: str, value: Any) -> str:
    """What a person reads in place of a code; what people wrote is as it is."""
    if column.endswith("_at") or column in ("at", "ends_on"):
        return _moment(str(value), lang, archive.zone)
    if column in LABELLED:
        return label(column, str(value), lang, archive.office)
    if column == "attachments":
        return ", ".join(str(one["name"]) for one in value)
    known = VALUES.get(column, {}).get(str(value), OTHER.get(column))
    return known[LANGUAGES.index(lang)] if known else str(value)


def _moment(text: str, lang: str, zone: ZoneInfo) -> str:
    """`25 de novembre de 2026, 9 h` of a time with its zone; the day alone of a date."""
    if len(text) == len("2026-11-25"):
        return dates_in_words.date_words(date.fromisoformat(text), lang)
    at = datetime.fromisoformat(text).astimezone(zone)
    return f"{dates_in_words.date_words(at, lang)}, {dates_in_words.hour_words(at.time(), lang)}"
