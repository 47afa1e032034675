"""Parse one Received field (RFC 5321 section 4.4): which host wrote it, from whom it took the message, and how.

This module decides nothing. It reads clauses in grammatical order and respects nested comments, since a client chooses
its own HELO name and the names in its certificate: a HELO of "by" or a nested "(Authenticated sender: …)" must not pass
for the server's words.
"""

import re
from dataclasses import dataclass

_MARKS = re.compile(r'([\\"()])')


@dataclass(frozen=True, slots=True)
class Hop:
    """`by` is the host that wrote the field and `protocol` the word after "with", both in lower case, '' if absent.
    `start` is the first word. `comments` are the outermost ones, in order, without their parentheses."""

    start: str
    by: str
    protocol: str
    comments: tuple[str, ...]


def hop(value: str) -> Hop:
    """Parse an unfolded Received value. Clauses that do not fit the grammar become ''."""
    text, comments = without_comments(value)
    words = text.partition(";")[0].lower().split()
    start = words[0] if words else ""
    by_at = _find(words, "by", 2 if start == "from" else 0)
    with_at = _find(words, "with", by_at + 2) if by_at >= 0 else -1
    return Hop(start, _word(words, by_at).rstrip("."), _word(words, with_at), comments)


def _find(words: list[str], word: str, start: int) -> int:
    return words.index(word, start) if word in words[start:] else -1


def _word(words: list[str], at: int) -> str:
    return words[at + 1] if 0 <= at < len(words) - 1 else ""


def without_comments(value: str) -> tuple[str, tuple[str, ...]]:
    """Return (the value without its comments, its outermost comments); nesting and quoted pairs as in RFC 5322
    3.2.2."""
    if "(" not in value:
        return value, ()
    outside: list[str] = []
    comments: list[str] = []
    inside: list[str] = []
    depth, escaped, quoted = 0, False, False
    for char in filter(None, _MARKS.split(value)):  # a special character, or the text between two
        if escaped or char == "\\":
            escaped = not escaped
        elif char == '"' and not depth:
            quoted = not quoted
        elif char == "(" and not quoted:
            depth += 1
            if depth == 1:
                outside.append(" ")
                continue
        elif char == ")" and depth:
            depth -= 1
            if not depth:
                comments.append("".join(inside).strip())
                inside = []
                continue
        (inside if depth else outside).append(char)
    return "".join(outside), tuple(comments)
