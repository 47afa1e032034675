"""Who wrote a message: ourselves, staff, a robot or a citizen.

A staff member needs an address *and* authenticity; From alone proves nothing. This module never decides what
happens next, and never looks at what the message says.
"""

from dataclasses import dataclass

from oacmail.core.model import Auto, Message, Role
from oacmail.core.policy import Policy
from oacmail.core.routing import forms
from oacmail.core.routing.signature import MARKS, Signature, verify


@dataclass(frozen=True, slots=True)
class Sender:
    """`proven`: staff whose From our own servers vouch for. `rule` names what decided."""

    role: Role
    proven: bool
    rule: str


def own_signature(policy: Policy, message: Message) -> Signature | None:
    """The signed mark of our own mail, if there is one and it was made for this very recipient and Date."""
    recipient = message.to[0] if message.to else ""
    marks = (verify(policy, raw, recipient, message.sent_at) for raw in message.marks[:MARKS])
    return next((mark for mark in marks if mark), None)


def sender_of(policy: Policy, message: Message) -> Sender:
    """The writer of a message met outside Sent, own mail apart. Staff are named by exactly one From with one
    address."""
    if message.sender in policy.form_senders:
        return Sender(Role.CITIZEN, False, "form-sender")
    if forms.is_unknown(policy, message):
        return Sender(Role.CITIZEN, False, "form-of-an-unknown-sender")
    if message.auto is not Auto.NONE:
        return Sender(Role.ROBOT, False, f"robot: {message.auto}")
    if policy.office.is_own(message.sender):
        return Sender(Role.OURS, False, "from-our-address-unsigned")
    if message.sender in policy.people.staff and message.single_from:
        return _staff(policy, message)
    return Sender(Role.CITIZEN, False, "citizen")


def _staff(policy: Policy, message: Message) -> Sender:
    people = policy.people
    desk = {*people.agents, *people.supervisor, *people.operator}
    role = Role.AGENT if message.sender in desk else Role.TECHNICAL
    proven = message.auth.authentic
    return Sender(role, proven, f"{role}-proven" if proven else f"{role}-unproven")
