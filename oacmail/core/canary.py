"""The canary: a signed mail that the service sends to itself over the outside, to see that mail leaves and arrives.

Values and names only. Who sends it: core/outbox.py; who tells that it does not come back: engine/watch.py.
"""

from dataclasses import dataclass
from datetime import UTC, datetime

KEY = "canary:"
"""How the key of its row in the outbox begins; the moment at which it was queued follows."""
CODE = "canary"  # the problem's
_FORM = "%Y%m%dT%H%M%SZ"


@dataclass(frozen=True, slots=True, kw_only=True)
class LastCanary:
    """`key`: of the last one, '' = there was none; `waits`: it has not left yet."""

    key: str = ""
    waits: bool = False


def key_of(moment: datetime) -> str:
    return KEY + moment.astimezone(UTC).strftime(_FORM)


def moment_of(key: str) -> datetime:
    """When the canary of this key was queued."""
    return datetime.strptime(key.removeprefix(KEY), _FORM).replace(tzinfo=UTC)
