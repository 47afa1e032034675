"""docs/security.md, or docs/faults.md for what is no attack, names every test of this folder."""

import ast
import re
from pathlib import Path

HERE = Path(__file__).parent
PAGES = [HERE.parents[1] / "docs" / name for name in ("security.md", "faults.md")]


def _tests() -> set[str]:
    trees = (ast.parse(path.read_text("utf-8")) for path in HERE.glob("test_*.py") if path != Path(__file__))
    return {
        node.name
        for tree in trees
        for node in tree.body
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    }


def _named() -> set[str]:
    return {name for page in PAGES for name in re.findall(r"\btest_\w+", page.read_text("utf-8"))}


def test_a_page_has_a_row_for_every_attack() -> None:
    assert _tests()
    assert _tests() - _named() == set()
