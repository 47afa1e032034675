"""The town's own words for topics, out of [[topic]]: which of them a message has.

Decides nothing: core/routing/classification.py says what they count for.
"""

import re
from collections import Counter
from collections.abc import Mapping
from functools import lru_cache

from oacmail.mail.parser_config import TownWords
from oacmail.mail.understanding.features import fold

KEY = "town words:"


def found(subject: str, fresh: str, topics: tuple[TownWords, ...]) -> Mapping[str, float]:
    """ "town words:<topic>:<level>:<word>" -> how often subject and text have it.

    The word is the configuration's, not the writer's.
    """
    text = f"{fold(subject)} . {fold(fresh)}" if topics else ""
    return Counter(
        f"{KEY}{topic.name}:{topic.level}:{topic.words[(said.lastindex or 1) - 1]}"
        for topic, pattern in _patterns(topics)
        for said in pattern.finditer(text)
    )


@lru_cache(maxsize=4)
def _patterns(topics: tuple[TownWords, ...]) -> tuple[tuple[TownWords, re.Pattern[str]], ...]:
    return tuple(
        (topic, re.compile("|".join(f"({_word(word)})" for word in topic.words))) for topic in topics if topic.words
    )


def _word(word: str) -> str:
    ending = r"\w*" if word.endswith("*") else r"(?!\w)"
    return rf"(?<!\w){re.escape(fold(word).removesuffix('*'))}{ending}"
