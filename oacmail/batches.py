"""Group items by number and size: few round trips or commits, and little memory.

The order is kept and nothing is dropped: an item that is too large forms its own group.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

Thing = TypeVar("Thing")


def batched(
    things: Iterable[Thing], octets: Callable[[Thing], int], most: int, most_octets: int
) -> Iterator[list[Thing]]:
    """Yield lists of at most `most` things and, unless it is a single one, of at most `most_octets` together."""
    batch: list[Thing] = []
    size = 0
    for thing in things:
        more = octets(thing)
        if batch and (len(batch) == most or size + more > most_octets):
            yield batch
            batch, size = [], 0
        batch.append(thing)
        size += more
    if batch:
        yield batch
