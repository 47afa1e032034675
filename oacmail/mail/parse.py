"""Bytes to Message, on a ladder that never raises: whatever arrives becomes a letter that somebody can answer.

Decides how far down the ladder a letter goes: FULL (the standard library's tree, dates by mail-parser and
dateutil), STDLIB (the tree alone), HEADERS (fields by our own splitter, the body as it stands), OPAQUE (nothing
but bytes). Reads facts only; who wrote, which case and what to do is the core's affair. `except Exception`
stands here and nowhere else in this package: parsers of strangers' bytes fail in ways that no list names.
"""

import hashlib
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from email.message import Message as Tree
from email.utils import mktime_tz, parsedate_tz
from types import MappingProxyType

from oacmail.core.model import Attachment, Auth, Auto, Message, Rung
from oacmail.mail import (
    addresses,
    auth,
    auto,
    charset,
    dates,
    features,
    fresh,
    idents,
    lang,
    limits,
    parts,
    report,
    scores,
    wire,
)
from oacmail.mail import secrets as secret_kinds
from oacmail.mail.fields import Fields
from oacmail.mail.house import House

SUBJECT = 998

_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_FORWARD = re.compile(r"\W{0,3}(?:fwd?|rv|wg|tr|fs|reenv?|reenviat|reenviado|enc)\s*:", re.I)

Skipped = Sequence[tuple[str, str, int]]


def parse(raw: bytes, house: House = House(), *, day: str = "", skipped: Skipped = ()) -> Message:  # noqa: B008
    """A Message from any bytes; never raises.

    `day`: day of arrival (YYYY-MM-DD), part of the fingerprint of a letter without Message-ID, so that the same
    form pressed a week later is no duplicate. `skipped`: (name, MIME type, size) of parts of a too large letter
    that were left on the server; they are listed as attachments with sha256 ''.
    """
    for step in (_full, _stdlib, _headers):
        message = _tried(step, raw, house, day, skipped)
        if message is not None:
            return message
    return _opaque(raw, day)


def _tried(
    step: "Callable[[_Letter], Message]", raw: bytes, house: House, day: str, skipped: Skipped
) -> Message | None:
    try:
        return step(_Letter(raw, house, day, skipped))
    except Exception:  # any fault of any parser means one rung down; Message.rung tells
        return None


class _Letter:
    """The letter while it is read: tidied bytes, capped bytes, fields."""

    def __init__(self, raw: bytes, house: House, day: str, skipped: Skipped) -> None:
        self.size = len(raw)
        self.house = house
        self.day = day
        self.skipped = skipped
        self.tidied = wire.tidy(raw)
        self.capped, self.caps = limits.cap(self.tidied)
        self.fields = Fields.of(wire.pairs(wire.split(self.capped)[0]))


def _full(letter: _Letter) -> Message:
    return _from_tree(letter, Rung.FULL, dates.sent_at(letter.fields.first("date")))


def _stdlib(letter: _Letter) -> Message:
    return _from_tree(letter, Rung.STDLIB, _plain_date(letter.fields.first("date")))


def _from_tree(letter: _Letter, rung: Rung, sent_at: datetime | None) -> Message:
    root = parts.tree(letter.capped)
    content = parts.Content(root)
    subject = _subject(letter.fields)
    forwarded = content.forwarded if _FORWARD.match(subject) or not content.text.strip() else ""
    return _message(letter, rung, root, subject, content.text, forwarded, sent_at, content)


def _headers(letter: _Letter) -> Message:
    text = charset.decode(wire.split(letter.capped)[1][: limits.TEXT])
    empty = parts.Content(parts.tree(b"\n"))
    sent_at = _plain_date(letter.fields.first("date"))
    return _message(letter, Rung.HEADERS, Tree(), _subject(letter.fields), text, "", sent_at, empty)


def _message(
    letter: _Letter,
    rung: Rung,
    root: Tree,
    subject: str,
    own: str,
    forwarded: str,
    sent_at: datetime | None,
    content: parts.Content,
) -> Message:
    fields, house = letter.fields, letter.house
    written = fresh.split(own, forwarded)
    text = "\n\n".join(filter(None, (own, forwarded)))
    sender, name, single_from = addresses.sender(fields)
    attachments = (*content.attachments, *map(_left_behind, letter.skipped))
    found = report.find(root, fields, text)
    verdict, reasons = auto.judge(fields, sender, found)
    tokens = idents.tokens(fields, subject, house)
    message = Message(
        fingerprint=_fingerprint(letter),
        message_id=idents.message_id(fields),
        refs=idents.references(fields),
        sender=sender,
        name=name,
        single_from=single_from,
        reply_to=next(iter(addresses.listed(fields.all("reply-to"), 1)), ""),
        to=addresses.listed(fields.all("to")),
        cc=addresses.listed(fields.all("cc")),
        subject=subject,
        sent_at=sent_at,
        text=text,
        fresh=written.fresh,
        quotes_us=_quotes_us(written.quoted, house),
        attachments=attachments,
        auto=verdict,
        reasons=reasons,
        report=found,
        auth=auth.read(fields, sender, single_from, house),
        lang=lang.detect(written.fresh),
        rung=rung,
        marks=fields.all("x-oacmail"),
        tokens=tokens,
        secrets=secret_kinds.find(text, attachments),
        caps=tuple(dict.fromkeys((*letter.caps, *content.caps))),
        size=letter.size,
        body_hash=_body_hash(written.fresh),
        words=features.words(subject, written.fresh, _signature(own, written)),
    )
    return replace(message, words=MappingProxyType({**message.words, **scores.scores(message, lessons=house.lessons)}))


def _subject(fields: Fields) -> str:
    return " ".join(_CONTROLS.sub(" ", charset.field(fields.first("subject"))).split())[:SUBJECT]


def _left_behind(part: tuple[str, str, int]) -> Attachment:
    name, mime, size = part
    return Attachment(name=parts.clean_name(name), mime=mime, size=size)


def _plain_date(value: str) -> datetime | None:
    """A well-formed date and no other."""
    read = parsedate_tz(value[:100])
    try:
        return datetime.fromtimestamp(mktime_tz(read), UTC) if read else None
    except (ValueError, OverflowError):  # a month of 31 days that has 30, a year without end
        return None


def _quotes_us(quoted: str, house: House) -> bool:
    lowered = quoted.lower()
    return any(address in lowered for address in house.own) or bool(idents.found(quoted, house))


def _signature(own: str, written: fresh.Written) -> str:
    """What is neither written now nor quoted."""
    known = {*written.fresh.splitlines(), *written.quoted.splitlines()}
    return "\n".join(line for line in map(str.rstrip, own.splitlines()) if line not in known)


def _body_hash(text: str) -> str:
    """Of the text as people compare texts: white space and case do not matter. '' where nothing is written."""
    folded = " ".join(text.casefold().split())
    return hashlib.sha256(folded.encode()).hexdigest() if folded else ""


def _fingerprint(letter: _Letter) -> str:
    body = wire.split(letter.tidied)[1]
    named = [letter.fields.first(name) for name in ("message-id", "from", "date", "subject")]
    return _digest(*named, "" if named[0] else letter.day, body=body)


def _digest(*named: str, body: bytes) -> str:
    lines = "\n".join(named).encode("utf-8", "surrogateescape")
    return hashlib.sha256(lines + b"\n\n" + body.rstrip()).hexdigest()


def _opaque(raw: bytes, day: str) -> Message:
    """Nothing but bytes: text as far as there is any, no fields believed."""
    text = charset.decode(raw[: limits.TEXT])
    return Message(
        fingerprint=_digest(day, body=raw),
        message_id="",
        refs=(),
        sender="",
        name="",
        single_from=False,
        reply_to="",
        to=(),
        cc=(),
        subject="",
        sent_at=None,
        text=text,
        fresh=text,
        quotes_us=False,
        attachments=(),
        auto=Auto.NONE,
        reasons=(),
        report=None,
        auth=Auth(),
        lang="ca",
        rung=Rung.OPAQUE,
        marks=(),
        tokens=(),
        secrets=(),
        caps=(),
        size=len(raw),
        body_hash=_body_hash(text),
        words=MappingProxyType({}),
    )
