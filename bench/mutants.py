"""The share of small faults in oacmail/core that the tests see: each mutant changes one place, and its tests are run.

A number becomes one more or ten times as much, a comparison its neighbour or its opposite, `and` becomes `or`; a `not`,
one condition of several and the condition of an early return are dropped. A mutant is tested on a copy of the checkout
in a scratch folder, by those quick tests without servers that run its statement: a first run notes which they are.
It takes one case of each parametrized test with a `World`, and at most 150 tests: others may see a survivor.

    python -m bench.mutants [N=80] [--seed S] [--minutes M]
"""

import argparse
import ast
import hashlib
import json
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator, Iterator
from itertools import accumulate
from pathlib import Path
from types import FrameType
from typing import Any, NamedTuple

import pytest

ROOT = Path(__file__).resolve().parent.parent
CORE = "oacmail/core"
ELSEWHERE = "board/test_(real|walk)|booted|chaos|config|container|e2e|imap|mail|power|rebuild|restore|sim|smtp|words"
MEASURED = rf"tests/(?!{ELSEWHERE})[a-z_]+/test_(?!months_by_hand|agents_page|bombs|orders_stay_inside)"
OPTIONS = ("-q", "-p", "bench.mutants", "-p", "no:cacheprovider", "-p", "no:xdist", "--snapshot-warn-unused")
MOST_TESTS = 150  # for one mutant, the quickest first
LIMIT_SECONDS = 240  # a mutant whose tests take longer never ends: it counts as killed
_COMPARED: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In,
}  # fmt: skip


class Mutant(NamedTuple):
    """`start`, `end`: the bytes that `new` replaces. `lines`: of its expression; none = it is run at import."""

    path: str
    line: int
    start: int
    end: int
    old: str
    new: str
    lines: set[int]


def mutants(path: str) -> Iterator[Mutant]:
    """All mutants of a file, in the order of its syntax tree."""
    source = (ROOT / path).read_bytes()
    tree, starts = ast.parse(source), [0, *accumulate(map(len, source.splitlines(keepends=True)))]
    bodies = [one for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) for one in node.body]
    inside = {line for body in bodies for line in range(body.lineno, (body.end_lineno or 0) + 1)}
    for node, outer in _nodes(tree, None):
        for changed, new in _changes(node):
            around = node.body[0] if isinstance(node, ast.If) else outer or changed
            start = starts[changed.lineno - 1] + changed.col_offset
            end = starts[(changed.end_lineno or 0) - 1] + (changed.end_col_offset or 0)
            lines = inside.intersection(range(around.lineno, (around.end_lineno or 0) + 1))
            yield Mutant(path, changed.lineno, start, end, source[start:end].decode(), new, lines)


def _nodes(node: ast.AST, outer: ast.expr | None) -> Iterator[tuple[ast.AST, ast.expr | None]]:
    """(node, the outermost expression around it); Python 3.11 does not know the places within f-strings."""
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, ast.JoinedStr):
            around = outer or (child if isinstance(child, ast.expr) else None)
            yield child, around
            yield from _nodes(child, around)


def _changes(node: ast.AST) -> Iterator[tuple[ast.expr, str]]:
    """What to put in place of an expression."""
    match node:
        case ast.Constant(value=int() | float() as number) if not isinstance(number, bool):
            yield from ((node, repr(other)) for other in {number + 1, number * 10 or 1})
        case ast.Compare(ops=[one]) if type(one) in _COMPARED:
            yield node, f"({ast.unparse(ast.Compare(node.left, [_COMPARED[type(one)]()], node.comparators))})"
        case ast.UnaryOp(op=ast.Not()):
            yield node, f"({ast.unparse(node.operand)})"
        case ast.BoolOp():
            word = ast.Or if isinstance(node.op, ast.And) else ast.And
            yield node, f"({ast.unparse(ast.BoolOp(word(), node.values))})"
            if isinstance(node.op, ast.And):
                yield from ((value, "True") for value in node.values)
        case ast.If(body=[ast.Return() | ast.Continue()], orelse=[]):
            yield node.test, "False"
        case ast.comprehension():
            yield from ((test, "True") for test in node.ifs)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep the tests chosen for a mutant, in their order; in the first run, one case of each test with a `World`."""
    if chosen := os.environ.get("MUTANTS_TESTS"):
        order = {name: place for place, name in enumerate(Path(chosen).read_text("utf-8").split("\n"))}
        items[:] = sorted((one for one in items if one.nodeid in order), key=lambda one: order[one.nodeid])
    else:
        worlds = {one for one in items if {"world", "town"} & {*getattr(one, "fixturenames", ())}}
        items[:] = {one.nodeid.split("[" if one in worlds else "\n")[0]: one for one in items}.values()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, Any, None]:
    """In the first run, note the lines of core that a test runs; one that fails on the copy is left out."""
    table, root, begun = os.environ.get("MUTANTS_TABLE"), f"{item.config.rootpath}/", time.process_time()
    found: dict[str, set[int]] = {}

    def trace(frame: FrameType, _event: str, _arg: object) -> Any:
        name = frame.f_code.co_filename.removeprefix(root)
        if not name.startswith(CORE):
            return None
        found.setdefault(name, set()).add(frame.f_lineno)
        return trace

    sys.settrace(trace if table else None)
    outcome = yield
    sys.settrace(None)
    if table and outcome.excinfo is None:
        row = (time.process_time() - begun, item.nodeid, {name: sorted(lines) for name, lines in found.items()})
        with Path(table).open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")


def _pytest(copied: Path, files: list[str], limit: float | None, **environment: str) -> bool:
    """Whether the tests pass on the copy. Bytecode of a mutant could be taken for the original's: none is written."""
    env = {**os.environ, "PYTHONPATH": str(copied), "PYTHONDONTWRITEBYTECODE": "1", **environment}
    command = [sys.executable, "-m", "pytest", *OPTIONS, *files]
    try:
        done = subprocess.run(command, cwd=copied, env=env, timeout=limit, capture_output=True, text=True)
    except subprocess.TimeoutExpired:
        return False
    if "ImportError while loading conftest" in done.stderr:  # which imports the program: the mutant is seen
        return False
    if done.returncode > 2:  # 1: a test failed, 2: it could not be imported
        sys.exit(f"mutants: pytest could not run: {done.stderr[-2000:]}")
    return done.returncode == 0


def _measured(copied: Path) -> list[tuple[float, str, dict[str, list[int]]]]:
    """(seconds, test, lines by file), the quickest first; kept below .cache until a source or a test changes."""
    sources = sorted(path for top in ("oacmail", "testbed", "tests") for path in (ROOT / top).rglob("*.py"))
    state = hashlib.sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()[:16]
    table = ROOT / ".cache" / f"mutants-{state}.jsonl"
    if not table.exists():
        noted = copied / "table.jsonl"
        files = [str(path.relative_to(ROOT)) for path in sources if re.match(MEASURED, str(path.relative_to(ROOT)))]
        _pytest(copied, files, None, MUTANTS_TABLE=str(noted))
        table.parent.mkdir(exist_ok=True)
        shutil.copy(noted, table)
    return sorted(map(json.loads, table.read_text("utf-8").splitlines()))


def _survives(one: Mutant, tests: list[str], copied: Path) -> bool:
    """Whether these tests pass with the mutant; the copy is as before afterwards."""
    source, target, chosen = (ROOT / one.path).read_bytes(), copied / one.path, copied / "chosen"
    chosen.write_text("\n".join(tests), encoding="utf-8")
    target.write_bytes(source[: one.start] + one.new.encode() + source[one.end :])
    try:
        files = list(dict.fromkeys(test.partition("::")[0] for test in tests))
        return _pytest(copied, ["-x", *files], LIMIT_SECONDS, MUTANTS_TESTS=str(chosen))
    finally:
        shutil.copy2(ROOT / one.path, target)


def main(arguments: list[str]) -> None:
    """Print each survivor and the share that was killed."""
    parser = argparse.ArgumentParser(prog="python -m bench.mutants")
    parser.add_argument("count", nargs="?", type=int, default=80)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--minutes", type=float, default=60)
    options = parser.parse_args(arguments)
    found = [one for path in sorted((ROOT / CORE).rglob("*.py")) for one in mutants(str(path.relative_to(ROOT)))]
    killed = tried = 0
    with tempfile.TemporaryDirectory(prefix="mutants-") as scratch:
        copied = Path(scratch) / "copy"
        shutil.copytree(ROOT, copied, ignore=shutil.ignore_patterns(".*", "dist", "state"))
        rows, ends = _measured(copied), time.monotonic() + options.minutes * 60
        for one in random.Random(options.seed).sample(found, options.count):
            if time.monotonic() > ends:
                break
            files = [(test, lines[one.path]) for _, test, lines in rows if one.path in lines]
            ran = [test for test, lines in files if not one.lines or one.lines.intersection(lines)]
            tried += 1
            if ran and not _survives(one, ran[:MOST_TESTS], copied):
                killed += 1
            else:
                print(
                    f"{one.path}:{one.line} {one.old!r} -> {one.new!r} ({len(ran[:MOST_TESTS])} of {len(ran)} tests)",
                    flush=True,
                )
    print(f"{killed} of {tried} mutants killed ({killed / max(tried, 1):.0%}); {len(found)} are possible")


if __name__ == "__main__":
    main(sys.argv[1:])
