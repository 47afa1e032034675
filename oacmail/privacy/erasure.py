"""Forgets a person: look, refuse while something is open, erase in the database, the mailbox and the copies; and
forget again what has come back.
"""

import json
import sqlite3
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, suppress
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.policy import compat32
from email.utils import getaddresses
from pathlib import Path

from msgspec import Struct, field
from msgspec.structs import replace

from oacmail import wiring
from oacmail.config import Config
from oacmail.core import calendar
from oacmail.core.cases import is_ours
from oacmail.core.errors import OacmailError, Refused, Transient, UnreadableMessage, WrongUsage
from oacmail.core.kinds import IN_FLIGHT
from oacmail.core.model import MessageRef
from oacmail.core.policy import Policy
from oacmail.core.ports import Fetched, MessageMeta
from oacmail.core.stored_values import SEARCHED, UNCERTIFIED
from oacmail.core.tokens import name_of_key, person_mark
from oacmail.imap.mailbox import ImapMailbox
from oacmail.mail.parse import parse
from oacmail.privacy.certificate import FOLDER, BackupLeft, verify
from oacmail.store import erase, ledger, personal, remembered
from oacmail.store.connection import connect, connect_at_rest, moment, schema, stamp, transaction
from oacmail.store.erase import Backup, Forgotten
from oacmail.store.personal import Hold, Scope, Traces
from oacmail.store.writing import add_event, remember

# --- Copies ----------------------------------------------------------------------------------------------------------
# The other files that hold a person's data: backups, and databases that a restore has set aside.
# They are listed for the certificate; where the admin asks, the same erasure runs in each of them. A backup is brought
# to today's schema for that: an older version of oacmail can restore it no more.


def known_copies(
    con: sqlite3.Connection,
    state: Path,
    folder: Path | None,
    *,
    names: Collection[str],
    since: datetime | None,
    now: datetime,
    days: int,
) -> list[Backup]:
    """Return the backups that may hold data from `since` on (None = there is none): those recorded, those set aside,
    and those in `folder` of the office whose keys have these `names`. One that is no longer at its path may lie
    elsewhere, and counts for `days`, 0 = for ever."""
    if since is None:
        return []
    found = {one.path: one for one in (*erase.recorded_backups(con), *erase.set_aside_databases(state))}
    for path in sorted(folder.iterdir()) if folder else ():
        if path.is_file() and path.absolute() not in found and erase.is_backup_of(path, names):
            made_at = datetime.fromtimestamp(path.stat().st_mtime, since.tzinfo)
            found[path.absolute()] = Backup(path=path.absolute(), made_at=made_at, exists=True)
    gone = now - timedelta(days=days) if days else datetime.min.replace(tzinfo=UTC)
    return [one for one in found.values() if one.made_at >= since and (one.exists or one.made_at >= gone)]


def erase_in_copies(
    found: Sequence[Backup], places: Iterable[Path], policy: Policy, address: str, now: datetime, *, by: str, days: int
) -> Iterator[BackupLeft]:
    """Erase the person in those below these places; yield each as it is left. `days`: after which the town removes a
    backup, 0 = it has not said."""
    for backup in found:
        rewritten, problem = backup.exists and any(map(backup.path.is_relative_to, places)), ""
        if rewritten:
            try:
                with closing(connect(backup.path)) as con:
                    ledger.update(con, policy.secrets)
                    ledger.record(con, policy.secrets, beside=True)
                    forget(con, policy, address, now, by=by, even_open=True)
                    certified(con, policy, address)
                    erase.wipe(con)
            except (OacmailError, sqlite3.Error, OSError) as error:
                rewritten, problem = False, str(error) or type(error).__name__
        made_at = backup.made_at.date()
        yield BackupLeft(
            path=str(backup.path),
            made_at=made_at.isoformat(),
            until=(made_at + timedelta(days=days)).isoformat() if days else None,
            erased=rewritten,
            problem=problem,
        )


# --- Mailbox ---------------------------------------------------------------------------------------------------------
# A person's messages in the mailbox: from or to them, and those of their cases. It is read with BODY.PEEK.
# Every folder that can be opened is searched by the server, and each hit is compared exactly, since a server finds
# `anna@…` in `joanna@…` too. What somebody else wrote, or got too, is found so that it can be named, and stays. Only
# `delete` changes anything, and of exactly the messages that it is given.

_TO = ("To", "Cc", "Bcc")
_FIELDS = ("From", "Reply-To", *_TO)
_OURS = ("Message-ID", "X-Oacmail-Case")
AT_ONCE = 20  # messages in memory


class Sought(Struct, frozen=True, kw_only=True):
    """`address`: of the person; `traces`: of their messages and cases. `policy` tells the office's addresses from
    everybody else's."""

    policy: Policy
    address: str
    traces: Traces


class FoundMessage(Struct, frozen=True, kw_only=True):
    """`named_in`: the fields of its head that name the person; () = it is on a case of theirs. `theirs`: the person
    wrote it, or the office wrote it to them. `shared`: somebody outside the office wrote it, or got it too."""

    ref: MessageRef
    raw: bytes
    named_in: tuple[str, ...]
    theirs: bool
    shared: bool


def find_messages(box: ImapMailbox, sought: Sought) -> Iterator[FoundMessage]:
    """Yield the messages, folder by folder. Raises Transient, and Refused if the server does not return one of them: a
    certificate must not leave it out."""
    terms = [(field, sought.address) for field in _FIELDS if "@" in sought.address]
    terms += [("Message-ID", message_id) for message_id in sought.traces.message_ids]
    terms += [("X-Oacmail-Case", case) for case in sought.traces.cases]
    for folder in box.names():
        epoch = box.open(folder).uidvalidity
        metas = {one.uid: one for one in box.metas()}
        arrived = {uid for uid, one in metas.items() if (one.size, stamp(one.internal_date)) in sought.traces.arrivals}
        hits = sorted(arrived.union(*(box.bearing(field, value) for field, value in terms)))
        for start in range(0, len(hits), AT_ONCE):
            for uid, fetched in _fetched(box, folder, hits[start : start + AT_ONCE]).items():
                ref = MessageRef(folder=folder, uidvalidity=epoch, uid=uid)
                found = _found(ref, fetched, metas.get(uid), sought)
                if found is not None:
                    yield found


def _found(ref: MessageRef, fetched: Fetched, meta: MessageMeta | None, sought: Sought) -> FoundMessage | None:
    """None: it only looks like one of the person. Who wrote it stands in From; of a form that a machine sends
    (`callback.form_senders`), in Reply-To."""
    policy, traces = sought.policy, sought.traces
    day = calendar.local_day(meta.internal_date, policy).isoformat() if meta else ""
    fingerprint = parse(fetched.raw, day=day, skipped=fetched.skipped).fingerprint
    head = message_from_bytes(fetched.raw, policy=compat32)
    fields = {name: [str(value).strip() for value in head.get_all(name, [])] for name in (*_FIELDS, *_OURS)}
    named = {name: frozenset(filter(None, (one.lower() for _, one in getaddresses(fields[name])))) for name in _FIELDS}
    writers = named["From"]
    if writers and writers <= policy.form_senders:
        writers = named["Reply-To"]
    others = frozenset[str]().union(*(named[field] for field in _TO)) - {sought.address} - policy.people.staff
    by_person = writers == {sought.address}
    by_office = bool(writers) and all(
        policy.office.is_own(writer) or writer in policy.people.staff for writer in writers
    )
    named_in = tuple(field for field in _FIELDS if sought.address in named[field])
    ours = traces.message_ids.intersection(fields["Message-ID"]) | traces.cases.intersection(fields["X-Oacmail-Case"])
    if not (named_in or ours or fingerprint in traces.fingerprints):
        return None
    return FoundMessage(
        ref=ref,
        raw=fetched.raw,
        named_in=named_in,
        theirs=by_person or (by_office and bool(named_in)),
        shared=not by_person
        and fingerprint not in traces.reports
        and (not by_office or not all(map(policy.office.is_own, others))),
    )


def _fetched(box: ImapMailbox, folder: str, uids: Sequence[int]) -> Mapping[int, Fetched]:
    """Ask alone for what a batch leaves out: it is expunged, or the server cannot read it."""
    got = dict(box.fetch(uids))
    for uid in (uid for uid in uids if uid not in got):
        try:
            got |= box.fetch([uid])
        except UnreadableMessage as error:
            raise Refused(
                f"the server does not return message {uid} in {folder}, which names this person or a case of theirs: "
                "remove it in a mail program, then run the command again"
            ) from error
    return got


def by_folder(found: Sequence[MessageRef]) -> dict[str, int]:
    """Return the number of messages by folder."""
    return Counter(ref.folder for ref in found)


def refuse_if_it_cannot_delete(box: ImapMailbox) -> None:
    """Raises Refused. A server without UIDPLUS (RFC 4315) can only expunge all messages that anybody has marked as
    deleted, and Gmail keeps what was expunged: there people must delete them."""
    offers = box.offers()
    if "UIDPLUS" not in offers or "X-GM-EXT-1" in offers:
        raise Refused("this server cannot delete single messages for good: delete them in a mail program")


def delete_messages(box: ImapMailbox, found: Sequence[MessageRef]) -> Mapping[str, int]:
    """Delete exactly these for good; return how many by folder. Raises Refused, Transient."""
    refuse_if_it_cannot_delete(box)
    for folder in by_folder(found):
        some = [ref for ref in found if ref.folder == folder]
        if box.open(folder).uidvalidity != some[0].uidvalidity:
            raise Transient("the mailbox was changed meanwhile: run the command again")
        box.erase(folder, [ref.uid for ref in some])
    return by_folder(found)


# --- Forget ----------------------------------------------------------------------------------------------------------
# A dry run is the erasure itself, rolled back, so that its counts are those of the real one. Staff are never forgotten
# here: their names in the event log are the town's record of who did what (RD 311/2022, op.exp.8).


class Forgetting(Struct, frozen=True, kw_only=True):
    """What was erased, or would be (`scope`), and the moment that its rows bear. `holds`: what stands against it; then
    nothing was erased. `related`: other addresses and numbers that the person seems to use, to be forgotten by
    themselves; `elsewhere`: cases of other people, and messages on none, that name the person."""

    address: str
    at: datetime
    scope: Scope
    found: bool
    counts: Mapping[str, int] = field(default_factory=dict)
    holds: tuple[Hold, ...] = ()
    related: tuple[str, ...] = ()
    elsewhere: tuple[str, ...] = ()
    since: datetime | None = None


class _RolledBack(Exception):
    """Ends a dry run."""


def person(policy: Policy, text: str) -> str:
    """Return the address as the database has it; a telephone number becomes `tel:+34…`. Raises WrongUsage, Refused."""
    address = text.strip().strip("<>").lower()
    digits = address.removeprefix("tel:")
    if digits.startswith("+") and digits[1:].isdigit():
        return f"tel:{digits}"
    if "@" not in address or any(char.isspace() for char in address):
        raise WrongUsage("this is neither a bare mail address nor a telephone number like +34612345678")
    if is_ours(policy, address):
        raise Refused("this is an address of the office or its staff: what they did is the town's record")
    return address


def forget(
    con: sqlite3.Connection,
    policy: Policy,
    address: str,
    now: datetime,
    *,
    by: str,
    even_open: bool = False,
    dry_run: bool = False,
    until: str = personal.NEVER,
) -> Forgetting:
    """Erase in one transaction; with `until` only what came until then (a time as stored). Raises Transient if a mail
    to the person is being sent at this moment."""
    seen = personal.find_mentions(con, address, personal.needles(con, address), None, until)
    with suppress(_RolledBack), transaction(con):
        own = personal.with_mail_about(con, personal.of_person(con, address, until))
        found = personal.with_mail_naming(con, own, until)
        others = personal.find_mentions(con, address, personal.needles(con, address), seen, until)
        rest = replace(found, mails=tuple(sorted(others.mails - set(found.mails))))
        on_their_way = (Hold(kind="mail", ref=key) for key in personal.mails_on_their_way(con, rest))
        holds = (*personal.holds(con, found, others.unprocessed), *on_their_way)
        related, elsewhere = personal.related(con, found), personal.named_elsewhere(con, found)
        since = personal.since(con, found)
        if even_open and holds:
            everything = replace(found, mails=tuple({*found.mails, *others.mails}))
            if personal.mails_on_their_way(con, everything, IN_FLIGHT):
                raise Transient(
                    "a mail about this person is being sent at this moment: run the command again in some minutes"
                )
            erase.end_open_cases(con, everything, now)
        # Its moment is the list's: by it the rows of this person are known afterwards, also those that came back.
        mark = person_mark(policy.secrets[-1], address)
        at = moment(until) if until != personal.NEVER else None
        at = at or erase.add_forgotten(con, mark, name_of_key(policy.secrets[-1]), now)
        counts = erase.erase_person(con, found, at) + erase.erase_mentions(con, others, found, at)
        if counts and not found.is_empty:
            # An event for each case, shown by `oacmail why`; one without a case for what is on none.
            for case in found.cases or (None,):
                add_event(con, case, "erased", {"by": by, "why": "forget"}, now)
            ledger.forget(con, policy.secrets)
        remember(con, UNCERTIFIED + mark, json.dumps({"counts": counts, "since": since and stamp(since)}), now)
        done = Forgetting(
            address=address,
            at=at,
            scope=found,
            found=bool(counts),
            counts=dict(counts),
            holds=holds,
            related=related,
            elsewhere=elsewhere,
            since=since,
        )
        if dry_run or (holds and not even_open):
            raise _RolledBack
    return done


def uncertified(con: sqlite3.Connection, policy: Policy, address: str) -> tuple[Counter[str], datetime | None]:
    """Return what a run erased that ended before it wrote its certificate, and when the person was first heard of."""
    known = remembered.value(con, UNCERTIFIED + person_mark(policy.secrets[-1], address))
    kept = json.loads(known) if known else {"counts": {}, "since": None}
    return Counter(kept["counts"]), moment(kept["since"])


def certified(con: sqlite3.Connection, policy: Policy, address: str) -> None:
    with transaction(con):
        con.execute("DELETE FROM kv WHERE key = ?", (UNCERTIFIED + person_mark(policy.secrets[-1], address),))


# --- Restored --------------------------------------------------------------------------------------------------------
# Forget again what has come back: after a restore or a rebuild, and every night, for messages that were read again. Who
# was forgotten is on the list of the database, on that of the database that a restore has set aside, and in the
# certificates beside it; what was erased by rows, the database set aside alone can tell. Only what is older than the
# erasure goes: whoever has written since then stays.

ACCOUNT = "again"  # the `by` of its events


def nightly_forgetting(config: Config, now: datetime) -> int:
    """Return how many people were erased again. Raises Transient, ConfigError."""
    with wiring.open_writable(config) as con:
        return forget_again(con, config.office.state, wiring.live_policy(config), now)


def forget_again(
    con: sqlite3.Connection, state: Path, policy: Policy, now: datetime, replaced: Path | None = None
) -> int:
    """Return how many people and cases were erased again. Raises Transient; sqlite3.DatabaseError where `replaced`, the
    database that was set aside, cannot be read: the lists and certificates were used all the same."""
    with transaction(con):
        erase.take_over_forgotten(con, certificates(state, policy))
    count = _people(con, policy, now)
    if replaced is not None:
        with closing(connect_at_rest(replaced)) as old:
            if "m0010_erasure" in schema(old)[0]:
                with transaction(con):
                    erase.take_over_forgotten(con, erase.listed_forgotten(old))
                count += _people(con, policy, now)
                staff = policy.people.staff
                with transaction(con):
                    cases = erase.erased_cases(con, old)
                    for case in cases:
                        found = personal.with_mail_about(con, personal.of_case(con, case, staff))
                        erase.end_open_cases(con, found, now)
                        erase.erase_person(con, found, now)
                    erase.erase_person(con, personal.of_messages(con, erase.erased_messages(con, old), staff), now)
                    ledger.forget(con, policy.secrets)
                    count += len(cases) + erase.remember_erased(con, old, now)
    if count:
        erase.wipe(con)
    return count


def certificates(state: Path, policy: Policy) -> Iterator[Forgotten]:
    """Yield what the genuine certificates in the state directory say."""
    for path in sorted((state / FOLDER).glob("erasure-*.json")):
        try:
            found = json.loads(path.read_text("utf-8"))
        except (OSError, ValueError):
            continue  # a certificate that cannot be read says nothing
        if isinstance(found, dict) and verify(policy, found):
            at = stamp(datetime.fromisoformat(found["at"]))
            yield Forgotten(person=found["person"], key=found["key"], at=at)


def _people(con: sqlite3.Connection, policy: Policy, now: datetime) -> int:
    """Erase who is on the list and has come back, as a person or in what others have written since the last search, and
    the words that have come back to erased rows; return how many people, cases and messages there were."""
    latest = {entry.person: entry.at for entry in erase.listed_forgotten(con)}
    searched = remembered.value(con, SEARCHED)
    with transaction(con):
        count = erase.empty_erased(con)
        if searched is None:
            mentions = personal.find_mentions(con, "", erase.erased_numbers(con))
            nobody = Scope(addresses=(), people=(), cases=(), messages=(), mails=())
            count += erase.erase_mentions(con, mentions, nobody, now).total()
    after = [int(row) for row in (searched or "0 0").split()]
    named, last = personal.named_addresses(con, after, max(latest.values(), default=""))
    people = {row["address"] for row in con.execute("SELECT address FROM people")} if latest else set()
    for address in sorted(people | named):
        at = max((latest.get(person_mark(secret, address), "") for secret in policy.secrets), default="")
        if not at or (address not in named and personal.of_person(con, address, at).is_empty):
            continue
        try:
            done = forget(con, policy, address, now, by=ACCOUNT, even_open=True, until=at)
        except Transient:
            last = after  # a mail is being sent at this moment: the next night
            continue
        certified(con, policy, address)  # its certificate was written when it was erased first
        count += done.found
    with transaction(con):
        remember(con, SEARCHED, " ".join(map(str, last)), now)
    return count
