"""Who wrote a message: the office itself, staff, a robot or a citizen; and which address its author has.

A staff member needs an address *and* authenticity; From alone proves nothing. This module never decides what
happens next, and never reads the text.
"""

from dataclasses import dataclass

from oacmail.core.effects import Arrived
from oacmail.core.model import Auto, Folder, Message, Role
from oacmail.core.policy import Policy
from oacmail.core.routing import forms
from oacmail.core.routing.signature import MOST_SIGNATURES, Signature, claimed_case, verify


@dataclass(frozen=True, slots=True)
class Sender:
    """`proven`: staff whose From our own servers vouch for. `rule` names what decided."""

    role: Role
    proven: bool
    rule: str


def own_signature(policy: Policy, message: Message) -> Signature | None:
    """The first X-Oacmail field that we signed for this recipient and Date; None = the message is not ours."""
    recipient = message.to[0] if message.to else ""
    found = (verify(policy, raw, recipient, message.sent_at) for raw in message.signatures[:MOST_SIGNATURES])
    return next((signature for signature in found if signature), None)


def claimed_number(policy: Policy, message: Message) -> str:
    """The case number that a mail from our address claims under a secret that we do not have; '' = none. It proves
    nothing outside Sent, and nothing if its sender has chosen the folder."""
    if message.auth.into_folder or not policy.office.is_own(message.sender):
        return ""
    found = (claimed_case(policy, raw) for raw in message.signatures[:MOST_SIGNATURES])
    return next((case for case in found if case), "")


def sender_of(policy: Policy, message: Message) -> Sender:
    """The writer of an unsigned message outside Sent. Staff have exactly one From field with one address."""
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


def is_own_note(policy: Policy, arrived: Arrived) -> bool:
    """Whether the shared mailbox itself wrote the message to itself alone: it is in Sent and did not arrive by SMTP, or
    was submitted with the mailbox's own login. A verdict on the domain proves nothing here: colleagues share it."""
    message = arrived.message
    to_itself = policy.office.is_own(message.sender) and to_office_alone(policy, arrived)
    proven = not message.auth.from_outside if arrived.folder is Folder.SENT else message.auth.submitted
    addressed, by_a_person = any(map(policy.office.is_own, arrived.recipients)), message.auto is Auto.NONE
    return to_itself and addressed and by_a_person and message.single_from and proven


def to_office_alone(policy: Policy, arrived: Arrived) -> bool:
    """Whether nobody but the office gets it. A blind copy to staff does not count: clients send one of every mail."""
    seen = (*arrived.message.to, *arrived.message.cc)
    blind = (address for address in arrived.recipients if address not in seen)
    others = (address for address in blind if address not in policy.people.staff)
    return all(policy.office.is_own(address) for address in (*seen, *others))


def author_of(policy: Policy, message: Message) -> str:
    """The address of the person who asks: From; of a form, Reply-To or an address in its text (R25). '' = the form
    names nobody, or the sender is a no-reply address.

    Without From the author is unknown: Reply-To proves nothing and may be a stranger's address.
    """
    if message.sender in policy.form_senders or forms.may_be(message):
        return forms.person(policy, message)
    return "" if forms.NO_REPLY in message.reasons else message.sender


def _staff(policy: Policy, message: Message) -> Sender:
    role = Role.AGENT if message.sender in policy.people.desk else Role.TECHNICAL
    proven = message.auth.authentic
    return Sender(role, proven, f"{role}-proven" if proven else f"{role}-unproven")
