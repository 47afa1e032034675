"""Separate the new text of a message from quoted text, signatures and text added by programs.

This module decides line by line, in linear time, with tables of the phrases that mail clients write (ca, es, en and
neighbouring languages). Only evaluation uses the trimmed text: the whole text is kept too, and a message trimmed to
nothing is taken whole, so that nothing a person wrote is lost. A forwarded text counts only if there is no other.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from oacmail.mail.understanding import phrases

_INTRO_LINES = 4
_SIGNED = 400  # lines between what is signed and its signature
_MARK = 40  # characters for the start of a postscript
_INTRO = 700  # characters of an attribution
_ENDING = 40  # characters: more than a verb of phrases.LAST with the marks after it
_NAME = 60  # characters of the name in it
_BEFORE = 2_000  # characters above a quote that may say where the answers are
_QUOTED = 20_000  # characters of a quote in which writers are looked for
_WRITERS = 20
_MAILBOX = re.compile(r"[\w.+-]{1,64}@[A-Za-z0-9.-]{1,253}", re.ASCII)
_LONGEST = 200_000  # characters that are separated; nobody types more


@dataclass(frozen=True, slots=True)
class ReplyText:
    """`fresh` is the new text; `quoted` the quoted or forwarded rest."""

    fresh: str
    quoted: str


@dataclass(frozen=True, slots=True)
class AboveQuote:
    """`text`: all above the first quote, also a signature; `is_cut`: there was one; `more_below`: new text below it."""

    text: str
    is_cut: bool
    more_below: bool

    @property
    def is_written(self) -> bool:
        """Whether anything but a signature or a program's line stands above the quote."""
        lines = self.text.split("\n")
        first = next((line for line in lines if line.strip()), "")
        return _kind(first) != "sign" and "text" in _kinds(lines)


def above_quote(text: str) -> AboveQuote:
    """Take what stands above the first quote, header block or attribution."""
    lines = _parted(text[:_LONGEST].split("\n"))
    end = _cut(lines)
    own, inner = lines[:end], lines[end:]
    kinds = _kinds(own)
    first = next((number for number, kind in enumerate(kinds) if kind in ("quote", "intro")), len(own))
    within = bool(inner) and bool(phrases.BELOW.search("\n".join(own)[:_BEFORE]))
    below = within or "text" in kinds[first:]
    return AboveQuote("\n".join(own[:first]).rstrip(), first < len(lines), below or len(text) > _LONGEST)


def writers(quoted: str) -> tuple[str, ...]:
    """Return the addresses that a quote's attributions and header blocks name as its writers, in lower case."""
    lines = [line.lstrip("> ") for line in quoted[:_QUOTED].split("\n")]
    found: list[str] = []
    for number, line in enumerate(lines):
        above = " ".join(lines[max(0, number - 1) : number + 1])[-_INTRO:]
        if phrases.FROM.match(line) or (line.rstrip().endswith(":") and phrases.INTRO_END.search(above)):
            found += _MAILBOX.findall(above if line.rstrip().endswith(":") else line)
    return tuple(dict.fromkeys(address.lower() for address in found[:_WRITERS]))


def attribution_at_end(text: str) -> str:
    """Return the attribution with which `text` ends, as a line above a quote; '' = it ends with none."""
    lines = [*text.rstrip().split("\n"), "> "]
    start = _intro_start([*lines[:-1], "> …"], len(lines) - 2)
    return "\n".join(lines[start:-1]) if start is not None else ""


def split(text: str, forwarded: str = "") -> ReplyText:
    """Separate `text`; `forwarded` is the text of an attached message and counts if there is no new text."""
    text = text[:_LONGEST]
    lines = _parted((phrases.ARMOUR.sub("", text) if "-----BEGIN PGP" in text else text).split("\n"))
    end = _cut(lines)
    own, inner = lines[:end], lines[end:]
    kinds = _kinds(own)
    quoted = "\n".join([line for line, kind in zip(own, kinds, strict=True) if kind in ("quote", "intro")] + inner)
    answered_within = inner and phrases.BELOW.search("\n".join(own)[:_BEFORE])
    fresh = _trimmed(lines) if answered_within else _trimmed(_answer(own, kinds))
    return ReplyText(fresh or "\n".join(_without_head(inner)).strip() or forwarded.strip() or text.strip(), quoted)


def _parted(lines: list[str]) -> list[str]:
    """Put each attribution on its own lines if a program joined it to the text before it."""
    for number, line in enumerate(lines[:-1]):
        if line.rstrip().endswith(":") and len(line) < _INTRO and _quote_follows(lines, number):
            found = phrases.RUN_IN.search(line)
            if found:
                return [*lines[:number], line[: found.start()], line[found.end() :], *lines[number + 1 :]]
    return lines


def _cut(lines: list[str]) -> int:
    """Return the first line of an unmarked quote: a separator, a header block, or "On … wrote:" without ">"."""
    for number, line in enumerate(lines):
        if not line or line.isspace():
            continue
        separated = phrases.SEPARATOR.match(line) and not _quote_follows(lines, number)
        if separated or (_is_head(line) and _is_block(lines, number)):
            return _with_rule(lines, number)
        start = _intro_start(lines, number)
        if start is not None and not _quote_follows(lines, number) and any(above.strip() for above in lines[:start]):
            return start
    return len(lines)


def _with_rule(lines: list[str], number: int) -> int:
    """Include the rule above: Outlook draws a line above its block, other clients write one we do not recognise."""
    above = next((n for n in range(number - 1, max(-1, number - 4), -1) if lines[n].strip()), -1)
    return above if above >= 0 and phrases.RULE.match(lines[above]) else number


def _is_head(line: str) -> bool:
    return bool(phrases.FROM.match(line) or phrases.HEAD.match(line))


def _is_block(lines: list[str], number: int) -> bool:
    """True if three header lines, with "De:" among them, follow each other as Outlook and Gmail write them.

    An address, a date with the time of day or a rule above must show that a program wrote them; with both, two lines
    are enough. People list "De: … A: … Data: …" as well.
    """
    following = [line for line in lines[number : number + 10] if line.strip()][:6]
    heads = [line for line in following if _is_head(line)]
    if len(heads) >= 3 and any(phrases.FROM.match(line) for line in heads):
        return any(map(_is_printed, heads)) or _with_rule(lines, number) != number
    two = [line for line in following[:2] if _is_head(line)]
    return any(map(phrases.PARTY.match, two)) and any(map(phrases.MOMENT.match, two))


def _is_printed(head: str) -> bool:
    return bool(phrases.PARTY.match(head) or phrases.MOMENT.match(head))


def _intro_start(lines: list[str], number: int) -> int | None:
    """Return the first line of the attribution that ends on line `number`; clients wrap it over up to four lines.

    Without a quoted line after it, it must contain an address or a time of day: people also write "em va escriure:".
    One without a final colon needs more (phrases.BARE, phrases.PRINTED).
    """
    if not lines[number].rstrip().endswith(":"):
        return _bare_intro(lines, number)
    first = max(0, number + 1 - _INTRO_LINES)
    joined = " ".join(line.strip() for line in lines[first : number + 1])[-_INTRO:]
    if not phrases.INTRO_END.search(joined) and not phrases.ONE_LINE.match(lines[number][-_INTRO:]):
        return None
    quoted = _quote_follows(lines, number)
    for start, joined in _openings(lines, number):
        if quoted or phrases.SURE.search(joined):
            return start if phrases.INTRO_END.search(joined) or phrases.ONE_LINE.match(joined) else None
    line = lines[number][:_INTRO]
    if phrases.ONE_LINE.match(line) and (quoted or phrases.SURE.search(line)):
        return _with_name(lines, number)
    return None


def _bare_intro(lines: list[str], number: int) -> int | None:
    line = lines[number][:_INTRO]
    if not _may_be_last(line[-_ENDING:]):
        return None
    quoted = _quote_follows(lines, number)
    if quoted and phrases.DATED.match(line):
        return number
    for start, joined in _openings(lines, number):
        if phrases.BARE.search(joined) and phrases.SURE.search(joined) if quoted else phrases.PRINTED.match(joined):
            return start
    return None


@lru_cache(maxsize=2048)  # each line is asked for twice
def _may_be_last(ending: str) -> bool:
    return phrases.LAST.search(ending) is not None


def _upwards(lines: list[str], number: int) -> Iterator[tuple[int, str]]:
    """Yield (first line, the lines from there to `number` joined), up to a blank line or the wrapping limit."""
    joined = ""
    for start in range(number, max(-1, number - _INTRO_LINES), -1):
        if not lines[start].strip():
            return
        joined = f"{lines[start].strip()} {joined}"[:_INTRO].rstrip()
        yield start, joined


def _openings(lines: list[str], number: int) -> Iterator[tuple[int, str]]:
    """Yield those of `_upwards` that begin like an attribution: with a day, or with a name and an address."""
    reached = list(_upwards(lines, number))
    for opener in (phrases.OPENER, phrases.NAMED):
        yield from ((start, joined) for start, joined in reached if opener.match(joined))


def _with_name(lines: list[str], number: int) -> int:
    """Include the line above if this one begins with the address of the name there."""
    named = number > 0 and phrases.ADDRESSED.match(lines[number][:_INTRO])
    alone = named and 0 < len(lines[number - 1].strip()) <= _NAME and (number < 2 or not lines[number - 2].strip())
    return number - 1 if alone else number


def _quote_follows(lines: list[str], number: int) -> bool:
    after = next((later for later in lines[number + 1 : number + 6] if later.strip()), "")
    return after.lstrip().startswith(">")


def _kinds(lines: list[str]) -> list[str]:
    """Return for each line: quote, intro, client, blank, tail (signature or disclaimer) or text."""
    kinds = [_kind(line) for line in lines]
    for number, kind in enumerate(kinds):
        if kind == "blank":
            continue
        if phrases.SEPARATOR.match(lines[number]) and _quote_follows(lines, number):
            kinds[number] = "intro"
        elif (start := _intro_start(lines, number)) is not None:
            kinds[start : number + 1] = ["intro"] * (number + 1 - start)
    tail, text = False, -_SIGNED - 1  # the last line of text above
    for number, kind in enumerate(kinds):
        if kind == "sign" or (kind == "text" and phrases.DISCLAIMER.match(lines[number][:400])):
            tail = kind != "sign" or number - text <= _SIGNED
        elif kind in ("quote", "intro") or (kind == "text" and _is_postscript(lines[number])):
            tail = False
        if kinds[number] == "sign":
            kinds[number] = "tail" if tail else "text"
        elif tail and kind in ("text", "client"):
            kinds[number] = "tail"
        text = number if kinds[number] == "text" else text
    return kinds


def _is_postscript(line: str) -> bool:
    return phrases.POSTSCRIPT.match(line[:_MARK]) is not None


def _kind(line: str) -> str:
    stripped = line.strip()
    if not stripped:
        return "blank"
    if stripped[0] == ">":
        return "quote"
    if phrases.SIGNATURE.match(line.rstrip("\r")) or line == "--":
        return "sign"
    return "client" if len(line) < 250 and phrases.CLIENT.match(line) else "text"


def _answer(lines: list[str], kinds: list[str]) -> list[str]:
    """Return the new lines, and with answers between several quotes also the lines they answer."""
    written = [number for number, kind in enumerate(kinds) if kind == "text"]
    if not written:
        return []
    last = written[-1]
    inline = _is_interleaved(kinds[: last + 1])
    kept = {"text", "blank", "quote"} if inline else {"text", "blank"}
    return [line for line, kind in zip(lines[: last + 1], kinds, strict=False) if kind in kept]


def _is_interleaved(kinds: list[str]) -> bool:
    """True for two or more runs of quotes, each followed by text."""
    solid = [kind for kind in kinds if kind in ("text", "quote")]
    return sum(1 for one, two in pairwise(solid) if (one, two) == ("quote", "text")) >= 2


def _trimmed(lines: list[str]) -> str:
    return re.sub(r"\n{3,}", "\n\n", "\n".join(line.rstrip() for line in lines)).strip()


def _without_head(lines: list[str]) -> list[str]:
    """Remove the separator and header block from a forwarded text."""
    seen = 0
    for number, line in enumerate(lines):
        if phrases.SEPARATOR.match(line) or phrases.RULE.match(line) or _is_head(line):
            seen = number + 1
        elif line.strip() and number > 0:
            break
    return lines[seen:]
