"""The towns of one machine, for `status --all`: which files are towns, and the summary of each.

A town is looked at by a process of its own, with the rights of the town's own user: root reads no file of a town, and
whatever breaks, hangs or dies there is the summary of that town alone. The process answers in JSON, of which nothing is
executed. This module decides no problem: it calls the function that it is given.
"""

import json
import multiprocessing
import os
import pwd
import subprocess
import tomllib
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from oacmail.core.errors import ConfigError

LONGEST = 30.0  # seconds for one town
SYSTEMD = Path("/run/systemd/system")
"""Exists while systemd runs (sd_booted(3)). Without it, every town counts as in service."""
_OURS = frozenset(("office", "imap", "smtp", "people"))
_USER = "oacmail-"  # before the name of a town
_LIMIT = 10_000_000  # bytes of one answer

Summary = dict[str, Any]
Look = Callable[[Path], Summary]
Failed = Callable[[str, str], Summary]
"""The summary of a town of which only this is known: the code of a problem, and its cause."""


@dataclass(frozen=True, slots=True)
class TownFile:
    """One file of the folder of configurations. `enabled`: systemd starts the town, or has started it."""

    name: str
    path: Path
    enabled: bool


def summaries(folder: Path, look: Look, failed: Failed) -> Iterator[tuple[TownFile, Summary]]:
    """The summary of each town in the order of names; that of a town out of service is empty."""
    paths = sorted(folder.glob("*.toml"))
    running = _in_service([path.stem for path in paths])
    for path in paths:
        town = TownFile(path.stem, path, running is None or path.stem in running)
        summary = _asked(town, look, failed)
        if summary is not None:
            yield town, summary


def user_of(name: str) -> str:
    """The user as whom the unit of a town runs (systemd/oacmail@.service); `config` is the only town's file."""
    return "oacmail" if name == "config" else _USER + name


def town_of(path: Path) -> str:
    """The town whose user owns the path, or the nearest folder above it that exists; '' = no town's user does."""
    for place in (path, *path.parents):
        with suppress(OSError, KeyError):
            name = pwd.getpwuid(place.stat().st_uid).pw_name
            return "config" if name == user_of("config") else name.removeprefix(_USER) if name.startswith(_USER) else ""
    return ""


def other_town(file: Path, state: Path) -> str:
    """The town that the state folder of the configuration `file` belongs to, if that is another one: by a file beside
    it that names the same folder for another address, or by the folder's owner. '' = it is this town's."""
    own = _office(file)
    for other in sorted(file.parent.glob("*.toml")):
        theirs = _office(other)
        if theirs.get("address") != own.get("address") and other.parent / theirs.get("state", "") == state:
            return other.stem
    owner = town_of(state) if state.exists() and state.stat().st_uid != os.geteuid() else ""
    return owner if owner != file.stem else ""


def _office(file: Path) -> Mapping[str, str]:
    """[office] of a file; nothing of one that this user cannot read, or that is no configuration."""
    try:
        office = tomllib.loads(file.read_bytes().decode()).get("office", {})
    except (OSError, ValueError):
        return {}
    return {key: office[key] for key in ("address", "state") if isinstance(office.get(key), str)}


def _unit(name: str) -> str:
    return "oacmail.service" if name == "config" else f"oacmail@{name}.service"


def _in_service(names: list[str]) -> frozenset[str] | None:
    """The names whose unit is enabled, or active or failed; None if no systemd runs here."""
    if not SYSTEMD.is_dir() or not names:
        return None
    words = ["systemctl", "show", "--property=Id,UnitFileState,ActiveState", *map(_unit, names)]
    done = subprocess.run(words, capture_output=True, text=True, timeout=LONGEST, check=False)  # noqa: S603 - no shell
    blocks = [dict(line.split("=", 1) for line in block.splitlines()) for block in done.stdout.strip().split("\n\n")]
    used = {
        block["Id"]
        for block in blocks
        if block.get("UnitFileState", "").startswith("enabled") or block.get("ActiveState", "inactive") != "inactive"
    }
    return frozenset(name for name in names if _unit(name) in used)


def _asked(town: TownFile, look: Look, failed: Failed) -> Summary | None:
    """What the town's own process says; None: the file is no town's configuration."""
    context = multiprocessing.get_context("fork")
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_answer, args=(theirs, town, look, failed), daemon=True)
    process.start()
    theirs.close()
    try:
        if not ours.poll(LONGEST):
            return failed("no-answer", f"after {LONGEST:.0f} s")
        answer: Summary | None = json.loads(ours.recv_bytes(_LIMIT))
    except (EOFError, OSError, ValueError) as error:
        return failed("no-answer", type(error).__name__)
    finally:
        process.kill()
        process.join()
        ours.close()
    return answer


def _answer(answers: Connection, town: TownFile, look: Look, failed: Failed) -> None:
    """The child: become the town's user, look, answer."""
    summary: Summary | None
    try:
        known = _become(user_of(town.name))
        if not _is_town(town.path):
            summary = None
        elif not town.enabled:
            summary = failed("", "")
        elif not known:
            no_user = f"there is no user {user_of(town.name)}: create it (docs/towns.md section 1)"
            summary = failed("config-refused", no_user)
        else:
            summary = look(town.path)
    except ConfigError as wrong:
        summary = failed("config-refused", "; ".join(wrong.findings))
    except Exception as error:
        summary = failed("no-answer", f"{type(error).__name__}: {error}")
    answers.send_bytes(json.dumps(summary, default=str).encode())


def _become(name: str) -> bool:
    """Take the rights of this user, if we are root; False if there is no such user, and then those of `nobody`."""
    if os.geteuid() != 0:
        return True
    try:
        user, known = pwd.getpwnam(name), True
    except KeyError:
        user, known = pwd.getpwnam("nobody"), False
    os.initgroups(user.pw_name, user.pw_gid)
    os.setgid(user.pw_gid)
    os.setuid(user.pw_uid)
    return known


def _is_town(path: Path) -> bool:
    """False for TOML without any section of ours, such as a holiday file. What cannot be read may be a town."""
    try:
        values: Mapping[str, object] = tomllib.loads(path.read_bytes().decode())
    except (OSError, ValueError):
        return True
    return not _OURS.isdisjoint(values)
