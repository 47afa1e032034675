"""From a message's arrival to the acknowledgement in the citizen's mailbox, one by one, through IDLE on real servers.

`python -m tests.latency [N] [--at-once]` (100): as root, with Dovecot and Postfix. It measures and prints, and judges
nothing. `--at-once`: nobody waits for the acknowledgement of another; Postfix takes the messages on one connection.
The clock starts when Postfix has taken the message and stops when Dovecot has stored the acknowledgement: two ways
through Postfix and LMTP, and the 0.5 s for which Dovecot holds a notice, are in it.
"""

import argparse
import smtplib
import statistics
import tempfile
import time
from email import policy
from pathlib import Path

from testbed.messages import message
from testbed.office import NO_LIMITS
from tests.e2e.office import RunningOffice
from tests.servers.mail_servers import HOST, MailServers
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


def at_once(mail_servers: MailServers, desk: RunningOffice, messages: int) -> list[float]:
    """The same, when all arrive as fast as Postfix takes them."""
    people = [Citizen(mail_servers, "Mar Costa") for _ in range(messages)]
    begun: list[float] = []
    with smtplib.SMTP(HOST, mail_servers.postfix.smtp_port) as relay:
        for number, person in enumerate(people):
            mail = message(person.address, desk.address, f"Consulta {number}", f"Bon dia, com faig el tràmit {number}?")
            relay.sendmail(person.address, [desk.address], mail.as_bytes(policy=policy.SMTP))
            begun.append(time.time())
    until(lambda: all(person.mailbox.files() for person in people), 600, what="an acknowledgement for everybody")
    stored = [min(file.stat().st_mtime for file in person.mailbox.files()) for person in people]
    return [at - start for at, start in zip(stored, begun, strict=True)]


def told(taken: list[float], how: str = "one by one") -> str:
    ordered = sorted(taken)
    ninety_five = ordered[int(len(ordered) * 0.95)]
    return (
        f"arrival to acknowledgement, {len(taken)} messages {how}: median {statistics.median(taken):.2f} s, "
        f"95 % within {ninety_five:.2f} s, worst {ordered[-1]:.2f} s"
    )


def settings() -> dict[str, dict[str, object]]:
    """A poll so rare that only IDLE can have brought the news."""
    return {"imap": {"poll_seconds": 3600}, "ack": dict(NO_LIMITS)}


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("messages", type=int, nargs="?", default=100)
    asked.add_argument("--at-once", action="store_true")
    options = asked.parse_args()
    with MailServers() as mail_servers, tempfile.TemporaryDirectory(prefix="latency-") as root:
        desk = RunningOffice(mail_servers, Path(root), **settings())  # type: ignore[arg-type]
        with desk.running():
            if options.at_once:
                print(told(at_once(mail_servers, desk, options.messages), "at once"))
            else:
                print(told(measure(mail_servers, desk, options.messages)))


if __name__ == "__main__":
    main()
