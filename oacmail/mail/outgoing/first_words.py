"""The first words of a message for a line of a list: what tells an agent whether a person waits, and nothing more.

An address, a number, a code, a link and any mark-up are masked: only words and what stands at their edges are shown.
The line goes to staff alone, and never into a log.
"""

import re

from oacmail.mail.outgoing.plain_text import one_line
from oacmail.mail.understanding.secrets import blank

MOST = 60  # characters
_MASK = "[…]"
_PLAIN = r"[^\W\d_]+(?:[-'’·][^\W\d_]+)*"
_SMILE = "[\u2600-\u27bf\U0001f300-\U0001faff\ufe0f]+"
_WORD = re.compile(rf"[¿¡(\"'«“‘]*{_PLAIN}[.,;:!?…)\"'»”’]*|[.,;:!?…–—-]+|{_SMILE}")


def first_words(text: str) -> str:
    """Return at most `MOST` characters of the text on one line, cut between two words; masked words in a row once."""
    shown: list[str] = []
    for word in one_line(blank(text)).split():
        safe = word if _WORD.fullmatch(word) else _MASK
        if safe != _MASK or shown[-1:] != [_MASK]:
            shown.append(safe)
        if len(" ".join(shown)) > MOST:
            return " ".join((*shown[:-1], "…"))
    return " ".join(shown)
