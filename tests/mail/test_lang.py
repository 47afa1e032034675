"""The language of short and long texts; the figures over labelled mail are bench/train_lang.py's."""

import pytest

from oacmail.mail.understanding import scores
from tests.work import calls


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Gràcies!", "ca"),
        ("No puc entrar a la carpeta ciutadana", "ca"),
        ("Us adjunto el document que em vau demanar", "ca"),
        ("Gracias", "es"),
        ("No puedo entrar en la carpeta ciudadana", "es"),
        ("¿Qué tengo que hacer?", "es"),
        ("Thank you", "en"),
        ("I cannot open the notification", "en"),
        ("Bonjour, je ne peux pas ouvrir la notification", "fr"),
        ("Grazie mille, non riesco ad aprire il documento", "other"),
        ("Não consigo abrir o documento, obrigado", "other"),
        ("Vielen Dank, ich kann das Dokument nicht öffnen", "other"),
        ("Nu pot deschide documentul, vă mulțumesc", "other"),
        ("Дякую, не можу відкрити документ", "other"),
        ("谢谢你", "other"),
        ("شكرا جزيلا", "other"),
        ("", "ca"),
        ("Ok", "ca"),
        ("12345 a@b.cat https://www.x.example/hello-world", "ca"),
    ],
)
def test_the_language_is_recognised_from_a_few_words(text: str, language: str) -> None:
    assert scores.detect_language(text) == language


def test_detection_costs_the_same_however_long_the_text_is() -> None:
    text = "Bon dia, voldria saber com puc presentar la sol·licitud perquè la pàgina em dona un error. " * 100
    scores.detect_language(text)
    assert calls(lambda: scores.detect_language(text)) < 1_000
