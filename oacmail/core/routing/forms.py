"""Mail that a web form sends for a person: whether a message is one, and who the person is.

Senders in `callback.form_senders` are trusted. Anybody can invent another form: a clear one is a request with a
deadline that is never acknowledged automatically; a possible one waits for review. This module never reads the text.
"""

import re

from oacmail.core.features import WORDED
from oacmail.core.model import Auto, Kind, Message
from oacmail.core.policy import Policy

_ROLES = re.compile(
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


def is_clear(message: Message) -> bool:
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


def may_be(message: Message) -> bool:
    """Whether it is a new message of a machine that has a form's subject or fields, and an address to answer."""
    formal = message.features.subject_form or "text" in message.features.form_fields
    new = _made_by_a_machine(message) and not _answers(message)
    return is_clear(message) or (new and formal and _answers_elsewhere(message))


def is_unknown(policy: Policy, message: Message) -> bool:
    """Whether it is a clear form of a sender that is not configured. No form writes from an address of the office or
    its staff."""
    known = message.sender in policy.form_senders | policy.people.staff or policy.office.is_own(message.sender)
    return not known and is_clear(message)


def person(policy: Policy, message: Message) -> str:
    """The address in Reply-To or in the text; '' = the form names nobody. Nobody reads the form's own mailbox."""
    others = {message.sender, *policy.form_senders, *policy.office.own}
    return next(
        (address for address in (message.reply_to, *message.features.addresses) if address and address not in others),
        "",
    )


def _made_by_a_machine(message: Message, others: tuple[str, ...] = _OTHERS) -> bool:
    other = any(reason.startswith(others) for reason in message.reasons)
    return message.auto is not Auto.NONE and message.delivery_status is None and not message.refs and not other


def _answers(message: Message) -> bool:
    """Whether it says that it is an automatic answer: its fields are then a signature or a receipt."""
    return any(reason.startswith(_REPLIED) for reason in message.reasons)


def _is_relayed(message: Message) -> bool:
    """Whether its answer goes to a person at another domain: a form's service writes for others, a firm for itself."""
    name, _, domain = message.reply_to.rpartition("@")
    return domain not in ("", message.sender.rpartition("@")[2]) and not _ROLES.match(name)


def _reads_as_request(message: Message) -> bool:
    """Whether its words are a person's, as those of a voice message, a chat, an app, or a person whose address says
    no-reply. Members of a list do not write to us, a report says of itself what it is, and mail with the number of a
    case belongs to that case."""
    if message.auto is Auto.BOUNCE or message.tokens or not _made_by_a_machine(message, _NOBODY):
        return False
    return message.features.scores.get(WORDED, {}).get(Kind.REQUEST, 0.0) >= _WORDED[_answers(message)]


def _answers_elsewhere(message: Message) -> bool:
    return message.reply_to not in ("", message.sender)
