"""The catalogue has each text in every language, and none that nothing says; a key without one is shown, not hidden."""

import ast
import re
import tomllib
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path

import pytest
from jinja2 import Environment, nodes

import oacmail
from oacmail.core.derivation import topic_named
from oacmail.core.model import LANGUAGES, Intent, Level, Status, Topic
from oacmail.shipped import shipped
from oacmail.words import labels
from oacmail.words.labels import label

CATALOGUE: dict[str, dict[str, dict[str, object]]] = tomllib.loads(
    (shipped("templates") / "catalogue.toml").read_text("utf-8")
)
ROWS = [(name, key) for name, rows in CATALOGUE.items() for key in rows]


def test_no_text_lacks_a_language_and_none_is_empty() -> None:
    assert len(ROWS) > 600
    assert [row for row in ROWS if tuple(CATALOGUE[row[0]][row[1]]) != LANGUAGES] == []
    assert [row for row in ROWS if "" in CATALOGUE[row[0]][row[1]].values()] == []


def test_the_languages_of_a_text_have_the_same_places_to_fill_in() -> None:
    def places(words: object) -> set[str]:
        return set(re.findall(r"\{\w*\}", str(words))) - {"{town}", "{of_town}", "{th}", "{office}"}

    found = {row: [places(words) for words in CATALOGUE[row[0]][row[1]].values()] for row in ROWS}
    assert [row for row, sets in found.items() if any(one != sets[0] for one in sets)] == []


def test_a_group_that_is_read_alone_is_the_same_as_in_the_whole_file() -> None:
    assert {name: labels.group(name) for name in CATALOGUE} == CATALOGUE


def _said() -> Iterator[str]:
    """A pattern of each string of the program and of the templates; a part that is filled in may be anything."""
    for file in Path(oacmail.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.JoinedStr):
                parts = [re.escape(str(part.value)) if isinstance(part, ast.Constant) else ".+" for part in node.values]
                if parts[0] != ".+":
                    yield "".join(parts)
            elif isinstance(node, ast.Constant) and isinstance(node.value, str | int):
                yield re.escape(str(node.value))
    for file in shipped("templates").rglob("*.j2"):
        for constant in Environment().parse(file.read_text("utf-8")).find_all(nodes.Const):
            yield re.escape(str(constant.value))


def test_no_text_is_one_that_nothing_says() -> None:
    said = set(_said())
    words = {word for row in ROWS for word in row}
    assert {word for word in words if re.escape(word) not in said and not _is_filled_in(word, said)} == set()


def _is_filled_in(word: str, said: set[str]) -> bool:
    """Whether a string begins so: `chart_…` for `chart_cases`, or with more behind a colon, `new-case:…`; a text of the
    year has the name of that of the month and `_year`."""
    starts = (pattern for pattern in said if pattern.endswith(("_.+", "-.+")))
    of_month = re.escape(word.removesuffix("_year"))
    return of_month in said or f"{of_month}:.+" in said or any(re.fullmatch(start, word) for start in starts)


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
