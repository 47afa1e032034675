"""What the house has corrected becomes what it reads by: `oacmail learn`, and every night.

Decides nothing about how far words move or whether that is for the better (mail/understanding/lessons.py); reads the
corrections, keeps the lessons, and says before and after. Nothing that was learned is kept where it would make things
worse.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from oacmail.core.ports.store import Corrected, Store
from oacmail.mail.parse import parse
from oacmail.mail.parser_config import House
from oacmail.mail.understanding import labelled, lessons, scores
from oacmail.mail.understanding.lessons import Example, Outcome

LESSONS = "lessons"  # the name under which they are remembered


def learn(store: Store, house: House, now: datetime) -> list[Outcome]:
    """Learns all corrections anew and keeps the outcome; one Outcome a corrected field. Raises Transient, Fatal."""
    told = [_example(correction, house) for correction in store.corrections()]
    common = lessons.common(store.written()) if told else frozenset()
    found, outcomes = lessons.learn(scores.shipped(), told, _held_out(), common)
    text = lessons.dumped(found) if found else ""
    if text != (store.recall(LESSONS) or ""):
        store.remember(LESSONS, text, now)
    return outcomes


def taught(store: Store, house: House) -> House:
    """The house with what it has learned."""
    return replace(house, lessons=lessons.loaded(store.recall(LESSONS) or ""))


def _example(correction: Corrected, house: House) -> Example:
    """A letter too large to be kept is learned by its subject and text."""
    raw = correction.raw or labelled.letter(f"{correction.subject} :: {correction.fresh}")
    return Example(message=parse(raw, house), labels=correction.labels)


def _held_out() -> Sequence[Example]:
    return [
        Example(message=parse(raw), labels={name: label for name, label in labels.items() if label})
        for labels, raw in labelled.held_out()
    ]
