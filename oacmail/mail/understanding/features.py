"""Fold text for comparison, and find the telephone, platforms, addresses and days that a message names.

This module decides nothing; core/classification.py and core/derivation.py judge. Folded text has no
accents and one spelling of l·l, so that people's spelling makes no difference.
"""

import re
import unicodedata
from functools import lru_cache

from oacmail.core.model import Features
from oacmail.core.threading import FORWARD, REPLY
from oacmail.mail.understanding import phrases, slots, terms_end

LONGEST = 20_000  # characters of the text that are looked at: nobody asks a question later than that
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
    """Return the `Features` that stand in the text: platforms, end days, addresses, call-back and town; no others.

    `signature` is searched for a telephone if the text has none; `phone`: the office's own, which never counts; `town`:
    the office's.
    """
    title, text = fold(subject), fold(fresh)
    whole, town = f"{title} . {text}", fold(town)
    callback = slots.find_call(whole, map(fold, (subject, *fresh.splitlines())), fold(signature), phone)
    filled_in = _FILLED_IN.search(text) if "@" in text else None
    return Features(
        platforms=tuple(phrases.named(title, text)),
        end_days=tuple(dict.fromkeys(terms_end.ends(whole))),
        addresses=(filled_in[1],) if filled_in else (),
        callback=callback,
        other_time=slots.other_time(map(fold, fresh.splitlines())) if is_answer(subject) else None,
        town=town if town in whole else "",
    )
