"""Makes a release: `make release VERSION=0.2.0`, or with DRY=1 everything but the tag.

It decides whether this commit may be that version, and builds what is published into dist/VERSION: wheel, sdist, Debian
package, list of contents, checksums; then it sets the tag. It changes no file of the checkout, and it pushes nothing.
Times come from the commit: whoever builds it again gets the same files.
"""

import argparse
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from shutil import copy, rmtree
from tempfile import TemporaryDirectory

from changelog import UNRELEASED, sections
from sbom import sbom

NUMBER = re.compile(r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)")
PLACES = {"pyproject.toml": r'^version = "(.+)"$', "oacmail/__init__.py": r'^__version__ = "(.+)"$'}
PYTHONS = ("3.11", "3.13")  # the oldest that we promise, and Debian's
MIGRATION = re.compile(r"^def m\d{4}", re.MULTILINE)
Number = tuple[int, ...]


def main() -> int:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("version")
    asked.add_argument("--root", type=Path, default=Path(__file__).parent.parent)
    asked.add_argument("--into", type=Path, help="instead of dist/VERSION")
    asked.add_argument(
        "--dry-run", action="store_true", help="build in spite of what is found, then exit 1; set no tag"
    )
    asked.add_argument("--only-check", action="store_true", help="build nothing")
    asked.add_argument("--without-deb", action="store_true")
    given = asked.parse_args()
    found = list(findings(given.root, given.version))
    for line in found:
        print(f"release: {line}", file=sys.stderr)
    if given.only_check or (found and not given.dry_run):
        return 1 if found else 0
    build(given.root, given.version, given.into or given.root / "dist" / given.version, deb=not given.without_deb)
    if not given.dry_run:
        _git(given.root, "tag", "-a", f"v{given.version}", "-m", f"oacmail {given.version}")
        print(
            f"release: the tag is set. Publish: git push origin v{given.version}, and the files of dist/{given.version}"
        )
    return 1 if found else 0


# --- may it be this version? ------------------------------------------------------------------------


def findings(root: Path, version: str) -> Iterator[str]:
    """Why this commit cannot be that version, each with what to do."""
    if not NUMBER.fullmatch(version):
        yield f"{version} is no version X.Y.Z (semver.org)"
        return
    for name, pattern in PLACES.items():
        told = re.search(pattern, (root / name).read_text("utf-8"), re.MULTILINE)
        if told is None or told[1] != version:
            yield f"{name} says {told[1] if told else 'no version'}: write {version}"
    yield from _changes(root, version)
    if _git(root, "status", "--porcelain"):
        yield "the checkout has changes that are in no commit: commit or remove them"
    if _git(root, "tag", "--list", f"v{version}"):
        yield f"the tag v{version} exists: a published version never changes"
    commit = _git(root, "rev-parse", "HEAD")
    for python in PYTHONS:
        if not (root / ".cache" / "passed" / f"{commit}-{python}").exists():
            yield f"the tests have not all passed on this commit with Python {python}: make test PYTHON=python{python}"


def _changes(root: Path, version: str) -> Iterator[str]:
    """What CHANGELOG.md and the migrations say against it."""
    parts = {name: below for name, (_, below) in sections((root / "CHANGELOG.md").read_text("utf-8")).items()}
    released = [name for name in parts if name != UNRELEASED]
    if parts.get(UNRELEASED, "").strip():
        yield f'CHANGELOG.md: "Unreleased" is not empty: give its heading the name {version}, above it an empty one'
    if released[:1] != [version]:
        yield f"CHANGELOG.md: the newest version is {released[0] if released else 'missing'}, not {version}"
        return
    if not parts[version].strip():
        yield f"CHANGELOG.md: {version} says nothing"
    if len(released) == 1:
        return
    if _number(version) not in _next(_number(released[1])):
        may = ", ".join(".".join(map(str, each)) for each in _next(_number(released[1])))
        yield f"after {released[1]} comes one of {may}"
    if _number(version)[2] and _migrations(root, f"v{released[1]}") not in {_migrations(root), None}:
        yield f"the schema has changed since {released[1]}: such a version needs a new minor number"


def _number(version: str) -> Number:
    return tuple(map(int, version.split(".")))


def _next(number: Number) -> tuple[Number, ...]:
    major, minor, patch = number
    return (major, minor, patch + 1), (major, minor + 1, 0), (major + 1, 0, 0)


def _migrations(root: Path, tag: str = "") -> int | None:
    """How many steps the schema has at that tag, '' = now; None without the tag."""
    name = "migrations/migrations.py"
    if not tag:
        return len(MIGRATION.findall((root / name).read_text("utf-8")))
    if not _git(root, "tag", "--list", tag):
        return None
    return len(MIGRATION.findall(_git(root, "show", f"{tag}:{name}")))


# --- build ------------------------------------------------------------------------------------------


def build(root: Path, version: str, into: Path, *, deb: bool) -> None:
    """Everything that is published, from the commit alone: what is in no commit is in no package."""
    rmtree(into, ignore_errors=True)
    into.mkdir(parents=True)
    seconds = int(_git(root, "log", "-1", "--format=%ct"))
    environ = {
        **os.environ,
        "SOURCE_DATE_EPOCH": str(seconds),
        "OACMAIL_COMMIT": f"v{version}",
        "DEB_VERSION": version,
    }
    with TemporaryDirectory() as folder:
        source = Path(folder) / "source"
        _git(root, "clone", "-q", "--no-hardlinks", str(root.absolute()), str(source))
        _do(source, environ, sys.executable, "-m", "hatchling", "build", "-d", str(into.absolute()))
        if deb:
            _do(source, environ, "packaging/deb")
            for made in (source / "dist").glob("*.deb"):
                copy(made, into)
        time = datetime.fromtimestamp(seconds, UTC).isoformat()
        contents = sbom("oacmail", version, (source / "requirements.txt").read_text("utf-8"), time)
    (into / f"oacmail-{version}.cdx.json").write_text(json.dumps(contents, indent=1) + "\n")
    sums = "".join(f"{sha256(file.read_bytes()).hexdigest()}  {file.name}\n" for file in sorted(into.iterdir()))
    (into / "SHA256SUMS").write_text(sums)
    print(sums, end="")


def _do(source: Path, environ: dict[str, str], *words: str) -> None:
    subprocess.run(words, cwd=source, env=environ, check=True, stdout=sys.stderr)


def _git(root: Path, *words: str) -> str:
    command = ["git", "-c", f"safe.directory={root.absolute()}", "-C", str(root), *words]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


if __name__ == "__main__":
    sys.exit(main())
