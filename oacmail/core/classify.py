"""What a letter is and what it asks for: kind, topic, level, intent and a call-back, from facts and weighed words.

Decides by a table of rules for the kind, and by the larger weight for the rest; each verdict says which words or
rules decided and how sure it is. Never reads the letter's text for meaning (mail/features.py has), never decides
who is answered or what is closed. In doubt a letter is a request, of topic other, first level, a question: a
person looks at it, which is what the desk is for.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Literal

from oacmail.core.model import Auto, Callback, Intent, Kind, Level, Message, Reading, Topic

Words = Mapping[str, float]

_SAID = 3.0  # the weight from which on something is said, not hinted (mail/lexicon.py)
_DOUBT = 1.5  # one term that says it is sure by two thirds, two by four fifths: what precision bears out
_NUMBER_LEFT = 2.0
_FOR_THE_TOWN = 0.25
_SPAM = 5.0  # precision first: two lures at least
_THANKS = 2.0
_SHORT = 60  # words; who only thanks is brief, and so is a machine that says that it is one
_SLOTS: dict[str, Literal["morning", "afternoon", "any"]] = {
    "morning": "morning",
    "afternoon": "afternoon",
    "any": "any",
}
_BY_AUTO = {Auto.REPLY: Kind.AUTO_REPLY, Auto.BOUNCE: Kind.BOUNCE, Auto.BULK: Kind.BULK}
_INTENTS: tuple[tuple[Intent, str], ...] = (  # the first of equals wins: a claim under law, then displeasure
    (Intent.DATA_RIGHTS, "intent:rights:"),
    (Intent.COMPLAINT, "intent:complaint:"),
    (Intent.SUGGESTION, "intent:suggestion:"),
    (Intent.CALLBACK, "intent:callback:"),
)


def classify(message: Message, form_senders: frozenset[str] = frozenset()) -> Reading:
    """The verdict on one message. `form_senders`: addresses whose mail is a person's form (callback.form_senders).

    `because` names the deciding rule of the kind, then the terms behind topic, level and intent.
    """
    kind, sure, why = _kind(message, form_senders)
    if kind is not Kind.REQUEST:
        return _reading(message, kind, {"kind": sure}, why)
    topic, topic_sure, topic_why = _topic(message.words)
    level, level_sure, level_why = _level(message.words)
    intent, intent_sure, intent_why = _intent(message.words)
    confidence = {"kind": sure, "topic": topic_sure, "level": level_sure, "intent": intent_sure}
    because = (*why, *topic_why, *level_why, *intent_why)
    callback = _callback(message.words) if intent is Intent.CALLBACK else None
    return _reading(message, kind, confidence, because, topic, level, intent, callback)


def _reading(
    message: Message,
    kind: Kind,
    confidence: Mapping[str, float],
    because: tuple[str, ...],
    topic: Topic | None = None,
    level: Level | None = None,
    intent: Intent | None = None,
    callback: Callback | None = None,
) -> Reading:
    whole = {name: round(confidence.get(name, 0.0), 2) for name in ("kind", "topic", "level", "intent")}
    return Reading(
        kind=kind,
        topic=topic,
        level=level,
        intent=intent,
        language=message.lang,
        callback=callback,
        confidence=MappingProxyType(whole),
        because=tuple(dict.fromkeys(because)),
    )


# --- kind: the first rule that holds -------------------------------------------------------------------


def _is_form(message: Message, form_senders: frozenset[str]) -> bool:
    return message.sender in form_senders


def _looks_like_form(message: Message, _: frozenset[str]) -> bool:
    """The call-back form of an unconfigured sender: new, by a machine, with the form's words and a telephone."""
    automatic = message.auto in (Auto.REPLY, Auto.BULK) and not message.refs
    return automatic and _sum(message.words, "form:") >= _SAID and bool(_terms(message.words, "phone:"))


def _is_automatic(message: Message, _: frozenset[str]) -> bool:
    return message.auto is not Auto.NONE


def _says_it_is_automatic(message: Message, _: frozenset[str]) -> bool:
    return _is_brief(message) and _sum(message.words, "auto:") >= _SAID and not _asks(message)


def _is_spam(message: Message, _: frozenset[str]) -> bool:
    lures = _terms(message.words, "spam:")
    answers_us = message.quotes_us or bool(message.tokens)
    return len(lures) > 1 and _sum(message.words, "spam:") >= _SPAM and not answers_us


def _only_thanks(message: Message, _: frozenset[str]) -> bool:
    """Thanks within a conversation, or as the subject, and nothing beside them: no question, wish or trouble."""
    spoken = _sum(message.words, "thanks:") >= _THANKS and (bool(message.refs) or "title:thanks" in message.words)
    beside = any(_terms(message.words, group) for group in ("level:second:", "intent:rights:", "intent:complaint:"))
    return spoken and not beside and _is_brief(message) and not _asks(message) and not message.attachments


_KINDS: tuple[tuple[Callable[[Message, frozenset[str]], bool], Kind | None, float, str], ...] = (
    (_is_form, Kind.REQUEST, 1.0, "kind: configured form"),
    (_looks_like_form, Kind.REQUEST, 0.7, "kind: call-back form"),
    (_is_automatic, None, 0.95, ""),
    (_says_it_is_automatic, Kind.AUTO_REPLY, 0.7, "kind: says that it is automatic"),
    (_is_spam, Kind.SPAM, 0.7, "kind: suspected spam"),
    (_only_thanks, Kind.THANKS, 0.8, "kind: only thanks"),
)


def _kind(message: Message, form_senders: frozenset[str]) -> tuple[Kind, float, tuple[str, ...]]:
    for holds, kind, sure, rule in _KINDS:
        if holds(message, form_senders):
            if kind is None:
                return _BY_AUTO[message.auto], sure, message.reasons
            evidence = _terms(message.words, "spam:") if kind is Kind.SPAM else ()
            return kind, sure, (rule, *evidence)
    doubt = any(_sum(message.words, group) for group in ("spam:", "thanks:", "auto:"))
    return Kind.REQUEST, 0.8 if doubt else 0.9, ("kind: nothing says otherwise",)


def _asks(message: Message) -> bool:
    return "?" in message.fresh or bool(_terms(message.words, "asks:"))


def _is_brief(message: Message) -> bool:
    return len(message.fresh.split()) <= _SHORT


# --- topic, level, intent: the larger weight -------------------------------------------------------------


def _topic(words: Words) -> tuple[Topic, float, tuple[str, ...]]:
    weights = {topic: _sum(words, f"topic:{topic}:") for topic in Topic}
    best = max(Topic, key=lambda topic: weights[topic])
    if not weights[best]:
        return Topic.OTHER, 0.3, ()
    return best, _share(weights[best], sum(weights.values())), _terms(words, f"topic:{best}:")


def _level(words: Words) -> tuple[Level, float, tuple[str, ...]]:
    """Both kinds of trouble need saying; what is neither is help with use, and so is a draw (R10: in doubt first).

    A procedure of the town named beside a device or another body speaks for the town, at a quarter of its weight.
    """
    second, out = _sum(words, "level:second:"), _sum(words, "level:out:")
    out = max(0.0, out - _FOR_THE_TOWN * max(_sum(words, f"topic:{topic}:") for topic in Topic))
    if max(second, out) < _SAID or second == out:
        return Level.FIRST, _share(_SAID, _SAID + max(second, out)), ()
    if second > out:
        return Level.SECOND, _share(second, second + out + _DOUBT), _terms(words, "level:second:")
    return Level.OUT_OF_SCOPE, _share(out, second + out + _DOUBT), _terms(words, "level:out:")


def _intent(words: Words) -> tuple[Intent, float, tuple[str, ...]]:
    weights = {intent: _sum(words, group) for intent, group in _INTENTS}
    weights[Intent.CALLBACK] = _wish_to_be_called(words)
    best, group = max(_INTENTS, key=lambda pair: weights[pair[0]])
    if weights[best] < _SAID:
        return Intent.QUESTION, _share(_SAID, _SAID + max(0.0, weights[best])), ()
    return best, _share(weights[best], sum(filter(_positive, weights.values())) + 1), _terms(words, group)


def _wish_to_be_called(words: Words) -> float:
    """A number left beside a hint ("una trucada") makes it a wish; so does the form made for it."""
    hinted = _sum(words, "intent:callback:") + _sum(words, "form:callback:")
    number = _NUMBER_LEFT if hinted and _terms(words, "phone:") else 0.0
    return hinted + number - _sum(words, "intent:nocall:")


def _callback(words: Words) -> Callback | None:
    number = next((key.partition(":")[2] for key in words if key.startswith("phone:")), "")
    slot = next((key.partition(":")[2] for key in words if key.startswith("slot:")), "any")
    return Callback(phone=number, slot=_SLOTS.get(slot, "any")) if number else None


# --- weights ---------------------------------------------------------------------------------------------


def _sum(words: Words, group: str) -> float:
    return sum(weight for key, weight in words.items() if key.startswith(group))


def _terms(words: Words, group: str) -> tuple[str, ...]:
    return tuple(key for key in words if key.startswith(group))


def _share(part: float, whole: float) -> float:
    return min(0.99, part / whole) if whole else 0.0


def _positive(weight: float) -> bool:
    return weight > 0
