"""From a message's arrival to the acknowledgement in the citizen's mailbox, one by one, through IDLE on real servers.

`python -m tests.latency [N]` (100): as root, with Dovecot and Postfix. It measures and prints, and judges nothing.
The clock starts when Postfix has taken the message and stops when Dovecot has stored the acknowledgement: two ways
through Postfix and LMTP, and the 0.5 s for which Dovecot holds a notice, are in it.
"""

import statistics
import sys
import tempfile
import time
from pathlib import Path

from testbed.office import NO_LIMITS
from tests.e2e.office import RunningOffice
from tests.servers.mail_servers import MailServers
from tests.servers.people import Citizen
from tests.servers.waiting import until


def measure(mail_servers: MailServers, desk: RunningOffice, messages: int) -> list[float]:
    """Seconds for each of so many messages, each from another citizen. The daemon runs."""
    taken: list[float] = []
    for number in range(messages):
        person = Citizen(mail_servers, "Mar Costa")
        person.write(desk.address, f"Consulta {person.user}", f"Bon dia, com faig el tràmit {number}?")
        begun = time.monotonic()
        until(person.mailbox.files, 30, every=0.002, what=f"acknowledgement {number}")
        taken.append(time.monotonic() - begun)
    return taken


def told(taken: list[float]) -> str:
    ordered = sorted(taken)
    ninety_five = ordered[int(len(ordered) * 0.95)]
    return (
        f"arrival to acknowledgement, {len(taken)} messages one by one: median {statistics.median(taken):.2f} s, "
        f"95 % within {ninety_five:.2f} s, worst {ordered[-1]:.2f} s"
    )


def settings() -> dict[str, dict[str, object]]:
    """A poll so rare that only IDLE can have brought the news."""
    return {"imap": {"poll_seconds": 3600}, "ack": dict(NO_LIMITS)}


def main(messages: int) -> None:
    with MailServers() as mail_servers, tempfile.TemporaryDirectory(prefix="latency-") as root:
        desk = RunningOffice(mail_servers, Path(root), **settings())  # type: ignore[arg-type]
        with desk.running():
            print(told(measure(mail_servers, desk, messages)))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100)
