"""Decodes bodies, header fields and file names to text, whatever the sender declared, after bringing the message into
one form.
"""

import binascii
import codecs
import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import groupby
from operator import itemgetter
from string import ascii_letters, digits
from urllib.parse import unquote_to_bytes

from oacmail.core.model import regex

# --- Charset ---------------------------------------------------------------------------------------------------------
# Decode bodies, header fields and file names to text, whatever the sender declared.
#
# This section decides the charset: the declared one if it exists and fits the bytes, else UTF-8 if valid, else
# Windows-1252 (in practice a superset of ISO-8859-1, https://encoding.spec.whatwg.org/#names-and-labels). It reads
# encoded words (RFC 2047) and parameters (RFC 2231) in correct and in common incorrect forms. It never raises and
# never returns NUL or lone surrogates.

_ALIASES = {
    name: codec
    for codec, names in {
        "cp1252": "iso-8859-1 latin1 latin-1 iso8859-1 ansi x-ansi cp-1252 win-1252 x-cp1252 windows1252",
        "iso8859-8": "iso-8859-8-i",
        "utf-8": "utf8mb4 utf-8mb4 unicode-1-1-utf-8",
        "utf-7": "unicode-1-1-utf-7",
        "utf-16": "unicode",
        "mac-roman": "macintosh mac x-mac-roman",
        "mac-cyrillic": "x-mac-cyrillic",
        "cp949": "ks_c_5601-1987",
        "gb18030": "gb2312 x-gbk",
        "cp932": "x-sjis shift_jis",
        "cp874": "windows-874 tis-620",
    }.items()
    for name in names.split()
}
# Python codecs that are not mail charsets, are slow on hostile input, or always refuse.
_NOT_CHARSETS = frozenset({"unicode_escape", "raw_unicode_escape", "idna", "punycode", "undefined", "mbcs", "oem"})
_SINGLE_BYTE = ("cp125", "iso8859", "mac-", "cp437", "cp85", "koi8", "latin")
_SURROGATES = regex("[\ud800-\udfff]")
_HIGH = regex(rb"[\x80-\xff]")
_BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))


@lru_cache(maxsize=256)
def known(name: str) -> str:
    """Return Python's name of a declared charset; '' for none, an unknown one, or us-ascii (often declared wrongly)."""
    name = name.strip(" \t\r\n\"';").lower().removeprefix("charset=").replace(" ", "")[:60]
    try:
        codec = codecs.lookup(_ALIASES.get(name, name))
        b"a".decode(codec.name, "replace")  # decoding an empty string does not test the codec
    except (LookupError, ValueError):  # ValueError: a NUL inside, or the codec "undefined"
        return ""
    return "" if codec.name in _NOT_CHARSETS or codec.name == "ascii" else codec.name


def decode(data: bytes, declared: str = "") -> str:
    """Decode `data`; `declared` is the charset parameter as it stands in the message, '' for none."""
    if not declared and data.isascii() and b"\0" not in data:
        return data.decode("ascii")
    marked = next((codec for bom, codec in _BOMS if data.startswith(bom)), "")
    text = marked and data.decode(marked, "replace")
    text = text or _declared(data, known(declared)) or _guessed(data)
    return _SURROGATES.sub("\ufffd", text.replace("\0", ""))


def _declared(data: bytes, codec: str) -> str:
    """Decode by the declared charset; '' if there is none or the bytes do not fit it."""
    if not codec:
        return ""
    if codec.startswith("utf-16"):
        return data.decode(_endian(data, codec), "replace")
    # UTF-8 bytes under a name whose bytes are one character each: nobody means "Ã§" for "ç"
    if codec.startswith(_SINGLE_BYTE) and (text := _utf8(data)):
        return text
    try:
        return data.decode(codec)
    except (UnicodeError, ValueError):
        return _mostly(data, codec)


def _endian(data: bytes, codec: str) -> str:
    """Unmarked means big-endian (RFC 2781 section 4.3), but Windows writes little-endian: decide by where the zeros
    are."""
    if codec != "utf-16":
        return codec
    return "utf-16-le" if data[1::2].count(0) > data[::2].count(0) else "utf-16-be"


def _utf8(data: bytes) -> str:
    """Return the text if `data` is UTF-8 with at least one character beyond ASCII, else ''."""
    if data.isascii():
        return ""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return ""


def _mostly(data: bytes, codec: str) -> str:
    """Accept a few damaged characters: return '' only if more than 1 in 20 high bytes is damaged."""
    text = data.decode(codec, "replace")
    damage = text.count("\ufffd")
    return text if damage * 20 <= len(_HIGH.findall(data)) or (codec != "utf-8" and damage * 50 < len(text)) else ""


def _guessed(data: bytes) -> str:
    if data.count(0) * 3 > len(data):  # undeclared UTF-16
        return data.decode(_endian(data, "utf-16"), "replace")
    if data.isascii():
        return data.decode("ascii")
    return _utf8(data) or _mostly(data, "utf-8") or data.decode("cp1252", "replace")


# --- header fields ------------------------------------------------------------------------------------

_WORD = regex(r"=\?([^?*\s]{1,60})(?:\*[^?\s]{0,40})?\?([bBqQ])\?((?:[^?]|\?(?!=)){0,2000})\?=")
_QUOTED = regex(rb"(?:=[0-9A-Fa-f]{2})+")
_NOT_BASE64 = bytes(set(range(256)) - set(f"{ascii_letters}{digits}+/".encode()))
_NO_ESCAPES = regex("[\ud800-\udc7f\udd00-\udfff]")
_LONGEST = 16 * 1024
_CONTROLS = regex(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]+")


def readable(text: str) -> str:
    """Without controls and direction marks, in single spaces."""
    return " ".join(_CONTROLS.sub(" ", text).split())


def field(value: str) -> str:
    """Decode encoded words and raw 8-bit bytes of a header value (`value` may contain surrogate escapes).

    Characters split over adjacent encoded words are joined; RFC 2047 section 5 forbids the split, but it is common.
    Only the first 16 kB are read.
    """
    value = value[:_LONGEST]
    if "=?" not in value:
        return value if value.isascii() else decode(_bytes(value))
    joined = groupby(_chunks(value), key=itemgetter(0))
    return "".join(decode(b"".join(data for _, data in chunks), name or "") for name, chunks in joined)


def _bytes(value: str) -> bytes:
    """Turn surrogate escapes into their bytes and any other lone surrogate into a question mark."""
    return _NO_ESCAPES.sub("?", value).encode("utf-8", "surrogateescape")


def _chunks(value: str) -> Iterator[tuple[str | None, bytes]]:
    """Yield (charset or None for plain, bytes); white space between two encoded words is dropped (RFC 2047, 6.2)."""
    end = 0
    for word in _WORD.finditer(value):
        between = value[end : word.start()]
        if end == 0 or between.strip():
            yield None, _bytes(between)
        data = _bytes(word[3])
        if word[2] in "qQ":
            data = _QUOTED.sub(lambda codes: binascii.unhexlify(codes[0].replace(b"=", b"")), data.replace(b"_", b" "))
        else:
            data = base64(data)
        yield word[1].lower(), data
        end = word.end()
    yield None, _bytes(value[end:])


def base64(data: bytes) -> bytes:
    """Decode base64 as mail clients do: tolerate foreign characters, missing padding and a single last character."""
    ends = b"=" not in data.rstrip(b"=\r\n")
    head = b"" if ends else data.partition(b"=")[0].translate(None, _NOT_BASE64)
    if len(head) % 4 in (2, 3):  # padding ends the data; Python 3.13 would read on
        return binascii.a2b_base64(head + b"=" * (-len(head) % 4))
    try:
        return binascii.a2b_base64(data)
    except binascii.Error:
        data = data.translate(None, _NOT_BASE64)
        data = data[: len(data) - (len(data) % 4 == 1)]
        return binascii.a2b_base64(data + b"=" * (-len(data) % 4))


# --- parameters ---------------------------------------------------------------------------------------

_PARAMETER = regex(r';\s*([^\s=;"*]{1,60})(\*?)(\d{0,3})(\*?)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^;]*))', re.S)


def parameters(value: str) -> dict[str, str]:
    """Return the decoded parameters of Content-Type or Content-Disposition (RFC 2231, RFC 2047 inside quotes).

    Names are in lower case. The extended form wins over the plain one; of repeated names the first counts.
    """
    plain: dict[str, str] = {}
    parts: dict[str, dict[int, tuple[bool, str]]] = {}
    for found in _PARAMETER.finditer(value):
        name = found[1].lower()
        text = re.sub(r"\\([\"\\])", r"\1", found[5]) if found[5] is not None else found[6].strip()
        if found[2]:
            encoded = bool(found[4]) or not found[3]
            parts.setdefault(name, {}).setdefault(int(found[3] or 0), (encoded, text))
        else:
            plain.setdefault(name, text)
    simple = {name: field(text) for name, text in plain.items()}
    return simple | {name: _extended(pieces) for name, pieces in parts.items()}


def _extended(pieces: dict[int, tuple[bool, str]]) -> str:
    """Join the numbered pieces of one RFC 2231 value; the first may start with charset'language'."""
    charset, data = "", b""
    for number, (encoded, text) in sorted(pieces.items()):
        if encoded and number == min(pieces) and text.count("'") >= 2:
            charset, _, text = text.split("'", 2)
        data += unquote_to_bytes(_bytes(text)) if encoded else _bytes(text)
    return field(decode(data, charset))


# --- Normalize -------------------------------------------------------------------------------------------------------
# Bring a received message into one form: LF line ends, one head, one body, header fields in order.
#
# This section decides where the head ends and repairs what transports and faulty senders break (mbox line, byte order
# mark, CR CR LF, a space before the colon, a stray line between fields). It never decodes or trusts a value. Source:
# RFC 5322 sections 2.2, 3.6 and 4.5.

_FIELDS = regex(r"\n(?![ \t])")
_MBOX = regex(rb"\A>?From [^\n]*\n")
_FIELD = regex(rb"([!-9;-~]+)[ \t]*:")
_STRAY = regex(rb"\n(?![!-9;-~]+:|[ \t])([^\n]+)")  # begins with a sign, so that the engine jumps from line to line
_LOOSE_COLON = regex(rb"^([!-9;-~]+)[ \t]+:", re.M)
_LONGEST_LINE = 998  # octets of a line without its end (RFC 5322 section 2.1.1)
_KNOWN = regex(rb"^(?:from|to|date|subject|message-id|mime-version|content-[a-z-]+|received)[ \t]*:", re.M | re.I)


def tidy(raw: bytes) -> tuple[bytes, bytes]:
    """Return (head, body) as `split` does, with LF line ends, a head that a parser can read, and nothing before the
    first field."""
    raw = raw.removeprefix(b"\xef\xbb\xbf")
    lines = raw.replace(b"\r", b"")  # of a large file a third of the time that the pair takes
    if len(raw) - len(lines) != raw.count(b"\r\n"):  # a CR without LF
        lines = raw.replace(b"\r\r\n", b"\n").replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    raw = _MBOX.sub(b"", lines, count=1) if lines[:6].lstrip(b">").startswith(b"From ") else lines
    if raw[:1] == b"\n" and _FIELD.match(raw.lstrip(b"\n")):
        raw = raw.lstrip(b"\n")
    head, body = split(raw)
    if b"\0" in head:
        head, body = split(head.replace(b"\0", b"") + b"\n" + body)
    if _STRAY.search(b"\n" + head):  # a space before a colon is obsolete syntax; a stray line continues the field above
        head = _STRAY.sub(rb"\n \1", b"\n" + _LOOSE_COLON.sub(rb"\1:", head))[1:]
    return head, body


def crlf(data: bytes) -> bytes:
    """Write every line end as CRLF; a lone CR is not a line end."""
    return data.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


def travels(data: bytes) -> bool:
    """True if `data` can be sent unencoded, as 7bit or 8bit (RFC 2045 sections 2.7 and 2.8)."""
    lines = data.replace(b"\r\n", b"\n")
    if b"\0" in lines or b"\r" in lines:
        return False
    at = 0
    while len(lines) - at > _LONGEST_LINE:  # jump to the last line end within reach: a pattern would read on and on
        end = lines.rfind(b"\n", at, at + _LONGEST_LINE + 1)
        if end < 0:
            return False
        at = end + 1
    return True


def split(tidied: bytes) -> tuple[bytes, bytes]:
    """Return (head with its last line end, body); the head is empty if the message does not begin with a field.

    Without a blank line, the head ends with the last line that is a field.
    """
    if not _FIELD.match(tidied):
        return b"", tidied
    head, _, body = tidied.partition(b"\n\n")
    if prose := _prose(head):
        return head[:prose], tidied[prose:]
    return (head if head.endswith(b"\n") else head + b"\n"), body


def _prose(head: bytes) -> int:
    """Return where text begins that no known field follows, because the blank line is missing; 0 if nowhere."""
    known = 0
    for line in _STRAY.finditer(head):
        if not _FIELD.match(line[1]):
            known = known or max((field.start() for field in _KNOWN.finditer(head)), default=0)
            if line.start(1) > known:
                return line.start(1)
    return 0


def pairs(head: bytes) -> list[tuple[str, str]]:
    """Return (name, value) of each field: values still folded, 8-bit bytes as surrogate escapes (PEP 383)."""
    fields = (field.partition(":") for field in _FIELDS.split(head.decode("ascii", "surrogateescape")))
    return [
        (name, value) for name, colon, value in fields if colon and name[:1] not in (" ", "\t") and "\n" not in name
    ]
