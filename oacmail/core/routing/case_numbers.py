"""Case numbers as people type them: in the subject of a new mail of the desk, or in an agent's reply.

`OAC-2026-000123`, `oac 2026 123`, `cas 123`, `caso núm. 123`, `case no. 123`. Such a number proves nothing: its caller
decides who may name a case, and whether the mail belongs to it. It never looks a case up.
"""

import re

from oacmail.core.policy import Policy
from oacmail.core.routing.orders import folded
from oacmail.core.routing.signature import number

MOST = 10
_SHORT = re.compile(r"\bcas(?:o|e)?\s{0,2}(?:(?:numero|number|num|nro|no|n)\b\.?[\u00ba\u00b0]?|#)?\s{0,2}(\d{1,6})\b")
_ALONE = re.compile(r"[#\s]{0,3}(\d{1,6})")


def in_text(policy: Policy, text: str, year: int) -> tuple[str, ...]:
    """The full numbers that `text` names, in their order. One without a year is of `year` or of the year before."""
    plain = folded(text[:1000])
    full = re.compile(rf"\b{re.escape(policy.office.prefix.lower())}[-\s/]{{1,2}}(\d{{4}})[-\s/]{{1,2}}(\d{{1,6}})\b")
    found = [number(policy, int(match[1]), int(match[2])) for match in full.finditer(plain)]
    rest = full.sub(" ", plain)
    found += [one for match in _SHORT.finditer(rest) for one in _of_either_year(policy, match[1], year)]
    return tuple(dict.fromkeys(found))[:MOST]


def in_line(policy: Policy, line: str, year: int) -> tuple[str, ...]:
    """The same of a line that may also be nothing but a number: `123`, `#123`."""
    alone = _ALONE.fullmatch(line.strip(" .!,;:"))
    return _of_either_year(policy, alone[1], year) if alone else in_text(policy, line, year)


def _of_either_year(policy: Policy, serial: str, year: int) -> tuple[str, ...]:
    return (number(policy, year, int(serial)), number(policy, year - 1, int(serial)))
