"""What mail/understanding finds in a message for core/routing to judge: names, scores and their evidence.

Values only, frozen; nothing here reads text or decides.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import time
from types import MappingProxyType
from typing import Literal, NamedTuple

Slot = Literal["morning", "afternoon", "any"]
"""When somebody wants to be called."""
Hours = tuple[int, int]
"""From and until, in minutes of the office's day, within the hours of calls; the same twice: at about that time."""


class CallTime(NamedTuple):
    """When somebody wants to be called. `hours`: what of the slot was named, () = all of it; `outside`: at an hour
    without calls, `slot` is the nearest to it."""

    slot: Slot
    hours: tuple[Hours, ...] = ()
    outside: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Callback:
    """A wish to be called: `phone` in E.164, None = a time is named and no telephone. The rest as in `CallTime`."""

    phone: str | None = None
    slot: Slot = "any"
    hours: tuple[Hours, ...] = ()
    outside: bool = False


WORDED = "kind by words"


class Platform(NamedTuple):
    """A platform that the message names, by its own name. `weight`: how often; the subject counts double."""

    operator: str
    name: str
    weight: float


class TownWord(NamedTuple):
    """A word of the configuration's [[topic]] and how often the message has it."""

    topic: str
    level: str
    word: str
    times: int


@dataclass(frozen=True, slots=True, kw_only=True)
class EndDay:
    """The day on which a term ends, as the message names it; one of the three is set. `in_days`: from the message's own
    date; `weekday`: 0 = Monday; `month_day`: (month, day), which may be no day of the calendar, in the `year` if the
    message names one; month 0: none was named. `hour`: local, None = none was named; time.max stands for 24:00."""

    in_days: int | None = None
    weekday: int | None = None
    month_day: tuple[int, int] | None = None
    year: int | None = None
    hour: time | None = None


class VoteWords(NamedTuple):
    """How a reply answers "from 1 to 5?". `score`: 1 to 5, 0 = no such number; `unclear`: it gives a mark, but not
    which of the five. `beside`: what else it says: nothing, thanks or praise, words that may complain but ask nothing,
    or a request (`asks`)."""

    score: int
    unclear: bool
    beside: Literal["", "thanks", "words", "asks"]


class Evidence(NamedTuple):
    """What speaks for a verdict: `words` of the writer, and their `part` of its log-probability."""

    field: str
    verdict: str
    words: str
    part: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Features:
    """What the classifier and the rules go by; mail/understanding computes each, core/routing judges.

    Named in it: `platforms`; `end_days` of terms; `addresses` after a label such as "E-mail:"; `callback`: the
    telephone and the time of a call; `other_time`: in a brief reply, the time that it wishes; `town`: the office's
    town, folded, '' = not named; `town_words` of [[topic]].
    Of the text: words of asking, waiting or trouble (`asks`), words of thanks or with which people end a matter
    (`closes`; of a new message, under no subject or one that does so too), no word beside those and greetings
    (`adds_nothing`), a question, a denial or a turn (`goes_on`), waiting, a loss or blame (`complains`); `of_paper`: it
    speaks of a document or form rather than of a platform; `repeats_us`: it has our acknowledgement's own sentences;
    `names_attachment`; `still_fails`: it says that something still does not work; `language_wish`: ca | es | en, '' =
    none; `subject_says`: automatic | receipt | ''; `names_absence`: it has a word of absence or of automatic mail;
    `vote`: of a reply, as an answer to a survey.
    Of a machine's mail alone: `form_fields` out of name, address, phone, text; `subject_form`: it names a web form;
    `call_form`: it has the words of the call-back form.
    `scores`: field (kind, topic, level, intent) -> verdict -> probability; empty = not scored; of a machine's mail also
    `WORDED`: the kind by the words alone, whatever its header fields say. `evidence` for the
    likeliest verdict of each field, loudest first.
    """

    platforms: tuple[Platform, ...] = ()
    end_days: tuple[EndDay, ...] = ()
    addresses: tuple[str, ...] = ()
    callback: Callback | None = None
    other_time: CallTime | None = None
    town: str = ""
    town_words: tuple[TownWord, ...] = ()
    asks: bool = False
    closes: bool = False
    adds_nothing: bool = False
    goes_on: bool = False
    complains: bool = False
    of_paper: bool = False
    repeats_us: bool = False
    names_attachment: bool = False
    still_fails: bool = False
    language_wish: str = ""
    subject_says: str = ""
    names_absence: bool = False
    vote: VoteWords | None = None
    form_fields: frozenset[str] = frozenset()
    subject_form: bool = False
    call_form: bool = False
    scores: Mapping[str, Mapping[str, float]] = field(default_factory=lambda: MappingProxyType({}))
    evidence: tuple[Evidence, ...] = ()


NO_FEATURES = Features()
