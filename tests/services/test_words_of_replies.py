"""What a reply of the technical services is read as: nothing is ever taken for "solved" that is not."""

from collections import Counter
from datetime import date

import pytest

from oacmail.core.model import LANGUAGES
from oacmail.core.services_reply import Statement, read_services_reply
from oacmail.mail.understanding import reply_text
from oacmail.shipped import shipped
from tests.deadlines.test_days_named import WEDNESDAY, WORKDAYS
from tests.services.services_replies import (
    AFTER_THE_READER,
    DOUBTFUL,
    SIGNED,
    SIGNED_AFTER,
    SOLVED,
    UNREAD,
    WITH_THE_READER,
)

BY_NUMBER = (*SIGNED, *SIGNED_AFTER)
ALL = (*WITH_THE_READER, *AFTER_THE_READER, *BY_NUMBER, *((text, UNREAD) for text in DOUBTFUL))


def _read(text: str) -> str:
    reply = read_services_reply(reply_text.split(text).fresh, WEDNESDAY, WORKDAYS)
    return reply.day.isoformat() if isinstance(reply.day, date) else str(reply.said)


@pytest.mark.parametrize(("text", "label"), WITH_THE_READER)
def test_a_reply_is_read_as_it_was_labelled(text: str, label: str) -> None:
    assert _read(text) == label


@pytest.mark.parametrize(("text", "label"), ALL)
def test_a_reply_is_read_as_it_was_labelled_or_left_unread(text: str, label: str) -> None:
    assert _read(text) in (label, UNREAD)


def test_a_number_above_an_ordinary_signature_is_understood_in_nine_of_ten() -> None:
    said = [(text, label) for text, label in BY_NUMBER if label != UNREAD]
    assert sum(_read(text) == label for text, label in said) >= 0.9 * len(said)


def test_few_replies_that_say_something_are_left_unread() -> None:
    read = Counter((label, _read(text)) for text, label in ALL)
    said = Counter(label for _, label in ALL)
    taken_for_solved = sum(number for (_, what), number in read.items() if what == SOLVED)
    assert read[SOLVED, SOLVED] == taken_for_solved, "precision of solved is 1.0"
    assert read[SOLVED, SOLVED] >= 0.9 * said[SOLVED]
    assert sum(number for (label, what), number in read.items() if label == what) >= 0.9 * len(ALL)


def test_a_very_long_reply_and_an_empty_one_say_nothing() -> None:
    assert _read("") == _read("\n" * 10) == UNREAD
    assert _read("hola " * 100_000 + "\nJa està resolt") == UNREAD


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_agent_reads_each_statement_in_words_of_its_own(lang: str) -> None:
    """What is solved has a mail of its own, and what is unread the last paragraph (CONTRIBUTING.md, "Recipes")."""
    template = (shipped("templates") / lang / "services.txt.j2").read_text("utf-8")
    worded = {said for said in Statement if f'said == "{said}"' in template}
    assert worded == set(Statement) - {Statement.SOLVED, Statement.UNREAD}
