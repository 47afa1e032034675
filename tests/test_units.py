"""The systemd units: their permissions, measured by systemd itself, and their syntax."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import click
import pytest

from oacmail import cli, config
from oacmail.config import secrets
from tests.config.conftest import minimal

UNITS = Path(__file__).parent.parent / "systemd"
WORST_EXPOSURE = 1.2


@pytest.mark.parametrize("unit", ["oacmail.service", "oacmail@.service", "oacmail-litestream.service"])
def test_the_exposure_is_as_low_as_promised(unit: str) -> None:
    said = _analyze("security", "--offline=yes", str(UNITS / unit))
    level = re.search(r"Overall exposure level for \S+: ([0-9.]+)", said)
    assert level, said
    assert float(level[1]) <= WORST_EXPOSURE


def test_systemd_finds_no_fault_in_the_installed_units(tmp_path: Path) -> None:
    _install(tmp_path)
    units = [
        "oacmail@vila.service",
        *(path.name for end in ("service", "timer", "slice") for path in UNITS.glob(f"*[!@].{end}")),
    ]
    assert _analyze("verify", "--man=no", f"--root={tmp_path}", *units) == ""


def test_a_second_deployment_keeps_the_configuration_and_all_rights(tmp_path: Path) -> None:
    _deploy(tmp_path)
    file = tmp_path / "etc/oacmail/config.toml"
    file.write_text("# ours\n")
    modes = {
        "etc/oacmail": 0o751,
        "etc/oacmail/credentials": 0o755,
        "var/backups/oacmail": 0o750,
        "var/lib/oacmail": 0o755,
    }
    for name, mode in modes.items():
        (tmp_path / name).chmod(mode)
    _deploy(tmp_path)
    assert file.read_text() == "# ours\n"
    assert {name: (tmp_path / name).stat().st_mode & 0o777 for name in modes} == modes


def test_every_town_may_pass_through_the_folders_that_all_share(tmp_path: Path) -> None:
    """Each of their files is its owner's alone; only the folders are open."""
    _deploy(tmp_path)
    modes = {"etc/oacmail": 0o755, "etc/oacmail/credentials": 0o711, "etc/oacmail/config.toml": 0o640}
    assert {name: (tmp_path / name).stat().st_mode & 0o777 for name in modes} == modes
    assert (tmp_path / "var/backups/oacmail").stat().st_mode & 0o777 == 0o700


def test_the_holiday_file_and_the_templates_lie_where_the_manual_says(tmp_path: Path) -> None:
    _deploy(tmp_path)
    said = (UNITS.parent / "docs" / "install.md").read_text("utf-8")
    for name in ("holidays/castellbisbal.toml", "templates/ca/ack.txt.j2"):
        assert (tmp_path / "opt/oacmail/share" / name).is_file()
    assert "/opt/oacmail/share/holidays/" in said
    assert "/opt/oacmail/share/templates/" in said


def test_the_installed_pages_lead_nowhere_else_and_name_no_test(tmp_path: Path) -> None:
    _deploy(tmp_path)
    folder = tmp_path / "opt/oacmail/share/docs"
    pages = {path.name: path.read_text("utf-8") for path in folder.glob("*.md") if path.name != "CHANGELOG.md"}
    assert {"index.md", "install.md", "runbook.md"} <= set(pages)
    for name, text in pages.items():
        links = re.findall(r"""(?:\]\(|src=")([^)#:\s"]+)(?:#[^)]*)?[)"]""", text)
        named = re.findall(r"(?<![\w/])(?:docs/)?([\w-]+\.md)\b", text.replace("CONTRIBUTING.md", ""))
        assert [link for link in [*links, *named] if not (folder / link).exists()] == [], name
        assert re.findall(r"\b(?:test_\w+|tests/\w+|bench/\w+)", text) == [], name


def test_an_upgrade_removes_the_pages_of_earlier_versions(tmp_path: Path) -> None:
    _deploy(tmp_path)
    folder = tmp_path / "opt/oacmail/share/docs"
    before = {path.name for path in folder.glob("*.md")}
    (folder / "README.md").touch()
    _deploy(tmp_path)
    assert {path.name for path in folder.glob("*.md")} == before


def test_the_fault_finder_would_find_one(tmp_path: Path) -> None:
    _install(tmp_path)
    unit = tmp_path / "etc/systemd/system/oacmail.service"
    unit.write_text(unit.read_text().replace("ProtectSystem=", "ProtectSystm="))
    assert "Unknown key 'ProtectSystm'" in _analyze("verify", "--man=no", f"--root={tmp_path}", "oacmail.service")


def test_both_units_differ_only_in_the_name_of_the_town() -> None:
    one = _settings("oacmail.service")
    many = [line.replace("/%i.toml", "/config.toml") for line in _settings("oacmail@.service")]
    assert [re.sub(r"[/-]%i| of %i", "", line) for line in many if not line.startswith("Slice=")] == one


def test_all_towns_are_in_the_slice_whose_limits_hold_for_them_together() -> None:
    (place,) = [line.partition("=")[2] for line in _settings("oacmail@.service") if line.startswith("Slice=")]
    limits = dict(line.split("=", 1) for line in _settings(place) if "=" in line)
    assert {"MemoryHigh", "MemoryMax", "CPUWeight", "TasksMax"} <= set(limits)


def test_systemd_does_not_restart_on_the_exit_codes_that_a_restart_cannot_fix() -> None:
    (line,) = [line for line in _settings("oacmail.service") if line.startswith("RestartPreventExitStatus=")]
    assert {int(code) for code in line.partition("=")[2].split()} == {cli.CONFIGURATION, click.UsageError.exit_code}
    assert cli.TEMPORARY not in {cli.CONFIGURATION, click.UsageError.exit_code}


@pytest.mark.parametrize("unit", ["oacmail.service", "oacmail@.service"])
def test_a_reload_also_checks_the_configuration_that_the_service_reads(unit: str) -> None:
    """Type=notify-reload sends SIGHUP and cannot fail; the exit code of ExecReload makes `systemctl reload` fail."""
    settings = dict(line.split("=", 1) for line in _settings(unit) if line.startswith("Exec"))
    start, reload = settings["ExecStart"].split(), settings["ExecReload"].split()
    assert reload == [*start[: start.index("run")], "check"]


def test_the_unit_hands_over_each_credential_under_the_name_that_is_read(tmp_path: Path) -> None:
    loaded = [line.partition("=")[2].split(":") for line in _settings("oacmail.service") if "LoadCredential=" in line]
    for name, _ in loaded:
        (tmp_path / name).write_text(f"the secret called {name}\n")
    file = tmp_path / "config.toml"
    file.write_text(minimal(smtp='user = "oac360"'))
    read, environ = config.load(file), {secrets.CREDENTIALS: str(tmp_path)}
    assert secrets.password(read, "imap", environ) == "the secret called imap"
    assert secrets.password(read, "smtp", environ) == "the secret called smtp"
    assert secrets.tokens(read, environ) == (b"the secret called token",)
    (folder,) = [line.rpartition("=")[2] for line in _settings("oacmail.service") if secrets.FILES in line]
    assert [path for _, path in loaded] == [f"{folder}/{name}" for name, _ in loaded]


def _settings(unit: str) -> list[str]:
    return [line for line in (UNITS / unit).read_text().splitlines() if line and not line.startswith("#")]


def _analyze(*words: str) -> str:
    done = subprocess.run(["systemd-analyze", *words], capture_output=True, text=True, check=False)
    return done.stdout + done.stderr


def _deploy(root: Path) -> None:
    subprocess.run([UNITS / "deploy", "files"], env={**os.environ, "DESTDIR": str(root)}, check=True)


def _install(root: Path) -> None:
    """What `systemd/deploy` lays down, with a stand-in for the program, beside systemd's own targets."""
    _deploy(root)
    program, shipped = root / "opt/oacmail/venv/bin/oacmail", root / "usr/lib/systemd/system"
    replication = root / "usr/bin/litestream"
    for folder in (program.parent, shipped, replication.parent):
        folder.mkdir(parents=True)
    for stand_in in (program, replication):
        stand_in.touch(0o755)
    for target in Path("/usr/lib/systemd/system").glob("*.target"):
        shutil.copy(target, shipped)
