"""An agent's answer as the mail that goes to the person: cut at the first quote, read into parts, built under the
office's name. Whether it is relayed is decided in core/relayed.py.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from hashlib import sha256
from html import escape
from urllib.parse import quote

from msgspec import Struct, field
from msgspec.structs import replace
from selectolax.lexbor import LexborHTMLParser, LexborNode

from oacmail.core import tokens
from oacmail.core.effects import Send
from oacmail.core.lookup import files
from oacmail.core.model import AnswerText, domain_of, regex
from oacmail.core.policy import Policy
from oacmail.mail.mime import charset, parts, text
from oacmail.mail.mime.parts import MimePart
from oacmail.mail.mime.text import builds_at_most, html_to_text, is_hidden
from oacmail.mail.parse import parse
from oacmail.mail.understanding import reply_text
from oacmail.words.compose import LIMIT, EnclosedFile, FinalMail, Heading, compose, header_fields, heading_of, one_line

# --- Answer text -----------------------------------------------------------------------------------------------------
# Everything from the first quote on goes. The mail may be a reply to an internal notice, so the cut must be certain: it
# is made at the marks of mail clients (text and HTML), and text below a quote, or marks of a quote that remain, make it
# unsure. An unsure cut is never repaired.

LONGEST = 500_000  # characters of HTML that are relayed
_MOST_ELEMENTS = 20_000
_LONG_TAG = regex(r"<[a-zA-Z](?![^>]{0,200}\bdata:)[^>]{4000}")
_HEAD_LONGEST = 80  # characters of an element's text in which a header block may begin

_CONTAINERS = frozenset(
    ("gmail_quote", "gmail_quote_container", "gmail_attr", "yahoo_quoted", "protonmail_quote", "tutanota_quote")
) | {"zmail_extra", "moz-forward-container", "moz-email-headers-table"}
_BOUNDARIES = frozenset(
    ("appendonsend", "divrplyfwdmsg", "stopspelling", "olk_src_body_section", "mail-editor-reference-message-container")
)
_CITE_PREFIX = frozenset(("moz-cite-prefix", "reply-intro"))
_DROPPED = frozenset(
    ("script", "noscript", "template", "object", "embed", "iframe", "frame", "frameset", "form", "input", "button")
) | {"select", "textarea", "link", "meta", "base", "title", "svg", "math", "audio", "video", "-comment", "applet"}
# An HTML parser reads their content as text, and another program may read it as elements.
_RAW = frozenset(("xmp", "plaintext", "listing", "noembed", "noframes"))
_RULED = regex(r"border-top:(?:solid|\d+(?:\.\d+)?p[tx]solid)")
_HEAD = regex(r"\s*\*?(?:de|from|von|enviat|sent|enviado)\s*:", re.I)
_EVENT = regex(r"on[a-z]+|data-.*|srcdoc|srcset|background|ping|(?:form)?action", re.I)
_LINKS = ("href", "src", "cite", "longdesc", "dynsrc", "lowsrc", "poster", "usemap", "xlink:href")
_SAFE = regex(r"(?:https?://|mailto:|tel:|cid:|#|data:image/(?:png|jpe?g|gif|webp);)", re.I)
_LOADS = regex(r"url\s{0,9}\(|@import|expression\s{0,9}\(|\\[0-9a-f]", re.I)
_REMOVALS = 12  # text nodes of an attribution above the quote


class Cut(Struct, frozen=True):
    """`text` is what a reader sees of it, `html` '' if the mail has none; `reason` says why the cut is not certain, ''
    = it is."""

    text: str
    html: str = ""
    reason: str = ""


def cut_text(text: str) -> Cut:
    above = reply_text.above_quote(text)
    return Cut(above.text, reason="text-below" if above.more_below else "")


def cut_html(html: str) -> Cut:
    if len(html) > LONGEST or _LONG_TAG.search(html) or not builds_at_most(html, _MOST_ELEMENTS):
        return Cut("", reason="too-large")
    page = LexborHTMLParser(html)
    body = page.body
    if body is None:
        return Cut("")
    _clean(page)
    heads = _heads(body)
    quote = next((node for node in _elements(body) if _quotes(node, heads)), None)
    reason = ""
    if quote is not None:
        reason = "text-below" if _quotes(quote, heads) == "container" and _says_more(quote, body, heads) else ""
        for node in _below(quote, body):
            node.decompose()
        quote.decompose()
        reason = reason or _cut_attribution(body)
    # Its indented paragraphs are not taken for quotes.
    text = html_to_text(re.sub(r"(</?)blockquote\b", r"\1div", page.html or "", flags=re.I))
    above = reply_text.above_quote(text)
    if above.is_cut and not reason:
        reason = "unsure"
    return Cut(text, page.html or "", reason)


def _clean(page: LexborHTMLParser) -> None:
    """Remove what a reader does not see: comments, scripts, forms, hidden texts, the program's name; links and images
    that lead to no web page, address or image (`javascript:`, a file server), and styles that load something."""
    root = page.root
    assert root is not None
    for node in reversed(list(_elements(root))):  # inside first: none is freed twice
        tag = node.tag or ""
        loads = tag == "style" and _LOADS.search(node.html or "")
        if tag in _DROPPED or tag in _RAW or loads or is_hidden(node):
            node.decompose()
    for node in (root, *_elements(root)):
        for name, value in list(node.attributes.items()):
            if name.lower() in _LINKS:
                active = not _SAFE.match(re.sub(r"[\x00-\x20]", "", (value or "")[:200]))
            else:
                active = bool(_EVENT.fullmatch(name) or (name.lower() == "style" and _LOADS.search(value or "")))
            if active:
                del node.attrs[name]


def _elements(root: LexborNode) -> Iterator[LexborNode]:
    return iter([node for node in root.traverse(include_text=False) if node.mem_id != root.mem_id])


def _heads(body: LexborNode) -> dict[int, str]:
    """How the text of each element begins: each text is read once, however deep it lies."""
    found: dict[int, str] = {}
    for node in reversed(list(body.traverse(include_text=True))):  # what is inside comes before
        head = (node.text_content or "").lstrip() if node.tag == "-text" else found.get(node.mem_id, "")
        if node.parent is not None:
            outer = node.parent.mem_id
            found[outer] = (head[:_HEAD_LONGEST] + found.get(outer, ""))[:_HEAD_LONGEST]
    return found


def _quotes(node: LexborNode, heads: Mapping[int, str]) -> str:
    """`container`: a quote and nothing else; `boundary`: all that follows is quoted; '' = neither."""
    tag, found = node.tag or "", node.attributes
    classes = set((found.get("class") or "").lower().replace("x_", "").split())
    name = (found.get("id") or "").lower().removeprefix("x_")
    style = re.sub(r"\s", "", (found.get("style") or "").lower())
    cited = (found.get("type") or "").lower() == "cite" or "cite" in found or "quote" in classes
    bordered = "border-left:" in style.replace("border-left:none", "") or "border:none" not in style
    # Gmail indents the writer's own text with the same element, without a border.
    if classes & _CONTAINERS or (tag == "blockquote" and (cited or bordered)):
        return "container"
    if name in _BOUNDARIES or classes & _CITE_PREFIX or found.get("data-marker") in ("__QUOTED_TEXT__", "__HEADERS__"):
        return "boundary"
    if found.get("name") == "messageReplySection" or (tag == "hr" and found.get("tabindex") == "-1"):
        return "boundary"
    return "boundary" if _RULED.search(style) and _HEAD.match(heads.get(node.mem_id, "")) else ""


def _text(node: LexborNode) -> str:
    return html_to_text(f"<html><body>{node.html or ''}</body></html>")


def _says_more(quote: LexborNode, body: LexborNode, heads: Mapping[int, str]) -> bool:
    """Whether something that is neither a quote nor a signature stands below it."""

    def is_quoted(node: LexborNode) -> bool:
        is_element = not (node.tag or "").startswith("-")
        signed = "signature" in (node.attributes.get("class") or "").lower()
        return is_element and bool(_quotes(node, heads) or signed)

    return any(_text(node).strip() for node in _below(quote, body) if not is_quoted(node))


def _below(node: LexborNode, body: LexborNode) -> list[LexborNode]:
    """What follows it, up to the end of the body."""
    found: list[LexborNode] = []
    at: LexborNode | None = node
    while at is not None and at.mem_id != body.mem_id:
        after = at.next
        while after is not None:
            found.append(after)
            after = after.next
        at = at.parent
    return found


def _cut_attribution(body: LexborNode) -> str:
    """Remove the line above the quote that names its writer; why it is not sure, or ''."""
    for _ in range(_REMOVALS):
        named = reply_text.attribution_at_end(_text(body))
        if not named:
            return ""
        texts = [node for node in body.traverse(include_text=True) if node.tag == "-text"]
        last = next((node for node in reversed(texts) if (node.text_content or "").strip()), None)
        if last is None or _squeezed(last.text_content or "") not in _squeezed(named):
            return "unsure"
        last.decompose()
    return "unsure"


def _squeezed(text: str) -> str:
    return re.sub(r"\W+", "", text).lower()


# --- Answer parts ----------------------------------------------------------------------------------------------------
# Text, HTML, images in it, and files. What cannot be relayed as it is has a reason: encrypted or signed mail, attached
# messages (they may be internal), mail that was not read whole, an empty text, an unsure cut. No header field of the
# mail is kept, neither its own nor those of its parts.

_PROTECTED = frozenset(
    ("multipart/encrypted", "multipart/signed", "application/pkcs7-mime", "application/x-pkcs7-mime")
) | {"application/pgp-encrypted", "application/pgp-signature", "application/pkcs7-signature"}
_MESSAGE_NAME = regex(r"\.(?:eml|emlx|msg|oft|mbox|mht|mhtml)[\s.]*$", re.I)
_PACKED_NAME = regex(r"winmail\.dat\b|\.tnef[\s.]*$", re.I)
_ARMOUR = "-----BEGIN PGP "
_TYPE = regex(r"[a-z0-9][a-z0-9!#$&^_.+-]{0,60}/[a-z0-9][a-z0-9!#$&^_.+-]{0,80}")


class AnswerParts(Struct, frozen=True):
    """`reason`: why it cannot be relayed, '' = it can; `empty` also with `files` beside a signature alone. `whole`: the
    text before the cut."""

    text: str = ""
    html: str = ""
    files: tuple[EnclosedFile, ...] = ()
    reason: str = ""
    whole: str = ""


class _Found(Struct):
    bodies: list[tuple[str, str]] = field(default_factory=list)  # (plain | html, text)
    files: list[EnclosedFile] = field(default_factory=list)
    reason: str = ""


def read(raw: bytes) -> AnswerParts:
    """Never raises for any bytes that the limits let through."""
    capped = parts.cap_message(*charset.tidy(raw))
    root = parts.tree(capped)
    if capped.caps:
        return AnswerParts(reason="too-large")
    found = _Found()
    for part in _leaves(root, found):
        _leaf(part, found)
    if not found.reason and any(_ARMOUR in text for _, text in found.bodies):
        found.reason = "protected"
    if found.reason:
        return AnswerParts(reason=found.reason)
    whole = "\n\n".join(text for kind, text in found.bodies if kind == "plain")
    htmls = [text for kind, text in found.bodies if kind == "html"]
    as_html = (text if kind == "html" else _as_html(text) for kind, text in found.bodies)
    cut = cut_html("\n".join(as_html)) if htmls else cut_text(whole)
    # An image of the quote goes with the quote. A file that no HTML shows is an attachment; Gmail and Exchange give
    # each of them a Content-ID.
    shown = tuple(file for file in found.files if _shows(cut.html, file))
    attached = tuple(replace(file, place="") for file in found.files if not _shows("\n".join(htmls), file))
    written = reply_text.above_quote(cut.text).is_written
    reason = cut.reason or ("" if written or (attached and not cut.text.strip()) else "empty")
    return AnswerParts(cut.text, cut.html, (*shown, *attached), reason, whole or cut.text)


def _as_html(text: str) -> str:
    return "<p>" + escape(text).replace("\n", "<br>\n") + "</p>"


def _shows(html: str, file: EnclosedFile) -> bool:
    return bool(file.place) and f"cid:{file.place}" in html


def _leaves(root: MimePart, found: _Found) -> Iterator[MimePart]:
    """The parts that count, in order; of alternatives the richest text that is HTML or plain."""
    kind = root.get_content_type()
    if kind in _PROTECTED:
        found.reason = "protected"
    elif kind in parts.TNEF_TYPES:
        found.reason = "other-format"
    elif kind.startswith("message/"):
        found.reason = "attached-message"
    elif not root.is_multipart():
        yield root
    else:
        children = [child for child in root.get_payload() if isinstance(child, MimePart)]
        if kind == "multipart/alternative":
            rich = [child for child in children if child.is_multipart() or _is_html_with_content(child)]
            plain = [child for child in children if child.get_content_type() == "text/plain"]
            calendars = [child for child in children if child.get_content_type() == "text/calendar"]
            children = [*(rich[-1:] or plain[-1:]), *calendars]
        for child in children:
            yield from _leaves(child, found)


def _is_html_with_content(part: MimePart) -> bool:
    """Whether it is HTML with a word or an image; some gateways put an empty page beside the text."""
    if part.get_content_type() != "text/html":
        return False
    html = _decoded(part, "text/html")
    return "<img" in html.lower() or bool(text.html_to_text(html).strip())


def _leaf(part: MimePart, found: _Found) -> None:
    kind, name = part.get_content_type(), parts.file_name(part)
    if _MESSAGE_NAME.search(name):
        found.reason = "attached-message"
    elif _PACKED_NAME.search(name) or part.data().startswith(
        parts.TNEF_SIGNATURE
    ):  # it may hold the notice below the mail
        found.reason = "other-format"
    elif kind in ("text/plain", "text/html") and not parts.is_file(part):
        found.bodies.append((kind.removeprefix("text/"), _decoded(part, kind)))
    else:
        place = part.raw("content-id").strip("<> ")
        shown = _TYPE.fullmatch(kind) and not kind.startswith(("multipart/", "message/"))
        mime = kind if shown else "application/octet-stream"
        found.files.append(EnclosedFile(parts.clean_name(name), mime, part.data(), place))


def _decoded(part: MimePart, kind: str) -> str:
    declared = charset.parameters(part.raw("content-type"))
    data, name = part.data().replace(b"\r\n", b"\n"), declared.get("charset", "")
    meta = parts.META.search(data[:2000]) if kind == "text/html" and not name else None
    return parts.unflowed(charset.decode(data, meta[1].decode("ascii") if meta else name), declared)


# --- Answer mail -----------------------------------------------------------------------------------------------------
# The text, the HTML, its images and the files are the agent's; every header field, also of the parts, is ours. In the
# text the agent's address becomes the office's, so that the next message comes to the office. The same values always
# give the same bytes.

_TAG = 60  # characters that the case's token takes of a subject
_REPLY = regex(r"(?:(?:re|rv|aw|sv|resp)(?:\[\d{1,3}\])? ?: ?)+", re.I)
_IMAGE = regex(r"<img\b", re.IGNORECASE)
_CARDS = frozenset(("text/vcard", "text/x-vcard", "text/directory"))
_TOKEN = regex(r"\[[A-Z][A-Z0-9]{1,7}-\d{4}-\d{6}-[A-Z0-9]{3}\]", re.I)


def subject(theirs: str, token: str) -> str:
    """`[token] Re: <the person's subject>`."""
    plain = one_line(_TOKEN.sub(" ", theirs))
    prefixes = _REPLY.match(plain)
    plain = plain[prefixes.end() :] if prefixes else plain
    return f"[{token}] Re: {plain[: LIMIT - _TAG]}".rstrip()


def answer_text(raw: bytes) -> AnswerText:
    """What core decides by."""
    answer = read(raw)
    shows = bool(answer.files) or bool(_IMAGE.search(answer.html))
    attaches = any(not file.place for file in answer.files)
    return AnswerText(text=answer.text, reason=answer.reason, has_files=shows, attaches=attaches)


def relayed_mail(policy: Policy, send: Send, raw: bytes, agent: str, now: datetime, *, run: str) -> FinalMail:
    """The final mail. Its signature covers its text and the names of its files, as they are read back.

    `agent`: the writer's address; `run`: this process, which the signature names. Raises ValueError for a recipient
    that no To field can hold.
    """
    answer, message_id = read(raw), tokens.message_id(policy, send.key)
    named = subject(str(send.facts["subject"]), send.token)
    heading = replace(heading_of(policy.office, send, message_id, now), subject=named, signature="v=0")
    unsigned = _mail(heading, answer, agent)
    text = parse(unsigned, with_features=False)
    signed = replace(heading, signature=tokens.sign_mail(policy, run, send, now, text.text + files(text)))
    mime = unsigned.replace(header_fields(heading).encode("ascii"), header_fields(signed).encode("ascii"), 1)
    return FinalMail(message_id=message_id, mime=mime, length=len(text.text))


def _mail(heading: Heading, answer: AnswerParts, agent: str) -> bytes:
    """The whole mail with CRLF line ends, 7-bit. `agent`: the writer's address, which is replaced."""
    seed = sha256(f"{heading.message_id}\n{answer.text}".encode()).hexdigest()[:24]
    text, html = (_hidden(part, agent, heading.sender) for part in (answer.text, answer.html))
    files = [file for file in answer.files if not file.place and not _is_card(file, agent)]
    for number, file in enumerate(file for file in answer.files if file.place):
        place = f"{number}.{seed}@{domain_of(heading.sender)}"
        html = html.replace(f"cid:{file.place}", f"cid:{place}")
        files.append(replace(file, place=place))
    # with the charset in which it is sent: the program's own was removed
    html = html.replace("<head>", '<head><meta charset="utf-8">', 1)
    return compose(heading, text, html, files=files)


def _is_card(file: EnclosedFile, agent: str) -> bool:
    """Whether it is the writer's own visiting card, which some programs attach to each mail (RFC 6350)."""
    card = file.mime in _CARDS or file.name.lower().endswith(".vcf")
    return card and bool(agent) and agent.encode() in file.data.lower()


def _hidden(text: str, agent: str, office: str) -> str:
    """Without the agent's own address, also as a link writes it."""
    if not agent:
        return text
    for written, instead in ((agent, office), (quote(agent, safe=""), quote(office, safe=""))):
        text = instead.join(re.split(rf"(?<![\w.+-]){re.escape(written)}(?![\w-])", text, flags=re.I))
    return text
