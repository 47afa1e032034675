"""The answers of eight clients: what is new in each is read as the answer alone."""

import pytest

from oacmail.mail.parse import parse
from testbed.messages import as_bytes, message
from testbed.people import ANNA, OFFICE
from testbed.sim.writing import STYLES

ANSWER = "Bon dia, ho heu de fer des de la seu electrònica, apartat de tràmits."


@pytest.mark.parametrize("place", range(len(STYLES)), ids=[name for name, _ in STYLES])
def test_the_quoted_message_is_told_from_the_answer(place: int) -> None:
    asked = message(ANNA, OFFICE, "Instància", "Bon dia, com puc signar la instància?\n\nAnna\n")
    read = parse(as_bytes(message(OFFICE, ANNA, "Re: Instància", STYLES[place][1](ANSWER, asked))))
    assert read.fresh.strip() == ANSWER
    assert ("com puc signar" in read.text) is (STYLES[place][0] != "a telephone")
