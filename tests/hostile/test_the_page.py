"""docs/security.md names every test of this folder once, and no test that is not there."""

import ast
import re
from pathlib import Path

HERE = Path(__file__).parent
PAGE = HERE.parents[1] / "docs" / "security.md"


def _tests() -> list[str]:
    trees = (ast.parse(path.read_text("utf-8")) for path in HERE.glob("test_*.py") if path != Path(__file__))
    return sorted(
        node.name
        for tree in trees
        for node in tree.body
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    )


def _rows() -> list[str]:
    return re.findall(r"\btest_\w+", PAGE.read_text("utf-8"))


def test_the_page_has_a_row_for_every_attack() -> None:
    assert sorted(_rows()) == _tests()
