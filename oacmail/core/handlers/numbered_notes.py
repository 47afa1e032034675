"""Whether a new mail whose first line begins with a number holds orders, or is a list of its writer's own.

`12 trucat` orders also without a reply (docs/interfaces.md section 7). In `1 espera resposta del banc` no order can
read what follows its word, so the mail is a note. It never decides who may give orders, and performs none.
"""

from collections.abc import Callable, Mapping
from datetime import date

from oacmail.core import calendar
from oacmail.core.handlers.admin_command import CORRECTABLE
from oacmail.core.handlers.order_actions import CLOSE_REASONS, named_agent
from oacmail.core.lookup import Lookup
from oacmail.core.policy import Policy
from oacmail.core.routing.days_named import day_named
from oacmail.core.routing.orders import Order, Verb, folded, language_named, number_of, read_note
from oacmail.core.routing.topic_names import topic_named


def _names_day(policy: Policy, said: str, today: date) -> bool:
    return day_named(folded(said), today, policy.workdays) is not None


def _is_text(_: Policy, said: str, __: date) -> bool:
    return bool(said)


_READS: Mapping[Verb, Callable[[Policy, str, date], bool]] = {
    Verb.ASSIGN: lambda policy, said, _: named_agent(policy, said) is not None,
    Verb.CLOSE: lambda _, said, __: folded(said) in CLOSE_REASONS,
    Verb.WAIT: _names_day,
    Verb.UNTIL: _names_day,
    Verb.MERGE: lambda policy, said, today: bool(number_of(policy, said, today.year)),
    Verb.TOPIC: lambda _, said, __: topic_named(said) in CORRECTABLE["topic"],
    Verb.LANGUAGE: lambda _, said, __: language_named(said) in CORRECTABLE["language"],
    Verb.SECOND_LEVEL: _is_text,
    Verb.NOTE: _is_text,
    Verb.OUT_OF_SCOPE: _is_text,
}
"""What an order reads after its word; any other reads nothing."""


def orders_of_note(policy: Policy, lookup: Lookup) -> tuple[Order, ...]:
    """The orders of a new mail that begins with the number of a case; () = it is no list of orders."""
    if lookup.message.refs:
        return ()
    orders = read_note(lookup.message.typed)
    today = calendar.local_day(lookup.received_at, policy)
    return orders if orders and orders[0].case and _is_meant(policy, orders[0], today) else ()


def _is_meant(policy: Policy, first: Order, today: date) -> bool:
    """Whether the first line is an order: a word with nothing after it, or with what its order reads."""
    if first.verb is Verb.UNKNOWN:
        return False
    reads = _READS.get(first.verb)
    return not first.argument or (reads is not None and reads(policy, first.argument, today))
