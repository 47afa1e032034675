"""Make text safe to display: no control, escape, zero-width or bidi characters, and no clickable links.

Every citizen text that a person sees passes through here, and every text of ours in a header. Only what is shown
changes, never what is stored.
"""

import re

# C0, DEL and C1; soft hyphen; bidi marks and isolates; zero-width; line and paragraph separators; BOM; surrogates.
_BREAKS = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_HIDDEN = re.compile("[\xad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff]+")
_NEWLINE = re.compile("\r\n|[\r\n\x0b\x0c\x85\u2028\u2029]")
_HOST = re.compile(r"(?<=\w)://[^\s/?#<>]{0,253}|\b(?:www|ftp)\.[^\s/?#<>@]{0,253}", re.IGNORECASE)
# A client links `example.org`, `example.org:8443/a` and `example.org?a` too. What follows an @ is an address, and after
# a full stop without a space a sentence begins with a capital.
_BARE_HOST = re.compile(
    r"(?:(?<![\w@./\\-])|(?<=//))(?:(?:[^\W_]|-)+\.)+(?:[a-z]{2,24}|[A-Z]{2,24}|(?i:com|org|net|cat|es|eu|info))(?![\w@-]|\.\w)"
)
_FILE = re.compile(r"\.(?:pdf|docx?|xlsx?|pptx?|od[ts]|jpe?g|png|gif|heic|txt|csv|xml|eml|msg)\Z", re.IGNORECASE)
_SHARE = re.compile(r"\\\\(?=\w)")  # a client links `\\host\folder`
_MAILTO = re.compile(r"\b(mailto):", re.IGNORECASE)
# It begins with the space, which the engine finds faster than what stands before it.
_TOGETHER = re.compile(r" (?:(?<=\d )(?=h\b|\d{3}\b)|(?<=\b(?:Llei|art\.) )(?=\d)|(?<=\b(?:Ley|Law|art) )(?=\d))")
_NO_BREAK = "\u00a0"


def one_line(text: str) -> str:
    """Return the text on one line, with white space collapsed."""
    return " ".join(_shown(text).split())


def many_lines(text: str) -> str:
    """Return the text with its lines kept and LF line ends."""
    return "\n".join(_shown(line).rstrip() for line in _NEWLINE.split(text)).strip("\n")


def _shown(line: str) -> str:
    return line if line.isprintable() else _HIDDEN.sub("", _BREAKS.sub(" ", line))  # what is printable has neither


def dead_links(text: str) -> str:
    """`https://www.example.org` becomes `https[://]www[.]example[.]org`: readable, but not a link in a client, also not
    in one that makes links of bare names of hosts and of shared folders. Addresses and names of files stay."""
    hosts = _HOST.sub(lambda found: found[0].replace("://", "[://]").replace(".", "[.]"), _SHARE.sub(r"[\\\\]", text))
    return _MAILTO.sub(r"\1[:]", _BARE_HOST.sub(_dead, hosts))


def _dead(host: re.Match[str]) -> str:
    is_file = _FILE.search(host[0]) and host.string[host.end() : host.end() + 1] not in ("/", "?", ":", "\\")
    return host[0] if is_file else host[0].replace(".", "[.]")


def kept_together(text: str, name: str) -> str:
    """Put no-break spaces into hours, telephone numbers, laws and `name`, for HTML: a phone breaks lines anywhere."""
    return _TOGETHER.sub(_NO_BREAK, text.replace(name, name.replace(" ", _NO_BREAK)))
