"""Check that nothing told to a citizen contradicts the case: each mail is read from its bytes at the moment it leaves.

What it says (case number, day of the answer, call, term, "today", hours, telephone, who has it, a cause) is compared
with the case as the database has it then, and with the simulation's own calendar and ground truth. The sentences are
known here by their words in the three languages, not from the templates. Nothing is compared while the clock is wrong,
nor for some days after it was or after a restore of the database.
"""

import re
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from email import message_from_bytes, policy

from oacmail.core.ports import Outgoing
from testbed.messages import text_of
from testbed.sim.expected_due import ExpectedDue, require
from testbed.sim.notice_checks import RESTORED_BEFORE
from testbed.sim.town import SimulatedTown

CONTRADICTS = "nothing told to a citizen contradicts the case"
_MOMENT = timedelta(seconds=1)
_WEEKDAYS = (
    "dilluns dimarts dimecres dijous divendres dissabte diumenge",
    "lunes martes miércoles jueves viernes sábado domingo",
    "Monday Tuesday Wednesday Thursday Friday Saturday Sunday",
)
_MONTHS = (
    "gener febrer març abril maig juny juliol agost setembre octubre novembre desembre",
    "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
    "January February March April May June July August September October November December",
)
_WEEKDAY = {word: number for words in _WEEKDAYS for number, word in enumerate(words.split())}
_MONTH = {word: number for words in _MONTHS for number, word in enumerate(words.split(), 1)}
_DAY = rf"(?:el |on )?({'|'.join(_WEEKDAY)}) (\d{{1,2}}) (?:de |d')?({'|'.join(_MONTH)})"
_HOUR = r"(?: (?:a les|a la|a las|at) ([\d.:]+(?: [ap]m| h)?|noon|midnight))?"
_HOURS = {"morning": ("8", "14"), "afternoon": ("14", "20"), "any": ("8", "20")}
_NUMBER = re.compile(r"\b[A-Z]+-\d{4}-\d{6}\b")
_PHONE = re.compile(r"(?<!\d)(?:[689]\d{2} \d{3} \d{3}|[689]\d{8})(?!\d)")
_TODAY = re.compile(r"\b(?:avui|hoy|today)\b(?<!from today)", re.IGNORECASE)
_OUTSIDE = re.compile(r"fora d'horari|fuera de horario|outside opening hours")
_ASKED_AGAIN = re.compile(r"l'hem tornat a reclamar|la hemos vuelto a reclamar|for it again")
_RESPONSIBLE = re.compile(r"a la persona responsable|to the service manager")
_UNIT = re.compile(r"a la unitat responsable|a la unidad responsable|to the responsible unit")
_PLATFORM = re.compile(r"la plataforma no funciona bé|la plataforma no funciona bien|platform is not working")
_FORM = re.compile(r"error al document|error en el documento|error in the document")
_SO_OFTEN = re.compile(r"\d+ (?:vegades|veces|times)\b")
_CALLS = re.compile(rf"(?:Us trucarem|Le llamaremos|We will call you) {_DAY},? ([^.]*)\.")


def _with_day(*sentences: str) -> re.Pattern[str]:
    return re.compile(f"(?:{'|'.join(sentences)}){_DAY}")


_ANSWER_BY = _with_day("respondrem com a molt tard ", "responderemos como muy tarde ", "will (?:reply|answer) by ")
_ENDS_ON = re.compile(
    rf"(?:El vostre termini(?: s'acaba|,)|Su plazo(?: termina|,)|Your deadline(?: ends|,)) {_DAY}{_HOUR}"
)
_NEWS_BY = _with_day("escriure com a molt tard ", "escribirle como muy tarde ", "write again by ")
_FORESEEN = _with_day("la previsió és ", "la previsión es ", "expect it ")
_UNTIL = _with_day("responeu fins ", "responda hasta ", "continues, reply by ")


@dataclass(frozen=True, slots=True)
class Told:
    """A mail as it left. `case`: its row in the database; `answers`: a Message-ID; `written_at`: when it was free to
    leave, without what the relay has put off."""

    kind: str
    recipient: str
    number: str
    case: sqlite3.Row
    words: str
    answers: str
    written_at: datetime


@dataclass(slots=True)
class ToldChecks:
    """`found`: contradictions that nobody has reported yet; a check inside a delivery must not disturb it."""

    town: SimulatedTown
    expected: ExpectedDue
    found: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.town.relay.at_delivery = self.leaves

    def after_a_step(self) -> None:
        require(not self.found, CONTRADICTS, lambda: self.found[0])

    def leaves(self, mail: Outgoing) -> None:
        people, office = self.town.policy.people, self.town.policy.office
        if mail.recipient in people.staff or mail.recipient in office.own or not self._comparable():
            return
        read = message_from_bytes(mail.mime, policy=policy.default)
        if read["X-Oacmail-Kind"] == "relayed":
            return
        words = " ".join(text_of(read).split())
        number = str(read["X-Oacmail-Case"])
        row = self.town.database.case(number)
        queued = self.town.database.released_at(mail.key)
        named = {*_NUMBER.findall(words), *_NUMBER.findall(str(read["Subject"]))}
        if row is None or queued is None or named - {number}:
            self.found.append(f"{read['X-Oacmail-Kind']} of {number} names {sorted(named)}")
            return
        kind, answers = str(read["X-Oacmail-Kind"]), str(read["In-Reply-To"] or "")
        told = Told(kind, mail.recipient, number, row, words, answers, queued)
        self.found += [f"{told.kind} of {number} says {what}" for what in self._untrue(told)]

    def _comparable(self) -> bool:
        town, now = self.town, self.town.clock.true()
        wrong = [town.restored_at, *(ends for _, ends in town.skews)]
        return not town.clock.skew and all(one is None or now - one >= RESTORED_BEFORE for one in wrong)

    def _untrue(self, told: Told) -> Iterator[str]:
        """What it says and the case does not."""
        for sentence, holds in _CLAIMS:
            for found in sentence.finditer(told.words):
                if not holds(self, told, found):
                    yield f"“{found[0]}”"
        for said in _TODAY.findall(told.words):
            yield f"“{said}”, which is another day if the relay puts the mail off"

    # --- claims -----------------------------------------------------------------------------------

    def _answer_by(self, told: Told, found: re.Match[str]) -> bool:
        """A deadline of the case ends on that day, and the promise of something that this person wrote. Who is told
        only after that is told the next working day."""
        told_on = self._told_on(told)
        dues = self.town.database.due(told.case["id"], "answer")
        promised = {due for message in self.town.truth.of(told.recipient) for due in self.expected.dues(message)}
        borne_out = {due for due in promised if due in dues}
        days = {
            self._day_of(due) if due > told.written_at else self.expected.worked_after(told_on) for due in borne_out
        }
        return _named(found, told.written_at) in days

    def _calls_on(self, told: Told, found: re.Match[str]) -> bool:
        """On a working day that has not passed and no later than the answer is due, in the hours of the slot, at the
        number of the case. Who was read when these hours of the last day were over is called on the next one."""
        day, piece, today = _named(found, told.written_at), found[4], self._told_on(told)
        dues = self.town.database.due(told.case["id"], "answer")
        latest = max((self._day_of(due) for due in dues), default=today)
        over = int(_HOURS[told.case["slot"] or "any"][1]) <= told.written_at.astimezone(self.town.zone).hour
        if latest < today or (latest == today and over):
            latest = self.expected.worked_after(today)
        phone = re.search(r"(\d{3})$", piece)
        if day is None or phone is None:
            return False
        hours = set(re.findall(r"\d+", piece[: phone.start()]))
        in_time = today <= day <= latest and self.expected.workdays.is_working_day(day)
        slots = [set(_HOURS[slot]) for slot in (_HOURS if told.case["slot"] in (None, "any") else [told.case["slot"]])]
        english = [{str((int(hour) - 1) % 12 + 1) for hour in slot} for slot in slots]
        return (
            in_time and str(told.case["phone"]).endswith(phone[1]) and any(slot <= hours for slot in (*slots, *english))
        )

    def _ends_on(self, told: Told, found: re.Match[str]) -> bool:
        day = _named(found, told.written_at)
        named = found[4] is None or _is_hour(found[4], told.case["ends_hour"])
        return day is not None and told.case["ends_on"] == day.isoformat() and named

    def _came_outside(self, told: Told, found: re.Match[str]) -> bool:
        message = self.town.truth.written.get(told.answers)
        return not all(self.expected.open_at(moment) for moment in (message.at if message else [told.written_at]))

    def _with_the_manager(self, told: Told, found: re.Match[str]) -> bool:
        return self._has_mail(told, "opinion")

    def _with_the_unit(self, told: Told, found: re.Match[str]) -> bool:
        return self._has_mail(told, "rights")

    def _has_mail(self, told: Told, kind: str) -> bool:
        return self.town.database.has_mail(told.case["id"], kind)

    def _blames_platform(self, told: Told, found: re.Match[str]) -> bool:
        return "platform" in self.town.truth.causes.get(told.number, ())

    def _blames_form(self, told: Told, found: re.Match[str]) -> bool:
        return "document_or_form" in self.town.truth.causes.get(told.number, ())

    def _asked_again(self, told: Told, found: re.Match[str]) -> bool:
        """A reminder to the services was written on the day of this mail."""
        day = self._told_on(told)
        return any(self._day_of(moment) == day for moment in self.town.database.written_at("nudge"))

    def _foreseen(self, told: Told, found: re.Match[str]) -> bool:
        day = _named(found, told.written_at)
        return day is not None and told.case["expected_on"] == day.isoformat()

    def _news_by(self, told: Told, found: re.Match[str]) -> bool:
        """An update is due on that day, a working day."""
        day = _named(found, told.written_at)
        dues = self.town.database.due(told.case["id"], "update")
        return (
            day is not None
            and self.expected.workdays.is_working_day(day)
            and day in {self._day_of(due) for due in dues}
        )

    def _until(self, told: Told, found: re.Match[str]) -> bool:
        day = _named(found, told.written_at)
        return day is not None and told.case["status"] == "closed" and day >= self._told_on(told)

    def _called_so_often(self, told: Told, found: re.Match[str]) -> bool:
        return int(found[0].split()[0]) <= self.town.database.calls_not_reached(told.case["id"])

    def _an_office_phone(self, told: Told, found: re.Match[str]) -> bool:
        office = self.town.config.office.phone
        known = {office, *(one.phone or "" for one in self.town.config.pointer)}
        return found[0].replace(" ", "") in {one.replace(" ", "") for one in known}

    # --- reading ----------------------------------------------------------------------------------

    def _told_on(self, told: Told) -> date:
        """The local day; a mail of midnight is of the day that begins."""
        return told.written_at.astimezone(self.town.zone).date()

    def _day_of(self, moment: datetime) -> date:
        """The local day; midnight ends the day before it."""
        return (moment - _MOMENT).astimezone(self.town.zone).date()


_CLAIMS: tuple[tuple[re.Pattern[str], Callable[[ToldChecks, Told, re.Match[str]], bool]], ...] = (
    (_ANSWER_BY, ToldChecks._answer_by),
    (_CALLS, ToldChecks._calls_on),
    (_ENDS_ON, ToldChecks._ends_on),
    (_OUTSIDE, ToldChecks._came_outside),
    (_RESPONSIBLE, ToldChecks._with_the_manager),
    (_UNIT, ToldChecks._with_the_unit),
    (_PLATFORM, ToldChecks._blames_platform),
    (_FORM, ToldChecks._blames_form),
    (_ASKED_AGAIN, ToldChecks._asked_again),
    (_FORESEEN, ToldChecks._foreseen),
    (_NEWS_BY, ToldChecks._news_by),
    (_UNTIL, ToldChecks._until),
    (_SO_OFTEN, ToldChecks._called_so_often),
    (_PHONE, ToldChecks._an_office_phone),
)
"""Sentence -> whether the case bears it out."""


def _named(found: re.Match[str], near: datetime) -> date | None:
    """The day nearest to that moment which these words name; None: there is none, as "Monday 31" of a Sunday."""
    weekday, day, month = _WEEKDAY[found[1]], int(found[2]), _MONTH[found[3]]
    years = (near.year, near.year + 1, near.year - 1)
    days = [date(year, month, day) for year in years if (month, day) != (2, 29) or year % 4 == 0]
    nearest = min(days, key=lambda one: abs(one - near.date()))
    return nearest if nearest.weekday() == weekday else None


def _is_hour(said: str | None, kept: str | None) -> bool:
    """Whether "14 h", "2 pm", "midnight" or no hour at all is what the case has."""
    if said is None or kept is None:
        return said is kept
    hour, minute = (int(part) for part in kept.split(":"))
    words = {f"{hour}.{minute:02} h" if minute else f"{hour} h"}
    minutes = f":{minute:02}" if minute else ""
    words.add(f"{(hour - 1) % 12 + 1}{minutes} {'am' if hour < 12 else 'pm'}")
    words |= {"noon"} if (hour, minute) == (12, 0) else {"midnight"} if hour in (0, 24) else set()
    return said in words
