"""The order of a rebuild: look at the mailbox, read the proofs, play, judge what is unproven, put the file in place.

The new database is made in a folder of its own beside the lost one and renamed when it is complete: a kill leaves
nothing half. It never replaces a database that holds a case.
"""

import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

from oacmail import reporting
from oacmail.charts import Drawn
from oacmail.core.board import BoardNames
from oacmail.core.errors import Fatal, Refused, Transient
from oacmail.core.model import Auto, Folder
from oacmail.core.policy import CanaryRules, Policy
from oacmail.core.ports import Clock, Mailbox
from oacmail.core.tokens import name_of_key
from oacmail.engine import Engine
from oacmail.engine.ledger import read
from oacmail.mail.parse import InlineParser, Parser, parse
from oacmail.mail.parser_config import ParserConfig
from oacmail.rebuild import board
from oacmail.rebuild import proofs as copies
from oacmail.rebuild.contents import Contents, Found, batches, fetched, look_at
from oacmail.rebuild.judge import UnprovenMails, settle_unproven
from oacmail.rebuild.late_reading import LateReadingFinder, LateReadings
from oacmail.rebuild.play import Play
from oacmail.rebuild.proofs import Proofs
from oacmail.rebuild.summary import Held, RebuildSummary
from oacmail.replay import VirtualClock
from oacmail.store import SqliteStore, admin, connection, rebuilt, rebuilt_numbers, remembered
from oacmail.store.ledger import Copied, bring_back, joined
from oacmail.store.rebuilt_numbers import GivenNumber
from oacmail.words.report_forms import report_page

SHADOW = timedelta(days=30)  # before the first mail of ours: for so long a service may have run in shadow
FOLDER = "rebuilding"  # in the state directory, until the new database is complete
_REMEDY = "if it is lost for good, move it out of the way and run oacmail rebuild again"


@dataclass(slots=True)
class Rebuild:
    """`engine` makes an engine on a new store with a virtual clock. `since`: when the service was first started; None =
    the first message that our own mail answers. `now`: the real time. `on_progress`: what, how many, of how many.
    `ledger`: the folder that has its copy; '' = none."""

    state: Path
    mailbox: Mailbox
    engine: Callable[[SqliteStore, Clock], Engine]
    parser_config: ParserConfig
    now: datetime
    since: datetime | None = None
    parsing: Parser = field(default_factory=InlineParser)
    ledger: str = ""
    on_progress: Callable[[str, int, int], None] = lambda *_: None

    def run(self, *, dry_run: bool) -> RebuildSummary:
        """Raises Refused (there is a database with cases; nothing tells when the service began), Transient (the daemon
        runs; a folder cannot be read)."""
        self.state.mkdir(mode=0o700, parents=True, exist_ok=True)
        with closing(connection.lock(self.state)):
            refuse_if_used(self.state)
            with _scratch(self.state) as folder:
                summary = self._build(folder)
                if not dry_run:
                    _put_in_place(folder, self.state)
        return summary

    def _build(self, folder: Path) -> RebuildSummary:
        with closing(SqliteStore(folder)) as store:
            store.con.execute("PRAGMA synchronous=OFF")  # the file is flushed before it is renamed
            clock = VirtualClock(self.now)
            engine = self.engine(store, clock)
            engine.policy = replace(engine.policy, canary=CanaryRules())  # canaries of the past are found as copies
            names = board.names_on(engine.policy, self.mailbox)
            folders = board.with_its_folders(engine.policy, self.mailbox, names)
            found = look_at(self.mailbox, folders)
            every = found.messages(self.now)
            proofs = copies.read(engine.policy, self._copies(every))
            since = self._since(proofs)
            lived_until = min(proofs.last or self.now, self.now)
            late = self._late_readings(engine.policy, every, proofs)
            messages = late.in_order(one for one in every if one.at >= since)
            keys = engine.policy.secrets
            copied = joined(read(self.mailbox, self.ledger, keys), keys) if self.ledger else None
            self._record(store, engine, found, proofs, since, copied)
            clock.moment = since
            played = self._board(store, engine, clock, names, found, lived_until, late, proofs) if names else None
            play = self._player(store, engine, clock, found, proofs, lived_until, len(messages), played, late)
            play.run(messages)
            clock.moment = lived_until
            if played:
                played.read()
            clock.moment = self.now
            judged = settle_unproven(store, engine.policy, lived_until=lived_until, now=self.now)
            without_message = self._finish(store, found)
            with store.together():
                from_ledger = bring_back(store.con, copied, engine.policy) if copied else 0
            return _summary(
                store,
                proofs,
                judged,
                play,
                tuple(dict.fromkeys(played.moved)) if played else (),
                tuple(played.unproven) if played else (),
                without_message,
                since=since,
                lived_until=lived_until,
                past=len(every) - len(messages),
                unplayed=tuple(self._of_people(one for one in every if since - SHADOW <= one.at < since)),
                messages=len(messages),
                from_ledger=from_ledger,
            )

    def _copies(self, messages: Sequence[Found]) -> Iterator[tuple[Found, bytes]]:
        own = [one for one in messages if one.own]
        done = 0
        for batch in batches(own):
            got = fetched(self.mailbox, batch)
            yield from ((one, got[one.ref].raw) for one in batch if one.ref in got)
            done += len(batch)
            self.on_progress("our own mail", done, len(own))

    def _of_people(self, past: Iterable[Found]) -> Iterator[str]:
        """The Message-IDs of what no machine has sent."""
        for batch in batches([one for one in past if one.role is not Folder.SENT and not one.own]):
            for found in fetched(self.mailbox, batch).values():
                message = parse(found.raw, self.parser_config)
                if message.auto is Auto.NONE:
                    yield message.message_id

    def _late_readings(self, policy: Policy, messages: Sequence[Found], proofs: Proofs) -> LateReadings:
        return LateReadingFinder(
            policy=policy,
            parser_config=self.parser_config,
            mailbox=self.mailbox,
            messages=messages,
            proofs=proofs,
        ).find()

    def _since(self, proofs: Proofs) -> datetime:
        found = self.since or proofs.first
        if found is not None:
            return found
        others = f"{proofs.foreign} are signed with another key" if proofs.foreign else "there is none of ours"
        raise Refused(
            f"no mail in the mailbox is signed with this token key ({others}): put the key back; if it is lost, or "
            "smtp.self_copy was off, say when the service was first started: --since DATE"
        )

    def _record(
        self,
        store: SqliteStore,
        engine: Engine,
        found: Contents,
        proofs: Proofs,
        since: datetime,
        copied: Copied | None,
    ) -> None:
        """Every place, and the numbers that were given; nothing is played yet."""
        cases = copied.rows["cases"].values() if copied else ()
        with store.together():
            rebuilt.begin(store.con)
            store.signed_with(map(name_of_key, engine.policy.secrets), since)
            for box in found.folders:
                state = box.state
                store.begin_folder(box.watched, state.uidvalidity, state.uidnext, since)
                past = {meta.uid for meta in box.metas if meta.internal_date < since}
                store.sight(box.watched.name, state.uidvalidity, box.metas, past, self.now)
            recorded = {
                case["number"]: GivenNumber(told_at=connection.at(case["opened_at"]), told_to="", arrived_at=None)
                for case in cases
            }
            told = {**recorded, **proofs.told()}
            rebuilt_numbers.give(store.con, told, self.now, from_the_first=self.since is not None)
            for case in cases:
                rebuilt.reserve(store.con, case["opened_by"], case["number"], self.now)
            for proof in proofs.acks().values():
                rebuilt.reserve(store.con, proof.message, proof.case, self.now)
            # A notice names the message that opened the case; an acknowledgement may name a whole thread.
            for proof in sorted(proofs.of_the_service, key=lambda proof: proof.is_acknowledgement):
                if proof.case:
                    rebuilt.reserve_thread(store.con, proof.recipient, proof.refs, proof.case, self.now)

    def _player(
        self,
        store: SqliteStore,
        engine: Engine,
        clock: VirtualClock,
        found: Contents,
        proofs: Proofs,
        lived_until: datetime,
        count: int,
        played: board.PlayedBoard | None,
        late: LateReadings,
    ) -> Play:
        return Play(
            engine=engine,
            store=store,
            clock=clock,
            mailbox=self.mailbox,
            parsing=self.parsing,
            parser_config=self.parser_config,
            folders=found.folders,
            proofs=proofs,
            publish=lambda: _publish(store, engine),
            lived_until=lived_until,
            on_progress=lambda done: self.on_progress("messages", done, count),
            board=played,
            late_readings=late,
        )

    def _board(
        self,
        store: SqliteStore,
        engine: Engine,
        clock: VirtualClock,
        names: BoardNames,
        found: Contents,
        lived_until: datetime,
        late: LateReadings,
        proofs: Proofs,
    ) -> board.PlayedBoard:
        return board.PlayedBoard(
            engine=engine,
            store=store,
            clock=clock,
            mailbox=self.mailbox,
            parser_config=self.parser_config,
            names=names,
            folders=found.folders,
            lived_until=lived_until,
            now=self.now,
            late_readings=late,
            acks=proofs.acks(),
        )

    def _finish(self, store: SqliteStore, found: Contents) -> list[str]:
        """The folders count as read when they were looked at: what has arrived since is new to the service."""
        with store.together():
            store.synced((box.read(compared=True) for box in found.folders), self.now)
            without_message = rebuilt_numbers.raise_above_given(store.con, self.now)
            rebuilt.finish(store.con, self.now)
        return without_message


def _publish(store: SqliteStore, engine: Engine) -> None:
    """The months that are over count as reported, without pictures: their mails are not sent."""
    now = engine.now()
    while month := reporting.next_month(store.con, engine.policy, now, None):
        made = reporting.to_publish(store.con, engine.policy, month, now)
        engine.perform(reporting.ready(made, engine.policy, report_page, lambda _: Drawn({})))


def refuse_if_used(state: Path) -> None:
    """Raises Refused if the state directory has a database that holds cases or mails, or that cannot be read."""
    try:
        _, used = remembered.compare_keys(state)
    except (Fatal, Transient) as error:
        raise Refused(f"there is a database, which cannot be read ({error}): {_REMEDY}") from error
    if used:
        raise Refused(
            f"there is a database with cases in {state}: to return to a backup, use oacmail restore; {_REMEDY}"
        )


@contextmanager
def _scratch(state: Path) -> Iterator[Path]:
    """An empty folder in the state directory, without what a killed rebuild has left there."""
    folder = state / FOLDER
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _put_in_place(folder: Path, state: Path) -> None:
    """Flush the new database, put an empty one aside, and give it the name of the lost one."""
    new = folder / connection.FILE
    for one in (new, folder):
        _flush(one)
    admin.set_aside(state)
    new.replace(state / connection.FILE)
    _flush(state)


def _flush(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _summary(
    store: SqliteStore,
    proofs: Proofs,
    judged: UnprovenMails,
    play: Play,
    moved: Sequence[str],
    unproven: Sequence[str],
    without_message: Sequence[str],
    *,
    since: datetime,
    lived_until: datetime,
    past: int,
    unplayed: tuple[str, ...],
    messages: int,
    from_ledger: int,
) -> RebuildSummary:
    numbers = rebuilt.numbers(store.con)
    told = {proof.case for proof in proofs.proven}
    return RebuildSummary(
        since=since,
        lived_until=lived_until,
        past=past,
        unplayed=unplayed,
        messages=messages,
        unread=rebuilt.unworked(store.con),
        cases=rebuilt.cases(store.con),
        proven=sum(number in told for number in numbers),
        by_order=tuple(number for number in numbers if number not in told),
        without_message=tuple(without_message),
        gone=play.gone,
        ordered=play.ordered,
        moved=tuple(moved),
        owed=tuple(rebuilt.owing(store.con, (*play.owed, *unproven))),
        left=len(proofs.of_the_service),
        held=tuple(Held(case=mail.case or "", key=mail.key) for mail in judged.held),
        dropped=len(judged.dropped),
        waiting=len(judged.waiting),
        foreign=proofs.foreign,
        from_ledger=from_ledger,
    )
