"""The port `Mailbox` on a real server: which folder is which and is read, which messages in which order, what a fault
means. Before one message is blamed for being unreadable, the server must have given out another.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache, partial
from typing import TypeVar

from imapclient import IMAPClient, imap_utf7
from imapclient.exceptions import IMAPClientAbortError, IMAPClientError
from imapclient.response_parser import parse_response
from msgspec import Struct

from oacmail.core.errors import Transient, UnreadableMessage
from oacmail.core.model import Folder
from oacmail.core.ports import Fetched, FolderState, FolderTree, MessageMeta, WatchedFolder
from oacmail.imap import messages
from oacmail.imap.connection import ImapClient, ImapSession, ImapSettings, TooLarge, Waker, WakeReason, idle

# --- Folders ---------------------------------------------------------------------------------------------------------
# The folders and their roles by SPECIAL-USE (RFC 6154), else by name.

# docs/interfaces.md section 5, [imap] sent: the last part of a name, in lower case.
_SENT_NAMES = frozenset(
    ("sent", "sent items", "sent messages", "enviats", "elements enviats", "enviados", "elementos enviados")
)
_JUNK_NAMES = frozenset(
    ("junk", "junk email", "junk e-mail", "spam", "bulk mail", "correu brossa", "brossa", "correo no deseado")
)
_DRAFT_NAMES = frozenset(("drafts", "esborranys", "borradores"))
_UNSELECTABLE = frozenset(("\\noselect", "\\nonexistent"))
_DEFAULT_WATCH = ("INBOX", "\\Sent")


class Listed(Struct, frozen=True):
    """A selectable folder. `flags` are in lower case; `last` is the last part of its name, in lower case."""

    name: str
    flags: frozenset[str]
    last: str


class FolderPlan(Struct, frozen=True):
    """The folders to watch, INBOX first, and the names of those that do not exist. `drafts`: the folder of drafts, '' =
    there is none. `junk_by_name`: the junk folder, if nothing but its name tells it."""

    watched: tuple[WatchedFolder, ...]
    missing: tuple[str, ...]
    drafts: str = ""
    junk_by_name: str = ""


def listed(client: ImapClient) -> list[Listed]:
    """Return all folders, with their special uses if the server has them."""
    extended = all(client.has_capability(capability) for capability in ("LIST-EXTENDED", "SPECIAL-USE"))
    # list_folders is not enough: it cannot send RETURN, without which servers may omit special uses, and it fails on
    # the whole list if one name is not modified UTF-7.
    rows = client.rows("LIST", '""', '"*"', *(("RETURN", "(SPECIAL-USE)") if extended else ()))
    return list(_parsed(tuple(rows)))


def plan(folders: Sequence[Listed], watch: Sequence[str], sent: str, junk: str = "") -> FolderPlan:
    r"""Return which of these folders to watch. The junk folder, if it exists, comes last: copies of our own mail may
    land there; a common name does not make it of a folder that `watch` names. The folder of drafts is never watched:
    what lies in it was not sent."""
    drafts = _special(folders, "\\Drafts") or _by_name(folders, _DRAFT_NAMES)
    hits = [(entry, _find(folders, entry, sent)) for entry in watch or _DEFAULT_WATCH]
    found = [hit for _, hit in hits if hit and hit != drafts]
    rest = [folder for folder in folders if folder.name not in watch]
    named = _named(folders, junk) if junk else _special(folders, "\\Junk")
    guess = None if junk or named else _by_name(rest, _JUNK_NAMES)
    filtered = named or guess
    found += [filtered] if filtered else []
    ordered = sorted(dict.fromkeys(found), key=lambda folder: folder.name.upper() != "INBOX")
    watched = tuple(WatchedFolder(name=folder.name, role=_role(folder, sent, filtered)) for folder in ordered)
    titles = {"\\Sent": sent or "Sent"}
    missing = [titles.get(entry, entry.lstrip("\\")) for entry, hit in hits if hit is None]
    missing += [junk] if junk and filtered is None else []
    return FolderPlan(watched, tuple(missing), drafts.name if drafts else "", guess.name if guess else "")


@lru_cache(maxsize=4)
def _parsed(rows: tuple[object, ...]) -> tuple[Listed, ...]:
    """Return the folders of one answer to LIST. A pass asks up to three times and mostly hears the same."""
    words = iter(parse_response([row for row in rows if row not in (b"", None)]))
    folders: list[Listed] = []
    for flags, delimiter, raw in zip(words, words, words, strict=True):
        lower = frozenset(flag.decode("ascii", "replace").lower() for flag in flags)
        try:
            name = imap_utf7.decode(str(raw) if isinstance(raw, int) else raw)  # one of digits alone becomes a number
        except ValueError:  # it is not modified UTF-7, and could not be selected by the decoded name
            continue
        if name and not lower & _UNSELECTABLE:
            last = name.split((delimiter or b"/").decode("ascii", "replace"))[-1]
            folders.append(Listed(name, lower, last.lower()))
    return tuple(folders)


def _find(folders: Sequence[Listed], entry: str, sent: str) -> Listed | None:
    if entry == "\\Sent":
        return _named(folders, sent) if sent else _special(folders, entry) or _by_name(folders, _SENT_NAMES)
    return _special(folders, entry) if entry.startswith("\\") else _named(folders, entry)


def _special(folders: Sequence[Listed], use: str) -> Listed | None:
    return next((folder for folder in folders if use.lower() in folder.flags), None)


def _named(folders: Sequence[Listed], name: str) -> Listed | None:
    inbox = name.upper() == "INBOX"
    return next(
        (folder for folder in folders if folder.name == name or (inbox and folder.name.upper() == "INBOX")), None
    )


def _by_name(folders: Sequence[Listed], names: frozenset[str]) -> Listed | None:
    return next((folder for folder in folders if folder.last in names), None)


def _role(folder: Listed, sent: str, junk: Listed | None) -> Folder:
    # A second folder of sent mail ("Sent Items" next to "Sent") also counts as Sent if it is to be watched.
    if folder.name.upper() == "INBOX":
        return Folder.INTAKE
    if folder.name == sent or "\\sent" in folder.flags or folder.last in _SENT_NAMES:
        return Folder.SENT
    return Folder.JUNK if folder == junk or "\\junk" in folder.flags else Folder.OTHER


# --- Mailbox ---------------------------------------------------------------------------------------------------------
# A broken connection is restored at the next call, and the open folder is opened again if it is still the same one:
# another UIDVALIDITY is Transient, so that the caller starts over.

T = TypeVar("T")
W = TypeVar("W")
_AT_ONCE = 500  # UIDs in one command: command lines are limited (RFC 7162 section 4: 8,192 octets)
_LOOKED_AT = 20  # messages of a folder, spread over all of it, of which the smallest prove that the server works
_ASKED_FOR = 3  # of these, how many are requested


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
        plan = self._plan()
        self._drafts = plan.drafts
        return plan.watched

    def drafts(self) -> str:
        return self._drafts

    def append_draft(self, folder: str, raw: bytes) -> None:
        with self._session.client("APPEND") as client:
            client.append(folder, raw, [rb"\Draft"])

    def append_unread(self, folder: str, raw: bytes) -> None:
        with self._session.client("APPEND") as client:
            client.append(folder, raw)

    def append_piece(self, folder: str, raw: bytes) -> None:
        with self._session.client("APPEND") as client:
            client.append(folder, raw, [rb"\Seen"])

    def remove_pieces(self, folder: str, uids: Collection[int]) -> None:
        """Gmail would keep in All Mail what is expunged from a label; it empties its bin by itself."""
        with self._session.client("LIST") as client:
            trash = _special(listed(client), "\\Trash") if self._session.has("X-GM-EXT-1") and uids else None
        if trash is not None:
            self.move_messages(folder, uids, trash.name)
        elif uids and self._session.has("UIDPLUS"):
            self.erase(folder, uids)

    def missing(self) -> Sequence[str]:
        return self._plan().missing

    def junk_by_name(self) -> str:
        """Return the junk folder if nothing but its name tells that it is one; else ''."""
        return self._plan().junk_by_name

    def names(self) -> Sequence[str]:
        """Return the names of all folders that can be opened."""
        with self._session.client("LIST") as client:
            return sorted(folder.name for folder in listed(client))

    def fill(self) -> float:
        """Return the used share by GETQUOTAROOT (RFC 9208 section 4.1.2): of several limits the one closest to full."""
        if not self._session.has("QUOTA"):
            return 0.0
        with self._session.client("GETQUOTAROOT") as client:
            try:
                _, quotas = client.get_quota_root("INBOX")
            except IMAPClientAbortError:
                raise
            except (IMAPClientError, IndexError, ValueError, TypeError):  # only a broken connection is a fault
                return 0.0
        return max((quota.usage / quota.limit for quota in quotas if quota.limit), default=0.0)

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
        fields = {
            bytes(key).lower(): bytes(value or b"") for key, value in zip(answer[::2], answer[1::2], strict=False)
        }
        return fields.get(b"name", b"").decode("ascii", "replace")

    def metas(self, uids: Sequence[int] | None = None) -> Sequence[MessageMeta]:
        self._reopen()
        return self._fetched(messages.all_metas, uids)

    def identifying(self, uids: Sequence[int]) -> Mapping[int, bytes]:
        self._reopen()
        return {uid: head for few in _portions(uids) for uid, head in self._fetched(messages.identifying, few).items()}

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
        self._move(folder, uids, target, seen=seen)

    def tree(self) -> FolderTree:
        with self._session.client("LIST") as client:
            client.folder_encode = False  # the name is not decoded: only the separator is wanted (RFC 9051, 6.3.9)
            try:
                rows = client.list_folders("", "")
            finally:
                client.folder_encode = True
            separator = next(((delimiter or b"").decode("ascii", "replace") for _, delimiter, _ in rows), "")
            prefix = ""
            if client.has_capability("NAMESPACE") and (personal := client.namespace().personal):
                prefix, separator = personal[0][0], personal[0][1] or separator
            return FolderTree(
                separator=separator, prefix=prefix, names=frozenset(folder.name for folder in listed(client))
            )

    def create(self, folder: str, *, subscribe: bool = True) -> bool:
        with self._session.client("CREATE") as client:
            try:
                client.create_folder(folder)
                if subscribe:
                    client.subscribe_folder(folder)
            except IMAPClientAbortError:
                raise
            except IMAPClientError:
                return folder in {known.name for known in listed(client)}
        return True

    def can_move(self) -> bool:
        return self._session.has("MOVE") or self._session.has("UIDPLUS")

    def move_messages(self, folder: str, uids: Collection[int], target: str) -> Mapping[int, tuple[int, int]]:
        return self._move(folder, uids, target, seen=False)

    def _move(self, folder: str, uids: Collection[int], target: str, *, seen: bool) -> dict[int, tuple[int, int]]:
        """Move the messages together: in a large mailbox each single move costs 25 ms.

        Without MOVE and UIDPLUS the messages stay where they are: a bare EXPUNGE would remove others too.
        """
        moved: dict[int, tuple[int, int]] = {}
        if folder == target or not self.can_move():
            return moved
        with self._changing(folder, "MOVE") as client:
            client.copied()  # what an earlier command left
            for some in _portions(uids):
                if seen:
                    client.add_flags(some, [rb"\Seen"], silent=True)
                if client.has_capability("MOVE"):
                    client.move(some, target)
                    moved |= client.copied()
                else:
                    client.copy(some, target)
                    moved |= client.copied()
                    client.add_flags(some, [rb"\Deleted"], silent=True)
                    client.uid_expunge(some)
        return moved

    def remove(self, folder: str, uid: int) -> None:
        if self._session.has("UIDPLUS"):
            self.erase(folder, [uid])

    def erase(self, folder: str, uids: Collection[int]) -> None:
        """Delete exactly these messages for good. The caller has checked that the server offers UIDPLUS."""
        with self._changing(folder, "EXPUNGE") as client:
            for some in _portions(uids):
                client.add_flags(some, [rb"\Deleted"], silent=True)
                client.uid_expunge(some)

    def flag(self, folder: str, uids: Collection[int], *, on: bool) -> None:
        with self._changing(folder, "STORE") as client:
            store = client.add_flags if on else client.remove_flags
            for some in _portions(uids):
                store(some, [rb"\Flagged"], silent=True)

    @contextmanager
    def _changing(self, folder: str, command: str) -> Iterator[ImapClient]:
        """Yield the client with the folder open for changes. Raises Transient if its UIDs mean other messages now."""
        self._same_epoch(folder, self._session.select(folder, readonly=False))
        with self._session.client(command) as client:
            yield client

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
            if self._news():
                return True
            if self._session.has("IDLE"):
                with self._session.client("IDLE") as client:
                    reason = idle(client, self._waker, seconds, self._settings.idle_minutes * 60)
            else:
                reason = self._waker.wait(seconds)
            return reason is WakeReason.CONNECTION or (reason is WakeReason.TIME and self._news())
        finally:
            self._since_wait.clear()

    def wake(self) -> None:
        self._waker.wake()

    def close(self) -> None:
        self._session.logout()
        self._waker.close()

    def _plan(self) -> FolderPlan:
        with self._session.client("LIST") as client:
            return plan(listed(client), self._settings.watch, self._settings.sent, self._settings.junk)

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
        """Check that another message can be read, of the open folder first. Raises Transient if none can: a fault with
        all messages is the server's. What is read is discarded."""
        if self._proved:
            return
        others = sorted((watched.name for watched in self._plan().watched), key=lambda name: name != self._folder)
        for folder in others:
            for uid in self._candidates(folder, (self._folder, unread)):
                try:
                    if self._session.selected != (folder, True):
                        self._session.select(folder, readonly=True)
                    with self._session.client("FETCH") as client:
                        self._proved = bool(messages.whole(client, [uid]))
                except Transient:
                    continue
                if self._proved:
                    self._reopen()
                    return
        raise Transient("IMAP FETCH: no message can be read")

    def _candidates(self, folder: str, but: tuple[str, int]) -> list[int]:
        """Return the UIDs of a few small messages of the folder, other than `but` (folder, uid)."""
        try:
            state = self._session.select(folder, readonly=True)
            with self._session.client("SEARCH") as client:
                uids = sorted(uid for uid in messages.all_uids(client, state) if (folder, uid) != but)
                step = max(1, (len(uids) - 1) // (_LOOKED_AT - 1))  # the first, the last, and some between
                looked_at = sorted({*uids[::step][:_LOOKED_AT], *uids[-1:]})
                metas = messages.all_metas(client, looked_at) if looked_at else []
        except Transient:
            return []  # a folder that cannot be opened proves nothing
        smallest = sorted((meta for meta in metas if meta.size), key=lambda meta: meta.size)
        return [meta.uid for meta in smallest[:_ASKED_FOR]]

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


def _portions(uids: Collection[int]) -> Iterator[list[int]]:
    """The UIDs in order, as many at once as one command may name."""
    ordered = sorted(uids)
    for first in range(0, len(ordered), _AT_ONCE):
        yield ordered[first : first + _AT_ONCE]
