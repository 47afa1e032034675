"""What `check` finds where the office got another address or another prefix of its case numbers.

It compares the configuration with what the database holds of our own mail and of cases, and changes neither.
"""

import sqlite3
from collections.abc import Iterator

from oacmail import wiring
from oacmail.cli.findings import Finding, warning
from oacmail.config import Config
from oacmail.core.model import Outcome, Role


def findings(config: Config, con: sqlite3.Connection) -> Iterator[Finding]:
    """Yields each former address that is no alias, and each former prefix."""
    own = wiring.rules(config).office
    rows = con.execute(
        """SELECT DISTINCT p.address FROM messages m JOIN people p ON p.id = m.author_id
        WHERE m.role = ? AND m.outcome = ? ORDER BY 1""",
        (Role.OURS, Outcome.OURS),
    )
    for (address,) in rows:
        if not own.is_own(address):
            what = f"our earlier mail is from {address}, which is no longer an address of the office"
            yield warning("office.aliases", what, "add it, else a message from it counts as a citizen's")
    rows = con.execute("SELECT substr(number, 1, instr(number, '-') - 1), count(*) FROM cases GROUP BY 1 ORDER BY 1")
    for prefix, count in rows:
        if prefix != own.prefix:
            what = f"there are cases numbered {prefix}-… ({count}): no mail finds one by its number now"
            yield warning("office.prefix", what, f'write prefix = "{prefix}" again (docs/config.md)')
