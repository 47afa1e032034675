"""What a reader sees: HTML and format=flowed as plain text with "> " before quotes, invitations as lines, our own
text as blocks.
"""

import re
from itertools import groupby
from typing import Literal, NamedTuple

from msgspec import Struct
from selectolax.lexbor import LexborHTMLParser, LexborNode

from oacmail.core.model import regex

# --- Htmltext --------------------------------------------------------------------------------------------------------
# Convert an HTML body to the text that a reader sees, with quotes marked by "> " as in plain text.
#
# This section decides line breaks and what is invisible. It never follows, loads or runs anything. lexbor builds the
# tree; it takes 11 s and gigabytes for 100,000 open tags, and more than linear time for many attributes in one tag, so
# the markup is flattened first.

LONGEST = 2_000_000  # characters of HTML that are read; markup is several times the size of its text
_DEEPEST = 100  # levels of open elements that are kept
_QUOTES = 8  # levels of quotes that are marked
_LONGEST_TAG = 4_000  # characters; a longer tag loses its attributes
_ONE_AT_A_TIME = ("a", "nobr")  # the next one closes it
_EQUAL = 3  # equal formatting elements that a parser opens again

_TAG = regex(r"<!--.*?(?:-->|\Z)|<(/?)([a-zA-Z][^\s/>]*)[^>]*>?", re.S)
# Elements that change the appearance only. An HTML parser reopens them in every block (HTML 13.2.4.3): a few thousand
# of them would become millions.
_LOOKS = frozenset(("a", "b", "big", "code", "em", "font", "i", "nobr", "s", "small", "strike", "strong", "tt", "u"))
_VOID = frozenset(("br", "img", "hr", "meta", "link", "input", "col", "area", "base", "wbr", "embed", "source"))
# closed by the next element of the same kind
_SELF_CLOSING = frozenset(("p", "li", "dt", "dd", "tr", "td", "th", "option"))
_ALONE = _VOID | _SELF_CLOSING
_UNSEEN = frozenset({"script", "style", "head", "title", "template", "noscript", "object", "svg", "-comment"})
_LINE = frozenset({"div", "tr", "li", "dt", "dd", "center", "form", "option", "section", "article", "address", "hr"})
_PARAGRAPH = frozenset({"p", "table", "ul", "ol", "dl", "blockquote", "pre", "h1", "h2", "h3", "h4", "h5", "h6"})
_SIGNATURES = {"class": ("gmail_signature",), "id": ("Signature",), "data-marker": ("__SIG_PRE__", "__SIG_POST__")}
"""Attributes by which Gmail, Outlook and Zimbra mark a signature."""
_SPACES = regex(r"[ \t\r\n\f\xa0]+")
_HIDDEN = regex(r"display\s*:\s*none|mso-hide\s*:\s*all|font-size\s*:\s*0(?:px|pt)?\s*(?:;|$)", re.I)


def html_to_text(html: str) -> str:
    """Return the visible text of the first 2,000,000 characters of `html`; '' if there is none."""
    body = LexborHTMLParser(_flattened(html[:LONGEST])).body
    page = _Page()
    if body is not None:
        _walk(body, page)
    return page.text()


def builds_at_most(html: str, most: int) -> bool:
    """Whether a parser makes at most `most` elements of the markup: it opens in each block again what changes the
    appearance and was not closed (HTML 13.2.4.3)."""
    looks: list[tuple[str, str]] = []  # (name, tag) of those that are open
    count = 0
    for tag in _TAG.finditer(html):
        name = (tag[2] or "").lower()
        if name in _LOOKS and (tag[1] or name in _ONE_AT_A_TIME):
            last = next((place for place in range(len(looks) - 1, -1, -1) if looks[place][0] == name), None)
            if last is not None:
                del looks[last]
        if name in _LOOKS and not tag[1] and looks.count((name, tag[0])) < _EQUAL:
            looks.append((name, tag[0]))
        count += 1 + len(looks)
        if count > most:
            return False
    return True


def _flattened(html: str) -> str:
    """Remove comments and formatting elements; replace start tags deeper than 100 levels with <br>.

    An end tag counts only if it closes the innermost element, so the true depth never exceeds the calculated one. Each
    removed piece leaves a void element, so that the two sides cannot join to form an unchecked tag.
    """
    if html.count("<") <= _DEEPEST and len(html) <= _LONGEST_TAG:
        return html
    inside: list[str] = []

    def tag(found: re.Match[str]) -> str:
        name = (found[2] or "a").lower()
        if name in _LOOKS:
            return "<wbr>"
        kept = found[0] if len(found[0]) <= _LONGEST_TAG else f"<{found[1]}{name[:40]}>"
        if name in _ALONE:
            return kept
        if found[1]:
            if inside and inside[-1] == name:
                inside.pop()
            return kept
        inside.append(name)
        if len(inside) > _DEEPEST:
            inside.pop()
            return "<br>"
        return kept

    return _TAG.sub(tag, html)


class _Page:
    """Laid-out text: white space collapses, blocks start lines, quotes are marked."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.words: list[str] = []
        self.quotes = 0

    def write(self, text: str, pre: bool) -> None:
        if pre:
            *full, last = text.split("\n")
            for line in full:
                self.words.append(line)
                self.end_line(force=True)
            self.words.append(last)
        else:
            self.words.append(_SPACES.sub(" ", text))

    def end_line(self, *, force: bool = False, blank: bool = False) -> None:
        line = _SPACES.sub(" ", "".join(self.words)).strip()
        self.words = []
        if line or force:
            self.lines.append("> " * min(self.quotes, _QUOTES) + line)
        if blank and self.lines and self.lines[-1].strip("> "):
            self.lines.append(("> " * min(self.quotes, _QUOTES)).rstrip())

    def text(self) -> str:
        self.end_line()
        return "\n".join(line.rstrip() for line in self.lines).strip("\n")


def _walk(root: LexborNode, page: _Page) -> None:
    """Walk depth first without recursion, so that the tree's depth does not affect the stack."""
    node: LexborNode | None = root
    pre = 0
    while node is not None:
        tag = node.tag or ""
        seen = tag not in _UNSEEN and not is_hidden(node)
        if seen:
            pre += tag == "pre"
            _enter(node, tag, page, pre > 0)
        child = node.first_child if seen else None
        if child is not None:
            node = child
            continue
        while node is not None:
            tag = node.tag or ""
            if tag not in _UNSEEN and not is_hidden(node):
                pre -= tag == "pre"
                if tag in _LINE or tag in _PARAGRAPH:
                    page.end_line()
                if tag in _PARAGRAPH:
                    page.quotes -= tag == "blockquote"
                    page.end_line(blank=True)
            if node.mem_id == root.mem_id:
                return
            if node.next is not None:
                node = node.next
                break
            node = node.parent


def is_hidden(node: LexborNode) -> bool:
    """True for preheaders and tracking texts, which readers do not see."""
    if node.tag not in ("div", "span", "p", "td", "table"):
        return False
    return bool(_HIDDEN.search(node.attributes.get("style") or ""))


def _enter(node: LexborNode, tag: str, page: _Page, pre: bool) -> None:
    if tag == "-text":
        page.write(node.text_content or "", pre)
    elif tag == "br":
        page.end_line(force=True)
    elif tag in _LINE or tag in _PARAGRAPH:
        page.end_line(blank=tag == "blockquote")
        page.quotes += tag == "blockquote"
        if tag == "li":
            page.words.append("- ")
        elif tag == "div" and any(node.attributes.get(name) in values for name, values in _SIGNATURES.items()):
            page.words.append("--")
            page.end_line()
    elif tag in ("td", "th"):
        page.words.append(" ")


# --- Flowed ----------------------------------------------------------------------------------------------------------
# Join format=flowed lines into paragraphs (RFC 3676 section 4). No character is lost.

_SIGNATURE_LINE = "-- "


def unwrap_flowed(text: str, *, delsp: bool) -> str:
    """Return `text` without soft line breaks, with "> " for each quote level; `delsp` is the DelSp parameter."""
    paragraphs: list[list[str]] = []
    flowing = -1  # quote depth of the line being continued, -1 for none
    for raw in text.split("\n"):
        content = raw.lstrip(">")
        depth = len(raw) - len(content)
        content = content.removeprefix(" ")
        soft = content.endswith(" ") and content != _SIGNATURE_LINE
        if depth != flowing or content == _SIGNATURE_LINE:
            paragraphs.append(["> " * depth])
        paragraphs[-1].append(content[:-1] if soft and delsp else content)
        flowing = depth if soft else -1
    return "\n".join("".join(pieces) for pieces in paragraphs)


# --- Calendar text ---------------------------------------------------------------------------------------------------
# Show an invitation (RFC 5545) as plain lines: title, time, place and description. An answer to one only echoes it: of
# that, what its writer has noted, and the other time that they propose.
#
# Some messages consist of a calendar part only.

_FOLD = regex(r"\r?\n[ \t]")
_CALENDAR_LINE = regex(
    r"^(SUMMARY|DTSTART|DTEND|LOCATION|DESCRIPTION|METHOD|COMMENT|PRODID)(?:;[^:\n]{0,500})?:([^\n]*)$", re.M | re.I
)
_NOTE = regex(r"X-RESPONSE-COMMENT=(?:\"([^\"\n]*)\"|([^\";:\n]*))", re.I)  # Google's
_LONGEST_NOTE = 20_000  # characters: as of a text, nobody asks a question later than that
_LONGEST_TIME = 40  # characters, if it is none that we can read
_ESCAPED = regex(r"\\([nN,;\\])")


class CalendarAnswer(NamedTuple):
    """An answer to an invitation (RFC 5546, METHOD:REPLY, or COUNTER). `note`: what its writer typed, as far as it
    stands there; `proposed`: of COUNTER, the beginning and end of the other time (RFC 5545, DATE-TIME), '' where none
    stands; `title`: of the event; `program`: what made it."""

    note: str
    proposed: tuple[str, ...]
    title: str
    program: str


def calendar_answer(text: str) -> CalendarAnswer | None:
    """Return the answer to an invitation that `text` is; None = it is none."""
    found = _event(text)
    method = found.get("METHOD", "").upper()
    if method not in ("REPLY", "COUNTER"):
        return None
    names = ("DTSTART", "DTEND") if method == "COUNTER" else ()
    by_google = _NOTE.search(_FOLD.sub("", text))
    note = found.get("COMMENT") or (by_google and (by_google[1] or by_google[2])) or ""
    moments = tuple(found.get(name, "")[:_LONGEST_TIME] for name in names)
    return CalendarAnswer(note[:_LONGEST_NOTE], moments, found.get("SUMMARY", ""), found.get("PRODID", ""))


def event_lines(text: str) -> str:
    """Return the lines of the first event, of an answer to an invitation its note; '' if `text` is not a calendar."""
    if answer := calendar_answer(text):
        return answer.note
    found = _event(text)
    order = ("SUMMARY", "DTSTART", "LOCATION", "DESCRIPTION")
    return "\n".join(found[name] for name in order if found.get(name))


def _event(text: str) -> dict[str, str]:
    """Return the values of its lines by name, the first of each that has one: of the event, then of the calendar, but
    of no time zone, which has a beginning too."""
    found: dict[str, str] = {}
    before, _, event = _FOLD.sub("", text).partition("BEGIN:VEVENT")
    own, head = event.partition("END:VEVENT")[0], before.partition("BEGIN:VTIMEZONE")[0]
    for name, value in _CALENDAR_LINE.findall(f"{own}\n{head}"):
        if value.strip():
            found.setdefault(
                name.upper(), _ESCAPED.sub(lambda found: "\n" if found[1] in "nN" else found[1], value).strip()
            )
    return found


# --- Outline ---------------------------------------------------------------------------------------------------------
# Split our plain text into blocks from which the HTML part is made, so that both parts have the same wording.
#
# An empty line separates paragraphs. A block whose lines all begin with `- ` is a list, with `> ` a quotation, with `|
# ` a table whose first line names its columns; everything else is a paragraph.

BlockKind = Literal["paragraph", "list", "quote", "table"]
_MARKS: dict[str, BlockKind] = {"- ": "list", "> ": "quote", "| ": "table"}


class Block(Struct, frozen=True):
    """One block; `lines` have no prefix."""

    kind: BlockKind
    lines: tuple[str, ...]

    @property
    def text(self) -> str:
        return "\n".join(self.lines)

    @property
    def rows(self) -> tuple[tuple[str, ...], ...]:
        """Return the cells of a table, its head first."""
        return tuple(tuple(cell.strip() for cell in line.strip("| ").split(" | ")) for line in self.lines)


def outline(text: str) -> tuple[Block, ...]:
    """Return the blocks of a text, top to bottom."""
    blocks: list[Block] = []
    for full, group in groupby((line.rstrip() for line in text.split("\n")), key=bool):
        lines = tuple(group)
        if full:
            mark, *others = {f"{line} "[:2] for line in lines}
            kind = "paragraph" if others else _MARKS.get(mark, "paragraph")
            blocks.append(Block(kind, lines if kind == "paragraph" else tuple(line[2:] for line in lines)))
    return tuple(blocks)


def quoted(text: str) -> str:
    """Return any text as one quotation block, so that nothing in it becomes a heading, a list or a table."""
    return "\n".join(f"> {line}".rstrip() for line in text.split("\n"))
