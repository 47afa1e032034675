"""A citizen's case as its handlers pass it on: the request, its recipient and language, the mails about its progress,
and what an agent corrected. It never decides what follows from a message, and writes no text of a mail.
"""

import re
from collections.abc import Mapping
from datetime import date, datetime, time
from functools import cached_property
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from oacmail.core import calendar, derivation, tokens
from oacmail.core.effects import AuditEvent, Effect, Send, StartDeadline
from oacmail.core.kinds import MailKind
from oacmail.core.model import Classification, Intent, Message, Status, regex
from oacmail.core.policy import Office, Policy
from oacmail.core.view import AgreedCall, CaseView, View

# --- Request ---------------------------------------------------------------------------------------------------------


class CitizenRequest(Struct, frozen=True, kw_only=True, dict=True):
    """`author`: the address of the person who asks; `forced`: an agent says that it is a request. `now` and
    `received_at` are aware."""

    policy: Policy
    view: View
    message: Message
    received_at: datetime
    now: datetime
    reading: Classification
    author: str
    forced: bool

    @property
    def name(self) -> str:
        """The author's display name; '' for a form, whose From carries the name of the form."""
        return self.message.name if self.author == self.message.sender else ""

    @cached_property
    def asked_at(self) -> datetime:
        """The time that counts as its arrival (R18)."""
        return calendar.clock_start(self.received_at, self.message.sent_at, self.policy)

    @cached_property
    def due_at(self) -> datetime:
        """The time by which the author is answered, or called: on the due day, at the end of the slot (R27); a request
        of data-protection rights, within the month (GDPR art. 12.3)."""
        wish = self.reading.callback
        if self.reading.intent == Intent.DATA_RIGHTS or wish is None:
            return calendar.due_by_intent(self.asked_at, str(self.reading.intent), self.policy)
        return calendar.call_due(self.asked_at, wish.slot, self.policy)

    def ends_on(self, known: date | None = None) -> date | None:
        """When the author's term ends (R32): the earlier of the day that the message names and the one that the case
        has `known`, of those that had not passed; None = there is none."""
        arrived_on = calendar.local_day(self.received_at, self.policy)
        return derivation.soonest(self.reading.ends_on, known, today=arrived_on)

    def ends_hour(self, ends_on: date | None, case: CaseView | None = None) -> time | None:
        """The hour at which a term ends on this day: as the message names it, else as the `case` has it."""
        if ends_on is None:
            return None
        written_on = calendar.written_on(self.received_at, self.message.sent_at, self.policy)
        named = derivation.ends_hour(self.message.features, written_on, ends_on)
        return named or (case.term.ends_hour if case is not None and case.term.ends_on == ends_on else None)

    def other_term(self, case: CaseView) -> tuple[date, time | None] | None:
        """The day, the first or a sooner one, and the hour at which the author's term ends by this message; None = as
        the case has it."""
        ends_on = self.ends_on(case.term.ends_on)
        ends_hour = self.ends_hour(ends_on, case)
        same = (ends_on, ends_hour) == (case.term.ends_on, case.term.ends_hour)
        return None if ends_on is None or same else (ends_on, ends_hour)

    def is_urgent(self, ends_on: date | None) -> bool:
        """Whether a term that ends on this day makes the case urgent now."""
        return derivation.is_near(ends_on, calendar.local_day(self.now, self.policy))


# --- Citizen mail ----------------------------------------------------------------------------------------------------
# An agent must order the first notice (R22, template C); only a citizen who holds it gets the later ones
# (docs/requirements.md section 6, N).

PASSED_ON, PROGRESS = MailKind.PASSED_ON, MailKind.PROGRESS
CALL_TOLD = "call-told"  # the event


def is_told(case: CaseView) -> bool:
    """Whether the citizen knows that the case was passed on, by the notice or by an agent's own words."""
    return case.status is Status.DERIVED and (has_notice(case) or case.services.told_at is not None)


def has_notice(case: CaseView) -> bool:
    """Whether the citizen has the notice that the case was passed on, with the day of the next news."""
    return case.status is Status.DERIVED and PASSED_ON in case.sent.kinds


def passed_on(policy: Policy, case: CaseView, *, key: str, cause: str, now: datetime) -> tuple[Effect, ...]:
    """The derivation notice and the deadline of the first update that it promises. `key` names the order; `cause`: what
    a person has found, '' = nobody has said anything of it, so that nothing is blamed."""
    day, today = followup_day(policy, now), calendar.local_day(now, policy)
    facts: dict[str, object] = {
        "cause": cause,
        "followup": day,
        "ends_on": derivation.soonest(case.term.ends_on, today=today),
    }
    return (
        *last_notice(policy, case, PASSED_ON, key=f"{PASSED_ON}:{key}", facts=facts, now=now),
        update_by(policy, case, key=key, level=0, day=day, at=now),
    )


def promised_by_answer(policy: Policy, case: CaseView, *, key: str, at: datetime) -> tuple[Effect, ...]:
    """The deadline of the first update, if an agent tells the citizen in their own words that the case was passed on
    and none runs. `key` names the answer."""
    if case.running("update"):
        return ()
    return (update_by(policy, case, key=key, level=0, day=followup_day(policy, at), at=at),)


def progress(policy: Policy, case: CaseView, *, key: str, level: int, now: datetime) -> tuple[Effect, ...]:
    """The update that is due today and the deadline of the next one. While the notice that promised it is held, the
    deadline alone."""
    day, today = followup_day(policy, now), calendar.local_day(now, policy)
    if (
        case.services.expected_on is not None and case.services.expected_on >= day
    ):  # the day by which the services expect to solve it
        day = calendar.next_working_day(case.services.expected_on, policy.workdays)
    nudged = case.services.nudged_at is not None and calendar.local_day(case.services.nudged_at, policy) == today
    facts: dict[str, object] = {"followup": day, "nudged": nudged}
    if case.services.expected_on is not None and case.services.expected_on >= today:
        facts["expected_on"] = case.services.expected_on
    news = notice(policy, case, PROGRESS, key=f"{PROGRESS}:{key}:{level}", facts=facts, now=now)
    again = update_by(policy, case, key=key, level=level + 1, day=day, at=now)
    return (news, again) if is_told(case) else (again,)


def followup_day(policy: Policy, now: datetime) -> date:
    """The local day by which the citizen gets the next update (R31)."""
    return calendar.working_day_after(now, policy.escalation.update_days, policy)


def update_by(policy: Policy, case: CaseView, *, key: str, level: int, day: date, at: datetime) -> StartDeadline:
    """Due while there is still time to write on the promised day, and after the morning's digest has reminded the desk,
    who may have better news."""
    closing = calendar.closing_of(day, policy)
    due = calendar.service_hours_before(closing, policy.deadlines.remind_hours or 1, policy)
    return StartDeadline(started_by=key, kind="update", case=case.number, started_at=at, due_at=due, level=level)


def notice(
    policy: Policy, case: CaseView, kind: MailKind, *, key: str, facts: dict[str, object], now: datetime
) -> Send:
    """A mail to the citizen, in reply to the message that opened the case."""
    return Send(
        key=key,
        kind=kind,
        lang=language_of_case(policy, case),
        recipient=case.citizen,
        case=case.number,
        token=tokens.case_token(policy, case.number),
        facts=facts,
        in_reply_to=case.messages.first_message_id,
        refs=(case.messages.first_message_id,) if case.messages.first_message_id else (),
        automatic="auto-replied" if kind == PASSED_ON else "auto-generated",
        release=now,
    )


def last_notice(
    policy: Policy, case: CaseView, kind: MailKind, *, key: str, facts: dict[str, object], now: datetime
) -> tuple[Effect, ...]:
    """As `notice`, where nobody calls any more: an agreed call whose slot is not over is cancelled in the person's
    calendar."""
    call = case.call.agreed
    if call is None or call.cancelled or call.ends <= now:
        return (notice(policy, case, kind, key=key, facts=facts, now=now),)
    call = replace(call, sequence=call.sequence + 1, cancelled=True)
    return (
        notice(policy, case, kind, key=key, facts={**facts, "call": call}, now=now),
        call_told(case.number, call),
    )


def call_told(number: str, call: AgreedCall) -> AuditEvent:
    """The event by which the case has the call as its person, or an agent, was told (store/cases.py)."""
    return AuditEvent(
        kind=CALL_TOLD,
        case=number,
        data={
            "begins": call.begins.isoformat(),
            "ends": call.ends.isoformat(),
            "hours": " ".join(f"{start}-{end}" for start, end in call.hours),
            "sequence": call.sequence,
            "cancelled": int(call.cancelled),
            "agent": call.agent,
        },
    )


# --- Recipient -------------------------------------------------------------------------------------------------------
# Which addresses can be written to as citizens, and in which language.

# An address that every relay takes (RFC 5321 sections 4.1.2 and 4.5.3.1, dot-string) and no client decodes (RFC 2047).
# A person answers a message from an address beyond ASCII.
_ADDRESS = regex(r"(?=.{3,254}\Z)(?!.*=\?)[!#-'*+/-9=?A-Z^-~.-]{1,64}@[A-Za-z0-9.-]{1,253}", re.ASCII)


_NOWHERE = "@invalid"  # RFC 2606 section 2; who was forgotten has such an address (store/erase.py)


def is_deliverable(address: str) -> bool:
    """Whether a relay accepts the address as it stands, and somebody gets the mail."""
    return _ADDRESS.fullmatch(address) is not None and not address.endswith(_NOWHERE)


def is_ours(policy: Policy, address: str) -> bool:
    """Whether it is an address of the office or of its staff, to which no mail for citizens goes."""
    return policy.office.is_own(address) or address in policy.people.staff


def masked(address: str) -> str:
    """Enough for a colleague to recognise it: `an…@example.org`."""
    local, _, domain = address.rpartition("@")
    return f"{local[:2]}…@{domain}"


def can_be_reached(policy: Policy, address: str) -> bool:
    """Whether a mail for citizens can go there."""
    return is_deliverable(address) and not is_ours(policy, address)


def can_be_told(policy: Policy, case: CaseView) -> bool:
    """Whether an automatic mail can go to the citizen of this case."""
    return can_be_reached(policy, case.citizen)


def language_of_case(policy: Policy, case: CaseView) -> str:
    """The language of mails on this case, from what was read when the case was opened or has been corrected since."""
    return choose_language(policy.office, case.wish, case.lang, "en")


def choose_language(office: Office, wish: str | None, read: str, second: str) -> str:
    """`ca`, `es`, `en`, or two as `ca+es`. `wish`: the language that the person asked for; `read`: the language of the
    message; `second`: the language that follows the first below where the office does not write `read`."""
    if wish in office.languages:
        return wish
    if office.language_policy == "catalan_first":
        return office.languages[0]
    first = office.languages[0]
    both = f"{first}+{second}" if second in office.languages and second != first else first
    return read if read in office.languages else both


# --- Corrections -----------------------------------------------------------------------------------------------------
# What an agent says of the classification of a case: a correction, or what it was already. Both are examples to learn
# from, and no message changes a level that an agent has said. The report counts corrections alone (I14).

CORRECTED_COLUMN: dict[str, Literal["kind", "topic", "level", "intent", "lang"]] = {
    "kind": "kind",
    "topic": "topic",
    "level": "level",
    "intent": "intent",
    "language": "lang",
}
CORRECTED, CONFIRMED = "corrected", "confirmed"  # the events


def said_by_hand(case: CaseView, fields: Mapping[str, str]) -> tuple[Effect, ...]:
    """Events for what differs from the case, and for what does not. The kind of a case is not known here: whoever says
    it corrects it."""
    same = {name: value for name, value in fields.items() if getattr(case, CORRECTED_COLUMN[name], None) == value}
    other = {name: value for name, value in fields.items() if name not in same}
    return tuple(
        AuditEvent(kind=kind, case=case.number, data=said)
        for kind, said in ((CORRECTED, other), (CONFIRMED, same))
        if said
    )
