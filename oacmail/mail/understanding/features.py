"""Find the terms of the lexicon in a message, with weights, and the telephone, platforms and days that it names.

This module decides nothing; core/routing/classification.py weighs the result. One compiled trie passes once over text
without accents and with one spelling of l·l; the leftmost and longest term wins, so that "certificat d'empadronament"
is no certificate and "formulari de queixes" no complaint. The terms are those of lexicon.py, never the citizen's words:
they can be shown and stored.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator
from functools import cache, lru_cache
from types import MappingProxyType

from oacmail.core.features import Features, Term
from oacmail.core.routing.reply_prefixes import FORWARD, REPLY
from oacmail.mail.understanding import call_back, lexicon, lexicon_of_kinds, operators, terms_end, trie

LONGEST = 20_000  # characters of the text that are looked at: nobody asks his question later than that
_SUBJECT = 2.0  # a subject is what the writer himself holds for the matter
_MOST = 3  # times that a term counts in the text
_TWO_L = re.compile(r"(?<=l)[·•‧∙・.\-](?=l)")
_ACCENTS = re.compile("[\u0300-\u036f]+")
_APOSTROPHES = (("’", "'"), ("‘", "'"), ("´", "'"), ("`", "'"), ("ŀ", "l"), ("Ŀ", "l"))
_FILLED_IN = re.compile(
    r"\b(?:e-?mail|mail|correu|correo|adreca|direccion|address)(?: (?:electronic[ao]?|de correu|de correo))?"
    r"[ \t]{0,8}[:=]\s{0,8}<?([\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,6})"
)
_ANSWER = re.compile(rf"(?:{REPLY}|{FORWARD})(?:\[\d+\])?\s?:")


def fold(text: str) -> str:
    """Lower case, no accents, plain apostrophes, "l·l" and its misspellings as "ll", single spaces."""
    return _folded(text[:LONGEST])


@lru_cache(maxsize=8192)  # the same words come back in every message
def plain(word: str) -> str:
    """One word folded."""
    word = word.casefold()
    return word if word.isascii() else _ACCENTS.sub("", unicodedata.normalize("NFKD", _TWO_L.sub("", word)))


@lru_cache(maxsize=16)  # a message's subject and text are asked for by each who reads it
def _folded(text: str) -> str:
    for sign, plain_sign in _APOSTROPHES:  # each is found, or not, faster than str.translate asks for each character
        text = text.replace(sign, plain_sign)
    text = text.casefold()
    if not text.isascii():
        text = _ACCENTS.sub("", unicodedata.normalize("NFKD", _TWO_L.sub("", text)))
    text = _TWO_L.sub("", text)
    words = " ".join(text.split())
    return f"{' ' * text[:1].isspace()}{words}{' ' * (text[-1:].isspace() and bool(words))}"


def title(subject: str) -> str:
    """The subject folded, without the marks of an answer or a forward in front."""
    folded = fold(subject)
    while (front := _ANSWER.match(folded)) is not None:
        folded = folded[front.end() :].strip()
    return folded


def is_answer(subject: str) -> bool:
    """Whether the subject begins with the mark of an answer or a forward."""
    return _ANSWER.match(fold(subject)) is not None


def find(subject: str, fresh: str, signature: str = "", *, phone: str = "", town: str = "") -> Features:
    """Return the `Features` of the lexicon: terms, platforms, end days, addresses, call-back and town; no others.

    `signature` is searched for a telephone if the text has none; `phone`: the office's own, which never counts; `town`:
    the office's. A term's weight is its own (1 hints, 3 says it) times its occurrences, at most `_MOST` in the text;
    occurrences in the subject count double.
    """
    title, text = fold(subject), fold(fresh)
    terms, thanks = _of_subject(title)
    for term, count in Counter(_found(text)).items():
        for meaning, weight in _meanings()[term]:
            terms[meaning] = terms.get(meaning, 0.0) + weight * min(count, _MOST)
    whole, town = f"{title} . {text}", fold(town)
    filled_in = _FILLED_IN.search(text) if "@" in text else None
    return Features(
        terms=MappingProxyType(terms),
        subject_thanks=thanks,
        platforms=tuple(operators.named(title, text)),
        end_days=tuple(dict.fromkeys(terms_end.ends(whole))),
        addresses=(filled_in[1],) if filled_in else (),
        callback=call_back.find(whole, map(fold, (subject, *fresh.splitlines())), fold(signature), phone),
        town=town if town in whole else "",
    )


def _of_subject(title: str) -> tuple[dict[Term, float], bool]:
    """Return (terms, True if it is thanks). The subject of a reply was chosen earlier: it tells only the topic."""
    answer = bool(_ANSWER.match(title))
    found: dict[Term, float] = {}
    thanks = False
    for term, count in Counter(_found(title)).items():
        for meaning, weight in _meanings()[term]:
            if meaning.group == "topic" or not answer:
                found[meaning] = weight * count * _SUBJECT
            thanks = thanks or ((meaning.group, meaning.label) == ("thanks", "said") and not answer)
    return found, thanks


def _found(text: str) -> Iterator[str]:
    """Yield the terms of the text from left to right; of two that begin at one place, the longer."""
    for match in _terms().finditer(text):
        word = match.group()
        yield word if word in _meanings() else _stem(word)


def _stem(word: str) -> str:
    return next(f"{word[:end]}*" for end in range(len(word), 0, -1) if f"{word[:end]}*" in _meanings())


# --- the tables, compiled once, and only where a message is read ---------------------------------------


@cache
def _meanings() -> dict[str, list[tuple[Term, float]]]:
    """Return term -> (its meaning, weight) for each group that has it."""
    found: dict[str, list[tuple[Term, float]]] = {}
    for name, weight, terms in (*lexicon.TABLES, *lexicon_of_kinds.TABLES):
        group, label = name.split(":")
        for term in filter(None, (" ".join(term.split()) for term in terms.split(","))):
            found.setdefault(fold(term), []).append((Term(group, label, fold(term).rstrip("*")), weight))
    return found


@cache
def _terms() -> re.Pattern[str]:
    return re.compile(r"(?<!\w)" + trie.pattern(_meanings()))
