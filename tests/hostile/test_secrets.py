"""Secrets that a citizen sends by mistake appear in no mail, no log and on no screen (R34)."""

import io
from base64 import b64encode

import pytest

from oacmail import log
from tests.hostile.enemy import everything_said, mails_out, message, oacmail, smuggle
from tests.world import SUPERVISOR, World

NUMBER = "OAC-2026-000001"
KEY = "-----BEGIN RSA PRIVATE KEY-----\r\nMIIBSECRETKEYSECRETKEY\r\n-----END RSA PRIVATE KEY-----"
P12 = b64encode(bytes.fromhex("308204020201033000") + b"SECRETCERT").decode()


def _multipart(*parts: str) -> tuple[list[tuple[str, str]], str]:
    body = "".join(f"--b\r\n{part}\r\n" for part in parts) + "--b--"
    return [("MIME-Version", "1.0"), ("Content-Type", 'multipart/mixed; boundary="b"')], body


def _file(name: str, mime: str, data: str) -> tuple[list[tuple[str, str]], str]:
    disposition = f'attachment; filename="{name}"'
    part = f"Content-Type: {mime}\r\nContent-Disposition: {disposition}\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    return _multipart("Content-Type: text/plain\r\n\r\nUs adjunto el fitxer.", part + data)


def _page(text: str) -> tuple[list[tuple[str, str]], str]:
    return [("Content-Type", "text/html; charset=utf-8")], text


SecretMessage = tuple[list[tuple[str, str]], str]
SECRETS: dict[str, tuple[SecretMessage, tuple[str, ...]]] = {
    "a password in the text": (([], "La meva contrasenya és Gat-2024!"), ("Gat-2024",)),
    "a password in the subject": (([("Subject", "contrasenya: Gat-2024!")], "Com la canvio?"), ("Gat-2024",)),
    "in an encoded subject": (
        ([("Subject", f"=?utf-8?b?{b64encode('contraseña: Gat-2024!'.encode()).decode()}?=")], "Com la canvio?"),
        ("Gat-2024",),
    ),
    "in Thread-Topic": (([("Thread-Topic", "password: Gat-2024!"), ("Subject", "Això")], "Com va?"), ("Gat-2024",)),
    "in a page": (_page("<p>La contrasenya &eacute;s <b>Gat</b>-2024</p>"), ("Gat-2024",)),
    "in a quoted text": (([], "Què faig?\r\n\r\n> contrasenya: Gat-2024!"), ("Gat-2024",)),
    "in quoted-printable": (
        ([("Content-Type", "text/plain; charset=utf-8"), ("Content-Transfer-Encoding", "quoted-printable")],
         "La contrase=C3=B1a es G=61t-2=\r\n024"),
        ("Gat-2024",),
    ),
    "behind an arrow": (([], "Entro amb la contrasenya -> Gat-2024!"), ("Gat-2024",)),
    "in a word with what nobody sees": (([], "La contra\u00adsen\u200bya: Gat-2024!"), ("Gat-2024",)),
    "a PIN of a certificate": (([], "No puc signar: el PIN del certificat 482197"), ("482197",)),
    "a PIN": (([], "El PIN de l'idCAT és 482197"), ("482197",)),
    "a one-time code": (([], "M'ha arribat el codi 482913 per SMS"), ("482913",)),
    "a key in the text": (([], f"No puc signar la instància, us envio la clau:\r\n{KEY}"), ("SECRETKEY",)),
    "a certificate": (_file("meu.p12", "application/x-pkcs12", P12), (P12[:12],)),
    "a certificate by another name": (_file("foto.jpg", "image/jpeg", P12), (P12[:12],)),
    "a key file": (_file("clau.txt", "text/plain", b64encode(KEY.encode()).decode()), ("SECRETKEY",)),
    "a secret in a file's name": (_file("contrasenya: Gat-2024.pdf", "application/pdf", "JVBERi0x"), ("Gat-2024",)),
    "inside an attached message": (
        _multipart("Content-Type: message/rfc822\r\n\r\nSubject: PIN: 482197\r\n\r\ncontrasenya: Gat-2024!"),
        ("482197", "Gat-2024"),
    ),
    "in a preamble": (
        (_multipart("Content-Type: text/plain\r\n\r\nHola, com va?")[0],
         "contrasenya: Gat-2024!\r\n" + _multipart("Content-Type: text/plain\r\n\r\nHola, com va?")[1]),
        ("Gat-2024",),
    ),
}  # fmt: skip


@pytest.fixture
def told() -> io.StringIO:
    stream = io.StringIO()
    log.configure(stream)
    return stream


@pytest.mark.parametrize("name", SECRETS)
def test_a_secret_leaves_in_no_mail_and_appears_on_no_screen(world: World, told: io.StringIO, name: str) -> None:
    (fields, text), secrets = SECRETS[name]
    smuggle(world, message(world, fields, text))
    world.live("2026-11-27 09:00", minutes=600)
    world.order("escalate", NUMBER)
    world.live("2026-12-07 09:00", minutes=600)
    screens = (("case", "list"), ("case", "show", NUMBER), ("why", NUMBER), ("outbox", "list", "--all"))
    shown = [oacmail(world, *words, *option).output for words in screens for option in ((), ("--json",))]
    assert {"derived", "overdue", "nudge"} <= set(world.kinds(SUPERVISOR))
    for said in (*map(everything_said, mails_out(world)), told.getvalue(), *shown):
        assert [secret for secret in secrets if secret in said] == []


def test_the_message_itself_stays_whole_in_the_mailbox(world: World) -> None:
    smuggle(world, message(world, text="La meva contrasenya és Gat-2024!"))
    assert b"Gat-2024!" in world.mailbox.raws("INBOX")[0]


def test_the_replaced_part_is_named_with_size_and_hash(world: World) -> None:
    fields, text = SECRETS["a certificate"][0]
    smuggle(world, message(world, fields, text))
    world.obey("escalate", NUMBER)
    said = everything_said(world.received(SUPERVISOR)[0])
    assert "meu.p12" in said
    assert "SHA-256" in said
    assert "19 bytes" in said
