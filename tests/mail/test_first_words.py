"""The first words of a message for a line of the daily summary: words, and nothing that opens anything."""

import pytest

from oacmail.words.redact import MOST, first_words


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Moltes gràcies!\n\nAnna", "Moltes gràcies! Anna"),
        ("", ""),
        ("👍", "👍"),
        ("Sóc l'Anna, DNI 12345678Z, telèfon 612 34 56 78", "Sóc l'Anna, DNI […] telèfon […]"),
        ("Escriviu a anna.puig@example.org o a www.example.org/a", "Escriviu a […] o a […]"),
        ("Mireu example.org, \\\\host\\share, host:80/x o https://a.example", "Mireu […] o […]"),
        ("la contrasenya: gatet\nGràcies", "la contrasenya: […] Gràcies"),
        ("El PIN és 4821. El codi: AB-12", "El PIN és […] El codi: […]"),
        ("<b>Hola</b> *bold* `code` | a | [a](b)", "[…] a […]"),
        ("Us\u202eho vaig\u200b enviar ahir", "Usho vaig enviar ahir"),
        ("¿Y mi beca? «Nada»…", "¿Y mi beca? «Nada»…"),
    ],
)
def test_only_words_are_shown(text: str, shown: str) -> None:
    assert first_words(text) == shown


def test_it_is_short_and_cut_between_two_words() -> None:
    said = first_words("Us ho vaig enviar ahir i no he rebut res, i avui s'acaba el termini de la beca")
    assert said == "Us ho vaig enviar ahir i no he rebut res, i avui s'acaba el …"
    assert len(first_words("a" * 400)) == 1
    assert all(len(first_words("ab " * many)) <= MOST + 2 for many in range(40))
