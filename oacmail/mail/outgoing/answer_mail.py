"""Build the mail that relays an agent's answer to the person, under the office's name.

The text, the HTML, its images and the files are the agent's; every header field, also of the parts, is ours. In the
text the agent's address becomes the office's, so that the next message comes to the office. The same values always give
the same bytes. It never decides whether a mail is relayed.
"""

import re
from base64 import encodebytes
from hashlib import sha256
from urllib.parse import quote

from oacmail.mail.outgoing import compose
from oacmail.mail.outgoing.answer_parts import AnswerFile, AnswerParts
from oacmail.mail.outgoing.compose import Heading
from oacmail.mail.outgoing.headers import LIMIT
from oacmail.mail.outgoing.plain_text import one_line

_TAG = 60  # characters that the case's token takes of a subject
_REPLY = re.compile(r"(?:(?:re|rv|aw|sv|resp)(?:\[\d{1,3}\])? ?: ?)+", re.I)
_CARDS = frozenset(("text/vcard", "text/x-vcard", "text/directory"))
_TOKEN = re.compile(r"\[[A-Z][A-Z0-9]{1,7}-\d{4}-\d{6}-[A-Z0-9]{3}\]", re.I)


def subject(theirs: str, token: str) -> str:
    """`[token] Re: <the person's subject>`."""
    plain = one_line(_TOKEN.sub(" ", theirs))
    prefixes = _REPLY.match(plain)
    plain = plain[prefixes.end() :] if prefixes else plain
    return f"[{token}] Re: {plain[: LIMIT - _TAG]}".rstrip()


def mail(heading: Heading, answer: AnswerParts, agent: str) -> bytes:
    """The whole mail with CRLF line ends, 7-bit. `agent`: the writer's address, which is replaced."""
    seed = sha256(f"{heading.message_id}\n{answer.text}".encode()).hexdigest()[:24]
    host = heading.sender.rpartition("@")[2]
    shown = [file for file in answer.files if file.place]
    attached = [file for file in answer.files if not file.place and not _is_card(file, agent)]
    text = _hidden(answer.text, agent, heading.sender)
    body = compose.leaf("plain", text)
    if answer.html:
        html = _hidden(answer.html, agent, heading.sender)
        for number, file in enumerate(shown):
            html = html.replace(f"cid:{file.place}", f"cid:{_place(seed, number, host)}")
        page = compose.leaf("html", _declared(html))
        if shown:
            images = (_file(file, _place(seed, number, host)) for number, file in enumerate(shown))
            page = compose.multipart("related", f"=_r{seed}", (page, *images))
        body = compose.multipart("alternative", f"=_a{seed}", (body, page))
    if attached:
        body = compose.multipart("mixed", f"=_m{seed}", (body, *(_file(file) for file in attached)))
    return compose.header_fields(heading).encode("ascii") + b"MIME-Version: 1.0\r\n" + body


def _is_card(file: AnswerFile, agent: str) -> bool:
    """Whether it is the writer's own visiting card, which some programs attach to each mail (RFC 6350)."""
    card = file.mime in _CARDS or file.name.lower().endswith(".vcf")
    return card and bool(agent) and agent.encode() in file.data.lower()


def _place(seed: str, number: int, host: str) -> str:
    return f"{number}.{seed}@{host}"


def _hidden(text: str, agent: str, office: str) -> str:
    """Without the agent's own address, also as a link writes it."""
    if not agent:
        return text
    for written, instead in ((agent, office), (quote(agent, safe=""), quote(office, safe=""))):
        text = instead.join(re.split(rf"(?<![\w.+-]){re.escape(written)}(?![\w-])", text, flags=re.I))
    return text


def _declared(html: str) -> str:
    """With the charset in which it is sent: the program's own was removed."""
    return html.replace("<head>", '<head><meta charset="utf-8">', 1)


def _file(file: AnswerFile, place: str = "") -> bytes:
    lines = [f"Content-Type: {file.mime}", "Content-Transfer-Encoding: base64"]
    if place:
        lines.append(f"Content-ID: <{place}>")
    lines.append(f"Content-Disposition: {'inline' if place else 'attachment'}{_named(file.name)}")
    head = "\r\n".join(lines).encode("ascii")
    return head + b"\r\n\r\n" + encodebytes(file.data).replace(b"\n", b"\r\n")


def _named(name: str) -> str:
    """RFC 2231 section 4 for a name that is not plain."""
    if not name:
        return ""
    if re.fullmatch(r"[A-Za-z0-9 ._-]{1,100}", name):
        return f';\r\n filename="{name}"'
    return f";\r\n filename*=utf-8''{quote(name[:100], safe='')}"
