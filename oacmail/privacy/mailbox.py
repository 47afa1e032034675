"""A person's messages in the mailbox: from or to them, and those of their cases. It is read with BODY.PEEK.

Every folder that can be opened is searched by the server, and each hit is compared exactly, since a server finds
`anna@…` in `joanna@…` too. What somebody else wrote, or got too, is found so that it can be named, and stays. Only
`delete` changes anything, and of exactly the messages that it is given.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from email import message_from_bytes
from email.policy import compat32
from email.utils import getaddresses

from oacmail.adapters.imap import ImapMailbox
from oacmail.core.errors import Refused, Transient, UnreadableMessage
from oacmail.core.model import MessageRef
from oacmail.core.policy import Policy
from oacmail.core.ports.mailbox import Fetched

_TO = ("To", "Cc", "Bcc")
_FIELDS = ("From", "Reply-To", *_TO)
AT_ONCE = 20  # messages in memory


@dataclass(frozen=True, slots=True, kw_only=True)
class Sought:
    """`address`: of the person; `message_ids` and `cases`: of their cases (the numbers). `policy` tells the office's
    addresses from everybody else's."""

    policy: Policy
    address: str
    message_ids: frozenset[str]
    cases: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundMessage:
    """`named_in`: the fields of its head that name the person; () = it is on a case of theirs. `theirs`: the person
    wrote it, or the office wrote it to them. `shared`: somebody outside the office wrote it, or got it too."""

    ref: MessageRef
    raw: bytes
    named_in: tuple[str, ...]
    theirs: bool
    shared: bool


def find(box: ImapMailbox, sought: Sought) -> Iterator[FoundMessage]:
    """Yield the messages, folder by folder. Raises Transient, and Refused if the server does not return one of them: a
    certificate must not leave it out."""
    for folder in box.names():
        epoch = box.open(folder).uidvalidity
        hits = sorted(_hits(box, sought))
        for start in range(0, len(hits), AT_ONCE):
            for uid, fetched in _fetched(box, folder, hits[start : start + AT_ONCE]).items():
                found = _found(MessageRef(folder=folder, uidvalidity=epoch, uid=uid), fetched.raw, sought)
                if found.named_in or _is_on_a_case(found.raw, sought):
                    yield found


def _found(ref: MessageRef, raw: bytes, sought: Sought) -> FoundMessage:
    """Who wrote it stands in From; of a form that a machine sends (`callback.form_senders`), in Reply-To."""
    policy, named = sought.policy, {field: _addresses(raw, field) for field in _FIELDS}
    writers = named["From"]
    if writers and writers <= policy.form_senders:
        writers = named["Reply-To"]
    others = frozenset[str]().union(*(named[field] for field in _TO)) - {sought.address} - policy.people.staff
    by_person = writers == {sought.address}
    by_office = bool(writers) and all(policy.office.is_own(one) or one in policy.people.staff for one in writers)
    named_in = tuple(field for field in _FIELDS if sought.address in named[field])
    return FoundMessage(
        ref=ref,
        raw=raw,
        named_in=named_in,
        theirs=by_person or (by_office and bool(named_in)),
        shared=not by_person and (not by_office or not all(map(policy.office.is_own, others))),
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
    mail = message_from_bytes(raw, policy=compat32)
    return [str(value) for field in fields for value in mail.get_all(field, [])]


def _addresses(raw: bytes, field: str) -> frozenset[str]:
    return frozenset(found.lower() for _, found in getaddresses(_head(raw, field)) if found)


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
