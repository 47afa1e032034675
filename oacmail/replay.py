"""Process an archive with today's rules: the real engine on a scratch database and a virtual clock. Sends nothing.

Messages are processed in the order of their arrival (top Received field, else Date, else the file's date). Between them
time passes in ticks as for the daemon, so that reminders and escalations happen when they would have.
"""

import mailbox
import re
import tempfile
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from oacmail import wiring
from oacmail.config import Config
from oacmail.core.effects import Arrived, Decision, Effect, OpenCase, RecordMessage, Send
from oacmail.core.model import Folder
from oacmail.engine.engine import Engine, Ticks
from oacmail.mail.mime import headers
from oacmail.mail.mime.headers import Fields
from oacmail.mail.parse import parse
from oacmail.store.store import SqliteStore

STEP = timedelta(hours=1)
LONGEST_SILENCE = timedelta(days=40)  # after this time no deadline can remain


class VirtualClock(Struct):
    moment: datetime

    def now(self) -> datetime:
        return self.moment


def replayed(archive: Path, config: Config) -> Iterator[dict[str, Any]]:
    """Yield a row for each message, in the form of docs/interfaces.md section 3, `replay --json`."""
    messages = sorted(_messages(archive), key=lambda pair: pair[0])
    with tempfile.TemporaryDirectory(prefix="oacmail-replay-") as scratch, closing(SqliteStore(Path(scratch))) as store:
        store.con.execute("PRAGMA synchronous=OFF")  # a scratch database needs no crash safety
        # Shadow: what is queued is never sent, whatever else runs on this host.
        policy = replace(wiring.rules(config), workdays=wiring.deadline_calendar(config), shadow=True)
        clock = VirtualClock(messages[0][0] if messages else datetime.now(UTC))
        engine = Engine(
            policy=policy,
            store=store,
            renderer=wiring.renderer(config, policy),
            clock=clock,
            parser_config=wiring.parser_config(config),
        )
        for received_at, raw in messages:
            _pass_time(engine, clock, received_at)
            message = parse(raw, engine.parser_config, day=received_at.date().isoformat())
            ours = message.sender in engine.policy.office.own and not message.auth.from_outside
            arrived = Arrived(message=message, received_at=received_at, folder=Folder.SENT if ours else Folder.INTAKE)
            yield _row(arrived, engine.perform(arrived, raw=raw))


def _pass_time(engine: Engine, clock: VirtualClock, until: datetime) -> None:
    ticks = Ticks(engine=engine)
    end = min(until, clock.moment + LONGEST_SILENCE)
    while clock.moment + STEP < end:
        clock.moment += STEP
        ticks.tick()
    clock.moment = max(clock.moment, until)


def _messages(archive: Path) -> Iterator[tuple[datetime, bytes]]:
    if archive.is_dir():
        for folder in ("new", "cur"):
            for path in sorted((archive / folder).glob("*")):
                yield _arrival(path.read_bytes(), datetime.fromtimestamp(path.stat().st_mtime, UTC)), path.read_bytes()
        return
    box = mailbox.mbox(archive, create=False)
    try:
        otherwise = datetime.fromtimestamp(archive.stat().st_mtime, UTC)
        for key in box.iterkeys():
            raw = box.get_bytes(key)
            yield _arrival(raw, otherwise), raw
    finally:
        box.close()


def _arrival(raw: bytes, otherwise: datetime) -> datetime:
    fields = Fields.of(raw)
    stamped = fields.first("received").rpartition(";")[2]
    found = headers.read_date(stamped) or headers.read_date(fields.first("date")) or otherwise
    return found.replace(microsecond=0)


def _row(arrived: Arrived, decision: Decision) -> dict[str, Any]:
    attach = decision.record
    assert attach is not None
    return {
        "message_id": arrived.message.message_id or None,
        "received_at": arrived.received_at.isoformat(),
        "role": attach.role,
        "kind": attach.kind,
        "case": attach.case,
        "joined_by": attach.rule or attach.outcome,
        "effects": [_named(effect) for effect in decision.writes],
    }


def _named(effect: Effect | RecordMessage) -> str:
    if isinstance(effect, OpenCase) and effect.due_at is not None:
        return f"open, due {effect.due_at.isoformat()}"
    return (
        f"send {effect.kind}"
        if isinstance(effect, Send)
        else re.sub(r"(?<!^)(?=[A-Z])", "_", type(effect).__name__).lower()
    )
