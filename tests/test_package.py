"""The Debian package: its files, and what its scripts do to configuration and mail data (`make deb`)."""

import gzip
import os
import re
import shlex
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from oacmail import __version__

ROOT = Path(__file__).parent.parent
SCRIPTS = ("preinst", "postinst", "prerm", "postrm")


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("package")
    subprocess.run([ROOT / "packaging" / "deb", "tree", folder], check=True)
    return folder


def _files(tree: Path) -> set[str]:
    return {str(path.relative_to(tree)) for path in tree.rglob("*") if path.is_file()}


def test_the_package_has_every_unit_the_command_and_the_manual_where_debian_expects_them(tree: Path) -> None:
    units = {path.name for end in ("service", "timer") for path in (ROOT / "systemd").glob(f"*.{end}")}
    shipped = _files(tree)
    assert {f"usr/lib/systemd/system/{unit}" for unit in units} <= shipped
    assert {"usr/bin/oacmail", "usr/share/man/man8/oacmail.8.gz", "usr/share/doc/oacmail/copyright"} <= shipped
    assert {"usr/share/oacmail/config.toml", "usr/share/oacmail/upkeep"} <= shipped
    assert (tree / "usr/share/doc/oacmail" / "runbook.md").is_file()


def test_every_file_of_the_package_names_the_places_of_a_package(tree: Path) -> None:
    """Debian's policy keeps /opt and /usr/local for others than packages."""
    files = [tree / name for name in _files(tree)]
    texts = {file.name: file.read_bytes() for file in files if file.suffix not in {".pdf", ".png"}}
    texts["oacmail.8.gz"] = gzip.decompress(texts["oacmail.8.gz"])
    assert [name for name, text in texts.items() if b"/opt/oacmail" in text] == []
    assert b"ExecStart=/usr/lib/oacmail/venv/bin/oacmail " in texts["oacmail.service"]
    assert b"ExecStart=/usr/share/oacmail/upkeep backup" in texts["oacmail-backup.service"]
    assert b" /usr/lib/oacmail/venv/bin/oacmail " in (tree / "usr/bin/oacmail").read_bytes()
    assert b"/usr/share/doc/oacmail/" in texts["oacmail.8.gz"]


def test_the_copyright_file_ends_with_the_whole_licence(tree: Path) -> None:
    _, _, text = (tree / "usr/share/doc/oacmail/copyright").read_text("utf-8").rpartition("License: EUPL-1.2\n")
    lines = ["" if line == " ." else line.removeprefix(" ") for line in text.splitlines()]
    assert lines == (ROOT / "LICENSE").read_text("utf-8").splitlines()


def _changelog(version: str) -> list[tuple[str, str]]:
    """(version, time) of each entry; `make deb-check` lets lintian judge the form."""
    environ = {**os.environ, "SOURCE_DATE_EPOCH": "1800000000"}
    words = [sys.executable, str(ROOT / "packaging/changelog.py"), version, "A Town <it@town.example>"]
    written = subprocess.run(words, env=environ, capture_output=True, text=True, check=True).stdout
    assert max(map(len, written.splitlines())) <= 80
    entry = r"^oacmail \((.+)\) unstable; urgency=medium\n\n(?:  .+\n|\n)+ -- A Town <it@town.example>  (.+)$"
    return re.findall(entry, written, re.MULTILINE)


@pytest.mark.parametrize(
    ("version", "versions"), [("0.2.0", ["0.2.0"]), ("0.2.0+1500.abc", ["0.2.0+1500.abc", "0.2.0"])]
)
def test_the_changelog_begins_with_the_version_that_is_built(version: str, versions: list[str]) -> None:
    found = _changelog(version)
    assert [name for name, _ in found][: len(versions)] == versions
    assert found[0][1] == "Fri, 15 Jan 2027 08:00:00 +0000"
    assert "0.1.0" not in dict(found), "no package of it was ever published"


def test_the_package_holds_no_file_of_the_admin_but_its_one_conffile(tree: Path) -> None:
    """`oacmail init` writes config.toml: as a conffile dpkg would ask about it at each upgrade."""
    assert {name for name in _files(tree) if not name.startswith(("usr/", "DEBIAN/"))} == {"etc/default/oacmail-upkeep"}
    assert (tree / "DEBIAN" / "conffiles").read_text() == "/etc/default/oacmail-upkeep\n"
    assert not [name for name in _files(tree) if name.startswith("usr/local/")]


@pytest.mark.parametrize("script", SCRIPTS)
def test_each_script_is_an_executable_for_sh_that_stops_at_an_error(script: str, tree: Path) -> None:
    file = tree / "DEBIAN" / script
    assert file.stat().st_mode & 0o777 == 0o755
    assert re.match(r"#!/bin/sh\n(#.*\n)+set -e\n", file.read_text())
    subprocess.run(["/bin/sh", "-n", file], check=True)


def test_what_a_purge_asks_is_known_to_debconf_from_the_installation_on() -> None:
    """dpkg -i preconfigures nothing, and at a purge the templates are gone: postinst must load them. `make booted
    STEPS=package` sees the question."""
    scripts = {name: (ROOT / "packaging" / "debian" / name).read_text() for name in SCRIPTS}
    assert {name for name, text in scripts.items() if ". /usr/share/debconf/confmodule" in text} == {
        "postinst",
        "postrm",
    }
    assert scripts["postinst"].endswith("db_stop\n")


def test_only_a_purge_touches_the_data() -> None:
    """What it does to them is played: `make deb-check` without data, `make booted STEPS=package` with them."""
    script = (ROOT / "packaging" / "debian" / "postrm").read_text()
    assert script.index("= purge ] || exit 0") < script.index("/var/lib/oacmail")
    assert "Default: false" in (ROOT / "packaging" / "debian" / "templates").read_text()
    for other in set(SCRIPTS) - {"postrm"}:
        assert "rm -rf" not in (ROOT / "packaging" / "debian" / other).read_text()


# The Containerfile: what it copies exists and is not ignored, what it promises admins (`make container` runs it).

LINES = re.sub(r"\\\n", " ", (ROOT / "Containerfile").read_text("utf-8")).splitlines()


def _all(word: str) -> list[str]:
    return [line.partition(" ")[2] for line in LINES if line.startswith(f"{word} ")]


def _copied() -> set[str]:
    return {name for line in _all("COPY") if "--from" not in line for name in shlex.split(line)[:-1]}


def test_it_copies_what_a_wheel_is_made_of_and_the_lock_files() -> None:
    assert _copied() == {*PARTS, "requirements.txt", "systemd/requirements.txt"}
    assert [name for name in _copied() if not (ROOT / name).exists()] == []


def test_nothing_else_is_given_to_the_build() -> None:
    ignored = (ROOT / ".containerignore").read_text("utf-8").splitlines()
    assert ignored[0] == "*"
    assert {line[1:] for line in ignored if line.startswith("!")} == _copied()


def test_the_service_is_no_root_and_is_told_by_signal_and_status() -> None:
    assert _all("USER") == ["oacmail"]
    assert _all("STOPSIGNAL") == ["SIGTERM"]
    assert _all("HEALTHCHECK")[0].endswith('CMD ["oacmail", "status"]')
    assert {"/var/lib/oacmail", "/var/backups/oacmail"} == set(shlex.split(_all("VOLUME")[0]))


def test_every_package_is_verified_by_its_hash() -> None:
    (fetched,) = [line for line in _all("RUN") if "requirements.txt" in line]
    assert fetched.count("pip install") + fetched.count("bin/python install") == fetched.count("--require-hashes") == 2


# An installed package reports the commit that it was built from, without git at run time.

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
