"""Compare what each nightly proof names with the mailbox: what a fault or a hand has removed, and nothing else.

A message is gone if no folder has its Message-ID and a person or a restore of the mailbox has touched it; a copy, if no
folder has the key of its mail. No hand changes a row of a simulated town: a row that is named is a false alarm.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from oacmail.store.reconciliation import UNDER_WAY
from testbed.sim.expected_due import require
from testbed.sim.town import SimulatedTown

LIVE_FOR = timedelta(days=7)  # a case stays live after it was closed


@dataclass(slots=True)
class ProofChecks:
    """`_touched`: Message-IDs that a person or a restore of the mailbox has moved, copied or removed; `_said`: what was
    named: kind, case or place, and moment."""

    town: SimulatedTown
    _touched: set[str] = field(default_factory=set)
    _said: set[tuple[str, str, str]] = field(default_factory=set)
    _last: str = ""

    def follow(self) -> None:
        """Compare the proof that was made in this step, if any."""
        self._touched |= self.town.mailbox.touched
        if self.town.down:
            return
        proof = self.town.database.nightly_proof()
        if proof.get("at", self._last) == self._last:
            return
        self._last = proof["at"]
        self._compare(proof)

    @property
    def named(self) -> Counter[str]:
        """How many differences of each kind were named, each counted once."""
        return Counter(what for what, *_ in self._said)

    def _compare(self, proof: dict[str, Any]) -> None:
        found = Counter((what, where) for what, where, *_ in proof["found"])
        self._said |= {(what, where, str(at)) for what, where, at, *_ in proof["found"]}
        gone = self._gone()
        for (what, where), times in found.items():
            may_be = self._happened(what, where, gone)
            require(
                times <= may_be,
                "the nightly proof names only what a fault or a hand has done",
                lambda what=what, where=where, times=times, may_be=may_be: (  # type: ignore[misc]
                    f"{what} {where}: {times} of {may_be}"
                ),
            )
        said = {where for what, where, _ in self._said if what == "gone"}
        unsaid = sorted(gone.keys() - said)
        require(
            not unsaid or any(what == "folder" for what, _ in found),
            "the nightly proof names every message of a live case that is gone",
            lambda: str(unsaid[:3]),
        )

    def _happened(self, what: str, where: str, gone: Mapping[str, int]) -> int:
        """How many differences of this kind may be named there."""
        if what == "gone":
            return gone.get(where, 0)
        if what == "copy":
            return self._uncopied(where)
        if what == "message":
            return sum(message.bad for message in self.town.mailbox.folders[where].messages.values())
        if what == "stuck":
            return self._held_up(where)
        return 0

    def _held_up(self, where: str) -> int:
        """Mails of this case, or of this kind without a case, that may have waited for a day: beside a fault, or within
        the day after it. They may have left since the proof."""
        town, now = self.town, self.town.clock.true()
        if not town.active_faults and now - town.healthy_since > UNDER_WAY:
            return 0
        return town.database.written_about(where, now - UNDER_WAY)

    def _gone(self) -> Counter[str]:
        """Messages of live cases that are in no folder, by number."""
        here = {one.message_id for box in self.town.mailbox.folders.values() for one in box.messages.values()}
        since = self.town.clock.now() - LIVE_FOR
        return Counter(
            row["number"]
            for row in self.town.database.on_live_cases(since)
            if row["message_id"] not in here and row["message_id"] in self._touched
        )

    def _uncopied(self, where: str) -> int:
        """Mails of this case, or of this kind without a case, of which no folder has a copy."""
        here = self.town.keys_in_the_mailbox()
        return sum(key not in here for key in self.town.database.sent_about(where))
