"""The same oacmail with a fault put in on purpose, to see that the count finds it: `--program tests.chaos.planted`.

It takes absence for proof: a mail without an answer whose copy is not in the mailbox yet counts as not sent. Without
a relay that filters nobody would notice.
"""

import sys
from datetime import datetime

from oacmail import cli
from oacmail.core import outbox
from oacmail.core.effects import Effect
from oacmail.core.policy import Policy
from oacmail.core.view import UncertainDelivery
from tests.e2e import impatient


def _hasty(policy: Policy, delivery: UncertainDelivery, now: datetime) -> list[Effect]:
    read_since = delivery.synced_at is not None and delivery.synced_at >= delivery.data_at
    return outbox._not_sent(policy, delivery, now, "not seen") if read_since else []


if __name__ == "__main__":
    vars(outbox)["_settle"] = _hasty
    impatient.shorten()
    sys.exit(cli.main())  # type: ignore[func-returns-value]
