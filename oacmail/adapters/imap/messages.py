"""Read the selected folder: UIDs, sizes and dates, whole messages. One command each; faults are not caught.

Substitutes for a message are left out: NIL or no answer after an expunge, and Exchange's text for a message that it
cannot convert.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta

from oacmail.adapters.imap.client import Client
from oacmail.core.ports.mailbox import FolderState, MessageMeta

# imaplib limits one line of an answer to a megabyte: this many UIDs of ten digits fit.
_WINDOW = 80_000
_SUBSTITUTE = re.compile(rb"(?im)^subject: *retrieval using the imap4 protocol failed for the following message")
_RECEIVED = re.compile(rb"(?im)^received:")


def all_uids(client: Client, state: FolderState) -> set[int]:
    """Return all UIDs of the selected folder, by ESEARCH (RFC 4731) as ranges if the server offers it."""
    if client.has_capability("ESEARCH"):
        client.take_untagged("ESEARCH")
        client.uid("SEARCH", "RETURN", "(ALL)", "ALL")  # imapclient does not support RETURN
        answers = client.take_untagged("ESEARCH")
        if answers:
            return set(_ranges(answers[-1]))
    return _searched(client, state)


def bearing(client: Client, state: FolderState, field: str, value: str) -> set[int]:
    """Return the UIDs of messages whose field contains the value: in Sent these may be nearly all."""
    return _searched(client, state, "HEADER", field, value)


def _searched(client: Client, state: FolderState, *criteria: str) -> set[int]:
    if state.exists <= _WINDOW or not state.uidnext:
        return set(client.search(list(criteria) or "ALL"))
    windows = range(1, state.uidnext, _WINDOW)
    return {uid for first in windows for uid in client.search(["UID", f"{first}:{first + _WINDOW - 1}", *criteria])}


def all_metas(client: Client, uids: Sequence[int] | None) -> list[MessageMeta]:
    """Return size and date of these UIDs (None = all). Messages that look expunged are requested a second time."""
    wanted = _set(uids) if uids is not None else "1:*"
    found = _places(client, wanted)
    suspect = [meta.uid for meta in found if not meta.size or not meta.internal_date.timestamp()]
    if not suspect:
        return found
    again = _places(client, _set(suspect))
    return [meta for meta in found if meta.uid not in suspect] + again


def saved(client: Client, wanted: str) -> dict[int, datetime]:
    """Return when these were put into the folder (RFC 8514), without those of which it is not known."""
    rows = client.uid("FETCH", wanted, "(SAVEDATE)")
    found = (_saved(row) for row in rows if isinstance(row, bytes))
    return {uid: moment for uid, moment in found if moment != _NO_DAY}


def whole(client: Client, uids: Sequence[int]) -> dict[int, bytes]:
    r"""Return the bytes of these messages, \Seen untouched."""
    answers = client.fetch(list(uids), ["BODY.PEEK[]"])
    bodies = ((uid, answer.get(b"BODY[]")) for uid, answer in answers.items())
    return {uid: as_bytes(raw) for uid, raw in bodies if raw is not None and _is_message(as_bytes(raw))}


def identifying(client: Client, uids: Sequence[int]) -> dict[int, bytes]:
    r"""Return the fields of these messages by which they are recognised anywhere, \Seen untouched."""
    answers = client.fetch(list(uids), ["BODY.PEEK[HEADER.FIELDS (MESSAGE-ID DATE FROM)]"])
    found = (
        (uid, value) for uid, answer in answers.items() for name, value in answer.items() if name.startswith(b"BODY")
    )
    return {uid: as_bytes(value) for uid, value in found if value is not None}


def as_bytes(value: object) -> bytes:
    """Return a server string; imapclient turns quoted digits into a number."""
    return value if isinstance(value, bytes) else str(value).encode("ascii")


def _is_message(raw: bytes) -> bool:
    """False if empty, or if Exchange made it up for a message it cannot convert; a real one has Received."""
    head = raw[:16_384]
    return bool(raw) and not (_SUBSTITUTE.search(head) and not _RECEIVED.search(head))


def _ranges(answer: bytes) -> Iterator[int]:
    found = re.search(rb"\bALL ([0-9,:]+)", answer)
    for one in found[1].split(b",") if found else ():
        low, _, high = one.partition(b":")
        first, last = sorted((int(low), int(high or low)))
        yield from range(first, last + 1)


def _set(uids: Iterable[int]) -> str:
    """Return a sequence set of UIDs with ranges, so that a thousand neighbours stay short."""
    runs: list[list[int]] = []
    for uid in sorted(uids):
        if runs and uid == runs[-1][1] + 1:
            runs[-1][1] = uid
        else:
            runs.append([uid, uid])
    return ",".join(f"{low}:{high}" if low < high else str(low) for low, high in runs)


_SAVED = re.compile(rb'(?i)\bUID (\d+)|\bSAVEDATE "([^"]+)"')
_PLACE = re.compile(rb'(?i)UID (\d+)|RFC822\.SIZE (\d+)|INTERNALDATE "([^"]+)"')
_MONTHS = {name: number for number, name in enumerate(b"jan feb mar apr may jun jul aug sep oct nov dec".split(), 1)}
_NO_DAY = datetime(9999, 12, 31, tzinfo=UTC)
_DATE = re.compile(rb" ?(\d+)-(\w{3})-(\d{4}) (\d\d):(\d\d):(\d\d) ([+-])(\d\d)(\d\d)")


def _places(client: Client, wanted: str) -> list[MessageMeta]:
    if not wanted:
        return []
    # A hundred thousand lines: one regular expression each is faster than imapclient's general parser.
    rows = client.uid("FETCH", wanted, "(RFC822.SIZE INTERNALDATE)")
    found = (_place(row) for row in rows if isinstance(row, bytes))
    return [meta for meta in found if meta is not None]


def _place(row: bytes) -> MessageMeta | None:
    uid = size = date = b""
    for one in _PLACE.finditer(row):
        uid, size, date = one[1] or uid, one[2] or size, one[3] or date
    if not (uid and size and date):
        return None
    return MessageMeta(uid=int(uid), size=int(size), internal_date=_moment(date))


def _saved(row: bytes) -> tuple[int, datetime]:
    uid = date = b""
    for one in _SAVED.finditer(row):
        uid, date = one[1] or uid, one[2] or date
    return int(uid or 0), _moment(date)


def _moment(text: bytes) -> datetime:
    """Return the date; an impossible one becomes the far future, so that the message counts as just arrived."""
    found = _DATE.fullmatch(text)
    if found is None:
        return _NO_DAY
    day, month, year, hour, minute, second, sign, hours, minutes = found.groups()
    east = timedelta(hours=int(hours), minutes=int(minutes))
    try:
        local = datetime(int(year), _MONTHS[month.lower()], int(day), int(hour), int(minute), int(second), tzinfo=UTC)
        return local - east if sign == b"+" else local + east
    except (ValueError, KeyError, OverflowError):  # the year 0, 31 February, a moment before the year 1
        return _NO_DAY
