"""The very same oacmail with short waits, so that what takes a minute at the town hall takes a second in a test.

Only patience is shortened: how long a silent line counts as alive and a locked database as busy, how often the clock
rings, how long a refused mail or a loop rests, after how long an outage is told, until when a canary must be back, and
a loop without a sign of life counts as stuck. No part of the program is replaced. Only a test that stalls a line
shortens a server's silence (`SHORT_SILENCE`), and only a test that awaits no answer the patience with one
(`SHORT_PATIENCE`): on a busy machine a sound server or service may need seconds.
"""

import os
import sys
from datetime import timedelta

from oacmail import cli, oauth, service, smtp, wiring
from oacmail.cli import answers
from oacmail.core import outbox
from oacmail.engine import intake, watch
from oacmail.imap.connection import ImapSettings
from oacmail.oauth import GrantRefused
from oacmail.store import connection

SILENCE = "OACMAIL_TESTS_SILENCE"
SHORT_SILENCE = {SILENCE: "4"}
PATIENCE = "OACMAIL_TESTS_PATIENCE"
SHORT_PATIENCE = {PATIENCE: "2"}


class ImpatientSettings(ImapSettings, frozen=True, kw_only=True):
    timeout: float = float(os.environ.get(SILENCE, 30))


def shorten() -> None:
    service.TICK_SECONDS = 1
    answers.PATIENCE = float(os.environ.get(PATIENCE, answers.PATIENCE))
    oauth.NEW = 0.0
    GrantRefused.at_least = 1.0
    service.STALE_AFTER = 3.0
    service.LONGEST_WAIT = 2.0
    smtp.MINUTE = 1.0
    watch.MINUTE = timedelta(seconds=1)
    intake.SPACING = (timedelta(seconds=1),) * 3
    connection.BUSY_SECONDS = 0.3
    vars(wiring)["ImapSettings"] = ImpatientSettings
    outbox.ALERT_AFTER = timedelta(seconds=2)
    outbox.BACKOFF = (timedelta(seconds=1),) * 4


if __name__ == "__main__":
    shorten()
    sys.exit(cli.main())  # type: ignore[func-returns-value]
