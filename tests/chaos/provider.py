"""The same storm at Microsoft 365 or Google: their IMAP in front of Dovecot, their submission in front of Postfix.

The provider itself thinks about a mail, delivers it whether or not the daemon still listens, and puts it into Sent.
While Postfix is down the provider waits: nobody else sees that its relay has fallen. Decides nothing about harm.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from tests.e2e.office import RunningOffice
from tests.fakes.relay import Mail, Relay
from tests.servers.filter import Filter
from tests.servers.maildir import Maildir
from tests.servers.provider import CHARACTERS, ProviderImap, delivery


@contextmanager
def at_provider(desk: RunningOffice, name: str, mind: Filter, counter: threading.Lock) -> Iterator[None]:
    """Inside, the desk's mailbox lies at this provider. `counter` is held while Postfix is down."""
    character, servers = CHARACTERS[name], desk.mail_servers
    deliver = delivery(servers, Maildir(servers.dovecot, desk.user), character)

    def take(mail: Mail) -> None:
        mind.think()
        with counter:
            deliver(mail)

    with ProviderImap(servers.dovecot.imap_port, character) as imap, Relay(login=True, taken=take) as relay:
        plain = {"security": "none", "auth": "password"}
        desk.change(imap={**plain, "port": imap.port, "provider": name}, smtp={**plain, "port": relay.port})
        yield
