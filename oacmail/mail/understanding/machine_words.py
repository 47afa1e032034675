"""Find indicators of automatic mail in the body; without one, no message without automatic header fields counts as
automatic.

This module decides nothing: an indicator is present or absent, and has a weight. core/routing/classification.py sets a
message without automatic header fields (mail/understanding/auto.py) aside only if an indicator is present and the model
agrees; terse writing, a missing To or an unknown name never count. People use some of these words too, so a single
indicator has half the weight. Quoted text has no indicators, and neither has text next to a problem or a wish of the
writer's own ("em surt", "no me deja", "I need"). Languages: ca, es, en, fr, de, it, pt.
"""

import re
from collections.abc import Iterator

from oacmail.core.model import Auto, Message
from oacmail.mail.understanding.features import fold
from oacmail.mail.understanding.machine_phrases import BODY, LEAVE, PERSON, SERVICE, WISH
from oacmail.mail.understanding.pattern_prefilter import PatternPrefilter

_BODY = PatternPrefilter(BODY)
_OF_WHOEVER = frozenset({"away", "read", "until when, or whom else", "promises an answer"})
# Everyday words, which indicate a machine only together with other indicators.
_SUPPORTING = {
    "until when, or whom else": {"away"},
    "promises an answer": {"away", "received", "says it is automatic"},
    "hopes to see all": {"to many"},
    "to its users": {"notice", "a list", "leave the list", "offer"},
}
_ENOUGH = {"read", "challenge", "a desk's program"}
ALONE = 0.5  # the weight of a single indicator
_PEOPLE_TOO = {"received", "to many"}
_QUOTED = re.compile(r"«[^»]{8,400}»|“[^”]{8,400}”|\"[^\"]{8,400}\"|(?<!\w)'[^']{8,400}'(?!\w)")


def indicators(message: Message) -> dict[str, float]:
    """Return the indicators in subject, new text, sender and attachments, each with its weight: 1, or `ALONE`.

    The result is empty if the only indicator is one that people write too. A single indicator may be a coincidence
    ("hem rebut la vostra carta", an address ventas@…); a machine usually shows two.
    """
    text = _QUOTED.sub(" ", f"{fold(_own_subject(message))} . {fold(message.fresh)}")
    if WISH.search(text):
        return {}
    person = bool(PERSON.search(text))
    held = set(_found(message, text, person))
    found = {name for name in held if name not in _SUPPORTING or held & _SUPPORTING[name]}
    twice = len(found) > 1 or found <= _ENOUGH or message.auto is not Auto.NONE
    if not twice and (person or found <= _PEOPLE_TOO):
        return {}
    return dict.fromkeys(sorted(found), 1.0 if twice else ALONE)


def _found(message: Message, text: str, person: bool) -> Iterator[str]:
    yield from (name for name in _BODY.holding(text) if not person or name in _OF_WHOEVER)
    if not person and LEAVE.search(fold(message.text[-1500:])):
        yield "leave the list"
    if SERVICE.match(message.sender) and not person:
        yield "a service's address"
    if any(part.mime == "text/calendar" or part.name.lower().endswith(".ics") for part in message.attachments):
        yield "calendar"


def _own_subject(message: Message) -> str:
    """Return the subject before our case token, after which the words are ours: a reply to "We have received your
    enquiry" is not a receipt."""
    places = (message.subject.upper().find(token) for token in message.tokens)
    return message.subject[: min((place for place in places if place >= 0), default=None)]
