"""Whether a machine has sent a message: by its fields, the subjects of automatic answers, or as a delivery report; and
whether a person has sent it without writing a word."""

import email
import logging
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta, tzinfo
from email.message import Message as Root
from itertools import islice
from typing import Literal, NamedTuple

from oacmail.core.model import Auto, DeliveryStatus, regex
from oacmail.mail.mime.charset import decode, field
from oacmail.mail.mime.headers import Fields
from oacmail.mail.mime.parts import TNEF_TYPES, MimePart, children, is_file
from oacmail.mail.mime.text import calendar_answer
from oacmail.mail.understanding import features
from oacmail.mail.understanding.asking import WISH

# --- Auto subjects ---------------------------------------------------------------------------------------------------
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
_AUTOMATIC = regex(rf"^\W*(?:auto:\s*)?(?:{_TITLES})\s*[:\-–—(\[]|[-–—:(\[]\s*(?:{_TITLES})\W*$", re.IGNORECASE)
# A bare title counts where the text says that its writer is away, and asks nothing.
_BARE = regex(rf"^\W*(?:{_TITLES})\W*$", re.IGNORECASE)
_AWAY = regex(
    r"\b(?:s[oó]c|estic|estar[ée]) fora\b|\b(?:estoy|estar[ée]) (?:fuera|ausente)\b"
    r"|\bi(?: am|['’]m| will be) (?:currently )?(?:out of|away)\b|\bje (?:suis|serai) absente?\b",
    re.IGNORECASE,
)
# Of a folded text: beginnings of words, and words.
_ABSENT = ("automat", "absen", "ausen", "vacanc", "vacaci", "holiday")
_AWAY_WORDS = ("permis", "permiso", "baixa", "baja", "fora", "fuera", "leave", "away", "out of")
_ABSENCE = regex(rf"\b(?:{'|'.join(_ABSENT)}|(?:{'|'.join(_AWAY_WORDS)})\b)")
_READ = regex(
    r"^\W*(?:read|not read|llegit|no llegit|le[íi]do|no le[íi]do|lu|gelesen|letto|lido)\s*:\s"
    r"|^(?:return receipt|read receipt|confirmaci[óo] de lectura|confirmaci[óo]n de lectura|acuse de recibo)\b",
    re.IGNORECASE,
)


def names_absence(fresh: str) -> bool:
    """Whether the text has a word of absence or of automatic mail, as that of each autoresponder."""
    text = features.fold(fresh)
    return any(map(text.__contains__, (*_ABSENT, *_AWAY_WORDS))) and bool(_ABSENCE.search(text))


def title_kind(subject: str, fresh: str, *, answers: bool) -> str:
    """Return the type that the subject shows: "automatic", "receipt" or "". `answers`: the message references another.

    The subject of a reply ("Re: …") is somebody else's, and an author who describes a wish or a problem is a person.
    """
    kind = "receipt" if answers and _READ.search(subject) else ""
    if _AUTOMATIC.search(subject) or (_BARE.match(subject) and _AWAY.search(fresh) and "?" not in fresh):
        kind = "automatic"
    return "" if kind and (features.is_answer(subject) or WISH.search(features.fold(fresh))) else kind


# --- Marks -----------------------------------------------------------------------------------------------------------
# Recognise what people send without writing a word: emoji reactions, messages that they call back, the answers of
# calendars.
#
# A part, a field or a method decides. Outlook's reactions and the oldest recalls have none: the whole of their text
# does, and what else their format has. A word beside what the client writes makes any of them a message like any
# other. Who asks for a receipt (Disposition-Notification-To) or for no reactions (X-MS-Reactions) is a person who
# writes; nobody gets a receipt from us.


class Mark(NamedTuple):
    """`name`: reaction | recalled | calendar, '' = there is none; `note`: what its writer typed into the part itself;
    `title`: of the event; `whole`: all other text is the client's, as it is not where the part is a file that a person
    has attached."""

    name: str = ""
    note: str = ""
    title: str = ""
    whole: bool = False

    def typed(self, fresh: str) -> str:
        """Return what its writer typed, of what was written now. What a note begins with may stand there too."""
        more = f"{self.note}\n\n".removeprefix(f"{fresh}\n\n").strip("\n")
        return self.note if self.whole else "\n\n".join(filter(None, (fresh, more)))


_GMAIL = "text/vnd.google.email-reaction+json"  # developers.google.com/workspace/gmail/reactions/format
WORDS = "words"
_RECALL = b"IPM.Outlook.Recall\0"  # the message class in winmail.dat
_CLASS_WITHIN = 4096  # bytes of winmail.dat


def _reacts(part: MimePart, _: tzinfo) -> Mark | None:
    standard = part.raw("content-disposition").lower().startswith("reaction")  # RFC 9078
    return Mark("reaction") if standard or (part.get_content_type() == _GMAIL and not is_file(part)) else None


def _recalls(part: MimePart, _: tzinfo) -> Mark | None:
    found = part.get_content_type() in TNEF_TYPES and _RECALL in part.data()[:_CLASS_WITHIN]
    return Mark("recalled") if found or part.raw("x-ms-exchange-recallreportgenerated").lower() == "true" else None


def _answers_invitation(part: MimePart, zone: tzinfo) -> Mark | None:
    answer = calendar_answer(decode(part.data())) if part.get_content_type() == "text/calendar" else None
    if answer is None:
        return None
    # Whoever proposes another time has said so: what is no moment stands as it is, and where none is, the title.
    said = [_at_the_office(moment, zone, at) for at, moment in enumerate(dict.fromkeys(answer.proposed)) if moment]
    of_one_day = len({day for day, _ in said}) == 1
    shown = (hour if at and of_one_day else f"{day} {hour}".strip() for at, (day, hour) in enumerate(said))
    time = "–".join(filter(None, shown))
    title, typed = (answer.title, time) if time or not answer.proposed else ("", answer.title)
    note = "\n\n".join(filter(None, (answer.note, typed)))
    return Mark("calendar", note, title, answer.program.startswith("-//Google") and not is_file(part))


def _at_the_office(moment: str, zone: tzinfo, after: int) -> tuple[str, str]:
    """The day and hour of a moment of a calendar (RFC 5545, 3.3.4 and 3.3.5) at the office's, as people write them; of
    what is none no day, and all as it stands. One of another zone stands as it does there. `after`: how many days a day
    without an hour stands after the one that is meant (DTEND: 1)."""
    for form, hour in (("%Y%m%dT%H%M%SZ", "%H:%M"), ("%Y%m%dT%H%M%S", "%H:%M"), ("%Y%m%d", "")):
        with suppress(ValueError, OverflowError):
            found = datetime.strptime(moment, form)
            found = found.replace(tzinfo=UTC).astimezone(zone) if form.endswith("Z") else found
            return f"{found if hour else found - timedelta(days=after):%d/%m/%Y}", found.strftime(hour)
    return "", moment


_MARKS: tuple[Callable[[MimePart, tzinfo], Mark | None], ...] = (_reacts, _recalls, _answers_invitation)


def mark_of(root: Root, zone: tzinfo) -> Mark:
    """Return the first mark of its own parts, never of a message in it. `zone`: the office's."""
    parts = (part for part in islice(_own_parts(root), _PARTS) if isinstance(part, MimePart))
    return next((mark for part in parts for read in _MARKS if (mark := read(part, zone))), Mark())


_WHO = r"[^\n!?;]{1,80}?"
# Of the Catalan and Spanish forms only some were seen; with a mark, one that is missing makes the message a person's.
_REACTED = regex(
    rf"(?:\[\w{{2,12}}\]\s*)?{_WHO} (?:reacted to your (?:message|email|post)"
    r"|ha reaccionat al (?:vostre|teu) missatge|(?:ha reaccionado|reaccionó) a (?:su|tu) mensaje)\s?:?",
    re.IGNORECASE,
)
_RECALLED = regex(
    rf"{_WHO} (?:would like to recall|vol recuperar|quiere recuperar|desea recuperar)"
    r" (?:the message|el missatge|el mensaje)[,:]? [\"“«].{0,998}[\"”»]\.?",
    re.IGNORECASE,
)
_BY_CLIENT = (
    _REACTED,
    _RECALLED,
    regex(rf"{_WHO} (?:reacted|ha reacc\w{{1,9}}|reaccionó) [^\n!?;]{{0,30}}gmail(?: <\S+>)?", re.IGNORECASE),
    regex(r"<?https://www\.google\.com/gmail/about/\S*>?"),
    regex(
        rf"{_WHO} (?:has (?:tentatively )?(?:accepted|declined)|ha (?:acceptat|rebutjat|aceptado|rechazado)"
        r"(?: provisionalment| provisionalmente)?) (?:the|this|la|aquesta|esta) invitaci?(?:tion|ón?|ó)"
        r"(?: (?:to the following|al següent|al siguiente) (?:event|esdeveniment|evento))?[.:]?",
        re.IGNORECASE,
    ),
    regex(r"(?:when|quan|cu[aá]ndo): \d{1,4}[-/.]\d{1,2}[-/.]\d{2,4}[-–\d :]*(?:\([\w/ ]{1,40}\))?", re.IGNORECASE),
    regex(r"(?:invitees|convidats|invitados|participants|participantes): [^\n]{0,998}@[^\n]*", re.IGNORECASE),
)
_RECALL_TITLE = regex(r"(?:recall|recuperar?): ", re.IGNORECASE)


def marked_as(mark: Mark, subject: str, fresh: str, *, answers: bool) -> str:
    """Return what the message is by its mark, or by its subject (`title_kind`); '' = neither says anything, WORDS =
    its writer adds some to the mark. `answers`: the message references another."""
    if not (mark.name or _RECALL_TITLE.match(subject) or (answers and "reac" in fresh.lower())):
        return title_kind(subject, fresh, answers=answers)
    lines = [" ".join(line.split()) for line in fresh.splitlines() if line.strip()]
    whole = " ".join(lines)
    reacts = answers and any(map(_REACTED.fullmatch, lines))
    recalls = _RECALL_TITLE.match(subject) and _RECALLED.fullmatch(whole)
    by_text = "reaction" if reacts else "recalled" if recalls else ""
    name = mark.name or by_text
    if not name:
        return title_kind(subject, fresh, answers=answers)
    if any(pattern.fullmatch(whole) for pattern in _BY_CLIENT):
        lines = []
    left = [line for line in lines if line.strip("* ") != mark.title]
    left = [line for line in left if not any(pattern.fullmatch(line) for pattern in _BY_CLIENT)]
    return WORDS if _WORD.search("\n".join(left)) else name


_WORD = regex(r"\w")


# --- Auto ------------------------------------------------------------------------------------------------------------
# Decide from header fields, never from the text, whether a person or a machine sent a message.
#
# A table of rules, each with its source, gives `Auto`; the first match decides and all matches are recorded. Fields
# that people's mail also carries are left out: X-Auto-Response-Suppress is a request to the receiver (MS-OXCMAIL
# 2.2.3.2.14), Feedback-ID is on personal mail of Proton and Fastmail, X-Loop and X-MS-Exchange-Inbox-Rules-Loop on a
# person's mail that a rule forwarded, Disposition-Notification-To asks for a receipt, and a postmaster may write in
# person. When uncertain, the result is a person: a machine taken for a person costs one acknowledgement, the opposite
# error loses a citizen.


def _present(auto: Auto, fields: str) -> Iterator[tuple[str, str, Auto, bool]]:
    """A rule for each of these fields, whatever its value."""
    return ((name, "", auto, False) for name in fields.split())


# (field, pattern of its value, result, whether the reason includes the value)
_FIELDS: tuple[tuple[str, str, Auto, bool], ...] = (
    *_present(Auto.BOUNCE, "x-failed-recipients x-ms-exchange-message-is-ndr"),  # Exim, Gmail; Exchange
    ("from", r"^\"?mail(?:er)?[-_.]?daemon\"?\s*(?:<\s*>)?$", Auto.BOUNCE, False),  # DragonFly Mail Agent
    ("auto-submitted", r"^auto-replied", Auto.REPLY, True),  # RFC 3834 section 5
    ("auto-submitted", r"^auto-notified", Auto.BULK, True),  # RFC 5436 section 2.7.1
    ("content-type", r"report-type=\"?disposition-notification", Auto.REPLY, False),  # RFC 8098
    ("content-type", r"^message/disposition-notification", Auto.REPLY, False),
    ("content-type", r"report-type=\"?feedback-report", Auto.BULK, False),  # RFC 5965
    ("x-autoreply", r"^(?!no\b|false)", Auto.REPLY, False),
    *_present(
        Auto.REPLY,
        "x-autorespond x-autoresponder x-autoresponse x-auto-reply x-auto-response x-autogenerated x-autoreply-from"
        " x-mail-autoreply",
    ),
    *_present(Auto.BULK, "x-ms-exchange-meetingforward-message"),
    ("precedence", r"^auto_?reply", Auto.REPLY, True),
    ("x-precedence", r"^auto_?reply", Auto.REPLY, True),
    *_present(  # RFC 2919, RFC 2369
        Auto.BULK,
        "list-id list-post list-unsubscribe list-help list-subscribe list-owner list-archive mailing-list"
        " x-mailman-version x-github-reason",
    ),
    *_present(Auto.REPLY, "x-otrs-loop"),
    ("x-zammad-send-auto-response", r"^(?:no|false)", Auto.REPLY, False),
    *_present(
        Auto.REPLY,
        "x-rt-loop-prevention x-servicenow-generated x-freshdesk-autoreply x-asterisk-vm-message-num x-cron-env",
    ),
    ("precedence", r"^(?:bulk|junk|list)", Auto.BULK, True),  # RFC 3834 section 3.1.8
    ("auto-submitted", r"^(?!no(?:$|[\s;(]))\S", Auto.REPLY, True),  # anything but "no"
    ("return-path", r"^<>$|^<mailer-daemon>$", Auto.REPLY, True),  # RFC 3834 section 3.1.5
)
_RULES = tuple((name, regex(pattern, re.IGNORECASE), auto, with_value) for name, pattern, auto, with_value in _FIELDS)

# Only the topmost of these counts, as written by our own server or by the standard; other fields count each time.
_TOPMOST = frozenset({"return-path", "content-type"})

# Names that only machines use. A no-reply address counts as a machine even for a person's form; callback.form_senders
# (core/classification.py) are the exception.
_SENDERS: tuple[tuple[re.Pattern[str], Auto, str], ...] = (
    (regex(r"^mail(?:er)?[-_.]?daemon@", re.IGNORECASE), Auto.BOUNCE, "sender: mailer-daemon"),
    (
        regex(
            r"(?:^|[._-])(?:no|do-?not|ne)[._-]?(?:reply|respon(?:s|d|dre|gueu|da|der)?|repl(?:y|ies)|contest(?:ar|eu|a)?"
            r"|responder|repondre)(?:$|[@._+-])",
            re.IGNORECASE,
        ),
        Auto.BULK,
        "sender: no-reply",
    ),
)
_POSTMASTER = regex(r"post[-_.]?master@", re.IGNORECASE)


def classify(
    fields: Fields, sender: str, delivery_status: DeliveryStatus | None, *, returned: bool = False
) -> tuple[Auto, tuple[str, ...]]:
    """Return (who made this mail, every rule that matched). `sender` is the bare From address in lower case;
    `returned`: it came to an envelope sender of ours, to which machines alone write (RFC 3834 section 4).

    A delivery report is BOUNCE whatever else it carries, and so is a machine's mail in the postmaster's name (RFC 5321
    section 4.5.1) from any software; a receipt is REPLY; lists and notices are BULK. Reasons are codes:
    "auto-submitted: auto-replied", "list-id", "sender: no-reply".
    """
    found: list[tuple[Auto, str]] = []
    for name, pattern, auto, with_value in _RULES:
        if name not in fields.names:
            continue
        values = fields.all(name)[: 1 if name in _TOPMOST else None]
        if value := next(filter(pattern.search, values), ""):
            safe = value.strip().lower()[:40].encode("ascii", "replace").decode("ascii")
            found.append((auto, f"{name}: {safe}" if with_value else name))
    found += ((auto, reason) for pattern, auto, reason in _SENDERS if pattern.search(sender))
    if returned:
        found.append((Auto.REPLY, "to: an envelope sender"))
    if delivery_status is not None:
        found.insert(0, (Auto.BOUNCE, f"report: {delivery_status.action}"))
    elif found and found[0][0] is Auto.REPLY and _POSTMASTER.match(sender):
        found.insert(0, (Auto.BOUNCE, "sender: postmaster"))
    return (found[0][0] if found else Auto.NONE), tuple(dict.fromkeys(reason for _, reason in found))


# --- Words of delivery reports ---------------------------------------------------------------------------------------
# Sentences, subjects and separators that mail servers write into their reports: one table for each purpose. Each entry
# is a regular expression, matched case-insensitively against text with single spaces; apostrophes are written ' and
# match ’ as well.

Action = Literal["failed", "delayed", "delivered"]


def _any_of(*patterns: str, start: str = "", flags: int = 0) -> re.Pattern[str]:
    joined = "|".join(patterns).replace("'", "['’]")
    return regex(f"{start}(?:{joined})", re.IGNORECASE | flags)


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


# --- Delivery reports ------------------------------------------------------------------------------------------------
# Whose delivery a report tells of, and which mail it returns.
#
# Structure decides first (RFC 3462 multipart/report with RFC 3464 fields, or RFC 6533). Then the text decides, if the
# mail has an indicator that no mail client writes, and a sentence of the table; without an indicator, the subject and
# the very first lines must both be a server's. Words in the middle of a message never decide. A person may quote or
# forward a report: a report inside message/rfc822 does not count. A read receipt (RFC 8098) and an abuse report (RFC
# 5965) are not delivery reports. Ids come only from the returned message itself: text around it, from a server or an
# impostor, never names a mail of ours.

logging.getLogger("flufl.bounce").disabled = True  # it logs a traceback for each exception that it also raises

_HEAD = 4000  # characters: a server says what happened before it returns the mail
_OPENING = 200  # characters: without an indicator, the first sentence must say so
_SERVER_FIELDS = ("x-failed-recipients", "x-ms-exchange-message-is-ndr")
_DAEMON = regex(r"mail(?:er)?[-_.]?daemon")
_NULL_SENDER = regex(r"<(?:mailer-daemon(?:@[^<>\s]*)?)?>$", re.IGNORECASE)

_ID_LINE = regex(r"^message-id:\s*<[^<>\s]+>", re.IGNORECASE | re.MULTILINE)
_FIELD_LINE = regex(r"^[!-9;-~]+:\s", re.MULTILINE)
_TEXT_ADDRESS = regex(r"(?<![\w.+'&=/-])[\w.+'&=/-]{1,128}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,20}")
_PARTS = 200  # parts that are read; a delivery report has three to ten
_LONGEST = 200_000  # characters: each line is compared with fifty known formats
_MOST = 20  # ids or addresses that one report may name
_OTHER_REPORTS = frozenset({"disposition-notification", "feedback-report"})
_OTHER_TYPES = frozenset(f"message/{name}" for name in _OTHER_REPORTS)
_STATUS_TYPES = frozenset({"message/delivery-status", "message/global-delivery-status"})
_RECEIPT_TYPES = frozenset({"message/disposition-notification", "message/global-disposition-notification"})
_REFUSED = regex(r"automatic-action/mdn-sent-automatically\s*;\s*deleted", re.IGNORECASE)
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
_STATUS = regex(r"\b[245]\.\d{1,3}\.\d{1,3}\b")
_REPLY = regex(r"\b5\d\d[ -](?:5\.\d{1,3}\.\d{1,3}\b|\w)")
_SAID = 500  # characters of what the refusing server says
_MESSAGE_ID = regex(r"<[^<>\s]{1,990}>")
_ADDRESS = regex(r"(?<![^\s<>;:,\"()])[^\s<>;:,\"()]{1,254}@[^\s<>;:,\"()]{1,254}")
_XTEXT = regex(r"\+([0-9A-F]{2})")  # RFC 3461 section 4


def delivery_status(root: Root, fields: Fields, text: str) -> DeliveryStatus | None:
    """Return the delivery report that this mail is, or None. `root` has policy compat32; `text` is all decoded text.

    Never raises: input that breaks a parser is not a report, and a person handles it.
    """
    try:
        return _report(root, fields, text)
    except Exception:  # external parsers read forged structures here, and only here
        return None


def _report(root: Root, fields: Fields, text: str) -> DeliveryStatus | None:
    typed = "report-type" in fields.first("content-type").lower()
    kind = str(root.get_param("report-type", "")).lower() if typed else ""
    parts = list(islice(_own_parts(root), _PARTS))
    types = {part.get_content_type() for part in parts}
    if kind in _OTHER_REPORTS or types & _OTHER_TYPES:
        return _refusal(parts, text)
    has_status = bool(types & _STATUS_TYPES)
    titled = bool(SUBJECTS.match(field(fields.first("subject")).strip()))
    sender = fields.first("from").strip().lower()
    named = titled or bool(fields.all("x-failed-recipients")) or sender == "<>" or bool(_DAEMON.search(sender))
    if not (named or has_status or kind == "delivery-status"):
        return None
    by_server = (
        any(fields.all(name) for name in _SERVER_FIELDS)
        or bool(_NULL_SENDER.match(fields.first("return-path")))
        or bool(SENDERS.search(field(fields.first("from"))))
    )
    machine = by_server or root.get_content_type() == "multipart/report"
    if has_status and (machine or kind == "delivery-status"):
        return _standard(root, fields, parts, text)
    if kind == "delivery-status" and by_server:  # a broken boundary hides the parts
        return _standard(root, fields, parts, text)
    if (machine and named) or titled:
        return _of_words(root, fields, parts, text.replace("\r\n", "\n"), machine)
    return None  # a vacation notice and our own mail have no sender either, and call themselves no report


def _own_parts(part: Root) -> Iterator[Root]:
    """Yield the parts of this mail, not those of the mails it encloses."""
    yield part
    if part.get_content_maintype() == "multipart":
        for child in children(part):
            yield from _own_parts(child)


def _standard(root: Root, fields: Fields, parts: list[Root], text: str) -> DeliveryStatus:
    """Read the field groups for each recipient (RFC 3464 section 2.3); some servers write none and name the addresses
    only in their text."""
    groups: list[Root] = []
    for part in parts:
        if part.get_content_type() in _STATUS_TYPES:
            blocks = children(part)
            rest = "\n".join(str(block.get_payload()) for block in blocks if not block.is_multipart())
            blocks += [email.message_from_string(piece) for piece in rest.split("\n\n") if ":" in piece]
            groups += [block for block in blocks if block.get("final-recipient") or block.get("action")]
    actions = [(_action(group), group) for group in groups]
    worst = min((action for action, _ in actions), key=_WORST.index, default=action_of_text(text) or "failed")
    chosen = [group for action, group in actions if action == worst]
    about, signatures = _returned(parts, text)
    recipients = _unique(address for group in chosen for address in _recipient(group))
    if not recipients:
        permanent, temporary = _known_formats(root)
        recipients = (permanent or temporary or recipients_of_text(fields, text))[:_MOST]
    return DeliveryStatus(
        action=worst,
        recipients=recipients,
        about=about,
        signatures=signatures,
        status=next(filter(None, map(_status, chosen)), ""),
        said=next(filter(None, map(_said, chosen)), "") or _said_in(text),
    )


def _refusal(parts: list[Root], text: str) -> DeliveryStatus | None:
    """Read a receipt by which a mailbox refuses the mail (RFC 5429 section 2.1.1: sent automatically, deleted
    unread)."""
    receipts = [group for part in parts if part.get_content_type() in _RECEIPT_TYPES for group in children(part)]
    refused = [group for group in receipts if _REFUSED.search(str(group.get("disposition", "")))]
    if not refused or action_of_text(text) != "failed":
        return None
    about, signatures = _returned(parts, text)
    recipients = _unique(address for group in refused for address in _recipient(group))
    return DeliveryStatus(
        action="failed", recipients=recipients, about=about, signatures=signatures, said=_said_in(text)
    )


def _of_words(root: Root, fields: Fields, parts: list[Root], text: str, machine: bool) -> DeliveryStatus | None:
    """Read what a server writes that sends no fields. `machine`: the mail has a server's indicator."""
    opening = text.lstrip()[:_OPENING]
    if not machine and not (action_of_text(opening) and TO_THE_SENDER.search(opening)):
        return None
    permanent, temporary = _known_formats(root) if machine else ((), ())
    action = action_of_text(text) or ("failed" if permanent or temporary else None)
    if action is None:
        return None
    about, signatures = _returned(parts, text)
    found = _STATUS.search(text)
    return DeliveryStatus(
        action=action,
        recipients=(permanent or temporary or recipients_of_text(fields, text))[:_MOST],
        about=about,
        signatures=signatures,
        status=found[0] if found and _BY_CLASS[found[0][0]] == action else "",
        said=_said_in(text),
        by_words=not machine,
    )


# --- what the field groups of a report say -----------------------------------------------------------


def _action(group: Root) -> Action:
    words = str(group.get("action", "")).lower().split()
    return _ACTIONS.get(words[0] if words else "") or _BY_CLASS.get(_status(group)[:1], "failed")


def _status(group: Root) -> str:
    found = _STATUS.search(str(group.get("status", "")))
    return found.group() if found else ""


def _said(group: Root) -> str:
    """The refusing server's own reply (RFC 3464 section 2.3.6); '' = the group has none."""
    return " ".join(str(group.get("diagnostic-code", "")).partition(";")[2].split())[:_SAID]


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
    values = [str(value) for head in heads for value in head.get_all("message-id", [])]
    signatures = (" ".join(str(value).split()) for head in heads for value in head.get_all("x-oacmail", []))
    return _unique(name for value in values for name in _MESSAGE_ID.findall(value)[:1]), _unique(signatures)


def _head(part: Root) -> Iterator[Root]:
    if isinstance(part.get_payload(), list):
        yield from children(part)[:1]
    else:
        data = part.get_payload(decode=True)
        yield email.message_from_bytes(data if isinstance(data, bytes) else b"")


def _unique(values: Iterator[str]) -> tuple[str, ...]:
    return tuple(islice(dict.fromkeys(values), _MOST))


# --- the text of a report ------------------------------------------------------------------------


def action_of_text(text: str) -> Action | None:
    """Return the action of the first table sentence before the returned mail."""
    words = " ".join(text[: min(_HEAD, _returned_from(text))].split())
    return next((action for action, pattern in SENTENCES if pattern.search(words)), None)


def _said_in(text: str) -> str:
    """The line of the report's own text that has a reply's code, else the one that says what has happened."""
    lines = [" ".join(line.split()) for line in text[: min(_HEAD, _returned_from(text))].splitlines()]
    signs = (_REPLY.search, _STATUS.search, *(pattern.search for _, pattern in SENTENCES))
    return next((line for sign in signs for line in lines if sign(line)), "")[:_SAID]


def recipients_of_text(fields: Fields, text: str) -> tuple[str, ...]:
    """Return the addresses of X-Failed-Recipients, else the first one in the server's text that is neither ours (the
    report's To) nor its own."""
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


def _known_formats(root: Root) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return (permanently, temporarily failing addresses) in the formats that flufl.bounce recognises."""
    from flufl.bounce import all_failures  # its 127 patterns would slow the start down

    if sum(len(str(part.get_payload())) for part in root.walk() if part.get_content_maintype() == "text") > _LONGEST:
        return (), ()
    try:
        temporary, permanent = all_failures(root)
    except Exception:  # it raises on a From with 8-bit bytes or none: then our own sentences decide
        return (), ()
    return _addresses(permanent), _addresses(temporary)


def _addresses(raw: Iterable[bytes]) -> tuple[str, ...]:
    return tuple(sorted({address.decode("ascii", "replace").lower() for address in raw}))
