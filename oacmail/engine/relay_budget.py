"""How many mails may leave now: this town's own limit of a minute, and the budget that towns behind one relay share.

Trouble with the shared budget delays mail for a minute. Then the town counts for itself alone, records a problem, and
goes on asking. This module never loses or drops mail.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from oacmail.core.errors import BudgetUnusable
from oacmail.core.ports.budget import WINDOW, SharedBudget
from oacmail.core.ports.store import Store
from oacmail.engine.problem_flag import ProblemFlag

CODE = "shared-budget"  # the code of the problem
PATIENCE = timedelta(seconds=WINDOW)
_PORTION = 4
"""A town takes a quarter of what is free at a time: one with much to send leaves room for the others."""


@dataclass(slots=True)
class RelayBudget:
    """`per_minute`: 0 = no limit. `shared`: None = this town counts for itself."""

    store: Store
    per_minute: int
    shared: SharedBudget | None
    _since: datetime | None = None
    _unusable: ProblemFlag = field(init=False)

    def __post_init__(self) -> None:
        self._unusable = ProblemFlag(self.store, CODE)

    def room(self, most: int, now: datetime) -> int:
        """How many mails may be tried now, up to `most`."""
        if not self.per_minute:
            return most
        own = min(most, self.per_minute - self.store.handed_over_since(now, WINDOW))
        shared = self.shared
        if shared is None or own <= 0:
            return own
        free = self._asked(lambda: shared.room(self.per_minute, now), own, now)
        return min(own, -(-free // _PORTION))

    def take(self, wanted: int, now: datetime) -> int:
        """Count these mails; return how many of them may leave."""
        shared = self.shared
        if shared is None or not wanted:
            return wanted
        return self._asked(lambda: shared.take(wanted, self.per_minute, now), wanted, now)

    def _asked(self, ask: Callable[[], int], alone: int, now: datetime) -> int:
        """The answer of the shared budget; without one 0 for a minute, then `alone`."""
        try:
            answer = ask()
        except BudgetUnusable as error:
            self._since = self._since or now
            if self._since <= now < self._since + PATIENCE:
                return 0
            self._unusable.set(True, now, str(error))
            return alone
        self._since = None
        self._unusable.set(False, now)
        return answer
