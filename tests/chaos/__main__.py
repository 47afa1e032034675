"""`python -m tests.chaos --kills N --mails M --seed S`: one line of what was found; if it was not all 0, exit code 1
and each case of harm on standard error."""

import argparse
import sys
import tempfile
import time

from tests.chaos import count, storm
from tests.chaos.town import Town
from tests.servers.road import Road


def main() -> int:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--kills", type=int, default=20)
    asked.add_argument("--mails", type=int, help="default: ten for each kill, a thousand at most")
    asked.add_argument("--seed", type=int, default=1)
    options = asked.parse_args()
    mails = options.mails or min(1000, 10 * max(1, options.kills))
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="chaos-", dir="/tmp") as root, Road() as road:
        desk = storm.office(road, root)
        town = Town(road, desk.address, options.seed)
        try:
            struck = storm.rage(desk, town, kills=options.kills, mails=mails, seed=options.seed)
            quiet = storm.calm(desk, mails)
            harm = count.harm(desk, town.sent)
        finally:
            if desk.process is not None:
                desk.stop()
    seconds = time.monotonic() - began
    end = str(harm) if quiet else f"{harm}, not quiet"
    print(f"chaos: seed {options.seed}, {mails} mails, {struck}: {end}; {seconds:.0f} s")
    for line in harm.each():
        print(line, file=sys.stderr)
    return int(any(harm.each()) or not quiet)


if __name__ == "__main__":
    sys.exit(main())
