"""Find the town's own words for topics, configured in [[topic]].

This module decides nothing; core/routing/classification.py says how they count.
"""

import re
from collections import Counter
from collections.abc import Mapping
from functools import lru_cache

from oacmail.mail.parser_config import TownWords
from oacmail.mail.understanding.features import fold

KEY = "town words:"


def found(subject: str, fresh: str, topics: tuple[TownWords, ...]) -> Mapping[str, float]:
    """Return "town words:<topic>:<level>:<word>" -> number of occurrences in subject and text.

    The word is the configuration's, not the writer's.
    """
    text = f"{fold(subject)} . {fold(fresh)}" if topics else ""
    return Counter(
        f"{KEY}{topic.name}:{topic.level}:{topic.words[(found.lastindex or 1) - 1]}"
        for topic, pattern in _patterns(topics)
        for found in pattern.finditer(text)
    )


@lru_cache(maxsize=4)
def _patterns(topics: tuple[TownWords, ...]) -> tuple[tuple[TownWords, re.Pattern[str]], ...]:
    return tuple(
        (topic, re.compile("|".join(f"({_word(word)})" for word in topic.words))) for topic in topics if topic.words
    )


def _word(word: str) -> str:
    ending = r"\w*" if word.endswith("*") else r"(?!\w)"
    return rf"(?<!\w){re.escape(fold(word).removesuffix('*'))}{ending}"
