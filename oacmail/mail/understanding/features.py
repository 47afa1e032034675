"""The words of a message that mean something to this desk: matched terms, each with its weight.

Decides nothing: core/routing/classification.py weighs what is found here. One pass of one compiled trie over text
without accents and with one spelling of l·l, leftmost and longest term first, so that "certificat d'empadronament" is
no certificate and "formulari de queixes" no complaint. The terms are lexicon.py's, never the citizen's: what comes
out can be shown and kept.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from functools import cache, lru_cache
from types import MappingProxyType

from oacmail.mail.understanding import lexicon, lexicon_of_kinds, numerals, operators, phones, terms_end

_LONGEST = 20_000  # characters of the text that are looked at: nobody asks his question later than that
_SUBJECT = 2.0  # a subject is what the writer himself holds for the matter
_MOST = 3  # times that a term counts in the text
_TWO_L = re.compile(r"(?<=l)[·•‧∙・.\-](?=l)")
_ACCENTS = re.compile("[\u0300-\u036f]+")
_APOSTROPHES = str.maketrans({"’": "'", "‘": "'", "´": "'", "`": "'", "ŀ": "l", "Ŀ": "l", "\xa0": " "})
_FILLED_IN = re.compile(
    r"\b(?:e-?mail|mail|correu|correo|adreca|direccion|address)(?: (?:electronic[ao]?|de correu|de correo))?"
    r"[ \t]{0,8}[:=]\s{0,8}<?([\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,6})"
)
_ANSWER = re.compile(r"(?:re|r|rv|fw|fwd|wg|aw|tr|rif|i|enc|res|sv)(?:\[\d+\])?\s?:")
_SPACES = re.compile(r"\s+")
TOWN = "town:"


def fold(text: str) -> str:
    """Lower case, no accents, plain apostrophes, "l·l" and its misspellings as "ll", single spaces."""
    return _folded(text[:_LONGEST])


def plain(word: str) -> str:
    """One word folded."""
    word = word.casefold()
    return word if word.isascii() else _ACCENTS.sub("", unicodedata.normalize("NFKD", _TWO_L.sub("", word)))


@lru_cache(maxsize=16)  # a message's subject and text are asked for by each who reads it
def _folded(text: str) -> str:
    text = text.translate(_APOSTROPHES).casefold()
    if not text.isascii():
        text = _ACCENTS.sub("", unicodedata.normalize("NFKD", _TWO_L.sub("", text)))
    return _SPACES.sub(" ", _TWO_L.sub("", text))


def title(subject: str) -> str:
    """The subject folded, without the marks of an answer or a forward in front."""
    folded = fold(subject)
    while (front := _ANSWER.match(folded)) is not None:
        folded = folded[front.end() :].strip()
    return folded


def is_answer(subject: str) -> bool:
    """Whether the subject begins with the mark of an answer or a forward."""
    return _ANSWER.match(fold(subject)) is not None


def words(subject: str, fresh: str, signature: str = "", *, phone: str = "", town: str = "") -> Mapping[str, float]:
    """Matched terms as "group:label:term" -> weight; with a telephone "phone:+34…" and
    "slot:morning|afternoon|any"; also "operator:<whose>:<platform>", "ends:<day on which a term ends>", and
    "address:<mail address>" of one that stands behind its name, as in a form.

    `signature` is looked through for a telephone when the text has none; `phone`: the office's own, which is none.
    `town`: the office's; "town:<name, folded>" where the text names it. Weights add up: a term's own (1 hints,
    3 says it) times its occurrences, those in the subject doubled;
    "title:thanks" marks a message whose own subject is thanks.
    """
    title, text = fold(subject), fold(fresh)
    found = {**_title(title)}
    for term, count in Counter(_found(text)).items():
        for key, weight in _meanings()[term]:
            found[key] = found.get(key, 0.0) + weight * min(count, _MOST)
    named = _named(title, text) | _town(f"{title} . {text}", fold(town))
    return MappingProxyType(found | named | _call(f"{title} . {text}", fold(signature), phone))


def _town(text: str, town: str) -> dict[str, float]:
    return {f"{TOWN}{town}": 1.0} if town and town in text else {}


def _title(title: str) -> dict[str, float]:
    """The terms of the subject. That of an answer was chosen earlier: it still tells the topic, nothing else."""
    answer = bool(_ANSWER.match(title))
    found: dict[str, float] = {}
    for term, count in Counter(_found(title)).items():
        for key, weight in _meanings()[term]:
            if key.startswith("topic:") or not answer:
                found[key] = weight * count * _SUBJECT
            if key.startswith("thanks:said:") and not answer:
                found["title:thanks"] = 1.0
    return found


def _found(text: str) -> Iterator[str]:
    """The terms of the text, left to right; of two that begin at one place the longer."""
    for match in _terms().finditer(text):
        word = match.group()
        yield word if word in _meanings() else _stem(word)


def _stem(word: str) -> str:
    return next(f"{word[:end]}*" for end in range(len(word), 0, -1) if f"{word[:end]}*" in _meanings())


def _named(title: str, text: str) -> dict[str, float]:
    found = dict(operators.named(title, text)) | {f"ends:{day}": 1.0 for day in terms_end.ends(f"{title} . {text}")}
    filled_in = _FILLED_IN.search(text) if "@" in text else None
    return found | ({f"address:{filled_in[1]}": 1.0} if filled_in else {})


def _call(text: str, signature: str, own: str) -> dict[str, float]:
    text = numerals.in_digits(text)
    number = phones.phone(text, own) or phones.phone(signature, own)
    return {f"phone:{number}": 1.0, f"slot:{phones.slot(text)}": 1.0} if number else {}


# --- the tables, compiled once, and only where a message is read ---------------------------------------


@cache
def _meanings() -> dict[str, list[tuple[str, float]]]:
    """term -> (key, weight) of each group that it stands in."""
    found: dict[str, list[tuple[str, float]]] = {}
    for group, weight, terms in (*lexicon.TABLES, *lexicon_of_kinds.TABLES):
        for term in filter(None, (" ".join(term.split()) for term in terms.split(","))):
            found.setdefault(fold(term), []).append((f"{group}:{fold(term).rstrip('*')}", weight))
    return found


@cache
def _terms() -> re.Pattern[str]:
    return re.compile(r"(?<!\w)" + _trie(_meanings()))


def _trie(terms: Iterable[str]) -> str:
    """A pattern that tries each message once: a plain alternation of a thousand terms costs fifty times as much."""
    heads: dict[str, list[str]] = {}
    for term in terms:
        heads.setdefault(term[:1], []).append(term[1:])
    ends = {"": r"(?!\w)", "*": r"\w*"}
    branches = [re.escape(head) + _trie(tails) for head, tails in sorted(heads.items()) if head not in ends]
    return f"(?:{'|'.join(branches + [ends[head] for head in ('*', '') if head in heads])})"
