"""Header values as people read them: RFC 2047 words decoded, raw 8-bit bytes given back their letters.

Decides nothing; only for looking at words. Never raises: what cannot be decoded stays as it stands.
"""

from email.header import decode_header


def decoded(value: str) -> str:
    """The readable text of a raw header value (surrogate escapes for 8-bit bytes, see fields.py)."""
    try:
        pieces = decode_header(value)
    except Exception:  # a broken base64 word (binascii) or an impossible charset name
        return _text(value.encode("utf-8", "surrogateescape"), "utf-8")
    return "".join(
        _text(piece if isinstance(piece, bytes) else piece.encode("utf-8", "surrogateescape"), charset or "utf-8")
        for piece, charset in pieces
    )


def _text(raw: bytes, charset: str) -> str:
    for name in (charset, "utf-8"):
        try:
            return raw.decode(name)
        except (LookupError, UnicodeDecodeError, ValueError):
            continue
    return raw.decode("cp1252", "replace")
