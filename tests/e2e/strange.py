"""Messages as strange as mailboxes hold: each a function from a citizen's address and the desk's to bytes."""

import base64
from collections.abc import Callable

Strange = Callable[[str, str], bytes]


def _head(sender: str, desk: str, subject: str = "Ajuda amb un tràmit", *, message_id: bool = True) -> bytes:
    lines = [f"From: Joan Vidal <{sender}>", f"To: {desk}", f"Subject: {subject}"]
    lines += [f"Message-ID: <{sender.partition('@')[0]}@example.cat>"] if message_id else []
    return "\r\n".join([*lines, "Date: Wed, 25 Nov 2026 09:00:00 +0100", "MIME-Version: 1.0", ""]).encode()


_TEXT = "Content-Type: text/plain; charset=utf-8\r\n\r\nNo puc enviar la sol·licitud de l'ajut.\r\n".encode()


def _multipart(kind: str, *parts: bytes) -> bytes:
    inner = b"".join(b"--b1\r\n" + part + b"\r\n" for part in parts)
    return b"Content-Type: multipart/" + kind.encode() + b'; boundary="b1"\r\n\r\n' + inner + b"--b1--\r\n"


def _attached(name: str, mime: str, data: bytes) -> bytes:
    head = f'Content-Type: {mime}; name="{name}"\r\nContent-Disposition: attachment; filename="{name}"\r\n'
    return head.encode() + b"Content-Transfer-Encoding: base64\r\n\r\n" + base64.encodebytes(data)


def a_thousand_parts(sender: str, desk: str) -> bytes:
    part = b"Content-Type: text/plain\r\n\r\nuna part\r\n"
    return _head(sender, desk) + _multipart("mixed", _TEXT, *([part] * 999))


def winmail_dat(sender: str, desk: str) -> bytes:
    tnef = b"\x78\x9f\x3e\x22\x01\x00" + b"\x01\x06\x90\x08\x00\x04\x00\x00\x00" + bytes(64)
    return _head(sender, desk) + _multipart("mixed", _TEXT, _attached("winmail.dat", "application/ms-tnef", tnef))


def nul_bytes(sender: str, desk: str) -> bytes:
    return _head(sender, desk) + _TEXT.replace(b"ajut", b"aj\x00ut") + b"\x00\x00\r\n"


def no_message_id(sender: str, desk: str) -> bytes:
    return _head(sender, desk, message_id=False) + _TEXT


def a_date_in_2096(sender: str, desk: str) -> bytes:
    return _head(sender, desk).replace(b"25 Nov 2026", b"25 Nov 2096") + _TEXT


def a_raw_latin1_subject(sender: str, desk: str) -> bytes:
    return _head(sender, desk).replace("Ajuda amb un tràmit".encode(), "Sol·licitud urgent".encode("latin-1")) + _TEXT


def signed_by_smime(sender: str, desk: str) -> bytes:
    signature = _attached("smime.p7s", "application/pkcs7-signature", b"0\x82" + bytes(600))
    kind = 'signed; protocol="application/pkcs7-signature"; micalg=sha-256'
    return _head(sender, desk) + _multipart(kind, _TEXT, signature)


def a_message_in_a_message_in_a_message(sender: str, desk: str) -> bytes:
    inner = _head(sender, desk, "La de dins") + _TEXT
    for depth in range(5):
        wrapped = b"Content-Type: message/rfc822\r\n\r\n" + inner
        inner = _head(sender, desk, f"Capa {depth}") + _multipart("mixed", wrapped)
    return inner.replace(b"Capa 4", b"Us reenvio el missatge")


def nothing_but_a_sender(sender: str, desk: str) -> bytes:
    return f"From: {sender}\r\n\r\n".encode()


def no_end_of_the_last_part(sender: str, desk: str) -> bytes:
    return (_head(sender, desk) + _multipart("alternative", _TEXT, _TEXT))[:-30]


def an_unknown_charset(sender: str, desk: str) -> bytes:
    return _head(sender, desk) + _TEXT.replace(b"utf-8", b"x-catala-1714")


def broken_base64(sender: str, desk: str) -> bytes:
    text = base64.b64encode(b"Bon dia, no puc entrar a la seu.")[:-3] + b"%%%"
    head = b"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    return _head(sender, desk) + head + text + b"\r\n"


ANSWERED: tuple[Strange, ...] = (
    a_thousand_parts,
    winmail_dat,
    nul_bytes,
    no_message_id,
    a_date_in_2096,
    a_raw_latin1_subject,
    signed_by_smime,
    a_message_in_a_message_in_a_message,
    nothing_but_a_sender,
    no_end_of_the_last_part,
    an_unknown_charset,
    broken_base64,
)
"""A case and an acknowledgement each."""

NOBODY = b"To: oac\r\nSubject: Qui soc?\r\n\r\nBon dia, com puc empadronar-me? No dic qui soc.\r\n"
"""No From at all: a case, and a person looks at it."""
GARBAGE = bytes(range(256)) * 8
"""No message at all."""
