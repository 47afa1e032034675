"""A finding of `check`: level, place, problem and remedy; and the findings about the board, of which `check --online`
asks the server, and about a renamed office. It corrects nothing.
"""

import sqlite3
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Literal

from oacmail import wiring
from oacmail.config import Config
from oacmail.core.board import BoardNames, agents_of
from oacmail.core.model import Outcome, Role
from oacmail.imap.mailbox import ImapMailbox

# --- Findings --------------------------------------------------------------------------------------------------------
#
# A finding of `check`: level, place, problem and remedy. It decides nothing.


Level = Literal["error", "warning"]


@dataclass(frozen=True, slots=True)
class Finding:
    """`where`: a key of the configuration, or a path, or one word such as `clock`."""

    level: Level
    where: str
    what: str
    do: str

    def row(self) -> dict[str, str]:
        """The line of `check --json`."""
        return asdict(self)

    def __str__(self) -> str:
        return f"{self.level:7}  {self.where}: {self.what}: {self.do}"


def error(where: str, what: str, do: str) -> Finding:
    return Finding("error", where, what, do)


def warning(where: str, what: str, do: str) -> Finding:
    return Finding("warning", where, what, do)


def read(level: Level, line: str) -> Finding:
    """Parse a line `path: problem: remedy` of the layers below. The problem may contain colons."""
    where, _, rest = line.partition(": ")
    what, found, do = rest.rpartition(": ")
    return Finding(level, where, what if found else rest, do if found else "see docs/config.md")


# --- Board check -----------------------------------------------------------------------------------------------------
#
# What `check` finds about the board: names that clash, and whether its folders can be made and messages moved.


def board_names(config: Config) -> Iterator[Finding]:
    """Yields two folders with one name, and two agents with one folder."""
    policy = wiring.rules(config)
    if policy.board is None:
        return
    twice = [name for name, count in Counter(policy.board.names.values()).items() if count > 1]
    if twice:
        yield error("board.names", f"two folders have the name {twice[0]}", "give each its own name")
    short = Counter(address.partition("@")[0] for address in policy.people.agents)
    for name, count in short.items():
        if count > 1:
            what = f"{count} agents are called {name} before the @, so they share a folder of the board"
            yield error("people.agents", what, "give them addresses that differ before the @")


def board_online(config: Config, box: ImapMailbox) -> Iterator[Finding]:
    """Makes the folders that do not exist, as the service does. Raises Transient."""
    policy = wiring.rules(config)
    if policy.board is None:
        return
    if not box.can_move():
        what = "the server offers neither MOVE nor UIDPLUS: messages cannot be moved into the folders of their cases"
        yield error("board.enabled", what, "set board.enabled = false, or use another mail server")
    tree = box.tree()
    folders = BoardNames(board=policy.board, separator=tree.separator, prefix=tree.prefix)
    wanted = folders.fixed(agents_of(policy.people.agents)).keys()
    refused = [name for name in sorted(wanted - tree.names) if not box.create(name)]
    if refused:
        what = f"the server refuses to make the folder {refused[0]}" + (" and others" if len(refused) > 1 else "")
        yield error("board.root", what, "give the account the right to make folders, or name another root")


# --- Renamed check ---------------------------------------------------------------------------------------------------
#
# What `check` finds where the office got another address or another prefix of its case numbers.
#
# It compares the configuration with what the database holds of our own mail and of cases, and changes neither.


def renamed_findings(config: Config, con: sqlite3.Connection) -> Iterator[Finding]:
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
