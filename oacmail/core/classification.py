"""What a message is and what it asks for: kind, topic, level, intent and a call-back, from facts and learned scores.

A table of rules decides the kind, the highest score the rest, unless the town's own words ([[topic]]) name topic and
level or a form says that it asks for a call; each verdict gives its reasons and its confidence. This
module never weighs the text (mail/understanding/scores.py does), never decides who is answered or what is closed. In
doubt a message is a question of first level and topic other: a person reads it.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from datetime import date
from enum import StrEnum
from types import MappingProxyType
from typing import TypeVar

from oacmail.core import derivation, sender
from oacmail.core.model import MACHINES, Auto, Classification, Features, Intent, Kind, Level, Message, Topic

Verdict = TypeVar("Verdict", bound=StrEnum)

# The largest probability of a request with which a message without a machine's proof is set aside, by what it is most
# likely instead, and by the number of signs of a person who waits. docs/accuracy.md says what they cost on writers
# left out.
_NEVER = -1.0
_ASIDE = {
    MACHINES: (0.4, 0.2, 0.06, _NEVER),
    (Kind.SPAM,): (_NEVER, 0.2, 0.06, 0.02),
    (Kind.THANKS,): (0.1, 0.01),
}
_BRIEF = 12  # words
_SHORT = 60  # words
_UNREAD = 0.3  # the confidence of a verdict without a score
_UNSCORED: Mapping[str, float] = MappingProxyType({})
BY_AUTO = {Auto.REPLY: Kind.AUTO_REPLY, Auto.BOUNCE: Kind.BOUNCE, Auto.BULK: Kind.BULK}


def classify(
    message: Message,
    form_senders: frozenset[str] = frozenset(),
    tax_operator: str = "town",
    *,
    written_on: date | None = None,
) -> Classification:
    """The verdict on one message. `form_senders`: addresses that send forms for persons (callback.form_senders);
    `tax_operator`: who runs the platform for taxes (office.tax_operator); `written_on`: the day from which it counts,
    None = that of its Date.

    `because` gives the rule that decided the kind, then the evidence for topic, level and intent.
    """
    kind, sure, why = _kind(message, form_senders)
    found, confidence = message.features, {"kind": round(sure, 2), "topic": 0.0, "level": 0.0, "intent": 0.0}
    if kind is not Kind.REQUEST:
        return Classification(
            kind=kind,
            topic=None,
            level=None,
            intent=None,
            language=message.lang,
            callback=None,
            confidence=MappingProxyType(confidence),
            because=tuple(dict.fromkeys(why)),
        )
    topic, topic_sure = _likeliest(found, "topic", Topic.OTHER)
    level, level_sure = _likeliest(found, "level", Level.FIRST)
    # The topic and level that the town's own words ([[topic]]) name most often.
    named = Counter[tuple[Topic, Level]]()
    for word in found.town_words:
        named[Topic(word.topic), Level(word.level)] += word.times
    if named:
        (topic, of_town), topic_sure = max(named, key=lambda pair: named[pair]), 1.0
        if of_town is not Level.FIRST or level is Level.OUT_OF_SCOPE:  # first level hides no fault of a platform
            level, level_sure = of_town, 1.0
    intent, intent_sure = _likeliest(found, "intent", Intent.QUESTION)
    if sender.is_call_form(message):  # it says what it is for
        intent, intent_sure = Intent.CALLBACK, 1.0
    confidence |= {"topic": round(topic_sure, 2), "level": round(level_sure, 2), "intent": round(intent_sure, 2)}
    town = (f"town words:{word.topic}:{word.level}:{word.word}" for word in found.town_words)
    day = written_on or (message.sent_at.date() if message.sent_at else None)
    ends_on = derivation.ends_on(found, day) if day else None  # the person's own term (R32)
    operator = cause = platform = ""
    if level is Level.SECOND:
        operator = derivation.operator(found, tax_operator if topic is Topic.PAYMENT else "town")
        cause = derivation.cause(found)
        platform = derivation.platform(found, operator)
    because = (
        *why,
        *town,
        *(reason for verdict in (topic, level, intent) for reason in _why(found, verdict)),
        *((f"{derivation.TERM_ENDS}{ends_on}",) if ends_on else ()),
        *((f"operator: {operator}", f"cause: {cause}") if operator else ()),
    )
    return Classification(
        kind=kind,
        topic=topic,
        level=level,
        intent=intent,
        language=message.lang,
        callback=found.callback if intent is Intent.CALLBACK else None,
        confidence=MappingProxyType(confidence),
        because=tuple(dict.fromkeys(because)),
        ends_on=ends_on,
        operator=operator,
        platform=platform,
        cause=cause,
    )


# --- kind: the first rule that holds -------------------------------------------------------------------


def _reads_automatic(message: Message) -> bool:
    """The score of our own words, sent back under a subject without a token, tells nothing of who sends them; and who
    adds a word to a reaction or to a calendar's answer is a person."""
    ours = message.features.repeats_us and not message.tokens
    return not ours and not message.features.words_beside and _reads_as(message, MACHINES, _signs_of_a_person)


def _signs_of_a_person(message: Message) -> int:
    """Programs answer, and as briefly as people; a new message is one sign, and so are its few words, and a word of
    asking. A question in a reply is as much as two."""
    if message.tokens or message.quotes_us or message.refs:
        return 2 * message.questions
    return 1 + (message.questions or message.features.asks) + (len(message.fresh.split()) <= _BRIEF)


def _reads_as_thanks(message: Message) -> bool:
    """Words of thanks or of closing are needed, whatever the score. Most requests end with thanks too: a text that
    asks, names a wish, waits or complains is none, and one that denies or turns only if the score leaves no doubt."""
    found = message.features
    against = message.questions or message.attachments or found.complains or found.names_wish
    if against or not found.closes or len(message.fresh.split()) > _SHORT:
        return False
    return found.adds_nothing or _reads_as(message, (Kind.THANKS,), lambda message: int(message.features.goes_on))


def _reads_as(message: Message, kinds: tuple[Kind, ...], signs: Callable[[Message], int]) -> bool:
    """Whether these are likelier than the other kinds that are set aside, and a request is unlikely enough. A subject
    without a text tells too little."""
    found, request = message.features, _score(message.features, Kind.REQUEST)
    if request > max(_ASIDE[kinds]) or "kind" not in found.scores or not message.fresh:
        return False
    likely = {of: sum(_score(found, kind) for kind in of) for of in _ASIDE}
    return max(likely, key=lambda of: likely[of]) == kinds and request <= _ASIDE[kinds][signs(message)]


_KINDS: tuple[tuple[Callable[[Message], bool], tuple[Kind, ...], str], ...] = (
    (lambda message: message.delivery_status is not None or message.auto is Auto.BOUNCE, (Kind.BOUNCE,), ""),
    (lambda message: message.auto is not Auto.NONE, MACHINES, ""),
    # By the subject, or because nobody has written a word: a person looks at it (core/handlers/from_citizen.py).
    (
        lambda message: message.features.marked_as != "",
        (Kind.AUTO_REPLY,),
        "kind: its subject says that it is automatic, or nobody wrote a word",
    ),
    (_reads_automatic, MACHINES, "kind: reads as a machine's"),
    (
        lambda message: _reads_as(message, (Kind.SPAM,), _signs_of_a_person),
        (Kind.SPAM,),
        "kind: suspected spam",
    ),
    (_reads_as_thanks, (Kind.THANKS,), "kind: only thanks"),
)


def _kind(message: Message, form_senders: frozenset[str]) -> tuple[Kind, float, tuple[str, ...]]:
    """A request if it is a form's, of a sender that is configured or not; else the kind by the first rule that applies,
    of its kinds the likeliest, at a draw the one of the header fields."""
    found = message.features
    if message.sender in form_senders:
        return Kind.REQUEST, 1.0, ("kind: configured form",)
    if sender.is_clear_form(message):
        return Kind.REQUEST, 1.0, ("kind: form of an unknown sender",)
    for holds, kinds, rule in _KINDS:
        if holds(message):
            kind = max(kinds, key=lambda kind: (_score(found, kind), kind is BY_AUTO.get(message.auto)))
            return (kind, _score(found, kind), (rule,)) if rule else (kind, 0.95, message.reasons)
    return Kind.REQUEST, _score(found, Kind.REQUEST) or _UNREAD, ("kind: nothing says otherwise",)


# --- weighing --------------------------------------------------------------------------------------------


def _likeliest(found: Features, field: str, unread: Verdict) -> tuple[Verdict, float]:
    """The verdict with the highest score, the first of equals; `unread` if nothing was scored."""
    scores = found.scores.get(field, _UNSCORED)
    best = max(type(unread), key=lambda verdict: scores.get(verdict, 0.0))
    sure = scores.get(best, 0.0)
    return (best, sure) if sure else (unread, _UNREAD)


def _score(found: Features, kind: Kind) -> float:
    return found.scores.get("kind", _UNSCORED).get(kind, 0.0)


def _why(found: Features, verdict: StrEnum) -> tuple[str, ...]:
    """What speaks for the verdict, loudest first: "level:second: bad gateway"."""
    field = type(verdict).__name__.lower()
    loud = sorted(
        (-evidence.part, evidence.words)
        for evidence in found.evidence
        if (evidence.field, evidence.verdict) == (field, verdict)
    )
    return tuple(f"{field}:{verdict}: {words}" for _, words in loud)
