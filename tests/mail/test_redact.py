"""The original as it is forwarded: complete, without the parts that must not travel."""

import email
import hashlib
from email.header import decode_header, make_header
from email.message import Message

import pytest

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


@pytest.mark.parametrize("text", ["begin 644 x\r\n" * 40_000, "<" * 300_000, "\r\n" * 200_000, "<a " * 100_000])
def test_cleaning_hostile_text_costs_no_more_than_its_length(text: str) -> None:
    for mime in (b"text/html", b"text/plain"):
        raw = b"Content-Type: " + mime + b"\r\n\r\n" + text.encode()
        assert calls(lambda raw=raw: redact.redact(raw)) < PER_CHARACTER * len(raw)  # type: ignore[misc]


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
