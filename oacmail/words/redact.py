"""What staff see of an original message: redacted as R34 wants, with a note for each removed part; and its first
words.
"""

import base64
import hashlib
import re
from collections.abc import Iterator
from email.generator import BytesGenerator
from email.message import Message as Root
from email.parser import BytesParser
from email.policy import Compat32
from io import BytesIO

from oacmail.core.model import LANGUAGES, regex
from oacmail.mail.mime import charset, parts
from oacmail.mail.mime.text import html_to_text
from oacmail.mail.understanding import secrets
from oacmail.mail.understanding.secrets import blank
from oacmail.words.compose import dead_links, one_line
from oacmail.words.labels import phrase

# --- First words -----------------------------------------------------------------------------------------------------
# What tells an agent whether a person waits, and nothing more. An address, a number, a code, a link and any mark-up are
# masked: only words and what stands at their edges are shown. The line goes to staff alone, and never into a log.

MOST = 60  # characters
_MASK = "[…]"
_PLAIN_WORD = r"[^\W\d_]+(?:[-'’·][^\W\d_]+)*"
_SMILE = "[\u2600-\u27bf\U0001f300-\U0001faff\ufe0f]+"
_WORD = regex(rf"[¿¡(\"'«“‘]*{_PLAIN_WORD}[.,;:!?…)\"'»”’]*|[.,;:!?…–—-]+|{_SMILE}")


def first_words(text: str) -> str:
    """Return at most `MOST` characters of the text on one line, cut between two words; masked words in a row once."""
    shown: list[str] = []
    for word in one_line(blank(text)).split():
        safe = word if _WORD.fullmatch(word) else _MASK
        if safe != _MASK or shown[-1:] != [_MASK]:
            shown.append(safe)
        if len(" ".join(shown)) > MOST:
            return " ".join((*shown[:-1], "…"))
    return " ".join(shown)


# --- Removal notes ---------------------------------------------------------------------------------------------------


def note(lang: str, key: str, name: str, mime: str, data: bytes) -> str:
    """Return the note with CRLF line ends. A secret or unusual characters in `name` are not repeated."""
    shown = re.sub(r"[^\w .,()@+-]", "_", secrets.blank(name))[:120] or phrase("removal", "nameless", lang)
    checksum = hashlib.sha256(data).hexdigest()
    given = {"reason": phrase("removed", key, lang), "name": shown, "mime": mime[:80]}
    return phrase("removal", "note", lang, size=len(data), checksum=checksum, **given)


# --- Redact ----------------------------------------------------------------------------------------------------------
# Everything stays except what must not travel (R34), part by part. A note with name, type, size and sha256 replaces
# certificates and keys, programs, archives and other containers, attached HTML and scripts, macro documents, and
# copies of identity and health documents. HTML that is the message's own text becomes plain text without links.
# Passwords, PINs, codes and keys in the remaining text are blanked. Enclosed messages are treated the same way.
# Header fields stay, and only a secret in a field is blanked; X-Oacmail fields stay because they are signed, count
# only at the top of a mail or of a returned mail, and tell staff which mail of ours came back. Signatures over the
# body become invalid; this is intended. A message that cannot be read, or not be written as safe MIME, is replaced as
# a whole.

_FOLDED = regex(r"[!-~]+(?:(?:\r?\n)?[ \t]+[!-~]+)*")


class _Policy(Compat32):
    """Fields are folded only above 900 octets (RFC 5322 section 2.1.1: 998) and stay as they came otherwise."""

    def fold_binary(self, name: str, value: str) -> bytes:
        if len(name) + len(value) < 898 and _FOLDED.fullmatch(value):
            return f"{name}: {value}\r\n".encode("ascii")
        return super().fold_binary(name, value)


_POLICY = _Policy(linesep="\r\n", max_line_length=900)
_FIELDS = 2_000
_HEADER = 128 * 1024
_ENCODED = frozenset({"base64", "quoted-printable"})
_PLAIN = frozenset({"7bit", "8bit", ""})
_WRAPPED_MESSAGES = frozenset({"message/partial", "message/external-body"})
# These fields are never blanked: no person writes them, and a signature or an id must not count as a secret.
_MACHINES = frozenset({
    "received", "return-path", "delivered-to", "message-id", "in-reply-to", "references", "date", "from", "to", "cc",
    "sender", "reply-to", "dkim-signature", "authentication-results", "arc-seal", "arc-message-signature",
    "arc-authentication-results", "x-oacmail",
})  # fmt: skip
_UUENCODED = regex(  # the end may be missing, so each line is read only once
    r"^begin(?: [0-7]{3,4} (\S[^\r\n]*)\r?\n(?:[ -`]{1,80}\r?\n)*"
    r"|-base64 [0-7]{3,4} (\S[^\r\n]*)\r?\n(?:[A-Za-z0-9+/]{4,80}=*\r?\n)*)(?:end|====)?",
    re.MULTILINE,
)


_FILE_CHECK_SIZE = 10_000  # bytes; a smaller message is parsed as it is
# After a part's header (RFC 2045 section 6.8), without its last line end: a delimiter line may follow.
_BASE64 = regex(rb"(\n\r?\n)((?:[A-Za-z0-9+/]{76}\r?\n){20,}[A-Za-z0-9+/]{76})")
_TAKEN_OUT = regex(r"\0(\d+)\0")


def redact(raw: bytes, lang: str = LANGUAGES[0]) -> bytes:
    """Return the message without secrets and dangerous parts: CRLF, 7-bit or 8-bit MIME; notes in `lang`. One that
    cannot be read, or not be written so, is replaced as a whole. Never raises."""
    try:
        cleaned = _clean(raw, lang)
    except Exception:  # a parser or generator failed on forged structure: pass nothing on unread
        cleaned = None
    return cleaned if cleaned is not None and charset.travels(cleaned) else _whole(raw, lang)


def _clean(raw: bytes, lang: str) -> bytes | None:
    if raw.count(b"\n--") > 4 * parts.PARTS_LIMIT:
        return None
    root = _parsed(raw)
    for count, (part, depth) in enumerate(_walk(root, 0)):
        if count >= parts.PARTS_LIMIT or depth > parts.DEPTH_LIMIT or _is_monster(part):
            return None
        _treat(part, lang)
    return _written(root)


def _parsed(raw: bytes) -> Root:
    """The tree. The parser reads line by line, so base64 files are removed before and restored after."""
    files: list[bytes] = []

    def taken_out(found: re.Match[bytes]) -> bytes:
        files.append(found[2])
        return found[1] + b"\0%d\0" % (len(files) - 1)

    if len(raw) > _FILE_CHECK_SIZE and b"\0" not in raw:
        raw = _BASE64.sub(taken_out, raw)
    root = BytesParser(policy=_POLICY).parsebytes(raw)
    for part in root.walk() if files else ():
        payload = part.__dict__["_payload"]
        if isinstance(payload, str) and "\0" in payload:
            part.set_payload(_TAKEN_OUT.sub(lambda found: files[int(found[1])].decode("ascii"), payload))
    return root


def _is_monster(part: Root) -> bool:
    """True if the header is expensive: parameters are split in quadratic time, and long fields fold slowly."""
    fields = [(name.lower(), len(str(value))) for name, value in part.raw_items()]
    structure = max((length for name, length in fields if name.startswith("content-")), default=0)
    return len(fields) > _FIELDS or sum(length for _, length in fields) > _HEADER or structure > parts.STRUCTURE_LIMIT


def _walk(part: Root, depth: int) -> Iterator[tuple[Root, int]]:
    """Yield parents first: a replaced part has no children any more."""
    yield part, depth
    for child in parts.children(part):
        yield from _walk(child, depth + 1)


class _Generator(BytesGenerator):
    """Writes a text at once: line by line takes five times as long."""

    def _write_lines(self, lines: str) -> None:
        self.write(lines.replace("\r\n", "\n").replace("\r", "\n"))


def _written(part: Root) -> bytes:
    out = BytesIO()
    _Generator(out, mangle_from_=False, policy=_POLICY).flatten(part)
    return charset.crlf(out.getvalue())  # texts have LF, and fields with 8-bit bytes keep their folds


# --- one part -----------------------------------------------------------------------------------------


def _treat(part: Root, lang: str) -> None:
    name, mime = _name(part), part.get_content_type()
    _blank_fields(part)
    if isinstance(part.get_payload(), list):
        _treat_container(part, name, mime, lang)
        return
    decoded = part.get_payload(decode=True)
    data = decoded if isinstance(decoded, bytes) else b""
    if reason := _reason(part, name, mime, data):
        _as_plain(part, note(lang, reason, name, mime, data))
    elif mime.startswith("text/"):
        _treat_text(part, data, lang)
    elif _encoding(part) not in _ENCODED:
        _set(part, data)


def _treat_container(part: Root, name: str, mime: str, lang: str) -> None:
    """Remove the text around the parts, which no client shows, and replace encoded messages, which cannot be
    cleaned."""
    part.preamble = part.epilogue = None
    if mime.startswith("message/") and (_encoding(part) in _ENCODED or mime in _WRAPPED_MESSAGES):
        _as_plain(part, note(lang, "archive", name, mime, b"".join(map(_written, parts.children(part)))))
    elif mime.startswith("multipart/"):
        del part["Content-Transfer-Encoding"]


def _reason(part: Root, name: str, mime: str, data: bytes) -> str:
    """Return why this leaf may not travel, '' if it may."""
    if mime.startswith("multipart/"):
        return "unreadable"  # declared as multipart, but no parts were found
    attached = bool(name) or part.get_content_disposition() == "attachment"
    if mime in ("text/plain", "text/html") and not attached and b"\x00" not in data:
        return ""
    named = "secret" if secrets.find(name, ()) else "paper" if secrets.is_paper(name) else ""
    return secrets.risk_of_name(name, mime) or secrets.risk_of_bytes(data) or named


def _treat_text(part: Root, data: bytes, lang: str) -> None:
    text = charset.decode(data, part.get_content_charset() or "")
    if part.get_content_type() == "text/html":  # removes scripts, loads and tracking, and exposes secrets between tags
        _as_plain(part, secrets.blank(dead_links(html_to_text(text))))
        return
    archive = phrase("removed", "archive", lang)
    kept = secrets.blank(_UUENCODED.sub(lambda found: f"[{archive}: {(found[1] or found[2])[:80]}]", text))
    if kept != text or not charset.travels(data) or _encoding(part) not in _ENCODED | _PLAIN:
        part.set_param("charset", "utf-8")
        _set(part, kept.encode("utf-8", "replace"))


def _blank_fields(part: Root) -> None:
    """Blank fields that repeat the subject (Outlook's Thread-Topic) or contain free text (Keywords, Comments)."""
    fields = [(name, charset.field(str(value))) for name, value in part.raw_items() if name.lower() not in _MACHINES]
    given_away = {name.lower() for name, text in fields if secrets.find(text, ())}
    for name in given_away:
        del part[name]
    for name, text in fields:
        if name.lower() in given_away:
            part[name] = _encoded_word(secrets.blank(text))


def _encoded_word(text: str) -> str:
    return f"=?utf-8?b?{base64.b64encode(text[:200].encode()).decode()}?="


# --- reading and writing a leaf -----------------------------------------------------------------------


def _encoding(part: Root) -> str:
    return str(part.get("content-transfer-encoding", "")).strip().lower()


def _name(part: Root) -> str:
    """Return the most dangerous of the part's names: clients disagree on which one counts."""
    fields = ("content-disposition", "content-type")
    # With 8-bit bytes as surrogate escapes; `get` would replace them.
    values = [str(value) for field in fields for name, value in part.raw_items() if name.lower() == field]
    found = [charset.parameters(text) for value in values for text in (value, charset.field(value))]
    names = [names[key] for names in found for key in ("filename", "name") if names.get(key)]
    return max(names, key=lambda name: bool(secrets.risk_of_name(name, "")), default="")


def _set(part: Root, data: bytes) -> None:
    del part["Content-Transfer-Encoding"]
    part["Content-Transfer-Encoding"] = "base64"
    part.set_payload(base64.encodebytes(data).decode("ascii"))


def _as_plain(part: Root, text: str) -> None:
    for field in {key.lower() for key in part if key.lower().startswith("content-")}:
        del part[field]
    part["Content-Type"] = 'text/plain; charset="utf-8"'
    _set(part, text.encode("utf-8", "replace"))


def _whole(raw: bytes, lang: str) -> bytes:
    reason = "unreadable"
    part = Root(policy=_POLICY)
    part["MIME-Version"] = "1.0"
    part["Subject"] = _encoded_word(phrase("removal", "subject", lang, phrase("removed", reason, lang)))
    _as_plain(part, note(lang, reason, "", "message/rfc822", raw))
    return _written(part)
