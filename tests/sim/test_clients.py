"""The answers of eight clients: what is new in each is read as the answer alone."""

from email.message import EmailMessage

import pytest

from oacmail.mail.parse import parse
from testbed.sim.writing import STYLES

ANSWER = "Bon dia, ho heu de fer des de la seu electrònica, apartat de tràmits."


@pytest.mark.parametrize("place", range(len(STYLES)), ids=[name for name, _ in STYLES])
def test_the_quoted_message_is_told_from_the_answer(place: int) -> None:
    asked, answer = EmailMessage(), EmailMessage()
    asked["From"], asked["To"] = "anna@example.org", "oac360@castellbisbal.example"
    asked["Subject"], asked["Date"] = "Instància", "Wed, 25 Nov 2026 09:00:00 +0100"
    asked.set_content("Bon dia, com puc signar la instància?\n\nAnna\n")
    answer["From"], answer["To"], answer["Subject"] = (
        "oac360@castellbisbal.example",
        "anna@example.org",
        "Re: Instància",
    )
    answer.set_content(STYLES[place][1](ANSWER, asked))
    read = parse(answer.as_bytes(policy=answer.policy.clone(linesep="\r\n")))
    assert read.fresh.strip() == ANSWER
    assert ("com puc signar" in read.text) is (STYLES[place][0] != "a telephone")
