"""Whether a machine has sent a message: by its header fields, and by the subjects of automatic answers."""

import re
from collections.abc import Callable, Iterator

from oacmail.core.model import Auto, DeliveryStatus
from oacmail.mail.mime.headers import Fields
from oacmail.mail.understanding import features
from oacmail.mail.understanding.asking import WISH

# --- Auto subjects ---------------------------------------------------------------------------------------------------
#
# Recognise the subjects of autoresponders and read receipts, and the words that no autoresponder lacks.
#
# A subject proves nothing: people answer such mail, complain about it and quote it. A match sends a message to review
# (core/classification.py); it never classifies the sender as a machine, as header fields do
# (`classify`).


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


# --- Auto ------------------------------------------------------------------------------------------------------------
#
# Decide from header fields, never from the text, whether a person or a machine sent a message.
#
# A table of rules, each with its source, gives `Auto`; the first match decides and all matches are recorded. Fields
# that people's mail also carries are left out: X-Auto-Response-Suppress is a request to the receiver (MS-OXCMAIL
# 2.2.3.2.14), Feedback-ID is on personal mail of Proton and Fastmail, X-Loop and X-MS-Exchange-Inbox-Rules-Loop on a
# person's mail that a rule forwarded, Disposition-Notification-To asks for a receipt, and a postmaster may write in
# person. When uncertain, the result is a person: a machine taken for a person costs one acknowledgement, the opposite
# error loses a citizen.


_Test = Callable[[str], bool]


def _any(_value: str) -> bool:
    return True


def _matches(pattern: str) -> _Test:
    compiled = re.compile(pattern, re.IGNORECASE)
    return lambda value: bool(compiled.search(value))


# (field, test of its value, result, whether the reason includes the value)
_RULES: tuple[tuple[str, _Test, Auto, bool], ...] = (
    ("x-failed-recipients", _any, Auto.BOUNCE, False),  # Exim, Gmail
    ("x-ms-exchange-message-is-ndr", _any, Auto.BOUNCE, False),
    ("from", _matches(r"^\"?mail(?:er)?[-_.]?daemon\"?\s*(?:<\s*>)?$"), Auto.BOUNCE, False),  # DragonFly Mail Agent
    ("auto-submitted", _matches(r"^auto-replied"), Auto.REPLY, True),  # RFC 3834 section 5
    ("auto-submitted", _matches(r"^auto-notified"), Auto.BULK, True),  # RFC 5436 section 2.7.1
    ("content-type", _matches(r"report-type=\"?disposition-notification"), Auto.REPLY, False),  # RFC 8098
    ("content-type", _matches(r"^message/disposition-notification"), Auto.REPLY, False),
    ("content-type", _matches(r"report-type=\"?feedback-report"), Auto.BULK, False),  # RFC 5965
    ("x-autoreply", _matches(r"^(?!no\b|false)"), Auto.REPLY, False),
    ("x-autorespond", _any, Auto.REPLY, False),
    ("x-autoresponder", _any, Auto.REPLY, False),
    ("x-autoresponse", _any, Auto.REPLY, False),
    ("x-auto-reply", _any, Auto.REPLY, False),
    ("x-auto-response", _any, Auto.REPLY, False),
    ("x-autogenerated", _any, Auto.REPLY, False),
    ("x-autoreply-from", _any, Auto.REPLY, False),
    ("x-mail-autoreply", _any, Auto.REPLY, False),
    ("x-ms-exchange-meetingforward-message", _any, Auto.BULK, False),
    ("precedence", _matches(r"^auto_?reply"), Auto.REPLY, True),
    ("x-precedence", _matches(r"^auto_?reply"), Auto.REPLY, True),
    ("list-id", _any, Auto.BULK, False),  # RFC 2919
    ("list-post", _any, Auto.BULK, False),  # RFC 2369
    ("list-unsubscribe", _any, Auto.BULK, False),
    ("list-help", _any, Auto.BULK, False),
    ("list-subscribe", _any, Auto.BULK, False),
    ("list-owner", _any, Auto.BULK, False),
    ("list-archive", _any, Auto.BULK, False),
    ("mailing-list", _any, Auto.BULK, False),
    ("x-mailman-version", _any, Auto.BULK, False),
    ("x-github-reason", _any, Auto.BULK, False),
    ("x-otrs-loop", _any, Auto.REPLY, False),
    ("x-zammad-send-auto-response", _matches(r"^(?:no|false)"), Auto.REPLY, False),
    ("x-rt-loop-prevention", _any, Auto.REPLY, False),
    ("x-servicenow-generated", _any, Auto.REPLY, False),
    ("x-freshdesk-autoreply", _any, Auto.REPLY, False),
    ("x-asterisk-vm-message-num", _any, Auto.REPLY, False),
    ("x-cron-env", _any, Auto.REPLY, False),
    ("precedence", _matches(r"^(?:bulk|junk|list)"), Auto.BULK, True),  # RFC 3834 section 3.1.8
    ("auto-submitted", _matches(r"^(?!no(?:$|[\s;(]))\S"), Auto.REPLY, True),  # anything but "no"
    ("return-path", _matches(r"^<>$|^<mailer-daemon>$"), Auto.REPLY, True),  # RFC 3834 section 3.1.5
)

# Only the topmost of these counts, as written by our own server or by the standard; other fields count each time.
_TOPMOST = frozenset({"return-path", "content-type"})

# Names that only machines use. A no-reply address counts as a machine even for a person's form; callback.form_senders
# (core/classification.py) are the exception.
_SENDERS: tuple[tuple[_Test, Auto, str], ...] = (
    (_matches(r"^mail(?:er)?[-_.]?daemon@"), Auto.BOUNCE, "sender: mailer-daemon"),
    (
        _matches(
            r"(?:^|[._-])(?:no|do-?not|ne)[._-]?(?:reply|respon(?:s|d|dre|gueu|da|der)?|repl(?:y|ies)|contest(?:ar|eu|a)?|responder|repondre)"
            r"(?:$|[@._+-])"
        ),
        Auto.BULK,
        "sender: no-reply",
    ),
)


_POSTMASTER = re.compile(r"post[-_.]?master@", re.IGNORECASE)


def classify(fields: Fields, sender: str, delivery_status: DeliveryStatus | None) -> tuple[Auto, tuple[str, ...]]:
    """Return (who made this mail, every rule that matched). `sender` is the bare From address in lower case.

    A delivery report is BOUNCE whatever else it carries, and so is a machine's mail in the postmaster's name (RFC 5321
    section 4.5.1) from any software; a receipt is REPLY; lists and notices are BULK. Reasons are codes:
    "auto-submitted: auto-replied", "list-id", "sender: no-reply".
    """
    found = list(_found(fields, sender))
    if delivery_status is not None:
        found.insert(0, (Auto.BOUNCE, f"report: {delivery_status.action}"))
    elif found and found[0][0] is Auto.REPLY and _POSTMASTER.match(sender):
        found.insert(0, (Auto.BOUNCE, "sender: postmaster"))
    return (found[0][0] if found else Auto.NONE), tuple(dict.fromkeys(reason for _, reason in found))


def _found(fields: Fields, sender: str) -> Iterator[tuple[Auto, str]]:
    for name, test, auto, with_value in _RULES:
        values = fields.all(name)[:1] if name in _TOPMOST else fields.all(name)
        if value := next((value for value in values if test(value)), None):
            yield auto, f"{name}: {_plain(value)}" if with_value else name
    for sender_test, auto, reason in _SENDERS:
        if sender_test(sender):
            yield auto, reason


def _plain(value: str) -> str:
    """Return a value that is safe to store as a reason, without raw bytes."""
    return value.strip().lower()[:40].encode("ascii", "replace").decode("ascii")
