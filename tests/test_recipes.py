"""The recipes of CONTRIBUTING.md are true: the files and tests that they name exist, and what no other test misses."""

import re
from pathlib import Path
from typing import get_args

import pytest

from oacmail.core.effects import Effect
from oacmail.store.apply import WRITERS

ROOT = Path(__file__).parent.parent


def _recipes() -> list[list[str]]:
    """The cells of each row: what to add, its files, its test."""
    section = (ROOT / "CONTRIBUTING.md").read_text("utf-8").partition("\n## Recipes\n")[2].partition("\n## ")[0]
    rows = [line.strip("| ").split(" | ") for line in section.splitlines() if line.startswith("| ")]
    assert rows[0] == ["to add", "files", "test"]
    return rows[2:]


def _files(cell: str) -> list[str]:
    return re.findall(r"`((?:[\w.*-]+/)+[\w.*-]*|[\w-]+\.toml)`", cell)


@pytest.mark.parametrize("recipe", _recipes(), ids=lambda recipe: recipe[0])
def test_a_recipe_names_files_and_a_test_that_exist(recipe: list[str]) -> None:
    _, files, test = recipe
    assert _files(files)
    assert test.startswith("none: ") or any(name.startswith("tests/") for name in _files(test))
    named = (*_files(files), *_files(test))
    assert [name for name in named if not any(ROOT.glob(name)) and not any((ROOT / "oacmail").glob(name))] == []


def test_every_effect_has_a_function_that_writes_it() -> None:
    assert set(get_args(Effect)) == set(WRITERS)
