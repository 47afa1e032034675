"""Which case a message belongs to, by the first rule that applies (docs/subjects.md, "Threads"). A wrong match is worse
than none: an uncertain message opens a new case.
"""

import re
from datetime import datetime, timedelta

from msgspec import Struct

from oacmail.core.model import Dmarc, Message, Role, regex
from oacmail.core.view import CaseView, MessageView, View

# --- Reply prefixes --------------------------------------------------------------------------------------------------
# The prefixes that mail clients put before a subject when people reply or forward, as alternatives of a pattern. The
# rare ones are also words of their own ("Ref: 2026/17"): a match proves a reply only where a wrong one does no harm.

REPLY = "re|r|aw|sv|res|rif"
FORWARD = "fwd?|rv|wg|tr|i|enc"
RARE_REPLY = (
    "rep|réf|ref|vs|antw|resp|resposta|respuesta"
    # a message that is called back, and the answers of calendars
    "|recall|accepted|declined|tentative|acceptada|rebutjada|aceptad[oa]|rechazad[oa]"
    "|new time proposed|proposed new time|nova hora proposada|hora nova proposada|nueva hora propuesta"
)
RARE_FORWARD = "fs|reenv?|reenviat|reenviado"


# --- Threading -------------------------------------------------------------------------------------------------------
# (a) A Message-ID that we made, unless the message replies to a known one of another case; (b) the id of a known
# message or our keyed token, from a participant; (c) the same citizen, by reverse reference, subject or text, unless
# the answer would go to an address that nobody has proven to be theirs; (d) none: the new case is linked to the one
# that the message may belong to.

ACKNOWLEDGED = "our-own-acknowledgement"
SUBJECT_WINDOW = timedelta(days=14)
TEXT_WINDOW = timedelta(days=3)

# Also "Re[5]:", "RE: RV:" and list tags.
_PREFIX = regex(
    rf"^\s*(?:(?:{REPLY}|{FORWARD}|{RARE_REPLY}|{RARE_FORWARD})"
    r"\s*(?:\[\d+\]|\(\d+\))?\s*:|\[[^\]\s]{3,40}\])\s*",
    re.IGNORECASE,
)
_GENERIC = frozenset(
    (
        *("consulta", "pregunta", "dubte", "duda", "ajuda", "ayuda", "help", "hola", "informació", "información"),
        *("info", "urgent", "urgente", "sol·licitud", "solicitud", "tràmit", "trámite", "incidència", "incidencia"),
        *("problema", "error", "(sense assumpte)", "(sin asunto)", "(no subject)", "sense assumpte", "sin asunto"),
        *("no subject", "question", "bon dia", "buenos días", "bona tarda", "buenas tardes"),
    )
)


def fold_subject(subject: str) -> str:
    """A subject without reply prefixes, list tags, case, and digits: ticket numbers change, subjects stay."""
    previous = None
    while previous != subject:
        previous, subject = subject, _PREFIX.sub("", subject, count=1)
    return " ".join(re.sub(r"\d+", "#", subject.casefold()).split())[:200]


def is_reply(subject: str) -> bool:
    """Whether the subject begins with a reply or forward prefix."""
    return _PREFIX.match(subject) is not None


def unproven_reply_to(message: Message) -> str:
    """The other address at which it asks to be answered though nothing proves that its sender wrote it; '' = none."""
    elsewhere = message.reply_to if message.reply_to != message.sender else ""
    return "" if message.auth.authentic else elsewhere


class ThreadMatch(Struct, frozen=True):
    """`case`: the message joins it; None = it opens a new one. `guest`: the writer is no participant. `parent`: the
    case that a new one may belong to."""

    case: CaseView | None
    rule: str
    guest: bool = False
    parent: str | None = None


def match_case(message: Message, view: View, writers: frozenset[str], received_at: datetime) -> ThreadMatch:
    """The match of the first rule that applies. `writers`: the sender, or the recipients of a message in Sent.

    Senders without an address match nobody: two such messages have nothing in common. Of a message that its sender's
    domain disowns (DMARC), only what a stranger cannot know counts.
    """
    writers -= {""}
    rungs = (_acknowledged, _parent, _our_id, _known_id, _token, _reverse, _subject, _text)
    for rung in (_acknowledged, _our_id, _reverse) if message.auth.dmarc is Dmarc.FAIL else rungs:
        match = rung(message, view, writers, received_at)
        if match is not None:
            return match
    return ThreadMatch(None, "new", parent=_link(view))


def _case(view: View, number: str | None) -> CaseView | None:
    return view.cases.get(number) if number else None


def _member(case: CaseView, writers: frozenset[str]) -> bool:
    return case.citizen in writers or not case.participants.isdisjoint(writers)


def _acknowledged(message: Message, view: View, writers: frozenset[str], _: datetime) -> ThreadMatch | None:
    """After a restore: the copy of our acknowledgement names the case of this message."""
    case = _case(view, view.reserved)
    return ThreadMatch(case, ACKNOWLEDGED) if case is not None else None


def _parent(message: Message, view: View, writers: frozenset[str], _: datetime) -> ThreadMatch | None:
    """(b) The message that it replies to (RFC 5322, 3.6.4), before any other of its thread: an answer to a late reply
    names our mail of the old case too, which that reply quoted."""
    if not message.refs:
        return None
    theirs = (earlier for earlier in view.named if earlier.role is not Role.OURS)
    parent = next((earlier for earlier in theirs if earlier.message_id == message.refs[-1]), None)
    case = _case(view, parent.case) if parent is not None else None
    return ThreadMatch(case, "known-message-id") if case is not None and _member(case, writers) else None


def _our_id(message: Message, view: View, writers: frozenset[str], _: datetime) -> ThreadMatch | None:
    """(a) From any sender: only a person who has seen our mail can name its id. The latest mail counts."""
    for mail in reversed(view.mails):
        case = _case(view, mail.case)
        if case is not None:
            return ThreadMatch(case, "our-message-id", guest=not _member(case, writers))
    return None


def _known_id(message: Message, view: View, writers: frozenset[str], _: datetime) -> ThreadMatch | None:
    """(b) The id of a known message, from a participant."""
    for earlier in reversed(view.named):
        case = _case(view, earlier.case)
        if case is not None and _member(case, writers):
            return ThreadMatch(case, "known-message-id")
    return None


def _token(message: Message, view: View, writers: frozenset[str], _: datetime) -> ThreadMatch | None:
    cases = (_case(view, number) for number in view.tokened)
    return next((ThreadMatch(case, "keyed-token") for case in cases if case and _member(case, writers)), None)


def _reverse(message: Message, view: View, writers: frozenset[str], _: datetime) -> ThreadMatch | None:
    """(c) A known message of the same citizen names this one: the reply was read first."""
    for earlier in view.naming:
        case = _case(view, earlier.case)
        if case is not None and earlier.author in writers and _member(case, writers):
            return ThreadMatch(case, "named-by-known-message")
    return None


def _own_recent(
    message: Message, view: View, writers: frozenset[str], since: datetime
) -> list[tuple[MessageView, CaseView]]:
    if message.sender in writers and unproven_reply_to(message):
        return []
    pairs = [(earlier, _case(view, earlier.case)) for earlier in view.recent if earlier.received_at >= since]
    return [(earlier, case) for earlier, case in pairs if case is not None and _member(case, writers)]


def _subject(message: Message, view: View, writers: frozenset[str], received_at: datetime) -> ThreadMatch | None:
    if not (is_reply(message.subject) or message.quotes_us):
        return None
    folded = fold_subject(message.subject)
    if len(folded) < 4 or folded in _GENERIC:
        return None
    for earlier, case in reversed(_own_recent(message, view, writers, received_at - SUBJECT_WINDOW)):
        if folded in (earlier.subject, case.subject_key):
            return ThreadMatch(case, "same-subject")
    return None


def _text(message: Message, view: View, writers: frozenset[str], received_at: datetime) -> ThreadMatch | None:
    if not message.fresh.strip():
        return None
    for earlier, case in reversed(_own_recent(message, view, writers, received_at - TEXT_WINDOW)):
        if earlier.body_hash == message.body_hash:
            return ThreadMatch(case, "same-text")
    return None


def _link(view: View) -> str | None:
    """The case that a new one may belong to: staff see it, the writer does not."""
    named = [earlier.case for earlier in view.named if earlier.case]
    return next(iter((*named, *view.tokened)), None)
