"""Check that the server delivers messages at all, before one message is blamed for being unreadable.

A few other messages, smallest first, are requested with the same command. Their content is discarded.
"""

from collections.abc import Sequence

from oacmail.adapters.imap import messages
from oacmail.adapters.imap.session import Session
from oacmail.core.errors import Transient

_LOOKED_AT = 20  # messages of a folder, spread over all of it
_ASKED_FOR = 3  # of these, how many are requested


def gives_out_a_message(session: Session, folders: Sequence[str], but: tuple[str, int]) -> bool:
    """True if a message of one of these folders, other than `but` (folder, uid), can be read now.

    Leaves any folder selected. Raises Transient if the server cannot be reached.
    """
    return any(_gives(session, folder, uid) for folder in folders for uid in _candidates(session, folder, but))


def _candidates(session: Session, folder: str, but: tuple[str, int]) -> list[int]:
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


def _gives(session: Session, folder: str, uid: int) -> bool:
    try:
        if session.selected != (folder, True):
            session.select(folder, readonly=True)
        with session.client("FETCH") as client:
            return bool(messages.whole(client, [uid]))
    except Transient:
        return False
