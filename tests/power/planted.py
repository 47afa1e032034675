"""The same oacmail with a fault put in on purpose, to see that the count finds it: `--program tests.power.planted`.

It does not sync its commits (`synchronous=NORMAL`): the last of them are gone after a cut, though the mail has left.
"""

import sys

from oacmail import cli
from oacmail.store import connection
from tests.e2e import impatient

if __name__ == "__main__":
    pragmas = (line.replace("FULL", "NORMAL") for line in connection._PRAGMAS)
    vars(connection)["_PRAGMAS"] = tuple(pragmas)
    impatient.shorten()
    sys.exit(cli.main())  # type: ignore[func-returns-value]
