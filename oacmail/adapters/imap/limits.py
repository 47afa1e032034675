"""Recognise an IMAP server's own limits in its answers, and how long it asks us to stay away.

This module decides only that an answer is a limit, which is never a message's or a password's fault. It waits for
nothing.

Sources: Exchange Online names the pause ("BAD Request is throttled. Suggested Backoff Time: 89117 milliseconds", then
BYE), <https://github.com/simonrob/email-oauth2-proxy/issues/191>. Gmail answers LOGIN with "NO [ALERT] Too many
simultaneous connections. (Failure)" above 15, <https://github.com/zone-eu/wildduck/issues/35>, and FETCH with
"[OVERQUOTA] Account exceeded command or bandwidth limits.", <https://github.com/ljmerza/ha-email-sensor/issues/16>,
which may last a day, <https://support.google.com/a/answer/1071518>.
"""

import re

from oacmail.core.errors import Transient

_NAMED = re.compile(r"Suggested Backoff Time: (\d{1,9}) milliseconds", re.IGNORECASE)
# what the answer has, what the error says, seconds of the first pause
_LIMITS: tuple[tuple[re.Pattern[str], str, float], ...] = (
    (re.compile("too many simultaneous connections", re.IGNORECASE), "too many connections", 60.0),
    (re.compile("exceeded command or bandwidth limits", re.IGNORECASE), "bandwidth limit", 300.0),
    (re.compile(r"\[THROTTLED\]|is throttled", re.IGNORECASE), "throttled", 60.0),
)


def limit(command: str, answer: str) -> Transient | None:
    """The error for the answer of a server that limits us, None for every other answer."""
    if named := _NAMED.search(answer):
        return _error(command, "throttled", int(named[1]) / 1000, named=True)
    hit = next(((what, pause) for sign, what, pause in _LIMITS if sign.search(answer)), None)
    return _error(command, *hit, named=False) if hit else None


def _error(command: str, what: str, pause: float, *, named: bool) -> Transient:
    error = Transient(f"IMAP {command}: {what}")
    error.at_least, error.named = max(1.0, pause), named
    return error
