"""Secrets that are given away, and words about secrets that give nothing away."""

import pytest

from oacmail.core.model import Attachment
from oacmail.mail.understanding import secrets
from tests.work import PER_CHARACTER, calls

KEY = "-----BEGIN RSA PRIVATE KEY-----\nMIIB\n-----END RSA PRIVATE KEY-----"


@pytest.mark.parametrize(
    ("text", "kinds", "blanked"),
    [
        ("contrasenya: Gat2024!", ("password",), "contrasenya: […]"),
        ("la meva contrasenya és Castell_99", ("password",), "la meva contrasenya és […]"),
        ("Contraseña: secreto", ("password",), "Contraseña: […]"),
        ("mi contraseña del certificado es «perro»", ("password",), "mi contraseña del certificado es «[…]»"),
        ("My password is hunter2, thanks", ("password",), "My password is […], thanks"),
        ("la clave de acceso = A1b2c3", ("password",), "la clave de acceso = […]"),
        ("el PIN de l'idCAT és 4821.", ("pin",), "el PIN de l'idCAT és […]."),
        ("PIN 1234", ("pin",), "PIN […]"),
        ("el codi que m'ha arribat per SMS és 482913", ("code",), "el codi que m'ha arribat per SMS és […]"),
        ("código de verificación: 123456", ("code",), "código de verificación: […]"),
        (f"us envio això:\n{KEY}\ngràcies", ("certificate",), "us envio això:\n[…]\ngràcies"),
        ("contrasenya: Ab1234, PIN: 9876", ("password", "pin"), "contrasenya: […], PIN: […]"),
        ("la contraseña Perro2024 no funciona", ("password",), "la contraseña […] no funciona"),
        ("mi clave es Perro2024", ("password",), "mi clave es […]"),
        ("La contrasenya del certificat (el p12):\ngat", (), "La contrasenya del certificat (el p12):\ngat"),
        (
            "La contrasenya del certificat (el p12):\ngatet",
            ("password",),
            "La contrasenya del certificat (el p12):\n[…]",
        ),
        ("mi contraseña es: Perro 2024", ("password",), "mi contraseña es: […]"),
        ("El meu PIN del DNI electrònic és 482193", ("pin",), "El meu PIN del DNI electrònic és […]"),
        ("PIN Cl@ve: A3F", ("pin",), "PIN Cl@ve: […]"),
        ("m'ha arribat el codi 482913 per SMS", ("code",), "m'ha arribat el codi […] per SMS"),
        ("482913 és el vostre codi de verificació", ("code",), "[…] és el vostre codi de verificació"),
        ("G-482913 is your Google verification code", ("code",), "[…] is your Google verification code"),
    ],
)
def test_a_value_given_away_is_found_and_blanked(text: str, kinds: tuple[str, ...], blanked: str) -> None:
    assert secrets.find(text, ()) == kinds
    assert secrets.blank(text) == blanked


@pytest.mark.parametrize(
    "text",
    [
        "he oblidat la contrasenya",
        "la contrasenya és incorrecta",
        "la contraseña es la que puse",
        "Contrasenya: oblidada",
        "no recordo el PIN i l'he posat 4 cops",
        "codi postal: 08755",
        "código de error: 50012",
        "el codi de l'expedient és 20250077",
        "password: https://example.org/reset",
        "em demana usuari i contrasenya. Què hi poso?",
        "el codi DIR3 és a la comanda",
        "la clau és fer-ho abans del 2027",
        "la clave catastral 9872023VH5797S",
        "em demana contrasenya i l'usuari és 12345678Z",
        "no m'arriba el codi SMS i la factura 20250077 venç demà",
        "truqueu-me al 600 11 12 22",
    ],
)
def test_words_about_secrets_are_none(text: str) -> None:
    assert secrets.find(text, ()) == ()
    assert secrets.blank(text) == text


@pytest.mark.parametrize(
    ("name", "mime", "kinds"),
    [
        ("meu.p12", "application/octet-stream", ("certificate",)),
        ("Certificat.PFX ", "application/octet-stream", ("certificate",)),
        ("", "application/x-pkcs12", ("certificate",)),
        ("clau.pem", "text/plain", ("certificate",)),
        ("magatzem.jks", "application/octet-stream", ("certificate",)),
        ("signatura.p7s", "application/pkcs7-signature", ()),
        ("volant.pdf", "application/pdf", ()),
    ],
)
def test_a_certificate_is_known_by_name_or_type(name: str, mime: str, kinds: tuple[str, ...]) -> None:
    assert secrets.find("", (Attachment(name=name, mime=mime, size=10),)) == kinds


@pytest.mark.parametrize(
    "text",
    ["contrasenya " + "de la " * 20_000, "codi " * 50_000, "pin de " * 50_000, "-----BEGIN PRIVATE KEY-----" * 9_000],
)
def test_hostile_text_costs_no_more_than_its_length(text: str) -> None:
    assert calls(lambda: secrets.find(text, ())) < PER_CHARACTER * len(text)
