"""What is known of a second-level matter: platform and operator, cause, the end of a term, the topic that an agent
names.

It never decides whether a message is second level (core/classification.py) nor what is sent.
"""

import re
from collections.abc import Mapping
from datetime import date, time, timedelta
from typing import Literal

from oacmail.core.model import EndDay, Features, Platform, Topic
from oacmail.core.order_words import folded

# --- Derivation ------------------------------------------------------------------------------------------------------
# What the technical services get with a second-level message. Two causes: R11; operators: docs/requirements.md section
# 3; a term that ends within two days: R32.

Cause = Literal["platform", "document_or_form"]

OPERATORS = ("town", "aoc", "generalitat", "age", "orgt")
NEAR = timedelta(days=2)
"""How long before a person's own term ends their case is urgent (R32)."""
TERM_ENDS = "a term ends on "
"""Before the day, among the reasons of a message that names one; by them a split knows it (core/orders/actions.py)."""
_KNOWN = timedelta(days=60)  # what is named further ahead is more likely misread than a term


def operator(features: Features, own: str = "town") -> str:
    """The operator whose platforms the message names most; `own` at a draw or if none is named.

    `own`: who runs the town's platforms in this matter: "town", or "orgt" for taxes where it collects them.
    """
    most = max(OPERATORS, key=lambda name: sum(named.weight for named in _of(features, name)))
    return own if most == "town" else most


def platform(features: Features, operator: str) -> str:
    """The name of the operator's platform that the message names most; '' = none."""
    most = max(_of(features, operator), key=lambda named: named.weight, default=None)
    return most.name if most else ""


def _of(features: Features, operator: str) -> list[Platform]:
    return [named for named in features.platforms if named.operator == operator]


def cause(features: Features) -> Cause:
    """`document_or_form` if the message speaks of these more than of a platform."""
    return "document_or_form" if features.of_paper else "platform"


def is_near(ends_on: date | None, today: date) -> bool:
    """Whether a term that ends on this day makes its case urgent today; None = there is none."""
    return ends_on is not None and today <= ends_on <= today + NEAR


def soonest(*ends: date | None, today: date) -> date | None:
    """The earliest of these days on which a term ends that have not passed; None = there is none."""
    return min((day for day in ends if day is not None and day >= today), default=None)


def ends_on(features: Features, written_on: date) -> date | None:
    """The first day on which a term ends that a message of this day names; None = none within 60 days."""
    return min((day for end in features.end_days if (day := _day(end, written_on))), default=None)


def ends_hour(features: Features, written_on: date, ends_on: date) -> time | None:
    """The first hour at which a term ends on this day, by a message of `written_on`; None = it names none."""
    hours = (end.hour for end in features.end_days if end.hour is not None and _day(end, written_on) == ends_on)
    return min(hours, default=None)


def hour_text(hour: time | None) -> str | None:
    """As a column holds it: "14:00"; "24:00" is the end of the day."""
    return None if hour is None else "24:00" if hour == time.max else f"{hour:%H:%M}"


def hour_of(text: str | None) -> time | None:
    """The hour in a column."""
    if text is None or text == "24:00":
        return time.max if text else None
    hour, minute = map(int, text.split(":"))
    return time(hour, minute)


def _day(end: EndDay, written_on: date) -> date | None:
    """The day that is meant, if it has not passed and is not far ahead."""
    ahead = (written_on + timedelta(days=days) for days in range(_KNOWN.days + 1))
    if end.in_days is not None:
        return written_on + timedelta(days=end.in_days)
    if end.weekday is not None:
        return next(day for day in ahead if day.weekday() == end.weekday)
    same = (day for day in ahead if end.month_day in ((day.month, day.day), (0, day.day)))
    return next((day for day in same if end.year in (None, day.year)), None)


# --- Topic names -----------------------------------------------------------------------------------------------------
# The topic that an agent names: by its own name, a common word for it, or its label in our mails. It never guesses
# between two topics.

_NAMES: Mapping[Topic, str] = {
    Topic.CERTIFICATE: "certificat certificats certificado certificados certificates",
    Topic.APPLICATION: "instancia instancies instancias solicitud solicituds solicitudes applications",
    Topic.GRANT: "subvencio subvencions subvencion subvenciones ajut ajuts ayuda ayudas beca beques becas grants",
    Topic.PROCUREMENT: "contractacio contratacion licitacio licitacions licitacion licitaciones tender tenders",
    Topic.NOTIFICATION: "notificacio notificacions notificacion notificaciones notifications",
    Topic.ENROLMENT: "inscripcio inscripcions inscripcion inscripciones enrolments enrollment",
    Topic.FOLDER: "carpeta padro padron",
    Topic.PAYMENT: "pagament pagaments pago pagos tribut tributs tributo tributos payments tax taxes",
    Topic.APPOINTMENT: "cita cites citas appointments",
    Topic.OTHER: "altres otros otras",
}
_TOPICS: Mapping[str, Topic] = {word: topic for topic, words in _NAMES.items() for word in (topic, *words.split())}


def topic_named(text: str) -> str:
    """The topic that the words of `text` name; the text itself in lower case if they name none, or more than one."""
    wanted = folded(text)
    found = {_TOPICS[word] for word in re.findall(r"\w+", wanted) if word in _TOPICS}
    return found.pop() if len(found) == 1 else wanted
