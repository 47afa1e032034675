"""Reads one message with ever more of the stack left, and prints the rung that each reading ended on.

A program of its own: what an interpreter that runs tests has on its stack, and counts of it, is no two times the same.
"""

import sys

from oacmail.core.model import Rung
from oacmail.mail.parse import parse

MESSAGE = b"From: Anna <a@x.cat>\r\nSubject: Hola\r\nMessage-ID: <a1@x.cat>\r\n\r\nBon  dia\r\n"


def with_little_stack(limit: int) -> Rung | None:
    """None where the stack does not even suffice to begin."""
    generous = sys.getrecursionlimit()
    try:
        sys.setrecursionlimit(limit)
        return parse(MESSAGE).rung
    except RecursionError:
        return None
    finally:
        sys.setrecursionlimit(generous)


if __name__ == "__main__":
    parse(MESSAGE)  # what is imported or compiled at the first use only
    for limit in range(5, 200):
        if rung := with_little_stack(limit):
            print(rung)
