"""Find secrets that citizens send by mistake: certificates with their key, passwords, PINs, one-time codes (R34).

This module decides which kinds a message contains, and blanks their values where its text is shown to others. It looks
for a value, not for the mere word: "he oblidat la contrasenya" does not count. A value follows "is" or a colon whose
clause names the secret, or directly follows its name, and must look like one (it contains a digit or a symbol, or is
alone on its line after a colon). When uncertain, it counts: a number blanked by mistake is still in the mailbox. The
values are never stored or returned. Every gap is bounded, so that the work is linear.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence

from oacmail.core.model import Attachment
from oacmail.mail.understanding import attachment_risk

_BLANK = "[…]"
_TEXT = 1 << 20  # the parser's limit

_PEM = re.compile(r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----.*?(?:-----END [A-Z0-9 ]*PRIVATE KEY-----|\Z)", re.DOTALL)
_OPEN, _CLOSE = r"[\"'«“‘]", r"[\"'»”’]"
_COLON = r"\s{0,40}[:=]\s{0,40}"
_IS = rf"(?:{_COLON}|\s{{1,40}}(?:és|es|era|is|was|est|son|són)\s{{0,40}}:?\s{{1,40}}(?:(?:el|la|the)\s{{1,4}})?)"
_SIGNED = r"(?=[^\s,;]{0,64}(?:\d|[^\w\s.,;:'’\"()»”-]))"  # contains a digit or a symbol

# group name -> what may follow "is" or a colon, the most certain first
_GIVEN = re.compile(
    rf"(?<!\s){_IS}(?:{_OPEN}(?P<quoted>[^\"'»”’\n]{{4,64}}){_CLOSE}|(?P<strong>(?!{_OPEN}){_SIGNED}[^\s,;\"'»”]{{3,64}}))"
    rf"|(?<!\s){_COLON}(?P<alone>[^\s,;]{{4,64}}|(?=[^\n]{{0,60}}\d)\S{{3,30}} \S{{1,30}})[ \t]{{0,40}}(?=\n|\Z)"
)
_NAME = re.compile(
    r"\b(?:(?P<password>contrass?e(?:ny|ñ|n)a|password|passwd|pass(?:code|phrase)?|pwd|mot de passe|paraula de pas)"
    r"|(?P<key>clau|clave)(?! (?:p[úu]blica|catastral|cadastral))|(?P<pin>pin|puk|n[úu]mero secret[oe]?))\b",
    re.IGNORECASE,
)
_CLAUSE = 80  # characters between the name and its value
_CUT = re.compile(r"[\n;:=?!]|\.\s")
_OF_SOMEBODY_ELSE = re.compile(
    r"\b(?:i|y|and|pero|però)\b.*\b(?:usuari[oa]?|user|nif|dni|nie|corr?e[uo]|e-?mail|tel)", re.IGNORECASE
)
# Directly after its name: "contraseña Perro2024", "PIN 1234".
_BEHIND = re.compile(
    r"\b(?:(?:contrass?e(?:ny|ñ|n)a|password|passwd|pwd|clau|clave)\s{1,4}(?P<password>(?=\S{0,64}\d)(?=\S{0,64}[^\W\d])"
    r"[^\s,;]{6,64})|(?:pin|puk)\s{1,4}(?P<pin>\d{4,8}|(?=\w{0,8}\d)[A-Z\d]{3,8})\b(?![/.-]\d))",
    re.IGNORECASE,
)
_PIN_VALUE = re.compile(r"(?:\d{2,4} ?\d{2,4}|(?=\w{0,8}\d)[A-Za-z\d]{3,8})(?![\w/-])")

_SENTENCE = re.compile(r"(?:[^\n.;?!]|\n(?=\S)){1,240}")
_DIGITS = re.compile(r"(?<![\w/@-])(?:G-)?\d{5,8}\b(?![/.-]\d)")
_CODE = re.compile(r"\b(?:codi|c[óo]digo|code|clau|clave|otp)\b", re.IGNORECASE)
_FOR_ONCE = re.compile(
    r"\b(?:verificaci[óo]n?|un sol [úu]s|un solo uso|one[- ]time|sms|otp|idcat m[òo]bil|cl@ve|acc[ée]s|acceso"
    r"|activaci[óo]n?|seguretat|seguridad|m[òo]bil|m[óo]vil|confirmaci[óo]n?|verification|security)\b",
    re.IGNORECASE,
)
_NOT_CODES = re.compile(
    r"\b(?:postal|error|qr|csv|dir3|iban|barres|barras|expedi\w+|registre|registro|factura|rebut|recibo|ref\w*)\b",
    re.IGNORECASE,
)
_NOT_WORDS = re.compile(  # words after "contrasenya:" that are not passwords
    r"(?:oblidada|olvidada|incorrect[ae]?|correct[ae]?|err[òo]nia|err[óo]nea|caducada|desconeguda|desconocida"
    r"|inv[àa]lida|invalid|forgotten|wrong|expired|pendent|pendiente|confidencial|obligat[oòó]ri[ao]?)",
    re.IGNORECASE,
)
_STOPS = ".,;:!?)"
_ADDRESS = re.compile(r"^(?:https?://|www\.|[\w.+-]+@[\w-]+\.)", re.IGNORECASE)


def find(text: str, attachments: Sequence[Attachment]) -> tuple[str, ...]:
    """Return the kinds of secrets in a message: certificate, password, pin, code, in this order, each at most once."""
    seen = {kind for kind, _, _ in _spans(text[:_TEXT])}
    if any(attachment_risk.risk_of_name(part.name, part.mime) == "certificate" for part in attachments):
        seen.add("certificate")
    return tuple(kind for kind in ("certificate", "password", "pin", "code") if kind in seen)


def blank(text: str) -> str:
    """Return the text with the value of each secret replaced by "[…]"; the words around it stay."""
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
    for search in (_given, _behind, _codes):
        yield from search(text)


def _given(text: str) -> Iterator[tuple[str, int, int]]:
    """Yield values after "is" or a colon."""
    names = list(_NAME.finditer(text))
    ends = [name.end() for name in names]
    for found in _GIVEN.finditer(text) if names else ():
        last = bisect_right(ends, found.start()) - 1
        group = found.lastgroup or ""
        if last >= 0 and found.start() - ends[last] <= _CLAUSE:
            name, between = names[last].lastgroup or "", text[ends[last] : found.start()]
            length = 0 if _CUT.search(between) or _OF_SOMEBODY_ELSE.search(between) else _LOOKS[name](found[group])
            if length:
                yield ("password" if name == "key" else name), found.start(group), found.start(group) + length


def _behind(text: str) -> Iterator[tuple[str, int, int]]:
    for found in _BEHIND.finditer(text):
        name = found.lastgroup or ""
        yield name, *found.span(name)


def _codes(text: str) -> Iterator[tuple[str, int, int]]:
    """Yield numbers in a sentence about a one-time code."""
    if not (_CODE.search(text) and _FOR_ONCE.search(text)):
        return
    for sentence in _SENTENCE.finditer(text):
        words = sentence[0]
        if _DIGITS.search(words) and _CODE.search(words) and _FOR_ONCE.search(words) and not _NOT_CODES.search(words):
            for found in _DIGITS.finditer(words):
                yield "code", sentence.start() + found.start(), sentence.start() + found.end()


# --- how many characters of the match are the secret; 0 = none -----------------------------------


def _password(value: str) -> int:
    return 0 if _NOT_WORDS.fullmatch(value.strip(_STOPS)) or _ADDRESS.match(value) else len(value)


def _key(value: str) -> int:
    """Accept a mixed value only: "la clau" may be a door key or the key point."""
    mixed = any(char.isdigit() for char in value) and any(char.isalpha() for char in value)
    return _password(value) if mixed else 0


def _pin(value: str) -> int:
    found = _PIN_VALUE.match(value)
    return found.end() if found else 0


_LOOKS = {"password": _password, "key": _key, "pin": _pin}
