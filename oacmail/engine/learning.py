"""Learn from staff corrections, by `oacmail learn` and every night.

mail/understanding/learning.py decides how far words shift and whether that improves the result. This module reads the
corrections, stores the lessons and reports the result before and after. Lessons that make it worse are not stored.
"""

from collections.abc import Sequence
from datetime import datetime

from msgspec.structs import replace

from oacmail.core.stored_values import LESSONS
from oacmail.mail.parse import parse
from oacmail.mail.parser_config import ParserConfig
from oacmail.mail.understanding import learning, scores
from oacmail.mail.understanding.learning import Example, LearningResult
from oacmail.store.reports import Correction
from oacmail.store.store import SqliteStore


def learn(store: SqliteStore, parser_config: ParserConfig, now: datetime) -> list[LearningResult]:
    """Learn all corrections again and store the result; return one LearningResult for each field. Raises Transient,
    Fatal."""
    examples = [_example(correction, parser_config) for correction in store.corrections()]
    common = learning.common(store.written()) if examples else frozenset()
    found, outcomes = learning.learn(scores.shipped(), examples, _held_out(), common)
    text = learning.dumped(found) if found else ""
    if text != (store.recall(LESSONS) or ""):
        store.remember(LESSONS, text, now)
    return outcomes


def with_lessons(store: SqliteStore, parser_config: ParserConfig) -> ParserConfig:
    """Return the parser configuration with the stored lessons."""
    return replace(parser_config, lessons=learning.loaded(store.recall(LESSONS) or ""))


def _example(correction: Correction, parser_config: ParserConfig) -> Example:
    """Build an example; a message too large to be stored is learned from its subject and text."""
    raw = correction.raw or learning.message(f"{correction.subject} :: {correction.fresh}")
    return Example(message=parse(raw, parser_config), labels=correction.labels)


def _held_out() -> Sequence[Example]:
    return [
        Example(message=parse(raw), labels={name: label for name, label in labels.items() if label})
        for labels, raw in learning.held_out()
    ]
