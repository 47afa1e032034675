"""Read a message that is too large to be read whole: its header fields and its texts, part by part.

The rest is listed in `Fetched.skipped` and stays on the server. At most one megabyte of a part and four of a message
are in memory. Small parts are requested together, since a server may read the whole message again for each request.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice

from imapclient import IMAPClient

from oacmail.adapters.imap.messages import as_bytes
from oacmail.adapters.imap.outline import OutlinePart, assemble, described, is_readable, outline
from oacmail.batches import batched
from oacmail.core.ports.mailbox import Fetched, MessageMeta

_PART_BYTES = 1024 * 1024
_TEXT_BYTES = 4 * 1024 * 1024
_HEADER_BYTES = 512 * 1024
_HEAD_BYTES = 16 * 1024
_PARTS = 1_000
_AT_ONCE = 50
_RETURNED_HEAD = b"Content-Type: text/rfc822-headers\r\n\r\n"


def read_texts(client: IMAPClient, meta: MessageMeta) -> Fetched | None:
    """Return header fields and texts; None if the message has vanished."""
    uid = meta.uid
    structure = client.fetch([uid], ["BODYSTRUCTURE"]).get(uid, {}).get(b"BODYSTRUCTURE")
    header = _header(client, uid)
    if structure is None or not header:
        return None
    root = outline(structure)
    leaves = list(islice(root.leaves(), _PARTS))
    heads = _heads(client, uid, leaves) if root.children else {root.section: header}
    bodies = dict(_bodies(client, uid, leaves, heads))
    left = (leaf for leaf in leaves if leaf.size > len(bodies.get(leaf.section, b"")))
    skipped = tuple(
        described(leaf, heads.get(leaf.section, b""), read=len(bodies.get(leaf.section, b""))) for leaf in left
    )
    return Fetched(raw=assemble(header, root, heads, bodies), complete=False, skipped=skipped)


def read_header(client: IMAPClient, meta: MessageMeta) -> Fetched | None:
    """Return header fields only, for a message whose structure the server cannot give."""
    header = _header(client, meta.uid)
    whole = OutlinePart(section="1", mime="application/octet-stream", size=meta.size)
    if not header:
        return None
    return Fetched(raw=assemble(header, whole, {}, {}), complete=False, skipped=(described(whole, b""),))


def _header(client: IMAPClient, uid: int) -> bytes:
    header = _pieces(client, uid, [("HEADER", _HEADER_BYTES)]).get("HEADER", b"")
    return header if header.endswith(b"\r\n\r\n") or not header else _whole_lines(header) + b"\r\n"


def _heads(client: IMAPClient, uid: int, leaves: Sequence[OutlinePart]) -> dict[str, bytes]:
    """Return the parts' own header fields, each with its empty line, by section."""
    heads: dict[str, bytes] = {}
    for first in range(0, len(leaves), _AT_ONCE):
        wanted = [(f"{leaf.section}.MIME", _HEAD_BYTES) for leaf in leaves[first : first + _AT_ONCE]]
        answer = _pieces(client, uid, wanted)
        heads |= {section.removesuffix(".MIME"): head.rstrip(b"\r\n") + b"\r\n\r\n" for section, head in answer.items()}
    return heads | {leaf.section: _RETURNED_HEAD for leaf in leaves if _is_returned(leaf)}


def _bodies(
    client: IMAPClient, uid: int, leaves: Iterable[OutlinePart], heads: Mapping[str, bytes]
) -> Iterator[tuple[str, bytes]]:
    """Yield (section, its first megabyte) of the texts. The header fields of a returned message are read as text."""
    room = _TEXT_BYTES
    for batch in _together(leaf for leaf in leaves if is_readable(leaf, heads.get(leaf.section, b""))):
        wanted = {leaf.section: f"{leaf.section}.HEADER" if _is_returned(leaf) else leaf.section for leaf in batch}
        got = _pieces(client, uid, [(section, min(_PART_BYTES, room)) for section in wanted.values()])
        for leaf in batch:
            body = got.get(wanted[leaf.section])
            if body is not None and room > 0:
                room -= len(body)
                yield leaf.section, body if len(body) >= leaf.size else _whole_lines(body)
        if room <= 0:
            return


def _together(leaves: Iterable[OutlinePart]) -> Iterator[list[OutlinePart]]:
    return batched(leaves, lambda leaf: min(leaf.size, _PART_BYTES), _AT_ONCE, _PART_BYTES)


def _is_returned(leaf: OutlinePart) -> bool:
    return leaf.returned and leaf.mime == "message/rfc822"


def _pieces(client: IMAPClient, uid: int, wanted: Sequence[tuple[str, int]]) -> dict[str, bytes]:
    """Return the start of each wanted (section, maximum bytes), by section. NIL sections are left out."""
    items = [f"BODY.PEEK[{section}]<0.{octets}>" for section, octets in wanted]
    answer = client.fetch([uid], items).get(uid, {})
    found = ((section, answer.get(f"BODY[{section}]<0>".encode("ascii"))) for section, _ in wanted)
    return {section: as_bytes(raw) for section, raw in found if raw is not None}


def _whole_lines(text: bytes) -> bytes:
    """Remove the last line, which was cut: half a base64 quartet would spoil the rest."""
    return text[: text.rfind(b"\n") + 1] or text
