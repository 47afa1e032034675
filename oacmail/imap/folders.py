"""Find the folders and their roles by SPECIAL-USE (RFC 6154), else by name.

Only `listed` and `tree` ask the server; the rest is pure. This module never creates a folder.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from imapclient import imap_utf7
from imapclient.response_parser import parse_response

from oacmail.core.model import Folder
from oacmail.core.ports.mailbox import FolderTree, WatchedFolder
from oacmail.imap.connection import ImapClient

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


@dataclass(frozen=True, slots=True)
class Listed:
    """A selectable folder. `flags` are in lower case; `last` is the last part of its name, in lower case."""

    name: str
    flags: frozenset[str]
    last: str


@dataclass(frozen=True, slots=True)
class FolderPlan:
    """The folders to watch, INBOX first, and the names of those that do not exist. `drafts`: the folder of drafts, '' =
    there is none. `junk_by_name`: the junk folder, if nothing but its name tells it."""

    watched: tuple[WatchedFolder, ...]
    missing: tuple[str, ...]
    drafts: str = ""
    junk_by_name: str = ""


def listed(client: ImapClient) -> list[Listed]:
    """Return all folders, with their special uses if the server has them."""
    command = ['""', '"*"'] + (["RETURN", "(SPECIAL-USE)"] if _extended(client) else [])
    # list_folders is not enough: it cannot send RETURN, without which servers may omit special uses, and it fails on
    # the whole list if one name is not modified UTF-7.
    return list(_parsed(tuple(client.rows("LIST", *command))))


def tree(client: ImapClient) -> FolderTree:
    """Return all folders, with the separator of their names and how personal names begin."""
    client.folder_encode = False
    try:
        rows = client._proc_folder_list(client.rows("LIST", '""', '""'))  # RFC 9051 section 6.3.9: the separator alone
    finally:
        client.folder_encode = True
    separator = next(((delimiter or b"").decode("ascii", "replace") for _, delimiter, _ in rows), "")
    prefix = ""
    if client.has_capability("NAMESPACE"):
        personal = client.namespace().personal
        prefix, separator = (personal[0][0], personal[0][1] or separator) if personal else (prefix, separator)
    names = frozenset(folder.name for folder in listed(client))
    return FolderTree(separator=separator, prefix=prefix, names=names)


def plan(folders: Sequence[Listed], watch: Sequence[str], sent: str, junk: str = "") -> FolderPlan:
    r"""Return which of these folders to watch. The junk folder, if it exists, comes last: copies of our own mail may
    land there; a common name does not make it of a folder that `watch` names. The folder of drafts is never watched:
    what lies in it was not sent."""
    drafts = _special(folders, "\\Drafts") or _by_name(folders, _DRAFT_NAMES)
    hits = [(entry, _find(folders, entry, sent)) for entry in watch or _DEFAULT_WATCH]
    found = [hit for _, hit in hits if hit and hit != drafts]
    rest = [folder for folder in folders if folder.name not in watch]
    told = _named(folders, junk) if junk else _special(folders, "\\Junk")
    guess = None if junk or told else _by_name(rest, _JUNK_NAMES)
    filtered = told or guess
    found += [filtered] if filtered else []
    ordered = sorted(dict.fromkeys(found), key=lambda folder: folder.name.upper() != "INBOX")
    watched = tuple(WatchedFolder(name=folder.name, role=_role(folder, sent, filtered)) for folder in ordered)
    missing = [_title(entry, sent) for entry, hit in hits if hit is None]
    missing += [junk] if junk and filtered is None else []
    return FolderPlan(watched, tuple(missing), drafts.name if drafts else "", guess.name if guess else "")


def _extended(client: ImapClient) -> bool:
    return all(client.has_capability(one) for one in ("LIST-EXTENDED", "SPECIAL-USE"))


@lru_cache(maxsize=4)
def _parsed(rows: tuple[object, ...]) -> tuple[Listed, ...]:
    """Return the folders of one answer to LIST. A pass asks up to three times and mostly hears the same."""
    words = iter(parse_response([row for row in rows if row not in (b"", None)]))
    return tuple(_readable(zip(words, words, words, strict=True)))


def _readable(rows: Iterable[tuple[tuple[bytes, ...], bytes | None, bytes | int]]) -> Iterable[Listed]:
    for flags, delimiter, raw in rows:
        lower = frozenset(flag.decode("ascii", "replace").lower() for flag in flags)
        name = _decoded(str(raw) if isinstance(raw, int) else raw)  # a name of digits alone is parsed to a number
        if name and not lower & _UNSELECTABLE:
            parts = name.split((delimiter or b"/").decode("ascii", "replace"))
            yield Listed(name, lower, parts[-1].lower())


def _decoded(raw: bytes | str) -> str:
    """Return '' for a name that is not modified UTF-7: it could not be selected by the decoded name."""
    try:
        return imap_utf7.decode(raw)  # type: ignore[no-any-return]
    except ValueError:
        return ""


def _find(folders: Sequence[Listed], entry: str, sent: str) -> Listed | None:
    if entry == "\\Sent":
        return _named(folders, sent) if sent else _special(folders, entry) or _by_name(folders, _SENT_NAMES)
    return _special(folders, entry) if entry.startswith("\\") else _named(folders, entry)


def _special(folders: Sequence[Listed], use: str) -> Listed | None:
    return next((folder for folder in folders if use.lower() in folder.flags), None)


def _named(folders: Sequence[Listed], name: str) -> Listed | None:
    inbox = name.upper() == "INBOX"
    return next((one for one in folders if one.name == name or (inbox and one.name.upper() == "INBOX")), None)


def _by_name(folders: Sequence[Listed], names: frozenset[str]) -> Listed | None:
    return next((folder for folder in folders if folder.last in names), None)


def _role(folder: Listed, sent: str, junk: Listed | None) -> Folder:
    # A second folder of sent mail ("Sent Items" next to "Sent") also counts as Sent if it is to be watched.
    if folder.name.upper() == "INBOX":
        return Folder.INTAKE
    if folder.name == sent or "\\sent" in folder.flags or folder.last in _SENT_NAMES:
        return Folder.SENT
    return Folder.JUNK if folder == junk or "\\junk" in folder.flags else Folder.OTHER


def _title(entry: str, sent: str) -> str:
    return sent or "Sent" if entry == "\\Sent" else entry.lstrip("\\")
