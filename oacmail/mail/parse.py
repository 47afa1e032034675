"""Bytes become a `Message`: parsed by the best of four ways, judged field by field, never raising.

A judgement that fails costs its own field alone. It decides nothing about a message.
"""

import hashlib
import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from email.message import Message as Tree
from email.utils import mktime_tz, parsedate_tz
from typing import Protocol, TypeVar

from oacmail.core.model import (
    NO_FEATURES,
    Attachment,
    Auth,
    Auto,
    DeliveryStatus,
    Features,
    Message,
    Rung,
    TownWord,
    VoteWords,
)
from oacmail.core.threading import FORWARD, RARE_FORWARD
from oacmail.mail.mime import auth, charset, headers, parts
from oacmail.mail.mime.headers import Fields
from oacmail.mail.parser_config import ParserConfig
from oacmail.mail.understanding import asking, bounces, features, machines, phones, reply_text, scores, topics
from oacmail.mail.understanding import secrets as secret_kinds

# --- Assemble --------------------------------------------------------------------------------------------------------
#
# Build a Message from the answers of the other modules of mail/: fields, text, origin, language, features.
#
# Nothing is decided here. Each question is asked through `judged`: if it fails, `parse` can continue with the default
# that harms a citizen least: a person, not a machine; no proof of identity; all text as newly written.


SUBJECT = 998

_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_PERSON: tuple[Auto, tuple[str, ...]] = (Auto.NONE, ())
_NOBODY = ("", "", False)

Skipped = Sequence[tuple[str, str, int]]
T = TypeVar("T")


class Judged(Protocol):
    """Return the answer; if the question fails, its default, or raise, as `parse` chooses."""

    def __call__(self, judge: Callable[[], T], instead: T, /) -> T: ...


class MessageSource:
    """The message while it is read: tidied body, capped bytes, fields."""

    def __init__(self, raw: bytes, parser_config: ParserConfig, day: str, skipped: Skipped) -> None:
        self.size = len(raw)
        self.parser_config = parser_config
        self.day = day
        self.skipped = skipped
        tidied = charset.tidy(raw)
        head, self.body = charset.split(tidied)
        self.capped, self.caps = parts.cap_message(parts.repair_boundaries(tidied))
        whole = self.capped == tidied
        self.fields = Fields.from_pairs(charset.pairs(head if whole else charset.split(self.capped)[0]))


@dataclass(frozen=True, slots=True)
class Body:
    """`text`: the message's own; `forwarded`: of messages attached to it, where it counts; the tree and its files."""

    text: str
    forwarded: str = ""
    root: Tree = field(default_factory=Tree)
    attachments: Sequence[Attachment] = ()
    caps: Sequence[str] = ()


def assembled(
    message: MessageSource, rung: Rung, body: Body, date: Callable[[str], datetime | None], judged: Judged
) -> Message:
    """The Message of a message, its body read on this rung; `date` reads the Date field."""
    parser_config = message.parser_config
    text = "\n\n".join(filter(None, (body.text, body.forwarded)))
    own = judged(lambda: reply_text.part(body.text, parser_config.wording), reply_text.Parted(body.text))
    written = judged(lambda: _written(own, body.forwarded, parser_config), reply_text.ReplyText(text.strip(), ""))
    no_files: tuple[Attachment, ...] = ()
    attachments = (*body.attachments, *judged(lambda: tuple(map(_left_behind, message.skipped)), no_files))
    read = replace(
        _of_fields(message, date, judged),
        text=text,
        fresh=written.fresh,
        typed=judged(lambda: _typed(message, body), ""),
        quotes_us=bool(own.ours) or judged(lambda: _quotes_us(written.quoted, parser_config), False),
        attachments=attachments,
        lang=judged(lambda: scores.detect_language(written.fresh, parser_config.language), parser_config.language),
        rung=rung,
        secrets=judged(lambda: secret_kinds.find(text, attachments), ()),
        caps=tuple(dict.fromkeys((*message.caps, *body.caps))),
        body_hash=_body_hash(written.fresh),
        quotes_from=judged(lambda: reply_text.writers(written.quoted), ()),
    )
    read = _by_origin(read, message.fields, body.root, judged)
    with_ours = judged(lambda: reply_text.split(body.text, body.forwarded).fresh, "") if own.ours else written.fresh
    return replace(read, features=_features(read, with_ours, _signature(own.rest, written), parser_config, judged))


def _of_fields(message: MessageSource, date: Callable[[str], datetime | None], judged: Judged) -> Message:
    """The Message as far as its header fields tell it: who writes to whom, about what, with which proofs."""
    fields, parser_config = message.fields, message.parser_config
    title = judged(lambda: subject(fields), _ascii(fields.first("subject")))
    sender, name, single_from = judged(lambda: headers.sender(fields), _NOBODY)
    nothing: tuple[str, ...] = ()
    details = judged(lambda: headers.details(fields, parser_config), nothing)
    return replace(
        _bare(_fingerprint(message), message.size, parser_config.language),
        message_id=judged(lambda: headers.message_id(fields), ""),
        refs=judged(lambda: headers.references(fields), ()),
        sender=sender,
        name=name,
        single_from=single_from,
        reply_to=judged(lambda: next(iter(headers.address_list(fields.all("reply-to"), 1)), ""), ""),
        to=judged(lambda: headers.address_list(fields.all("to")), ()),
        cc=judged(lambda: headers.address_list(fields.all("cc")), ()),
        bcc=judged(lambda: headers.address_list(fields.all("bcc")), ()),
        subject=title,
        sent_at=judged(lambda: date(fields.first("date")), None),
        auth=judged(lambda: auth.evaluate(fields, sender, single_from, parser_config), Auth()),
        signatures=fields.all("x-oacmail"),
        tokens=judged(lambda: headers.tokens(details, title, parser_config), ()),
        order_tokens=judged(lambda: headers.order_tokens(details, title), ()),
        vote_tokens=judged(lambda: headers.vote_tokens(details, title), ()),
    )


def _by_origin(read: Message, fields: Fields, root: Tree, judged: Judged) -> Message:
    """`read` with whether a person or a machine wrote it, and what it reports if it is a delivery report."""
    no_status: DeliveryStatus | None = None
    found = judged(lambda: bounces.find(root, fields, read.text), no_status)
    verdict, reasons = judged(lambda: machines.classify(fields, read.sender, found), _PERSON)
    return replace(read, auto=verdict, reasons=reasons, delivery_status=found)


def _typed(message: MessageSource, body: Body) -> str:
    """What a person may have typed: orders are read of it (core/order_words.py)."""
    kinds = {part.get_content_type() for part in body.root.walk()}
    calendar = "text/calendar" in kinds and kinds.isdisjoint({"text/plain", "text/html"})
    return "" if calendar or b"\0" in message.capped else body.text


def _features(read: Message, with_ours: str, signature: str, parser_config: ParserConfig, judged: Judged) -> Features:
    """What the text names and does (asks, closes, repeats us, names an attachment), and the model's scores.

    `with_ours`: what was written now, our own sentences left in.
    """
    subject, fresh = read.subject, read.fresh
    found = judged(
        lambda: features.find(subject, fresh, signature, phone=parser_config.phone, town=parser_config.town),
        NO_FEATURES,
    )
    no_words: tuple[TownWord, ...] = ()
    no_fields: frozenset[str] = frozenset()
    no_vote: VoteWords | None = None
    may_vote = bool(read.refs or read.tokens or read.vote_tokens)  # nobody votes unasked
    machine = read.auto is not Auto.NONE  # people write "Nom: …" as well
    is_ours = bool(read.tokens) or features.is_answer(subject)  # the subject is not the writer's
    titled = bool(subject) and not is_ours and not asking.closes(features.fold(subject))
    found = replace(
        found,
        asks=judged(lambda: asking.asks(features.fold(fresh)), True),
        complains=judged(lambda: asking.complains(features.fold(fresh)), True),
        adds_nothing=judged(lambda: asking.adds_nothing(features.fold(fresh)), False),
        closes=judged(lambda: not titled and asking.closes(features.fold(fresh)), False),
        goes_on=judged(lambda: asking.goes_on(features.fold(fresh if is_ours else f"{subject} . {fresh}")), True),
        of_paper=judged(lambda: topics.of_paper(features.fold(f"{subject} . {fresh}")), False),
        subject_says=judged(lambda: machines.title_kind(subject, fresh, answers=bool(read.refs)), ""),
        names_absence=judged(lambda: machines.names_absence(fresh), False),
        vote=judged(lambda: _vote(read), no_vote) if may_vote else None,
        repeats_us=judged(lambda: reply_text.repeats(subject, with_ours, token=bool(read.tokens)), False),
        form_fields=judged(lambda: phones.sorts(fresh), no_fields) if machine else no_fields,
        subject_form=machine and phones.is_title(subject),
        call_form=phones.is_call_form(f"{subject}\n{fresh}"),
        town_words=judged(lambda: topics.found(subject, fresh, parser_config.topics), no_words),
        still_fails=judged(lambda: reply_text.still_fails(features.fold(fresh)), False),
        language_wish=judged(lambda: reply_text.language(features.fold(fresh)), ""),
        names_attachment=judged(lambda: reply_text.names_attachment(features.fold(fresh)), False),
    )
    return judged(lambda: scores.weigh(replace(read, features=found), lessons=parser_config.lessons), found)


def _vote(read: Message) -> VoteWords | None:
    return asking.read_votes(read.fresh, read.name, read.sender, asked=bool(read.vote_tokens))


def subject(fields: Fields) -> str:
    return " ".join(_CONTROLS.sub(" ", charset.field(fields.first("subject"))).split())[:SUBJECT]


def _ascii(value: str) -> str:
    """A subject as it stands, encoded words and all."""
    return " ".join(_CONTROLS.sub(" ", value[:SUBJECT]).encode("ascii", "replace").decode().split())


def _left_behind(part: tuple[str, str, int]) -> Attachment:
    name, mime, size = part
    return Attachment(name=parts.clean_name(name), mime=mime, size=size)


def _written(own: reply_text.Parted, forwarded: str, parser_config: ParserConfig) -> reply_text.ReplyText:
    """What was written now, without our own sentences; of a message that only quotes us, nothing of ours."""
    written = reply_text.split(own.rest, forwarded)
    lines = [line for line in written.fresh.splitlines() if line.strip()]
    if lines and all(line.lstrip().startswith(">") for line in lines):
        parted = reply_text.part(written.fresh, parser_config.wording, within_quotes=True)
        return replace(written, fresh=parted.rest if parted.rest.strip("> \n") else "")
    return written


def _quotes_us(quoted: str, parser_config: ParserConfig) -> bool:
    lowered = quoted.lower()
    return any(address in lowered for address in parser_config.own) or bool(headers.find_tokens(quoted, parser_config))


def _signature(own: str, written: reply_text.ReplyText) -> str:
    """What is neither written now nor quoted."""
    known = {*written.fresh.splitlines(), *written.quoted.splitlines()}
    return "\n".join(line for line in map(str.rstrip, own.splitlines()) if line not in known)


def _body_hash(text: str) -> str:
    """Of the text as people compare texts: white space and case do not matter. '' where nothing is written."""
    folded = " ".join(text.casefold().split())
    return hashlib.sha256(folded.encode()).hexdigest() if folded else ""


def _fingerprint(message: MessageSource) -> str:
    named = [message.fields.first(name) for name in ("message-id", "from", "date", "subject")]
    return _digest(*named, "" if named[0] else message.day, body=message.body)


def _digest(*named: str, body: bytes) -> str:
    lines = "\n".join(named).encode("utf-8", "surrogateescape")
    return hashlib.sha256(lines + b"\n\n" + body.rstrip()).hexdigest()


def opaque(raw: bytes, day: str, language: str) -> Message:
    """Nothing but bytes: text as far as there is any, no fields believed."""
    text = charset.decode(raw[: parts.TEXT_LIMIT])
    bare = _bare(_digest(day, body=raw), len(raw), language)
    return replace(bare, text=text, fresh=text, body_hash=_body_hash(text))


def _bare(fingerprint: str, size: int, language: str) -> Message:
    """A Message of which nothing is known: no writer, no text, written by a person."""
    return Message(
        fingerprint=fingerprint,
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
        text="",
        fresh="",
        quotes_us=False,
        attachments=(),
        auto=Auto.NONE,
        reasons=(),
        delivery_status=None,
        auth=Auth(),
        lang=language,
        rung=Rung.OPAQUE,
        signatures=(),
        tokens=(),
        secrets=(),
        caps=(),
        size=size,
        body_hash="",
    )


# --- Parse -----------------------------------------------------------------------------------------------------------
#
# Bytes to Message, on a ladder that never raises: whatever arrives becomes a message that somebody can answer.
#
# Decides how far down the ladder a message goes: FULL (the standard library's tree, dates by mail-parser and
# dateutil), STDLIB (the tree alone), HEADERS (fields by our own splitter, the body as it stands), OPAQUE (nothing but
# bytes). A fault in one judgement costs that judgement, never the sender, the subject or the text:
# below FULL each is made for itself. It only reads; core decides who wrote, which case it is and what to do. `except
# Exception` stands here and nowhere else in this package, but for what foreign parsers of reports raise: parsers of
# strangers' bytes fail in ways that no list names.


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
    return opaque(raw, day, parser_config.language)


def _strictly(judge: Callable[[], T], _: T) -> T:
    return judge()


def _leniently(judge: Callable[[], T], instead: T) -> T:
    try:
        return judge()
    except Exception:  # this judgement alone is lost; Message.rung tells that something was
        return instead


def _full(message: MessageSource) -> Message:
    return assembled(message, Rung.FULL, _body(message), _sent_at, _strictly)


def _stdlib(message: MessageSource) -> Message:
    return assembled(message, Rung.STDLIB, _body(message), _plain_date, _leniently)


def _headers(message: MessageSource) -> Message:
    body = charset.split(message.capped)[1][: parts.TEXT_LIMIT]
    text = _leniently(lambda: charset.decode(body), body.decode("ascii", "replace"))
    return assembled(message, Rung.HEADERS, Body(text), _plain_date, _leniently)


def _body(message: MessageSource) -> Body:
    root = parts.tree(message.capped)
    content = parts.Content(root)
    forwarding = _FORWARD.match(subject(message.fields)) or not content.text.strip()
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


# --- Parsing ---------------------------------------------------------------------------------------------------------
#
# Parse several messages at a time. Submitting messages and collecting results are separate steps.
#
# `InlineParser` parses a message when its result is collected. parse_worker.py implements the same port with a
# second process. Both return what `parse` returns for each message, and lose none.


@dataclass(frozen=True, slots=True, kw_only=True)
class RawMessage:
    """A message's bytes, with `skipped` and `day` of `parse`."""

    raw: bytes
    skipped: Skipped
    day: str

    def read(self, parser_config: ParserConfig) -> Message:
        return parse(self.raw, parser_config, day=self.day, skipped=self.skipped)


Answers = Callable[[int], Message]
"""Return the Message of the nth submitted message; wait if it is not parsed yet."""


class Parser(Protocol):
    def begin(self, parser_config: ParserConfig, ahead: int) -> None:
        """Start a pass; `ahead` messages wait to be parsed."""
        ...

    def ask(self, messages: Sequence[RawMessage]) -> Answers: ...

    def end(self) -> None:
        """End the pass; results that were not collected yet stay available, and more messages may be submitted."""
        ...


class InlineParser:
    """Parses in the calling thread when a result is collected."""

    def __init__(self) -> None:
        self._parser_config = ParserConfig()

    def begin(self, parser_config: ParserConfig, ahead: int) -> None:  # noqa: ARG002
        self._parser_config = parser_config

    def ask(self, messages: Sequence[RawMessage]) -> Answers:
        parser_config = self._parser_config
        return lambda at: messages[at].read(parser_config)

    def end(self) -> None:
        return
