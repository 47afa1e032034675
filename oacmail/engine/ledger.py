"""The copy of the ledger in the mailbox: signed messages in a folder of ours, by which a rebuild and a restore know
what no mail tells. They hold no words and no addresses.

One message is a piece: rows of a snapshot, or the entries since the piece before. A new snapshot replaces the pieces
of the older one. Nothing here is sent, and nothing that goes wrong here stops the service.
"""

import logging
from base64 import b64decode, b64encode, encodebytes
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.utils import format_datetime

from msgspec import Struct

from oacmail.core.board import BoardNames
from oacmail.core.errors import Transient, UnreadableMessage
from oacmail.core.ports import FolderTree, Mailbox
from oacmail.core.stored_values import LEDGER_COPIED
from oacmail.core.tokens import name_of_key, seal
from oacmail.engine.engine import Engine
from oacmail.store.remembered import LOST

log = logging.getLogger(__name__)

FIELD = "X-Oacmail-Ledger"
EVERY = timedelta(minutes=10)
PROBLEM = "ledger"
AT_ONCE = 20  # pieces that are fetched together


class LedgerCopy(Struct):
    """`folder`: where the pieces lie; '' = nowhere."""

    engine: Engine
    mailbox: Mailbox
    folder: str

    def write(self, *, at_once: bool = False) -> None:
        """Append what is new, if the last attempt is ten minutes old; `at_once`: also after a younger one."""
        if not self.folder:
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
            replace = mark.split()[:1] != before.split()[:1]
            error, latest = self._append(pieces, now, first=known is None, replace=replace)
        if error:
            log.warning("ledger.not-copied", {"error": error})
        store.problem(PROBLEM, bool(error), now, error)
        if not (error and known is None):
            store.remember(LEDGER_COPIED, known or "" if error else f"{mark} {latest}", now)

    def _is_there(self, latest: str) -> bool:
        """Whether the piece that was written last lies there, or the mailbox does not tell. `latest`: of its seal."""
        try:
            tree = self.mailbox.tree()
            name = full_name(tree, self.folder)
            if not latest or name not in tree.names:
                return False
            self.mailbox.open(name)
            return bool(self.mailbox.bearing(FIELD, latest))
        except Transient:
            return True

    def _append(self, pieces: Iterable[bytes], now: datetime, *, first: bool, replace: bool) -> tuple[str, str]:
        """Return why the mailbox has not taken them, '' = it has, and the seal of the last. `replace`: remove the older
        ones then. `first`: none of it is this database's, which is new or has been restored: a ledger that lies there
        is needed yet."""
        try:
            policy, tree = self.engine.policy, self.mailbox.tree()
            name, board = full_name(tree, self.folder), policy.board
            names = BoardNames(board=board, separator=tree.separator, prefix=tree.prefix) if board else None
            if name in {watched.name for watched in self.mailbox.watched()} or (names and names.below([name])):
                return "imap.ledger is a folder that is watched", ""
            if name not in tree.names:
                self.mailbox.create(name, subscribe=False)
            if first and read(self.mailbox, self.folder, policy.secrets).bodies:
                self.engine.store.problem(LOST, True, now)
                return "the ledger in the mailbox is that of another database", ""
            if first:  # what lies there from now on is of this database, also after a kill
                self.engine.store.remember(LEDGER_COPIED, "", now)
            self.mailbox.open(name)
            ours = [f"k={name_of_key(key)};" for key in policy.secrets] if replace else []
            older = {uid for key in ours for uid in self.mailbox.bearing(FIELD, key)}
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
    bodies: list[bytes] = []
    refused: Counter[str] = Counter()
    if not folder:
        return Pieces(refused=refused)
    tree = mailbox.tree()
    name = full_name(tree, folder)
    if name not in tree.names:
        return Pieces(refused=refused)
    mailbox.open(name)
    uids = sorted(mailbox.bearing(FIELD))
    by_name = {name_of_key(key): key for key in keys}
    for start in range(0, len(uids), AT_ONCE):
        some = uids[start : start + AT_ONCE]
        try:
            found = mailbox.fetch(some)
        except UnreadableMessage:  # the only one that was asked for
            found = {}
        for fetched in (found.get(uid) for uid in some):
            if fetched is None or not fetched.complete:
                refused["unread"] += 1
                continue
            mail = message_from_bytes(fetched.raw)
            body = "".join(str(mail.get_payload()).split())
            signed = " ".join(str(mail[FIELD]).split())  # the field is folded
            key = next((key for name, key in by_name.items() if f"k={name};" in signed), None)
            if key is None:
                refused["foreign"] += 1
            elif signed != f"v=1; k={name_of_key(key)}; s={seal(key, 'ledger', body)}":
                refused["forged"] += 1
            else:
                bodies.append(b64decode(body))
    return Pieces(bodies=tuple(bodies), refused=refused)
