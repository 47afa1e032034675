"""The part of the day and the hours at which a call suits its writer. What is said not to suit is taken from the
wish.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from oacmail.core.model import Callback, CallTime, Hours
from oacmail.mail.understanding import phones, time_words
from oacmail.mail.understanding.time_words import PARTS, SKIPPED, WAYS, Clause, Sentence, TimeToken, every, near

# --- Slots -----------------------------------------------------------------------------------------------------------
# Find when the writer of a message wants to be called: the morning [08,14), the afternoon [14,20), or any time (R26).
#
# A small grammar: sentences near a request for a call or a telephone are split into clauses; each clause gives
# intervals of the day, wanted or not ("from five on", "not in the morning", "I sleep until three"); what remains is
# the slot. Words are in mail/understanding/time_words.py. This section does not decide whether a call is wanted. Text
# is folded, its telephones are digits.

_DAY = 24 * 60
_OPENS, _NOON, _CLOSES = 8 * 60, 14 * 60, 20 * 60
_WHOLE = (((_OPENS, _NOON),), ((_NOON, _CLOSES),), ((_OPENS, _CLOSES),))
_MOMENT = 1  # minute: of a time that is named alone
_AN_HOUR = 60  # minutes
_MEALS = frozenset({"meal", "nap", "snack", "breakfast", "lunch", "supper"})
_ALONE = set(PARTS) - {"meal", "supper", "night", "nap"}  # parts of the day that say a time without a preposition
_NAMED = {"clock", *PARTS}
_OF_A_CALL = {"call", "device", "free", "busy", "better"}  # kinds: "not in the afternoon" may be of a portal
_NEAR = 10  # tokens between "not" and the "until" that it refuses
_FEW = 1  # word beside the time: more make a statement
_BRIEF = 4  # tokens of a clause that may be a day alone
_MOST = 100  # tokens of a clause, of which people write forty: each time in it is compared with all the others
_AFTER = {"enter": "until", "latest": "until", "onward": "from"}
_STATES = {"not": "until", "busy": "until", "enter": "until", "free": "from", "place": "from", "leave": "from"}
"""Kind of token after a time, and after "already" -> what it makes of that time."""

Interval = tuple[int, int]


class Window(NamedTuple):
    """An interval of the day in minutes. `wanted`: or excluded; `rank`: 0 = said of the day rather than of the call,
    1 = of the call, 2 = an hour to call at, 3 = preferred."""

    start: int
    end: int
    wanted: bool
    rank: int


def find_slot(sentences: Iterable[Sentence]) -> CallTime:
    """Return the time that the writer wants; any slot = both fit, or none is named. `sentences`: those that are `near`
    a request for a call."""
    windows: list[Window] = []
    said: list[Window] = []
    earlier: list[Window] = []
    for sentence in sentences:
        if not earlier and not sentence.may_tell:
            continue
        said = _windows(sentence, said[-2:], earlier)
        earlier = [*earlier, *said][-2:]
        windows += (window for window in said if sentence.asked or window.rank)
    return _time(windows) if windows else _ANY_TIME


def _time(windows: Sequence[Window]) -> CallTime:
    wanted = [window for window in windows if window.wanted]
    highest = max((window.rank for window in wanted), default=0)
    best = [window for window in wanted if window.rank == highest]
    beside = [window for window in wanted if 0 < window.rank < highest and _overlaps(window, best)]
    spans = _together([*best, *beside]) or [(0, _DAY)]
    left = spans
    for window in windows:
        if not window.wanted:
            end = window.start + _AN_HOUR if _is_a_moment(window) else window.end  # "any time but at five"
            left = _without(left, (window.start, end))
    spans = left or spans
    morning = any(start < _NOON and end > _OPENS for start, end in spans)
    afternoon = any(start < _CLOSES and end > _NOON for start, end in spans)
    if morning or afternoon:
        return CallTime("any" if morning and afternoon else "morning" if morning else "afternoon", _hours(spans))
    return CallTime("afternoon" if spans[0][0] >= _CLOSES else "morning", outside=True)


def _hours(spans: list[Interval]) -> tuple[Hours, ...]:
    """What lies within the hours of calls; () if that is a whole slot, or both. A gap of a moment is none."""
    inside: list[Interval] = []
    for start, end in sorted((max(start, _OPENS), min(end, _CLOSES)) for start, end in spans):
        if inside and start <= inside[-1][1] + _MOMENT:
            inside[-1] = (inside[-1][0], max(inside[-1][1], end))
        elif start < end:
            inside.append((start, end))
    hours = tuple((start, start if end - start == _MOMENT else end) for start, end in inside)
    return () if hours in _WHOLE else hours


def _together(wanted: Sequence[Window]) -> list[Interval]:
    """A window that overlaps the one before narrows it ("in the afternoon, from five on"), another adds to it; a time
    at the edge of another adds nothing."""
    spans: list[Interval] = []
    edges = {edge for window in wanted if not _is_a_moment(window) for edge in (window.start, window.end)}
    for window in wanted:
        if _is_a_moment(window) and window.start in edges:
            continue
        start, end = max(window.start, spans[-1][0] if spans else 0), min(window.end, spans[-1][1] if spans else _DAY)
        if spans and start < end:
            spans[-1] = (start, end)
        else:
            spans.append((window.start, window.end))
    return spans


def _overlaps(window: Window, best: Sequence[Window]) -> bool:
    return any(window.start < other.end and other.start < window.end for other in best)


def _without(spans: list[Interval], gap: Interval) -> list[Interval]:
    parts = [part for start, end in spans for part in ((start, min(end, gap[0])), (max(start, gap[1]), end))]
    return [(start, end) for start, end in parts if start < end]


# --- what a clause says ---------------------------------------------------------------------------


def _windows(sentence: Sentence, last: Sequence[Window] = (), earlier: Sequence[Window] = ()) -> list[Window]:
    """`last`: the last windows of the sentence before, which "call before that" goes by; `earlier`: of all before,
    which "in between" goes by."""
    found: list[Window] = []
    if not earlier and _NAMED.isdisjoint(token.kind for token in sentence.tokens):
        return found
    before, reason, problem = Clause("", []), False, False
    for clause in sentence.clauses:
        way = before.open_way if clause.opened_by == "because" or before.is_cut_short else ""
        explains = clause.opened_by == "because" and not way and "alike" not in before.kinds
        reason = explains or (reason and clause.opened_by in ("open", "close"))
        problem = clause.is_of_the_problem or (problem and clause.opened_by in ("open", "close"))
        if clause.kinds & {"sorry"}:
            found.clear()
        if clause.kinds & {"then", "thence"} and not reason and not clause.kinds & {"busy", "not", "enter"}:
            exactly = bool(clause.kinds & {"free", "thence", "already"}) or clause.opened_by == "therefore"
            exactly = exactly or ("call" in clause.kinds and not any(map(_is_a_wish, found[-1:])))
            found = _then(found or ([*earlier] if "thence" in clause.kinds else []), exactly)
        if "within" in clause.kinds and "not" not in clause.kinds:
            found = _within([*earlier, *found][-2:] if len(found) < 2 else found)
        no = clause.is_no or ((earlier or len(found) > 1) and before.is_of_a_part and clause.is_occupation)
        if no and found and not sentence.tokens[-1].text.startswith("?"):
            found[-1] = found[-1]._replace(wanted=False, rank=1)
        elif clause.dangling and (found or last):
            found = _beside(found or [*last], clause.dangling)
        elif not problem:
            beside = clause.opened_by == "open" and (before.is_busy or bool(before.kinds & {"except", "not"}))
            beside = beside or (clause.opened_by == "comma" and before.excepts) or clause.is_of_work(before)
            said = [*_of_clause(clause, reason, way, beside, tuple(found))]
            if clause.opened_by == "comma" and before.is_busy and clause.gives_hours and found and not found[-1].wanted:
                # "I work mornings, from eight to two"
                said = [window for window in said if not _overlaps(window, found[-1:])]
            if before.prefers and clause.opened_by == "comma":
                said = _raised(said, 3)
            if "also" in clause.kinds:
                ranks = (window.rank for window in (*earlier, *found) if window.rank < 3)
                said = _raised(said or found[-1:], max(ranks, default=0))
            wishes = any(window.wanted for window in said)
            if wishes and clause.opened_by == "therefore" and "thence" not in clause.kinds:
                found = [window for window in found if not window.wanted]
            found += said
        before = clause
    return found


def _raised(said: list[Window], rank: int) -> list[Window]:
    return [
        window._replace(rank=max(rank, window.rank)) if window.wanted and window.rank else window for window in said
    ]


def _then(found: list[Window], exactly: bool) -> list[Window]:
    """ "I am busy until three, then …": what ends there is over, the rest of the day is wanted. `exactly`: "from then
    on", which also follows "I am there at three"."""
    if not found or found[-1].end == _DAY or (not exactly and (found[-1].start > 0 or _is_a_wish(found[-1]))):
        return found
    start, end = found[-1][:2]
    end = start if _is_a_moment(found[-1]) else end
    over = [Window(0, end, wanted=False, rank=1)] if start == 0 else []
    return [*found[:-1], *over, Window(end, _DAY, wanted=True, rank=1)]


def _within(found: list[Window]) -> list[Window]:
    """ "I close from two to five, then you can call", "I leave at nine and come back at four, call in between", "I
    sleep until two. At six I work again. In between, gladly"."""
    if not found:
        return found
    start, end = found[-1][:2]
    if len(found) > 1 and found[-2].end < start and not any(map(_is_a_moment, found[-2:])):
        start, end = found[-2].end, start
    elif len(found) > 1 and (start == 0 or end == _DAY or _is_a_moment(found[-1])):
        start, end = sorted(window.start or window.end for window in found[-2:])
        found = found[:-1]
    return [*found[:-1], Window(start, end, wanted=True, rank=2)]


def _is_a_moment(window: Window) -> bool:
    return window.end - window.start == _MOMENT


def _is_a_wish(window: Window) -> bool:
    return window.wanted and window.rank > 0


def _beside(found: list[Window], way: str) -> list[Window]:
    """ "I start at two, so before that", "je sors à quinze heures, donc après": what was named bounds the wish."""
    start, end = found[-1][:2]
    start, end = (end if end < _DAY else start, _DAY) if way == "from" else (0, start or end)
    return [*found[:-1], Window(start, end, wanted=True, rank=1)]


def _of_clause(clause: Clause, reason: bool, way: str, refused: bool, found: Sequence[Window]) -> Iterator[Window]:
    if _NAMED.isdisjoint(clause.kinds) or len(clause.tokens) > _MOST:
        return
    leaves = "leave" in clause.kinds
    away = (clause.is_busy or (reason and "enter" not in clause.kinds)) and not clause.is_asked and not leaves
    brief = sum(token.kind == "word" for token in clause.tokens) <= _FEW
    explains = reason and leaves and bool(found)  # "before lunch, since I leave at noon" still means before lunch
    rank = 0 if explains else 3 if "better" in clause.kinds else 2 if clause.is_call else 0
    wishes = clause.is_asked or brief or leaves or clause.opened_by == "therefore" or bool(way)
    rank = max(rank, not explains and wishes)
    denied = refused or _denied(clause.tokens)
    intervals = [*_intervals(clause.tokens, way)]
    ranges = any(first < last for first, last, _ in intervals) and "or" not in clause.kinds
    for first, last, (start, end) in intervals:
        if ranges and end - start == _MOMENT:  # "I leave the children at nine, and from ten to twelve I am free"
            continue
        no = denied or _is_refused(clause.tokens[:first], clause.tokens[last + 1 :])
        if (no or away) and clause.is_of_a_weekday:  # of the other days it says nothing
            continue
        yield Window(start, end, wanted=not (no or away), rank=max(rank, no or clause.is_busy))


def _denied(clause: list[TimeToken]) -> bool:
    """Whether the clause refuses a call: "no hi truqueu pel matí", "I can't do mornings"."""
    kinds = [token.kind for token in clause]
    return any(
        kind == "not"
        and (kinds[max(0, at - 1)] != "already" or "from" in kinds[:at])
        and (
            {"call", "free", "device"} & set(kinds[at + 1 : at + 4]) or clause[at].text in ("can't", "cannot", "don't")
        )
        for at, kind in enumerate(kinds)
    )


def _is_refused(left: list[TimeToken], right: list[TimeToken]) -> bool:
    """Whether "no" or "except" stands right before or after a time; "not … until" refuses what is before."""
    before = [token.kind for token in left if token.kind not in SKIPPED]
    after = [token.kind for token in right if token.kind != "function"]
    until = before[-1:] == ["until"] and "not" in [token.kind for token in left[-_NEAR:]]
    beside = [kind for kind in before if kind not in ("from", "until", "between")][-1:]
    return "except" in before or beside == ["not"] or after[:1] == ["not"] or until


def _intervals(clause: list[TimeToken], way: str) -> Iterator[tuple[int, int, Interval]]:
    """Yield (places of its first and last token, interval) of each time in the clause. `way`: from | until | '' as the
    clause before leaves it."""
    named = any(token.kind == "clock" for token in clause)
    at = 0
    while at < len(clause):
        token = clause[at]
        if token.kind in WAYS:
            way = WAYS[token.kind] if token.kind not in ("leave", "enter") or not way else way
        elif token.kind == "phone":
            way = ""  # "I am here until Sunday, 600 …, in the afternoon"
        elif token.kind == "clock" or (token.kind == "noon" and way == "between"):
            until = time_words.part_end(token) if way else _DAY
            way = _way_after(clause, at, way)
            other = _range_end(clause, at, way)
            if other:
                yield at, other, _range(token.start, clause[other].start)
                at = other
            elif way != "between":
                yield at, at, _bounded(token.start, token.start + _MOMENT, way, until=until)
            way = ""
        elif token.kind in PARTS and (way or token.kind in _ALONE) and not (named and _is_a_meal(clause, at)):
            yield at, at, _bounded(token.start, token.end, _way_after(clause, at, way), after=token.kind in _MEALS)
            way = ""
        at += 1


def _way_after(clause: list[TimeToken], at: int, way: str) -> str:
    """The way that follows a time, if none leads it: "at two I go to work" ends there, "from noon onwards" begins
    there, and so does "at four I am home by then". "From three on I go to work" ends there too."""
    after = [token.kind for token in clause[at + 1 :] if token.kind not in ("function", "article")]
    if way and (way, *after[:1]) != ("from", "enter"):
        return way
    if after[:1] == ["already"] or ("already", "not") in pairwise(after):
        said = [kind for kind in after if kind in _STATES]
        return _STATES[said[0]] if said else ""
    return _AFTER.get(after[0], "") if after else ""


def _is_a_meal(clause: list[TimeToken], at: int) -> bool:
    """Whether it names a meal, and no time as "after lunch" and "hora de dinar" do: "I stop to eat at one"."""
    is_time = clause[at - 1].kind in ("from", "until") or clause[at].text.startswith("hora")
    return clause[at].kind in _MEALS and not is_time


def _range_end(clause: list[TimeToken], at: int, way: str) -> int:
    """Return the place of the time that ends the range which begins at `at`, 0 = it is no range."""
    to = clause[at + 1] if at + 1 < len(clause) else TimeToken("", "")
    joins = to.kind == "until" or (to.kind == "to" and (way == "between" or to.text not in ("i", "y", "and", "et")))
    for other in range(at + 2, min(at + 5, len(clause))):
        if clause[other].kind in ("clock", "noon"):
            return other if joins else 0
        if clause[other].kind not in ("article", "to", "until") and clause[other].text != "la":
            return 0
    return 0


def _range(start: int, end: int) -> Interval:
    """ "de 5 a 8" ends twelve hours later than it says; "de 6 a 14" begins twelve hours before what time_words makes of
    six."""
    if start >= end >= 12 * 60:
        return start - 12 * 60, end
    return start, end if end > start else min(end + 12 * 60, _DAY)


def _bounded(start: int, end: int, way: str, after: bool = False, until: int = _DAY) -> Interval:
    """`until`: the end of the part of the day that the time names ("from eleven in the morning")."""
    if way == "from":
        return (end if after else start), until
    if way == "until":
        return 0, start if start > _OPENS else start + 12 * 60
    return start, end


# --- Call back -------------------------------------------------------------------------------------------------------
# Where and when the writer of a message can be called (R26): the telephone, of the text or else of the signature, and
# the time.

_ANY_TIME = CallTime("any")


def find_call(text: str, lines: Iterable[str], signature: str = "", own: str = "") -> Callback | None:
    """Return the number to call and the time, None if neither is named. All is folded by features.fold.

    `text`: subject and new text, its number words digits; `lines`: the same as lines; `own`: the office's telephone,
    which never counts.
    """
    number = phones.phone(text, own) or phones.phone(phones.in_digits(signature), own)
    sentences = near(lines)
    wish = find_slot(sentences)
    if not number and wish == _ANY_TIME:
        return None
    return Callback(phone=number or None, **wish._asdict(), said=_said_of_the_call(sentences) if number else "")


def _said_of_the_call(sentences: Iterable[Sentence]) -> str:
    """The clauses that ask for the call or name its day alone, as far as a day may stand in them: no denial, no
    exception, no reason, no problem, no week, and not until when the writer is away."""
    return " . ".join(
        " ".join(map(_without_morning, _before_what_it_is_about(clause))).replace(" / ", "/").replace(" - ", "-")
        for sentence in sentences
        if sentence.may_name_a_day
        for clause in sentence.clauses
        if clause.kinds.isdisjoint({"not", "busy", "except", "week"})
        and not clause.is_of_the_problem
        and not _is_until_a_day(clause)
        and (clause.opened_by != "because" or clause.is_asked)
        and ((sentence.asked and clause.kinds & {"call", "phone"}) or _is_a_day_alone(clause, sentence.asked))
    )


def _is_a_day_alone(clause: Clause, asked: bool) -> bool:
    """Whether it may be a day and no statement: "demà mateix", "demà a la tarda estic lliure", not "demà tinc judici"
    nor "demà vindré a l'oficina"."""
    is_brief = sum(token.kind == "word" for token in clause.tokens) <= _FEW
    tells = not clause.kinds.isdisjoint({"better", *_NAMED}) or (asked and len(clause.tokens) <= _BRIEF)
    return is_brief and tells and clause.kinds.isdisjoint({"leave", "enter", "place"})


def _before_what_it_is_about(clause: Clause) -> Iterator[str]:
    """A day behind an appointment or a term is that of it: "truqueu-me per la cita de demà", "… per donar-me hora per
    demà". Of two days the first is as good as the other."""
    ends = [token.text == "hora" or (token.kind in ("deadline", "or") and token.text != "/") for token in clause.tokens]
    return (token.text for token in clause.tokens[: [*ends, True].index(True)])


def _without_morning(text: str) -> str:
    """Spanish "mañana" alone is tomorrow; in a longer term it is the morning ("a media mañana", "mañana o tarde")."""
    return text if text in ("manana", "pasado manana") else " ".join(word for word in text.split() if word != "manana")


def _is_until_a_day(clause: Clause) -> bool:
    """Whether something lasts until what is no time of a day: "soc fora fins dilluns"."""
    kinds = [token.kind for token in clause.tokens if token.kind not in ("article", "function", "to")]
    return any(kind == "until" and after not in ("clock", *PARTS) for kind, after in pairwise([*kinds, ""]))


def other_time(lines: Iterable[str]) -> CallTime | None:
    """Return the time that a text of few sentences wishes, and not that of the day it tells of ("millor a la tarda"),
    if it is less than the whole day; what it is the time of, only the case tells (core/callbacks.py). `lines`: the new
    text, folded, its number words digits."""
    windows = [
        window
        for sentence in every(lines)
        if sentence.may_tell
        for window in _windows(sentence)
        if window.rank and (window.wanted or not _OF_A_CALL.isdisjoint(token.kind for token in sentence.tokens))
    ]
    wish = _time(windows) if windows else None
    return wish if wish and (wish.slot != "any" or wish.hours) else None
