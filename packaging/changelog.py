"""The changelog of the Debian package, written from CHANGELOG.md: `changelog.py VERSION MAINTAINER`.

It decides only the form (deb-changelog(5)). The first entry is VERSION, at $SOURCE_DATE_EPOCH: what its heading has, or
"Unreleased" for a build between two versions. Then come the older versions that name a day; one that does not was
never a package.
"""

import os
import re
import sys
from collections.abc import Iterator
from datetime import UTC, date, datetime, time
from email.utils import format_datetime
from pathlib import Path
from textwrap import wrap

HEADING = re.compile(r"^## (\S+)(?: \(([\d-]+)\))?.*$", re.MULTILINE)
CHANGES = Path(__file__).parent.parent / "CHANGELOG.md"
UNRELEASED = "Unreleased"


def sections(text: str) -> dict[str, tuple[str, str]]:
    """First word of each heading -> its day ('' without one), what stands below it, in the order of the file."""
    found = list(HEADING.finditer(text))
    ends = [*(each.start() for each in found[1:]), len(text)]
    return {each[1]: (each[2] or "", text[each.end() : end]) for each, end in zip(found, ends, strict=True)}


def changelog(text: str, version: str, maintainer: str, at: datetime) -> str:
    """`text`: of CHANGELOG.md. `version`, `at`: of the package that is built."""
    parts = sections(text)
    _, new = parts.pop(version, parts.get(UNRELEASED, ("", "")))
    entries = [_entry(version, new, maintainer, at)]
    for name, (day, below) in parts.items():
        if day:
            began = datetime.combine(date.fromisoformat(day), time(), UTC)
            entries.append(_entry(name, below, maintainer, began))
    return "\n".join(entries)


def _entry(version: str, below: str, maintainer: str, at: datetime) -> str:
    lines = [line for item in _items(below) for line in item] or ["  * As the version below."]
    head = f"oacmail ({version}) unstable; urgency=medium\n\n"
    return head + "\n".join(lines) + f"\n\n -- {maintainer}  {format_datetime(at)}\n"


def _items(below: str) -> Iterator[list[str]]:
    """Lines of each point; a heading and a paragraph of its own are points too."""
    for block in re.split(r"\n(?=- |### )|\n\n", below):
        words = " ".join(block.split())
        if words.startswith("### "):
            yield ["", f"  [ {words[4:]} ]"]
        elif words:
            said = words.removeprefix("- ")
            yield wrap(said, 78, initial_indent="  * ", subsequent_indent="    ", break_on_hyphens=False)


if __name__ == "__main__":
    made = datetime.fromtimestamp(int(os.environ["SOURCE_DATE_EPOCH"]), UTC)
    sys.stdout.write(changelog(CHANGES.read_text("utf-8"), sys.argv[1], sys.argv[2], made))
