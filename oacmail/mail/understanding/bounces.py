"""Delivery reports: the machine-readable part (RFC 3464), and the words of servers that send none."""

import email
import logging
import re
from collections.abc import Iterable, Iterator
from email.message import Message as Root
from itertools import islice
from typing import Literal

from oacmail.core.model import DeliveryStatus
from oacmail.mail.mime.charset import field
from oacmail.mail.mime.headers import Fields

# --- Delivery status words -------------------------------------------------------------------------------------------
#
# Sentences, subjects and separators that mail servers write into their reports: one table for each purpose.
#
# Data for delivery_status_text.py, which describes its use. Each entry is a regular expression, matched case-
# insensitively against text with single spaces; apostrophes are written ' and match ’ as well.


Action = Literal["failed", "delayed", "delivered"]


def _any_of(*patterns: str, start: str = "", flags: int = 0) -> re.Pattern[str]:
    joined = "|".join(patterns).replace("'", "['’]")
    return re.compile(f"{start}(?:{joined})", re.IGNORECASE | flags)


# A server's From: name or address.
SENDERS = _any_of(
    r"mail(?:er)?[-_.]?daemon",
    r"mail delivery (?:sub)?system",
    r"post[-_. ]?master\b",
    r"microsoftexchange[0-9a-f]+@",
    r"\bmdaemon@",
    r"mail administrator",
    r"(?:internet )?mail delivery service",
    r"sistema de (?:entrega de )?correu|sistema de entrega de correo|mail-zustellsystem",
)

# The start of a report's subject.
SUBJECTS = _any_of(
    r"undeliver(?:ed|able)\b",
    r"deliver(?:y|ed) (?:failure|status|report|problem|error|has failed|notification)",
    r"(?:failure|error) notice",
    r"fail(?:ure|ed) (?:notice|mail|delivery)",
    r"permanent delivery failure",
    r"mail (?:delivery|failed|failure|error|system error|could not be)",
    r"returned (?:mail|e-?mail|message|to sender)",
    r"non-?deliver(?:y|able)|non delivery",
    r"delayed mail|warning: (?:message|could not send)",
    r"message (?:delivery|status|undeliverable|you sent blocked|could not be|delayed)",
    r"your message .{0,60}(?:could not|was not)",
    r"rejected: ",
    r"successful mail delivery",
    r"notice: mail delivery status",
    r"(?:user unknown|unknown user)",
    r"no es pot lliurar|no s'ha pogut lliurar|lliurament (?:fallit|endarrerit)|lliurat: ",
    r"el vostre missatge no s'ha|missatge (?:retornat|no lliurat|rebutjat)|correu retornat",
    r"no se (?:puede|pudo|ha podido) entregar|entrega (?:retrasada|fallida)",
    r"mensaje (?:no entregado|rechazado|devuelto)|(?:su|el) mensaje no (?:ha podido|pudo|se)",
    r"correo (?:no entregado|devuelto)|aviso de fallo",
    r"warning: .{1,120}\buser unknown|.{0,200}\(delivery (?:failed|failure)\)$",
    r"échec de la remise|message non (?:distribué|remis)|non remis",
    r"unzustellbar|nicht zustellbar",
    r"mancata consegna|mail non recapitat",
    start=r"(?:\*+ ?)?",
)

# What happened. A report of a delay may mention failure too ("will fail after …"), so the order counts.
SENTENCES: tuple[tuple[Action, re.Pattern[str]], ...] = (
    (
        "delivered",
        _any_of(
            r"(?:was|were|been) successfully (?:delivered|relayed)",
            r"s'ha lliurat correctament",
            r"se ha entregado correctamente",
        ),
    ),
    (
        "delayed",
        _any_of(
            r"this is a warning (?:message )?only",
            r"not yet been delivered",
            r"delivery (?:to .{0,80} )?(?:has been|is) delayed",
            r"could not be delivered for (?:the past |more than )?\d",
            r"could not send message for past",
            r"attempts will continue|will (?:be retried|continue to (?:be )?tr(?:y|ied)|keep trying|retry)",
            r"still being retried",
            r"encara no s'ha (?:pogut lliurar|lliurat)|s'ha endarrerit",
            r"(?:aún|todavía) no se ha (?:podido entregar|entregado)|se ha retrasado",
            r"reste en file d'attente",
        ),
    ),
    (
        "failed",
        _any_of(
            r"(?:could|can)(?: ?not|n't) be (?:delivered|completed|sent to)",
            r"(?:could|did|was|were|is|be|been)(?: not|n't) (?:be )?deliver(?:ed)?\b",
            r"not delivered to|(?:unable to|could not) deliver|not a valid (?:user|address|mailbox|recipient)",
            r"undeliver(?:able|ed)",
            r"delivery (?:to .{0,120} )?(?:has )?failed|(?:mail|message) delivery failed|delivery failure",
            r"error (?:while |in )?delivering (?:your|the|a) (?:mail|message)",
            r"recipients? failed|address(?:es|\(es\))? (?:had|failed|with) ?",
            r"(?:permanent|fatal) (?:fatal )?(?:delivery )?(?:errors?|failure)",
            r"(?:user|mailbox|recipient|address) (?:is )?(?:unknown|unavailable|disabled|full)",
            r"unknown (?:user|recipient|address|local)|no such (?:user|recipient|address)",
            r"over quota|quota exceeded|returned to sender|not listed in",
            r"(?:was|were) (?:automatically )?(?:rejected|blocked)",
            r"no s'ha(?:n)? (?:pogut )?lliura(?:r|t)|no es pot lliurar|error en lliurar",
            r"sense lliurar-lo|retornat al remitent",
            r"no (?:se )?(?:ha|han|he|pudo|puede) (?:podido )?(?:ser )?entreg(?:ar|ado)|no se ha entregado",
            r"error de entrega|ha sido rechazado",
            r"n'a (?:pas )?pu être (?:remis|distribué|livré)",
            r"konnte nicht zugestellt",
            r"non è stato recapitato|non è stato possibile (?:recapitare|consegnare)",
        ),
    ),
)

# Whose mail it was: only the server of a returned mail addresses its sender like this.
TO_THE_SENDER = _any_of(
    r"\byour (?:mail |e-?mail )?message|delivering your mail|a message that you sent|message you sent",
    r"(?:the )?(?:following|failed) (?:address|recipient|user|message to )",
    r"this is the mail system|this message was created automatically",
    r"el (?:vostre )?missatge|(?:el|su) mensaje|votre (?:courrier|message)|ihre nachricht",
)

# The line after which a server copies the returned mail.
RETURNED = _any_of(
    r"below (?:this|the next) line is a copy",
    r"(?:this is )?a?\s?copy of (?:the|your) message",
    r"(?:the )?(?:header of the )?original message(?: (?:headers?|follows|body))?[\s:.*<-]*$",
    r"(?:unsent|returned|undelivered) (?:message|mail)(?: follows)?[\s:.*<-]*$",
    r"message headers? follows?",
    r"start of returned message",
    r"(?:el )?missatge original|capçaleres del missatge",
    r"(?:el )?mensaje original|encabezados de(?:l)? mensajes?|por debajo de esta línea",
    r"message d'origine",
    start=r"^[ \t*>_|-]{0,80}",
    flags=re.MULTILINE,
)


# --- Delivery status text --------------------------------------------------------------------------------------------
#
# Recognise delivery reports in plain text: indicators of a mail server, and the sentences that servers write.
#
# This module decides whether a text is a server's report if no part of the mail says so, and what it reports. It
# requires an indicator that no mail client writes, and a sentence of the table. Without an indicator, the subject and
# the very first lines must both be a server's. Words in the middle of a message never decide.


_HEAD = 4000  # characters: a server says what happened before it returns the mail
_OPENING = 200  # characters: without an indicator, the first sentence must say so
_SERVER_FIELDS = ("x-failed-recipients", "x-ms-exchange-message-is-ndr")
_NULL_SENDER = re.compile(r"<(?:mailer-daemon(?:@[^<>\s]*)?)?>$", re.IGNORECASE)

_ID_LINE = re.compile(r"^message-id:\s*<[^<>\s]+>", re.IGNORECASE | re.MULTILINE)
_FIELD_LINE = re.compile(r"^[!-9;-~]+:\s", re.MULTILINE)
_TEXT_ADDRESS = re.compile(r"(?<![\w.+'&=/-])[\w.+'&=/-]{1,128}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,20}")


def made_by_server(fields: Fields) -> bool:
    """True if the mail has an indicator that mail servers write and mail clients do not."""
    return (
        any(fields.all(name) for name in _SERVER_FIELDS)
        or bool(_NULL_SENDER.match(fields.first("return-path")))
        or bool(SENDERS.search(field(fields.first("from"))))
    )


def verdict(fields: Fields, text: str, machine: bool, known: bool) -> Action | None:
    """Return what the server reports, None if this is not a report.

    `machine`: it has a server's indicator; `known`: a parser of known formats found failing addresses in it.
    """
    if machine:
        return (action_of_text(text) or ("failed" if known else None)) if announced(fields) else None
    opening = text.lstrip()[:_OPENING]
    openly = _titled(fields) and action_of_text(opening) is not None and TO_THE_SENDER.search(opening)
    return action_of_text(text) if openly else None


def announced(fields: Fields) -> bool:
    """True if a server's mail calls itself a report: a vacation notice and our own mail have no sender either."""
    return _titled(fields) or bool(fields.all("x-failed-recipients")) or _from_daemon(fields)


def _titled(fields: Fields) -> bool:
    return bool(SUBJECTS.match(field(fields.first("subject")).strip()))


def _from_daemon(fields: Fields) -> bool:
    sender = fields.first("from")
    return sender.strip() == "<>" or bool(re.search(r"mail(?:er)?[-_.]?daemon", sender, re.IGNORECASE))


def action_of_text(text: str) -> Action | None:
    """Return the action of the first table sentence before the returned mail."""
    words = " ".join(text[: min(_HEAD, _returned_from(text))].split())
    return next((action for action, pattern in SENTENCES if pattern.search(words)), None)


def recipients_of_text(fields: Fields, text: str) -> tuple[str, ...]:
    """Return the first address in the server's text that is neither ours (the report's To) nor its own."""
    named = fields.first("x-failed-recipients").lower()
    if named:
        return tuple(dict.fromkeys(_TEXT_ADDRESS.findall(named)))
    parties = set(_TEXT_ADDRESS.findall(f"{fields.first('to')} {fields.first('from')}".lower()))
    found = _TEXT_ADDRESS.findall(text[: min(_HEAD, _returned_from(text))].lower())
    return tuple(address for address in found if address not in parties)[:1]


def returned_headers(text: str) -> Iterator[str]:
    """Yield the header block of the returned mail if a server copied it into its text."""
    start = _returned_from(text)
    found = _ID_LINE.search(text, start if start < len(text) else 0)
    if found:
        begin = text.rfind("\n\n", 0, found.start()) + 1
        end = text.find("\n\n", found.end())
        block = text[begin : end if end != -1 else len(text)]
        first = _FIELD_LINE.search(block)
        yield block[first.start() if first else 0 :]


def _returned_from(text: str) -> int:
    found = RETURNED.search(text)
    return found.start() if found else len(text)


# --- Delivery status -------------------------------------------------------------------------------------------------
#
# Recognise delivery reports: whose delivery they report, and which mail they return.
#
# Structure decides first (RFC 3462 multipart/report with RFC 3464 fields, or RFC 6533), then the texts of mail servers
# that send none (delivery_status_text.py). A person may quote or forward a report: a report inside message/rfc822 does
# not count, and words alone never do. A read receipt (RFC 8098) and an abuse report (RFC 5965) are not delivery
# reports. Ids come only from the returned message itself: text around it, from a server or an impostor, never names a
# mail of ours.


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
    machine = root.get_content_type() == "multipart/report" or made_by_server(fields)
    if kind == "delivery-status" and (types & _STATUS_TYPES or made_by_server(fields)):
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
    action = min((action for action, _ in actions), key=_WORST.index, default=action_of_text(text) or "failed")
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
    if not refused or action_of_text(text) != "failed":
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
        heads = [email.message_from_string(block) for block in returned_headers(text)]
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
    readable = machine and announced(fields) and _length(root) <= _LONGEST
    permanent, temporary = _known_formats(root) if readable else ((), ())
    action = verdict(fields, text, machine, known=bool(permanent or temporary))
    if action is None:
        return None
    about, signatures = _returned(parts, text)
    found = _STATUS.search(text)
    status = found.group() if found and _BY_CLASS[found.group()[0]] == action else ""
    recipients = permanent or temporary or recipients_of_text(fields, text)
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
    return (permanent or temporary or recipients_of_text(fields, text))[:_MOST]


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
