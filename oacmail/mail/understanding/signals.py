"""Choose the input of the model for each of the four questions: pieces and signals of a message.

This module decides only which facts matter for which question; mail/understanding/scores.py weighs them, and
bench/train_understanding.py trains the weights on the same rows. Kind depends on who sent the message and how; topic on
the words of the lexicon; level and intent also on cues.
"""

import math
from collections.abc import Iterator, Mapping, Set

from oacmail.core.features import Features
from oacmail.core.model import Auto, Message
from oacmail.mail.understanding import cues, features, machine_words, ngrams

FIELDS = ("kind", "topic", "level", "intent")
_ABOUT: Mapping[str, tuple[str, ...]] = {
    "kind": ("fact:", "mark:", "says:", "topic:", "level:", "intent:"),
    "topic": ("topic:",),
    "level": ("level:", "cue:"),
    "intent": ("intent:", "cue:", "says:form", "says:phone"),
}
_SAYS = ("thanks", "asks", "auto", "spam", "form")
_CUE = 0.2
_MANY = 3


def pieces(message: Message) -> set[str]:
    """Return the pieces; the subject is used without "Re:", since being a reply says nothing about the content."""
    return ngrams.pieces([*ngrams.tokens(features.title(message.subject)), ".", *_text(message)])


def signals(message: Message) -> dict[str, float]:
    """Return the strength, up to about 3, of "topic:grant", "level:second", "cue:down", "fact:auto:bulk", "says:thanks"
    …"""
    found = dict(_terms(message.features)) | dict(_facts(message))
    text = f"{features.fold(message.subject)} . {features.fold(message.fresh)}"
    return found | {f"cue:{name}": _CUE for name in cues.cues(text, message.features.town)}


def row(pieces: Set[str], signals: Mapping[str, float], field: str) -> dict[str, float]:
    """Return the example for the model of `field`: pieces scaled to length one together, and the signals that
    matter."""
    share = 1 / math.sqrt(len(pieces)) if pieces else 0.0
    return dict.fromkeys(pieces, share) | {name: value for name, value in signals.items() if bears(name, field)}


def bears(name: str, field: str) -> bool:
    return name.startswith(_ABOUT[field])


def _text(message: Message) -> list[str]:
    return ngrams.tokens(features.fold(message.fresh))


def _terms(found: Features) -> Iterator[tuple[str, float]]:
    sums: dict[str, float] = {}
    for term, weight in found.terms.items():
        if term.group in ("topic", "level", "intent"):
            name = f"{term.group}:{term.label}"
            sums[name] = sums.get(name, 0.0) + weight / 6
        elif term.group in _SAYS:
            name = f"says:{term.group}"
            sums[name] = sums.get(name, 0.0) + weight / 3
    if found.callback is not None:
        sums["says:phone"] = 0.5
    return ((name, min(value, 3.0 if name.startswith("says:") else 1.5)) for name, value in sums.items())


def _facts(message: Message) -> Iterator[tuple[str, float]]:
    yield f"fact:auto:{message.auto}", 1.0
    held = {
        "machine": message.auto is not Auto.NONE,
        "report": message.report is not None,
        "asks": "?" in message.subject + message.fresh,
        "calendar": any(part.mime == "text/calendar" or part.name.endswith(".ics") for part in message.attachments),
        "many receive it": len(message.to) + len(message.cc) > _MANY,
    }
    yield from ((f"fact:{name}", 1.0) for name, holds in held.items() if holds)
    yield from ((f"fact:{reason.partition(':')[0]}", 1.0) for reason in message.reasons)
    yield from ((f"mark:{name}", worth) for name, worth in machine_words.indicators(message).items())
