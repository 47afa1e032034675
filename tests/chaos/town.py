"""The people who write while the daemon dies, and the truth about each message that they sent.

Seeded: who writes what, to which message of his own he adds a word. When each message arrives is the machine's affair.
"""

import random
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

from tests.servers.mail_servers import MailServers
from tests.servers.people import Citizen

ADDS_A_WORD = 0.2
ROBOTS = 0.1
_NAMES = ("Anna Puig", "Òscar Güell", "Begoña Muñoz", "Íñigo Peña", "Mercè Llorenç", "Jordi Solé")
_ASKS = ("Com demano un volant d'empadronament", "No puc signar la instància", "Quin dia passen a recollir mobles")
_OUT_OF_OFFICE = {"Auto-Submitted": "auto-replied", "Precedence": "bulk"}


@dataclass(frozen=True, slots=True)
class Sent:
    """`root`: the message that opened its case; its own id for a new request, "" for a robot's message."""

    message_id: str
    root: str
    writer: Citizen
    subject: str


@dataclass(slots=True)
class ChaosTown:
    """`for message in town.messages(n)`: each has gone to the office's address by SMTP when it is given. Nobody writes
    while another holds `counter`."""

    mail_servers: MailServers
    office: str
    seed: int
    sent: list[Sent] = field(default_factory=list)
    counter: threading.Lock = field(default_factory=threading.Lock)

    def messages(self, count: int) -> Iterator[Sent]:
        chance = random.Random(self.seed)
        citizens = [Citizen(self.mail_servers, chance.choice(_NAMES)) for _ in range(max(3, count // 3))]
        for number in range(count):
            with self.counter:
                self.sent.append(self._one(chance, chance.choice(citizens), number))
            yield self.sent[-1]

    def _one(self, chance: random.Random, citizen: Citizen, number: int) -> Sent:
        kind = chance.random()
        own = [message for message in self.sent if message.writer is citizen and message.message_id == message.root]
        ask = f"{chance.choice(_ASKS)} ({_messages(number)})?"
        if kind < ROBOTS:
            subject = f"Resposta automàtica: {ask}"
            return Sent(citizen.write(self.office, subject, "Sóc fora.", headers=_OUT_OF_OFFICE), "", citizen, subject)
        if kind < ROBOTS + ADDS_A_WORD and own:
            root = chance.choice(own)
            refs, subject = {"In-Reply-To": root.message_id, "References": root.message_id}, f"Re: {root.subject}"
            ident = citizen.write(self.office, subject, f"I encara: {ask}", headers=refs)
            return Sent(ident, root.message_id, citizen, subject)
        ident = citizen.write(self.office, ask, f"Bon dia,\n{ask}\nGràcies per endavant.")
        return Sent(ident, ident, citizen, ask)


def _messages(number: int) -> str:
    """Digits are no difference between two subjects: "Consulta 1" and "Consulta 2" look like a machine's."""
    return "".join(chr(ord("a") + int(digit)) for digit in str(number))
