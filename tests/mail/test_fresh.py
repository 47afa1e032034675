"""What was written now (the letters themselves stand in tests/corpus)."""

import time

import pytest

from oacmail.mail import fresh


@pytest.mark.parametrize("text", ["", " \n", "Hola", "--\nNúria", "> cita", "Enviat des del meu iPhone", "AVÍS LEGAL"])
def test_a_letter_is_never_trimmed_to_nothing(text: str) -> None:
    assert fresh.split(text).fresh == text.strip()


def test_an_answer_above_inside_and_below_is_kept() -> None:
    text = "Bon dia, responc a sota.\n\n> Quin?\n\nAquest.\n\n> Quan?\n\nDemà.\n"
    assert fresh.split(text).fresh == text.strip()


def test_the_attribution_belongs_to_the_quote() -> None:
    written = fresh.split("Sí.\n\nOn Mon, 3 Nov 2025 at 10:05, OAC <oac360@x.cat> wrote:\n> Segur?\n")
    assert written == fresh.Written("Sí.", "On Mon, 3 Nov 2025 at 10:05, OAC <oac360@x.cat> wrote:\n> Segur?")


def test_a_person_may_write_like_a_header_block_or_an_attribution() -> None:
    text = "Hola,\n\nDe: Castellbisbal estant\n\nEl meu veí ha escrit:\n\nNo hi ha llum.\n\nGràcies"
    assert fresh.split(text).fresh == text


def test_a_line_like_a_telephone_s_that_says_more_is_a_person_s() -> None:
    text = "Enviat amb l'idCAT, em surt un error.\nSent from my desk, is much easier than my phone."
    assert fresh.split(text).fresh == text


def test_answers_announced_within_the_other_s_text_are_kept() -> None:
    text = "Responc a sota.\n\nDe: OAC <oac@x.cat>\nEnviat: 3/11/2025 10:05\nPer a: jo\n\nQuin any?\nEl 2024."
    assert fresh.split(text).fresh == text
    assert "oac@x.cat" in fresh.split(text).quoted


def test_a_text_that_was_forwarded_as_attachment_counts_only_alone() -> None:
    assert fresh.split("", "De l'altre").fresh == "De l'altre"
    assert fresh.split("Meu", "De l'altre").fresh == "Meu"


@pytest.mark.parametrize(
    "line",
    [
        "a:",
        "> a\nb",
        "-- ",
        "De: a",
        ">",
        "On 3:05 a@b wrote:",
        "a@b:",
        "",
        "El 3:05 <a@b>:",
        "a El 3 b wrote:",
        "Enviat des del ",
        "a" * 5_000,
    ],
)
def test_parting_takes_linear_time(line: str) -> None:
    started = time.process_time()
    fresh.split(f"{line}\n" * 100_000)
    assert time.process_time() - started < 3
