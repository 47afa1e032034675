r"""Draft answers into the folder of drafts of the office's mailbox, each once.

A draft is looked for by its Message-ID before it is appended: what a crash left there is not written again. This module
reads no draft, changes none and deletes none; what an agent sends arrives in the folder of sent mail like any answer.
"""

from dataclasses import dataclass, field

from oacmail.core.errors import StateError, Transient
from oacmail.core.ports.mailbox import Mailbox
from oacmail.core.view import DRAFTS
from oacmail.engine.engine import Engine
from oacmail.engine.problem_flag import ProblemFlag


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
        for one in self.engine.store.drafts():
            try:
                if not one.overtaken:
                    self._append(folder, one.message_id, one.mime)
                self.engine.store.draft_settled(one.key, self.engine.now())
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
