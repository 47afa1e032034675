"""The port of the budget that several towns of one machine share: what all of them handed to the relay of late.

It counts and never waits. Its limit is the caller's own `smtp.per_minute`.
"""

from datetime import datetime
from typing import Protocol

WINDOW = 60
"""Seconds for which a mail counts."""


class SharedBudget(Protocol):
    """Both methods raise BudgetUnusable: the file is missing, locked by another town, or refused by the system."""

    def room(self, limit: int, now: datetime) -> int:
        """How many more mails all towns together may hand over now; 0 or more."""
        ...

    def take(self, wanted: int, limit: int, now: datetime) -> int:
        """Count up to `wanted` mails as handed over now, and return how many the limit allows."""
        ...
