"""The original as it is forwarded: complete, without the parts that must not travel."""

import email
import hashlib
from email.header import decode_header, make_header
from email.message import Message

import pytest

from oacmail.core.model import Attachment
from oacmail.mail.understanding import secrets
from oacmail.words import redact
from tests.mail.messages import CORPUS, corpus
from tests.work import PER_CHARACTER, calls


def leaves(raw: bytes) -> list[Message]:
    return [part for part in email.message_from_bytes(raw).walk() if not part.is_multipart()]


def text(part: Message) -> str:
    data = part.get_payload(decode=True)
    assert isinstance(data, bytes)
    return data.decode("utf-8", "replace")


def whole(raw: bytes) -> str:
    return "\n".join(map(text, leaves(raw)))


def attached(name: str, mime: str, data: bytes) -> bytes:
    message = Message()
    message["Content-Type"] = "multipart/mixed; boundary=B"
    part = Message()
    part["Content-Type"] = f'{mime}; name="{name}"'
    part.set_payload(data.decode("latin-1"), "latin-1")
    message.set_payload([part])
    return message.as_bytes()


def test_no_secret_of_the_message_survives_anywhere() -> None:
    out = redact.redact(corpus("secrets-in-many-parts"))

    assert not [word for word in ("Gat-2024", "4821", "Preamble-99") if word in whole(out) or word.encode() in out]
    assert "La meva contrasenya és […] i el PIN és […]" in whole(out)


def test_dangerous_parts_leave_their_name_size_and_hash() -> None:
    out = redact.redact(corpus("secrets-in-many-parts"))

    notes = [text(part) for part in leaves(out) if "Part retirada" in text(part)]
    assert [note.split("Motiu: ")[1].split("\r\n")[0] for note in notes] == [
        "certificat o clau",
        "programa",
        "pàgina web",
        "arxiu comprimit o contenidor",
        "document amb macros",
    ]
    data = bytes.fromhex("3082040202010330 00".replace(" ", ""))
    assert f"Nom: meu.p12\r\nTipus: application/octet-stream\r\nMida: {len(data)} bytes" in notes[0]
    assert hashlib.sha256(data).hexdigest() in notes[0]


@pytest.mark.parametrize(
    "page",
    [
        "<p>Bon dia<script>alert(1)</script></p>",
        "<p>Bon dia</p><img/onerror=alert(1) src=x>",
        "<p>Bon dia</p><img src='https://track.example/1.gif'>",
        "<p>Bon dia</p><a href='jav&#x61;script:alert(1)'></a>",
        "<style>@import url(https://track.example/x.css)</style><p>Bon dia</p>",
        "<p>Bon<!-- --> dia</p><link rel=stylesheet href=https://track.example>",
    ],
)
def test_a_page_that_is_the_message_travels_as_its_text(page: str) -> None:
    out = redact.redact(b"Content-Type: text/html; charset=utf-8\r\n\r\n" + page.encode())

    (part,) = leaves(out)
    assert (part.get_content_type(), text(part)) == ("text/plain", "Bon dia")


def test_links_of_a_page_are_dead_and_its_secrets_blank() -> None:
    page = "<p>Vegeu https://evil.example/x</p><p>La contrasenya &eacute;s Gat<b>-2</b>024</p>"

    out = whole(redact.redact(b"Content-Type: text/html; charset=utf-8\r\n\r\n" + page.encode()))

    assert out == "Vegeu https[://]evil[.]example/x\n\nLa contrasenya és […]"


@pytest.mark.parametrize("field", ["Subject", "Thread-Topic", "Keywords", "Comments", "Content-Description", "X-Nota"])
def test_a_secret_in_a_field_is_blanked_and_the_rest_of_it_stays(field: str) -> None:
    out = redact.redact(f"{field}: la contrasenya: Gat-2024\r\nFrom: x@example.org\r\n\r\nhola\r\n".encode())

    assert b"Gat-2024" not in out
    assert str(make_header(decode_header(email.message_from_bytes(out)[field]))) == "la contrasenya: […]"


def test_a_file_that_bears_a_secret_in_its_name_goes() -> None:
    out = redact.redact(attached("contrasenya: Gat-2024.pdf", "application/pdf", b"%PDF-1.7"))

    assert b"Gat-2024" not in out
    assert "conté una contrasenya o un codi" in whole(out)


def test_what_is_harmless_stays_as_it_came() -> None:
    out = redact.redact(corpus("secrets-in-many-parts"))

    root = email.message_from_bytes(out)
    assert root["From"] == "Quim <quim@example.org>"
    assert root["X-Oacmail"] == "v=1; s=keepme"
    assert "nested words stay" in whole(out)
    assert [part.get_filename() for part in root.walk() if part.get_content_type() == "image/jpeg"] == ["foto.jpg"]


def test_the_recipients_of_a_delivery_status_with_a_lone_cr_stay_apart() -> None:
    raw = (
        b"From: MAILER-DAEMON@relay.example\r\nMIME-Version: 1.0\r\n"
        b'Content-Type: multipart/report; report-type=delivery-status; boundary="R"\r\n\r\n'
        b"--R\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; relay.example\r\n\r\n"
        b"Final-Recipient: rfc822; jordi\r@mail.example.net\r\nAction: failed\r\n\r\n"
        b"Final-Recipient: rfc822; copia@town.example\r\nAction: relayed\r\n\r\n--R--\r\n"
    )
    assert b"failed\r\n\r\nFinal" in redact.redact(raw, "ca")


@pytest.mark.parametrize(
    ("name", "mime", "data"),
    [
        ("factura.pdf.exe", "application/pdf", b"x"),
        ("informe.pdf", "application/pdf", b"MZ\x90\x00"),
        ("gpj.tiderc\u202e.scr", "image/jpeg", b"x"),
        ("Escriptori de la seu.rdp", "text/plain", b"full address:s:192.0.2.1"),
        ("Documents.library-ms", "application/xml", b"<libraryDescription>"),
        ("notes.txt", "text/plain", b"-----BEGIN PRIVATE KEY-----\nMII"),
        ("dades", "application/octet-stream", b"7z\xbc\xaf\x27\x1c..."),
        ("full.xlsx", "application/octet-stream", b"PK\x03\x04....[Content_Types].xml....xl/vbaProject.bin"),
        ("carta.doc", "application/msword", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1_\0V\0B\0A\0_\0P\0R\0O\0J\0E\0C\0T\0"),
        ("web", "application/octet-stream", b"<!DOCTYPE html><script>x</script>"),
        ("winmail.dat", "application/ms-tnef", b'x\x9f>"'),
        ("DNI_anvers.jpg", "image/jpeg", b"\xff\xd8\xff"),
        ("informe mèdic.pdf", "application/pdf", b"%PDF"),
    ],
)
def test_the_worst_of_name_type_and_bytes_counts(name: str, mime: str, data: bytes) -> None:
    assert "Part retirada" in whole(redact.redact(attached(name, mime, data)))


@pytest.mark.parametrize(
    ("name", "mime", "data"),
    [
        ("volant.pdf", "application/pdf", b"%PDF-1.7"),
        ("full.xlsx", "application/octet-stream", b"PK\x03\x04....[Content_Types].xml....xl/workbook.xml"),
        ("factura.xml", "application/xml", b"<?xml version='1.0'?><f/>"),
        ("captura.png", "image/png", b"\x89PNG"),
        ("foto dinie.jpg", "image/jpeg", b"\xff\xd8\xff"),
    ],
)
def test_ordinary_files_travel(name: str, mime: str, data: bytes) -> None:
    assert "Part retirada" not in whole(redact.redact(attached(name, mime, data)))


def test_a_message_wrapped_in_base64_cannot_be_cleaned_and_goes() -> None:
    raw = (
        b"Content-Type: multipart/mixed; boundary=B\r\n\r\n--B\r\nContent-Type: message/rfc822\r\n"
        b"Content-Transfer-Encoding: base64\r\n\r\nU3ViamVjdDogeA0KDQp4\r\n--B--\r\n"
    )

    assert "arxiu comprimit o contenidor" in whole(redact.redact(raw))


def test_a_uuencoded_file_in_the_text_goes() -> None:
    raw = b"Subject: x\r\n\r\nhola\r\nbegin 644 meu.exe\r\n#0V%T\r\n`\r\nend\r\nadeu\r\n"

    out = whole(redact.redact(raw))

    assert "#0V%T" not in out
    assert "hola" in out
    assert "adeu" in out


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\x00\xff\xfe garbage without a header",
        b"Content-Type: multipart/mixed; boundary=nowhere\r\n\r\ncontrasenya: Abc123\r\n",
        b"Content-Type: multipart/mixed; boundary=B\r\n\r\n" + b"--B\r\n\r\nx\r\n" * 3_000,
        b"Content-Type: message/rfc822\r\n\r\n" * 2_000,
        "Subject: això és un assumpte cru\r\nCc: Rafał\r\n\r\nhola\r\n".encode(),
        b"Subject: x\r\nContent-Type: text/plain; charset=nonsense\r\n\r\n" + b"a" * 5_000 + b"\r\n",
    ],
)
def test_any_bytes_give_safe_mime(raw: bytes) -> None:
    out = redact.redact(raw)

    assert b"\x00" not in out
    assert max(map(len, out.split(b"\r\n"))) <= 998
    assert out.replace(b"\r\n", b"").count(b"\n") == 0
    assert b"Abc123" not in out


@pytest.mark.parametrize("path", sorted(CORPUS.glob("*.eml")), ids=lambda path: path.stem)
def test_cleaning_twice_changes_no_more(path: object) -> None:
    once = redact.redact(corpus(str(path).rpartition("/")[2].removesuffix(".eml")))

    assert redact.redact(once) == once


# Secrets that are given away, and words about secrets that give nothing away.

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


PASSWORDS = """
contrasenya contraseña contrasena contrassenya CONTRASENYA password passwort passwd passcode passphrase pass psw pswd pw
pwd paſſword
"""


@pytest.mark.parametrize(
    ("name", "value", "kind"),
    [
        *((name, "Gat2024!", "password") for name in (*PASSWORDS.split(), "mot de passe", "paraula de pas")),
        *((name, "1234", "pin") for name in ("pin", "PİN", "pın", "p.i.n.", "puk", "número secret", "numero secreto")),
        *((name, "123456", "code") for name in ("codi", "código", "CÓDIGO", "code", "otp")),
    ],
)
def test_no_name_of_a_secret_is_passed_over(name: str, value: str, kind: str) -> None:
    assert secrets.find(f"{name}: {value}", ()) == (kind,)


GIVEN_AWAY = [
    ("contrasenya -> Gat2024", "Gat2024"),
    ("Contrasenya → Gat2024!", "Gat2024"),
    ("usuari anna, password => Perro_88", "Perro_88"),
    ("PIN → 4821", "4821"),
    ("PIN -> 482193 per si el necessiteu", "482193"),
    ("la contra\u00adsenya és Gat2024", "Gat2024"),
    ("la contra\u200bsenya: Gat2024", "Gat2024"),
    ("Contrasenya: Gat\u200b2024", "2024"),
    ("P\u00adI\u00adN: 4821", "4821"),
    ("el PIN del certificat 4821", "4821"),
    ("us poso el pin de la targeta 4821 a veure si podeu", "4821"),
    ("El PIN de l'idCAT Mòbil 77341", "77341"),
    ("mi pin del DNI electrónico 739214", "739214"),
    ("el codi és 482913", "482913"),
    ("El codi és: 4821", "4821"),
    ("el código es 739201", "739201"),
    ("me sale esto y el código que me ha llegado es 739201", "739201"),
    ("the code is 739201", "739201"),
    ("Codi: 482913", "482913"),
    ("contra: gatet2024", "gatet2024"),
    ("usuario: anna contra: Perro2024", "Perro2024"),
    ("la contra es Perro2024", "Perro2024"),
    ("Usuari: annapuig\nContra: gatet", "gatet"),
    ("psw: Gat2024", "Gat2024"),
    ("PSW Gat2024", "Gat2024"),
    ("pswd = gat.99", "gat.99"),
    ("user anna pw: Gat2024", "Gat2024"),
    ("passw: Gat2024", "Gat2024"),
    ("contrasenya - Gat2024", "Gat2024"),
    ("Contraseña – Perro_2024", "Perro_2024"),
    ("contrasenya (Gat2024)", "Gat2024"),
    ("la contrasenya, Gat2024, no em va", "Gat2024"),
    ('contraseña "perroverde"', "perroverde"),
    ("Gat2024 és la meva contrasenya", "Gat2024"),
    ("he posat Gat2024 com a contrasenya", "Gat2024"),
    ("pongo Perro88 de contraseña y nada", "Perro88"),
    ("la contrasenya que faig servir sempre és Gat2024", "Gat2024"),
    ("La clau d'accés és Xk92mm", "Xk92mm"),
    ("clave de acceso → Xk92mm", "Xk92mm"),
    ("codi d'accés: Xk92mm", "Xk92mm"),
    ("El meu codi secret és 4821", "4821"),
    ("codi pin 4821", "4821"),
    ("PIN número 4821", "4821"),
    ("PIN nº 4821", "4821"),
    ("el pin es el 4821", "4821"),
    ("pin: 48 21", "48 21"),
    ("P.I.N. 4821", "4821"),
    ("El PUK és 48213377", "48213377"),
    ("l'OTP que m'ha arribat: 739201", "739201"),
    ("m'han enviat per SMS el número 739201", "739201"),
    ("SMS: 739201 és el teu codi Cl@ve", "739201"),
    ("contrasen\u0303a: Perro2024", "Perro2024"),
    ("Les meves dades: anna@example.org / contrasenya Gat2024", "Gat2024"),
    ("login: anna, contrasenya:Gat2024", "Gat2024"),
    ("Entro amb usuari marta / Gat2024 i no va", "Gat2024"),
    ("He posat 12345678Z i Gat2024 i no entra", "Gat2024"),
    ("Pongo X1234567L / Perro88 y nada", "Perro88"),
    ("la c0ntrasenya és Gat2024", "Gat2024"),
    ("pa55word: Gat2024", "Gat2024"),
    ("contrasenia: Perro2024", "Perro2024"),
    ("Contrasenya：Gat2024", "Gat2024"),
    ("passcode is 739201", "739201"),
    ("mot de passe : Chat2024", "Chat2024"),
    ("la paraula de pas és Gat-2024", "Gat-2024"),
    ("contrasenya del certificat: Gat2024 i PIN del lector 9931", "9931"),
    ("Us deixo la contrasenya del portal per si hi podeu entrar vosaltres: Gat2024", "Gat2024"),
    ("clau privada del certificat: Xk92mm!", "Xk92mm"),
    ("Bona tarda, entro amb el DNI 12345678Z i la contrasenya Mireia1974 i em diu que no", "Mireia1974"),
    ("mi usuario es jgarcia y la contraseña jgarcia77", "jgarcia77"),
    ("usuari: mireia / contrasenya: mireia1974", "mireia1974"),
    ("us passo user i pass: mireia / mireia1974", "mireia1974"),
    ("Contrasenya ---> Tulipa3", "Tulipa3"),
    ("pwd → tul1pa", "tul1pa"),
    ("El meu PIN: 0042", "0042"),
    ("el pin de mi madre es el 4821", "4821"),
    ("PIN(4821)", "4821"),
    ("pin 4821.", "4821"),
    ("Clave PIN: QW7", "QW7"),
    ("he rebut aquest codi: 482913, què en faig?", "482913"),
    ("El codi d'un sol ús és 77341", "77341"),
    ("código SMS 739201", "739201"),
    ("m'ha arribat un SMS amb 739201", "739201"),
    ("La contrasenya provisional que em va donar la Núria: Benvinguda2025", "Benvinguda2025"),
    ("contrasenya antiga Tulipa3 contrasenya nova Tulipa44", "Tulipa44"),
    ("contra nueva: Perro2025", "Perro2025"),
    ("psw -> Tulipa3", "Tulipa3"),
    ("la c\u200co\u200cn\u200ctra\u200csenya: Tulipa3", "Tulipa3"),
    ("CONTRASENYA TULIPA3", "TULIPA3"),
    ("Passwort: Tulpe2024", "Tulpe2024"),
    ("contrasenya='Tulipa3'", "Tulipa3"),
    ("la clau del certificat és tulipa3!", "tulipa3"),
    ("my pin is 4821", "4821"),
    ("pin code: 4821", "4821"),
    ("the password I use is Tulip#3", "Tulip#3"),
    ("contrasenya\nTulipa3", "Tulipa3"),
    ("El PIN 4 8 2 1", "4 8 2 1"),
]
HARMLESS = [
    "El DNI 12345678Z i el 87654321X són els dels dos titulars",
    "El meu DNI és 12345678Z i 08211A00500123DF la referència cadastral",
    "usuari 3 / 2024",
    "he oblidat la contrasenya i no puc entrar",
    "La contrasenya ha de tenir 8 caràcters",
    "La contraseña debe tener entre 8 y 12 caracteres",
    "em demana un PIN de 4 dígits",
    "el PIN no funciona des del 2024",
    "no recordo el PIN del certificat del 2019",
    "el certificat del 2023 em demana el PIN",
    "El PIN del DNI el vaig canviar el 12/03/2025",
    "m'he equivocat 3 vegades amb el PIN",
    "codi postal: 08755",
    "El codi postal és 08755",
    "código postal 08755",
    "em surt l'error amb codi: 50012",
    "Em surt un error. El codi és 50012",
    "Error en signar, el código es 403",
    "el codi d'error és 50012",
    "codi de l'expedient: 20250077",
    "el codi QR no es llegeix",
    "codi segur de verificació (CSV): 7F3A-99C1",
    "el codi de barres de la carta és 4820193",
    "código DIR3: L01080543",
    "codi IBAN ES9121000418450200051332",
    "el codi de la convocatòria és 2025",
    "en contra: 3 vots",
    "Vots a favor: 12, en contra: 2024",
    "la sentència contra: l'Ajuntament",
    "reclamació contra: expedient 20250077",
    "vull recórrer contra la multa 20250077",
    "recurs contra: 2025/0077",
    "contra es pot presentar recurs fins al 12/05/2026",
    "la contra és que no hi ha lloc a les 1800",
    "la clau és fer-ho abans del 2027",
    "he perdut les claus de casa al carrer Major 12",
    "la clave catastral 9872023VH5797S",
    "la clau pública és 4F2A991C",
    "l'horari és de 9 a 14 -> de dilluns a divendres",
    "Tràmits -> Padró -> Volant 2025",
    "vaig a Contrasenya -> Recuperar i no m'arriba res",
    "Menú → Contrasenya → Canviar → error",
    "clico «he oblidat la contrasenya» -> surt pàgina en blanc",
    "contrasenya - com la recupero?",
    "Contraseña – no la recuerdo",
    "em demana usuari i contrasenya. El meu NIF és 12345678Z",
    "em demana contrasenya, el correu és anna99@example.org",
    "contrasenya (la del certificat) no la sé",
    "la contrasenya, que vaig canviar el 2024, no em va",
    "no m'arriba l'SMS al 600111222",
    "SMS al mòbil 600 11 12 22 si us plau",
    "rebo un SMS cada 5 minuts des de les 10",
    "no m'arriba el codi SMS, la factura 20250077 venç demà",
    "truqueu-me al 937720207",
    "el número de registre és 2025012345",
    "el meu DNI és 12345678",
    "matrícula 4821 BCD",
    "Password reset link: https://example.org/reset/1234",
    "password: https://example.org/reset",
    "la password s'ha de canviar cada 90 dies",
    "el pin del mapa marca el carrer Major 1234",
    "Pineda de Mar 4821",
    "tinc el NIE X1234567L i el codi del tràmit és ABS-2025-14",
    "quin és el codi del municipi? crec que és 08054",
    "Contrasenya: la que em vau donar",
    "el passaport AAB123456 caduca el 2027",
    "compte corrent clau: el director ve a les 10",
    "Vull canviar la contrasenya del wifi de la biblioteca, oberta fins 20h",
    "La contrasenya caduca el 31/12/2026",
    "Contrasenya? La de l'any 2020?",
    "el codi d'activació no m'ha arribat al 600111222",
    "codi client 482913",
    "el código del contador es 4829130",
    "Codi INE 080549",
    "Reunió contra: el pla urbanístic 2025B",
    "Manifestació contra → Ajuntament, dia 12/05",
    "PIN? No en tinc cap. Truqueu al 937720207",
    "el pin no em va i pago 4821 euros de multa",
    "el pin no va, rebut 48213377",
    "contrasenya caducada el 2024, com la renovo",
    "pàgina 4821 del document",
    "El PUK no el tinc, factura 20250077",
    "La clau 2025 és participar",
    "clau de volta 3D",
    "la clave: participar en 2025",
    "Tramitar → Clave → Registro nivel 2",
    "Cl@ve PIN no funciona desde 2024",
    "em demana pin o contrasenya i surt error 0x80070057",
    "el codi és incorrecte",
    "el código es de 6 dígitos",
    "codi: no el trobo",
    "Passi el dia 12 a les 10",
    "pass the message to 3 people",
    "Contrasenya incorrecta (intent 3 de 5)",
    "contrasenya incorrecta, error AUTH-4031",
    "el meu password no és vàlid des del 1/12/2025",
    "Demano cita amb codi de reserva 77341 per dilluns",
    "PIN de 6 xifres",
    "code of conduct 2024",
    "els contractes contra l'empresa B65481234",
]


@pytest.mark.parametrize(("text", "value"), GIVEN_AWAY)
def test_what_people_write_of_a_secret_does_not_stay(text: str, value: str) -> None:
    assert secrets.find(text, ())
    assert value not in secrets.blank(text)


@pytest.mark.parametrize("text", HARMLESS)
def test_what_people_write_beside_the_words_of_secrets_stays(text: str) -> None:
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
    [
        *(
            "contrasenya " + "de la " * 20_000,
            "codi " * 50_000,
            "pin de " * 50_000,
            "-----BEGIN PRIVATE KEY-----" * 9_000,
        ),
        *("contra: " * 20_000, "con\xadtra\u200bsenya: G2 " * 9_000, "clau - " * 20_000, "pin" + " " * 100_000),
        *("contrasenya: " + "a1/" * 50_000, "Gat2024 de la contrasenya " * 5_000, "error codi: 123456 " * 5_000),
    ],
)
def test_hostile_text_costs_no_more_than_its_length(text: str) -> None:
    assert calls(lambda: secrets.find(text, ())) < PER_CHARACTER * len(text)
