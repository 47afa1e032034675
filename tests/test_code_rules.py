"""The rules of the house that no linter knows: a core without clock, chance and files; small files that say what
they are for; tests that never sleep; a wheel that carries all it needs."""

import ast
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE, TESTS = ROOT / "oacmail", ROOT / "tests"
LONGEST_FILE = 400
VOCABULARY = {"oacmail/mail/understanding/lexicon.py": 520}
"""Lists of plain values without a line of logic, better read in one place."""
STOPWATCHES = {"test_patterns.py"}
"""What a pattern costs inside one call of C can be timed only; the limit there has room on both sides."""
IMPURE_CALLS = {"now", "utcnow", "today", "open", "print", "input", "random", "urandom", "uuid4", "sleep"}
IMPURE_NAMES = {"time", "random"}
"""Modules: `time.time()` is impure, `datetime.time(8)` is a value."""


def _sources(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*.py"))


def _named(path: Path) -> str:
    return str(path.relative_to(ROOT))


def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"))


def _lines_with(pattern: str, folder: Path) -> list[str]:
    """`file:line` of each line in whose text the pattern is found."""
    return [
        f"{_named(path)}:{number}"
        for path in _sources(folder)
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1)
        if re.search(pattern, line)
    ]


def _calls(path: Path) -> Iterator[tuple[int, str, str]]:
    """(line, object, function) of all calls: `time.sleep(1)` is (1, "time", "sleep"); a bare call has object ""."""
    for node in ast.walk(_tree(path)):
        match node:
            case ast.Call(func=ast.Attribute(value=ast.Name(id="random"), attr="Random"), args=[ast.Constant()]):
                continue  # under a fixed seed it is an order, not chance
            case ast.Call(func=ast.Attribute(value=ast.Name(id=thing), attr=name)):
                yield node.lineno, thing, name
            case ast.Call(func=ast.Attribute(attr=name)):
                yield node.lineno, "…", name
            case ast.Call(func=ast.Name(id=name)):
                yield node.lineno, "", name


def test_the_inner_layers_ask_neither_clock_nor_chance_nor_files() -> None:
    assert [
        f"{_named(path)}:{line} {thing}.{name}()"
        for path in (*_sources(PACKAGE / "core"), *_sources(PACKAGE / "mail"))
        for line, thing, name in _calls(path)
        if name in IMPURE_CALLS or thing in IMPURE_NAMES
    ] == []


@pytest.mark.parametrize(
    "line", ["datetime.now(UTC)", "date.today()", "open('x')", "print(1)", "random.choice(x)", "time.monotonic()"]
)
def test_an_impure_line_would_be_seen(tmp_path: Path, line: str) -> None:
    (tmp_path / "slip.py").write_text(f"{line}\n")
    ((_, thing, name),) = _calls(tmp_path / "slip.py")
    assert name in IMPURE_CALLS or thing in IMPURE_NAMES


def test_every_module_is_short() -> None:
    lengths = {_named(path): len(path.read_text("utf-8").splitlines()) for path in _sources(PACKAGE)}
    assert {name: count for name, count in lengths.items() if count > VOCABULARY.get(name, LONGEST_FILE)} == {}


def test_every_module_says_what_it_is_for() -> None:
    assert [_named(path) for path in _sources(PACKAGE) if not ast.get_docstring(_tree(path))] == []


TENANT = re.compile(r"castellbisbal|sant vicen|san vicente|oac.?360|\b772\b", re.IGNORECASE)
SHIPPED = {
    "oacmail/config/sections.py": {"OAC 360", "OAC360", "772"},  # the defaults of the configuration
    "oacmail/adapters/workdays.py": {"castellbisbal"},  # the file name of the shipped holidays
}


def test_no_code_and_no_template_knows_whose_desk_it_is() -> None:
    files = [*_sources(PACKAGE), *sorted((ROOT / "templates").rglob("*.j2"))]
    found = {_named(path): set(TENANT.findall(path.read_text("utf-8"))) for path in files}
    assert {name: words for name, words in found.items() if words} == SHIPPED


def test_no_test_sleeps_or_is_skipped() -> None:
    banned = {("time", "sleep"), ("pytest", "skip"), ("pytest", "xfail"), ("pytest", "importorskip")}
    calls = [(f"{_named(path)}:{line}", thing, name) for path in _sources(TESTS) for line, thing, name in _calls(path)]
    assert [where for where, thing, name in calls if (thing, name) in banned] == []
    assert _lines_with(r"^\s*@pytest\.mark\.(?:skip|skipif|xfail)\b", TESTS) == []


def test_no_test_looks_at_a_stopwatch() -> None:
    """A loaded machine stretches seconds: tests wait for a state, and count work (tests/work.py)."""
    watches = {("time", name) for name in ("time", "monotonic", "perf_counter", "process_time", "thread_time")}
    watches.add(("os", "times"))
    tests = [path for path in _sources(TESTS) if path.name.startswith("test_") and path.name not in STOPWATCHES]
    calls = [(f"{_named(path)}:{line}", thing, name) for path in tests for line, thing, name in _calls(path)]
    assert [where for where, thing, name in calls if (thing, name) in watches] == []


def test_no_open_ends_are_left() -> None:
    assert _lines_with(r"#.*\b(?:TODO|FIXME|XXX)\b", PACKAGE) == []


def test_pydantic_is_known_to_the_configuration_alone() -> None:
    users = {
        _named(path) for path in _sources(PACKAGE) if re.search(r"^\s*(from|import) pydantic", path.read_text(), re.M)
    }
    assert {user.split("/")[1] for user in users} == {"config"}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "-w", str(folder)]
    done = subprocess.run([*command, str(ROOT)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    (built,) = folder.glob("*.whl")
    return zipfile.ZipFile(built)


def test_the_wheel_carries_every_module(wheel: zipfile.ZipFile) -> None:
    assert {_named(path) for path in _sources(PACKAGE)} <= set(wheel.namelist())


@pytest.mark.parametrize("name", ["templates", "migrations"])
def test_the_wheel_carries_templates_and_migrations(wheel: zipfile.ZipFile, name: str) -> None:
    files = {
        f"oacmail/data/{path.relative_to(ROOT)}"
        for path in (ROOT / name).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert files
    assert files <= set(wheel.namelist())


def test_the_wheel_carries_the_shipped_configuration_the_holidays_and_the_licence(wheel: zipfile.ZipFile) -> None:
    names = wheel.namelist()
    assert wheel.read("oacmail/data/config.toml") == (ROOT / "config.toml").read_bytes()
    assert any(name.endswith("castellbisbal.toml") for name in names)
    licence = next(name for name in names if name.endswith("licenses/LICENSE"))
    assert b"EUROPEAN UNION PUBLIC LICENCE v. 1.2" in wheel.read(licence)


def test_the_wheel_carries_nothing_else(wheel: zipfile.ZipFile) -> None:
    strange = [name for name in wheel.namelist() if not re.match(r"oacmail(/|-[\d.]+\.dist-info/)", name)]
    assert strange == []
    assert not [name for name in wheel.namelist() if "__pycache__" in name or name.endswith((".db", ".key"))]
