"""The office of the demo: its configuration, a real `oacmail run`, and the verbs by which an admin asks it."""

import json
import sqlite3
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from subprocess import Popen
from typing import Any

from oacmail import config as settings
from oacmail import wiring
from oacmail.adapters.store import queries
from oacmail.core.errors import Transient
from oacmail.demo import story
from oacmail.demo.children import Children
from oacmail.demo.post import EXCHANGER, HOST, DemoRelay

Row = dict[str, Any]
OACMAIL = (sys.executable, "-m", "oacmail")
_ALIVE = ("queued", "claimed", "sending", "uncertain")

# Every day is a working day and the house never closes, so that the story ends the same on a Sunday night: what came
# two days ago was due yesterday at 20:00. mail-devel delivers by To and Cc alone, so no copies prove a sending.
_CONFIG = """
[office]
address = "{office}"
state = "state"
town = "Vila"
name = "{name}"
phone = "900 000 000"
online_office_url = "https://www.vila.example/oficina-virtual"
calendar = "none"
hours = ["00:00", "24:00"]
complaints_form_url = "https://www.vila.example/queixes"
privacy_url = "https://www.vila.example/privacitat"
rights_url = "https://www.vila.example/drets"
dpo = "dpd@vila.example"

[imap]
host = "{host}"
port = {imap_port}
security = "none"
user = "{office}"
password_file = "password"
poll_seconds = 1
backlog_days = 7

[smtp]
host = "{host}"
port = {smtp_port}
security = "none"
per_minute = 0
self_copy = false

[trust]
provider = "postfix"
authserv_id = "{exchanger}"
mx = ["{exchanger}"]

[people]
supervisor = "{supervisor}"
operator = "{operator}"
agents = ["{marta}", "{pau}"]
technical = ["{technical}"]

[digest]
to = []
"""


@dataclass(frozen=True, slots=True)
class DemoOffice:
    """A house in its directory. Verbs run as an admin's would, each in a process of its own."""

    root: Path
    children: Children

    @property
    def config(self) -> Path:
        return self.root / "config.toml"

    def start(self) -> "Popen[bytes]":
        """`oacmail run`."""
        command = [*OACMAIL, "--config", str(self.config), "run"]
        return self.children.start(command, folder=self.root, log=self.root / "oacmail.log")

    def log(self) -> str:
        return (self.root / "oacmail.log").read_text(errors="replace")

    def verb(self, *words: str) -> str:
        """What it prints. Raises Transient where it cannot do what it was asked."""
        code, said, complaint = self.children.run([*OACMAIL, "--config", str(self.config), *words], folder=self.root)
        if code not in (0, 1):
            raise Transient(f"demo: oacmail {words[0]} ended with {code}: {complaint.strip()[-300:]}")
        return said

    def rows(self, *words: str) -> list[Row]:
        return [json.loads(line) for line in self.verb(*words, "--json").splitlines()]

    def ask(self, questions: Sequence[Sequence[str]]) -> list[list[Row]]:
        """The rows of several verbs; two at a time."""
        with ThreadPoolExecutor(2) as pool:
            return list(pool.map(lambda words: self.rows(*words), questions))

    def settled(self, since: datetime) -> bool:
        """Whether all that happened before `since` has been read, decided and sent: a glance beside the daemon."""
        config = settings.load(self.config)
        try:
            with wiring.reading(config) as con:
                health = queries.health(con, config.office.timezone)
        except (Transient, sqlite3.OperationalError):
            return False  # there is no database yet, or no tables in it
        read = health["last_sync"] is not None and datetime.fromisoformat(health["last_sync"]) > since
        waiting = any(health["outbox"].get(state) for state in _ALIVE)
        return bool(read and health["last_tick"] and not health["unaccounted"] and not waiting)


def furnished(root: Path, post: DemoRelay, children: Children) -> DemoOffice:
    """An office with its configuration and its password, which only we can read."""
    secret = root / "password"
    secret.touch(mode=0o600)
    secret.write_text(post.password)
    office = DemoOffice(root, children)
    office.config.write_text(
        _CONFIG.format(
            office=story.OFFICE,
            name=story.OFFICE_NAME,
            host=HOST,
            exchanger=EXCHANGER,
            imap_port=post.imap_port,
            smtp_port=post.smtp_port,
            supervisor=story.SUPERVISOR,
            operator=story.OPERATOR,
            marta=story.MARTA,
            pau=story.PAU,
            technical=story.TECHNICAL,
        )
    )
    return office
