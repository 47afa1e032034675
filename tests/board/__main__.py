"""`make board [MOVES=2000] [SEED=1] [PROVIDER=…]`: a long random walk over the board on a private Dovecot."""

import argparse
import logging
import tempfile
from contextlib import ExitStack
from pathlib import Path

from oacmail import log
from tests.board.walk import Walk
from tests.servers.certs import make_certificates
from tests.servers.dovecot import Dovecot
from tests.servers.provider import CHARACTERS, ProviderImap
from tests.servers.scratch import SCRATCH
from tests.servers.served_mailbox import ServedMailbox


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--moves", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--provider", choices=tuple(CHARACTERS), help="oacmail reads the mailbox at this provider, played"
    )
    asked = parser.parse_args()
    log.configure(level=logging.CRITICAL)
    with ExitStack() as stack:
        scratch = tempfile.TemporaryDirectory(prefix="bw-", dir=SCRATCH, ignore_cleanup_errors=True)
        root = Path(stack.enter_context(scratch))
        root.chmod(0o755)
        server = stack.enter_context(Dovecot(root / "dovecot", make_certificates(root / "tls")))
        port = server.imap_port
        if asked.provider:
            port = stack.enter_context(ProviderImap(server.imap_port, CHARACTERS[asked.provider])).port
        walk = Walk(root / "desk", ServedMailbox(server, "office", port), asked.seed)
        for goal in range(100, asked.moves + 100, 100):
            walk.take(min(goal, asked.moves))
            done = f"{walk.moves} moves of people, {walk.mailbox.moves} of ours, {len(walk.written)} messages"
            print(done, flush=True)
    print(f"seed {asked.seed}: folders, cases and events agree; no message is lost")


if __name__ == "__main__":
    main()
