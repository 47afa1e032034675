"""What the house has corrected becomes what it reads by: `oacmail learn`, and every night.

Decides nothing about how far words move or whether that is for the better (mail/understanding/lessons.py); reads the
corrections, keeps the lessons, and says before and after. Nothing that was learned is kept where it would make things
worse.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from oacmail.core.ports.store import Correction, Store
from oacmail.mail.parse import parse
from oacmail.mail.parser_config import ParserConfig
from oacmail.mail.understanding import labelled, lessons, scores
from oacmail.mail.understanding.lessons import Example, LearningResult

LESSONS = "lessons"  # the name under which they are remembered


def learn(store: Store, parser_config: ParserConfig, now: datetime) -> list[LearningResult]:
    """Learns all corrections anew and keeps the outcome; one Outcome a corrected field. Raises Transient, Fatal."""
    told = [_example(correction, parser_config) for correction in store.corrections()]
    common = lessons.common(store.written()) if told else frozenset()
    found, outcomes = lessons.learn(scores.shipped(), told, _held_out(), common)
    text = lessons.dumped(found) if found else ""
    if text != (store.recall(LESSONS) or ""):
        store.remember(LESSONS, text, now)
    return outcomes


def taught(store: Store, parser_config: ParserConfig) -> ParserConfig:
    """The house with what it has learned."""
    return replace(parser_config, lessons=lessons.loaded(store.recall(LESSONS) or ""))


def _example(correction: Correction, parser_config: ParserConfig) -> Example:
    """A message too large to be kept is learned by its subject and text."""
    raw = correction.raw or labelled.message(f"{correction.subject} :: {correction.fresh}")
    return Example(message=parse(raw, parser_config), labels=correction.labels)


def _held_out() -> Sequence[Example]:
    return [
        Example(message=parse(raw), labels={name: label for name, label in labels.items() if label})
        for labels, raw in labelled.held_out()
    ]
