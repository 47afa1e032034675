"""The telephone that a message names, however it is written, and the one of several that its writer prefers."""

import json
from pathlib import Path

import pytest

from oacmail.mail.understanding import features, phones
from oacmail.mail.understanding.features import fold
from oacmail.mail.understanding.phones import in_digits


def called(text: str) -> str:
    return phones.phone(phones.in_digits(features.fold(text)), "900 772 772")


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("truqueu-me al 600 11 12 22", "+34600111222"),
        ("tel. 93.770.06.14", "+34937700614"),
        ("(+34) 699.30.14.15", "+34699301415"),
        ("0034 600771230", "+34600771230"),
        ("649/30.17.56", "+34649301756"),
        ("call me: +47 912 34 567", "+4791234567"),
        ("au 0033 6 12 48 90 75", "+33612489075"),
        ("el DNI 12345678Z", ""),
        ("IBAN ES91 2100 0418 4502 0005 1332", ""),
        ("expedient 612345678", ""),
        ("registre E/2025/006120", ""),
        ("truqueu al 900 772 772", ""),
        ("93. 775 00 00", "+34937750000"),
        ("a les tardes, entre 5 i 7. 600 93 14 27", "+34600931427"),
        ("l'any 2025, 1.250,00 €, del 12/03/2026", ""),
        ("telèfon 512 34 56 78", ""),
        ("truqueu al 600–11–22–33", "+34600112233"),
        ("tel600112233 gràcies", "+34600112233"),
        ("600 11 22 33 9-13h", "+34600112233"),
        ("C/ Major 3 600 11 22 33", "+34600112233"),
        ("08755 Castellbisbal 93 772 00 18 600 11 22 33", "+34937720018"),
        ("+ 33 6 12 34 56 78", "+33612345678"),
        ("+33 (0)6 12 34 56 78", "+33612345678"),
        ("sis dos zeros onze vint-i-dos trenta-tres", "+34600112233"),
        ("sis zero zero onze vintidos trentatres", "+34600112233"),
        ("sis zero zero onze vint-i-dos trenta-tres i nou tres set set dos zero zero u vuit", "+34600112233"),
        ("seis cero cero, once, veintidós, treinta y tres, un abrazo", "+34600112233"),
        ("a les 14. 628310744. Ara", "+34628310744"),
        ("ES91 2100 0418 4502 0005 1332", ""),
        ("2100 0418 4502 0005 1332", ""),
        ("4548 8120 4940 0004", ""),
        ("mon portable 06 12 34 56 78", "+33612345678"),
        ("DNI 12345678Z", ""),
        ("NSS 08 1234567812", ""),
        ("expedient 2025/612345678", ""),
        ("registre E/2025/612345678", ""),
        ("1.250,00 € 600.11.22.33", "+34600112233"),
        ("de 722904116 (0:41)", "+34722904116"),
        ("600112233/34", "+34600112233"),
        ("factura F-612345678", ""),
        ("truqueu-me al +999 123 456 789", ""),
        ("truqueu-me al +33 1", ""),
        ("truqueu-me al +39 340 197 8265", "+393401978265"),
        ("on my English mobile 07700 900318", "+447700900318"),
        ("6 8 3 · 4 1 · 9 0 · 5 2 . Quan sigui", "+34683419052"),
        ("al 6 5 4 - 7 7 - 1 2 - 0 8", "+34654771208"),
        ("Telèfon ......... 00 376 345 128", "+376345128"),
        ("34 622 90 81 47", "+34622908147"),
        ("Mijn nummer is 06 12 98 04 53 (dus +31 6 12 98 04 53)", "+31612980453"),
        ("telefon=639 40 12 75", "+34639401275"),
        ("truqueu-me al pati: 11 a 11.30, 611 . 40 . 72 . 93", "+34611407293"),
    ],
)
def test_the_telephone_is_found_and_other_numbers_are_not(text: str, number: str) -> None:
    assert called(text) == number


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("al seis cero cero 12 34 56 por favor", "+34600123456"),
        ("sis-cents dotze, trenta-quatre, setanta-vuit, zero nou", "+34612347809"),
        ("lo sis-cents vint-i-tres, quaranta-quatre, zero set, denou. Los matins", "+34623440719"),
        ("699 tretze zero zero vint-i-sis. Abans de dinar", "+34699130026"),
        ("seis cinco cinco punto cero tres punto ochenta y uno punto noventa a cualquier hora", "+34655038190"),
        ("sis-u-vuit, dos-cents vint-i-cinc, quatre-cents set. els matins", "+34618225407"),
        ("six-three-eight, double two, nine-oh, double seven.", "+34638229077"),
        ("655, trenta, trenta-dos, vuitanta-u. S. M.", "+34655303281"),
        ("mon portable : zéro six, douze, trente-quatre, quatre-vingt-dix-huit, soixante et onze", "+33612349871"),
        ("+33 six douze trente-quatre quatre-vingt-dix-huit soixante-quinze", "+33612349875"),
        ("fins a dos quarts de nou. sis-zero-zero / onze / vint-i-dos / trenta-tres", "+34600112233"),
        ("antes de las siete. seis cero cero uno uno dos dos tres tres", "+34600112233"),
        ("de 2 a 4: 600 uno uno dos 2 3 3", "+34600112233"),
        ("Em truqueu? sis-cents / 30 / 11 / 44", "+34600301144"),
        ("Mi número: seiscerocerotresunoochonuevecuatrodos, a la siesta", "+34600318942"),
        ("ahora es 600, luego 112 y después 233. Llame cuando guste", "+34600112233"),
        ("it's 600 11 then 22 then 33. After lunch", "+34600112233"),
        ("a viva voz: seis cuarenta y uno... 27 33 90. Por la tarde no", "+34641273390"),
        ("seis uno dos... tres cero... cuatro cinco... siete ocho", "+34612304578"),
        ("de Tánger más dos uno dos seis seis uno veintidós treinta y tres cuarenta y cuatro", "+212661223344"),
        ("a més sis zero zero onze vint-i-dos trenta-tres", "+34600112233"),
        ("655 O18 342 (LA O ÉS UN ZERO)", "+34655018342"),
        ("es de Francia. 00 33 y luego 6 12 . 34 . 98 . 75", "+33612349875"),
        ("我的电话是 六零零 一一 二二 三三。谢谢", "+34600112233"),
        ("sei cero cero, uno uno dos, dos tres tres", "+34600112233"),
        ("my British number: oh seven seven double-oh, nine double-oh, one two three", "+447700900123"),
        ("a British one, plus four four, seven seven double-oh, nine double-oh, one two three", "+447700900123"),
        (
            "meiner deutschen Nummer: null eins fünf eins, zwei sieben sieben vier null, neun drei sechs",
            "+4915127740936",
        ),
    ],
)
def test_a_telephone_in_words_is_a_telephone(text: str, number: str) -> None:
    assert called(text) == number


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("al fix 93 555 02 77, però millor al mòbil 605 99 28 16", "+34605992816"),
        ("fax 93 555 08 81, telèfon 93 851 00 77", "+34938510077"),
        ("Morag: 661-40-52-88, Pieter: 661-40-52-89. Better Pieter", "+34661405289"),
        ("tinc dos números 937 72 41 65 i 637 90 90 27, millor el segon", "+34637909027"),
        ("12/03/2026 612345678", "+34612345678"),
        ("al 600 11 22 33 (o al fix, 93 772 00 18, preferible)", "+34937720018"),
        ("al fix 93 772 00 18 o al 600 11 22 33, preferible el fix", "+34937720018"),
        ("al fix 93 772 00 18 (preferible) o al 600 11 22 33", "+34937720018"),
        ("trucar al 600 11 22 33, el fix 93 772 00 18 no", "+34600112233"),
        (
            "Office 0034 91 276 03 55, mobile +34 711 604 209. The office line is always engaged so use the mobile.",
            "+34711604209",
        ),
        (
            "el fix 93 070 41 86, on hi ha dies que ningú no sent, i el mòbil 672 90 11 38, que és el que voldria",
            "+34672901138",
        ),
        ("al 93.772.91.18 no hi sóc mai, millor al mòbil, 618.405.226", "+34618405226"),
        ("Directo 930 112 476 (el móvil 600 871 320 es de guardia, mejor no)", "+34930112476"),
        ("casa 937 72 41 65 i mòbil 637 90 90 27. Al mòbil no que la bateria està per morir, a casa", "+34937724165"),
        ("el telèfon d'ell és el 652.33.04.18 (el meu, per si de cas, 652 33 04 71)", "+34652330418"),
        ("93.770.06.14 y si no el movil 600 11 22 33, el movil mejor. Salgo a las dos.", "+34600112233"),
        ("Mejor el móvil que el fijo: fijo 93 770 06 14, móvil 600 11 22 33", "+34600112233"),
        ("llamame al 600 11 22 33 no al que teneis en ficha que es viejo 688 20 15 54", "+34600112233"),
        ("cap dels de P1. 600 11 22 33 (Jaume)", "+34600112233"),
        ("Al móvil: 600 11 22 33 (no al fijo de la firma, que no lo cogen). T. 93 770 06 14", "+34600112233"),
        ("al 600 11 22 33 i si no contesto al de l'Agustí, 688 20 15 54. Millor el meu.", "+34600112233"),
        ("mi teléfono era el 688 20 15 54, ese ya no, ahora es el 600 11 22 33", "+34600112233"),
        ("telefon=639 40 12 75 telefon2=93 700 18 33 millor al fix", "+34937001833"),
        ("al seis siete cero, 88, 12, 0, 6... espere que está mal, 670 88 12 16", "+34670881216"),
        ("El número es el 688 20 15 54, perdón, 600 11 22 33", "+34600112233"),
        ("tel1: 934 12 30 45; movil: 600 11 22 33; llamar al móvil mejor", "+34600112233"),
        ("el 600112233 (millor aquest) i el fix de l'estudi 93 772 00 41", "+34600112233"),
        ("numeros el de casa 93 770 06 14 y el móvil 600 11 22 33 mejor al móvil que en casa no oigo", "+34600112233"),
        ("SMS de +34 699 00 12 45: no al 699 que és d'empresa, al 600 11 22 33", "+34600112233"),
        ("De: 935550177. no a aquest que és del centre de dia eh al meu que és el 600 11 22 33", "+34600112233"),
        ("fijo 93 588 41 07, y si es después de las seis, que ya no estoy, al 600 11 22 33", "+34935884107"),
    ],
)
def test_of_several_the_preferred_one_counts(text: str, number: str) -> None:
    assert called(text) == number


TWO_NUMBERS = [
    json.loads(line) for line in Path(__file__).with_name("two_numbers.jsonl").read_text("utf-8").splitlines()
]


@pytest.mark.parametrize("mail", TWO_NUMBERS, ids=lambda mail: mail["text"][:40])
def test_of_two_numbers_the_one_that_is_not_to_be_called_is_left(mail: dict[str, str]) -> None:
    assert called(mail["text"]) == mail["phone"]


# Telephones dictated in words.


@pytest.mark.parametrize(
    ("text", "digits"),
    [
        ("al seis cero cero 12 34 56 por favor", "al 600123456 por favor"),
        ("al seiscientos doce, treinta y cuatro, setenta y ocho, cero nueve", "al 612347809"),
        ("sis-cents dotze, trenta-quatre, setanta-vuit, zero nou", "612347809"),
        ("sis quaranta-dos, trenta-u, vint, quinze", "642312015"),
    ],
)
def test_nine_digits_said_in_words_are_a_number(text: str, digits: str) -> None:
    assert in_digits(fold(text)) == digits


def test_no_text_whose_words_become_digits_is_passed_over() -> None:
    files = (Path(__file__).with_name("call_backs.jsonl"), *sorted(Path("bench").glob("*calls*.jsonl")))
    rows = [json.loads(line) for file in files for line in file.read_text("utf-8").splitlines()]
    texts = [fold(value) for row in (*rows, *TWO_NUMBERS) for value in row.values() if isinstance(value, str)]
    changed = [text for text in texts if in_digits(text) != text]
    assert len(changed) > len(rows) / 50
    assert [text for text in changed if not phones.may_change(text)] == []


@pytest.mark.parametrize("text", ["fa dues setmanes que espero els dos rebuts", "truqueu-me al 600112233, que hi soc"])
def test_a_text_whose_numbers_stay_as_they_are_is_passed_over(text: str) -> None:
    assert not phones.may_change(text)


@pytest.mark.parametrize("text", ["a les cinc o dos quarts de sis", "tinc dos o tres dubtes", "una, dues, tres"])
def test_other_words_of_number_stay_words(text: str) -> None:
    assert in_digits(text) == text
