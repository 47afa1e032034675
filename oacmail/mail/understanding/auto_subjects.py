"""Recognise the subjects of autoresponders and read receipts, and the words that no autoresponder lacks.

A subject proves nothing: people answer such mail, complain about it and quote it. A match sends a message to review
(core/classification.py); it never classifies the sender as a machine, as header fields do
(mail/understanding/auto.py).
"""

import re

from oacmail.mail.understanding import features
from oacmail.mail.understanding.asking import WISH

_TITLES = (
    r"automatic reply|auto(?:matic)?[- ]?(?:reply|response|matic response)|out of (?:the )?office|ooo(?= ?[:-])"
    r"|resposta autom[àa]tica|fora de l['’]oficina|respuesta autom[áa]tica|fuera de (?:la )?oficina"
    r"|r[ée]ponse automatique(?: d['’]absence)?|absence du bureau|message d['’]absence"
    r"|automatische antwort|abwesenheitsnotiz|abwesenheits(?:meldung|assistent)|risposta automatica|fuori sede"
    r"|resposta autom[áa]tica|fora do escrit[óo]rio|ausente de la oficina|autom[àa]ticament respost"
)
# Text must precede or follow it: a bare title may be the subject of a complaint, and the body must decide.
_AUTOMATIC = re.compile(rf"^\W*(?:auto:\s*)?(?:{_TITLES})\s*[:\-–—(\[]|[-–—:(\[]\s*(?:{_TITLES})\W*$", re.IGNORECASE)
# A bare title counts where the text says that its writer is away, and asks nothing.
_BARE = re.compile(rf"^\W*(?:{_TITLES})\W*$", re.IGNORECASE)
_AWAY = re.compile(
    r"\b(?:s[oó]c|estic|estar[ée]) fora\b|\b(?:estoy|estar[ée]) (?:fuera|ausente)\b"
    r"|\bi(?: am|['’]m| will be) (?:currently )?(?:out of|away)\b|\bje (?:suis|serai) absente?\b",
    re.IGNORECASE,
)
# Of a folded text.
_ABSENCE = re.compile(
    r"\b(?:automat|absen|ausen|vacanc|vacaci|holiday)"
    r"|\b(?:permis|permiso|baixa|baja|fora|fuera|leave|away|out of)\b"
)
_READ = re.compile(
    r"^\W*(?:read|not read|llegit|no llegit|le[íi]do|no le[íi]do|lu|gelesen|letto|lido)\s*:\s"
    r"|^(?:return receipt|read receipt|confirmaci[óo] de lectura|confirmaci[óo]n de lectura|acuse de recibo)\b",
    re.IGNORECASE,
)


def names_absence(fresh: str) -> bool:
    """Whether the text has a word of absence or of automatic mail, as that of each autoresponder."""
    return bool(_ABSENCE.search(features.fold(fresh)))


def title_kind(subject: str, fresh: str, *, answers: bool) -> str:
    """Return the type that the subject shows: "automatic", "receipt" or "". `answers`: the message references another.

    The subject of a reply ("Re: …") is somebody else's, and an author who describes a wish or a problem is a person.
    """
    if features.is_answer(subject) or WISH.search(features.fold(fresh)):
        return ""
    if _AUTOMATIC.search(subject) or (_BARE.match(subject) and _AWAY.search(fresh) and "?" not in fresh):
        return "automatic"
    return "receipt" if answers and _READ.search(subject) else ""
