"""What the engine puts into the mailbox: draft answers and our own copies, each once; and the report of a full one."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby
from operator import itemgetter

import structlog

from oacmail.core.errors import StateError, Transient
from oacmail.core.model import Folder, MessageRef
from oacmail.core.ports.mailbox import Mailbox
from oacmail.core.stored_values import DRAFTS
from oacmail.engine.engine import Engine
from oacmail.engine.folder_scan import SIGNATURE_FIELD
from oacmail.engine.watch import ProblemFlag

# --- Drafts ----------------------------------------------------------------------------------------------------------
# A draft is looked for by its Message-ID before it is appended: what a crash left there is not written again. No draft
# is read, changed or deleted; what an agent sends arrives in the folder of sent mail like any answer.


@dataclass(slots=True)
class Drafts:
    engine: Engine
    mailbox: Mailbox
    _unwritten: ProblemFlag = field(init=False)

    def __post_init__(self) -> None:
        self._unwritten = ProblemFlag(self.engine.store, "drafts", begins="draft.unwritten")

    def note_folder(self) -> str:
        """Remember the folder for the decisions of the pass that begins, and return it."""
        store, folder = self.engine.store, self.mailbox.drafts()
        if store.recall(DRAFTS) != folder:
            store.remember(DRAFTS, folder, self.engine.now())
        return folder

    def write(self, folder: str) -> None:
        """A failure is logged, delays nothing, and is retried at the next pass; after a second one in the same pass the
        server is not asked again. Raises StateError."""
        if self.engine.policy.shadow:
            return
        errors: list[str] = []
        for draft in self.engine.store.drafts():
            try:
                if not draft.overtaken:
                    self._append(folder, draft.message_id, draft.mime)
                self.engine.store.draft_settled(draft.key, self.engine.now())
            except StateError:
                raise
            except Transient as trouble:
                errors.append(str(trouble) or type(trouble).__name__)
                if len(errors) > 1:
                    break
        self._unwritten.set(bool(errors), self.engine.now(), ", ".join(errors))

    def _append(self, folder: str, message_id: str, raw: bytes) -> None:
        if not folder:
            raise Transient("there is no folder of drafts any more")
        self.mailbox.open(folder)
        if not self.mailbox.bearing("Message-ID", message_id):
            self.mailbox.append_draft(folder, raw)


# --- Mailbox actions -------------------------------------------------------------------------------------------------
# After a pass our own copies are moved to Sent, and a full mailbox is reported. People's messages stay: what is moved
# has our signature in the folder at that moment. A failure is logged, delays nothing, and is retried at the next pass.

log = structlog.get_logger()
FULL, ALMOST_FULL = "mailbox-full", 0.95  # the code of the problem, and the share of the quota from which it exists


@dataclass(slots=True)
class MailboxActions:
    engine: Engine
    mailbox: Mailbox
    _unfiled: ProblemFlag = field(init=False)
    _full: ProblemFlag = field(init=False)

    def __post_init__(self) -> None:
        self._unfiled = ProblemFlag(self.engine.store, "unfiled", begins="message.unfiled")
        self._full = ProblemFlag(self.engine.store, FULL)

    def look_at_quota(self, now: datetime) -> None:
        """Check the quota: a full mailbox accepts neither messages nor copies, and nothing else reports it."""
        self._full.set(self.mailbox.fill() >= ALMOST_FULL, now)

    def file(self, names: Mapping[Folder, str]) -> None:
        """`names` are the folders that were read, by role. Own copies are marked as seen there."""
        if self.engine.policy.shadow:
            return
        error = ""
        try:
            self._move(names)
        except Transient as trouble:
            error = str(trouble) or type(trouble).__name__
        self._unfiled.set(bool(error), self.engine.now(), error)

    def _move(self, names: Mapping[Folder, str]) -> None:
        wanted = sorted(self.engine.store.to_file(), key=lambda item: item[0].folder)
        for folder, group in groupby(wanted, key=lambda item: item[0].folder):
            self.mailbox.open(folder)
            ours = self.mailbox.bearing(SIGNATURE_FIELD)  # people move mail: our UID must not name a citizen's message
            for role, message_refs in _by_role(group):
                target = names.get(Folder(role))
                if target is None:
                    continue
                moved = [message_ref.uid for message_ref in message_refs if message_ref.uid in ours]
                if moved and target != folder:
                    self.mailbox.file(folder, moved, target, seen=True)
                self.engine.store.filed(message_refs)


def _by_role(wanted: Iterable[tuple[MessageRef, str]]) -> Iterator[tuple[str, list[MessageRef]]]:
    for role, group in groupby(sorted(wanted, key=itemgetter(1)), key=itemgetter(1)):
        yield role, [message_ref for message_ref, _ in group]
