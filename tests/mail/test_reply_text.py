"""The new text of a reply (the messages are in tests/corpus)."""

import pytest

from oacmail.mail.understanding import reply_text
from tests.work import PER_CHARACTER, calls


@pytest.mark.parametrize("text", ["", " \n", "Hola", "--\nNúria", "> cita", "Enviat des del meu iPhone", "AVÍS LEGAL"])
def test_a_message_is_never_trimmed_to_nothing(text: str) -> None:
    assert reply_text.split(text).fresh == text.strip()


def test_an_answer_above_inside_and_below_is_kept() -> None:
    text = "Bon dia, responc a sota.\n\n> Quin?\n\nAquest.\n\n> Quan?\n\nDemà.\n"
    assert reply_text.split(text).fresh == text.strip()


def test_the_attribution_belongs_to_the_quote() -> None:
    written = reply_text.split("Sí.\n\nOn Mon, 3 Nov 2025 at 10:05, OAC <oac360@x.cat> wrote:\n> Segur?\n")
    assert written == reply_text.ReplyText("Sí.", "On Mon, 3 Nov 2025 at 10:05, OAC <oac360@x.cat> wrote:\n> Segur?")


def test_a_person_may_write_like_a_header_block_or_an_attribution() -> None:
    text = "Hola,\n\nDe: Castellbisbal estant\n\nEl meu veí ha escrit:\n\nNo hi ha llum.\n\nGràcies"
    assert reply_text.split(text).fresh == text


def test_a_line_like_a_telephone_s_that_says_more_is_a_person_s() -> None:
    text = "Enviat amb l'idCAT, em surt un error.\nSent from my desk, is much easier than my phone."
    assert reply_text.split(text).fresh == text


@pytest.mark.parametrize(
    "line", ["Enviat des de la Seu electrònica", "Enviat amb Cl@ve", "Enviado desde Hacienda", "Enviado desde mi casa"]
)
def test_what_a_person_sent_from_or_with_is_no_line_of_a_program(line: str) -> None:
    assert reply_text.split(f"El tràmit:\n\n{line}").fresh.endswith(line)


def test_answers_announced_within_the_other_s_text_are_kept() -> None:
    text = "Responc a sota.\n\nDe: OAC <oac@x.cat>\nEnviat: 3/11/2025 10:05\nPer a: jo\n\nQuin any?\nEl 2024."
    assert reply_text.split(text).fresh == text
    assert "oac@x.cat" in reply_text.split(text).quoted


def test_a_text_that_was_forwarded_as_attachment_counts_only_alone() -> None:
    assert reply_text.split("", "De l'altre").fresh == "De l'altre"
    assert reply_text.split("Meu", "De l'altre").fresh == "Meu"


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
    assert calls(lambda: reply_text.split(f"{line}\n" * 8_000)) < PER_CHARACTER * (len(line) + 1) * 8_000


@pytest.mark.parametrize(
    "line",
    [
        "Envoyé de mon iPhone",
        "Envoye de mon iPhone",
        "Envoyé à partir de Outlook pour iOS",
        "Envoyé à partir d'Outlook pour Android<https://aka.ms/AAb9ysg>",
        "Envoyé à partir de Courrier pour Windows",
        "Envoyé à partir de mon mobile Free",
        "Provenance : Courrier pour Windows",
        "Verzonden vanaf mijn iPhone",
        "Trimis de pe telefonul meu Samsung Galaxy.",
        "Отправлено с iPhone",
        "发自我的iPhone",
        "أرسلت من الـ iPhone",
        "Diese Nachricht wurde von meinem Android Mobiltelefon mit WEB.DE Mail gesendet.",
        "Enviado desde mi POCO",
    ],
)
def test_the_line_that_a_client_adds_is_not_the_writers(line: str) -> None:
    assert reply_text.split(f"Merci.\n\n{line}\n").fresh == "Merci."


@pytest.mark.parametrize(
    "line",
    [
        "Envoyé par courrier recommandé le 3 novembre",
        "Envoyé de Paris, mon dossier est resté sans réponse",
        "Enviat per correu certificat el dia 3",
        "Enviat el 3/11 a les 10:05",
    ],
)
def test_how_a_person_has_sent_something_is_his_own_line(line: str) -> None:
    assert reply_text.split(f"Merci.\n\n{line}\n").fresh == f"Merci.\n\n{line}"


@pytest.mark.parametrize(
    "attribution",
    [
        "On Mon, Nov 3, 2025 at 10:05 AM OAC 360 <oac360@x.cat>\nwrote",
        "El lun, 3 nov 2025 a las 10:05, OAC 360 (<oac360@x.cat>) escribió",
        "El 3/11/25 a las 10:05,\nOAC 360 escribió",
        "Missatge de OAC 360 <oac360@x.cat> del dia dl., 3 de nov.\n2025 a les 10:05",
        "OAC 360 <oac360@x.cat> va escriure el dia dl., 3 nov. 2025\na les 10:05",
        "3 nov 2025 10:05 OAC 360 <oac360@x.cat>",
        "Am 03.11.2025 um 10:05 schrieb OAC 360 <oac360@x.cat>",
        "El dl., 3 nov. 2025, 10:05, OAC 360\nva escriure",
        "A 03-11-2025 10:05, OAC 360 escribió",
        "Quoting OAC 360 <oac360@x.cat>",
        "OAC 360\n<oac360@x.cat> va escriure:",
    ],
)
def test_an_attribution_without_a_colon_or_over_two_lines_belongs_to_the_quote(attribution: str) -> None:
    assert reply_text.split(f"Sí.\n\n{attribution}\n\n> Segur?\n").fresh == "Sí."


@pytest.mark.parametrize(
    "attribution",
    [
        "On Mon, Nov 3, 2025 at 10:05 AM OAC 360 <oac360@x.cat> wrote",
        "El dl., 3 nov. 2025 a les 10:05, OAC 360 <oac360@x.cat> va\nescriure",
        "On Monday, November 3rd, 2025 at 10:05 AM,\nOAC 360 <oac360@x.cat> wrote",
        "Le lun. 3 nov. 2025 à 10:05,\nOAC 360 <oac360@x.cat> a écrit :",
        "OAC 360 <oac360@x.cat> va escriure el dia dl., 3 nov. 2025\na les 10:05:",
    ],
)
def test_so_does_one_above_a_text_that_nothing_marks_as_quoted(attribution: str) -> None:
    written = reply_text.split(f"Sí.\n\n{attribution}\n\nSegur?\n")
    assert (written.fresh, written.quoted) == ("Sí.", f"{attribution}\n\nSegur?\n")


@pytest.mark.parametrize(
    "line",
    [
        "El 3 de novembre a les 10:05 vaig escriure a l'OAC <oac360@x.cat>",
        "El meu veí em va escriure el dia 3 de novembre a les 10:05",
        "On Monday I saw what you wrote",
        "El veí ha escrit",
    ],
)
def test_a_persons_sentence_without_a_colon_is_no_attribution(line: str) -> None:
    assert reply_text.split(f"Bon dia.\n\n{line}\n\nQuè he de fer?").fresh == f"Bon dia.\n\n{line}\n\nQuè he de fer?"


def test_a_persons_sentence_above_a_quote_is_no_attribution_by_its_date_alone() -> None:
    text = "El 3 de novembre a les 10:05 no funcionava\n\n> Com ho feu?\n"
    assert reply_text.split(text).fresh == "El 3 de novembre a les 10:05 no funcionava"
