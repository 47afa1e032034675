"""The copy of the ledger in the mailbox: signed messages in a folder of ours, by which a rebuild and a restore know
what no mail tells. They hold no words and no addresses.

One message is a piece: rows of a snapshot, or the entries since the piece before. A new snapshot replaces the pieces
of the older one. Nothing here is sent. Pieces that know more than the database stop the service before it sends or
replaces anything; nothing else that goes wrong here does.
"""

import logging
from base64 import b64decode, b64encode, encodebytes
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.utils import format_datetime

from msgspec import Struct

from oacmail.core.board import BoardNames
from oacmail.core.errors import ConfigError, FolderUnreadable, Transient, UnreadableMessage
from oacmail.core.ports import FolderTree, Mailbox
from oacmail.core.stored_values import LEDGER_COPIED, RESTORED_AT
from oacmail.core.tokens import name_of_key, seal
from oacmail.engine.engine import Engine
from oacmail.store.remembered import LOST

log = logging.getLogger(__name__)

FIELD = "X-Oacmail-Ledger"
EVERY = timedelta(minutes=10)
PROBLEM = "ledger"
AT_ONCE = 20  # pieces that are fetched together


_NOT_READ = (
    "state: a restore has not read the copy of the ledger in the mailbox, which knows more than this database: nothing "
    "is sent until `oacmail restore` with the backup was run again"
)
_PUT_BACK = (
    "state: the copy of the ledger in the mailbox is younger than this database: an older file was put in its place, "
    "and nothing is sent: run `oacmail restore {}`, which gets what is missing (docs/loss.md)"
)


class LedgerCopy(Struct):
    """`folder`: where the pieces lie; '' = nowhere. `has_looked`: this process has seen whether they are those of the
    database."""

    engine: Engine
    mailbox: Mailbox
    folder: str
    has_looked: bool = False

    def look(self) -> None:
        """Once, before a message is taken in or a piece is written: does the database know all that the pieces tell?

        One that is new does not: `database-lost`, and it takes in what arrives. One that somebody has put back, or that
        a restore has left without reading the pieces, must not go on. Raises ConfigError, Transient."""
        store, now, keys = self.engine.store, self.engine.now(), self.engine.policy.secrets
        known = store.recall(LEDGER_COPIED)
        try:
            newest = 0 if self.has_looked else self._newest()
        except FolderUnreadable as error:
            store.problem(PROBLEM, True, now, str(error))
            return
        if newest and known != "":  # '' = a rebuild or a restore has read them
            latest = (known or "").rpartition(" ")[2]
            if not latest or newest not in self.mailbox.bearing(FIELD, latest):
                bodies = read(self.mailbox, self.folder, keys).bodies
                if bodies and (known is None or not store.ledger_knows(bodies)):
                    store.problem(LOST, True, now)
                    if known is not None:
                        raise ConfigError((_PUT_BACK.format(store.file),))
                    if store.recall(RESTORED_AT) is not None:
                        raise ConfigError((_NOT_READ,))
        self.has_looked = True

    def write(self, *, at_once: bool = False) -> None:
        """Append what is new, if the last attempt is ten minutes old; `at_once`: also after a younger one. Raises
        ConfigError, Transient of `look` if that was not done before."""
        if not self.folder:
            return
        self.look()
        if not self.has_looked:
            return
        store, now = self.engine.store, self.engine.now()
        last = store.known_at(LEDGER_COPIED)
        if last is not None and timedelta(0) <= now - last < EVERY and not at_once:
            return
        if LOST in store.problems():  # a rebuild needs what lies there
            return
        known = store.recall(LEDGER_COPIED)
        mark, _, latest = (known or "").rpartition(" ")
        before = mark if self._is_there(latest) else ""  # of a restored mailbox the latest pieces are gone
        with store.ledger_pieces(before, now) as (pieces, mark):
            if mark == before:
                return
            error, latest = self._append(pieces, now, replace=mark.split()[:1] != before.split()[:1])
        if error:
            log.warning("ledger.not-copied", {"error": error})
        store.problem(PROBLEM, bool(error), now, error)
        if not (error and known is None):
            store.remember(LEDGER_COPIED, known or "" if error else f"{mark} {latest}", now)

    def _newest(self) -> int:
        """The UID of the last message there that names a key of ours; 0 = there is none. Raises Transient,
        FolderUnreadable."""
        if not self.folder:
            return 0
        tree = self.mailbox.tree()
        name = full_name(tree, self.folder)
        if name not in tree.names:
            return 0
        try:
            self.mailbox.open(name)
        except Transient as error:
            self.mailbox.open("INBOX")  # the server can be reached
            raise FolderUnreadable(str(error)) from error
        return max(self._of_our_keys(), default=0)

    def _of_our_keys(self) -> set[int]:
        keys = self.engine.policy.secrets
        return {uid for key in keys for uid in self.mailbox.bearing(FIELD, f"k={name_of_key(key)};")}

    def _is_there(self, latest: str) -> bool:
        """Whether the piece that was written last lies there, or the mailbox does not tell. `latest`: of its seal."""
        try:
            return bool(latest and self._newest() and self.mailbox.bearing(FIELD, latest))
        except Transient:
            return True

    def _append(self, pieces: Iterable[bytes], now: datetime, *, replace: bool) -> tuple[str, str]:
        """Return why the mailbox has not taken them, '' = it has, and the seal of the last. `replace`: remove the older
        ones then, which our seal proves to be ours."""
        store = self.engine.store
        try:
            policy, tree = self.engine.policy, self.mailbox.tree()
            name, board = full_name(tree, self.folder), policy.board
            names = BoardNames(board=board, separator=tree.separator, prefix=tree.prefix) if board else None
            if name in {watched.name for watched in self.mailbox.watched()} or (names and names.below([name])):
                return "imap.ledger is a folder that is watched", ""
            if name not in tree.names:
                self.mailbox.create(name, subscribe=False)
            if store.recall(LEDGER_COPIED) is None:  # also after a kill what lies there is of this database from now on
                store.remember(LEDGER_COPIED, "", now)
            self.mailbox.open(name)
            named = self._of_our_keys() if replace else set()
            older = {uid for uid, _, why in _opened(self.mailbox, named, policy.secrets) if not why}
            piece = b""
            for piece in pieces:
                self.mailbox.append_piece(name, message(piece, policy.office.address, policy.secrets[0], now))
            self.mailbox.remove_pieces(name, older)
        except Transient as error:
            return str(error) or type(error).__name__, ""
        return "", seal(policy.secrets[0], "ledger", b64encode(piece).decode())[:16]


def message(piece: bytes, office: str, key: bytes, now: datetime) -> bytes:
    """The message that holds a piece, signed with the key."""
    body = b64encode(piece).decode()
    mail = EmailMessage()
    mail["From"] = mail["To"] = office
    mail["Date"] = format_datetime(now)
    mail["Subject"] = "oacmail ledger"
    mail[FIELD] = f"v=1; k={name_of_key(key)}; s={seal(key, 'ledger', body)}"
    mail.set_content(encodebytes(piece).decode(), cte="7bit")
    return mail.as_bytes()


def full_name(tree: FolderTree, folder: str) -> str:
    """The name of the folder on this server, whose own folders may all begin alike (RFC 2342)."""
    return folder if folder.startswith(tree.prefix) else tree.prefix + folder


class Pieces(Struct, frozen=True, kw_only=True):
    """What lies in the folder of the ledger. `bodies`: pieces that are signed with a key of ours, compressed JSON;
    `refused`: how many others there are: `foreign` (they name a key that is not ours), `forged`, `unread` (the server
    does not deliver them, or they are larger than `imap.max_bytes`)."""

    bodies: tuple[bytes, ...] = ()
    refused: Mapping[str, int]


def read(mailbox: Mailbox, folder: str, keys: Sequence[bytes]) -> Pieces:
    """Read every piece. Raises Transient."""
    if not folder:
        return Pieces(refused={})
    tree = mailbox.tree()
    name = full_name(tree, folder)
    if name not in tree.names:
        return Pieces(refused={})
    mailbox.open(name)
    bodies: list[bytes] = []
    refused: Counter[str] = Counter()
    for _, body, why in _opened(mailbox, mailbox.bearing(FIELD), keys):
        if why:
            refused[why] += 1
        else:
            bodies.append(body)
    return Pieces(bodies=tuple(bodies), refused=refused)


def _opened(mailbox: Mailbox, uids: Iterable[int], keys: Sequence[bytes]) -> Iterator[tuple[int, bytes, str]]:
    """Yield each message of the open folder: its UID, the piece, and why it is none, as `Pieces.refused`."""
    by_name = {name_of_key(key): key for key in keys}
    asked = sorted(uids)
    for start in range(0, len(asked), AT_ONCE):
        some = asked[start : start + AT_ONCE]
        try:
            found = mailbox.fetch(some)
        except UnreadableMessage:  # the only one that was asked for
            found = {}
        for uid in some:
            fetched = found.get(uid)
            if fetched is None or not fetched.complete:
                yield uid, b"", "unread"
                continue
            mail = message_from_bytes(fetched.raw)
            body = "".join(str(mail.get_payload()).split())
            signed = " ".join(str(mail[FIELD]).split())  # the field is folded
            key = next((key for name, key in by_name.items() if f"k={name};" in signed), None)
            if key is None:
                yield uid, b"", "foreign"
            elif signed != f"v=1; k={name_of_key(key)}; s={seal(key, 'ledger', body)}":
                yield uid, b"", "forged"
            else:
                yield uid, b64decode(body), ""
