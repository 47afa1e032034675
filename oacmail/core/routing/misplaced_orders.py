"""Orders that somebody wrote below or between the quoted lines of a reply, as a telephone or an old habit puts them.

They count for nothing, since a line without a quote mark may still be somebody else's; their writer is told. Only `>`
marks a quote here: where a program marks none, nobody can tell what is below it.
"""

from itertools import dropwhile, takewhile

from oacmail.core.routing.orders import MOST, Order, Verb, read_list, read_orders

_QUOTED = ">"
_SIGNATURE = "--"


def below_quote(text: str, *, listed: bool) -> tuple[Order, ...]:
    """The orders of `text` (all of the decoded text) after its first quoted line, down to a signature; at most `MOST`.
    `listed`: of a reply to a list of cases. A name after a number is none: a street has such a line as well."""
    read = read_list if listed else read_orders
    lines = map(str.strip, text.splitlines())
    below = dropwhile(lambda line: not line.startswith(_QUOTED), lines)
    own = takewhile(lambda line: line != _SIGNATURE, below)
    orders = [order for line in own for order in read(line) if order.verb not in (Verb.UNKNOWN, Verb.ASSIGN)]
    return tuple(orders[:MOST])
