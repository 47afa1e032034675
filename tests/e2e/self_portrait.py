"""A program that prints what it was given, says it is up, and waits for SIGTERM: exit code 3."""

import atexit
import json
import os
import signal
import sys

GIVEN = {
    "argv": sys.argv,
    "cwd": os.getcwd(),  # noqa: PTH109 - what the kernel says
    "environ": {name: value for name, value in os.environ.items() if name != "_"},
    "descriptors": sorted(int(name) for name in os.listdir("/proc/self/fd"))[:-1],  # noqa: PTH208 - the last lists them
    "signals": {number.name: str(signal.getsignal(number)) for number in signal.Signals},
    "group": os.getpgrp(),
    "umask": os.umask(0o022),
    "main": __name__,
}

if __name__ == "__main__":
    # a handler could run between the words and the end of their line, or just before a pause that nothing would end
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    atexit.register(print, "the end")
    print(json.dumps(GIVEN), flush=True)
    signal.sigwait({signal.SIGTERM})
    sys.exit(3)
