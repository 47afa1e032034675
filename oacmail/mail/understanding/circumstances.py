"""Name the circumstances of a message that tell who made it: header fields, sender's words, shape, files.

This module decides nothing: each circumstance holds or not, and the model (mail/understanding/scores.py) has learned
what it weighs for the kind. Words of the text are pieces (mail/understanding/ngrams.py), not circumstances.
"""

import re
from collections.abc import Iterator

from oacmail.core.model import Auto, Message
from oacmail.mail.understanding import features

_MANY = 3  # recipients
_WORD = re.compile(r"[a-z]{2,}")


def circumstances(message: Message) -> frozenset[str]:
    """Return the names of all that hold: "auto:bulk", "field:list-id", "@news" (a word of the sender's name at his
    host), "@.example" (a word of the host) … How long a message is says nothing of who wrote it."""
    return frozenset([*_of_fields(message), *_of_text(message), *_of_sender(message.sender)])


def _of_fields(message: Message) -> Iterator[str]:
    yield f"auto:{message.auto}"
    yield from (f"field:{reason.partition(':')[0]}" for reason in message.reasons)
    held = {
        "machine": message.auto is not Auto.NONE,
        "report": message.delivery_status is not None,
        "in a thread": bool(message.refs),
        "many receive it": len(message.to) + len(message.cc) > _MANY,
        "answers go elsewhere": message.reply_to not in ("", message.sender),
        "calendar": any(part.mime == "text/calendar" or part.name.endswith(".ics") for part in message.attachments),
    }
    yield from (name for name, holds in held.items() if holds)


def _of_text(message: Message) -> Iterator[str]:
    found = message.features
    yield from (f"form:{name}" for name in found.form_fields)
    held = {
        "form:subject": found.subject_form,
        f"subject:{found.subject_says}": found.subject_says != "",
        "nothing but thanks": found.only_thanks,
        "asks": "?" in message.fresh,
        "answer": features.is_answer(message.subject),
    }
    yield from (name for name, holds in held.items() if holds)


def _of_sender(address: str) -> Iterator[str]:
    name, _, host = address.partition("@")
    yield from (f"@{word}" for word in _WORD.findall(name))
    yield from (f"@.{word}" for word in _WORD.findall(host))
