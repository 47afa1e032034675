"""What the technical services say of a case in a reply: solved, expected on a day, not theirs, or nothing certain.

Only what is certain counts. A sentence is read as "solved" if all of its words are known (`services_vocabulary`), and
only if nothing else in the reply doubts it: a question, a negation, a hedge, a promise or a reservation. Whatever is
left is put before the agent unread; a wrong "solved" would make the desk tell a citizen something untrue.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from itertools import dropwhile

from oacmail.core.policy import Workdays
from oacmail.core.routing import services_vocabulary as words
from oacmail.core.routing.days_named import day_named, days_named, without_days
from oacmail.core.routing.orders import Order, Verb, folded, read_orders


class Statement(StrEnum):
    """The same name is a fact of the notice to the agent (templates/*/services.txt.j2)."""

    SOLVED = "solved"
    EXPECTED = "expected"
    NOT_OURS = "not_ours"
    UNREAD = "unread"


@dataclass(frozen=True, slots=True)
class ServicesReply:
    """`day`: by when they expect to have it solved; only of `EXPECTED`."""

    said: Statement
    day: date | None = None


UNREAD = ServicesReply(Statement.UNREAD)
BY_ORDER = {Verb.SOLVED: Statement.SOLVED, Verb.NOT_OURS: Statement.NOT_OURS, Verb.UNTIL: Statement.EXPECTED}
_BY_NUMBER = {"1": Statement.SOLVED, "2": Statement.EXPECTED, "3": Statement.NOT_OURS}
_MARKED = re.compile(r"\(?([123])\)?(?:[).:,-]+(?=\s|$)|(?=\s|$))\s*(.*)")
_CHOSEN = re.compile(
    r"(?:l'|la )?(?:opcio|opcion|option|la|resposta|respuesta|answer|punt|punto|numero|number):?"
    r"\s\(?([123])\)?\.?(.*)"
)
_END = re.compile(r"(?<=[.!?;])\s+")
_SIGNED_MOST = 8  # words of a line of a signature
_MOST = 4_000  # characters that are read; a longer text is no answer to three questions


def read_services_reply(text: str, today: date, workdays: Workdays) -> ServicesReply:
    """`text`: what was written now (`Message.fresh`); `today`: the local day on which it arrived."""
    own = _unsigned(_own(text[:_MOST]), today, workdays)
    if own.lstrip().startswith("#"):
        return _by_order(own, today, workdays)
    sentences = _sentences(own)
    if not sentences or "?" in own:
        return UNREAD
    begun = list(dropwhile(_is_greeting, sentences))
    first, rest, apart = _marked(begun[0]) if begun else ("", "", False)
    if first:
        return _by_number(first, [*([rest] if rest else []), *begun[1:]], today, workdays, apart=apart)
    return _by_words(sentences, today, workdays)


def _by_order(text: str, today: date, workdays: Workdays) -> ServicesReply:
    orders = frozenset(read_orders(text))  # the line of a button and the same in words are one
    if len(orders) != 1:
        return UNREAD
    (order,) = orders
    if order.verb not in BY_ORDER:
        return UNREAD
    after = "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("#"))
    if "?" in after or words.DOUBTS.search(folded(after)):
        return UNREAD
    return _ordered(order, after, today, workdays)


def _ordered(order: Order, after: str, today: date, workdays: Workdays) -> ServicesReply:
    """`after`: the text below the order, where the day may stand alone."""
    said = BY_ORDER[order.verb]
    if said is Statement.EXPECTED:
        return _expected(day_named(folded(order.argument) or _bare_day(after), today, workdays))
    doubted = said is Statement.SOLVED and bool(order.argument) and not _is_greeting(folded(order.argument))
    return UNREAD if doubted else ServicesReply(said)


def _bare_day(text: str) -> str:
    """The first line of the text, folded, if it says nothing but a day."""
    line = folded(text.strip().partition("\n")[0])
    return line if all(word in words.BESIDE_A_DAY for word in words.WORD.findall(without_days(line))) else ""


def _by_number(number: str, rest: Sequence[str], today: date, workdays: Workdays, *, apart: bool) -> ServicesReply:
    """`rest`: what stands beside the number; `apart`: a sign or a line parts the two, so that it only explains the
    choice and counts as long as it takes nothing back."""
    said = _BY_NUMBER[number]
    if said is Statement.EXPECTED:
        text = " ".join(rest)
        doubted = words.NOT_A_DATE_OF_IT.search(without_days(text))
        return UNREAD if doubted else _expected(day_named(text, today, workdays))
    if all(map(_is_greeting, rest)) or (apart and not _takes_back(said, rest)):
        return ServicesReply(said)
    if said is Statement.SOLVED and all(map(_is_known, rest)):
        return ServicesReply(said)
    reply = _by_words(rest, today, workdays)
    return reply if reply.said is said else UNREAD


def _by_words(sentences: Sequence[str], today: date, workdays: Workdays) -> ServicesReply:
    """What the sentences say, if all that is certain in them is one and the same."""
    certain = [sentence for sentence in sentences if not words.CONDITION.match(sentence)]
    found: list[ServicesReply] = []
    if any(map(_says_solved, certain)) and not any(map(words.DOUBTS.search, certain)):
        found.append(ServicesReply(Statement.SOLVED))
    if any(map(_says_not_ours, certain)) and not any(map(words.HEDGES.search, sentences)):
        found.append(ServicesReply(Statement.NOT_OURS))
    day = _day_expected(certain, today, workdays)
    if day is not None:
        found.append(_expected(day))
    return found[0] if len(found) == 1 else UNREAD


def _expected(day: date | None) -> ServicesReply:
    return UNREAD if day is None else ServicesReply(Statement.EXPECTED, day)


def _says_solved(sentence: str) -> bool:
    said = words.PASS_ON.sub(" ", words.HOUR.sub(" ", sentence))
    found = list(words.SOLVED.finditer(said))
    if not found or words.THEN.search(said[found[-1].end() :]):
        return False
    return _is_known(words.SOLVED.sub(" ", said))


def _takes_back(said: Statement, sentences: Sequence[str]) -> bool:
    """Whether what stands beside a chosen (1) or (3) doubts it. Beside a (1) it must tell of what is over, beside a (3)
    whose it is."""
    beside = [words.PHONE.sub(" ", one) for one in sentences if not _is_greeting(one)]
    if said is Statement.SOLVED:
        over = all(words.PAST.search(one) or words.SOLVED.search(one) or _is_known(one) for one in beside)
        return not over or any(words.DOUBTS.search(one) or words.GOES_ON.search(one) for one in beside)
    doubted = any(words.HEDGES.search(one) or words.OURS.search(one) for one in beside)
    return doubted or not any(words.WHOSE.search(one) or words.NOT_OURS.search(one) for one in beside)


def _is_known(sentence: str) -> bool:
    return all(word in words.KNOWN for word in words.WORD.findall(sentence))


def _says_not_ours(sentence: str) -> bool:
    return bool(words.NOT_OURS.search(sentence))


def _day_expected(sentences: Sequence[str], today: date, workdays: Workdays) -> date | None:
    """The day of a sentence that speaks of the solution, or that says nothing but a day."""
    if len({day for one in sentences for day in days_named(one, today, workdays)}) != 1:
        return None
    dated = next(one for one in sentences if days_named(one, today, workdays))
    left = without_days(dated)
    bare = all(word in words.BESIDE_A_DAY for word in words.WORD.findall(left))
    others_speak = any(not _is_greeting(one) for one in sentences if one is not dated)
    if any(words.NOT_A_DATE_OF_IT.search(without_days(one)) for one in sentences):
        return None
    if (bare and not others_speak) or words.OF_THE_SOLUTION.search(left):
        return day_named(dated, today, workdays)
    return None


def _is_greeting(sentence: str) -> bool:
    return all(word in words.GREETINGS for word in words.WORD.findall(sentence))


def _marked(sentence: str) -> tuple[str, str, bool]:
    """(the number of the answer that it begins with, the rest, whether a sign or the end of the line parts them);
    ('', '', False) = it begins with none."""
    found = _MARKED.fullmatch(sentence) or _CHOSEN.fullmatch(sentence)
    if found is None or words.MEASURE.match(found[2].strip()):
        return "", "", False
    rest = found[2].strip(" .,:-–—")
    between = sentence[found.end(1) : found.end() - len(found[2].lstrip(" .,:-–—"))]
    return found[1], rest, not rest or bool(between.strip())


def _own(text: str) -> str:
    """The text without quoted lines and without what stands in our own mail, if a client has not marked it."""
    lines: list[str] = []
    for line in text.splitlines():
        plain = folded(line)
        if words.OF_OUR_MAIL.search(plain):
            break
        if not line.lstrip().startswith((">", "|")):
            lines.append(line)
    return "\n".join(lines).strip()


def _unsigned(text: str, today: date, workdays: Workdays) -> str:
    """The text without the lines at its end that name its writer: a name, a post, an office, a telephone, a greeting.
    A line that may say something of the case ends them, and so does the first line."""
    lines = text.splitlines()
    while lines[1:] and _is_of_signature(lines[-1].strip(), today, workdays):
        lines.pop()
    return "\n".join(lines)


def _is_of_signature(line: str, today: date, workdays: Workdays) -> bool:
    plain = folded(line)
    if _is_greeting(plain) or words.CONTACT.search(plain):
        return True
    found = words.WORD.findall(line.replace("’", "'").replace("'", " "))
    if len(found) > _SIGNED_MOST or "?" in line or words.DOUBTS.search(plain) or days_named(plain, today, workdays):
        return False
    if any(said.search(plain) for said in (words.SOLVED, words.NOT_OURS, words.WHOSE)) or _MARKED.fullmatch(plain):
        return False
    return all(not word[0].islower() or folded(word) in words.IN_A_SIGNATURE for word in found)


def _sentences(text: str) -> list[str]:
    """Folded, with the lines joined that a client has broken: the next one goes on in lower case."""
    joined: list[str] = []
    for line in (line.strip() for line in text.splitlines()):
        goes_on = joined and line[:1].islower() and joined[-1] and joined[-1][-1] not in ".!?;:"
        if goes_on:
            joined[-1] += " " + line
        else:
            joined.append(line)
    whole = [words.YES.sub("ok", one.lower().replace("…", ".")) for one in joined]
    return [folded(part).strip(" .!;") for one in whole for part in _END.split(one) if folded(part).strip(" .!;-–—*")]
