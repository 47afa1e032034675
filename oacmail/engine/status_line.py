"""The line that `systemctl status` shows: first what is unhealthy, then what is in progress."""

from collections.abc import Collection

_NO_FAULT = "calendar_provisional"  # a warning that `status` shows
_SAID = {"config-refused": "the changed configuration was refused"}


def summary(problems: Collection[str], state: str, *, read: bool, shadow: bool) -> str:
    """`problems` are the recorded codes; `state` is why the database cannot be used, or ''; `read`: the mailbox was
    read since the last start or lost connection."""
    if state:
        return f"UNHEALTHY: {state}: nothing can be recorded or sent; see oacmail status"
    goes = "nothing is sent (shadow)" if shadow else "mail goes out"
    words = f"mailbox read, {goes}" if read else "waiting for the mailbox"
    faults = [_SAID.get(code, code) for code in problems if not code.startswith(_NO_FAULT)]
    return f"UNHEALTHY: {', '.join(faults)}; {words}; see oacmail status" if faults else words
