"""The texts of ours that stand in no template, in every language side by side: templates/catalogue.toml.

A group is read when it is first asked for: a command that words nothing reads none.
"""

import re
import tomllib
from collections.abc import Mapping
from functools import cache
from typing import Any

from oacmail.core.model import BoardFolder
from oacmail.shipped import shipped

Row = Mapping[str, Any]
"""What stands under a key, by language: a text, or what the group `format` has of a language."""


@cache
def _sections() -> Mapping[str, str]:
    """The source of each group."""
    source = (shipped("templates") / "catalogue.toml").read_text("utf-8")
    return dict(section.split("]\n", 1) for section in re.split(r"^\[", source, flags=re.MULTILINE)[1:])


@cache
def group(name: str) -> Mapping[str, Row]:
    """Return the rows of a group by key. Raises KeyError if there is no such group."""
    return tomllib.loads(_sections()[name])


def phrase(name: str, key: str, lang: str, /, *given: object, **values: object) -> str:
    """Return a text with its places filled in. Raises KeyError if the group has no such key."""
    words: str = group(name)[key][lang]
    return words.format(*given, **values)


def phrases(name: str, lang: str) -> Mapping[str, str]:
    """Return all texts of a group by key, without values."""
    return {key: row[lang] for key, row in group(name).items()}


def label(name: str, key: str, lang: str, office: str) -> str:
    """Return the label of `key`, or the key itself: a new reason is never hidden. In `calendar_missing:2028` the label
    contains the text after the colon; `office` is the office's name for itself."""
    known, _, value = key.partition(":")
    return phrase(name, known, lang, value.strip(), office=office) if known in group(name) else key


def folder_names(lang: str) -> dict[BoardFolder, str]:
    """Return how the folders of the board are called unless the town names them."""
    return {BoardFolder(folder): name for folder, name in phrases("folder", lang).items()}
