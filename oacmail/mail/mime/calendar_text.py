"""Show an invitation (RFC 5545) as plain lines: title, time, place and description.

This module decides nothing about appointments. It exists because some messages consist of a calendar part only.
"""

import re

_FOLD = re.compile(r"\r?\n[ \t]")
_LINE = re.compile(r"^(SUMMARY|DTSTART|LOCATION|DESCRIPTION)(?:;[^:\n]{0,500})?:([^\n]*)$", re.M | re.I)
_ESCAPED = re.compile(r"\\([nN,;\\])")


def event_lines(text: str) -> str:
    """Return the lines of the first event, '' if `text` is not a calendar."""
    found: dict[str, str] = {}
    for name, value in _LINE.findall(_FOLD.sub("", text)):
        found.setdefault(
            name.upper(), _ESCAPED.sub(lambda found: "\n" if found[1] in "nN" else found[1], value).strip()
        )
    order = ("SUMMARY", "DTSTART", "LOCATION", "DESCRIPTION")
    return "\n".join(found[name] for name in order if found.get(name))
