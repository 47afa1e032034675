"""`make tool`: the wheel, installed by `uv tool install` far from the checkout: what somebody who tries it does.

It builds the wheel once and installs it with the locked versions into a scratch folder; then try, due, init, check,
migrate and a first pass. Needs root for the private mail servers.
"""

import os
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.servers.mail_servers import PASSWORD, MailServers
from tests.servers.people import Citizen

ROOT = Path(__file__).parent.parent
ANSWERS = """[office]
address = "{address}"
town = "Vila Nova"
phone = "930 000 000"
website = "https://www.vilanova.example/"
dpo = "dpd@vilanova.example"
[people]
supervisor = "cap@vilanova.example"
[imap]
host = "localhost"
user = "{user}"
port = {imap}
ca_file = "{ca}"
password_file = "{password}"
[smtp]
host = "localhost"
user = "{user}"
port = {smtp}
ca_file = "{ca}"
"""


class Tool:
    """The installed command, run in `folder` without anything of the checkout in its environment."""

    def __init__(self, folder: Path) -> None:
        self.folder, self._bin = folder / "home", folder / "bin"
        self.folder.mkdir()
        wheels = folder / "wheels"
        self._run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(wheels), cwd=ROOT)
        (wheel,) = wheels.iterdir()
        words = ("tool", "install", "--quiet", "--constraints", str(ROOT / "requirements-dev.txt"), str(wheel))
        places = {"UV_TOOL_DIR": str(folder / "tools"), "UV_TOOL_BIN_DIR": str(self._bin)}
        self._run(str(ROOT / ".venv/bin/uv"), *words, cwd=folder, environ=places)

    def __call__(self, *words: str, code: tuple[int, ...] = (0,)) -> str:
        return self._run(str(self._bin / "oacmail"), *words, cwd=self.folder, code=code)

    def _run(self, *words: str, cwd: Path, code: tuple[int, ...] = (0,), environ: dict[str, str] | None = None) -> str:
        kept = {
            name: value for name, value in os.environ.items() if not name.startswith(("OACMAIL", "PYTHON", "VIRTUAL"))
        }
        done = subprocess.run(
            words,
            cwd=cwd,
            env={**kept, **(environ or {})},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=900,
        )
        assert done.returncode in code, f"{' '.join(words)}: exit {done.returncode}\n{done.stdout[-3000:]}"
        return done.stdout


def main() -> None:
    began = time.monotonic()
    with TemporaryDirectory() as folder, MailServers() as servers:
        tool = Tool(Path(folder))
        print(f"installed after {time.monotonic() - began:.0f} s: {tool('--version').strip()}", flush=True)
        (tool.folder / "mail.eml").write_text("From: a@b.example\nSubject: Padró\n\nBon dia, com demano un volant?\n")
        assert "kind" in tool("try", "mail.eml")
        assert "answer by" in tool("due", "2026-11-27 19:59")
        _office(tool, servers)


def _office(tool: Tool, servers: MailServers) -> None:
    """init writes a configuration that works, with the templates and migrations of the wheel."""
    user = servers.new_user("office")
    password = tool.folder / "password"
    password.write_text(PASSWORD + "\n")
    ports = {"imap": servers.dovecot.imaps_port, "smtp": servers.postfix.submission_port}
    answers = {"address": servers.address(user), "user": user, "ca": servers.certs.ca, "password": password}
    (tool.folder / "answers.toml").write_text(ANSWERS.format(**answers, **ports))
    print(tool("--config", "config.toml", "init", "--yes", "answers.toml", code=(0, 1)))
    assert (tool.folder / "config.toml").exists()
    tool("--config", "config.toml", "once")
    citizen = Citizen(servers)
    citizen.write(servers.address(user), "Padró", "Bon dia, com demano un volant de convivència?\n")
    tool("--config", "config.toml", "once")
    (mail,) = citizen.wait_for_mail()
    print(f"acknowledged: {mail['Subject']}")
    assert "m0001" in tool("--config", "config.toml", "migrate", "--list")


if __name__ == "__main__":
    main()
