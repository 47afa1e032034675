"""Find the telephone numbers in a message, and the one that its writer wants to be called on (R26).

This module does not decide whether a call is wanted (core/classification.py), nor when
(mail/understanding/slots.py). A number may be written in groups of any length. Digits inside longer ones (IBAN), after
a word for something else (an expedient, a fax), and the office's own number do not count. Text is already folded by
features.fold, its number words are digits (mail/understanding/numerals.py).
"""

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import chain, islice
from typing import NamedTuple

import phonenumbers

from oacmail.mail.understanding.numerals import CORRECTED


class Telephone(NamedTuple):
    """A number in E.164 and where it stands in the text."""

    number: str
    start: int
    end: int


_DIGITS = re.compile(r"[+\d][\d ().,/·:+_*|•…‐-—-]{6,}")
_NO_DIGIT = re.compile(r"\D+")
_GROUP = re.compile(r"(?:\+ ?)?\d+")
# between two numbers rather than between two groups; the first part them before the second do
_LOOSE = (re.compile(r"[,:/+|•]| \("), re.compile(r"[,:/+|•…]| \(|\. | [‐-—-] "))
_BOUND_BEFORE = re.compile(r"(?:[\d@=/-]|[^\W\d_])$")
# "telefon2=93 …"
_LABEL = re.compile(r"\b(?:tel|tlf|telf|telefono?|telephone|phone|mobil|movil|mobile|fix|fijo)\d?=?$")
_BOUND_AFTER = re.compile(r"(?!ext)[a-z_@/]|-\w")
_MOST_GROUPS = 24
_FEWEST = 8  # digits
_BESIDE = 5  # digits beside a number: an hour, a post code
_OTHER_THING = re.compile(
    r"\b(?:(?<!/)(?<!\b[iy] )fax|iban|compte|cuenta"
    r"|exp(?:edient|ediente)?|ref(?:erencia)?|registre|registro|nif|cif|dni|nie|csv|factura"
    r"|rebut|recibo|codi|codigo|emissora|numero d'entrada|licitaci\w*|ticket|tiquet)\W{0,3}(?:n\W{0,3})?$"
)


def phone(text: str, own: str = "") -> str:
    """Return the number to call in E.164, '' for none: Spanish ones have nine digits starting with 6 to 9, others keep
    their country code. `own` is the office's telephone as its mails show it, which citizens quote."""
    chosen = choose(text, telephones(text, own))
    return chosen.number if chosen else ""


def telephones(text: str, own: str = "") -> list[Telephone]:
    """Return the numbers in `text` except the office's `own`, in their order."""
    ours = _ours(own)
    return [found for found in _found(text) if found.number not in ours]


@lru_cache(maxsize=4)
def _ours(shown: str) -> frozenset[str]:
    return frozenset(found.number for found in _found(shown))


def _found(text: str) -> Iterator[Telephone]:
    for run in _DIGITS.finditer(text):
        if len(_NO_DIGIT.sub("", run.group())) < _FEWEST:
            continue
        groups = list(islice(_GROUP.finditer(text, run.start(), run.end()), _MOST_GROUPS))
        before = text[max(0, run.start() - 12) : run.start()]
        if _BOUND_BEFORE.search(before) and not _LABEL.search(before):
            groups = _after_a_sentence(text, groups)
            if not groups:
                continue
        if _BOUND_AFTER.match(text, groups[-1].end()):
            groups.pop()
        for part in _parts(text, groups):
            yield from _numbers(text, part)


def _after_a_sentence(text: str, groups: list[re.Match[str]]) -> list[re.Match[str]]:
    """Return the groups after the one that ends a sentence: "els de P1. 659 77 20 41"."""
    ended = len(groups) > 1 and text[groups[0].end() : groups[1].start()] == ". "
    return groups[1:] if ended else []


def _parts(text: str, groups: list[re.Match[str]], signs: int = 0) -> Iterator[list[re.Match[str]]]:
    """Yield the groups, together if they give one number; otherwise those between signs that part numbers."""
    if signs == len(_LOOSE) or _e164(text, groups):
        yield groups
        return
    start = 0
    for at in range(1, len(groups)):
        between = text[groups[at - 1].end() : groups[at].start()]
        if _LOOSE[signs].search(between) or groups[at].group().startswith("+"):
            yield from _parts(text, groups[start:at], signs + 1)
            start = at if between != "/" or _e164(text, groups[start:at]) else at + 1
    yield from _parts(text, groups[start:], signs + 1)


def _numbers(text: str, groups: list[re.Match[str]]) -> Iterator[Telephone]:
    """Yield the number of all groups, or those of a sequence of numbers with no other digits than an hour, or than the
    end of the line above."""
    found: list[tuple[list[re.Match[str]], str]] = []
    rest = groups
    while rest:
        whole = ((rest[:end], _e164(text, rest[:end])) for end in range(len(rest), 0, -1))
        one, number = next((pair for pair in whole if pair[1]), ([], ""))
        if not number and rest is groups and len(rest) > 1 and len(rest[0].group()) <= _BESIDE:
            rest = rest[1:]
            continue
        if not number:
            break
        found.append((one, number))
        rest = rest[len(one) :]
    if sum(len(group.group()) for group in rest) > _BESIDE:
        return
    for one, number in found:
        first = one[0].start()
        if not _OTHER_THING.search(text[max(0, first - 30) : first].rstrip("(")):
            yield Telephone(number, first, one[-1].end())


# --- one number -----------------------------------------------------------------------------------

_AROUND = 300  # characters beside a number that may name its country
_COUNTRIES = (  # of a number without its country code: 06 12 34 56 78
    ("FR", re.compile(r"\bfranc(?:ais|es|esa|e|ia)\b|\bfrench\b|\+33|\bappel|\brappel|\bportable\b")),
    ("NL", re.compile(r"\bneerland\w+|\bholand\w+|\bdutch\b|\+31")),
    ("GB", re.compile(r"\buk\b|\benglish\b|\bengland\b|\bbritish\b|\bangl(?:es|aterra)\b|\bingles\b|\+44")),
    ("IT", re.compile(r"\bitalia\w*|\+39")),
    ("DE", re.compile(r"\balem\w+|\bgerman\w*|\bdeutsch\w*|\+49")),
    ("BE", re.compile(r"\bbelg\w+|\+32")),
)


def _e164(text: str, groups: Sequence[re.Match[str]]) -> str:
    """Return E.164 as phonenumbers reads it; '' if no numbering plan has it."""
    digits = "".join(group.group() for group in groups).replace(" ", "")
    if "+" in digits[1:] or not _FEWEST <= len(digits) <= 17:
        return ""
    if digits.startswith("00"):
        digits = f"+{digits[2:]}"
    elif len(digits) == 11 and digits.startswith("34"):
        digits = f"+{digits}"
    if digits.startswith("+34") or (digits[0] in "6789" and len(digits) == 9):
        national = digits.removeprefix("+34")
        return f"+34{national}" if len(national) == 9 and national[0] in "6789" else ""
    if digits.startswith("+"):
        return _read(digits, None)
    if not 10 <= len(digits) <= 13:
        return ""
    near = text[max(0, groups[0].start() - _AROUND) : groups[-1].end() + _AROUND]
    return next((_read(digits, region) for region, named in _COUNTRIES if named.search(near)), "")


def _read(digits: str, region: str | None) -> str:
    try:
        number = phonenumbers.parse(digits, region)
    except phonenumbers.NumberParseException:  # no such country
        return ""
    known = phonenumbers.is_possible_number(number)
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164) if known else ""


# --- which of several -----------------------------------------------------------------------------

_MOST_NUMBERS = 24  # that are weighed against each other: who names more lists them
_CLOSE = 30  # characters
_OPENING = " ,:("  # signs between a number and what is said of it
_BESIDE_IT = 160  # characters beside a number that say whose it is and what it is for
_SENTENCE = re.compile(r"[.;!?…](?=\W|$)")
_JOINT = re.compile(r",|\b(?:i|y|o|and|or|pero|sino|but)\b(?! si\b)")
_ASIDE = re.compile(r" ?\([^()]*\)")
_CALL = re.compile(r"\b(?:truc|truqu|llam|call|ring|phone|telefon|tel\b|numero|direct[eo]?|deixo|dejo|appel|rappel)")
_CALLS = r"(?:truqu\w*|truca(?!n?t)\w*|llam[ae](?!n?d[oa])\w*|call|ring|phone)"
_BETTER = re.compile(
    r"\b(?:millor|mejor|preferib\w*|preferentment|preferentemente|better|rather|plutot|mieux|use|voldria)\b"
    r"(?P<what>(?:[^\w.!?;]+(?!que\b|i\b|y\b|and\b|o\b)[a-z']+){0,5})"
)
_BETTER_AFTER = re.compile(
    r"\W*(?:(?:el|the) (?:mobil|movil|mobile|fix|fijo) )?(?:es )?"
    r"(?:millor|mejor|preferib\w*|preferent\w*|better|best|preferably)(?: aquest[ae]?| est[ea]| this(?: one)?)?(?! \w)"
)
_KIND_BETTER = re.compile(
    r"\b(?P<what>mobil|movil|mobile|fix|fijo|landline) (?:millor|mejor|better|preferib\w*)(?! (?:no|que)\b)"
)
_CALL_ONE = re.compile(  # "call my wife"
    rf"\b{_CALLS}(?:-\w+)? (?:al?|on|to) (?:de |la )?(?:meva |mia |meu |mi )?"
    r"(?P<what>[a-z]+)"
    r"|\b(?:parl(?:ar|eu|i|in)|habl(?:ar|e|en|ad)|speak|talk) "
    r"(?:(?:amb|con|to|with) (?:la )?(?P<with>[a-z]+)|(?P<me>conmigo))"
)
_NOT_BEFORE = re.compile(r"\b(?:no|not|don't|never|nunca|mai|ni)(?: [\w']+){0,2} $|\b(?:si|if) $")
_NOT_ONE = re.compile(  # "not to me"
    r"(?<!si )\b(?:no|not|ni) (?:pas )?(?:al?|el|la|to|on the) (?:de |la )?(?P<what>[a-z]+)"
    r"|\bnot (?P<who>him|hers?|me)\b"
)
_ABOUT_ANOTHER = re.compile(  # "… that I cannot hear", "… not the landline"
    r"\b(?:per)?que (?:jo|yo)\b|\bporque yo\b|\b(?:because|as|since) i\b"
    r"|\b(?:no|not|ni) (?:pas )?(?:al|a la|(?:el|la) (?:que|del?)|(?:on )?the)\b"
    r"|\b(?:millor|mejor|better) (?:al|el|on|the)\b"
)
_HERS, _MINE = "hers", "mine"
_BETTER_BEFORE = re.compile(
    rf"{_BETTER.pattern}\W*$"
    r"|\b(?:ara|ahora|now|nou|nuevo|new|el bo|el bueno|correcte|correcto|right|ha de ser|tiene que ser|should be)\b"
    r"[^,.;]*$"
)
_WORSE = re.compile("|".join((  # what is said of a number that is not to be called
    # "do not call", "I never use"
    r"\b(?<!si )(?:no|not|don't|never|nunca|mai|jamas|ni)\b(?: (?!dub|dud|hesit|deix|dej)[\w']+){0,2}?"
    rf" (?:{_CALLS}|us[ae]\w*|utilit\w*|util[iy]\w*|marqu\w*|contact\w*|molest\w*|prov\w*|feu servir)\b",
    r"\bno (?:al?|en)\b|\bno\W*$|\bm(?:ej|ill)or no\b|^\W*not?\b(?! (?:the|al?|el|la|en)\b)|\bnever\b",
    r"\bn'\w* ?appel\w*|\bne (?:pas )?appel\w*|\b(?:evit\w+|avoid|ignor\w+)\b",
    r"\b(?:instead of|en lugar|en vez|en lloc|encara que|aunque|although)\b",
    # nobody answers there
    r"(?<!si )\bno (?:ho |hi |lo |la |el |li |l'|m'hi )?(?:facin|sent\w*|contest\w*|agaf\w*|soc|es|oigo|oyen|cog\w+"
    r"|estoy|tinc|tengo|mir\w*|funciona|va\b|exist\w*|trob\w*)|\b(?:ya|ja) no\b|\bno longer\b",
    r"\b(?:espatllat|trencat|rot|roto|averiado|estropeado|broken|dead|perdut|perdido|robat|robado|stolen|bateria)\b",
    r"\b(?:engaged|switched off|de guardia|difunt\w*)\b",
    r"\b(?:esta|is) (?:away|abroad|on holiday|fora|fuera|malalt\w*|enferm\w*|de (?:viatge|viaje|vaca\w+|baixa|baja))\b",
    # it takes no calls
    r"\bwhatsapp|\b(?:nomes|solo|solament|only)\b[^,.;]{0,20}\b(?:missatges?|mensajes?|sms|texts?|messages?|urg\w+|emerg\w+)\b",
)))  # fmt: skip
_PAST = re.compile("|".join((  # a number that was called, given or used, or that the writer is told to call
    r"\b(?:he|hem|hemos|ha|han|va|vam|vaig|vau|van|m'ha|ens ha|m'heu|ens heu|i've|have|tinc|tengo que|hay que)"
    r" (?:ja |ya |us |os |de |to )?"
    r"(?:trucat|llamado|trucar|llamar|call|called|rung|posar|donar|donat|dado|deixat|deixar|escrit|escriure|escrito|written|typed)\b",
    r"\b(?:(?:les|os) di\b|llamando|trucant|calling|marcando"
    r"|llame|llamo yo|llamasteis|called|rang|puse|gave|escribi|wrote|typed|posava|ponia|deia|decia"
    r"|tenia|era|eren|was|antic|antiga|antiguo|viejo|vell|old)\b",
    r"\b(?:ja|ya|hi|que|already|number) (?:en )?(?:te|tene|teni|have|consta|on my file)\w*",
)))  # fmt: skip
_THIS = r"(?:aquest|aquell|este|ese|aquel|celui-ci|celui-la|(?:this|that) one)"
_NOT_THIS = re.compile(  # the one named last: "pero aquest no", "a ese no llameis"
    rf"\b(?:no|not|pas) (?:(?:a|en|on) )?{_THIS}(?! (?!que\b|please\b|si ?us\b|por f)\w)"
    rf"|\b{_THIS},? (?:no|non)"
    rf"(?= (?:per)?que\b| porque\b|(?: (?:hi|el|lo|me|em|us|os))? (?:{_CALLS}|us[ae]|utili|feu servir)"
    r"|\W*(?:[,.;:!)\n]|$))"
)
_YOURS = re.compile(  # the office's own number
    r"\b(?:al?|el) (?:vostre|vuestro)(?: (?:numero|telefon\w*|fix|fijo))?(?=\W*$|, )"
    r"|\byour (?:number|phone|line)\b|\bvotre (?:numero|telephone|ligne)\b"
    r"|\b(?:telefon\w*|numero|number) (?:de l'ajuntament|del ayuntamiento|de l'oac|de la oac|of the town hall)\b"
)
_FAX = re.compile(  # "the fax, if anybody uses one, is …"
    r"^\W*(?:[iy] |and )?fax\W*$|\b(?:el|al|del?|the|our|nostre|nuestro|numero) fax\b"
    r"(?:(?!\b(?:meu|mi|my|mobil|movil|mobile|telefon|phone|truqu|llam|call))[^.;\d]){0,60}$"
)
_IS_FAX = re.compile(r"\W*(?:que )?(?:es|is|era|was) (?:(?:el|un|the|a|our|nostre|nuestro) ){0,2}fax\b|\W*\(fax\)")
_NOT_WITH = re.compile(r"\bno al (\d{3})\b(?![ .-]?\d)")  # "no al 699, al 688 …"
_LAST_RESORT = re.compile(
    r"\b[iy] si es\b|\bsi (?:no|comunica|per de cas)\b"
    r"|\bpor si\b|\bper si\b|\bif (?:no|not|nobody|i don't)\b|\botherwise\b|\bau cas\b"
)
_CORRECTED = re.compile(rf"\W*{CORRECTED}")  # the next number stands for this one: "espere que está mal, 670 …"
_FIXED = re.compile(r"\b(?:fix|fijo|landline|casa|office|oficina|despatx|despacho|feina|trabajo|work|recepcio\w*)\b")
_MOBILE = re.compile(r"\b(?:mobil|movil|mobile|cell|portable)\b")
_THEIRS = re.compile(
    r"\b(?:dona|muller|marit|parella|fill|filla|mare|pare|germa|germana|sogra|cunyada|mujer|marido|pareja|hijo|hija|madre"
    r"|padre|hermano|hermana|suegra|suegro|sogre|wife|husband|partner|son|daughter|mother|father|brother|sister|ell|ella"
    r"|seu|suyo|him|hers?)\b|\ba el\b"
)
_OWN = re.compile(r"\b(?:meu|meva|mi|conmigo|mio|mia|my|mine|jo|yo|mon)\b")
_PLACES = (
    {"primer", "primero", "first", "premier"},
    {"segon", "segundo", "second", "deuxieme", "ultim", "ultimo", "last"},
)
_WORD = re.compile(r"[a-z']+")
_NO_NAMES = frozenset(
    _WORD.findall(
        "al el la del de a the lo en au le mon ma my mi meu seva seu su vostre vuestro your aquest este this me em us"
        " os es is"
    )
)


class _Beside(NamedTuple):
    """The text beside a number, as far as the numbers beside it; `lead`, `tail`: what of it is said of this one."""

    before: str
    after: str
    lead: str
    tail: str


def choose(text: str, found: Sequence[Telephone]) -> Telephone | None:
    """Return the number that the writer prefers, else the first beside a word for calling, else the first; never one
    that is the office's, a fax or "not this one"."""
    found = found[:_MOST_NUMBERS]
    beside = [_beside(text, at, found) for at in range(len(found))]
    refused = _refused(text, found)
    left = [at for at, one in enumerate(found) if one.number not in refused and not _is_unfit(beside[at])]
    if len(left) < 2:
        return next((found[at] for at in left), None)
    asked = (
        said
        for said in _CALL_ONE.finditer(text)
        if not _NOT_BEFORE.search(text[max(0, said.start() - _CLOSE) : said.start()])
    )
    said = chain(_BETTER.finditer(text), _KIND_BETTER.finditer(text), asked)
    wanted = set().union(*map(_named, said))
    denied = set().union(*map(_named, _NOT_ONE.finditer(text)))

    def weight(at: int) -> tuple[int, int]:
        place = _PLACES[0] if at == 0 else _PLACES[1] if at == len(found) - 1 else set()
        near = _near(found[at], beside[at].lead) | place
        preferred, no = not near.isdisjoint(wanted), not near.isdisjoint(denied)
        return _weight(beside[at], last=at == len(found) - 1) + 3 * preferred - 3 * no, -at

    return found[max(left, key=weight)]


def _is_unfit(beside: _Beside) -> bool:
    return bool(_YOURS.search(beside.lead) or _FAX.search(beside.lead) or _IS_FAX.match(beside.tail))


def _named(said: re.Match[str]) -> set[str]:
    """The names of a number in a wish: "the landline", "hers"."""
    words = {word for word in _WORD.findall(said[said.lastgroup or 0]) if not _CALL.match(word)}
    return words - _NO_NAMES | _whose(said.group())


def _whose(text: str) -> set[str]:
    return {_HERS} if _THEIRS.search(text) else {_MINE} if _OWN.search(text) else set()


def _refused(text: str, found: Sequence[Telephone]) -> set[str]:
    """Return the numbers that the writer refuses without naming them in full."""
    starts = {f"+34{said[1]}" for said in _NOT_WITH.finditer(text)}
    before = [[one.number for one in found if one.end <= said.start()][-1:] for said in _NOT_THIS.finditer(text)]
    return {one.number for one in found if one.number[:6] in starts} | {number for last in before for number in last}


def _beside(text: str, at: int, found: Sequence[Telephone]) -> _Beside:
    one = found[at]
    before = text[max(0, one.start - _BESIDE_IT, found[at - 1].end if at else 0) : one.start]
    after = text[one.end : min([one.end + _BESIDE_IT, *(other.start for other in found[at + 1 : at + 2])])]
    sentences = [part for part in _SENTENCE.split(before) if _WORD.search(part)]
    lead = sentences[-1] if sentences else ""
    tail = _SENTENCE.split(after)[0]
    if at and len(sentences) == 1:
        lead = lead[_joint(lead) or 0 :]
    if at + 1 < len(found) and tail == after:
        tail = tail[: _joint(tail)]
    return _Beside(before, after, lead, _ABOUT_ANOTHER.split(tail)[0])


def _joint(between: str) -> int | None:
    """Where the words between two numbers stop to be of the first and begin to be of the second; None = nowhere."""
    joints = [joint.start() for joint in _JOINT.finditer(between.rstrip(_OPENING))]
    aside = _ASIDE.match(between)
    return joints[-1] if joints else aside.end() if aside else None


def _near(one: Telephone, lead: str) -> set[str]:
    """The words that name a number: its label, its kind, whose it is."""
    label = next((part for part in reversed(lead.split(":")) if _WORD.search(part)), "")[-40:]
    near = set(_WORD.findall(label)) | _whose(lead)
    if _MOBILE.search(label) or (one.number[3] in "67" and not _FIXED.search(label)):
        near |= {"mobil", "movil", "mobile", "cell"}
    if _FIXED.search(label) or one.number[3] in "89":
        near |= {"fix", "fijo", "landline"}
    return near


def _weight(beside: _Beside, last: bool) -> int:
    before, after, lead, tail = beside
    clause = lead[lead.rstrip(_OPENING).rfind(",") + 1 :]
    refused, said_after = bool(_WORSE.search(clause)), bool(_BETTER_AFTER.match(tail))
    return (
        2 * (said_after or (not refused and bool(_BETTER_BEFORE.search(lead))))
        + bool(_CALL.search(lead) or _CALL.search(tail))
        - 2 * (refused or bool(_WORSE.search(tail)))
        - 2 * bool(_PAST.search(clause) or _PAST.search(tail))
        - 2 * (not said_after and bool(_LAST_RESORT.search(_SENTENCE.split(before)[-1])))
        - 3 * (not last and bool(_CORRECTED.match(after)))
    )
