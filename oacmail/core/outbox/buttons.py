"""The buttons of notices to staff: `mailto:` links, each with a token that is good for one order (RFC 6068).

They stand below the HTML alone; the text names the words. A button decides nothing: the mail that it opens is an order
mail of an agent, or a reply of the technical services, like any other, and its writer must be proven.
"""

from collections.abc import Mapping
from datetime import datetime

from oacmail.core.model import LANGUAGES
from oacmail.core.outbox.token_links import token_link
from oacmail.core.outgoing import MailKind
from oacmail.core.policy import Policy
from oacmail.core.routing import order_tokens
from oacmail.core.routing.orders import Verb

_WORDS: Mapping[Verb, tuple[str, str, str]] = {
    Verb.MINE: ("#meu", "#mio", "#mine"),
    Verb.CALLED: ("#trucat", "#llamado", "#called"),
    Verb.NOT_REACHED: ("NO CONTESTA", "NO CONTESTA", "NO ANSWER"),
    Verb.SECOND_LEVEL: ("#deriva", "#deriva", "#escalate"),
    Verb.FIRST_LEVEL: ("#nivell1", "#nivel1", "#level1"),
    Verb.SPAM: ("#brossa", "#spam", "#spam"),
    Verb.DRAFT: ("#esborrany", "#borrador", "#draft"),
    Verb.SOLVED: ("#resolt", "#resuelto", "#solved"),
    Verb.UNTIL: ("#previsio", "#prevision", "#until"),
    Verb.NOT_OURS: ("#nonostre", "#noesnuestro", "#notours"),
}
"""What the mail of a button says, in ca, es and en."""
LISTED = 10
"""Cases of a list that have buttons: a mail with more could not be read."""
_OF_A_CASE: Mapping[MailKind, tuple[Verb, ...]] = {
    MailKind.TERM: (Verb.MINE, Verb.CALLED, Verb.NOT_REACHED, Verb.SECOND_LEVEL),
    MailKind.OVERDUE: (Verb.MINE, Verb.CALLED, Verb.NOT_REACHED, Verb.SECOND_LEVEL, Verb.SPAM),
    MailKind.SECOND_LEVEL: (Verb.SECOND_LEVEL, Verb.FIRST_LEVEL, Verb.MINE),
    MailKind.COMPLEX: (Verb.MINE, Verb.CALLED, Verb.SECOND_LEVEL),
    MailKind.POINTERS: (Verb.FIRST_LEVEL, Verb.DRAFT, Verb.MINE),
    MailKind.OPINION: (Verb.MINE, Verb.CALLED, Verb.DRAFT),
    MailKind.LOW_SCORE: (Verb.MINE, Verb.CALLED, Verb.DRAFT),
    MailKind.BOUNCED: (Verb.MINE, Verb.CALLED, Verb.NOT_REACHED),
}
_OF_A_LIST: Mapping[MailKind, tuple[Verb, ...]] = {
    MailKind.REMIND: (Verb.MINE, Verb.CALLED),
    MailKind.OVERDUE_DIGEST: (Verb.MINE, Verb.CALLED),
    MailKind.NOTICE_LIST: (Verb.MINE, Verb.CALLED),
    MailKind.DIGEST: (Verb.MINE, Verb.CALLED),
}
_FOR_THE_SERVICES = (MailKind.DERIVED, MailKind.NUDGE)
_THEIRS = (Verb.SOLVED, Verb.UNTIL, Verb.NOT_OURS)
"""What the technical services may say of each case (core/handlers/from_services.py)."""
_LISTS = ("cases", "overdue_cases", "urgent_cases", "due_today_cases")


def buttons(
    policy: Policy,
    kind: MailKind,
    *,
    recipient: str,
    case: str | None,
    facts: Mapping[str, object],
    key: str,
    lang: str,
    now: datetime,
) -> tuple[dict[str, object], ...]:
    """The buttons of one notice to `recipient`, each with its order, case and link; () for who gives no orders, or
    where no server can prove who does."""
    if not policy.provable:
        return ()
    cases = (case,) if case else listed(facts)
    verbs = _verbs(policy, kind, recipient, of_a_case=bool(case))
    return tuple(
        {
            "verb": verb,
            "case": number if not case else "",
            "url": _link(policy, recipient, number, verb, key=key, lang=lang, now=now),
        }
        for number in cases
        for verb in verbs
    )


def _verbs(policy: Policy, kind: MailKind, recipient: str, *, of_a_case: bool) -> tuple[Verb, ...]:
    if kind in _FOR_THE_SERVICES and recipient in (*policy.people.technical, *policy.people.forms):
        return _THEIRS
    if recipient in policy.people.desk:
        return (_OF_A_CASE if of_a_case else _OF_A_LIST).get(kind, ())
    return ()


def listed(facts: Mapping[str, object]) -> tuple[str, ...]:
    """The first cases of a list, the most urgent ones of the digest."""
    lists = (rows for name in _LISTS if isinstance(rows := facts.get(name), tuple))
    found = (str(row.get("case") or "") for rows in lists for row in rows if isinstance(row, Mapping))
    return tuple(dict.fromkeys(filter(None, found)))[:LISTED]


def _link(policy: Policy, agent: str, case: str, verb: Verb, *, key: str, lang: str, now: datetime) -> str:
    token = order_tokens.make(policy, agent=agent, case=case, verb=verb, notice=key, now=now)
    return token_link(policy, token, case=case, word=word_of(verb, lang), body=_body(verb, lang))


def word_of(verb: Verb, lang: str) -> str:
    """The order word of a button, in a language of the office."""
    return _WORDS[verb][LANGUAGES.index(lang) if lang in LANGUAGES else 0]


def _body(verb: Verb, lang: str) -> str:
    """One order line; a client may add a signature below, or drop it. Of an estimate the person types the day."""
    return f"{word_of(verb, lang)}{' ' if verb is Verb.UNTIL else ''}\r\n"
