"""What must be true at the end: pure functions of the world that was read back and of the story's own table.

Each expectation has a name that says what was to be; nothing is printed here, nothing is asked of anybody.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from oacmail.demo import story
from oacmail.demo.cast import DemoCitizen, StaffAction
from oacmail.demo.evidence import Evidence
from oacmail.demo.mailbox import DemoMail
from oacmail.demo.office import Row
from oacmail.demo.town import Silent

ACK_WITHIN = timedelta(seconds=10)  # a second is usual; a loaded machine may take some
DEEDS = tuple(deed for _, deeds in story.ACTS for deed in deeds)
_REVIEWED = ("suspected-spam", "from-our-address-unsigned")
_ERROR = re.compile(r'"level": ?"(?:error|critical)"')
_BY_MAIL = ("answer", "answer in copy")

Found = Iterator[tuple[str, object]]
Addresses = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Expectation:
    name: str
    met: bool


def judge(
    world: Evidence, citizens: Sequence[DemoCitizen] = story.CITIZENS, deeds: Sequence[StaffAction] = DEEDS
) -> list[Expectation]:
    """All expectations, met or not."""
    addresses = {citizen.name: citizen.address for citizen in citizens}
    found = [
        *((what, False) for what in world.undone),
        *(each for citizen in citizens for each in _citizen(world, citizen)),
        *(each for deed in deeds for each in _deed(world, deed, addresses)),
        *(each for silent in world.silent for each in _silent(world, silent, addresses)),
        *_overdue(world, citizens),
        *_untouched(world, deeds),
        *_mails(world),
        *_parser_config(world),
    ]
    return [Expectation(name, bool(met)) for name, met in found]


def errors(log: str) -> list[str]:
    """The lines of the daemon's log that speak of an error, and those that are no log lines: a traceback."""
    return [line for line in log.splitlines() if not line.startswith("{") or _ERROR.search(line)]


# --- citizens -----------------------------------------------------------------------------------------


def _citizen(world: Evidence, citizen: DemoCitizen) -> Found:
    who, end = citizen.name, citizen.end
    cases, acks = world.cases.get(citizen.address, ()), world.acks(citizen.address)
    yield f"{who}: one case", len(cases) == 1
    yield f"{who}: {end.acks} acknowledgement{'s' * (end.acks > 1)} in the mailbox", len(acks) == end.acks
    if cases:
        yield from _case(citizen, cases[0])
    if cases and acks:
        yield from _first_ack(world, citizen, cases[0], acks[0])


def _case(citizen: DemoCitizen, case: Row) -> Found:
    who, end = citizen.name, citizen.end
    yield f"{who}: the case is {end.status}", case["status"] == end.status
    yield f"{who}: the case is {'' if end.overdue else 'not '}overdue", case["overdue"] == end.overdue
    yield f"{who}: {end.messages} messages on the case", case["messages"] == end.messages
    for field in ("topic", "level", "intent"):
        wanted = getattr(end, field)
        if wanted is not None:
            yield f"{who}: {field} {wanted}", case[field] == wanted


def _first_ack(world: Evidence, citizen: DemoCitizen, case: Row, ack: DemoMail) -> Found:
    who, message = citizen.name, world.message(world.written[citizen.name])
    yield f"{who}: acknowledged in {citizen.end.speaks}", ack.language == citizen.end.speaks
    yield f"{who}: the case's number leads the subject", ack.subject.startswith(f"[{case['number']}-")
    yield f"{who}: the acknowledgement continues the thread", message and ack.in_reply_to == message.message_id
    yield f"{who}: the acknowledgement repeats nothing of the message", not _repeats(ack, citizen)
    if message and not citizen.days_ago:
        yield f"{who}: acknowledged within seconds", ack.arrived - message.arrived <= ACK_WITHIN


def _repeats(ack: DemoMail, citizen: DemoCitizen) -> bool:
    said = f"{ack.subject}\n{ack.text}"
    return any(words and words in said for words in (citizen.subject, citizen.text))


# --- what people did ----------------------------------------------------------------------------------


def _deed(world: Evidence, deed: StaffAction, addresses: Addresses) -> Found:
    case = next(iter(world.cases.get(addresses[deed.about], ())), None)
    number = case["number"] if case else ""
    if deed.how in _BY_MAIL:
        held = [mail for mail in world.boxes[addresses[deed.about]] if deed.text in mail.text]
        yield f"{deed.about}: holds the answer once, as the agent wrote it", len(held) == 1
        filed = [mail for mail in world.sent if deed.text in mail.text]
        yield (
            f"{deed.about}: the answer is in Sent only if the agent put it there",
            len(filed) == (deed.how == "answer"),
        )
    elif deed.how == "derive":
        sent = [mail for who, mail in world.notices("derived") if who == story.TECHNICAL and deed.text in mail.text]
        yield (
            f"{deed.about}: with the technical services, message attached",
            [m.carries_message for m in sent] == [True],
        )
        cards = [mail for who, mail in world.notices("derived") if who == story.TECHNICAL and mail.case == number]
        by_itself = [mail.carries_message for mail in cards if deed.text not in mail.text]
        yield f"{deed.about}: they had it before an agent said so", by_itself == [True]
    elif deed.how == "report":
        roles = [message["role"] for message in world.shown.get(number, {}).get("messages", ())]
        yield f"{deed.about}: what the technical services wrote is on the case", roles.count("technical") == 1
    elif deed.how == "bounce":
        told = [who for who, mail in world.notices("bounced") if mail.case == number]
        yield f"{deed.about}: both agents know that the answer came back", sorted(told) == [story.MARTA, story.PAU]


# --- who must get nothing -----------------------------------------------------------------------------


def _silent(world: Evidence, silent: Silent, addresses: Addresses) -> Found:
    yield f"{silent.who}: lies in INBOX", world.message(silent.message_id) is not None
    yield f"{silent.who}: got no mail", not world.answers_to(silent.message_id)
    if silent.about:
        case = world.filed(silent.message_id)
        yield f"{silent.who}: filed with {silent.about}", case and case["citizen"] == addresses[silent.about]
    else:
        yield f"{silent.who}: made no case", not any(address in silent.sender for address in world.cases)
    if silent.judged in _REVIEWED:
        reasons = [row["reason"] for row in world.review if row["message_id"] == silent.message_id]
        yield f"{silent.who}: waits for a person to look at it", reasons == [silent.judged]
    else:
        yield f"{silent.who}: recognised", world.tried.get(silent.message_id, {}).get("kind") == silent.judged


# --- the house ----------------------------------------------------------------------------------------


def _overdue(world: Evidence, citizens: Sequence[DemoCitizen]) -> Found:
    left = [world.cases.get(citizen.address, ()) for citizen in citizens if citizen.days_ago]
    late = {rows[0]["number"] for rows in left if rows}
    told = {mail.case: mail for who, mail in world.notices("overdue") if who == story.SUPERVISOR}
    yield "the supervisor has what was overdue, and nothing else", set(told) == late
    yield "with the messages themselves", all(mail.carries_message for mail in told.values())


def _untouched(world: Evidence, deeds: Sequence[StaffAction]) -> Found:
    """An agent's client marks the messages that he answers, and nobody any other."""
    answered = {deed.about for deed in deeds if deed.how in _BY_MAIL}
    opened = {message_id for name, message_id in world.written.items() if name in answered}
    inbox = {mail.message_id: mail for mail in world.boxes[story.OFFICE]}
    yield "no message was deleted or moved by oacmail", set(world.written.values()) <= set(inbox)
    yield "no message was marked by oacmail", {mail.message_id for mail in inbox.values() if mail.seen} == opened


def _mails(world: Evidence) -> Found:
    """What oacmail says it sent and what lies in the mailboxes are the same mails, once each."""
    left = Counter(row["message_id"] for row in world.outbox if row["state"] == "sent")
    held = Counter(mail.message_id for mails in world.boxes.values() for mail in mails if mail.kind)
    yield "every mail has left", {row["state"] for row in world.outbox} <= {"sent", "dropped"}
    yield "no mail was lost or came twice", left == held
    yield "no mail to ourselves", story.OFFICE not in {row["recipient"] for row in world.outbox}


def _parser_config(world: Evidence) -> Found:
    yield "every message is accounted for", world.status["unaccounted"] == 0
    yield "oacmail status: well", world.status["ok"]
    yield "the review list holds nothing else", len(world.review) == sum(s.judged in _REVIEWED for s in world.silent)
    yield "the log holds no error", not errors(world.log)
    yield "the log holds no address", not [address for address in world.boxes if address in world.log]
    if world.ended is not None:
        yield "the daemon ended by itself within 5 s of SIGTERM", world.ended[0] == 0 and world.ended[1] < 5
