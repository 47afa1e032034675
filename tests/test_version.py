"""An installed package reports the commit that it was built from, without git at run time."""

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from oacmail import __version__

ROOT = Path(__file__).parent.parent
FILES = ("pyproject.toml", "hatch_build.py", "README.md", "LICENSE", "config.toml")
PARTS = ("oacmail", "templates", "migrations", *FILES)
COMMIT = ("git", "-c", "user.name=x", "-c", "user.email=x@y.example", "commit", "-q", "-m", "x")


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """What a wheel is made of, without the repository around it."""
    folder = tmp_path / "source"
    folder.mkdir()
    for name in PARTS:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / name, folder / name)
    return folder


def _said(source: Path) -> str:
    """Build a wheel, unpack it elsewhere, and ask it for its version where no git can be found."""
    out, place = source.parent / "wheel", source.parent / "place"
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(out)]
    subprocess.run(command, cwd=source, check=True, capture_output=True)
    (wheel,) = out.iterdir()
    zipfile.ZipFile(wheel).extractall(place)
    asked = "from oacmail.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", asked, "--version"],
        env={"PYTHONPATH": str(place), "PATH": ""},
        cwd=source.parent,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


def test_a_wheel_that_was_built_from_git_tells_its_commit(source: Path) -> None:
    for words in (("git", "init", "-q"), ("git", "add", "-A"), COMMIT):
        subprocess.run(words, cwd=source, check=True)
    asked = ("git", "rev-parse", "--short", "HEAD")
    commit = subprocess.run(asked, cwd=source, capture_output=True, text=True, check=True).stdout.strip()
    assert _said(source) == f"oacmail, version {__version__} ({commit})"


def test_a_wheel_that_was_built_without_git_tells_its_version_alone(source: Path) -> None:
    assert _said(source) == f"oacmail, version {__version__}"
