"""Orders that somebody wrote where none counts: below or between the quoted lines of a reply, below the signature, as a
telephone or an old habit puts them, or in the subject of a new mail.

They count for nothing, since a line without a quote mark may still be somebody else's; their writer is told. Only `>`
marks a quote here: where a program marks none, nobody can tell what is below it.
"""

from collections.abc import Callable, Iterable
from itertools import dropwhile, takewhile

from oacmail.core.routing.orders import MOST, Order, Verb, read_list, read_orders

_QUOTED = ">"
_SIGNATURE = "--"


def misplaced(text: str, subject: str, *, listed: bool) -> tuple[tuple[Order, str], ...]:
    """(order, the reason why it counts for nothing) of `text` (all of the decoded text) and of the `subject` of a new
    mail, '' = of none. `listed`: of a reply to a list of cases. A name after a number is none: a street has such a line
    as well."""
    read = read_list if listed else read_orders
    lines = [line.strip() for line in text.splitlines()]
    above = list(takewhile(lambda line: not line.startswith(_QUOTED), lines))
    below = takewhile(lambda line: line != _SIGNATURE, lines[len(above) :])
    signed = dropwhile(lambda line: line != _SIGNATURE, above)
    return (
        *((order, "below-signature") for order in _orders(signed, read)),
        *((order, "below-quote") for order in _orders(below, read)),
        *((order, "in-subject") for order in _orders([subject], read_list)),
    )


def _orders(lines: Iterable[str], read: Callable[[str], tuple[Order, ...]]) -> list[Order]:
    orders = [order for line in lines for order in read(line) if order.verb not in (Verb.UNKNOWN, Verb.ASSIGN)]
    return orders[:MOST]
