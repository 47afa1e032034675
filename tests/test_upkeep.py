"""What is installed beside the service: timers, manual page and completion, and how all of it is removed."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
UNITS = ROOT / "systemd"


class TownsOnOneMachine:
    """A machine with two enabled towns and one that is only prepared; `oacmail` and `systemctl` are played."""

    def __init__(self, root: Path) -> None:
        self.root = root
        for name in ("etc/oacmail", "etc/default", "state", "bin"):
            (root / name).mkdir(parents=True)
        for town in ("config", "vila", "prepared"):
            (root / "etc/oacmail" / f"{town}.toml").touch()
        (root / "etc/default/oacmail-upkeep").write_text(f'KEEP=7 ALERT="{root}/bin/page-me"\n')
        self._program("systemctl", '[ "$3" != oacmail@prepared.service ]')
        self._program("oacmail", f'echo "$*" >> {root}/said; echo "OACMAIL is it"; exit "$(cat {root}/code)"')
        self._program("page-me", f'echo "$1 $2" >> {root}/told')

    def _program(self, name: str, body: str) -> None:
        path = self.root / "bin" / name
        path.write_text(f"#!/bin/sh\n{body}\n")
        path.chmod(0o755)

    def upkeep(self, what: str, *, code: int = 0) -> int:
        """Run the script while every `oacmail` ends with this code."""
        (self.root / "code").write_text(str(code))
        environ = {
            "PATH": f"{self.root}/bin:{os.environ['PATH']}",
            "ETC": f"{self.root}/etc",
            "STATE_DIRECTORY": f"{self.root}/state",
        }
        return subprocess.run([UNITS / "upkeep", what], env=environ, check=False, capture_output=True).returncode

    def lines(self, name: str) -> list[str]:
        path = self.root / name
        return path.read_text().splitlines() if path.exists() else []


@pytest.fixture
def machine(tmp_path: Path) -> TownsOnOneMachine:
    return TownsOnOneMachine(tmp_path)


def test_every_enabled_town_gets_its_backup_and_a_failure_is_seen(machine: TownsOnOneMachine) -> None:
    assert machine.upkeep("backup") == 0
    assert machine.lines("said") == [
        "backup --keep 7 /var/backups/oacmail",
        "--town vila backup --keep 7 /var/backups/oacmail-vila",
    ]
    assert machine.upkeep("drill", code=1) == 1
    assert len(machine.lines("said")) == 4


def test_an_outage_is_told_once_when_it_begins_and_once_when_it_ends(machine: TownsOnOneMachine) -> None:
    for code in (0, 2, 2, 3, 1, 0):
        assert machine.upkeep("health", code=code) == 0
    assert machine.lines("told") == ["config down", "vila down", "config up", "vila up"]


def test_an_alert_that_failed_is_repeated(machine: TownsOnOneMachine) -> None:
    page_me = machine.root / "bin" / "page-me"
    page_me.chmod(0o644)
    assert machine.upkeep("health", code=2) == 1
    page_me.chmod(0o755)
    assert machine.upkeep("health", code=2) == 0
    assert machine.lines("told") == ["config down", "vila down"]


def test_the_manual_page_is_that_of_this_program() -> None:
    made = subprocess.run([sys.executable, ROOT / "packaging" / "manual.py"], capture_output=True, check=True)
    assert (UNITS / "oacmail.8").read_bytes() == made.stdout, "run make man"


@pytest.mark.parametrize(
    ("words", "offered"),
    [("oacmail outb", {"outbox"}), ("oacmail --town vila outb", {"outbox"}), ("oacmail status --na", {"--nagios"})],
)
def test_bash_completes_verbs_and_options(words: str, offered: set[str]) -> None:
    given = words.split()
    script = f"source {UNITS / 'oacmail.bash'}; COMP_WORDS=({words}); COMP_CWORD={len(given) - 1}; _oacmail"
    environ = {**os.environ, "OACMAIL_PROGRAM": str(Path(sys.executable).with_name("oacmail"))}
    done = subprocess.run(
        ["bash", "-c", script + '; printf "%s\\n" "${COMPREPLY[@]}"'],
        env=environ,
        capture_output=True,
        text=True,
        check=True,
    )
    assert set(done.stdout.split()) == offered


def test_undeploy_leaves_configuration_state_and_backups_alone(tmp_path: Path) -> None:
    environ = {**os.environ, "DESTDIR": str(tmp_path)}
    subprocess.run([UNITS / "deploy", "files"], env=environ, check=True)
    assert (tmp_path / "usr/local/share/man/man8/oacmail.8").exists()
    (tmp_path / "var/lib/oacmail/oacmail.db").touch()
    for _ in range(2):
        subprocess.run([UNITS / "undeploy"], env=environ, check=True)
    left = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()}
    assert left == {"etc/oacmail/config.toml", "var/lib/oacmail/oacmail.db"}
    assert (tmp_path / "var/backups/oacmail").is_dir()


@pytest.mark.parametrize(
    ("words", "user"),
    [
        ("status --all --json", "root"),
        ("status --json", "oacmail"),
        ("--town vila status", "oacmail-vila"),
        ("outbox list --all", "oacmail"),
    ],
)
def test_the_command_stays_root_only_where_it_becomes_each_towns_user_itself(
    tmp_path: Path, words: str, user: str
) -> None:
    for name, says in (("runuser", 'echo "$2"'), ("env", "echo root"), ("id", '[ "$1" = -u ] && echo 0 || echo root')):
        (tmp_path / name).write_text(f"#!/bin/sh\n{says}\n")
        (tmp_path / name).chmod(0o755)
    done = subprocess.run(
        ["/bin/sh", UNITS / "oacmail", *words.split()],
        env={"PATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == user
