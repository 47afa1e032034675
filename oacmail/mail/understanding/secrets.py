"""Passwords, codes and certificates in a text, and dangerous files (R34). It never repeats what it finds."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence

from oacmail.core.model import Attachment, regex
from oacmail.mail.mime import parts

# --- Attachment risk -------------------------------------------------------------------------------------------------
# Classify an attached file by the risk of passing it on: a secret, a program, an archive, a page, a macro.
#
# The most severe of name, declared type and first bytes decides; the sender chooses the first two and cannot disguise
# the third. This section never opens, unpacks or runs anything.

# risk -> file endings; the names of secret-bearing files are those of PKCS #12, PEM, JKS and SSH keys
_ENDINGS = {
    "certificate": "p12 pfx pem key jks keystore bcfks pkcs12 p8 pk8 pvk ppk kdb kdbx",
    "executable": """
        exe com scr bat cmd js jse vbs vbe wsf wsh ps1 psm1 msi msp dll jar hta lnk pif cpl reg apk ipa dmg pkg app
        appimage sh bash py pyw pl rb chm sys drv inf scf url desktop msc gadget application one xll iqy slk
        settingcontent-ms appx msix deb rpm run bin elf rdp jnlp library-ms search-ms ws wsc sct vb diagcab xbap hlp
        theme themepack""",
    "archive": """
        zip rar 7z tar gz tgz bz2 tbz xz txz zst cab ace arj lzh lha z iso img vhd vhdx udf dat eml msg mbox p7m
        p7z wim uue b64 zipx lzma xpi crx war""",
    "page": "htm html xhtml xht shtml mht mhtml svg svgz",
    "macro": "docm dotm dot xlsm xltm xlam xlsb xla xlm pptm potm ppam ppsm sldm wll ade adp accde",
}
_BY_ENDING = {ending: risk for risk, endings in _ENDINGS.items() for ending in endings.split()}
_MIMES = {
    risk: regex(pattern)
    for risk, pattern in {
        "certificate": r"pkcs-?12|x-pem|pkcs-?8|java-keystore|x-x509-(?:key|private)|pem-file",
        "executable": r"msdownload|x-msdos|x-dosexec|javascript|x-sh\b|x-executable|java-archive|vbscript|x-msi",
        "archive": r"/(?:x-)?(?:zip|rar|7z|tar|gzip|bzip|xz|iso9660|ms-tnef|vnd\.ms-tnef|compress|uuencode)|pkcs7-mime",
        "page": r"text/html|x-amp-html|xhtml|svg",
        "macro": r"macroenabled",
    }.items()
}
_PEM_KEY = regex(rb"-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----")
_PKCS12 = regex(rb"\x30[\x80-\x84].{0,4}?\x02\x01\x03\x30", re.DOTALL)  # RFC 7292 section 4: version 3
_MAGIC = {
    "executable": (b"MZ", b"\x7fELF", b"#!", b"\xca\xfe\xba\xbe"),
    "certificate": (b"\xfe\xed\xfe\xed",),  # a Java key store
    "archive": (b"Rar!", b"7z\xbc\xaf\x27\x1c", b"\x1f\x8b", b"BZh", b"\xfd7zXZ\x00", b"MSCF", parts.TNEF_SIGNATURE),
}
_OFFICE = regex(rb"\[Content_Types\]\.xml|mimetypeapplication/vnd\.oasis")
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_VBA = regex(rb"vbaProject\.bin|_\x00V\x00B\x00A\x00_\x00P\x00R\x00O\x00J|Basic/script-lb\.xml", re.IGNORECASE)
_PAGE = regex(rb"\s*(?:<!doctype html|<html|<script|<svg)", re.IGNORECASE)
_PAPERS = regex(  # copies of identity and health documents are passed on by reference only (R34)
    r"(?:^|[^a-z])(?:dni|nie|nif|passaport|pasaporte|passport|targeta.?sanitaria|tarjeta.?sanitaria|catsalut"
    r"|informe.?m[eèé]dic|certificat.?m[eèé]dic|discapacita|dependencia|historia.?cl[ií]nica)(?:[^a-z]|$)",
    re.IGNORECASE,
)
_UNSEEN_NAME = regex(r"[\x00-\x1f\x7f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")


def risk_of_name(name: str, mime: str) -> str:
    """Return the risk that a file's name or declared type shows, '' for none."""
    clean = _UNSEEN_NAME.sub("", name).strip().rstrip(". ").lower()
    risk = _BY_ENDING.get(clean.rpartition(".")[2]) if "." in clean else None
    return risk or next((risk for risk, pattern in _MIMES.items() if pattern.search(mime.lower())), "")


def risk_of_bytes(data: bytes) -> str:
    """Return the risk that a file's first bytes show, '' for none."""
    if _PEM_KEY.search(data[: 1 << 16]) or _PKCS12.match(data[:16]):
        return "certificate"
    if data.startswith(b"PK"):
        office = _OFFICE.search(data[: 1 << 13]) or b"[Content_Types].xml" in data[-(1 << 16) :]
        return "macro" if office and _VBA.search(data) else "" if office else "archive"
    if data.startswith(_OLE):
        return "macro" if _VBA.search(data) else ""
    if _PAGE.match(data[:512]):
        return "page"
    return next((risk for risk, magic in _MAGIC.items() if data.startswith(magic)), "")


def is_paper(name: str) -> bool:
    """True if the name is that of a copy of an identity document or of a health document."""
    return bool(_PAPERS.search(name))


# --- Secrets ---------------------------------------------------------------------------------------------------------
# Find secrets that citizens send by mistake: certificates with their key, passwords, PINs, one-time codes (R34).
#
# This section decides which kinds a message contains, and blanks their values where its text is shown to others. It
# looks for a value, not for the mere word: "he oblidat la contrasenya" does not count. Between a name of a secret and
# the next name, a value follows "is", a colon or an arrow, or follows the name directly, and must look like one (it
# contains a digit or a symbol, or is alone on its line after a colon). When uncertain, it counts: a number blanked by
# mistake is still in the mailbox. Characters that nobody sees (soft hyphens, zero width) hide nothing. The values are
# never stored or returned. Every gap is bounded, so that the work is linear.

_BLANK = "[…]"
_TEXT = 1 << 20  # the parser's limit
_UNSEEN = regex("[\xad\u034f\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")

_PEM = regex(r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----.*?(?:-----END [A-Z0-9 ]*PRIVATE KEY-----|\Z)", re.DOTALL)
_NAME = regex(
    r"\b(?=[cmnop])(?:(?P<password>contr?ass?e(?:ny|ñ|n\u0303|ni|nh|n)a|passwor[dt]s?|passwd|pass(?:code|phrase|w)?|pswd?|pwd?"
    r"|mot de passe|paraula de pas)"
    r"|(?<!en )(?P<short>contra)|(?P<key>clau|clave)(?! (?:p[úu]blica|catastral|cadastral))"
    r"|(?P<pin>pin|p\.i\.n\.?|puk|n[úu]mero secret[oe]?)|(?P<code>codi|c[óo]digo|code|otp))(?!\w)",
    re.IGNORECASE,
)
_REACH = 160  # characters from a name to the end of its value
_OPEN, _CLOSE = r"[\"'«“‘]", r"[\"'»”’]"
_COLON = r"\s{0,40}[:=\uff1a]\s{0,40}"
_POINTS = r"\s{0,40}(?:[:=\uff1a]|[-=]{1,2}>|[\u2192\u21d2\u2794\u279c\u27a1\u25ba]\ufe0f?)\s{0,40}"
_IS = rf"(?:{_POINTS}|\s{{1,40}}(?:és|es|era|is|was|est|son|són)\s{{0,40}}:?\s{{1,40}})(?:(?:el|la|the)\s{{1,4}})?"
_CLAUSE = r"(?P<clause>(?:(?!\.\s)[^\n;:=?!>\u2192]){0,80}?)(?<!\s)"  # between the name and its value
_SIGNED = r"(?=[^\s,;]{0,64}(?:\d|[^\w\s.,;:'’\"()»”>\u2192-]))"  # contains a digit or a symbol
_MIXED = r"(?=\S{0,64}\d)(?=\S{0,64}[^\W\d])[^\s,;:()\"«»“”|]{6,64}"
_BESIDE = r"(?:\s{1,4}|\s{0,4}[-–—(\[,|]\s{0,4})"  # "contrasenya (Gat2024)", "contrasenya - Gat2024"
_AGE = r"(?:\s(?:nova|nuev[oa]|new|antiga|antigua|old|anterior|actual|provisional|temporal|meva)\b)?"
# What a PIN or a code may be of: a number behind other words is something else's.
_OF = r"""(?:[\s('’]{0,4}(?:
    de|del|dels|d|la|el|l|els|al|a|per|para|por|of|the|my|for|meu|meva|mi|nostre|seu|su|tu|que|em|me|m|ha|han|he
    |arribat|arriba|llegado|llega|enviat|enviado|rebut|recibido|donat|dado|posat|puesto|sms|m[òo]bil|m[óo]vil
    |tel[èée]fono?|certificat|certificado|certificate|digital|targeta|tarjeta|card|dnie?|electr[òo]nic|electr[óo]nico
    |idcat|cl@ve|t-?cat|sim|signatura|firma|lector|token|compte|cuenta|acc[ée]s|acceso|access|secret[oe]?|personal
    |n[úu]mero|n[úu]m|nº|actual|nou|nova|nuev[oa]|new|antiga|antigua|anterior|provisional|temporal|un|sol|solo|[úu]s|uso
    )(?:\b|(?<=º))\.?){0,9}""".replace("\n    ", "")
_PIN = r"(?:\d{2,4}[ -]?\d{2,4}|\d(?: \d){3,7}|(?=\w{0,8}\d)[A-Z\d]{3,8})(?![\w/-])"
_GIVEN = (
    rf"(?:{_CLAUSE}(?:{_IS}(?:{_OPEN}(?P<quoted>[^\"'»”’\n]{{4,64}}){_CLOSE}"
    rf"|(?P<strong>(?!{_OPEN})(?:[^\s,;/]{{2,40}}\s?/\s?)?{_SIGNED}[^\s,;\"'»”]{{3,64}}(?:\s?[/|]\s?[^\s,;]{{3,64}})?))"
    rf"|{_COLON}(?P<alone>[^\s,;]{{4,64}}|(?=[^\n]{{0,60}}\d)\S{{3,30}} \S{{1,30}})(?=[ \t]{{0,40}}(?:\n|\Z)))"
    rf"|{_AGE}{_BESIDE}(?P<mixed>{_MIXED})|\s{{0,4}}{_OPEN}(?P<named>[^\s\"'»”’]{{4,64}}){_CLOSE})"
)
# kind of name -> what follows it
_VALUES: Mapping[str, re.Pattern[str]] = {
    "password": regex(_GIVEN, re.IGNORECASE),
    "short": regex(rf"{_CLAUSE}{_IS}(?P<strong>{_MIXED}|[^\s,;]{{4,64}})", re.IGNORECASE),
    "key": regex(_GIVEN.replace(_BESIDE, r"\s{1,4}"), re.IGNORECASE),
    "pin": regex(
        rf"(?:{_CLAUSE}{_IS}(?P<strong>{_PIN})"
        rf"|(?P<of>{_OF})(?:[\s-]{{1,4}}|\s?[(\[])"
        r"(?P<mixed>\d{4,8}|\d(?: \d){3,7}|(?=\w{0,8}\d)[A-Z\d]{3,8})\b(?![/.-]\d))",
        re.IGNORECASE,
    ),
    "code": regex(
        rf"(?P<clause>{_OF}){_IS}(?P<strong>(?:\d{{4,8}}|\d{{3}}[ -]\d{{3}})(?![\w/.-]?\d)|{_MIXED})", re.IGNORECASE
    ),
}
# "Gat2024 és la meva contrasenya", "poso Gat2024 com a contrasenya"
_BEFORE = regex(
    rf"(?<!\S)(?P<mixed>{_MIXED})\s(?:és|es|era|is|was|com a|de|como|as)\s(?:(?:la|el|my|a|meva|mi|nostra)\s){{0,2}}\Z",
    re.IGNORECASE,
)
# "usuari marta / Gat2024", "12345678Z i Gat2024": no name of a secret, but whose it is stands before it
_WITH_USER = regex(
    r"\b(?:(?:usuari[oa]?|user|login)\b\s?:?\s[^\s,;/]{2,40}\s?/|(?:\d{8}|[xyz]\d{7})[a-z]\s?(?:i|y|and|/))\s?"
    rf"(?P<mixed>(?!(?:\d{{8}}|[a-z]\d{{7}})\w\b)(?=\S{{0,64}}(?-i:[a-z])){_MIXED})",
    re.IGNORECASE,
)
_READS_AS = str.maketrans("01345", "oieas")  # "c0ntrasenya", "pa55word"
_BEHIND_US = 100  # characters before a name
_OF_SOMEBODY_ELSE = regex(
    r"\b(?:i|y|and|pero|però)\b.*\b(?:usuari[oa]?|user|nif|dni|nie|corr?e[uo]|e-?mail|tel)", re.IGNORECASE
)
_USER = regex(r"\b(?:usuari[oa]?|user|login)\b", re.IGNORECASE)
_OPENS = regex(r"\b(?:acc[ée]s|acceso|access|secret)", re.IGNORECASE)
_YEAR = regex(r"(?:19|20)\d\d")

_SENTENCE = regex(r"(?:[^\n.;?!]|\n(?=\S)){1,240}")
_DIGITS = regex(r"(?<![\w/@-])(?:G-)?\d{5,8}\b(?![/.-]\d)")
_FIVE = regex(r"\d{5}")
_OF_NAMES = ("contr", "conta", "pass", "pw", "psw", "mot de", "parau", "clau", "clav", "pin", "p.i.n", "puk", "secret")
_OF_CODES = ("cod", "cód", "clau", "clav", "otp", "sms")
"""Letters without which no name of a secret stands in a text in lower case, and none of a code."""
_CODE = regex(
    r"\b(?:codi|c[óo]digo|code|clau|clave|otp)\b|\b(?:arriba|enviat|rebut|llega|envia|recib|received|got)\w*\b.{0,80}?\bsms\b",
    re.IGNORECASE,
)
_FOR_ONCE = regex(
    r"\b(?:verificaci[óo]n?|un sol [úu]s|un solo uso|one[- ]time|sms|otp|idcat m[òo]bil|cl@ve|acc[ée]s|acceso"
    r"|activaci[óo]n?|seguretat|seguridad|m[òo]bil|m[óo]vil|confirmaci[óo]n?|verification|security)\b",
    re.IGNORECASE,
)
_NOT_CODES = regex(
    r"\b(?:postal|error|qr|csv|dir3|iban|barres|barras|expedi\w+|registre|registro|factura"
    r"|(?<!he )(?<!hem )(?<!ha )rebut|recibo|ref\w*)\b",
    re.IGNORECASE,
)
_NOT_WORDS = regex(  # words after "contrasenya:" that are not passwords
    r"(?:oblidada|olvidada|incorrect[ae]?|correct[ae]?|err[òo]nia|err[óo]nea|caducada|desconeguda|desconocida"
    r"|inv[àa]lida|invalid|forgotten|wrong|expired|pendent|pendiente|confidencial|obligat[oòó]ri[ao]?)",
    re.IGNORECASE,
)
_STOPS = ".,;:!?)"
_ADDRESS = regex(r"^(?:https?://|www\.|[\w.+-]+@[\w-]+\.)", re.IGNORECASE)


def find(text: str, attachments: Sequence[Attachment]) -> tuple[str, ...]:
    """Return the kinds of secrets in a message: certificate, password, pin, code, in this order, each at most once."""
    seen = {kind for kind, _, _ in _spans(_UNSEEN.sub("", text[:_TEXT]))}
    if any(risk_of_name(part.name, part.mime) == "certificate" for part in attachments):
        seen.add("certificate")
    return tuple(kind for kind in ("certificate", "password", "pin", "code") if kind in seen)


def blank(text: str) -> str:
    """Return the text with the value of each secret replaced by "[…]"; the words around it stay."""
    seen = [place for place, char in enumerate(text) if not _UNSEEN.match(char)] if _UNSEEN.search(text) else None
    shown = text if seen is None else "".join(text[place] for place in seen)
    pieces, at = [], 0
    for _, start, end in sorted(_spans(shown), key=lambda span: span[1:]):
        first, last = (start, end) if seen is None else (seen[start], seen[end - 1] + 1)
        if first >= at:
            pieces += [text[at:first], _BLANK]
            at = last
    return "".join((*pieces, text[at:]))


def _spans(text: str) -> Iterator[tuple[str, int, int]]:
    """(kind, start, end) of each value."""
    for found in _PEM.finditer(text):
        yield "certificate", *found.span()
    small = text.casefold().replace("\u0307", "").replace("ı", "i")  # as re.IGNORECASE reads them
    small = small.replace("passa", " ")  # "passar", "passat": no name
    if any(map(small.translate(_READS_AS).__contains__, (*_OF_NAMES, *_OF_CODES))):
        names = list(_NAME.finditer(text.translate(_READS_AS)))
        ends = [*(name.start() for name in names[1:]), len(text)]
        for name, end in zip(names, ends, strict=False):
            yield from _named(text, name, min(end, name.end() + _REACH))
    if any(map(small.__contains__, _OF_CODES)):
        yield from _codes(text)
    for found in _WITH_USER.finditer(text):
        yield "password", *found.span("mixed")


def _named(text: str, name: re.Match[str], end: int) -> Iterator[tuple[str, int, int]]:
    """The value that belongs to this name: behind it and before `end`, or before it."""
    kind = name.lastgroup or ""
    found = _VALUES[kind].match(text, name.end(), end)
    if found is not None:
        group = found.lastgroup or ""
        length = _LOOKS[kind](found, text[max(0, name.start() - _BEHIND_US) : name.start()])
        if length:
            yield _KINDS.get(kind, kind), found.start(group), found.start(group) + length
    if kind == "password":
        before = _BEFORE.search(text, max(0, name.start() - _BEHIND_US), name.start())
        if before is not None:
            yield kind, *before.span("mixed")


def _codes(text: str) -> Iterator[tuple[str, int, int]]:
    """Yield numbers in a sentence about a one-time code."""
    if not (_FIVE.search(text) and _CODE.search(text) and _FOR_ONCE.search(text)):
        return
    for sentence in _SENTENCE.finditer(text):
        words = sentence[0]
        if _DIGITS.search(words) and _CODE.search(words) and _FOR_ONCE.search(words) and not _NOT_CODES.search(words):
            for found in _DIGITS.finditer(words):
                yield "code", sentence.start() + found.start(), sentence.start() + found.end()


# --- how many characters of the match are the secret; 0 = none; `before`: what stands before the name ------------


def _value(found: re.Match[str]) -> str:
    return found[found.lastgroup or ""]


def _password(found: re.Match[str], _before: str) -> int:
    value, rest = _value(found), found.string[found.end() : found.end() + 40]
    if _OF_SOMEBODY_ELSE.search(found["clause"] or "") or _NOT_WORDS.fullmatch(value.strip(_STOPS)):
        return 0
    is_whole = found.lastgroup != "alone" or not rest.split("\n")[0].strip()
    return len(value) if is_whole and not _ADDRESS.match(value) else 0


def _short(found: re.Match[str], before: str) -> int:
    """Accept what follows "contra" if it is mixed, or if a user is named before: it is a preposition too."""
    return _password(found, before) if _is_mixed(_value(found)) or _USER.search(before) else 0


def _key(found: re.Match[str], before: str) -> int:
    """Accept a mixed value only: "la clau" may be a door key or the key point."""
    return _password(found, before) if _is_mixed(_value(found)) else 0


def _is_mixed(value: str) -> bool:
    return any(char.isdigit() for char in value) and any(char.isalpha() for char in value)


def _pin(found: re.Match[str], _before: str) -> int:
    """Not a year behind other words: "el PIN del certificat del 2019"."""
    is_year = bool(found["of"]) and _YEAR.fullmatch(_value(found)) is not None
    return 0 if is_year or _OF_SOMEBODY_ELSE.search(found["clause"] or "") else len(_value(found))


def _code(found: re.Match[str], before: str) -> int:
    """Not the code of an error or of a document, which is named near; a mixed one only if it opens something."""
    value, near = _value(found), before + found[0]
    return 0 if _NOT_CODES.search(near) or (_is_mixed(value) and not _OPENS.search(found["clause"])) else len(value)


_LOOKS: Mapping[str, Callable[[re.Match[str], str], int]] = {
    "password": _password,
    "short": _short,
    "key": _key,
    "pin": _pin,
    "code": _code,
}
_KINDS = {"short": "password", "key": "password"}
