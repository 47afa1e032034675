"""The nightly proof: after a full comparison of the mailbox, is every message, case and mail accounted for?

The result is stored with its time; `status` and the digest show it, and the operator is told when something is wrong.
It changes nothing else: what is found is for a person.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import structlog

from oacmail.core.reconciliation import CODE, RECONCILED, Discrepancy, Mismatch, Reconciliation, from_text, is_due
from oacmail.engine.engine import Engine
from oacmail.engine.folder_scan import FolderListing

log = structlog.get_logger()


@dataclass(slots=True)
class NightlyProof:
    engine: Engine

    def look(self, listings: Sequence[FolderListing], unread: Sequence[str], *, compared: bool) -> None:
        """`listings`: what the server has, as this pass has just read it; `unread`: folders that it could not open.
        Raises StateError."""
        store, now = self.engine.store, self.engine.now()
        last = from_text(store.recall(RECONCILED))
        if last is None:  # what was there at the first start belongs to no night yet
            store.remember(RECONCILED, Reconciliation(at=now).to_text(), now)
            return
        if not is_due(last, now, self.engine.policy.office.timezone, compared=compared):
            return
        present = {(one.watched.name, one.state.uidvalidity): one.present for one in listings}
        found = (
            *store.discrepancies(present, now),
            *(Discrepancy(what=Mismatch.FOLDER, where=name) for name in unread),
        )
        store.remember(RECONCILED, Reconciliation(at=now, found=found).to_text(), now)
        counts = Counter(one.what for one in found)
        store.problem(CODE, bool(found), now, ", ".join(f"{what} {counts[what]}" for what in sorted(counts)))
        log.info("reconciled", count=len(found))
