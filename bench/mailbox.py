"""The mailbox of the benchmark on a private Dovecot, and its messages as files of a Maildir.

python -m bench.mailbox N FOLDER [SEED]      N messages into FOLDER/new, truth.jsonl beside it
"""

import imaplib
import json
import os
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from bench.corpus import BenchMessage, MessageStream, Truth
from bench.sink import Sink
from testbed.office import NO_LIMITS, PROVEN, as_toml, sections
from testbed.people import OFFICE, ROLES, TOWN
from tests.servers.certs import make_certificates
from tests.servers.dovecot import PASSWORD, Dovecot
from tests.servers.ports import HOST

USER = "oac360"
WITHIN = 7200.0
"""All messages arrive in the two hours before the start, so that no deadline passes during a run."""


class BenchMailbox:
    """N messages on their own Dovecot, with UIDs assigned, so that no program pays for that."""

    def __init__(self, root: Path, count: int, seed: int) -> None:
        self.server = Dovecot(root / "dovecot", make_certificates(root / "tls"))
        self.server.start()
        step = WITHIN / count
        self.truths = write(self.server.home(USER), MessageStream(seed, time.time() - WITHIN, step).messages(count))
        for folder, _, files in os.walk(self.server.home(USER).parent):
            for name in (".", *files):
                os.chown(Path(folder) / name, self.server.uid, self.server.gid)
        self._open(count)

    def _open(self, count: int) -> None:
        client = imaplib.IMAP4(HOST, self.server.imap_port)
        client.login(USER, PASSWORD)
        _, data = client.select("INBOX", readonly=True)
        client.logout()
        assert data[0] is not None
        assert int(data[0]) == count


def write(folder: Path, messages: Iterator[BenchMessage]) -> list[Truth]:
    """Write each message to a file in FOLDER/new; file time and order of names follow the arrival."""
    (folder / "new").mkdir(parents=True, exist_ok=True)
    truths = []
    for message in messages:
        path = folder / "new" / f"{message.received_at}.M{message.truth.number:06d}P1.bench"
        path.write_bytes(message.raw)
        os.utime(path, (message.received_at, message.received_at))
        truths.append(message.truth)
    return truths


def write_config(root: Path, box: BenchMailbox, sink: Sink) -> Path:
    """Write the configuration of the office for this mailbox and this relay, and return its path."""
    (root / "password").write_text(PASSWORD)
    (root / "password").chmod(0o600)
    path = root / "config.toml"
    config = sections(
        OFFICE,
        town=TOWN,
        imap={
            "port": box.server.imap_port,
            "security": "none",
            "user": USER,
            "password_file": "password",
            "backlog_days": 3650,
        },
        smtp={"port": sink.port, "security": "none", "per_minute": 0, "self_copy": False},
        trust=PROVEN,
        people=ROLES,
        deadline={"digest_above": 1_000_000},
        ack={**NO_LIMITS, "max_age_hours": 0},
    )
    path.write_text(as_toml(config))
    return path


def main(count: str, folder: str, seed: str = "1") -> None:
    truths = write(Path(folder), MessageStream(int(seed)).messages(int(count)))
    lines = (json.dumps(asdict(truth), ensure_ascii=False) + "\n" for truth in truths)
    (Path(folder) / "truth.jsonl").write_text("".join(lines), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
