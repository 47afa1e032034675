"""Text that only shows what it says: no control, escape, zero-width or bidi characters, no links that can be clicked.

For everything of a citizen's that reaches a person's eyes, and for every word of ours that enters a header. It
changes what is *shown*, never what is stored.
"""

import re

# C0, DEL and C1; soft hyphen; bidi marks and isolates; zero-width; line and paragraph separators; BOM; surrogates.
_BREAKS = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_HIDDEN = re.compile("[\xad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff]+")
_NEWLINE = re.compile("\r\n|[\r\n\x0b\x0c\x85\u2028\u2029]")
_SCHEME = re.compile(r"(?<=\w)://")
_WWW = re.compile(r"\b(www)\.", re.IGNORECASE)


def one_line(text: str) -> str:
    """On one line, blanks collapsed."""
    return " ".join(_HIDDEN.sub("", _BREAKS.sub(" ", text)).split())


def many_lines(text: str) -> str:
    """With its lines kept, ended by a newline alone."""
    return "\n".join(_HIDDEN.sub("", _BREAKS.sub(" ", line)).rstrip() for line in _NEWLINE.split(text)).strip("\n")


def dead_links(text: str) -> str:
    """`https://www.example.org` becomes `https[://]www[.]example.org`: readable, and no client makes a link of it."""
    return _WWW.sub(r"\1[.]", _SCHEME.sub("[://]", text))
