"""What `check` finds about the board: names that clash, and whether its folders can be made and messages moved."""

from collections import Counter
from collections.abc import Iterator

from oacmail import wiring
from oacmail.cli.findings import Finding, error
from oacmail.config import Config
from oacmail.core.board import BoardNames, agents_of
from oacmail.imap import ImapMailbox


def names(config: Config) -> Iterator[Finding]:
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


def online(config: Config, box: ImapMailbox) -> Iterator[Finding]:
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
