"""A pattern that is not run would not have held: on every message here, and on texts made from the patterns."""

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oacmail.mail.parse import parse
from oacmail.mail.understanding import labelled, operators
from oacmail.mail.understanding.features import fold
from oacmail.mail.understanding.pattern_prefilter import PatternPrefilter, starts

CORPUS = Path(__file__).parent.parent / "corpus"
PATTERNS = tuple(
    (whose, rf"\b(?:{'|'.join(pattern for _, pattern in platforms)})".replace("|@", "|"))
    for whose, platforms in operators.PLATFORMS.items()
)
GATE = PatternPrefilter(PATTERNS)


def holding(text: str) -> list[str]:
    """Each pattern run."""
    return [name for name, pattern in PATTERNS if re.search(pattern, text)]


def test_on_every_message_the_same_patterns_hold_as_if_each_were_run() -> None:
    messages = [*(raw for _, raw in labelled.held_out()), *(path.read_bytes() for path in CORPUS.glob("*.eml"))]
    texts = [f"{fold(message.subject)} . {fold(message.text)}" for message in map(parse, messages)]

    assert [list(GATE.holding(text)) for text in texts] == [holding(text) for text in texts]
    assert sum(map(len, map(holding, texts))) > 50


@pytest.mark.parametrize(("name", "pattern"), PATTERNS)
def test_no_text_that_a_pattern_was_made_for_is_kept_from_it(name: str, pattern: str) -> None:
    @settings(max_examples=40)
    @given(st.from_regex(pattern), st.sampled_from(["", "per ", "no. "]))
    def holds(text: str, before: str) -> None:
        text = before + text.lower()
        assert list(GATE.holding(text)) == holding(text)

    holds()


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        (r"\b(?:error|errors)\b", {"error", "errors"}),
        (r"\bcaduca\w*", {"caduca"}),
        (r"\bpenos\w+", {"penos"}),
        (r"\bjeux?", {"jeu", "jeux"}),
        (r"\b(?:des d[e']|since) ?(?:ahir)", {"des de a", "des d' a", "des deah", "des d'ah", "since ah", "sinceahi"}),
        (r"\b(?:la )?seu\b", {"la seu", "seu"}),
        (r"\bvei(?:na|ns)?\b", {"vei", "veina", "veins"}),
        (r"\b(?:go\.gle|4[0-9][0-9])", {"go"} | {f"4{one}{two}" for one in "0123456789" for two in "0123456789"}),
        (r"\bimprescindible", {"impresci"}),
        (r"\bun{1,3}\b|\bdos", set()),  # one message is too little
        (r"\b\d\d", set()),  # digits of all writings
        (r"!{2,}|\berror", set()),
        (r"error", set()),
        (r"\b\w+exception", set()),
        (r"\b[a-z]{2,}_", set()),
        (r"\b(?:error)?", set()),
    ],
)
def test_the_beginnings_are_read_out_of_the_pattern(pattern: str, found: set[str]) -> None:
    assert starts(pattern) == found
