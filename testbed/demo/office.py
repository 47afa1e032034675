"""The office of the demo: its configuration, a real `oacmail run`, and the commands of an admin."""

import json
import sqlite3
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from subprocess import Popen, TimeoutExpired
from typing import Any

from oacmail import config as settings
from oacmail.core.errors import NoDatabase, Transient
from oacmail.store import connection
from oacmail.store import health as store_health
from oacmail.store.connection import FILE
from testbed.database import differences, recorded
from testbed.demo import story
from testbed.demo.children import Children
from testbed.demo.mail_server import HOST, DemoMailServer
from testbed.office import ALWAYS_OPEN, PROVEN, as_toml, sections
from testbed.people import AGENTS, OFFICE, ROLES, TECHNICAL, TOWN

Row = dict[str, Any]
OACMAIL = (sys.executable, "-m", "oacmail")
_ALIVE = ("queued", "sending", "uncertain")


@dataclass(frozen=True, slots=True)
class DemoOffice:
    """An office in its own directory. Each command runs in its own process, as for an admin."""

    root: Path
    children: Children

    @property
    def config(self) -> Path:
        return self.root / "config.toml"

    def start(self) -> "Popen[bytes]":
        """Start `oacmail run`."""
        command = [*OACMAIL, "--config", str(self.config), "run"]
        return self.children.start(command, folder=self.root, log=self.root / "oacmail.log")

    def log(self) -> str:
        return (self.root / "oacmail.log").read_text(errors="replace")

    def verb(self, *words: str) -> str:
        """The output of a command. Raises Transient if its exit code is neither 0 nor 1, or it takes too long."""
        command = [*OACMAIL, "--config", str(self.config), *words]
        try:
            code, said, complaint = self.children.run(command, folder=self.root)
        except TimeoutExpired as late:
            raise Transient(
                f"oacmail {words[0]} did not end within {late.timeout:.0f} s: the machine is too busy: try again"
            ) from None
        if code not in (0, 1):
            raise Transient(f"oacmail {words[0]} ended with {code}: {complaint.strip()[-300:]}")
        return said

    def rows(self, *words: str) -> list[Row]:
        return [json.loads(line) for line in self.verb(*words, "--json").splitlines()]

    def ask(self, questions: Sequence[Sequence[str]]) -> list[list[Row]]:
        """The rows of several commands; two run at a time."""
        with ThreadPoolExecutor(2) as pool:
            return list(pool.map(lambda words: self.rows(*words), questions))

    def settled(self, since: datetime) -> bool:
        """Whether the daemon has read, decided and sent everything that arrived before `since`, by its database."""
        config = settings.load(self.config)
        try:
            with connection.open_readonly(config.office.state) as con:
                health = store_health.health(con, config.office.timezone)
        except (NoDatabase, Transient, sqlite3.OperationalError):
            return False  # the database or its tables do not exist yet
        read = health["last_sync"] is not None and datetime.fromisoformat(health["last_sync"]) > since
        waiting = any(health["outbox"].get(state) for state in _ALIVE)
        return bool(read and health["last_tick"] and not health["unaccounted"] and not waiting)

    def lose_and_rebuild(self) -> tuple[int, tuple[str, ...]]:
        """Delete the database and have it rebuilt from the mailbox; return how many rows there were, and what
        differs. The service has ended."""
        config = settings.load(self.config)
        with connection.open_readonly(config.office.state) as con:
            before = recorded(con)
        for path in config.office.state.glob(f"{FILE}*"):
            path.unlink()
        self.verb("rebuild", "--yes")
        with connection.open_readonly(config.office.state) as con:
            after = recorded(con)
        changed = tuple(f"{table} {name} {row}" for table, name, row in differences(before, after))
        return sum(map(len, before.values())), changed


def make_office(root: Path, server: DemoMailServer, children: Children) -> DemoOffice:
    """Create an office with its configuration and a password file of mode 0600."""
    secret = root / "password"
    secret.touch(mode=0o600)
    secret.write_text(server.password)
    office = DemoOffice(root, children)
    office.config.write_text(as_toml(_configuration(server)))
    return office


def _configuration(server: DemoMailServer) -> dict[str, Any]:
    """Every day is a working day and the office never closes, so that the outcome is the same on a Sunday night: a
    message of two days ago was due yesterday at 20:00. mail-devel delivers by To and Cc alone: no copy proves a
    delivery, and no plus-address is one of the office."""
    return sections(
        OFFICE,
        town=TOWN,
        office={
            **ALWAYS_OPEN,
            "name": story.OFFICE_NAME,
            "phone": "900 000 000",
            "online_office_url": f"https://www.{OFFICE.partition('@')[2]}/oficina-virtual",
        },
        imap={
            "host": HOST,
            "port": server.imap_port,
            "security": "none",
            "user": OFFICE,
            "password_file": "password",
            "poll_seconds": 1,
            "backlog_days": 7,
        },
        smtp={"host": HOST, "port": server.smtp_port, "security": "none", "per_minute": 0, "self_copy": False},
        trust={**PROVEN, "plus_addressing": False},
        people={**ROLES, "agents": AGENTS, "technical": [TECHNICAL]},
        board={"enabled": True, "root": "Casos"},
        digest={"to": AGENTS, "at": "00:00"},
    )
