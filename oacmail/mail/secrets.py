"""Secrets that citizens send by mistake: certificates with their key, passwords, PINs, one-time codes (R34).

Decides which kinds are in a letter, and blanks their values where its text is shown to others. Looks for a value
that somebody gives away, never for the mere word: "he oblidat la contrasenya" is none. A value must look like
one (a digit or a sign in it, or alone on its line after a colon). Never stores or returns what it found. Every
gap is bounded, so that no text costs more than its length.
"""

import re
from collections.abc import Iterator, Sequence

from oacmail.core.model import Attachment
from oacmail.mail import dangers

_BLANK = "[…]"
_TEXT = 1 << 20  # as much as the parser reads

_PEM = re.compile(r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----.*?(?:-----END [A-Z0-9 ]*PRIVATE KEY-----|\Z)", re.DOTALL)
_GAP = r"\s{0,40}"
_IS = rf"(?:{_GAP}[:=]{_GAP}|\s{{1,40}}(?:és|es|era|is|was|est|son|són)\s{{0,40}}:?\s{{1,40}})"
_OF = (
    r"(?:\s{1,4}(?:de la|del|de|d['’]|for|of|per a|para|actual|nova|nueva|provisional|temporal)"
    r"\s{0,4}[\w@.'’·-]{0,30}){0,3}"
)
_QUOTED = r"[\"'«“‘]"

# A value after "is": with a digit or a sign inside, or in quotes. After a colon also one word alone on its line.
_STRONG = r"(?![\"'«“‘])(?=[^\s,;]{0,64}(?:\d|[^\w\s.,;:'’\"()»”-]))[^\s,;\"'»”]{4,64}"
_PASSWORD = re.compile(
    rf"\b(?:contrasenya|contrase[ñn]a|password|passwd|pwd|mot de passe|clau d['’]acc[ée]s|clave de acceso"
    rf"|paraula de pas|passphrase){_OF}(?:{_IS}{_QUOTED}?(?P<strong>{_STRONG})"
    rf"|{_IS}{_QUOTED}(?P<quoted>[^\"'»”’\n]{{4,64}})[\"'»”’]"
    rf"|[ \t]{{0,40}}[:=][ \t]{{0,40}}(?P<alone>\S{{6,64}})[ \t]{{0,40}}(?=\n|\Z))",
    re.IGNORECASE,
)
_PIN = re.compile(
    rf"\b(?:pin|puk|n[úu]mero secret[oe]?){_OF}(?:{_IS}|\s{{1,40}})(?P<value>\d{{4,8}})\b(?![/.-]\d)", re.IGNORECASE
)
_DIGITS = re.compile(rf"(?<!\s){_IS}(?P<value>\d{{5,8}})\b(?![/.-]\d)")
_CODE = re.compile(r"\b(?:codi|c[óo]digo|code|clau|clave|otp)\b", re.IGNORECASE)
_FOR_ONCE = re.compile(
    r"\b(?:verificaci[óo]n?|un sol [úu]s|un solo uso|one[- ]time|sms|otp|idcat m[òo]bil|cl@ve|acc[ée]s|acceso"
    r"|activaci[óo]n?|seguretat|seguridad|m[òo]bil|m[óo]vil|confirmaci[óo]n?|verification|security)\b",
    re.IGNORECASE,
)
_NOT_WORDS = re.compile(  # what people write after "contrasenya:" that is no password
    r"(?:oblidada|olvidada|incorrect[ae]?|err[òo]nia|err[óo]nea|caducada|desconeguda|desconocida|inv[àa]lida|invalid"
    r"|forgotten|wrong|expired|pendent|pendiente|confidencial|obligat[oòó]ri[ao]?)",
    re.IGNORECASE,
)
_ADDRESS = re.compile(r"^(?:https?://|www\.|[\w.+-]+@[\w-]+\.)", re.IGNORECASE)
_NOT_CODES = re.compile(
    r"\b(?:postal|error|qr|csv|dir3|iban|barres|barras|expedient|registre|registro)\b", re.IGNORECASE
)


def find(text: str, attachments: Sequence[Attachment]) -> tuple[str, ...]:
    """Kinds of secrets in a letter, of certificate, password, pin, code, in this order, each at most once."""
    seen = {kind for kind, _, _ in _spans(text[:_TEXT])}
    if any(dangers.of_name(part.name, part.mime) == "certificate" for part in attachments):
        seen.add("certificate")
    return tuple(kind for kind in ("certificate", "password", "pin", "code") if kind in seen)


def blank(text: str) -> str:
    """The text with the value of each secret replaced by "[…]"; the words around it stay."""
    pieces, at = [], 0
    for _, start, end in sorted(_spans(text), key=lambda span: span[1:]):
        if start >= at:
            pieces += [text[at:start], _BLANK]
            at = end
    return "".join((*pieces, text[at:]))


def _spans(text: str) -> Iterator[tuple[str, int, int]]:
    """(kind, start, end) of each value."""
    for found in _PEM.finditer(text):
        yield "certificate", *found.span()
    for found in _PASSWORD.finditer(text):
        name = found.lastgroup or ""
        if _is_password(found[name]):
            yield "password", *found.span(name)
    for found in _PIN.finditer(text):
        yield "pin", *found.span("value")
    for found in _DIGITS.finditer(text):
        if _is_code(text[max(0, found.start() - 110) : found.start()]):
            yield "code", *found.span("value")


def _is_code(before: str) -> bool:
    """Whether the clause that stands before these digits names a code that is good once."""
    clause = re.split(r"[\n.;:=]", before)[-1]
    named = _CODE.search(clause)
    about = clause[named.end() :] if named else ""
    return bool(_FOR_ONCE.search(about)) and not _NOT_CODES.search(about)


def _is_password(value: str) -> bool:
    return not _NOT_WORDS.fullmatch(value.strip(".,;:!?)")) and not _ADDRESS.match(value)
