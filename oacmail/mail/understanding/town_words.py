"""Find the town's own words for topics, configured in [[topic]].

This module decides nothing; core/classification.py says how they count.
"""

import re
from collections import Counter
from functools import lru_cache

from oacmail.core.model import TownWord
from oacmail.mail.parser_config import TownWords
from oacmail.mail.understanding.features import fold


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
