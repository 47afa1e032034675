"""`python -m tests.chaos --kills N --mails M --seed S [--provider NAME]`: one line of what was found; if it was not all
0, exit code 1 and each case of harm on standard error."""

import argparse
import sys
import tempfile
import time
from contextlib import ExitStack

from tests.chaos import count, servers, storm
from tests.chaos.provider import at_provider
from tests.chaos.town import ChaosTown
from tests.servers.filter import Filter
from tests.servers.mail_servers import MailServers
from tests.servers.postfix import PostfixOptions
from tests.servers.provider import CHARACTERS
from tests.servers.scratch import SCRATCH


def main() -> int:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--kills", type=int, default=20)
    asked.add_argument("--mails", type=int, help="default: ten for each kill, a thousand at most")
    asked.add_argument("--seed", type=int, default=1)
    asked.add_argument("--program", default="tests.e2e.impatient", help="module to run as oacmail")
    asked.add_argument("--provider", choices=tuple(CHARACTERS), help="the mailbox lies at this provider, played")
    options = asked.parse_args()
    mails = options.mails or min(1000, 10 * max(1, options.kills))
    began = time.monotonic()
    with ExitStack() as stack:
        root = stack.enter_context(tempfile.TemporaryDirectory(prefix="chaos-", dir=SCRATCH))
        mind = stack.enter_context(Filter())
        mail_servers = stack.enter_context(MailServers(options=PostfixOptions(filter_port=mind.port)))
        servers.thoughtful(mind, options.seed)
        desk = storm.office(mail_servers, root, options.program)
        town = ChaosTown(mail_servers, desk.address, options.seed)
        if options.provider:
            stack.enter_context(at_provider(desk, options.provider, mind, town.counter))
        try:
            struck = storm.rage(desk, town, mind, kills=options.kills, mails=mails, seed=options.seed)
            mind.pause = lambda: 0.0
            quiet = storm.calm(desk, mails)
            harm = count.harm(desk, town.sent)
        finally:
            if desk.process is not None:
                desk.stop()
    seconds = time.monotonic() - began
    end = str(harm) if quiet else f"{harm}, not quiet"
    did = f"{mails} mails, {struck}, the relay filtered {mind.thought} mails"
    print(f"chaos: seed {options.seed}, {did}: {end}; {seconds:.0f} s")
    for line in harm.each():
        print(line, file=sys.stderr)
    return int(any(harm.each()) or not quiet)


if __name__ == "__main__":
    sys.exit(main())
