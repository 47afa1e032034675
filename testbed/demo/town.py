"""The town of the demo: who can get mail, what was written, and how each action is done.

Agents use what every mail client offers: SMTP, APPEND to Sent, a read mark, a move. The town keeps the Message-IDs of
the sent mails and checks nothing.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from email.message import EmailMessage
from email.utils import formataddr

from testbed.demo import story
from testbed.demo.mail_server import DemoMailServer, received
from testbed.demo.mailbox import DemoMail, mailbox
from testbed.demo.office import DemoOffice
from testbed.demo.story import DemoCitizen, How, StaffAction, UnwantedSender
from testbed.messages import (
    AUTOMATIC,
    Headers,
    as_bytes,
    delivery_status,
    links_of,
    message,
    read_receipt,
    replied,
    written_by,
)
from testbed.people import OFFICE, STAFF

_WRITERS = {citizen.name: citizen for citizen in story.WRITERS}
SENT = "Sent"
JUNK = "Junk"
LEDGER = "oacmail"
"""Of the service alone: what it keeps there is mail to nobody."""
SECOND_LEVEL = "Casos/3 Nivell 2"
_REFERENCE = r"- (\S+) · [^\n]*«{}»"  # of a line of the digest, by the first words
_PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108000000003a7e9b55"
    "0000000a49444154789c636800000082008177cd72b60000000049454e44ae426082"
)
"""A PNG of one grey pixel: the attachment of a citizen."""


@dataclass(frozen=True, slots=True)
class UnansweredMail:
    """A mail that must get no answer. `expected_kind`: see story.UnwantedSender and story.StaffAction."""

    who: str
    sender: str
    message_id: str
    expected_kind: str
    about: str = ""


@dataclass(slots=True)
class DemoTown:
    """`written`: Message-ID of each citizen's message, by name; `unanswered`: mails that must get no answer."""

    server: DemoMailServer
    office: DemoOffice
    written: dict[str, str] = field(default_factory=dict)
    unanswered: list[UnansweredMail] = field(default_factory=list)
    _numbers: dict[str, str] = field(default_factory=dict)

    # --- messages ----------------------------------------------------------------------------------

    def prepare(self) -> None:
        """Prepare the office's mailbox before oacmail starts: folders of sent and of junk mail, and unread messages."""
        with mailbox(self.server, OFFICE) as box:
            for folder in (SENT, JUNK):
                box.create(folder)
            for citizen in story.WRITERS:
                if citizen.days_ago or citizen.aside == "thanks":
                    arrived = back_dated(citizen, datetime.now(UTC)) if citizen.days_ago else None
                    box.append(as_bytes(self._message(citizen)), "INBOX", at=arrived)

    def write(self) -> None:
        """Deliver all messages of the day."""
        for citizen in story.WRITERS:
            if not citizen.days_ago and not citizen.aside:
                self.server.deliver(self._message(citizen))
            elif citizen.aside == "junk":
                with mailbox(self.server, OFFICE) as box:
                    box.append(received(self._message(citizen)), JUNK)
        for stranger in story.STRANGERS:
            self._intrude(stranger)

    def _message(self, citizen: DemoCitizen) -> EmailMessage:
        sender = formataddr((citizen.name, citizen.address))
        mail = message(sender, OFFICE, citizen.subject or None, citizen.text)
        if citizen.attachment:
            mail.add_attachment(_PIXEL, maintype="image", subtype="png", filename=citizen.attachment)
        self.written.setdefault(citizen.name, str(mail["Message-ID"]))
        return mail

    def _intrude(self, stranger: UnwantedSender) -> None:
        mail = message(stranger.sender, OFFICE, stranger.subject, stranger.text, headers=stranger.headers)
        self.server.deliver(mail, dmarc=stranger.dmarc)
        self._note_unanswered(stranger.name, mail, stranger.expected_kind)

    def _note_unanswered(self, who: str, mail: EmailMessage, expected_kind: str, about: str = "") -> None:
        named = str(mail["From"]), str(mail["Message-ID"])
        self.unanswered.append(UnansweredMail(who, *named, expected_kind, about))

    # --- actions ------------------------------------------------------------------------------------

    def do(self, action: StaffAction) -> None:
        if action.how == "telephone":
            self._from_agent(action.who, "", f"TRUCADA: {action.about}, {action.text}")
        else:
            _ACTIONS[action.how](self, action, _WRITERS[action.about])

    def number(self, citizen: DemoCitizen) -> str:
        """The number of the citizen's case, from `case list`. Raises LookupError."""
        if citizen.address not in self._numbers:
            self._numbers = {row["citizen"]: row["number"] for row in self.office.rows("case", "list")}
        return self._numbers[citizen.address]

    def answer(self, action: StaffAction, citizen: DemoCitizen) -> None:
        with mailbox(self.server, OFFICE) as box:
            asked = box.open(self.written[citizen.name])
            mail = _reply(formataddr((story.OFFICE_NAME, OFFICE)), asked, action.text)
            self.server.submit(mail)
            box.append(as_bytes(mail), SENT, "\\Seen")

    def answer_in_copy(self, action: StaffAction, citizen: DemoCitizen) -> None:
        with mailbox(self.server, OFFICE) as box:
            asked = box.open(self.written[citizen.name])
        sender = formataddr((STAFF[action.who], action.who))
        self.server.deliver(_reply(sender, asked, action.text, headers=(("Cc", OFFICE),)))

    def call(self, action: StaffAction, citizen: DemoCitizen) -> None:
        serial = int(self.number(citizen).rpartition("-")[2])
        self._reply_of_staff(action.who, self._notice(action.who, "digest"), f"{serial} trucat")

    def a_person(self, action: StaffAction, citizen: DemoCitizen) -> None:
        notice = self._notice(action.who, "in_junk" if citizen.aside == "junk" else "digest")
        line = re.search(_REFERENCE.format(re.escape(citizen.text)), notice.text)
        if line is None and citizen.aside == "thanks":
            raise LookupError("the digest does not name it")
        self._reply_of_staff(action.who, notice, f"{line[1]} és persona" if line else "és persona")

    def order(self, action: StaffAction, citizen: DemoCitizen) -> None:
        notice = self._notice(action.who, "second_level", self.number(citizen))
        self._reply_of_staff(action.who, notice, f"DERIVA: {action.text}")

    def press(self, action: StaffAction, citizen: DemoCitizen) -> None:
        """The mail that the agent's client opens at the button's address, sent as it stands (RFC 6068)."""
        notice = self._notice(action.who, "second_level", self.number(citizen))
        link = next((link for label, link in links_of(notice.message) if "nivell 2" in label.lower()), None)
        if link is None:
            raise LookupError("the notice has no button")
        to, subject, text = written_by(link)
        self._from_agent(action.who, subject, text, to=to)

    def drag(self, _: StaffAction, citizen: DemoCitizen) -> None:
        with mailbox(self.server, OFFICE) as box:
            folder, uid = box.place_of(self.written[citizen.name])
            box.move(uid, SECOND_LEVEL, folder)

    def services_reply(self, action: StaffAction, citizen: DemoCitizen) -> None:
        self._reply_of_staff(action.who, self._notice(action.who, "derived", self.number(citizen)), action.text)

    def _notice(self, who: str, kind: str, case: str = "") -> DemoMail:
        """The first notice of this kind in a mailbox of staff. Raises LookupError."""
        with mailbox(self.server, who) as box:
            found = next((mail for mail in box.mails() if mail.kind == kind and case in ("", mail.case)), None)
        if found is None:
            raise LookupError(f"no {kind} notice about {case or 'the day'}")
        return found

    def _reply_of_staff(self, who: str, to: DemoMail, text: str) -> None:
        self.server.deliver(_reply(formataddr((STAFF[who], who)), to, text))

    def _from_agent(self, who: str, subject: str, text: str, to: str = OFFICE) -> None:
        self.server.deliver(message(formataddr((STAFF[who], who)), to, subject, text))

    def reply_to_ack(self, action: StaffAction, citizen: DemoCitizen) -> None:
        self.server.deliver(_from_citizen(action, citizen, self._held(citizen, automatic=True)))

    def reply_to_answer(self, action: StaffAction, citizen: DemoCitizen) -> None:
        self.server.deliver(_from_citizen(action, citizen, self._held(citizen, automatic=False)))

    def thanks(self, action: StaffAction, citizen: DemoCitizen) -> None:
        mail = _from_citizen(action, citizen, self._held(citizen, automatic=False))
        self.server.deliver(mail)
        self._note_unanswered(action.who, mail, action.expected_kind, action.about)

    def resend(self, _: StaffAction, citizen: DemoCitizen) -> None:
        self.server.deliver(self._message(citizen))

    def out_of_office(self, action: StaffAction, citizen: DemoCitizen) -> None:
        ack = self._held(citizen, automatic=True)
        sender, subject = formataddr((citizen.name, citizen.address)), f"Fora de l'oficina: {ack.subject}"
        mail = message(sender, ack.sender, subject, "Torno dilluns.", answers=ack.message, headers=AUTOMATIC)
        self._robot(action, mail)

    def read_receipt(self, action: StaffAction, citizen: DemoCitizen) -> None:
        sender, answer = formataddr((citizen.name, citizen.address)), self._held(citizen, automatic=False)
        self._robot(action, read_receipt(sender, answer.message, answer.sender, headers=AUTOMATIC))

    def bounce(self, action: StaffAction, citizen: DemoCitizen) -> None:
        answer = self._held(citizen, automatic=False)
        self._robot(action, delivery_status(answer.message, answer.sender, status="5.2.2", said="552 mailbox full"))

    def _robot(self, action: StaffAction, mail: EmailMessage) -> None:
        self.server.deliver(mail, null_sender=True)
        self._note_unanswered(action.who, mail, action.expected_kind, action.about)

    def _held(self, citizen: DemoCitizen, *, automatic: bool) -> DemoMail:
        """The citizen's first acknowledgement, or the last answer of a person. Raises LookupError."""
        with mailbox(self.server, citizen.address) as box:
            held = [mail for mail in box.mails() if mail.automatic is automatic]
        if not held:
            raise LookupError(f"{citizen.name} holds no {'acknowledgement' if automatic else 'answer'}")
        return held[0 if automatic else -1]


_ACTIONS: dict[How, Callable[[DemoTown, StaffAction, DemoCitizen], None]] = {
    "answer": DemoTown.answer,
    "answer in copy": DemoTown.answer_in_copy,
    "call": DemoTown.call,
    "a person": DemoTown.a_person,
    "order to the person": DemoTown.answer,
    "order": DemoTown.order,
    "press": DemoTown.press,
    "drag": DemoTown.drag,
    "services_reply": DemoTown.services_reply,
    "reply to the acknowledgement": DemoTown.reply_to_ack,
    "reply to the answer": DemoTown.reply_to_answer,
    "thanks": DemoTown.thanks,
    "resend": DemoTown.resend,
    "out of office": DemoTown.out_of_office,
    "read receipt": DemoTown.read_receipt,
    "bounce": DemoTown.bounce,
}


def _reply(sender: str, to: DemoMail, text: str, *, headers: Headers = (), recipient: str = "") -> EmailMessage:
    """A reply as a mail client builds it."""
    subject = replied(to.subject)
    return message(sender, recipient or to.sender, subject, text, answers=to.message, headers=headers)


def _from_citizen(action: StaffAction, citizen: DemoCitizen, to: DemoMail) -> EmailMessage:
    return _reply(formataddr((citizen.name, citizen.address)), to, action.text, recipient=OFFICE)


def back_dated(citizen: DemoCitizen, now: datetime) -> datetime:
    """The arrival of the citizen's message: `days_ago` days before `now`, at 10:00 in the zone of the office."""
    day = now.astimezone(story.ZONE).date() - timedelta(days=citizen.days_ago)
    return datetime.combine(day, time(10), story.ZONE).astimezone(UTC)
