"""Read a reply to a survey as a person would: "5 moltes gràcies", "4/5", "cinc", "Un 10!"; in ca, es and en.

A mark stands alone in its sentence, or beside words of praise and blame; a number that counts something ("5 dies",
"2 vegades") is none. Ten is the top mark of every school here, so a bare ten is five; nought is one. A mark between
two of ours, two different ones, or one on a scale that the writer names ("8/10") is unclear: nobody converts or invents
one. A reply without a mark is read like any other message. This module decides nothing.
"""

import re
import unicodedata
from collections.abc import Iterator
from typing import Literal

from oacmail.core.model import VoteWords
from oacmail.mail.understanding import asking, features, remarks

LONGEST = 2_000  # characters that are looked at: nobody hides a mark in an essay
UNCLEAR = 0
_KEYCAP = re.compile("([0-9])\ufe0f?\u20e3")
_STARS = re.compile("(?:[\u2b50\u2605\U0001f31f]\ufe0f?\\s?){1,5}(?:\u2606\\s?){0,5}")
_STAR = re.compile("[\u2b50\u2605\U0001f31f]")
_ENDS = re.compile(r"(?<![.!?;:\u2026])[.!?;:\u2026]+(?=\s|$)|(?<=\s)[-\u2013\u2014]+(?=\s)|,(?=\s|$)")
_WORD = re.compile(r"[^\W\d_]+")
_SPOKEN = re.compile(r"[^\W_]")
_WORDS = {
    "0": "zero cero nought", "1": "un u uno una one", "2": "dos dues two", "3": "tres three", "4": "quatre cuatro four",
    "5": "cinc cinco five", "6": "sis seis six", "7": "set siete seven", "8": "vuit ocho eight", "9": "nou nueve nine",
    "10": "deu diez ten",
}  # fmt: skip
_VALUES = {word: int(value) for value, words in _WORDS.items() for word in words.split()}
_ARTICLES = frozenset(["un", "u", "uno", "una", "one"])  # a mark only where nothing else is said
_LEAD = (
    "nota puntuacio puntuacion valoracio valoracion score rating mark vot voto vote la el the meva mi my es is seria"
    " would be us os li le i jo yo dono poso doy pongo give you an a un una de amb con with resposta respuesta servei"
    " servicio service atencio atencion per por for pel"
)
_TAIL = (
    "moltes? molta? moltissimes gracies gracias merci much[ao]s? muchisimas muy mil thanks? many very perfect\\w*"
    " excel\\w* genial fantastic\\w* tot todo all be bien ok per por for i y and pero but perque porque because com"
    " como gran great good bo bon bona buen[ao]? well satisf\\w* content\\w* encanta\\w* sou sois son ha han heu us os"
    " no mal malament fatal terrible pesim\\w* horr\\w* massa demasiad\\w* poc poca poco vergony\\w* verguenz\\w*"
)
_NUMBER = r"\d{1,3}(?:[.,]\d{1,2})?|" + "|".join(sorted(_VALUES, key=len, reverse=True))
_OF = r"(?:\s?/\s?|\s(?:de|sobre|out of|of|over)\s)(?P<of>100|20|10|5|cinco|cinc|five|deu|diez|ten)"
_OURS = ("5", "cinco", "cinc", "five")
_UNIT = r"\s(?:estrell(?:a|es|as)|stars?|punts?|puntos?|points?)"
_MARK = re.compile(
    rf"(?:(?:{_LEAD.replace(' ', '|')})\s){{0,8}}(?P<mark>{_NUMBER})"
    rf"(?:(?P<between>\s?-\s?|\s(?:o|or|i|a|y|to)\s)(?:{_NUMBER}))?"
    rf"(?:(?:{_OF}|{_UNIT})(?:\s(?P<rest>.*))?|\s(?P<said>(?:{_TAIL.replace(' ', '|')})(?:\W.*)?))?"
)
_LABEL = re.compile(rf"(?:(?:{_LEAD.replace(' ', '|')})(?:\s|$))+")
_BETTER = re.compile(
    r"\b(?:es pot|podria|podrieu|se puede|podrian?|could(?: be)?|can be)\s(?:millorar|mejorar|better|improved?)\b"
)


def read(fresh: str, name: str, sender: str, *, asked: bool) -> VoteWords | None:
    """`name` and `sender` are the writer's, whose signature says nothing. `asked`: a link of a survey gave the mark;
    without it a text that gives no mark is no vote: None."""
    scores, rest, alone = _parted(fresh[:LONGEST])
    if not scores and not asked:
        return None
    words = "\n".join(rest) + fresh[LONGEST:]
    if _ARTICLES.issuperset(alone) and alone and _bare(words):
        scores, words = set(), fresh
    score = next(iter(scores)) if len(scores) == 1 else UNCLEAR
    return VoteWords(score=score, unclear=bool(scores) and score == UNCLEAR, beside=_beside(words, name, sender))


def _parted(text: str) -> tuple[set[int], list[str], list[str]]:
    """Return the marks that the text gives, what else it says, and the marks as they were written."""
    scores: set[int] = set()
    rest: list[str] = []
    marks: list[str] = []
    for sentence, end in _sentences(text):
        folded = _bare(features.fold(sentence))
        found = _MARK.fullmatch(folded)
        value = _value(found) if found else None
        if found is None or value is None:
            rest.append(sentence + end)
            continue
        scores.add(value)
        marks.append(folded)
        rest.append((found["rest"] or found["said"] or "") + (end if "?" in end else ""))
    return scores, [line for line in rest if not _LABEL.fullmatch(_bare(features.fold(line)))], marks


def _bare(text: str) -> str:
    """Return the text without signs around it."""
    first, last = _SPOKEN.search(text), _SPOKEN.search(text[::-1])
    return text[first.start() : len(text) - last.start()] if first and last else ""


def _sentences(text: str) -> Iterator[tuple[str, str]]:
    """Yield each sentence with what ends it."""
    text = unicodedata.normalize("NFKC", _STARS.sub(_counted, _KEYCAP.sub(r"\1", text)))
    for line in text.splitlines():
        start = 0
        for mark in _ENDS.finditer(line):
            yield line[start : mark.start()], mark.group()
            start = mark.end()
        yield line[start:], ""


def _counted(stars: re.Match[str]) -> str:
    return f" {len(_STAR.findall(stars.group()))} "


def _value(found: re.Match[str]) -> int | None:
    """Return the score, UNCLEAR, or None if the number is no mark."""
    mark, of = found["mark"], found["of"]
    number = float(_VALUES[mark]) if mark in _VALUES else float(mark.replace(",", "."))
    if (number > 10 and not of) or (mark == "0" and found["said"]):
        return None
    if found["between"] or not number.is_integer() or (of and of not in _OURS):
        return UNCLEAR
    number = 5 if number == 10 and not of else number
    return max(int(number), 1) if number <= 5 else UNCLEAR


def _beside(words: str, name: str, sender: str) -> Literal["", "thanks", "words", "asks"]:
    signature = frozenset(_WORD.findall(features.fold(f"{name} {sender.partition('@')[0]}")))
    folded = features.fold(words)
    if signature.issuperset(_WORD.findall(folded)):
        return ""
    if asking.asks(_BETTER.sub(" ", folded)) or remarks.still_fails(folded):
        return "asks"
    return "thanks" if asking.closes(folded) and not asking.goes_on(folded) else "words"
