"""The verdict: machines by their marks, people in doubt, words by weight."""

from collections.abc import Mapping
from types import MappingProxyType

import pytest

from oacmail.core.classify import classify
from oacmail.core.model import Attachment, Auth, Auto, Callback, Intent, Kind, Level, Message, Rung, Topic


def message(
    words: Mapping[str, float] | None = None,
    *,
    fresh: str = "Bon dia",
    auto: Auto = Auto.NONE,
    refs: tuple[str, ...] = (),
    sender: str = "anna@example.org",
    quotes_us: bool = False,
    attachments: tuple[Attachment, ...] = (),
) -> Message:
    return Message(
        fingerprint="f",
        message_id="<m@example.org>",
        refs=refs,
        sender=sender,
        name="",
        single_from=True,
        reply_to="",
        to=(),
        cc=(),
        subject="",
        sent_at=None,
        text=fresh,
        fresh=fresh,
        quotes_us=quotes_us,
        attachments=attachments,
        auto=auto,
        reasons=("auto-submitted: auto-replied",) if auto is not Auto.NONE else (),
        report=None,
        auth=Auth(),
        lang="ca",
        rung=Rung.FULL,
        marks=(),
        tokens=(),
        secrets=(),
        caps=(),
        size=1,
        body_hash="b",
        words=MappingProxyType(dict(words or {})),
    )


FORM = {"form:callback:franja horaria": 3.0, "phone:+34600111222": 1.0, "slot:morning": 1.0}
THANKS = {"thanks:said:gracies": 2.0}
LURES = {"spam:lure:btc": 3.0, "spam:lure:en 24 hores": 2.0}


def test_a_letter_without_a_known_word_is_a_question_for_a_person() -> None:
    reading = classify(message())

    assert (reading.kind, reading.topic, reading.level, reading.intent) == (
        Kind.REQUEST,
        Topic.OTHER,
        Level.FIRST,
        Intent.QUESTION,
    )
    assert reading.language == "ca"
    assert reading.because == ("kind: nothing says otherwise",)


@pytest.mark.parametrize(
    ("auto", "kind"), [(Auto.REPLY, Kind.AUTO_REPLY), (Auto.BOUNCE, Kind.BOUNCE), (Auto.BULK, Kind.BULK)]
)
def test_a_machine_has_its_kind_and_nothing_else(auto: Auto, kind: Kind) -> None:
    reading = classify(message({"topic:grant:ajut": 3.0}, auto=auto))

    assert (reading.kind, reading.topic, reading.level, reading.intent) == (kind, None, None, None)
    assert reading.because == ("auto-submitted: auto-replied",)


def test_a_configured_form_is_a_person_s_request_whatever_sent_it() -> None:
    reading = classify(
        message(FORM, auto=Auto.BULK, sender="form@adtende.example"), frozenset({"form@adtende.example"})
    )

    assert (reading.kind, reading.intent) == (Kind.REQUEST, Intent.CALLBACK)
    assert reading.callback == Callback(phone="+34600111222", slot="morning")


def test_an_unconfigured_form_is_a_request_only_with_a_number_and_outside_a_conversation() -> None:
    assert classify(message(FORM, auto=Auto.REPLY)).kind is Kind.REQUEST
    assert classify(message(FORM, auto=Auto.REPLY, refs=("<a@b>",))).kind is Kind.AUTO_REPLY
    assert classify(message({"form:callback:franja horaria": 3.0}, auto=Auto.REPLY)).kind is Kind.AUTO_REPLY


def test_thanks_in_a_conversation_is_thanks() -> None:
    reading = classify(message(THANKS, fresh="Ja està, moltes gràcies!", refs=("<oac@town>",)))

    assert (reading.kind, reading.topic, reading.level, reading.intent) == (Kind.THANKS, None, None, None)


def test_thanks_as_the_subject_is_thanks() -> None:
    assert classify(message(THANKS | {"title:thanks": 1.0})).kind is Kind.THANKS


@pytest.mark.parametrize(
    ("words", "fresh", "refs"),
    [
        (THANKS, "Gràcies", ()),
        (THANKS, "Gràcies. I ara què?", ("<a@b>",)),
        (THANKS | {"asks:more:encara": 1.0}, "Gràcies, encara no va", ("<a@b>",)),
        (THANKS | {"level:second:error 500": 3.0}, "Gràcies, surt error 500", ("<a@b>",)),
        (THANKS | {"intent:rights:m'esborreu": 3.0}, "Gràcies, m'esborreu", ("<a@b>",)),
        (THANKS, "gràcies " * 80, ("<a@b>",)),
        ({}, "D'acord.", ("<a@b>",)),
    ],
)
def test_thanks_with_anything_beside_it_is_a_request(
    words: Mapping[str, float], fresh: str, refs: tuple[str, ...]
) -> None:
    assert classify(message(words, fresh=fresh, refs=refs)).kind is Kind.REQUEST


def test_thanks_with_a_file_is_a_request() -> None:
    file = Attachment(name="a.pdf", mime="application/pdf", size=1)

    assert classify(message(THANKS, refs=("<a@b>",), attachments=(file,))).kind is Kind.REQUEST


def test_suspected_spam_needs_two_lures_and_no_conversation_with_us() -> None:
    assert classify(message(LURES)).kind is Kind.SPAM
    assert classify(message({"spam:lure:btc": 6.0})).kind is Kind.REQUEST
    assert classify(message(LURES, quotes_us=True)).kind is Kind.REQUEST


def test_a_brief_letter_that_says_it_is_automatic_is_unless_it_asks() -> None:
    words = {"auto:says:aquest es un missatge automatic": 3.0}

    assert classify(message(words)).kind is Kind.AUTO_REPLY
    assert classify(message(words, fresh="Em surt això. Què vol dir?")).kind is Kind.REQUEST


@pytest.mark.parametrize(
    ("words", "level"),
    [
        ({"level:second:error 500": 3.0}, Level.SECOND),
        ({"level:second:buit": 1.5}, Level.FIRST),
        ({"level:out:router": 4.0}, Level.OUT_OF_SCOPE),
        ({"level:out:excel": 4.0, "topic:grant:subvencio": 6.0}, Level.FIRST),
        ({"level:out:router": 3.0, "level:second:error 500": 3.0}, Level.FIRST),
        ({"level:out:movil": 4.0, "level:second:error 500": 6.0}, Level.SECOND),
    ],
)
def test_a_level_must_be_said_and_in_doubt_it_is_the_first(words: Mapping[str, float], level: Level) -> None:
    assert classify(message(words)).level is level


def test_the_heavier_topic_wins_and_its_words_are_told() -> None:
    reading = classify(message({"topic:grant:subvencio": 3.0, "topic:application:sollicitud": 1.5}))

    assert reading.topic is Topic.GRANT
    assert "topic:grant:subvencio" in reading.because
    assert reading.confidence["topic"] == pytest.approx(0.67)


@pytest.mark.parametrize(
    ("words", "intent"),
    [
        ({"intent:complaint:queixa formal": 3.0}, Intent.COMPLAINT),
        ({"intent:complaint:queixa": 2.0}, Intent.QUESTION),
        ({"intent:suggestion:proposo": 3.0, "intent:complaint:queixa": 2.0}, Intent.SUGGESTION),
        ({"intent:rights:exerceixo": 3.0, "intent:complaint:queixa formal": 3.0}, Intent.DATA_RIGHTS),
        ({"intent:callback:trucada": 1.0}, Intent.QUESTION),
        ({"intent:callback:trucada": 1.0, "phone:+34600111222": 1.0}, Intent.CALLBACK),
        ({"phone:+34600111222": 1.0}, Intent.QUESTION),
        ({"intent:callback:truqueu-me": 3.0, "intent:nocall:no em truqueu": 4.0}, Intent.QUESTION),
    ],
)
def test_an_intent_must_be_said(words: Mapping[str, float], intent: Intent) -> None:
    assert classify(message(words)).intent is intent


def test_a_call_back_without_a_number_has_none() -> None:
    reading = classify(message({"intent:callback:truqueu-me": 3.0, "slot:any": 1.0}))

    assert (reading.intent, reading.callback) == (Intent.CALLBACK, None)


def test_more_evidence_makes_a_fault_surer_and_one_word_is_never_enough_to_escalate_by_itself() -> None:
    one = classify(message({"level:second:error 500": 3.0})).confidence["level"]
    two = classify(message({"level:second:error 500": 3.0, "level:second:passa igual": 3.0})).confidence["level"]

    assert one < 0.8 <= two < 1.0
