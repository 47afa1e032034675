"""Who wrote a message: the office itself, staff, a robot, a form or a citizen, and which address its author has.

From alone proves nothing. This module also knows what text must reach no citizen; it never decides what happens next.
"""

import unicodedata
from collections.abc import Iterable

from msgspec import Struct

from oacmail.core.effects import Arrived
from oacmail.core.model import WORDED, Auto, Folder, Kind, Message, Role, domain_of, regex
from oacmail.core.policy import Policy
from oacmail.core.tokens import MOST_SIGNATURES, Signature, claimed_case, verify_mail

# --- Sender ----------------------------------------------------------------------------------------------------------
# A staff member needs an address *and* authenticity. The text is never read.


class Sender(Struct, frozen=True):
    """`proven`: staff whose From our own servers vouch for. `rule` names what decided."""

    role: Role
    proven: bool
    rule: str


def own_signature(policy: Policy, message: Message) -> Signature | None:
    """The first X-Oacmail field that we signed for this recipient and Date; None = the message is not ours."""
    recipient = message.to[0] if message.to else ""
    found = (verify_mail(policy, raw, recipient, message.sent_at) for raw in message.signatures[:MOST_SIGNATURES])
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
    if is_unknown_form(policy, message):
        return Sender(Role.CITIZEN, False, "form-of-an-unknown-sender")
    if message.auto is not Auto.NONE:
        return Sender(Role.ROBOT, False, f"robot: {message.auto}")
    if policy.office.is_own(message.sender):
        return Sender(Role.OURS, False, "from-our-address-unsigned")
    if message.sender in policy.people.staff and message.single_from:
        role, proven = Role.AGENT if message.sender in policy.people.desk else Role.TECHNICAL, message.auth.authentic
        return Sender(role, proven, f"{role}-proven" if proven else f"{role}-unproven")
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
    if message.sender in policy.form_senders or may_be_form(message):
        return form_person(policy, message)
    return "" if NO_REPLY in message.reasons else message.sender


# --- Forms -----------------------------------------------------------------------------------------------------------
# Mail that a web form sends for a person. Senders in `callback.form_senders` are trusted. Anybody can invent another
# form: a clear one is a request with a deadline that is never acknowledged automatically; a possible one waits for
# review.

_ROLES = regex(
    r"(?:no-?re|info|contact|atenci|sup+ort|soporte|help|hello|hola|ventas|vendes|sales|comercial|news|client|admin)"
)
NO_REPLY = "sender: no-reply"
# Mail of a list, or an answer: no form, whatever fields its text has.
_OTHERS = ("list-", "mailing-list", "x-mailman", "x-github", "content-type")
# The same, but for what a chat or a gateway has too (List-Unsubscribe).
_NOBODY = ("list-id", "list-post", "list-owner", "list-archive", *_OTHERS[1:])
_REPLIED = "auto-submitted: auto-replied"
_WORDED = (0.26, 0.7)  # the least probability of a request by its words alone; the second for an automatic answer


def is_call_form(message: Message) -> bool:
    """Whether it has the call-back form's own words and a telephone."""
    return message.features.call_form and bool(message.features.callback and message.features.callback.phone)


def is_clear_form(message: Message) -> bool:
    """Whether it is a new message of a machine with the call-back form's words, with a form's fields (a name, and an
    address or a telephone), with an answer to another domain, or with a person's words."""
    if _reads_as_request(message):
        return True
    if not _made_by_a_machine(message):
        return False
    reachable = not message.features.form_fields.isdisjoint({"address", "phone"}) or _answers_elsewhere(message)
    filled_in = "name" in message.features.form_fields and reachable
    for_a_person = filled_in or _is_relayed(message)
    return is_call_form(message) or (for_a_person and not _answers(message))


def may_be_form(message: Message) -> bool:
    """Whether it is a new message of a machine that has a form's subject or fields, and an address to answer."""
    formal = message.features.subject_form or "text" in message.features.form_fields
    new = _made_by_a_machine(message) and not _answers(message)
    return is_clear_form(message) or (new and formal and _answers_elsewhere(message))


def is_unknown_form(policy: Policy, message: Message) -> bool:
    """Whether it is a clear form of a sender that is not configured. No form writes from an address of the office or
    its staff."""
    if not is_clear_form(message):
        return False
    return message.sender not in policy.form_senders | policy.people.staff and not policy.office.is_own(message.sender)


def form_person(policy: Policy, message: Message) -> str:
    """The address in Reply-To or in the text; '' = the form names nobody. Nobody reads the form's own mailbox."""
    others = {message.sender, *policy.form_senders, *policy.office.own}
    return next(
        (address for address in (message.reply_to, *message.features.addresses) if address and address not in others),
        "",
    )


def _made_by_a_machine(message: Message, others: tuple[str, ...] = _OTHERS) -> bool:
    if message.auto is Auto.NONE or message.delivery_status is not None or message.refs:
        return False
    return not any(reason.startswith(others) for reason in message.reasons)


def _answers(message: Message) -> bool:
    """Whether it says that it is an automatic answer: its fields are then a signature or a receipt."""
    return any(reason.startswith(_REPLIED) for reason in message.reasons)


def _is_relayed(message: Message) -> bool:
    """Whether its answer goes to a person at another domain: a form's service writes for others, a firm for itself."""
    name, _, domain = message.reply_to.rpartition("@")
    return domain not in ("", domain_of(message.sender)) and not _ROLES.match(name)


def _reads_as_request(message: Message) -> bool:
    """Whether its words are a person's, as those of a voice message, a chat, an app, or a person whose address says
    no-reply. Members of a list do not write to us, a report says of itself what it is, and mail with the number of a
    case belongs to that case."""
    if message.auto is Auto.BOUNCE or message.tokens or not _made_by_a_machine(message, _NOBODY):
        return False
    return message.features.scores.get(WORDED, {}).get(Kind.REQUEST, 0.0) >= _WORDED[_answers(message)]


def _answers_elsewhere(message: Message) -> bool:
    return message.reply_to not in ("", message.sender)


# --- Internal text ---------------------------------------------------------------------------------------------------
# Whether a text repeats lines of notices, notes and colleagues' remarks, as the caller gives them. Characters and
# digits alone are compared, so that line breaks, quote marks and another encoding hide nothing. Short lines ("Bon
# dia") belong to everybody and do not count.

SHORT_LINE = 12  # characters that count; a shorter line is no evidence


def internal_lines(texts: Iterable[str], but: Iterable[str] = ()) -> frozenset[str]:
    """The lines by which these texts are recognised, without those that stand in the texts `but` too, and without
    lines that quote (`> …`)."""
    public = plain_line("\n".join(but))
    found = (plain_line(line) for text in texts for line in text.splitlines() if not line.lstrip().startswith(">"))
    return frozenset(line for line in found if len(line) >= SHORT_LINE and line not in public)


def internal_footers(texts: Iterable[str], others: Iterable[str]) -> list[str]:
    """The last lines of these texts that end one of `others` too, if something else stands above them in both: a
    signature or the town's footer, which no mark sets off. `others`: texts about other cases."""
    below = [_lines(other) for other in others]
    return ["\n".join(_common_end(_lines(text), other)) for text in texts for other in below]


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


def _common_end(one: list[str], other: list[str]) -> list[str]:
    count = 0
    while count < min(len(one), len(other)) and one[-1 - count] == other[-1 - count]:
        count += 1
    return one[len(one) - count :] if count < min(len(one), len(other)) else []


def has_internal_text(text: str, internal: Iterable[str]) -> bool:
    said = plain_line(text)
    return any(line in said for line in internal)


def plain_line(text: str) -> str:
    folded = unicodedata.normalize("NFKD", text).casefold()
    return "".join(char for char in folded if char.isalnum())
