"""Which templates are ended: those that work too long, not those that a busy machine keeps waiting."""

import subprocess
import sys
from collections.abc import Iterator
from itertools import repeat

import pytest

from oacmail.words.renderer import OutOfBoundsError, joined


def _pieces_between_which_another_program_runs() -> Iterator[str]:
    for piece in ("Bon ", "dia"):
        subprocess.run([sys.executable, "-c", "import asyncio, unittest.mock"], check=True)
        yield piece


def test_what_waits_for_the_machine_is_not_ended() -> None:
    assert joined(_pieces_between_which_another_program_runs(), seconds=0.1) == "Bon dia"


def test_what_works_too_long_is_ended() -> None:
    with pytest.raises(OutOfBoundsError):
        joined((piece for piece in repeat("")), seconds=0.05)


def test_a_template_that_made_too_much_is_closed_at_once_and_not_in_the_time_of_another() -> None:
    """Else the collector closes it while another template is timed, and it ends with that one's error."""
    closed: list[object] = []

    def endless() -> Iterator[str]:
        try:
            while True:
                yield "x" * 10_000
        finally:
            closed.append(sys.gettrace())

    pieces = endless()
    with pytest.raises(OutOfBoundsError):
        joined(pieces)
    assert closed == [sys.gettrace()]
