"""The Containerfile: what it copies exists and is not ignored, what it promises admins (`make container` runs it)."""

import re
import shlex
from pathlib import Path

from tests.test_version import PARTS

ROOT = Path(__file__).parent.parent
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
