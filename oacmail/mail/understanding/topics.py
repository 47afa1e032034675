"""The town's own words for topics in a message, and whether a fault is one of a paper or of a platform. Which verdict
follows is decided in core (core/classification.py, core/derivation.py)."""

import re
from collections import Counter
from functools import lru_cache

from oacmail.core.model import TownWord
from oacmail.mail.parser_config import TownWords
from oacmail.mail.understanding.features import fold

# --- Town words ------------------------------------------------------------------------------------------------------
#
# Find the town's own words for topics, configured in [[topic]].
#
# This module decides nothing; core/classification.py says how they count.


def found(subject: str, fresh: str, topics: tuple[TownWords, ...]) -> tuple[TownWord, ...]:
    """Return each configured word that occurs in subject or text, as the configuration spells it."""
    if not topics:
        return ()
    text = f"{fold(subject)} . {fold(fresh)}"
    counts = Counter(
        (topic.name, topic.level, topic.words[(match.lastindex or 1) - 1])
        for topic, pattern in _patterns(topics)
        for match in pattern.finditer(text)
    )
    return tuple(TownWord(*word, count) for word, count in counts.items())


@lru_cache(maxsize=4)
def _patterns(topics: tuple[TownWords, ...]) -> tuple[tuple[TownWords, re.Pattern[str]], ...]:
    return tuple(
        (topic, re.compile("|".join(f"({_word(word)})" for word in topic.words))) for topic in topics if topic.words
    )


def _word(word: str) -> str:
    ending = r"\w*" if word.endswith("*") else r"(?!\w)"
    return rf"(?<!\w){re.escape(fold(word).removesuffix('*'))}{ending}"


# --- Fault words -----------------------------------------------------------------------------------------------------
#
# Tell whether a fault that a message describes is one of a document or form, or of a platform (R11).
#
# This module counts nouns of both; it never says whether there is a fault (mail/understanding/scores.py). Text is
# folded.


_PAPER = re.compile(
    r"\b(?:formulari\w*|forms?|formularios?|pdfs?|documents?|documentos?|annex\w*|anexos?|plantill\w+|models?|modelos?"
    r"|camps?|campos?|fields?|casell\w+|casillas?|box|desplegables?|dropdown|opcio\w*|opcion\w*|option|imports?|importes?"
    r"|rebuts?|recibos?|certificats? d|volants?|volantes?|errat|errad[ao]|equivocad[ao]|equivocat)\b"
)
_PLATFORM = re.compile(
    r"\b(?:error (?:\d{3}|intern\w*|del? servidor)|50[0-4]|404|bad gateway|servidor|server|caigu\w+|caid[ao]|down"
    r"|blanc|blanco|blank|carrega\w*|carga\w*|loading|loads?|penja\w*|colgad[ao]|timeout|sessio|sesion|session|web|pagina"
    r"|page|seu|sede|portal|plataforma|platform|passarel\w+|pasarela|cobr\w+|tpv|enlla[cç]\w*|enlace|link|boto|boton|button)\b"
)


def of_paper(folded: str) -> bool:
    """True if the text speaks more of documents and forms than of a platform."""
    return len(_PAPER.findall(folded)) > len(_PLATFORM.findall(folded))
