"""The words, buttons and case numbers of an agent's orders: which lines are orders, what each says, which case they
name.

It never decides who may give orders, and performs none.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime, timedelta
from hashlib import sha256
from itertools import dropwhile, filterfalse, islice, takewhile, zip_longest
from types import MappingProxyType
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from oacmail.core import calendar, common_words, tokens
from oacmail.core.kinds import MailKind
from oacmail.core.model import LANGUAGES, Order, Verb, regex
from oacmail.core.policy import Policy
from oacmail.core.tokens import case_number

# --- Orders ----------------------------------------------------------------------------------------------------------
# Orders are the unbroken run of order lines at the very top of the text, empty lines and a greeting aside: `#word
# argument`, or a plain line that says nothing else (docs/interfaces.md section 7). In a reply to a list of cases each
# line begins with the number of its case.

MOST_ORDERS = 40
"""Orders in one message; a longer run is no list that a person wrote."""
WRAPPED = 60
"""Characters of a line that a client may have broken: the text goes on in the next one."""
LONG = 80
"""Characters of a line that is none of a signature."""


class Button(Struct, frozen=True, kw_only=True):
    """The link of an order in mail to staff. Where a mail has several, they stand in the order of their codes."""

    code: int  # it is in mails that were sent: it is never given to another order
    words: tuple[str, str, str]  # the line of its mail, in ca, es and en; a space at its end where a day is typed
    kinds: tuple[MailKind, ...]  # the mails that have it; `DERIVED` and `NUDGE` have the technical services' buttons
    last_of: tuple[MailKind, ...] = ()  # those in which it stands behind the others


class OrderRow(Struct, frozen=True, kw_only=True):
    """How an order is written. What it does: core/orders/actions.py; what we call it: templates/catalogue.toml."""

    hashed: str = ""
    """Its words after a `#` and before a colon, in ca, es and en. A `_` is nothing or a space there (`#nivell2`,
    `#nivell 2`); other words that run together are none: `no té` is no `note`."""
    plain: Mapping[str, str] = MappingProxyType({})  # its argument -> the lines, parted by |, that say nothing else
    text: Literal["", "line", "long"] = ""  # what may follow a colon; `long` goes on in the lines below
    unsaid: bool = False  # no mail repeats its text, which stays on the case alone
    anywhere: bool = False  # it needs no reply: a mail to the office alone may begin with it
    button: Button | None = None


_OF_A_CASE = (MailKind.TERM, MailKind.OVERDUE, MailKind.COMPLEX, MailKind.OPINION, MailKind.LOW_SCORE, MailKind.BOUNCED)
_OF_A_LIST = (MailKind.REMIND, MailKind.OVERDUE_DIGEST, MailKind.NOTICE_LIST, MailKind.DIGEST)
_OF_THE_SERVICES = (MailKind.DERIVED, MailKind.NUDGE)
ROWS: Mapping[Verb, OrderRow] = {
    Verb.ASSIGN: OrderRow(hashed="assign assigna asigna", text="line"),
    Verb.MINE: OrderRow(
        hashed="mine meu meva mio mia",
        plain={
            "": "meva|meu|es meva|es meu|me la quedo|me'l quedo|ho agafo jo|l'agafo jo|ho porto jo|jo|mia|mio|es mia"
            "|es mio|me lo quedo|lo llevo yo|yo|mine|i take it"
        },
        button=Button(
            code=1,
            words=("#meu", "#mio", "#mine"),
            kinds=(*_OF_A_CASE, *_OF_A_LIST),
            last_of=(MailKind.SECOND_LEVEL, MailKind.POINTERS),
        ),
    ),
    Verb.CLOSE: OrderRow(
        hashed="close tanca cierra",
        plain={
            "": "tanca|tanqueu|tancar|tancat|tanca-ho|tanca'l|tanqueu-lo|tanqueu-ho|cierra|cierre|cerrar|cierralo"
            "|cierrelo|close|close it",
            "duplicate": "tanca duplicat|tanca per duplicat|tanca com a duplicat|duplicat|es duplicat|es un duplicat"
            "|cierra duplicado|cierra por duplicado|cierra como duplicado|duplicado|es duplicado|es un duplicado"
            "|close duplicate|duplicate",
        },
    ),
    Verb.SPAM: OrderRow(
        hashed="spam brossa",
        plain={"": "tanca brossa|brossa|es brossa|cierra spam|cierra basura|es spam|spam|close spam|it is spam"},
        button=Button(code=6, words=("#brossa", "#spam", "#spam"), kinds=(MailKind.OVERDUE,)),
    ),
    Verb.REOPEN: OrderRow(
        hashed="reopen reobre reabre",
        plain={
            "": "reobre|reobriu|reobrir|reobre'l|reobriu-lo|reabre|reabra|reabrir|reabrelo|reabralo|reopen|reopen it"
        },
    ),
    Verb.SECOND_LEVEL: OrderRow(
        hashed="level_2 deriva derivar deriveu nivell_2 nivel_2 n_2 escalate",
        plain={
            "": "deriva|deriveu|deriva-ho|deriveu-ho|deriva'l|deriveu-lo|derivar|derivelo|derivalo|nivell 2|nivel 2"
            "|level 2|escalate|pass on|pass it on"
        },
        text="long",
        unsaid=True,
        button=Button(
            code=4,
            words=("#deriva", "#deriva", "#escalate"),
            kinds=(MailKind.TERM, MailKind.OVERDUE, MailKind.SECOND_LEVEL, MailKind.COMPLEX),
        ),
    ),
    Verb.FIRST_LEVEL: OrderRow(
        hashed="level_1 nivell_1 nivel_1 n_1",
        plain={"": "nivell 1|nivel 1|level 1"},
        button=Button(
            code=5, words=("#nivell1", "#nivel1", "#level1"), kinds=(MailKind.SECOND_LEVEL, MailKind.POINTERS)
        ),
    ),
    Verb.SOLVED: OrderRow(
        hashed="solved resolt resuelto",
        plain={
            "": "resolt|ja esta resolt|esta resolt|solucionat|ja esta solucionat|arreglat|ja esta arreglat|resuelto"
            "|ya esta resuelto|esta resuelto|solucionado|ya esta solucionado|arreglado|ya esta arreglado|solved"
            "|it is solved"
        },
        button=Button(code=8, words=("#resolt", "#resuelto", "#solved"), kinds=_OF_THE_SERVICES),
    ),
    Verb.UNTIL: OrderRow(
        hashed="until previsio prevision",
        button=Button(code=9, words=("#previsio ", "#prevision ", "#until "), kinds=_OF_THE_SERVICES),
    ),
    Verb.NOT_OURS: OrderRow(
        hashed="not_ours no_nostre no_es_nostre no_es_nuestro",
        button=Button(code=10, words=("#nonostre", "#noesnuestro", "#notours"), kinds=_OF_THE_SERVICES),
    ),
    Verb.WAIT: OrderRow(hashed="wait espera"),
    Verb.NOTE: OrderRow(hashed="note nota", text="long", unsaid=True),
    Verb.TOPIC: OrderRow(hashed="topic tema", text="line"),
    Verb.CALLED: OrderRow(
        hashed="called trucat llamado",
        plain={
            "": "trucat|trucada feta|he trucat|ja he trucat|l'he trucat|ja l'he trucat|li he trucat|ja li he trucat"
            "|llamado|he llamado|ya he llamado|le he llamado|ya le he llamado|la he llamado|ya la he llamado|called"
            "|i called"
        },
        button=Button(code=2, words=("#trucat", "#llamado", "#called"), kinds=(*_OF_A_CASE, *_OF_A_LIST)),
    ),
    Verb.NOT_REACHED: OrderRow(
        plain={"": "no contesta|no contesten|no agafa el telefon|no coge el telefono|no answer|no-answer"},
        button=Button(
            code=3,
            words=("NO CONTESTA", "NO CONTESTA", "NO ANSWER"),
            kinds=(MailKind.TERM, MailKind.OVERDUE, MailKind.BOUNCED),
        ),
    ),
    Verb.LANGUAGE: OrderRow(
        hashed="language idioma",
        plain={
            "ca": "catala|catalan",
            "es": "castella|castellano|espanyol|espanol|spanish",
            "en": "angles|ingles|english",
        },
    ),
    Verb.HELP: OrderRow(hashed="help ajuda ayuda", plain={"": "ajuda|ayuda|help"}, anywhere=True),
    Verb.CALL: OrderRow(hashed="call trucada llamada", text="long", unsaid=True, anywhere=True),
    Verb.MERGE: OrderRow(hashed="merge fusiona"),
    Verb.SPLIT: OrderRow(hashed="split separa", plain={"": "separa|separeu-lo|separelo|split"}),
    Verb.OUT_OF_SCOPE: OrderRow(
        hashed="out_of_scope fora_abast fora_dabast fuera_ambito fuera_de_ambito",
        plain={"": "fora d'abast|fuera de ambito|out of scope"},
    ),
    Verb.DRAFT: OrderRow(
        hashed="draft esborrany borrador",
        plain={"": "esborrany|borrador|draft"},
        button=Button(
            code=7,
            words=("#esborrany", "#borrador", "#draft"),
            kinds=(MailKind.POINTERS, MailKind.OPINION, MailKind.LOW_SCORE),
        ),
    ),
    Verb.PERSON: OrderRow(
        hashed="person persona",
        plain={"": "es persona|es una persona|it is a person|it's a person|is a person|is person"},
        unsaid=True,
    ),
    Verb.UNKNOWN: OrderRow(),
    Verb.TOO_MANY: OrderRow(),
}
BUTTONS: Mapping[Verb, Button] = dict(
    sorted(((verb, row.button) for verb, row in ROWS.items() if row.button), key=lambda pair: pair[1].code)
)
_OF_CODE = {button.code: verb for verb, button in BUTTONS.items()}
_HASHED = {
    word.replace("_", between): verb
    for verb, row in ROWS.items()
    for word in row.hashed.split()
    for between in ("", " ")
}
_PLAIN = {
    phrase: Order(verb, argument)
    for verb, row in ROWS.items()
    for argument, phrases in row.plain.items()
    for phrase in phrases.split("|")
}
_REACHED = frozenset({"", "reached", "contesta", "ha contestat", "ha contestado", "answered"})
"""After the word of a call: the person was reached, as without it."""
_IN_VAIN = frozenset(
    {"no", "no ha contestat", "no respon", "no ha respost", "no ha contestado", "no responde", "did not answer"}
)
"""After the word of a call alone: nobody answered."""
_ANSWERED = frozenset({"resolt", "ja respost", "resuelto", "ya respondido", "solved", "answered already"})
"""Below a call: it was answered at once."""
_HASH_LINE = regex(r"#\s?([^\W_][\w-]{0,40})(?:[:,;].*|[.!]?(?:\s.*)?)")
_COLON_LINE = regex(r"([^\W\d_]{2,20}|(?:nivell|nivel|level) ?2|pass (?:it )?on)\s?:\s*(\S.*)", re.IGNORECASE)
_BETWEEN = regex(r"\s?[,;.:]\s?(?:(?:i|y|and|pero|but)\s)?|\s(?:i|y|and|pero|but|-)\s|(?<=[tdo])\s(?=no )")
"""Between two orders of one plain line."""
_GREETING = regex(
    rf"(?:{'|'.join(common_words.GREETINGS).replace('dias', 'd[ií]as')}|hola|bones|buenas|hello|hi)\b"
    r"(?:,? (?:a )?(?:tothom|todos|companys|companyes|equip|equipo|all|everyone)\b)?[ ,.:!]*",
    re.IGNORECASE,
)
_POLITE = regex(rf"[\s,.;!]{{1,3}}(?:{common_words.PLEASE})[ .!]{{0,5}}$")
"""After an order of a plain line."""
_LISTED_LINE = regex(
    r"(?:[Cc]as[oe]?\s)?#?\s?\[?(\d{1,6}|[A-Za-z][A-Za-z0-9]{1,7}-\d{4}-\d{6}(?:-[A-Za-z0-9]{3})?"
    r"|(?=[0-9a-fA-F]*[a-fA-F])[0-9a-fA-F]{8,64}|\d{8,64})"
    r"\s*\]?[:.),-]?\s+(\S.*)"
)
_NAMES = regex(r"[A-ZÀ-Ý][\w'’·.-]*(?:\s(?:[A-ZÀ-Ý\d][\w'’·.-]*|de|del|dels|la|les|i|y|d['’][\w'’-]+)){0,6}(?<!\.),?")
"""A line of names alone, of a person or of an office."""
_CLOSING = regex(
    rf"(?:(?:{'|'.join(sorted(common_words.CLOSING))}|un|molt|ben|fins (?:aviat|ara|dema)|wishes|sincerely)"
    r"(?:[\s,.!]+|$))+"
)
"""A line that ends a message, folded."""
_ENDS_TEXT = regex(r"[>|]|--|__|(?:de|from|enviat|enviado|sent)\s?:|.*:$", re.IGNORECASE)
"""A line with which a signature or the quoted mail begins."""
_CAPITALS = regex(r"[A-ZÀ-Ý'’]{3,20}(?: [A-ZÀ-Ý'’]{3,20}){0,2}(?=[\s,.:;–—-])")
_POSTCODE = regex(r"\d{5}\s\D+")
_INTRODUCES = regex(r"[\d@<>|]|^(?:de|from|enviat|enviado|sent)\s?:", re.IGNORECASE)
_PART = r"[\w'’-]{1,20}"  # longer than each word of an order
_SPELLED = tuple(regex(rf"({_PART}(?:\s{_PART}){{{more}}})(?:[:.,;!]\s*|\s+|$)(.*)") for more in (2, 1, 0))
"""The word of an order, which people also write as three words or two (`nivell 2`, `out of scope`)."""
_ENTRY = regex(r"[0-9a-f]{8,64}")
_NUMBER = regex(r"#?([A-Z][A-Z0-9]{1,7}-\d{4}-\d{6})(?:-[A-Z0-9]{3})?|#?(\d{1,6})")
_NAME = regex(r"[\w.+-]{2,40}(?:@[\w.-]{3,80})?")


def read_orders(text: str) -> tuple[Order, ...]:
    """The orders at the top of `text` (all of the decoded text), in their order; () = it begins with none. More than
    `MOST` are none: `TOO_MANY` alone."""
    return _run(text, _line)[0]


def read_note(text: str) -> tuple[Order, ...]:
    """The same of a text whose lines may begin with the number of a case: `12 tanca`, `15 anna`, `#21 nota …`."""
    return _run(text, _read_line)[0]


def read_list(text: str) -> tuple[Order, ...]:
    """The same of a reply to a list of cases, where a line that cannot be read ends nothing: a line below it that
    begins with a number and an order counts, and it is `UNKNOWN` itself."""
    found = _listed_run(text)[0]
    return found if len(found) <= MOST_ORDERS else (Order(Verb.TOO_MANY),)


def _listed_run(text: str) -> tuple[tuple[Order, ...], list[str]]:
    """(the orders of a reply to a list, the lines below the last of them)."""
    orders, rest = _run(text, _read_line)
    read: list[Order] = []
    unread: list[Order] = []  # until a line with an order follows
    end = 0
    for place, line in enumerate(takewhile(_is_the_writers, map(str.strip, rest))):
        listed = [] if _POSTCODE.fullmatch(line) else _listed(line)
        known = [order for order in listed if order.verb is not Verb.UNKNOWN]
        if known:
            read, unread, end = [*read, *unread, *known], [], place + 1
        elif line and not _line(line):
            unread.append(Order(Verb.UNKNOWN, line[:MOST_ORDERS]))
    return (*orders, *read), rest[end:]


def _is_the_writers(line: str) -> bool:
    """Whether the writer's own words may go on there. Of lines that end with a colon only one with a digit or an
    address introduces a quote."""
    return not _ENDS_TEXT.match(line) or (line.endswith(":") and not _INTRODUCES.search(line))


def sent_alone(text: str) -> tuple[Order, ...]:
    """The orders of a text that a person has got and that says nothing else to them, beside a greeting, a closing and a
    signature; () = it may be an answer. A misspelt one (`#tancca`) is one as well; `Resolt` in plain words is none,
    since a person is told that."""
    greeting, _, below = text.strip().partition("\n")
    after = _GREETING.sub("", greeting.strip(), count=1)
    found, rest = _run(below if _NAMES.fullmatch(after) and after != greeting else f"{after}\n{below}", _sent_line)
    return () if _said(rest, _sent_line) else found


def first_sent(text: str) -> str:
    """The first line with an order, as a person has read it, without what its case alone keeps (`NOTA: …`)."""
    for line in map(str.strip, text.splitlines()):
        line = _GREETING.sub("", line, count=1).strip('*«»"“” ')
        if orders := _sent_line(line):
            hidden = next((order.argument for order in orders if ROWS[order.verb].unsaid and order.argument), "")
            return line[: line.find(hidden)] + "…" if hidden else line[:LONG]
    return ""


def beside_orders(text: str, *, listed: bool) -> str:
    """What the writer's own words say below the orders on top; '' = nothing, or there is no order. A closing and a
    signature say nothing. `listed`: of a reply to a list of cases."""
    found, rest = _listed_run(text) if listed else _run(text, _line)
    return "\n".join(_said(rest, _read_line if listed else _line)) if found else ""


def _said(lines: list[str], read: Callable[[str], list[Order]]) -> list[str]:
    """The lines that are neither orders nor a signature, which begins with a closing or with names and has no
    sentence."""
    own = takewhile(lambda line: line[:2] not in ("--", "__") and line[:1] != ">", map(str.strip, lines))
    said = [line for line in own if line and not read(line)]
    begins = next((n for n, line in enumerate(said) if _closes(line) or _NAMES.fullmatch(line)), len(said))
    signs = all(len(line) < LONG and (_closes(line) or line[-1] not in ".?!:…") for line in said[begins:])
    return said[:begins] if signs else said


def _closes(line: str) -> bool:
    return _CLOSING.fullmatch(folded(line)) is not None


def _sent_line(line: str) -> list[Order]:
    """The orders of a line that a person has got: no `12 euros`, and no sentence that begins with a `#`, but whatever
    begins with an order in capitals (`DERIVA - error 500`)."""
    line = line.strip('*«»"“” ')
    orders = _line(line) or [order for order in _listed(line) if order.verb is not Verb.ASSIGN]
    if not orders and (capitals := _CAPITALS.match(line)):
        rest = line[capitals.end() :].strip(" ,.:;–—-")
        orders = [
            replace(order, argument=rest) if ROWS[order.verb].unsaid else order for order in _phrases(capitals[0])
        ]
    hashed = line.startswith("#") and " " not in line[2:]
    doubtful = {Verb.UNKNOWN} if line.startswith("#") else {Verb.UNKNOWN, Verb.SOLVED}
    return orders if hashed or doubtful.isdisjoint(order.verb for order in orders) else []


def out_of_reach(text: str, *, listed: bool) -> tuple[Order, ...]:
    """The orders below the end of the run, as far as the writer's own words go: they are none, and the writer may take
    them for some. `listed`: of a reply to a list of cases, where those with a number count (`read_list`)."""
    found, rest = _run(text, _read_line if listed else _line)
    return tuple(_orders(takewhile(_is_the_writers, map(str.strip, rest)), _line)) if found else ()


def _read_line(line: str) -> list[Order]:
    return _listed(line) or _line(line)


def _run(text: str, read: Callable[[str], list[Order]]) -> tuple[tuple[Order, ...], list[str]]:
    """(the orders of the run, the lines below it)."""
    found: list[Order] = []
    before = ""
    lines = text.splitlines()
    end = len(lines)
    for place, raw in enumerate(lines):
        line = raw.strip()
        if not found and _GREETING.fullmatch(line):
            continue
        if len(found) > MOST_ORDERS or (line and not (taken := _taken(found, line, before, read))):
            end = place
            break
        found = taken if line else found  # Outlook writes a paragraph for each line, with an empty one between
        before = line
    return (tuple(found) if len(found) <= MOST_ORDERS else (Order(Verb.TOO_MANY),)), lines[end:]


def _taken(found: list[Order], line: str, before: str, read: Callable[[str], list[Order]]) -> list[Order]:
    """What was found, with this line; [] = it is none of the run."""
    last = found[-1] if found else None
    if last and last.verb is Verb.CALL and _plain(line).strip(" #.!") in _ANSWERED:
        return [*found, Order(Verb.CALLED)]
    if orders := read(line):
        return _joined([*found, *orders])
    goes_on = len(before) >= WRAPPED and line[0] not in ">-_*|" and line[-1] != ":"
    if goes_on and last and ROWS[last.verb].text == "long":
        return [*found[:-1], replace(last, argument=f"{last.argument} {line}")]
    return []


def _joined(orders: list[Order]) -> list[Order]:
    """A call and, right after it, that nobody answered are one call in vain: `Trucat, no contesta`."""
    return [
        order
        for order, after in zip_longest(orders, orders[1:])
        if order.verb is not Verb.CALLED or after is None or after != Order(Verb.NOT_REACHED, case=order.case)
    ]


def _listed(line: str) -> list[Order]:
    """The orders of a line that begins with a number; [] = it begins with none."""
    match = _LISTED_LINE.fullmatch(line)
    if match is None:
        return []
    said, order = match[2], _spelled(match[2])
    if not (orders := _line(said) or ([order] if order else [])):
        orders = [Order(Verb.ASSIGN, said) if _NAME.fullmatch(said) else Order(Verb.UNKNOWN, said[:MOST_ORDERS])]
    return [replace(order, case=match[1]) for order in orders]


def _spelled(said: str) -> Order | None:
    """The order with whose word it begins, the rest its argument; of a call the rest is its outcome, if it is known."""
    spelled = (begins.fullmatch(said) for begins in _SPELLED)
    named = ((_HASHED.get(_plain(found[1]).replace("'", "")), found[2].strip()) for found in spelled if found)
    verb, argument = next(((verb, rest) for verb, rest in named if verb), (None, ""))
    if verb is Verb.CALLED:
        outcome = _POLITE.sub("", f" {_plain(argument)}").strip(" .!")
        if outcome in _IN_VAIN or _PLAIN.get(outcome) == Order(Verb.NOT_REACHED):
            return Order(Verb.NOT_REACHED)
        argument = "" if outcome in _REACHED else argument
    return Order(verb, argument) if verb else None


def names_order(text: str) -> bool:
    """Whether it begins with orders, also after the number of a case, or has the line of one (`#word`) anywhere: such a
    text is for nobody outside."""
    hashed = (line.strip() for line in text.splitlines() if _HASH_LINE.fullmatch(line.strip()))
    listed = (order for order in read_list(text)[:1] if order.case)
    return (
        bool(read_orders(text))
        or any(order.verb not in (Verb.UNKNOWN, Verb.ASSIGN) for order in listed)
        or any(order.verb is not Verb.UNKNOWN for line in hashed for order in _line(line))
    )


def _line(line: str) -> list[Order]:
    if hashed := _HASH_LINE.fullmatch(line):
        said = line.removeprefix("#").strip()
        order = _spelled(said)
        return [order] if order else _phrases(said) or [Order(Verb.UNKNOWN, hashed[1])]
    return _phrases(line)


def _phrases(line: str) -> list[Order]:
    """The orders of a line of plain words."""
    plain = _plain(line)
    parts = _BETWEEN.split(_POLITE.sub("", plain).strip(" .!,;"))
    said = [_PLAIN.get(part) for part in parts]
    if said[0] == Order(Verb.CALLED) and parts[1:] and parts[-1] in _IN_VAIN:
        said[-1] = Order(Verb.NOT_REACHED)
    if all(said):
        return _joined([order for order in said if order])
    if colon := _COLON_LINE.fullmatch(line):
        before = _plain(colon[1])
        verb = _HASHED.get(before) or (Verb.SECOND_LEVEL if _PLAIN.get(before) == Order(Verb.SECOND_LEVEL) else None)
        return [Order(verb, colon[2].strip())] if verb and ROWS[verb].text else []
    phrase, _, ref = plain.rpartition(" ")
    about = _PLAIN.get(phrase) if _ENTRY.fullmatch(ref) else None
    return [replace(about, case=ref)] if about and about.verb in (Verb.PERSON, Verb.SPAM) else []


def language_named(text: str) -> str:
    """`ca`, `es` or `en` of a language's name; else the text itself, in lower case."""
    order = _PLAIN.get(_plain(text).strip(" .!"))
    return order.argument if order and order.verb is Verb.LANGUAGE else text.lower().strip()


def word_of(verb: Verb, lang: str) -> str:
    """The line of a button's mail, in a language in which orders are written, else in the first."""
    words = BUTTONS[verb].words
    return dict(zip(LANGUAGES, words, strict=False)).get(lang, words[0])


def number_of(policy: Policy, text: str, year: int) -> str:
    """The case number that an agent writes: whole, with or without its keyed letters, or its digits, which are of
    `year`; '' = it has no such form."""
    written = _NUMBER.fullmatch(text.strip().upper())
    return "" if written is None else written[1] or tokens.case_number(policy, year, int(written[2]))


def named(policy: Policy, text: str, at: datetime) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """(the cases, the references of entries of the review list in lower case) that the order lines on top of `text`
    may name, by whatever reading of them. `at`: when it arrived; digits alone may be of the year before, in a reply to
    a list of that year."""
    orders = (*read_orders(text), *read_list(text))
    merged = (order.argument for order in orders if order.verb is Verb.MERGE)
    persons = (order.case or (order.argument if order.verb is Verb.PERSON else "") for order in orders)
    year = calendar.local_day(at, policy).year
    numbers = (
        number_of(policy, name, of) for name in (*(order.case for order in orders), *merged) for of in (year, year - 1)
    )
    entries = (reference for name in persons if _ENTRY.fullmatch(reference := name.strip().lower()))
    return tuple(dict.fromkeys(filter(None, numbers))), tuple(dict.fromkeys(entries))


def folded(text: str, form: Literal["NFKD", "NFD"] = "NFKD") -> str:
    """Lower case, without accents, single spaces, and one sort of apostrophe."""
    bare = "".join(filterfalse(unicodedata.combining, unicodedata.normalize(form, text)))
    return " ".join(bare.lower().replace("\u2019", "'").split())


def _plain(text: str) -> str:
    """The same of a word that orders: a character that looks like another stays what it is."""
    return folded(text, "NFD")


# --- Order tokens ----------------------------------------------------------------------------------------------------
# What a button carries, so that its mail orders one thing, about one case, by one agent, once (core/tokens.py): the
# order's code, the case, the last day and a hash of the notice, good for the agent's address alone. It never proves who
# sent a mail (core/sender.py).

TOKEN_DAYS = 10
"""How long a button works."""
_ORDER = "order"
_EPOCH = date(2020, 1, 1)
_DAY, _NOTICE = 2, 3  # octets


class Pressed(Struct, frozen=True, kw_only=True):
    """A token that came with a mail. `problem`: '' | forged | not-yours | expired; what else it says is true unless it
    is forged."""

    token: str
    verb: Verb
    case: str
    problem: str = ""


def order_token(policy: Policy, *, agent: str, case: str, verb: Verb, notice: str, now: datetime) -> str:
    """The token of one button. `agent`: the address that the notice goes to; `notice`: the key of the notice."""
    last = (calendar.local_day(now, policy) + timedelta(days=TOKEN_DAYS) - _EPOCH).days
    more = last.to_bytes(_DAY, "big") + sha256(notice.encode()).digest()[:_NOTICE]
    return tokens.link_token(policy, _ORDER, BUTTONS[verb].code, case, more, bound=agent)


def find_order_tokens(texts: Iterable[str]) -> tuple[str, ...]:
    return tokens.find_link_tokens(_ORDER, _DAY + _NOTICE, texts)


def read_order_token(policy: Policy, token: str, sender: str, at: datetime) -> Pressed | None:
    """What the token says, if `sender` presses it at `at`; None = it has not even the form."""
    read = tokens.read_link_token(policy, _ORDER, token, bound=sender)
    verb = _OF_CODE.get(read.number) if read else None
    if read is None or verb is None:
        return None
    problem = ""
    if not read.valid:
        others = (tokens.read_link_token(policy, _ORDER, token, bound=other) for other in policy.people.staff)
        problem = "not-yours" if any(other and other.valid for other in others) else "forged"
    elif calendar.local_day(at, policy) > _EPOCH + timedelta(days=int.from_bytes(read.more[:_DAY], "big")):
        problem = "expired"
    return Pressed(token=token, verb=verb, case=read.case, problem=problem)


# --- Misplaced orders ------------------------------------------------------------------------------------------------
# Orders where none counts: below or between the quoted lines of a reply, below the signature, as a telephone or an old
# habit puts them, or in the subject of a new mail. Their writer is told. Only `>` marks a quote here: where a program
# marks none, nobody can tell what is below it.

_QUOTED = ">"
_SIGNATURE = "--"


def misplaced(text: str, subject: str, *, listed: bool) -> tuple[tuple[Order, str], ...]:
    """(order, the reason why it counts for nothing) of `text` (all of the decoded text) and of the `subject` of a new
    mail, '' = of none. `listed`: of a reply to a list of cases. A name after a number is none: a street has such a line
    as well."""
    read = read_list if listed else read_orders
    lines = [line.strip() for line in text.splitlines()]
    above = list(takewhile(lambda line: not line.startswith(_QUOTED), lines))
    below = takewhile(lambda line: line != _SIGNATURE, lines[len(above) :])
    signed = dropwhile(lambda line: line != _SIGNATURE, above)
    return (
        *((order, "below-signature") for order in _orders(signed, read)),
        *((order, "below-quote") for order in _orders(below, read)),
        *((order, "in-subject") for order in _orders([subject], read_list)),
    )


def _orders(lines: Iterable[str], read: Callable[[str], Iterable[Order]]) -> list[Order]:
    orders = (order for line in lines for order in read(line) if order.verb not in (Verb.UNKNOWN, Verb.ASSIGN))
    return list(islice(orders, MOST_ORDERS))


# --- Case numbers ----------------------------------------------------------------------------------------------------
# As people type them: `OAC-2026-000123`, `oac 2026 123`, `cas 123`, `caso núm. 123`, `case no. 123`. Such a number
# proves nothing: the caller decides who may name a case, and whether the mail belongs to it.

MOST_NUMBERS = 10
_SHORT = regex(r"\bcas(?:o|e)?\s{0,2}(?:(?:numero|number|num|nro|no|n)\b\.?[\u00ba\u00b0]?|#)?\s{0,2}(\d{1,6})\b")
_ALONE = regex(r"[#\s]{0,3}(\d{1,6})")


def numbers_in_text(policy: Policy, text: str, year: int) -> tuple[str, ...]:
    """The full numbers that `text` names, in their order. One without a year is of `year` or of the year before."""
    plain = folded(text[:1000])
    full = re.compile(rf"\b{re.escape(policy.office.prefix.lower())}[-\s/]{{1,2}}(\d{{4}})[-\s/]{{1,2}}(\d{{1,6}})\b")
    found = [case_number(policy, int(match[1]), int(match[2])) for match in full.finditer(plain)]
    rest = full.sub(" ", plain)
    found += [number for match in _SHORT.finditer(rest) for number in _of_either_year(policy, match[1], year)]
    return tuple(dict.fromkeys(found))[:MOST_NUMBERS]


def numbers_in_line(policy: Policy, line: str, year: int) -> tuple[str, ...]:
    """The same of a line that may also be nothing but a number: `123`, `#123`."""
    alone = _ALONE.fullmatch(line.strip(" .!,;:"))
    return _of_either_year(policy, alone[1], year) if alone else numbers_in_text(policy, line, year)


def _of_either_year(policy: Policy, serial: str, year: int) -> tuple[str, ...]:
    return (case_number(policy, year, int(serial)), case_number(policy, year - 1, int(serial)))
