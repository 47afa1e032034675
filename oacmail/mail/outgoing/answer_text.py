"""Cut an agent's mail down to what the agent wrote to the person: everything from the first quote on goes.

The mail may be a reply to an internal notice, so the cut must be certain. This module cuts at the marks of mail clients
(text and HTML) and says when it is not sure: text below a quote, or marks of a quote that remain. It never repairs an
unsure cut, and never decides whether the mail is relayed (core/relayed.py).
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from selectolax.lexbor import LexborHTMLParser, LexborNode

from oacmail.mail.mime import htmltext
from oacmail.mail.understanding import reply_text

LONGEST = 500_000  # characters of HTML that are relayed
_MOST_ELEMENTS = 20_000
_LONG_TAG = re.compile(r"<[a-zA-Z](?![^>]{0,200}\bdata:)[^>]{4000}")
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
_RULED = re.compile(r"border-top:(?:solid|\d+(?:\.\d+)?p[tx]solid)")
_HEAD = re.compile(r"\s*\*?(?:de|from|von|enviat|sent|enviado)\s*:", re.I)
_EVENT = re.compile(r"on[a-z]+|data-.*|srcdoc|srcset|background|ping|(?:form)?action", re.I)
_LINKS = ("href", "src", "cite", "longdesc", "dynsrc", "lowsrc", "poster", "usemap", "xlink:href")
_SAFE = re.compile(r"(?:https?://|mailto:|tel:|cid:|#|data:image/(?:png|jpe?g|gif|webp);)", re.I)
_LOADS = re.compile(r"url\s{0,9}\(|@import|expression\s{0,9}\(|\\[0-9a-f]", re.I)
_REMOVALS = 12  # text nodes of an attribution above the quote


@dataclass(frozen=True, slots=True)
class Cut:
    """`text` is what a reader sees of it, `html` '' if the mail has none; `reason` says why the cut is not certain, ''
    = it is."""

    text: str
    html: str = ""
    reason: str = ""


def cut_text(text: str) -> Cut:
    above = reply_text.above_quote(text)
    return Cut(above.text, reason="text-below" if above.more_below else "")


def cut_html(html: str) -> Cut:
    if len(html) > LONGEST or _LONG_TAG.search(html) or not htmltext.builds_at_most(html, _MOST_ELEMENTS):
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
        _cut_from(quote, body)
        reason = reason or _cut_attribution(body)
    text = htmltext.to_text(_as_page(page))
    above = reply_text.above_quote(text)
    if above.is_cut and not reason:
        reason = "unsure"
    return Cut(text, page.html or "", reason)


def _clean(page: LexborHTMLParser) -> None:
    """Remove what a reader does not see: comments, scripts, forms, hidden texts, the program's name; links and images
    that lead to no web page, address or image (`javascript:`, a file server), and styles that load something."""
    root = page.root
    assert root is not None
    for node in reversed([node for node in _elements(root) if _is_dropped(node)]):  # inside first: none is freed twice
        node.decompose()
    for node in (root, *_elements(root)):
        for name in [name for name, value in node.attributes.items() if _is_active(name, value or "")]:
            del node.attrs[name]


def _is_dropped(node: LexborNode) -> bool:
    tag = node.tag or ""
    loads = tag == "style" and bool(_LOADS.search(node.html or ""))
    return tag in _DROPPED or tag in _RAW or loads or htmltext.is_hidden(node)


def _is_active(name: str, value: str) -> bool:
    if name.lower() in _LINKS:
        return not _SAFE.match(re.sub(r"[\x00-\x20]", "", value[:200]))
    return bool(_EVENT.fullmatch(name)) or (name.lower() == "style" and bool(_LOADS.search(value)))


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
    if classes & _CONTAINERS or (tag == "blockquote" and _is_cited(node, classes, style)):
        return "container"
    if name in _BOUNDARIES or classes & _CITE_PREFIX or found.get("data-marker") in ("__QUOTED_TEXT__", "__HEADERS__"):
        return "boundary"
    if found.get("name") == "messageReplySection" or (tag == "hr" and found.get("tabindex") == "-1"):
        return "boundary"
    return "boundary" if _RULED.search(style) and _HEAD.match(heads.get(node.mem_id, "")) else ""


def _is_cited(node: LexborNode, classes: set[str], style: str) -> bool:
    """Whether it is a quote; Gmail indents the writer's own text with the same element."""
    cited = (node.attributes.get("type") or "").lower() == "cite" or "cite" in node.attributes or "quote" in classes
    return cited or "border-left:" in style.replace("border-left:none", "") or "border:none" not in style


def _text(node: LexborNode) -> str:
    return htmltext.to_text(f"<html><body>{node.html or ''}</body></html>")


def _says_more(quote: LexborNode, body: LexborNode, heads: Mapping[int, str]) -> bool:
    """Whether something that is no quote stands below it."""
    return any(_text(node).strip() for node in _below(quote, body) if not _is_only_quotes(node, heads))


def _is_only_quotes(node: LexborNode, heads: Mapping[int, str]) -> bool:
    return (node.tag or "").startswith("-") is False and bool(_quotes(node, heads) or _is_signature(node))


def _is_signature(node: LexborNode) -> bool:
    return "signature" in (node.attributes.get("class") or "").lower()


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


def _cut_from(quote: LexborNode, body: LexborNode) -> None:
    for node in _below(quote, body):
        node.decompose()
    quote.decompose()


def _cut_attribution(body: LexborNode) -> str:
    """Remove the line above the quote that names its writer; why it is not sure, or ''."""
    for _ in range(_REMOVALS):
        named = reply_text.attribution_at_end(_text(body))
        if not named:
            return ""
        last = next((node for node in reversed(list(body.traverse(include_text=True))) if _is_said(node)), None)
        if last is None or _squeezed(last.text_content or "") not in _squeezed(named):
            return "unsure"
        last.decompose()
    return "unsure"


def _is_said(node: LexborNode) -> bool:
    return node.tag == "-text" and bool((node.text_content or "").strip())


def _squeezed(text: str) -> str:
    return re.sub(r"\W+", "", text).lower()


def _as_page(page: LexborHTMLParser) -> str:
    """The rest, its indented paragraphs not taken for quotes."""
    return re.sub(r"(</?)blockquote\b", r"\1div", page.html or "", flags=re.I)
