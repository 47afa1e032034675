"""Write the note that replaces a removed part of a forwarded original, in ca, es and en.

The note says why, and gives the part's name, type, size and SHA-256. mail/outgoing/redact.py decides what is removed.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass

from oacmail.core.model import LANGUAGES
from oacmail.mail.understanding import secrets

_REASONS: Mapping[str, tuple[str, str, str]] = {
    "certificate": ("certificat o clau", "certificado o clave", "certificate or key"),
    "executable": ("programa", "programa", "program"),
    "archive": ("arxiu comprimit o contenidor", "archivo comprimido o contenedor", "archive or container"),
    "page": ("pàgina web", "página web", "web page"),
    "macro": ("document amb macros", "documento con macros", "document with macros"),
    "paper": ("document d'identitat o de salut", "documento de identidad o de salud", "identity or health document"),
    "secret": (
        "conté una contrasenya o un codi",
        "contiene una contraseña o un código",
        "contains a password or a code",
    ),
    "unreadable": ("no es pot llegir", "no se puede leer", "cannot be read"),
    "size": ("massa gran", "demasiado grande", "too large"),
}
_NOTES = (
    "[Part retirada en reenviar el missatge. L'original és a la bústia.]\r\n"
    "Motiu: {reason}\r\nNom: {name}\r\nTipus: {mime}\r\nMida: {size} bytes\r\nSHA-256: {checksum}\r\n",
    "[Parte retirada al reenviar el mensaje. El original está en el buzón.]\r\n"
    "Motivo: {reason}\r\nNombre: {name}\r\nTipo: {mime}\r\nTamaño: {size} bytes\r\nSHA-256: {checksum}\r\n",
    "[Part removed when the message was forwarded. The original is in the mailbox.]\r\n"
    "Reason: {reason}\r\nName: {name}\r\nType: {mime}\r\nSize: {size} bytes\r\nSHA-256: {checksum}\r\n",
)
_NAMELESS = ("(sense nom)", "(sin nombre)", "(no name)")
_SUBJECTS = ("Missatge retirat: {}", "Mensaje retirado: {}", "Message removed: {}")


@dataclass(frozen=True, slots=True)
class Notes:
    """The notes in one language: "ca", "es" or "en"."""

    lang: str

    def reason(self, key: str) -> str:
        return _REASONS[key][self._at]

    def note(self, key: str, name: str, mime: str, data: bytes) -> str:
        """Return the note with CRLF line ends. A secret or unusual characters in `name` are not repeated."""
        shown = re.sub(r"[^\w .,()@+-]", "_", secrets.blank(name))[:120] or _NAMELESS[self._at]
        checksum = hashlib.sha256(data).hexdigest()
        return _NOTES[self._at].format(
            reason=self.reason(key), name=shown, mime=mime[:80], size=len(data), checksum=checksum
        )

    def subject(self, key: str) -> str:
        """Return the subject for a message that is replaced as a whole."""
        return _SUBJECTS[self._at].format(self.reason(key))

    @property
    def _at(self) -> int:
        return LANGUAGES.index(self.lang)
