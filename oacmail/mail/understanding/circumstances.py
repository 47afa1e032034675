"""Name the circumstances of a message: header fields, sender's words, shape, files, and what its text does.

This module decides nothing: each circumstance holds or not, and the model (mail/understanding/scores.py) has learned
what it weighs for the kind, and those of the text also for the intent. Words of the text are pieces
(mail/understanding/ngrams.py), not circumstances.
"""

import re
from collections.abc import Iterator
from itertools import chain

from oacmail.core.model import Auto, Message
from oacmail.mail.understanding import features

OF_TEXT = "text:"  # begins the names of what the text does, which no header field tells
_MANY = 3  # recipients
_TINY, _BRIEF, _SHORT, _LONG = 5, 12, 25, 60  # words
_WORD = re.compile(r"[a-z]{2,}")
_NAME = re.compile(r"[a-z]{3,}")
_DIGIT = re.compile(r"\d")
_FIRM = re.compile(
    r"no-?re|info|contact|atenci|sup+ort|soporte|hello|hola|ventas|comercial|news|notif|avis|alert|admin|marketing"
    r"|billing|service|servei|butllet|bolet|promo|sistema|system|robot|bot|auto|mailer|notice|recordat"
)


def circumstances(message: Message) -> frozenset[str]:
    """Return the names of all that hold: "auto:bulk", "field:list-id", "@news" (a word of the sender's name at his
    host), "@.example" (a word of the host), "text:thanks" (it has a word of thanks) …"""
    parts = (
        _of_fields(message),
        _of_text(message),
        _of_deeds(message),
        _of_manner(message),
        _of_sender(message.sender),
    )
    return frozenset(chain.from_iterable(parts))


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
        "asks": "?" in message.fresh,
    }
    yield from (name for name, holds in held.items() if holds)


def _of_deeds(message: Message) -> Iterator[str]:
    """What the text does: it asks, ends a matter, goes on, gives a telephone."""
    found, brief = message.features, len(message.fresh.split()) <= _SHORT
    asks, closes, on, call = found.asks or message.questions, found.closes, found.goes_on, found.callback
    held = {
        "asks": asks,
        "question": message.questions,
        "closes": closes,
        "goes on": on,
        "closes and goes on": closes and on,
        "closes and does not go on": closes and not on,
        "closes and does not ask": closes and not asks,
        "brief and closes": closes and not on and brief,
        "brief and does not close": not closes and brief,
        "telephone": bool(call and call.phone),
        "time to call": call is not None and bool(call.phone) and (call.slot != "any" or call.outside),
    }
    yield from (OF_TEXT + name for name, holds in held.items() if holds)


def _of_manner(message: Message) -> Iterator[str]:
    """How the text is written: how long, by whom it is signed, with digits, files, a quote of ours."""
    found, length = message.features, len(message.fresh.split())
    text, name = features.fold(message.fresh), features.fold(message.name)
    held = {
        "signs": any(word in text for word in _NAME.findall(name)),
        "sender of a firm": _FIRM.match(message.sender) is not None,
        "answers": features.is_answer(message.subject),
        "quotes us": message.quotes_us,
        "calls out": "!" in message.fresh,
        "digits": _DIGIT.search(message.fresh) is not None,
        "tiny": length <= _TINY,
        "brief": length <= _BRIEF,
        "brief and asks": length <= _BRIEF and (found.asks or message.questions),
        "short": length <= _SHORT,
        "long": length > _LONG,
        "files": bool(message.attachments) or found.names_attachment,
    }
    yield from (OF_TEXT + name for name, holds in held.items() if holds)


def _of_sender(address: str) -> Iterator[str]:
    name, _, host = address.partition("@")
    yield from (f"@{word}" for word in _WORD.findall(name))
    yield from (f"@.{word}" for word in _WORD.findall(host))
