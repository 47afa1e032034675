"""Bytes to Message, on a ladder that never raises: whatever arrives becomes a message that somebody can answer.

Decides how far down the ladder a message goes: FULL (the standard library's tree, dates by mail-parser and
dateutil), STDLIB (the tree alone), HEADERS (fields by our own splitter, the body as it stands), OPAQUE (nothing
but bytes). A fault in one judgement (mail/assemble.py) costs that judgement, never the sender, the subject or the text:
below FULL each is made for itself. It only reads; core decides who wrote, which case it is and what to do.
`except Exception` stands here and nowhere else in this package, but for what foreign parsers of reports raise:
parsers of strangers' bytes fail in ways that no list names.
"""

import re
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from email.utils import mktime_tz, parsedate_tz
from typing import TypeVar

from oacmail.core.model import Message, Rung
from oacmail.core.threading import FORWARD, RARE_FORWARD
from oacmail.mail import assemble
from oacmail.mail.assemble import Body, MessageSource, Skipped
from oacmail.mail.mime import charset, headers, parts
from oacmail.mail.parser_config import ParserConfig

T = TypeVar("T")

_FORWARD = re.compile(rf"\W{{0,3}}(?:{FORWARD}|{RARE_FORWARD})\s*:", re.I)


def parse(raw: bytes, parser_config: ParserConfig = ParserConfig(), *, day: str = "", skipped: Skipped = ()) -> Message:  # noqa: B008
    """A Message from any bytes; never raises.

    `day`: day of arrival (YYYY-MM-DD), part of the fingerprint of a message without Message-ID, so that the same
    form pressed a week later is no duplicate. `skipped`: (name, MIME type, size) of parts of a too large message
    that were left on the server; they are listed as attachments with sha256 ''.
    """
    for step in (_full, _stdlib, _headers):
        with suppress(Exception):  # any fault of any parser means one rung down; Message.rung tells
            return step(MessageSource(raw, parser_config, day, skipped))
    return assemble.opaque(raw, day, parser_config.language)


def _strictly(judge: Callable[[], T], _: T) -> T:
    return judge()


def _leniently(judge: Callable[[], T], instead: T) -> T:
    try:
        return judge()
    except Exception:  # this judgement alone is lost; Message.rung tells that something was
        return instead


def _full(message: MessageSource) -> Message:
    return assemble.message(message, Rung.FULL, _body(message), _sent_at, _strictly)


def _stdlib(message: MessageSource) -> Message:
    return assemble.message(message, Rung.STDLIB, _body(message), _plain_date, _leniently)


def _headers(message: MessageSource) -> Message:
    body = charset.split(message.capped)[1][: parts.TEXT_LIMIT]
    text = _leniently(lambda: charset.decode(body), body.decode("ascii", "replace"))
    return assemble.message(message, Rung.HEADERS, Body(text), _plain_date, _leniently)


def _body(message: MessageSource) -> Body:
    root = parts.tree(message.capped)
    content = parts.Content(root)
    forwarding = _FORWARD.match(assemble.subject(message.fields)) or not content.text.strip()
    return Body(content.text, content.forwarded if forwarding else "", root, content.attachments, content.caps)


def _sent_at(value: str) -> datetime | None:
    return headers.read_date(value)


def _plain_date(value: str) -> datetime | None:
    """A well-formed date and no other."""
    read = parsedate_tz(value[:100])
    try:
        return datetime.fromtimestamp(mktime_tz(read), UTC) if read else None
    except (ValueError, OverflowError):  # a month of 31 days that has 30, a year without end
        return None
