"""A case of a telephone call or a visit, which an agent notes by mail (`#call`).

It counts like any other case: number, deadline, events; the message that opens it has the rule `telephone` or `visit`,
by which figures tell the channel. There is no address, so no automatic mail goes to anybody.
"""

import re
from dataclasses import dataclass
from datetime import datetime

from oacmail.core import calendar
from oacmail.core.case_effects import RecordContact
from oacmail.core.cases import answers
from oacmail.core.effects import AuditEvent, Effect, OpenCase
from oacmail.core.errors import Refused
from oacmail.core.features import Callback
from oacmail.core.model import Classification, Intent, Kind, Level, Topic
from oacmail.core.policy import Policy

TELEPHONE, VISIT = "telephone", "visit"
_SAID = re.compile(r"([^,:]{2,80}?)\s*(?:,\s*(\+?[\d\s().-]{6,25}?)\s*)?:\s*(\S.*)", re.DOTALL)
_SPANISH = re.compile(r"[6-9]\d{8}")
_FOREIGN = re.compile(r"\+[1-9]\d{6,14}")
_COUNTRY = "+34"


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """Who called or came, and what was asked. `phone` in E.164, '' = a visit, or no number was given."""

    name: str
    phone: str
    text: str

    @property
    def channel(self) -> str:
        return TELEPHONE if self.phone else VISIT

    @property
    def address(self) -> str:
        """What stands for the person's address: a `tel:` URI (RFC 3966), to which no mail can go; '' = unknown."""
        return f"tel:{self.phone}" if self.phone else ""


def read_contact(argument: str) -> Contact:
    """`NAME, NUMBER: what was asked`; the number may be missing. Raises Refused."""
    said = _SAID.fullmatch(argument.strip())
    if said is None:
        raise Refused("a call is NAME, NUMBER: what was asked", "no-such-call")
    phone = _phone(said[2]) if said[2] else ""
    return Contact(name=" ".join(said[1].split()), phone=phone, text=said[3].strip())


def _phone(text: str) -> str:
    digits = re.sub(r"[\s().-]", "", text)
    digits = "+" + digits.removeprefix("00") if digits.startswith("00") else digits
    digits = _COUNTRY + digits if _SPANISH.fullmatch(digits) else digits
    if _FOREIGN.fullmatch(digits) is None:
        raise Refused("this is no telephone number", "no-such-number")
    return digits


def _reading(policy: Policy, contact: Contact, topic: Topic | None) -> Classification:
    return Classification(
        kind=Kind.REQUEST,
        topic=topic or Topic.OTHER,
        level=Level.FIRST,
        intent=Intent.CALLBACK if contact.phone else Intent.QUESTION,
        language=policy.office.languages[0],
        callback=Callback(phone=contact.phone, slot="any") if contact.phone else None,
        confidence={},
        because=(contact.channel,),
    )


def opened(
    policy: Policy, contact: Contact, *, number: str, key: str, topic: Topic | None, by: str, at: datetime
) -> tuple[Effect, ...]:
    """The case of the contact, with its deadline. `key` names the order, `by` the agent, `topic` what the order's text
    is about."""
    due_at = calendar.answer_due(at, policy)
    if contact.phone:
        due_at = min(due_at, calendar.callback_due(at, "any", policy))
    return (
        OpenCase(
            number=number,
            citizen=contact.address,
            name=contact.name,
            subject=contact.name,
            reading=_reading(policy, contact, topic),
            opened_at=at,
            due_at=due_at,
            opened_by=key,
        ),
        RecordContact(
            message=key,
            case=number,
            author=contact.address,
            subject=contact.name,
            text=contact.text,
            channel=contact.channel,
            at=at,
        ),
        *answers.ask(policy, number, key=key, at=at, due_at=due_at),
        AuditEvent(kind="opened", case=number, data={"rule": contact.channel, "by": by}),
    )
