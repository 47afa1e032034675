"""What a machine says of itself in the body: the marks without which no message is taken for a machine's.

Decides nothing: a mark is a name that holds or does not, and what it is worth. core/routing/classification.py sets a
message without a machine's header fields (mail/understanding/auto.py) aside only when one of these holds and the model
says so too; so terse writing, a missing To or an unknown name never count. Each mark is one that a stranger would
accept as evidence; people use some of these words as well, which is why one alone is worth half; and what somebody
quotes, or says beside trouble or wishes of his own ("em surt", "no me deja", "I need"), marks nothing. Languages: ca,
es, en, fr, de, it, pt.
"""

import re
from collections.abc import Iterator

from oacmail.core.model import Auto, Message
from oacmail.mail.understanding.features import fold
from oacmail.mail.understanding.machine_phrases import BODY, LEAVE, PERSON, SERVICE, WISH
from oacmail.mail.understanding.pattern_prefilter import PatternPrefilter

_BODY = PatternPrefilter(BODY)
_OF_WHOEVER = frozenset({"away", "read", "until when, or whom else", "promises an answer"})
# What people write every day, and what tells a machine only beside its like.
_BESIDE = {
    "until when, or whom else": {"away"},
    "promises an answer": {"away", "received", "says it is automatic"},
    "hopes to see all": {"to many"},
    "to its users": {"notice", "a list", "leave the list", "offer"},
}
_ENOUGH = {"read", "challenge", "a desk's program"}
ALONE = 0.5  # what a mark is worth that stands alone
_PEOPLE_TOO = {"received", "to many"}
_QUOTED = re.compile(r"«[^»]{8,400}»|“[^”]{8,400}”|\"[^\"]{8,400}\"|(?<!\w)'[^']{8,400}'(?!\w)")


def marks(message: Message) -> dict[str, float]:
    """The marks that hold, of subject, fresh text, sender and attachments, and what each is worth: 1, or `ALONE`; none
    where the only one is of people's making too.

    One, in a message without a machine's fields, may be a coincidence ("hem rebut la vostra carta", an address
    ventas@…); a machine mostly gives itself away twice.
    """
    text = _QUOTED.sub(" ", f"{fold(_own_subject(message))} . {fold(message.fresh)}")
    if WISH.search(text):
        return {}
    person = bool(PERSON.search(text))
    held = set(_found(message, text, person))
    found = {name for name in held if name not in _BESIDE or held & _BESIDE[name]}
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
    """Behind our case token stand our words: who answers "We have received your enquiry" has not received one."""
    places = (message.subject.upper().find(token) for token in message.tokens)
    return message.subject[: min((place for place in places if place >= 0), default=None)]
