"""Every key of ours has a name in every language; a key without one is shown, not hidden."""

import re
from enum import StrEnum

import pytest

from oacmail.core.derivation import topic_named
from oacmail.core.model import LANGUAGES, Intent, Level, Status, Topic
from oacmail.words.labels import label


@pytest.mark.parametrize(
    ("group", "keys"), [("topic", Topic), ("level", Level), ("intent", Intent), ("status", Status)]
)
def test_every_key_has_a_name_in_every_language(group: str, keys: type[StrEnum]) -> None:
    for key in keys:
        names = [label(group, key, lang, "OAC") for lang in LANGUAGES]
        assert all(name != key for name in names)
        assert len(set(names)) == len(LANGUAGES)


def test_catalan_is_written_with_its_own_messages() -> None:
    assert label("level", "first", "ca", "OAC 360") == "Primer nivell (l'atén l'OAC 360)"


def test_what_stands_behind_a_colon_is_filled_in() -> None:
    assert (
        label("problem", "calendar_missing:2028", "ca", "OAC")
        == "Falta el calendari de festius de 2028: afegiu-lo al fitxer"
    )


def test_a_key_without_a_name_is_shown_as_it_stands() -> None:
    assert label("reason", "unheard-of: x", "ca", "OAC") == "unheard-of: x"
    assert label("reason", "looks-automatic: bulk", "ca", "OAC") == "sembla un correu automàtic"


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_topics_that_a_refused_order_lists_are_those_that_an_order_names(lang: str) -> None:
    listed = label("refused", "no-such-topic", lang, "OAC").partition(": ")[2]
    names = re.split(r", | i | y | and ", listed)
    assert names == [label("short_topic", topic, lang, "OAC") for topic in Topic]
    assert [topic_named(name) for name in names] == list(Topic)
