"""A person's messages in the mailbox: from or to them, and those of their cases. It is read with BODY.PEEK.

Every folder that can be opened is searched by the server, and each hit is compared exactly, since a server finds
`anna@…` in `joanna@…` too. Only `delete` changes anything, and of exactly the messages that were found.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.utils import getaddresses

from oacmail.adapters.imap import ImapMailbox
from oacmail.core.errors import Refused, Transient, UnreadableMessage
from oacmail.core.model import MessageRef
from oacmail.core.ports.mailbox import Fetched

_FIELDS = ("From", "To", "Cc", "Bcc", "Reply-To")
AT_ONCE = 20  # messages in memory


@dataclass(frozen=True, slots=True, kw_only=True)
class Sought:
    """`address`: of the person; `message_ids` and `cases`: of their cases (the numbers)."""

    address: str
    message_ids: frozenset[str]
    cases: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundMessage:
    """`theirs`: the person wrote it or it was sent to them; else it is a colleague's on one of their cases."""

    ref: MessageRef
    raw: bytes
    theirs: bool


def find(box: ImapMailbox, sought: Sought) -> Iterator[FoundMessage]:
    """Yield the messages, folder by folder. Raises Transient, and Refused if the server does not return one of them: a
    certificate must not leave it out."""
    for folder in box.names():
        epoch = box.open(folder).uidvalidity
        hits = sorted(_hits(box, sought))
        for start in range(0, len(hits), AT_ONCE):
            for uid, fetched in _fetched(box, folder, hits[start : start + AT_ONCE]).items():
                theirs = _names(fetched.raw, sought.address)
                if theirs or _is_on_a_case(fetched.raw, sought):
                    ref = MessageRef(folder=folder, uidvalidity=epoch, uid=uid)
                    yield FoundMessage(ref=ref, raw=fetched.raw, theirs=theirs)


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


def _hits(box: ImapMailbox, sought: Sought) -> set[int]:
    hits: set[int] = set()
    if "@" in sought.address:
        for field in _FIELDS:
            hits |= box.bearing(field, sought.address)
    for message_id in sought.message_ids:
        hits |= box.bearing("Message-ID", message_id)
    for case in sought.cases:
        hits |= box.bearing("X-Oacmail-Case", case)
    return hits


def _head(raw: bytes, *fields: str) -> list[str]:
    """The fields of the head; strange ones as far as they can be read."""
    mail = message_from_bytes(raw, policy=policy.compat32)
    return [str(value) for field in fields for value in mail.get_all(field, [])]


def _names(raw: bytes, address: str) -> bool:
    return any(found.lower() == address for _, found in getaddresses(_head(raw, *_FIELDS)))


def _is_on_a_case(raw: bytes, sought: Sought) -> bool:
    ids = {value.strip() for value in _head(raw, "Message-ID")}
    return bool(ids & sought.message_ids or {value.strip() for value in _head(raw, "X-Oacmail-Case")} & sought.cases)


def by_folder(found: Sequence[MessageRef]) -> dict[str, int]:
    """Return the number of messages by folder."""
    folders = [ref.folder for ref in found]
    return {folder: folders.count(folder) for folder in dict.fromkeys(folders)}


def refuse_if_it_cannot_delete(box: ImapMailbox) -> None:
    """Raises Refused. A server without UIDPLUS (RFC 4315) can only expunge all messages that anybody has marked as
    deleted, and Gmail keeps what was expunged: there people must delete them."""
    offers = box.offers()
    if "UIDPLUS" not in offers or "X-GM-EXT-1" in offers:
        raise Refused("this server cannot delete single messages for good: delete them in a mail program")


def delete(box: ImapMailbox, found: Sequence[MessageRef]) -> Mapping[str, int]:
    """Delete exactly these for good; return how many by folder. Raises Refused, Transient."""
    refuse_if_it_cannot_delete(box)
    for folder in by_folder(found):
        some = [ref for ref in found if ref.folder == folder]
        if box.open(folder).uidvalidity != some[0].uidvalidity:
            raise Transient("the mailbox was changed meanwhile: run the command again")
        box.erase(folder, [ref.uid for ref in some])
    return by_folder(found)
