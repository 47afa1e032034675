"""`python -m tests.power --cuts N --seed S`: one line of what was found; if it was not all 0, exit code 1 and each case
of harm on standard error."""

import argparse
import sqlite3
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from tests.chaos import count
from tests.chaos.storm import calm, office
from tests.chaos.town import ChaosTown
from tests.power import cuts, recorder
from tests.servers.filter import Filter
from tests.servers.mail_servers import MailServers
from tests.servers.postfix import PostfixOptions
from tests.servers.scratch import SCRATCH


def main() -> int:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--cuts", type=int, default=20, help="so many that lose something")
    asked.add_argument("--each", type=int, default=4, help="mails that wait at each start")
    asked.add_argument("--filtered", type=float, default=0.1, help="share of our mails that the relay filters")
    asked.add_argument("--seed", type=int, default=1)
    asked.add_argument("--program", default="tests.e2e.impatient", help="module to run as oacmail")
    asked.add_argument("--deaf", action="store_true", help="a planted fault: every sync does nothing")
    options = asked.parse_args()
    struck = cuts.PowerCuts()
    began = time.monotonic()
    with ExitStack() as stack:
        root = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="power-", dir=SCRATCH)))
        mind = stack.enter_context(Filter())
        mail_servers = stack.enter_context(MailServers(options=PostfixOptions(filter_port=mind.port)))
        desk = office(mail_servers, str(root), options.program)
        desk.program = options.program  # forked, not started: half the time
        cuts.preload(recorder.built(root))
        cuts.thoughtful(mind, options.filtered, options.seed)
        town = ChaosTown(mail_servers, desk.address, options.seed)
        try:
            cuts.storm(desk, town, mind, struck, cuts=options.cuts, each=options.each, deaf=options.deaf)
            mind.pause = lambda: 0.0
            quiet = calm(desk, len(town.sent))
            harm = count.harm(desk, town.sent)
        except (cuts.Died, sqlite3.DatabaseError) as error:
            print(f"power: seed {options.seed}, {struck}: it cannot go on: {error}")
            return 1
        finally:
            if desk.process is not None:
                desk.kill()
    seconds = time.monotonic() - began
    end = str(harm) if quiet else f"{harm}, not quiet"
    print(f"power: seed {options.seed}, {len(town.sent)} mails, {struck}: {end}; {seconds:.0f} s")
    for line in harm.each():
        print(line, file=sys.stderr)
    return int(any(harm.each()) or not quiet)


if __name__ == "__main__":
    sys.exit(main())
