"""The impatient oacmail on a machine whose name service and clock fail by script: files of the folder $FAULTS.

`dns`: while that file is there no name is known. `clock`: by so many hours is the clock wrong. No part of the program
is replaced: what it asks of the machine is answered otherwise.
"""

import os
import socket
import sys
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from oacmail import cli, wiring
from oacmail.host import SystemClock
from tests.e2e import impatient

FAULTS = "OACMAIL_TEST_FAULTS"
_resolve = socket.getaddrinfo


def _unknown(*args: Any, **named: Any) -> Any:
    if (_folder() / "dns").exists():
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
    return _resolve(*args, **named)


class _WrongClock(SystemClock):
    def now(self) -> datetime:
        wrong = _folder() / "clock"
        hours = float(wrong.read_text()) if wrong.exists() else 0.0
        return super().now() + timedelta(hours=hours)


def _folder() -> Path:
    return Path(os.environ[FAULTS])


if __name__ == "__main__":
    vars(socket)["getaddrinfo"] = _unknown
    vars(wiring)["SystemClock"] = _WrongClock
    impatient.shorten()
    sys.exit(cli.main())  # type: ignore[func-returns-value]
