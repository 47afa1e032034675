"""Rules that no linter checks: a core without clock, random numbers and files; short modules and functions with
docstrings; one name for one class; tests that never sleep; a complete wheel."""

import ast
import builtins
import re
import subprocess
import sys
import zipfile
from functools import cache
from importlib import import_module
from itertools import product
from pathlib import Path
from typing import NamedTuple

import click
import pytest
from hypothesis import HealthCheck, settings
from msgspec import Struct

from oacmail.core.policy import Deadlines

ROOT = Path(__file__).parent.parent
PACKAGE, TESTBED, TESTS = ROOT / "oacmail", ROOT / "testbed", ROOT / "tests"
LONGEST_FILE = 800
LONGEST_FUNCTION = 100
STOPWATCHES = {"test_patterns.py"}
"""What a pattern costs inside one call of C can be timed only; the limit there has room on both sides."""
IMPURE_CALLS = {"now", "utcnow", "today", "open", "print", "input", "random", "urandom", "uuid4", "sleep"}
IMPURE_NAMES = {"time", "random"}
"""Modules: `time.time()` is impure, `datetime.time(8)` is a value."""


@cache
def _sources(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*.py"))


def _own_sources() -> list[Path]:
    """The program and the testbed."""
    return [*_sources(PACKAGE), *_sources(TESTBED)]


def _named(path: Path) -> str:
    return str(path.relative_to(ROOT))


def _lines_with(pattern: str, folder: Path) -> list[str]:
    """`file:line` of each line in whose text the pattern is found."""
    return [
        f"{_named(path)}:{number}"
        for path in _sources(folder)
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1)
        if re.search(pattern, line)
    ]


class _Facts(NamedTuple):
    """What the rules ask of a file. `docstring`: of the module; `calls`: (line, object, function), where
    `time.sleep(1)` is (1, "time", "sleep") and a bare call has object ""; `functions`: (file:line name, number of
    lines); `classes`: (name, file:line); `raised`: the exceptions that docstrings name after "Raises"."""

    docstring: str
    calls: list[tuple[int, str, str]]
    functions: list[tuple[str, int]]
    classes: list[tuple[str, str]]
    raised: list[str]


RAISED = re.compile(r"\b[Rr]aises?:? ((?:`?[A-Z]\w+`?(?:, | or | and )?)+)")


@cache
def _facts(path: Path) -> _Facts:
    module = ast.parse(path.read_text("utf-8"))
    facts = _Facts(ast.get_docstring(module) or "", [], [], [], [])
    for node in ast.walk(module):
        match node:
            case ast.Call(func=ast.Attribute(value=ast.Name(id="random"), attr="Random"), args=[ast.Constant()]):
                continue  # under a fixed seed it is an order, not chance
            case ast.Call(func=ast.Attribute(value=ast.Name(id=thing), attr=name)):
                facts.calls.append((node.lineno, thing, name))
            case ast.Call(func=ast.Attribute(attr=name)):
                facts.calls.append((node.lineno, "…", name))
            case ast.Call(func=ast.Name(id=name)):
                facts.calls.append((node.lineno, "", name))
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                assert node.end_lineno is not None
                facts.functions.append((f"{_named(path)}:{node.lineno} {node.name}", node.end_lineno - node.lineno + 1))
            case ast.ClassDef():
                facts.classes.append((node.name, f"{_named(path)}:{node.lineno}"))
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
            for found in RAISED.findall(ast.get_docstring(node) or ""):
                facts.raised.extend(re.findall(r"[A-Z]\w+", found))
    return facts


def test_the_inner_layers_ask_neither_clock_nor_chance_nor_files() -> None:
    assert [
        f"{_named(path)}:{line} {thing}.{name}()"
        for path in (*_sources(PACKAGE / "core"), *_sources(PACKAGE / "mail"))
        for line, thing, name in _facts(path).calls
        if name in IMPURE_CALLS or thing in IMPURE_NAMES
    ] == []


@pytest.mark.parametrize(
    "line", ["datetime.now(UTC)", "date.today()", "open('x')", "print(1)", "random.choice(x)", "time.monotonic()"]
)
def test_an_impure_line_would_be_seen(tmp_path: Path, line: str) -> None:
    (tmp_path / "slip.py").write_text(f"{line}\n")
    ((_, thing, name),) = _facts(tmp_path / "slip.py").calls
    assert name in IMPURE_CALLS or thing in IMPURE_NAMES


def test_the_values_of_core_cannot_be_changed() -> None:
    """But for those that gather what one walk or one pass finds."""
    for path in _sources(PACKAGE / "core"):
        import_module(".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"))
    kinds = [kind for kind in _kinds(Struct) if kind.__module__.startswith("oacmail.core.")]
    assert len(kinds) > 100
    assert {kind.__name__ for kind in kinds if not kind.__struct_config__.frozen} == {"FolderListing", "Spf"}
    with pytest.raises(AttributeError, match="immutable"):
        setattr(Deadlines(), "day_end", None)  # noqa: B010  # mypy refuses it as it stands


def _kinds(kind: type[Struct]) -> list[type[Struct]]:
    return [kind, *(found for below in kind.__subclasses__() for found in _kinds(below))]


def test_every_module_is_short() -> None:
    lengths = {_named(path): len(path.read_text("utf-8").splitlines()) for path in _own_sources()}
    assert {name: count for name, count in lengths.items() if count > LONGEST_FILE} == {}


def test_every_module_says_what_it_is_for() -> None:
    assert [_named(path) for path in _own_sources() if not _facts(path).docstring] == []


def test_every_function_is_short() -> None:
    lengths = [found for path in _own_sources() for found in _facts(path).functions]
    assert len(lengths) > 1000
    assert [found for found in lengths if found[1] > LONGEST_FUNCTION] == []


def test_no_two_classes_have_the_same_name() -> None:
    places: dict[str, list[str]] = {}
    for folder in (PACKAGE, TESTBED, TESTS, ROOT / "bench"):
        for name, place in (found for path in _sources(folder) for found in _facts(path).classes):
            places.setdefault(name, []).append(place)
    assert len(places) > 200
    assert {name: found for name, found in places.items() if len(found) > 1} == {}


def test_every_exception_that_a_docstring_names_exists() -> None:
    ours = {name for path in _own_sources() for name, _ in _facts(path).classes}
    named = {name for path in _own_sources() for name in _facts(path).raised}
    assert len(named) > 15
    assert named - ours - vars(builtins).keys() - vars(click).keys() == set()


TENANT = re.compile(r"castellbisbal|sant vicen|san vicente|oac.?360|\b772\b", re.IGNORECASE)
NAMED = {
    "oacmail/config/sections.py": {"OAC 360", "OAC360", "772"},  # the defaults of the configuration
    "oacmail/workdays.py": {"castellbisbal"},  # the file name of the shipped holidays
    "testbed/people.py": {"oac360", "castellbisbal", "Castellbisbal"},  # the invented town, which is not shipped
}


def test_no_code_and_no_template_knows_whose_desk_it_is() -> None:
    files = [*_own_sources(), *sorted((ROOT / "templates").rglob("*.j2"))]
    found = {_named(path): set(TENANT.findall(path.read_text("utf-8"))) for path in files}
    assert {name: words for name, words in found.items() if words} == NAMED


def test_no_test_sleeps_or_is_skipped() -> None:
    banned = {("time", "sleep"), ("", "sleep"), ("pytest", "skip"), ("pytest", "xfail"), ("pytest", "importorskip")}
    calls = [
        (f"{_named(path)}:{line}", thing, name) for path in _sources(TESTS) for line, thing, name in _facts(path).calls
    ]
    assert [where for where, thing, name in calls if (thing, name) in banned] == []
    assert _lines_with(r"^\s*@pytest\.mark\.(?:skip|skipif|xfail)\b", TESTS) == []


def test_no_test_looks_at_a_stopwatch() -> None:
    """A loaded machine stretches seconds: tests wait for a state, and count work (tests/work.py)."""
    names = ("monotonic", "perf_counter", "process_time", "thread_time")
    watches = {("time", "time"), ("os", "times"), *product(("time", ""), names)}
    tests = [path for path in _sources(TESTS) if path.name.startswith("test_") and path.name not in STOPWATCHES]
    calls = [(f"{_named(path)}:{line}", thing, name) for path in tests for line, thing, name in _facts(path).calls]
    assert [where for where, thing, name in calls if (thing, name) in watches] == []


def test_no_limit_of_hypothesis_measures_speed_and_every_run_draws_the_same_examples() -> None:
    drawn = settings()
    assert drawn.deadline is None
    assert HealthCheck.too_slow in drawn.suppress_health_check
    assert drawn.derandomize


def test_no_open_ends_are_left() -> None:
    assert [line for folder in (PACKAGE, TESTBED) for line in _lines_with(r"#.*\b(?:TODO|FIXME|XXX)\b", folder)] == []


def test_the_domain_of_an_address_is_taken_by_one_function() -> None:
    (where,) = _lines_with(r"""partition\(["']@["']\)\[2\]""", PACKAGE)
    assert where.startswith("oacmail/core/model.py:")


def test_pydantic_is_known_to_the_configuration_alone() -> None:
    users = {
        _named(path) for path in _sources(PACKAGE) if re.search(r"^\s*(from|import) pydantic", path.read_text(), re.M)
    }
    assert {user.split("/")[1] for user in users} == {"config"}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    (built,) = folder.glob("*.whl")
    return zipfile.ZipFile(built)


def test_the_wheel_carries_every_module_of_the_program_and_nothing_of_testbed_and_tests(wheel: zipfile.ZipFile) -> None:
    names = set(wheel.namelist())
    assert {_named(path) for path in _sources(PACKAGE)} <= names
    assert {name.split("/")[0] for name in names if not name.startswith("oacmail-")} == {"oacmail"}


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


@pytest.mark.parametrize("verb", ["demo", "simulate"])
def test_the_testbed_is_no_verb_of_the_program(verb: str) -> None:
    command = [sys.executable, "-m", "oacmail", verb]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, f"No such command '{verb}'" in done.stderr) == (2, True)
