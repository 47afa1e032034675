"""The list of stored values is the code's: no key is spelled elsewhere."""

import ast
import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from oacmail.core import stored_values
from oacmail.core.stored_values import FAMILIES, End
from oacmail.store import rebuilt
from oacmail.store.writing import WAITS_AT_MOST
from tests.store.stored import faults
from tests.world import World

PACKAGE = Path(__file__).parent.parent / "oacmail"
LIST = PACKAGE / "core/stored_values.py"
NAMES = {name: key for name, key in vars(stored_values).items() if name.isupper() and isinstance(key, str)}
ACCESS = {"Remember", "remember", "recall", "known_at", "value", "values", "written_at"}
"""Functions to which a key is given: as `name`, or before the value and the moment."""
OF_A_DEADLINE = {("core/answers.py", "undelivered:"), ("core/relayed.py", "undelivered:")}
"""The key of a deadline begins there as the name of a stored value does."""


def _texts(node: ast.AST) -> Iterator[str]:
    """The literals, those of f-strings too; no docstrings."""
    documented = {
        id(one.value) for one in ast.walk(node) if isinstance(one, ast.Expr) and isinstance(one.value, ast.Constant)
    }
    for one in ast.walk(node):
        if isinstance(one, ast.Constant) and isinstance(one.value, str) and id(one) not in documented:
            yield one.value


def _called(call: ast.Call) -> str:
    return getattr(call.func, "attr", getattr(call.func, "id", ""))


def _spelled(tree: ast.AST, prefixes: set[str]) -> Iterator[str]:
    """Keys that the code spells itself: as the beginning of a text, in SQL about the table, or where a key is given."""
    for text in _texts(tree):
        yield from (prefix for prefix in prefixes if text.startswith(prefix) and not text.startswith(f"{prefix} "))
        if re.search(r"\bkv\b", text):
            yield from (key for key in FAMILIES if re.search(rf"'{re.escape(key)}[*']", text))
    for call in ast.walk(tree):
        if isinstance(call, ast.Call) and _called(call) in ACCESS:
            given = [
                one for one in (*call.args, *(word.value for word in call.keywords)) if isinstance(one, ast.Constant)
            ]
            yield from (str(one.value) for one in given if one.value in FAMILIES)


def test_no_key_is_spelled_beside_the_list() -> None:
    prefixes = {key for key in FAMILIES if key.endswith(":")}
    found = [
        (str(path.relative_to(PACKAGE)), key)
        for path in PACKAGE.rglob("*.py")
        if path != LIST
        for key in _spelled(ast.parse(path.read_text("utf-8")), prefixes)
    ]
    assert [one for one in found if one not in OF_A_DEADLINE] == []


@pytest.mark.parametrize(
    "line",
    [
        "con.execute(\"DELETE FROM kv WHERE key = 'runs'\")",
        "con.execute(\"DELETE FROM kv WHERE key GLOB 'problem:*'\")",
        'Remember(name="digest", value="")',
        'store.recall("shadow")',
        'key = f"told:{address}"',
    ],
)
def test_a_spelled_key_would_be_seen(line: str) -> None:
    assert list(_spelled(ast.parse(line), {"told:"})) != []


def test_each_constant_has_one_row_and_no_key_belongs_to_two() -> None:
    assert sorted(NAMES.values()) == sorted(FAMILIES)
    pairs = [(one, other) for one in FAMILIES for other in FAMILIES if one != other]
    assert [pair for pair in pairs if pair[0].endswith(":") and pair[1].startswith(pair[0])] == []
    assert [key for key, family in FAMILIES.items() if bool(family.key) != key.endswith(":")] == []


# A stored value ends when the list says so, and no other ends with it.


def _tidied(world: World) -> None:
    world.store.tidy(world.clock.now() + WAITS_AT_MOST + timedelta(seconds=1))


def _started(world: World) -> None:
    world.store.begin("1f2e3d4c", world.clock.now())


def _rebuilt(world: World) -> None:
    rebuilt.end_play(world.store.con, world.clock.now())


@pytest.mark.parametrize(
    ("end", "happens"),
    [(End.WAITED, _tidied), (End.START, _started), (End.PROBLEM, _rebuilt)],
)
def test_what_ends_so_ends_and_nothing_else_does(world: World, end: End, happens: Callable[[World], None]) -> None:
    keys = {f"{name}OAC-2026-000009" if name.endswith(":") else name: family for name, family in FAMILIES.items()}
    for key in keys:
        world.store.remember(key, "1", world.clock.now())
    happens(world)
    left = {row["key"] for row in world.rows("SELECT key FROM kv")}
    assert keys.keys() - left == {key for key, family in keys.items() if family.ends is end}


def test_what_is_tidied_has_waited_sixty_days(world: World) -> None:
    world.store.remember("reserved:5f1e", "OAC-2026-000009", world.clock.now())
    world.store.tidy(world.clock.now() + WAITS_AT_MOST)
    assert world.store.recall("reserved:5f1e") == "OAC-2026-000009"


def test_a_key_that_is_not_listed_would_be_seen(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.store.remember("last-mood", "good", world.clock.now())
    world.stop()
    assert faults(world) == ["last-mood"]
