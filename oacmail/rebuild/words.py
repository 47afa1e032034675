"""The words of the mailbox for the rows of the ledger's copy: each message that the ledger knows gets its own back.

A message that it does not know is left to the service, which takes it in as after any stop: our own mail first, so that
nobody gets a second one. Only what is older than the service is the past. No message, folder or flag is changed.
"""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

from oacmail.core.model import Folder, Message, Outcome
from oacmail.core.policy import Policy
from oacmail.core.ports import Mailbox
from oacmail.core.sender import author_of, own_signature
from oacmail.mail.parse import Parser, read_forward
from oacmail.mail.parser_config import ParserConfig
from oacmail.mail.understanding.phones import telephones
from oacmail.rebuild.contents import FolderContents, Found, in_order, read
from oacmail.store.connection import at
from oacmail.store.rebuilt import LedgerRows
from oacmail.store.store import SqliteStore


def fill_in(
    store: SqliteStore,
    rows: LedgerRows,
    folders: Iterable[FolderContents],
    *,
    mailbox: Mailbox,
    parsing: Parser,
    parser_config: ParserConfig,
    policy: Policy,
    backlog: timedelta,
    now: datetime,
    on_progress: Callable[[int, int], None],
) -> int:
    """Record where each message lies, and fill in the words of those that the ledger knows; return how many. Raises
    Transient."""
    # A folder that the copy does not know was first read after it was written.
    known, earliest, since = store.folders(), rows.earliest(), min(now, at(rows.copied.at))
    wanted: list[Found] = []
    began: dict[str, datetime] = {}
    for box in folders:
        name, epoch = box.watched.name, box.state.uidvalidity
        store.begin_folder(box.watched, epoch, box.state.uidnext, since)
        before = rows.worked(name, epoch)
        began[name] = (known[name].started_at if name in known else since) - backlog
        floor = min(began[name], earliest or began[name])
        old = {meta.uid for meta in box.metas if meta.internal_date < floor}
        store.sight(name, epoch, box.metas, old, now)
        wanted += [one for one in box.found(now) if one.ref.uid not in before | old]
    wanted = in_order(wanted)
    filled: set[str] = set()
    ahead = read(mailbox, wanted, parsing, parser_config, policy.office.timezone)
    for done, (one, fetched, parsed) in enumerate(ahead, 1):
        on_progress(done, len(wanted))
        if fetched is None:
            continue
        message = parsed()
        written = _written(policy, parser_config, message, fetched.raw, one.role)
        rows.learn_people({*_people(message), *_people(written)})
        signed = own_signature(policy, message)
        if signed is not None:
            rows.copy_found(signed.key, signed.message, message.message_id)
        raw = fetched.raw if fetched.complete else None
        outcome = rows.fill(message, written, raw, author=author_of(policy, written))
        if outcome is None:
            if one.at < began[one.ref.folder]:
                store.end(one.ref, Outcome.BASELINE)
            continue
        if message.sender in policy.people.staff | policy.office.own or rows.wants_telephones(message):
            rows.learn_people(
                text for phone in telephones(message.text) for text in (phone.number, f"tel:{phone.number}")
            )
        store.end(one.ref, Outcome.DUPLICATE if message.fingerprint in filled else outcome, message.fingerprint)
        filled.add(message.fingerprint)
    return len(filled)


def _written(policy: Policy, config: ParserConfig, message: Message, raw: bytes, role: Folder) -> Message:
    """The message that counts: of a colleague's forward the one that it brings."""
    if message.sender not in policy.people.staff or role is Folder.SENT:
        return message
    insiders = policy.people.staff | policy.office.own
    forwarded = read_forward(raw, message, config, insiders=insiders)
    return forwarded.message if forwarded is not None and forwarded.message is not None else message


def _people(message: Message) -> tuple[str, ...]:
    call = message.features.callback
    named = (message.sender, message.reply_to, *message.to, *message.cc, *message.features.addresses)
    return (*named, call.phone or "") if call else named
