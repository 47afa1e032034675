"""Many towns on one machine: N daemons, each with its own mailbox on a private Dovecot, one sink as their relay.

Measured for each daemon: memory when idle and after its mails (PSS, RSS, private), CPU seconds a minute when idle, and
the seconds from the delivery of a message (LMTP's reply) to its acknowledgement in the sink, first one message after
the other, then one to every town at once. All towns share one budget of the relay. Printed are the medians and
extremes, and what 100 towns would need by this.

    python -m bench.towns [N=20] [--idle SECONDS] [--rounds R] [--python PROGRAM]      as root, with Dovecot

`--python`: the interpreter of another virtual environment for the daemons, such as one of requirements.txt alone.
"""

import argparse
import os
import random
import re
import shutil
import smtplib
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from bench.process import ROOT
from bench.sink import Sink
from testbed.office import NO_LIMITS, as_toml, sections
from tests.servers.certs import make_certificates
from tests.servers.dovecot import PASSWORD, Dovecot
from tests.servers.ports import HOST
from tests.servers.waiting import until

MANY = 100
"""For so many towns the need is computed."""
SETTLED = 45.0  # seconds after the last daemon has read its mailbox: two ticks
PATIENCE = 300.0
MESSAGE = """\
From: Anna Puig <{sender}>
To: <{town}@town.example>
Subject: Consulta {number}
Message-ID: {message_id}
Date: {date}
Content-Type: text/plain; charset=utf-8

Bon dia, com puc demanar el volant d'empadronament? És per a la beca. Gràcies, Anna
"""


@dataclass(frozen=True, slots=True)
class Memory:
    """In MB. `private`: what one more process would need; PSS adds its part of the pages that processes share."""

    pss: float
    rss: float
    private: float

    @classmethod
    def of(cls, pid: int) -> "Memory":
        rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
        kilobytes = {name: int(number) for name, number in re.findall(r"^(\w+): +(\d+) kB", rollup, re.MULTILINE)}
        private = kilobytes["Private_Clean"] + kilobytes["Private_Dirty"]
        return cls(kilobytes["Pss"] / 1024, kilobytes["Rss"] / 1024, private / 1024)


def cpu_seconds(pid: int) -> float:
    """User and system time of a process and its ended children."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(int(field) for field in fields[11:15]) / os.sysconf("SC_CLK_TCK")


class ProviderTown:
    """One daemon with its mailbox."""

    def __init__(self, root: Path, name: str, server: Dovecot, smtp: int, python: str) -> None:
        self.name, self.folder = name, root / name
        self.folder.mkdir()
        (self.folder / "password").write_text(PASSWORD)
        (self.folder / "password").chmod(0o600)
        config = sections(
            f"{name}@town.example",
            office={"calendar": "none"},
            imap={
                "port": server.imaps_port,
                "ca_file": str(server.certs.ca),
                "user": name,
                "password_file": "password",
            },
            smtp={
                "port": smtp,
                "security": "none",
                "per_minute": 6000,
                "shared_budget": str(root / "budget"),
                "self_copy": False,
            },
            people={"supervisor": "cap@example.cat", "operator": "sistemes@example.cat"},
            ack=NO_LIMITS,
        )
        (self.folder / "config.toml").write_text(as_toml(config))
        with (self.folder / "log").open("wb") as log:
            command = [python, "-m", "oacmail", "--config", str(self.folder / "config.toml"), "run"]
            self.process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def has_read(self) -> bool:
        """Whether it has completed a pass over its mailbox. RuntimeError if it has ended."""
        if self.process.poll() is not None:
            raise RuntimeError(f"{self.name} ended\n{(self.folder / 'log').read_text()[-2000:]}")
        with suppress(sqlite3.OperationalError):
            con = sqlite3.connect(f"file:{self.folder}/state/oacmail.db?mode=ro", uri=True)
            try:
                return con.execute("SELECT 1 FROM kv WHERE key = 'passes'").fetchone() is not None
            finally:
                con.close()
        return False


@contextmanager
def running(root: Path, count: int, server: Dovecot, sink: Sink, python: str) -> Iterator[list[ProviderTown]]:
    """The daemons, all of which have read their mailboxes."""
    (root / "budget").touch()
    towns: list[ProviderTown] = []
    try:
        for number in range(count):
            towns.append(ProviderTown(root, f"town{number:03d}", server, sink.port, python))
            until(towns[-1].has_read, PATIENCE, what=f"{towns[-1].name} reads its mailbox")
        yield towns
    finally:
        for town in towns:
            town.process.terminate()
        for town in towns:
            town.process.wait(60)


class Post:
    """Delivers messages and knows when each was acknowledged."""

    def __init__(self, server: Dovecot, sink: Sink) -> None:
        self._port, self._sink, self._at = server.lmtp_port, sink, dict[str, float]()

    def deliver(self, town: ProviderTown) -> str:
        number = len(self._at) + 1
        message_id, sender = f"<m{number}@poble.example>", f"anna{number}@poble{number}.example"
        date = time.strftime("%a, %d %b %Y %H:%M:%S +0000", time.gmtime())
        text = MESSAGE.format(sender=sender, town=town.name, number=number, message_id=message_id, date=date)
        with smtplib.LMTP(HOST, self._port) as client:
            client.sendmail(sender, [f"{town.name}@town.example"], text.encode())
            self._at[message_id] = time.time()
        return message_id

    def latencies(self, messages: Sequence[str]) -> list[float]:
        """Seconds for each of these messages, once all are acknowledged."""
        answered: dict[str, float] = {}

        def _all_there() -> bool:
            answered.update((mail["in_reply_to"], mail["at"]) for mail in self._sink.mails())
            return all(message in answered for message in messages)

        until(_all_there, PATIENCE, every=0.1, what="the acknowledgements")
        return [answered[message] - self._at[message] for message in messages]


def _told(what: str, values: Sequence[float], unit: str) -> None:
    ordered = sorted(values)
    late = ordered[min(len(ordered) - 1, int(len(ordered) * 0.95))]
    print(
        f"{what}: median {statistics.median(ordered):.2f}, least {ordered[0]:.2f}, 95 % within {late:.2f}, "
        f"most {ordered[-1]:.2f} {unit}",
        flush=True,
    )


def _memory(when: str, towns: Sequence[ProviderTown]) -> list[Memory]:
    found = [Memory.of(town.process.pid) for town in towns]
    kinds: dict[str, Callable[[Memory], float]] = {
        "PSS": lambda one: one.pss,
        "RSS": lambda one: one.rss,
        "private": lambda one: one.private,
    }
    for name, value in kinds.items():
        _told(f"{name} {when}", [value(one) for one in found], "MB")
    return found


def _idle(towns: Sequence[ProviderTown], seconds: float) -> list[float]:
    """CPU seconds a minute of each daemon while nothing arrives."""
    before, begun = [cpu_seconds(town.process.pid) for town in towns], time.monotonic()
    time.sleep(seconds)
    minutes = (time.monotonic() - begun) / 60
    used = [(cpu_seconds(town.process.pid) - old) / minutes for town, old in zip(towns, before, strict=True)]
    _told("CPU when idle", used, "s a minute")
    return used


def extrapolated(memory: Sequence[Memory], cpu: Sequence[float]) -> str:
    """What MANY towns need: private memory of each, the shared pages once, and the idle CPU of each."""
    count = len(memory)
    private = statistics.mean(one.private for one in memory)
    shared = sum(one.pss - one.private for one in memory)
    processor = statistics.mean(cpu)
    return (
        f"{MANY} towns: {MANY} x {private:.1f} + {shared:.0f} = {MANY * private + shared:.0f} MB "
        f"(measured with {count}: {sum(one.pss for one in memory):.0f} MB), "
        f"{MANY} x {processor:.2f} s a minute = {MANY * processor / 60:.2f} of a core when idle"
    )


def measure(root: Path, count: int, idle: float, rounds: int, python: str) -> None:
    with Dovecot(root / "dovecot", make_certificates(root / "tls")) as server, Sink(root) as sink:
        begun = time.monotonic()
        with running(root, count, server, sink, python) as towns:
            print(f"{count} towns read their mailboxes after {time.monotonic() - begun:.0f} s, started one by one")
            time.sleep(SETTLED)
            _memory("when idle", towns)
            cpu = _idle(towns, idle)
            post, order = Post(server, sink), random.Random(1)
            for turn in range(rounds):
                taken = [post.latencies([post.deliver(town)])[0] for town in order.sample(towns, count)]
                _told(f"one by one, round {turn + 1}: delivery to acknowledgement", taken, "s")
            burst = post.latencies([post.deliver(town) for town in towns])
            _told("one to every town at once: delivery to acknowledgement", burst, "s")
            print(extrapolated(_memory("after the mails", towns), cpu))


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("count", type=int, nargs="?", default=20)
    asked.add_argument("--idle", type=float, default=180.0)
    asked.add_argument("--rounds", type=int, default=3)
    asked.add_argument("--python", default=sys.executable)
    options = asked.parse_args()
    root = Path(tempfile.mkdtemp(prefix="towns-", dir="/tmp"))
    root.chmod(0o755)
    print(f"load {os.getloadavg()[0]:.1f}, Python of the daemons: {options.python}", flush=True)
    try:
        measure(root, options.count, options.idle, options.rounds, options.python)
    finally:
        print(f"load {os.getloadavg()[0]:.1f}")
        shutil.rmtree(root, ignore_errors=True)


if __name__ == "__main__":
    main()
