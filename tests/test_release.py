"""What may become a release, and what it is said to contain (`make release`)."""

import importlib.util
import json
import subprocess
import sys
import tomllib
from pathlib import Path
from shutil import copy, copytree

import pytest

ROOT = Path(__file__).parent.parent
SCRIPT = ROOT / "packaging" / "release.py"
CHANGES = "# Changes\n\n## Unreleased\n\n## {version}\n\n- New.\n\n## 1.4.2\n\n- Old.\n"


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A repository with version 1.4.2 and its tag."""
    root = tmp_path / "checkout"
    copytree(ROOT / ".ci", root / ".ci")
    for folder in ("oacmail", "migrations"):
        (root / folder).mkdir(parents=True)
    (root / "migrations" / "migrations.py").write_text("def m0001_first() -> None: ...\n")
    (root / "CHANGELOG.md").write_text("## Unreleased\n\n## 1.4.2\n\n- Old.\n")
    (root / ".gitignore").write_text(".cache/\n.venv/\n")
    _numbers(root, "1.4.2")
    _git(root, "init", "-q")
    _commit(root)
    _git(root, "tag", "v1.4.2")
    return root


def _git(root: Path, *words: str) -> None:
    command = ["git", "-C", str(root), "-c", "user.name=x", "-c", "user.email=x@y.example", *words]
    subprocess.run(command, check=True)


def _commit(root: Path) -> None:
    _git(root, "add", ".")
    _git(root, "commit", "-q", "-m", "x")


def _numbers(root: Path, version: str) -> None:
    (root / "pyproject.toml").write_text(f'[project]\nversion = "{version}"\n')
    (root / "oacmail" / "__init__.py").write_text(f'__version__ = "{version}"\n')


def _prepared(root: Path, version: str, changes: str = CHANGES) -> None:
    """As CONTRIBUTING.md says: both numbers, the heading, a commit, and its tests on each Python."""
    _numbers(root, version)
    (root / "CHANGELOG.md").write_text(changes.format(version=version))
    _commit(root)
    for python in ("3.11", "3.13"):
        _passes(root, python)


def _passes(root: Path, python: str) -> None:
    """As `make test PYTHON=...` ends."""
    (root / ".venv" / "bin").mkdir(parents=True, exist_ok=True)
    (root / ".venv" / "bin" / "python").write_text(f"#!/bin/sh\necho {python}\n")
    (root / ".venv" / "bin" / "python").chmod(0o755)
    subprocess.run([root / ".ci" / "passed"], cwd=root, check=True)


def _check(root: Path, version: str) -> tuple[int, str]:
    words = [sys.executable, str(SCRIPT), "--root", str(root), "--only-check", version]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    return done.returncode, done.stderr


@pytest.mark.parametrize("version", ["1.4.3", "1.5.0", "2.0.0"])
def test_the_next_number_of_each_kind_may_be_released(checkout: Path, version: str) -> None:
    _prepared(checkout, version)
    assert _check(checkout, version) == (0, "")


def test_a_heading_may_name_the_day_of_the_release(checkout: Path) -> None:
    text = CHANGES.format(version="1.5.0 (2026-11-30)")
    _prepared(checkout, "1.5.0", text)
    assert _check(checkout, "1.5.0") == (0, "")
    _prepared(checkout, "1.5.0", text.replace("- New.\n", ""))
    assert "CHANGELOG.md: 1.5.0 says nothing" in _check(checkout, "1.5.0")[1]


@pytest.mark.parametrize("version", ["1.4.4", "1.6.0", "1.5.1", "3.0.0", "1.4.1", "0.9.0"])
def test_a_number_that_does_not_follow_is_refused(checkout: Path, version: str) -> None:
    _prepared(checkout, version)
    code, said = _check(checkout, version)
    assert (code, "after 1.4.2 comes one of 1.4.3, 1.5.0, 2.0.0" in said) == (1, True)


@pytest.mark.parametrize("version", ["1.5", "v1.5.0", "1.5.0-rc1", "01.5.0"])
def test_what_is_no_number_of_a_version_is_refused(checkout: Path, version: str) -> None:
    code, said = _check(checkout, version)
    assert (code, "is no version X.Y.Z" in said) == (1, True)


def test_a_step_of_the_schema_needs_a_new_minor_number(checkout: Path) -> None:
    with (checkout / "migrations" / "migrations.py").open("a") as file:
        file.write("def m0002_second() -> None: ...\n")
    _prepared(checkout, "1.4.3")
    assert "such a version needs a new minor number" in _check(checkout, "1.4.3")[1]
    _prepared(checkout, "1.5.0")
    assert _check(checkout, "1.5.0") == (0, "")


def test_what_was_forgotten_is_named(checkout: Path) -> None:
    (checkout / "CHANGELOG.md").write_text("## Unreleased\n\n- Unsorted.\n\n## 1.4.2\n\n- Old.\n")
    said = _check(checkout, "1.5.0")[1]
    for line in (
        "pyproject.toml says 1.4.2: write 1.5.0",
        "oacmail/__init__.py says 1.4.2: write 1.5.0",
        '"Unreleased" is not empty',
        "the newest version is 1.4.2, not 1.5.0",
        "changes that are in no commit",
    ):
        assert line in said


def test_a_version_needs_the_whole_suite_on_its_commit_with_each_python(checkout: Path) -> None:
    _prepared(checkout, "1.5.0")
    (checkout / "README.md").write_text("More.\n")
    _passes(checkout, "3.11")  # with a change that is in no commit: this proves nothing of any
    _commit(checkout)
    said = [line for line in _check(checkout, "1.5.0")[1].splitlines() if "have not all passed" in line]
    assert [line.split()[-1] for line in said] == ["PYTHON=python3.11", "PYTHON=python3.13"]
    _passes(checkout, "3.13")
    assert _check(checkout, "1.5.0")[1].split()[-1] == "PYTHON=python3.11"


def test_a_published_version_is_never_made_again(checkout: Path) -> None:
    assert "the tag v1.4.2 exists" in _check(checkout, "1.4.2")[1]


def test_a_trial_of_what_would_be_refused_builds_it_and_fails(checkout: Path, tmp_path: Path) -> None:
    for name in ("pyproject.toml", "LICENSE", "README.md", "hatch_build.py", "config.toml", "requirements.txt"):
        copy(ROOT / name, checkout)
    copytree(ROOT / "templates", checkout / "templates")
    _commit(checkout)
    words = [sys.executable, str(SCRIPT), "--root", str(checkout), "--dry-run", "--without-deb", "1.5.0"]
    done = subprocess.run([*words, "--into", str(tmp_path / "made")], capture_output=True, text=True, check=False)
    assert (done.returncode, "the newest version is 1.4.2, not 1.5.0" in done.stderr) == (1, True)
    assert "SHA256SUMS" in {file.name for file in (tmp_path / "made").iterdir()}


def test_the_list_of_contents_names_every_locked_package_and_who_needs_it() -> None:
    spec = importlib.util.spec_from_file_location("sbom", SCRIPT.with_name("sbom.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    lock = (ROOT / "requirements.txt").read_text("utf-8")
    made = json.loads(json.dumps(module.sbom("oacmail", "1.5.0", lock, "2026-11-27T10:00:00+00:00")))
    assert {(each["name"], each["version"]) for each in made["components"]} == {
        tuple(line.split(" ")[0].split("==")) for line in lock.splitlines() if "==" in line.split(" ")[0]
    }
    needs = {each["ref"]: each["dependsOn"] for each in made["dependencies"]}
    direct = {each.split("@")[0].removeprefix("pkg:pypi/") for each in needs["pkg:pypi/oacmail@1.5.0"]}
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["dependencies"]
    assert {name.split(">")[0].replace(".", "-") for name in declared} <= direct
    (jinja,) = (needs[each] for each in needs if each.startswith("pkg:pypi/jinja2@"))
    assert [each.split("@")[0] for each in jinja] == ["pkg:pypi/markupsafe"]
