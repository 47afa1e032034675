"""What a person would read of an invitation (RFC 5545): its title, time, place and description as plain lines.

Decides nothing about appointments; a message that is nothing but a calendar part still says something.
"""

import re

_FOLD = re.compile(r"\r?\n[ \t]")
_LINE = re.compile(r"^(SUMMARY|DTSTART|LOCATION|DESCRIPTION)(?:;[^:\n]{0,500})?:([^\n]*)$", re.M | re.I)
_ESCAPED = re.compile(r"\\([nN,;\\])")


def read(text: str) -> str:
    """The lines of the first event, '' where `text` is no calendar."""
    found: dict[str, str] = {}
    for name, value in _LINE.findall(_FOLD.sub("", text)):
        found.setdefault(name.upper(), _ESCAPED.sub(lambda mark: "\n" if mark[1] in "nN" else mark[1], value).strip())
    order = ("SUMMARY", "DTSTART", "LOCATION", "DESCRIPTION")
    return "\n".join(found[name] for name in order if found.get(name))
