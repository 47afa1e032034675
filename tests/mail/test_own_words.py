"""Which words of a text are our own templates' sentences."""

from itertools import chain

import pytest

from oacmail.mail.understanding import reply_text
from oacmail.mail.understanding.reply_text import HOLE, part, wording_of
from oacmail.words.facts import SAMPLES
from oacmail.words.wording import wording
from tests.words.test_templates import body, render, send
from tests.work import PER_CHARACTER, calls

OURS = wording_of(
    [
        f"Hem rebut el vostre missatge amb el número {HOLE}. Us respondrem, com a molt tard, {HOLE}.\n\n"
        f"Protecció de dades. Podeu accedir-hi, rectificar-les, suprimir-les o oposar-vos al tractament: {HOLE}."
    ]
)


@pytest.mark.parametrize(
    ("text", "rest"),
    [
        ("Hem rebut el vostre missatge amb el número OAC-1.\nNo em va.", "\nNo em va."),
        ("Hem rebut el vostre\nmissatge amb el número\nOAC-1.\n\nNo em va.", "\n\nNo em va."),
        ("No em va\nHem rebut el vostre missatge amb el número OAC-1.", "No em va\n"),
        ("Protecció de dades. Podeu accedir-hi, rectificar-les, suprimir-les o oposar-vos al tractament: x.", ""),
        *(
            (f"Hem rebut el vostre missatge amb el número OAC-1.{unseen} No em va.", " No em va.")
            for unseen in "\xad\u034f\u061c\u180e\u200b\u200c\u200e\u202a\u2060\u2069\ufeff"
        ),
    ],
)
def test_a_sentence_of_ours_goes_whatever_its_line_breaks(text: str, rest: str) -> None:
    assert part(text, OURS).rest == rest


@pytest.mark.parametrize(
    "text",
    [
        "Us respondrem demà com a molt tard.",
        "Protecció de dades.\n\nVull accedir a les meves dades.",
        "Diu que heu rebut el missatge amb el número OAC-1 i no és veritat.",
        "> Hem rebut el vostre missatge amb el número OAC-1.",
        "",
    ],
)
def test_a_persons_words_stay(text: str) -> None:
    assert part(text, OURS).rest == text


def test_the_shipped_templates_say_what_they_say_in_three_languages() -> None:
    runs = chain.from_iterable(chain.from_iterable(wording(None).long.values()))
    long = " ".join(" ".join(run) for run in runs)
    for words in ("suprimirles oposarvos al tractament", "oponerse al tratamiento", "object to or restrict processing"):
        assert words in long


@pytest.mark.parametrize("text", ["Hem rebut el vostre ", "Hem rebut el vostre missatge amb el número ", "Us ", "\n"])
def test_it_costs_no_more_than_its_length(text: str) -> None:
    assert calls(lambda: part(text * (80_000 // len(text)), OURS)) < PER_CHARACTER * 80_000


# Our own acknowledgement is known when it comes back, in each language; a quote of it is no echo.


@pytest.mark.parametrize("lang", ["ca", "es", "en"])
@pytest.mark.parametrize("facts", SAMPLES["ack"], ids=str)
def test_the_shipped_acknowledgement_is_known_by_subject_and_by_text(lang: str, facts: dict[str, object]) -> None:
    mail = render(send(lang=lang, facts=facts))
    assert reply_text.repeats(f"Re: {mail['Subject']}", "Ok.", token=True)
    assert reply_text.repeats("Resposta", body(mail), token=False)


@pytest.mark.parametrize("subject", ["Hem rebut la vostra consulta", "Re: La llicència", "[OAC-2026-000123-K7Q]"])
def test_other_words_are_no_echo(subject: str) -> None:
    assert not reply_text.repeats(subject, "Bon dia, com està això meu?", token=subject.startswith("["))
