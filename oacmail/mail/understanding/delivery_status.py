"""Recognise delivery reports: whose delivery they report, and which mail they return.

Structure decides first (RFC 3462 multipart/report with RFC 3464 fields, or RFC 6533), then the texts of mail servers
that send none (delivery_status_text.py). A person may quote or forward a report: a report inside message/rfc822 does
not count, and words alone never do. A read receipt (RFC 8098) and an abuse report (RFC 5965) are not delivery
reports. Ids come only from the returned message itself: text around it, from a server or an impostor, never names a
mail of ours.
"""

import email
import logging
import re
from collections.abc import Iterable, Iterator
from email.message import Message as Root
from itertools import islice
from typing import Literal

from oacmail.core.model import DeliveryStatus
from oacmail.mail.mime.headers import Fields
from oacmail.mail.understanding import delivery_status_text

Action = Literal["failed", "delayed", "delivered"]

logging.getLogger("flufl.bounce").disabled = True  # it logs a traceback for each exception that it also raises

_PARTS = 200  # parts that are read; a delivery report has three to ten
_LONGEST = 200_000  # characters: each line is compared with fifty known formats
_MOST = 20  # ids or addresses that one report may name
_OTHER_REPORTS = frozenset({"disposition-notification", "feedback-report"})
_STATUS_TYPES = frozenset({"message/delivery-status", "message/global-delivery-status"})
_RECEIPT_TYPES = frozenset({"message/disposition-notification", "message/global-disposition-notification"})
_REFUSED = re.compile(r"automatic-action/mdn-sent-automatically\s*;\s*deleted", re.IGNORECASE)
_RETURNED_TYPES = frozenset(
    {"message/rfc822", "message/global", "text/rfc822-headers", "message/rfc822-headers", "message/global-headers"}
)
_ACTIONS: dict[str, Action] = {
    "failed": "failed",
    "failure": "failed",
    "delayed": "delayed",
    "delivered": "delivered",
    "relayed": "delivered",
    "expanded": "delivered",
}
_BY_CLASS: dict[str, Action] = {"5": "failed", "4": "delayed", "2": "delivered"}  # RFC 3463 section 2
_WORST: tuple[Action, ...] = ("failed", "delayed", "delivered")
_STATUS = re.compile(r"\b[245]\.\d{1,3}\.\d{1,3}\b")
_MESSAGE_ID = re.compile(r"<[^<>\s]{1,990}>")
_ADDRESS = re.compile(r"(?<![^\s<>;:,\"()])[^\s<>;:,\"()]{1,254}@[^\s<>;:,\"()]{1,254}")
_XTEXT = re.compile(r"\+([0-9A-F]{2})")  # RFC 3461 section 4


def find(root: Root, fields: Fields, text: str) -> DeliveryStatus | None:
    """Return the delivery report that this mail is, or None. `root` has policy compat32; `text` is all decoded text.

    Never raises: input that breaks a parser is not a report, and a person handles it.
    """
    try:
        return _find(root, fields, text)
    except Exception:  # external parsers read forged structures here, and only here
        return None


def _find(root: Root, fields: Fields, text: str) -> DeliveryStatus | None:
    kind = str(root.get_param("report-type", "")).lower()
    parts = list(islice(_own_parts(root), _PARTS))
    types = {part.get_content_type() for part in parts}
    if kind in _OTHER_REPORTS or types & {f"message/{name}" for name in _OTHER_REPORTS}:
        return _refusal(parts, text)
    machine = root.get_content_type() == "multipart/report" or delivery_status_text.made_by_server(fields)
    if kind == "delivery-status" and (types & _STATUS_TYPES or delivery_status_text.made_by_server(fields)):
        return _standard(root, fields, parts, text)  # also if a broken boundary hides the parts
    if types & _STATUS_TYPES and machine:
        return _standard(root, fields, parts, text)
    return _plain(root, fields, parts, text.replace("\r\n", "\n"), machine)


def _own_parts(part: Root) -> Iterator[Root]:
    """Yield the parts of this mail, not those of the mails it encloses."""
    yield part
    if part.get_content_maintype() == "multipart" and isinstance(part.get_payload(), list):
        for child in part.get_payload():
            if isinstance(child, Root):
                yield from _own_parts(child)


# --- RFC 3464 -----------------------------------------------------------------------------------------


def _standard(root: Root, fields: Fields, parts: list[Root], text: str) -> DeliveryStatus:
    """Read the field groups; some servers write none and name the addresses only in their text."""
    groups = [group for part in parts if part.get_content_type() in _STATUS_TYPES for group in _groups(part)]
    actions = [(_action(group), group) for group in groups]
    action = min(
        (action for action, _ in actions), key=_WORST.index, default=delivery_status_text.action(text) or "failed"
    )
    chosen = [group for verdict, group in actions if verdict == action]
    about, signatures = _returned(parts, text)
    return DeliveryStatus(
        action=action,
        recipients=_unique(address for group in chosen for address in _recipient(group)) or _named(root, fields, text),
        about=about,
        signatures=signatures,
        status=next((found for group in chosen if (found := _status(group))), ""),
    )


def _refusal(parts: list[Root], text: str) -> DeliveryStatus | None:
    """Read a receipt by which a mailbox refuses the mail (RFC 5429 section 2.1.1: sent automatically, deleted
    unread)."""
    receipts = [group for part in parts if part.get_content_type() in _RECEIPT_TYPES for group in _receipts(part)]
    refused = [group for group in receipts if _REFUSED.search(str(group.get("disposition", "")))]
    if not refused or delivery_status_text.action(text) != "failed":
        return None
    about, signatures = _returned(parts, text)
    recipients = _unique(address for group in refused for address in _recipient(group))
    return DeliveryStatus(action="failed", recipients=recipients, about=about, signatures=signatures, status="")


def _receipts(part: Root) -> list[Root]:
    payload = part.get_payload()
    return [block for block in payload if isinstance(block, Root)] if isinstance(payload, list) else []


def _groups(part: Root) -> list[Root]:
    """Return the per-recipient field groups of a status part (RFC 3464 section 2.3)."""
    payload = part.get_payload()
    blocks = [block for block in payload if isinstance(block, Root)] if isinstance(payload, list) else []
    rest = [str(block.get_payload()) for block in blocks if not block.is_multipart()]
    blocks += [email.message_from_string(piece) for piece in "\n".join(rest).split("\n\n") if ":" in piece]
    return [block for block in blocks if block.get("final-recipient") or block.get("action")]


def _action(group: Root) -> Action:
    words = str(group.get("action", "")).lower().split()
    return _ACTIONS.get(words[0] if words else "") or _BY_CLASS.get(_status(group)[:1], "failed")


def _status(group: Root) -> str:
    found = _STATUS.search(str(group.get("status", "")))
    return found.group() if found else ""


def _recipient(group: Root) -> Iterator[str]:
    """Yield the address that we wrote to: the original one if the server kept it."""
    original = _XTEXT.sub(lambda m: chr(int(m[1], 16)), str(group.get("original-recipient", "")))
    for value in (original, str(group.get("final-recipient", ""))):
        if found := _ADDRESS.search(value.rpartition(";")[2]):
            yield found.group().lower()
            return


# --- the returned mail ---------------------------------------------------------------------------


def _returned(parts: list[Root], text: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return (Message-IDs, X-Oacmail values) of the returned mail: from its part, else from its headers in the text."""
    heads = [head for part in parts if part.get_content_type() in _RETURNED_TYPES for head in _head(part)]
    if not heads:
        heads = [email.message_from_string(block) for block in delivery_status_text.returned_headers(text)]
    ids = (found for head in heads for value in head.get_all("message-id", []) for found in _ids(value))
    signatures = (" ".join(str(value).split()) for head in heads for value in head.get_all("x-oacmail", []))
    return _unique(ids), _unique(signatures)


def _head(part: Root) -> Iterator[Root]:
    payload = part.get_payload()
    if isinstance(payload, list):
        yield from (child for child in payload[:1] if isinstance(child, Root))
    else:
        data = part.get_payload(decode=True)
        yield email.message_from_bytes(data if isinstance(data, bytes) else b"")


def _ids(value: object) -> list[str]:
    return _MESSAGE_ID.findall(str(value))[:1]


def _unique(values: Iterator[str]) -> tuple[str, ...]:
    return tuple(islice(dict.fromkeys(values), _MOST))


# --- servers that write plain text ---------------------------------------------------------------


def _plain(root: Root, fields: Fields, parts: list[Root], text: str, machine: bool) -> DeliveryStatus | None:
    readable = machine and delivery_status_text.announced(fields) and _length(root) <= _LONGEST
    permanent, temporary = _known_formats(root) if readable else ((), ())
    action = delivery_status_text.verdict(fields, text, machine, known=bool(permanent or temporary))
    if action is None:
        return None
    about, signatures = _returned(parts, text)
    found = _STATUS.search(text)
    status = found.group() if found and _BY_CLASS[found.group()[0]] == action else ""
    recipients = permanent or temporary or delivery_status_text.recipients(fields, text)
    return DeliveryStatus(
        action=action,
        recipients=recipients[:_MOST],
        about=about,
        signatures=signatures,
        status=status,
        by_words=not machine,
    )


def _named(root: Root, fields: Fields, text: str) -> tuple[str, ...]:
    """Return the addresses in the text of a report whose fields name none."""
    permanent, temporary = _known_formats(root) if _length(root) <= _LONGEST else ((), ())
    return (permanent or temporary or delivery_status_text.recipients(fields, text))[:_MOST]


def _length(root: Root) -> int:
    return sum(len(str(part.get_payload())) for part in root.walk() if part.get_content_maintype() == "text")


def _known_formats(root: Root) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return (permanently, temporarily failing addresses) in the formats that flufl.bounce recognises."""
    from flufl.bounce import all_failures  # its 127 patterns would slow the start down

    try:
        temporary, permanent = all_failures(root)
    except Exception:  # it raises on a From with 8-bit bytes or none: then our own sentences decide
        return (), ()
    return _addresses(permanent), _addresses(temporary)


def _addresses(raw: Iterable[bytes]) -> tuple[str, ...]:
    return tuple(sorted({address.decode("ascii", "replace").lower() for address in raw}))
