"""Who wrote a letter: ourselves, staff, a robot or a citizen.

A staff member needs an address *and* authenticity; From alone proves nothing. This module never decides what
happens next, and never looks at what the letter says.
"""

from dataclasses import dataclass

from oacmail.core.model import Auto, Message, Role
from oacmail.core.policy import Policy
from oacmail.core.routing import forms
from oacmail.core.routing.signature import MARKS, OwnMark, read_mark


@dataclass(frozen=True, slots=True)
class Writer:
    """`proven`: staff whose From our own servers vouch for. `rule` names what decided."""

    role: Role
    proven: bool
    rule: str


def own_mark(policy: Policy, message: Message) -> OwnMark | None:
    """The signed mark of our own mail, if there is one and it was made for this very recipient and Date."""
    recipient = message.to[0] if message.to else ""
    marks = (read_mark(policy, raw, recipient, message.sent_at) for raw in message.marks[:MARKS])
    return next((mark for mark in marks if mark), None)


def writer(policy: Policy, message: Message) -> Writer:
    """The writer of a letter met outside Sent, own mail apart. Staff are named by exactly one From with one address."""
    if message.sender in policy.form_senders:
        return Writer(Role.CITIZEN, False, "form-sender")
    if forms.is_unknown(policy, message):
        return Writer(Role.CITIZEN, False, "form-of-an-unknown-sender")
    if message.auto is not Auto.NONE:
        return Writer(Role.ROBOT, False, f"robot: {message.auto}")
    if policy.office.is_own(message.sender):
        return Writer(Role.OURS, False, "from-our-address-unsigned")
    if message.sender in policy.people.staff and message.single_from:
        return _staff(policy, message)
    return Writer(Role.CITIZEN, False, "citizen")


def _staff(policy: Policy, message: Message) -> Writer:
    people = policy.people
    desk = {*people.agents, *people.supervisor, *people.operator}
    role = Role.AGENT if message.sender in desk else Role.TECHNICAL
    proven = message.auth.authentic
    return Writer(role, proven, f"{role}-proven" if proven else f"{role}-unproven")
