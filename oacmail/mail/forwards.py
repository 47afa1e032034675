"""Read the person's message out of a colleague's forward: an attached message, or a text below a client's heading.

An attached message (message/rfc822) is whole: its own header names its writer. In a forward as text only the lines that
the client printed do, and the colleague may have changed them. Of several headings the first counts that names nobody
of staff. It never decides whether the colleague is proven, or what follows.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from email.message import EmailMessage

from oacmail.core.model import Auth, Forwarded, Message
from oacmail.core.threading import FORWARD, RARE_FORWARD
from oacmail.mail.mime import charset, headers, parts
from oacmail.mail.mime.parts import MimePart
from oacmail.mail.parse import parse
from oacmail.mail.parser_config import ParserConfig

_MESSAGES = frozenset({"message/rfc822", "message/global"})
_SUBJECT = re.compile(rf"\W{{0,3}}(?:{FORWARD}|{RARE_FORWARD})\s*:", re.I)
_PREFIXES = re.compile(rf"\A(?:\s*(?:{FORWARD}|{RARE_FORWARD})\s*:\s*){{1,10}}", re.I)
# Gmail, Thunderbird, Outlook ("-----Missatge original-----"), Apple Mail
_HEADING = re.compile(
    r"\s{0,4}(?:-{2,40}\s{0,4})?(?:forwarded message|missatge (?:reenviat|original)|mensaje (?:reenviado|original)"
    r"|original message|begin forwarded message|inici del missatge reenviat|inicio del mensaje reenviado)"
    r"\s{0,4}(?:-{2,40}|:)\s{0,4}",
    re.I,
)
_FROM = re.compile(r"\s*\*?(?:de|from)\s{0,2}:\*?\s*(\S.*)", re.I)
_SUBJECT_LINE = re.compile(r"\s*\*?(?:assumpte|tema|asunto|subject)\s{0,2}:\*?\s*(.*)", re.I)
_HEAD_LINE = re.compile(
    r"\s*\*?(?:enviat|enviado|sent|date|data|fecha|per a|para|a|to|cc|c/c|assumpte|tema|asunto|subject|de|from"
    r"|respon a|responder a|reply-to|importància|importancia|importance)(?: el)?\s{0,2}:\*?(?:\s|$)",
    re.I,
)
_ADDRESS = re.compile(r"[^\s<>()\[\],;:\"']{1,64}@[A-Za-z0-9.-]{1,253}\.[A-Za-z]{2,24}")
_NO_NAME = re.compile(r"[^\w .-]")
_MOST_LINES = 5_000


@dataclass(frozen=True, slots=True)
class _Block:
    """`writer`: the value of its From line, '' = it has none."""

    writer: str
    subject: str
    body: str


def read(
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
    if len(enclosed) == 1:
        return _whole(enclosed[0], outer, parser_config, insiders=insiders, given=given, day=day)
    block = _block(outer, insiders)
    if enclosed or block is None:
        return Forwarded(message=None, doubt="several") if enclosed else None
    found = [one for one in dict.fromkeys(map(str.lower, _ADDRESS.findall(block.writer))) if one not in insiders]
    doubt = "" if given or len(found) == 1 else "several" if found else "none"
    writer = given or (found[0] if len(found) == 1 else "")
    inner = _parsed(block, writer, parser_config, day)
    message = _as_arrived(replace(inner, attachments=outer.attachments, message_id="", refs=()), outer)
    return Forwarded(message=message, doubt=doubt, confirmed=bool(given))


def _whole(
    inner: bytes, outer: Message, parser_config: ParserConfig, *, insiders: frozenset[str], given: str, day: str
) -> Forwarded | None:
    message = parse(inner, parser_config, day=day)
    if message.sender in insiders:
        return None
    doubt = "" if given or (message.sender and message.single_from) else "none"
    message = replace(message, sender=given or message.sender)
    return Forwarded(message=_as_arrived(message, outer), doubt=doubt, whole=True, confirmed=bool(given))


def _as_arrived(inner: Message, outer: Message) -> Message:
    """Under the identity of the forward, and without any proof: our exchanger has judged the colleague's mail alone."""
    return replace(inner, fingerprint=outer.fingerprint, auth=Auth(), signatures=(), reply_to="", to=(), cc=())


def _enclosed(raw: bytes) -> Sequence[bytes]:
    """The attached messages, at the top of the mail alone."""
    root = parts.tree(parts.cap_message(parts.repair_boundaries(charset.tidy(raw)))[0])
    children = root.get_payload() if root.get_content_type() == "multipart/mixed" else [root]
    found = [child for child in children if isinstance(child, MimePart)]
    return [inner for child in found for inner in _messages(child)]


def _messages(part: MimePart) -> list[bytes]:
    if part.get_content_type() in _MESSAGES and part.is_multipart():
        return [parts.flat(child) for child in part.get_payload() if isinstance(child, MimePart)]
    return [part.data()] if parts.file_name(part).lower().endswith(".eml") else []


def _block(outer: Message, insiders: frozenset[str]) -> _Block | None:
    """The first heading that names somebody outside, else the first."""
    lines = [line.lstrip("> ") if line.startswith(">") else line for line in outer.text.split("\n")[:_MOST_LINES]]
    forwarded = bool(_SUBJECT.match(outer.subject))
    found = [_read_block(lines, at) for at in _heads(lines, forwarded)]
    outside = (block for block in found if not any(one in insiders for one in _ADDRESS.findall(block.writer.lower())))
    return next(outside, None)


def _heads(lines: Sequence[str], forwarded: bool) -> list[int]:
    """Where a block of header lines begins: below a heading; of a mail with a forward's subject, also without one."""
    found: list[int] = []
    for at, line in enumerate(lines):
        if _HEADING.fullmatch(line) and (forwarded or "original" not in line.lower()):
            found.append(next((n for n in range(at + 1, min(at + 4, len(lines))) if lines[n].strip()), at))
        elif forwarded and _FROM.match(line) and _has_head(lines, at) and at not in found:
            found.append(at)
    return found


def _has_head(lines: Sequence[str], at: int) -> bool:
    return sum(bool(_HEAD_LINE.match(line)) for line in lines[at : at + 6]) >= 3


def _read_block(lines: Sequence[str], at: int) -> _Block:
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
