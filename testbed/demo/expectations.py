"""The expected outcomes: pure functions of the evidence and of the story.

Each expectation has a name that says what must hold. This module prints nothing and reads nothing.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from testbed.demo import story
from testbed.demo.evidence import DemoEvidence
from testbed.demo.mailbox import DemoMail
from testbed.demo.office import Row
from testbed.demo.story import DemoCitizen, StaffAction
from testbed.demo.town import JUNK, UnansweredMail
from testbed.people import AGENTS, OFFICE, SUPERVISOR, TECHNICAL

ACK_WITHIN = timedelta(seconds=10)  # one second is usual; a loaded machine needs more
ACTIONS = tuple(action for _, actions in story.ACTS for action in actions)
_REVIEWED = ("suspected-spam", "from-our-address-unsigned", "filed-thanks")
_ERROR = re.compile(r'"level": ?"(?:error|critical)"')
_BY_MAIL = ("answer", "answer in copy", "order to the person")
BY_TELEPHONE = "tel:"  # how the address of a citizen begins who has none
_DERIVING = ("order", "press", "drag")
_FOLDERS = {
    "open": "Casos/1 ",
    "derived": "Casos/3 ",
    "waiting": "Casos/4 ",
    "answered": "Casos/5 ",
    "closed": "Casos/6 ",
}

Found = Iterator[tuple[str, object]]
Addresses = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Expectation:
    name: str
    met: bool


def check_expectations(
    evidence: DemoEvidence, citizens: Sequence[DemoCitizen] = story.WRITERS, actions: Sequence[StaffAction] = ACTIONS
) -> list[Expectation]:
    """All expectations, met or not."""
    addresses = {citizen.name: citizen.address for citizen in citizens}
    found = [
        *((what, False) for what in evidence.undone),
        *(each for citizen in citizens for each in _citizen(evidence, citizen)),
        *(each for action in actions for each in _action(evidence, action, addresses)),
        *(each for unanswered in evidence.unanswered for each in _unanswered(evidence, unanswered, addresses)),
        *_overdue(evidence, citizens),
        *_untouched(evidence, citizens, actions),
        *(_digest(evidence) if actions else ()),
        *_mails(evidence),
        *_service(evidence),
    ]
    return [Expectation(name, bool(met)) for name, met in found]


def errors(log: str) -> list[str]:
    """The lines of the daemon's log at level error or above, and lines that are no JSON, such as a traceback."""
    return [line for line in log.splitlines() if not line.startswith("{") or _ERROR.search(line)]


# --- citizens -----------------------------------------------------------------------------------------


def _citizen(evidence: DemoEvidence, citizen: DemoCitizen) -> Found:
    who, expected = citizen.name, citizen.expected
    cases, acks = evidence.cases.get(citizen.address, ()), evidence.acks(citizen.address)
    yield f"{who}: one case", len(cases) == 1
    yield (
        f"{who}: {expected.acks} acknowledgement{'s' * (expected.acks > 1)} in the mailbox",
        len(acks) == expected.acks,
    )
    if cases:
        yield from _case(citizen, cases[0])
    if cases and acks:
        yield from _first_ack(evidence, citizen, cases[0], acks[0])
    yield from _aside(evidence, citizen)
    yield from _term(evidence, citizen, "".join(ack.text for ack in acks[:1]))


def _case(citizen: DemoCitizen, case: Row) -> Found:
    who, expected = citizen.name, citizen.expected
    yield f"{who}: the case is {expected.status}", case["status"] == expected.status
    yield f"{who}: the case is {'' if expected.overdue else 'not '}overdue", case["overdue"] == expected.overdue
    yield f"{who}: {expected.messages} messages on the case", case["messages"] == expected.messages
    for field in ("topic", "level", "intent"):
        wanted = getattr(expected, field)
        if wanted is not None:
            yield f"{who}: {field} {wanted}", case[field] == wanted


def _first_ack(evidence: DemoEvidence, citizen: DemoCitizen, case: Row, ack: DemoMail) -> Found:
    who, message = citizen.name, evidence.message(evidence.written[citizen.name])
    yield f"{who}: acknowledged in {citizen.expected.languages}", ack.language == citizen.expected.languages
    yield f"{who}: the case's number leads the subject", ack.subject.startswith(f"[{case['number']}-")
    yield f"{who}: the acknowledgement continues the thread", message and ack.in_reply_to == message.message_id
    yield f"{who}: the acknowledgement repeats nothing of the message", not _repeats(ack, citizen)
    if message and not citizen.days_ago and not citizen.aside:
        yield f"{who}: acknowledged within seconds", ack.arrived - message.arrived <= ACK_WITHIN


def _aside(evidence: DemoEvidence, citizen: DemoCitizen) -> Found:
    """What was set aside is shown to both agents with its first words, before anybody acknowledges it."""
    if citizen.aside:
        notice = "in_junk" if citizen.aside == "junk" else "digest"
        shown = {who: mail.arrived for who, mail in evidence.notices(notice) if citizen.text[:40] in mail.text}
        yield f"{citizen.name}: shown to both agents by the {notice}", sorted(shown) == AGENTS
        first = max(shown.values(), default=None)
        yield (
            f"{citizen.name}: acknowledged after an agent said so",
            first and all(ack.arrived >= first for ack in evidence.acks(citizen.address)),
        )


def _term(evidence: DemoEvidence, citizen: DemoCitizen, ack: str) -> Found:
    """A term that ends today: the agents hear its hour at once, and the person that writing to us does not stop it."""
    if citizen.term:
        cases = [row["number"] for row in evidence.cases.get(citizen.address, ())]
        told = [who for who, mail in evidence.notices("term") if mail.case in cases and citizen.term in mail.subject]
        yield f"{citizen.name}: both agents know the hour of the term", sorted(told) == AGENTS
        yield (
            f"{citizen.name}: told to call at once",
            f"{citizen.term}: escriure'ns no l'atura. Truqueu de seguida" in ack,
        )


def _repeats(ack: DemoMail, citizen: DemoCitizen) -> bool:
    said = f"{ack.subject}\n{ack.text}"
    return any(words and words in said for words in (citizen.subject, citizen.text))


# --- what people did ----------------------------------------------------------------------------------


def _action(evidence: DemoEvidence, action: StaffAction, addresses: Addresses) -> Found:
    case = next(iter(evidence.cases.get(addresses.get(action.about, ""), ())), None)
    number = case["number"] if case else ""
    if action.how in _BY_MAIL:
        held = [mail for mail in evidence.boxes[addresses[action.about]] if action.text in mail.text]
        yield f"{action.about}: holds the answer once, as the agent wrote it", len(held) == 1
        filed = [mail for mail in evidence.sent if action.text in mail.text]
        yield (
            f"{action.about}: the answer is in Sent only if the agent put it there",
            len(filed) == (action.how != "answer in copy"),
        )
        told = [
            who for who, mail in evidence.notices("transcript") if f"«{action.text}». {story.NO_ANSWER}" in mail.text
        ]
        both = AGENTS if action.how == "order to the person" else []
        yield f"{action.about}: told to the agents only if it is no answer", sorted(told) == both
    elif action.how in _DERIVING:
        yield from _derived(evidence, action, addresses[action.about], number)
    elif action.how == "telephone":
        called = [row for rows in evidence.cases.values() for row in rows if row["citizen"].startswith(BY_TELEPHONE)]
        said = "".join(mail.text for mail in evidence.boxes[action.who] if mail.kind == "transcript")
        yield f"{action.about}: the call is a case", len(called) == 1
        yield f"{action.about}: its number came back", bool(called) and called[0]["number"] in said
    elif action.how == "services_reply":
        roles = [message["role"] for message in evidence.shown.get(number, {}).get("messages", ())]
        yield f"{action.about}: what the technical services wrote is on the case", roles.count("technical") == 1
        people = [who for who, mail in evidence.notices("solved") if mail.case == number]
        yield f"{action.about}: the agents are asked to tell the person", sorted(people) == AGENTS
    elif action.how == "bounce":
        told = [who for who, mail in evidence.notices("bounced") if mail.case == number]
        yield f"{action.about}: both agents know that the answer came back", sorted(told) == AGENTS


def _derived(evidence: DemoEvidence, action: StaffAction, citizen: str, number: str) -> Found:
    """The services have the card with the message, what the agent adds in another one, and the person knows."""
    cards = [mail for who, mail in evidence.notices("derived") if who == TECHNICAL and mail.case == number]
    said = [mail for mail in cards if action.text and action.text in mail.text]
    yield f"{action.about}: with the technical services, message attached", any(m.carries_message for m in cards)
    yield f"{action.about}: with the agent's words", len(said) == bool(action.text)
    told = [mail for mail in evidence.boxes[citizen] if mail.kind == "passed_on"]
    yield f"{action.about}: the person knows that it was passed on", len(told) == 1
    if action.how != "drag":
        answers = [mail for mail in evidence.boxes[action.who] if mail.kind == "transcript" and mail.case == number]
        yield f"{action.about}: the agent got the transcript", len(answers) == 1


# --- who must get nothing -----------------------------------------------------------------------------


def _unanswered(evidence: DemoEvidence, unanswered: UnansweredMail, addresses: Addresses) -> Found:
    yield f"{unanswered.who}: is in the mailbox", evidence.message(unanswered.message_id) is not None
    yield f"{unanswered.who}: got no mail", not evidence.answers_to(unanswered.message_id)
    if unanswered.about:
        case = evidence.filed(unanswered.message_id)
        yield (
            f"{unanswered.who}: filed with {unanswered.about}",
            case and case["citizen"] == addresses[unanswered.about],
        )
    else:
        yield f"{unanswered.who}: made no case", not any(address in unanswered.sender for address in evidence.cases)
    if unanswered.expected_kind in _REVIEWED:
        reasons = [row["reason"] for row in evidence.review if row["message_id"] == unanswered.message_id]
        yield f"{unanswered.who}: on the review list", reasons == [unanswered.expected_kind]
    else:
        yield (
            f"{unanswered.who}: recognised",
            evidence.tried.get(unanswered.message_id, {}).get("kind") == unanswered.expected_kind,
        )


# --- the service --------------------------------------------------------------------------------------


def _overdue(evidence: DemoEvidence, citizens: Sequence[DemoCitizen]) -> Found:
    left = [evidence.cases.get(citizen.address, ()) for citizen in citizens if citizen.days_ago]
    late = {rows[0]["number"] for rows in left if rows}
    told = {mail.case: mail for who, mail in evidence.notices("overdue") if who == SUPERVISOR}
    yield "the supervisor has what was overdue, and nothing else", set(told) == late
    yield "with the messages themselves", all(mail.carries_message for mail in told.values())


def _untouched(evidence: DemoEvidence, citizens: Sequence[DemoCitizen], actions: Sequence[StaffAction]) -> Found:
    """Only the answered messages have the flag \\Seen, which the agent's client sets."""
    answered = {action.about for action in actions if action.how in _BY_MAIL}
    opened = {message_id for name, message_id in evidence.written.items() if name in answered}
    inbox = {mail.message_id: mail for mail in evidence.boxes[OFFICE]}
    yield "no message was deleted", set(evidence.written.values()) <= set(inbox)
    yield "no message was marked by oacmail", {mail.message_id for mail in inbox.values() if mail.seen} == opened
    status = {row["citizen"]: row["status"] for rows in evidence.cases.values() for row in rows}
    written = set(evidence.written.values())  # by the citizens of the story, each as the first message of a case
    of_cases = [mail for mail in inbox.values() if mail.sender in status and mail.message_id in written]
    junk = {evidence.written[citizen.name] for citizen in citizens if citizen.aside == "junk"}
    yield "what lay in the junk folder lies there", junk == {m.message_id for m in of_cases if m.folder == JUNK}
    yield (
        "each message lies in the folder of its case",
        all(mail.folder.startswith(_FOLDERS[status[mail.sender]]) for mail in of_cases if mail.message_id not in junk),
    )


def _digest(evidence: DemoEvidence) -> Found:
    digests = [mail for _, mail in evidence.notices("digest")]
    yield "each agent has the summary of the day", len(digests) == len(AGENTS)
    yield "its subject fits a telephone", all(len(mail.subject) < 60 for mail in digests)


def _mails(evidence: DemoEvidence) -> Found:
    """The mails in state sent and the mails in the mailboxes are the same, once each."""
    left = Counter(row["message_id"] for row in evidence.outbox if row["state"] == "sent")
    held = Counter(mail.message_id for mails in evidence.boxes.values() for mail in mails if mail.kind)
    yield "every mail has left", {row["state"] for row in evidence.outbox} <= {"sent", "dropped"}
    yield "no mail was lost or came twice", left == held
    yield "no mail to ourselves", OFFICE not in {row["recipient"] for row in evidence.outbox}


def _service(evidence: DemoEvidence) -> Found:
    yield "every message is accounted for", evidence.status["unaccounted"] == 0
    yield "oacmail status: ok", evidence.status["ok"]
    yield (
        "the review list holds nothing else",
        {row["message_id"] for row in evidence.review}
        == {one.message_id for one in evidence.unanswered if one.expected_kind in _REVIEWED},
    )
    yield "the log holds no error", not errors(evidence.log)
    yield "the log holds no address", not [address for address in evidence.boxes if address in evidence.log]
    if evidence.ended is not None:
        yield "the daemon ended by itself within 5 s of SIGTERM", evidence.ended[0] == 0 and evidence.ended[1] < 5
    if evidence.rebuilt is not None:
        rows, changed = evidence.rebuilt
        yield (
            "the database is deleted, and rebuilt from the mailbox: every row is what it was",
            rows > 300 and not changed,
        )
