"""The port `Mailbox` on a real server: which folder is read, which messages in which order, what a fault means.

Before one message is blamed for being unreadable, the server must have given out another; it also says how full
the mailbox is (QUOTA, RFC 9208).
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import TypeVar

from imapclient import IMAPClient
from imapclient.exceptions import IMAPClientAbortError, IMAPClientError
from imapclient.imapclient import Quota

from oacmail.core.errors import Transient, UnreadableMessage
from oacmail.core.ports.mailbox import Fetched, FolderState, FolderTree, MessageMeta, WatchedFolder
from oacmail.imap import folders, messages
from oacmail.imap.connection import ImapClient, ImapSession, ImapSettings, TooLarge, Waker, WakeReason, idle

# --- Proof -----------------------------------------------------------------------------------------------------------
#
# Check that the server delivers messages at all, before one message is blamed for being unreadable.
#
# A few other messages, smallest first, are requested with the same command. Their content is discarded.


_LOOKED_AT = 20  # messages of a folder, spread over all of it
_ASKED_FOR = 3  # of these, how many are requested


def gives_out_a_message(session: ImapSession, folders: Sequence[str], but: tuple[str, int]) -> bool:
    """True if a message of one of these folders, other than `but` (folder, uid), can be read now.

    Leaves any folder selected. Raises Transient if the server cannot be reached.
    """
    return any(_gives(session, folder, uid) for folder in folders for uid in _candidates(session, folder, but))


def _candidates(session: ImapSession, folder: str, but: tuple[str, int]) -> list[int]:
    try:
        state = session.select(folder, readonly=True)
        with session.client("SEARCH") as client:
            uids = sorted(uid for uid in messages.all_uids(client, state) if (folder, uid) != but)
            metas = messages.all_metas(client, _spread(uids)) if uids else []
    except Transient:
        return []  # a folder that cannot be opened proves nothing
    smallest = sorted((meta for meta in metas if meta.size), key=lambda meta: meta.size)
    return [meta.uid for meta in smallest[:_ASKED_FOR]]


def _spread(uids: Sequence[int]) -> list[int]:
    """Return the first, the last, and some between."""
    step = max(1, (len(uids) - 1) // (_LOOKED_AT - 1))
    return sorted({*uids[::step][:_LOOKED_AT], uids[-1]})


def _gives(session: ImapSession, folder: str, uid: int) -> bool:
    try:
        if session.selected != (folder, True):
            session.select(folder, readonly=True)
        with session.client("FETCH") as client:
            return bool(messages.whole(client, [uid]))
    except Transient:
        return False


# --- Quota -----------------------------------------------------------------------------------------------------------
#
# How full the mailbox is, if the server says so (QUOTA, RFC 9208). A server that fails on the question has given no
# answer; only a broken connection is a fault.


def quota_fill(client: IMAPClient) -> float:
    """Return the share that INBOX uses of the limit closest to full; 0.0 if no limit is known."""
    try:
        _, quotas = client.get_quota_root("INBOX")
    except IMAPClientAbortError:
        raise
    except (IMAPClientError, IndexError, ValueError, TypeError):
        return 0.0
    return max((_share(quota) for quota in quotas), default=0.0)


def _share(quota: Quota) -> float:
    """Return the used share of any resource: bytes or messages."""
    return float(quota.usage) / quota.limit if quota.limit else 0.0


# --- Mailbox ---------------------------------------------------------------------------------------------------------
#
# The port `Mailbox` on a real server: which folder is read, which messages in which order, what a fault means.
#
# A broken connection is restored at the next call, and the open folder is opened again if it is still the same one:
# another UIDVALIDITY is Transient, so that the caller starts over.


T = TypeVar("T")
W = TypeVar("W")
_AT_ONCE = 500  # UIDs in one command: command lines are limited (RFC 7162 section 4: 8,192 octets)


class ImapMailbox:
    """core.ports.Mailbox. For one thread; only `wake` may be called from another."""

    def __init__(self, settings: ImapSettings) -> None:
        self._settings = settings
        self._session = ImapSession(settings)
        self._waker = Waker()
        self._folder = ""
        self._states: dict[str, FolderState] = {}
        self._since_wait: dict[str, FolderState] = {}
        self._drafts = ""
        self._proved = False

    def watched(self) -> Sequence[WatchedFolder]:
        r"""Return INBOX, the folder of sent mail and others by name; that of junk last if it exists."""
        plan = self._plan()
        self._drafts = plan.drafts
        return plan.watched

    def drafts(self) -> str:
        return self._drafts

    def append_draft(self, folder: str, raw: bytes) -> None:
        with self._session.client("APPEND") as client:
            client.append(folder, raw, [rb"\Draft"])

    def missing(self) -> Sequence[str]:
        return self._plan().missing

    def junk_by_name(self) -> str:
        """Return the junk folder if nothing but its name tells that it is one; else ''."""
        return self._plan().junk_by_name

    def names(self) -> Sequence[str]:
        """Return the names of all folders that can be opened."""
        with self._session.client("LIST") as client:
            return sorted(folder.name for folder in folders.listed(client))

    def fill(self) -> float:
        """Return the used share by GETQUOTAROOT (RFC 9208 section 4.1.2): of several limits the one closest to full."""
        if not self._session.has("QUOTA"):
            return 0.0
        with self._session.client("GETQUOTAROOT") as client:
            return quota_fill(client)

    def open(self, folder: str) -> FolderState:
        state = self._session.select(folder, readonly=True)
        self._folder = folder
        self._states[folder] = state
        self._since_wait.setdefault(folder, state)
        return state

    def uids(self) -> set[int]:
        self._reopen()
        with self._session.client("SEARCH") as client:
            return messages.all_uids(client, self._states[self._folder])

    def bearing(self, field: str, value: str = "") -> set[int]:
        """Return the UIDs of messages that have this field; with `value`, only those whose field contains it."""
        self._reopen()
        with self._session.client("SEARCH") as client:
            return messages.bearing(client, self._states[self._folder], field, value)

    def offers(self) -> frozenset[str]:
        """Return the capabilities after login (RFC 3501 section 7.2.1), in capitals."""
        with self._session.client("CAPABILITY") as client:
            return frozenset(capability.decode("ascii", "replace").upper() for capability in client.capabilities())

    def software(self) -> str:
        """Return the name that the server gives itself (RFC 2971), '' if it gives none."""
        if not self._session.has("ID"):
            return ""
        with self._session.client("ID") as client:
            answer = client.id_({"name": "oacmail"})[0] or ()
        said = {bytes(key).lower(): bytes(value or b"") for key, value in zip(answer[::2], answer[1::2], strict=False)}
        return said.get(b"name", b"").decode("ascii", "replace")

    def metas(self, uids: Sequence[int] | None = None) -> Sequence[MessageMeta]:
        self._reopen()
        return self._fetched(messages.all_metas, uids)

    def saved(self) -> Mapping[int, datetime]:
        self._reopen()
        return self._fetched(messages.saved, "1:*") if self._session.has("SAVEDATE") else {}

    def identifying(self, uids: Sequence[int]) -> Mapping[int, bytes]:
        self._reopen()
        some = (uids[first : first + _AT_ONCE] for first in range(0, len(uids), _AT_ONCE))
        return {uid: head for few in some for uid, head in self._fetched(messages.identifying, few).items()}

    def fetch(self, uids: Sequence[int]) -> Mapping[int, Fetched]:
        """Return the messages that can be read.

        A request for a single message that exists and cannot be read raises UnreadableMessage: request separately
        what a batch left out and `uids` still lists. Transient if the server delivers no other message either.
        """
        self._reopen()
        self._proved = False
        sizes = partial(self._fetched, messages.all_metas)
        metas = [meta for some in self._halved(sizes, uids) for meta in some]
        small = {meta.uid: meta for meta in metas if meta.size <= self._settings.max_bytes}
        wholes = self._halved(lambda some: self._whole([small[uid] for uid in some]), list(small))
        got = {uid: fetched for some in wholes for uid, fetched in some.items()}
        for meta in metas:
            if meta.size > self._settings.max_bytes:
                got |= self._in_part(meta)
        if len(uids) == 1 and not got and uids[0] in self.uids():
            self._check_server(uids[0])
            raise UnreadableMessage(uids[0])
        return got

    def number(self, folder: str, uid: int) -> str:
        if not self._session.has("X-GM-EXT-1"):
            return ""
        self.open(folder)
        answer = self._fetched(lambda client, one: client.fetch([one], ["X-GM-MSGID"]), uid)
        return str(answer.get(uid, {}).get(b"X-GM-MSGID", ""))

    def file(self, folder: str, uids: Collection[int], target: str, *, seen: bool) -> None:
        """Move the messages together: in a large mailbox each single move costs 25 ms.

        Without MOVE and UIDPLUS the messages stay where they are: a bare EXPUNGE would remove others too.
        """
        if folder == target or not (self._session.has("MOVE") or self._session.has("UIDPLUS")):
            return
        state = self._session.select(folder, readonly=False)
        self._same_epoch(folder, state)
        waiting = sorted(uids)
        with self._session.client("MOVE") as client:
            for start in range(0, len(waiting), _AT_ONCE):
                _move(client, waiting[start : start + _AT_ONCE], target, seen=seen)

    def tree(self) -> FolderTree:
        with self._session.client("LIST") as client:
            return folders.tree(client)

    def create(self, folder: str) -> bool:
        """CREATE and SUBSCRIBE. A server may refuse either, which breaks nothing."""
        with self._session.client("CREATE") as client:
            try:
                client.create_folder(folder)
                client.subscribe_folder(folder)
            except IMAPClientAbortError:
                raise
            except IMAPClientError:
                return folder in {one.name for one in folders.listed(client)}
        return True

    def can_move(self) -> bool:
        return self._session.has("MOVE") or self._session.has("UIDPLUS")

    def move_messages(self, folder: str, uids: Collection[int], target: str) -> Mapping[int, tuple[int, int]]:
        """As `file`, for messages of people."""
        found: dict[int, tuple[int, int]] = {}
        if folder == target or not self.can_move():
            return found
        self._same_epoch(folder, self._session.select(folder, readonly=False))
        waiting = sorted(uids)
        with self._session.client("MOVE") as client:
            client.copied()  # what an earlier command left
            for start in range(0, len(waiting), _AT_ONCE):
                found |= _move(client, waiting[start : start + _AT_ONCE], target, seen=False)
        return found

    def remove(self, folder: str, uid: int) -> None:
        if self._session.has("UIDPLUS"):
            self._same_epoch(folder, self._session.select(folder, readonly=False))
            with self._session.client("EXPUNGE") as client:
                client.add_flags([uid], [rb"\Deleted"], silent=True)
                client.uid_expunge([uid])

    def erase(self, folder: str, uids: Collection[int]) -> None:
        """Delete exactly these messages for good. The caller has checked that the server offers UIDPLUS."""
        self._same_epoch(folder, self._session.select(folder, readonly=False))
        waiting = sorted(uids)
        with self._session.client("EXPUNGE") as client:
            for start in range(0, len(waiting), _AT_ONCE):
                some = waiting[start : start + _AT_ONCE]
                client.add_flags(some, [rb"\Deleted"], silent=True)
                client.uid_expunge(some)

    def flag(self, folder: str, uids: Collection[int], *, on: bool) -> None:
        self._same_epoch(folder, self._session.select(folder, readonly=False))
        waiting = sorted(uids)
        with self._session.client("STORE") as client:
            store = client.add_flags if on else client.remove_flags
            for start in range(0, len(waiting), _AT_ONCE):
                store(waiting[start : start + _AT_ONCE], [rb"\Flagged"], silent=True)

    def deleted(self, folder: str) -> set[int]:
        self.open(folder)
        with self._session.client("SEARCH") as client:
            return set(client.search("DELETED"))

    def wait(self, seconds: float) -> bool:
        """Wait for news; anything that arrived since INBOX was first opened after the last wait is news at once.

        Every wait ends with an answer of the server. A wait without news ends with a check of the folder, since with
        some servers IDLE never reports anything.
        """
        try:
            return self._waited(seconds)
        finally:
            self._since_wait.clear()

    def _waited(self, seconds: float) -> bool:
        if self._news():
            return True
        if self._session.has("IDLE"):
            with self._session.client("IDLE") as client:
                reason = idle(client, self._waker, seconds, self._settings.idle_minutes * 60)
        else:
            reason = self._waker.wait(seconds)
        return reason is WakeReason.CONNECTION or (reason is WakeReason.TIME and self._news())

    def wake(self) -> None:
        self._waker.wake()

    def close(self) -> None:
        self._session.logout()
        self._waker.close()

    def _plan(self) -> folders.FolderPlan:
        with self._session.client("LIST") as client:
            return folders.plan(folders.listed(client), self._settings.watch, self._settings.sent, self._settings.junk)

    def _reopen(self) -> None:
        """Select the folder of the last `open` again, read-only if it was."""
        if self._session.selected != (self._folder, True):
            self._same_epoch(self._folder, self._session.select(self._folder, readonly=True))

    def _same_epoch(self, folder: str, state: FolderState) -> None:
        known = self._states.get(folder)
        if known is not None and known.uidvalidity != state.uidvalidity:
            raise Transient("IMAP SELECT: UIDVALIDITY is not what it was when the folder was opened")

    def _news(self) -> bool:
        before = self._since_wait.get("INBOX") or self._states.get("INBOX")
        now = self._session.select("INBOX", readonly=True)
        return (
            before is None
            or (before.uidvalidity, before.uidnext) != (now.uidvalidity, now.uidnext)
            or (not now.uidnext and before.exists != now.exists)
        )

    def _halved(self, read: Callable[[Sequence[int]], T], uids: Sequence[int]) -> list[T]:
        """Return the results of `read` for these messages, in as few batches as possible.

        Dovecot disconnects on every batch that contains a message with a wrong size in its store: halving isolates it,
        and only this message is left out.
        """
        if not uids:
            return []
        got = self._or_none(lambda: read(uids))
        if got is not None:
            return [got]
        if len(uids) == 1:
            self._check_server(uids[0])
            return []
        middle = len(uids) // 2
        return self._halved(read, uids[:middle]) + self._halved(read, uids[middle:])

    def _check_server(self, unread: int) -> None:
        """Check that another message can be read. Raises Transient if none can: a fault with all messages is the
        server's."""
        if not self._proved:
            found = gives_out_a_message(self._session, self._watched_names(), (self._folder, unread))
            if not found:
                raise Transient("IMAP FETCH: no message can be read")
            self._proved = True
            self._reopen()

    def _watched_names(self) -> list[str]:
        """Return the open folder first."""
        names = [watched.name for watched in self._plan().watched]
        return sorted(names, key=lambda name: name != self._folder)

    def _whole(self, metas: Sequence[MessageMeta]) -> dict[int, Fetched]:
        """Return the bytes of these messages; one that is larger than the server's size for it is read in part."""
        try:
            got = self._fetched(messages.whole, [meta.uid for meta in metas])
        except TooLarge:
            if len(metas) > 1:
                raise
            self._reopen()
            read = self._in_part(metas[0])
            if not read:
                raise
            return read
        return {uid: Fetched(raw=raw) for uid, raw in got.items()}

    def _in_part(self, meta: MessageMeta) -> dict[int, Fetched]:
        """Read by BODYSTRUCTURE, or only the headers if the structure cannot be read."""
        got = self._or_none(lambda: self._fetched(messages.read_texts, meta))
        got = got or self._or_none(lambda: self._fetched(messages.read_header, meta))
        return {meta.uid: got} if got else {}

    def _fetched(self, read: Callable[[IMAPClient, W], T], what: W) -> T:
        with self._session.client("FETCH") as client:
            return read(client, what)

    def _or_none(self, read: Callable[[], T]) -> T | None:
        """Return None if the connection broke during `read`. A server that cannot be reached again raises Transient:
        then the message is not the cause."""
        try:
            return read()
        except Transient as error:
            if error.at_least:  # the server asks for a pause: it is not the message's fault
                raise
            self._reopen()
            return None


def _move(client: ImapClient, uids: Sequence[int], target: str, *, seen: bool) -> dict[int, tuple[int, int]]:
    if seen:
        client.add_flags(uids, [b"\\Seen"], silent=True)
    if client.has_capability("MOVE"):
        client.move(uids, target)
        return client.copied()
    client.copy(uids, target)
    copied = client.copied()
    client.add_flags(uids, [b"\\Deleted"], silent=True)
    client.uid_expunge(uids)
    return copied
