"""The copy of the ledger in the mailbox: signed messages in a folder of ours, by which a rebuild knows what no mail
tells. They hold no words and no addresses.

One message is a piece: rows of a snapshot, or the entries since the piece before. A new snapshot replaces the pieces
of the older one. Nothing here is sent, and nothing that goes wrong here stops the service.
"""

import json
import zlib
from base64 import b64decode, b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.utils import format_datetime
from textwrap import wrap

import structlog

from oacmail.core.errors import Transient
from oacmail.core.ports import Mailbox
from oacmail.core.stored_values import LEDGER_COPIED
from oacmail.core.tokens import seal
from oacmail.engine.engine import Engine

log = structlog.get_logger()

FIELD = "X-Oacmail-Ledger"
EVERY = timedelta(minutes=10)
PROBLEM = "ledger"
AT_ONCE = 20  # pieces that are fetched together


@dataclass(slots=True)
class LedgerCopy:
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
        before = store.recall(LEDGER_COPIED) or ""
        pieces, mark = store.ledger_pieces(before, now)
        if not pieces:
            return
        error = self._append(pieces, now)
        if error:
            log.warning("ledger.not-copied", error=error)
        store.problem(PROBLEM, bool(error), now, error)
        store.remember(LEDGER_COPIED, before if error else mark, now)

    def _append(self, pieces: Sequence[str], now: datetime) -> str:
        """Return why the mailbox has not taken them; '' = it has."""
        try:
            if self.folder in {watched.name for watched in self.mailbox.watched()}:
                return "imap.ledger is a folder that is watched"
            if self.folder not in self.mailbox.tree().names:
                self.mailbox.create(self.folder)
            older = set(self._uids()) if "rows" in json.loads(pieces[0]) else set()
            for piece in pieces:
                self.mailbox.append_piece(self.folder, self._message(piece, now))
            for uid in sorted(older):
                self.mailbox.remove(self.folder, uid)
        except Transient as error:
            return str(error) or type(error).__name__
        return ""

    def _uids(self) -> set[int]:
        self.mailbox.open(self.folder)
        return self.mailbox.bearing(FIELD)

    def _message(self, piece: str, now: datetime) -> bytes:
        office, key = self.engine.policy.office.address, self.engine.policy.secrets[0]
        body = b64encode(zlib.compress(piece.encode(), 9)).decode()
        mail = EmailMessage()
        mail["From"] = mail["To"] = office
        mail["Date"] = format_datetime(now)
        mail["Subject"] = "oacmail ledger"
        mail[FIELD] = f"v=1; s={seal(key, 'ledger', body)}"
        mail.set_content("\n".join(wrap(body, 76)) + "\n", cte="7bit")
        return mail.as_bytes()


def read(mailbox: Mailbox, folder: str, keys: Sequence[bytes]) -> list[str]:
    """Return the pieces in the folder that are signed with one of the keys, the newest last; [] if there is no such
    folder."""
    if folder not in mailbox.tree().names:
        return []
    mailbox.open(folder)
    uids = sorted(mailbox.bearing(FIELD))
    pieces = []
    for start in range(0, len(uids), AT_ONCE):
        for _, fetched in sorted(mailbox.fetch(uids[start : start + AT_ONCE]).items()):
            mail = message_from_bytes(fetched.raw)
            body = "".join(str(mail.get_payload()).split())
            field = " ".join(str(mail[FIELD]).split())  # it is folded
            if field in {f"v=1; s={seal(key, 'ledger', body)}" for key in keys}:
                pieces.append(zlib.decompress(b64decode(body)).decode())
    return pieces
