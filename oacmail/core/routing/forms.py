"""Mail that a web form sends for a person: which it is, who asks, and what may be done while its sender is unknown.

The senders in `callback.form_senders` are believed. Any other form may be anybody's invention: what clearly is one is
a request with a clock, which is never acknowledged by itself; what may be one waits for a person. Reads facts alone.
"""

from oacmail.core.model import Auto, Message
from oacmail.core.policy import Policy

_SAID = (
    3.0  # the weight from which on a text says that it is the call-back form (mail/understanding/lexicon_of_kinds.py)
)
NO_REPLY = "sender: no-reply"
# Of a list, or in answer to something: whatever fields its text bears, no form.
_OTHERS = ("list-", "mailing-list", "x-mailman", "x-github", "content-type")
_REPLIED = "auto-submitted: auto-replied"


def is_call_form(message: Message) -> bool:
    """The call-back form by its own words, with a telephone."""
    found = message.features
    return sum(found.terms[term] for term in found.said("form")) >= _SAID and found.callback is not None


def is_clear(message: Message) -> bool:
    """A machine's new message with a form's own words or fields: a name, and an address or a telephone."""
    if not _made_by_a_machine(message):
        return False
    reachable = not message.features.form_fields.isdisjoint({"address", "phone"}) or _answers_elsewhere(message)
    filled_in = "name" in message.features.form_fields and reachable and not _answers(message)
    return is_call_form(message) or filled_in


def may_be(message: Message) -> bool:
    """A machine's new message that names a form in its subject, or bears a form's fields, and somebody to answer."""
    formal = message.features.subject_form or "text" in message.features.form_fields
    new = _made_by_a_machine(message) and not _answers(message)
    return is_clear(message) or (new and formal and _answers_elsewhere(message))


def is_unknown(policy: Policy, message: Message) -> bool:
    """A clear form whose sender is not configured."""
    return message.sender not in policy.form_senders and is_clear(message)


def person(policy: Policy, message: Message) -> str:
    """The person in Reply-To or in the text, '' where the form names nobody; the form itself reads no mail."""
    others = {message.sender, *policy.form_senders, *policy.office.own}
    return next(
        (address for address in (message.reply_to, *message.features.addresses) if address and address not in others),
        "",
    )


def _made_by_a_machine(message: Message) -> bool:
    other = any(reason.startswith(_OTHERS) for reason in message.reasons)
    return message.auto is not Auto.NONE and message.report is None and not message.refs and not other


def _answers(message: Message) -> bool:
    """A machine's answer to something, though it names nothing: its fields are a signature or a receipt."""
    return any(reason.startswith(_REPLIED) for reason in message.reasons)


def _answers_elsewhere(message: Message) -> bool:
    return message.reply_to not in ("", message.sender)
