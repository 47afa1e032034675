"""Every reader of strangers' text and HTML does work in proportion to its length, however the text is built.

Counted are calls and the characters that functions are given; what a single regular expression costs is tried by
tests/hostile/test_patterns.py. A text four times as long may cost little more than four times as much.
"""

from collections.abc import Callable

import pytest

from oacmail.mail import parse
from oacmail.mail.mime import charset, parts, text
from oacmail.mail.mime.auth import hop
from oacmail.mail.mime.headers import Fields, address_list
from oacmail.mail.mime.text import unwrap_flowed
from oacmail.mail.parser_config import ParserConfig
from oacmail.mail.understanding import (
    asking,
    features,
    machines,
    phones,
    phrases,
    reply_text,
    scores,
    secrets,
    slots,
    time_words,
)
from oacmail.words import compose, redact, relayed
from tests.work import calls, calls_and_characters

SHORT, LONG = 4_000, 16_000  # characters
GROWTH = 6.0  # of what grows with the length four, of what grows with its square sixteen
SLACK = 5_000  # what does not depend on the length: the head of a mail, an empty result
NOTHING = ParserConfig()
HTML, PLAIN = b"Content-Type: text/html; charset=utf-8\r\n\r\n", b"Content-Type: text/plain; charset=utf-8\r\n\r\n"
_STATUS = "Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n--b\r\n\r\n"
Reader = Callable[[str], object]

HTML_READERS: dict[str, Reader] = {
    "htmltext.to_text": text.html_to_text,
    "htmltext.builds_at_most": lambda html: text.builds_at_most(html, 1_000_000),
    "answer_parts.read": lambda html: relayed.read(HTML + html.encode()),
    "redact.redact": lambda html: redact.redact(HTML + html.encode()),
    "parse.parse": lambda html: parse.parse(HTML + html.encode()),
}
TEXT_READERS: dict[str, Reader] = {
    "parse.parse": lambda text: parse.parse(PLAIN + text.encode()),
    "parse.parse, a subject": lambda text: parse.parse(b"Subject: " + _line(text) + b"\r\n\r\nhola"),
    "parse.parse, From": lambda text: parse.parse(b"From: " + _line(text) + b"\r\n\r\nhola"),
    "parse.parse, a report": lambda text: parse.parse((_STATUS + text).encode()),
    "redact.redact": lambda text: redact.redact(PLAIN + text.encode()),
    "answer_parts.read": lambda text: relayed.read(PLAIN + text.encode()),
    "plain_text.dead_links": compose.dead_links,
    "plain_text.many_lines": compose.many_lines,
    "plain_text.one_line": compose.one_line,
    "plain_text.kept_together": lambda text: compose.kept_together(text, "OAC 360"),
    "headers.clean": compose.clean,
    "headers.unstructured": compose.unstructured,
    "limits.cap": lambda text: parts.cap_message(*charset.split(text.encode())),
    "normalize.tidy": lambda text: charset.tidy(text.encode()),
    "parts.Content": lambda text: parts.Content(parts.tree(parts.cap_message(*charset.split(text.encode())))),
    "charset.decode": lambda text: charset.decode(text.encode(), "utf-7"),
    "charset.field": charset.field,
    "charset.parameters": lambda text: charset.parameters(text[: parts.STRUCTURE_LIMIT]),
    "charset.base64": lambda text: charset.base64(text.encode()),
    "calendar_text.event_lines": text.event_lines,
    "flowed.unwrap": lambda text: unwrap_flowed(text, delsp=True),
    "outline.outline": text.outline,
    "received.hop": hop,
    "tnef.unpack": lambda text: parts.unpack_tnef(parts.TNEF_SIGNATURE + text.encode()),
    "addresses.address_list": lambda text: address_list([text]),
    "reply_text.split": reply_text.split,
    "reply_text.above_quote": reply_text.above_quote,
    "reply_text.writers": reply_text.writers,
    "reply_text.attribution_at_end": reply_text.attribution_at_end,
    "own_words.part": lambda text: reply_text.part(text, NOTHING.wording),
    "asking.asks": asking.asks,
    "asking.closes": asking.closes,
    "asking.adds_nothing": lambda text: asking.adds_nothing(text, "anna"),
    "asking.goes_on": asking.goes_on,
    "asking.complains": asking.complains,
    "asking.names_wish": lambda text: asking.names_wish(text, "anna"),
    "vote_words.read": lambda text: asking.read_votes(text, "Anna", "anna@example.org", asked=True),
    "secrets.find": lambda text: secrets.find(text, ()),
    "secrets.blank": secrets.blank,
    "features.fold": features.fold,
    "features.find": lambda text: features.find("", text),
    "auto_subjects.title_kind": lambda text: machines.title_kind(text, text, answers=False),
    "marks.marked_as": lambda text: machines.marked_as(machines.Mark("reaction"), text, text, answers=True),
    "call_back.find": lambda text: slots.find_call(text, text.split("\n")),
    "delivery_status_text.recipients": lambda text: machines.recipients_of_text(Fields.from_pairs([]), text),
    "delivery_status_text.returned_headers": lambda text: list(machines.returned_headers(text)),
    "echoes.repeats": lambda text: reply_text.repeats("", text, token=True),
    "form_fields.sorts": phones.form_fields,
    "form_fields.is_call_form": phones.is_call_form,
    "lang.detect": scores.detect_language,
    "numerals.in_digits": phones.in_digits,
    "phones.telephones": phones.telephones,
    "platforms.named": lambda text: list(phrases.named("", text)),
    "remarks.still_fails": reply_text.still_fails,
    "remarks.names_attachment": reply_text.names_attachment,
    "remarks.language": reply_text.language,
    "slots.find": lambda text: slots.find_slot(time_words.near(text.split("\n"))),
    "terms_end.ends": lambda text: list(features.end_days(text)),
    "time_words.tokens": time_words.tokens,
}

COPIES = ("parse.parse", "redact.redact", "answer_parts.read", "reply_text.split")
"""Readers that take texts apart: also the copies are counted."""


def _line(text: str) -> bytes:
    return text.replace("\r", " ").replace("\n", " ").encode()


def _by_itself(*pieces: str) -> dict[str, str]:
    return {piece: piece for piece in pieces}


_RULED = '<div style="border-top:solid 1px">'
# a piece that is repeated; {} is its number
HTML_BAITS = {
    **_by_itself("<div>", "<p>", "<blockquote>", "<table><tr><td>", "<ul><li>", "<span>", "<b><p>", "<a href=x>"),
    **_by_itself("<b>", "<li>", "<span><p>", "<blockquote>x</b>", "<select><option>", "<h1><nobr>", '<b x="<"><p>'),
    **_by_itself('<b {} "<"><p>', "<<b>b a={}><p>", "<div><table></div></table>"),
    **_by_itself("<x{}>", "<b a={}>", "<b a={}><p>", "<p><font c={}></p>", "<a href={}><p>", "<svg><a>", "</div>"),
    **_by_itself("<!--", "<", "<a", "<a ", '<div a="', "&amp;", "&#", "]]>", "<![CDATA[", "<style>a{}</style>"),
    "ruled": _RULED,
    "ruled, with text": f"{_RULED}hola ",
    "ruled, a head": f"{_RULED}De:",
    "quotes side by side": "<blockquote type=cite>a</blockquote>b",
    "quotes in quotes": "<blockquote type=cite>",
    "quotes of Gmail": "<div class=gmail_quote>a",
    "attributions": "<div>El 27/11/2026 a les 9:00, OAC 360 va escriure:</div>",
    "hidden": "<div style='display:none'>",
    "signatures": "<div class=gmail_signature>-- ",
}  # fmt: skip
TEXT_BAITS = {
    **_by_itself("a", " ", "\n", "\r", "a ", "a\n", "> ", ">\n", "> > a\n", "-- \n", "1", "1 2 ", "a.", "a@", ".", "é"),
    **_by_itself("(", ")", "((", "<", "<a@b.cat>", "a@b.cat, ", "=?utf-8?q?a?= ", "=?", '"', "\\", ";a=b", ": ", "\0"),
    "accents": "a\u0301",
    "unseen": "a\u200b\u00ad",
    "attributions": "El 27/11/2026 a les 9:00, OAC 360 <oac@town.example> va escriure:\n",
    "attributions and quotes": "El 27/11/2026 a les 9:00, OAC va escriure:\n> hola\nsí\n",
    "head blocks": "De: OAC\nEnviat: 27/11/2026 9:00\nAssumpte: x\n",
    "one head line": "De: OAC <oac@town.example> ",
    "separators": "-----Missatge original-----\n",
    "telephones": "truqueu-me al 600 11 12 22 de 9 a 10 ",
    "numerals": "sis-cents vint-i-dos ",
    "terms": "el termini acaba demà a les 14 h. ",
    "secrets": "contrasenya: Gat2024 PIN 4821 ",
    "names of secrets": "contrasenya pin codi ",
    "thanks": "moltes gràcies per tot ",
    "requests": "no puc entrar, com ho faig? ",
    "marks": "5. ",
    "links": "https://www.example.org/a ",
    "hosts": "a.example.org:80/x ",
    "forms": "Nom: Anna\nTelèfon: 600111222\n",
    "parts": "--b\r\nContent-Type: text/plain\r\n\r\nx\r\n",
    "containers": "Content-Type: multipart/mixed; boundary=b{}\r\n\r\n--b{}\r\n",
    "status fields": "Final-Recipient: rfc822;a{}@b.cat\r\nAction: failed\r\n\r\n",
    "recipients in prose": "<a{}@b.cat>: 550 no such user\n",
    "calendar": "BEGIN:VEVENT\nSUMMARY:a\n b\n",
    "uuencoded": "begin 644 x\n",
    "armour": "-----BEGIN PGP MESSAGE-----\n",
    "keys": "-----BEGIN PRIVATE KEY-----\n",
    "comments": "(a (b ",
    "repeated beginnings": "aaaaab",
}  # fmt: skip


def _of(piece: str, length: int) -> str:
    """The piece repeated; where it has a number, each with its own."""
    if "{}" not in piece:
        return piece * max(1, length // len(piece))
    return "".join(piece.replace("{}", str(number)) for number in range(max(1, length // len(piece))))


def _grows(reader: Reader, piece: str, *, copies: bool) -> str:
    """'', or how much more the long text costs."""
    short, long = _of(piece, SHORT), _of(piece, LONG)
    reader(short)  # fills the tables that are read at the first use

    def costs(text: str) -> tuple[int, ...]:
        return calls_and_characters(lambda: reader(text)) if copies else (calls(lambda: reader(text)),)

    little, much = costs(short), costs(long)
    grown = any(more > GROWTH * less + SLACK for less, more in zip(little, much, strict=True))
    return f"{little} to {much}" if grown else ""


@pytest.mark.parametrize("name", HTML_READERS)
def test_html_four_times_as_long_costs_no_more_than_that(name: str) -> None:
    grown = {bait: _grows(HTML_READERS[name], piece, copies=True) for bait, piece in HTML_BAITS.items()}
    assert {bait: growth for bait, growth in grown.items() if growth} == {}


@pytest.mark.parametrize("name", TEXT_READERS)
def test_text_four_times_as_long_costs_no_more_than_that(name: str) -> None:
    TEXT_READERS[name](TEXT_BAITS["telephones"])  # fills the tables of times, which few of the short texts come to
    grown = {bait: _grows(TEXT_READERS[name], piece, copies=name in COPIES) for bait, piece in TEXT_BAITS.items()}
    assert {bait: growth for bait, growth in grown.items() if growth} == {}


@pytest.mark.parametrize("piece", [_RULED, "<b a={}><p>", "<blockquote type=cite>", "<x{}>", "a<br>"])
def test_a_page_to_be_relayed_has_a_bound(piece: str) -> None:
    """120 kB of nested blocks took 43 s, 24 kB of formatting that is never closed took 17 s."""
    assert calls(lambda: relayed.cut_html(_of(piece, relayed.LONGEST))) < 2_000_000


@pytest.mark.parametrize("piece", ["<b a={}><p>", "<blockquote type=cite>", "<x{}>", "a<br>"])
def test_a_page_of_too_many_elements_is_not_relayed_and_says_why(piece: str) -> None:
    assert relayed.cut_html(_of(piece, relayed.LONGEST)).reason == "too-large"


def test_work_that_grows_with_the_square_would_be_caught() -> None:
    assert _grows(lambda text: [one.isalpha() for one in text], "ab", copies=False) == ""
    for copies in (False, True):
        assert _grows(lambda text: [one.isalpha() for _ in text[::400] for one in text], "ab", copies=copies)
    assert _grows(lambda text: [asking.asks(text[at:]) for at in range(0, len(text), 100)], "ab", copies=True)
