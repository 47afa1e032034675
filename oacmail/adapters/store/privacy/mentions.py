"""Where else a person's address stands: in stored mails to staff, and in messages of other people.

Bytes are decoded as far as an erasure needs it (base64, quoted-printable, attached messages). It changes nothing.
"""

import re
import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from email import message_from_bytes
from email.errors import MessageError
from email.header import decode_header
from email.message import Message as Mail

from oacmail.adapters.store.privacy.scope import IN, NEVER, Scope, ids

SHORTEST = 7  # characters of a name or number that says something


@dataclass(frozen=True, slots=True, kw_only=True)
class Mentions:
    """Ids of rows of `outbox` and `messages`; the rows up to `last_mail` and `last_message` were looked at."""

    mails: frozenset[int] = frozenset()
    messages: frozenset[int] = frozenset()
    last_mail: int = 0
    last_message: int = 0


def find(
    con: sqlite3.Connection, address: str, needles: Iterable[str], seen: Mentions | None = None, until: str = NEVER
) -> Mentions:
    """Return the messages that contain the address, and the stored mails that contain it or one of the needles; with
    `seen` also what that has, and only later rows are looked at. `until`: only rows older than that time, as stored.

    A connection of its own may look first, since this takes about a millisecond for each stored mail.
    """
    start = seen or Mentions()
    own = address.removeprefix("tel:")
    sought = _Sought([own, *needles])
    mails = con.execute(
        """SELECT o.id, m.mime, m.bare FROM outbox o JOIN mails m ON m.id = o.id
        WHERE o.id > ? AND o.created_at < ? AND o.erased_at IS NULL AND length(m.mime) > 0 ORDER BY o.id""",
        (start.last_mail, until),
    )
    found, last = set(start.mails), start.last_mail
    for row in mails:
        last = row["id"]
        if _holds(sought, row["mime"]) or (row["bare"] is not None and _holds(sought, row["bare"])):
            found.add(last)
    return _in_messages(con, _Sought([own]), start, frozenset(found), last, until)


class _Sought:
    """Texts that are looked for as whole words, in any case. A pattern of hundreds of them is tried at every character;
    so it is asked only where one of them occurs at all."""

    def __init__(self, texts: Iterable[str]) -> None:
        wanted = [one for one in texts if one]
        self._folded = [one.casefold() for one in wanted]
        self._words = re.compile("|".join(rf"(?<![\w.+-]){re.escape(one)}(?![\w-])" for one in wanted), re.IGNORECASE)

    def search(self, text: str) -> bool:
        folded = text.casefold()
        return any(one in folded for one in self._folded) and self._words.search(text) is not None


def _in_messages(
    con: sqlite3.Connection, sought: _Sought, start: Mentions, mails: frozenset[int], last_mail: int, until: str
) -> Mentions:
    rows = con.execute(
        """SELECT m.id, m.subject, m.fresh, m.reply_to, o.bytes FROM messages m
        LEFT JOIN originals o ON o.sha256 = m.original
        WHERE m.id > ? AND m.received_at < ? AND m.erased_at IS NULL ORDER BY m.id""",
        (start.last_message, until),
    )
    found, last = set(start.messages), start.last_message
    for row in rows:
        last = row["id"]
        texts = f"{row['subject']}\n{row['fresh']}\n{row['reply_to']}"
        if sought.search(texts) or (row["bytes"] is not None and _holds(sought, row["bytes"])):
            found.add(last)
    return Mentions(mails=mails, messages=frozenset(found), last_mail=last_mail, last_message=last)


def _holds(sought: _Sought, raw: bytes) -> bool:
    if sought.search(raw.decode("utf-8", "replace")):
        return True
    return any(sought.search(text) for text in decoded(raw))


def decoded(raw: bytes) -> Iterator[str]:
    """Yield each header field and text part, decoded."""
    try:
        mail = message_from_bytes(raw)
    except (MessageError, ValueError, LookupError):
        return
    for part in mail.walk():
        yield from (decoded_field(str(value)) for value in part.values())
        if not part.is_multipart():
            yield _text(part)


def decoded_field(value: str) -> str:
    try:
        return "".join(
            piece.decode(charset or "ascii", "replace") if isinstance(piece, bytes) else piece
            for piece, charset in decode_header(value)
        )
    except (MessageError, ValueError, LookupError):
        return value


def _text(part: Mail) -> str:
    try:
        payload = part.get_payload(decode=True)
    except (ValueError, LookupError):
        return ""
    return payload.decode("utf-8", "replace") if isinstance(payload, bytes) else ""


def named_elsewhere(con: sqlite3.Connection, scope: Scope) -> tuple[str, ...]:
    """Return other people's cases in which the person's name or telephone number stands: a person must judge whether it
    is theirs. A name of one word says too little."""
    names = con.execute(f"SELECT name FROM people WHERE id {IN} AND name LIKE '% %'", (ids(scope.people),))
    phones = con.execute(f"SELECT substr(phone, -9) FROM cases WHERE id {IN} AND phone <> ''", (ids(scope.cases),))
    sought = [text.casefold() for (text,) in (*names, *phones) if len(text) >= SHORTEST]
    rows = con.execute(
        f"""SELECT c.number, m.fresh AS text FROM messages m JOIN cases c ON c.id = m.case_id WHERE c.id NOT {IN}
        UNION ALL SELECT c.number, n.text FROM notes n JOIN cases c ON c.id = n.case_id WHERE c.id NOT {IN}""",
        (ids(scope.cases), ids(scope.cases)),
    )
    found = (row["number"] for row in rows if any(one in row["text"].casefold() for one in sought))
    return tuple(dict.fromkeys(found)) if sought else ()
