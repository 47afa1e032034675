"""docs/security.md names every test of this folder."""

import ast
import re
from pathlib import Path

HERE = Path(__file__).parent
PAGE = HERE.parents[1] / "docs" / "security.md"


def _tests() -> set[str]:
    trees = (ast.parse(path.read_text("utf-8")) for path in HERE.glob("test_*.py") if path != Path(__file__))
    return {
        node.name
        for tree in trees
        for node in tree.body
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    }


def test_a_page_has_a_row_for_every_attack() -> None:
    assert _tests()
    assert _tests() - set(re.findall(r"\btest_\w+", PAGE.read_text("utf-8"))) == set()
