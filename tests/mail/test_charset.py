"""Bytes and fields to text: Catalan messages and the euro sign in every encoding that citizens use."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oacmail.mail.mime import charset
from oacmail.mail.understanding import scores
from tests.work import PER_CHARACTER, calls

TEXT = "Sol·licitud d'informació: l'excepció, façana, pingüí, l·l, ç"
EURO = TEXT + " 20 €"


@pytest.mark.parametrize(
    ("codec", "declared", "text"),
    [
        ("iso-8859-1", "ISO-8859-1", TEXT),
        ("iso-8859-15", "iso-8859-15", EURO),
        ("cp1252", "windows-1252", EURO),
        ("utf-8", "UTF-8", EURO),
        ("utf-16", "utf-16", EURO),
        ("utf-16-le", "utf-16", EURO),
        ("utf-16-be", "utf-16", EURO),
        ("mac-roman", "macintosh", EURO),
        ("mac-roman", "x-mac-roman", EURO),
    ],
)
def test_catalan_survives_in_the_declared_charset(codec: str, declared: str, text: str) -> None:
    assert charset.decode(text.encode(codec), declared) == text


@pytest.mark.parametrize(
    ("codec", "declared"),
    [
        ("utf-8", ""),
        ("utf-8", "us-ascii"),
        ("utf-8", "iso-8859-1"),
        ("utf-8", "x-unknown"),
        ("cp1252", ""),
        ("cp1252", "utf-8"),
        ("cp1252", "iso-8859-1"),
        ("cp1252", "punycode"),
        ("cp1252", "undefined"),
        ("cp1252", "base64"),
        ("cp1252", "a\0b"),
        ("utf-16", ""),
        ("utf-16-le", "x-unknown"),
    ],
)
def test_a_lying_or_unknown_charset_is_survived(codec: str, declared: str) -> None:
    assert charset.decode(EURO.encode(codec), declared) == EURO


def test_one_damaged_byte_leaves_the_other_accents_alone() -> None:
    assert charset.decode(EURO.encode() + b"\xff", "utf-8") == EURO + "\ufffd"


@given(st.binary(max_size=200), st.sampled_from(["", "utf-8", "utf-7", "utf-16", "gb2312", "iso-2022-jp", "latin1"]))
def test_any_bytes_become_text_without_nul_or_lone_surrogates(data: bytes, declared: str) -> None:
    text = charset.decode(data, declared)
    assert "\0" not in text
    assert text.encode("utf-8").decode("utf-8") == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("=?utf-8?Q?Sol=C2?= =?utf-8?Q?=B7licitud?=", "Sol·licitud"),
        ("=?utf-8?B?U29swrc?= =?utf-8?B?bGljaXR1ZA==?=", "Sol·licitud"),
        ("=?iso-8859-1?Q?Sol\udcb7licitud?= \udce7", "Sol·licitud ç"),
        ("=?utf-8*ca?Q?Bon_dia?=", "Bon dia"),
        ("=?utf-8?Q?Qu=C3=A8 passa??=", "Què passa?"),
        ("a =?utf-8?Q?b?= c =?utf-8?Q?d?=", "a b c d"),
        ("=?nonsense?Q?=E7?=", "ç"),
        ("=?utf-8?B?U2k?=", "Si"),
        ("=?utf-8?Q?obert", "=?utf-8?Q?obert"),
        ("C:\\new", "C:\\new"),
    ],
)
def test_a_field_reads_as_people_sent_it(value: str, text: str) -> None:
    assert charset.field(value) == text


@pytest.mark.parametrize(
    ("value", "name", "text"),
    [
        ("a; filename*=utf-8'ca'Sol%C2%B7licitud.pdf", "filename", "Sol·licitud.pdf"),
        ("a; filename*0*=iso-8859-1''fa%E7; filename*1=ana.pdf", "filename", "façana.pdf"),
        ("a; filename*1=b; filename*0=a", "filename", "ab"),
        ("a; filename=plain.pdf; filename*=utf-8''best.pdf", "filename", "best.pdf"),
        ('a; name="=?utf-8?B?w6cucGRm?="', "name", "ç.pdf"),
        ('a; name="a\\"b;c"; x=1', "name", 'a"b;c'),
        ('a; name="C:\\temp\\a.pdf"', "name", "C:\\temp\\a.pdf"),
        ("a ; CHARSET = utf-8 ; x", "charset", "utf-8"),
        ("a; name=fa\udce7ana.pdf", "name", "façana.pdf"),
    ],
)
def test_a_parameter_reads_as_people_sent_it(value: str, name: str, text: str) -> None:
    assert charset.parameters(value)[name] == text


@pytest.mark.parametrize("hostile", ["=?a?b?x", "=?utf-8?q?a?= ", ';a="', ";a*1=", '"', "=?"])
def test_a_hostile_field_costs_no_more_than_its_length(hostile: str) -> None:
    value = hostile * (64_000 // len(hostile))
    assert calls(lambda: (charset.field(value), charset.parameters(value))) < PER_CHARACTER * 64_000


@pytest.mark.parametrize("damaged", [b"aG9s", b"aG9sYQ", b"aG9sYQ=", b"aG9 sYQ\n=\n=", b"aG9sYQ==\n--\npeu!", b"aG9sY"])
def test_base64_is_read_as_leniently_as_mail_clients_do(damaged: bytes) -> None:
    assert charset.base64(damaged).startswith(b"hol")


# The language of short and long texts; the figures over labelled mail are bench/train_lang.py's.


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
