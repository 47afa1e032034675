"""Reading the selected folder: UIDs, sizes and dates, whole messages. One command each, no faults caught.

What a server gives instead of a message that has just been expunged (NIL, no answer) or that it cannot read
(Exchange's substitute) is left out: that is no message.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta

from oacmail.adapters.imap.client import Client
from oacmail.core.ports.mailbox import FolderState, MessageMeta

# One line of an answer may have a megabyte (imaplib): so many UIDs of ten digits fit into it.
_WINDOW = 80_000
_SUBSTITUTE = re.compile(rb"(?im)^subject: *retrieval using the imap4 protocol failed for the following message")
_RECEIVED = re.compile(rb"(?im)^received:")


def all_uids(client: Client, state: FolderState) -> set[int]:
    """All UIDs of the selected folder, by ESEARCH (RFC 4731) as ranges where there is one."""
    if client.has_capability("ESEARCH"):
        client.taken("ESEARCH")
        client.uid("SEARCH", "RETURN", "(ALL)", "ALL")  # imapclient knows no RETURN
        answers = client.taken("ESEARCH")
        if answers:
            return set(_ranges(answers[-1]))
    if state.exists <= _WINDOW or not state.uidnext:
        return set(client.search("ALL"))
    windows = range(1, state.uidnext, _WINDOW)
    return {uid for first in windows for uid in client.search(["UID", f"{first}:{first + _WINDOW - 1}"])}


def all_places(client: Client, uids: Sequence[int] | None) -> list[MessageMeta]:
    """Size and date of these UIDs (None = all). What looks like an expunged message is asked for once more."""
    wanted = _set(uids) if uids is not None else "1:*"
    found = _places(client, wanted)
    doubtful = [meta.uid for meta in found if not meta.size or not meta.internal_date.timestamp()]
    if not doubtful:
        return found
    again = _places(client, _set(doubtful))
    return [meta for meta in found if meta.uid not in doubtful] + again


def whole(client: Client, uids: Sequence[int]) -> dict[int, bytes]:
    """The bytes of these messages, \\Seen untouched."""
    answers = client.fetch(list(uids), ["BODY.PEEK[]"])
    bodies = ((uid, answer.get(b"BODY[]")) for uid, answer in answers.items())
    return {uid: as_bytes(raw) for uid, raw in bodies if raw is not None and _is_message(as_bytes(raw))}


def as_bytes(value: object) -> bytes:
    """A string of the server's, of which imapclient makes a number when it is a quoted one of digits."""
    return value if isinstance(value, bytes) else str(value).encode("ascii")


def _is_message(raw: bytes) -> bool:
    """Not empty, and not what Exchange makes up for a message that it cannot convert; a real one was Received."""
    head = raw[:16_384]
    return bool(raw) and not (_SUBSTITUTE.search(head) and not _RECEIVED.search(head))


def _ranges(answer: bytes) -> Iterator[int]:
    found = re.search(rb"\bALL ([0-9,:]+)", answer)
    for one in found[1].split(b",") if found else ():
        low, _, high = one.partition(b":")
        first, last = sorted((int(low), int(high or low)))
        yield from range(first, last + 1)


def _set(uids: Iterable[int]) -> str:
    """A sequence set of UIDs with runs drawn together, so that a thousand neighbours are one short word."""
    runs: list[list[int]] = []
    for uid in sorted(uids):
        if runs and uid == runs[-1][1] + 1:
            runs[-1][1] = uid
        else:
            runs.append([uid, uid])
    return ",".join(f"{low}:{high}" if low < high else str(low) for low, high in runs)


_PLACE = re.compile(rb'(?i)UID (\d+)|RFC822\.SIZE (\d+)|INTERNALDATE "([^"]+)"')
_MONTHS = {name: number for number, name in enumerate(b"jan feb mar apr may jun jul aug sep oct nov dec".split(), 1)}
_NO_DAY = datetime(9999, 12, 31, tzinfo=UTC)
_DATE = re.compile(rb" ?(\d+)-(\w{3})-(\d{4}) (\d\d):(\d\d):(\d\d) ([+-])(\d\d)(\d\d)")


def _places(client: Client, wanted: str) -> list[MessageMeta]:
    if not wanted:
        return []
    # A hundred thousand lines: read by one regular expression each, not by imapclient's general parser.
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


def _moment(text: bytes) -> datetime:
    """What no calendar knows lies in the future: such a message counts as one that has just arrived."""
    found = _DATE.fullmatch(text)
    if found is None:
        return _NO_DAY
    day, month, year, hour, minute, second, sign, hours, minutes = found.groups()
    east = timedelta(hours=int(hours), minutes=int(minutes))
    try:
        local = datetime(int(year), _MONTHS[month.lower()], int(day), int(hour), int(minute), int(second), tzinfo=UTC)
        return local - east if sign == b"+" else local + east
    except (ValueError, KeyError, OverflowError):  # the year 0, the 31st of February, a second before the year 1
        return _NO_DAY
