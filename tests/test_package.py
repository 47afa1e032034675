"""The Debian package: its files, and what its scripts do to configuration and mail data (`make deb`)."""

import re
import subprocess
from pathlib import Path

import pytest

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
    assert {"opt/oacmail/share/config.toml", "opt/oacmail/share/upkeep"} <= shipped


def test_the_package_holds_no_file_of_the_admin_but_its_one_conffile(tree: Path) -> None:
    """`oacmail init` writes config.toml: as a conffile dpkg would ask about it at each upgrade."""
    assert {name for name in _files(tree) if not name.startswith(("opt/", "usr/", "DEBIAN/"))} == {
        "etc/default/oacmail-upkeep"
    }
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


def test_only_a_purge_that_was_told_so_touches_the_data() -> None:
    script = (ROOT / "packaging" / "debian" / "postrm").read_text()
    before, _, after = script.partition('if [ "$answer" = true ]; then')
    assert "/var/lib/oacmail" not in before
    assert "rm -rf /var/lib/oacmail " in after
    assert before.index("= purge ] || exit 0") < before.index("rm -rf /etc/oacmail")
    asked = (ROOT / "packaging" / "debian" / "templates").read_text()
    assert "Default: false" in asked
    for other in set(SCRIPTS) - {"postrm"}:
        assert "rm -rf" not in (ROOT / "packaging" / "debian" / other).read_text()
