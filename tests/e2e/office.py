"""An office with a mailbox on the mail servers and a real `oacmail` process to start, query, kill and restart."""

import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from testbed.office import ALWAYS_OPEN, as_toml, changed, sections
from tests.e2e.forked import ROOT, ForkedProcess, ForkingHome
from tests.servers.mail_servers import HOSTNAME, PASSWORD, MailServers
from tests.servers.maildir import Maildir
from tests.servers.people import Agent, Citizen
from tests.servers.waiting import PATIENCE, until

STOP_SECONDS = 15  # TimeoutStopSec of the unit: then systemd kills
OACMAIL, IMPATIENT = "oacmail", "tests.e2e.impatient"
"""Modules to run in a forked process; the second one is the same program with short waits: see there."""
COMMAND = (str(Path(sys.executable).with_name("oacmail")),)
"""The command that is installed, for the tests of the true start."""
PROOF = {"provider": "postfix", "authserv_id": HOSTNAME, "mx": [HOSTNAME]}
"""For [trust]: our exchanger vouches for mail under a "-proven" envelope sender."""
HOME = ForkingHome()


class RunningOffice:
    """`settings` override the defaults by section: `RunningOffice(servers, tmp_path, deadline={"max_levels": 2})`."""

    def __init__(self, mail_servers: MailServers, root: Path, *, user: str = "", **settings: Mapping[str, Any]) -> None:
        self.mail_servers, self.root = mail_servers, root
        self.user = user or mail_servers.new_user("office")
        self.address = mail_servers.address(self.user)
        self.supervisor = Citizen(mail_servers, "Cap", domain="castellbisbal.cat")
        self.operator = Citizen(mail_servers, "Sistemes", domain="castellbisbal.cat")
        self.agent = Citizen(mail_servers, "Marta Agent", domain="castellbisbal.cat")
        self.technical = Citizen(mail_servers, "Serveis tècnics", domain="castellbisbal.cat")
        root.mkdir(parents=True, exist_ok=True)
        (root / "password").write_text(PASSWORD)
        (root / "password").chmod(0o600)
        self.state = root / "state"
        self.settings = changed(self._defaults(), settings)
        self.config = root / "config.toml"
        self.write_config()
        self.process: subprocess.Popen[bytes] | ForkedProcess | None = None
        self.mailbox = Maildir(mail_servers.dovecot, self.user)
        self.program: str | tuple[str, ...] = OACMAIL
        """A module, or the words of a command."""
        self.people: dict[str, Citizen] = {}

    def _defaults(self) -> dict[str, dict[str, Any]]:
        server = {"host": "localhost", "user": self.user, "password_file": "password"}
        ca = {"ca_file": str(self.mail_servers.certs.ca)}
        return sections(
            self.address,
            town="Castellbisbal",
            office=ALWAYS_OPEN,
            imap={**server, **ca, "port": self.mail_servers.dovecot.imaps_port, "poll_seconds": 1},
            smtp={**server, **ca, "port": self.mail_servers.postfix.submission_port, "per_minute": 0},
            people={
                "supervisor": self.supervisor.address,
                "operator": self.operator.address,
                "agents": [self.agent.address],
                "technical": [self.technical.address],
            },
            deadline={"day_end": "24:00", "remind_hours": 0},
        )

    def write_config(self) -> None:
        self.config.write_text(as_toml(self.settings))

    def change(self, **settings: Mapping[str, Any]) -> None:
        self.settings = changed(self.settings, settings)
        self.write_config()

    # --- the daemon -------------------------------------------------------------------------------

    def start(self, *options: str, environ: Mapping[str, str] | None = None) -> None:
        """`oacmail run`; returns when the mailbox has been read once."""
        self.launch(*options, environ=environ)
        until(self._up, 20, what="the daemon reads the mailbox")

    def launch(self, *options: str, environ: Mapping[str, str] | None = None) -> None:
        """`oacmail run`, without waiting for anything."""
        self.began = self._synced()
        words, environ = ("--config", str(self.config), "run", *options), {**os.environ, **(environ or {})}
        path = self.root / "log"
        if isinstance(self.program, str):
            self.process = HOME.start(self.program, words, path, environ)
            return
        with path.open("ab") as log:
            self.process = subprocess.Popen(
                [*self.program, *words], cwd=ROOT, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environ
            )

    def _up(self) -> bool:
        assert self.process is not None
        if self.process.poll() is not None:
            raise AssertionError(f"oacmail ended with {self.process.returncode}\n{self.log()}")
        return self._synced() > self.began

    def _synced(self) -> int:
        """How many passes over the mailbox were completed, as far as the database tells."""
        rows = self.rows("SELECT value FROM kv WHERE key = 'passes'")
        return int(rows[0]["value"]) if rows else 0

    def signal(self, number: signal.Signals) -> None:
        assert self.process is not None
        self.process.send_signal(number)

    def peak_memory(self) -> int:
        """The most memory that the daemon has held at once, in bytes (VmHWM, proc(5)).

        A forked process begins with what its parent has loaded: measure `COMMAND`."""
        assert self.process is not None
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmHWM:\s+(\d+) kB", status)[1]) * 1024  # type: ignore[index]

    def passes(self, more: int = 2) -> None:
        """Return when the mailbox was read so many times more: whatever was to be seen then has been seen."""
        goal = self._synced() + more
        until(lambda: self._synced() >= goal, 20, what=lambda: f"{more} passes\n{self.log()}")

    def stop(self) -> int:
        """SIGTERM; the exit code."""
        self.signal(signal.SIGTERM)
        assert self.process is not None
        code = self.process.wait(STOP_SECONDS * PATIENCE)
        self.process = None
        return code

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait()
        self.process = None

    @contextmanager
    def running(self, *options: str, environ: Mapping[str, str] | None = None) -> Iterator["RunningOffice"]:
        self.start(*options, environ=environ)
        try:
            yield self
        finally:
            if self.process is not None:
                self.stop()

    def log(self) -> str:
        return (self.root / "log").read_text(errors="replace")[-6000:]

    def log_lines(self, event: str = "") -> list[dict[str, Any]]:
        """The log's lines as values: all, or those of one event."""
        lines = [json.loads(line) for line in (self.root / "log").read_text("utf-8").splitlines() if line[:1] == "{"]
        return [line for line in lines if not event or line["event"] == event]

    def indiscretions(self) -> list[str]:
        """What the log tells and must not: secrets, addresses, names, subjects and lines of messages."""
        told = (self.root / "log").read_text("utf-8") if (self.root / "log").exists() else ""
        people = self.rows("SELECT address, name FROM people")
        messages = self.rows("SELECT subject, fresh FROM messages")
        words = {word for row in people for word in row} | {row["subject"] for row in messages}
        words |= {line.strip() for row in messages for line in row["fresh"].splitlines()}
        key = self.state / "token.key"
        words |= {PASSWORD, *(key.read_text().split() if key.exists() else ())}
        return [*re.findall(r"[\w.+-]+@[\w.-]+", told), *(word for word in words if len(word) > 5 and word in told)]

    # --- asking -----------------------------------------------------------------------------------

    def oacmail(self, *words: str, code: int | None = 0) -> subprocess.CompletedProcess[str]:
        """Any verb; the exit code is checked unless `code` is None."""
        done = HOME.call(("--config", str(self.config), *words))
        if code is not None and done.returncode != code:
            raise AssertionError(f"{words}: exit {done.returncode}\n{done.stdout}\n{done.stderr}\n{self.log_if_any()}")
        return done

    def log_if_any(self) -> str:
        return self.log() if (self.root / "log").exists() else ""

    def json(self, *words: str, code: int | None = 0) -> list[dict[str, Any]]:
        done = self.oacmail(*words, "--json", code=code)
        return [json.loads(line) for line in done.stdout.splitlines()]

    def cases(self) -> list[dict[str, Any]]:
        return self.json("case", "list")

    def wait_for_cases(self, count: int, seconds: float = 10.0) -> list[dict[str, Any]]:
        until(
            lambda: len(self.rows("SELECT id FROM cases")) >= count,
            seconds,
            what=lambda: f"{count} cases\n{self.log()}",
        )
        return self.cases()

    def case(self, number: str) -> dict[str, Any]:
        return self.json("case", "show", number)[0]

    def status(self) -> dict[str, Any]:
        return self.json("status", code=None)[0]

    def wait_until_accounted(self) -> None:
        """`status` says unaccounted 0 as soon as what has just arrived is processed; what stays is an error."""
        until(lambda: self.status()["unaccounted"] == 0, what=f"every message has an outcome\n{self.log_if_any()}")

    def rows(self, query: str, *values: object) -> list[sqlite3.Row]:
        """A look into the database, for conditions to wait for; [] while there is none."""
        path = self.state / "oacmail.db"
        if not path.exists():
            return []
        con = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
        con.row_factory = sqlite3.Row
        try:
            return con.execute(query, values).fetchall()
        except sqlite3.OperationalError:
            return []  # not migrated yet
        finally:
            con.close()

    def wait_until_none(self, query: str, seconds: float = 10.0) -> None:
        """Return when the query finds no row. A database that cannot be read at that moment is no answer."""
        counted = f"SELECT count(*) AS n FROM ({query})"
        until(lambda: [row["n"] for row in self.rows(counted)] == [0], seconds, what=f"none of: {query}")

    # --- people -----------------------------------------------------------------------------------

    def at_desk(self) -> Agent:
        """An agent with the shared mailbox open in an ordinary client."""
        return Agent(self.mail_servers, self.user, address=self.address)
