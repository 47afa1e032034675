"""Write the copy of a person's data: `data.json` for machines, `index.html` for people, the messages as .eml files.

The page has headings, real tables, the language of the office, and neither script nor anything from elsewhere
(UNE-EN 301549). Every value is escaped. Files are readable by the account alone.
"""

import json
import os
import zipfile
from collections.abc import Iterator, Mapping
from html import escape
from pathlib import Path
from typing import Any

from oacmail.privacy.export import Archive
from oacmail.privacy.export_words import COLUMNS, WORDS

_STYLE = """body{font:1rem/1.5 sans-serif;margin:1rem auto;max-width:75rem;padding:0 1rem;color:#111;background:#fff;
overflow-wrap:anywhere}table{border-collapse:collapse;margin:.5rem 0 2rem;width:max-content}.wide{overflow-x:auto}
th,td{border:1px solid #767676;padding:.25rem .5rem;text-align:left;vertical-align:top;max-width:30rem}
th{background:#eee}td{white-space:pre-wrap}"""
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
    parts = [
        f'<!DOCTYPE html>\n<html lang="{lang}">\n<head>\n<meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{escape(words['title'])}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n<main>",
        f"<h1>{escape(words['title'])}</h1>",
        f"<p>{escape(words['intro'].format(person=data['person'], office=data['office'], at=data['at']))}</p>",
        f"<p>{escape(words['others'])}</p>",
    ]
    for name in _TABLES:
        parts += _section(words, lang, name, data[name])
    parts += _section(words, lang, "mailbox", data["mailbox"] or [], words["mailbox_not_asked"])
    parts += _section(words, lang, "backups", data["backups"])
    return "\n".join([*parts, "</main>\n</body>\n</html>\n"])


def _section(
    words: Mapping[str, str], lang: str, name: str, rows: list[dict[str, Any]], none: str = ""
) -> Iterator[str]:
    yield f"<h2>{escape(words[name])}</h2>"
    if not rows:
        yield f"<p>{escape(none or words['none'])}</p>"
        return
    columns = [column for column in rows[0] if any(row[column] not in (None, "", [], {}) for row in rows)]
    heads = "".join(f'<th scope="col">{escape(COLUMNS[lang].get(column, column))}</th>' for column in columns)
    yield f'<div class="wide" tabindex="0" role="region" aria-label="{escape(words[name])}"><table>'
    yield f"<thead><tr>{heads}</tr></thead><tbody>"
    for row in rows:
        yield "<tr>" + "".join(f"<td>{_cell(column, row[column])}</td>" for column in columns) + "</tr>"
    yield "</tbody></table></div>"


def _cell(column: str, value: Any) -> str:
    if value in (None, "", [], {}):
        return ""
    if column == "file":
        return f'<a href="{escape(value)}">{escape(value)}</a>'
    return escape(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))
