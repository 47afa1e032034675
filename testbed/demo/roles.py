"""The data classes of the story: citizens, unwanted senders, actions, and the expected case of each citizen."""

from dataclasses import dataclass, field
from typing import Literal

Language = Literal["ca", "es", "en", "fr"]
How = Literal[
    "answer",  # an agent, from the shared mailbox: SMTP, and a copy in Sent
    "answer in copy",  # an agent, from a personal address, with the office in Cc
    "call",  # an agent logs a telephone call: a line of a reply to the digest
    "a person",  # an agent says that what was set aside is a person's: in a reply to the digest, or to its notice
    "telephone",  # somebody who has not written calls; an agent notes it in a mail
    "order",  # an agent derives the case: a reply to its notice
    "press",  # the same by the button of the notice
    "drag",  # the same by moving the message into a folder of the board
    "order to the person",  # an agent writes an order on the citizen's own message, which goes to the citizen
    "services_reply",  # the technical services reply to the derivation
    "reply to the acknowledgement",
    "reply to the answer",
    "thanks",  # a reply to the answer that asks nothing
    "resend",  # the first message again, as impatient clients do
    "out of office",  # an automatic reply of the citizen answers the acknowledgement
    "read receipt",  # the citizen's client confirms that the answer was opened
    "bounce",  # the citizen's server could not deliver the answer
]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpectedCase:
    """The expected case of a citizen at the end. None = any value.

    `acks`: number of acknowledgements to the citizen; `languages`: of the first one; `messages`: on the case, from
    everybody.
    """

    languages: str
    status: str = "open"
    acks: int = 1
    messages: int = 1
    topic: str | None = None
    level: str | None = None
    intent: str | None = None
    overdue: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoCitizen:
    """A citizen who writes one message. `days_ago`: it arrived that long before oacmail starts. `aside`: it is set
    aside until an agent brings it in, as thanks that came just before oacmail starts, or by the filter of junk mail.
    `term`: how the office says when the citizen's own term ends, if that is today."""

    name: str
    address: str
    subject: str
    text: str
    expected: ExpectedCase
    attachment: str = ""
    days_ago: int = 0
    aside: Literal["", "thanks", "junk"] = ""
    term: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class UnwantedSender:
    """A sender who must get no mail. `sender`: the From field; `expected_kind`: the kind or the reason for review."""

    name: str
    sender: str
    subject: str
    text: str
    expected_kind: str
    headers: tuple[tuple[str, str], ...] = field(default=())
    dmarc: str = "pass"


@dataclass(frozen=True, slots=True, kw_only=True)
class StaffAction:
    """An action on the case of the citizen named `about`. `expected_kind`: of a mail that must get no answer, as
    for an UnwantedSender."""

    who: str
    how: How
    about: str
    text: str = ""
    expected_kind: str = ""
