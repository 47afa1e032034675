"""The classification: machines by their headers, uncertain senders, words by weight."""

from datetime import date

import pytest
from msgspec.structs import replace

from oacmail.core.classification import classify
from oacmail.core.model import (
    Attachment,
    Auto,
    Callback,
    EndDay,
    Features,
    Intent,
    Kind,
    Level,
    Message,
    Platform,
    Topic,
)
from tests.cases import builders
from tests.cases.builders import evidence, scores

LONG = "Bon dia. " + "Paraules que no diuen res de ningú. " * 3


def message(features: Features | None = None, *, auto: Auto = Auto.NONE, **changes: object) -> Message:
    reasons = ("auto-submitted: auto-replied",) if auto is not Auto.NONE else ()
    return builders.message(features, auto=auto, reasons=reasons, **changes)


FORM = Features(call_form=True, callback=Callback(phone="+34600111222", slot="morning"))
THANKS = Features(closes=True, scores=scores(kind={"thanks": 0.98, "request": 0.02}))
SPAM = Features(scores=scores(kind={"spam": 0.98, "request": 0.02}))


def test_a_message_without_a_known_word_is_a_question_for_a_person() -> None:
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
    reading = classify(message(Features(scores=scores(topic={"grant": 0.9})), auto=auto))

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
    assert classify(message(replace(FORM, callback=None), auto=Auto.REPLY)).kind is Kind.AUTO_REPLY


def test_of_the_kinds_that_a_machine_s_marks_leave_open_the_likeliest_is_taken() -> None:
    words = Features(scores=scores(kind={"auto_reply": 0.2, "bulk": 0.1, "request": 0.7}))

    assert classify(message(words, auto=Auto.BULK)).kind is Kind.AUTO_REPLY


def test_what_reads_as_a_machine_s_is_one_only_when_that_is_likelier_than_a_person() -> None:
    machine = Features(scores=scores(kind={"auto_reply": 0.42, "bulk": 0.29, "request": 0.29}))
    person = Features(scores=scores(kind={"auto_reply": 0.25, "bulk": 0.15, "request": 0.6}))

    assert classify(message(machine, fresh=LONG, refs=("<a@b>",))).kind is Kind.AUTO_REPLY
    assert classify(message(machine, fresh=LONG, refs=("<a@b>",))).confidence["kind"] == 0.42
    assert classify(message(machine, fresh=LONG)).kind is Kind.REQUEST, "programs answer, people begin"
    assert classify(message(person, fresh=LONG, refs=("<a@b>",))).kind is Kind.REQUEST


@pytest.mark.parametrize(
    ("kind", "doubt", "least"),
    [("auto_reply", 0.21, 0.19), ("bounce", 0.21, 0.19), ("spam", 0.21, 0.19), ("thanks", 0.11, 0.09)],
)
def test_a_message_is_set_aside_only_if_a_request_is_unlikely_enough(kind: str, doubt: float, least: float) -> None:
    doubtful = Features(closes=True, scores=scores(kind={kind: 1 - doubt, "request": doubt}))
    sure = Features(closes=True, scores=scores(kind={kind: 1 - least, "request": least}))

    assert classify(message(doubtful, fresh=LONG)).kind is Kind.REQUEST
    assert classify(message(sure, fresh=LONG)).kind == kind


def test_a_message_that_asks_is_a_machine_s_only_with_more_certainty() -> None:
    doubtful = Features(scores=scores(kind={"auto_reply": 0.93, "request": 0.07}))
    sure = Features(scores=scores(kind={"auto_reply": 0.95, "request": 0.05}))

    assert classify(message(doubtful, fresh=f"{LONG} Com ho faig?")).kind is Kind.REQUEST
    assert classify(message(sure, fresh=f"{LONG} Com ho faig?")).kind is Kind.AUTO_REPLY
    assert classify(message(sure, fresh="Com ho faig?")).kind is Kind.REQUEST, "a new message, brief and asking"
    assert classify(message(sure, fresh="Com ho faig?", refs=("<a@b>",))).kind is Kind.AUTO_REPLY


def test_no_score_makes_thanks_of_a_message_without_words_of_thanks() -> None:
    scored = Features(scores=scores(kind={"thanks": 1.0, "request": 0.0}))

    assert classify(message(scored, fresh="Ahir vaig venir i era tancat")).kind is Kind.REQUEST
    assert classify(message(replace(THANKS, goes_on=True), fresh="Gràcies, però no")).kind is Kind.REQUEST


def test_thanks_of_a_machine_are_of_the_likelier_one() -> None:
    both = Features(closes=True, scores=scores(kind={"auto_reply": 0.4, "thanks": 0.58, "request": 0.02}))

    assert classify(message(both, fresh=LONG)).kind is Kind.THANKS


def test_a_long_message_does_more_than_thank() -> None:
    assert classify(message(THANKS, fresh="Gràcies. " * 61)).kind is Kind.REQUEST


def test_only_thanks_is_thanks_and_says_why() -> None:
    reading = classify(message(THANKS, fresh="Ja està, moltes gràcies!"))

    assert (reading.kind, reading.topic, reading.level, reading.intent) == (Kind.THANKS, None, None, None)
    assert reading.because == ("kind: only thanks",)


def test_thanks_with_a_question_mark_or_a_file_or_in_doubt_is_a_request() -> None:
    file = Attachment(name="a.pdf", mime="application/pdf", size=1)

    assert classify(message(THANKS, fresh="Gràcies. I ara què?", refs=("<a@b>",))).kind is Kind.REQUEST
    assert classify(message(THANKS, attachments=(file,), refs=("<a@b>",))).kind is Kind.REQUEST
    assert (
        classify(message(replace(THANKS, scores=scores(kind={"thanks": 0.3, "request": 0.7})), refs=("<a@b>",))).kind
        is Kind.REQUEST
    )


def test_suspected_spam_is_likelier_than_all_else_and_never_an_answer_to_us() -> None:
    assert classify(message(SPAM, fresh=LONG)).kind is Kind.SPAM
    assert classify(message(Features(scores=scores(kind={"spam": 0.45, "request": 0.4})))).kind is Kind.REQUEST
    assert classify(message(SPAM, quotes_us=True, fresh=LONG)).kind is Kind.REQUEST


def test_the_likeliest_topic_level_and_intent_are_chosen_and_explained() -> None:
    likely = {"topic": {"grant": 0.8, "payment": 0.2}, "level": {"second": 0.9}, "intent": {"complaint": 0.7}}
    words = Features(
        scores=scores(kind={"request": 0.85}, **likely),
        evidence=evidence(
            ("topic:grant:beca", 0.4),
            ("level:second:caigut", 0.3),
            ("level:second:tampoc", 0.5),
            ("level:first:com puc", 0.6),
        ),
    )
    reading = classify(message(words))

    assert (reading.topic, reading.level, reading.intent) == (Topic.GRANT, Level.SECOND, Intent.COMPLAINT)
    assert reading.because == (
        "kind: nothing says otherwise",
        "topic:grant: beca",
        "level:second: tampoc",
        "level:second: caigut",
        "operator: town",
        "cause: platform",
    )
    assert reading.confidence == {"kind": 0.85, "topic": 0.8, "level": 0.9, "intent": 0.7}


def test_a_call_back_without_a_number_has_none() -> None:
    reading = classify(message(Features(scores=scores(intent={"callback": 0.9}))))

    assert (reading.intent, reading.callback) == (Intent.CALLBACK, None)


def test_a_number_is_no_call_back_where_none_is_asked_for() -> None:
    reading = classify(message(replace(FORM, call_form=False, scores=scores(intent={"question": 0.9}))))

    assert (reading.intent, reading.callback) == (Intent.QUESTION, None)


def test_a_request_that_names_the_end_of_a_term_says_so() -> None:
    tomorrow, day = Features(end_days=(EndDay(in_days=1),)), date(2026, 11, 25)
    reading = classify(message(tomorrow), written_on=day)

    assert reading.ends_on == date(2026, 11, 26)
    assert "a term ends on 2026-11-26" in reading.because
    assert classify(message(tomorrow)).ends_on is None, "no day is known"
    assert classify(message(tomorrow, auto=Auto.REPLY), written_on=day).ends_on is None


def test_the_second_level_has_an_operator_and_a_cause_and_no_other_level_has() -> None:
    named = (Platform("aoc", "e-NOTUM", 2.0), Platform("town", "Seu electrònica", 1.0))
    words = Features(scores=scores(level={"second": 0.9}), platforms=named)

    assert (classify(message(words)).operator, classify(message(words)).cause) == ("aoc", "platform")
    first = classify(message(replace(words, scores=scores(level={"second": 0.9, "first": 0.95}))))
    assert (first.level, first.operator, first.cause) == (Level.FIRST, "", "")
