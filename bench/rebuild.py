"""How long a rebuild takes and how much memory it needs: `python -m bench.rebuild [N=10000]`.

N messages lie in one flat file: those of the benchmark's stream, a quarter of an hour apart, a signed copy of the
acknowledgement of each new request, and an agent's answer to each request and reply, an hour later. The mailbox reads
them from there, so that its memory is not measured, and no server takes part. The second process that parses is
included. It is measured twice: a mailbox without a ledger, and then with the copy of that one's.
"""

import json
import logging
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from bench.corpus import DOMAIN, MX, OFFICE, MessageStream, Truth
from oacmail import config as settings
from oacmail import log, wiring
from oacmail.config import Config
from oacmail.config.sections import TrustSection
from oacmail.core import tokens
from oacmail.core.effects import Send
from oacmail.core.kinds import MailKind
from oacmail.core.model import Folder
from oacmail.core.policy import Policy
from oacmail.core.ports import Fetched, FolderState, FolderTree, MessageMeta, WatchedFolder
from oacmail.engine.engine import Engine
from oacmail.engine.ledger import message
from oacmail.mail.parse import parse
from oacmail.parse_worker import ParseWorker
from oacmail.rebuild.build import Rebuild
from oacmail.store.store import SqliteStore

STEP = 900.0
ANSWERED_AFTER = 3600
SECRET = b"a secret of the benchmark alone"
INSTANCE = "be2c4a11"
LEDGER = "oacmail"
ROLES = {"INBOX": Folder.INTAKE, "Sent": Folder.SENT}


class FlatMailbox:
    """The half of port `Mailbox` that a rebuild uses: (offset, size, seconds, signed) of each message by folder."""

    def __init__(self, folder: Path) -> None:
        self._index = json.loads((folder / "index.json").read_text())
        self._file = (folder / "messages").open("rb")
        self._open = "INBOX"

    def watched(self) -> Sequence[WatchedFolder]:
        return [WatchedFolder(name=name, role=role) for name, role in ROLES.items()]

    def tree(self) -> FolderTree:
        return FolderTree(separator="/", prefix="", names=frozenset(self._index))

    def open(self, folder: str) -> FolderState:
        self._open = folder
        return FolderState(uidvalidity=1, uidnext=len(self._rows) + 1, exists=len(self._rows))

    @property
    def _rows(self) -> list[tuple[int, int, int, bool]]:
        rows: list[tuple[int, int, int, bool]] = self._index[self._open]
        return rows

    def bearing(self, field: str, text: str = "") -> set[int]:  # noqa: ARG002
        return {uid for uid, row in enumerate(self._rows, 1) if row[3]}

    def metas(self, uids: Sequence[int] | None = None) -> Sequence[MessageMeta]:
        wanted = range(1, len(self._rows) + 1) if uids is None else uids
        return [
            MessageMeta(uid=uid, size=row[1], internal_date=datetime.fromtimestamp(row[2], UTC))
            for uid in wanted
            for row in (self._rows[uid - 1],)
        ]

    def fetch(self, uids: Sequence[int]) -> Mapping[int, Fetched]:
        return {uid: Fetched(raw=self._read(uid)) for uid in uids}

    def _read(self, uid: int) -> bytes:
        offset, size, *_ = self._rows[uid - 1]
        self._file.seek(offset)
        return self._file.read(size)


def _policy(config: Config) -> Policy:
    return settings.policy(config, workdays=wiring.deadline_calendar(config), secrets=(SECRET,), instance=INSTANCE)


def _config(state: Path) -> Config:
    config = settings.builtin()
    office = config.office.model_copy(update={"state": state, "address": OFFICE})
    trust = TrustSection(provider="postfix", authserv_id=MX, mx=(MX,))
    return config.model_copy(update={"office": office, "trust": trust})


def make(count: int, folder: Path) -> None:
    config = _config(folder)
    policy, parser_config = _policy(config), wiring.parser_config(config)
    zone = ZoneInfo("Europe/Madrid")
    end = datetime.now(UTC).timestamp()
    start = end - STEP * count
    index: dict[str, list[tuple[int, int, int, bool]]] = {name: [] for name in ROLES}
    written = serial = 0
    with (folder / "messages").open("wb") as out:

        def add(name: str, raw: bytes, at: int, *, signed: bool) -> None:
            index[name].append((out.tell(), len(raw), at, signed))
            out.write(raw)

        for message in MessageStream(1, start, STEP).messages(count):
            if written >= count:
                break
            add("INBOX", message.raw, message.received_at, signed=False)
            written += 1
            if message.truth.kind == "new":
                serial += 1
                at = datetime.fromtimestamp(message.received_at, UTC)
                number = tokens.case_number(policy, at.astimezone(zone).year, serial)
                fingerprint = parse(message.raw, parser_config, day=at.date().isoformat()).fingerprint
                sent = (message.truth.sender, message.truth.message_id)
                add("Sent", _ack(policy, number, fingerprint, *sent, at), message.received_at + 3, signed=True)
                written += 1
            if message.truth.kind in ("new", "reply") and message.received_at + ANSWERED_AFTER < end:
                add("Sent", _answer(message.truth), message.received_at + ANSWERED_AFTER, signed=False)
                written += 1
    (folder / "index.json").write_text(json.dumps(index))


def _ack(policy: Policy, number: str, fingerprint: str, citizen: str, answers: str, received_at: datetime) -> bytes:
    text = "Hem rebut la vostra consulta i us respondrem.\n"
    key, sent_at = f"ack:{fingerprint}", received_at + timedelta(seconds=2)
    send = Send(
        key=key,
        kind=MailKind.ACK,
        lang="ca",
        recipient=citizen,
        case=number,
        message=fingerprint,
        received_at=received_at,
        due_at=received_at + timedelta(days=1),
    )
    mark = tokens.sign_mail(policy, "", send, sent_at, text)
    fields = (
        f"From: OAC 360 <{OFFICE}>",
        f"To: {citizen}",
        f"Subject: [{tokens.case_token(policy, number)}] Hem rebut la vostra consulta",
        f"Date: {format_datetime(sent_at)}",
        f"Message-ID: {tokens.message_id(policy, key)}",
        f"In-Reply-To: {answers}",
        f"References: {answers}",
        "Auto-Submitted: auto-replied",
        f"X-Oacmail: {mark}",
    )
    return ("\n".join(fields) + f"\n\n{text}").encode()


def _answer(to: Truth) -> bytes:
    fields = (
        f"From: OAC 360 <{OFFICE}>",
        f"To: {to.sender}",
        "Subject: Re: la vostra consulta",
        f"Message-ID: <answer-{to.number}@{DOMAIN}>",
        f"In-Reply-To: {to.message_id}",
        f"References: {to.message_id}",
    )
    return ("\n".join(fields) + "\n\nBon dia, el tràmit es fa a la seu electrònica, a l'apartat Tràmits.\n").encode()


def main(count: int) -> None:
    with tempfile.TemporaryDirectory(prefix="oacmail-rebuild-") as scratch:
        for step in ("make", "replay", "ledger"):
            subprocess.run([sys.executable, "-m", "bench.rebuild", str(count), scratch, step], check=True)


def measure(folder: Path, step: str) -> None:
    """Rebuild, and print what it took. `replay` leaves its ledger in the mailbox, for `ledger`."""
    log.configure(level=logging.CRITICAL)
    parsing = ParseWorker()
    config = _config(folder / step)
    policy = _policy(config)
    second: list[int] = []
    began, cpu = time.monotonic(), time.process_time()

    def progress(what: str, done: int, of: int) -> None:
        if done % 10_000 < 40 or done == of:
            second[:] = [_peak(parsing.process.pid if parsing.process else 0)]
            print(f"{what}: {done} of {of}, {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)

    now = datetime.now(UTC).replace(microsecond=0)
    report = Rebuild(
        state=config.office.state,
        mailbox=FlatMailbox(folder),  # type: ignore[arg-type]
        policy=policy,
        engine=lambda store, clock: Engine(
            policy=policy,
            store=store,
            renderer=wiring.renderer(config, policy),
            clock=clock,
            parser_config=wiring.parser_config(config),
        ),
        parser_config=wiring.parser_config(config),
        now=now,
        parsing=parsing,
        ledger=LEDGER,
        on_progress=progress,
    ).run(dry_run=False)
    wall, used = time.monotonic() - began, time.process_time() - cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    size = (config.office.state / "oacmail.db").stat().st_size
    with closing(SqliteStore(config.office.state)) as store:
        with store.ledger_pieces("", now) as (made, _):
            pieces = list(made)
        rows = store.con.execute("SELECT count(*) FROM ledger_rows").fetchone()[0]
    print(f"{step}: {report.messages} messages, {sum(report.cases.values())} cases, {report.proven} numbers, ", end="")
    print(f"{len(report.held)} held, {report.unread} unread, {report.ledger.why or 'as the ledger says'} ({DOMAIN})")
    print(f"wall {wall:.0f} s, CPU {used:.0f} s, {report.messages / wall:.0f}/s, ", end="")
    print(f"peak {peak} MB and {sum(second)} MB, database {size // 1_000_000} MB; ", end="")
    print(f"ledger {rows} rows, {sum(map(len, pieces)) * 4 / 3 / 1_000_000:.1f} MB in the mailbox")
    _leave(folder, pieces, policy)


def _leave(folder: Path, pieces: Sequence[bytes], policy: Policy) -> None:
    index = json.loads((folder / "index.json").read_text())
    index[LEDGER] = []
    with (folder / "messages").open("ab") as out:
        for piece in pieces:
            raw = message(piece, OFFICE, policy.secrets[0], datetime.now(UTC))
            index[LEDGER].append((out.tell(), len(raw), int(time.time()), True))
            out.write(raw)
    (folder / "index.json").write_text(json.dumps(index))


def _peak(pid: int) -> int:
    """VmHWM of a process in MB; 0 = it has ended."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) // 1024 for line in lines if line.startswith("VmHWM"))


if __name__ == "__main__":
    if sys.argv[3:] == ["make"]:
        make(int(sys.argv[1]), Path(sys.argv[2]))
    elif len(sys.argv) > 3:
        measure(Path(sys.argv[2]), sys.argv[3])
    else:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000)
