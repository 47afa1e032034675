"""Bytes become a `Message`, and the message inside a colleague's forward another: whatever arrives, never raising.

Each question about a message is asked for itself: if it fails, its field alone is lost, and `Message.rung` tells. This
module decides nothing about a message; core decides who wrote, which case it is and what to do.
"""

import hashlib
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from email.message import EmailMessage
from email.message import Message as Tree
from functools import partial
from typing import Any, TypeVar

from msgspec import Struct, field
from msgspec.structs import replace

from oacmail.core.model import NO_FEATURES, Attachment, Auth, Auto, Features, Forwarded, Message, Rung, regex
from oacmail.core.order_words import find_order_tokens
from oacmail.core.threading import FORWARD, RARE_FORWARD
from oacmail.core.tokens import find_vote_tokens
from oacmail.mail.mime import auth, charset, headers, parts
from oacmail.mail.mime.headers import Fields
from oacmail.mail.mime.parts import MimePart
from oacmail.mail.parser_config import ParserConfig
from oacmail.mail.understanding import asking, features, machines, phones, reply_text, scores
from oacmail.mail.understanding import secrets as secret_kinds

# --- Parse -----------------------------------------------------------------------------------------------------------
# `rung` is FULL if all questions were answered, STDLIB if one failed, HEADERS if the tree of parts could not be built
# (then the text is the body as it stands), and OPAQUE if nothing could be read but bytes. The answer to a question
# that fails is the one that harms a citizen least: a person, not a machine; no proof of identity; all text as newly
# written. `except Exception` stands here and nowhere else in this package, but for what foreign parsers of reports
# and signatures raise: parsers of strangers' bytes fail in ways that no list names.

SUBJECT = 998

_CONTROLS = regex(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_FORWARD = regex(rf"\W{{0,3}}(?:{FORWARD}|{RARE_FORWARD})\s*:", re.I)

Skipped = Sequence[tuple[str, str, int]]
T = TypeVar("T")
U = TypeVar("U")


class MessageSource:
    """The message while it is read: tidied body, capped bytes, fields. `failed`: some question about it did."""

    def __init__(self, raw: bytes, parser_config: ParserConfig, day: str, skipped: Skipped) -> None:
        self.failed = False
        self.size = len(raw)
        self.parser_config = parser_config
        self.skipped = skipped
        head, body = charset.tidy(raw)
        self.capped = parts.cap_message(head, body)
        self.fields = Fields.from_pairs(self.capped.fields)
        named = [self.fields.first(name) for name in ("message-id", "from", "date", "subject")]
        self.fingerprint = _digest(*named, "" if named[0] else day, body=body)

    def judged(self, judge: Callable[[], T], instead: U) -> T | U:
        """The answer, or `instead` if the question fails."""
        try:
            return judge()
        except Exception:
            self.failed = True
            return instead

    def filled(self, made: Callable[..., T], **judges: Callable[[], Any]) -> T:
        """What is made with each of these fields, but those whose question fails."""
        answers: dict[str, Any] = {}
        for name, judge in judges.items():
            try:
                answers[name] = judge()
            except Exception:
                self.failed = True
        return made(**answers)


class Body(Struct, frozen=True):
    """`text`: the message's own; `forwarded`: of messages attached to it, where it counts; the tree and its files."""

    text: str
    forwarded: str = ""
    root: Tree = field(default_factory=Tree)
    attachments: Sequence[Attachment] = ()
    caps: Sequence[str] = ()


def parse(
    raw: bytes,
    parser_config: ParserConfig = ParserConfig(),  # noqa: B008
    *,
    day: str = "",
    skipped: Skipped = (),
    with_features: bool = True,
) -> Message:
    """A Message from any bytes; never raises.

    `day`: day of arrival (YYYY-MM-DD), part of the fingerprint of a message without Message-ID, so that the same
    form pressed a week later is no duplicate. `skipped`: (name, MIME type, size) of parts of a too large message
    that were left on the server; they are listed as attachments that were not read. `with_features`: also what the text
    names and does, and its secrets, which nobody asks of a copy of our own mail.
    """
    with suppress(Exception):
        return _read(MessageSource(raw, parser_config, day, skipped), with_features)
    text = charset.decode(raw[: parts.TEXT_LIMIT])
    return Message(
        fingerprint=_digest(day, body=raw),
        size=len(raw),
        lang=parser_config.language,
        rung=Rung.OPAQUE,
        text=text,
        fresh=text,
        body_hash=_body_hash(text),
    )


def _read(source: MessageSource, with_features: bool) -> Message:
    """The Message of a message that has fields, each asked for itself."""
    fields, parser_config = source.fields, source.parser_config
    rung, body = Rung.FULL, source.judged(lambda: _body(source), None)
    if body is None:
        rest = source.capped.body[: parts.TEXT_LIMIT]
        rung, body = Rung.HEADERS, Body(source.judged(lambda: charset.decode(rest), rest.decode("ascii", "replace")))

    # Of the text, our own sentences are not the writer's; of a message that only quotes us, nothing of ours is.
    text = "\n\n".join(filter(None, (body.text, body.forwarded)))
    parted = source.judged(lambda: reply_text.part(body.text, parser_config.wording), reply_text.Parted(body.text))
    written = source.judged(
        lambda: _written(parted, body.forwarded, parser_config), reply_text.ReplyText(text.strip(), "")
    )
    mark = source.judged(lambda: machines.mark_of(body.root, parser_config.timezone), machines.Mark())
    fresh = mark.typed(written.fresh)
    left = source.judged(
        lambda: [Attachment(name=parts.clean_name(name), mime=mime, size=size) for name, mime, size in source.skipped],
        (),
    )
    attachments = (*body.attachments, *left)

    # Who writes to whom, about what, with which proofs, as far as the header fields tell it.
    title = source.judged(
        lambda: subject(fields), _printed(fields.first("subject")[:SUBJECT]).encode("ascii", "replace").decode()
    )
    sender, name, single_from = source.judged(lambda: headers.sender(fields), ("", "", False))
    details = source.judged(lambda: headers.details(fields, parser_config), ())
    status = source.judged(lambda: machines.delivery_status(body.root, fields, text), None)
    marks = source.judged(lambda: headers.return_marks(fields, details, parser_config), ())
    auto, reasons = source.judged(
        lambda: machines.classify(fields, sender, status, returned=bool(marks)), (Auto.NONE, ())
    )

    message = source.filled(
        partial(
            Message,
            fingerprint=source.fingerprint,
            size=source.size,
            lang=parser_config.language,
            rung=rung,
            sender=sender,
            name=name,
            single_from=single_from,
            subject=title,
            text=text,
            fresh=fresh,
            attachments=attachments,
            auto=auto,
            reasons=reasons,
            delivery_status=status,
            quotes_us=bool(parted.ours),
            signatures=fields.all("x-oacmail"),
            marks=marks,
            caps=tuple(dict.fromkeys((*source.capped.caps, *body.caps))),
            body_hash=_body_hash(fresh),
        ),
        message_id=lambda: headers.message_id(fields),
        refs=lambda: headers.references(fields),
        reply_to=lambda: next(iter(headers.address_list(fields.all("reply-to"), 1)), ""),
        to=lambda: headers.address_list(fields.all("to")),
        cc=lambda: headers.address_list(fields.all("cc")),
        bcc=lambda: headers.address_list(fields.all("bcc")),
        sent_at=lambda: headers.read_date(fields.first("date")),
        auth=lambda: auth.evaluate(fields, sender, single_from, parser_config),
        tokens=lambda: headers.tokens(details, title, parser_config),
        order_tokens=lambda: find_order_tokens((*details, title)),
        vote_tokens=lambda: find_vote_tokens((*details, title)),
        typed=lambda: _typed(source, body),
        quotes_us=lambda: bool(parted.ours) or _quotes_us(written.quoted, parser_config),
        lang=lambda: scores.detect_language(fresh, parser_config.language),
        secrets=lambda: secret_kinds.find(text, attachments) if with_features else (),
        quotes_from=lambda: reply_text.writers(written.quoted),
    )
    found = _features(source, message, mark, body, parted, written.quoted) if with_features else NO_FEATURES
    return replace(message, features=found, rung=Rung.STDLIB if source.failed and rung is Rung.FULL else rung)


def _body(source: MessageSource) -> Body:
    root = parts.tree(source.capped)
    content = parts.Content(root)
    forwarding = _FORWARD.match(subject(source.fields)) or not content.text.strip()
    return Body(content.text, content.forwarded if forwarding else "", root, content.attachments, content.caps)


def subject(fields: Fields) -> str:
    return _printed(charset.field(fields.first("subject")))[:SUBJECT]


def _printed(value: str) -> str:
    return " ".join(_CONTROLS.sub(" ", value).split())


def _typed(source: MessageSource, body: Body) -> str:
    """What a person may have typed: orders are read of it (core/order_words.py)."""
    kinds = {part.get_content_type() for part in body.root.walk()}
    calendar = "text/calendar" in kinds and kinds.isdisjoint({"text/plain", "text/html"})
    return "" if calendar or b"\0" in source.capped.body else body.text


def _features(
    source: MessageSource, message: Message, mark: machines.Mark, body: Body, parted: reply_text.Parted, quoted: str
) -> Features:
    """What the text names and does (asks, closes, repeats us, names an attachment), and the model's scores."""
    title, fresh, parser_config = message.subject, message.fresh, source.parser_config
    with_ours = source.judged(lambda: reply_text.split(body.text, body.forwarded).fresh, "") if parted.ours else fresh
    signature = source.judged(lambda: _signature(parted.rest, fresh, quoted), "")
    folded = source.judged(lambda: features.fold(fresh), fresh)
    whole = source.judged(lambda: f"{features.fold(title)} . {folded}", fresh)
    names = source.judged(lambda: features.fold(f"{message.name} {message.sender.partition('@')[0]}"), "")
    marked = source.judged(lambda: machines.marked_as(mark, title, fresh, answers=bool(message.refs)), "")
    # Nobody votes unasked, nor without a word.
    worded = marked in ("", machines.WORDS)
    may_vote = bool(message.refs or message.tokens or message.vote_tokens) and worded
    machine = message.auto is not Auto.NONE  # people write "Nom: …" as well
    is_ours = bool(message.tokens) or features.is_answer(title)  # the subject is not the writer's
    titled = bool(title) and not is_ours and not asking.closes(features.fold(title))
    closes = source.judged(lambda: not titled and asking.closes(folded), False)
    named = source.judged(
        lambda: features.find(title, fresh, signature, phone=parser_config.phone, town=parser_config.town), NO_FEATURES
    )
    found = source.filled(
        partial(replace, named, asks=True, closes=closes, complains=closes, goes_on=True),
        marked_as=lambda: "" if marked == machines.WORDS else marked,
        words_beside=lambda: marked == machines.WORDS,
        asks=lambda: asking.asks(folded),
        complains=lambda: closes and asking.complains(folded),
        names_wish=lambda: closes and asking.names_wish(folded, names),
        adds_nothing=lambda: closes and asking.adds_nothing(folded, names),
        goes_on=lambda: asking.goes_on(folded if is_ours else whole),
        names_absence=lambda: machines.names_absence(fresh),
        vote=lambda: (
            asking.read_votes(fresh, message.name, message.sender, asked=bool(message.vote_tokens))
            if may_vote
            else None
        ),
        repeats_us=lambda: reply_text.repeats(title, with_ours, token=bool(message.tokens)),
        form_fields=lambda: phones.form_fields(fresh) if machine else frozenset(),
        subject_form=lambda: machine and phones.is_title(title),
        call_form=lambda: phones.is_call_form(f"{title}\n{fresh}"),
        town_words=lambda: features.town_words(title, fresh, parser_config.topics),
        still_fails=lambda: reply_text.still_fails(folded),
        language_wish=lambda: reply_text.language(folded),
        names_attachment=lambda: reply_text.names_attachment(folded),
    )
    return source.judged(lambda: scores.weigh(replace(message, features=found), lessons=parser_config.lessons), found)


def _written(parted: reply_text.Parted, forwarded: str, parser_config: ParserConfig) -> reply_text.ReplyText:
    """What was written now, without our own sentences; of a message that only quotes us, nothing of ours."""
    written = reply_text.split(parted.rest, forwarded)
    quotes = written.fresh.lstrip().startswith(">")
    if quotes and all(line.lstrip().startswith(">") for line in written.fresh.splitlines() if line.strip()):
        quote = reply_text.part(written.fresh, parser_config.wording, within_quotes=True)
        return replace(written, fresh=quote.rest if quote.rest.strip("> \n") else "")
    return written


def _quotes_us(quoted: str, parser_config: ParserConfig) -> bool:
    lowered = quoted.lower()
    return any(address in lowered for address in parser_config.own) or bool(headers.find_tokens(quoted, parser_config))


def _signature(rest: str, fresh: str, quoted: str) -> str:
    """What is neither written now nor quoted."""
    known = {*fresh.splitlines(), *quoted.splitlines()}
    return "\n".join(line for line in map(str.rstrip, rest.splitlines()) if line not in known)


def _body_hash(text: str) -> str:
    """Of the text as people compare texts: white space and case do not matter. '' where nothing is written."""
    folded = " ".join(text.casefold().split())
    return hashlib.sha256(folded.encode()).hexdigest() if folded else ""


def _digest(*named: str, body: bytes) -> str:
    lines = "\n".join(named).encode("utf-8", "surrogateescape")
    return hashlib.sha256(lines + b"\n\n" + body.rstrip()).hexdigest()


# --- Forwards --------------------------------------------------------------------------------------------------------
# Read the person's message out of a colleague's forward: an attached message, or a text below a client's heading.
#
# An attached message (message/rfc822) is whole: its own header names its writer. In a forward as text only the lines
# that the client printed do, and the colleague may have changed them. Of several headings the first counts that names
# nobody of staff. This never decides whether the colleague is proven, or what follows.

_PREFIXES = regex(rf"\A(?:\s*(?:{FORWARD}|{RARE_FORWARD})\s*:\s*){{1,10}}", re.I)
# Gmail, Thunderbird, Outlook ("-----Missatge original-----"), Apple Mail
_HEADING = regex(
    r"\s{0,4}(?:-{2,40}\s{0,4})?(?:forwarded message|missatge (?:reenviat|original)|mensaje (?:reenviado|original)"
    r"|original message|begin forwarded message|inici del missatge reenviat|inicio del mensaje reenviado)"
    r"\s{0,4}(?:-{2,40}|:)\s{0,4}",
    re.I,
)
_FROM = regex(r"\s*\*?(?:de|from)\s{0,2}:\*?\s*(\S.*)", re.I)
_SUBJECT_LINE = regex(r"\s*\*?(?:assumpte|tema|asunto|subject)\s{0,2}:\*?\s*(.*)", re.I)
_HEAD_LINE = regex(
    r"\s*\*?(?:enviat|enviado|sent|date|data|fecha|per a|para|a|to|cc|c/c|assumpte|tema|asunto|subject|de|from"
    r"|respon a|responder a|reply-to|importància|importancia|importance)(?: el)?\s{0,2}:\*?(?:\s|$)",
    re.I,
)
_ADDRESS = regex(r"[^\s<>()\[\],;:\"']{1,64}@[A-Za-z0-9.-]{1,253}\.[A-Za-z]{2,24}")
_NO_NAME = regex(r"[^\w .-]")
_MOST_LINES = 5_000


def read_forward(
    raw: bytes,
    outer: Message,
    parser_config: ParserConfig,
    *,
    insiders: frozenset[str],
    given: str = "",
    day: str = "",
) -> Forwarded | None:
    """The forwarded message; None = it is no forward. `outer`: the colleague's mail, as it was parsed. `insiders`: the
    addresses of staff and office. `given`: the writer's address as an agent has confirmed it, '' = nobody has."""
    enclosed = _enclosed(raw)
    if len(enclosed) > 1:
        return Forwarded(message=None, doubt="several")
    if enclosed:
        inner = parse(enclosed[0], parser_config, day=day)
        if inner.sender in insiders:
            return None
        doubt = "" if given or (inner.sender and inner.single_from) else "none"
        inner = replace(inner, sender=given or inner.sender)
    else:
        block = next((block for block in _blocks(outer) if insiders.isdisjoint(_addresses(block.writer))), None)
        if block is None:
            return None
        named = [address for address in dict.fromkeys(_addresses(block.writer)) if address not in insiders]
        doubt = "" if given or len(named) == 1 else "several" if named else "none"
        inner = _parsed(block, given or (named[0] if len(named) == 1 else ""), parser_config, day)
        inner = replace(inner, attachments=outer.attachments, message_id="", refs=())
    # under the identity of the forward, and without any proof: our exchanger has judged the colleague's mail alone
    message = replace(inner, fingerprint=outer.fingerprint, auth=Auth(), signatures=(), reply_to="", to=(), cc=())
    return Forwarded(message=message, doubt=doubt, whole=bool(enclosed), confirmed=bool(given))


def _enclosed(raw: bytes) -> Sequence[bytes]:
    """The attached messages, at the top of the mail alone."""
    root = parts.tree(parts.cap_message(*charset.tidy(raw)))
    found: list[bytes] = []
    for part in root.get_payload() if root.get_content_type() == "multipart/mixed" else [root]:
        if not isinstance(part, MimePart):
            continue
        if part.get_content_type() in parts.MESSAGE_TYPES and part.is_multipart():
            found += (parts.flat(child) for child in part.get_payload() if isinstance(child, MimePart))
        elif parts.file_name(part).lower().endswith(".eml"):
            found.append(part.data())
    return found


def _addresses(text: str) -> list[str]:
    return [address.lower() for address in _ADDRESS.findall(text)]


class _Block(Struct, frozen=True):
    """`writer`: the value of its From line, '' = it has none."""

    writer: str
    subject: str
    body: str


def _blocks(outer: Message) -> Iterator[_Block]:
    """The texts below a heading; in a mail with a forward's subject, also those below header lines without one."""
    lines = [line.lstrip("> ") if line.startswith(">") else line for line in outer.text.split("\n")[:_MOST_LINES]]
    forwarded = bool(_FORWARD.match(outer.subject))
    heads: list[int] = []
    for at, line in enumerate(lines):
        if _HEADING.fullmatch(line) and (forwarded or "original" not in line.lower()):
            heads.append(next((n for n in range(at + 1, min(at + 4, len(lines))) if lines[n].strip()), at))
        elif forwarded and _FROM.match(line) and at not in heads and _has_head(lines[at : at + 6]):
            heads.append(at)
    return (_block(lines, at) for at in heads)


def _has_head(lines: Sequence[str]) -> bool:
    return sum(bool(_HEAD_LINE.match(line)) for line in lines) >= 3


def _block(lines: Sequence[str], at: int) -> _Block:
    writer = subject = ""
    end = at
    while end < len(lines) and (_HEAD_LINE.match(lines[end]) or (end > at and lines[end].startswith((" ", "\t")))):
        if not writer and (named := _FROM.match(lines[end])):
            writer = named[1]
        if not subject and (titled := _SUBJECT_LINE.match(lines[end])):
            subject = titled[1].strip()
        end += 1
        if end < len(lines) - 1 and not lines[end].strip() and _HEAD_LINE.match(lines[end + 1]):
            end += 1  # an empty line between header lines, as Apple Mail and converted HTML have it
    return _Block(writer, subject, "\n".join(lines[end:]).strip())


def _parsed(block: _Block, writer: str, parser_config: ParserConfig, day: str) -> Message:
    """Read as the mail that it was, as far as the forward shows it."""
    mail = EmailMessage()
    if writer:
        name = headers.display_name([block.writer.partition("<")[0]]) if "<" in block.writer else ""
        name = _NO_NAME.sub("", name)
        mail["From"] = f'"{name}" <{writer}>' if name else writer
    mail["Subject"] = " ".join(_PREFIXES.sub("", block.subject).split())
    mail.set_content(block.body or "\n", charset="utf-8")
    return parse(mail.as_bytes(), parser_config, day=day)


# --- Parsing ---------------------------------------------------------------------------------------------------------
# Parse several messages at a time. Submitting messages and collecting results are separate steps.
#
# `Parser` parses a message when its result is collected, `ParseWorker` (parse_worker.py) in a second process. Both
# return what `parse` returns for each message, and lose none.


class RawMessage(Struct, frozen=True, kw_only=True):
    """A message's bytes, with `skipped`, `day` and `with_features` of `parse`."""

    raw: bytes
    skipped: Skipped
    day: str
    with_features: bool = True

    def read(self, parser_config: ParserConfig) -> Message:
        return parse(self.raw, parser_config, day=self.day, skipped=self.skipped, with_features=self.with_features)


Answers = Callable[[int], Message]
"""Return the Message of the nth submitted message; wait if it is not parsed yet."""


class Parser:
    """Parses in the calling thread when a result is collected."""

    def __init__(self) -> None:
        self.parser_config = ParserConfig()

    def begin(self, parser_config: ParserConfig, ahead: int) -> None:  # noqa: ARG002
        """Start a pass; `ahead` messages wait to be parsed."""
        self.parser_config = parser_config

    def ask(self, messages: Sequence[RawMessage]) -> Answers:
        parser_config = self.parser_config
        return lambda at: messages[at].read(parser_config)

    def end(self) -> None:
        """End the pass; results that were not collected yet stay available, and more messages may be submitted."""
