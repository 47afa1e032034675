"""Recognise delivery reports in plain text: indicators of a mail server, and the sentences that servers write.

This module decides whether a text is a server's report if no part of the mail says so, and what it reports. It requires
an indicator that no mail client writes, and a sentence of the table. Without an indicator, the subject and the very
first lines must both be a server's. Words in the middle of a message never decide.
"""

import re
from collections.abc import Iterator

from oacmail.mail.mime.charset import field
from oacmail.mail.mime.headers import Fields
from oacmail.mail.understanding.delivery_status_words import (
    RETURNED,
    SENDERS,
    SENTENCES,
    SUBJECTS,
    TO_THE_SENDER,
    Action,
)

_HEAD = 4000  # characters: a server says what happened before it returns the mail
_OPENING = 200  # characters: without an indicator, the first sentence must say so
_SERVER_FIELDS = ("x-failed-recipients", "x-ms-exchange-message-is-ndr")
_NULL_SENDER = re.compile(r"<(?:mailer-daemon(?:@[^<>\s]*)?)?>$", re.IGNORECASE)

_ID_LINE = re.compile(r"^message-id:\s*<[^<>\s]+>", re.IGNORECASE | re.MULTILINE)
_FIELD_LINE = re.compile(r"^[!-9;-~]+:\s", re.MULTILINE)
_ADDRESS = re.compile(r"(?<![\w.+'&=/-])[\w.+'&=/-]{1,128}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,20}")


def made_by_server(fields: Fields) -> bool:
    """True if the mail has an indicator that mail servers write and mail clients do not."""
    return (
        any(fields.all(name) for name in _SERVER_FIELDS)
        or bool(_NULL_SENDER.match(fields.first("return-path")))
        or bool(SENDERS.search(field(fields.first("from"))))
    )


def verdict(fields: Fields, text: str, machine: bool, known: bool) -> Action | None:
    """Return what the server reports, None if this is not a report.

    `machine`: it has a server's indicator; `known`: a parser of known formats found failing addresses in it.
    """
    if machine:
        return (action(text) or ("failed" if known else None)) if announced(fields) else None
    opening = text.lstrip()[:_OPENING]
    openly = _titled(fields) and action(opening) is not None and TO_THE_SENDER.search(opening)
    return action(text) if openly else None


def announced(fields: Fields) -> bool:
    """True if a server's mail calls itself a report: a vacation notice and our own mail have no sender either."""
    return _titled(fields) or bool(fields.all("x-failed-recipients")) or _from_daemon(fields)


def _titled(fields: Fields) -> bool:
    return bool(SUBJECTS.match(field(fields.first("subject")).strip()))


def _from_daemon(fields: Fields) -> bool:
    sender = fields.first("from")
    return sender.strip() == "<>" or bool(re.search(r"mail(?:er)?[-_.]?daemon", sender, re.IGNORECASE))


def action(text: str) -> Action | None:
    """Return the action of the first table sentence before the returned mail."""
    words = " ".join(text[: min(_HEAD, _returned_from(text))].split())
    return next((action for action, pattern in SENTENCES if pattern.search(words)), None)


def recipients(fields: Fields, text: str) -> tuple[str, ...]:
    """Return the first address in the server's text that is neither ours (the report's To) nor its own."""
    named = fields.first("x-failed-recipients").lower()
    if named:
        return tuple(dict.fromkeys(_ADDRESS.findall(named)))
    parties = set(_ADDRESS.findall(f"{fields.first('to')} {fields.first('from')}".lower()))
    found = _ADDRESS.findall(text[: min(_HEAD, _returned_from(text))].lower())
    return tuple(address for address in found if address not in parties)[:1]


def returned_headers(text: str) -> Iterator[str]:
    """Yield the header block of the returned mail if a server copied it into its text."""
    start = _returned_from(text)
    found = _ID_LINE.search(text, start if start < len(text) else 0)
    if found:
        begin = text.rfind("\n\n", 0, found.start()) + 1
        end = text.find("\n\n", found.end())
        block = text[begin : end if end != -1 else len(text)]
        first = _FIELD_LINE.search(block)
        yield block[first.start() if first else 0 :]


def _returned_from(text: str) -> int:
    found = RETURNED.search(text)
    return found.start() if found else len(text)
