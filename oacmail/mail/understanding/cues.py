"""Evidence in a message beyond single words: patterns that a careful reader of help-desk mail goes by.

Decides nothing: each cue is a name that holds or does not, and the model (mail/understanding/scores.py) has learned its
weight. They follow docs/requirements.md: a fault shows by its company (others see it too, several devices, a code, a
wrong document, somebody else's data: R11), help with use by its questions (R8), what is out of scope by a device or
another body (R10). Patterns run over text folded by features.fold, in Catalan, Spanish, English and some French.
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
    """The names of the cues that hold in a folded text. `town`: the office's own as the text names it, folded."""
    text = text.replace(town, OWN_TOWN) if town else text
    yield from _CUES.holding(text)
    if not _ELECTRONIC.search(text):
        yield NOTHING_ELECTRONIC
