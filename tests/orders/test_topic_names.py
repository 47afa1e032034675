"""The topic of `#tema`: agents copy it from our mails, or write a word for it."""

import pytest

from oacmail.core.derivation import topic_named
from oacmail.core.model import LANGUAGES, Topic
from oacmail.words.labels import label


@pytest.mark.parametrize("topic", Topic)
def test_every_label_of_a_topic_in_our_mails_names_it(topic: Topic) -> None:
    said = [label(table, topic, language, "OAC 360") for table in ("topic", "short_topic") for language in LANGUAGES]
    assert {topic_named(text) for text in (*said, topic.upper())} == {topic}


@pytest.mark.parametrize("text", ["subvencions o padró", "llum del carrer", ""])
def test_what_names_no_topic_or_two_is_no_topic(text: str) -> None:
    assert topic_named(text) not in set(Topic)
