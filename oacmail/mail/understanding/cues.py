"""Find evidence beyond single words: patterns that an experienced reader of help-desk mail uses.

This module decides nothing: each cue is present or absent, and the model (mail/understanding/scores.py) has learned its
weight. The cues follow docs/requirements.md: a fault appears with others affected, several devices, a code, a wrong
document or somebody else's data (R11); help with use appears as questions (R8); out of scope is a device or another
body (R10). Patterns match text folded by features.fold, in Catalan, Spanish, English and some French.
"""

import re
from collections.abc import Iterator

from oacmail.mail.understanding.cues_of_faults import ELECTRONIC, FAULTS
from oacmail.mail.understanding.cues_of_wishes import OWN_TOWN, WISHES
from oacmail.mail.understanding.pattern_prefilter import PatternPrefilter

_CUES = PatternPrefilter((*FAULTS, *WISHES))
_ELECTRONIC = re.compile(ELECTRONIC)
NOTHING_ELECTRONIC = "nothing electronic"


def cues(text: str, town: str = "") -> Iterator[str]:
    """Yield the names of the cues in a folded text. `town` is the office's own town as the text names it, folded."""
    text = text.replace(town, OWN_TOWN) if town else text
    yield from _CUES.holding(text)
    if not _ELECTRONIC.search(text):
        yield NOTHING_ELECTRONIC
