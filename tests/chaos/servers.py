"""Server faults during the storm: Dovecot and Postfix go down and come back, the relay filters.

Decides when; never what is harm. A citizen's message is not handed in while Postfix is down: his own server would try
again, and what became of it is not our affair. A mail under way inside the servers when one of them dies may reach a
mailbox twice without us; `count` tells it from one that we sent twice.
"""

import random
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from tests.servers.filter import Filter
from tests.servers.mail_servers import MailServers

FILTERED = 0.5
FILTERS_FOR = (1.0, 8.0)
"""Share of our mails that the relay looks at for so many seconds before it answers; the others pass at once."""
BETWEEN = (2.0, 14.0)
DOWN_FOR = (0.0, 2.5)
"""Seconds between two restarts, and of one of them: under way mail is tried again for longer than that."""


@dataclass(slots=True)
class Fallen:
    """How often each server went down."""

    dovecot: int = 0
    postfix: int = 0

    def __str__(self) -> str:
        return f"Dovecot down {self.dovecot} times, Postfix {self.postfix}"


def thoughtful(mind: Filter, seed: int) -> None:
    """From now on the relay filters some mails for seconds."""
    chance = random.Random(seed)
    mind.pause = lambda: chance.uniform(*FILTERS_FOR) if chance.random() < FILTERED else 0.0


@contextmanager
def falling(
    mail_servers: MailServers, counter: threading.Lock, seed: int, spare: Callable[[], None]
) -> Iterator[Fallen]:
    """Inside, the servers go down and come back at random moments; at the end both are up. `counter` is held while
    Postfix is down; `spare` waits for what it must not strike."""
    fallen, over, failed = Fallen(), threading.Event(), list[BaseException]()
    chance = random.Random(seed)

    def fall() -> None:
        try:
            while not over.wait(chance.uniform(*BETWEEN)):
                down = chance.uniform(*DOWN_FOR)
                if chance.random() < 0.5:
                    _dovecot(mail_servers, over, down, sudden=chance.random() < 0.5)
                    fallen.dovecot += 1
                else:
                    spare()
                    with counter:
                        _postfix(mail_servers, over, down)
                    fallen.postfix += 1
        except BaseException as error:
            failed.append(error)

    thread = threading.Thread(target=fall)
    thread.start()
    try:
        yield fallen
    finally:
        over.set()
        thread.join()
    if failed:
        raise failed[0]


def _dovecot(mail_servers: MailServers, over: threading.Event, down: float, *, sudden: bool) -> None:
    (mail_servers.dovecot.kill if sudden else mail_servers.dovecot.stop)()
    over.wait(down)
    mail_servers.dovecot.start()


def _postfix(mail_servers: MailServers, over: threading.Event, down: float) -> None:
    mail_servers.postfix.stop()
    over.wait(down)
    mail_servers.postfix.start()
