"""Plain language, measured on every mail to citizens: words a sentence, passive forms, words a mail; and on every mail
to staff: words a sentence.

Sources of the bounds: sentences of at most 25 words (Ajuntament de Palma, "Algunes recomanacions d'estil per a redactar
documents administratius": 20 to 25; GOV.UK, "Sentence length: why 25 words is our limit"); the active voice, also in
place of the pronominal passives of Catalan and Spanish (Diputació de Barcelona, "Llibre d'estil"); a mail of about 90
words (what the desk's readers asked for in November 2026; the clause of data protection, which the law demands, is not
counted).
"""

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import NamedTuple

import pytest

from oacmail.core.kinds import TEMPLATED, TO_CITIZENS
from oacmail.words.facts import SAMPLES
from tests.words.test_templates import IN_HOURS, LANGUAGES, OUT_OF_HOURS, body, draft, render, send

WORDS_A_SENTENCE, WORDS_A_MAIL = 25, 90
PASSIVES_A_MAIL, PASSIVE_SHARE = 1, 0.05  # of the sentences of a language

PRESCRIBED: Mapping[str, str] = {"ca": "; si no podem, ", "es": "; si no podemos, ", "en": "; if we cannot, "}
"""The only longer sentence: the day, the hours that the person asked for, those of the slot, and the number, as the
desk's readers worded it. A caller reads it as one promise, and each part of it is a time or a number."""
WORDS_A_PROMISE = 36

_WORD = re.compile(r"https?://\S+|[^\W_]+(?:[-·'’.@/][^\W_]+)*")
_END = re.compile(r"(?<=[.!?…])\s+(?=[¿¡«“]?[^\W\d_a-zà-ÿ])")
"""Behind a full stop and before a capital: "h.", "art. 6" and "16.03" end no sentence."""
_CLAUSE = re.compile(r"^(?:Protecció de dades|Protección de datos|Data protection)\b(?:.+\n?)*", re.MULTILINE)
_TO_THE_AGENT = re.compile(r"\[[^\]]*\]")
"""What a draft asks of the agent, who replaces it."""
_PASSIVE: Mapping[str, re.Pattern[str]] = {
    "ca": re.compile(
        r"\b(?:és|són|era|eren|serà|seran|sigui|siguin|ser|estat|estada|estats|estades|fou|foren)\s+"
        r"\w+(?:at|ada|ats|ades|it|ida|its|ides|ut|uda|uts|udes|pres|presa|fet|feta|dit|dita|post|posta|ert|erta)\b"
        r"|\bs[’'](?:ha|han|havia|haurà|hauria)\b|\bes\s+(?:pot|poden|podrà|ha|han)\s+(?:de\s+)?\w+[aei]?r\b"
        r"|\bes\s+\w+(?:rà|ran)\b",
        re.IGNORECASE,
    ),
    "es": re.compile(
        r"\b(?:es|son|era|eran|será|serán|fue|fueron|sido|sea|sean|ser)\s+"
        r"\w+(?:[ai]d[oa]s?|(?:hech|dich|escrit|uest|uelt|iert|vist)[oa]s?)\b"
        r"|\bse\s+(?:ha|han|había)\s+\w+(?:do|to|cho)\b|\bse\s+(?:puede|pueden|podrá|debe|deben)\s+\w+r\b"
        r"|\bse\s+\w+(?:rá|rán)\b",
        re.IGNORECASE,
    ),
    "en": re.compile(
        r"\b(?:is|are|was|were|be|been|being)\s+(?:not\s+|\w+ly\s+)?"
        r"(?:\w+ed|done|sent|made|given|seen|told|written|read|taken|held|kept|known|found|shown|lost|paid)\b",
        re.IGNORECASE,
    ),
}


class Measured(NamedTuple):
    """`too_long`: the sentences of more words than the bound, none of them prescribed."""

    words: int
    sentences: tuple[str, ...]
    too_long: tuple[str, ...]
    passives: tuple[str, ...]


def words_of(text: str) -> int:
    return len(_WORD.findall(text))


def measured(text: str, lang: str) -> Measured:
    """Of a text in one language. The clause of data protection has its sentences measured, and not its words."""
    written = _TO_THE_AGENT.sub("", text)
    sentences = tuple(one for line in written.splitlines() for one in _END.split(line.strip()) if _WORD.search(one))
    return Measured(
        words=words_of(_CLAUSE.sub("", written)),
        sentences=sentences,
        too_long=tuple(one for one in sentences if words_of(one) > _bound(one, lang)),
        passives=tuple(one for one in sentences if _PASSIVE[lang].search(one)),
    )


def _bound(sentence: str, lang: str) -> int:
    return WORDS_A_PROMISE if PRESCRIBED[lang] in sentence else WORDS_A_SENTENCE


def faults(text: str, lang: str) -> list[str]:
    """What is over a bound in the text of a mail."""
    found = measured(text, lang)
    over = [f"{words_of(one)} words: {one}" for one in found.too_long]
    over += [f"{found.words} words"] * (found.words > WORDS_A_MAIL)
    return over + [f"passive: {one}" for one in found.passives] * (len(found.passives) > PASSIVES_A_MAIL)


_LISTED = re.compile(r"^\|.*|.* · .*", re.MULTILINE)
"""A row of a table, or a list in one line: no sentence."""


@cache
def staff_mails(lang: str) -> tuple[tuple[str, str], ...]:
    """(name, text) of each mail to staff, with the facts of each branch."""
    return tuple(
        (f"{kind} {place}", _LISTED.sub("", body(render(send(kind, lang, facts=facts), IN_HOURS))))
        for kind in sorted(TEMPLATED - TO_CITIZENS)
        for place, facts in enumerate(SAMPLES[kind])
    )


@cache
def mails(lang: str) -> tuple[tuple[str, str], ...]:
    return tuple(_rendered(lang))


def _rendered(lang: str) -> Iterator[tuple[str, str]]:
    """(name, text) of each mail to a citizen and of each draft of one, with the facts of each branch, by day and by
    night."""
    for kind in sorted(TO_CITIZENS & TEMPLATED):
        for place, facts in enumerate(SAMPLES[kind]):
            for first in (True, False):
                for now in (IN_HOURS, OUT_OF_HOURS):
                    mail = send(kind, lang, facts={"first": first, **facts}, received_at=now)
                    yield f"{kind} {place}{' first' if first else ''} {now:%H}", body(render(mail, now))
    if lang in LANGUAGES:
        for place, facts in enumerate(SAMPLES["draft"]):
            yield f"draft {place}", body(draft(lang, **facts))


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_mail_to_a_citizen_is_plain(lang: str) -> None:
    found = {name: over for name, text in mails(lang) if (over := faults(text, lang))}
    assert found == {}


@pytest.mark.parametrize("lang", LANGUAGES)
def test_no_sentence_of_a_mail_to_staff_is_long(lang: str) -> None:
    found = {name: long for name, text in staff_mails(lang) if (long := measured(text, lang).too_long)}
    assert len(staff_mails(lang)) > 100
    assert found == {}


@pytest.mark.parametrize("lang", LANGUAGES)
def test_passive_forms_are_rare(lang: str) -> None:
    every = {sentence for _, text in mails(lang) for sentence in measured(text, lang).sentences}
    passive = {sentence for _, text in mails(lang) for sentence in measured(text, lang).passives}
    assert len(every) > 100
    assert len(passive) <= PASSIVE_SHARE * len(every), passive


@pytest.mark.parametrize("lang", ["ca+es", "ca+en"])
def test_a_mail_in_two_languages_is_no_longer_than_two(lang: str) -> None:
    """Beside its first line, which says where the other language begins."""
    lengths = {name: words_of(_CLAUSE.sub("", text.partition("\n\n")[2])) for name, text in mails(lang)}
    assert max(lengths.values()) > WORDS_A_MAIL
    assert {name: n for name, n in lengths.items() if n > 2 * WORDS_A_MAIL} == {}


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_exception_is_still_needed_and_is_the_promise_of_a_call(lang: str) -> None:
    long = {
        one for _, text in mails(lang) for one in measured(text, lang).sentences if words_of(one) > WORDS_A_SENTENCE
    }
    assert long
    assert all(
        PRESCRIBED[lang] in one and one.startswith(("Us trucarem", "Le llamaremos", "We will call")) for one in long
    )


# --- the measure itself ------------------------------------------------------------------------------------

PLANTED: Mapping[str, str] = {
    "ca": "Us fem saber que la vostra consulta serà resposta tan aviat com sigui possible per part de la unitat que en "
    "té la competència, llevat que calgui demanar-ne més informació.",
    "es": "Le informamos de que su consulta será respondida tan pronto como sea posible por parte de la unidad que "
    "tiene la competencia, salvo que sea necesario pedir más información.",
    "en": "Please be informed that your enquiry will be answered as soon as possible by the unit that is in charge of "
    "the matter, unless more information about it is needed.",
}


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_long_sentence_that_is_planted_in_a_mail_is_found(lang: str) -> None:
    for name, text in mails(lang):
        planted = text.replace("\n\n", f"\n\n{PLANTED[lang]}\n\n", 1)
        assert any(PLANTED[lang] in over for over in faults(planted, lang)), name
        twice = text.replace("\n\n", f"\n\n{PLANTED[lang]} {PLANTED[lang]}\n\n", 1)
        assert any(over.startswith("passive") for over in faults(twice, lang)), name
    for name, text in staff_mails(lang):
        assert PLANTED[lang] in measured(f"{text}\n\n{PLANTED[lang]}", lang).too_long, name


def test_a_mail_that_is_too_long_by_short_sentences_is_found() -> None:
    assert faults("Hem rebut el missatge. " * 22, "ca") == []
    assert faults("Hem rebut el missatge. " * 23, "ca") == ["92 words"]


@pytest.mark.parametrize(
    ("lang", "passive", "active"),
    [
        ("ca", "La consulta serà resposta demà", "Us respondrem demà"),
        ("ca", "S'ha tancat el cas", "Hem tancat el cas"),
        ("ca", "El termini es pot ampliar", "Podem ampliar el termini"),
        ("ca", "El cas es tancarà divendres", "El cas és als serveis tècnics i està obert"),
        ("es", "La consulta será respondida mañana", "Le responderemos mañana"),
        ("es", "Se ha cerrado el caso", "Hemos cerrado el caso"),
        ("es", "El plazo se puede ampliar", "Podemos ampliar el plazo, que es corto"),
        ("es", "El caso se cerrará el viernes", "El caso es nuestro y está abierto"),
        ("en", "Your case was closed", "We closed your case"),
        ("en", "It will be sent to you", "We will send it; it is free"),
        ("en", "It has not been automatically read", "Nobody has read it"),
    ],
)
def test_a_passive_is_known_by_its_form(lang: str, passive: str, active: str) -> None:
    assert measured(passive, lang).passives == (passive,)
    assert measured(active, lang).passives == ()


def test_a_sentence_ends_at_its_stop_and_not_at_that_of_a_number_or_an_abbreviation() -> None:
    text = "Us trucarem a les 16.03 h. Finalitat: la consulta (art. 6.1.e RGPD). ¿Prefiere castellano? Responda.\nFi"
    assert measured(text, "ca").sentences == (
        "Us trucarem a les 16.03 h.",
        "Finalitat: la consulta (art. 6.1.e RGPD).",
        "¿Prefiere castellano?",
        "Responda.",
        "Fi",
    )
    assert words_of("l'Oficina virtual: https://a.example/b?c=d, 900 772 772 i OAC-2026-000123") == 8
