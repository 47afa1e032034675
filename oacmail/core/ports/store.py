"""The port of the store. Each method is one transaction, or part of a `turn` or of `together`.

All raise StateError (locked, disk full) or Fatal (damaged).
"""

from collections.abc import Iterable, Mapping, Sequence, Set
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from oacmail.core.effects import Arrived, Decision, TickItem
from oacmail.core.lookup import LookedUp
from oacmail.core.model import MessageRef, Outcome, Status
from oacmail.core.outgoing import MailKind
from oacmail.core.policy import Policy
from oacmail.core.ports.board import BoardStore
from oacmail.core.ports.mailbox import FolderRead, FolderRow, MessageMeta, WatchedFolder
from oacmail.core.ports.renderer import FrozenMail
from oacmail.core.reconciliation import Discrepancy
from oacmail.core.view import Noticed, TickView, View

UNREADABLE = "unreadable: the server gives up on it"  # why a message is quarantined that the server does not deliver
KEY_FILE = "token.key"  # in the state directory, where no credential holds the key
LOST = "database-lost"  # the problem of a new database where an earlier one has been; a rebuild or a restore ends it


@dataclass(frozen=True, slots=True, kw_only=True)
class Claimed:
    """An outbox row that this process sends now."""

    key: str
    kind: MailKind
    recipient: str
    mime: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Correction:
    """A message whose classification an agent has corrected. `labels`: field (kind, topic, level, intent, language) to
    the agent's value. `raw`: None if it was too large to store or is no longer stored."""

    labels: Mapping[str, str]
    subject: str
    fresh: str
    raw: bytes | None


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingDraft:
    """A draft that is not known to be in its folder. `overtaken`: since it was written an agent has answered the case,
    or the case was closed."""

    key: str
    message_id: str
    mime: bytes
    overtaken: bool


class Turn(Protocol):
    """The transaction of one decision: read, write, and commit if the block ends without an exception."""

    def view(self, policy: Policy, inp: LookedUp, now: datetime) -> View | TickView: ...

    def noticed(self, now: datetime) -> Sequence[Noticed]:
        """Notices to staff of the last hour, for their limits."""
        ...

    def message(self, fingerprint: str) -> tuple[str, bytes | None] | None:
        """(fresh text, original bytes or None) of a recorded message."""
        ...

    def arrival(self, fingerprint: str) -> tuple[bytes, datetime] | None:
        """(original bytes, arrival) of a recorded message whose bytes are stored."""
        ...

    def citizens(self, cases: Sequence[str]) -> dict[str, tuple[str, Status]]:
        """Number of each of these cases that exists to the address of its citizen and its status."""
        ...

    def continued(self, case: str) -> tuple[tuple[str, ...], str]:
        """What an answer to the person of this case continues: the Message-IDs of that person's messages, oldest
        first, and the subject of the last; ((), '') if there is no such case yet."""
        ...

    def apply(
        self,
        decision: Decision,
        *,
        now: datetime,
        mails: Mapping[str, FrozenMail],
        arrived: Arrived | None = None,
        raw: bytes | None = None,
        message_ref: MessageRef | None = None,
        shadow: bool = False,
    ) -> None: ...


class Store(BoardStore, Protocol):
    def turn(self) -> AbstractContextManager[Turn]: ...
    def together(self) -> AbstractContextManager[None]:
        """All writes inside, by turns or other methods, share one commit at its end. A turn that fails is rolled back
        alone; an exception that leaves the block rolls back all. No other thread writes meanwhile."""
        ...

    # folders and messages
    def folders(self) -> Mapping[str, FolderRow]:
        """All that are known, by name."""
        ...

    def begin_folder(self, watched: WatchedFolder, uidvalidity: int, uidnext: int, now: datetime) -> None: ...
    def watching(self, watched: Sequence[WatchedFolder]) -> None:
        """Exactly these folders are watched now; one that they replace is an ordinary folder."""
        ...

    def synced(self, folders: Iterable[FolderRead], now: datetime) -> None:
        """These were read to their end by a pass that began at `now`."""
        ...

    def known(self, name: str, uidvalidity: int, uids: Sequence[int] | None) -> dict[int, MessageMeta]: ...
    def known_uids(self, name: str, uidvalidity: int) -> set[int]: ...
    def forget(self, name: str, uidvalidity: int, uids: Iterable[int]) -> None: ...
    def sight(
        self, name: str, uidvalidity: int, metas: Iterable[MessageMeta], baseline: set[int], now: datetime
    ) -> None: ...
    def begin_epoch(self, name: str, uidvalidity: int) -> None: ...
    def of_the_past(self, found: Iterable[MessageMeta], identities: Mapping[int, str]) -> set[int]:
        """UIDs that a baseline message of any folder equals in size and date, or in identity
        (oacmail/mail/mime/headers.py)."""
        ...

    def met_elsewhere(self, found: Iterable[MessageMeta]) -> set[int]:
        """UIDs that a message of any folder, no matter whether it is still there, equals in size and date."""
        ...

    def unidentified(self, name: str, uidvalidity: int) -> list[int]:
        """UIDs of baseline messages whose identity is not stored."""
        ...

    def identify(self, name: str, uidvalidity: int, identities: Mapping[int, str]) -> None: ...
    def revive(self, name: str, uidvalidity: int, present: Iterable[int]) -> None:
        """These UIDs exist: one quarantined as UNREADABLE gets one more attempt, one that counted as gone is new."""
        ...

    def with_unworked(self) -> Set[tuple[str, int]]:
        """(folder, UIDVALIDITY) of all in which a message has no outcome yet."""
        ...

    def unworked(self, name: str, uidvalidity: int, now: datetime) -> dict[int, tuple[MessageMeta, int, bool]]: ...
    def put_off(self, message_ref: MessageRef, until: datetime) -> None:
        """Leave it out of `unworked` until then."""
        ...

    def any_failed(self) -> bool:
        """Whether any message is in quarantine because handling it failed."""
        ...

    def attempt(self, name: str, uidvalidity: int, uids: Sequence[int], *, alone: bool) -> None: ...
    def attempt_ended(
        self, name: str, uidvalidity: int, uids: Sequence[int], *, passing: bool, error: str | None
    ) -> None: ...
    def count_failure(self, message_ref: MessageRef, error: str) -> None: ...
    def end(self, message_ref: MessageRef, outcome: Outcome) -> None: ...
    def quarantine(self, message_ref: MessageRef, raw: bytes | None, reason: str, now: datetime) -> None: ...
    def to_file(self) -> list[tuple[MessageRef, str]]: ...
    def filed(self, message_refs: Iterable[MessageRef]) -> None: ...

    # drafts
    def drafts(self) -> list[WaitingDraft]: ...
    def draft_settled(self, key: str, now: datetime) -> None:
        """It is in the folder, or not needed any more: its bytes are forgotten."""
        ...

    def discrepancies(self, present: Mapping[tuple[str, int], Set[int]], now: datetime) -> Sequence[Discrepancy]:
        """What the server has, by folder and UIDVALIDITY, and the database cannot account for; cases and mails that
        nobody would notice any more."""
        ...

    # outbox
    def begin(self, run: str, now: datetime) -> None:
        """A process starts under a unique name: `recover`, and forget that another instance was seen."""
        ...

    def signed_with(self, names: Iterable[str], now: datetime) -> None:
        """`names` of the token secrets that are valid from now on."""
        ...

    def number_given(self, number: str, now: datetime) -> bool:
        """A case of a lost database had this number: new ones stand above it. Return whether that is news."""
        ...

    def recover(self) -> None: ...
    def claim(
        self,
        now: datetime,
        most: int,
        staff: frozenset[str] | None,
        waits: Sequence[MailKind] = (),
        kinds: Sequence[MailKind] = (),
    ) -> list[Claimed]: ...
    def unclaim(self, keys: list[str], now: datetime) -> None: ...
    def sending(self, key: str, now: datetime, *, copy_expected: bool) -> bool: ...
    def next_due(self) -> datetime | None: ...
    def refused(self, policy: Policy, now: datetime) -> list[str]:
        """Recipients of mails that the relay refused or deferred since it last accepted one."""
        ...

    def without_copy_since(self, staff: frozenset[str]) -> datetime | None:
        """When the first mail was sent since which no copy has arrived; None = the latest mail has its copy."""
        ...

    def read_at(self) -> datetime | None:
        """When both INBOX and Sent were last read."""
        ...

    def handed_over_since(self, now: datetime, seconds: int) -> int: ...

    # the service
    def problem(self, code: str, present: bool, now: datetime, why: str = "") -> None:
        """`why`: the cause in codes and classes of errors; the latest one is kept."""
        ...

    def passed(self, now: datetime) -> None:
        """One more pass over all watched folders is complete."""
        ...

    def tidy(self, now: datetime) -> None:
        """Delete stored values that waited for a message that never arrived."""
        ...

    # ticks
    def tick_items(self, policy: Policy, now: datetime) -> list[TickItem]:
        """What a tick would handle now, without deferred items."""
        ...

    def tick_failed(self, item: TickItem, error: str, *, until: datetime, now: datetime) -> None:
        """The item raised. `error`: the name of its class."""
        ...

    def is_put_off(self, item: TickItem, now: datetime) -> bool: ...
    def tick_completed(self, policy: Policy, now: datetime) -> None:
        """Forget failures of items that succeeded or are no longer due; remember that a tick has completed."""
        ...

    def succeeded(self, item: TickItem, now: datetime) -> None:
        """Forget its failure, if there was one."""
        ...

    def remember(self, name: str, value: str, now: datetime) -> None: ...
    def recall(self, name: str) -> str | None: ...
    def known_at(self, name: str) -> datetime | None:
        """When this value was last remembered; None = it is not known."""
        ...

    def corrections(self) -> list[Correction]:
        """Agents' corrections of classifications."""
        ...

    def written(self) -> Iterable[tuple[str, str]]:
        """(address, subject and own words) of the latest messages of citizens."""
        ...
