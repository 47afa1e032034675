"""The kinds of people and deeds that a story is told with, and what becomes of each. Values only; no story, no mail."""

from dataclasses import dataclass, field
from typing import Literal

Language = Literal["ca", "es", "en", "fr"]
How = Literal[
    "answer",  # an agent, from the shared mailbox: SMTP, and a copy in Sent
    "answer in copy",  # an agent, from an address of his own, with the office in Cc
    "call",  # an agent logs a telephone call
    "derive",  # an agent hands the case to the technical services
    "report",  # the technical services reply to that
    "reply to the acknowledgement",
    "reply to the answer",
    "thanks",  # the same, asking nothing
    "resend",  # the first message once more, as impatient clients do
    "out of office",  # the citizen's own robot answers the acknowledgement
    "read receipt",  # her client confirms that the answer was opened
    "bounce",  # her server could not deliver the answer
]


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """What must have become of a citizen's case. None = whatever the classifier says.

    `acks`: how many acknowledgements she holds, `speaks`: in which languages; `messages`: of everybody, on the case.
    """

    speaks: str
    status: str = "open"
    acks: int = 1
    messages: int = 1
    topic: str | None = None
    level: str | None = None
    intent: str | None = None
    overdue: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoCitizen:
    """Somebody who writes one message. `days_ago`: it has lain in the mailbox since then, before oacmail came."""

    name: str
    address: str
    subject: str
    text: str
    end: End
    attachment: str = ""
    days_ago: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Stranger:
    """Whoever must get nothing. `sender` as the From field says; `judged`: the kind, or the reason for review."""

    name: str
    sender: str
    subject: str
    text: str
    judged: str
    headers: tuple[tuple[str, str], ...] = field(default=())
    dmarc: str = "pass"


@dataclass(frozen=True, slots=True, kw_only=True)
class StaffAction:
    """Something done about the case of the citizen with that name. `cause`: of a derivation (`case escalate --cause`).
    `judged`: of a mail that must not be answered, the kind that it must be taken for."""

    who: str
    how: How
    about: str
    text: str = ""
    cause: str = ""
    judged: str = ""
