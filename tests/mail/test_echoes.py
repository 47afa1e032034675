"""Our own acknowledgement is known when it comes back, in each language; a quote of it is no echo."""

import pytest

from oacmail.mail.understanding import reply_text
from oacmail.words.facts import SAMPLES
from tests.words.test_templates import body, render, send


@pytest.mark.parametrize("lang", ["ca", "es", "en"])
@pytest.mark.parametrize("facts", SAMPLES["ack"], ids=str)
def test_the_shipped_acknowledgement_is_known_by_subject_and_by_text(lang: str, facts: dict[str, object]) -> None:
    mail = render(send(lang=lang, facts=facts))
    assert reply_text.repeats(f"Re: {mail['Subject']}", "Ok.", token=True)
    assert reply_text.repeats("Resposta", body(mail), token=False)


@pytest.mark.parametrize("subject", ["Hem rebut la vostra consulta", "Re: La llicència", "[OAC-2026-000123-K7Q]"])
def test_other_words_are_no_echo(subject: str) -> None:
    assert not reply_text.repeats(subject, "Bon dia, com està això meu?", token=subject.startswith("["))
